"""Garbage in cycles is looked for while the keyboard rests, and never left for good."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from program import Team
from room import play
from textual.pilot import Pilot

from taskforce.tui import sweeping
from taskforce.tui.app import TaskforceApp
from taskforce.tui.sweeping import Sweeper


class Cycle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that is set by hand."""
    now = [1_000.0]
    monkeypatch.setattr(sweeping, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def sweeper(passing: list[float]) -> Iterator[Sweeper]:
    made = Sweeper()
    made.begin()
    yield made
    made.end()


def left_behind() -> weakref.ref[Cycle]:
    """Something that only a search for cycles frees, older than what is searched in small pieces."""
    cycle = Cycle()
    gc.collect(1)
    return weakref.ref(cycle)


@pytest.mark.parametrize(
    ("seconds", "idle", "is_swept"),
    [(59, 50, False), (61, 0.5, False), (61, 1.5, True), (601, 0, True)],
    ids=["just swept", "a key was pressed", "it rests", "it never rests"],
)
def test_it_waits_for_a_rest_but_not_for_ever(
    sweeper: Sweeper, passing: list[float], seconds: float, idle: float, is_swept: bool
) -> None:
    left = left_behind()
    passing[0] += seconds
    assert sweeper.sweep(idle) == is_swept
    assert (left() is None) == is_swept
    assert not sweeper.sweep(idle), "not twice in a row"


def test_nothing_stays_changed_in_the_process(team: Team) -> None:
    before = gc.get_threshold(), gc.get_freeze_count()

    async def act(app: TaskforceApp, _pilot: Pilot[Any]) -> None:
        app.sweeper.begin()
        assert gc.get_threshold() != before[0] and gc.get_freeze_count() > before[1]

    play(team, act)
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
