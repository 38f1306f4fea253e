"""The days of an operation as a chart: who does what when, what waits for what, what is late (a Gantt chart).

Pure: moments and a width in, characters out. Each bar's state is a glyph, not only a colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from textwrap import wrap
from typing import Any

from taskforce import moments
from taskforce.i18n import _
from taskforce.reports.record_views import GLYPHS
from taskforce.store.queries import Record
from taskforce.text import cells, safe, shorten
from taskforce.views import Line

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.scheduling import Schedule

FULL, REST, DUE, LATE, NOW = "━", "╌", "◆", "!", "│"
BEFORE, AFTER = "‹", "›"

LEAST_DAY = 7
"""Cells that a day needs to be told from the next one: its name and a blank."""

_NARROW, _WIDE = 34, 44  # cells of what stands before a bar
_WIDE_FROM = 110
_BETWEEN = 2

Pieces = tuple[Line | str, ...]
"""One line of the chart, piece by piece."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a chart of `width` cells shows."""

    start: datetime
    end: datetime
    width: int

    def cell(self, at: datetime) -> int:
        """The cell of a moment; those outside are at the edges."""
        part = (at - self.start) / (self.end - self.start)
        return max(0, min(self.width - 1, int(part * self.width)))

    def holds(self, at: datetime) -> bool:
        """Whether a moment is within."""
        return self.start <= at <= self.end


@dataclass(frozen=True, slots=True)
class Bar:
    """One assignment's line: its cells, whether it is late, and the refs of open ones that it waits for."""

    record: Record
    cells: str
    late: bool
    waits_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart drawn to a width: the days, the lines, at which line each record's bar is (by `n`), and the signs."""

    head: Pieces
    lines: tuple[Pieces, ...]
    places: Mapping[int, int]
    legend: Pieces


def chart_of(schedule: Schedule, now: datetime, width: int, *, span: Span | None = None) -> Chart:
    """The chart of a schedule in `width` cells; of all its time, or of a `span` that is as wide as `room_for_bars`."""
    label = _label_cells(width)
    all_of_it = whole(schedule, now, width)
    shown = span or all_of_it
    edge = " " * (label + 1)
    before = BEFORE if shown.start > all_of_it.start else " "
    after = AFTER if shown.end < all_of_it.end else ""
    lines: list[Pieces] = []
    places: dict[int, int] = {}
    for bar in bars(schedule.records, shown, now, schedule.awaited):
        places[bar.record.n] = len(lines)
        lines.append((*_label(bar.record, schedule.agencies, label), _drawn(bar)))
        if bar.waits_for:
            waits = _("waits for %(refs)s") % {"refs": ", ".join(bar.waits_for)}
            for place, text in enumerate(wrap(waits, max(20, shown.width - 2))):
                lines.append((Line(edge + (" └ " if place == 0 else "   ") + text, "muted"),))
    legend = _("━ begun   ╌ planned   ◆ due   ! late   │ now")
    indent = edge + " " if len(edge) + 1 + cells(legend) <= width else ""
    return Chart(
        (Line((edge + before + days_of(shown) + after).rstrip(), "muted"),),
        tuple(lines),
        places,
        (Line(indent + legend, "muted"),),
    )


def lines_of(schedule: Schedule, now: datetime, width: int) -> list[Pieces]:
    """The whole chart line by line, the days above and what the signs mean below."""
    chart = chart_of(schedule, now, width)
    return [chart.head, *chart.lines, chart.legend]


def data_of_bars(schedule: Schedule, now: datetime) -> list[dict[str, Any]]:
    """What the bars show, for scripts: kept times, full ids, agencies by their code."""
    return [
        {
            "id": record.id,
            "ref": record.ref,
            "title": record.title,
            "agency": schedule.agencies.get(record.text("agency")),
            "status": record.text("status") or None,
            "begins": _begins(record) or None,
            "ends": _ends(record) or None,
            "due": record.text("due") or None,
            "begun": _is_begun(record),
            "late": _is_late(record, now),
            "waits_for": [one for one in record.items("depends_on") if one in schedule.awaited],
        }
        for record in schedule.records
    ]


def room_for_bars(width: int) -> int:
    """The cells that are left for the bars of a chart of `width` cells."""
    return max(10, width - _label_cells(width) - 2 * _BETWEEN)


def whole(schedule: Schedule, now: datetime, width: int) -> Span:
    """All the time of a schedule, in a chart of `width` cells."""
    return span_of(schedule.records, now, room_for_bars(width), start=schedule.start, end=schedule.end)


def span_with(record: Record | None, all_of_it: Span, now: datetime, before: Span | None = None) -> Span:
    """The days of `all_of_it` to show where they do not all fit: as `before`, moved as far as the record's bar needs.

    A bar that is longer than the span is shown from its beginning.
    """
    length = timedelta(days=max(1, all_of_it.width // LEAST_DAY))
    if all_of_it.end - all_of_it.start <= length * 5 / 4:
        return all_of_it
    margin = length / 8  # so that what comes next is in sight, too
    start = before.start if before is not None else _midnight(now - length / 4)
    begin, end = extent(record) if record is not None else (None, None)
    if begin is not None and end is not None:
        if end > start + length:
            start = _midnight(end + margin - length, up=True)
        if begin < start:
            start = _midnight(begin - margin)
    start = max(all_of_it.start, min(start, _midnight(all_of_it.end - length, up=True)))
    return replace(all_of_it, start=start, end=start + length)


def span_of(records: Sequence[Record], now: datetime, width: int, *, start: str = "", end: str = "") -> Span:
    """The span of an operation's days (`start` and `end`, kept dates), widened to its assignments and the present."""
    times = [at for record in records for name in ("start", "due") if (at := _at(record.text(name)))]
    zone = now.astimezone().tzinfo
    if start:
        times.append(datetime.fromisoformat(start).replace(tzinfo=zone))
    if end:
        times.append(datetime.fromisoformat(end).replace(tzinfo=zone) + timedelta(days=1))
    first = min(times, default=now - timedelta(hours=12))
    last = max(times, default=now + timedelta(hours=12))
    if last <= first:
        last = first + timedelta(days=1)
    return Span(first, last, max(10, width))


def bars(records: Sequence[Record], span: Span, now: datetime, refs: Mapping[str, str]) -> list[Bar]:
    """A bar for each assignment; `refs` gives the refs of open assignments by id."""
    return [
        Bar(
            record,
            _cells(record, span, now),
            _is_late(record, now),
            tuple(refs[one] for one in record.items("depends_on") if one in refs),
        )
        for record in records
    ]


def days_of(span: Span) -> str:
    """The head of the chart: each day's name where it begins, as far as there is room."""
    line = [" "] * span.width
    zone = span.start.astimezone().tzinfo
    day = span.start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    free = 0
    while day <= span.end:
        cell = span.cell(day) if day > span.start else 0
        label = moments.show_date(day.date().isoformat(), today=day.date())
        if cell >= free and cell + len(label) <= span.width:
            line[cell : cell + len(label)] = label
            free = cell + len(label) + 1
        day += timedelta(days=1)
    return "".join(line)


def extent(record: Record) -> tuple[datetime | None, datetime | None]:
    """When an assignment's bar begins and ends; None for neither where nothing is known of its time."""
    begin, end = _at(_begins(record)), _at(_ends(record))
    if begin is None or end is None:
        return None, None
    return min(begin, end), max(begin, end)


def _begins(record: Record) -> str:
    return record.text("started_at") or record.text("start") or record.text("due")


def _ends(record: Record) -> str:
    return record.text("done_at") or record.text("cancelled_at") or record.text("due") or _begins(record)


def _is_begun(record: Record) -> bool:
    return bool(record.text("started_at") or record.text("done_at"))


def _cells(record: Record, span: Span, now: datetime) -> str:
    line = [" "] * span.width
    due = _at(record.text("due"))
    begin, end = extent(record)
    is_late = _is_late(record, now)
    if begin is not None and end is not None:
        if begin <= span.end and end >= span.start:
            for cell in range(span.cell(begin), span.cell(end) + 1):
                line[cell] = FULL if _is_begun(record) else REST
        if is_late and now >= span.start:
            for cell in range(span.cell(end), span.cell(now) + 1):
                line[cell] = LATE
    if span.holds(now) and line[span.cell(now)] == " ":
        line[span.cell(now)] = NOW
    if due is not None and span.holds(due):
        line[span.cell(due)] = DUE
        if is_late and LATE not in line:
            # It was due within the present cell: colour alone would say that it is late.
            line[min(span.cell(due) + 1, span.width - 1)] = LATE
    if begin is not None and end is not None:
        if end < span.start and not is_late:
            line[0] = BEFORE
        elif begin > span.end:
            line[-1] = AFTER
    return "".join(line)


def _is_late(record: Record, now: datetime) -> bool:
    lifecycle = record.kind.lifecycle
    state = record.text("status")
    return bool(lifecycle and state not in lifecycle.closed and moments.is_late(record.text("due"), now))


def _at(text: str) -> datetime | None:
    return moments.local_time(text, UTC)


def _midnight(at: datetime, *, up: bool = False) -> datetime:
    """The beginning of the local day of `at`, or with `up` of the next one unless `at` is one."""
    local = at.astimezone()
    day = datetime(local.year, local.month, local.day).astimezone()
    return datetime.fromordinal(local.toordinal() + 1).astimezone() if up and day < at else day


def _label_cells(width: int) -> int:
    return _WIDE if width >= _WIDE_FROM else min(_NARROW, max(20, width // 2))


def _label(record: Record, agencies: Mapping[str, str], width: int) -> Pieces:
    """State, ref, and as much of title and agency as there is room for, in `width` cells and two blanks."""
    state = GLYPHS.get(record.text("status"), " ")
    ref = f"{record.ref:<6} "
    room = width - cells(f"{state} {ref}")
    agency = safe(agencies.get(record.text("agency"), ""))
    title = safe(record.title)
    if agency and cells(agency) <= room // 2:
        text = f"{shorten(title, room - cells(agency) - 1)} {agency}"
    else:
        text = shorten(title, room)
    space = " " * max(0, room - cells(text))
    return (f"{state} ", Line(ref, "command"), f"{text}{space}{' ' * _BETWEEN}")


def _drawn(bar: Bar) -> Line | str:
    return Line(bar.cells.rstrip(), "late") if bar.late else bar.cells.rstrip()
