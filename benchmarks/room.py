"""The room: how soon it is there, and how soon a key is painted, over stores of a hundred to a million assignments.

The app is the program's own, run in this process without a terminal: what it would send to one is made all the same.
The start and the memory are those of a whole process in a terminal.
"""

from __future__ import annotations

import asyncio
import gc
import os
import select
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import room_stores
from measuring import PROGRAM, Row, row_of, run, timed
from textual import events
from textual._compositor import CompositorUpdate
from textual.keys import _character_to_key
from textual.widget import Widget

from taskforce.actions.unlocking import Opener
from taskforce.tui import app
from taskforce.tui.app import TaskforceApp
from taskforce.tui.desk import Desk
from taskforce.tui.screens.records import RecordsScreen

NOW = "2023-10-17T07:32:00Z"
"""When the room is looked at: on the second day of the operation, with a good part late."""

FEW = 100
SCREEN = (120, 36)
WORDS = ("pier 9", "kh-cnp urg", "insp comp")
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many assignments there are."""

    many: int
    huge: int


def rows_of(folder: Path, sizes: Sizes, rounds: int) -> list[Row]:
    """All that is measured of the room."""
    os.environ["TASKFORCE_NOW"] = NOW
    seldom = gc.get_threshold()
    gc.set_threshold(100_000)  # as the program does
    try:
        for count in (FEW, sizes.many, sizes.huge):
            room_stores.new_store(folder / str(count), count)
        few, many, huge = (folder / str(count) for count in (FEW, sizes.many, sizes.huge))
        return [
            *(_processes(many, sizes.many, rounds) if os.name == "posix" else ()),
            _ready(few, many, sizes.many, rounds),
            _filter(many, sizes.many, rounds),
            _scroll(huge, sizes.huge, rounds),
        ]
    finally:
        gc.set_threshold(*seldom)
        del os.environ["TASKFORCE_NOW"]


# ── in this process ──


class Watched(TaskforceApp):
    """The room, which notes what it paints and when."""

    CSS_PATH = Path(app.__file__).with_name("app.tcss")

    painted = 0.0
    shown = ""

    def _display(self, screen: Any, renderable: Any) -> None:
        super()._display(screen, renderable)
        if isinstance(renderable, CompositorUpdate):
            self.shown += renderable.render_segments(
                self.console
            )  # without a terminal Textual leaves this out
            self.painted = perf_counter()

    @property
    def is_idle(self) -> bool:
        """Whether all that was begun is read and painted."""
        screen = self.screen
        reading = any(not worker.is_finished for worker in self.workers)
        dirty = screen._dirty_widgets or screen._repaint_required or screen._compositor._dirty_regions
        unpainted = (each for each in screen.walk_children(Widget) if each._repaint_required)
        return not (reading or dirty or any(each.display for each in unpainted))

    async def until(self, holds: Callable[[], bool], what: str, start: float = 0.0) -> float:
        """Wait until something holds and nothing is left to paint since `start`; when the last of it was painted."""
        ends = perf_counter() + PATIENCE
        while not (holds() and self.is_idle and self.painted > start):
            if perf_counter() > ends:
                raise AssertionError(f"never painted: {what}")
            await asyncio.sleep(0.003)
        return self.painted

    async def strike(self, key: str, holds: Callable[[], bool]) -> float:
        """Strike a key; the seconds until all that it changes is painted."""
        character = key if len(key) == 1 else " " if key == "space" else None
        event = events.Key(_character_to_key(key) if len(key) == 1 else key, character)
        event.set_sender(self)
        assert self._driver is not None
        self.shown = ""
        start = perf_counter()
        self._driver.send_message(event)
        return await self.until(holds, key, start) - start


def _play(folder: Path, count: int, act: Callable[[Watched], Awaitable[None]] | None = None) -> float:
    """Open the room and let `act` use it; the seconds until the first screen was painted with what is in the store."""

    async def play() -> float:
        start = perf_counter()
        opener = Opener(folder / "store", str(folder / "key"))
        desk = Desk(opener, opener.open())
        try:
            room = Watched(desk)
            said = f"of {count} done"
            async with room.run_test(size=SCREEN):
                ready = await room.until(lambda: said in room.shown, said)
                if act is not None:
                    room.sweeper.begin()  # as the program does in a terminal
                    await act(room)
        finally:
            desk.close()
        return ready - start

    return asyncio.run(play())


def _ready(few: Path, many: Path, count: int, rounds: int) -> Row:
    pairs = [(_play(many, count), _play(few, FEW)) for _round in range(rounds + 1)][1:]
    ratio = median(ours / theirs for ours, theirs in pairs)
    times = " / ".join(f"{median(each) * 1000:.0f} ms" for each in zip(*pairs, strict=True))
    return Row(f"room ready, {count:,} / {FEW} assignments, in process", ratio, 1.3, detail=times)


def _filter(folder: Path, count: int, rounds: int) -> Row:
    taken: list[float] = []

    async def act(room: Watched) -> None:
        screen = await _assignments(room, count)
        for _round in range(max(2, rounds // 5)):
            for words in WORDS:
                await room.strike("f", lambda: screen.query_one("#filter").has_focus)
                for place, character in enumerate(words, start=1):
                    typed = words[:place]
                    taken.append(
                        await room.strike(
                            "space" if character == " " else character,
                            lambda typed=typed: _below(screen).endswith(f"filter: {typed}".rstrip()),  # type: ignore[misc]
                        )
                    )
                await room.strike("enter", lambda: screen.table.has_focus)
                await room.strike("escape", lambda: "filter:" not in _below(screen))

    _play(folder, count, act)
    what = f"a letter into the filter of {count:,}, painted: the slowest"
    return Row(what, max(taken) * 1000, 100, " ms", _spread(taken))


def _scroll(folder: Path, count: int, rounds: int) -> Row:
    taken: dict[str, list[float]] = {}

    async def act(room: Watched) -> None:
        screen = await _assignments(room, count)
        table = screen.table

        async def strike(key: str, place: int) -> None:
            def there() -> bool:
                top = table.scroll_offset.y
                in_sight = table._order[top : top + table.size.height - 1]
                return table.cursor == place and all(n in table._rows for n in in_sight)

            taken.setdefault(key, []).append(await room.strike(key, there))

        page = table.size.height - 2
        if table.cursor:  # it opens on what is next
            await room.strike("g", lambda: table.cursor == 0)
        for _round in range(max(2, rounds // 5)):
            for number in range(40):
                await strike("j", number + 1)
            for number in range(20):
                await strike("pagedown", 40 + (number + 1) * page)
            await strike("G", count - 1)
            for number in range(20):
                await strike("pageup", count - 1 - (number + 1) * page)
            await strike("g", 0)

    _play(folder, count, act)
    every = [each for times in taken.values() for each in times]
    medians = ", ".join(f"{key} {median(times) * 1000:.0f}" for key, times in taken.items())
    what = f"a key in the table of {count:,}, painted: the slowest"
    return Row(what, max(every) * 1000, 50, " ms", f"{_spread(every)}; medians: {medians}")


async def _assignments(room: Watched, count: int) -> RecordsScreen:
    await room.strike(
        "a", lambda: room.current_mode == "assignments" and f"{count:,} records" in _below(room.screen)
    )
    screen = room.screen
    assert isinstance(screen, RecordsScreen)
    return screen


def _below(screen: Any) -> str:
    """The line below a table."""
    found = screen.query("#count")
    return str(found.first().render()).strip() if found else ""


def _spread(taken: Sequence[float]) -> str:
    most = sorted(taken)
    nearly = most[len(most) * 19 // 20]
    return f"{len(most)} keys, median {median(most) * 1000:.0f} ms, 19 of 20 ≤ {nearly * 1000:.0f} ms"


# ── whole processes, in a terminal ──


def _processes(folder: Path, count: int, rounds: int) -> list[Row]:
    started, bare = [], []
    for _round in range(rounds + 1):
        with Terminal(folder) as terminal:
            started.append(terminal.until(room_stores.CODENAME))
        bare.append(timed(lambda: run([sys.executable, "-c", "pass"])))
    rows = [row_of(f"taskforce tui, of {count:,}: start to first paint", started[1:], bare[1:], 28)]
    with Terminal(folder) as terminal:
        terminal.until(f"of {count} done")
        for keys, shown in (("a", f"{count:,} records"), ("f", "filter: words"), ("pier", "filter: pier")):
            terminal.write(keys)
            terminal.until(shown)
        most = terminal.most_memory()
    if most:
        rows.append(Row(f"memory of that process, once the {count:,} were filtered", most, 150, " MB"))
    return rows


class Terminal:
    """`taskforce tui` in a terminal of its own."""

    def __init__(self, folder: Path) -> None:
        self._line = [PROGRAM, "tui", "--store", str(folder / "store"), "--key-file", str(folder / "key")]

    def __enter__(self) -> Terminal:
        import fcntl  # deferred: Windows has none of these
        import pty
        import termios

        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "", "LINES": ""}
        self._seen = ""
        self._began = perf_counter()
        self._process, self._screen = pty.fork()
        if not self._process:
            rows, columns = SCREEN[1].to_bytes(2, sys.byteorder), SCREEN[0].to_bytes(2, sys.byteorder)
            fcntl.ioctl(0, termios.TIOCSWINSZ, rows + columns + bytes(4))
            os.execve(self._line[0], self._line, environment)
        return self

    def __exit__(self, *_error: object) -> None:
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        os.close(self._screen)

    def write(self, keys: str) -> None:
        """Type something."""
        self._seen = ""
        os.write(self._screen, keys.encode())

    def until(self, text: str) -> float:
        """Read until a text is on the screen; the seconds since the process was begun."""
        ends = perf_counter() + PATIENCE
        while text not in self._seen:
            if not select.select([self._screen], [], [], max(0.0, ends - perf_counter()))[0]:
                raise AssertionError(f"never shown: {text}")
            self._seen += os.read(self._screen, 65536).decode("utf-8", "replace")
        return perf_counter() - self._began

    def most_memory(self) -> float:
        """The most memory that was resident so far, in MiB; 0 where the system does not tell of a living process."""
        status = Path(f"/proc/{self._process}/status")
        if not status.exists():
            return 0.0
        [line] = [one for one in status.read_text().splitlines() if one.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
