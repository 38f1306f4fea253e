"""The line that writes into the operation's log: one key away, with what stands above it still readable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static
from textual.worker import WorkType

from taskforce.actions import logbook
from taskforce.actions.drafting import forget_draft
from taskforce.actions.session import Session
from taskforce.errors import Refused
from taskforce.i18n import N_, _
from taskforce.records.codes import LOG_CATEGORIES
from taskforce.records.registry import get_kind
from taskforce.store.queries import Record
from taskforce.tui.safety import content_of
from taskforce.tui.widgets.kept_line import KeptLine
from taskforce.tui.widgets.top_line import TopLine
from taskforce.views import Line

if TYPE_CHECKING:
    from taskforce.tui.app import TaskforceApp
    from taskforce.tui.screens.base import RoomScreen

DRAFT = "log/line"
"""The name under which the store keeps what is typed here: the same on every screen that has the line."""

_LEAST = 2  # letters of a kind's name after which it is proposed


class Categories(Suggester):
    """Proposes the kind of entry whose name is being typed; the right arrow or Tab takes it."""

    def __init__(self) -> None:
        super().__init__(case_sensitive=False, use_cache=False)

    async def get_suggestion(self, value: str) -> str | None:
        """The whole announcement, such as `decision: `, for its beginning."""
        if len(value) < _LEAST:
            return None
        for code, label in LOG_CATEGORIES.items():
            for name in (code, label.lower(), _(label).lower()):
                if name.startswith(value):
                    return f"{name}: "
        return None


class EntryLine(KeptLine):
    """The line itself."""

    BINDINGS = [
        Binding(
            "escape",
            "leave",
            N_("Back"),
            id="entry.leave",
            tooltip=N_("Let the keys go back up; what is typed stays"),
            key_display="esc",
        ),
        Binding(
            "tab",
            "complete",
            N_("Complete"),
            id="entry.complete",
            tooltip=N_("Take the kind of entry that is proposed"),
            show=False,
        ),
        Binding(
            "down",
            "category(1)",
            N_("Kind of entry"),
            id="entry.next-kind",
            tooltip=N_("Decision, safety, victim met and others, one after the other"),
            key_display="↑↓",
        ),
        Binding(
            "up",
            "category(-1)",
            N_("Kind of entry before"),
            id="entry.previous-kind",
            tooltip=N_("The kinds of entry in the other direction"),
            show=False,
        ),
    ]

    HELP = N_(
        "Type what happened; enter writes it into the log, with the present time. A word and a colon say which "
        "kind of entry it is, such as decision: or safety:, and so do the up and down keys."
    )

    class Left(Message):
        """Somebody wants to go back to what they were reading; the text stays."""

    @dataclass
    class Written(Message):
        """Enter was pressed after this text."""

        text: str

    def on_key(self, event: events.Key) -> None:
        """Take the text at once on enter: what is typed on, or enter pressed twice, belongs to the next entry."""
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            text = self.value
            if text.strip() and not self._owner.refuses_unseen():
                self.used()
                self.post_message(self.Written(text))

    def action_leave(self) -> None:
        """Go back, and keep the text."""
        self.post_message(self.Left())

    def action_complete(self) -> None:
        """Take what is proposed; go back where nothing is."""
        if self._suggestion and self.cursor_at_end:
            self.action_cursor_right()
        else:
            self.action_leave()

    def action_category(self, by: int) -> None:
        """Announce the next kind of entry, or the one before."""
        codes = list(LOG_CATEGORIES)
        category, text = logbook.recognise(self.value)
        code = codes[(codes.index(category or codes[0]) + by) % len(codes)]
        self.value = f"{code}: {text}" if code != codes[0] else text
        self.cursor_position = len(self.value)


class QuickEntry(Horizontal):
    """The line, and before it which kind of entry it will be. Enter writes the entry and keeps the line open."""

    DEFAULT_CSS = """
    QuickEntry { height: 1; background: $surface; }
    QuickEntry Static { width: auto; padding: 0 0 0 1; }
    QuickEntry EntryLine, QuickEntry EntryLine:focus {
        width: 1fr;
        height: 1;
        border: none;
        padding: 0 1;
        background: $surface;
    }
    QuickEntry:focus-within, QuickEntry:focus-within EntryLine { background: $surface-lighten-1; }
    """

    @dataclass
    class Saved(Message):
        """An entry was written."""

        entry: QuickEntry
        record: Record

        @property
        def control(self) -> QuickEntry:
            """The widget."""
            return self.entry

    @dataclass
    class Left(Message):
        """Escape was pressed: the keys should go back to what is above."""

        entry: QuickEntry

        @property
        def control(self) -> QuickEntry:
            """The widget."""
            return self.entry

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._writing = 0
        self._is_begun = False
        self._meant = ""  # the operation that was shown when this text was begun

    def compose(self) -> ComposeResult:
        """The kind of entry, and the line."""
        yield Static("", markup=False)
        yield EntryLine(draft=DRAFT, placeholder=_("write into the log: i"), suggester=Categories())

    def on_mount(self) -> None:
        """Show which kind of entry it is; nothing at all where nothing may be written."""
        self.display = not self._owner.desk.read_only
        self._tell("")

    @property
    def line(self) -> EntryLine:
        """The line to type into."""
        return self.query_one(EntryLine)

    def write(self) -> None:
        """Let the keys go into the line."""
        self.line.focus()

    async def load(self) -> None:
        """Show what was typed on another screen, or before a crash, and not written yet."""
        if not self._writing:  # what is being written now still stands in its draft
            await self.line.load()

    @property
    def _owner(self) -> RoomScreen:
        return cast("RoomScreen", self.screen)

    def _tell(self, text: str) -> None:
        category, _rest = logbook.recognise(text)
        if category:
            told = Line(f"✓ {_(LOG_CATEGORIES[category])} ›", "ok")
        else:
            told = Line(f"{_(LOG_CATEGORIES[_default()])} ›", "muted")
        self.query_one(Static).update(content_of(told))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value and not self._is_begun:
            shown = self.screen.query(TopLine)
            operation = shown.first().operation if shown else None
            self._meant = "" if operation is None else operation.id
        self._is_begun = bool(event.value)
        self._tell(event.value)

    @on(EntryLine.Left)
    def _left(self, event: EntryLine.Left) -> None:
        event.stop()
        self.post_message(self.Left(self))

    @on(EntryLine.Written)
    def _entered(self, event: EntryLine.Written) -> None:
        event.stop()
        self._writing += 1
        handed: WorkType[None] = partial(self._write, event.text, self._meant)
        self.run_worker(handed, group="write")

    async def _write(self, text: str, meant: str) -> None:
        def work(session: Session) -> Record:
            if meant and session.current_operation != meant:
                self._meant = session.current_operation
                raise Refused(
                    _("another operation was chosen meanwhile"),
                    hint=_("see on top which one it is; enter once more writes the entry there"),
                )
            if not session.current_operation:
                raise Refused(
                    _("no operation is chosen"),
                    hint=_("press escape to leave the line, then o to choose one"),
                )
            record = logbook.write(session, text)
            forget_draft(session, DRAFT)
            return record

        try:
            record = await self._owner.try_acting(work, lambda one: _("written: %(ref)s") % {"ref": one.ref})
        finally:
            self._writing -= 1
        if record is not None:
            self.post_message(self.Saved(self, record))
            return
        cast("TaskforceApp", self.app).look()
        line = self.line
        self._is_begun = True
        line.value = f"{text} {line.value}".rstrip()
        line.cursor_position = len(line.value)


def _default() -> str:
    field = get_kind("log").field("category")
    assert field is not None
    return field.default
