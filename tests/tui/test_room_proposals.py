"""Proposals in the room: seen by who decides and by who proposed, accepted whole or in part, rejected, taken back."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from program import Team, introduce, new_team
from room import detail_text, play, press, said, screen_text, until, write
from story import hand_over
from test_room_held_back import offered, squeezed
from textual.pilot import Pilot

from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.proposals import ProposalsScreen
from taskforce.tui.screens.reason import ReasonDialog
from taskforce.tui.screens.record import RecordDialog
from taskforce.tui.screens.reject import RejectDialog

NOW = "2023-10-17T07:32:00Z"
LATER = "2023-10-17T07:40:00Z"
CARE = "Two men ask for her"
POISON = "\x1b]52;c;Zm9v\x07\x1b[2J\u202e[bold red]x[/][@click=app.quit]y[/]"
DECIDING = {"accept", "reject", "take_back", "mark", "point(1)"}


@pytest.fixture(scope="module")
def two_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Team, Team]:
    """The lead and a shelter, which proposes: two fields of an assignment, the title of another, a victim's care."""
    folder = tmp_path_factory.mktemp("proposals")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(folder / "none.yaml"))
        patch.setenv("TASKFORCE_NOW", NOW)
        lead, shelter = (
            new_team(folder / "1", "KH-CNP", "J. Sok"),
            new_team(folder / "2", "KH-NGO", "S. Chan"),
        )
        introduce(lead, shelter)
        for line in (
            ("agency", "edit", "KH-CNP", "--country", "KH"),
            ("agency", "add", "KH-NGO", "--country", "KH"),
            ("operation", "add", "STORM MAKERS II", "--lead", "KH-CNP", "--start", "2023-10-16"),
            ("use", "STORM MAKERS II"),
            ("operation", "join", "STORM MAKERS II", "KH-NGO", "--role", "partner"),
            ("assignment", "add", "Inspect compound 4", "--agency", "KH-CNP"),
            ("assignment", "add", "Watch the pier", "--agency", "KH-CNP"),
            ("assignment", "add", "Hold a room free", "--agency", "KH-NGO"),
        ):
            lead.call(*line).ok()
        victim = lead.data("victim", "add", "--age-band", "21-23", "--safety", "None known")["ref"]
        lead.consent(victim, "KH-NGO")
        referral = ("referral", "add", victim, "--to", "KH-NGO", "--services", "shelter", "--urgency", "3h")
        lead.call("referral", "send", lead.data(*referral)["ref"]).ok()
        hand_over(lead, shelter)
        refs = refs_of(lead)
        more = ("--priority", "flash", "--title", "Inspect compounds 4 and 5")
        shelter.call("assignment", "edit", refs["Inspect compound 4"], *more).ok()
        shelter.call("assignment", "edit", refs["Watch the pier"], "--title", "Watch both piers").ok()
        shelter.call("victim", "edit", victim, "--safety", CARE).ok()
        shelter.call("use", "STORM MAKERS II").ok()
        hand_over(shelter, lead)
        return lead, shelter


@pytest.fixture
def two(two_once: tuple[Team, Team], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Team, Team]:
    """Copies of them for one test, some minutes later."""
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))
    monkeypatch.setenv("TASKFORCE_NOW", LATER)
    lead, shelter = two_once
    return lead.copy_to(tmp_path / "lead"), shelter.copy_to(tmp_path / "shelter")


def refs_of(team: Team) -> dict[str, str]:
    """The assignments' refs, by title."""
    return {one["title"]: one["ref"] for one in team.data("assignment", "list")}


def victim_of(team: Team) -> str:
    """The victim's ref."""
    return str(team.data("victim", "list")[0]["ref"])


def waiting(team: Team) -> set[tuple[str, str]]:
    """The records and fields for which something is proposed."""
    return {(one["ref"], each["field"]) for one in team.data("proposal", "list") for each in one["fields"]}


def reads(team: Team) -> set[tuple[str, str, str, str | None]]:
    """Who looked at what: ref, part, way, reason."""
    return {
        (one["ref"], one["part"], one["way"], one["reason"])
        for one in team.data("disclosures", "--reads", "--since", "2023-10-17T00:00:00Z")
    }


def shown(app: TaskforceApp) -> str:
    """What is shown of the proposal under the cursor, one blank apart."""
    assert isinstance(app.screen, ProposalsScreen)
    return " ".join(detail_text(app).split())


async def point_at(app: TaskforceApp, pilot: Pilot[Any], ref: str) -> None:
    """Go to the proposals, and there to the one for a record."""
    await press(pilot, "P")
    for _each in range(5):
        if shown(app).startswith(f"± {ref}"):
            return
        await press(pilot, "n")
    raise AssertionError(f"{ref} is not there:\n{screen_text(app)}")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_who_decides_sees_who_proposes_what_in_place_of_what(
    two: tuple[Team, Team], size: tuple[int, int]
) -> None:
    lead, _shelter = two
    ref = refs_of(lead)["Inspect compound 4"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        assert "± 3" in screen_text(app).splitlines()[0]
        await point_at(app, pilot, ref)
        text = squeezed(app)
        assert "PROPOSALS 3 yours to decide" in text
        assert f"± {ref} Inspect compound 4" in text
        assert "S. Chan, KH-NGO, 17 Oct" in text
        assert "stands Inspect compound 4 proposed Inspect compounds 4 and 5" in shown(app)
        assert "stands Routine proposed Flash" in shown(app)
        assert "yours to decide" in shown(app)
        await press(pilot, "y")
        assert app.clipboard == f"taskforce proposal accept {ref} --from KH-NGO"

    play(lead, act, size=size)


def test_all_of_a_proposal_is_accepted_and_undo_takes_that_back(two: tuple[Team, Team]) -> None:
    lead, shelter = two
    ref = refs_of(lead)["Inspect compound 4"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await point_at(app, pilot, ref)
        await press(pilot, "A")
        assert f"{ref}: accepted what KH-NGO proposed: Title, Priority; z takes it back" in said(app)
        one = lead.data("assignment", "show", ref)
        assert (one["title"], one["priority"]) == ("Inspect compounds 4 and 5", "flash")
        assert not shown(app).startswith(f"± {ref}")
        await press(pilot, "z")
        assert f"taken back: proposal accept {ref}" in said(app)
        assert "what KH-NGO proposed does not wait again; Z accepts it once more" in said(app)
        one = lead.data("assignment", "show", ref)
        assert (one["title"], one["priority"]) == ("Inspect compound 4", "routine")
        await press(pilot, "Z")

    play(lead, act)
    hand_over(lead, shelter)
    assert shelter.data("assignment", "show", ref)["title"] == "Inspect compounds 4 and 5"


def test_the_marked_fields_are_accepted_alone_by_the_key_and_by_the_command_that_is_copied(
    two: tuple[Team, Team], tmp_path: Path
) -> None:
    lead, _shelter = two
    other = lead.copy_to(tmp_path / "other")
    ref = refs_of(lead)["Inspect compound 4"]
    fields = {field for one, field in waiting(lead) if one == ref}
    assert fields == {"title", "priority"}
    copied: list[str] = []

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await point_at(app, pilot, ref)
        assert "▸ Title" in shown(app)
        await press(pilot, "right", "space")
        assert "▸ ✓ Priority" in shown(app) and "▸ Title" not in shown(app)
        await press(pilot, "y")
        copied.append(app.clipboard)
        await press(pilot, "A")
        assert "proposed: Priority; z takes it back" in said(app)
        assert shown(app).startswith(f"± {ref}") and "Priority" not in shown(app)
        await press(pilot, "right", "left", "A")

    play(lead, act)
    (command,) = copied
    assert command == f"taskforce proposal accept {ref} --from KH-NGO --field priority"
    other.call(*shlex.split(command)[1:]).ok()
    assert other.data("assignment", "show", ref)["priority"] == "flash"
    assert (ref, "title") in waiting(other)
    assert not {one for one, _field in waiting(lead) if one == ref}


def test_one_is_rejected_with_a_reason_which_goes_back_to_who_proposed_it(two: tuple[Team, Team]) -> None:
    lead, shelter = two
    ref = refs_of(lead)["Watch the pier"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await point_at(app, pilot, ref)
        await press(pilot, "N")
        assert isinstance(app.screen, RejectDialog)
        assert f"Reject what KH-NGO proposes for {ref}?" in squeezed(app)
        await write(pilot, "One pier")
        await press(pilot, "escape")
        assert (ref, "title") in waiting(lead), "nothing was decided"
        await press(pilot, "N")
        await write(pilot, " is enough")
        await press(pilot, "f2")
        assert app.clipboard == f"taskforce proposal reject {ref} --from KH-NGO --reason 'One pier is enough'"
        await press(pilot, "enter")
        assert f"{ref}: rejected what KH-NGO proposed" in said(app)
        assert isinstance(app.screen, ProposalsScreen)
        assert not shown(app).startswith(f"± {ref}")
        await press(pilot, "E")
        await point_at(app, pilot, ref)
        assert "rejected: One pier is enough" in shown(app)
        assert not DECIDING & offered(app)

    play(lead, act)
    assert lead.data("assignment", "show", ref)["title"] == "Watch the pier"
    hand_over(lead, shelter)
    assert not {one for one, _field in waiting(shelter) if one == ref}
    (told,) = (one for one in shelter.data("proposal", "list", "--all") if one["ref"] == ref)
    assert (told["outcome"], told["reason"]) == ("rejected", "One pier is enough")


def test_who_proposed_sees_who_decides_and_can_take_it_back(two: tuple[Team, Team]) -> None:
    _lead, shelter = two
    ref = refs_of(shelter)["Watch the pier"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        assert "±" not in screen_text(app).splitlines()[0], "nothing waits for the shelter"
        await point_at(app, pilot, ref)
        assert "PROPOSALS 0 yours to decide, 3 for others" in squeezed(app)
        assert "stands Watch the pier proposed Watch both piers" in shown(app)
        assert "KH-CNP decides" in shown(app)
        assert offered(app) & DECIDING == {"take_back"}
        await press(pilot, "A", "y")
        assert app.clipboard == f"taskforce proposal reject {ref} --from KH-NGO"
        await press(pilot, "K")
        assert f"Take back what KH-NGO proposes for {ref}?" in squeezed(app)
        await press(pilot, "enter")
        assert f"{ref}: what KH-NGO proposed is taken back" in said(app)

    play(shelter, act)
    assert not {one for one, _field in waiting(shelter) if one == ref}


def test_care_that_is_proposed_is_looked_at_where_it_is_shown(two: tuple[Team, Team]) -> None:
    lead, shelter = two
    ref = victim_of(shelter)  # to list them at the lead would be to look already
    before = reads(lead)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "P")
        while ref not in shown(app):
            assert CARE not in screen_text(app)
            await press(pilot, "n")
        assert f"stands None known proposed {CARE}" in shown(app)

    play(lead, act)
    assert reads(lead) - before == {(ref, "care", "room", None)}


def test_where_a_reason_is_asked_for_nothing_is_shown_and_decided_without_one(two: tuple[Team, Team]) -> None:
    lead, shelter = two
    ref = victim_of(shelter)  # to list them at the lead would be to look already
    before = reads(lead)
    lead.call("config", "set", "reason-for", "care").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await point_at(app, pilot, ref)
        assert CARE not in shown(app) and "None known" not in shown(app)
        assert "not shown without a reason: care" in shown(app)
        assert not DECIDING & offered(app)
        await press(pilot, "A", "N")
        assert isinstance(app.screen, ProposalsScreen)
        await press(pilot, "enter")
        assert isinstance(app.screen, ReasonDialog)
        await press(pilot, "escape")
        assert CARE not in shown(app)
        await press(pilot, "enter")
        await write(pilot, "She asked")
        await press(pilot, "enter")
        assert f"proposed {CARE}" in shown(app)
        await press(pilot, "A")
        assert f"{ref}: accepted" in said(app)

    play(lead, act)
    assert reads(lead) - before == {(ref, "care", "room", "She asked")}
    assert lead.data("victim", "show", ref, "--reason", "test")["safety"] == CARE


def test_the_records_detail_says_what_is_proposed_and_leads_there(two: tuple[Team, Team]) -> None:
    lead, _shelter = two
    ref = refs_of(lead)["Watch the pier"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "f")
        await write(pilot, "pier")
        await press(pilot, "enter")
        told = "± KH-NGO proposes: Title · yours to decide · P shows it"
        assert told in detail_text(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, RecordDialog)
        assert told in screen_text(app)
        await press(pilot, "P")
        assert shown(app).startswith(f"± {ref}")
        await press(pilot, "enter")
        assert isinstance(app.screen, RecordDialog)
        await press(pilot, "escape", "N", "enter")
        assert not {one for one, _field in waiting(lead) if one == ref}
        await press(pilot, "a")
        assert "Watch the pier" in detail_text(app) and "±" not in detail_text(app)
        await press(pilot, "enter")
        assert "±" not in screen_text(app).partition("─╮")[2] and "proposals" not in offered(app)

    play(lead, act)


def test_what_needs_attention_leads_to_the_proposal(two: tuple[Team, Team]) -> None:
    lead, _shelter = two
    refs = refs_of(lead)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        block = app.screen.query_one("#attention")
        block.focus()
        for _each in range(len(refs) + 1):
            await press(pilot, "y")
            if app.clipboard == f"taskforce proposal show {refs['Watch the pier']}":
                break
            await press(pilot, "j")
        await press(pilot, "enter")
        assert shown(app).startswith(f"± {refs['Watch the pier']}")

    play(lead, act)


def test_an_edit_that_only_proposes_is_said_to_do_so_when_it_is_saved(two: tuple[Team, Team]) -> None:
    _lead, shelter = two
    ref = refs_of(shelter)["Inspect compound 4"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "f")
        await write(pilot, "compound")
        await press(pilot, "enter", "e")
        await write(pilot, " today")
        await press(pilot, "ctrl+s")
        assert "only a proposal, until it is accepted: Title; KH-CNP decides" in said(app)
        assert "only a proposal, until it is accepted" in squeezed(app) and "saved" not in said(app)
        assert shelter.data("assignment", "show", ref)["title"] == "Inspect compound 4"
        await press(pilot, "z")
        assert f"taken back: assignment edit {ref}" in said(app)
        app.clear_notifications()
        await press(pilot, "D")
        assert said(app) == "only a proposal, until it is accepted: Archived; KH-CNP decides"
        assert not shelter.data("assignment", "show", ref)["archived"]
        app.clear_notifications()
        await press(pilot, "escape", "f")
        await write(pilot, "room")
        await press(pilot, "enter", "A")
        assert "accept: " in said(app) and "only a proposal" not in said(app), "its own assignment"

    play(shelter, act)


def test_a_room_for_reading_shows_them_and_decides_nothing(two: tuple[Team, Team]) -> None:
    lead, _shelter = two
    before = waiting(lead)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "8")
        assert "yours to decide" in shown(app)
        assert not DECIDING & offered(app)
        await press(pilot, "A", "N", "K", "space")
        assert isinstance(app.screen, ProposalsScreen)

    play(lead, act, read_only=True)
    assert waiting(lead) == before


def test_a_key_decides_nothing_that_came_to_its_place_a_moment_ago(two: tuple[Team, Team]) -> None:
    lead, _shelter = two

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "P")
        first = shown(app).split()[1]
        lead.fork("proposal", "reject", first).ok()
        left = waiting(lead)
        await until(pilot, lambda: not shown(app).startswith(f"± {first}"))
        await press(pilot, "A")
        assert "nothing was decided: another proposal has come to this place" in said(app)
        await press(pilot, "N")
        assert isinstance(app.screen, ProposalsScreen)
        assert waiting(lead) == left

    play(lead, act)


def test_what_others_wrote_into_a_proposal_is_text_and_nothing_else(two: tuple[Team, Team]) -> None:
    lead, shelter = two
    ref = refs_of(shelter)["Watch the pier"]
    shelter.call("assignment", "edit", ref, "--instructions", f"{POISON}\nsecond line").ok()
    hand_over(shelter, lead)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await point_at(app, pilot, ref)
        while "second line" not in shown(app):
            await press(pilot, "n")
        text = screen_text(app)
        assert "\x1b" not in text and "\u202e" not in text
        assert r"\x1b]52;c;Zm9v\x07\x1b[2J\u202e[bold" in text and "red]x[/][@click=app.quit]y[/]" in text
        await press(pilot, "y")
        assert app.clipboard.endswith("--field instructions"), "the title is another proposal of theirs"
        await press(pilot, "A")
        assert f"{ref}: accepted" in said(app)

    play(lead, act)
    assert lead.data("assignment", "show", ref)["instructions"].endswith("second line")
