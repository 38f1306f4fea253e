"""Asks why somebody looks at who a victim is, or at their care; once for a record, until the room locks."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from taskforce.actions.references import label_of
from taskforce.i18n import N_, _
from taskforce.store.queries import Record
from taskforce.tui.as_command import command_line, named
from taskforce.tui.looks import hidden_line
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomDialog
from taskforce.tui.widgets.keys_line import KeysLine
from taskforce.tui.working import unhurried
from taskforce.views import Line


class ReasonDialog(RoomDialog[bool]):
    """A line for the reason; leaves with True once it is recorded."""

    DEFAULT_CSS = """
    ReasonDialog > Vertical {
        width: 80;
        max-width: 100%;
        height: auto;
        background: $surface;
        border: round $primary;
    }
    ReasonDialog Static { padding: 0 1; height: auto; }
    ReasonDialog Input, ReasonDialog Input:focus {
        height: 1;
        border: none;
        padding: 0 1;
        margin: 1 0;
        background: $surface-lighten-1;
    }
    """

    BINDINGS = [
        Binding(
            "escape",
            "leave",
            N_("Leave it hidden"),
            id="reason.leave",
            key_display="esc",
            tooltip=N_("Show the record without the parts that need a reason"),
        ),
        Binding(
            "ctrl+s",
            "save",
            N_("Look"),
            id="reason.save",
            key_display="enter",
            tooltip=N_("Record the reason, and show the record whole"),
        ),
    ]

    def __init__(self, record: Record, parts: list[str]) -> None:
        super().__init__()
        self._record = record
        self._parts = parts

    def compose(self) -> ComposeResult:
        """What is hidden, and the line."""
        title = _("Why do you look at %(label)s?") % {"label": label_of(self._record)}
        with Vertical():
            yield Static(content_of(Line(title + "\n", "heading"), hidden_line(self._parts)), markup=False)
            yield Input(placeholder=_("the reason, as: asked by the shelter; it is recorded"))
            yield KeysLine()

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    async def _submitted(self) -> None:
        await self.action_save()

    @unhurried
    async def action_save(self) -> None:
        """Record the reason; only then is anything shown."""
        reason = " ".join(self.query_one(Input).value.split())
        if not reason:
            self.room.say(_("write why you look, or leave with escape"), is_error=True)
            return
        record, looks = self._record, self.desk.looks
        given = await self.try_noting(lambda session: looks.give(session, record, reason))
        if given is not None:
            self.dismiss(True)

    def as_command(self) -> str:
        """The command that shows the same."""
        reason = self.query_one(Input).value
        return command_line(self._record.kind.name, "show", named(self._record), "--reason", reason)
