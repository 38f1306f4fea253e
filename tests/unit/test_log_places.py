"""What a typed time means to somebody who looks back in the log, and which kind of entry a line announces."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from taskforce.actions.logbook import recognise
from taskforce.moments import MomentError
from taskforce.tui.log_places import time_meant

NOW = datetime(2023, 10, 17, 7, 32, tzinfo=UTC)
"""A Tuesday."""


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("07:00", "2023-10-17T07:00:00Z"),
        ("1400", "2023-10-16T14:00:00Z"),
        ("17 Oct 0600", "2023-10-17T06:00:00Z"),
        ("14:00", "2023-10-16T14:00:00Z"),  # today's is still to come
        ("-2h", "2023-10-17T05:32:00Z"),
        ("yesterday", "2023-10-16T00:00:00Z"),
        ("17 Oct", "2023-10-17T00:00:00Z"),
        ("17 october 06:30", "2023-10-17T06:30:00Z"),
        ("17 Oct 14:32 +07", "2023-10-17T07:32:00Z"),  # as the log shows it
        ("18 Oct", "2022-10-18T00:00:00Z"),
        ("18 Oct 2021", "2021-10-18T00:00:00Z"),
        ("2023-10-01", "2023-10-01T00:00:00Z"),
        ("mon", "2023-10-16T00:00:00Z"),
        ("tue", "2023-10-17T00:00:00Z"),
        ("wed 06:00", "2023-10-11T06:00:00Z"),
        ("tomorrow", "2023-10-18T00:00:00Z"),
    ],
)
def test_a_time_is_meant_to_be_past(typed: str, meant: str) -> None:
    assert time_meant(typed, NOW) == meant


def test_a_day_begins_where_the_reader_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Phnom_Penh")
    time.tzset()
    assert time_meant("17 Oct", NOW) == "2023-10-16T17:00:00Z"
    assert time_meant("14:00", NOW) == "2023-10-17T07:00:00Z"


@pytest.mark.parametrize("typed", ["", "soon", "31 Feb", "12 Foo", "03/04/05", "25:00", "17 oct 25:00"])
def test_what_is_no_time_is_said(typed: str) -> None:
    with pytest.raises(MomentError):
        time_meant(typed, NOW)


@pytest.mark.parametrize(
    ("line", "category", "text"),
    [
        ("decision: wait", "decision", "wait"),
        ("Decision:wait", "decision", "wait"),
        ("victim-met: two", "victim-met", "two"),
        ("Victim met : two: adults", "victim-met", "two: adults"),
        ("decision:", "decision", ""),
        ("dec: wait", "", "dec: wait"),
        ("Note: wait", "", "Note: wait"),
        (" at 14:00 ", "", "at 14:00"),
        ("decision", "", "decision"),
    ],
)
def test_only_a_whole_name_before_a_colon_is_a_kind_of_entry(line: str, category: str, text: str) -> None:
    assert recognise(line) == (category, text)
