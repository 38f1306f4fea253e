"""The room as a program: a real terminal, another process writing, the lock, poisoned text, going wrong."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pexpect
import pytest
from program import PROGRAM, Team, environment_of
from room import desk_of, play, press, said, screen_text, settle, until, write
from textual.pilot import Pilot

from taskforce.actions import feeds, keeping
from taskforce.errors import Failure, Locked, Refused, UsageError
from taskforce.keys import guessing
from taskforce.records.registry import get_kind
from taskforce.settings import THEMES
from taskforce.tui.app import TaskforceApp
from taskforce.tui.bindings import bindings_of, owners, wrong_keys
from taskforce.tui.screens.assignments import AssignmentsScreen
from taskforce.tui.screens.locked import LockedScreen
from taskforce.tui.screens.records import RecordsScreen
from taskforce.tui.widgets.block import Block

CANARY = "Srey-Canary-7731"


def table_screen(app: TaskforceApp) -> RecordsScreen:
    """The records screen that is shown."""
    screen = app.screen
    assert isinstance(screen, RecordsScreen)
    return screen


def add_many(team: Team, count: int) -> None:
    """Several more assignments."""
    for number in range(count):
        team.call("assignment", "add", f"Check guesthouse {number:02d}", "--agency", "KH-CNP").ok()


def test_what_another_process_writes_appears_with_cursor_marks_and_typed_text_in_place(team: Team) -> None:
    add_many(team, 6)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "j", "space", "j")
        screen = table_screen(app)
        pointed, marks = screen.table.pointed, set(screen.table.marks)
        assert pointed is not None and len(marks) == 1
        await press(pilot, "f")
        await write(pilot, "guest")
        assert (
            team.run("assignment", "add", "Guesthouse by the river", "--due", "2023-10-16T01:00:00Z").code
            == 0
        )
        await until(pilot, lambda: "Guesthouse by" in screen_text(app), seconds=3)
        assert screen.query_one("#filter").value == "guest"  # type: ignore[attr-defined]
        assert screen.table.pointed == pointed
        assert screen.table.marks == marks

    play(team, act)


def test_a_store_that_was_copied_says_once_that_it_goes_on_in_a_new_feed(team: Team, tmp_path: Path) -> None:
    copy = Team(shutil.copytree(team.folder, tmp_path / "copy"))
    told: list[str] = []

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        say = app.say
        app.say = lambda sentence, **more: (told.append(sentence), say(sentence, **more))  # type: ignore
        for words in ("First", "Second"):
            await app.desk.act(
                lambda session, title=words: keeping.add(session, get_kind("site"), {"name": title})
            )
            app.look()

    play(copy, act)
    assert len([each for each in told if "new feed" in each]) == 1


def test_a_feed_that_another_process_began_is_the_stores_own(team: Team, tmp_path: Path) -> None:
    copy = Team(shutil.copytree(team.folder, tmp_path / "copy"))

    async def own(app: TaskforceApp) -> tuple[list[str], str]:
        found = await app.desk.read(
            lambda session: [one.feed for one in feeds.list_feeds(session) if one.current]
        )
        return found, app.desk.watch().store.me.feed

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        before, _mine = await own(app)
        assert "new feed" in copy.run("site", "add", "Pier 9").ok().err
        (now,), mine = await own(app)
        assert [now] != before and mine == now

    play(copy, act)


def test_the_filter_finds_words_refs_agencies_and_states(team: Team) -> None:
    add_many(team, 3)
    done = team.data("assignment", "add", "Call the embassy")["ref"]
    team.call("assignment", "accept", done).ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a")
        for words, found in (
            ("embas", {"Call the embassy"}),
            (done, {"Call the embassy"}),
            ("accepted", {"Call the embassy"}),
            ("kh-cnp guest", {f"Check guesthouse {n:02d}" for n in range(3)}),
            ("nothing-like-it", set()),
        ):
            await press(pilot, "f")
            await write(pilot, words)
            text = screen_text(app)
            shown = set(re.findall(r"Call the embassy|Check guesthouse \d\d|Inspect compound 4", text))
            assert shown == found, words
            await press(pilot, "enter", "escape")

    play(team, act, size=(80, 24))


def test_locked_it_shows_nothing_and_holds_no_key(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a")
        assert "Inspect compound 4" in screen_text(app)
        await press(pilot, "ctrl+l")
        assert isinstance(app.screen, LockedScreen)
        text = screen_text(app)
        assert "locked" in text and "Inspect" not in text and "STORM" not in text
        assert app.desk.is_locked
        with pytest.raises(Locked):
            await app.desk.read(lambda session: session.own_agency)
        await press(pilot, "a", "z", "escape", "ctrl+p")
        assert isinstance(app.screen, LockedScreen), "no key but enter leads out"
        await press(pilot, "enter")
        await until(pilot, lambda: "Inspect compound 4" in screen_text(app), seconds=5)

    play(team, act)


def test_a_passphrase_unlocks_and_a_wrong_one_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))
    store = str(tmp_path / "store")
    child = pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], "init", "--agency", "KH-CNP", "--officer", "J. Sok", "--store", store],
        encoding="utf-8",
        env=dict(environment_of()),
        timeout=30,
    )
    for asked in ("for this store", "once more"):
        child.expect(asked)
        child.sendline("correct horse battery staple")
    child.expect(pexpect.EOF)
    from taskforce.actions.unlocking import Opener
    from taskforce.tui.desk import Desk

    opener = Opener(Path(store))
    desk = Desk(opener, opener.open("correct horse battery staple"))

    async def run() -> None:
        app = TaskforceApp(desk)
        async with app.run_test() as pilot:
            await settle(pilot)
            await press(pilot, "ctrl+l")
            await write(pilot, "wrong")
            await press(pilot, "enter")
            await until(pilot, lambda: "does not open this store" in screen_text(app))
            assert app.desk.is_locked
            for longest in (
                0.0,
                30.0,
            ):  # once the rest of that time is over at once, then it is left meanwhile
                for _time in range(9):
                    guessing.note_wrong(store)
                await write(pilot, "correct horse battery staple")
                await pilot.press("enter")
                await until(pilot, lambda: "seconds to wait" in screen_text(app))
                assert app.desk.is_locked
                if not longest:
                    monkeypatch.setattr(guessing, "LONGEST", longest)
                    await until(pilot, lambda: not app.desk.is_locked)
                    monkeypatch.setattr(guessing, "LONGEST", 30.0)
                    await press(pilot, "ctrl+l")
            await pilot.press("ctrl+q")
            begun = time.monotonic()
        assert time.monotonic() - begun < 5

    import asyncio

    asyncio.run(run())
    desk.close()


def test_idle_it_locks_by_itself(team: Team) -> None:
    team.call("config", "set", "lock-after", "1").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        app._touched = time.monotonic() - 61
        await app._tick()
        await settle(pilot)
        assert isinstance(app.screen, LockedScreen)

    play(team, act)


def test_read_only_offers_no_change_and_makes_none(team: Team) -> None:
    before = team.fingerprint()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a")
        await press(pilot, "n", "e", "m", "D", "z", "Z", "v", "A", "d")
        assert isinstance(app.screen, AssignmentsScreen), "no dialog opened"
        offered = {one.binding.action for one in app.screen.active_bindings.values() if one.enabled}
        assert not offered & {"add", "edit", "move", "archive", "undo", "redo", "refer"}
        with pytest.raises(Refused):
            await app.desk.act(lambda session: session.own_agency)

    play(team, act, read_only=True)
    assert team.fingerprint() == before


def test_what_has_no_room_is_counted_and_said_where(team: Team) -> None:
    with closing(desk_of(team)) as desk:
        session = desk.watch()
        for number in range(40):
            typed = {"title": f"Visit {number}", "due": "2023-01-01"}
            keeping.add(session, get_kind("assignment"), typed)

    def last(app: TaskforceApp, name: str) -> str:
        block = app.screen.query_one(name, Block)
        return str(block.get_option_at_index(block.option_count - 1).prompt)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        found = app.screen._found  # type: ignore[attr-defined]
        left = found.status.total - 20
        assert left > 20 and last(app, "#attention") == f"… {left} more · a, r, c, P and x show all"
        assert last(app, "#lane-0") == f"… {found.states['planned'] - 12} more · a shows all"
        app.screen.query_one("#lane-0", Block).focus()
        await press(pilot, "G", "enter")
        assert isinstance(app.screen, AssignmentsScreen)

    async def tall(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        assert len(app.screen._found.lanes["planned"]) > 20, "it fills the height"  # type: ignore[attr-defined]

    async def wall(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        assert last(app, "#attention").endswith(" more")

    play(team, act)
    play(team, tall, size=(120, 100))
    play(team, wall, wall=True)


def test_after_a_log_entry_a_second_key_takes_back_what_was_done_before_it(team: Team) -> None:
    ref = team.data("assignment", "list")[0]["ref"]
    team.call("assignment", "accept", ref).ok()
    entry = team.data("log", "add", "Gate closed")["ref"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "z")
        stays = f"the log entry {entry} stays (C in the log corrects it); z again takes back: "
        assert f"{stays}assignment accept {ref}" in said(app) and "taskforce" not in said(app)
        assert team.data("assignment", "show", ref)["status"] == "accepted"
        await press(pilot, "z")
        assert f"taken back: assignment accept {ref}" in said(app)
        assert team.data("assignment", "show", ref)["status"] == "planned"
        await press(pilot, "Z")
        assert team.data("assignment", "show", ref)["status"] == "accepted"
        team.call("log", "add", "Gate open").ok()
        await press(pilot, "z")
        app._asked = (app._asked[0], 0.0)  # as after ten seconds: what was said is no longer on the screen
        await press(pilot, "z")
        assert team.data("assignment", "show", ref)["status"] == "accepted"

    play(team, act)


POISON = "\x1b]52;c;Zm9v\x07\x1b[2J\u202e\u200b[bold red]x[/][@click=app.quit]y[/]"


def test_poisoned_text_draws_nothing_of_itself_and_runs_nothing(team: Team) -> None:
    team.call("assignment", "add", f"A {POISON}", "--note", "x").code  # noqa: B018
    team.call("assignment", "add", f"A {POISON}").ok()
    team.call("log", "add", f"L {POISON}").ok()
    team.call("agency", "edit", "KH-NGO", "--name", f"N {POISON}").ok()
    team.call("operation", "edit", "STORM MAKERS II", "--codename", f"S {POISON}").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        for key in ("1", "2", "3", "4", "5", "6", "7", "2", "slash"):
            await press(pilot, key)
            text = screen_text(app)
            assert text.replace("\n", "").isprintable(), key
            assert app.is_running, key
        await write(pilot, "x")
        assert screen_text(app).replace("\n", "").isprintable()

    play(team, act)


def test_what_is_typed_or_pasted_cannot_draw_itself_either(team: Team) -> None:
    from textual import events

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "f")
        app.post_message(events.Paste(f"x{POISON}"))
        await settle(pilot)
        assert screen_text(app).replace("\n", "").isprintable()

    play(team, act)


def test_going_wrong_it_ends_without_a_traceback_and_shows_no_locals(team: Team) -> None:
    driver = f"""
import sys
from taskforce.tui.screens.base import RoomScreen
from taskforce.__main__ import main

async def broken(self):
    name = {CANARY!r}
    raise ValueError(name)

RoomScreen._load = broken
sys.exit(main(["tui", *sys.argv[1:]]))
"""
    child = pexpect.spawn(
        sys.executable,
        ["-c", driver, *team.place],
        env={**environment_of(), "TERM": "xterm-256color"},
        dimensions=(24, 80),
        timeout=30,
    )
    child.expect(pexpect.EOF)
    child.close()
    written = child.before.decode("utf-8", "replace")
    assert child.exitstatus == Failure.exit_code
    assert CANARY not in written
    assert "Traceback" not in written
    assert "something went wrong inside taskforce (ValueError)" in written


def test_in_a_real_terminal_it_opens_changes_and_leaves_the_store_whole(team: Team) -> None:
    child = pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], *team.place],
        env={**environment_of(), "TERM": "xterm-256color"},
        dimensions=(24, 80),
        timeout=30,
    )
    child.expect("STORM MAKERS II")
    child.send("a")
    child.expect("Inspect")
    child.send("\x11")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert sorted(each.name for each in team.store.iterdir()) == ["incarnation", "keys.json", "store.db"]


def test_no_color_is_heeded(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a")
        for line in app.screen._compositor.render_strips():
            for segment in line:
                colour = segment.style.color if segment.style else None
                if colour is not None and colour.triplet is not None:
                    red, green, blue = colour.triplet
                    assert red == green == blue

    play(team, act)


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_draws(team: Team, theme: str) -> None:
    team.call("config", "set", "theme", theme).ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        assert app.theme == theme
        await press(pilot, "a")
        assert "Inspect compound 4" in screen_text(app)

    play(team, act, size=(80, 24))


def test_other_keys_from_the_settings(team: Team) -> None:
    team.call("config", "set", "keymap", "go.assignments=f5|b").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "f5")
        assert app.current_mode == "assignments"
        await press(pilot, "1", "a")
        assert app.current_mode == "room"

    play(team, act)


def test_a_setting_that_names_no_key_of_the_room_is_told(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(TaskforceApp, "notify", lambda _app, text, **_how: said.append(text))
    team.call("config", "set", "keymap", "go.lgo=f5,undo=ctlr+z,table.down=f6|plus|/|slash").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: len(said) == 2)
        first, second = said
        assert 'nothing in the room is called "go.lgo"' in first and 'did you mean "go.log"?' in first
        assert 'there is no key "ctlr+z"' in second and 'did you mean "ctrl+z"?' in second

    play(team, act)


def test_every_key_that_the_room_has_is_known_as_one() -> None:
    keys = {key for owner in owners() for one in bindings_of(owner) for key in one.key.split(",")}
    assert {"ctrl+l", "question_mark", "G", "left_square_bracket"} <= keys
    assert wrong_keys({"undo": sorted(keys)}) == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("theme: pink", 'the setting theme is "pink"'),
        ("animations: maybe", 'the setting animations is "maybe"'),
        ("lock-after: soon", 'the setting lock-after is "soon"'),
        ("keymap: go.log", 'the setting keymap has "go.log"'),
    ],
)
def test_a_settings_file_written_by_hand_is_told_about_before_the_room_opens(
    team: Team, tmp_path: Path, written: str, said: str
) -> None:
    (tmp_path / "config.yaml").write_text(written + "\n")
    desk = desk_of(team)
    with pytest.raises(UsageError) as told:
        TaskforceApp(desk)
    desk.close()
    assert told.value.sentence == said


def test_the_desk_gives_each_thread_its_own_connection_and_a_closed_one_is_refused(team: Team) -> None:
    import asyncio

    desk = desk_of(team)

    async def both() -> tuple[int, int]:
        return await asyncio.gather(desk.read(id), desk.act(id))

    reader, actor = asyncio.run(both())
    assert reader != actor
    desk.close()


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_it_uses_the_whole_terminal(team: Team, unbuffered: str) -> None:
    child = pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], *team.place],
        env={**environment_of(), "TERM": "xterm-256color", "PYTHONUNBUFFERED": unbuffered},
        dimensions=(36, 120),
        timeout=30,
    )
    child.expect("HEARD FROM")  # which has a place on wide screens only
    child.send("\x11")
    child.expect(pexpect.EOF)


def test_with_stderr_in_a_file_it_does_not_open_and_the_file_holds_no_record(
    team: Team, tmp_path: Path
) -> None:
    words = shlex.join([*PROGRAM, *team.place])
    for command in (f"{words} tui", words):
        child = pexpect.spawn(
            "/bin/sh", ["-c", f"{command} 2> {tmp_path}/errors"], env=dict(environment_of()), timeout=30
        )
        child.expect(pexpect.EOF)
        assert "STORM" not in (tmp_path / "errors").read_text()
