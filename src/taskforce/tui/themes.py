"""How the room looks: dark, light, safe for the colour-blind, or the terminal's own colours.

Colour never carries a meaning alone: every state has a glyph and a word.
"""

from __future__ import annotations

from textual.theme import Theme

# Okabe and Ito's palette (2008): told apart under every common kind of colour-blindness.
_BLUE, _SKY, _ORANGE, _VERMILLION, _GREEN, _YELLOW = (
    "#0072B2",
    "#56B4E9",
    "#E69F00",
    "#D55E00",
    "#009E73",
    "#F0E442",
)

THEMES = (
    Theme(
        name="dark",
        primary="#7AA2D6",
        secondary="#5B7290",
        accent="#D7A0E0",
        warning="#E5B567",
        error="#F0686F",
        success="#7FC77F",
        foreground="#D8DCE2",
        background="#12161C",
        surface="#171C24",
        panel="#1E2530",
        dark=True,
    ),
    Theme(
        name="light",
        primary="#1F4E86",
        secondary="#5B7290",
        accent="#7A2D8C",
        warning="#8A5A00",
        error="#B3202A",
        success="#1E6E2E",
        foreground="#1B1F24",
        background="#FAFAF7",
        surface="#F2F2EE",
        panel="#E6E7E2",
        dark=False,
    ),
    Theme(
        name="colour-blind",
        primary=_SKY,
        secondary=_BLUE,
        accent=_YELLOW,
        warning=_ORANGE,
        error=_VERMILLION,
        success=_GREEN,
        foreground="#E6E6E6",
        background="#101418",
        surface="#161B21",
        panel="#1E252D",
        dark=True,
    ),
)
"""How our own of `settings.THEMES` look; `ansi-dark` and `ansi-light` are Textual's: the colours of the terminal."""
