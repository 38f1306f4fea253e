"""Drives the real room over a real store, and reads its screen as a person does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from program import Team
from textual.app import App
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Static
from textual.widgets._toast import Toast

from taskforce.actions.unlocking import Opener
from taskforce.tui.app import TaskforceApp
from taskforce.tui.desk import Desk

Play = Callable[[TaskforceApp, Pilot[Any]], Awaitable[None]]


def desk_of(team: Team, **more: Any) -> Desk:
    """The team's store, open."""
    opener = Opener(team.store, str(team.key))
    return Desk(opener, opener.open(), **more)


def play(
    team: Team, act: Play, *, size: tuple[int, int] = (120, 36), wall: bool = False, **more: Any
) -> None:
    """Run the room without a terminal and let `act` use it."""

    async def run() -> None:
        desk = desk_of(team, **more)
        app = TaskforceApp(desk, wall=wall)
        try:
            async with app.run_test(size=size, notifications=True) as pilot:
                await settle(pilot)
                await act(app, pilot)
        finally:
            desk.close()

    asyncio.run(run())


async def settle(pilot: Pilot[Any]) -> None:
    """Wait until everything that was begun is done and drawn: until nothing was under way after a pause, twice."""
    await keys_done(pilot)
    quiet = 0
    for _round in range(30):  # mostly two; more where the machine has other work
        await pilot.pause()
        if all(worker.is_finished for worker in pilot.app.workers) and _is_said(pilot.app):
            quiet += 1
            if quiet == 2:
                return
        else:
            quiet = 0
            await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def _is_said(app: App[Any]) -> bool:
    """Whether all that is to be said is on the screen."""
    return sum(1 for toast in app.screen.query(Toast) if toast.region.height) >= len(app._notifications)


async def keys_done(pilot: Pilot[Any]) -> None:
    """Wait until the screen is there that the last key leads to, as a person does who looks at it."""
    app = cast(TaskforceApp, pilot.app)
    while app.has_keys_waiting:
        await asyncio.sleep(0.005)


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys, and wait until what they began is done."""
    for key in keys:
        await pilot.press(key)
        await keys_done(pilot)
    await settle(pilot)


async def write(pilot: Pilot[Any], text: str) -> None:
    """Type a text into what is focused."""
    names = {
        " ": "space",
        "/": "slash",
        ".": "full_stop",
        ",": "comma",
        ":": "colon",
        "-": "minus",
        "+": "plus",
    }
    await pilot.press(*(names.get(character, character) for character in text))
    await settle(pilot)


def screen_text(app: TaskforceApp) -> str:
    """What is on the screen, line by line, without colours."""
    width, height = app.size
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line).rstrip()[:width] for line in lines[:height])


def said(app: TaskforceApp) -> str:
    """The sentences that are shown for some seconds, as they are before their lines are broken."""
    assert _is_said(app)
    return "\n".join(each.message for each in app._notifications)


def says(app: TaskforceApp, text: str) -> bool:
    """Whether that is among what is shown for some seconds, or about to be: for what is waited for."""
    return any(text in each.message for each in app._notifications)


def detail_text(app: TaskforceApp) -> str:
    """What is shown of the record under the cursor, as it is before its lines are broken."""
    content = app.screen.query_one("#record", Static).content
    assert isinstance(content, Content)
    return content.plain


async def until(pilot: Pilot[Any], holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds: for what another process does."""
    for _round in range(int(seconds / 0.05)):
        if holds():
            return
        await pilot.pause(0.05)
    raise AssertionError(f"still not after {seconds} s:\n{screen_text(pilot.app)}")  # type: ignore[arg-type]
