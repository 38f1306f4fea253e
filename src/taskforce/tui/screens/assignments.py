"""The assignments: table and detail, lanes by state, and a timeline of the operation's days."""

from __future__ import annotations

from functools import partial

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input, Static

from taskforce.actions.scheduling import Schedule, schedule_of
from taskforce.actions.session import Session
from taskforce.actions.using import EVERY_OPERATION
from taskforce.i18n import N_, _
from taskforce.store import pages
from taskforce.tui.as_command import command_line
from taskforce.tui.rows import Wanted, order_of
from taskforce.tui.screens.records import RecordsScreen
from taskforce.tui.widgets.block import Block
from taskforce.tui.widgets.day_chart import DayChart
from taskforce.tui.widgets.lanes import Lane, Lanes, read_lanes
from taskforce.tui.widgets.record_table import RecordTable
from taskforce.tui.working import begin

_MOST_BARS = 500
"""Assignments around the cursor that the timeline draws at once; those beyond are read when the cursor gets there."""


class AssignmentsScreen(RecordsScreen):
    """Who does what by when. A capital letter moves the marked assignments, or the one under the cursor."""

    KIND = "assignment"

    DEFAULT_CSS = """
    AssignmentsScreen #chart { display: none; height: 1fr; }
    AssignmentsScreen.-timeline #chart { display: block; }
    AssignmentsScreen.-timeline #records { height: 40%; }
    AssignmentsScreen Lanes { display: none; }
    AssignmentsScreen.-lanes Lanes { display: block; width: 1fr; }
    AssignmentsScreen.-lanes #table, AssignmentsScreen.-lanes #detail { display: none; }
    """

    BINDINGS = [
        Binding(
            "t", "timeline", N_("Timeline"), id="assignments.timeline", tooltip=N_("The days as a chart")
        ),
        Binding("b", "lanes", N_("Lanes"), id="assignments.lanes", tooltip=N_("Side by side, by state")),
        Binding(
            "A",
            "do('accept')",
            N_("Accept"),
            id="assignments.accept",
            tooltip=N_("Take it on for your agency, now"),
            show=False,
        ),
        Binding(
            "S",
            "do('start')",
            N_("Start"),
            id="assignments.start",
            tooltip=N_("Mark as under way, now"),
            show=False,
        ),
        Binding(
            "B",
            "do('block')",
            N_("Block"),
            id="assignments.block",
            tooltip=N_("Mark that it cannot go on; m also asks why"),
            show=False,
        ),
        Binding(
            "R",
            "do('resume')",
            N_("Resume"),
            id="assignments.resume",
            tooltip=N_("Mark as under way again: the obstacle is gone"),
            show=False,
        ),
        Binding(
            "d",
            "do('done')",
            N_("Done"),
            id="assignments.done",
            tooltip=N_("Mark as done, now; m also asks for the result"),
            show=False,
        ),
        Binding(
            "K",
            "do('cancel')",
            N_("Cancel"),
            id="assignments.cancel",
            tooltip=N_("Mark that it is no longer wanted, now"),
            show=False,
        ),
    ]

    def body(self) -> ComposeResult:
        """The filter, the table, the record; and the chart."""
        yield Input(placeholder=_("filter: words, ref, agency, state"), id="filter", classes="hidden")
        with Horizontal(id="records"):
            yield RecordTable(self._page, id="table")
            yield Lanes()
            with VerticalScroll(id="detail"):
                yield Static("", id="record", markup=False)
        yield DayChart(id="chart")
        yield Static("", id="count", markup=False)

    async def load(self) -> None:
        """Read the table, and the chart if it is shown."""
        await super().load()
        if self.has_class("-timeline"):
            await self._draw_chart()
        if self.has_class("-lanes"):
            await self._draw_lanes()

    def action_timeline(self) -> None:
        """Show or hide the chart."""
        self.remove_class("-lanes")
        self.toggle_class("-timeline")
        self.table.focus()
        self.reload()

    async def action_lanes(self) -> None:
        """Show the lanes, or the table again."""
        self.remove_class("-timeline")
        self.toggle_class("-lanes")
        if not self.has_class("-lanes"):
            self.table.focus()
            self.reload()
            return
        self.query_one(Lanes).focus_first()
        await self._draw_lanes()

    async def _draw_lanes(self) -> None:
        wanted = Wanted(self.kind, self.words, everywhere=self.everywhere)
        found = await self.try_reading(lambda session: read_lanes(session, wanted))
        if found is not None:
            self.call_after_refresh(self._show_lanes, found)

    async def _show_lanes(self, found: dict[str, Lane]) -> None:
        nothing = (
            _('nothing holds "%(words)s"; escape clears the filter') % {"words": self.words}
            if self.words
            else self.nothing_yet()
        )
        self.query_one(Lanes).show(found, self.room.now(), nothing=nothing)
        await self.show_record(self.pointed)

    @on(Block.OptionHighlighted)
    @on(events.DescendantFocus)
    def _pointed_in_lane(self) -> None:
        if self.has_class("-lanes"):
            begin(self, partial(self.show_record, self.pointed), "record")

    @on(Block.Opened)
    async def _opened_in_lane(self) -> None:
        await self.open_record()

    @property
    def has_slipped(self) -> bool:
        """In lanes, whether the record under the cursor of the focused one has gone."""
        if not self.has_class("-lanes"):
            return super().has_slipped
        gone = self.query_one(Lanes).slipped_from
        return gone is not None and gone not in self.table.leaving

    @property
    def pointed(self) -> int | None:
        """In lanes, the assignment under the cursor of the focused one."""
        return self.query_one(Lanes).pointed if self.has_class("-lanes") else super().pointed

    @property
    def chosen(self) -> list[int]:
        """In lanes, the assignment under the cursor."""
        if self.has_class("-lanes"):
            return [] if self.pointed is None else [self.pointed]
        return super().chosen

    async def _draw_chart(self) -> None:
        wanted = Wanted(self.kind, self.words, everywhere=self.everywhere)
        pointed = self.table.pointed
        found = await self.try_reading(lambda session: _schedule_around(session, wanted, pointed))
        if found is not None:
            self.chart.show(found, self.room.now(), self.table.pointed)

    @property
    def chart(self) -> DayChart:
        """The chart of days."""
        return self.query_one(DayChart)

    @on(RecordTable.Pointed)
    def _pointed_here(self, event: RecordTable.Pointed) -> None:
        self.refresh_bindings()
        if not self.has_class("-timeline"):
            return
        if event.n is None or self.chart.holds(event.n):
            self.chart.point(event.n)
        else:
            begin(self, self._draw_chart, "chart")

    @on(DayChart.Picked)
    def _picked_in_chart(self, event: DayChart.Picked) -> None:
        self.table.go_to(event.n)
        self.table.focus()

    def as_command(self) -> str:
        """While the days are shown the command that shows them; else as on every screen of a kind."""
        if not self.has_class("-timeline"):
            return super().as_command()
        more = ["--operation", EVERY_OPERATION] if self.everywhere else []
        more += ["--words", self.words.strip()] if self.words.strip() else []
        return command_line(self.kind.name, "timeline", *more)


def _schedule_around(session: Session, wanted: Wanted, pointed: int | None) -> Schedule:
    """The schedule of the assignments at the cursor and on both sides of it, as many as are drawn."""
    order = order_of(session, wanted)
    place = order.index(pointed) if pointed is not None and pointed in order else 0
    first = max(0, min(place - _MOST_BARS // 2, len(order) - _MOST_BARS))
    numbers = list(order[first : first + _MOST_BARS])
    return schedule_of(session, pages.records_at(session.store.connection, wanted.kind, numbers))
