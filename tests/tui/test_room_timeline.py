"""The chart of days in the room: it goes along with the table's cursor, in rows and in days, and has its command."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from program import Team
from room import desk_of, play, press, screen_text, settle, write
from textual.pilot import Pilot

from taskforce.actions import keeping
from taskforce.actions.session import Session
from taskforce.records.registry import get_kind
from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.assignments import AssignmentsScreen


@pytest.fixture
def long_one(team: Team, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """An assignment every third day of six weeks: neither the days nor the rows fit on a screen."""
    desk = desk_of(team)
    for number in range(14):
        due = f"{date(2023, 10, 16) + timedelta(days=3 * number)}T06:00:00Z"
        keeping.add(desk.watch(), get_kind("assignment"), {"title": f"Stand watch {number:02d}", "due": due})
    desk.close()
    yield team


def bar_at_cursor(app: TaskforceApp) -> str:
    """The one line of the chart that bears the cursor's sign."""
    (line,) = [line for line in screen_text(app).splitlines() if line.startswith("▸")]
    return line


def screen_of(app: TaskforceApp) -> AssignmentsScreen:
    assert isinstance(app.screen, AssignmentsScreen)
    return app.screen


def test_it_follows_the_cursor_in_rows_and_in_days_in_both_directions(long_one: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "t", "g")
        screen = screen_of(app)
        seen = []
        order = list(screen.table._order)
        for key in ["j"] * (len(order) - 1) + ["k"] * 5 + ["g", "G"]:
            await pilot.press(key)
            await settle(pilot)
            record = await screen.current()
            assert record is not None
            line = bar_at_cursor(app)
            assert record.ref in line
            # Its own bar is drawn, not the sign that it lies beyond the days in sight.
            assert not record.text("due") or "◆" in line, screen_text(app)
            seen.append(screen.chart._span)
        assert len({span.start for span in seen if span is not None}) > 3
        assert "‹" in screen_text(app) or "›" in screen_text(app)

    play(long_one, act, size=(80, 24))


def test_the_days_stay_where_the_next_bar_is_in_sight_anyway(long_one: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "t", "g")
        screen = screen_of(app)
        before = screen.chart._span
        await press(pilot, "j")
        assert screen.chart._span == before

    play(long_one, act)


def test_a_click_on_a_bar_goes_to_its_row(long_one: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "t", "g")
        screen = screen_of(app)
        await pilot.click("#chart", offset=(12, 5))
        await settle(pilot)
        line = screen_text(app).splitlines()[screen.chart.region.y + 5]
        record = await screen.current()
        assert record is not None and record.ref in line
        assert bar_at_cursor(app) == line

    play(long_one, act)


def test_what_another_row_waits_for_is_told_also_where_the_filter_leaves_it_out(long_one: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        kind = get_kind("assignment")

        def depend(session: Session) -> str:
            first = keeping.add(session, kind, {"title": "Draw the warrant"})
            keeping.add(session, kind, {"title": "Search the office", "depends_on": [first.id]})
            return first.ref

        ref = await app.desk.act(depend)
        await press(pilot, "a", "t", "f")
        await write(pilot, "search")
        assert f"└ waits for {ref}" in screen_text(app)

    play(long_one, act)


def test_copied_as_a_command_it_gives_the_same_assignments(long_one: Team) -> None:
    copied: list[str] = []

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        app.copy_to_clipboard = copied.append  # type: ignore[method-assign]
        await press(pilot, "a", "t", "y")
        await press(pilot, "f")
        await write(pilot, "watch 1")
        await press(pilot, "enter", "E", "y")
        shown = len(screen_of(app).table._order)
        assert len(long_one.data(*shlex.split(copied[1])[1:])) == shown == 4
        await press(pilot, "t", "y")

    play(long_one, act)
    assert copied[0] == "taskforce assignment timeline"
    assert copied[1] == "taskforce assignment timeline --operation all --words 'watch 1'"
    assert copied[2].startswith("taskforce assignment show ")
