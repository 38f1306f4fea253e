"""Keys that come faster than the screens: none is lost, none lands elsewhere, none confirms what was not to be seen."""

from __future__ import annotations

import time
from typing import Any

import pytest
from program import Team
from room import play, press, screen_text, settle, until
from test_room_lock_attacks import at_once, shows_nothing, somebody_writing
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input

from taskforce.tui.app import TaskforceApp
from taskforce.tui.widgets.record_table import RecordTable


def types(app: TaskforceApp, text: str, *before: str) -> None:
    """Press keys and then type a text, all of it at once."""
    at_once(app, *before, *("space" if each == " " else each for each in text))


async def all_done(app: TaskforceApp, pilot: Pilot[Any]) -> None:
    """Wait until every key has done what it does."""
    await pilot.pause()
    await until(pilot, lambda: not app.has_keys_waiting)
    await settle(pilot)


def typed_in(app: TaskforceApp) -> str:
    """What stands in the line that is being typed into."""
    return app.focused.value if isinstance(app.focused, Input) else f"no line: {app.focused}"


@pytest.mark.parametrize(
    ("keys", "shown", "text"),
    [
        (("a", "n"), "FormDialog", "Look again"),
        (("slash",), "SearchDialog", "compound"),
        (("a", "f"), "AssignmentsScreen", "compound"),
        (("l", "i"), "LogScreen", "gate open"),
        (("l", "t"), "LogScreen", "14"),
        (("x", "i"), "PathDialog", "inbox"),
        (("v", "enter"), "ReferDialog", "22"),
        (("c", "e"), "ConflictsScreen", " or so"),
        (("a", "ctrl+p"), "CommandPalette", "redo"),
        (("a", "enter", "e"), "FormDialog", " again"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_text_typed_right_after_the_keys_that_lead_to_its_line_stands_in_it(
    team: Team, keys: tuple[str, ...], shown: str, text: str
) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        types(app, text, *keys)
        await until(pilot, lambda: type(app.screen).__name__ == shown and typed_in(app).endswith(text))

    play(team, act)


def test_keys_right_after_one_another_do_what_they_do_one_by_one(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "j", "j", "enter", "h")
        slowly = screen_text(app)
        await press(pilot, "q", "1")
        at_once(app, "a", "g", "j", "j", "enter", "h")
        await until(pilot, lambda: screen_text(app) == slowly)
        at_once(app, "q", "escape", "r", "5", "x", "l", "f", "escape", "escape", "a")
        await all_done(app, pilot)
        assert app.current_mode == "assignments"
        assert not app.screen.is_modal

    play(team, act)


@pytest.mark.parametrize(
    "keys",
    [
        ("a", "d"),
        ("a", "A"),
        ("a", "D"),
        ("a", "m", "enter"),
        ("a", "m", "down", "enter", "ctrl+s"),
        ("r", "d"),
        ("c", "1"),
        ("c", "enter"),
        ("c", "b"),
        ("x", "w", "enter"),
        ("x", "enter", "enter", "enter"),
        ("a", "ctrl+p", "enter", "enter"),
        ("o", "down", "enter"),
        ("v", "enter", *"22", "enter", "f", "enter", "enter", "enter", "enter", "enter", "enter", "enter"),
    ],
    ids="-".join,
)
def test_no_key_confirms_what_was_not_shown_yet_when_it_was_pressed(
    team: Team, keys: tuple[str, ...]
) -> None:
    before = team.fingerprint()
    files = set(team.folder.rglob("*.bundle"))

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        at_once(app, *keys)
        await all_done(app, pilot)
        assert app.current_mode != "room" or app.screen.is_modal

    play(team, act)
    assert team.fingerprint() == before
    assert set(team.folder.rglob("*.bundle")) == files


def test_who_has_seen_it_confirms_at_the_first_key(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        at_once(app, "c")
        await all_done(app, pilot)
        at_once(app, "1")
        await until(pilot, lambda: "stands" in screen_text(app))

    play(team, act)
    assert team.data("conflict", "list") == []


def test_a_form_is_saved_by_who_has_typed_into_it_however_fast(team: Team) -> None:
    """What is saved was typed here; but an unseen draft from last time is not saved with it."""

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        types(app, "Look again", "a", "n")
        at_once(app, "ctrl+s")
        await all_done(app, pilot)
        await until(pilot, lambda: "came before" in screen_text(app))
        at_once(app, "ctrl+s")
        await until(pilot, lambda: "saved" in screen_text(app))

    play(team, act)


def test_the_lock_waits_for_no_key_and_what_was_typed_ahead_is_typed_nowhere(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        types(app, "abc", "a", "n")
        at_once(app, "ctrl+l")
        await until(pilot, lambda: app.desk.is_locked)
        await pilot.pause(0.2)
        shows_nothing(app)
        assert not app.has_keys_waiting
        assert all("abc" not in line.value for line in app.screen.query(Input))

    play(team, act)


def test_while_another_program_writes_the_keys_are_free_again_after_a_moment(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a")
        with somebody_writing(team):
            at_once(app, "d", "j", "l")
            await until(pilot, lambda: app.current_mode == "log", seconds=4)

    play(team, act)


def test_the_keys_of_one_screen_are_not_held_back_by_one_another(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "5", "E")
        table = app.screen.query_one(RecordTable)
        begun = time.monotonic()
        at_once(app, *["j", "k"] * 40, "j")
        await until(pilot, lambda: table.cursor == 1 and not app.has_keys_waiting)
        assert time.monotonic() - begun < 2
        at_once(app, *["j"] * 40)
        await all_done(app, pilot)
        assert table.cursor == table.row_count - 1

    play(team, act)


def test_the_palette_takes_what_is_typed_ahead(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        types(app, "lanes", "a", "ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette) and "Lanes" in screen_text(app))

    play(team, act)
