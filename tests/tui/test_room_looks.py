"""The room records who looks at identity and care; where a reason is asked for, it shows nothing of them without."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from program import Team, introduce, new_team
from room import play, press, screen_text, settle, until, write
from story import hand_over
from textual.pilot import Pilot

from taskforce.errors import StoreError, UsageError
from taskforce.moments import now
from taskforce.store import disclosures
from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.conflicts import ConflictsScreen
from taskforce.tui.screens.form import FormDialog
from taskforce.tui.screens.reason import ReasonDialog
from taskforce.tui.screens.record import RecordDialog
from taskforce.tui.screens.search import SearchDialog

NAME = "Petrauskas"
NOTE = "Needs a lift"


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    """A store with a victim of whom everything is known, and her referral."""
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))
    made = new_team(tmp_path / "police", "NO-POL", "E. Berg")
    made.call("agency", "add", "NO-SHELTER", "--services", "shelter", "--country", "NO").ok()
    made.call("agency", "edit", "NO-POL", "--country", "NO").ok()
    victim = made.data("victim", "add", "--age-band", "21-23", "--health", "Thirsty", "--family-name", NAME)
    line = ("referral", "new", victim["ref"], "--to", "NO-SHELTER", "--services", "shelter")
    made.consent(victim["ref"], "NO-SHELTER")
    made.call(*line, "--care-note", NOTE).ok()
    return made


@pytest.fixture
def strict(team: Team) -> Team:
    """The same, at an agency that wants to know why."""
    team.call("config", "set", "reason-for", "identity,care").ok()
    return team


def reads(team: Team) -> set[tuple[Any, ...]]:
    return {
        (one["kind"], one["part"], one["way"], one["reason"]) for one in team.data("disclosures", "--reads")
    }


async def open_victim(app: TaskforceApp, pilot: Pilot[Any]) -> None:
    """Find the victim by the name, and open the record."""
    await press(pilot, "slash")
    await until(pilot, lambda: isinstance(app.screen, SearchDialog))
    await write(pilot, NAME)
    await press(pilot, "enter")
    await until(pilot, lambda: not isinstance(app.screen, SearchDialog))
    await settle(pilot)


def test_what_is_looked_at_is_recorded_once_it_is_shown(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "r")
        assert NOTE in screen_text(app)
        assert reads(team) == {("referral", "care", "room", None)}
        await open_victim(app, pilot)
        assert NAME in screen_text(app) and "Thirsty" in screen_text(app)

    play(team, act)
    looked = team.data("disclosures", "--reads")
    assert {(one["kind"], one["part"]) for one in looked} == {
        ("referral", "care"),
        ("victim", "care"),
        ("victim", "identity"),
    }
    assert len(looked) == 3, "each once, however often the room reads anew"


def test_a_room_for_reading_records_it_too(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await open_victim(app, pilot)
        assert NAME in screen_text(app)

    before = team.data("doctor")["edits"]
    play(team, act, read_only=True)
    assert ("victim", "identity", "room", None) in reads(team)
    assert team.data("doctor")["edits"] == before


def test_the_reason_is_asked_for_once_a_record_and_until_then_nothing_is_shown(strict: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "r")
        assert NOTE not in screen_text(app) and "not shown without a reason: care" in screen_text(app)
        await press(pilot, "e")
        assert isinstance(app.screen, ReasonDialog)
        await press(pilot, "escape")
        assert not isinstance(app.screen, FormDialog)
        await open_victim(app, pilot)
        assert isinstance(app.screen, ReasonDialog)
        assert NAME not in all_text(app) and "Thirsty" not in all_text(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, ReasonDialog), "an empty reason is none"
        assert reads(strict) == set()
        await write(pilot, "She asked")
        await press(pilot, "enter")
        assert isinstance(app.screen, RecordDialog)
        await until(pilot, lambda: NAME in screen_text(app))
        assert "Thirsty" in screen_text(app)
        await press(pilot, "e")
        assert isinstance(app.screen, FormDialog)
        await press(pilot, "escape")
        await press(pilot, "escape")
        await open_victim(app, pilot)
        assert isinstance(app.screen, RecordDialog), "once for a record"
        app.desk.looks.forget()
        await press(pilot, "escape")
        assert NOTE not in screen_text(app)

    play(strict, act)
    assert reads(strict) == {
        ("victim", "care", "room", "She asked"),
        ("victim", "identity", "room", "She asked"),
    }


def all_text(app: TaskforceApp) -> str:
    """What stands on the screen and on those below it."""
    return screen_text(app) + "".join(
        str(widget.render()) for screen in app.screen_stack for widget in screen.query("Static")
    )


def test_whoever_gives_no_reason_sees_the_rest_of_the_record(strict: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await open_victim(app, pilot)
        await press(pilot, "escape")
        assert isinstance(app.screen, RecordDialog)
        shown = screen_text(app)
        assert "Age band" in shown
        assert NAME not in shown and "not shown without a reason: identity, care" in shown
        await press(pilot, "e")
        assert isinstance(app.screen, ReasonDialog)

    play(strict, act)
    assert reads(strict) == set()


def test_a_conflict_in_such_a_part_is_shown_once_the_reason_was_given(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelter = new_team(tmp_path / "shelter", "NO-SHELTER", "K. Nordvik")
    introduce(team, shelter)
    # Of a victim that a plan names nobody can prove who made it: both may write, and differ.
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "taskforce-plan: 1\nvictims:\n- key: met\n  gender: masculine\n  health: Tired\n  family_name: Petrauskas\n",
        encoding="utf-8",
    )
    team.call("import", str(plan)).ok()
    (ref,) = (each["ref"] for each in team.data("victim", "list") if each["gender"] == "masculine")
    for other in team.data("victim", "list"):
        if other["ref"] != ref:
            team.call("victim", "archive", other["ref"]).ok()
    team.consent(ref, "NO-SHELTER")
    sent = team.data("referral", "add", ref, "--to", "NO-SHELTER", "--services", "shelter")["ref"]
    team.call("referral", "send", sent).ok()
    team.call("export", "--to", "NO-SHELTER", "-o", str(tmp_path / "b")).ok()
    shelter.call("import", str(tmp_path / "b")).ok()
    shelter.consent(ref, "NO-POL")
    back = shelter.data("referral", "add", ref, "--to", "NO-POL", "--services", "legal")["ref"]
    shelter.call("referral", "send", back).ok()
    team.call("victim", "edit", ref, "--health", "Hungry").ok()
    shelter.call("victim", "edit", ref, "--health", "Cold").ok()
    hand_over(shelter, team)
    monkeypatch.setenv("TASKFORCE_NOW", (now() + timedelta(hours=1)).isoformat())

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c")
        assert isinstance(app.screen, ConflictsScreen) and "Hungry" in screen_text(app)

    play(team, act)
    assert ("victim", "care", "room", None) in reads(team)

    async def act_strictly(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c")
        assert isinstance(app.screen, ConflictsScreen) and "Hungry" not in screen_text(app)
        await open_victim(app, pilot)
        await write(pilot, "She asked")
        await press(pilot, "enter")
        await press(pilot, "escape", "l", "c")
        assert isinstance(app.screen, ConflictsScreen) and "Hungry" in screen_text(app)

    team.call("config", "set", "reason-for", "care").ok()
    play(team, act_strictly)
    assert ("victim", "care", "room", "She asked") in reads(team)


def test_a_setting_that_cannot_be_understood_opens_no_room(team: Team, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("reason-for: names\n")
    with pytest.raises(UsageError, match="reason-for"):
        play(team, lambda app, pilot: settle(pilot))


def test_where_it_cannot_be_written_that_is_said_and_what_needs_a_reason_stays_hidden(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_more: object) -> None:
        raise StoreError("the disk is full; nothing was changed")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        monkeypatch.setattr(disclosures, "add_reading", fail)
        await open_victim(app, pilot)
        assert NAME in screen_text(app)
        await until(pilot, lambda: "not recorded" in screen_text(app))

    play(team, act)

    async def act_strictly(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await open_victim(app, pilot)
        await write(pilot, "She asked")
        await press(pilot, "enter")
        assert isinstance(app.screen, ReasonDialog)
        assert NAME not in all_text(app) and "only if it is recorded" in screen_text(app)

    team.call("config", "set", "reason-for", "identity,care").ok()
    play(team, act_strictly)
    assert reads(team) == set()
