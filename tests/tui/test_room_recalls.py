"""Recalls in the room: those that wait stand on the exchange screen, and one that waits here is confirmed there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from program import Team
from room import play, press, screen_text, until
from test_consents import teams  # noqa: F401  # the fixture
from test_recalls import back, carry, told  # noqa: F401  # the fixture and its words
from test_room_held_back import squeezed
from textual.pilot import Pilot

from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.record import RecordDialog


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the developer's: this store asks before it obeys."""
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))


def test_recalls_wait_on_the_exchange_screen_until_they_are_confirmed(
    told: tuple[Team, Team, str, str],  # noqa: F811
) -> None:
    police, shelter, victim, consent = told
    police.call("consent", "withdraw", consent).ok()
    police.call(*f"recall add {victim} --from NO-SHELTER --reason consent-withdrawn".split()).ok()

    async def look(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "NO-SHELTER 1 recall waits to go" in squeezed(app))
        await press(pilot, "x")
        await until(pilot, lambda: "1 is not confirmed yet · b shows them" in squeezed(app))
        await press(pilot, "b")
        await until(pilot, lambda: f"victim {victim} (case, care)" in squeezed(app))
        assert "to NO-SHELTER · prepared" in squeezed(app)
        await press(pilot, "escape", "w")
        await until(pilot, lambda: f"recall of {victim} (case, care)" in squeezed(app))

    play(police, look)
    shelter.call("config", "set", "recalls", "ask").ok()
    carry(police, shelter, "recall")

    async def confirm(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: f"NO-POL recalls {victim}" in squeezed(app))
        app.screen.query_one("#attention").focus()
        await press(pilot, "enter")
        await until(pilot, lambda: "RECALLS" in squeezed(app) and f"victim {victim}" in squeezed(app))
        await press(pilot, "escape", "x")
        await until(pilot, lambda: "1 waits for you · b shows them" in squeezed(app))
        await press(pilot, "b", "enter")
        await until(pilot, lambda: isinstance(app.screen, RecordDialog))
        await press(pilot, "e")
        assert isinstance(app.screen, RecordDialog), "nobody types a recall"
        await press(pilot, "m", "enter")
        await until(pilot, lambda: isinstance(app.screen, RecordDialog) and "Confirmed" in screen_text(app))

    play(shelter, confirm)
    assert shelter.data("victim", "list", "--archived") == []
    back(shelter, police, "obeyed")
    assert [one["state"] for one in police.data("recall", "status")["recalls"]] == ["confirmed"]
