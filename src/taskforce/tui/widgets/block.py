"""A short list of records that can be pointed at and opened: a lane, the referrals, the end of the log."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from taskforce.i18n import N_

SLIPPING = 1.0
"""Seconds in which a key may still be meant for the record that has gone from under the cursor."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: how it looks, and what it leads to: a kind and an id, or a screen of the room and nothing."""

    content: Content
    kind: str
    id: str


class Block(OptionList):
    """Rows that keep their cursor when they change. Enter opens the record."""

    DEFAULT_CSS = """
    Block { border: none; padding: 0; height: 1fr; background: $background; scrollbar-size-vertical: 1; }
    Block:focus { border: none; background: $background; }
    Block > .option-list--option { padding: 0 1; }
    Block > .option-list--option-highlighted { background: $background; color: $foreground; text-style: none; }
    Block:focus > .option-list--option-highlighted { background: $primary 40%; text-style: bold; }
    """

    BINDINGS = [
        Binding(
            "j",
            "cursor_down",
            N_("Down"),
            show=False,
            id="block.down",
            tooltip=N_("To the next row of this block"),
        ),
        Binding(
            "k",
            "cursor_up",
            N_("Up"),
            show=False,
            id="block.up",
            tooltip=N_("To the row before, in this block"),
        ),
        Binding(
            "g",
            "first",
            N_("First"),
            show=False,
            id="block.first",
            tooltip=N_("To the first row of this block"),
        ),
        Binding(
            "G", "last", N_("Last"), show=False, id="block.last", tooltip=N_("To the last row of this block")
        ),
        Binding(
            "right",
            "app.focus_next",
            N_("Next block"),
            show=False,
            id="block.next",
            tooltip=N_("Go to the block or lane to the right"),
        ),
        Binding(
            "left",
            "app.focus_previous",
            N_("Previous block"),
            show=False,
            id="block.previous",
            tooltip=N_("Go to the block or lane to the left"),
        ),
        Binding(
            "enter",
            "select",
            N_("Open"),
            show=True,
            id="block.open",
            tooltip=N_("The record under the cursor, or the screen it leads to"),
        ),
    ]

    HELP = N_(
        "Arrows, j and k move; left, right and tab go to another block; enter opens what the cursor is on."
    )

    @dataclass
    class Opened(Message):
        """Somebody wants to see what a row leads to."""

        block: Block
        entry: Entry

        @property
        def control(self) -> Block:
            """The block."""
            return self.block

    def __init__(self, *, id: str, follows_end: bool = False) -> None:
        super().__init__(id=id, markup=False)
        self._entries: list[Entry] = []
        self._nothing: Content | None = None
        self._follows_end = follows_end
        self._slipped_from: tuple[float, str] = (-SLIPPING, "")

    @property
    def slipped_from(self) -> str:
        """The id of the record that has gone from under the cursor only just now; empty where none has."""
        when, one = self._slipped_from
        return one if time.monotonic() - when < SLIPPING else ""

    @property
    def pointed(self) -> Entry | None:
        """The row under the cursor."""
        place = self.highlighted
        return self._entries[place] if place is not None and place < len(self._entries) else None

    def show(self, entries: Sequence[Entry], *, empty: Content | None = None) -> None:
        """Show these rows; the cursor stays with its record, or at the end of a list that is followed."""
        nothing = empty or Content("")
        if list(entries) == self._entries and (entries or nothing == self._nothing):
            return
        self._nothing = nothing
        if bool(entries) != bool(self._entries):
            self.call_after_refresh(self.screen.refresh_bindings)  # nothing is opened where there is nothing
        before, at_end = self.pointed, self.highlighted in (None, len(self._entries) - 1)
        self._entries = list(entries)
        self.clear_options()
        self.add_options([Option(each.content) for each in entries])
        if not entries:
            self.add_options([Option(nothing, disabled=True)])
            return
        ids = [each.id for each in entries]
        if before is not None and before.id in ids and not (self._follows_end and at_end):
            self.highlighted = ids.index(before.id)
        else:
            self.highlighted = len(entries) - 1 if self._follows_end else 0
            if before is not None:
                self._slipped_from = time.monotonic(), before.id
        if self._follows_end and at_end:
            self.call_after_refresh(self.scroll_end, animate=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is opened where there is nothing."""
        if action == "select" and not self._entries:
            return False
        return super().check_action(action, parameters)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_index < len(self._entries):
            self.post_message(self.Opened(self, self._entries[event.option_index]))
