"""Who looked at who a victim is, or at their care, is recorded in the store, and only there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from program import PROGRAM, Team, environment_of, introduce, new_team
from test_disclosures import export

from taskforce.keys import slots
from taskforce.store.connection import transaction
from taskforce.store.store import Store

NAME = "Petrauskas"


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    """A store with one victim of whom everything is known, one with a case alone, and nobody has looked yet."""
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))
    monkeypatch.setenv("TASKFORCE_NOW", "2026-11-23T09:00:00Z")
    made = new_team(tmp_path / "police", "NO-POL", "E. Berg")
    made.call("agency", "add", "NO-SHELTER", "--services", "shelter").ok()
    made.call("victim", "add", "--age-band", "21-23", "--health", "Thirsty", "--family-name", NAME).ok()
    made.call("victim", "add", "--age-band", "9-17", "--met-place", "Pier 9").ok()
    monkeypatch.setenv("TASKFORCE_NOW", "2026-11-23T10:00:00Z")
    return made


def ref_of(team: Team, band: str = "21-23") -> str:
    found = team.call("victim", "list", "--format", "table", "--where", f"age_band={band}").ok().out
    return next(word for word in found.split() if word.startswith("V-"))


def reads(team: Team, *words: str, since: str = "2026-11-23T10:00:00Z") -> list[tuple[Any, ...]]:
    return [
        (one["ref"], one["part"], one["way"], one["reason"])
        for one in team.data("disclosures", *words, "--reads", "--since", since)
    ]


def test_what_shows_a_private_part_is_recorded_and_nothing_else_is(team: Team) -> None:
    ref, other = ref_of(team), ref_of(team, "9-17")
    for line in (
        ("victim", "list"),
        ("victim", "show", other),
        ("victim", "list", "--where", "age_band=9-17", "--json"),
        ("status",),
        ("search", "Pier"),
        ("agency", "list", "--json"),
        ("doctor",),
        ("disclosures", "--reads"),
    ):
        team.call(*line).ok()
    assert reads(team) == []
    team.call("victim", "show", ref, "--reason", "Asked by the\nshelter").ok()
    assert reads(team) == [
        (ref, "care", "show", "Asked by the shelter"),
        (ref, "identity", "show", "Asked by the shelter"),
    ]
    (who,) = {one["by"] for one in team.data("disclosures", "--reads")}
    assert who == "E. Berg"


@pytest.mark.parametrize(
    ("line", "way", "parts"),
    [
        (("victim", "list", "--json"), "list", {"care", "identity"}),
        (("victim", "list", "--format", "csv"), "list", {"care", "identity"}),
        (("search", "Thirsty", "--json"), "search", {"care", "identity"}),
        (("search", "Thirsty"), "search", {"care", "identity"}),
        (("history", "{ref}"), "history", {"care", "identity"}),
        (("export", "--records"), "export", {"care", "identity"}),
        (("export", "--records", "-o", "{folder}/plan"), "export", {"care", "identity"}),
        (("victim", "edit", "{ref}", "--safety", "Somebody waits outside"), "change", {"care"}),
        (("victim", "edit", "{ref}", "--gender", "feminine", "--json"), "change", {"care", "identity"}),
        (("victim", "edit", "{ref}", "--gender", "feminine"), "change", set()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_every_way_to_look(team: Team, line: tuple[str, ...], way: str, parts: set[str]) -> None:
    ref = ref_of(team)
    team.call(*(word.format(ref=ref, folder=team.folder) for word in line)).ok()
    assert set(reads(team)) == {(ref, part, way, None) for part in parts}


def test_who_looks_again_within_a_minute_looks_once(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = ref_of(team)
    for second, reason in (
        (0, ""),
        (30, ""),
        (59, ""),
        (59, "for the court"),
        (60, "for the court"),
        (61, ""),
    ):
        monkeypatch.setenv("TASKFORCE_NOW", f"2026-11-23T10:{second // 60:02}:{second % 60:02}Z")
        team.call("victim", "show", ref, "--reason", reason).ok()
    at = [(one["at"], one["reason"]) for one in team.data("disclosures", "--reads") if one["part"] == "care"]
    assert at == [("2026-11-23T10:00:59Z", "for the court"), ("2026-11-23T10:00:00Z", None)]
    monkeypatch.setenv("TASKFORCE_NOW", "2026-11-23T10:02:00Z")
    team.call("victim", "show", ref).ok()
    assert len(team.data("disclosures", "--reads")) == 6


def test_reads_of_a_victim_include_those_of_what_names_them(team: Team) -> None:
    ref = ref_of(team)
    made = team.data(
        *(
            "referral",
            "new",
            ref,
            "--to",
            "NO-SHELTER",
            "--services",
            "shelter",
            "--care-note",
            "Needs a lift",
        )
    )
    assert reads(team) == [], "what was typed this moment was not looked at"
    team.call("referral", "show", made["ref"]).ok()
    assert reads(team, ref) == [(made["ref"], "care", "show", None)]
    assert reads(team, ref_of(team, "9-17")) == []
    assert team.error("disclosures", "--reads", "--to", "NO-SHELTER")["exit"] == 2


# ── where a reason is required ──


@pytest.fixture
def strict(team: Team) -> Team:
    """The same store, at an agency that wants to know why somebody looks at identities."""
    team.call("config", "set", "reason-for", "identity").ok()
    return team


@pytest.mark.parametrize(
    "line", [("victim", "show", "{ref}"), ("history", "{ref}"), ("export", "--records")], ids=" ".join
)
def test_without_a_reason_it_is_refused_and_nothing_is_shown(strict: Team, line: tuple[str, ...]) -> None:
    ref = ref_of(strict)
    words = [word.format(ref=ref) for word in line]
    ran = strict.call(*words)
    ran.failed(4)
    assert NAME not in ran.out + ran.err and "--reason" in ran.err and ref in ran.err
    assert strict.error(*words)["code"] == "reason-needed"
    assert strict.call(*words, "--reason", "  ").code == 4
    assert reads(strict) == []
    assert NAME in strict.call(*words, "--reason", "She asked").ok().out
    assert {(row[0], row[1], row[3]) for row in reads(strict)} == {
        (ref, "care", "She asked"),
        (ref, "identity", "She asked"),
    }


@pytest.mark.parametrize(
    "line",
    [
        ("victim", "list", "--json"),
        ("search", NAME, "--json"),
        ("search", NAME),
        ("victim", "edit", "{ref}", "--gender", "feminine", "--json"),
        ("victim", "edit", "{ref}", "--phone", "+47 00 000 0001"),
    ],
    ids=" ".join,
)
def test_lists_and_changes_leave_the_part_out_and_say_so(strict: Team, line: tuple[str, ...]) -> None:
    ref = ref_of(strict)
    ran = strict.call(*(word.format(ref=ref) for word in line)).ok()
    shown = ran.out.replace(f'"{NAME}"', NAME) + ran.err
    assert NAME not in ran.out and "+47" not in ran.out
    assert "left out for want of a reason: identity" in shown
    assert not [row for row in reads(strict) if row[1] == "identity"]


def test_a_case_without_the_part_needs_no_reason(strict: Team) -> None:
    strict.call("victim", "show", ref_of(strict, "9-17")).ok()
    strict.call("agency", "show", "NO-SHELTER").ok()


def test_a_setting_that_cannot_be_understood_is_not_taken_for_none(team: Team, tmp_path: Path) -> None:
    assert team.error("config", "set", "reason-for", "names")["exit"] == 2
    ref = ref_of(team)
    (tmp_path / "config.yaml").write_text("reason-for: identiy\n")
    ran = team.call("victim", "show", ref)
    ran.failed(2)
    assert NAME not in ran.out and "reason-for" in ran.err
    changed = team.call("victim", "edit", ref, "--gender", "feminine", "--json").ok()
    assert NAME not in changed.out, "what was done is done, and shows nothing"


# ── where it cannot be written, and where it must not go ──


@pytest.fixture
def read_only(team: Team, tmp_path: Path) -> Iterator[Team]:
    """The same store on a disk that has become read-only."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], capture_output=True)
    if not sys.platform.startswith("linux") or made.returncode:
        pytest.skip("no file system may be mounted here")
    copy = team.copy_to(place / "team")
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    yield copy
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_on_a_disk_that_is_read_only_it_is_answered_with_a_warning(read_only: Team) -> None:
    ref = ref_of(read_only)
    ran = read_only.call("victim", "show", ref).ok()
    assert NAME in ran.out
    assert "not recorded" in ran.err and "read-only" in ran.err
    read_only.call("config", "set", "reason-for", "care").ok()
    ran = read_only.call("victim", "show", ref, "--reason", "She asked")
    ran.failed(4)
    assert NAME not in ran.out and "only if it is recorded" in ran.err


def test_looking_at_a_copy_begins_no_epoch(team: Team, tmp_path: Path) -> None:
    ref = ref_of(team)
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(team.folder), str(copy)], check=True)
    other = Team(copy)
    ran = other.call("victim", "show", ref).ok()
    assert ran.err == "" and [feed["feed"] for feed in other.data("feed", "list")] == [
        feed["feed"] for feed in team.data("feed", "list")
    ]
    assert len(reads(other)) == 2 and reads(team) == []


def test_a_reader_that_goes_away_has_looked(team: Team) -> None:
    for number in range(40):
        team.call("victim", "add", "--health", f"Case {number} " + "x" * 4000).ok()
    line = [*PROGRAM, "victim", "list", "--json", *team.place]
    child = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment_of())
    assert child.stdout is not None
    child.stdout.read(10)
    child.stdout.close()
    child.communicate(timeout=30)
    assert child.returncode == 141
    assert len([row for row in reads(team) if row[2] == "list"]) > 30


def test_reads_leave_the_store_in_no_bundle(team: Team, tmp_path: Path) -> None:
    other = new_team(tmp_path / "other", "NO-SHELTER", "K. Nordvik")
    introduce(team, other)
    ref = ref_of(team)
    team.call("victim", "show", ref, "--reason", "Xylophone").ok()
    team.call("referral", "new", ref, "--to", "NO-SHELTER", "--services", "shelter").ok()
    before = team.data("doctor")["edits"]
    other.call("import", str(export(team, "NO-SHELTER", "one"))).ok()
    assert team.data("doctor")["edits"] == before, "looking makes no edit"
    store = Store.open(other.store, slots.open_with_key_file(other.store, other.key))
    try:
        for (table,) in store.connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table'"
        ).fetchall():
            if not table.startswith("search"):
                rows = store.connection.execute('SELECT * FROM "' + table + '"').fetchall()
                assert "Xylophone" not in repr(rows), table
    finally:
        store.close()


def test_a_write_that_is_under_way_elsewhere_is_waited_for(team: Team) -> None:
    ref = ref_of(team)
    store = Store.open(team.store, slots.open_with_key_file(team.store, team.key))
    with transaction(store.connection):
        child = subprocess.Popen(
            [*PROGRAM, "victim", "show", ref, *team.place],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment_of(),
        )
        assert child.stdout is not None
        shown = b""
        while NAME.encode() not in shown:  # it is shown at once
            piece = child.stdout.read1(4096)  # type: ignore[attr-defined]
            assert piece
            shown += piece
        assert child.poll() is None
    store.close()
    child.communicate(timeout=30)
    assert child.returncode == 0
    assert len(reads(team)) == 2
