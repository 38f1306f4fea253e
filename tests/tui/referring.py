"""What the tests of referrals in the room share: providers, and how the dialog reads."""

from __future__ import annotations

import re
from typing import Any

import pytest
from program import Team
from room import screen_text, settle
from textual.pilot import Pilot

from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.refer import ReferDialog

SIZES = [(80, 24), (120, 36)]

PROVIDERS = (
    ("KH-WOMEN", "--services", "shelter,medical", "--languages", "km,ms", "--accepts", "women,girls"),
    ("KH-MEN", "--services", "shelter", "--languages", "km", "--accepts", "men", "--places-free", "4"),
    ("KH-FULL", "--services", "shelter,medical", "--accepts", "any", "--places-free", "0"),
)


def with_providers(team: Team, now: str) -> Team:
    """The store with more providers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(team.folder / "config.yaml"))
        patch.setenv("TASKFORCE_NOW", now)
        for words in PROVIDERS:
            team.call("agency", "add", *words).ok()
        for code in (team.data("status")["agency"], "KH-WOMEN", "KH-FULL"):
            team.call("agency", "edit", code, "--country", "KH").ok()
        team.call("agency", "edit", "KH-WOMEN", "--places-free", "6", "--name", "Women's house").ok()
    return team


def dialog(app: TaskforceApp) -> ReferDialog:
    screen = app.screen
    assert isinstance(screen, ReferDialog), screen_text(app)
    return screen


def answer(app: TaskforceApp, label: str) -> str:
    """What is said beside a line of the dialog."""
    found = re.search(rf"│ {label} (.*?)│", screen_text(app))
    assert found, screen_text(app)
    return found[1].strip()


def listed(app: TaskforceApp) -> list[str]:
    """The providers as they are listed: sign and code."""
    return re.findall(r"([●×] KH-[A-Z]+)", screen_text(app))


async def type_keys(pilot: Pilot[Any], text: str) -> int:
    """Type, with a bar for enter; how many keys that were."""
    await pilot.press(*({"|": "enter", " ": "space", "?": "question_mark"}.get(each, each) for each in text))
    await settle(pilot)
    return len(text)
