"""Begins what takes a while beside the screen: a newer piece of the same work takes the place of an older one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.worker import WorkType


def begin(node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
    """Run `work` for a widget or screen; whatever of this `group` is still under way for it is given up.

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
    node.run_worker(handed, group=group, exclusive=True)
