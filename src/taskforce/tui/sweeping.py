"""Python's search for garbage in cycles, at moments when nobody waits for a key to be painted.

Textual leaves thousands of small cycles a second while one scrolls. Left to itself, Python stops for up to a tenth of a
second to look through all there is, in the middle of a key. Here what stays until the end is set aside once, what is
new is looked through often and in small pieces, and the whole while the keyboard rests.
"""

from __future__ import annotations

import gc
from time import monotonic

_YOUNG, _ROUNDS, _NEVER = 5_000, 5, 1_000_000_000
_RESTS = 1.0
_SELDOM = 60.0
_LONGEST = 600.0


class Sweeper:
    """Looks for garbage when it disturbs least, from `begin` until `end`."""

    def __init__(self) -> None:
        self._before: tuple[int, int, int] | None = None
        self._swept = 0.0

    def begin(self) -> None:
        """Set aside all there is; from now on Python looks by itself through what is new only."""
        self._before = gc.get_threshold()
        gc.freeze()
        gc.set_threshold(_YOUNG, _ROUNDS, _NEVER)
        self._swept = monotonic()

    def sweep(self, idle: float) -> bool:
        """Look through all that was made since the beginning, and say whether that was done.

        Args:
            idle: seconds since a key was pressed. It waits for a second of rest, but no longer than ten minutes.

        """
        since = monotonic() - self._swept
        if self._before is None or since < _SELDOM or (idle < _RESTS and since < _LONGEST):
            return False
        gc.collect()
        self._swept = monotonic()
        return True

    def end(self) -> None:
        """Leave it to Python again."""
        if self._before is not None:
            gc.set_threshold(*self._before)
            gc.unfreeze()
            self._before = None
