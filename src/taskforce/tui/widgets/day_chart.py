"""The chart of days below a table: it goes along with the table's cursor, up and down and from day to day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from taskforce.actions.scheduling import Schedule
from taskforce.reports import timeline
from taskforce.text import safe
from taskforce.tui.strips import drawn_style
from taskforce.views import Line

_GUTTER = 2  # cells before each line: the cursor's sign
_BEFORE = 2  # lines above the cursor's, where it comes from afar
_FRAME = 2  # lines that always stay: the days above, what the signs mean below


class DayChart(ScrollView, can_focus=False):
    """A bar for each assignment, of which the one at the cursor has a sign and stays in sight. A click goes to one."""

    COMPONENT_CLASSES = {"day-chart--cursor"}

    @dataclass
    class Picked(Message):
        """Somebody clicked on the bar of the record with row number `n`."""

        chart: DayChart
        n: int

        @property
        def control(self) -> DayChart:
            return self.chart

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._schedule: Schedule | None = None
        self._now = datetime.min
        self._chart: timeline.Chart | None = None
        self._span: timeline.Span | None = None
        self._pointed: int | None = None

    def show(self, schedule: Schedule, now: datetime, pointed: int | None) -> None:
        """Show these assignments at the present moment, with the cursor on one of them."""
        self._schedule, self._now, self._pointed = schedule, now, pointed
        self._draw()

    def holds(self, n: int | None) -> bool:
        """Whether the record with this row number has a bar."""
        return self._chart is not None and n in self._chart.places

    def point(self, n: int | None) -> None:
        """Put the cursor on another record, and bring its bar into sight."""
        self._pointed = n
        if self._schedule is not None and self._span_wanted(self._schedule) != self._span:
            self._draw()
        else:
            self._follow()
            self.refresh()

    def _span_wanted(self, schedule: Schedule) -> timeline.Span:
        record = next((each for each in schedule.records if each.n == self._pointed), None)
        all_of_it = timeline.whole(schedule, self._now, self.size.width - _GUTTER)
        before = self._span if self._span is not None and self._span.width == all_of_it.width else None
        return timeline.span_with(record, all_of_it, self._now, before)

    def _draw(self) -> None:
        if self._schedule is None or not self.size.width:
            return
        self._span = self._span_wanted(self._schedule)
        width = self.size.width - _GUTTER
        self._chart = timeline.chart_of(self._schedule, self._now, width, span=self._span)
        self.virtual_size = Size(self.size.width, len(self._chart.lines) + _FRAME)
        self._follow()
        self.refresh()

    def _follow(self) -> None:
        """Scroll as far as the cursor's bar, and what it waits for, need to be in sight."""
        if self._chart is None or self._pointed is None or not self.holds(self._pointed):
            return
        first = self._chart.places[self._pointed]
        others = (place for place in self._chart.places.values() if place > first)
        last = min(others, default=len(self._chart.lines)) - 1
        top, height = self.scroll_offset.y, max(1, self.size.height - _FRAME)
        wanted = min(max(top, last - height + 1), first)
        if abs(wanted - top) >= height:  # from afar it goes where the table does: near the top
            wanted = max(0, first - _BEFORE)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True)

    def on_resize(self) -> None:
        """Draw it for the room there is."""
        self._draw()

    def on_click(self, event: events.Click) -> None:
        """Go to the assignment whose bar it is."""
        line = self.scroll_offset.y + event.y - 1
        if self._chart is None or not 0 < event.y < self.size.height - 1 or line >= len(self._chart.lines):
            return
        n = max((place, n) for n, place in self._chart.places.items() if place <= line)[1]
        self.post_message(self.Picked(self, n))

    def render_line(self, y: int) -> Strip:
        """The line `y` of the widget: the days, the bars in sight, the signs."""
        chart, width = self._chart, self.size.width
        if chart is None:
            return Strip.blank(width, self.rich_style)
        if y == 0:
            return self._strip("", chart.head)
        if y == min(self.size.height - 1, len(chart.lines) + 1):
            return self._strip("", chart.legend)
        place = self.scroll_offset.y + y - 1
        if place >= len(chart.lines):
            return Strip.blank(width, self.rich_style)
        if place == chart.places.get(self._pointed if self._pointed is not None else -1):
            return self._strip("▸", chart.lines[place], is_cursor=True)
        return self._strip("", chart.lines[place])

    def _strip(self, sign: str, pieces: Sequence[Line | str], *, is_cursor: bool = False) -> Strip:
        base = self.rich_style
        if is_cursor:
            base = base + self.get_component_rich_style("day-chart--cursor")
        segments = [Segment(f"{sign:<{_GUTTER}}", base)]
        for piece in pieces:
            text, word = (piece.text, piece.style) if isinstance(piece, Line) else (piece, "")
            style = base + drawn_style(self.app.current_theme, word) if word else base
            segments.append(Segment(safe(text), style))
        return Strip(segments).adjust_cell_length(self.size.width, base).simplify()
