"""Assignments open on what is next: the first by due time that is still to be done; what is done stands above it."""

from __future__ import annotations

from typing import Any

from program import Team
from room import desk_of, play, press, screen_text
from textual.pilot import Pilot

from taskforce.actions import keeping
from taskforce.records.registry import get_kind
from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.records import RecordsScreen


def titles_in_sight(app: TaskforceApp) -> list[str]:
    return [line for line in screen_text(app).splitlines() if "Guard the gate" in line or "Inspect" in line]


def test_the_cursor_opens_on_the_first_open_one_and_the_done_ones_are_above(team: Team) -> None:
    desk = desk_of(team)
    session, kind = desk.watch(), get_kind("assignment")
    for number in range(40):
        due = f"2023-09-{number // 2 + 1:02d}T{number % 2 + 1:02d}:00:00Z"
        made = keeping.add(session, kind, {"title": f"Guard the gate {number:02d}", "due": due})
        keeping.move(session, kind, keeping.move(session, kind, made, "accept", {}), "done", {})
    desk.close()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a")
        screen = app.screen
        assert isinstance(screen, RecordsScreen)
        record = await screen.current()
        assert record is not None and record.title == "Inspect compound 4"
        above, last = titles_in_sight(app)[-2:]
        assert "Guard the gate 39" in above and "● Done" in above and "Inspect compound 4" in last
        assert "… " not in "".join(titles_in_sight(app))
        assert "sorted by due" in screen_text(app)
        await press(pilot, "g")
        assert "Guard the gate 00" in screen_text(app)
        # Once there, it stays with its record: what is read anew does not take it back to what is next.
        screen.reload()
        await press(pilot, "j")
        record = await screen.current()
        assert record is not None and record.title == "Guard the gate 01"

    play(team, act, size=(80, 24))


def test_where_all_is_done_it_opens_on_the_first(team: Team) -> None:
    record = team.data("assignment", "list")[0]
    for move in ("accept", "done"):
        team.call("assignment", move, record["ref"]).ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a")
        assert "Inspect compound 4" in screen_text(app)

    play(team, act)
