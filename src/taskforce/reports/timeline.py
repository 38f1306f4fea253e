"""The days of an operation as a chart: who does what when, what waits for what, what is late (a Gantt chart).

Pure: moments and a width in, characters out. Each bar's state is a glyph, not only a colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from taskforce import moments
from taskforce.store.queries import Record

FULL, REST, DUE, LATE, NOW = "━", "╌", "◆", "!", "│"


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


def _cells(record: Record, span: Span, now: datetime) -> str:
    line = [" "] * span.width
    due = _at(record.text("due"))
    begin = _at(record.text("started_at")) or _at(record.text("start")) or due
    end = _at(record.text("done_at")) or _at(record.text("cancelled_at")) or due or begin
    if begin is not None and end is not None:
        first, last = sorted((span.cell(begin), span.cell(end)))
        begun = bool(record.text("started_at"))
        for cell in range(first, last + 1):
            line[cell] = FULL if begun else REST
        if _is_late(record, now):
            for cell in range(last, span.cell(now) + 1):
                line[cell] = LATE
    if span.holds(now) and line[span.cell(now)] == " ":
        line[span.cell(now)] = NOW
    if due is not None:
        line[span.cell(due)] = DUE
        if _is_late(record, now) and LATE not in line:
            # It was due within the present cell: colour alone would say that it is late.
            line[min(span.cell(due) + 1, span.width - 1)] = LATE
    return "".join(line)


def _is_late(record: Record, now: datetime) -> bool:
    lifecycle = record.kind.lifecycle
    state = record.text("status")
    return bool(lifecycle and state not in lifecycle.closed and moments.is_late(record.text("due"), now))


def _at(text: str) -> datetime | None:
    try:
        return moments.read_time(text) if text else None
    except ValueError:
        return None
