"""Whichever handler of a screen fails, what it was about goes nowhere: every action and every reading."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from program import Team
from room import play, press, screen_text, settle
from test_canary import CANARY, everywhere, files_with
from test_room_bindings import own_classes
from textual.dom import DOMNode
from textual.pilot import Pilot

from taskforce.tui.app import TaskforceApp

WAYS: dict[str, tuple[str, ...]] = {
    "HomeScreen": ("1",),
    "AssignmentsScreen": ("2",),
    "ReferralsScreen": ("3",),
    "LogScreen": ("4",),
    "AgenciesScreen": ("5",),
    "ExchangeScreen": ("6",),
    "ConflictsScreen": ("7",),
    "ProposalsScreen": ("8",),
    "RecordDialog": ("2", "enter"),
    "FormDialog": ("2", "e"),
    "MovesDialog": ("2", "m"),
    "EraseDialog": ("2", "X"),
    "CorrectDialog": ("4", "C"),
    "ReferDialog": ("v",),
    "SearchDialog": ("slash",),
    "OperationDialog": ("o",),
    "HelpDialog": ("question_mark",),
    "JumpScreen": ("ctrl+o",),
    "PathDialog": ("6", "i"),
    "ConsentsDialog": ("3", "u"),
    "RecordSharingDialog": ("3", "Y"),
    "MatrixDialog": ("M",),
    "AgreementsDialog": ("L",),
    "DevicesDialog": ("I",),
    "WordsDialog": ("I", "w"),
}
"""The keys that lead to each screen."""

NOT_REACHED = {
    *(
        "BundleDialog",
        "FileDialog",
        "Preview",
        "QuarantinedDialog",
        "FeedDialog",
        "RejectDialog",
        "RecallDialog",
        "RevokeDialog",
    ),
    *("LockedScreen", "ReasonDialog", "RoomScreen"),
}
"""Screens that a key alone does not lead to: their handlers are called by the same loop as those of all others."""

NOT_THEIRS = ("action_quit", "action_lock")
"""They close the store: tests/tui/test_room_endings.py, tests/tui/test_room_lock_attacks.py."""


def handlers_of(owner: type) -> list[tuple[type, str]]:
    """What a screen or widget of ours does by itself when a key asks for it or what it shows has changed.

    Each with the class that declares it.
    """
    found: dict[str, type] = {}
    for each in owner.__mro__:
        if each.__module__.startswith("taskforce.") and issubclass(each, DOMNode):
            for name in vars(each):
                if (name.startswith("action_") or name == "load") and name not in NOT_THEIRS:
                    found.setdefault(name, each)
    return [(each, name) for name, each in sorted(found.items())]


def broken(*_given: Any, **_named: Any) -> None:
    held = {"family_name": CANARY}
    raise ValueError(held["family_name"])


async def broken_later(*_given: Any, **_named: Any) -> None:
    broken()


def test_no_handler_of_any_screen_tells_what_it_was_about_when_it_failed(
    team: Team, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(team.folder)
    came: list[BaseException] = []
    drawn: list[str] = []
    tried: set[tuple[type, str]] = set()
    # What comes here ends the room with the name of its type alone: tests/tui/test_room_endings.py.
    monkeypatch.setattr(TaskforceApp, "_handle_exception", lambda _app, error: came.append(error))

    async def fail(app: TaskforceApp, node: DOMNode) -> None:
        for owner, name in handlers_of(type(node)):
            if (owner, name) in tried:
                continue
            tried.add((owner, name))
            before = len(came)
            with monkeypatch.context() as patch:
                patch.setattr(owner, name, broken_later if name == "load" else broken)
                if name == "load":
                    node.run_worker(node.load)  # type: ignore[attr-defined]
                else:
                    node.call_next(getattr(node, name))
                for _round in range(400):
                    await asyncio.sleep(0.005 if _round else 0)
                    if len(came) > before:
                        break
            assert len(came) > before, (owner.__name__, name)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        for screen, keys in WAYS.items():
            await press(pilot, *keys)
            assert type(app.screen).__name__ == screen
            for node in [app.screen, *app.screen.walk_children(DOMNode)]:
                await fail(app, node)
            await settle(pilot)
            drawn.append(screen_text(app))
            while app.screen.is_modal:
                app.pop_screen()
                await settle(pilot)
        await fail(app, app)
        drawn.append(screen_text(app))

    play(team, act)
    every = {pair for owner in own_classes() for pair in handlers_of(owner)}
    assert {owner.__name__ for owner, _name in every - tried} == NOT_REACHED
    assert len(tried) > 100
    assert not [text for text in drawn if CANARY in text]
    said = capfd.readouterr()
    assert CANARY not in said.out + said.err and "Traceback" not in said.out + said.err
    assert files_with(CANARY, *everywhere(team)) == []
