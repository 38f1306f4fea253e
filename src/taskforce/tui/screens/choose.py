"""Chooses the operation that the room shows, as `taskforce use` does."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from taskforce.actions.session import Session
from taskforce.actions.using import use_operation
from taskforce.i18n import _
from taskforce.records.registry import get_kind
from taskforce.reports.record_views import shown
from taskforce.store import queries
from taskforce.store.queries import Record
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomDialog
from taskforce.views import Line


class OperationDialog(RoomDialog[None]):
    """The operations of the store."""

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
    """

    def compose(self) -> ComposeResult:
        """The list."""
        with Vertical():
            yield Static(content_of(Line(_("Which operation?"), "heading")), markup=False)
            yield OptionList(markup=False)

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
            nothing = _("none yet: import a plan (x), or make one with: taskforce operation add CODENAME")
            listed.add_option(Option(content_of(Line(nothing, "muted")), disabled=True))

    @on(OptionList.OptionSelected)
    async def _chosen(self, event: OptionList.OptionSelected) -> None:
        record = self._records[event.option_index]

        def use(session: Session) -> Record:
            return use_operation(session, record.id)

        sentence = _("this store's operation is %(name)s now") % {"name": record.text("codename")}
        if await self.try_acting(use, sentence) is not None:
            self.dismiss(None)
