"""The panic key: pressed twice it destroys the store at once, and the room ends without a word. Off unless it was set.

It is heeded before any widget gets it: in dialogs, in forms, in the locked room, while other keys wait for their turn.
Nothing is asked and nothing of what is half typed is kept; there is no time for either.
"""

from __future__ import annotations

import time
from asyncio import to_thread
from contextlib import suppress

from textual import events
from textual.app import App, ComposeResult
from textual.screen import Screen

from taskforce.actions import wiping
from taskforce.tui.locking import LockableApp

TWICE_WITHIN = 2.0
"""Seconds between the two presses, at most."""


class NeutralScreen(Screen[None]):
    """Nothing at all."""

    def compose(self) -> ComposeResult:
        """No widget."""
        yield from ()


class PanickingApp(LockableApp):
    """An app over a store that one key destroys."""

    panic_key = ""
    """The key, as Textual calls it; none if empty."""

    wiped: wiping.Wiped | None = None
    """What the key has done."""

    _pressed_at = float("-inf")
    _is_panicking = False

    async def on_event(self, event: events.Event) -> None:
        """Heed the panic key before everything else; the rest as ever."""
        if self._is_panicking and isinstance(event, events.InputEvent):
            return
        if not self.panic_key or not isinstance(event, events.Key) or event.key != self.panic_key:
            await super().on_event(event)
        elif not event.is_forwarded:
            pressed, self._pressed_at = self._pressed_at, time.monotonic()
            if self._pressed_at - pressed <= TWICE_WITHIN:
                await self._destroy()

    async def _destroy(self) -> None:
        self._is_panicking = True
        self.drop_keys()
        with suppress(Exception):  # whatever fails here, the store is to be destroyed
            self.desk.lock()
            self.clear_notifications()
            self._clipboard = ""
            await App.push_screen(self, NeutralScreen())  # past the lock's own, which shows nothing over it
        self.wiped = await to_thread(wiping.wipe, self.desk.opener.folder)
        self.exit()

    def forget_in_keyring(self) -> None:
        """Take out of this computer's keyring what opened the store, once the room is gone: it may ask something."""
        with suppress(Exception):  # it opens nothing any more, and nobody is to read of it
            if self.wiped is not None:
                wiping.forget_in_keyring(self.wiped)
