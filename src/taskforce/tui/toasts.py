"""Where sentences are shown that come and go: above the keys, or on top where somebody types just there."""

from __future__ import annotations

from collections.abc import Collection
from textwrap import wrap

from textual.geometry import Region
from textual.notifications import Notification
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets._toast import ToastRack

from taskforce.tui.widgets.keys_line import KeysLine

_TEXT_CELLS = 56
"""Cells of a line of a sentence, at least."""

TYPED = "typed-row"
"""The class of what has a line to type into, and says something of what is typed."""

_AROUND = 3
"""Rows that a sentence has besides its text."""


def place_toasts(screen: Screen[object], notifications: Collection[Notification]) -> None:
    """Put the sentences of a screen where they hide neither its keys nor the line that is being typed into."""
    height = screen.size.height
    end = next((line.region.y for line in screen.query(KeysLine) if line.region), height)
    rows = sum(_rows(one.message) for one in notifications)
    typing = _typing(screen)
    is_below_free = typing.bottom <= end - rows
    is_above_free = typing.y >= 1 + rows
    is_on_top = bool(typing) and not is_below_free and (is_above_free or typing.y > height // 2)
    for rack in screen.query(ToastRack):
        shown = {rack._toast_id(one) for one in notifications}
        for left in [holder for holder in rack.children if holder.id not in shown]:
            left.remove()  # Textual leaves the frames of what was cleared away, a row each
        styles = rack.styles
        styles.dock = "top" if is_on_top else "bottom"
        styles.align_vertical = "top" if is_on_top else "bottom"
        styles.margin = (1, 0, 0, 0) if is_on_top else (0, 0, max(0, height - end), 0)
        styles.max_height = max(1, (typing.y if is_on_top and typing.y > 1 else end) - 1)


def _rows(message: str) -> int:
    return _AROUND + sum(max(1, len(wrap(line, _TEXT_CELLS))) for line in message.splitlines())


def _typing(screen: Screen[object]) -> Region:
    """The place of the line that is being typed into, with what is said of it; an empty one where there is none."""
    focused = screen.focused
    if focused is None or not focused.check_consume_key("a", "a"):
        return Region()
    rows = [
        each for each in focused.ancestors_with_self if isinstance(each, Widget) and each.has_class(TYPED)
    ]
    return (rows or [focused])[0].region
