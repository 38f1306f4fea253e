"""Names a file: what is typed is looked at while it is typed, and completed from what is there."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.suggester import Suggester
from textual.widgets import Input, Static

from taskforce.actions.inbox import Glance, glance_at
from taskforce.i18n import N_, _
from taskforce.text import safe
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomDialog
from taskforce.tui.widgets.keys_line import KeysLine
from taskforce.tui.working import begin
from taskforce.views import Line

_MOST = 2_000  # names of a folder that are gone through for a completion


class PathDialog(RoomDialog[Path]):
    """Asks for the path of a bundle or plan; gives it once there is a file."""

    DEFAULT_CSS = """
    PathDialog > Vertical {
        width: 90;
        max-width: 100%;
        height: auto;
        background: $surface;
        border: round $primary;
        padding: 0 1;
    }
    PathDialog Input { border: none; height: 1; padding: 0; background: $surface; margin: 1 0; }
    PathDialog Input:focus { border: none; }
    PathDialog Footer { dock: none; }
    """

    BINDINGS = [
        Binding(
            "enter",
            "open",
            N_("Look into it"),
            id="path.open",
            tooltip=N_("What the file would change; nothing is taken in yet"),
            priority=True,
        ),
        Binding(
            "tab",
            "complete",
            N_("Complete"),
            id="path.complete",
            tooltip=N_("Take the grey end of the path"),
            priority=True,
        ),
        Binding("escape", "leave", N_("Leave"), id="path.leave", tooltip=N_("No file is looked into")),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._is_file = False

    def compose(self) -> ComposeResult:
        """The line, and below it what is there."""
        with Vertical():
            yield Static(content_of(Line(_("Which file? A bundle or a plan"), "heading")), markup=False)
            yield Input(placeholder=_("path, such as ~/inbox/next.bundle"), suggester=_Files())
            yield Static("", id="answer", markup=False)
            yield KeysLine()

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    @property
    def path(self) -> Path:
        """What is typed, as a path."""
        return Path(os.path.expanduser(self.query_one(Input).value.strip()))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._is_file = False
        self.refresh_bindings()
        begin(self, partial(self._look, event.value), "look")

    async def _look(self, typed: str) -> None:
        line = Line("")
        if typed.strip():
            path = self.path
            what = await asyncio.to_thread(_what_is_at, path)
            if what == "file":
                found = await self.try_reading(lambda session: glance_at(session, path))
                line = _told(found) if found is not None else line
            else:
                line = Line(what, "late")
            if typed != self.query_one(Input).value:
                return
            self._is_file = what == "file"
        self.query_one("#answer", Static).update(content_of(line))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter is offered once there is a file."""
        return self._is_file if action == "open" else super().check_action(action, parameters)

    def action_open(self) -> None:
        """Give the path."""
        self.dismiss(self.path)

    def action_complete(self) -> None:
        """Take the suggestion."""
        self.query_one(Input).action_cursor_right()


def _what_is_at(path: Path) -> str:
    """`file`, or why it is none."""
    try:
        if path.is_dir():
            return _("this is a folder; go on typing")
        if path.is_file():
            return "file"
        return _("this is no plain file") if path.exists() else _("nothing is there yet; go on typing")
    except (OSError, ValueError) as error:
        return _("this cannot be read: %(reason)s") % {
            "reason": os.strerror(getattr(error, "errno", 0) or 22)
        }


def _told(found: Glance) -> Line:
    """What a file says it is."""
    if found.what == "bundle":
        return Line(
            "● " + _("bundle %(number)d from %(agency)s") % {"number": found.number, "agency": found.agency},
            "ok",
        )
    if found.what in ("others", "broken"):
        return Line(f"! {safe(found.fault) or _('this bundle is for others')}", "late")
    if found.what == "card":
        return Line(_("a card; it is added with: taskforce peer add CARD"), "late")
    if found.what == "database":
        return Line(_("a database, neither a plan nor a bundle"), "late")
    return (
        Line("● " + _("plan"), "ok") if found.what == "plan" else Line(_("a file; perhaps a plan"), "muted")
    )


class _Files(Suggester):
    """Completes a path by the first name in its folder that begins as it does."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The path completed, or None."""
        return await asyncio.to_thread(_completed, value)


def _completed(value: str) -> str | None:
    folder, begin = os.path.split(value)
    if not begin:
        return None
    names = []
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as entries:
            for place, each in enumerate(entries):
                if place >= _MOST:
                    break
                if each.name.startswith(begin) and each.name.isprintable():
                    names.append(each.name + ("/" if each.is_dir() else ""))
    except (OSError, ValueError):
        return None
    return os.path.join(folder, min(names)) if names else None
