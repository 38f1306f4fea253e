"""What is said for some seconds hides neither the keys nor the line that is being typed into."""

from __future__ import annotations

from typing import Any

import pytest
from program import Team
from room import play, press, settle, write
from textual.pilot import Pilot
from textual.widgets._toast import Toast

from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.base import RoomDialog
from taskforce.tui.toasts import dialog_place
from taskforce.tui.widgets.fields import FieldRow
from taskforce.tui.widgets.keys_line import KeysLine


def hides_nothing(app: TaskforceApp, *, clear: bool = True) -> None:
    """Fail unless something is said, and it lies over neither keys nor what is typed."""
    focused = app.screen.focused
    assert focused is not None
    row = next((each for each in focused.ancestors_with_self if isinstance(each, FieldRow)), focused)
    toasts = [toast.region for toast in app.screen.query(Toast)]
    assert toasts
    for toast in toasts:
        assert toast.height > 2, "it can be read"
        assert app.screen.region.contains_region(toast)
        assert not toast.overlaps(app.screen.query_one(KeysLine).region)
        assert not toast.overlaps(row.region)
    if clear:
        app.clear_notifications()


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_what_is_said_while_somebody_types_lies_beside_it(team: Team, size: tuple[int, int]) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "i")
        await write(pilot, "gate")
        await press(pilot, "enter")
        hides_nothing(app)  # below, in the last line above the keys
        await press(pilot, "escape", "l", "t")
        await write(pilot, "zzz")
        await press(pilot, "enter")
        hides_nothing(app)  # above, in the first line
        await press(pilot, "escape", "a", "n")
        rows = list(app.screen.query(FieldRow))
        for row in rows[::4] + rows[-1:]:
            row.focus_line()
            await pilot.pause()
            app.say("something is said\nat some length", hint="and what to do", is_error=True)
            await pilot.pause()
            hides_nothing(app)
        app.say("something is said at last")
        for row in (rows[-1], rows[0], rows[-2]):  # it goes out of the way of who moves on
            row.focus_line()
            await settle(pilot)
            hides_nothing(app, clear=False)

    play(team, act, size=size)


@pytest.mark.parametrize(("size", "keys"), [((120, 36), "m"), ((80, 24), "v")])
def test_what_is_said_does_not_lie_over_a_dialog_that_is_read(
    team: Team, size: tuple[int, int], keys: str
) -> None:
    ref = team.data("assignment", "list")[0]["ref"]
    team.call("assignment", "accept", ref).ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "z", "Z", "z")
        assert 0 < len(app.screen.query(Toast)) <= 2, "the newest"
        await press(pilot, keys)
        box = dialog_place(app.screen)
        assert isinstance(app.screen, RoomDialog) and box.height > 4
        assert not [toast for toast in app.screen.query(Toast) if toast.region.overlaps(box)]
        app.say("said in the dialog, of what is typed there")
        await settle(pilot)
        hides_nothing(app)

    play(team, act, size=size)
