"""Exchange under attack: what is written is what was shown, to whom it was shown; work ends with the room."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from program import Team
from room import play, press, screen_text, settle, until
from test_room_exchange import inbox, open_files, outbox  # noqa: F401  # fixtures
from test_room_lock_attacks import at_once, opened, shows_nothing, somebody_writing
from textual.pilot import Pilot

from taskforce.actions.bundle_summary import Exported
from taskforce.actions.sending import export_bundle
from taskforce.errors import Refused
from taskforce.store import exchange
from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.bundles import BundleDialog
from taskforce.tui.screens.previews import FileDialog


def test_other_edits_of_the_same_number_are_not_what_was_shown(team: Team, tmp_path: Path) -> None:
    team.call("log", "add", "One").ok()
    team.call("log", "add", "Two").ok()
    with opened(team) as session:
        shown = export_bundle(session, "KH-CNP", None)
        connection = session.store.connection
        # They are told to hold one of the edits, and another one is made: all numbers are as before.
        (device,) = [one.id for one in exchange.devices(connection, "KH-CNP")]
        feed, last = (
            session.store.me.feed,
            connection.execute("SELECT max(number) FROM edit WHERE feed = 1").fetchone()[0],
        )
        with session.store.writing():
            exchange.add_told(connection, device, {feed: ((last - 1, last - 1),)})
        team.call("log", "add", "Three").ok()
        now = export_bundle(session, "KH-CNP", None)
        counts = [(one.kind, one.part, one.edits) for one in shown.goes]
        assert [(one.kind, one.part, one.edits) for one in now.goes] == counts
        assert not replace(now, goes=shown.goes, withheld=shown.withheld).is_like(shown)
        with pytest.raises(Refused):
            export_bundle(session, "KH-CNP", tmp_path, shown=shown)
        assert list(tmp_path.glob("*.bundle")) == []
        assert isinstance(now, Exported)


@pytest.mark.parametrize("keys", [("enter", "enter"), ("enter", "enter", "enter", "w", "w")])
def test_a_bundle_is_written_once_however_often_the_key_is_pressed(
    team: Team,
    outbox: Path,  # noqa: F811
    keys: tuple[str, ...],
) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x", "w")
        assert isinstance(app.screen, BundleDialog)
        shown = app.screen
        at_once(app, *keys)
        await until(pilot, lambda: shown not in app.screen_stack)
        await until(pilot, lambda: not app.has_keys_waiting)
        await settle(pilot)
        assert app.screen is not shown  # a key left over may look at the next bundle

    play(team, act)
    assert len(list(outbox.iterdir())) == 1


def test_enter_before_it_is_known_what_goes_writes_nothing(team: Team, outbox: Path) -> None:  # noqa: F811
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x")
        at_once(app, "w", "enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, BundleDialog))

    play(team, act)
    assert list(outbox.iterdir()) == []


def test_a_room_that_is_left_does_not_wait_for_a_long_import(
    team: Team,
    inbox: Path,  # noqa: F811
) -> None:
    lines = "\n".join(f"  - name: Site {number}\n    country: KH" for number in range(4000))
    (inbox / "long.yaml").write_text(f"sites:\n{lines}\n")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x")
        await until(pilot, lambda: "long.yaml" in screen_text(app), seconds=4)
        app.screen.query_one("#inbox").focus()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FileDialog) and app.screen.can_do, seconds=60)
        begun.append(time.monotonic())
        await pilot.press("enter")
        await pilot.pause(0.2)
        await pilot.press("ctrl+q")

    begun: list[float] = []
    play(team, act)
    count = len(team.data("site", "list"))
    assert count in (1, 4001), "all or nothing"


def test_locked_while_something_is_taken_in_it_shows_nothing_and_tells_afterwards(
    team: Team,
    inbox: Path,  # noqa: F811
) -> None:
    (inbox / "plan.yaml").write_text("sites:\n  - name: Quay\n    country: KH\n")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x")
        await open_files(app, pilot, "plan.yaml")
        await until(pilot, lambda: isinstance(app.screen, FileDialog) and app.screen.can_do)
        with somebody_writing(team):
            await pilot.press("enter", "ctrl+l")
            await pilot.pause(0.2)
            shows_nothing(app)
        await pilot.pause(1.0)
        shows_nothing(app)
        await press(pilot, "enter")
        await until(pilot, lambda: not isinstance(app.screen, FileDialog) and not app.desk.is_locked)

    play(team, act)
    assert [one["name"] for one in team.data("site", "list")].count("Quay") == 1
