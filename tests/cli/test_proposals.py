"""Proposals as people and scripts see them: what they are called, what else a decision does, what stays as decided."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import Team, introduce, new_team


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Team, Team]:
    """CITY leads an operation in which PORT takes part, and PORT proposes another name for CITY's site."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(tmp_path_factory.mktemp("settings") / "none.yaml"))
        folder = tmp_path_factory.mktemp("proposals")
        city = new_team(folder / "city", "CITY", "J. Okafor")
        port = new_team(folder / "port", "PORT", "M. Sok")
        introduce(city, port)
        for words in (
            ("agency", "add", "PORT"),
            ("agency", "add", "THIRD"),
            ("operation", "add", "NET", "--lead", "CITY"),
            ("operation", "join", "NET", "PORT", "--role", "partner"),
            ("use", "NET"),
            ("agency", "edit", "CITY", "--places-free", "2"),
            ("site", "add", "Pier"),
        ):
            city.call(*words).ok()
        give(city, port, "PORT")
        port.call("use", "NET").ok()
        port.call("site", "edit", "Pier", "--name", "Pier 2").ok()
        give(port, city, "CITY")
        return city, port


@pytest.fixture
def two(made: tuple[Team, Team], tmp_path: Path) -> tuple[Team, Team]:
    """Copies of both."""
    city, port = (one.copy_to(tmp_path / one.folder.name) for one in made)
    return city, port


def give(one: Team, other: Team, to: str) -> str:
    """Carry a bundle; what the import says."""
    path = str(one.folder / "b")
    one.call("export", "--to", to, "-o", path, "--force").ok()
    return other.call("import", path).ok().out


def test_to_accept_for_an_archived_record_says_before_and_after_that_it_comes_back(
    two: tuple[Team, Team],
) -> None:
    city, _port = two
    site = city.data("site", "list")[0]["ref"]
    assert "archived" not in city.call("proposal", "show", site).ok().out
    city.call("site", "archive", site).ok()
    assert "to accept this brings it back into view" in city.call("proposal", "show", site).ok().out
    ran = city.call("proposal", "accept", site).ok()
    assert f"{site} was archived, and is in view again" in ran.err
    assert city.data("site", "list")[0]["name"] == "Pier 2"


def test_an_undone_acceptance_says_that_the_proposal_does_not_wait_again(two: tuple[Team, Team]) -> None:
    city, _port = two
    site = city.data("site", "list")[0]["ref"]
    city.call("proposal", "accept", site).ok()
    ran = city.call("undo").ok()
    assert "what PORT proposed does not wait again" in ran.out
    assert city.data("proposal", "list") == [] and city.data("site", "list")[0]["name"] == "Pier"
    ran = city.call("redo").ok()
    assert "does not wait" not in ran.out and city.data("site", "list")[0]["name"] == "Pier 2"
    city.call("site", "edit", site, "--name", "Pier 3").ok()
    assert "does not wait" not in city.call("undo").ok().out, "that accepted nothing"


def test_undo_of_what_was_proposed_and_decided_on_says_so(two: tuple[Team, Team]) -> None:
    city, port = two
    site = city.data("site", "list")[0]["ref"]
    city.call("proposal", "accept", site).ok()
    give(city, port, "PORT")
    assert f"{site}: nothing to take back of what was proposed: Name (accepted)" in port.call("undo").ok().out


def test_what_is_proposed_is_called_as_people_do_and_no_id_is_shown(two: tuple[Team, Team]) -> None:
    city, port = two
    port.call("operation", "join", "NET", "THIRD", "--role", "support").ok()
    ids = [one["id"] for one in city.data("agency", "list")]
    give(port, city, "CITY")
    [new] = [one for one in city.data("proposal", "list") if one["kind"] == "participation"]
    for said in (city.call("proposal", "list"), city.call("proposal", "show", new["ref"])):
        assert "THIRD" in said.ok().out and not [one for one in ids if one in said.out]
        assert new["ref"] in said.out


def test_a_move_that_is_proposed_is_told_by_its_state_first_and_not_as_nothing(
    two: tuple[Team, Team],
) -> None:
    city, port = two
    task = city.data("assignment", "add", "Watch")["ref"]
    give(city, port, "PORT")
    ran = port.call("assignment", "accept", task).ok()
    assert "only a proposal, until it is accepted: Status, Accepted; CITY decides" in ran.err
    [one] = [one for one in port.data("proposal", "list") if one["ref"] == task]
    assert [each["field"] for each in one["fields"]] == ["status", "accepted_at"]
    ran = port.call("assignment", "edit", task, "--title", "Watch it").ok()
    assert "only a proposal" in ran.err and "nothing changed" not in ran.err
    assert "nothing changed" in port.call("assignment", "edit", task, "--title", "Watch").ok().err


def test_a_plan_that_is_only_tried_says_what_would_only_be_proposed(two: tuple[Team, Team]) -> None:
    city, port = two
    for team, word in ((port, "Places free"), (city, "")):
        plan = team.folder / "plan.yaml"
        plan.write_text("taskforce-plan: 1\nagencies:\n  - {code: CITY, places_free: 4}\n")
        before = team.fingerprint()
        ran = team.call("import", str(plan), "--dry-run").ok()
        assert ("only a proposal, until it is accepted: Places free; CITY decides" in ran.out) is bool(word)
        data = team.data("import", str(plan), "--dry-run")
        assert bool(data["proposes"]) is bool(word)
        assert team.fingerprint() == before
