"""A short list to pick from, whose cursor stays with its entry when the list is read again."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from taskforce.i18n import N_


class PickList(OptionList):
    """Entries by id, each one or more lines. For tables that may grow see `RecordTable`."""

    DEFAULT_CSS = """
    PickList { height: auto; border: none; padding: 0; background: $background; scrollbar-size-vertical: 1; }
    PickList:focus { border: none; background-tint: $foreground 0%; }
    PickList > .option-list--option-highlighted {
        color: $foreground;
        background: $surface-lighten-2;
        text-style: none;
    }
    PickList:focus > .option-list--option-highlighted {
        color: $foreground;
        background: $primary 40%;
        text-style: bold;
    }
    """

    BINDINGS = [
        Binding(
            "down,j",
            "cursor_down",
            N_("Down"),
            show=False,
            id="list.down",
            tooltip=N_("To the next peer or file"),
        ),
        Binding(
            "up,k", "cursor_up", N_("Up"), show=False, id="list.up", tooltip=N_("To the peer or file before")
        ),
        Binding(
            "g,home",
            "first",
            N_("First"),
            show=False,
            id="list.first",
            tooltip=N_("To the first peer or file"),
        ),
        Binding(
            "G,end", "last", N_("Last"), show=False, id="list.last", tooltip=N_("To the last peer or file")
        ),
        Binding(
            "enter",
            "select",
            N_("Look into it"),
            show=True,
            id="list.open",
            tooltip=N_("What a bundle would hold, or a file change; nothing is done yet"),
        ),
    ]

    HELP = N_(
        "Arrows or jk move, g and G go to the ends, tab goes to the next list, enter looks into an entry."
    )

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is looked into where there is nothing."""
        if action == "select" and self.picked is None:
            return False
        return super().check_action(action, parameters)

    @property
    def picked(self) -> str | None:
        """The id of the entry under the cursor."""
        option = self.highlighted_option
        return None if option is None else option.id

    def point_at(self, one: str) -> None:
        """Put the cursor on the entry with this id, if it is there."""
        ids = [option.id for option in self.options]
        if one in ids:
            self.highlighted = ids.index(one)

    def show(self, entries: Sequence[tuple[str, Content]], *, nothing: Content) -> None:
        """Show these entries, or `nothing`, which says what to do next."""
        if [one.id for one in self.options] == [one for one, _prompt in entries] and entries:
            for one, prompt in entries:
                self.replace_option_prompt(one, prompt)
            return
        before, place = self.picked, self.highlighted or 0
        self.set_options(
            [Option(prompt, id=one) for one, prompt in entries] or [Option(nothing, disabled=True)]
        )
        if entries:
            ids = [one for one, _prompt in entries]
            self.highlighted = ids.index(before) if before in ids else min(place, len(ids) - 1)
