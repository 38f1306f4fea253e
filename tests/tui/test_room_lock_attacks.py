"""The lock under attack: work under way, dialogs, toasts, keys in flight, a clock that stood still; and leaving."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from program import Team, new_team
from room import desk_of, play, press, screen_text, settle, until, write
from textual import events
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input

from taskforce.actions import keeping
from taskforce.actions.drafting import all_drafts
from taskforce.actions.session import Session
from taskforce.actions.unlocking import Opener
from taskforce.store.store import Store
from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.form import FormDialog
from taskforce.tui.screens.locked import LockedScreen

SECRETS = ("Inspect", "STORM", "A-", "KH-CNP", "Okafor")


@contextmanager
def opened(team: Team) -> Iterator[Session]:
    """The store, as another program has it open."""
    opener = Opener(team.store, str(team.key))
    session = Session(Store.open(team.store, opener.open()))
    try:
        yield session
    finally:
        session.store.close()


@contextmanager
def somebody_writing(team: Team) -> Iterator[None]:
    """While it lasts another program holds the store's write lock."""
    with opened(team) as session:
        session.store.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            session.store.connection.execute("ROLLBACK")


def drafts_of(team: Team) -> dict[str, dict[str, str]]:
    """What the store keeps of half-typed forms, by form."""
    with opened(team) as session:
        return {one.key: dict(one.typed) for one in all_drafts(session)}


def at_once(app: TaskforceApp, *keys: str) -> None:
    """Press keys without waiting for what any of them does, as they come from a terminal."""
    assert app._driver is not None
    for key in keys:
        event = events.Key(key, key if len(key) == 1 else {"enter": "\r", "space": " "}.get(key))
        event.set_sender(app)
        app._driver.send_message(event)


def shows_nothing(app: TaskforceApp) -> None:
    """Fail if anything of the store is on the screen."""
    assert isinstance(app.screen, LockedScreen)
    text = screen_text(app)
    assert "locked" in text
    assert not [word for word in SECRETS if word in text], text


def test_the_locked_screen_comes_at_once_though_another_program_writes_for_long(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "n")
        await write(pilot, "Half typed")
        with somebody_writing(team):
            begun = time.monotonic()
            await pilot.press("ctrl+s")  # waits for the other program
            await pilot.press("ctrl+l")
            await pilot.pause(0.1)
            shows_nothing(app)
            assert time.monotonic() - begun < 3
        await press(pilot, "enter")
        await until(pilot, lambda: not app.desk.is_locked)
        await until(pilot, lambda: "Half typed" in screen_text(app))
        assert app.current_mode == "assignments"
        assert not isinstance(app.screen, FormDialog), "it was saved meanwhile"

    play(team, act)
    titles = [one["title"] for one in team.data("assignment", "list")]
    assert titles.count("Half typed") == 1
    assert drafts_of(team) == {}


def test_work_that_ends_while_the_room_is_locked_neither_opens_nor_tells(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "n")
        await write(pilot, "Half typed")
        with somebody_writing(team):
            await pilot.press("ctrl+s")
            await pilot.press("ctrl+l")
            await pilot.pause(0.1)
        await pilot.pause(1.0)  # it is saved now
        shows_nothing(app)
        assert "Half typed" not in screen_text(app)
        assert len(app._notifications) == 0
        await press(pilot, "enter")
        await until(pilot, lambda: "saved: A-" in screen_text(app))

    play(team, act)


def test_no_sentence_lies_over_the_locked_screen(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "y")
        assert "copied: taskforce" in screen_text(app)
        await press(pilot, "ctrl+l")
        shows_nothing(app)
        assert app.clipboard == ""

    play(team, act)


@pytest.mark.parametrize(
    "keys",
    [("n",), ("e",), ("m",), ("enter",), ("h",), ("slash",), ("ctrl+p",), ("ctrl+o",), ("question_mark",)],
)
def test_it_locks_from_every_dialog_and_comes_back_to_it(team: Team, keys: tuple[str, ...]) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", *keys)
        before = app.screen
        assert before.is_modal
        await press(pilot, "ctrl+l")
        shows_nothing(app)
        await press(pilot, "escape", "a", "n", "z", "ctrl+p", "ctrl+o", "f1", "f2", "tab", "space")
        await pilot.click(offset=(10, 5))
        shows_nothing(app)
        await press(pilot, "enter")
        await until(pilot, lambda: not app.desk.is_locked)
        assert app.screen is before

    play(team, act)


@pytest.mark.parametrize("key", ["n", "e", "m", "enter", "h", "l", "v", "slash", "D"])
def test_a_key_pressed_just_before_shows_nothing_over_the_locked_screen(team: Team, key: str) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a")
        at_once(app, key, "ctrl+l")
        await until(pilot, lambda: app.desk.is_locked)
        await pilot.pause(0.3)
        shows_nothing(app)

    play(team, act)


def test_what_is_half_typed_is_kept_before_the_lock_and_before_leaving_on_every_screen(team: Team) -> None:
    async def lock(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "i")
        for character in "gate":  # faster than the pause after which it is kept
            await pilot.press(character)
        await pilot.press("escape", "a", "n")
        for character in "Half":
            await pilot.press(character)
        await pilot.press("ctrl+l")
        await until(pilot, lambda: app.desk._key is None)

    play(team, lock)
    assert drafts_of(team) == {"log/line": {"text": "gate"}, "assignment/new": {"title": "Half"}}

    async def leave(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "n")
        for character in "way":
            await pilot.press(character)
        await pilot.press("ctrl+q")

    play(team, leave)
    assert drafts_of(team)["assignment/new"] == {"title": "Halfway"}


def test_a_fast_typist_is_kept_up_with(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FormDialog, "KEEP_WITHIN", 0.5)
    monkeypatch.setattr("taskforce.tui.widgets.kept_line._MOST", 0.5)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "n")
        for _time in range(14):
            await pilot.press("x")
            await pilot.pause(0.1)
        assert drafts_of(team)["assignment/new"]["title"].startswith("xxx")
        await press(pilot, "escape", "1", "i")
        for _time in range(14):
            await pilot.press("y")
            await pilot.pause(0.1)
        assert drafts_of(team)["log/line"]["text"].startswith("yyy")

    play(team, act)


def test_an_entry_written_just_before_leaving_is_in_the_log(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "i")
        with somebody_writing(team):
            for character in "two":
                await pilot.press(character)
            await pilot.press("enter", "ctrl+q")

    play(team, act)
    assert "two" in [one["text"] for one in team.data("log", "list")]


def test_a_laptop_that_slept_is_locked(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        now = time.time()
        # The other clock stood still.
        monkeypatch.setattr("taskforce.tui.locking.time.time", lambda: now + 3600)
        await app._tick()
        await settle(pilot)
        shows_nothing(app)

    play(team, act)


def test_nothing_can_be_read_or_done_between_the_lock_and_the_end_of_what_was_under_way(team: Team) -> None:
    import asyncio

    from taskforce.errors import Locked

    async def both() -> None:
        desk = desk_of(team)
        with somebody_writing(team):
            kind = "site"
            from taskforce.records.registry import get_kind

            slow = asyncio.ensure_future(
                desk.act(
                    lambda session: keeping.add(session, get_kind(kind), {"name": "Quay", "country": "KH"})
                )
            )
            await asyncio.sleep(0.2)
            desk.lock()
            for work in (desk.read, desk.act):
                with pytest.raises(Locked):
                    await work(lambda session: session.own_agency)
            assert desk._key is not None, "what was asked for is still done"
        assert (await slow).text("name") == "Quay"
        await asyncio.sleep(0.2)
        assert desk._key is None
        desk.close()

    asyncio.run(both())


def test_opened_twice_by_two_quick_enters_it_stays_whole(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "n")
        await press(pilot, "ctrl+l")
        at_once(app, "enter", "enter")
        await until(pilot, lambda: not app.desk.is_locked)
        await settle(pilot)
        assert isinstance(app.screen, FormDialog)

    play(team, act)


def test_the_palette_offers_nothing_of_what_changes_in_a_room_for_reading(team: Team) -> None:
    before = team.fingerprint()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "o")
        assert not app.screen.is_modal
        await press(pilot, "ctrl+p")
        assert isinstance(app.screen, CommandPalette)
        text = screen_text(app)
        for word in ("Refer  (v)", "Undo", "Operation  (o)", "Log entry"):
            assert word not in text
        await press(pilot, "escape", "a", "f")
        await write(pilot, "x")
        await press(
            pilot, "escape", "l", "i", "C", "x", "w", "escape", "c", "1", "e", "b", "3", "s", "v", "ctrl+l"
        )
        await until(pilot, lambda: app.desk._key is None)

    play(team, act, read_only=True)
    assert team.fingerprint() == before
    assert drafts_of(team) == {}


@pytest.mark.skipif(os.name == "nt", reason="there is no such command")
@pytest.mark.parametrize("words", [("lock",), ("lock", "--all")], ids=" ".join)
def test_the_command_lock_locks_the_room_too(team: Team, words: tuple[str, ...]) -> None:
    other = new_team(team.folder / "other", "TH-RTP", "P. Chai")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "n")
        await write(pilot, "Half typed")
        other.call("lock").ok()
        await pilot.pause(0.4)
        assert not app.desk.is_locked
        team.call(*words).ok()
        await until(pilot, lambda: isinstance(app.screen, LockedScreen) and "locked" in screen_text(app))
        shows_nothing(app)
        await press(pilot, "enter")
        await until(pilot, lambda: not app.desk.is_locked and "Half typed" in screen_text(app))
        await pilot.pause(0.4)
        assert not app.desk.is_locked  # once, for each time that it is called

    play(team, act)


def test_a_room_that_an_agents_key_opened_asks_for_no_passphrase_that_there_is_not(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        app.desk.opener = Opener(team.store)  # no key file is named
        await press(pilot, "ctrl+l")
        await until(pilot, lambda: "opens with a key file" in screen_text(app))
        assert not app.screen.query(Input)
        await pilot.press("enter")
        assert app.desk.is_locked

    play(team, act)
