"""The log's screen: read to the end while others write, find a time in it, write into it, correct an entry."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from program import Team
from room import play, press, screen_text, settle, until, write
from textual import events
from textual.pilot import Pilot

from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.log import LogScreen
from taskforce.tui.screens.record import RecordDialog

NOW = "2023-10-17T07:32:00Z"  # as in conftest.py

SIZES = [(80, 24), (120, 36)]


def log_screen(app: TaskforceApp) -> LogScreen:
    """The log's screen, which must be shown."""
    screen = app.screen
    assert isinstance(screen, LogScreen)
    return screen


@pytest.fixture(scope="module")
def days_once(made_once: Team, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """The story's store with an entry every other hour of the three days before."""
    team = made_once.copy_to(tmp_path_factory.mktemp("days"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(team.folder / "none.yaml"))
        patch.setenv("TASKFORCE_NOW", NOW)
        for day in (14, 15, 16):
            for hour in range(0, 24, 2):
                at = f"2023-10-{day}T{hour:02d}:30:00Z"
                team.call("log", "add", f"Entry {day} at {hour:02d}", "--at", at).ok()
    return team


@pytest.fixture
def days(days_once: Team, team: Team, tmp_path: Path) -> Team:
    """A copy of that store, for one test."""
    return days_once.copy_to(tmp_path / "days")


async def paste(app: TaskforceApp, pilot: Pilot[Any], text: str) -> None:
    """Put a whole text into what is focused: quicker than typing it."""
    app.post_message(events.Paste(text))
    await settle(pilot)


def texts_of(team: Team) -> set[str]:
    """The texts of all entries."""
    return {one["text"] for one in team.data("log", "list")}


def pointed_text(app: TaskforceApp) -> str:
    """The text of the entry under the cursor."""
    record = log_screen(app).record
    assert record is not None
    return record.text("text")


@pytest.mark.parametrize("size", SIZES)
def test_it_opens_at_the_newest_and_follows_what_another_process_writes(
    days: Team, size: tuple[int, int]
) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l")
        assert pointed_text(app) == "Gate opened, no resistance"
        text = screen_text(app)
        assert text.index("Entry 16 at 22") < text.rindex("Event  Gate opened"), "oldest first"
        assert "37 of 37" in text and "new entries follow" in text
        assert days.run("log", "add", "Second team arrives").code == 0
        await until(pilot, lambda: "Second team arrives" in screen_text(app), seconds=3)
        await settle(pilot)
        assert pointed_text(app) == "Second team arrives"
        assert "38 of 38" in screen_text(app)

    play(days, act, size=size)


def test_a_reader_further_up_keeps_their_place_and_is_told_what_came(days: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l", "g", "pagedown", "pagedown", "k")
        table = log_screen(app).table
        before, top = pointed_text(app), table.scroll_offset.y
        assert days.run("log", "add", "Written elsewhere").code == 0
        await until(pilot, lambda: "1 new below" in screen_text(app), seconds=3)
        await settle(pilot)
        assert pointed_text(app) == before
        assert table.scroll_offset.y == top
        assert "Written elsewhere" not in screen_text(app)
        await press(pilot, "G")
        assert "Written elsewhere" in screen_text(app) and "new below" not in screen_text(app)

    play(days, act, size=(80, 24))


@pytest.mark.parametrize("size", SIZES)
def test_writing_while_reading(days: Team, size: tuple[int, int]) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l", "g", "i")
        place = log_screen(app).table.pointed
        await paste(app, pilot, "decision: Wait for the second team")
        text = screen_text(app)
        assert "Entry 14 at 00" in text, "the list stays readable"
        assert "✓ Decision" in text
        assert days.run("log", "add", "Written elsewhere meanwhile").code == 0
        await until(pilot, lambda: "1 new below" in screen_text(app), seconds=3)
        entry = log_screen(app).entry
        assert entry.line.value == "decision: Wait for the second team"
        await press(pilot, "enter")
        assert entry.line.has_focus and entry.line.value == ""
        await paste(app, pilot, "Next one")
        await press(pilot, "enter", "escape")
        assert log_screen(app).table.has_focus
        assert log_screen(app).table.pointed == place

    play(days, act, size=size)
    found = {one["text"]: one["category"] for one in days.data("log", "list")}
    assert found["Wait for the second team"] == "decision" and found["Next one"] == "event"


def test_a_kind_of_entry_is_completed_or_chosen_with_the_arrows(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l", "tab")
        line = log_screen(app).entry.line
        await write(pilot, "Vic")
        await press(pilot, "tab")
        assert line.value == "victim-met: " and "✓ Victim met" in screen_text(app)
        await write(pilot, "Two adults")
        await press(pilot, "down")
        assert line.value == "safety: Two adults" and "✓ Safety" in screen_text(app)
        await press(pilot, "up", "up", "up", "up")
        assert line.value == "Two adults" and "✓" not in screen_text(app)
        await press(pilot, "ctrl+u")
        await paste(app, pilot, "note: not a kind of entry")
        await press(pilot, "enter", "tab")
        assert log_screen(app).table.has_focus, "with nothing to complete, tab leads back"

    play(team, act, size=(80, 24))
    assert "note: not a kind of entry" in texts_of(team)


def test_half_typed_text_survives_other_screens_the_lock_and_the_end_of_the_program(team: Team) -> None:
    async def begin(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l", "i")
        await paste(app, pilot, "safety: two of u")
        await press(pilot, "escape", "a")
        assert app.current_mode == "assignments"
        await press(pilot, "l")
        assert "safety: two of u" in screen_text(app)
        await press(pilot, "ctrl+l")
        assert "two of u" not in screen_text(app)
        await press(pilot, "enter")
        await until(pilot, lambda: "safety: two of u" in screen_text(app), seconds=5)

    play(team, begin)

    async def go_on(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l")
        assert "safety: two of u" in screen_text(app)
        await press(pilot, "i")
        await write(pilot, "s")
        await press(pilot, "enter")

    play(team, go_on)
    assert texts_of(team) == {"Gate opened, no resistance", "two of us"}

    async def after(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l")
        assert log_screen(app).entry.line.value == ""

    play(team, after)


def test_a_line_that_cannot_be_written_stays(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l", "i")
        await write(pilot, "decision:")
        await press(pilot, "enter")
        assert "an entry needs a text" in screen_text(app)
        assert log_screen(app).entry.line.value == "decision:"

    play(team, act, size=(80, 24))


def test_pasted_lines_all_arrive(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l", "i")
        app.post_message(events.Paste("first\nsecond\r\nthird"))
        await settle(pilot)
        assert log_screen(app).entry.line.value == "first second third"

    play(team, act)


def test_going_to_a_time(days: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l")
        for typed, found in (
            ("16 Oct", "Entry 16 at 00"),
            ("2023-10-14 23:00", "Entry 15 at 00"),
            ("-10h", "Entry 16 at 22"),
            ("07:00", "Gate opened, no resistance"),
        ):
            await press(pilot, "t")
            await paste(app, pilot, typed)
            await press(pilot, "enter")
            assert pointed_text(app) == found, typed
            assert found in screen_text(app), typed
        await press(pilot, "t")
        await paste(app, pilot, "03/04/05")
        await press(pilot, "enter")
        assert "ambiguous" in screen_text(app)
        await press(pilot, "escape")
        assert log_screen(app).table.has_focus
        assert "go to:" not in screen_text(app)

    play(days, act, size=(80, 24))


def test_days_are_walked_by_brackets(days: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l")
        back = []
        for _time in range(5):
            await press(pilot, "left_square_bracket")
            back.append(pointed_text(app))
        assert back == [
            "Entry 16 at 00",
            "Entry 15 at 00",
            "Entry 14 at 00",
            "Entry 14 at 00",
            "Entry 14 at 00",
        ]
        assert "this is the first day" in screen_text(app)
        await press(pilot, "j", "right_square_bracket")
        assert pointed_text(app) == "Entry 15 at 00"
        await press(pilot, "right_square_bracket", "right_square_bracket", "right_square_bracket")
        assert pointed_text(app) == "Gate opened, no resistance"
        assert "this is the last day" in screen_text(app)

    play(days, act, size=(80, 24))


def test_the_filter_finds_and_leaves_the_entry_found_in_its_place(days: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l", "f")
        await paste(app, pilot, "entry 15")
        await until(pilot, lambda: set(re.findall(r"Entry (\d\d) at", screen_text(app))) == {"15"})
        assert "Gate" not in screen_text(app)  # nor in what is below the table
        await press(pilot, "enter", "k")
        assert pointed_text(app) == "Entry 15 at 20"
        await press(pilot, "escape")
        assert pointed_text(app) == "Entry 15 at 20"
        assert "Entry 16 at 00" in screen_text(app)

    play(days, act, size=(80, 24))


@pytest.mark.parametrize("size", SIZES)
def test_an_entry_is_corrected_by_a_later_one_and_says_so(team: Team, size: tuple[int, int]) -> None:
    ref = team.data("log", "list")[0]["ref"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l", "C")
        assert "Gate opened, no resistance" in screen_text(app)
        await press(pilot, "enter")
        assert "says just that already" in screen_text(app)
        await press(pilot, "ctrl+u")
        await paste(app, pilot, "Gate was open")
        await press(pilot, "escape")
        await press(pilot, "C")
        assert "Gate was open" in screen_text(app), "what was typed stays"
        await press(pilot, "enter")
        text = screen_text(app)
        assert f"corrects {ref}: Gate was open" in text
        assert "× corrected · Gate opened" in text
        await press(pilot, "k")
        if size[0] >= 110:
            assert "× corrected by L-" in screen_text(app)
        await press(pilot, "C")
        assert "Gate opened, no resistance" in screen_text(app), "the draft is gone"

    play(team, act, size=size)
    entries = {one["text"]: one for one in team.data("log", "list")}
    assert entries["Gate was open"]["corrects"] == entries["Gate opened, no resistance"]["id"]


def test_a_long_entry_is_read_whole(team: Team) -> None:
    long = " ".join(f"word{number}" for number in range(60)) + "\nlast line"
    team.call("log", "add", long).ok()

    async def wide(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l")
        assert "word59" in screen_text(app) and "last line" in screen_text(app)

    play(team, wide)

    async def narrow(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l")
        assert "word59" not in screen_text(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, RecordDialog)
        assert "word59" in screen_text(app) and "last line" in screen_text(app)

    play(team, narrow, size=(80, 24))


def test_empty_it_says_what_to_do(team: Team) -> None:
    team.call("operation", "add", "QUIET").ok()
    team.call("use", "QUIET").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l")
        assert "press i to write the first entry" in screen_text(app)
        await press(pilot, "t", "left_square_bracket", "C")
        assert isinstance(app.screen, LogScreen)
        assert "go to:" not in screen_text(app)
        await press(pilot, "i")
        await paste(app, pilot, "arrest: one man")
        await press(pilot, "enter")
        assert "Arrest" in screen_text(app) and "one man" in screen_text(app)

    play(team, act, size=(80, 24))


def test_read_only_nothing_can_be_written(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l", "i", "C")
        screen = log_screen(app)
        assert screen.table.has_focus and not screen.entry.display
        offered = {one.binding.action for one in screen.active_bindings.values() if one.enabled}
        assert not offered & {"write", "correct", "mark"}

    play(team, act, read_only=True)


def test_the_command_that_shows_the_entry_is_copied(team: Team) -> None:
    ref = team.data("log", "list")[0]["ref"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l", "y")
        assert app.clipboard == f"taskforce log show {ref}"

    play(team, act)


def test_an_entry_without_a_time_stands_before_all_others(team: Team) -> None:
    plan = "taskforce-plan: 1\noperations:\n- codename: STORM MAKERS II\nlog:\n- key: first\n  text: From the plan\n"
    plan += "  operation: STORM MAKERS II\n"
    team.call("import", "-", stdin=plan.encode()).ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l", "g")
        assert pointed_text(app) == "From the plan"
        await press(pilot, "right_square_bracket")
        assert pointed_text(app) == "Gate opened, no resistance"
        await press(pilot, "left_square_bracket", "left_square_bracket")
        assert pointed_text(app) == "From the plan"

    play(team, act, size=(80, 24))


LONG = " ".join(f"word{number:02d}" for number in range(38))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_a_long_entry_is_readable_whole_beside_or_below_the_table(team: Team, size: tuple[int, int]) -> None:
    team.call("log", "add", LONG).ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l", "G")
        assert all(f"word{number:02d}" in screen_text(app) for number in range(38))

    play(team, act, size=size)


def test_in_the_room_a_long_entry_takes_several_lines_and_enter_opens_all_of_it(team: Team) -> None:
    team.call("log", "add", LONG).ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        text = screen_text(app)
        assert "word00" in text and "word08" in text and "word37" not in text and "…" in text
        await press(pilot, "enter")
        assert "word37" in screen_text(app)

    play(team, act, size=(80, 24))
