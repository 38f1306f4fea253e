"""What is shown before it is done; of a file that came: what it would change, and only then the taking in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from taskforce.actions.inbox import Mark, TakenIn, look_into, take_in_file
from taskforce.actions.session import Session
from taskforce.errors import Refused, TaskforceError
from taskforce.i18n import N_, _
from taskforce.reports import exchange_views
from taskforce.text import safe
from taskforce.tui.as_command import command_line
from taskforce.tui.room_keys import PREVIEW_KEYS
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomDialog
from taskforce.tui.text_lines import laid_out
from taskforce.tui.widgets.keys_line import KeysLine
from taskforce.tui.working import begin
from taskforce.views import Line

DRAWN_EVERY = 0.2
"""Seconds between two drawings of how far the work has come."""

T = TypeVar("T")


class Preview(RoomDialog[T]):
    """Shows what would be done; enter does it, escape leaves, and while work is under way it stops that work."""

    DEFAULT_CSS = """
    Preview > Vertical {
        width: 110;
        max-width: 100%;
        height: auto;
        max-height: 95%;
        background: $surface;
        border: round $primary;
    }
    Preview VerticalScroll { height: auto; max-height: 75vh; padding: 0 1; scrollbar-size-vertical: 1; }
    Preview #work { height: auto; padding: 0 1; }
    Preview Footer { dock: none; }
    """

    INDENT: ClassVar[int] = 4
    """By how much a line that goes on below is indented."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[Line | str] = ()
        self._label = ""  # what is under way; empty when nothing is
        self._steps = 0
        self._wants_stop = False

    def compose(self) -> ComposeResult:
        """What would be done, how far the work is, the keys."""
        with Vertical():
            with VerticalScroll():
                yield Static("", id="preview", markup=False)
            yield Static("", id="work", markup=False)
            yield KeysLine()

    def on_mount(self) -> None:
        """Begin to look."""
        self.query_one(VerticalScroll).focus()
        self.set_interval(DRAWN_EVERY, self._draw_work)
        self.look()

    def on_unmount(self) -> None:
        """Whoever leaves the room leaves no work behind that would keep it from ending."""
        self._wants_stop = True

    def on_resize(self) -> None:
        """Lay the lines out anew."""
        self._draw()

    def look(self) -> None:
        """Find out what would be done, and show it."""
        begin(self, self.preview, "preview")

    @abstractmethod
    async def preview(self) -> None:
        """Find out what would be done, and `show` it."""

    @abstractmethod
    async def do(self) -> None:
        """Do it."""

    @property
    @abstractmethod
    def can_do(self) -> bool:
        """Whether what is shown may be done."""

    def show(self, lines: Sequence[Line | str]) -> None:
        """Show these lines."""
        self._lines = lines
        self._draw()
        self.refresh_bindings()

    def show_error(self, heading: str, error: TaskforceError) -> None:
        """Show why it cannot be done, and what to do."""
        lines: list[Line | str] = [Line(heading, "heading"), ""]
        for problem in error.listed():
            lines.append(Line(f"! {_('error')}: {problem.sentence}", "late"))
            if problem.hint:
                lines.append("  " + _("hint: %(text)s") % {"text": problem.hint})
        if error.problems and error.hint:
            lines.append("  " + _("hint: %(text)s") % {"text": error.hint})
        self.show([*lines, "", Line(_("nothing was changed"), "muted")])

    # ── work under way ──

    def begin_work(self, label: str) -> None:
        """Say that work is under way; from now on escape stops it."""
        self._label, self._steps, self._wants_stop = label, 0, False
        self._draw_work()
        self.refresh_bindings()

    def end_work(self) -> None:
        """The work is over."""
        self._label = ""
        if self.is_attached:
            self._draw_work()
            self.refresh_bindings()

    def step(self, steps: int) -> None:
        """Count what the acting thread did; ends its work where somebody wants it stopped."""
        self._steps += steps
        if self._wants_stop:
            raise Refused(_("stopped; nothing was changed"), code="stopped")

    @property
    def is_working(self) -> bool:
        """Whether work is under way."""
        return bool(self._label)

    # ── keys ──

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter is offered only for what may be done."""
        if action == "do":
            return self.can_do and not self.is_working and not self.desk.read_only
        return super().check_action(action, parameters)

    def action_do(self) -> None:
        """Do what is shown."""
        if not self.refuses_unseen():
            begin(self, self.do, "do")

    async def action_leave(self) -> None:
        """Leave; stop first what is under way."""
        if self.is_working:
            self._wants_stop = True
            self._draw_work()
        else:
            self.dismiss(None)

    def action_scroll(self, by: int) -> None:
        """Scroll by some lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def _draw(self) -> None:
        width = min(110, self.app.size.width) - 5
        self.query_one("#preview", Static).update(laid_out(self._lines, width, indent=self.INDENT))

    def _draw_work(self) -> None:
        text = ""
        if self._label:
            count = f"  {self._steps:,}" if self._steps else ""
            what = _("stopping …") if self._wants_stop else _("esc stops it")
            text = f"◑ {self._label} …{count} · {what}"
        self.query_one("#work", Static).update(content_of(Line(text, "command")))


class FileDialog(Preview[TakenIn]):
    """A plan or bundle that came: what it would change; enter takes it in."""

    BINDINGS = [
        Binding(
            "enter",
            "do",
            N_("Take it in"),
            id="file.take-in",
            tooltip=N_("Make the changes that are shown, all of them or none"),
        ),
        *PREVIEW_KEYS,
    ]

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._called = safe(path.name)
        self.mark: Mark | None = None
        self.found: TakenIn | None = None

    @property
    def can_do(self) -> bool:
        """Whether the file brings anything new."""
        return self.found is not None and self.found.is_new

    def as_command(self) -> str:
        """The command that takes it in."""
        return import_command(self._path)

    async def preview(self) -> None:
        """Look into the file: a dry run, which leaves nothing behind."""
        self.found, self.mark = None, None
        self.show([Line(self._called, "heading")])
        self.begin_work(_("Looking into it"))
        try:
            found, self.mark = await self.desk.look_into(
                lambda session: look_into(session, self._path, progress=self.step)
            )
        except TaskforceError as error:
            if error.code == "stopped":
                self.dismiss(None)
            elif error.code == "not-addressed":
                self.show_error(_("%(name)s: sealed for others") % {"name": self._called}, error)
            else:
                self.show_error(self._called, error)
            return
        finally:
            self.end_work()
        self.found = found
        head, *rest = exchange_views.taken_lines(found, keys=True)
        lines: list[Line | str] = [head]
        if found.bundle is not None:
            lines += [Line(exchange_views.origin_line(found.bundle), "muted"), *rest]
            lines += ["", *exchange_views.touched_lines(found.bundle)] if found.bundle.some else []
        else:
            lines += rest
        if self.desk.read_only:
            lines += ["", Line("  " + _("this room is only for reading: nothing is taken in"), "muted")]
        self.show(lines)

    async def do(self) -> None:
        """Take the file in, as it was looked into."""
        mark = self.mark
        if mark is None:
            return

        def take(session: Session) -> TakenIn:
            return take_in_file(session, self._path, mark, progress=self.step)

        self.begin_work(_("Taking it in"))
        try:
            taken = await self.try_acting(take, exchange_views.taken_sentence)
        finally:
            self.end_work()
        if taken is not None:
            self.dismiss(taken)
        else:
            self.look()

    async def action_leave(self) -> None:
        """Leave; whoever opened this hears whether the file brings anything new."""
        if not self.is_working and self.found is not None and not self.found.is_new:
            self.dismiss(self.found)
        else:
            await super().action_leave()


def import_command(path: Path) -> str:
    """The command that takes a file in."""
    return command_line("import", str(path))
