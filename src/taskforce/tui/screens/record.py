"""One record over the whole screen: every field, and below them its history."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from taskforce.actions import looking, reading
from taskforce.actions.erasing import may_erase
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
from taskforce.tui.erased_lines import erased_lines
from taskforce.tui.looks import hidden_line
from taskforce.tui.proposal_lines import proposed_lines
from taskforce.tui.room_keys import ERASE_KEY
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomDialog, RoomScreen
from taskforce.tui.sharing_keys import RECORD_SHARING_KEYS
from taskforce.tui.widgets.keys_line import KeysLine
from taskforce.views import Fields, Line


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is drawn of a record, and the private parts of it that are looked at by that."""

    fields: Fields
    story: list[Line | str]
    erased: list[Line | str]
    proposed: list[Line]
    places: set[Place]


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
        Binding(
            "escape,q",
            "leave",
            N_("Leave"),
            id="record.leave",
            tooltip=N_("Back to where it was opened"),
            key_display="esc",
        ),
        Binding("h", "history", N_("History"), id="record.history", tooltip=N_("Go to the history, or back")),
        Binding("e", "edit", N_("Edit"), id="record.edit", tooltip=N_("A form with its fields")),
        Binding(
            "m", "move", N_("Move"), id="record.move", tooltip=N_("The next steps that its state allows")
        ),
        Binding(
            "v",
            "refer",
            N_("Refer"),
            id="record.refer",
            tooltip=N_("A new referral; of a victim, the lines begin with her or him"),
        ),
        Binding(
            "P",
            "proposals",
            N_("Proposals"),
            id="record.proposals",
            tooltip=N_("What is proposed for this record: to be decided on, or taken back"),
        ),
        *RECORD_SHARING_KEYS,
        ERASE_KEY,
        Binding(
            "y",
            "app.copy_command",
            N_("Copy as command"),
            id="record.copy",
            tooltip=N_("The command that shows this record, on the clipboard"),
            show=False,
        ),
        Binding(
            "down,j",
            "scroll(1)",
            N_("Down"),
            id="record.down",
            tooltip=N_("One line further down"),
            show=False,
        ),
        Binding(
            "up,k", "scroll(-1)", N_("Up"), id="record.up", tooltip=N_("One line further up"), show=False
        ),
    ]

    def __init__(self, kind: Kind, record_id: str, *, history: bool = False) -> None:
        super().__init__()
        self.kind = kind
        self.record_id = record_id
        self.record: Record | None = None
        self._wants_history = history
        self._may_erase = self._is_proposed = False
        self._has_asked = False

    def compose(self) -> ComposeResult:
        """Fields, then history."""
        with Vertical():
            with VerticalScroll():
                yield Static("", id="fields", markup=False)
                yield Static("", id="story", markup=False)
            yield KeysLine()

    async def on_mount(self) -> None:
        """Read it."""
        await self.load()
        self.query_one(VerticalScroll).focus()
        if self._wants_history:
            self.call_after_refresh(self.action_history)

    async def load(self) -> None:
        """Read and show it."""
        kind, one, looks = self.kind, self.record_id, self.desk.looks

        def read(session: Session) -> tuple[Record, _Shown, bool] | None:
            record = queries.get_record(session.store.connection, kind, one)
            if record is None:
                return None
            shown = looks.as_shown(record)
            fields = fields_of(shown, names_for(session, [shown]), session.now)
            hidden = looks.hidden(kind.name, one)
            told = [each for each in looking.history_of(session, one)[1] if each.part not in hidden]
            places = {Place(one, kind.name, each.part) for each in told if any(each.values.values())}
            private = {place for place in places if place.part in reading.PRIVATE}
            seen = private.union(reading.places_of(shown))
            story = story_of(kind, told, longest=1000)
            return (
                record,
                _Shown(fields, story, erased_lines(session, record), proposed_lines(session, record), seen),
                may_erase(session, record),
            )

        found = await self.try_reading(read)
        if found is None:
            return
        self.record, shown, self._may_erase = found
        self._show(shown, looks.kept_back(self.record))
        self.sees(shown.places)
        if not self._has_asked:
            self._has_asked = True
            self.with_reason(self.record, self.reload)

    def _show(self, shown: _Shown, kept_back: list[str]) -> None:
        self._is_proposed = bool(shown.proposed)
        pieces: list[str | Line] = [Line(shown.fields.title + "\n\n", "heading")]
        for told in shown.proposed:
            pieces += [told, "\n"]
        pieces += ["\n"] if shown.proposed else []
        for label, value in shown.fields.pairs:
            pieces += [Line(f"{label:<20} ", "muted"), value, "\n"]
        if kept_back:
            pieces += [hidden_line(kept_back), "\n"]
        for line in shown.erased:
            pieces += ["\n", line]
        pieces += ["\n"] if shown.erased else []
        self.query_one("#fields", Static).update(content_of(*pieces))
        story: list[str | Line] = [Line("\n" + _("History") + "\n", "heading")]
        for line in shown.story:
            story += [line, "\n"]
        self.query_one("#story", Static).update(content_of(*story))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done."""
        if action == "edit" and (self.desk.read_only or not self.kind.editable or self.kind.by_action):
            return False
        if action == "refer" and self.desk.read_only:
            return False
        if action == "move" and (self.desk.read_only or self.kind.lifecycle is None):
            return False
        if action == "erase" and (self.desk.read_only or not self._may_erase):
            return False
        if action == "proposals" and not self._is_proposed:
            return False
        return super().check_action(action, parameters)

    points_at_record = True

    async def current(self) -> Record | None:
        """The record."""
        return self.record

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

    def action_refer(self) -> None:
        """A new referral: of this victim, where it is one."""
        from taskforce.tui.screens.refer import ReferDialog  # deferred: as above

        typed = (
            {"victim": self.record.ref} if self.record is not None and self.kind.name == "victim" else None
        )
        self.app.push_screen(ReferDialog(typed))

    async def action_proposals(self) -> None:
        """Go where what is proposed for the record is decided on."""
        self.dismiss(None)
        await self.room.action_go("proposals")
        if isinstance(self.room.screen, RoomScreen):
            self.room.screen.go_to(self.record_id)

    def action_erase(self) -> None:
        """Say what erasing the record does; only what is typed there erases it."""
        from taskforce.tui.screens.erase import EraseDialog  # deferred: as above

        if self.record is not None:
            self.app.push_screen(EraseDialog(self.record))

    def as_command(self) -> str:
        """The command that shows the same."""
        return command_line(self.kind.name, "show", named(self.record) if self.record else self.record_id)
