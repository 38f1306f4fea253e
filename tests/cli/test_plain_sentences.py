"""What is said where somebody's clock is wrong, an edit comes too early, or an agency is known only by its card."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import Team, introduce, new_team


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Team, Team]:
    """CITY and PORT verified each other, and neither has a bundle of the other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(tmp_path_factory.mktemp("settings") / "none.yaml"))
        folder = tmp_path_factory.mktemp("sentences")
        city = new_team(folder / "city", "CITY", "J. Okafor")
        port = new_team(folder / "port", "PORT", "M. Sok")
        introduce(city, port)
        return city, port


@pytest.fixture
def two(made: tuple[Team, Team], tmp_path: Path) -> tuple[Team, Team]:
    """Copies of both."""
    city, port = (one.copy_to(tmp_path / one.folder.name) for one in made)
    return city, port


def give(one: Team, other: Team, to: str, name: str = "b") -> str:
    """Carry a bundle; what the import says."""
    path = str(one.folder / name)
    one.call("export", "--to", to, "-o", path).ok()
    return other.call("import", path).ok().out


def test_an_edit_of_what_a_clock_of_2099_wrote_is_not_said_to_change_nothing(
    two: tuple[Team, Team], monkeypatch: pytest.MonkeyPatch
) -> None:
    city, port = two
    operation = city.data("operation", "add", "NET", "--lead", "CITY")["ref"]
    monkeypatch.setenv("TASKFORCE_NOW", "2099-01-01T10:00:00Z")
    city.call("operation", "edit", operation, "--objective", "From 2099").ok()
    monkeypatch.delenv("TASKFORCE_NOW")
    ran = city.call("operation", "edit", operation, "--objective", "After 2099").ok()
    assert "After 2099" in ran.out and "nothing changed" not in ran.err
    assert (
        "nothing changed" in city.call("operation", "edit", operation, "--objective", "After 2099").ok().err
    )
    assert port


def test_an_import_says_that_one_edit_from_the_far_future_counts(
    two: tuple[Team, Team], monkeypatch: pytest.MonkeyPatch
) -> None:
    city, port = two
    give(city, port, "PORT")
    monkeypatch.setenv("TASKFORCE_NOW", "2099-01-01T10:00:00Z")
    city.call("agency", "edit", "CITY", "--note", "From 2099").ok()
    path = str(city.folder / "far")
    city.call("export", "--to", "PORT", "-o", path).ok()
    monkeypatch.delenv("TASKFORCE_NOW")
    assert (
        "! 1 edit bears a clock far in the future, and counts all the same"
        in port.call("import", path).ok().out
    )
    assert port.data("agency", "show", "CITY")["note"] == "From 2099"


def test_a_verified_peer_that_is_no_agency_here_yet_is_not_taken_for_another(two: tuple[Team, Team]) -> None:
    city, _port = two
    victim = city.data("victim", "add")["ref"]
    error = city.error("referral", "add", victim, "--to", "PORT", "--services", "shelter")
    assert error["hint"] == (
        "PORT is a verified peer: import a bundle of theirs, or note them with: taskforce agency add PORT"
    )
    city.call("agency", "add", "PORT").ok()
    city.call("referral", "add", victim, "--to", "PORT", "--services", "shelter").ok()


def test_status_names_the_field_in_conflict_as_people_do(two: tuple[Team, Team]) -> None:
    city, port = two
    city.call("agency", "add", "PORT").ok()
    city.call("operation", "add", "NET", "--lead", "CITY").ok()
    city.call("operation", "join", "NET", "PORT", "--role", "partner").ok()
    task = city.data("assignment", "add", "Watch", "--operation", "NET", "--agency", "PORT")["ref"]
    give(city, port, "PORT")
    city.call("assignment", "accept", task, "--note", "They have it").ok()
    port.call("assignment", "accept", task, "--note", "We have it").ok()
    give(port, city, "CITY")
    [told] = [one for one in city.data("status")["attention"] if one["kind"] == "conflict"]
    assert told["text"] == "Note on status: 2 values"
