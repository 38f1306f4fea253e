"""Dates and times: the one clock, what people type for them, how they are kept, how they are shown.

Kept is ISO 8601 only: a date as ``2026-11-23``, a time in UTC to the second as ``2026-11-23T14:00:00Z``.
People type and read local time; the zone is the one the operating system uses for them (``TZ``), through the
standard library's ``astimezone()``, so no zone database comes along. Every function that needs one takes a
``zone`` instead, for tests. The years 1900 to 2200 are accepted: enough for a birth date and a treaty, too
few for a slip.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from taskforce.i18n import N_, _, ngettext

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_YEAR, LAST_YEAR = 1900, 2200
CLOCK_VARIABLE = "TASKFORCE_NOW"

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_SECONDS = {"m": _MINUTE, "h": _HOUR, "d": _DAY, "w": 7 * _DAY}
_LONGEST = 100 * 365 * _DAY

# Kept as text: `re` compiles each when it is first needed, so that a start that reads no date pays for none.
# `(?a)`: digits are 0-9 only.
_ISO_DATE = r"(?a)(\d{4})-(\d{2})-(\d{2})|(\d{4})(\d{2})(\d{2})"
_OTHER_DATE = r"(?a)(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?=$|[\st,])"
_RELATIVE = r"(?a)([+-])(\d{1,6})([mhdw])"
_DURATION = r"(?a)(?:\d{1,6}[mhdw])+"
_TIME_OF_DAY = (
    r"(?a)(?:(?P<day>\S+?)(?:t|\s+))?(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<offset>z|[+-]\d{2}(?::?\d{2})?)?"
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NEAR_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_MONTHS = (
    *(N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun")),
    *(N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec")),
)


class MomentError(ValueError):
    """What was typed is no date, time or duration: a ``sentence`` saying so and a ``hint`` what to write."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Moment:
    """What a person meant: a local ``day``, and the exact time ``at`` (UTC) unless only the day was given."""

    day: date
    at: datetime | None = None


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


def parse_moment(text: str, *, now: datetime, zone: tzinfo | None = None) -> Moment:
    """Return what a person means by ``text``, seen from ``now`` (aware) in ``zone`` (None: the local one).

    Understood: ISO 8601 dates and date-times (without offset: local time), ``now``, ``today``, ``tomorrow``,
    ``yesterday``, a weekday such as ``fri`` (the next one, never today), ``eom`` (the last day of this
    month), ``+2w``, ``+2d`` (the same time of day then), ``+3h``, ``+30m``, the same with ``-``, ``14:00``
    (today, also when past), and a day with a time: ``fri 14:00``. A local time that a clock change repeats
    means the first. Raises MomentError for everything else, above all for dates that two people read
    differently.
    """
    typed = text.strip().casefold()
    local = now.astimezone(zone)
    if typed == "now":
        return _exactly(now, text, zone)
    if relative := re.fullmatch(_RELATIVE, typed):
        return _shifted(relative, text, local, zone)
    if clock := re.fullmatch(_TIME_OF_DAY, typed):
        return _at_time_of_day(clock, text, now, zone)
    return Moment(_day(typed, text, local.date()))


def parse_date(text: str, today: date) -> str:
    """Return the date that ``text`` means, seen from ``today``, as it is kept: ``2026-11-23``.

    Understands what ``parse_moment`` does, but for what has a time of day. Raises MomentError.
    """
    typed = text.strip().casefold()
    relative = re.fullmatch(_RELATIVE, typed)
    if typed == "now" or re.fullmatch(_TIME_OF_DAY, typed) or (relative and relative[3] in "mh"):
        sentence = _('"%(text)s" has a time of day, but only a date fits here') % {"text": text}
        forms = "2026-11-23, today, tomorrow, fri, +2d, eom"
        raise MomentError(sentence, _("write a date: %(forms)s") % {"forms": forms})
    return _day(typed, text, today).isoformat()


def parse_time(text: str, now: datetime, *, zone: tzinfo | None = None, end_of_day: bool = False) -> str:
    """Return the time that ``text`` means, seen from ``now``, as it is kept: ``2026-11-23T14:00:00Z``.

    A day without a time of day means its first second in local time, or its last with ``end_of_day`` (for
    what is due by then). Raises MomentError.
    """
    moment = parse_moment(text, now=now, zone=zone)
    edge = time(23, 59, 59) if end_of_day else time(0)
    return time_text(moment.at or _in_utc(datetime.combine(moment.day, edge), text, zone))


def parse_duration(text: str) -> int:
    """Return the seconds in ``90m``, ``3h``, ``1d``, ``2w``, ``1d12h``. Raises MomentError."""
    typed = text.strip().casefold()
    if re.fullmatch(_DURATION, typed):
        seconds = sum(int(count) * _SECONDS[unit] for count, unit in re.findall(r"(\d+)([mhdw])", typed))
        if 0 < seconds <= _LONGEST:
            return seconds
    raise MomentError(
        _('"%(text)s" is not a duration') % {"text": text},
        _("write a number with m, h, d or w: %(forms)s") % {"forms": "90m, 3h, 1d, 2w"},
    )


def time_text(at: datetime) -> str:
    """Return an aware time as it is kept: UTC, to the second, ``2026-11-23T14:00:00Z``."""
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def read_time(text: str) -> datetime:
    """Return the aware time that a kept ``text`` stands for. Raises ValueError when it is none."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a kept time has an offset")
    return at


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
    count = int(seconds // _SECONDS[unit])
    return sentence(count, unit) % {"n": count}


def _day(typed: str, text: str, today: date) -> date:
    """Return the day that ``typed`` (folded) means; ``text`` is what the person wrote, for the sentence."""
    if typed in _NEAR_DAYS:
        return today + timedelta(days=_NEAR_DAYS[typed])
    if typed == "eom":
        return (today.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    if len(typed) >= 3:
        for number, name in enumerate(_WEEKDAYS):
            if name.startswith(typed):
                return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    try:
        if (relative := re.fullmatch(_RELATIVE, typed)) and relative[3] in "dw":
            return _in_range(today + timedelta(seconds=_signed_seconds(relative)), text)
        if parts := re.fullmatch(_ISO_DATE, typed):
            year, month, day = (int(part) for part in parts.groups() if part)
            return _in_range(date(year, month, day), text)
    except MomentError:
        raise
    except (ValueError, OverflowError):
        sentence = _('there is no day "%(text)s" in the calendar') % {"text": text}
        raise MomentError(sentence, _write_iso()) from None
    raise _not_a_date(typed, text)


def _not_a_date(typed: str, text: str) -> MomentError:
    parts = re.match(_OTHER_DATE, typed)
    if not parts:
        forms = "2026-11-23, 2026-11-23 14:00, 14:00, today, tomorrow, fri, +2d, +3h, eom"
        sentence = _('"%(text)s" is not a date or time') % {"text": text}
        return MomentError(sentence, _("write one of: %(forms)s") % {"forms": forms})
    readings = _readings(parts[1], parts[3], parts[4])
    if len(readings) > 1:
        sentence = _('"%(text)s" is ambiguous: people read it as different days')
    else:
        sentence = _('"%(text)s" is not an ISO 8601 date')
    hint = _("write %(days)s") % {"days": _(" or ").join(readings)} if readings else _write_iso()
    return MomentError(sentence % {"text": text}, hint)


def _write_iso() -> str:
    return _("write year, month and day, as in %(example)s") % {"example": "2026-11-23"}


def _readings(first: str, second: str, third: str) -> list[str]:
    """Return the dates that people may mean by three numbers: day or month first, or the year."""
    if len(first) == 4:
        orders = [(first, second, third)]
    elif len(third) == 4:
        orders = [(third, second, first), (third, first, second)]
    else:  # a year of two digits: 03/04/05
        this, that = "20" + third, "20" + first
        orders = [(this, second, first), (this, first, second), (that, second, third)]
    days: list[str] = []
    for year, month, day in orders:
        try:
            reading = date(int(year), int(month), int(day)).isoformat()
        except ValueError:
            continue
        if reading not in days:
            days.append(reading)
    return days


def _shifted(relative: re.Match[str], text: str, local: datetime, zone: tzinfo | None) -> Moment:
    seconds = _signed_seconds(relative)
    try:
        if relative[3] in "mh":
            return _exactly(local.astimezone(UTC) + timedelta(seconds=seconds), text, zone)
        # Days and weeks keep the time of day across a clock change, as people mean it.
        then = local.replace(tzinfo=None) + timedelta(seconds=seconds)
    except OverflowError:
        raise _out_of_range(text) from None
    return _exactly(_in_utc(then, text, zone), text, zone)


def _signed_seconds(relative: re.Match[str]) -> int:
    return int(relative[1] + relative[2]) * _SECONDS[relative[3]]


def _at_time_of_day(clock: re.Match[str], text: str, now: datetime, zone: tzinfo | None) -> Moment:
    try:
        at = time(int(clock["hour"]), int(clock["minute"]), int(clock["second"] or 0))
        offset = _offset(clock["offset"])
    except ValueError:
        sentence = _('there is no such time of day as in "%(text)s"') % {"text": text}
        raise MomentError(sentence, _("hours go from 00 to 23, minutes and seconds from 00 to 59")) from None
    own_zone = offset or zone
    day = now.astimezone(own_zone).date()
    if clock["day"]:
        day = _day(clock["day"], text, day)
    wall = datetime.combine(day, at)
    utc = _in_utc(wall, text, own_zone)
    if utc.astimezone(own_zone).replace(tzinfo=None) != wall:
        sentence = _('there is no such time as "%(text)s" here: the clocks are put forward over it')
        hint = _("write a later time, or add the offset, as in %(example)s")
        raise MomentError(sentence % {"text": text}, hint % {"example": f"{utc:%Y-%m-%dT%H:%MZ}"})
    return _exactly(utc, text, zone)


def _offset(text: str | None) -> tzinfo | None:
    """Return the zone of an ISO 8601 offset (``z``, ``+07``, ``+0530``). Raises ValueError beyond a day."""
    if not text:
        return None
    if text == "z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    east = timedelta(hours=hours, minutes=minutes)
    return timezone(-east if text[0] == "-" else east)


def _in_utc(wall: datetime, text: str, zone: tzinfo | None) -> datetime:
    """Return the time at which local clocks show ``wall`` (naive); one that they skip moves forward."""
    try:
        utc = (wall.replace(tzinfo=zone) if zone else wall).astimezone(UTC)
    except (OverflowError, OSError, ValueError):  # some platforms know no local time before 1970
        raise _out_of_range(text) from None
    _in_range(utc.date(), text)
    return utc


def _exactly(at: datetime, text: str, zone: tzinfo | None) -> Moment:
    """Return the moment of an exact time, checked to be in range."""
    utc = at.astimezone(UTC)
    _in_range(utc.date(), text)
    return Moment(_in_range(utc.astimezone(zone).date(), text), utc)


def _in_range(day: date, text: str) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise _out_of_range(text)
    return day


def _out_of_range(text: str) -> MomentError:
    sentence = _('"%(text)s" is outside the years %(first)d to %(last)d')
    return MomentError(sentence % {"text": text, "first": FIRST_YEAR, "last": LAST_YEAR}, _write_iso())


def _present() -> datetime:
    return now()  # under a name that no argument called `now` hides


def _show_day(day: date, present_year: int) -> str:
    month = _(_MONTHS[day.month - 1])
    return f"{day.day} {month}" if day.year == present_year else f"{day.day} {month} {day.year}"
