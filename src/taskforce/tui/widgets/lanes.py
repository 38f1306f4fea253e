"""Assignments in lanes by state, from planned to done; the arrows go from lane to lane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from textual.app import ComposeResult
from textual.containers import HorizontalScroll, Vertical
from textual.widgets import Static

from taskforce.actions.references import names_for
from taskforce.actions.session import Session
from taskforce.store import pages
from taskforce.store.queries import Condition, Record
from taskforce.tui import room_views as views
from taskforce.tui.rows import Wanted, order_of
from taskforce.tui.safety import content_of
from taskforce.tui.widgets.block import Block
from taskforce.views import Line

STATES: Mapping[str, tuple[str, ...]] = {
    "planned": ("planned",),
    "accepted": ("assigned", "accepted"),
    "under-way": ("under-way",),
    "blocked": ("blocked",),
    "done": ("done",),
}
"""The lanes, left to right, by the state that gives each its sign and name."""

_MOST = 150
"""Assignments of a lane that are shown; who wants to see more of one state filters the table by it."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane: how many there are, the first of them, and what people see in place of ids."""

    count: int
    records: tuple[Record, ...]
    names: Mapping[str, str]


def read_lanes(session: Session, wanted: Wanted) -> dict[str, Lane]:
    """The lanes of the assignments wanted."""
    found = {}
    for name, states in STATES.items():
        chosen = Wanted(
            wanted.kind,
            wanted.words,
            (*wanted.conditions, Condition("status", "in", states)),
            everywhere=wanted.everywhere,
        )
        order = order_of(session, chosen)
        records = pages.records_at(session.store.connection, wanted.kind, order[:_MOST])
        found[name] = Lane(len(order), tuple(records), names_for(session, records, ["agency"]))
    return found


class Column(Vertical):
    """One of the lanes; where it gets another width, its rows are cut anew."""

    def on_resize(self) -> None:
        """Cut the rows to the room there is."""
        self.query_ancestor(Lanes).fill()


class Lanes(HorizontalScroll):
    """The lanes that hold anything, side by side; where they have no room, they scroll with the cursor."""

    DEFAULT_CSS = """
    Lanes > Column { width: 1fr; min-width: 28; }
    Lanes > Column.-empty { display: none; }
    Lanes.-none > Vertical { display: none; }
    Lanes.-none > #lane-planned-column { display: block; width: 1fr; }
    Lanes .head { height: 1; padding: 0 1; color: $text-muted; text-style: bold; }
    """

    can_focus = False

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[str, int] = {}
        self._wants_focus = False
        self._shown: tuple[Mapping[str, Lane], datetime, str] | None = None

    def compose(self) -> ComposeResult:
        """A heading and a list for each."""
        for name in STATES:
            with Column(id=f"lane-{name}-column"):
                yield Static("", id=f"head-{name}", classes="head", markup=False)
                yield Block(id=f"lane-{name}")

    def show(self, lanes: Mapping[str, Lane], now: datetime, *, nothing: str) -> None:
        """Show them, for the present moment; `nothing` where no lane holds anything."""
        self._numbers = {each.id: each.n for lane in lanes.values() for each in lane.records}
        is_empty = not any(lane.count for lane in lanes.values())
        self.set_class(is_empty, "-none")
        for name, lane in lanes.items():
            self.query_one(f"#lane-{name}-column").set_class(not lane.count, "-empty")
            self.query_one(f"#head-{name}", Static).update(views.lane_head(name, lane.count))
        self._shown = lanes, now, nothing if is_empty else "–"
        self.call_after_refresh(self.fill)

    def fill(self) -> None:
        """Draw the rows for the room there is."""
        if self._shown is None:
            return
        lanes, now, nothing = self._shown
        for name, lane in lanes.items():
            block = self.query_one(f"#lane-{name}", Block)
            block.show(
                views.lane(lane.records, lane.names, now, block.size.width)
                + views.more_in_lane(lane.count - len(lane.records)),
                empty=content_of(Line(nothing, "muted")),
            )
        if self._wants_focus:
            self._wants_focus = False
            shown = [each for each in self.query(Block) if each.parent is not None and each.parent.display]
            next((each for each in shown if each.pointed is not None), shown[0]).focus()

    @property
    def pointed(self) -> int | None:
        """The row number of the assignment under the focused lane's cursor."""
        focused = self.screen.focused
        entry = focused.pointed if isinstance(focused, Block) else None
        return None if entry is None else self._numbers.get(entry.id)

    @property
    def slipped_from(self) -> int | None:
        """The row number of the assignment that has left the focused lane only just now, and another stands there."""
        focused = self.screen.focused
        gone = focused.slipped_from if isinstance(focused, Block) else ""
        return self._numbers.get(gone, -1) if gone else None

    def focus_first(self) -> None:
        """Go to the first lane that holds anything, once they are shown."""
        self._wants_focus = True
