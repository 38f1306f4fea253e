"""The last door before the terminal: whatever a widget drew, only visible text leaves."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.content import Content
from textual.filter import LineFilter

from taskforce.text import cells, safe, shorten
from taskforce.views import Line


class VisibleOnly(LineFilter):
    """Escapes what could move the cursor, write to the clipboard or hide itself, in the same number of cells.

    Widgets are given safe text to begin with (`content_of`). This holds even where one is not: typed text in an input,
    a name in a title, a widget that somebody adds later.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments with nothing but visible characters (`taskforce.text.safe`)."""
        return [
            segment if segment.control or segment.text.isprintable() else _visible(segment)
            for segment in segments
        ]


def _visible(segment: Segment) -> Segment:
    text = safe(segment.text)
    if text == segment.text:
        return segment
    width = segment.cell_length
    text = shorten(text, width)
    return Segment(text + " " * (width - cells(text)), segment.style)


def content_of(*pieces: str | Line, keep_newlines: bool = True) -> Content:
    """Text for a widget, never parsed as markup; a `Line` brings the word that says how it looks."""
    return Content("").join(
        Content.styled(safe(piece.text, keep_newlines=keep_newlines), STYLE_OF.get(piece.style, ""))
        if isinstance(piece, Line)
        else Content(safe(piece, keep_newlines=keep_newlines))
        for piece in pieces
    )


STYLE_OF = {
    "late": "bold $text-error",
    "conflict": "bold $text-accent",
    "ok": "$text-success",
    "muted": "$foreground-muted",
    "heading": "bold",
    "command": "$text-primary",
}
"""Theme styles for the style words of `taskforce.views`. The text itself says it too: a glyph or a word."""
