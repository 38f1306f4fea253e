"""What stands at the foot of a screen: whole keys, the one for help always, and none that would only type a letter."""

from __future__ import annotations

from typing import Any

import pytest
from program import Team
from room import play, press, settle
from textual.pilot import Pilot
from textual.widgets._footer import FooterKey

from taskforce.tui.app import TaskforceApp
from taskforce.tui.widgets.keys_line import KeysLine


def told(app: TaskforceApp) -> list[str]:
    """The keys at the foot of the shown screen, left to right; fails where one is cut or hidden."""
    line = app.screen.query_one(KeysLine)
    keys = sorted(line.query(FooterKey), key=lambda key: key.region.x)
    end = line.region.x
    for key in keys:
        assert key.region.x >= end, f"{key.description} lies below what is before it"
        end = key.region.right - 1  # the last cell is blank
    assert end <= line.region.right, "the last one is cut"
    return [key.key_display for key in keys]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_keys_are_whole_and_help_is_always_among_them(team: Team, width: int) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        for keys in ("1", "a", "r", "l", "5", "x", "c", "escape", "a", "n"):
            await press(pilot, keys)
            await settle(pilot)
            assert {"?", "f1"} & set(told(app)), keys
            assert ("esc" in told(app)) == (app.current_mode != "room"), keys

    play(team, act, size=(width, 24))


def test_who_types_is_shown_no_key_that_would_type_a_letter(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        for keys in (
            ("i",),
            ("escape", "l", "t"),
            ("escape", "a", "f"),
            ("escape", "c", "e"),
            ("escape", "slash"),
        ):
            await press(pilot, *keys)
            await settle(pilot)
            shown = told(app)
            assert "f1" in shown
            assert [one for one in shown if len(one) == 1 and one.isascii()] == [], keys

    play(team, act, size=(80, 24))


def test_more_keys_are_shown_where_the_terminal_grows(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a")
        few = told(app)
        await pilot.resize_terminal(140, 24)
        await settle(pilot)
        assert len(told(app)) > len(few)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert told(app) == few

    play(team, act, size=(80, 24))


def test_search_and_correct_say_their_own_keys_and_a_room_for_reading_offers_no_marks(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "slash", *"gate")
        assert told(app) == ["↓", "⏎", "esc", "f1"]
        await press(pilot, "down")
        assert "⏎" not in told(app)
        await press(pilot, "enter", "escape", "escape", "l", "C")
        assert "^s" in told(app) and "enter" not in told(app)

    async def reading(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a")
        assert "space" not in told(app)

    play(team, act)
    play(team, reading, read_only=True)
