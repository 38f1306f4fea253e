"""Clocks that go wrong: which device's, of which agency, and how far off. Nothing depends on them but what is shown.

Ahead is what is stamped later than now. Behind is not what is merely old, a bundle may take a year: it is what is
stamped earlier than an edit of ours that its author had, or than any edit can be.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from taskforce import moments
from taskforce.actions.session import Session
from taskforce.store import clocks, history
from taskforce.sync.clock import FOLLOW_BOUND, Stamp

EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)
"""No edit is older than the program; nothing is said of it where our own clock is (as in rehearsals of past days)."""


@dataclass(frozen=True, slots=True)
class WrongClock:
    """A device whose clock is more than a day off: `off` is positive where it goes ahead of ours."""

    agency: str
    device: str
    off: timedelta


def wrong_clocks(session: Session) -> list[WrongClock]:
    """Every device known to have a wrong clock, its own last word counting, furthest off first."""
    connection, own_feed, now = session.store.connection, session.store.me.feed, session.now
    earliest = EARLIEST if now >= EARLIEST else datetime.min.replace(tzinfo=UTC)
    found: dict[str, timedelta] = {}

    def note(device: str, off: timedelta) -> None:
        if abs(off) > FOLLOW_BOUND and abs(off) > abs(found.get(device, timedelta())):
            found[device] = off

    bundles = clocks.last_bundles(connection, own_feed)
    # A device that was once ahead goes on from its own last stamp; that its clock was set, its bundles say.
    set_since = {came.device for came in bundles if moments.read_time(came.made) <= now + FOLLOW_BOUND}
    for last in clocks.last_edits(connection, own_feed):
        stamp = _moment(last.stamp)
        if last.device not in set_since:
            note(last.device, max(stamp - now, timedelta()))
        note(last.device, min(stamp - earliest, timedelta()))
        note(last.device, _behind(session, stamp, last.saw_own, now))
    for came in bundles:
        made = moments.read_time(came.made)
        note(came.device, max(made - now, timedelta()))
        note(came.device, _behind(session, made, came.held_own, now))
    wrong = [
        WrongClock(history.agency_of_device(connection, device), device, off) for device, off in found.items()
    ]
    return sorted(wrong, key=lambda each: (-abs(each.off), each.device))


def _behind(session: Session, at: datetime, own_number: int, now: datetime) -> timedelta:
    """How far `at` is before an edit of ours that was there already; not at all where our own clock was wrong."""
    stamp = (
        clocks.stamp_at(session.store.connection, session.store.me.feed, own_number) if own_number else None
    )
    if stamp is None or _moment(stamp) > now + FOLLOW_BOUND:
        return timedelta()
    return min(at - _moment(stamp), timedelta())


def _moment(stamp: Stamp) -> datetime:
    return datetime.fromisoformat(stamp.time + "+00:00")
