"""A date means one day, wherever it is typed; a time is kept in UTC and read in local time."""

from __future__ import annotations

import os
import time as system_time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskforce import moments
from taskforce.moments import (
    MomentError,
    ago,
    is_late,
    left_or_late,
    read_time,
    show_date,
    show_time,
    time_text,
)
from taskforce.typed_moments import Moment, parse_date, parse_duration, parse_moment, parse_time

PHNOM_PENH = timezone(timedelta(hours=7))
# A Tuesday, 14:32:17 in Phnom Penh.
NOW = datetime(2023, 10, 17, 7, 32, 17, tzinfo=UTC)
TODAY = date(2023, 10, 17)


@pytest.fixture
def local_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Set the machine's zone by a POSIX rule (no zone database needed); put it back afterwards."""
    before = os.environ.get("TZ")

    def use(rule: str) -> None:
        monkeypatch.setenv("TZ", rule)
        system_time.tzset()

    yield use
    if before is None:
        monkeypatch.delenv("TZ", raising=False)
    else:
        monkeypatch.setenv("TZ", before)
    system_time.tzset()


BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("2026-11-23", "2026-11-23"),
        (" 2026-11-23 ", "2026-11-23"),
        ("20261123", "2026-11-23"),
        ("2024-02-29", "2024-02-29"),
        ("1900-01-01", "1900-01-01"),
        ("2200-12-31", "2200-12-31"),
        ("today", "2023-10-17"),
        ("Tomorrow", "2023-10-18"),
        ("yesterday", "2023-10-16"),
        ("wed", "2023-10-18"),
        ("fri", "2023-10-20"),
        ("FRIDAY", "2023-10-20"),
        ("thurs", "2023-10-19"),
        ("mon", "2023-10-23"),
        ("tue", "2023-10-24"),
        ("tuesday", "2023-10-24"),
        ("+2d", "2023-10-19"),
        ("+2w", "2023-10-31"),
        ("-1d", "2023-10-16"),
        ("+0d", "2023-10-17"),
        ("eom", "2023-10-31"),
    ],
)
def test_a_date_as_people_type_it(typed: str, kept: str) -> None:
    assert parse_date(typed, TODAY) == kept


@pytest.mark.parametrize(
    ("today", "last"),
    [
        (date(2023, 2, 1), "2023-02-28"),
        (date(2024, 2, 29), "2024-02-29"),
        (date(2023, 12, 31), "2023-12-31"),
        (date(2023, 4, 30), "2023-04-30"),
    ],
)
def test_the_end_of_any_month(today: date, last: str) -> None:
    assert parse_date("eom", today) == last


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("now", "2023-10-17T07:32:17Z"),
        ("14:00", "2023-10-17T07:00:00Z"),
        ("9:05", "2023-10-17T02:05:00Z"),
        ("23:59:58", "2023-10-17T16:59:58Z"),
        ("+3h", "2023-10-17T10:32:17Z"),
        ("+30m", "2023-10-17T08:02:17Z"),
        ("-30m", "2023-10-17T07:02:17Z"),
        ("+2d", "2023-10-19T07:32:17Z"),
        ("+1w", "2023-10-24T07:32:17Z"),
        ("2026-11-23 14:00", "2026-11-23T07:00:00Z"),
        ("2026-11-23T14:00", "2026-11-23T07:00:00Z"),
        ("2026-11-23T14:00:05.999", "2026-11-23T07:00:05Z"),
        ("2026-11-23T14:00Z", "2026-11-23T14:00:00Z"),
        ("2026-11-23T14:00:00z", "2026-11-23T14:00:00Z"),
        ("2026-11-23T14:00+05:30", "2026-11-23T08:30:00Z"),
        ("2026-11-23 14:00 -0300", "2026-11-23T17:00:00Z"),
        ("2026-11-23T01:00+09", "2026-11-22T16:00:00Z"),
        ("fri 9:00", "2023-10-20T02:00:00Z"),
        ("tomorrow 14:00", "2023-10-18T07:00:00Z"),
        ("sat 00:00", "2023-10-20T17:00:00Z"),
        ("eom 17:00", "2023-10-31T10:00:00Z"),
        ("+2d 08:00", "2023-10-19T01:00:00Z"),
        ("23:30-05:00", "2023-10-18T04:30:00Z"),
    ],
)
def test_a_time_as_people_type_it(typed: str, kept: str) -> None:
    assert parse_time(typed, NOW, zone=PHNOM_PENH) == kept


def test_a_day_without_a_time_is_its_first_or_last_second_here() -> None:
    assert parse_time("fri", NOW, zone=PHNOM_PENH) == "2023-10-19T17:00:00Z"
    assert parse_time("fri", NOW, zone=PHNOM_PENH, end_of_day=True) == "2023-10-20T16:59:59Z"
    assert parse_time("fri 14:00", NOW, zone=PHNOM_PENH, end_of_day=True) == "2023-10-20T07:00:00Z"


def test_today_is_the_day_where_the_person_is() -> None:
    late_evening = datetime(2023, 10, 17, 18, 0, tzinfo=UTC)  # already the 18th in Phnom Penh
    assert parse_moment("today", now=late_evening, zone=PHNOM_PENH) == Moment(date(2023, 10, 18))
    assert parse_moment("today", now=late_evening, zone=UTC) == Moment(date(2023, 10, 17))
    assert parse_moment("01:00", now=late_evening, zone=PHNOM_PENH) == Moment(
        date(2023, 10, 18), late_evening
    )


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("03/04/2026", "write 2026-04-03 or 2026-03-04"),
        ("3.4.2026", "write 2026-04-03 or 2026-03-04"),
        ("03-04-2026", "write 2026-04-03 or 2026-03-04"),
        ("03/04/2026 14:00", "write 2026-04-03 or 2026-03-04"),
        ("03/04/05", "write 2005-04-03 or 2005-03-04 or 2003-04-05"),
    ],
)
def test_a_date_that_people_read_differently_is_refused(typed: str, hint: str) -> None:
    for parse in (lambda: parse_date(typed[:10], TODAY), lambda: parse_time(typed, NOW, zone=PHNOM_PENH)):
        with pytest.raises(MomentError) as refusal:
            parse()
        assert "is ambiguous" in refusal.value.sentence
        assert refusal.value.hint == hint


@pytest.mark.parametrize("typed", ["23/11/2026", "11/23/2026", "23.11.2026", "2026/11/23", "2026.11.23"])
def test_a_date_in_another_notation_is_refused_with_the_right_one(typed: str) -> None:
    with pytest.raises(MomentError) as refusal:
        parse_date(typed, TODAY)
    assert "ISO 8601" in refusal.value.sentence
    assert refusal.value.hint == "write 2026-11-23"


@pytest.mark.parametrize(
    "typed",
    [
        *("2026-02-29", "2026-13-01", "2026-04-31", "2026-00-10", "20260230", "2026-W48-1"),
        *("1899-12-31", "2201-01-01", "0001-01-01", "+999999d", "-999999w"),
        *(
            "",
            " ",
            "fr",
            "friyay",
            "next week",
            "2026-11",
            "26-11-23",
            "2026-11-23x",
            "٢٠٢٦-١١-٢٣",
            "+d",
            "2d",
            "\x1b[2J",
        ),
    ],
)
def test_what_is_no_date_is_refused(typed: str) -> None:
    with pytest.raises(MomentError) as refusal:
        parse_date(typed, TODAY)
    assert refusal.value.sentence and refusal.value.hint
    with pytest.raises(MomentError):
        parse_time(typed, NOW, zone=PHNOM_PENH)


@pytest.mark.parametrize(
    "typed",
    [
        "24:00",
        "12:60",
        "12:00:60",
        "2026-02-30 10:00",
        "noon",
        "14:00+99",
        "9999-12-31T23:59Z",
        "1900-01-01 00:00",
    ],
)
def test_what_is_no_time_is_refused(typed: str) -> None:
    with pytest.raises(MomentError):
        parse_time(typed, NOW, zone=PHNOM_PENH)


@pytest.mark.parametrize("typed", ["14:00", "2026-11-23 14:00", "+3h", "-30m", "now"])
def test_a_date_has_no_time_of_day(typed: str) -> None:
    with pytest.raises(MomentError, match="only a date"):
        parse_date(typed, TODAY)


@given(st.text(max_size=20))
def test_nothing_typed_crashes(typed: str) -> None:
    for parse in (
        lambda: parse_date(typed, TODAY),
        lambda: parse_time(typed, NOW),
        lambda: parse_duration(typed),
    ):
        try:
            parse()
        except MomentError as refusal:
            assert refusal.hint


@given(st.datetimes(datetime(1901, 1, 1), datetime(2199, 12, 31)))
def test_a_kept_time_reads_back_as_itself(at: datetime) -> None:
    kept = time_text(at.replace(tzinfo=UTC))
    assert parse_time(kept, NOW, zone=PHNOM_PENH) == kept
    assert time_text(read_time(kept)) == kept


def test_local_time_follows_the_machines_zone_and_its_clock_changes(
    local_zone: Callable[[str], None],
) -> None:
    local_zone(BERLIN)
    assert parse_time("2026-01-15 12:00", NOW) == "2026-01-15T11:00:00Z"
    assert parse_time("2026-07-15 12:00", NOW) == "2026-07-15T10:00:00Z"
    assert show_time("2026-01-15T11:00:00Z", now=NOW) == "15 Jan 2026 12:00 +01"
    assert show_time("2026-07-15T10:00:00Z", now=NOW) == "15 Jul 2026 12:00 +02"


def test_days_keep_the_time_of_day_over_a_clock_change_and_hours_do_not(
    local_zone: Callable[[str], None],
) -> None:
    local_zone(BERLIN)
    eve = datetime(2026, 3, 28, 11, 0, tzinfo=UTC)  # 12:00 +01, the clocks go forward that night
    assert parse_time("+1d", eve) == "2026-03-29T10:00:00Z"
    assert parse_time("+24h", eve) == "2026-03-29T11:00:00Z"


def test_a_time_that_the_clocks_skip_is_refused(local_zone: Callable[[str], None]) -> None:
    local_zone(BERLIN)
    with pytest.raises(MomentError, match="put forward") as refusal:
        parse_time("2026-03-29 02:30", NOW)
    assert "offset" in refusal.value.hint
    assert parse_time("2026-03-29 02:30+01:00", NOW) == "2026-03-29T01:30:00Z"


def test_a_time_that_the_clocks_repeat_is_the_first(local_zone: Callable[[str], None]) -> None:
    local_zone(BERLIN)
    assert parse_time("2026-10-25 02:30", NOW) == "2026-10-25T00:30:00Z"
    assert parse_time("2026-10-25 02:30+01:00", NOW) == "2026-10-25T01:30:00Z"


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("90m", 5400), ("3h", 10800), ("1d", 86400), ("2w", 1209600), ("1d12h", 129600), (" 3H ", 10800)],
)
def test_a_duration(typed: str, seconds: int) -> None:
    assert parse_duration(typed) == seconds


@pytest.mark.parametrize("typed", ["", "3", "h", "-3h", "0m", "3 hours", "1.5h", "999999w", "3h\n4"])
def test_what_is_no_duration_is_refused(typed: str) -> None:
    with pytest.raises(MomentError, match="not a duration"):
        parse_duration(typed)


def test_a_time_is_shown_in_local_time_with_its_offset() -> None:
    assert show_time("2023-10-17T07:32:17Z", PHNOM_PENH, now=NOW) == "17 Oct 14:32 +07"
    assert (
        show_time("2023-10-17T07:32:17.120Z", timezone(timedelta(hours=5, minutes=30)), now=NOW)
        == "17 Oct 13:02 +05:30"
    )
    assert show_time("2022-12-31T18:00:00Z", PHNOM_PENH, now=NOW) == "1 Jan 01:00 +07"
    assert show_time("2022-12-31T18:00:00Z", UTC, now=NOW) == "31 Dec 2022 18:00 +00"
    assert show_date("2023-10-17", today=TODAY) == "17 Oct"
    assert show_date("2026-01-15", today=TODAY) == "15 Jan 2026"


def test_what_is_no_time_is_shown_as_it_is() -> None:
    assert [f("soon") for f in (show_time, show_date)] == ["soon", "soon"]
    assert [f("soon", NOW) for f in (ago, left_or_late)] == ["soon", "soon"]
    assert show_time("2023-10-17T07:32:17") == "2023-10-17T07:32:17"


@pytest.mark.parametrize(
    ("due", "said"),
    [
        ("2023-10-17T08:13:17Z", "41 min left"),
        ("2023-10-17T07:20:17Z", "12 min late"),
        ("2023-10-17T07:32:47Z", "due now"),
        ("2023-10-17T10:32:17Z", "3 h left"),
        ("2023-10-17T05:00:00Z", "2 h late"),
        ("2023-10-16T01:00:00Z", "30 h late"),
        ("2023-10-20T08:00:00Z", "3 days left"),
        ("2023-10-17", "due today"),
        ("2023-10-18", "1 day left"),
        ("2023-10-16", "1 day late"),
        ("2023-10-26", "9 days left"),
    ],
)
def test_what_is_due_says_how_long_is_left_or_how_late_it_is(
    due: str, said: str, local_zone: Callable[[str], None]
) -> None:
    local_zone("<+07>-7")
    assert left_or_late(due, NOW) == said
    assert is_late(due, NOW) is ("late" in said)


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("2023-10-17T07:32:00Z", "just now"),
        ("2023-10-17T07:20:00Z", "12 min ago"),
        ("2023-10-17T04:32:00Z", "3 h ago"),
        ("2023-10-15T07:00:00Z", "2 days ago"),
        ("2023-10-17T07:38:00Z", "in 5 min"),
    ],
)
def test_what_happened_says_how_long_ago(then: str, said: str) -> None:
    assert ago(then, NOW) == said


def test_the_clock_can_be_made_to_stand_still(
    monkeypatch: pytest.MonkeyPatch, local_zone: Callable[[str], None]
) -> None:
    local_zone("<+07>-7")
    monkeypatch.setenv("TASKFORCE_NOW", "2023-10-18T00:10:00+07:00")
    assert moments.now() == datetime(2023, 10, 17, 17, 10, tzinfo=UTC)
    assert moments.today() == date(2023, 10, 18)
    assert show_date("2023-10-18") == "18 Oct"


def test_the_clock_runs_and_is_aware_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASKFORCE_NOW", raising=False)
    assert abs(moments.now() - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize("text", ["yesterday", "2023-10-18T00:10:00"])
def test_a_clock_set_wrongly_is_not_ignored(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TASKFORCE_NOW", text)
    with pytest.raises(MomentError, match="TASKFORCE_NOW"):
        moments.now()
