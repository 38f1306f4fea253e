"""Erasing in the room: by the owner only, after what it does was shown and yes was typed; and who has confirmed."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from program import Team
from room import play, press, said, screen_text, until, write
from test_erase import carry, two, victim  # noqa: F401  # the fixture and its words
from test_room_held_back import offered, squeezed, told
from textual.pilot import Pilot

from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.erase import EraseDialog
from taskforce.tui.screens.record import RecordDialog
from taskforce.tui.widgets.fields import FieldRow


async def open_record(app: TaskforceApp, pilot: Pilot[Any], ref: str) -> None:
    """Find a record by its ref and show it."""
    await press(pilot, "slash")
    await write(pilot, ref)
    await press(pilot, "enter")
    assert isinstance(app.screen, RecordDialog)


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the developer's."""
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))


def test_the_owner_erases_a_part_only_with_a_reason_and_a_typed_yes(two: tuple[Team, Team]) -> None:  # noqa: F811
    city, ngo = two
    ref = victim(city)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await open_record(app, pilot, ref)
        await press(pilot, "X")
        assert isinstance(app.screen, EraseDialog)
        text = squeezed(app)
        assert "case, care, identity" in text and "told with the next bundle: NGO" in text
        assert "It cannot be undone" in text and "confirmed by each device" in text
        assert "Case (what happened)" in text and "Care (health, needs, safety)" in text
        assert "Copy as command" in text and "f1 Help" in text
        await write(pilot, "helth")
        before = app.clipboard
        await press(pilot, "f2")
        assert app.clipboard == before, "there is no such part"
        app.screen.query(FieldRow).first().text = ""
        await write(pilot, "identity")
        await press(pilot, "enter")
        assert f"{ref}: identity · 1 edit loses its values" in squeezed(app)
        await press(pilot, "enter", "enter")
        assert "a reason is needed" in squeezed(app)
        await write(pilot, "She asked")
        await press(pilot, "f2", "enter", "enter")
        assert shlex.split(app.clipboard) == [
            *("taskforce", "erase", ref, "--part", "identity", "--reason", "She asked")
        ]
        assert "type yes to erase it" in squeezed(app)
        await write(pilot, "no")
        await press(pilot, "enter")
        assert isinstance(app.screen, EraseDialog)
        assert city.data("erase", "status") == []
        await press(pilot, "backspace", "backspace")
        await write(pilot, "yes")
        await press(pilot, "enter")
        assert isinstance(app.screen, RecordDialog)
        assert f"{ref}: erased (identity)" in said(app)
        text = told(app, "#fields")
        assert "identity erased by J. Okafor, CITY" in text and "She asked" in text
        assert "not yet NGO, device" in text and "Zqxcanary" not in text
        app.clear_notifications()
        await press(pilot, "escape", "x")
        assert "ERASED 1 part of a record" in squeezed(app)
        await press(pilot, "e")
        assert "! not confirmed by NGO (never heard)" in squeezed(app)
        carry(city, ngo)
        carry(ngo, city)
        await until(
            pilot, lambda: "● all who had it, as far as is known here, have confirmed" in squeezed(app)
        )
        await press(pilot, "y")
        assert app.clipboard == f"taskforce erase status {ref}"
        await press(pilot, "enter")
        assert isinstance(app.screen, RecordDialog)
        assert "confirmed NGO, device" in told(app, "#fields")

    play(city, act, size=(80, 24))
    (done,) = city.data("erase", "status")
    assert (done["part"], done["reason"], done["waiting"]) == ("identity", "She asked", [])
    assert not ngo.data("search", "Zqxcanary")


def test_it_is_offered_only_to_the_owner_in_a_room_for_writing(two: tuple[Team, Team]) -> None:  # noqa: F811
    city, ngo = two

    async def not_offered(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "r", "X")
        assert "do('accept')" in offered(app) or app.desk.read_only
        assert "erase" not in offered(app)
        await press(pilot, "enter", "X")
        assert isinstance(app.screen, RecordDialog)
        assert "erase" not in offered(app)

    async def in_the_palette(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "r")
        assert "erase" in offered(app)
        await press(pilot, "ctrl+p", *"erase")
        assert "Erase…" in screen_text(app)
        await press(pilot, "enter", "enter")
        assert isinstance(app.screen, EraseDialog)
        await press(pilot, "escape")

    play(ngo, not_offered)
    play(city, not_offered, read_only=True)
    play(city, in_the_palette)
    assert city.data("erase", "status") == []
