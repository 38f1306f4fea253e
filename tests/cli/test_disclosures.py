"""Who has been told what about whom, on what basis and by which officer: recorded with every bundle that counts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from program import Team, call, introduce, new_team

from taskforce.keys import slots
from taskforce.store.connection import transaction
from taskforce.store.store import Store


@pytest.fixture
def teams(tmp_path: Path) -> tuple[Team, Team]:
    """A police force that met a victim and a shelter that she is referred to; nothing went to the shelter yet."""
    police = new_team(tmp_path / "police", "NO-POL", "E. Berg")
    shelter = new_team(tmp_path / "shelter", "NO-SHELTER", "K. Nordvik")
    introduce(police, shelter)
    for line in (
        ("agency", "add", "NO-SHELTER", "--services", "shelter", "--country", "NO"),
        ("agency", "edit", "NO-POL", "--country", "NO"),
        ("operation", "add", "HOTEL", "--lead", "NO-POL"),
        ("victim", "add", "--age-band", "21-23", "--needs", "shelter", "--family-name", "Petrauskas"),
        ("victim", "add", "--age-band", "9-17"),
    ):
        police.call(*line).ok()
    victim = police.data("victim", "list", "--where", "age_band=21-23")[0]["ref"]
    police.consent(victim, "NO-SHELTER")
    police.call("referral", "new", victim, "--to", "NO-SHELTER", "--services", "shelter").ok()
    return police, shelter


def victim_of(team: Team) -> dict[str, Any]:
    found: dict[str, Any] = team.data("victim", "list", "--where", "age_band=21-23")[0]
    return found


def export(team: Team, to: str, name: str, *options: str) -> Path:
    path = team.folder / name
    team.call("export", "--to", to, "-o", str(path), *options).ok()
    return path


def told(team: Team, *words: str) -> set[tuple[Any, ...]]:
    return {
        (one["kind"], one["part"], one["to"], one["number"], one["edits"])
        for one in team.data("disclosures", *words)
    }


def test_a_bundle_records_each_record_and_part_with_its_basis(teams: tuple[Team, Team]) -> None:
    police, _shelter = teams
    victim = victim_of(police)
    assert police.data("disclosures") == []
    dry = police.data("export", "--to", "NO-SHELTER", "--dry-run")
    assert police.data("disclosures") == [], "what is only looked at is told to nobody"
    export(police, "NO-SHELTER", "one")
    found = police.data("disclosures", victim["ref"])
    basis = f"a consent covers it ({police.data('consent', 'list')[0]['ref']})"
    assert {(one["kind"], one["part"], one["basis"]) for one in found} == {
        ("referral", "case", basis),
        ("consent", "case", basis),
        ("victim", "case", basis),
        ("victim", "care", basis),
        ("victim", "identity", basis),
    }
    assert {(one["to"], one["number"], one["by"]) for one in found} == {("NO-SHELTER", 1, "E. Berg")}
    assert {one["id"] for one in found if one["kind"] == "victim"} == {victim["id"]}
    everything = police.data("disclosures")
    counted: dict[tuple[str, str], int] = {}
    for one in everything:
        counted[one["kind"], one["part"]] = counted.get((one["kind"], one["part"]), 0) + one["edits"]
    assert counted == {(one["kind"], one["part"]): one["edits"] for one in dry["goes"]}
    assert {one["kind"] for one in everything} == {"agency", "consent", "victim", "referral"}
    assert not any(one["kind"] == "operation" for one in everything)
    shown = police.call("disclosures", victim["ref"]).ok()
    for word in (victim["ref"], "NO-SHELTER", "identity", "E. Berg", "a consent covers it"):
        assert word in shown.out
    assert shown.err == "", "nothing went before it was recorded: nothing is said of that"


def test_filters_by_agency_and_time_and_says_which_agency_it_does_not_know(
    teams: tuple[Team, Team], monkeypatch: pytest.MonkeyPatch
) -> None:
    police, _shelter = teams
    monkeypatch.setenv("TASKFORCE_NOW", "2031-06-03T10:00:00Z")
    export(police, "NO-SHELTER", "one")
    monkeypatch.setenv("TASKFORCE_NOW", "2031-06-05T10:00:00Z")
    police.call("victim", "edit", victim_of(police)["ref"], "--health", "Thirsty").ok()
    export(police, "NO-SHELTER", "two")
    later = told(police, "--since", "2031-06-04")
    assert {row[3] for row in later} == {2} and ("victim", "care", "NO-SHELTER", 2, 2) in later
    assert told(police, "--to", "no-shelter") == told(police)
    assert told(police, "--to", "NO-POL") == set()
    assert told(police, "--since", "2031-06-06") == set()
    assert len(police.data("disclosures", "--limit", "2")) == 2
    numbers = [one["number"] for one in police.data("disclosures")]
    assert numbers == sorted(numbers, reverse=True)
    error = police.error("disclosures", "--to", "NO-SHELTR")
    assert error["exit"] == 3 and "NO-SHELTER" in error["hint"]
    assert police.error("disclosures", "V-0000")["exit"] == 3
    assert police.error("disclosures", "--since", "whenever")["exit"] == 2


def test_an_export_that_fails_records_nothing(teams: tuple[Team, Team]) -> None:
    police, _shelter = teams
    path = export(police, "NO-SHELTER", "one")
    before = police.data("disclosures")
    police.call("export", "--to", "NO-SHELTER", "-o", str(path)).failed(4)
    police.call("export", "--to", "NO-SHELTER", "-o", str(police.folder / "two"), "--unsealed").failed(4)
    police.call("export", "--to", "NO-SHELTER", "-o", str(police.folder / "none" / "three")).failed(2)
    assert police.data("disclosures") == before


def test_undo_takes_back_edits_not_what_was_told(teams: tuple[Team, Team]) -> None:
    police, _shelter = teams
    police.call("victim", "edit", victim_of(police)["ref"], "--health", "Thirsty").ok()
    export(police, "NO-SHELTER", "one")
    before = police.data("disclosures")
    police.call("undo").ok()
    assert police.data("disclosures") == before


def test_erasing_leaves_what_was_told_and_tells_of_itself(teams: tuple[Team, Team]) -> None:
    police, _shelter = teams
    victim = victim_of(police)
    export(police, "NO-SHELTER", "one")
    before = police.data("disclosures", victim["id"])
    police.call("erase", victim["ref"], "--reason", "asked for", "--yes").ok()
    assert police.data("disclosures", victim["id"]) == before
    export(police, "NO-SHELTER", "two")
    rows = [one for one in police.data("disclosures", victim["id"]) if one["number"] == 2]
    assert {one["part"]: one["edits"] for one in rows if one["kind"] == "victim"} == {
        "case": 1,
        "care": 1,
        "identity": 1,
    }
    assert police.data("doctor")["faults"] == []
    assert b"Petrauskas" not in police.call("disclosures", "--format", "csv").ok().out.encode()


def test_edits_that_come_back_to_who_lost_them_say_so(teams: tuple[Team, Team], tmp_path: Path) -> None:
    police, shelter = teams
    police.call("import", str(export(shelter, "NO-POL", "first"))).ok()
    shelter.call("agency", "add", "NO-POL").ok()
    shelter.call("backup", str(tmp_path / "b")).ok()
    # The shelter writes an agreement to which the police is a party and it is none: by the rules it may not have it.
    shelter.call("agreement", "add", "PACT", "--parties", "NO-POL").ok()
    police.call("import", str(export(shelter, "NO-POL", "lost"))).ok()
    again = Team(tmp_path / "again")
    again.folder.mkdir()
    shutil.copy(shelter.key, again.key)
    call("restore", str(tmp_path / "b"), "--store", str(again.store), "--key-file", str(again.key)).ok()
    again.call("agency", "edit", "NO-SHELTER", "--places-free", "3").ok()
    police.call("import", str(export(again, "NO-POL", "anew"))).ok()
    pact = police.data("agreement", "list")[0]["ref"]
    dry = police.data("export", "--to", "NO-SHELTER", "--dry-run")
    assert ("agreement", 1) in {(one["kind"], one["edits"]) for one in dry["goes"]}
    export(police, "NO-SHELTER", "back")
    (row,) = police.data("disclosures", pact)
    assert row["basis"] == "the agency wrote it itself: it goes back to the device that lost it"
    assert (row["to"], row["edits"]) == ("NO-SHELTER", 1)


def test_the_bundles_of_before_are_named_as_not_recorded(teams: tuple[Team, Team]) -> None:
    police, _shelter = teams
    export(police, "NO-SHELTER", "one")
    export(police, "NO-SHELTER", "two")
    forget(police)
    assert police.data("disclosures") == []
    ran = police.call("disclosures").ok()
    assert "not recorded before" in ran.err and "NO-SHELTER: bundles 1-2" in ran.err
    police.call("victim", "edit", victim_of(police)["ref"], "--health", "Thirsty").ok()
    export(police, "NO-SHELTER", "three")
    ran = police.call("disclosures", victim_of(police)["ref"], "--json").ok()
    assert {one["number"] for one in ran.envelope["data"]} == {3}
    (note,) = ran.envelope["notes"]
    assert "NO-SHELTER: bundles 1-2" in note
    assert police.call("disclosures", "--to", "NO-POL", "--json").ok().envelope["notes"] == []
    assert police.data("doctor")["faults"] == [], "that is no damage"


def forget(team: Team) -> None:
    """Leave of the bundles that went what a version has left of them that recorded no disclosures."""
    store = Store.open(team.store, slots.open_with_key_file(team.store, team.key))
    with transaction(store.connection):
        store.connection.execute("DELETE FROM disclosure")
        store.connection.execute("UPDATE bundle SET by = ''")
    store.close()


def test_doctor_backup_and_rebuild_keep_them_and_doctor_sees_what_is_missing(
    teams: tuple[Team, Team], tmp_path: Path
) -> None:
    police, _shelter = teams
    export(police, "NO-SHELTER", "one")
    police.call("victim", "show", victim_of(police)["ref"]).ok()
    before, reads = police.data("disclosures"), police.data("disclosures", "--reads")
    assert before and reads
    police.call("doctor", "--rebuild").ok()
    police.call("backup", str(tmp_path / "b")).ok()
    again = Team(tmp_path / "again")
    again.folder.mkdir()
    shutil.copy(police.key, again.key)
    call("restore", str(tmp_path / "b"), "--store", str(again.store), "--key-file", str(again.key)).ok()
    for team in (police, again):
        assert team.data("disclosures") == before
        assert team.data("disclosures", "--reads") == reads
    store = Store.open(again.store, slots.open_with_key_file(again.store, again.key))
    with transaction(store.connection):
        store.connection.execute("DELETE FROM disclosure WHERE part = 'identity'")
    store.close()
    assert "bundle 1 to NO-SHELTER carried" in again.error("doctor")["message"]
