"""A QR code in text: half blocks, two rows of modules to a line, or plain ASCII where a terminal cannot show those.

ISO/IEC 18004 asks for a quiet zone of four modules; phones read two, which lets the code fit a terminal of 80 × 24.
"""

from __future__ import annotations

_QUIET = 2
"""Modules of quiet zone on each side."""

_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def qr_lines(text: str, *, ascii_only: bool = False) -> list[str]:
    """The lines of a QR code of ``text``, of one width; what is drawn is dark, to be shown on a light ground."""
    import segno  # deferred: only who compares keys needs it

    code = segno.make_qr(text, error="m")
    rows = [[bool(dark) for dark in row] for row in code.matrix_iter(border=_QUIET)]
    if ascii_only:
        return ["".join("##" if dark else "  " for dark in row) for row in rows]
    below = [*rows[1:], [False] * len(rows)]
    return ["".join(map(_half, rows[at], below[at])) for at in range(0, len(rows), 2)]


def _half(upper: bool, lower: bool) -> str:
    return _HALVES[upper, lower]
