"""A table that is read from its end: it opens at the last row, and whoever stands there goes along with new ones."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from taskforce.i18n import N_
from taskforce.tui.rows import Page
from taskforce.tui.widgets.record_table import RecordTable

_FIRST = 120
"""Rows read for the first showing, when the height is not known yet."""


class LogTable(RecordTable):
    """Rows in the order of time, the newest at the bottom. Set `words` to the filter before `show`."""

    LEAST_WIDE = 34

    HELP = N_(
        "Arrows or jk move, g and G go to the ends, enter opens the entry. At the end new entries follow."
    )

    words = ""
    _shown_words: str | None = None
    _seen = 0

    @property
    def order(self) -> array[int]:
        """The row numbers, in order."""
        return self._order

    @property
    def is_at_end(self) -> bool:
        """Whether the cursor stands on the last row."""
        return self.cursor >= self.row_count - 1

    @property
    def newer(self) -> int:
        """How many rows came since the cursor stood at the end."""
        return 0 if self.is_at_end else max(0, self.row_count - self._seen)

    def show(self, order: array[int], page: Page, *, empty: str = "") -> None:
        """Show these rows: the cursor stays with its record, or at the end."""
        follows = self._follows(order)
        is_filtered_anew = self.words != self._shown_words
        if is_filtered_anew:
            self._seen = len(order)
        self._shown_words = self.words
        super().show(order, page, empty=empty)
        if follows:
            self.action_end(-1)
        elif is_filtered_anew:
            self.scroll_to(y=self.cursor - self.size.height // 2, animate=False, force=True)
        self._note()

    def numbers_in_sight(self, order: Sequence[int] | None = None, start: int | None = None) -> list[int]:
        """The rows to read first of a new `order`: the last ones, where they will be shown."""
        if order is not None and self._follows(order):
            return list(order[-_FIRST:])
        return super().numbers_in_sight(order, start)

    def go_to_place(self, place: int) -> None:
        """Put the cursor on a row and show what comes after it."""
        self.cursor = place
        self.scroll_to(y=place, animate=False, force=True)

    def watch_cursor(self, before: int, after: int) -> None:
        """Note that the end was seen."""
        self._note()
        super().watch_cursor(before, after)

    def _follows(self, order: Sequence[int]) -> bool:
        if self._shown_words is None or self._pointed is None:
            return True
        stays = self.is_at_end and self.words == self._shown_words
        return stays or self._pointed not in order

    def _note(self) -> None:
        if self.is_at_end:
            self._seen = self.row_count
