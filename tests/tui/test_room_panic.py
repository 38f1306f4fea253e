"""The panic key: twice, and the store is gone and the room with it; once, or unset, and nothing happens."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from program import Team
from room import desk_of, play, press, screen_text, settle, write
from textual.pilot import Pilot

from taskforce.actions import wiping
from taskforce.errors import StoreError
from taskforce.tui import app, panicking
from taskforce.tui.app import TaskforceApp


@pytest.fixture(autouse=True)
def key_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[None]:
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))
    if "unset" not in request.node.name:
        (tmp_path / "config.yaml").write_text("panic-key: f12\n")
    yield


def panic(team: Team, *before: str, locked: bool = False) -> str:
    """Open the room, press keys, then the panic key twice; what is on the screen while the store is destroyed."""
    shown: list[str] = []

    async def run() -> None:
        desk = desk_of(team)
        app = TaskforceApp(desk)
        real = wiping.wipe

        def seen(folder: Path) -> wiping.Wiped:
            shown.append(screen_text(app))
            assert desk.is_locked
            return real(folder)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(panicking.wiping, "wipe", seen)
            async with app.run_test(size=(120, 36), notifications=True) as pilot:
                await settle(pilot)
                await press(pilot, *before)
                await pilot.press("f12")
                assert team.store.exists()
                await pilot.press("f12")
                await until_gone(app)
        desk.close()
        assert app.wiped is not None and not app.wiped.failed and app._exception is None
        assert desk._key is None

    asyncio.run(run())
    assert not team.store.exists()
    return shown[0]


async def until_gone(app: TaskforceApp) -> None:
    for _round in range(400):
        if app.wiped is not None:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nothing was destroyed")


@pytest.mark.parametrize(
    "before", [(), ("ctrl+l",), ("n",), ("slash", "x", "y"), ("question_mark",)], ids=" ".join
)
def test_pressed_twice_anywhere_the_store_is_gone_and_nothing_is_shown(
    team: Team, before: tuple[str, ...]
) -> None:
    shown = panic(team, *before)
    assert not shown.strip(), shown
    assert team.error("status")["exit"] == 6


def test_pressed_once_or_too_slowly_nothing_happens(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panicking, "TWICE_WITHIN", -1.0)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        before = screen_text(app)
        await press(pilot, "f12", "f12", "f12")
        assert screen_text(app) == before
        await press(pilot, "slash")
        await write(pilot, "gate")
        await press(pilot, "f12")
        assert "gate" in screen_text(app)

    play(team, act)
    team.call("doctor").ok()


def test_unset_it_is_no_key_at_all(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        assert app.panic_key == ""
        await press(pilot, "f12", "f12")

    play(team, act)
    team.call("doctor").ok()


def test_on_the_wall_there_is_none(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "f12", "f12")

    play(team, act, wall=True, read_only=True)
    team.call("doctor").ok()


@pytest.mark.parametrize("value", ["x", "enter", "ctrl+q", "ctrl+l", "ctrl+m", "f25", "escape", "ctrl+alt+x"])
def test_a_key_that_is_pressed_all_the_time_is_refused(team: Team, value: str) -> None:
    assert team.error("config", "set", "panic-key", value)["exit"] == 2
    team.call("config", "set", "panic-key", "ctrl+k").ok()


def test_what_could_not_be_destroyed_is_said_in_few_words(tmp_path: Path) -> None:
    done = wiping.Wiped(tmp_path)
    done.require_whole()
    done.note(tmp_path / "store.db", OSError(5, os.strerror(5)))
    with pytest.raises(StoreError, match="not everything"):
        done.require_whole()


def test_what_the_keyring_has_for_it_goes_too(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, dropped = "0123456789abcdef", []

    def pressed(self: TaskforceApp, **_how: object) -> None:
        self.wiped = wiping.Wiped(team.store, entries=[entry])

    monkeypatch.setattr(TaskforceApp, "run", pressed)
    monkeypatch.setattr("taskforce.keys.keyring.drop", dropped.append)
    desk = desk_of(team)
    app.run(desk.opener, desk.opener.open())
    assert dropped == [entry]
