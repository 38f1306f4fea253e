"""A line of the dialog for a referral: typed, or filled from choices with the arrows."""

from __future__ import annotations

from textual.binding import Binding
from textual.message import Message

from taskforce.i18n import N_
from taskforce.tui.refer_entry import last_word
from taskforce.tui.refer_lines import HELPS, SENDING
from taskforce.tui.widgets.ahead import AheadInput


class PickLine(AheadInput):
    """One line of the dialog. Down and up put the next of the choices in place of the last word."""

    BINDINGS = [
        Binding(
            "down",
            "choose(1)",
            N_("Next choice"),
            show=False,
            id="refer.next-choice",
            tooltip=N_("Put the next of the choices into the line, or mark the next provider"),
        ),
        Binding(
            "up",
            "choose(-1)",
            N_("Previous choice"),
            show=False,
            id="refer.previous-choice",
            tooltip=N_("Put the choice before into the line, or mark the provider before"),
        ),
    ]

    class Choose(Message):
        """Another choice is wanted for this line."""

        def __init__(self, line: PickLine, by: int) -> None:
            super().__init__()
            self.line = line
            self.by = by

        @property
        def control(self) -> PickLine:
            """The line."""
            return self.line

    def __init__(self, name: str) -> None:
        super().__init__(id=f"refer-{name}", name=name, select_on_focus=False)
        self.HELP = HELPS[name]  # type: ignore[misc]  # each line has its own
        self._round: tuple[str, tuple[str, ...]] = ("", ())
        self._taken = ""

    def go_on(self) -> None:
        """Go to the next line; from the last ones, send."""
        if self.name in SENDING:
            super().go_on()
        else:
            self.screen.focus_next(PickLine)

    def action_choose(self, by: int) -> None:
        """Take another choice."""
        self.post_message(self.Choose(self, by))

    def take(self, choices: tuple[str, ...], by: int) -> None:
        """Put the next of `choices` in; pressed again, the one after it, of the same choices."""
        before, before_choices = self._round
        if not (self._taken and self.value == self._taken):
            before, before_choices = last_word(self.name or "", self.value)[0], choices
        if not before_choices:
            return
        word = self.value.removeprefix(before)
        place = before_choices.index(word) + by if word in before_choices else (0 if by > 0 else -1)
        self._round = before, before_choices
        self._taken = before + before_choices[place % len(before_choices)]
        self.value = self._taken
        self.cursor_position = len(self.value)
