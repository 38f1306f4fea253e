"""How a word for a look is drawn by the widgets that draw their own lines, cell by cell."""

from __future__ import annotations

from rich.style import Style
from textual.theme import Theme


def drawn_style(theme: Theme, word: str) -> Style:
    """The style of a word of `taskforce.views`, in the colours of a theme; the text itself says it too."""
    colours = {"late": theme.error, "conflict": theme.accent, "ok": theme.success}
    colour = colours.get(word)
    if colour is None:
        return Style(dim=word == "muted", bold=word == "heading")
    return Style(color=colour.removeprefix("ansi_") if colour.startswith("ansi_") else colour, bold=True)
