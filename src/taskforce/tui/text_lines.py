"""Lines laid out for a box: what does not fit goes on below, indented under its own beginning."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from textual.content import Content

from taskforce.text import safe
from taskforce.tui.safety import content_of
from taskforce.views import Line


def laid_out(lines: Sequence[Line | str], width: int, *, indent: int = 4) -> Content:
    """The lines for a box of `width` cells; what goes on below is `indent` cells further in than its line."""
    pieces: list[str | Line] = []
    for line in lines:
        text, style = (line.text, line.style) if isinstance(line, Line) else (line, "")
        text = safe(text)
        before = len(text) - len(text.lstrip(" "))
        wrapped = textwrap.wrap(
            text,
            max(20, width),
            subsequent_indent=" " * (before + indent),
            drop_whitespace=True,
            break_on_hyphens=False,
        )
        pieces.append(Line("\n".join(wrapped) + "\n", style))
    return content_of(*pieces).rstrip()
