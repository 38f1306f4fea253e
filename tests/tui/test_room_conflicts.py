"""The conflicts screen: take one, both, write a third; another process deciding first; undo; poisoned text."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from program import Team, introduce, new_team
from room import play, press, screen_text, settle, until, write
from story import hand_over
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Footer, TextArea

from taskforce.actions.session import Session
from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.conflicts import ConflictsScreen
from taskforce.tui.widgets import conflict_writing
from taskforce.tui.widgets.conflict_sides import Sides
from taskforce.tui.widgets.conflict_writing import Writing
from taskforce.tui.widgets.fields import FieldRow

NOW = "2023-10-17T07:32:00Z"
POISON = "\x1b]52;c;Zm9v\x07\x1b[2J\u202e\u200b[bold red]x[/][@click=app.quit]y[/]"


@pytest.fixture(scope="module")
def two_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Team, Team]:
    """Two teams' stores; in the first are three conflicts: a name, and an assignment's instructions and state."""
    folder = tmp_path_factory.mktemp("conflicts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(folder / "none.yaml"))
        patch.setenv("TASKFORCE_NOW", NOW)
        first, second = (
            new_team(folder / "1", "INTERPOL", "J. Okafor"),
            new_team(folder / "2", "KH-CNP", "J. Sok"),
        )
        introduce(first, second)
        for line in (
            ("agency", "add", "KH-CNP"),
            ("agency", "add", "KH-NGO", "--name", "Shelter"),
            ("operation", "add", "STORM MAKERS II", "--lead", "INTERPOL", "--start", "2023-10-16"),
            ("use", "STORM MAKERS II"),
            ("operation", "join", "STORM MAKERS II", "KH-CNP", "--role", "partner"),
            (
                "assignment",
                "add",
                "Inspect compound 4",
                "--agency",
                "KH-CNP",
                "--instructions",
                "Bring torches",
            ),
        ):
            first.call(*line).ok()
        hand_over(first, second)
        differ(first, "Chomrong Shelter", "Bring torches\nand two interpreters", "cancel")
        differ(second, "Chomrong House", "Bring water\nand two interpreters", "accept")
        hand_over(second, first)
        return first, second


def differ(team: Team, name: str, told: str, move: str) -> None:
    """One side of the three conflicts."""
    team.call("agency", "edit", "KH-NGO", "--name", name).ok()
    ref = team.data("assignment", "list")[0]["ref"]
    team.call("assignment", "edit", ref, "--instructions", told).ok()
    team.call("assignment", move, ref).ok()


@pytest.fixture
def two(two_once: tuple[Team, Team], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Team, Team]:
    """Copies of them for one test."""
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))
    monkeypatch.setenv("TASKFORCE_NOW", NOW)
    first, second = two_once
    return first.copy_to(tmp_path / "first"), second.copy_to(tmp_path / "second")


def shown_screen(app: TaskforceApp) -> ConflictsScreen:
    """The conflicts screen, which is shown."""
    screen = app.screen
    assert isinstance(screen, ConflictsScreen)
    return screen


def offered(app: TaskforceApp) -> dict[str, str]:
    """What the keys here do now, by key."""
    active = app.screen.active_bindings.items()
    return {key: one.binding.action for key, one in active if one.enabled}


def name_of(team: Team) -> str:
    """The name in conflict, as the store shows it."""
    return str(team.data("agency", "show", "KH-NGO")["name"])


def assignment_of(team: Team) -> dict[str, Any]:
    """The assignment in conflict, as the store shows it."""
    found: dict[str, Any] = team.data("assignment", "list")[0]
    return found


def fields_in_conflict(team: Team) -> list[str]:
    """The fields that still have several values."""
    return [each["field"] for each in team.data("conflict", "list")]


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
def test_it_shows_who_set_what_and_what_they_had_not_seen(
    two: tuple[Team, Team], size: tuple[int, int]
) -> None:
    first, _second = two
    values = {each["field"]: each["values"] for each in first.data("conflict", "list")}

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c")
        text = screen_text(app)
        for part in (
            "≠ KH-NGO",
            "Name",
            "1 of 3",
            "before  Shelter  set by J. Okafor, INTERPOL, 17 Oct",
            "J. Sok, KH-CNP, 17 Oct",
            "came directly from KH-CNP: its bundle 1",
            "in place of  Shelter",
            "written here",
            "had not seen 2",
            "had not seen 1",
            *(f"device {side['device'][:4]}" for side in values["name"]),
            *(side["value"] for side in values["name"]),
        ):
            assert part in text, part
        assert not [side["device"] for side in values["name"] if side["device"] in text]
        shown = next(n for n, side in enumerate(values["name"], start=1) if side["shown"])
        assert f"{shown} · shown meanwhile" in text
        assert f"shown meanwhile: {shown} (later clock" in text
        lines = text.splitlines()
        beside = any("Chomrong House" in line and "Chomrong Shelter" in line for line in lines)
        assert beside == (size[0] >= 110), "side by side where there is room, else one below the other"
        footer = next(line for line in lines if "Take first" in line)
        keys = "1 Take first  2 Take second  n Next  b Both as text  e Edit  p Back"
        assert (keys if size[0] >= 110 else keys[: keys.index("  e")]) in footer
        await press(pilot, "p")
        text = screen_text(app)
        assert "3 of 3" in text and "× Cancelled" in text and "◔ Accepted" in text
        assert "before  ○ Planned" in text

    play(first, act, size=size)


def test_words_that_differ_are_underlined_and_the_others_not(two: tuple[Team, Team]) -> None:
    first, _second = two

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", "n")
        underlined = set()
        for line in app.screen._compositor.render_strips():
            for segment in line:
                if segment.style is not None and segment.style.underline:
                    underlined.add(segment.text.strip())
        assert {"torches", "water"} <= underlined
        assert not {"Bring", "interpreters"} & {word for text in underlined for word in text.split()}

    play(first, act)


@pytest.mark.parametrize(("keys", "taken"), [("1", 0), ("2", 1), ("down enter", 1)])
def test_one_side_is_taken_and_the_next_conflict_comes(two: tuple[Team, Team], keys: str, taken: int) -> None:
    first, _second = two
    chosen = first.data("conflict", "show", "KH-NGO")[0]["values"][taken]["value"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", *keys.split())
        text = screen_text(app)
        assert f"KH-NGO, name: {chosen} stands; z takes it back" in text
        assert "1 of 2" in text and "Instructions" in text

    play(first, act)
    assert name_of(first) == chosen
    assert fields_in_conflict(first) == ["instructions", "status"]


def test_a_state_is_taken_as_a_state(two: tuple[Team, Team]) -> None:
    first, _second = two
    wanted = first.data("conflict", "list")[2]["values"][1]["value"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", "n", "n")
        assert "b" not in offered(app), "two states are no text"
        assert offered(app)["3"] == "go('referrals')", "there is no third value"
        await press(pilot, "2")

    play(first, act)
    assert assignment_of(first)["status"] == wanted
    assert fields_in_conflict(first) == ["name", "instructions"]


def test_both_as_text(two: tuple[Team, Team]) -> None:
    first, _second = two
    found = {
        each["field"]: [side["value"] for side in each["values"]] for each in first.data("conflict", "list")
    }

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", "b")
        assert "Instructions" in screen_text(app)
        await press(pilot, "b")
        assert "Status" in screen_text(app)

    play(first, act)
    assert name_of(first) == "; ".join(found["name"])
    assert assignment_of(first)["instructions"] == "\n".join(found["instructions"])


def test_a_third_value_is_checked_as_it_is_typed(two: tuple[Team, Team]) -> None:
    first, _second = two

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", "n", "n", "e")
        row = shown_screen(app).query_one(FieldRow)
        assert row.text == assignment_of(first)["status"], "it begins with the value shown"
        row.text = ""
        await write(pilot, "flown")
        assert '! "flown" is not one of its codes' in screen_text(app)
        await press(pilot, "ctrl+s")
        assert fields_in_conflict(first) == ["name", "instructions", "status"], "what will not do is not kept"
        assert row.text == "flown" and row.has_focus_within
        row.text = ""
        await write(pilot, "blocked")
        await press(pilot, "enter")
        assert "status: blocked stands; z takes it back" in screen_text(app)
        assert not shown_screen(app).query(FieldRow)

    play(first, act)
    assert assignment_of(first)["status"] == "blocked"
    assert fields_in_conflict(first) == ["name", "instructions"]


def test_a_note_is_written_over_several_lines_and_escape_leaves_it(two: tuple[Team, Team]) -> None:
    first, _second = two
    shown = assignment_of(first)["instructions"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", "n", "e")
        merged = shown_screen(app).query_one(TextArea).text
        assert merged.startswith("<<<<<<< 1 · J. ") and merged.endswith("\n>>>>>>>\nand two interpreters")
        assert "1 place is marked" in screen_text(app)
        await write(pilot, "x1")
        await press(pilot, "escape")
        assert not shown_screen(app).query(FieldRow)
        assert "2 of 3" in screen_text(app), "1 was typed, not taken"
        await press(pilot, "e", "ctrl+s")
        assert "lines that mark where to decide are still in the text" in screen_text(app)
        area = shown_screen(app).query_one(TextArea)
        assert area.text == merged and area.has_focus and area.cursor_location == (0, 0)
        area.text = shown
        area.move_cursor(area.document.end)
        await press(pilot, "enter")
        await write(pilot, "and tea")
        await press(pilot, "ctrl+s")

    play(first, act, size=(80, 24))
    assert assignment_of(first)["instructions"] == shown + "\nand tea"


def test_a_value_that_comes_while_a_text_is_written_is_in_it_before_anything_is_decided(
    two: tuple[Team, Team],
) -> None:
    first, second = two
    ref = assignment_of(second)["ref"]
    second.call("assignment", "edit", ref, "--instructions", "Stay away").ok()
    bundle = second.folder / "late.bundle"
    second.call("export", "--to", "INTERPOL", "-o", str(bundle)).ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", "n", "e")
        shown_screen(app).query_one(TextArea).text = "All agreed"
        assert first.run("import", str(bundle)).code == 0
        await until(pilot, lambda: "Stay away" in screen_text(app), seconds=3)
        await press(pilot, "ctrl+s")
        assert "nothing was decided: another value has come" in screen_text(app)
        area = shown_screen(app).query_one(TextArea)
        assert "Stay away" in area.text and "All agreed" in area.text and "kept · written here" in area.text
        assert "instructions" in fields_in_conflict(first)
        area.text = "Stay away, all agreed"
        await press(pilot, "ctrl+s")

    play(first, act)
    assert assignment_of(first)["instructions"] == "Stay away, all agreed"


def test_what_is_typed_as_soon_as_there_is_a_line_is_not_replaced(
    two: tuple[Team, Team], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _second = two
    mount = Writing.mount

    async def mount_and_type(self: Writing, *widgets: Widget, **where: Any) -> None:
        await mount(self, *widgets, **where)
        for area in self.query(TextArea):
            area.text = "All agreed"

    monkeypatch.setattr(Writing, "mount", mount_and_type)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", "n", "e")
        assert shown_screen(app).query_one(TextArea).text == "All agreed"
        await press(pilot, "ctrl+s")

    play(first, act)
    assert assignment_of(first)["instructions"] == "All agreed"


def test_what_is_typed_while_another_value_is_put_into_the_text_is_kept(
    two: tuple[Team, Team], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    second.call("assignment", "edit", assignment_of(second)["ref"], "--instructions", "Stay away").ok()
    bundle = second.folder / "late.bundle"
    second.call("export", "--to", "INTERPOL", "-o", str(bundle)).ok()
    begun, typed = threading.Event(), threading.Event()
    keep = conflict_writing.keep_text

    def keep_slowly(session: Session, **what: Any) -> None:
        keep(session, **what)
        begun.set()
        assert typed.wait(10)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", "n", "e")
        area = shown_screen(app).query_one(TextArea)
        area.text = "All agreed"
        area.move_cursor(area.document.end)
        assert first.run("import", str(bundle)).code == 0
        await until(pilot, lambda: "Stay away" in screen_text(app), seconds=3)
        await settle(pilot)
        monkeypatch.setattr(conflict_writing, "keep_text", keep_slowly)
        await pilot.press("ctrl+s")
        await until(pilot, begun.is_set)
        await pilot.press("1", "2")
        typed.set()
        await until(pilot, lambda: "nothing was decided: another value has come" in screen_text(app))
        text = shown_screen(app).query_one(TextArea).text
        assert "Stay away" in text and "All agreed12" in text

    play(first, act)
    assert "instructions" in fields_in_conflict(first)


def test_a_state_shows_both_histories_and_takes_what_its_move_set(two: tuple[Team, Team]) -> None:
    first, second = two
    ref = assignment_of(second)["ref"]
    second.call("assignment", "done", ref, "--result", "Two met", "--note", "All well").ok()
    hand_over(second, first)
    first.call("assignment", "edit", ref, "--status-note", "x").ok()
    first.call("undo").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", "p")
        text = screen_text(app)
        for part in (
            *("· Status", "cancel: ○ Planned → × Cancelled", "accept: ○ Planned → ◔ Accepted"),
            *("done: ◔ Accepted → ● Done", "Result: Two met", "if it stands: closed", "its bundle 2"),
        ):
            assert part in text, part
        await press(pilot, "2")

    play(first, act)
    assert (assignment_of(first)["status"], assignment_of(first)["result"]) == ("done", "Two met")


@pytest.mark.parametrize("keys", ["1", "n right w"])
def test_what_one_move_set_is_taken_and_taken_back_together(two: tuple[Team, Team], keys: str) -> None:
    first, second = two
    ref = assignment_of(second)["ref"]
    first.call("conflict", "resolve", ref, "status", "--value", "planned").ok()
    hand_over(first, second)
    first.call("assignment", "cancel", ref, "--note", "Tip was false").ok()
    second.call("assignment", "accept", ref, "--note", "On our way").ok()
    hand_over(second, first)
    assert fields_in_conflict(first) == ["name", "instructions", "status", "status_note"]
    wanted = first.data("conflict", "list")[2]["values"][0 if keys == "1" else 1]["value"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", "n", "n")
        assert "is taken with it: Note on status" in screen_text(app) and "w" not in offered(app)
        await press(pilot, *keys.split())
        assert "status" not in " ".join(fields_in_conflict(first))
        assert "status, status_note:" in screen_text(app) or "status_note, status:" in screen_text(app)
        await press(pilot, "z")
        await press(pilot, "n", "p")
        assert "of 4" in screen_text(app), "both are offered again"
        await press(pilot, "Z")

    play(first, act, size=(80, 24))
    assert assignment_of(first)["status"] == wanted
    assert fields_in_conflict(first) == ["name", "instructions"]


def test_what_is_required_is_not_emptied(two: tuple[Team, Team]) -> None:
    first, second = two
    for team, title in ((first, "Search compound 4"), (second, "Watch compound 4")):
        team.call("assignment", "edit", assignment_of(team)["ref"], "--title", title).ok()
    hand_over(second, first)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", "p", "e")
        assert "· Title" in screen_text(app)
        row = shown_screen(app).query_one(FieldRow)
        row.text = ""
        await press(pilot, "enter")
        assert "--title cannot be empty" in screen_text(app)
        assert shown_screen(app).query_one(FieldRow).has_focus_within

    play(first, act)
    assert "title" in fields_in_conflict(first)


def test_next_and_previous_go_round_and_change_nothing(two: tuple[Team, Team]) -> None:
    first, _second = two
    before = first.fingerprint()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c")
        for key, position in (("n", 2), ("n", 3), ("n", 1), ("p", 3), ("p", 2)):
            await press(pilot, key)
            assert f"{position} of 3" in screen_text(app)

    play(first, act)
    assert first.fingerprint() == before


def test_the_command_of_the_side_pointed_at_is_copied(two: tuple[Team, Team]) -> None:
    first, _second = two

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", "right", "y")
        assert app.clipboard == "taskforce conflict resolve KH-NGO name --take 2"
        await press(pilot, "left", "y")
        assert app.clipboard == "taskforce conflict resolve KH-NGO name --take 1"

    play(first, act)


def test_what_another_process_decides_is_followed_with_place_and_typed_text(two: tuple[Team, Team]) -> None:
    first, _second = two
    ref = assignment_of(first)["ref"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", "n", "right", "e")
        await write(pilot, " half a")
        assert first.run("conflict", "resolve", "KH-NGO", "name", "--take", "1").code == 0
        await until(pilot, lambda: "1 of 2" in screen_text(app), seconds=3)
        row = shown_screen(app).query_one(FieldRow)
        assert row.text.startswith(" half a") and row.has_focus_within
        assert "Instructions" in screen_text(app) and "▸ 2" in screen_text(app)
        assert first.run("conflict", "resolve", ref, "instructions", "--take", "1").code == 0
        await until(pilot, lambda: "somebody else has decided this meanwhile" in screen_text(app), seconds=3)
        assert shown_screen(app).query_one(FieldRow).text.startswith(" half a")
        row.text = "the whole"
        await press(pilot, "ctrl+s")
        assert "its values have changed meanwhile" in screen_text(app)
        assert shown_screen(app).query_one(FieldRow).text == "the whole"
        await press(pilot, "escape")
        assert "Status" in screen_text(app) and "1 of 1" in screen_text(app)

    play(first, act)


def test_a_number_never_takes_a_value_that_was_not_seen(
    two: tuple[Team, Team], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    second.call("agency", "edit", "KH-NGO", "--name", "Chomrong Barn").ok()
    bundle = second.folder / "late.bundle"
    second.call("export", "--to", "INTERPOL", "-o", str(bundle)).ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c")
        monkeypatch.setattr(app, "look", lambda: None)  # as if the key came before the next look at the store
        first.call("import", str(bundle)).ok()
        await press(pilot, "1")
        text = screen_text(app)
        assert "its values have changed meanwhile" in text
        assert "Chomrong Barn" in text, "it was read again"

    play(first, act)
    assert "name" in fields_in_conflict(first)


def test_undo_offers_the_same_values_again_and_redo_decides_again(two: tuple[Team, Team]) -> None:
    first, _second = two
    shown = name_of(first)
    one, other = [side["value"] for side in first.data("conflict", "show", "KH-NGO")[0]["values"]]
    hidden = 1 if shown == other else 2

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", str(hidden))
        assert name_of(first) != shown
        await press(pilot, "z")
        assert name_of(first) == shown
        text = screen_text(app)
        assert "The decision was taken back" in text and one in text and other in text
        await press(pilot, "Z")
        assert name_of(first) != shown and "The decision was taken back" not in screen_text(app)
        await press(pilot, "z", str(hidden))
        assert name_of(first) != shown
        assert fields_in_conflict(first) == ["instructions", "status"]

    play(first, act)


def test_an_archived_record_says_so_in_words(two: tuple[Team, Team]) -> None:
    first, second = two
    ref = assignment_of(second)["ref"]
    first.call("operation", "join", "STORM MAKERS II", "KH-CNP", "--role", "co-lead").ok()
    second.call("assignment", "archive", ref).ok()
    first.call("assignment", "archive", ref).ok()
    first.call("assignment", "archive", ref, "--restore").ok()
    hand_over(second, first)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", "n")
        text = screen_text(app)
        assert "· Archived" in text and "│ archived" in text.replace("┃", "│") and "in view" in text
        assert "e" not in offered(app) and "b" not in offered(app)
        number = 1 if text.index(" archived ") < text.index(" in view ") else 2
        await press(pilot, str(number))

    play(first, act)
    assert first.data("assignment", "show", ref)["archived"] is True


def test_three_values_stand_one_below_the_other_with_a_key_each(
    two: tuple[Team, Team], tmp_path: Path
) -> None:
    first, _second = two
    third = new_team(tmp_path / "third", "TH-RTP", "A. Chai")
    (first.folder / "card").unlink()
    introduce(first, third)
    third.call("agency", "add", "KH-NGO", "--name", "Chomrong Hospice").ok()
    hand_over(third, first)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c")
        text = screen_text(app)
        assert "had not seen 1, 2" in text and "had not seen 2, 3" in text and "3 Take third" in text
        assert not any("Hospice" in line and "House" in line for line in text.splitlines())
        await press(pilot, "right", "right", "right")
        number = shown_screen(app).as_command()[-1]
        assert number == "3"
        await press(pilot, "3")

    values = [side["value"] for side in first.data("conflict", "show", "KH-NGO")[0]["values"]]
    play(first, act)
    assert len(values) == 3 and name_of(first) == values[2]


def test_without_conflicts_it_says_what_one_is(two: tuple[Team, Team]) -> None:
    first, _second = two

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", "1", "1", "1")
        text = screen_text(app)
        assert "No conflicts: every field has one value" in text
        assert "two people set to different values" in text
        assert not {"take(1)", "both", "edit", "go_on(1)", "take_pointed"} & set(offered(app).values())
        assert shown_screen(app).as_command() == "taskforce conflict list"

    play(first, act, size=(80, 24))


def test_a_room_for_reading_offers_no_decision(two: tuple[Team, Team]) -> None:
    first, _second = two
    before = first.fingerprint()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c", "b", "e", "enter", "ctrl+s", "right", "n")
        assert "2 of 3" in screen_text(app)
        assert "Take first" not in screen_text(app)
        actions = set(offered(app).values())
        assert not {"take(1)", "take(2)", "take_pointed", "both", "edit", "save"} & actions
        assert {"go_on(1)", "point(1)"} <= actions

    play(first, act, read_only=True)
    assert first.fingerprint() == before


def test_poisoned_text_is_drawn_and_taken_as_text(two: tuple[Team, Team]) -> None:
    first, second = two
    second.call("agency", "edit", "KH-NGO", "--name", f"S {POISON}").ok()
    second.call(
        "assignment", "edit", assignment_of(second)["ref"], "--instructions", f"I {POISON}\nthen"
    ).ok()
    hand_over(second, first)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        for keys in (("c",), ("e",), ("escape", "n"), ("e",), ("escape", "y", "p", "b")):
            await press(pilot, *keys)
            text = screen_text(app)
            assert text.replace("\n", "").isprintable(), keys
            assert app.is_running and isinstance(app.screen, ConflictsScreen)
        assert "[@click=app.quit]y[/]" in text, "shown as it is, parsed as nothing"

    play(first, act)
    assert POISON in name_of(first)


def test_a_click_points_at_a_side_and_a_long_text_scrolls(two: tuple[Team, Team]) -> None:
    first, second = two
    long = "\n".join(f"step {n}" for n in range(60))
    second.call("assignment", "edit", assignment_of(second)["ref"], "--instructions", long).ok()
    hand_over(second, first)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "c")
        await pilot.click("SideBox:last-child")
        await settle(pilot)
        assert shown_screen(app).as_command().endswith("--take 2")
        await press(pilot, "n")
        sides = shown_screen(app).query_one(Sides)
        await press(pilot, "end")
        assert "shown meanwhile:" in screen_text(app) and sides.scroll_y > 30
        await press(pilot, "k", "home")
        assert "before" in screen_text(app) and sides.scroll_y == 0
        assert app.screen.query_one(Footer).is_attached

    play(first, act, size=(80, 24))
