"""Chooses the operation that the room shows, as `taskforce use` does."""

from __future__ import annotations

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from taskforce.actions.session import Session
from taskforce.actions.using import use_operation
from taskforce.i18n import N_, _
from taskforce.records.registry import get_kind
from taskforce.reports.record_views import shown
from taskforce.store import queries
from taskforce.store.queries import Record
from taskforce.tui.as_command import command_line, named
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomDialog
from taskforce.tui.widgets.keys_line import KeysLine
from taskforce.tui.working import begin, unhurried
from taskforce.views import Line


class OperationDialog(RoomDialog[None]):
    """The operations of the store; or a new one."""

    DEFAULT_CSS = """
    OperationDialog > Vertical {
        width: 60;
        max-width: 100%;
        height: auto;
        max-height: 80%;
        background: $surface;
        border: round $primary;
        padding: 0 1;
    }
    OperationDialog OptionList { height: auto; max-height: 16; border: none; background: $surface; }
    OperationDialog OptionList:focus { border: none; }
    OperationDialog Footer { dock: none; }
    """

    BINDINGS = [
        Binding(
            "n",
            "add",
            N_("New operation"),
            id="operation.new",
            tooltip=N_("A form; once it is saved, the room shows the new one"),
        ),
        Binding(
            "escape,q",
            "leave",
            N_("Leave"),
            id="operation.leave",
            tooltip=N_("The operation stays as it is"),
            key_display="esc",
        ),
    ]

    def compose(self) -> ComposeResult:
        """The list."""
        with Vertical():
            yield Static(content_of(Line(_("Which operation?"), "heading")), markup=False)
            yield OptionList(markup=False)
            yield KeysLine()

    async def on_mount(self) -> None:
        """Read the operations."""
        self._records: list[Record] = []
        listed = self.query_one(OptionList)
        listed.focus()
        kind = get_kind("operation")
        found = await self.try_reading(
            lambda session: queries.list_records(session.store.connection, kind, sort=[("start", True)])
        )
        self._records = found or []
        status = kind.field("status")
        assert status is not None
        for record in self._records:
            state = shown(status, record.values.get("status", ""), {})
            listed.add_option(Option(content_of(record.text("codename"), Line(f"  {state}", "muted"))))
        if not self._records:
            nothing = _("none yet: n makes one; or leave, and take in a plan that has one: x, then i")
            listed.add_option(Option(content_of(Line(nothing, "muted")), disabled=True))

    @on(OptionList.OptionSelected)
    @unhurried
    async def _chosen(self, event: OptionList.OptionSelected) -> None:
        if not self.refuses_unseen():
            await self._use(self._records[event.option_index])

    async def _use(self, record: Record) -> None:
        def use(session: Session) -> Record:
            return use_operation(session, record.id)

        sentence = _("this store's operation is %(name)s now") % {"name": record.text("codename")}
        if await self.try_acting(use, sentence) is not None:
            self.dismiss(None)

    def as_command(self) -> str:
        """The command that chooses the operation under the cursor."""
        place = self.query_one(OptionList).highlighted
        return "" if place is None or not self._records else command_line("use", named(self._records[place]))

    def action_add(self) -> None:
        """A form for a new operation, which is the room's once it is saved."""
        from taskforce.tui.screens.form import FormDialog  # deferred: until a form is opened

        def made(record: Record | None) -> None:
            if record is not None:
                begin(self, partial(self._use, record), "use")

        self.app.push_screen(FormDialog(get_kind("operation")), made)
