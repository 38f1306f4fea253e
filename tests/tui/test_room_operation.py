"""The operation of the room: chosen, or made where there is none yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from program import new_team
from room import play, press, screen_text, until, write
from textual.pilot import Pilot

from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.choose import OperationDialog


def test_in_a_new_store_an_operation_is_made_and_is_the_rooms_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))
    team = new_team(tmp_path / "team", "KH-CNP", "J. Sok")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        assert "no operation is chosen" in screen_text(app)
        await press(pilot, "o", "n")
        await write(pilot, "QUIET HARBOUR")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: not isinstance(app.screen, OperationDialog))
        await until(pilot, lambda: screen_text(app).startswith(" QUIET HARBOUR · planning"))

    play(team, act, size=(80, 24))
    assert team.data("status")["operation"] == "QUIET HARBOUR"
