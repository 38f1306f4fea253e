"""The operation's log: read it from end to end while new entries arrive, find a time in it, write into it."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from taskforce import moments
from taskforce.actions import logbook
from taskforce.actions.references import names_for
from taskforce.actions.session import Session
from taskforce.i18n import N_, _, ngettext
from taskforce.labels import code_label, field_label
from taskforce.records.codes import LOG_CATEGORIES
from taskforce.reports.record_views import fields_of, shown, time_cell
from taskforce.store import pages
from taskforce.store.queries import Record
from taskforce.tui.log_places import other_day, place_at, time_meant, without_time_first
from taskforce.tui.rows import Page, Wanted, order_of
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import no_operation
from taskforce.tui.screens.records import RecordsScreen, detail_of
from taskforce.tui.widgets.log_table import LogTable
from taskforce.tui.widgets.quick_entry import QuickEntry
from taskforce.views import Column, Fields, Line

_CUT = 400
"""Characters of an entry that a row of the table may need."""


class LogScreen(RecordsScreen):
    """Every entry of the operation's log, the newest at the bottom."""

    KIND = "log"

    # Not DEFAULT_CSS: the app's own rules for #records and #detail would win over that.
    CSS = """
    LogScreen #records { layout: vertical; }
    LogScreen #table { width: 1fr; height: 1fr; }
    LogScreen #detail { display: block; width: 1fr; height: 6; border-left: none; border-top: solid $panel; }
    LogScreen.-wide #records { layout: horizontal; }
    LogScreen.-wide #table { height: 1fr; }
    LogScreen.-wide #detail { width: 44; height: 1fr; border-top: none; border-left: solid $panel; }
    """

    BINDINGS = [
        Binding("i,tab", "write", N_("Write"), id="log.write", key_display="i", tooltip=N_("Write an entry")),
        Binding("t", "jump", N_("Go to a time"), id="log.jump", tooltip=N_("Such as 14:00, 17 Oct or -2h")),
        Binding(
            "left_square_bracket",
            "day(-1)",
            N_("Day before"),
            id="log.day-before",
            tooltip=N_("Go to the first entry of the day before"),
            key_display="[",
            show=False,
        ),
        Binding(
            "right_square_bracket",
            "day(1)",
            N_("Day after"),
            id="log.day-after",
            tooltip=N_("Go to the first entry of the day after"),
            key_display="]",
            show=False,
        ),
        Binding("C", "correct", N_("Correct"), id="log.correct", tooltip=N_("By a later entry")),
    ]

    def body(self) -> ComposeResult:
        """The filter, the time to go to, the table, the entry under the cursor, the line to write into."""
        yield Input(placeholder=_("filter: words, ref, kind of entry, site"), id="filter", classes="hidden")
        yield Input(placeholder=_("go to: 14:00, 17 Oct, mon, -2h"), id="jump", classes="hidden")
        with Horizontal(id="records"):
            yield LogTable(self._page, id="table", can_mark=False)
            with VerticalScroll(id="detail", can_focus=False):
                yield Static("", id="record", markup=False)
        yield Static("", id="count", markup=False)
        yield QuickEntry()

    @property
    def table(self) -> LogTable:
        """The table."""
        return self.query_one(LogTable)

    @property
    def entry(self) -> QuickEntry:
        """The line to write into."""
        return self.query_one(QuickEntry)

    # ── reading ──

    async def load(self) -> None:
        """Read the log; whoever stands at its end goes along with what is new."""
        self.table.words = self.words
        await super().load()
        await self.entry.load()

    def read_order(self, session: Session, wanted: Wanted) -> array[int]:
        """Oldest first; what bears no time comes before everything."""
        return without_time_first(session, order_of(session, wanted, oldest_first=True))

    def read_page(self, session: Session, numbers: Sequence[int]) -> Page:
        """When, what kind, the text, by whom; an entry that was corrected says so."""
        records = pages.records_at(session.store.connection, self.kind, numbers)
        names = names_for(session, records, ["site", "operation", "corrects"])
        corrected = logbook.corrections_of(session, [record.id for record in records])
        columns = [
            Column(f"{_('When')} {moments.offset_of(session.now)}", "at"),
            Column(_("Kind"), "category"),
            Column(_("Entry"), "text"),
            Column(_("By"), "created_by", priority=1),
            Column(_("Site"), "site", priority=3),
            Column(_("Ref"), "ref", priority=4),
        ]
        if self.everywhere:
            columns.insert(2, Column(_("Operation"), "operation", priority=2))
        rows: dict[int, tuple[str | Line, ...]] = {}
        for record in records:
            cells: dict[str, str | Line] = {
                name: shown(field, record.values.get(name, ""), names)
                for name in ("category", "site", "operation")
                if (field := self.kind.field(name)) is not None
            }
            cells.update(
                at=time_cell(record.text("at"), session.now), created_by=record.created_by, ref=record.ref
            )
            cells["text"] = _row_text(record, names, is_corrected=record.id in corrected)
            rows[record.n] = tuple(cells[column.name] for column in columns)
        return Page(tuple(columns), rows, {record.n: record.id for record in records})

    def read_detail(self, session: Session, record: Record) -> Content:
        """First of all whether the entry still holds, then its whole text, then every other field."""
        found = logbook.corrections_of(session, [record.id]).get(record.id, [])
        pieces: list[str | Line] = []
        for one in found:
            pieces.append(Line(f"× {_('corrected by %(ref)s') % {'ref': one.ref}}\n", "late"))
            pieces.append(f"  {one.text('text')}\n\n")
        fields = fields_of(record, names_for(session, [record]), session.now)
        label = code_label(LOG_CATEGORIES, record.text("category"))
        head = f"{record.ref} · {label} · {time_cell(record.text('at'), session.now)} · {record.created_by}"
        pieces += [Line(head + "\n", "heading"), record.text("text") + "\n\n"]
        others = [pair for pair in fields.pairs if pair[0] != field_label(self.kind, "text")]
        return Content("").join([content_of(*pieces), detail_of(Fields("", tuple(others)))])

    def nothing_yet(self) -> str:
        """What an empty log says."""
        if not self.has_operation and not self.everywhere:
            return no_operation()
        if self.desk.read_only:
            return _("nothing in the log yet")
        return _("nothing in the log yet; press i to write the first entry")

    @property
    def has_operation(self) -> bool:
        """Whether an operation was chosen."""
        return bool(self.desk.watch().current_operation)

    def count_text(self) -> str:
        """Which entry this is, whether new ones are followed, and how many came since."""
        table = self.table
        count = ngettext("%(place)s of %(count)s entry", "%(place)s of %(count)s entries", table.row_count)
        place = table.cursor + 1 if table.row_count else 0
        parts = [count % {"place": f"{place:,}", "count": f"{table.row_count:,}"}]
        if self.words:
            parts.append(_("filter: %(words)s") % {"words": self.words})
        if self.everywhere:
            parts.append(_("all operations"))
        if table.newer:
            new = ngettext("↓ %(n)d new below, G goes there", "↓ %(n)d new below, G goes there", table.newer)
            parts.append(new % {"n": table.newer})
        elif table.is_at_end and table.row_count:
            parts.append(_("new entries follow"))
        return " · ".join(parts)

    # ── going to a time ──

    def action_jump(self) -> None:
        """Ask for a time."""
        field = self.query_one("#jump", Input)
        field.remove_class("hidden")
        field.focus()

    @on(Input.Submitted, "#jump")
    async def _jump(self, event: Input.Submitted) -> None:
        try:
            at = time_meant(event.value, self.room.now())
        except moments.MomentError as error:
            self.room.say(error.sentence, hint=error.hint, is_error=True)
            return
        order = self.table.order
        place = await self.try_reading(lambda session: place_at(session, order, at))
        if place is None:
            return
        self._leave_jump()
        if place == len(order):
            self.room.say(_("nothing since %(when)s") % {"when": moments.show_time(at)})
        self.table.go_to_place(min(place, len(order) - 1))

    def _leave_jump(self) -> None:
        field = self.query_one("#jump", Input)
        field.value = ""
        field.add_class("hidden")
        self.table.focus()

    async def action_day(self, by: int) -> None:
        """Go to the beginning of another day."""
        order, cursor = self.table.order, self.table.cursor
        found = await self.try_reading(lambda session: (other_day(session, order, cursor, by),))
        if found is None:
            return
        (place,) = found
        if place is None:
            self.room.say(_("this is the last day") if by > 0 else _("this is the first day"))
        else:
            self.table.go_to_place(place)

    def action_clear(self) -> None:
        """Leave the time to go to, or clear the filter."""
        if self.query_one("#jump", Input).has_focus:
            self._leave_jump()
        else:
            super().action_clear()

    # ── writing ──

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done with the entries there are."""
        if action in ("write", "correct") and self.desk.read_only:
            return False
        if action == "correct" and self.is_attached and self.pointed is None:
            return False
        if action in ("jump", "day") and self.is_attached and not self.table.row_count:
            return False
        return super().check_action(action, parameters)

    def action_write(self) -> None:
        """Type an entry."""
        self.entry.write()

    @on(QuickEntry.Left)
    def _left_entry(self) -> None:
        self.table.focus()

    async def action_correct(self) -> None:
        """Correct the entry under the cursor by a later one."""
        from taskforce.tui.screens.correct import CorrectDialog  # deferred: until one is corrected

        record = await self.current()
        if record is not None:
            self.app.push_screen(CorrectDialog(record))


def _row_text(record: Record, names: dict[str, str], *, is_corrected: bool) -> str | Line:
    text = " ".join(record.text("text")[:_CUT].split("\n"))
    if record.text("corrects"):
        ref = names.get(record.text("corrects"), "?")
        text = _("corrects %(ref)s: %(text)s") % {"ref": ref, "text": text}
    return Line(f"× {_('corrected')} · {text}", "muted") if is_corrected else text
