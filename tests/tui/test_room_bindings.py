"""Every key of the room: described, named, in nobody's way unnoticed, and another one where the settings say so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from program import Team
from room import play, press, screen_text, settle, until, write
from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode
from textual.pilot import Pilot
from textual.screen import Screen

import taskforce.tui
from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.base import RoomDialog, RoomScreen

SHADOWED = {
    **{
        (
            f"conflicts.take-{number}",
            f"go.{mode}",
        ): "here a number takes a value; the letters still go elsewhere"
        for number, mode in enumerate(
            ("room", "assignments", "referrals", "log", "agencies", "exchange", "conflicts", "proposals"),
            start=1,
        )
    },
    ("entry.leave", "records.clear"): "escape first leaves the line that is being typed",
    ("entry.leave", "go.back"): "as above",
    ("records.clear", "go.back"): "escape first clears the filter and the marks",
    ("exchange.back", "go.back"): "escape first leads back to the peers",
    ("conflicts.leave", "go.back"): "escape first leaves the value that is being written",
    ("entry.complete", "log.write"): "tab leads into the line; in it, it completes a ref",
}
"""Pairs of bindings of which the first has a key before the second, on purpose, and why."""

LONGEST_TOOLTIP = 100
"""Characters: one sentence, beside the mouse or in a line or two of the help."""

HJKL = (
    "block.previous=left|h,block.next=right|l,conflicts.side-before=left|up|h,"
    "conflicts.side-after=right|down|l,records.history=H"
)
"""What docs/room.md says to who wants these keys."""

SPARE = "f9"
"""A key that nothing has."""


def own_classes() -> list[type[DOMNode]]:
    """Every screen, dialog and widget of the room."""
    found: list[type[DOMNode]] = []
    for module in walk_packages(taskforce.tui.__path__, "taskforce.tui."):
        for one in vars(import_module(module.name)).values():
            if isinstance(one, type) and issubclass(one, DOMNode) and one.__module__ == module.name:
                found.append(one)
    return found


def own_bindings(one: type[DOMNode]) -> list[Binding]:
    """The bindings that a class itself declares, a key each."""
    return list(Binding.make_bindings(one.__dict__.get("BINDINGS", [])))


CLASSES = [one for one in own_classes() if own_bindings(one)]
SCREENS = [one for one in own_classes() if issubclass(one, Screen)]


def ours(one: type[DOMNode]) -> list[type[DOMNode]]:
    """The class and those it is made from that are the room's."""
    return [each for each in one.__mro__ if each.__module__.startswith("taskforce.")]


def keys_of(bindings: BindingsMap) -> dict[str, set[str]]:
    """The keys of each named binding."""
    found: dict[str, set[str]] = defaultdict(set)
    for key, binding in bindings:
        if binding.id:
            found[binding.id].add(key)
    return found


def test_the_room_has_screens_dialogs_and_widgets_with_keys() -> None:
    assert {"TaskforceApp", "ConflictsScreen", "RecordTable", "FormDialog"} <= {
        one.__name__ for one in CLASSES
    }


@pytest.mark.parametrize("one", CLASSES, ids=lambda one: one.__name__)
def test_every_binding_has_a_name_says_what_it_does_and_then_says_more(one: type[DOMNode]) -> None:
    for binding in own_bindings(one):
        which = f"{one.__name__} {binding.key} {binding.action}"
        assert binding.id, which
        assert binding.description, which
        assert binding.tooltip, which
        assert binding.tooltip.casefold() != binding.description.casefold(), which
        assert len(binding.tooltip) > len(binding.description), which
        assert len(binding.tooltip) <= LONGEST_TOOLTIP, which


def test_no_two_things_to_do_are_explained_with_the_same_words() -> None:
    """But leaving, scrolling and the like, which are the same thing wherever they are done."""
    by_tooltip: dict[str, set[str]] = defaultdict(set)
    for one in CLASSES:
        for binding in own_bindings(one):
            by_tooltip[binding.tooltip].add(binding.description)
    assert {tooltip: named for tooltip, named in by_tooltip.items() if len(named) > 1} == {}


@pytest.mark.parametrize("one", SCREENS, ids=lambda one: one.__name__)
def test_a_name_is_of_one_thing_within_a_screen(one: type[DOMNode]) -> None:
    things: dict[str, set[str]] = defaultdict(set)
    for each in (*ours(one), TaskforceApp):
        for binding in own_bindings(each):
            if binding.id:
                things[binding.id].add(binding.action)
    assert {name: actions for name, actions in things.items() if len(actions) > 1} == {}


@pytest.mark.parametrize(
    "one", [one for one in SCREENS if issubclass(one, RoomScreen)], ids=lambda one: one.__name__
)
def test_no_screen_takes_a_key_of_the_rooms_or_of_its_own_unnoticed(one: type[DOMNode]) -> None:
    first: dict[str, Binding] = {}
    for each in (*ours(one), TaskforceApp):
        for binding in own_bindings(each):
            nearer = first.setdefault(binding.key, binding)
            if nearer.action != binding.action:
                assert (nearer.id, binding.id) in SHADOWED, f"{binding.key}: {nearer.id} before {binding.id}"


@pytest.mark.parametrize("one", CLASSES, ids=lambda one: one.__name__)
def test_every_name_can_be_given_another_key_and_the_others_keep_theirs(one: type[DOMNode]) -> None:
    before = keys_of(one._merge_bindings())
    assert before or issubclass(one, RoomDialog)
    for name in before:
        changed = one._merge_bindings()
        changed.apply_keymap({name: SPARE})
        assert keys_of(changed) == {**before, name: {SPARE}}, name


def test_in_the_open_room_nothing_is_in_the_way_and_every_name_can_be_remapped(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        visited = set()
        for mode in app.MODES:
            if mode == "wall":
                continue  # has no keys but that to leave
            try:
                await app.switch_mode(mode)
            except ModuleNotFoundError as missing:
                assert str(missing.name).startswith("taskforce.tui.screens.")
                continue
            await settle(pilot)
            for focused in [None, *app.screen.focus_chain]:
                app.screen.set_focus(focused)
                await pilot.pause()
                for shadow in shadows(app):
                    assert shadow in SHADOWED, f"{mode}: {shadow[0]} before {shadow[1]}"
                names = {name for _node, map in app.screen._binding_chain for name in keys_of(map)}
                for name in names - visited:
                    app.set_keymap({name: SPARE})
                    keys = [
                        keys_of(map)[name] for _node, map in app.screen._binding_chain if name in keys_of(map)
                    ]
                    assert keys == [{SPARE}], f"{mode}: {name}"
                app.set_keymap({})
                visited |= names
        assert {"go.log", "conflicts.next", "sides.down", "table.mark", "records.filter"} <= visited

    play(team, act)


def shadows(app: TaskforceApp) -> Iterator[tuple[str | None, str | None]]:
    """The pairs of bindings that could both be run by one key now, by their names; Textual's own are its business."""
    first: dict[str, Binding] = {}
    for node, bindings in app.screen._modal_binding_chain:
        for key, binding in bindings:
            if not app._check_action_state(binding.action, node):
                continue
            nearer = first.setdefault(key, binding)
            if nearer.action != binding.action and binding.id:
                yield nearer.id, binding.id


def test_dialogs_lock_help_and_show_their_command_as_the_screens_do(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[str] = []
    monkeypatch.setattr(TaskforceApp, "copy_to_clipboard", lambda _app, text: copied.append(text))

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "n")
        await write(pilot, "Look again")
        await press(pilot, "f2")
        assert copied == ["taskforce assignment add 'Look again'"]
        await press(pilot, "f1")
        assert type(app.screen).__name__ == "HelpDialog"
        await press(pilot, "f1", "ctrl+l")
        assert app.desk.is_locked
        assert "Look again" not in screen_text(app)
        await press(pilot, "f1", "f2", "ctrl+l")
        assert type(app.screen).__name__ == "LockedScreen"
        await press(pilot, "enter")
        await until(pilot, lambda: "Look again" in screen_text(app))
        await press(pilot, "escape", "enter", "y", "q")
        ref = team.data("assignment", "list")[0]["ref"]
        assert copied[1:] == [f"taskforce assignment show {ref}"]
        await press(pilot, "m", "f2", "down", "enter")
        assert copied[2:] == [f"taskforce assignment show {ref}"]
        await press(pilot, "tab")
        await write(pilot, "Two cars")
        await press(pilot, "f2")
        assert copied[3:] == [f"taskforce assignment accept {ref} --note 'Two cars'"]

    play(team, act)


def test_other_keys_are_read_from_the_settings_for_a_screens_own_bindings(team: Team) -> None:
    team.call("config", "set", "keymap", "conflicts.take-1=f9|f10,go.conflicts=f8").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "f8", "1")
        assert app.current_mode == "room", "1 is free again, and goes where it goes elsewhere"
        await press(pilot, "f8", "f10")

    play(team, act)
    assert team.data("conflict", "list") == []


def test_who_wants_hjkl_puts_left_and_right_on_h_and_l_in_the_settings(team: Team) -> None:
    team.call("config", "set", "keymap", HJKL).ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        def focused() -> str:
            return str(app.focused.id) if app.focused is not None else ""

        assert focused() == "log"
        await press(pilot, "h")
        assert focused() != "log", "the block to the left"
        await press(pilot, "l")
        assert focused() == "log" and app.current_mode == "room", "and back, instead of to the log's screen"
        await press(pilot, "right", "left")
        assert focused() == "log", "the arrows do the same as before"
        await press(pilot, "c", "l")
        assert app.screen.as_command().endswith("--take 2"), "the other side of a conflict"
        await press(pilot, "h")
        assert app.screen.as_command().endswith("--take 1")
        await press(pilot, "a", "b", "h", "l")
        assert app.current_mode == "assignments" and not app.screen.is_modal, "from lane to lane"
        await press(pilot, "H")
        assert type(app.screen).__name__ == "RecordDialog", "the history has another key"
        await press(pilot, "escape", "4")
        assert app.current_mode == "log"

    play(team, act)
