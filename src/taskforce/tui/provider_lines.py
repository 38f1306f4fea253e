"""Providers in lines: which fit, what to know of them, why not the others."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from taskforce.actions import matching
from taskforce.actions.matching import Match
from taskforce.actions.references import label_of
from taskforce.i18n import _, ngettext
from taskforce.text import cells, safe, shorten
from taskforce.tui.safety import content_of
from taskforce.views import Line

_CODE_CELLS = 12


def fitting_or_not(matches: Sequence[Match]) -> str:
    """How many providers fit, and how many do not."""
    told = matching.fitting(matches)
    others = sum(not each.fits for each in matches)
    if others:
        told += " · " + ngettext("%(count)d does not", "%(count)d do not", others) % {"count": others}
    return told


def no_provider() -> str:
    """What is said where no provider is known, and what to do."""
    return _("no provider is known; an agency becomes one by its services")


def provider_line(match: Match, width: int, *, marked: bool = False) -> Content:
    """A provider in one line of `width` cells: what to know of one that fits, why not of another."""
    code = shorten(safe(label_of(match.agency)), _CODE_CELLS)
    told = match.notes if match.fits else match.reasons
    name = [safe(match.agency.text("name"))] if match.fits and match.agency.text("name") else []
    first = 2 if match.abroad else 1  # a border, then places: what decides comes before what is nice to know
    ordered = [*reversed(told[-first:]), *name, *told[:-first]] if match.fits else told
    text = shorten(" · ".join(ordered), width - 18)
    return content_of(
        "› " if marked else "  ",
        Line("● " if match.fits else "× ", "ok" if match.fits else "muted"),
        Line(code + " " * (_CODE_CELLS - cells(code) + 1), "command" if match.fits else "muted"),
        text if match.fits else Line(text, "muted"),
        keep_newlines=False,
    )


def whole_provider(match: Match) -> list[str | Line]:
    """All that is to be said of the marked provider."""
    sign = Line("● " + _("fits"), "ok") if match.fits else Line("× " + _("does not fit"), "late")
    return [sign, ": " + " · ".join((*match.reasons, *match.notes))]
