"""Dates and times: the one clock, how they are kept, how they are shown. What people type: `typed_moments`.

Kept is ISO 8601 only: a date as ``2026-11-23``, a time in UTC to the second as ``2026-11-23T14:00:00Z``.
People type and read local time; the zone is the one the operating system uses for them (``TZ``), through the
standard library's ``astimezone()``, so no zone database comes along. Every function that needs one takes a
``zone`` instead, for tests.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, tzinfo

from taskforce.i18n import N_, _, ngettext

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Callable

CLOCK_VARIABLE = "TASKFORCE_NOW"

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
SECONDS = {"m": _MINUTE, "h": _HOUR, "d": _DAY, "w": 7 * _DAY}
"""Of a minute, an hour, a day, a week."""

MONTHS = (
    *(N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun")),
    *(N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec")),
)
"""As they are shown."""


class MomentError(ValueError):
    """What was typed is no date, time or duration: a ``sentence`` saying so and a ``hint`` what to write."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


def now() -> datetime:
    """Return the present time, aware and in UTC.

    ``TASKFORCE_NOW`` (ISO 8601 with offset), where it is set, makes the clock stand still there: for tests,
    demos and screenshots. Raises MomentError when it cannot be read.
    """
    fixed = os.environ.get(CLOCK_VARIABLE)
    if not fixed:
        return datetime.now(UTC)
    try:
        return read_time(fixed).astimezone(UTC)
    except ValueError:
        sentence = _('%(variable)s is "%(text)s", which is no time with an offset')
        hint = _("write it like %(example)s, or unset it") % {"example": "2026-11-23T14:00:00+07:00"}
        raise MomentError(sentence % {"variable": CLOCK_VARIABLE, "text": fixed}, hint) from None


def today(zone: tzinfo | None = None) -> date:
    """Return the present day where the person is."""
    return now().astimezone(zone).date()


def time_text(at: datetime) -> str:
    """Return an aware time as it is kept: UTC, to the second, ``2026-11-23T14:00:00Z``."""
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def read_time(text: str) -> datetime:
    """Return the aware time that a kept ``text`` stands for. Raises ValueError when it is none."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a kept time has an offset")
    return at


def local_time(text: str, zone: tzinfo | None = None) -> datetime | None:
    """Return a kept time as clocks show it where people are; None for what is none, and for one in another age: others
    may write what they like, and at the ends of the calendar nothing can be reckoned with.
    """
    try:
        local = read_time(text).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return None
    return local if _FIRST_YEAR <= local.year <= _LAST_YEAR else None


_FIRST_YEAR, _LAST_YEAR = 1900, 2199


def show_time(text: str, zone: tzinfo | None = None, *, now: datetime | None = None, unless: str = "") -> str:
    """Return a kept time as people read it: ``17 Oct 14:32 +07``, with the year unless it is the present one.

    The offset is left out where it is ``unless``, that in the head of the column. What is no time (a newer
    version may have written it) is returned as it is.
    """
    try:
        local = read_time(text).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return text
    shown = _show_day(local.date(), (now or _present()).astimezone(zone).year)
    offset = offset_of(local, zone)
    return f"{shown} {local:%H:%M}" + (f" {offset}" if offset != unless else "")


def offset_of(at: datetime, zone: tzinfo | None = None) -> str:
    """Return how far from UTC clocks are at a time: ``+07``, or ``+05:30``."""
    return at.astimezone(zone).isoformat(timespec="minutes")[16:].removesuffix(":00")


def show_date(text: str, *, today: date | None = None) -> str:
    """Return a kept date as people read it: ``17 Oct``, with the year unless it is the present one."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return _show_day(day, (today or _present().astimezone().date()).year)


def is_late(due: str, now: datetime) -> bool:
    """Return whether a kept time has passed, or a kept date's day is over; what is neither is never late."""
    try:
        if len(due) == len("2026-11-23"):
            return date.fromisoformat(due) < now.astimezone().date()
        return read_time(due) < now
    except ValueError:
        return False


def left_or_late(due: str, now: datetime) -> str:
    """Return how long until ``due`` or since: ``41 min left``, ``12 min late``, ``due now``, ``2 days left``.

    ``due`` is a kept time or a kept date; what is neither is returned as it is.
    """
    try:
        if len(due) == len("2026-11-23"):
            days = (date.fromisoformat(due) - now.astimezone().date()).days
            if days == 0:
                return _("due today")
            return _span(abs(days) * _DAY, _left if days > 0 else _late, unit="d")
        seconds = (read_time(due) - now).total_seconds()
    except ValueError:
        return due
    if abs(seconds) < _MINUTE:
        return _("due now")
    return _span(abs(seconds), _left if seconds > 0 else _late)


def ago(then: str, now: datetime) -> str:
    """Return how long a kept time is past: ``just now``, ``12 min ago``, ``3 h ago``, ``2 days ago``.

    A time ahead of our clock is said to be so (``in 5 min``); what is no time is returned as it is.
    """
    try:
        seconds = (now - read_time(then)).total_seconds()
    except ValueError:
        return then
    if abs(seconds) < _MINUTE:
        return _("just now")
    return _span(abs(seconds), _past if seconds > 0 else _ahead)


# Whole sentences rather than pieces: word order and plural forms differ between languages.
def _left(count: int, unit: str) -> str:
    if unit == "d":
        return ngettext("%(n)d day left", "%(n)d days left", count)
    return _("%(n)d h left") if unit == "h" else _("%(n)d min left")


def _late(count: int, unit: str) -> str:
    if unit == "d":
        return ngettext("%(n)d day late", "%(n)d days late", count)
    return _("%(n)d h late") if unit == "h" else _("%(n)d min late")


def _past(count: int, unit: str) -> str:
    if unit == "d":
        return ngettext("%(n)d day ago", "%(n)d days ago", count)
    return _("%(n)d h ago") if unit == "h" else _("%(n)d min ago")


def _ahead(count: int, unit: str) -> str:
    if unit == "d":
        return ngettext("in %(n)d day", "in %(n)d days", count)
    return _("in %(n)d h") if unit == "h" else _("in %(n)d min")


def _span(seconds: float, sentence: Callable[[int, str], str], *, unit: str = "") -> str:
    unit = unit or ("d" if seconds >= 2 * _DAY else "h" if seconds >= _HOUR else "m")
    count = int(seconds // SECONDS[unit])
    return sentence(count, unit) % {"n": count}


def _present() -> datetime:
    return now()  # under a name that no argument called `now` hides


def _show_day(day: date, present_year: int) -> str:
    month = _(MONTHS[day.month - 1])
    return f"{day.day} {month}" if day.year == present_year else f"{day.day} {month} {day.year}"
