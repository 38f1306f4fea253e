"""What the program shows of times may be typed back; a day without a year is the nearest one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskforce import moments, typed_moments
from taskforce.moments import MomentError, show_date, show_time, time_text
from taskforce.typed_moments import parse_date, parse_time

PHNOM_PENH = timezone(timedelta(hours=7))
NOW = datetime(2023, 10, 17, 7, 32, 17, tzinfo=UTC)  # a Tuesday, 14:32:17 in Phnom Penh
TODAY = date(2023, 10, 17)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("18 Oct 06:00", "2023-10-17T23:00:00Z"),
        ("17 Oct 18:00 +07", "2023-10-17T11:00:00Z"),
        ("17 Oct 18:00 +00", "2023-10-17T18:00:00Z"),
        ("18 Oct 2024 06:00", "2024-10-17T23:00:00Z"),
        ("18 october, 06:00", "2023-10-17T23:00:00Z"),
        ("18 Oct 0600", "2023-10-17T23:00:00Z"),
        ("18 Oct 2024 0600", "2024-10-17T23:00:00Z"),
        ("18 Oct 1650", "2023-10-18T09:50:00Z"),
        ("0600", "2023-10-16T23:00:00Z"),
        ("1430", "2023-10-17T07:30:00Z"),
        ("0600Z", "2023-10-17T06:00:00Z"),
        ("0600 +09", "2023-10-16T21:00:00Z"),
        ("tomorrow 06:00", "2023-10-17T23:00:00Z"),
        ("tomorrow 0600", "2023-10-17T23:00:00Z"),
        ("in 2h", "2023-10-17T09:32:17Z"),
        ("in 2 h", "2023-10-17T09:32:17Z"),
        ("in 5 min", "2023-10-17T07:37:17Z"),
        ("in 2 days", "2023-10-19T07:32:17Z"),
    ],
)
def test_a_time_as_it_is_shown(typed: str, kept: str) -> None:
    assert parse_time(typed, NOW, zone=PHNOM_PENH) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("18 Oct", "2023-10-18"),
        ("18 OCT.", "2023-10-18"),
        ("3 sept", "2023-09-03"),
        ("18 Oct 2024", "2024-10-18"),
        ("2 Jan", "2024-01-02"),
        ("16 Apr", "2024-04-16"),
        ("17 Apr", "2024-04-17"),
        ("18 Apr", "2023-04-18"),
        ("29 Feb", "2024-02-29"),
        ("1 May 1988", "1988-05-01"),
        ("in 2 days", "2023-10-19"),
        ("in 2w", "2023-10-31"),
    ],
)
def test_a_day_as_it_is_shown_is_the_nearest_one(typed: str, kept: str) -> None:
    assert parse_date(typed, TODAY) == kept
    assert parse_time("17 Oct", NOW, zone=PHNOM_PENH, end_of_day=True) == "2023-10-17T16:59:59Z"


@pytest.mark.parametrize(
    "typed",
    [
        *("31 Feb", "0 Oct", "32 Oct", "18 Oc", "18 Okt", "18 Octopus", "18 mon", "Oct", "18"),
        *(
            "2026-11",
            "2400",
            "0660",
            "18 Oct 24:00",
            "in 2",
            "in h",
            "in -2h",
            "٠٦٠٠",
            "١٨ Oct",
            "18 Oct 06",
            "060",
        ),
    ],
)
def test_what_is_no_day_or_time_is_refused(typed: str) -> None:
    with pytest.raises(MomentError) as refusal:
        parse_time(typed, NOW, zone=PHNOM_PENH)
    assert refusal.value.hint


def test_four_digits_that_may_be_a_year_or_a_time_of_day_are_asked_about() -> None:
    with pytest.raises(MomentError) as refusal:
        parse_time("18 Oct 1930", NOW, zone=PHNOM_PENH)
    assert "ambiguous" in refusal.value.sentence
    assert refusal.value.hint == "write 1930-10-18 or 2023-10-18 19:30"
    assert parse_date("18 Oct 1930", TODAY) == "1930-10-18"
    assert parse_time("18 Oct 2026", NOW, zone=UTC) == "2026-10-18T00:00:00Z"
    for typed in ("0600", "18 Oct 06:00", "in 2h"):
        with pytest.raises(MomentError, match="only a date"):
            parse_date(typed, TODAY)


def test_the_months_of_the_language_that_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"Oct": "ต.ค.", "Mar": "März", "May": "mai"}
    for module in (moments, typed_moments):
        monkeypatch.setattr(module, "_", lambda text: names.get(text, text))
    assert parse_date(show_date("2023-10-18", today=TODAY), TODAY) == "2023-10-18"
    assert parse_time("18 ต.ค. 06:00", NOW, zone=UTC) == "2023-10-18T06:00:00Z"
    assert parse_date("3 märz", TODAY) == "2024-03-03"
    assert parse_date("3 may", TODAY) == parse_date("3 MAI", TODAY) == "2023-05-03"


@given(st.datetimes(datetime(1901, 1, 1), datetime(2199, 12, 31)))
def test_whatever_is_shown_is_understood(at: datetime) -> None:
    kept = time_text(at.replace(tzinfo=UTC, second=0, microsecond=0))
    day = at.date().isoformat()
    if at.year == NOW.year and abs((at.date() - TODAY).days) > 180:
        return  # shown without its year, and nearer in another
    assert parse_time(show_time(kept, PHNOM_PENH, now=NOW), NOW, zone=UTC) == kept
    assert parse_date(show_date(day, today=TODAY), TODAY) == day
