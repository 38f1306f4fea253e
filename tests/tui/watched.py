"""The room in a terminal that says when it has done what a key began: no test waits longer than it takes, or less."""

from __future__ import annotations

import time
from pathlib import Path

import pexpect
from program import Team
from terminal import Room, unexpected

DRIVER = """
import asyncio, os, sys
from textual import events
from textual.app import App
from textual.driver import Driver
from textual.screen import Screen
from taskforce.__main__ import main
from taskforce.tui.app import TaskforceApp

keys, done, told = 0, -1, open(os.environ["WATCHED"], "a", buffering=1)

def note(self, event, before=Driver.send_message):
    global keys
    keys += isinstance(event, (events.Key, events.Paste))
    before(self, event)

def name(self, *given, before=Screen.__init__, **named):
    told.write("screen " + type(self).__name__ + chr(10))
    before(self, *given, **named)

def is_busy(app):
    if keys == done or app.has_keys_waiting or not all(worker.is_finished for worker in app.workers):
        return True
    nodes = [app, *app.screen_stack, *app.screen.walk_children()]
    return any(node._message_queue is not None and not node._message_queue.empty() for node in nodes)

async def watch(app):
    global done
    seen = done = -1
    while app._running:
        await asyncio.sleep(0.01)
        if app.screen_stack and not is_busy(app):
            if seen == keys:
                done = keys
                told.write("done %d" % done + chr(10))
            seen = keys
        else:
            seen = -1

mounted = TaskforceApp.on_mount

def on_mount(self):  # Textual counts what it takes
    global keys
    keys = 0
    told.write("begun" + chr(10))
    self._watched = asyncio.get_running_loop().create_task(watch(self))
    mounted(self)

Driver.send_message, Screen.__init__, TaskforceApp.on_mount = note, name, on_mount
for line in os.environ["BEFORE"].split():
    main([line, *sys.argv[2:]])
sys.exit(main(sys.argv[1:]))
"""


class Watched(Room):
    """A room that tells, beside the terminal, which screens it made and when it has nothing more to do."""

    def __init__(
        self, team: Team, folder: Path, *, before: str = "", size: tuple[int, int] = (36, 120)
    ) -> None:
        self._told = folder / "watched"
        self._told.touch()
        self._sent = 0
        super().__init__(team, size=size, driver=DRIVER, WATCHED=str(self._told), BEFORE=before)

    @property
    def screens(self) -> set[str]:
        """The screens and dialogs that were made so far."""
        return {line[7:] for line in self._told.read_text().splitlines() if line.startswith("screen ")}

    def begin(self, number: int = 1, longest: float = 30.0) -> None:
        """Wait until the room, or what runs before it, has been there `number` times and has drawn itself."""
        end = time.monotonic() + longest
        while self._told.read_text().count("begun\n") < number:
            self._read()
            assert time.monotonic() < end, self.written[-500:]
        self._sent = 0
        self._wait(longest)

    def keys(self, *several: str, longest: float = 30.0) -> None:
        """Press keys, or type texts, one after the other, and look at what each of them draws."""
        for one in several:
            before = len(self.written)
            self.child.send(one)
            self._sent += 1 if one.startswith("\x1b") else len(one)
            self._wait(longest)
            assert self.child.isalive(), one
            assert (found := unexpected(self.written[before:])) == [], (one, found)

    def paste(self, text: str) -> None:
        """Paste a text; how many keys a terminal's paste with such things in it comes as, the room says."""
        self.child.send(f"\x1b[200~{text}\x1b[201~")
        self.settle(0.3)
        self._sent = int(self._told.read_text().rpartition("done ")[2])

    def _wait(self, longest: float) -> None:
        end, mark = time.monotonic() + longest, f"done {self._sent}\n"
        while mark not in self._told.read_text().rpartition("begun\n")[2]:
            self._read()
            assert time.monotonic() < end, f"{self._sent} keys were not done: {self.seen[-1000:]}"
        while self._read():  # all that it drew until then
            pass

    def _read(self) -> bool:
        try:
            self.written += self.child.read_nonblocking(1 << 16, timeout=0.02)
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            raise AssertionError(f"it ended: {self.seen[-1000:]}") from None
        return True
