"""Every screen of the room as a person sees it: at 80×24 and 120×36, with content, empty, in conflict, late, locked.

The pictures are kept in `pictures/`. `pytest tests/tui/test_room_pictures.py --update-pictures` writes them anew;
look at what `git diff` then says before it is committed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from picture_stores import Kept, begun_store, empty_store, full_store, held_store, proposed_store
from pictures import FOLDER, MARKS, SIZES, Step, difference, file_of, take_steps, time_standing_still
from status_picture import NOW, ZONE

from taskforce.actions.unlocking import Opener
from taskforce.settings import THEMES
from taskforce.tui.app import TaskforceApp
from taskforce.tui.desk import Desk

MAKERS: dict[str, Callable[[Path], Kept]] = {
    "full": full_store,
    "empty": empty_store,
    "begun": begun_store,
    "held": held_store,
    "proposed": proposed_store,
}


@dataclass(frozen=True)
class Walk:
    """A way through the room over one of the stores, and the pictures taken on it."""

    store: str
    steps: tuple[Step, ...]
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The names of its pictures."""
        return [step.name for step in self.steps if step.name]


WALKS = {
    "records": Walk(
        "full",
        (
            Step("room"),
            Step("room-writing", "i", '"victim-met: Two women'),
            Step("", *["backspace"] * 21, "escape"),
            Step("assignments", "a"),
            Step("timeline", "t"),
            Step("lanes", "b"),
            Step("lanes-later", "right", "right"),
            Step("assignments-filtered", "b", "f", '"compound 2', "enter"),
            Step("moves", "space", "space", "m"),
            Step("moves-asking", "down", "enter"),
            Step("record", "escape", "escape", "g", "enter"),
            Step("record-history", "h"),
            Step("form-new", "escape", "n", '"Search the office'),
            Step("form-choosing", "enter", "enter", '"kh-'),
            Step("form-fault", "escape", "e", "ctrl+r", "tab", "tab", '"zzz', "ctrl+s"),
            Step("", "ctrl+r", "escape"),
            Step("jump", "ctrl+o"),
            Step("", "escape"),
        ),
    ),
    "others": Walk(
        "full",
        (
            Step("", "r"),
            Step("referrals"),
            Step("referrals-declined", "j", "j"),
            Step("log", "l"),
            Step("log-time", "t", '"11:00'),
            Step("agencies", "escape", "5"),
            Step("agencies-provider", "f", '"kh-child', "enter"),
            Step("exchange", "x"),
            Step("bundle", "w"),
            Step("file", "escape", "tab", "G", "k", "enter"),
            Step("path", "escape", "i", '"~/inbox/lab'),
            Step(
                "refer", "escape", "v", "enter", '"22', "enter", '"f', "enter", '"km', "enter", '"sh', "enter"
            ),
            Step("refer-provider", '"3h', "enter"),
            Step("conflicts", "escape", "c"),
            Step("conflicts-text", "n"),
            Step("conflicts-edit", "e"),
            Step("conflicts-taken", "escape", "1"),
            Step("search", "escape", "slash", '"compound 1'),
            Step("palette", "escape", "a", "ctrl+p"),
            Step("help", "escape", "question_mark"),
            Step("operation", "escape", "o"),
            Step("locked", "escape", "ctrl+l"),
        ),
    ),
    "sharing": Walk(
        "full",
        (
            Step("consents", "r", "u"),
            Step("consent-new", "n"),
            Step("explain", "escape", "escape", "Y"),
            Step("told", "T"),
            Step("matrix", "escape", "M"),
            Step("agreements-due", "escape", "L"),
            Step("exchange-marked", "escape", "x", "space", "j", "space"),
            Step("bundle-together", "w"),
            Step("bundle-each", "e"),
            Step("", "escape", "r", "u", "w", '"She said so', "ctrl+s", "g", "w", '"She said so'),
            Step("recall-offered", "ctrl+s"),
        ),
    ),
    "devices": Walk("full", (Step("devices", "I", "G"), Step("devices-words", "w"))),
    "empty": Walk(
        "empty",
        (
            Step("empty-room"),
            Step("empty-assignments", "a"),
            Step("empty-referrals", "r"),
            Step("empty-log", "l"),
            Step("empty-agencies", "5"),
            Step("empty-exchange", "x"),
            Step("empty-quarantine", "q"),
            Step("empty-erased", "e"),
            Step("empty-proposals", "P"),
            Step("empty-conflicts", "c"),
            Step("empty-refer", "v"),
            Step("empty-search", "escape", "slash", '"van'),
            Step("empty-operation", "escape", "o"),
        ),
    ),
    "begun": Walk(
        "begun",
        (
            Step("begun-room"),
            Step("begun-assignments", "a"),
            Step("begun-timeline", "t"),
            Step("begun-lanes", "b"),
            Step("begun-log", "l"),
            Step("begun-agencies", "5"),
        ),
    ),
    "proposals": Walk(
        "proposed",
        (
            Step("proposed-room"),
            Step("proposals", "P"),
            Step("proposals-marked", "G", "k", "right", "right", "space"),
            Step("proposals-reject", "N", '"The vans'),
            Step("proposals-accepted", "escape", "A"),
            Step("proposals-ours", "G"),
            Step("proposed-assignment", "a", "G"),
            Step("proposed-record", "enter"),
        ),
    ),
    "held": Walk(
        "held",
        (
            Step("held-room"),
            Step("held-exchange", "x"),
            Step("quarantine", "q", "j"),
            Step("quarantined", "enter"),
            Step("feeds", "escape", "f"),
            Step("feed", "enter"),
            Step("feed-admit", "1"),
            Step("erased", "escape", "e"),
            Step("erased-record", "enter"),
            Step("erase", "X", '"ca', "enter", '"Entered by mistake'),
        ),
    ),
    "wall": Walk("full", (Step("wall"),), {"wall": True}),
    "empty-wall": Walk("empty", (Step("empty-wall"),), {"wall": True}),
    "reading": Walk(
        "full",
        (Step("reading-room"), Step("reading-assignments", "a"), Step("reading-conflicts", "c")),
        {"read_only": True},
    ),
    "passphrase": Walk("empty", (Step("locked-wrong", "ctrl+l", '"correct horse', "enter"),)),
    "key-file": Walk(
        "empty", (Step("locked-key-file", "ctrl+l"), Step("locked-no-key", "enter")), {"key_file": "team.key"}
    ),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Kept]:
    """The stores, each made when it is first asked for."""
    found: dict[str, Kept] = {}

    def make(name: str) -> Kept:
        if name not in found:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("TASKFORCE_CONFIG", str(tmp_path_factory.mktemp("settings") / "none.yaml"))
                patch.setenv("TASKFORCE_NOW", NOW)
                patch.setenv("TZ", ZONE)
                found[name] = MAKERS[name](tmp_path_factory.mktemp(name))
        return found[name]

    return make


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whoever sits at the room: the home that holds store and inbox, the settings, the clock."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings = tmp_path / "config.yaml"
    settings.write_text("inbox: ~/inbox\noutbox: /mnt/stick\n", encoding="utf-8")
    monkeypatch.setenv("TASKFORCE_CONFIG", str(settings))
    monkeypatch.setenv("TASKFORCE_NOW", NOW)
    monkeypatch.setenv("TZ", ZONE)
    time.tzset()
    return tmp_path


def walk(kept: Kept, steps: tuple[Step, ...], size: tuple[int, int], **more: Any) -> dict[str, str]:
    """Take the steps over a store; the pictures by name."""
    desk = Desk(
        Opener(kept.folder, more.get("key_file", "")), kept.key, read_only=more.get("read_only", False)
    )
    app = TaskforceApp(desk, wall=more.get("wall", False))

    async def run() -> dict[str, str]:
        async with app.run_test(size=size, notifications=True) as pilot:
            return await take_steps(app, pilot, steps)

    try:
        with time_standing_still():
            return asyncio.run(run())
    finally:
        desk.close()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", WALKS)
def test_each_screen_looks_as_it_did(
    name: str, size: tuple[int, int], made: Callable[[str], Kept], home: Path, update_pictures: bool
) -> None:
    one = WALKS[name]
    now = walk(made(one.store).copy_to(home), one.steps, size, **one.more)
    if update_pictures:
        for each, picture in now.items():
            file_of(each, size).write_text(picture, encoding="utf-8")
    differences = [difference(file_of(each, size), picture) for each, picture in now.items()]
    found = "\n".join(filter(None, differences))
    assert not found, (
        f"{found}\n\nif this is how it should look: pytest {Path(__file__).name} --update-pictures"
    )


def test_no_picture_is_kept_that_nobody_takes() -> None:
    taken = {file_of(name, size) for one in WALKS.values() for name in one.names for size in SIZES}
    assert set(FOLDER.iterdir()) == taken


def test_two_pictures_never_have_the_same_name() -> None:
    names = [name for one in WALKS.values() for name in one.names]
    assert len(names) == len(set(names))


def places_of(letter: str, marks: str) -> list[tuple[int, int]]:
    """Where a letter is among the marks."""
    return [
        (row, column)
        for row, line in enumerate(marks.splitlines())
        for column, each in enumerate(line)
        if each.lower() == letter
    ]


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_says_the_same_in_its_own_colours(
    theme: str, made: Callable[[str], Kept], home: Path
) -> None:
    with (home / "config.yaml").open("a", encoding="utf-8") as stream:
        stream.write(f"theme: {theme}\n")
    (picture,) = walk(made("full").copy_to(home), (Step("room"),), SIZES[1]).values()
    kept = file_of("room", SIZES[1])
    if not theme.startswith("ansi"):
        assert not difference(kept, picture)
        return
    text, marks = picture.split(MARKS)
    before, marks_before = kept.read_text(encoding="utf-8").split(MARKS)
    assert text == before
    for letter in "ep":  # what is well and what is in conflict have one colour there, and the cursor has none
        assert places_of(letter, marks) == places_of(letter, marks_before)
