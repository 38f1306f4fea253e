"""How the room ends: by a fault anywhere, a signal, a terminal that goes away, a store that is taken away."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from program import Team
from room import play, press, screen_text, settle, until, write
from terminal import Room, is_restored, unexpected
from test_room_lock_attacks import drafts_of, opened
from textual.pilot import Pilot

from taskforce.errors import INTERRUPTED, Failure, StoreError
from taskforce.tui.app import TaskforceApp

CANARY = "Srey-Canary-7731"

BEGIN = f"""
import asyncio, sys, threading
from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.assignments import AssignmentsScreen
from taskforce.tui.screens.room import HomeScreen
from taskforce.tui.widgets.record_table import RecordTable
from taskforce.__main__ import main

def broken(*_arguments, **_more):
    name = {CANARY!r}
    raise ValueError(name)

async def broken_later(*_arguments, **_more):
    name = {CANARY!r}
    raise ValueError(name)
"""

END = "\nsys.exit(main(sys.argv[1:]))\n"

FAULTS = {
    "a worker": "AssignmentsScreen.load = broken_later",
    "a reading thread": "AssignmentsScreen.read_order = broken",
    "an action": "AssignmentsScreen.action_timeline = broken",
    "an action that acts": "AssignmentsScreen.action_archive = broken_later",
    "a message handler": "AssignmentsScreen.show_record = broken_later",
    "compose": "AssignmentsScreen.body = broken",
    "mounting": "AssignmentsScreen.on_mount = broken",
    "drawing": "RecordTable.render_line = broken",
    "a check of a key": "AssignmentsScreen.check_action = broken",
    "a key": "AssignmentsScreen.on_key = broken",
    "a timer": "AssignmentsScreen.action_timeline = lambda self: self.set_timer(0.1, broken) and None",
    "a task that nobody waits for": (
        "AssignmentsScreen.action_timeline = lambda self: asyncio.ensure_future(broken_later()) and None"
    ),
    "a callback of the loop": (
        "AssignmentsScreen.action_timeline = lambda self: asyncio.get_running_loop().call_soon(broken) and None"
    ),
}


@pytest.mark.parametrize("place", FAULTS)
def test_a_fault_ends_it_with_one_sentence_and_shows_nothing_of_what_it_was_about(
    team: Team, tmp_path: Path, place: str
) -> None:
    room = Room(team, driver=BEGIN + FAULTS[place] + END, TMPDIR=str(tmp_path))
    before = sorted(tmp_path.rglob("*"))
    room.see("STORM MAKERS II")
    for key in ("a", "t", "D", "x", "a"):
        if room.child.isalive():
            room.press(key)
    assert room.end() == Failure.exit_code
    told = "something went wrong inside taskforce (ValueError)"
    assert room.written.count(told) == 1
    assert CANARY not in room.written and "Traceback" not in room.written
    after = room.written[room.written.index(told) :]
    assert not unexpected(after) and "STORM" not in after and "Inspect" not in after
    assert is_restored(room.written)
    assert CANARY not in str([each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()])
    assert [one for one in sorted(tmp_path.rglob("*")) if one not in before and "core" in one.name] == []
    assert sorted(each.name for each in team.store.iterdir()) == ["incarnation", "keys.json", "store.db"]


def test_a_thread_that_fails_writes_nothing(team: Team) -> None:
    fault = "AssignmentsScreen.action_timeline = lambda self: threading.Thread(target=broken).start()"
    room = Room(team, driver=BEGIN + fault + END)
    room.see("STORM MAKERS II")
    room.press("a", "t")
    assert room.leave() == 0
    assert CANARY not in room.written and "Traceback" not in room.written


def test_what_was_typed_is_there_again_after_a_fault(team: Team) -> None:
    fault = "from taskforce.tui.screens.form import FormDialog; FormDialog.action_clear = broken"
    room = Room(team, driver=BEGIN + fault + END)
    room.see("STORM MAKERS II")
    room.press("a", "n")
    room.child.send("Half\x12")
    assert room.end() == Failure.exit_code
    assert drafts_of(team) == {"assignment/new": {"title": "Half"}}


def test_textual_writes_no_log_and_no_picture_and_memory_is_not_dumped(team: Team, tmp_path: Path) -> None:
    log, picture = tmp_path / "log", tmp_path / "pictures"
    told = tmp_path / "limit"
    driver = f"""
import sys
from taskforce.__main__ import main
from taskforce.tui import desk
before = desk.Desk.__init__
def begin(self, *rest, **more):
    import resource
    open({str(told)!r}, "w").write(str(resource.getrlimit(resource.RLIMIT_CORE)))
    before(self, *rest, **more)
desk.Desk.__init__ = begin
sys.exit(main(sys.argv[1:]))
"""
    room = Room(
        team,
        driver=driver,
        TEXTUAL_LOG=str(log),
        TEXTUAL="debug,devtools",
        TEXTUAL_SCREENSHOT="1",
        TEXTUAL_SCREENSHOT_LOCATION=str(picture),
    )
    room.see("STORM MAKERS II")
    time.sleep(1.5)
    room.press("a", "?")
    assert room.leave() == 0
    assert not log.exists() and not picture.exists()
    assert told.read_text() == "(0, 0)"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_leaves_it_as_its_own_key_does(team: Team, name: str) -> None:
    room = Room(team)
    room.see("STORM MAKERS II")
    room.press("a", "n")
    for key in "Half":
        room.child.send(key)
    room.settle(0.1)
    room.kill(getattr(signal, name))
    assert room.end() == INTERRUPTED
    assert is_restored(room.written) and "Traceback" not in room.written
    assert sorted(each.name for each in team.store.iterdir()) == ["incarnation", "keys.json", "store.db"]
    assert drafts_of(team) == {"assignment/new": {"title": "Half"}}


def test_a_terminal_that_is_closed_ends_it_and_keeps_what_was_typed(team: Team) -> None:
    room = Room(team)
    room.see("STORM MAKERS II")
    room.press("a", "n", *"Half")
    pid = room.child.pid
    os.close(room.child.child_fd)
    for _round in range(100):
        if os.waitpid(pid, os.WNOHANG)[0]:
            break
        time.sleep(0.1)
    else:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise AssertionError("it goes on without a terminal")
    assert drafts_of(team) == {"assignment/new": {"title": "Half"}}
    assert sorted(each.name for each in team.store.iterdir()) == ["incarnation", "keys.json", "store.db"]


def test_ctrl_c_says_how_it_is_left(team: Team) -> None:
    room = Room(team)
    room.see("STORM MAKERS II")
    room.settle(1.0)
    room.press("\x03")
    room.until("ctrl+q leaves the room")
    assert room.leave() == 0


def test_it_bears_any_size_on_every_screen(team: Team) -> None:
    room = Room(team)
    room.see("STORM MAKERS II")
    screens = ("1", "2t", "2b", "2", "3", "4", "5", "6", "7")
    dialogs = ("v\x1b", "2n\x1b", "2m\x1b", "/x\x1b", "?\x1b", "6w\x1b")
    for rows, columns in ((5, 20), (100, 300), (2, 4)):
        room.child.setwinsize(rows, columns)
        room.settle(0.3, 1.0)
        for keys in (*screens, *dialogs):
            room.press(*keys, quiet=0.02)
            assert room.child.isalive(), (rows, columns, keys)
    room.child.setwinsize(24, 80)
    room.press("1", "\x0c", "\r")
    assert room.leave() == 0
    assert not unexpected(room.written)


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_store_that_is_taken_away_ends_it_before_anything_is_written_into_nowhere(
    team: Team, tmp_path: Path, how: str
) -> None:
    shutil.copytree(team.store, tmp_path / "backup")
    room = Room(team)
    room.see("STORM MAKERS II")
    room.press("i", *"lost", quiet=0.05)
    if how == "deleted":
        for each in team.store.iterdir():
            each.unlink()
    else:
        os.replace(tmp_path / "backup" / "store.db", team.store / "store.db")
    room.child.send("\r")
    assert room.end() == StoreError.exit_code
    assert "was taken away or replaced" in room.written and is_restored(room.written)
    assert "written: L-" not in room.written


def test_a_store_that_another_version_has_opened_is_left_alone(team: Team) -> None:
    for change in ("UPDATE meta SET value = '9.9.9/x' WHERE key = 'tables'", "PRAGMA user_version = 99"):
        room = Room(team)
        room.see("STORM MAKERS II")
        room.settle()
        with opened(team) as session:
            connection = session.store.connection
            before = session.store.meta("tables")
            connection.execute(change)
            connection.execute("UPDATE meta SET value = value || ' ' WHERE key = 'officer'")
            assert room.end() == StoreError.exit_code
            connection.execute("PRAGMA user_version = 2")
            connection.execute("UPDATE meta SET value = ? WHERE key = 'tables'", (before,))
        assert "version of taskforce" in room.written and is_restored(room.written)


def test_on_a_full_disk_it_says_so_goes_on_and_loses_nothing(team: Team) -> None:
    driver = """
import resource, signal, sys
from taskforce.__main__ import main
from taskforce.tui.widgets.quick_entry import QuickEntry
before = QuickEntry.write
def write(self):
    limit = 4096 if resource.getrlimit(resource.RLIMIT_FSIZE)[0] < 0 else resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    before(self)
QuickEntry.write = write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.exit(main(sys.argv[1:]))
"""
    room = Room(team, driver=driver)
    room.see("STORM MAKERS II")
    room.press("i", *"two vans", quiet=0.02)
    room.child.send("\r")
    room.until(
        "the disk failed"
    )  # the sentence goes on in a second line: whatever else is drawn may come between
    room.press("\x1b", "i", "\r")  # there is room again
    room.until("written: L-")
    assert room.leave() == 0
    assert [one["text"] for one in team.data("log", "list")].count("two vans") == 1
    team.call("doctor").ok()


def test_an_unreadable_store_is_told_in_the_room(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        import sqlcipher3.dbapi2 as sqlite

        def damaged(*_arguments: object) -> None:
            raise sqlite.DatabaseError("database disk image is malformed")

        monkeypatch.setattr("taskforce.store.pages.records_at", damaged)
        await press(pilot, "a")
        await until(pilot, lambda: "the store is damaged" in screen_text(app))
        assert app.is_running
        await press(pilot, "1", "i")
        await write(pilot, "x")
        await settle(pilot)
        assert app.is_running

    play(team, act)


def test_with_animations_off_nothing_moves_by_itself(team: Team) -> None:
    team.call("config", "set", "animations", "off").ok()
    room = Room(team)
    room.until("HEARD FROM")
    room.press("i")
    room.settle(0.5)
    before = len(room.written)
    room.settle(1.5, 1.6)
    assert len(room.written) == before, "not even the cursor"
    assert room.leave() == 0
