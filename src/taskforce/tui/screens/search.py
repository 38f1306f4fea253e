"""Search: every record that holds the words, found while they are typed."""

from __future__ import annotations

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from taskforce.actions import looking, reading
from taskforce.actions.references import label_of
from taskforce.actions.session import Session
from taskforce.i18n import N_, _
from taskforce.records.registry import get_kind
from taskforce.store.queries import Record
from taskforce.text import cells, shorten
from taskforce.tui.as_command import command_line
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomDialog
from taskforce.tui.widgets.keys_line import KeysLine
from taskforce.tui.working import begin
from taskforce.views import Line

_MOST = 50
_LONGEST = 16
"""Cells of a label: a ref is short, a codename or an agency's code may not be."""


class SearchDialog(RoomDialog[None]):
    """A line to type into and what is found below it; enter opens a record."""

    DEFAULT_CSS = """
    SearchDialog > Vertical {
        width: 90%;
        max-width: 110;
        height: 80%;
        background: $surface;
        border: round $primary;
    }
    SearchDialog Input, SearchDialog Input:focus { border: none; height: 1; padding: 0; margin: 0 1 1 1; }
    SearchDialog OptionList { height: 1fr; border: none; background: $surface; }
    SearchDialog OptionList:focus { border: none; }
    """

    BINDINGS = [
        Binding(
            "enter",
            "open_first",
            N_("Open"),
            id="search.open",
            tooltip=N_("The first that was found; in the list, the one under the cursor"),
            priority=True,
        ),
        Binding(
            "down",
            "into_list",
            N_("Results"),
            id="search.results",
            tooltip=N_("Go from the line into the list of what was found"),
            priority=True,
        ),
        Binding("escape", "leave", N_("Leave"), id="search.leave", tooltip=N_("Back to the screen below")),
    ]

    def compose(self) -> ComposeResult:
        """The line and the list."""
        with Vertical():
            yield Input(placeholder=_("words, or a ref such as A-7KQ2"))
            yield OptionList(markup=False)
            yield KeysLine()

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()
        self._found: list[Record] = []
        self._words = ""

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        begin(self, partial(self._search, event.value), "search")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In the list, enter and the arrows are the list's own."""
        if action in ("open_first", "into_list") and not isinstance(self.focused, Input):
            return False
        return super().check_action(action, parameters)

    def action_open_first(self) -> None:
        """Open the first that was found, once the line has what was typed before this key."""
        self.query_one(Input).call_later(self._open_first)

    async def _open_first(self) -> None:
        words = self.query_one(Input).value
        if words != self._words:  # enter came before what these words find
            await self._search(words)
        if self._found and words == self._words:
            self._open(0)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self._open(event.option_index)

    def action_into_list(self) -> None:
        """Go from the line into the list."""
        self.query_one(OptionList).focus()

    async def _search(self, words: str) -> None:
        found = await self.try_reading(lambda session: _found(session, words)) if words.strip() else []
        if found is None or words != self.query_one(Input).value:
            return
        self._found, self._words = found, words
        shown = [self.desk.looks.as_shown(record) for record in found]
        self.sees(place for one in shown for place in reading.places_of(one, looking.gist_fields(one)))
        listed = self.query_one(OptionList)
        listed.clear_options()
        labels = [shorten(label_of(record), _LONGEST) for record in found]
        kinds = [_(record.kind.label) for record in found]
        label_cells, kind_cells = (max(map(cells, each), default=0) for each in (labels, kinds))
        width = max(20, listed.size.width - label_cells - kind_cells - 7)
        for record, label, kind in zip(shown, labels, kinds, strict=True):
            listed.add_option(
                Option(
                    content_of(
                        Line(label + " " * (label_cells - cells(label) + 2), "command"),
                        Line(kind + " " * (kind_cells - cells(kind) + 2), "muted"),
                        shorten(looking.gist(record), width),
                        keep_newlines=False,
                    )
                )
            )
        if words.strip() and not found:
            nothing = _('nothing holds "%(words)s"') % {"words": words}
            listed.add_option(Option(content_of(Line(nothing, "muted")), disabled=True))

    def as_command(self) -> str:
        """The command that finds the same."""
        words = self.query_one(Input).value
        return command_line("search", words) if words.strip() else ""

    def _open(self, place: int) -> None:
        from taskforce.tui.screens.record import RecordDialog  # deferred: until one is opened

        record = self._found[place]
        self.dismiss(None)
        self.app.push_screen(RecordDialog(get_kind(record.kind.name), record.id))


def _found(session: Session, words: str) -> list[Record]:
    """What `taskforce search` finds, after the record that is named by its ref."""
    from taskforce.actions.references import find_any  # deferred: as its errors are
    from taskforce.errors import NotFound

    found = looking.search(session, words, limit=_MOST)
    try:
        named = find_any(session, words)
    except NotFound:
        return found
    return [named, *(record for record in found if record.id != named.id)]
