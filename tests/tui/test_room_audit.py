"""The room proves the store beside its other work: the screens are read meanwhile, and a lock stops it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from program import Team
from room import play, press, screen_text, settle, until
from textual.pilot import Pilot

from taskforce.keys import slots
from taskforce.store.store import Store
from taskforce.tui.app import TaskforceApp


def test_v_proves_the_store_also_in_a_room_for_reading(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "V")
        await until(pilot, lambda: "● proved" in screen_text(app))
        assert "INTERPOL" in screen_text(app) and "edits proved" in screen_text(app)
        await press(pilot, "escape")
        assert "● proved" not in screen_text(app)

    play(team, act, read_only=True)


def test_what_was_altered_is_shown(team: Team) -> None:
    store = Store.open(team.store, slots.open_with_key_file(team.store, team.key))
    store.connection.execute("UPDATE edit SET body = replace(body, 'Compound 4', 'Compound 9')")
    store.close()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "V")
        await until(pilot, lambda: "the signature is not that of the device" in screen_text(app))
        assert "■" in screen_text(app)

    play(team, act)


def test_screens_are_read_meanwhile_and_escape_or_a_lock_stops_it(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    from taskforce.tui.screens import audit

    held, real = threading.Event(), audit.verify

    def slow(session: Any, **options: Any) -> Any:
        assert held.wait(20)
        return real(session, **options)

    monkeypatch.setattr(audit, "verify", slow)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        app.action_verify()
        await until(pilot, lambda: "Verifying edits" in screen_text(app))
        found = await app.desk.read(lambda session: session.store.me.agency)
        assert found == "INTERPOL", "another read need not wait"
        await pilot.press("escape")
        held.set()
        await until(pilot, lambda: not isinstance(app.screen, audit.AuditDialog))
        held.clear()
        app.action_verify()
        await until(pilot, lambda: "Verifying edits" in screen_text(app))
        await pilot.press("ctrl+l")
        held.set()
        await settle(pilot)
        await until(pilot, lambda: app.desk._key is None)
        assert "proved" not in screen_text(app)

    play(team, act)
