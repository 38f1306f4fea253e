"""Places in the log: what a typed time means when one looks back, and the entry that stands there."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from datetime import datetime, timedelta

from taskforce import moments
from taskforce.actions.session import Session
from taskforce.records.registry import get_kind
from taskforce.store import pages
from taskforce.typed_moments import YEAR, month_named, parse_time

_DAY_AND_MONTH = rf"(?a)(\d{{1,2}})\s+([^\s\d,]+)(?:\s+({YEAR}))?(?:[\s,]+(\d.*))?"


def time_meant(text: str, now: datetime) -> str:
    """The time that somebody means who looks back in the log, as it is kept; MomentError if it is none.

    All that `parse_time` understands, and days as the log shows them (`17 Oct`, `17 Oct 14:00`). A time of day
    that is still to come means yesterday's, a weekday the last one, a day without a year the last such day.
    """
    typed = text.strip().casefold()
    at = parse_time(_with_year(typed, now) or text, now)
    if at <= moments.time_text(now):
        return at
    if re.match(r"(?a)\d{1,2}:|\d{4}(?![-\d])", typed):
        return parse_time("-1d", moments.read_time(at))
    if typed[:1].isalpha() and not typed.startswith(("tomorrow", "eom", "in ")):
        return parse_time("-1w", moments.read_time(at))
    return at


def _with_year(typed: str, now: datetime) -> str:
    """`17 oct 14:00` as `2023-10-17 14:00`, in the last year that is not ahead; empty where it is no such day."""
    found = re.fullmatch(_DAY_AND_MONTH, typed)
    if not found:
        return ""
    day, word, year, clock = found.groups()
    month = month_named(word)
    if month is None:
        return ""
    today = now.astimezone().date()
    is_ahead = (month, int(day)) > (today.month, today.day)
    chosen = int(year) if year else today.year - is_ahead
    return f"{chosen:04d}-{month:02d}-{int(day):02d}" + (f" {clock}" if clock else "")


class _Times:
    """The times of entries in their order, read one by one: a search by halves needs twenty of a million."""

    def __init__(self, session: Session, order: array[int]) -> None:
        self._connection = session.store.connection
        self._order = order

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, place: int) -> str:
        found = pages.records_at(self._connection, get_kind("log"), [self._order[place]])
        return found[0].text("at") if found else ""


def place_at(session: Session, order: array[int], at: str) -> int:
    """The place of the first entry at a kept time or after it; how many there are if all are before."""
    return bisect_left(_Times(session, order), at)


def without_time_first(session: Session, order: array[int]) -> array[int]:
    """The order of time with the entries that bear none, which the store puts last, before all others."""
    times = _Times(session, order)
    if not order or times[-1]:
        return order
    first = bisect_left(range(len(order)), True, key=lambda place: not times[place])
    return order[first:] + order[:first]


def other_day(session: Session, order: array[int], place: int, by: int) -> int | None:
    """Where the day after that of the entry at `place` begins (`by` 1), or its own day or the one before (-1)."""
    times = _Times(session, order)
    if by > 0:
        after = _midnight(times[place], 1) or "0"  # of those without a time: whatever bears one
        found = place_at(session, order, after)
        return found if found < len(order) else None
    found = place_at(session, order, _midnight(times[place]))
    if found < place or not found:
        return found if found < place else None
    return place_at(session, order, _midnight(times[found - 1]))


def _midnight(at: str, later: int = 0) -> str:
    """The beginning of the local day in which a kept time lies, or of one some days later."""
    local = moments.local_time(at)
    if local is None:
        return ""  # before everything: an entry of unknown time stands first
    day = local.date() + timedelta(days=later)
    return parse_time(day.isoformat(), local)
