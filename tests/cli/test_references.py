"""A record is named by ref, any unique prefix, code, codename or full id; several are listed."""

from __future__ import annotations

import pytest
from program import Team
from samples import KINDS, every

from taskforce.records.schema import Kind


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_way_to_name_a_record_finds_the_same(team: Team, kind: Kind) -> None:
    name = kind.name
    for record in team.data(name, "list", *every(name)):
        full, ref = record["id"], record["ref"]
        bare = ref.partition("-")[2]
        names = [full, full.upper(), ref, ref.lower(), bare, bare.lower(), ref[0] + "-" + full[:9], full[:11]]
        names += [record["code"], record["code"].lower()] if name == "agency" else []
        names += [record["codename"], record["codename"].lower()] if name == "operation" else []
        for text in names:
            assert team.data(name, "show", text)["id"] == full, text


def test_letters_mistaken_for_digits_are_read_as_those(team: Team) -> None:
    wanted = next(
        record
        for record in (team.data("site", "add", f"Site {number}") for number in range(200))
        if "0" in record["ref"][2:] and "1" in record["id"]
    )
    assert team.data("site", "show", wanted["ref"].replace("0", "o"))["id"] == wanted["id"]
    assert team.data("site", "show", wanted["ref"].replace("0", "O"))["id"] == wanted["id"]
    for letter in "ilIL":
        assert team.data("site", "show", wanted["id"].replace("1", letter))["id"] == wanted["id"]


def test_a_ref_is_the_shortest_unique_prefix_of_four_or_more_and_a_shorter_unique_one_will_do(
    team: Team,
) -> None:
    records = [team.data("site", "add", f"Site {number}") for number in range(40)]
    records = team.data("site", "list")
    ids = [record["id"] for record in records]
    for record in records:
        prefix = record["ref"].partition("-")[2].lower()
        assert len(prefix) >= 4
        assert [one for one in ids if one.startswith(prefix)] == [record["id"]]
    first = min(ids, key=lambda one: sum(other[:2] == one[:2] for other in ids))
    if sum(other[:2] == first[:2] for other in ids) == 1:
        assert team.data("site", "show", first[:2])["id"] == first


def test_an_ambiguous_prefix_lists_its_candidates(team: Team) -> None:
    by_letter: dict[str, list[dict[str, str]]] = {}
    for number in range(33):  # the alphabet has 32 letters: two of these begin alike
        record = team.data("site", "add", f"Site {number}")
        by_letter.setdefault(record["id"][0], []).append(record)
    letter, records = max(by_letter.items(), key=lambda item: len(item[1]))
    error = team.error("site", "show", letter)
    assert (error["exit"], error["code"]) == (3, "ambiguous")
    listed = [record for record in records if record["name"] in error["hint"]]
    assert len(listed) >= 2


def test_a_name_that_is_nearly_right_gets_the_right_one(team: Team) -> None:
    assert "KH-CNP" in team.error("agency", "show", "KH-CNB")["hint"]
    assert "STORM MAKERS II" in team.error("operation", "show", "STORM MAKER II")["hint"]
    assert "KH-NGO" in team.error("assignment", "add", "X", "--agency", "KH-NG0")["hint"]


def test_history_and_search_take_a_ref_of_any_kind(team: Team) -> None:
    for kind in KINDS:
        for record in team.data(kind.name, "list", *every(kind.name)):
            changes = team.data("history", record["ref"])
            assert changes and changes[0]["agency"] == "INTERPOL", record["ref"]


@pytest.mark.parametrize(
    "text", ["", "-", "A-", "%", "*", "_", "'; --", "\u212a", "x" * 300, "A-7KQ2\n", "\x00"]
)
def test_a_name_that_is_none_is_not_found(team: Team, text: str) -> None:
    error = team.error("assignment", "show", text)
    assert (error["exit"], error["code"]) == (3, "not-found"), error
