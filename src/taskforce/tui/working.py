"""Begins what takes a while beside the screen: a newer piece of the same work takes the place of an older one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial, wraps
from typing import Any, cast

from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.worker import WorkType

from taskforce.i18n import _

_HURRY = 0.15
"""Seconds that keys wait for an action, so that what is typed ahead comes after it."""

_PATIENCE = 1.0
"""Seconds after which it is said that an action is still under way."""


def begin(
    node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], group: str, *, exclusive: bool = True
) -> None:
    """Run `work` for a widget or screen; whatever of this `group` is still under way for it is given up, or goes on.

    The function is handed over, not the coroutine: one that is given up before it began would never be awaited. What
    was read for a screen that is being left finds its widgets gone, and that is no fault.
    """

    async def run() -> None:
        try:
            await work()
        except NoMatches:
            if node.is_attached and not getattr(node, "_pruning", False):
                raise

    handed: WorkType[None] = run
    node.run_worker(handed, group=group, exclusive=exclusive)


READS = ("load", "rows", "record", "chart", "waits")
"""The groups of work that only reads for a screen, and that the screen begins anew when it is shown again."""


def give_up_reads(screen: DOMNode) -> None:
    """End what is being read for a screen that is left for another one."""
    for worker in tuple(screen.app.workers):
        if worker.group in READS and screen in worker.node.ancestors_with_self:
            worker.cancel()


def unhurried(action: Callable[..., Awaitable[None]]) -> Callable[..., Coroutine[Any, Any, None]]:
    """An action of a screen that acts on the store: one at a time, and none once the screen was left.

    A key pressed twice saves once. Textual hands out keys one after the other and waits for what each of them does; an
    action may have to wait half a minute for another program that writes. So it goes on by itself after a moment, and
    the keys, the clock and the lock are free again.
    """

    @wraps(action)
    async def run(self: Any, *arguments: Any) -> None:
        begun = getattr(self, "at_work_since", None)
        if begun is not None or getattr(self, "is_left", False):
            if begun is not None and time.monotonic() - begun > _HURRY:
                _tell_waiting(self)
            return
        self.at_work_since = time.monotonic()
        done = asyncio.Event()

        async def work() -> None:
            waiting = self.set_timer(_PATIENCE, partial(_tell_waiting, self))
            try:
                await action(self, *arguments)
            finally:
                self.at_work_since = None
                waiting.stop()
                done.set()

        begin(cast(DOMNode, self), work, "action", exclusive=False)
        with suppress(TimeoutError):  # then it goes on by itself
            await asyncio.wait_for(done.wait(), _HURRY)

    return run


def _tell_waiting(node: Any) -> None:
    node.app.say(_("still waiting for the store: something else is being written"))
