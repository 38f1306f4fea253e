"""What the room shows at a glance: lanes, referrals, the end of the log, peers, places; a bounded read of any store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from taskforce import moments
from taskforce.actions.attention import Status, status
from taskforce.actions.peers import PeerState, list_peers
from taskforce.actions.references import names_for
from taskforce.actions.session import Session
from taskforce.records.registry import get_kind
from taskforce.store import pages, queries
from taskforce.store.queries import Condition, Record

LANES: Mapping[str, tuple[str, ...]] = {
    "under-way": ("under-way",),
    "accepted": ("assigned", "accepted"),
    "blocked": ("blocked",),
    "planned": ("planned",),
}
"""The lanes of assignments by the state that gives them sign and name; those who took one on and those asked to share
one."""

_OPEN_REFERRALS = ("draft", "sent", "received", "accepted", "in-progress")
_WAITING = ("sent", "received")


@dataclass(frozen=True, slots=True)
class Most:
    """How many of each to read at most: so many fit on no screen."""

    lane: int = 12
    referrals: int = 20
    log: int = 60
    places: int = 6
    attention: int = 20


@dataclass(frozen=True, slots=True)
class Overview:
    """The room's content. `names` holds what people see in place of ids; counts are of all, lists may be cut."""

    states: Mapping[str, int]
    lanes: Mapping[str, tuple[Record, ...]]
    late: int
    referrals: tuple[Record, ...]
    referrals_open: int
    log: tuple[Record, ...]
    peers: tuple[PeerState, ...]
    places: tuple[Record, ...]
    status: Status
    names: Mapping[str, str]
    has_operation: bool = True


def overview(session: Session, most: Most | None = None) -> Overview:
    """Read what the room shows, of the current operation, in one read of the store."""
    chosen = most or Most()
    with session.store.reading():
        here = _here(session)
        lanes = {name: tuple(_lane(session, states, here, chosen.lane)) for name, states in LANES.items()}
        referrals = _referrals(session, chosen.referrals)
        log = _log(session, here, chosen.log)
        peers = tuple(list_peers(session))
        records = [*(each for lane in lanes.values() for each in lane), *referrals]
        return Overview(
            pages.group_counts(session.store.connection, get_kind("assignment"), "status", here),
            lanes,
            _late(session, here),
            tuple(referrals),
            queries.count_records(
                session.store.connection,
                get_kind("referral"),
                [Condition("status", "in", _OPEN_REFERRALS)],
            ),
            tuple(log),
            peers,
            tuple(_places(session, chosen.places)),
            status(session, limit=chosen.attention, peers=peers),
            names_for(session, records, ["agency", "victim", "to"]),
            bool(session.current_operation),
        )


def _here(session: Session) -> list[Condition]:
    return [Condition("operation", "=", session.current_operation)] if session.current_operation else []


def _lane(session: Session, states: tuple[str, ...], here: list[Condition], most: int) -> list[Record]:
    found: list[Record] = []
    for state in states:  # one state at a time is a walk along an index
        conditions = [*here, Condition("status", "=", state)]
        found += queries.list_records(
            session.store.connection, get_kind("assignment"), conditions, sort=[("due", False)], limit=most
        )
    return sorted(found, key=lambda one: (not one.text("due"), one.text("due"), one.n))[:most]


def _late(session: Session, here: list[Condition]) -> int:
    kind = get_kind("assignment")
    assert kind.lifecycle is not None
    states = [state for state in kind.lifecycle.states if state not in kind.lifecycle.closed]
    now = moments.time_text(session.now)
    return queries.count_records(
        session.store.connection, kind, [*here, Condition("status", "in", states), Condition("due", "<", now)]
    )


def _referrals(session: Session, most: int) -> list[Record]:
    """Those that wait for an answer first, the most urgent on top; then the others that are open."""
    found: list[Record] = []
    for states in (_WAITING, ("draft",), ("accepted", "in-progress")):
        if len(found) < most:
            found += queries.list_records(
                session.store.connection,
                get_kind("referral"),
                [Condition("status", "in", states)],
                sort=[("answer_due", False)],
                limit=most - len(found),
            )
    return found


def _log(session: Session, here: list[Condition], most: int) -> list[Record]:
    newest = queries.list_records(
        session.store.connection, get_kind("log"), here, sort=[("at", True)], limit=most
    )
    return newest[::-1]


def _places(session: Session, most: int) -> list[Record]:
    """Where places are said to be free, most first; in one's own country before those abroad."""
    connection, kind = session.store.connection, get_kind("agency")
    free = Condition("places_free", ">=", 1)
    own = queries.get_record(connection, kind, session.own_agency)
    home = own.text("country") if own else ""
    found: dict[str, Record] = {}
    for conditions in ([free, Condition("country", "=", home)], [free]):
        for one in queries.list_records(
            connection, kind, conditions, sort=[("places_free", True)], limit=most
        ):
            found.setdefault(one.id, one)
    return list(found.values())[:most]
