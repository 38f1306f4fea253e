"""Quarantine and forked feeds in the room: said, explained, and decided only after what that does was shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from program import Team, call
from room import play, press, said, screen_text
from test_quarantine import forked_once  # noqa: F401  # the fixture
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Static

from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.decisions import FeedDialog, QuarantinedDialog
from taskforce.tui.screens.exchange import ExchangeScreen

Act = tuple[TaskforceApp, Pilot[Any]]


@pytest.fixture
def port(forked_once: tuple[Team, Team], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:  # noqa: F811
    """PORT, which heard of both sides of CITY's fork."""
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))
    return forked_once[1].copy_to(tmp_path / "port")


def told(app: TaskforceApp, where: str = "#preview") -> str:
    """What the dialog says, also what is out of sight or under a sentence."""
    content = app.screen.query_one(where, Static).content
    assert isinstance(content, Content)
    return " ".join(content.plain.split())


def squeezed(app: TaskforceApp) -> str:
    """The screen's words, one blank apart."""
    return " ".join(screen_text(app).replace("│", " ").replace("▌", " ").split())


def offered(app: TaskforceApp) -> set[str]:
    """The actions that keys lead to now."""
    return {one.binding.action for one in app.screen.active_bindings.values() if one.enabled}


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_a_fork_is_flagged_and_a_person_admits_a_side(port: Team, size: tuple[int, int]) -> None:
    waiting = port.data("quarantine", "list")
    second = next(one for one in waiting if one["set"].get("note") == "Second words")
    (feed,) = {one["edit"].partition("/")[0] for one in waiting}
    before = port.fingerprint()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        app.screen.query_one("#attention").focus()
        await press(pilot, "y")
        assert app.clipboard == f"taskforce feed show {feed}"
        await press(pilot, "enter")
        assert isinstance(app.screen, ExchangeScreen)
        assert "FEEDS" in squeezed(app) and "forked at 2: 4 edits wait" in squeezed(app)
        await press(pilot, "y")
        assert app.clipboard == f"taskforce feed show {feed}"
        await press(pilot, "enter")
        assert isinstance(app.screen, FeedDialog)
        text = told(app)
        assert "First words" in text and "Second words" in text and "Ask J. Okafor of CITY" in text
        assert "do" not in offered(app)
        sides = [one["set"].get("note") for one in port.data("feed", "show", feed)["evidence"]]
        await press(pilot, str(1 + sides.index("Second words")))
        assert "1 edit is admitted" in told(app) and "cannot be taken back" in told(app)
        assert port.fingerprint() == before, "only shown"
        await press(pilot, "y")
        assert app.clipboard == f"taskforce quarantine admit {second['ref']}"
        await press(pilot, "enter")
        assert isinstance(app.screen, ExchangeScreen)
        assert "1 edit was admitted" in said(app)

    play(port, act, size=size)
    assert port.data("agency", "show", "CITY")["note"] == "Second words"
    assert port.data("feed", "list")[-1]["waiting"] == 3


def test_an_edit_in_quarantine_says_why_it_waits_and_is_dropped_only_after_that_is_shown(port: Team) -> None:
    later = next(one for one in port.data("quarantine", "list") if one["reason"] == "after-fork")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x")
        assert "forked at 2" not in squeezed(app)
        assert "IN QUARANTINE 4" in squeezed(app)
        await press(pilot, "q", "y")
        assert app.clipboard.startswith("taskforce quarantine show ")
        app.screen.query_one("#rows").highlighted = [
            one["ref"] for one in port.data("quarantine", "list")
        ].index(later["ref"])
        await press(pilot, "enter")
        assert isinstance(app.screen, QuarantinedDialog)
        text = told(app)
        assert "its feed forked before it" in text and "Signed by CITY" in text and "Places free" in text
        await press(pilot, "enter")
        assert isinstance(app.screen, QuarantinedDialog), "nothing was chosen yet"
        await press(pilot, "D", "y")
        assert app.clipboard == f"taskforce quarantine drop {later['ref']}"
        assert "the history keeps that it was dropped" in told(app)
        await press(pilot, "enter")
        assert "1 edit was dropped" in squeezed(app)
        await press(pilot, "escape")
        assert "PEERS" in squeezed(app) and "IN QUARANTINE 3" in squeezed(app)

    play(port, act, size=(80, 24))
    assert later["ref"] not in [one["ref"] for one in port.data("quarantine", "list")]
    assert call(*["quarantine", "show", later["ref"]], *port.place).code == 3


def test_what_may_not_be_decided_is_not_offered(port: Team) -> None:
    before = port.fingerprint()
    fork = next(one for one in port.data("quarantine", "list") if one["reason"] == "fork")

    async def reading(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x", "q", "enter", "A", "D", "enter")
        assert "Why it waits" in told(app)
        assert not {"admit", "drop", "do"} & offered(app)
        await press(pilot, "escape", "f", "enter", "1", "A", "enter")
        assert not {"side(1)", "later", "do"} & offered(app)

    async def evidence(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x", "q")
        app.screen.query_one("#rows").highlighted = [
            one["ref"] for one in port.data("quarantine", "list")
        ].index(fork["ref"])
        await press(pilot, "enter")
        assert "admit" in offered(app) and "drop" not in offered(app), "it proves the fork"

    play(port, reading, read_only=True)
    play(port, evidence)
    assert port.fingerprint() == before


def test_what_somebody_else_decided_meanwhile_is_said(port: Team) -> None:
    waiting = {one["ref"]: one for one in port.data("quarantine", "list") if one["reason"] == "fork"}

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x", "f", "enter", "1", "y")
        (other,) = waiting.keys() - {app.clipboard.split()[-1]}
        assert port.run("quarantine", "admit", other).code == 0
        await press(pilot, "enter")
        assert "was admitted already" in said(app)
        assert isinstance(app.screen, FeedDialog)
        assert "side(1)" not in offered(app)

    play(port, act)
    assert len(port.data("quarantine", "list")) == 3
