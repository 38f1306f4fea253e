"""Jump mode: a letter at everything that can be gone to; the letter goes there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual import events
from textual.app import ComposeResult
from textual.geometry import Offset
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from taskforce.tui.widgets.record_table import RecordTable

_LETTERS = "asdfghjklqwertyuiopzxcvbnm"

Target = tuple[Offset, Callable[[], object]]


class JumpScreen(ModalScreen[None]):
    """Lies over `screen` with its letters. Any other key leaves."""

    DEFAULT_CSS = """
    JumpScreen { background: transparent; }
    JumpScreen Static {
        position: absolute;
        width: auto;
        height: 1;
        background: $warning;
        color: $background;
        text-style: bold;
    }
    """

    def __init__(self, screen: Screen[object]) -> None:
        super().__init__()
        self._targets = labelled(targets_of(screen))
        self._typed = ""

    def compose(self) -> ComposeResult:
        """The letters."""
        for name, (offset, _go) in self._targets.items():
            label = Static(name, markup=False)
            label.styles.offset = (offset.x, offset.y)
            yield label

    def on_key(self, event: events.Key) -> None:
        """Go where the letters lead, once they are unmistakable."""
        event.stop()
        event.prevent_default()
        self._typed += event.character or "?"
        if self._typed in self._targets:
            _offset, go = self._targets[self._typed]
            self.dismiss(None)
            self.app.call_later(go)
        elif not any(name.startswith(self._typed) for name in self._targets):
            self.dismiss(None)

    def on_click(self) -> None:
        """Leave."""
        self.dismiss(None)


def targets_of(screen: Screen[object]) -> list[Target]:
    """Every widget of a screen that takes keys, and every row in sight of the tables; top to bottom."""
    targets: list[Target] = []
    visible = screen.region
    for widget in screen.focus_chain:
        region = widget.region
        if not visible.contains_point(region.offset):
            continue
        if isinstance(widget, RecordTable):
            for row in range(widget.rows_in_sight):
                targets.append((Offset(region.x, region.y + row + 1), partial(widget.jump_to_row, row)))
        else:
            targets.append((region.offset, widget.focus))
    return sorted(targets, key=lambda target: (target[0].y, target[0].x))


def labelled(targets: list[Target]) -> dict[str, Target]:
    """One letter for each, or two for each where there are more than letters."""
    if len(targets) <= len(_LETTERS):
        return dict(zip(_LETTERS, targets, strict=False))
    names = (first + second for first in _LETTERS for second in _LETTERS)
    return dict(zip(names, targets, strict=False))
