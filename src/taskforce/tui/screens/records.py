"""A screen of one kind: its table with a filter, and beside it, or over it, the record under the cursor."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from taskforce.actions import keeping, reading
from taskforce.actions.erasing import may_erase
from taskforce.actions.references import label_of, names_for
from taskforce.actions.session import Session
from taskforce.i18n import _, ngettext
from taskforce.records.registry import get_kind
from taskforce.records.schema import Kind
from taskforce.reports.record_views import fields_of
from taskforce.store import pages
from taskforce.store.queries import Record
from taskforce.tui.as_command import command_line, named
from taskforce.tui.looks import hidden_line
from taskforce.tui.proposal_lines import above_detail
from taskforce.tui.room_keys import RECORDS_KEYS
from taskforce.tui.rows import Page, Wanted, first_open, order_of, page_of
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomDialog, RoomScreen
from taskforce.tui.widgets.record_table import RecordTable, empty_text
from taskforce.tui.working import begin, unhurried
from taskforce.views import Fields, Line


class RecordsScreen(RoomScreen):
    """Every record of `KIND`: filter, mark, move, add, edit, archive, look at its history."""

    KIND: ClassVar[str] = ""
    points_at_record = True
    BINDINGS = RECORDS_KEYS

    def __init__(self) -> None:
        super().__init__()
        self.kind: Kind = get_kind(self.KIND)
        self.words = ""
        self.everywhere = False
        self._record: Record | None = None
        self._may_erase = False
        self._told = ""
        self._go_to: int | None = None  # the record that was just saved, once it is in the table

    def body(self) -> ComposeResult:
        """The filter, the table, the record."""
        yield Input(placeholder=_("filter: words, ref, agency, state"), id="filter", classes="hidden")
        with Horizontal(id="records"):
            yield RecordTable(self._page, id="table")
            with VerticalScroll(id="detail"):
                yield Static("", id="record", markup=False)
        yield Static("", id="count", markup=False)

    def on_mount(self) -> None:
        """The keys go to the table."""
        self.table.focus()

    @property
    def table(self) -> RecordTable:
        """The table."""
        return self.query_one(RecordTable)

    @property
    def pointed(self) -> int | None:
        """The row number of the record under the cursor."""
        return self.table.pointed

    @property
    def chosen(self) -> list[int]:
        """The row numbers of the records that a move is for: those marked, or the one under the cursor."""
        return self.table.chosen

    @property
    def record(self) -> Record | None:
        """The record under the cursor, as last read; None where it was not read yet."""
        found = self._record
        return found if found is not None and found.n == self.pointed else None

    async def current(self) -> Record | None:
        """The record under the cursor: what a key is for that was pressed before the record was read, too."""
        if self.record is None:
            await self.show_record(self.pointed)
        return self.record

    @property
    def has_slipped(self) -> bool:
        """Whether the record under the cursor went this very moment, and another has come there."""
        return self.table.has_slipped

    def refuses_slipped(self) -> bool:
        """Whether a key was probably meant for the record that stood under the cursor a moment ago; says so."""
        if self.refuses_unseen():
            return True
        if not self.has_slipped:
            return False
        self.room.say(_("nothing was done: the list has changed under the cursor"), is_error=True)
        return True

    async def load(self) -> None:
        """Read the order and the first page, then the record under the cursor."""
        wanted = Wanted(self.kind, self.words, everywhere=self.everywhere)
        table = self.table
        opens = table.pointed is None

        def read(session: Session) -> tuple[array[int], Page, int | None]:
            order = self.read_order(session, wanted)
            start = first_open(session, wanted) if opens else None
            return order, self.read_page(session, table.numbers_in_sight(order, start)), start

        found = await self.try_reading(read)
        if found is None or wanted.words != self.words:
            return
        order, page, start = found
        nothing = (
            _('nothing holds "%(words)s"; escape clears the filter') % {"words": self.words}
            if self.words
            else self.nothing_yet()
        )
        table.show(order, page, empty=nothing)
        if start is not None:
            table.start_at(start)
        if self._go_to is not None and table.go_to(self._go_to):
            self._go_to = None
        self._tell_count()
        await self.show_record(self.pointed)

    async def _page(self, numbers: Sequence[int]) -> Page:
        found = await self.try_reading(lambda session: self.read_page(session, numbers))
        return found or Page((), {}, {})

    # What a screen of a kind may do in its own way; the first three run in the reading thread.

    def read_order(self, session: Session, wanted: Wanted) -> array[int]:
        """The row numbers of all that the table shows, in order."""
        return order_of(session, wanted)

    def read_page(self, session: Session, numbers: Sequence[int]) -> Page:
        """The cells of some rows."""
        return page_of(session, self.kind, numbers)

    def read_detail(self, session: Session, record: Record) -> Content:
        """What is shown of the record under the cursor."""
        return detail_of(fields_of(record, names_for(session, [record]), session.now))

    def nothing_yet(self) -> str:
        """What an empty table says, and what to do next."""
        return empty_text(self.kind.plural)

    def _tell_count(self) -> None:
        text = self.count_text()
        # To draw it anew is to lay the whole screen out anew, and this is called at every move of the cursor.
        if text != self._told:
            self._told = text
            self.query_one("#count", Static).update(content_of(Line(" " + text, "muted")))

    def count_text(self) -> str:
        """The line below the table."""
        count = ngettext("%(count)s record", "%(count)s records", self.table.row_count)
        text = count % {"count": f"{self.table.row_count:,}"}
        sort = self.kind.field(self.kind.sort.lstrip("-"))
        if sort is not None and self.table.row_count > 1:
            text += " · " + _("sorted by %(field)s") % {"field": _(sort.label).lower()}
        marked = len(self.table.marks)
        if marked:
            text += " · " + ngettext("%(n)d marked", "%(n)d marked", marked) % {"n": marked}
        if self.words:
            text += " · " + _("filter: %(words)s") % {"words": self.words}
        if self.everywhere:
            text += " · " + _("all operations")
        return text

    # ── the record under the cursor ──

    @on(RecordTable.Pointed)
    async def _pointed(self, event: RecordTable.Pointed) -> None:
        self._tell_count()
        begin(self, partial(self.show_record, event.n), "record")

    async def show_record(self, n: int | None) -> None:
        """Read the record with row number `n` and show it beside the table."""
        if n is None:
            self._record = None
            self.query_one("#record", Static).update("")
            self.sees(())
            return
        kind, looks = self.kind, self.desk.looks

        def read(session: Session) -> tuple[Record, Content, bool] | None:
            found = pages.records_at(session.store.connection, kind, [n])
            if not found:
                return None
            record = found[0]
            detail = above_detail(session, record) + self.read_detail(session, looks.as_shown(record))
            return record, detail, may_erase(session, record)

        found = await self.try_reading(read)
        if found is None or n != self.pointed:
            return
        self._record, detail, self._may_erase = found
        if kept_back := looks.kept_back(self._record):
            detail = detail + content_of("\n", hidden_line(kept_back))
        self.query_one("#record", Static).update(detail)
        self.sees(reading.places_of(looks.as_shown(self._record)))
        self.refresh_bindings()

    @on(RecordTable.Opened)
    async def _opened(self, event: RecordTable.Opened) -> None:
        await self.open_record()

    async def open_record(self) -> None:
        """The record over the whole screen, with its history."""
        from taskforce.tui.screens.record import RecordDialog  # deferred: until one is opened

        record = await self.current()
        if record is not None:
            self.app.push_screen(RecordDialog(self.kind, record.id))

    # ── filter ──

    def action_filter(self) -> None:
        """Type into the filter."""
        field = self.query_one("#filter", Input)
        field.remove_class("hidden")
        field.focus()

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        self.words = event.value
        begin(self, self.load, "load")

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.table.focus()

    def action_clear(self) -> None:
        """Clear the filter and the marks."""
        self.table.marks = set()
        field = self.query_one("#filter", Input)
        field.value = ""
        field.add_class("hidden")
        self.table.focus()
        self.table.refresh()
        self._tell_count()
        self.refresh_bindings()

    @property
    def _is_narrowed(self) -> bool:
        """Whether there is anything for escape to take away: a filter, marks, a line that was opened to type into."""
        if not self.is_mounted:
            return False
        lines = [line for line in self.query(Input) if line.id in ("filter", "jump")]
        return bool(self.words or self.table.marks) or any(not line.has_class("hidden") for line in lines)

    def action_everywhere(self) -> None:
        """The current operation's records, or those of all."""
        self.everywhere = not self.everywhere
        self.reload()

    # ── doing ──

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done with the record under the cursor."""
        if action in ("add", "edit", "move", "archive", "do", "erase") and self.desk.read_only:
            return False
        possible = {
            "edit": self.kind.editable and self._record is not None,
            "archive": self.kind.editable and self._record is not None,
            "move": self.kind.lifecycle is not None and self._record is not None,
            "erase": self._may_erase and self.record is not None,
            "history": self._record is not None,
            "everywhere": self.kind.field("operation") is not None,
        }
        if action == "clear" and not self._is_narrowed:
            return False  # escape goes to the room
        if not possible.get(action, True) or (action == "do" and not self._allows(str(parameters[0]))):
            return False
        return super().check_action(action, parameters)

    def _allows(self, name: str) -> bool:
        """Whether the record under the cursor can make a move; of marked ones it is seen when it is made."""
        lifecycle, record = self.kind.lifecycle, self._record
        if lifecycle is None or record is None:
            return False
        if self.record is None:
            return True  # the cursor is ahead of what was read: the move itself sees to it
        state = record.text("status") or lifecycle.initial
        return bool(self.table.marks) or name in [move.name for move in lifecycle.allowed(state)]

    @unhurried
    async def action_do(self, name: str) -> None:
        """Make one move of the marked records, or of the one under the cursor; ask for what it needs."""
        from taskforce.tui.screens.moves import (
            MovesDialog,
            answering,
            moving,
            told,
        )  # deferred: until a move is made

        lifecycle, chosen = self.kind.lifecycle, self.chosen
        move = lifecycle.move(name) if lifecycle is not None else None
        if self.refuses_slipped():
            return
        record = await self.current()
        if record is None or move is None:
            return
        others = await self.try_reading(answering(self.kind, chosen, name))
        if others or any(ask.required for ask in move.asks):
            self.app.push_screen(MovesDialog(self.kind, record, chosen, move=name))
            return
        self.table.leaving = set(chosen)
        work = moving(self.kind, chosen, name, {})
        await self.try_acting(work, lambda moved: told(move, moved))

    def action_add(self) -> None:
        """A form for a new record."""
        from taskforce.tui.screens.form import FormDialog  # deferred: until a form is opened

        self.app.push_screen(FormDialog(self.kind), self._made)

    async def action_edit(self) -> None:
        """A form for the record under the cursor."""
        from taskforce.tui.screens.form import FormDialog  # deferred: as above

        record = await self.current()
        if record is not None:
            form = partial(FormDialog, self.kind, record)
            self.with_reason(record, lambda: self._open_form(form()))

    def _open_form(self, form: RoomDialog[Record]) -> None:
        self.app.push_screen(form, self._made)

    def _made(self, record: Record | None) -> None:
        if record is not None:
            self._go_to = record.n
            self.reload()

    async def action_move(self) -> None:
        """The moves that the record's state allows; one key makes one, for every marked record."""
        from taskforce.tui.screens.moves import MovesDialog  # deferred: as above

        chosen, record = self.chosen, await self.current()
        if record is not None:
            self.app.push_screen(MovesDialog(self.kind, record, chosen))

    @unhurried
    async def action_archive(self) -> None:
        """Take the record out of view; undo brings it back."""
        if self.refuses_slipped():
            return
        record = await self.current()
        if record is None:
            return
        self.table.leaving = {record.n}
        sentence = _("%(label)s is archived; z brings it back") % {"label": label_of(record)}
        await self.try_acting(
            lambda session: keeping.set_archived(session, self.kind, record, archived=True), sentence
        )

    async def action_erase(self) -> None:
        """Say what erasing the record does; only what is typed there erases it."""
        from taskforce.tui.screens.erase import EraseDialog  # deferred: until somebody wants it

        if self.refuses_slipped():
            return
        record = await self.current()
        if record is not None:
            self.app.push_screen(EraseDialog(record))

    async def action_history(self) -> None:
        """The record's story."""
        from taskforce.tui.screens.record import RecordDialog  # deferred: as above

        record = await self.current()
        if record is not None:
            self.app.push_screen(RecordDialog(self.kind, record.id, history=True))

    def as_command(self) -> str:
        """The command that shows the record under the cursor, or the list."""
        if self.record is None:
            return command_line(self.kind.name, "list")
        return command_line(self.kind.name, "show", named(self.record))


def detail_of(fields: Fields) -> Content:
    """A record's fields for a widget: label, then value."""
    pieces: list[str | Line] = [Line(fields.title + "\n\n", "heading")] if fields.title else []
    for label, value in fields.pairs:
        pieces += [Line(label + "\n", "muted"), Line("  ") if isinstance(value, Line) else "  "]
        pieces += [value, "\n"]
    return content_of(*pieces)
