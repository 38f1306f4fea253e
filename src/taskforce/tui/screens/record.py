"""One record over the whole screen: every field, and below them its history."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Footer, Static

from taskforce.actions import looking, reading
from taskforce.actions.references import names_for
from taskforce.actions.session import Session
from taskforce.i18n import N_, _
from taskforce.records.schema import Kind
from taskforce.reports.history_views import story_of
from taskforce.reports.record_views import fields_of
from taskforce.store import queries
from taskforce.store.disclosures import Place
from taskforce.store.queries import Record
from taskforce.tui.as_command import command_line, named
from taskforce.tui.looks import hidden_line
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomDialog
from taskforce.views import Fields, Line


class RecordDialog(RoomDialog[None]):
    """A record, read anew when it changes."""

    DEFAULT_CSS = """
    RecordDialog > Vertical {
        width: 110;
        max-width: 100%;
        height: 95%;
        background: $surface;
        border: round $primary;
    }
    RecordDialog VerticalScroll { height: 1fr; padding: 0 1; }
    """

    BINDINGS = [
        Binding("escape,q", "leave", N_("Leave"), id="record.leave", key_display="esc"),
        Binding("h", "history", N_("History"), id="record.history", tooltip=N_("Go to the history, or back")),
        Binding("e", "edit", N_("Edit"), id="record.edit"),
        Binding("m", "move", N_("Move"), id="record.move"),
        Binding("y", "app.copy_command", N_("Copy as command"), id="record.copy", show=False),
        Binding("down,j", "scroll(1)", N_("Down"), id="record.down", show=False),
        Binding("up,k", "scroll(-1)", N_("Up"), id="record.up", show=False),
    ]

    def __init__(self, kind: Kind, record_id: str, *, history: bool = False) -> None:
        super().__init__()
        self.kind = kind
        self.record_id = record_id
        self.record: Record | None = None
        self._wants_history = history
        self._has_asked = False

    def compose(self) -> ComposeResult:
        """Fields, then history."""
        with Vertical():
            with VerticalScroll():
                yield Static("", id="fields", markup=False)
                yield Static("", id="story", markup=False)
            yield Footer(show_command_palette=False)

    async def on_mount(self) -> None:
        """Read it."""
        await self.load()
        self.query_one(VerticalScroll).focus()
        if self._wants_history:
            self.call_after_refresh(self.action_history)

    async def load(self) -> None:
        """Read and show it."""
        kind, one, looks = self.kind, self.record_id, self.desk.looks

        def read(session: Session) -> tuple[Record, Fields, list[Line | str], set[Place]] | None:
            record = queries.get_record(session.store.connection, kind, one)
            if record is None:
                return None
            shown = looks.as_shown(record)
            fields = fields_of(shown, names_for(session, [shown]), session.now)
            hidden = looks.hidden(kind.name, one)
            told = [each for each in looking.history_of(session, one)[1] if each.part not in hidden]
            places = {Place(one, kind.name, each.part) for each in told if any(each.values.values())}
            private = {place for place in places if place.part in reading.PRIVATE}
            return record, fields, story_of(kind, told, longest=1000), private.union(reading.places_of(shown))

        found = await self.try_reading(read)
        if found is None:
            return
        self.record, fields, story, places = found
        self._show(fields, story, looks.kept_back(self.record))
        self.sees(places)
        if not self._has_asked:
            self._has_asked = True
            self.with_reason(self.record, self.reload)

    def _show(self, fields: Fields, story: list[Line | str], kept_back: list[str]) -> None:
        pieces: list[str | Line] = [Line(fields.title + "\n\n", "heading")]
        for label, value in fields.pairs:
            pieces += [Line(f"{label:<20} ", "muted"), value, "\n"]
        if kept_back:
            pieces += [hidden_line(kept_back), "\n"]
        self.query_one("#fields", Static).update(content_of(*pieces))
        told: list[str | Line] = [Line("\n" + _("History") + "\n", "heading")]
        for line in story:
            told += [line, "\n"]
        self.query_one("#story", Static).update(content_of(*told))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done."""
        if action == "edit" and (self.desk.read_only or not self.kind.editable):
            return False
        if action == "move" and (self.desk.read_only or self.kind.lifecycle is None):
            return False
        return super().check_action(action, parameters)

    def action_scroll(self, by: int) -> None:
        """Scroll by a line."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def action_history(self) -> None:
        """Go to the history, or back to the fields."""
        scroll = self.query_one(VerticalScroll)
        story = self.query_one("#story").virtual_region.y
        scroll.scroll_to(y=0 if scroll.scroll_y >= min(story, scroll.max_scroll_y) else story, animate=False)

    def action_edit(self) -> None:
        """Change some fields."""
        from taskforce.tui.screens.form import FormDialog  # deferred: until a form is opened

        if (record := self.record) is not None:
            self.with_reason(record, lambda: self._push(FormDialog(self.kind, record)))

    def _push(self, dialog: RoomDialog[Record]) -> None:
        self.app.push_screen(dialog)

    def action_move(self) -> None:
        """The next step of its lifecycle."""
        from taskforce.tui.screens.moves import MovesDialog  # deferred: as above

        if self.record is not None:
            self.app.push_screen(MovesDialog(self.kind, self.record))

    def as_command(self) -> str:
        """The command that shows the same."""
        return command_line(self.kind.name, "show", named(self.record) if self.record else self.record_id)
