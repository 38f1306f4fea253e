"""The pictures of the operations room: the real screens over the real store of the status picture."""

from __future__ import annotations

import asyncio
import re
from functools import cache
from pathlib import Path
from unittest import mock

from status_picture import second_day

from taskforce.actions.unlocking import Opener
from taskforce.tui.app import TaskforceApp
from taskforce.tui.desk import Desk

SIZE = (120, 36)

PICTURES: dict[str, tuple[str, ...]] = {
    "room.svg": (),
    "room-timeline.svg": ("a", "t"),
    "room-conflict.svg": ("c",),
    "room-exchange.svg": ("x",),
}
"""File by file, the keys that lead to the screen."""


def room_svg(name: str) -> str:
    """Return one of the pictures as SVG."""
    return _pictures()[name]


@cache
def _pictures() -> dict[str, str]:
    with second_day() as (police, key):
        return asyncio.run(_draw(police.store.folder, key))


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


async def _settle(app: TaskforceApp, pilot: object) -> None:
    for _round in range(4):
        await pilot.pause()  # type: ignore[attr-defined]
        await app.workers.wait_for_complete()
