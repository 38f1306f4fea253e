"""Corrects an entry of the log by a later one; the first one stays, and says that it was corrected."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Static

from taskforce.actions import logbook
from taskforce.actions.session import Session
from taskforce.i18n import N_, _
from taskforce.store.queries import Record
from taskforce.tui.as_command import command_line
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomDialog
from taskforce.tui.widgets.kept_line import KeptLine
from taskforce.tui.widgets.keys_line import KeysLine
from taskforce.tui.working import unhurried
from taskforce.views import Line


class CorrectDialog(RoomDialog[Record]):
    """What was written, and a line for what is right."""

    AUTO_FOCUS = ""  # only once what was typed last time is there

    DEFAULT_CSS = """
    CorrectDialog > Vertical {
        width: 100;
        max-width: 100%;
        height: auto;
        max-height: 90%;
        background: $surface;
        border: round $primary;
    }
    CorrectDialog VerticalScroll { height: auto; max-height: 10; padding: 0 1; }
    CorrectDialog Input, CorrectDialog Input:focus {
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
            N_("Leave"),
            id="correct.leave",
            tooltip=N_("The entry stays as it is; what is typed is there next time"),
            key_display="esc",
        ),
        Binding(
            "ctrl+s",
            "save",
            N_("Save"),
            id="correct.save",
            tooltip=N_("Write the later entry; the first one stays and says so"),
        ),
    ]

    def __init__(self, entry: Record) -> None:
        super().__init__()
        self.entry = entry
        self._draft = f"log/{entry.id}/correct"

    def compose(self) -> ComposeResult:
        """The entry, and the line with its text to begin with."""
        text = self.entry.text("text")
        title = _("Correct %(ref)s") % {"ref": self.entry.ref}
        with Vertical():
            with VerticalScroll(can_focus=False):
                yield Static(content_of(Line(title + "\n", "heading"), text), markup=False)
            yield KeptLine(
                "" if "\n" in text else text, draft=self._draft, placeholder=_("what is right, on one line")
            )
            yield KeysLine()

    async def on_mount(self) -> None:
        """Go on with what was typed last time."""
        line = self.query_one(KeptLine)
        await line.load()
        line.focus()

    @unhurried
    async def action_leave(self) -> None:
        """Leave; what was typed stays for later."""
        await self.query_one(KeptLine).keep()
        self.dismiss(None)

    @on(Input.Submitted)
    async def _submitted(self) -> None:
        await self.action_save()

    @unhurried
    async def action_save(self) -> None:
        """Write the later entry."""
        if self.refuses_unseen():
            return
        entry, line = self.entry, self.query_one(KeptLine)
        text = line.value.strip()

        def work(session: Session) -> Record:
            record = logbook.correct(session, entry, text)
            line.spend(session)
            return record

        await self.act_and_leave(
            work, lambda one: _("%(ref)s corrects %(entry)s") % {"ref": one.ref, "entry": entry.ref}
        )

    def let_go(self) -> None:
        """Empty the line."""
        self.query_one(KeptLine).used()

    def as_command(self) -> str:
        """The command that does the same."""
        return command_line("log", "correct", self.entry.ref, self.query_one(KeptLine).value)
