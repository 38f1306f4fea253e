"""The pictures of the operations room: the real screens over the real store of the status picture, a little later."""

from __future__ import annotations

import asyncio
import re
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from fixed_stores import set_clock
from status_picture import NOW, second_day
from textual.pilot import Pilot

from taskforce.actions import keeping, logbook
from taskforce.actions.session import Session
from taskforce.actions.unlocking import Opener
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.store.queries import Condition
from taskforce.tui.app import TaskforceApp
from taskforce.tui.desk import Desk

SIZE = (120, 36)

PICTURES: dict[str, tuple[str, ...]] = {
    "room.svg": (),
    "room-timeline.svg": ("a", "f", *"inspect", "enter", "t"),
    "room-conflict.svg": ("c",),
    "room-exchange.svg": ("x",),
}
"""File by file, the keys that lead to the screen."""

_DAY = "2023-10-17T{}:00+07:00"

_MOVES = (
    ("12:30", "Inspect compound 4", "accept", {}),
    ("12:31", "Inspect compound 3", "accept", {}),
    ("12:33", "Inspect compound 5", "accept", {}),
    ("12:34", "Inspect compound 2", "accept", {}),
    ("12:40", "Check the guesthouse near the old market", "accept", {}),
    ("12:50", "Check the guesthouse near the old market", "start", {}),
    ("13:05", "Inspect compound 2", "start", {}),
    ("13:20", "Inspect compound 5", "block", {"status_note": "The warrant names another street"}),
)
"""What the police did until now: when, which assignment, which move."""

_LOG = (
    ("08:20", "safety: Two dogs in the yard of compound 4"),
    ("11:20", "decision: Wait for the second team before the gate"),
    ("13:05", "Compound 2: gate opened, no resistance"),
    ("14:11", "victim-met: Two adults at the bus station, both want to go home"),
    ("14:29", "Second team arrived"),
)


def room_svg(name: str) -> str:
    """Return one of the pictures as SVG."""
    return _pictures()[name]


@cache
def _pictures() -> dict[str, str]:
    with second_day() as (police, key):
        _work(police)
        return asyncio.run(_draw(police.store.folder, key))


def _work(police: Session) -> None:
    """Let the police move their assignments on and write into their log."""
    assignment = get_kind("assignment")
    for time, title, move, typed in _MOVES:
        set_clock(_DAY.format(time))
        (record,) = queries.list_records(
            police.store.connection, assignment, [Condition("title", "=", title)], limit=2
        )
        keeping.move(police, assignment, record, move, typed)
    for time, text in _LOG:
        set_clock(_DAY.format(time))
        logbook.write(police, text)
    set_clock(NOW)


async def _draw(folder: Path, key: bytes) -> dict[str, str]:
    made = {}
    for name, keys in PICTURES.items():
        desk = Desk(Opener(folder), key)
        with mock.patch("taskforce.settings.read_settings", dict):  # nobody's own colours
            app = TaskforceApp(desk)
            async with app.run_test(size=SIZE) as pilot:
                await _settle(app, pilot)
                for each in keys:
                    await pilot.press(each)
                    await _settle(app, pilot)
                picture = app.export_screenshot(title="taskforce")
        desk.close()
        # Rich would have whoever looks at the picture fetch its font from the network.
        picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
        made[name] = re.sub(r"terminal-\d+", "taskforce-" + name.removesuffix(".svg"), picture)
    return made


async def _settle(app: TaskforceApp, pilot: Pilot[Any]) -> None:
    for _round in range(4):
        await pilot.pause()
        await app.workers.wait_for_complete()
