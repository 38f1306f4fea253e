"""Keys one after the other: what is typed while a screen changes waits for it, and goes to the screen that comes.

Textual hands a key to the widget that has the focus when the key arrives. What a key does is done several messages
later, when it has come up from that widget to the app. So keys that come in between would go to a screen that is being
left, and be lost or land in the wrong line. Here a key that is no text is finished before the next one is handed on:
what it began in the widgets has been done, and a screen that it opened has been read and drawn.

A key that was pressed before its screen was to be seen may move, type, open and leave; what changes the store asks
`is_ahead` and refuses.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from textual import events
from textual.app import App, ScreenStackError
from textual.dom import DOMNode
from textual.message import Message
from textual.screen import Screen

LONGEST = 2.0
"""Seconds that keys wait for the one before them; what takes longer, such as another program's writing, goes on."""

_LOOK = 0.01
"""Seconds between two looks whether a screen is ready, or a widget that a key went to is gone."""

_ROUNDS = 2
"""Messages that a key causes one by the other, such as: a row is opened, the record over it."""


class Passed(Message):
    """Follows a key on its way from the widget that it went to, up to the app."""

    def __init__(self) -> None:
        super().__init__()
        self.has_arrived = asyncio.Event()


@dataclass(frozen=True, slots=True)
class _Press:
    """A key, or a text that was pasted, and the screens that were shown when that was done."""

    event: events.Key | events.Paste
    seen: Sequence[Screen[Any]]


class KeysInOrder(App[None]):
    """An app in which no key overtakes what the one before it does."""

    is_ahead = False
    """Whether the key under way was pressed before the screen that it has come to was shown."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[_Press] = deque()
        self._under_way: asyncio.Task[None] | None = None
        self._seen: Sequence[Screen[Any]] = ()

    def on_mount(self) -> None:
        """Keys that come before the first screen is there wait for it, too."""
        self._under_way = asyncio.create_task(self._finish(None, None))

    @property
    def has_keys_waiting(self) -> bool:
        """Whether a key is under way, or one waits for its turn."""
        return self._under_way is not None or bool(self._waiting)

    def drop_keys(self) -> None:
        """Forget what was typed ahead."""
        self._waiting.clear()

    async def on_event(self, event: events.Event) -> None:
        """Hand a key on, or let it wait for the one under way."""
        if not isinstance(event, events.Key | events.Paste):
            await super().on_event(event)
        elif not self._stack:
            return  # the room is being left
        elif event.is_forwarded:
            await super().on_event(event)
        elif not self.has_keys_waiting:
            await self._hand_on(_Press(event, self._stack))
        elif self._is_urgent(event):
            self.drop_keys()
            await super().on_event(event)
        else:
            self._waiting.append(_Press(event, self._seen))

    @property
    def _stack(self) -> Sequence[Screen[Any]]:
        return tuple(self._screen_stacks.get(self._current_mode, ()))

    def _is_urgent(self, event: events.Key | events.Paste) -> bool:
        """Whether it locks the room: that waits for nothing, whatever was typed before."""
        if not isinstance(event, events.Key) or not self._stack:
            return False
        found = [
            keys.key_to_bindings.get(event.key, ())
            for node, keys in self.screen._binding_chain
            if node is self
        ]
        return any(binding.priority and binding.action == "lock" for each in found for binding in each)

    async def _hand_on(self, press: _Press) -> None:
        event, screen = press.event, self.screen
        focused = self.focused
        self.is_ahead = screen not in press.seen
        await super().on_event(event)
        is_text = isinstance(event, events.Paste) or (
            focused is not None and focused.check_consume_key(event.key, event.character)
        )
        if not is_text:
            self._seen = self._stack
            self._under_way = asyncio.create_task(self._finish(focused or screen, screen))

    async def _hand_on_next(self) -> None:
        while self._waiting and self._under_way is None:
            await self._hand_on(self._waiting.popleft())

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """As Textual's; what is painted once it has been read is seen from then on."""
        super()._display(screen, renderable)
        if (
            self._under_way is not None
            and screen not in self._seen
            and screen is self.screen
            and is_ready(screen)
        ):
            self._seen = self._stack

    # ── until a key is finished ──

    async def _finish(self, target: DOMNode | None, screen: Screen[Any] | None) -> None:
        """Wait until what a key began is done, and let the next one come."""
        with suppress(TimeoutError, ScreenStackError):  # it goes on by itself, or the app has ended
            async with asyncio.timeout(LONGEST):
                for _round in range(_ROUNDS if target is not None else 0):
                    await self._until_handled(target)
                while screen is not self.screen:
                    screen = self.screen
                    await self._until_shown(screen)
                    self._seen = self._stack
        self._under_way = None
        self.is_ahead = False
        self.call_later(self._hand_on_next)

    async def _until_handled(self, target: DOMNode | None) -> None:
        """Wait until a widget, and all above it, have done what they have been told so far."""
        mark = Passed()
        if target is None or not target.post_message(mark):
            return
        while not mark.has_arrived.is_set() and target.is_attached:
            with suppress(TimeoutError):
                await asyncio.wait_for(mark.has_arrived.wait(), _LOOK)

    def on_passed(self, event: Passed) -> None:
        """The key before this has been dealt with by everything below."""
        event.has_arrived.set()

    async def _until_shown(self, screen: Screen[Any]) -> None:
        """Wait until a screen is mounted, has read what it shows first, and is drawn; or another one is shown."""
        await self._until_handled(screen)
        while screen is self.screen and not is_ready(screen):
            await asyncio.sleep(_LOOK)
        is_drawn = asyncio.Event()
        screen.call_after_refresh(is_drawn.set)
        while screen is self.screen and not is_drawn.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(is_drawn.wait(), _LOOK)


def is_ready(screen: Screen[Any]) -> bool:
    """Whether a screen has read what it shows first; Textual's own have nothing to read."""
    return bool(getattr(screen, "is_ready", True))
