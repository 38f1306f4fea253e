"""Two people on one store: nothing typed is lost, nothing unseen is replaced, no key hits what it was not meant for."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pexpect
import pytest
from program import PROGRAM, Team, environment_of
from room import play, press, said, says, screen_text, settle, until, write
from test_room_lock_attacks import at_once, drafts_of, opened, somebody_writing
from textual.pilot import Pilot
from textual.widgets import Input

from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.conflicts import ConflictsScreen
from taskforce.tui.screens.correct import CorrectDialog
from taskforce.tui.screens.form import FormDialog
from taskforce.tui.screens.moves import MovesDialog
from taskforce.tui.screens.records import RecordsScreen
from taskforce.tui.screens.refer import ReferDialog
from taskforce.tui.widgets.fields import FieldRow


def form_of(app: TaskforceApp) -> FormDialog:
    """The form that is shown."""
    assert isinstance(app.screen, FormDialog)
    return app.screen


def row_of(form: FormDialog, name: str) -> FieldRow:
    """One field of it."""
    return next(row for row in form.rows if row.field.name == name)


def the_assignment(team: Team) -> dict[str, Any]:
    """The story's assignment."""
    (found,) = [one for one in team.data("assignment", "list") if "compound 4" in one["title"]]
    return dict(found)


# ── forms ──


def test_a_form_writes_only_what_was_changed_in_it_and_shows_what_others_change(team: Team) -> None:
    ref = the_assignment(team)["ref"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "e")
        form = form_of(app)
        row_of(form, "instructions").text = "bring a ladder"
        team.call("assignment", "edit", ref, "--title", "Inspect compound 5", "--priority", "flash").ok()
        await until(pilot, lambda: row_of(form, "title").text == "Inspect compound 5")
        await press(pilot, "ctrl+s")

    play(team, act)
    after = team.data("assignment", "show", ref)
    assert (after["title"], after["priority"]) == ("Inspect compound 5", "flash")
    assert after["instructions"] == "bring a ladder"


def test_what_somebody_else_set_meanwhile_is_seen_before_it_is_replaced(team: Team) -> None:
    ref = the_assignment(team)["ref"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "e")
        form = form_of(app)
        row_of(form, "title").text = "Mine"
        team.call("assignment", "edit", ref, "--title", "Theirs").ok()
        app.look = lambda: None  # type: ignore[method-assign]  # faster than the room looks
        await press(pilot, "ctrl+s")
        assert team.data("assignment", "show", ref)["title"] == "Theirs"
        await until(pilot, lambda: "changed meanwhile: Theirs" in screen_text(app))
        await pilot.pause(1.1)
        await press(pilot, "ctrl+s")

    play(team, act)
    assert team.data("assignment", "show", ref)["title"] == "Mine"


def test_a_draft_of_a_record_that_was_changed_since_says_so(team: Team) -> None:
    ref = the_assignment(team)["ref"]

    async def begin(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "e")
        row_of(form_of(app), "title").text = "Mine"
        await press(pilot, "escape")

    async def go_on(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "e")
        await until(pilot, lambda: "changed meanwhile: Theirs" in screen_text(app))
        assert row_of(form_of(app), "title").text == "Mine"

    play(team, begin)
    team.call("assignment", "edit", ref, "--title", "Theirs").ok()
    play(team, go_on)


def test_a_new_record_goes_where_the_form_says_though_another_operation_was_chosen(team: Team) -> None:
    team.call("operation", "add", "QUIET RIVER", "--lead", "INTERPOL").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "n")
        await write(pilot, "Watch the gate")
        assert row_of(form_of(app), "operation").text == "STORM MAKERS II"
        team.call("use", "QUIET RIVER").ok()
        await press(pilot, "ctrl+s")

    play(team, act)
    storm = team.data("operation", "show", "STORM MAKERS II")["id"]
    (made,) = [
        one
        for one in team.data("assignment", "list", "--operation", "STORM MAKERS II")
        if "gate" in one["title"]
    ]
    assert made["operation"] == storm


@pytest.mark.parametrize("key", ["ctrl+s", "enter"])
def test_pressed_twice_it_saves_once(team: Team, key: str) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "n")
        await write(pilot, "Once")
        form_of(app).rows[-1].focus_line()
        await settle(pilot)
        if key == "enter":
            form_of(app).rows[-1].post_message(FieldRow.Done(form_of(app).rows[-1]))
            form_of(app).rows[-1].post_message(FieldRow.Done(form_of(app).rows[-1]))
        else:
            at_once(app, key, key, key)
        await until(pilot, lambda: not isinstance(app.screen, FormDialog))
        await settle(pilot)

    play(team, act)
    assert [one["title"] for one in team.data("assignment", "list")].count("Once") == 1


def test_a_correction_pressed_twice_is_written_once(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "l", "C")
        await write(pilot, " at all")
        at_once(app, "ctrl+s", "ctrl+s", "enter", "enter")
        await until(pilot, lambda: not isinstance(app.screen, CorrectDialog))
        await settle(pilot)

    play(team, act)
    assert len([one for one in team.data("log", "list") if one.get("corrects")]) == 1


def test_an_entry_entered_twice_is_written_once_and_what_is_typed_on_is_the_next(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "i")
        at_once(app, *"one", "enter", "enter", *"two", "enter", *"three")
        await until(pilot, lambda: {"one", "two"} <= {one["text"] for one in team.data("log", "list")})
        await settle(pilot)
        assert app.screen.query_one("EntryLine", Input).value == "three"

    play(team, act)
    texts = [one["text"] for one in team.data("log", "list")]
    assert [texts.count(word) for word in ("one", "two", "three")] == [1, 1, 0]


def test_an_entry_begun_in_one_operation_is_not_written_into_another(team: Team) -> None:
    team.call("operation", "add", "QUIET RIVER", "--lead", "INTERPOL").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "i")
        await write(pilot, "seen at the quay")
        team.call("use", "QUIET RIVER").ok()
        await press(pilot, "enter")
        assert "another operation was chosen meanwhile" in said(app)
        assert "quay" not in str(team.data("log", "list", "--operation", "QUIET RIVER"))
        assert app.screen.query_one("EntryLine", Input).value == "seen at the quay"
        await press(pilot, "enter")
        await until(pilot, lambda: "quay" in str(team.data("log", "list", "--operation", "QUIET RIVER")))

    play(team, act)


def test_what_a_move_asks_for_and_a_value_written_in_a_conflict_survive_a_crash(team: Team) -> None:
    team.call("assignment", "accept", the_assignment(team)["ref"]).ok()
    team.call("assignment", "start", the_assignment(team)["ref"]).ok()

    async def open_block(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "m")
        dialog = app.screen
        assert isinstance(dialog, MovesDialog)
        place = [move.name for move in dialog.moves].index("block")
        await press(pilot, *["down"] * place, "enter")

    async def begin(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await open_block(app, pilot)
        await write(pilot, "no warrant")
        await pilot.pause(0.8)
        assert "no warrant" in str(drafts_of(team))
        await press(pilot, "escape", "c", "e")
        assert isinstance(app.screen, ConflictsScreen)
        await press(pilot, *["backspace"] * 20)
        await write(pilot, "tomorrow")
        await pilot.pause(0.8)
        assert "tomorrow" in str(drafts_of(team))
        os._exit(9)

    child = os.fork()
    if not child:
        play(team, begin)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9

    async def go_on(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await open_block(app, pilot)
        await until(pilot, lambda: "no warrant" in screen_text(app))
        await press(pilot, "escape", "c", "e")
        await until(pilot, lambda: "tomorrow" in screen_text(app))
        await press(pilot, "ctrl+s")
        await open_block(app, pilot)
        await press(pilot, "ctrl+s")

    play(team, go_on)
    assert drafts_of(team) == {}
    assert the_assignment(team)["status"] == "blocked"


def test_killed_in_a_real_terminal_the_typed_text_is_there_again(team: Team) -> None:
    def start() -> Any:
        child = pexpect.spawn(
            PROGRAM[0],
            [*PROGRAM[1:], *team.place],
            env={**environment_of(), "TERM": "xterm-256color"},
            dimensions=(36, 120),
            timeout=30,
        )
        child.expect("STORM MAKERS II")
        return child

    child = start()
    child.send("i")
    time.sleep(0.5)
    child.send("the gate is open")
    time.sleep(2.0)
    child.kill(signal.SIGKILL)
    child.wait()
    child = start()
    child.expect("the gate is open")
    child.send("\x11")
    child.expect(pexpect.EOF)


# ── under the finger ──


def add_many(team: Team, *titles: str) -> list[str]:
    """More assignments; their refs."""
    return [
        team.data("assignment", "add", title, "--agency", "KH-CNP", "--due", "2023-10-16")["ref"]
        for title in titles
    ]


def table_of(app: TaskforceApp) -> RecordsScreen:
    """The screen of a table."""
    assert isinstance(app.screen, RecordsScreen)
    return app.screen


@pytest.mark.parametrize(("key", "what"), [("D", "is archived"), ("A", "accept: ")])
def test_keys_typed_ahead_are_for_the_row_that_the_cursor_has_reached(
    team: Team, key: str, what: str
) -> None:
    add_many(team, "First", "Second", "Third")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "g")
        screen = table_of(app)
        order = list(screen.table._order)
        at_once(app, "j", "j", key)
        await until(pilot, lambda: says(app, what))
        await settle(pilot)
        with opened(team) as session:
            query = "SELECT n FROM assignment WHERE archived OR status != 'planned'"
            assert session.store.connection.execute(query).fetchall() == [(order[2],)]

    play(team, act)


def test_a_dialog_opened_by_keys_typed_ahead_names_what_it_is_for(team: Team) -> None:
    add_many(team, "First", "Second")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "g")
        order = list(table_of(app).table._order)
        at_once(app, "j", "e")
        await until(pilot, lambda: isinstance(app.screen, FormDialog))
        assert form_of(app).record is not None and form_of(app).record.n == order[1]  # type: ignore[union-attr]
        await press(pilot, "escape")
        at_once(app, "j", "m")
        await until(pilot, lambda: isinstance(app.screen, MovesDialog))
        assert isinstance(app.screen, MovesDialog)
        assert [app.screen.record.n] == app.screen.numbers == [order[2]]

    play(team, act)


def test_a_key_meant_for_a_record_that_has_just_gone_is_not_for_the_next(team: Team) -> None:
    refs = add_many(team, "First", "Second")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "g")
        screen = table_of(app)
        gone = screen.record
        assert gone is not None
        team.call("assignment", "archive", gone.ref).ok()
        await until(pilot, lambda: screen.pointed != gone.n)
        await pilot.press("A")
        await settle(pilot)
        assert "the list has changed under the cursor" in said(app)
        await pilot.pause(1.0)
        await press(pilot, "A")

    play(team, act)
    states = [one["status"] for one in team.data("assignment", "list")]
    assert sorted(states) == ["accepted", "planned"], refs


def test_going_through_a_list_by_ones_own_keys_nothing_is_refused(team: Team) -> None:
    add_many(team, "First", "Second")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "g")
        await press(pilot, "D", "D", "D")

    play(team, act)
    assert team.data("assignment", "list") == []


def test_a_conflict_that_came_to_the_place_of_another_is_not_decided_by_the_same_key(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c")
        screen = app.screen
        assert isinstance(screen, ConflictsScreen) and screen._one is not None
        one = screen._one
        from dataclasses import replace

        screen._one = replace(one, conflict=replace(one.conflict, field="note"))  # as if that had been shown
        await screen._show(one)
        await press(pilot, "1")
        assert "another conflict has come to this place" in said(app)

    play(team, act)
    assert len(team.data("conflict", "list")) == 1


def test_a_referral_goes_to_the_provider_that_was_shown_or_nowhere(team: Team) -> None:
    team.call("agency", "add", "KH-TWO", "--services", "shelter,medical,legal", "--places-free", "9").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "v")
        dialog = app.screen
        assert isinstance(dialog, ReferDialog)
        await press(pilot, "enter")
        await write(pilot, "22")
        await press(pilot, "enter", "enter", "enter")
        await write(pilot, "sh")
        await press(pilot, "enter", "enter")
        shown = dialog.provider
        assert shown is not None
        app.look = lambda: None  # type: ignore[method-assign]  # faster than the room looks
        team.call("agency", "archive", shown.agency.text("code")).ok()
        await press(pilot, "enter")
        assert "not sent" in said(app)
        assert app.screen is dialog
        assert len(team.data("referral", "list")) == 2
        await press(pilot, "enter", "enter")

    play(team, act)
    assert len(team.data("referral", "list")) == 3


def test_a_referral_entered_twice_is_sent_once(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "v", "enter")
        await write(pilot, "22")
        await press(pilot, "enter", "enter", "enter")
        await write(pilot, "sh")
        await press(pilot, "enter", "enter")
        at_once(app, "enter", "enter", "enter", "ctrl+s")
        await until(pilot, lambda: not isinstance(app.screen, ReferDialog))
        await settle(pilot)

    play(team, act)
    assert len(team.data("referral", "list")) == 3


def test_search_opens_what_the_words_find_however_soon_enter_comes(team: Team) -> None:
    from taskforce.tui.screens.record import RecordDialog

    add_many(team, "Gate north", "Gate south")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "slash")
        await write(pilot, "gate")
        at_once(app, "space", *"south", "enter")
        await until(pilot, lambda: isinstance(app.screen, RecordDialog))
        await until(pilot, lambda: "Gate south" in screen_text(app))

    play(team, act)


def test_a_dialog_can_be_left_and_the_room_used_while_another_program_writes_for_long(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a")
        with somebody_writing(team):
            await pilot.press("D")
            begun = time.monotonic()
            await pilot.press("1")
            await pilot.press("l")
            await pilot.pause(0.2)
            assert app.current_mode == "log"
            assert time.monotonic() - begun < 3
            await pilot.pause(1.2)
            assert "still waiting for the store" in screen_text(app)
        await until(pilot, lambda: "is archived" in screen_text(app))

    play(team, act)
    assert team.data("assignment", "list") == []
