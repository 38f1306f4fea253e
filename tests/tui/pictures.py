"""Pictures of the room as text: what a person sees, cell by cell, and where a colour says more than the text.

A picture is the screen with whatever lies behind a dialog, and below it, for each line in which something is marked,
the same line in letters: `e` the colour of what is late or wrong, `a` of conflicts, `s` of what is well, `p` of refs
and commands; `_` is the cursor's row, and a capital letter is a mark in it. The letters are the theme's roles, not
its colours, so they are the same in every theme.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from rich.color import Color as RichColor
from rich.segment import Segment
from textual.app import App
from textual.color import Color, ColorParseError
from textual.pilot import Pilot
from textual.screen import Screen
from textual.scrollbar import ScrollBar
from textual.widgets import Footer, Input, TextArea
from textual.worker import WorkerCancelled

from taskforce.text import cells
from taskforce.tui.app import TaskforceApp

FOLDER = Path(__file__).parent / "pictures"
SIZES = ((80, 24), (120, 36))

_ROLES = {"e": "error", "a": "accent", "s": "success", "p": "primary"}
_UNDER_WAY = "opening …"
MARKS = "── marks ──"


@dataclass(frozen=True)
class Step:
    """Keys, and the name of the picture taken after them; without a name it is only a step on the way.

    A key that begins with `"` is text to type.
    """

    name: str
    keys: tuple[str, ...]

    def __init__(self, name: str, *keys: str) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "keys", keys)


def file_of(name: str, size: tuple[int, int]) -> Path:
    """Where a picture is kept."""
    return FOLDER / f"{name}-{size[0]}x{size[1]}.txt"


async def take_steps(app: TaskforceApp, pilot: Pilot[Any], steps: tuple[Step, ...]) -> dict[str, str]:
    """Press the keys of each step; the pictures by name."""
    taken = {}
    await calm(app, pilot)
    for step in steps:
        app.clear_notifications()
        for key in step.keys:
            for each in key[1:] if key.startswith('"') else (key,):
                await pilot.press(each)
            await calm(app, pilot)
        if step.name:
            taken[step.name] = await still_picture(app, pilot)
    return taken


@contextmanager
def time_standing_still() -> Iterator[None]:
    """No cursor blinks, nothing that was said goes away by itself, and no key is waited for longer than it takes."""
    notify = App.notify

    def keep(app: App[Any], message: str, **more: Any) -> None:
        notify(app, message, **{**more, "timeout": 3600})

    with (
        mock.patch.object(App, "notify", keep),
        mock.patch.object(Input, "_toggle_cursor", lambda _input: None),
        mock.patch.object(TextArea, "_toggle_cursor_blink_visible", lambda _area: None),
        mock.patch(
            "textual.app.wait_for_idle", _no_time
        ),  # which sleeps after every key; `calm` knows better
    ):
        yield


async def still_picture(app: TaskforceApp, pilot: Pilot[Any]) -> str:
    """The picture once nothing moves any more."""
    picture = ""
    while picture != (now := picture_of(app)) or _UNDER_WAY in now:
        picture = now
        await asyncio.sleep(0.02)
        await calm(app, pilot)
    return picture


async def calm(app: TaskforceApp, pilot: Pilot[Any]) -> None:
    """Wait until what the last key began is done and drawn."""
    while app.has_keys_waiting:
        await asyncio.sleep(0.002)  # spinning takes the time from the threads that are waited for
    for _round in range(3):
        await pilot._wait_for_screen()
        for worker in list(app.workers):
            if worker.is_running:
                with suppress(WorkerCancelled):  # a newer piece of the same work has taken its place
                    await worker.wait()
        app.screen._on_timer_update()


async def _no_time(*_seconds: float) -> None:
    await asyncio.sleep(0)


def picture_of(app: TaskforceApp) -> str:
    """The picture of what is shown now."""
    lines = list(_lines(app))
    meaning = Meaning.of(app)
    marks = []
    for row, line in enumerate(lines):
        letters, column = "", 0
        for segment in line:
            letters += meaning.letters(segment, column, row)
            column += segment.cell_length
        if letters.strip():
            marks.append(f"{row + 1:>2} {letters.rstrip()}")
    text = ["".join(segment.text for segment in line).rstrip() for line in lines]
    return "\n".join([*text, MARKS, *marks]) + "\n"


def difference(kept: Path, now: str) -> str:
    """What is another in the picture than in the file that keeps it; empty if nothing is."""
    before = kept.read_text(encoding="utf-8") if kept.exists() else ""
    lines = difflib.unified_diff(
        before.splitlines(), now.splitlines(), f"{kept.name} kept", f"{kept.name} now", lineterm=""
    )
    return "\n".join(lines)


def _lines(app: TaskforceApp) -> Iterator[list[Segment]]:
    # As App.export_screenshot does: with the screens that lie behind a dialog.
    drawn = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    for line in drawn.strips:  # type: ignore[union-attr]
        yield [segment for strip in line for segment in strip]


@dataclass(frozen=True)
class Meaning:
    """What the colours of the shown screen mean: those of each role in the present theme, by the role's letter."""

    screen: Screen[object]
    roles: dict[str, set[str]]

    @classmethod
    def of(cls, app: TaskforceApp) -> Meaning:
        """That of the shown screen in the present theme."""
        theme, names = app.current_theme, app.theme_variables
        return cls(
            app.screen,
            {
                letter: {
                    _name(colour)
                    for colour in (getattr(theme, role), names[role], names[f"text-{role}"])
                    if colour
                }
                for letter, role in _ROLES.items()
            },
        )

    def letters(self, segment: Segment, column: int, row: int) -> str:
        """The marks of a piece of a line; blanks for none.

        Behind a dialog everything is dimmed, and a footer has its keys in colours always: there is nothing to mark.
        """
        widget, _region = self.screen.get_widget_at(column, row)
        style = segment.style
        if (
            style is None
            or widget is self.screen
            or isinstance(widget, ScrollBar)
            or any(isinstance(each, Footer) for each in widget.ancestors_with_self)
        ):
            return " " * segment.cell_length
        colour = _own_name(style.color)
        role = next((letter for letter, names in self.roles.items() if colour in names), " ")
        resting = _own_name(widget.background_colors[1].rich_color)
        is_cursor = bool(style.reverse) or _own_name(style.bgcolor) != resting
        return "".join(
            " " if _is_drawn(each) else _mark(role if each.strip() else " ", is_cursor) * cells(each)
            for each in segment.text
        )


def _mark(role: str, is_cursor: bool) -> str:
    return (role.upper().strip() or "_") if is_cursor else role


def _name(colour: str) -> str:
    try:
        return _own_name(Color.parse(colour).rich_color)
    except ColorParseError:
        return colour


def _own_name(colour: RichColor | None) -> str:
    return "default" if colour is None else colour.name


def _is_drawn(character: str) -> bool:
    """Whether it is of a frame or a scrollbar."""
    return "─" <= character <= "▟"
