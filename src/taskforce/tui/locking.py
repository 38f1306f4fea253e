"""The lock of the room: what is kept before it, what it hides, what waits behind it, and whether anybody is there."""

from __future__ import annotations

import time
from asyncio import Event
from typing import Any

from textual import events
from textual.await_complete import AwaitComplete
from textual.geometry import Size

from taskforce.keys.private_folder import last_marked, lock_marks
from taskforce.tui.desk import Desk, Work
from taskforce.tui.keys_ahead import KeysInOrder
from taskforce.tui.screens.base import RoomDialog, RoomScreen
from taskforce.tui.working import give_up_reads

_TOUCHES = events.Key | events.Paste | events.MouseDown | events.MouseScrollDown | events.MouseScrollUp

_LEAST = Size(20, 5)  # in less, widgets of Textual find no room to lay themselves out, and fail


class LockableApp(KeysInOrder):
    """An app over the store that `desk` holds open, and that can be locked."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._is_open = Event()
        self._is_open.set()
        self._touch()
        self._lock_marks = lock_marks(desk.opener.folder)
        self._marked = last_marked(self._lock_marks)

    @property
    def is_told_to_lock(self) -> bool:
        """Whether `taskforce lock` was called, for this store or for all, since this was asked last."""
        before, self._marked = self._marked, last_marked(self._lock_marks)
        return self._marked != before

    async def on_event(self, event: events.Event) -> None:
        """Note that somebody is there; draw for a terminal of the least size where it is even smaller."""
        if isinstance(event, events.Resize) and (
            event.size.width < _LEAST.width or event.size.height < _LEAST.height
        ):
            size = Size(max(event.size.width, _LEAST.width), max(event.size.height, _LEAST.height))
            event = events.Resize(size, size, size, event.pixel_size)
        if isinstance(event, _TOUCHES):
            self._touch()
        await super().on_event(event)

    @property
    def idle(self) -> float:
        """Seconds since somebody was there.

        By both clocks: the first stands still while a laptop sleeps, the second may be set.
        """
        return max(time.monotonic() - self._touched, time.time() - self._touched_at)

    def _touch(self) -> None:
        self._touched, self._touched_at = time.monotonic(), time.time()

    async def action_lock(self) -> None:
        """Close the store and hide everything until it is opened again; what is half typed is kept in it first."""
        from taskforce.tui.screens.locked import LockedScreen  # deferred: until it is locked

        if self.desk.is_locked:
            return
        self.drop_keys()  # else they would go into the line for the passphrase
        self._is_open.clear()
        self.desk.lock(self.unkept())
        self.clear_notifications()  # they would lie over the locked screen for some seconds, with what they say
        self._clipboard = ""
        await self.push_screen(LockedScreen())

    def unlocked(self, key: bytes) -> None:
        """The store is open again: what waited for that goes on."""
        self.desk.unlock(key)
        self._is_open.set()
        self._touch()

    async def until_open(self) -> None:
        """Wait until the room is not locked: what was done meanwhile is told to who is allowed to see it."""
        await self._is_open.wait()

    def push_screen(self, screen: Any, *rest: Any, **more: Any) -> Any:
        """As Textual's; but whatever was begun before a lock shows nothing over the locked screen."""
        if self._shows_lock:
            return AwaitComplete()
        return super().push_screen(screen, *rest, **more)

    def switch_mode(self, mode: str) -> Any:
        """As Textual's; but no key pressed before a lock leads past the locked screen, and nothing is read on for the
        screen that is left."""
        if self._shows_lock:
            return AwaitComplete()
        if mode != self.current_mode and self.screen_stack:
            give_up_reads(self.screen)
        return super().switch_mode(mode)

    @property
    def _shows_lock(self) -> bool:
        if not self.desk.is_locked:
            return False
        from taskforce.tui.screens.locked import LockedScreen  # deferred: until it is locked

        return any(isinstance(screen, LockedScreen) for screen in self.screen_stack)

    def unkept(self) -> list[Work]:
        """What keeps all that is half typed, on whichever screen."""
        every = [screen for stack in self._screen_stacks.values() for screen in stack]
        found = [screen.unkept() for screen in every if isinstance(screen, RoomScreen | RoomDialog)]
        return [work for several in found for work in several]
