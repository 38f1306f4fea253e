"""A plan with one bad record changes nothing; all that is wrong with it is listed at once, each at its place."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from program import Team

from taskforce.records.registry import get_kind

PLACE = re.compile(r"plan\.yaml:(\d+):(\d+): ")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """Where the plan of a test stands."""
    return tmp_path / "plan.yaml"


def refused(team: Team, plan: Path, text: str | bytes) -> list[dict[str, str]]:
    """The problems of a plan that must be refused, the store being as it was."""
    plan.write_bytes(text.encode() if isinstance(text, str) else text)
    before = team.fingerprint()
    ran = team.call("import", str(plan), "--json").failed(5)
    assert team.fingerprint() == before
    problems: list[dict[str, str]] = ran.envelope["errors"]
    assert problems
    for problem in problems:
        assert problem["message"] in ran.err
        assert "\n" not in problem["message"]
    return problems


BAD = {
    "unknown kind": ("asignments:\n- title: x\n", 1, 1, '"asignments" is not a kind', "assignments"),
    "unknown field": ("sites:\n- name: x\n  titel: y\n", 3, 3, 'site has no field "titel"', None),
    "near field": ("sites:\n- name: x\n  plase: y\n", 3, 3, 'site has no field "plase"', "place"),
    "bad code": ("sites:\n- name: x\n  site_kind: pier9\n", 3, 14, "is not one of its codes", "one of"),
    "bad country": ("sites:\n- name: x\n  country: XX\n", 3, 12, "is not a country", "two letters"),
    "ambiguous date": (
        "operations:\n- codename: X\n  start: 03/04/2026\n",
        3,
        10,
        "does not mean the same",
        "2026-",
    ),
    "relative date": (
        "operations:\n- codename: X\n  start: tomorrow\n",
        3,
        10,
        "does not mean the same",
        "2026-",
    ),
    "local time": (
        "assignments:\n- title: x\n  due: 2026-11-23 14:00\n",
        3,
        8,
        "does not mean the same",
        "+07:00",
    ),
    "unknown agency": ("assignments:\n- title: x\n  agency: ZZ-NONE\n", 3, 11, "is not known", None),
    "near agency": ("assignments:\n- title: x\n  agency: KH-CNB\n", 3, 11, "is not known", "KH-CNP"),
    "missing field": ("contacts:\n- agency: KH-CNP\n", 2, 3, "name is missing", None),
    "no list": ("sites:\n  name: x\n", 2, 3, "a list of records is wanted", None),
    "no record": ("sites:\n- just a word\n", 2, 3, "a record is wanted here", None),
    "no mapping": ("- name: x\n", 1, 1, "", None),
    "agency twice": ("agencies:\n- code: TH-RTP\n- code: th-rtp\n", 3, 3, "twice", None),
    "key twice": ("victims:\n- key: v1\n- key: v1\n", 3, 3, '"v1" is in this plan twice', None),
    "twice": ("sites:\n- name: x\n- name: x\n", 3, 3, "twice", None),
    "list for one": ("sites:\n- name:\n  - x\n  - y\n", 3, 3, "one value is wanted", None),
    "mapping for a value": ("sites:\n- name: x\n  place:\n    town: y\n", 4, 5, "a value is wanted", None),
    "bad id": ("sites:\n- id: short\n  name: x\n", 2, 7, "an id has 16", None),
    "no key": ("victims:\n- age_band: 21-23\n", 2, 3, "needs a key", None),
    "bad agency code": ("agencies:\n- code: a b\n", 2, 9, "is not an agency code", "such as KH-CNP"),
    "negative": ("agencies:\n- code: AB\n  places_free: '-1'\n", 3, 16, "less than 0", None),
    "later format": (
        "taskforce-plan: '2'\nsites: []\n",
        1,
        17,
        "of a format that this version does not know",
        None,
    ),
    "tag": ("sites: !!python/object/apply:os.system ['id']\n", 1, 8, "", None),
    "anchor": ("sites: &a []\n", 1, 8, "", None),
    "alias": ("sites: *a\n", 1, 8, "", None),
    "duplicate key": ("sites: []\nsites: []\n", 2, 1, "sites", None),
    "merge key": ("sites:\n- <<: {name: x}\n", 2, 3, "", None),
    "directive": ("%YAML 1.1\n---\nsites: []\n", 1, 1, "", None),
    "tab": ("sites:\n\t- name: x\n", 2, 1, "", None),
    "unclosed": ("sites: [\n", 2, 1, "", None),
    "two documents": ("sites: []\n---\nsites: []\n", 2, 1, "", None),
}


@pytest.mark.parametrize("name", BAD)
def test_each_fault_is_told_with_file_line_column_and_what_is_allowed(
    team: Team, plan: Path, name: str
) -> None:
    text, line, column, sentence, hint = BAD[name]
    (problem,) = refused(team, plan, text)
    place = PLACE.match(problem["message"])
    assert place, problem["message"]
    assert sentence in problem["message"]
    assert (int(place[1]), int(place[2])) == (line, column), problem["message"]
    if hint:
        assert hint in (problem["hint"] or ""), problem["hint"]


def test_many_faults_are_listed_at_once_in_the_order_of_the_file(team: Team, plan: Path) -> None:
    lines = ["sites:", "- name: good"]
    expected = []
    for number in range(20):
        lines += [f"- name: site {number}", "  country: XX", "  colour: red"]
        expected += [(len(lines) - 1, 12), (len(lines), 3)]
    lines += ["assignments:", "- title: a", "  agency: NOBODY"]
    expected.append((len(lines), 11))
    problems = refused(team, plan, "\n".join(lines) + "\n")
    found = [PLACE.match(problem["message"]) for problem in problems]
    assert [(int(each[1]), int(each[2])) for each in found if each] == expected
    ran = team.call("import", str(plan)).failed(5)
    assert "41 problems; nothing was changed" in ran.err


def test_no_more_than_fifty_are_listed_and_all_are_counted(team: Team, plan: Path) -> None:
    problems = refused(team, plan, "sites:\n" + "".join(f"- name: {n}\n  country: XX\n" for n in range(200)))
    assert len(problems) == 50
    ran = team.call("import", str(plan)).failed(5)
    assert "200 problems" in ran.err
    assert ran.err.count("plan.yaml:") == 50


@pytest.mark.parametrize(
    "content",
    [
        b"sites:\n- name: \xff\xfe\n",
        "sites:\n- name: x\n".encode("utf-16"),
        b"sites:\n- name: a\x00b\n",
        b"sites:\n- name: \xed\xa0\x80\n",
        b"\x89PNG\r\n\x1a\n" + bytes(200),
        b"SQLite format 3\x00" + bytes(500),
        b"[" * 100_000,
        b"sites:\n" + b"".join(b" " * n + b"- \n" for n in range(1, 60)),
        b"a" * 1_000_000,
    ],
    ids=["latin-1", "utf-16", "nul", "surrogate", "picture", "database", "deep", "stairs", "wide"],
)
def test_what_is_no_plan_is_refused_quickly_and_in_a_sentence(team: Team, plan: Path, content: bytes) -> None:
    began = time.monotonic()
    (problem,) = refused(team, plan, content)
    assert "plan.yaml" in problem["message"]
    assert time.monotonic() - began < 10


def test_a_fault_in_the_second_file_leaves_the_first_taken_in(team: Team, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("sites:\n- name: Pier 9\n")
    bad.write_text("sites:\n- name: Pier 10\n  country: XX\n")
    ran = team.call("import", str(good), str(bad)).failed(5)
    assert "bad.yaml:3:12" in ran.err
    names = {each["name"] for each in team.data("site", "list")}
    assert "Pier 9" in names and "Pier 10" not in names


def test_a_state_that_the_lifecycle_does_not_allow_is_refused_with_those_it_does(
    team: Team, plan: Path
) -> None:
    (problem,) = refused(team, plan, "assignments:\n- title: Inspect compound 4\n  status: under-way\n")
    assert "plan.yaml:3:11" in problem["message"]
    assert "assigned" in problem["hint"] and "accepted" in problem["hint"]


def test_a_log_entry_is_not_edited_by_a_plan_either(team: Team, plan: Path) -> None:
    entry = team.data("log", "list")[0]
    name = get_kind("log").plural
    (problem,) = refused(team, plan, f"{name}:\n- id: {entry['id']}\n  text: Gate closed\n")
    assert "never edited" in problem["message"]


@pytest.mark.parametrize(
    "text", ["NO", "0123", "12:30", "2026-01-01", "~", ".inf", "1_000", "yes", "null", "0x1F", "1e3"]
)
def test_scalars_stay_the_texts_they_are(team: Team, plan: Path, text: str) -> None:
    plan.write_text(f"sites:\n- name: Scalar\n  place: {text}\n")
    team.call("import", str(plan)).ok()
    (site,) = team.data("site", "list", "--where", "name=Scalar")
    assert site["place"] == text
