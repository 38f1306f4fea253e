"""What people type for dates, times and durations, and what they mean by it, seen from where and when they are.

The years 1900 to 2200 are accepted: enough for a birth date and a treaty, too few for a slip.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from taskforce.i18n import _
from taskforce.moments import MONTHS, SECONDS, MomentError, time_text

FIRST_YEAR, LAST_YEAR = 1900, 2200

_NEAR_YEARS = 10
_LONGEST = 100 * 365 * SECONDS["d"]

# Kept as text: `re` compiles each when it is first needed, so that a start that reads no date pays for none.
# `(?a)`: digits are 0-9 only.
_ISO_DATE = r"(?a)(\d{4})-(\d{2})-(\d{2})|(\d{4})(\d{2})(\d{2})"
_OTHER_DATE = r"(?a)(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?=$|[\st,])"
_RELATIVE = r"(?a)([+-])(\d{1,6})([mhdw])"
_DURATION = r"(?a)(?:\d{1,6}[mhdw])+"
YEAR = r"(?:19|20|21)\d{2}|2200"
_DAY_AND_MONTH = rf"(?a)(\d{{1,2}})\s+([^\s\d,]+)(?:\s+({YEAR}))?"
_TIME_OF_DAY = (
    rf"(?a)(?:(?P<day>\S+?|\d{{1,2}}\s+[^\s\d,]+(?:\s+(?:{YEAR}))?)(?:t|,?\s+))?"
    r"(?:(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?|(?P<digits>\d{4})(?=z|\s|$))"
    r"\s*(?P<offset>z|[+-]\d{2}(?::?\d{2})?)?"
)
_AHEAD = r"(?a)in\s+(\d{1,6})\s*(m|min|h|d|days?|w)"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ENGLISH_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_NEAR_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}


@dataclass(frozen=True, slots=True)
class Moment:
    """What a person meant: a local ``day``, and the exact time ``at`` (UTC) unless only the day was given."""

    day: date
    at: datetime | None = None


def parse_moment(text: str, *, now: datetime, zone: tzinfo | None = None) -> Moment:
    """Return what a person means by ``text``, seen from ``now`` (aware) in ``zone`` (None: the local one).

    Understood: ISO 8601 dates and date-times (without offset: local time), days as they are shown, ``18 Oct`` (of
    the nearest year) or ``18 Oct 2024``, ``now``, ``today``, ``tomorrow``, ``yesterday``, a weekday such as ``fri``
    (the next one, never today), ``eom`` (the last day of this month), ``+2w``, ``+2d`` (the same time of day then),
    ``+3h``, ``+30m``, the same with ``-``, ``in 2h``, ``14:00`` or ``1400`` (today, also when past), and a day with
    a time: ``fri 14:00``, ``18 Oct 14:00 +07``. A local time that a clock change repeats
    means the first. Raises MomentError for everything else, above all for dates that two people read
    differently.
    """
    typed = _folded(text)
    local = now.astimezone(zone)
    if typed == "now":
        return _exactly(now, text, zone)
    if relative := re.fullmatch(_RELATIVE, typed):
        return _shifted(relative, text, local, zone)
    if found := re.fullmatch(_DAY_AND_MONTH, typed):
        day = _day(typed, text, local.date())
        if found[3] and _is_rather_a_time(found[3], local.year):
            at = f"{_day(typed[: found.start(3)].rstrip(), text, local.date())} {found[3][:2]}:{found[3][2:]}"
            raise _ambiguous(text, [day.isoformat(), at])
        return Moment(day)
    if clock := re.fullmatch(_TIME_OF_DAY, typed):
        return _at_time_of_day(clock, text, now, zone)
    return Moment(_day(typed, text, local.date()))


def parse_date(text: str, today: date) -> str:
    """Return the date that ``text`` means, seen from ``today``, as it is kept: ``2026-11-23``.

    Understands what ``parse_moment`` does, but for what has a time of day. Raises MomentError.
    """
    typed = _folded(text)
    relative = re.fullmatch(_RELATIVE, typed)
    has_clock = re.fullmatch(_TIME_OF_DAY, typed) and not re.fullmatch(_DAY_AND_MONTH, typed)
    if typed == "now" or has_clock or (relative and relative[3] in "mh"):
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
        seconds = sum(int(count) * SECONDS[unit] for count, unit in re.findall(r"(\d+)([mhdw])", typed))
        if 0 < seconds <= _LONGEST:
            return seconds
    raise MomentError(
        _('"%(text)s" is not a duration') % {"text": text},
        _("write a number with m, h, d or w: %(forms)s") % {"forms": "90m, 3h, 1d, 2w"},
    )


def month_named(word: str) -> int | None:
    """The month that a word (folded) names: as it is shown, or three letters or more of its English name."""
    word = word.rstrip(".")
    shown = [_(name).casefold().rstrip(".") for name in MONTHS]
    if word in shown:
        return shown.index(word) + 1
    meant = [number for number, name in enumerate(_ENGLISH_MONTHS, 1) if name.startswith(word)]
    return meant[0] if len(word) >= 3 and len(meant) == 1 else None


def _folded(text: str) -> str:
    """What was typed, folded; what is ahead as it is shown (``in 2 h``) as it is written short."""
    typed = text.strip().casefold()
    ahead = re.fullmatch(_AHEAD, typed)
    return f"+{ahead[1]}{ahead[2][0]}" if ahead else typed


def _is_rather_a_time(digits: str, year: int) -> bool:
    """Whether four digits behind a month may be a time of day: as a year they are far from now."""
    return abs(int(digits) - year) > _NEAR_YEARS and int(digits[:2]) < 24 and int(digits[2:]) < 60


def _nearest(day: int, month: int, today: date) -> date:
    """The day of a month in the year in which it is nearest; ValueError where no year has it."""
    years = range(
        today.year - 8, today.year + 9
    )  # 29 February is eight years from the next where a century has none
    days = [date(year, month, day) for year in years if day <= monthrange(year, month)[1]]
    if not day >= 1 or not days:
        raise ValueError(day)
    return min(days, key=lambda each: (abs((each - today).days), each < today))


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
        if (found := re.fullmatch(_DAY_AND_MONTH, typed)) and (month := month_named(found[2])):
            number = int(found[1])
            return _in_range(
                date(int(found[3]), month, number) if found[3] else _nearest(number, month, today), text
            )
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
        forms = "18 Oct 14:00, 2026-11-23, 2026-11-23 14:00, 14:00, today, tomorrow, fri, +2d, +3h, eom"
        sentence = _('"%(text)s" is not a date or time') % {"text": text}
        return MomentError(sentence, _("write one of: %(forms)s") % {"forms": forms})
    readings = _readings(parts[1], parts[3], parts[4])
    if len(readings) > 1:
        return _ambiguous(text, readings)
    hint = _("write %(days)s") % {"days": readings[0]} if readings else _write_iso()
    return MomentError(_('"%(text)s" is not an ISO 8601 date') % {"text": text}, hint)


def _ambiguous(text: str, readings: list[str]) -> MomentError:
    return MomentError(
        _('"%(text)s" is ambiguous: people read it as different days') % {"text": text},
        _("write %(days)s") % {"days": _(" or ").join(readings)},
    )


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
    return int(relative[1] + relative[2]) * SECONDS[relative[3]]


def _at_time_of_day(clock: re.Match[str], text: str, now: datetime, zone: tzinfo | None) -> Moment:
    try:
        hour, minute = (
            (clock["digits"][:2], clock["digits"][2:])
            if clock["digits"]
            else (clock["hour"], clock["minute"])
        )
        at = time(int(hour), int(minute), int(clock["second"] or 0))
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
