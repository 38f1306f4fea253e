"""The clock orders what is shown. It never runs back, follows others a day at most, and nobody stops it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskforce.sync.clock import FOLLOW_BOUND, Stamp, follow, is_far_ahead, parse_stamp, tick

TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))
COUNTERS = st.one_of(st.integers(0, 3), st.integers(999_999_990, 999_999_999))


def stamp_at(moment: datetime, counter: int = 0) -> Stamp:
    """The stamp of a moment."""
    return Stamp(tick(None, moment).time, counter)


@given(st.lists(TIMES, min_size=1))
def test_it_never_runs_back_whatever_the_device_says(moments: list[datetime]) -> None:
    last = None
    for moment in moments:
        after = tick(last, moment)
        assert last is None or after > last
        assert after.time >= stamp_at(moment).time
        assert parse_stamp(str(after)) == after
        last = after


@given(TIMES, st.timedeltas(timedelta(days=-400), timedelta(days=400)), COUNTERS)
def test_it_follows_others_within_a_day_and_goes_on_from_there(
    now: datetime, lead: timedelta, counter: int
) -> None:
    foreign = stamp_at(now + lead, counter)
    mine = stamp_at(now)
    after = follow(mine, foreign, now)
    assert after is not None
    assert after >= mine
    if lead > FOLLOW_BOUND + timedelta(milliseconds=1):
        assert is_far_ahead(foreign, now)
        assert after == mine
    if lead < FOLLOW_BOUND:
        assert not is_far_ahead(foreign, now)
        assert after == max(mine, foreign)
    following = tick(after, now)
    assert following > after
    assert parse_stamp(str(following)) == following  # others can read it, however full the counter was
    if lead < FOLLOW_BOUND:
        assert following > foreign


def test_a_full_counter_steps_on_to_the_next_millisecond() -> None:
    last = Stamp("2026-12-31T23:59:59.999", 999_999_999)
    assert tick(last, datetime(2026, 1, 1, tzinfo=UTC)) == Stamp("2027-01-01T00:00:00.000", 0)


def test_a_first_meeting_is_followed() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    foreign = stamp_at(now - timedelta(days=1))
    assert follow(None, foreign, now) == foreign
    assert follow(None, stamp_at(now + timedelta(days=2)), now) is None


def test_the_hour_of_a_zone_is_no_matter() -> None:
    east = timezone(timedelta(hours=7))
    assert str(tick(None, datetime(2026, 11, 23, 17, 4, 11, 120_999, east))) == "2026-11-23T10:04:11.120Z/0"


@given(st.tuples(TIMES, COUNTERS), st.tuples(TIMES, COUNTERS))
def test_order_of_stamps_is_order_of_time_then_counter(
    one: tuple[datetime, int], other: tuple[datetime, int]
) -> None:
    def exact(pair: tuple[datetime, int]) -> tuple[datetime, int]:
        return pair[0].replace(microsecond=pair[0].microsecond // 1000 * 1000), pair[1]

    assert (stamp_at(*one) < stamp_at(*other)) == (exact(one) < exact(other))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23T10:04:11.120Z",
        "2026-11-23T10:04:11.120/0",
        "2026-11-23T10:04:11Z/0",
        "2026-11-23 10:04:11.120Z/0",
        "2026-13-23T10:04:11.120Z/0",
        "2026-02-30T10:04:11.120Z/0",
        "2026-11-23T24:00:00.001Z/0",
        "2026-11-23T10:04:60.120Z/0",
        "0000-11-23T10:04:11.120Z/0",
        "2026-11-23T10:04:11.120Z/00",
        "2026-11-23T10:04:11.120Z/-1",
        "2026-11-23T10:04:11.120Z/1000000000",
        "2026-11-23T10:04:11.120Z/1٣",
        "٢026-11-23T10:04:11.120Z/0",
        "2026-11-23T10:04:11.120Z/0\n",
        "2026-11-23T10:04:11.120+07:00/0",
    ],
)
def test_what_is_no_stamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_stamp(text)
