"""The chart of an operation's days: where bars begin and end, what is late, what waits for what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from taskforce.records.registry import get_kind
from taskforce.reports import timeline
from taskforce.store.queries import Record

KIND = get_kind("assignment")
NOW = datetime(2023, 10, 17, 12, tzinfo=UTC)


def assignment(number: int, **values: str | list[str]) -> Record:
    return Record(
        KIND, f"{number:016d}", number, f"A-{number:04d}", values, False, "", "", "", "", "", ""
    )  # fmt: skip


def test_a_bar_goes_from_its_beginning_to_its_due_time() -> None:
    one = assignment(1, status="planned", start="2023-10-17T00:00:00Z", due="2023-10-18T00:00:00Z")
    span = timeline.span_of([one], NOW, 40, start="2023-10-16", end="2023-10-19")
    (bar,) = timeline.bars([one], span, NOW, {})
    assert bar.cells == " " * 10 + "╌" * 10 + "◆" + " " * 19
    assert not bar.late


def test_what_has_begun_is_drawn_full_and_what_is_late_up_to_now() -> None:
    one = assignment(
        1,
        status="under-way",
        started_at="2023-10-16T00:00:00Z",
        start="2023-10-16T00:00:00Z",
        due="2023-10-17T00:00:00Z",
    )
    span = timeline.span_of([one], NOW, 40, start="2023-10-16", end="2023-10-19")
    (bar,) = timeline.bars([one], span, NOW, {})
    assert bar.late
    assert bar.cells == "━" * 10 + "◆" + "!" * 5 + " " * 24


def test_what_is_late_by_less_than_a_cell_says_so_too() -> None:
    one = assignment(1, status="planned", due="2023-10-17T12:10:00Z")
    now = NOW + timedelta(minutes=30)
    span = timeline.span_of([one], now, 40, start="2023-10-16", end="2023-10-19")
    assert timeline.bars([one], span, now, {})[0].cells == " " * 15 + "◆!" + " " * 23
    span = timeline.Span(span.start, now, 40)
    assert timeline.bars([one], span, now, {})[0].cells == " " * 39 + "!"


def test_only_open_assignments_are_waited_for() -> None:
    one = assignment(1, status="planned", depends_on=["a", "b"])
    span = timeline.span_of([one], NOW, 40)
    (bar,) = timeline.bars([one], span, NOW, {"b": "A-BBBB"})
    assert bar.waits_for == ("A-BBBB",)


def test_done_is_never_late_and_ends_when_it_was_done() -> None:
    one = assignment(
        1,
        status="done",
        started_at="2023-10-16T00:00:00Z",
        done_at="2023-10-16T12:00:00Z",
        due="2023-10-16T06:00:00Z",
    )
    span = timeline.span_of([one], NOW, 40, start="2023-10-16", end="2023-10-19")
    (bar,) = timeline.bars([one], span, NOW, {})
    assert not bar.late
    assert bar.cells.startswith("━━◆━━━ ")


def test_the_days_stand_where_they_begin() -> None:
    span = timeline.span_of([], NOW, 40, start="2023-10-16", end="2023-10-19")
    assert timeline.days_of(span) == "16 Oct    17 Oct    18 Oct    19 Oct    "


def test_a_value_that_is_no_time_draws_nothing() -> None:
    one = assignment(1, status="planned", due="whenever")
    span = timeline.span_of([one], NOW, 20, start="2023-10-16", end="2023-10-19")
    (bar,) = timeline.bars([one], span, NOW, {})
    assert "◆" not in bar.cells
