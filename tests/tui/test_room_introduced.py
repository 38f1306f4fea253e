"""The room says of each agency how far it is known: compared by whom, or introduced by whom and for what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from program import Team, introduce, new_team
from room import play, press, screen_text
from textual.pilot import Pilot

from taskforce.tui.app import TaskforceApp

NOW = "2023-10-17T07:32:00Z"


@pytest.fixture(scope="module")
def shelter(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A shelter that has met the lead; the lead has introduced a hospital to it, and named a false key for UNODC."""
    folder = tmp_path_factory.mktemp("introduced")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(folder / "none.yaml"))
        patch.setenv("TASKFORCE_NOW", NOW)
        lead, shelter, hospital, false, real = (
            new_team(folder / name, code, "An officer")
            for name, code in (
                ("lead", "KH-CNP"),
                ("shelter", "KH-NGO"),
                ("hospital", "KH-HOSP"),
                ("false", "UNODC"),
                ("real", "UNODC"),
            )
        )
        for one, other in ((lead, shelter), (lead, hospital), (lead, false), (shelter, real)):
            introduce(one, other)
            for team in (one, other):
                (team.folder / "card").unlink()
        lead.call("operation", "add", "NIGHT COACH", "--lead", "KH-CNP").ok()
        for code in ("KH-NGO", "KH-HOSP", "UNODC"):
            lead.call("agency", "add", code).ok()
            lead.call("operation", "join", "NIGHT COACH", code).ok()
        lead.call("operation", "roster", "NIGHT COACH").ok()
        lead.call("export", "--to", "KH-NGO", "-o", str(folder / "bundle")).ok()
        shelter.call("import", str(folder / "bundle")).ok()
        shelter.call("use", "NIGHT COACH").ok()
    return shelter


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_exchange_and_agencies_say_how_each_is_known(
    shelter: Team, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "none.yaml"))
    monkeypatch.setenv("TASKFORCE_NOW", NOW)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "5")
        shown = screen_text(app)
        assert "◇" in shown and "key in dispute" in shown
        await press(pilot, "x")
        shown = " ".join(screen_text(app).split())
        assert "2 verified · 1 introduced" in shown
        assert "introduced by KH-CNP for NIGHT COACH" in shown
        assert "! a roster of KH-CNP names another" in shown

    play(shelter, act, size=size)
