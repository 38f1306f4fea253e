"""The room about devices: which are known and how, a lost one revoked, the words to compare, what opens the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from program import Team, introduce, new_team
from room import play, press, screen_text, settle, until, write
from textual.pilot import Pilot

from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.trust import DevicesDialog, RevokeDialog, WordsDialog


@pytest.fixture(scope="module")
def police(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """Headquarters, which leads an operation with an NGO and has taken in four edits of a field laptop."""
    folder = tmp_path_factory.mktemp("devices")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(folder / "none.yaml"))
        base, ngo = (
            new_team(folder / "base", "KH-CNP", "J. Sok"),
            new_team(folder / "ngo", "KH-NGO", "M. Lim"),
        )
        introduce(base, ngo)
        base.call("operation", "add", "NIGHT COACH", "--lead", "KH-CNP").ok()
        for code in ("KH-NGO", "KH-HOSP"):
            base.call("agency", "add", code).ok()
            base.call("operation", "join", "NIGHT COACH", code).ok()
        base.call("operation", "roster", "NIGHT COACH").ok()
        base.call("use", "NIGHT COACH").ok()
        (folder / "field").mkdir()
        field = Team(folder / "field")
        field.call(
            "init", "--agency", "KH-CNP", "--officer", "Dara", "--join", "--label", "Dara's laptop"
        ).ok()
        request, answer, bundle = (str(folder / name) for name in ("request", "answer", "bundle"))
        field.call("device", "request", "-o", request).ok()
        base.call("device", "admit", request, "-o", answer, "--yes").ok()
        field.call("device", "join", answer, "--yes").ok()
        for name in ("One", "Two", "Three"):
            field.call("contact", "add", name, "--agency", "KH-CNP").ok()
        field.call("export", "--to", "KH-CNP", "-o", bundle).ok()
        base.call("import", bundle).ok()
    return base


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_it_shows_devices_the_roster_the_slots_and_the_words(
    police: Team, tmp_path: Path, size: tuple[int, int]
) -> None:
    team = police.copy_to(tmp_path / "team")
    words = team.data("peer", "words")["words"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "I")
        assert isinstance(app.screen, DevicesDialog)
        shown = screen_text(app)
        assert "3 devices" in shown and "Dara's laptop" in shown and "this device" in shown
        await press(pilot, "G")
        await settle(pilot)
        assert "verified" in screen_text(app) and "by J. Sok" in screen_text(app)
        await press(pilot, "o")
        shown = screen_text(app)
        assert "roster of NIGHT COACH, signed by KH-CNP" in shown and "not on it: KH-HOSP" in shown
        assert app.screen.as_command() == "taskforce operation roster 'NIGHT COACH' --show"
        await press(pilot, "s")
        shown = screen_text(app)
        assert "1 key slot" in shown and "key file" in shown and "taskforce key add" in shown
        await press(pilot, "w")
        assert isinstance(app.screen, WordsDialog)
        shown = screen_text(app)
        assert " ".join(words) in shown and "█" in shown
        await press(pilot, "escape", "escape")
        assert not isinstance(app.screen, DevicesDialog)

    play(team, act, size=size)


def test_a_lost_device_is_revoked_only_after_it_was_shown_and_yes_typed(police: Team, tmp_path: Path) -> None:
    team = police.copy_to(tmp_path / "team")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "I", "R")
        assert isinstance(app.screen, DevicesDialog), "this very device is not revoked from here"
        await press(pilot, "j", "R")
        assert isinstance(app.screen, RevokeDialog)
        assert "its last good edit is 4" in " ".join(screen_text(app).split())
        await write(pilot, "9")
        await until(pilot, lambda: "edits up to 4 are known here" in " ".join(screen_text(app).split()))
        await press(pilot, "ctrl+s")
        await press(pilot, "backspace")
        await write(pilot, "2")
        await until(pilot, lambda: "2 edits that are held here leave again" in screen_text(app))
        await press(pilot, "enter")
        await write(pilot, "Left in a taxi")
        assert app.screen.as_command().endswith("--last-good 2 --reason 'Left in a taxi'")
        await press(pilot, "ctrl+s")
        assert isinstance(app.screen, RevokeDialog), "yes was not typed"
        await write(pilot, "yes")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, DevicesDialog))
        await until(pilot, lambda: "1 revoked" in screen_text(app))
        assert "Left in a taxi" in screen_text(app)
        assert not app.screen.check_action("revoke", ())

    play(team, act)
    (lost,) = (one for one in team.data("device", "list") if one["revoked_at"])
    assert (lost["label"], lost["last_good"], lost["waiting"]) == ("Dara's laptop", 2, 2)
    assert {one["name"] for one in team.data("contact", "list")} == {"One"}


def test_a_room_for_reading_and_one_without_the_agencys_key_revoke_nothing(
    police: Team, tmp_path: Path
) -> None:
    team = police.copy_to(tmp_path / "team")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "I", "j", "R")
        assert isinstance(app.screen, DevicesDialog)

    play(team, act, read_only=True)
    team.call("agency-key", "remove", "--yes").ok()

    async def act_without(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await act(app, pilot)
        assert "the agency's key is not on this device" in screen_text(app)

    play(team, act_without)
