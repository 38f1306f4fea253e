"""A read that is superseded or left ends early, instead of keeping the next one waiting; its connection stays good."""

from __future__ import annotations

import asyncio
import threading
import time
from array import array
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from program import Team
from room import desk_of, play, press, screen_text, until
from textual.pilot import Pilot

from taskforce.actions import keeping
from taskforce.actions.session import Session
from taskforce.errors import StoreError
from taskforce.records.registry import get_kind
from taskforce.tui.app import TaskforceApp
from taskforce.tui.desk import Desk
from taskforce.tui.rows import Wanted
from taskforce.tui.screens.assignments import AssignmentsScreen

SOON = 5.0
"""Seconds within which whoever comes next is served; the slow read takes several times as long."""

COUNT = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?) SELECT count(*) FROM n"
LONG, SHORT = 80_000_000, 300_000


class Slow:
    """A read that takes long, and says when it has begun and how it ended."""

    def __init__(self, statements: tuple[int, ...] = (LONG,)) -> None:
        self.began, self.ended = threading.Event(), threading.Event()
        self.is_whole = False
        self._statements = statements

    def __call__(self, session: Session) -> None:
        self.began.set()
        try:
            with session.store.reading():
                for length in self._statements:
                    session.store.connection.execute(COUNT, (length,)).fetchone()
            self.is_whole = True
        finally:
            self.ended.set()


def with_desk(team: Team, act: Callable[[Desk], Awaitable[None]]) -> None:
    desk = desk_of(team)
    try:
        asyncio.run(act(desk))
    finally:
        desk.close()


async def give_up(desk: Desk, slow: Slow) -> None:
    """Begin to read and stop waiting for it while it runs."""
    waiting = asyncio.create_task(desk.read(slow))
    while not slow.began.is_set():
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def titles(session: Session) -> list[str]:
    found = session.store.connection.execute("SELECT title FROM assignment").fetchall()
    return sorted(title for (title,) in found)


@pytest.mark.parametrize("statements", [(LONG,), (SHORT,) * 300], ids=["one statement", "many"])
def test_a_read_that_is_given_up_ends_and_the_next_sees_all_that_was_written(
    team: Team, statements: tuple[int, ...]
) -> None:
    async def act(desk: Desk) -> None:
        before = await desk.read(titles)
        slow = Slow(statements)
        await give_up(desk, slow)
        await desk.act(lambda one: keeping.add(one, get_kind("assignment"), {"title": "Zzz"}))
        # On the same connection, and not in the transaction of the read that was given up.
        assert await asyncio.wait_for(desk.read(titles), SOON) == [*before, "Zzz"]
        assert slow.ended.is_set() and not slow.is_whole

    with_desk(team, act)


def test_one_that_has_not_begun_never_does_and_none_but_it_is_stopped(team: Team) -> None:
    async def act(desk: Desk) -> None:
        first, second = Slow((SHORT,) * 20), Slow()
        kept = asyncio.create_task(desk.read(first))
        given_up = asyncio.create_task(desk.read(second))
        await asyncio.sleep(0.02)
        given_up.cancel()
        await asyncio.wait_for(kept, SOON * 4)
        assert first.is_whole
        await asyncio.wait_for(desk.read(titles), SOON)
        assert not second.began.is_set()

    with_desk(team, act)


def test_a_statement_that_was_left_open_does_not_stop_those_that_follow(team: Team) -> None:
    kept: list[Any] = []

    async def act(desk: Desk) -> None:
        def read(session: Session) -> None:
            rows = session.store.connection.execute("SELECT id FROM record")
            kept.append((rows, next(rows)))
            slow(session)

        slow = Slow()
        waiting = asyncio.create_task(desk.read(read))
        await asyncio.to_thread(slow.began.wait, SOON)
        await asyncio.sleep(0.05)
        waiting.cancel()
        for _time in range(3):
            assert await asyncio.wait_for(desk.read(titles), SOON)

    with_desk(team, act)


def test_the_room_ends_while_something_is_read(team: Team) -> None:
    desk = desk_of(team)
    slow = Slow()

    async def act() -> None:
        reading = asyncio.create_task(desk.read(slow))
        await asyncio.to_thread(slow.began.wait, SOON)
        begun = time.monotonic()
        await asyncio.to_thread(desk.close)
        assert time.monotonic() - begun < SOON
        with pytest.raises(StoreError):
            await reading

    asyncio.run(act())


@pytest.mark.parametrize("left_by", ["another screen", "a newer filter"])
def test_a_screen_waits_for_no_read_that_was_left(
    team: Team, left_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow()
    read_order = AssignmentsScreen.read_order

    def slowly(self: AssignmentsScreen, session: Session, wanted: Wanted) -> array[int]:
        if not slow.began.is_set():
            slow(session)
        return read_order(self, session, wanted)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        monkeypatch.setattr(AssignmentsScreen, "read_order", slowly)
        await pilot.press("a")
        await until(pilot, slow.began.is_set, SOON)
        if left_by == "another screen":
            await pilot.press("r")
            await until(pilot, lambda: "Answer due" in screen_text(app) and "R-" in screen_text(app), SOON)
            await press(pilot, "a")
        else:
            await pilot.press("f", "i")
        await until(pilot, lambda: "Inspect compound 4" in screen_text(app), SOON)
        assert slow.ended.is_set() and not slow.is_whole

    play(team, act)
