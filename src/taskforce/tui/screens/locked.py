"""The locked room: nothing of the operation is shown, the store is closed and its key let go of."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from taskforce.errors import TaskforceError
from taskforce.i18n import N_, _, ngettext
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomDialog
from taskforce.tui.working import unhurried
from taskforce.views import Line


class LockedScreen(RoomDialog[None]):
    """Asks for the passphrase; where a key file opens the store, for a key, and the file must be there."""

    BINDINGS = [
        Binding(
            "ctrl+q", "app.quit", N_("Quit"), id="locked.quit", tooltip=N_("Leave the room; it stays locked")
        ),
    ]

    def compose(self) -> ComposeResult:
        """A word, and where to type."""
        opener = self.desk.opener
        with Vertical(id="locked"):
            yield Static(content_of(Line("⚿  " + _("locked"), "heading")), markup=False)
            self._opens_unasked = opener.opens_unasked
            if self._opens_unasked:
                hint = _("enter opens the store again with the key file %(file)s") % {"file": opener.key_file}
                if not opener.key_file:
                    hint = _("enter opens the store again with this computer's keyring")
                yield Static(content_of(hint), markup=False)
            elif opener.needs_key_file:
                hint = _("this store opens with a key file, and the room was opened without one")
                yield Static(content_of(hint), markup=False)
                hint = _("leave it, and open it with --key-file: what was half typed is kept")
                yield Static(content_of(hint), markup=False)
            else:
                yield Input(password=True, placeholder=_("Passphrase"), id="passphrase")
                yield Static(content_of(_("enter opens the store again")), markup=False)
            yield Static("", id="answer", markup=False)
            yield Static(content_of(Line(_("ctrl+q leaves"), "muted")), markup=False)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Try the passphrase."""
        event.stop()
        passphrase, event.input.value = event.value, ""
        await self._try(passphrase)

    async def on_key(self, event: events.Key) -> None:
        """Try the key file on enter.

        No binding does this: it would also do so for an enter that was pressed before the room was locked, and comes up
        from a widget below.
        """
        if event.key == "enter" and self._opens_unasked:
            event.stop()
            await self._try("")

    async def action_leave(self) -> None:
        """Escape does nothing here."""

    @unhurried
    async def _try(self, passphrase: str) -> None:
        from asyncio import sleep, to_thread

        answer = self.query_one("#answer", Static)
        while seconds := self.desk.opener.seconds_to_wait:
            count = max(1, round(seconds))
            text = ngettext(
                "wrong passphrases cost time: %(count)d second to wait",
                "wrong passphrases cost time: %(count)d seconds to wait",
                count,
            )
            answer.update(text % {"count": count})
            await sleep(min(seconds, 1.0))
        answer.update(_("opening …"))
        try:
            key = await to_thread(self.desk.opener.open, passphrase)
        except TaskforceError as error:
            answer.update(content_of(Line(error.sentence, "late")))
            return
        self.dismiss(None)
        self.room.unlocked(key)
