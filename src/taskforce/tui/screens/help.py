"""Help: what the focused widget is for, and every key that works here and now."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from taskforce.i18n import _
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomDialog
from taskforce.views import Line

_KEY_CELLS = 14


class HelpDialog(RoomDialog[None]):
    """The keys of `screen`, those of the focused widget first."""

    DEFAULT_CSS = """
    HelpDialog > VerticalScroll {
        width: 76;
        max-width: 100%;
        height: auto;
        max-height: 90%;
        padding: 1 2;
        background: $surface;
        border: round $primary;
    }
    """

    BINDINGS = [("question_mark,q,f1", "leave", "")]

    def __init__(self, screen: Screen[object]) -> None:
        super().__init__()
        self._about = screen

    def compose(self) -> ComposeResult:
        """The text, made from the bindings themselves."""
        with VerticalScroll():
            yield Static(content_of(*self._pieces()), markup=False)

    def _pieces(self) -> list[str | Line]:
        focused = self._about.focused
        help = getattr(focused, "HELP", "") if focused is not None else ""
        pieces: list[str | Line] = [Line(_("Keys that work here") + "\n", "heading")]
        if help:
            pieces.append(_(str(help)) + "\n")
        pieces.append("\n")
        seen: set[tuple[str, str]] = set()
        for active in self._about.active_bindings.values():
            binding = active.binding
            if not active.enabled or not binding.description:
                continue
            key = self.app.get_key_display(binding)
            if (binding.action, binding.description) in seen:
                continue
            seen.add((binding.action, binding.description))
            told = _(binding.description) + (f": {_(binding.tooltip)}" if binding.tooltip else "")
            pieces += [
                Line(f"  {key:<{_KEY_CELLS}}", "command"),
                told,
                Line(f"  {binding.id or ''}\n", "muted"),
            ]
        pieces += [
            "\n",
            Line(
                _("The last word of each line is its name for the setting keymap, such as go.log=f5."),
                "muted",
            ),
        ]
        return pieces
