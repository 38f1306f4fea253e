"""Help: what the focused widget is for, and every key that works here and now."""

from __future__ import annotations

from textwrap import wrap

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from taskforce.i18n import N_, _
from taskforce.text import cells
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomDialog
from taskforce.tui.widgets.keys_line import key_shown
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

    BINDINGS = [
        Binding(
            "question_mark,q,f1",
            "leave",
            N_("Leave"),
            id="help.leave",
            tooltip=N_("Back to the screen, where these keys work"),
            show=False,
        )
    ]

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
            if not active.enabled or not binding.description or not binding.id:
                continue  # what has no id is Textual's own
            key = key_shown(binding, self._about)
            if (binding.action, binding.description) in seen:
                continue
            seen.add((binding.action, binding.description))
            told = _(binding.description) + (f": {_(binding.tooltip)}" if binding.tooltip else "")
            pieces += self._line(key, told, binding.id)
        pieces += self._line("tab", _("The next place that takes keys; shift+tab: the one before"), "")
        pieces += [
            "\n",
            Line(
                _("The last word of each line is its name for the setting keymap, such as go.log=f5."),
                "muted",
            ),
        ]
        return pieces

    def _line(self, key: str, told: str, name: str) -> list[str | Line]:
        """A key, what it does, its name; what does not fit goes on below what it does."""
        width = max(10, min(76, self.app.size.width) - 10 - _KEY_CELLS)
        lines = wrap(told, width)
        room = width - cells(lines[-1]) - 2
        below = "\n" + " " * (_KEY_CELLS + 2)
        named = f"  {name}\n" if cells(name) <= room else f"{below}{name}\n"
        return [Line(f"  {key:<{_KEY_CELLS}}", "command"), below.join(lines), Line(named, "muted")]
