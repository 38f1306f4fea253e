"""Poison in every text, through every screen, dialog, sentence, the palette and the clipboard, in a real terminal."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from program import Team
from room import play, press, screen_text, settle
from terminal import Room, copied, is_restored, unexpected
from test_output_safety import LINES, ONE_LINE, poisoned  # noqa: F401  # the fixture
from textual.pilot import Pilot
from textual.screen import Screen
from watched import Watched

from taskforce.actions.devices import DeviceState
from taskforce.actions.overheld import Overheld
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.text import safe
from taskforce.tui.app import TaskforceApp
from taskforce.tui.bindings import owners
from taskforce.tui.screens.form import FormDialog
from taskforce.tui.screens.reason import ReasonDialog
from taskforce.tui.screens.recall import RecallDialog
from taskforce.tui.screens.trust import RevokeDialog

ENTER, DOWN, TAB, LEAVE = "\r", "\x1b[B", "\t", "\x11"
ESC = "\x1b[27u"  # as terminals send it that tell it from the beginning of other keys: nothing has to be waited for

NAMES = (
    b"a\x1b]52;c;Zm9v\x07.bundle",
    b"\xff\xfe[red]x",
    "\u202eevil\u200b[@click=app.quit]q".encode(),
    b"$(touch pwned)\n;'\"`id`",
    b"-rf",
)
"""Names of files as nobody would choose them for a good end."""


@pytest.fixture
def inbox(poisoned: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811
    """An inbox with such files, named in the settings."""
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))
    folder = tmp_path / "inbox"
    folder.mkdir()
    for name in NAMES:
        Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_bytes(
            b"taskforce-bundle: 1\nx: \x1b[31m\n"
        )
    for name, value in (("inbox", str(folder)), ("animations", "off")):
        poisoned.call("config", "set", name, value).ok()
    return folder


def every_screen() -> set[str]:
    """The names of all screens and dialogs of the room, but for what only others stand on."""
    assert owners()  # it loads every module of the room
    found: set[str] = set()
    left: list[type] = [Screen]
    while left:
        one = left.pop()
        below = [each for each in one.__subclasses__() if each.__module__.startswith("taskforce.")]
        left += one.__subclasses__()
        if one.__module__.startswith("taskforce.") and not below:
            found.add(one.__name__)
    return found


@pytest.mark.timeout(300)  # half a minute of work: on a machine that has other work, too, it may take long
def test_nothing_of_it_reaches_the_terminal_but_as_text(
    poisoned: Team,  # noqa: F811
    tmp_path: Path,
    inbox: Path,
) -> None:
    team = poisoned.copy_to(tmp_path / "team")
    room = Watched(team, tmp_path, before="wall", size=(30, 110))
    room.begin()
    room.child.send(LEAVE)
    room.begin(2)
    keys, paste = room.keys, room.paste

    keys(TAB, TAB, "y", ENTER, ESC)
    for screen in "234567":
        keys(screen, "E", "y")
    keys("?", ESC)
    for screen, dialogs in (
        ("2", (ENTER, "h", "e", "m")),
        ("3", (ENTER, "m")),
        ("4", (ENTER,)),
        ("5", (ENTER, "e")),
    ):
        keys(screen, "G", "y")
        for dialog in dialogs:
            keys(dialog, "\x1bOQ", ESC)
        keys("f", "red", ENTER, ESC)
    keys("2", "t", "b", "y", "b", "4", "C", ESC, "7", "n", "e", ESC, "b", "z", "Z")
    keys("6", "q", "y", ENTER, ESC, "f", "y", ENTER, "y", ESC, "e", "y", ESC)
    keys("2", "X", "oper", ENTER, "\x1bOQ", ESC)
    keys("6", ENTER, ESC, TAB)
    for _file in NAMES:
        keys("y", ENTER, ESC, "j")
    keys("i")
    paste(f"{inbox}/")
    keys(TAB, ESC, "v", ENTER)
    keys("22", ENTER, ENTER, ENTER, "s", ENTER, ENTER, ENTER, ESC)
    keys("8", "E", "y", "n", "p", "m", "N", "x", ESC, ENTER, "y", ESC)
    keys(
        "3",
        "G",
        "u",
        "y",
        "n",
        ESC,
        "e",
        ESC,
        "w",
        ESC,
        ESC,
        "Y",
        "y",
        ESC,
        "T",
        "y",
        ESC,
        "M",
        "y",
        ESC,
        "L",
        "y",
        ESC,
    )
    keys("V", "y", ESC, "I", "y", "j", "y", "w", "y", ESC, "s", "y", "o", "y", ESC)
    keys("/", "red", ENTER, "h", "e", ESC, ESC, "o", ESC, "\x10", "re", ESC, "\x0f", ESC, "5", "p", ESC)
    keys("1", "i")
    paste(ONE_LINE + LINES)
    keys(ESC, "5", "n")
    paste(ONE_LINE)
    keys("\x13", ESC, "1", "\x0c", ENTER)
    assert room.leave() == 0
    assert every_screen() - room.screens == IN_PROCESS | {EMPTY}
    assert is_restored(room.written)
    assert not unexpected(room.written)
    assert "\x1b]0;" not in room.written and "\x1b]2;" not in room.written, "no title"
    assert "[red]red[/red]" in room.seen, "as text"
    found = copied(room.written)
    assert len(found) > 20
    for command in found:
        assert command.isprintable()
        for one in command.split(" && "):
            assert shlex.split(one)[0] == "taskforce"
            assert not set(re.sub(r"'[^']*'|\"'\"", "", one)) & set("$`;|&<>(){}*?!#~"), (
                "a shell finds nothing of its own"
            )
    assert not (tmp_path / "pwned").exists()


EMPTY = "NeutralScreen"
"""Where the panic key leads to: it shows nothing (tests/tui/test_room_panic.py)."""

IN_PROCESS = {"ReasonDialog", "RecallDialog", "RevokeDialog"}
"""Dialogs that a setting, a disclosure or a second device leads to: they draw through the same filter here, too."""


def test_what_asks_before_something_draws_nothing_either(poisoned: Team, tmp_path: Path) -> None:  # noqa: F811
    held = Overheld(ONE_LINE, ONE_LINE, ONE_LINE, (LINES,), ONE_LINE, LINES, LINES, LINES, LINES)
    drawn: dict[str, str] = {}

    async def act(app: TaskforceApp, pilot: Pilot[object]) -> None:
        victim = queries.list_records(app.desk.watch().store.connection, get_kind("victim"))[0]
        device = DeviceState(
            "x" * 16, ONE_LINE, ONE_LINE, "", "", "", ONE_LINE, 1, False, True, "", ONE_LINE, None, 0
        )
        for dialog in (
            ReasonDialog(victim, ["identity", ONE_LINE]),
            RecallDialog([held]),
            RevokeDialog(device),
        ):
            app.push_screen(dialog)
            await settle(pilot)
            drawn[type(dialog).__name__] = screen_text(app)
            await press(pilot, "f2")
            assert app.clipboard.isprintable()
            await press(pilot, "escape")

    play(poisoned.copy_to(tmp_path / "team"), act)
    assert drawn.keys() == IN_PROCESS
    for text in drawn.values():
        assert not [one for one in text.replace("\n", "") if safe(one) != one]
    assert "[red]red[/red]" in drawn["RecallDialog"], "as text"


def test_a_form_that_was_only_looked_at_changes_nothing_of_it(poisoned: Team, tmp_path: Path) -> None:  # noqa: F811
    team = poisoned.copy_to(tmp_path / "team")

    async def act(app: TaskforceApp, pilot: Pilot[object]) -> None:
        for screen in "235":
            await press(pilot, screen, "E", "G", "e")
            form = app.screen
            assert isinstance(form, FormDialog)
            assert form.typed() == {}
            await press(pilot, "ctrl+s")
            assert not app.screen.is_modal

    before = team.fingerprint()
    play(team, act)
    assert team.fingerprint() == before


def test_texts_of_twenty_thousand_characters_hold_nothing_up(team: Team) -> None:
    wide = ("漢字 é́́́ ខ្មែរ 🧑‍🤝‍🧑 word " * 1500)[:20_000]
    team.call("operation", "edit", "STORM MAKERS II", "--codename", wide).ok()
    team.call("agency", "edit", "KH-NGO", "--name", wide).ok()
    team.call("assignment", "edit", team.data("assignment", "list")[0]["ref"], "--title", wide).ok()
    team.call("log", "add", wide).ok()
    room = Room(team)
    room.settle(1.5)
    screens = ("1y", "2", "D", "z", "3", "4", "5", "6", "7")
    dialogs = ("2\r\x1b", "2e\x1b", "2m\x1b", "4C\x1b", "v\x1b", "o\r", "/word\x1b")
    for keys in (*screens, *dialogs):
        room.press(*keys, quiet=0.06)
        assert room.child.isalive(), keys
    assert room.leave() == 0
    assert not unexpected(room.written)


def test_a_sentence_that_quotes_a_long_text_does_not_cover_the_screen(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[object]) -> None:
        app.say("x" * 20_000, hint="y" * 20_000, is_error=True)
        await settle(pilot)
        (said,) = app._notifications
        assert len(said.message) < 1300

    play(team, act)


@pytest.mark.parametrize(
    ("keys", "command"), [(("slash", *"$(id)"), "search '$(id)'"), (("o", "down"), "use 'STORM MAKERS II'")]
)
def test_searching_and_choosing_have_their_commands(team: Team, keys: tuple[str, ...], command: str) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[object]) -> None:
        names = {"$": "dollar_sign", "(": "left_parenthesis", ")": "right_parenthesis"}
        await press(pilot, *(names.get(key, key) for key in keys), "f2")
        assert app.clipboard == f"taskforce {command}"

    play(team, act)
