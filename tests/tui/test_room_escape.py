"""Escape: first it leaves what is nearest, and where nothing is to be left it leads to the room."""

from __future__ import annotations

from typing import Any

from program import Team
from room import play, press, settle
from textual.pilot import Pilot

from taskforce.tui.app import TaskforceApp


def test_escape_leads_back_to_the_room_from_every_screen(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        for mode in app.MODES:
            if mode in ("room", "wall"):
                continue
            await app.switch_mode(mode)
            await settle(pilot)
            await press(pilot, "escape")
            assert app.current_mode == "room", mode
        await press(pilot, "escape")
        assert app.current_mode == "room"

    play(team, act)


def test_escape_first_leaves_what_is_nearer_and_only_that(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        for keys, mode in (
            (("a", "f", "x"), "assignments"),  # the filter that is being typed
            (("f", "i", "n", "s", "enter"), "assignments"),  # one that holds
            (("space",), "assignments"),  # marks
            (("n",), "assignments"),  # a form
            (("enter",), "assignments"),  # a record
            (("question_mark",), "assignments"),
            (("ctrl+p",), "assignments"),
            (("l", "t", "1"), "log"),  # the time to go to
            (("i", "x"), "log"),  # the log line
            (("c", "e"), "conflicts"),  # a value that is being written
            (("x", "i"), "exchange"),  # a path
        ):
            await press(pilot, *keys)
            await press(pilot, "escape")
            assert app.current_mode == mode, keys
            assert not app.screen.is_modal, keys
        await press(pilot, "escape")
        assert app.current_mode == "room"

    play(team, act)
