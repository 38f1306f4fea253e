"""Where sentences are shown that come and go: above the keys, or on top where somebody types just there."""

from __future__ import annotations

from collections.abc import Collection
from textwrap import wrap

from textual.geometry import Region
from textual.notifications import Notification
from textual.screen import ModalScreen, Screen
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
    """Put the sentences of a screen where they hide neither its keys nor the line that is being typed into.

    A dialog is being read: where they have no room beside it, only the newest stays that was said since it opened, or
    is a notice of the store.
    """
    height, box = screen.size.height, dialog_place(screen)
    kept = list(notifications)
    if box and not _beside(box, height, kept):
        since = getattr(screen, "opened_at", 0.0)
        kept = [one for one in kept if one.raised_at >= since or one.severity == "warning"][-1:]
        for one in notifications:
            if one not in kept:
                screen.app._unnotify(one, refresh=False)
    for rack in screen.query(ToastRack):
        shown = {rack._toast_id(one) for one in kept}
        for left in [holder for holder in rack.children if holder.id not in shown]:
            left.remove()  # Textual leaves the frames of what was cleared away, a row each
        place = _beside(box, height, kept) if box else ""
        end = height - 1
        if not place:
            end = next((line.region.y for line in screen.query(KeysLine) if line.region), height)
            place = _away_from(_typing(screen), end, height, kept)
        is_on_top = place == "top"
        typing = _typing(screen)
        styles = rack.styles
        styles.dock = "top" if is_on_top else "bottom"
        styles.align_vertical = "top" if is_on_top else "bottom"
        styles.margin = (1, 0, 0, 0) if is_on_top else (0, 0, max(0, height - end), 0)
        styles.max_height = max(1, (typing.y if is_on_top and typing.y > 1 else end) - 1)


def dialog_place(screen: Screen[object]) -> Region:
    """The place of a dialog; an empty one where the screen is none."""
    if not isinstance(screen, ModalScreen):
        return Region()
    boxes = [each.region for each in screen.children if not each.has_class("-textual-system") and each.region]
    return Region.from_union(boxes) if boxes else Region()


def _beside(box: Region, height: int, notifications: Collection[Notification]) -> str:
    """On which side of a dialog the sentences have room: `bottom`, `top`, or empty where on none."""
    rows = sum(_rows(one.message) for one in notifications)
    if box.bottom + rows <= height - 1:
        return "bottom"
    return "top" if 1 + rows <= box.y else ""


def _away_from(typing: Region, end: int, height: int, notifications: Collection[Notification]) -> str:
    """Where the sentences do not hide the line that is being typed into."""
    rows = sum(_rows(one.message) for one in notifications)
    if not typing or typing.bottom <= end - rows:
        return "bottom"
    return "top" if typing.y >= 1 + rows or typing.y > height // 2 else "bottom"


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
