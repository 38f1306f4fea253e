"""The room's style sheet: Textual's, which reads all of it anew, twice, whenever a screen is shown for the first time.

What a piece of CSS says depends on the colours alone, so each piece is read once for each set of them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from textual.cache import LRUCache
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

_MOST = 1024
"""Pieces of CSS; every class of widgets has one. Textual keeps 64, of which none is left when it begins again."""


@cache
def _read_with(_variables: frozenset[tuple[str, str]]) -> LRUCache[tuple[Any, ...], list[RuleSet]]:
    """What was read with these colours."""
    return LRUCache(_MOST)


class KeptStylesheet(Stylesheet):
    """A style sheet that is not read again as long as its colours are the same."""

    def __init__(self, *, variables: dict[str, str]) -> None:
        super().__init__(variables=variables)
        self._parse_cache = _read_with(frozenset(variables.items()))

    def set_variables(self, variables: dict[str, str]) -> None:
        """Other colours, if they are others."""
        if variables != self._variables:
            self._parse_cache = LRUCache(1)  # Textual's own empties the one that it finds
            super().set_variables(variables)
            self._parse_cache = _read_with(frozenset(variables.items()))

    def reparse(self) -> None:
        """Put the rules together again, without reading what was read before."""
        self.parse()
