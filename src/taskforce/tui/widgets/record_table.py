"""A table of any number of records: only what is in sight is read from the store, and only that is drawn.

Textual's own DataTable holds every cell and needs ten seconds for a hundred thousand rows. This one knows the records'
order as an array of numbers, and asks for the cells of a page as it comes into sight.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar, cast

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from taskforce.i18n import N_, _
from taskforce.text import cells, safe, shorten
from taskforce.tui.room_keys import TABLE_KEYS
from taskforce.tui.rows import Cells, Page
from taskforce.tui.strips import drawn_style
from taskforce.tui.widgets.block import SLIPPING
from taskforce.tui.working import begin
from taskforce.views import Column, Line

if TYPE_CHECKING:
    from taskforce.tui.app import TaskforceApp

_GAP = 2
_GUTTER = 2  # cells before the first column: the mark
_WIDEST = 28  # cells of a column that is not the widest one
_AHEAD = 60  # rows read beyond those in sight
_BEFORE = 2  # rows in sight before the one that a table opens on

Fetch = Callable[[Sequence[int]], Awaitable[Page]]


class RecordTable(ScrollView, can_focus=True):
    """Rows of records with a cursor and marks, which stay with their records when the rows change."""

    COMPONENT_CLASSES = {"record-table--head", "record-table--cursor", "record-table--mark"}

    BINDINGS = TABLE_KEYS

    LEAST_WIDE: ClassVar[int] = 20
    """Cells that the widest column keeps, if it wants them, before less important columns are shown."""

    HELP = N_("Arrows or jk move, g and G go to the ends, space marks a row, enter opens it.")

    cursor: reactive[int] = reactive(0)

    @dataclass
    class Pointed(Message):
        """The cursor stands on another record: its row number `n`, or None in an empty table."""

        table: RecordTable
        n: int | None

        @property
        def control(self) -> RecordTable:
            return self.table

    @dataclass
    class Opened(Message):
        """Somebody wants to see the record with row number `n`."""

        table: RecordTable
        n: int

        @property
        def control(self) -> RecordTable:
            return self.table

    def __init__(
        self, fetch: Fetch, *, empty: str = "", id: str | None = None, can_mark: bool = True
    ) -> None:
        super().__init__(id=id)
        self.can_mark = can_mark
        self._fetch = fetch
        self._order: array[int] = array("q")
        self._columns: tuple[Column, ...] = ()
        self._rows: dict[int, Cells] = {}
        self._ids: dict[int, str] = {}
        self._widths: list[int] = []
        self._shown: list[int] = []
        self._empty = empty
        self._pointed: int | None = None
        self.marks: set[int] = set()
        self.leaving: set[int] = set()  # moved or archived here: that they go is no surprise
        self._slipped_at = -SLIPPING

    # ── what is shown ──

    def show(self, order: array[int], page: Page, *, empty: str = "") -> None:
        """Show these records; `page` holds those first in sight. Cursor and marks stay with their records."""
        place = self.cursor
        self._empty = empty or self._empty
        before, self._order = self._pointed, order
        self._columns = page.columns or self._columns
        self._rows, self._ids = dict(page.rows), dict(page.ids)
        self.marks &= set(order) if self.marks else set()
        if before is not None and (place >= len(order) or order[place] != before):
            place = _index(order, before, place)
        self.virtual_size = Size(self.size.width, len(order) + 1)
        self._measure()
        self.cursor = max(0, min(place, len(order) - 1))
        if not order or before is None:
            self.screen.refresh_bindings()  # what is offered depends on whether there are any
        self._point()
        self.refresh()
        if before is not None and self.pointed != before and before not in self.leaving:
            self._slipped_at = time.monotonic()
        self._want()

    def numbers_in_sight(self, order: Sequence[int] | None = None, start: int | None = None) -> list[int]:
        """The row numbers of the rows in sight and some beyond: what to read first of a new `order`.

        `start` is the row number of the one that it is to open on.
        """
        rows = self._order if order is None else order
        top = self.scroll_offset.y if start is None or start not in rows else rows.index(start)
        first = max(0, top - _AHEAD)
        chosen = list(rows[first : first + self.size.height + 2 * _AHEAD])
        if self._pointed is not None and order is not None and self._pointed not in chosen:
            chosen += [n for n in rows[:_AHEAD] if n not in chosen]
        return chosen

    @property
    def has_slipped(self) -> bool:
        """Whether the cursor's record has gone only just now, by nobody's doing here, and another stands there."""
        return time.monotonic() - self._slipped_at < SLIPPING

    @property
    def row_count(self) -> int:
        """How many records there are."""
        return len(self._order)

    @property
    def pointed(self) -> int | None:
        """The row number of the record under the cursor."""
        return self._order[self.cursor] if self._order and self.cursor < len(self._order) else None

    @property
    def chosen_ids(self) -> list[str]:
        """The ids of the marked records, or of the one under the cursor where none is marked, in the table's order."""
        wanted = [n for n in self._order if n in self.marks] if self.marks else [self.pointed]
        return [self._ids[n] for n in wanted if n is not None and n in self._ids]

    @property
    def chosen(self) -> list[int]:
        """The row numbers of the marked records, or of the one under the cursor."""
        if self.marks:
            return [n for n in self._order if n in self.marks]
        return [] if self.pointed is None else [self.pointed]

    # ── drawing ──

    def render_line(self, y: int) -> Strip:
        """The line `y` of the widget: the head, then a row each."""
        width = self.size.width
        if y == 0:
            return self._strip(self._head(), width, self.get_component_rich_style("record-table--head"))
        place = self.scroll_offset.y + y - 1
        if place >= len(self._order):
            return Strip([Segment(self._nothing(place, width), self.rich_style)], width)
        n = self._order[place]
        row = self._rows.get(n)
        base = self.rich_style
        if place == self.cursor:
            base = base + self.get_component_rich_style("record-table--cursor")
        if row is None:
            return self._strip([("  …", "")], width, base)
        mark = "▌ " if n in self.marks else "  "
        pieces = [(mark, "mark" if n in self.marks else "")]
        for column in self._shown:
            cell = row[column] if column < len(row) else ""
            text, style = (cell.text, cell.style) if isinstance(cell, Line) else (cell, "")
            pieces.append((_fit(safe(text), self._widths[column]) + " " * _GAP, style))
        return self._strip(pieces, width, base)

    def _nothing(self, place: int, width: int) -> str:
        """A line of what an empty table says."""
        said = wrap(safe(self._empty), max(10, width - 2 * _GUTTER)) if not self._order else []
        text = " " * _GUTTER + said[place] if place < len(said) else ""
        return _fit(text, width)

    def _head(self) -> list[tuple[str, str]]:
        titles = [
            (_fit(self._columns[each].title, self._widths[each]) + " " * _GAP, "") for each in self._shown
        ]
        return [(" " * _GUTTER, ""), *titles]

    def _strip(self, pieces: Sequence[tuple[str, str]], width: int, base: Style) -> Strip:
        segments = [Segment(text, base + self._style(style) if style else base) for text, style in pieces]
        return Strip(segments).adjust_cell_length(width, base).simplify()

    def _style(self, word: str) -> Style:
        if word == "mark":
            return self.get_component_rich_style("record-table--mark", partial=True)
        return drawn_style(self.app.current_theme, word)

    def _measure(self) -> None:
        """Give each column the room that its cells in sight need; the least important give way first."""
        columns = self._columns
        rows = list(self._rows.values())
        wants = [
            max([cells(column.title)] + [cells(_text(row[place])) for row in rows if place < len(row)])
            for place, column in enumerate(columns)
        ]
        shown = list(range(len(columns)))
        wide = max(shown, key=lambda each: (each > 0, wants[each]), default=0)
        wants = [want if each == wide else min(want, _WIDEST) for each, want in enumerate(wants)]
        room = max(self.size.width, 20) - _GUTTER

        def needed() -> int:
            least = min(wants[wide], self.LEAST_WIDE) if columns else 0
            return sum(wants[each] for each in shown if each != wide) + least + _GAP * len(shown)

        while needed() > room:
            droppable = [each for each in shown if columns[each].priority and each != wide]
            if not droppable:
                break
            shown.remove(max(droppable, key=lambda each: columns[each].priority))
        rest = room - sum(wants[each] for each in shown if each != wide) - _GAP * len(shown)
        if columns:
            wants[wide] = max(8, min(wants[wide], rest))
        self._widths, self._shown = wants, shown

    # ── moving ──

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Marks are offered where something can be done with several rows; nothing, where there is none."""
        if action in ("mark", "mark_all"):
            can_act = self.can_mark and not cast("TaskforceApp", self.app).desk.read_only
            if not can_act or not self._order:
                return False
        if action == "open" and not self._order:
            return False
        return super().check_action(action, parameters)

    def watch_cursor(self, before: int, after: int) -> None:
        """Draw the two rows anew and keep the cursor in sight."""
        top = self.scroll_offset.y
        for place in (before, after):
            self.refresh(Region(0, place - top + 1, self.size.width, 1))
        height = max(1, self.size.height - 1)
        if after < top:
            self.scroll_to(y=after, animate=False, force=True)
        elif after >= top + height:
            self.scroll_to(y=after - height + 1, animate=False, force=True)
        self._point()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Ask for the rows that come into sight."""
        super().watch_scroll_y(old_value, new_value)
        self._want()

    def on_resize(self) -> None:
        """Share out the room anew, and keep the cursor in sight."""
        self.virtual_size = Size(self.size.width, len(self._order) + 1)
        self._measure()
        height = max(1, self.size.height - 1)
        if not self.scroll_offset.y <= self.cursor < self.scroll_offset.y + height:
            self.scroll_to(y=max(0, self.cursor - height + 1), animate=False, force=True)
        self._want()

    def on_click(self, event: events.Click) -> None:
        """Go to the row; a second click opens it."""
        place = self.scroll_offset.y + event.y - 1
        if event.y > 0 and place < len(self._order):
            self.cursor = place
            if event.chain > 1:
                self.action_open()

    def action_move(self, by: int) -> None:
        """Move the cursor by some rows."""
        self.cursor = max(0, min(self.cursor + by, len(self._order) - 1))

    def action_page(self, by: int) -> None:
        """Move the cursor by some pages."""
        self.action_move(by * max(1, self.size.height - 2))

    def action_end(self, which: int) -> None:
        """Go to the first row (0) or the last (-1)."""
        self.cursor = 0 if which == 0 else max(0, len(self._order) - 1)

    def action_mark(self) -> None:
        """Mark the row or take its mark away, and go on to the next."""
        if self.pointed is not None:
            self.marks ^= {self.pointed}
            self.refresh()
            self.action_move(1)
            self._point(again=True)

    def action_mark_all(self) -> None:
        """Mark every row, or none where all are marked."""
        every = set(self._order)
        self.marks = set() if self.marks == every else every
        self.refresh()
        self._point(again=True)

    def action_open(self) -> None:
        """Open the record under the cursor."""
        if self.pointed is not None:
            self.post_message(self.Opened(self, self.pointed))

    def go_to(self, n: int) -> bool:
        """Put the cursor on the record with row number `n`; False if it is not in the table."""
        if n not in self._order:
            return False
        self.cursor = self._order.index(n)
        return True

    def start_at(self, n: int) -> None:
        """Put the cursor on a record; a few of those before it stay in sight, so that they are known to be there."""
        if self.go_to(n):
            self.scroll_to(y=max(0, self.cursor - _BEFORE), animate=False, force=True)

    @property
    def rows_in_sight(self) -> int:
        """How many records are in sight."""
        return max(0, min(self.size.height - 1, len(self._order) - self.scroll_offset.y))

    def jump_to_row(self, row: int) -> None:
        """Focus the table, with the cursor on a row counted from the first in sight."""
        self.focus()
        self.cursor = min(self.scroll_offset.y + row, len(self._order) - 1)

    def _point(self, *, again: bool = False) -> None:
        if again or self.pointed != self._pointed:
            self._pointed = self.pointed
            self.post_message(self.Pointed(self, self._pointed))

    def _want(self) -> None:
        """Ask for the rows in sight, and some beyond, that were not read yet; one question at a time."""
        missing = [n for n in self.numbers_in_sight() if n not in self._rows]
        top = self.scroll_offset.y
        in_sight = self._order[top : top + self.size.height]
        if missing and (len(missing) > _AHEAD or any(n not in self._rows for n in in_sight)):
            begin(self, partial(self._take, missing), "rows")

    async def _take(self, numbers: Sequence[int]) -> None:
        page = await self._fetch(numbers)
        self._columns = page.columns or self._columns
        self._rows.update(page.rows)
        self._ids.update(page.ids)
        if len(self._rows) > 50 * _AHEAD:
            keep = set(self.numbers_in_sight())
            self._rows = {n: row for n, row in self._rows.items() if n in keep}
            self._ids = {n: one for n, one in self._ids.items() if n in keep or n in self.marks}
        if not self._widths:
            self._measure()
        self.refresh()
        self.call_after_refresh(self._want)


def _text(cell: str | Line) -> str:
    return cell.text if isinstance(cell, Line) else cell


def _fit(text: str, width: int) -> str:
    text = shorten(text, width)
    return text + " " * (width - cells(text))


def _index(order: array[int], n: int, otherwise: int) -> int:
    try:
        return order.index(n)
    except ValueError:
        return otherwise


def empty_text(kind_plural: str) -> str:
    """What an empty table says, and what to do next."""
    return _("no %(plural)s yet; press n to make the first") % {"plural": kind_plural}
