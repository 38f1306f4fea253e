"""Assignments in lanes by state, from planned to done; the arrows go from lane to lane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


class Lanes(HorizontalScroll):
    """The lanes side by side; where they have no room, they scroll with the cursor."""

    DEFAULT_CSS = """
    Lanes > Vertical { width: 20%; min-width: 24; }
    Lanes .head { height: 1; padding: 0 1; color: $text-muted; text-style: bold; }
    """

    can_focus = False

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[str, int] = {}

    def compose(self) -> ComposeResult:
        """A heading and a list for each."""
        for name in STATES:
            with Vertical():
                yield Static("", id=f"head-{name}", classes="head", markup=False)
                yield Block(id=f"lane-{name}")

    def show(self, lanes: Mapping[str, Lane], now: datetime) -> None:
        """Show them, for the present moment."""
        self._numbers = {each.id: each.n for lane in lanes.values() for each in lane.records}
        for name, lane in lanes.items():
            block = self.query_one(f"#lane-{name}", Block)
            self.query_one(f"#head-{name}", Static).update(views.lane_head(name, lane.count))
            block.show(
                views.lane(lane.records, lane.names, now, block.size.width),
                empty=content_of(Line("–", "muted")),
            )

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
        """Go to the first lane that holds anything."""
        lanes: Sequence[Block] = list(self.query(Block))
        next((each for each in lanes if each.pointed is not None), lanes[0]).focus()
