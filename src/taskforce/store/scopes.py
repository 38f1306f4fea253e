"""Scopes: edits whose audience is decided at once, and which numbers of each feed the store holds in them, as ranges.

A scope is a kind, a part and an anchor. Several ids in an anchor mean that what decides the audience is contested:
then only who may have it under each of them may have it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from taskforce.store.connection import Connection

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.store.parts import Part

WHOLE = 0
"""Stands for all scopes in `held`: everything the store has of a feed, mostly in one range."""

SKELETONS = -1
"""Stands in `held` for the edits of erased parts that have no values any more: held, but nothing to send."""


@dataclass(slots=True)
class Scopes:
    """Keeps the tables `scope` and `held`, inside a write transaction."""

    connection: Connection
    _known: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _added: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    def place(self, at: Part, anchor: str, feed_id: Callable[[str], int]) -> None:
        """Put what a batch brings of a part, and all of it if its anchor has changed, into the scope it belongs to.

        `settle` enters it into the table.
        """
        scope = self.id_of(at.kind, at.part, anchor)
        numbers = [(feed_id(edit.feed), edit.number) for edit in at.fresh]
        for feed, number in numbers:
            self._added.setdefault((feed, WHOLE), []).append(number)
        for edit in at.fresh:
            if edit.is_skeleton:
                self._added.setdefault((feed_id(edit.feed), SKELETONS), []).append(edit.number)
        if at.scope and at.scope != scope:
            rows = self.connection.execute(
                "SELECT feed, number FROM edit WHERE record = ? AND kind = ? AND part = ?", at.place
            ).fetchall()
            # Fresh ones too: while the log is added up anew it already has the edits of later batches, and an
            # earlier move has brought them along.
            for feed, number in rows:
                self.release(feed, at.scope, number)
            numbers = rows
        at.scope = scope
        for feed, number in numbers:
            self._added.setdefault((feed, scope), []).append(number)

    def settle(self) -> None:
        """Note in which scopes the store holds what was placed."""
        for (feed, scope), wanted in self._added.items():
            self.hold(feed, scope, sorted(wanted))
        self._added = {}

    def id_of(self, kind: str, part: str, anchor: str) -> int:
        """The number of a scope, made if it is new."""
        key = (kind, part, anchor)
        known = self._known.get(key)
        if known is None:
            query = "SELECT id FROM scope WHERE kind = ? AND part = ? AND anchor = ?"
            row = self.connection.execute(query, key).fetchone()
            if row is None:
                cursor = self.connection.execute(
                    "INSERT INTO scope (kind, part, anchor) VALUES (?, ?, ?)", key
                )
                row = (cursor.lastrowid,)
            known = self._known[key] = int(row[0])
            if len(self._known) > 10_000:
                self._known = {key: known}
        return known

    def hold(self, feed: int, scope: int, numbers: list[int]) -> None:
        """Note that the store holds `numbers` (sorted) of a feed in a scope."""
        start = 0
        for index in range(1, len(numbers) + 1):
            if index == len(numbers) or numbers[index] != numbers[index - 1] + 1:
                self._hold_range(feed, scope, numbers[start], numbers[index - 1])
                start = index

    def _hold_range(self, feed: int, scope: int, first: int, last: int) -> None:
        rows = self.connection.execute(
            "SELECT first, last FROM held WHERE feed = ? AND scope = ? AND first >= "
            "coalesce((SELECT max(first) FROM held WHERE feed = ? AND scope = ? AND first < ?), 0) AND first <= ?",
            (feed, scope, feed, scope, first, last + 1),
        ).fetchall()
        for low, high in rows:
            if high >= first - 1:
                self.connection.execute(
                    "DELETE FROM held WHERE feed = ? AND scope = ? AND first = ?", (feed, scope, low)
                )
                first, last = min(first, low), max(last, high)
        self.connection.execute("INSERT INTO held VALUES (?, ?, ?, ?)", (feed, scope, first, last))

    def release(self, feed: int, scope: int, number: int) -> None:
        """Note that a number of a feed is in a scope no more."""
        row = self.connection.execute(
            "SELECT first, last FROM held WHERE feed = ? AND scope = ? AND first <= ? ORDER BY first DESC LIMIT 1",
            (feed, scope, number),
        ).fetchone()
        if row is None or row[1] < number:
            return
        first, last = row
        self.connection.execute(
            "DELETE FROM held WHERE feed = ? AND scope = ? AND first = ?", (feed, scope, first)
        )
        for low, high in ((first, number - 1), (number + 1, last)):
            if low <= high:
                self.connection.execute("INSERT INTO held VALUES (?, ?, ?, ?)", (feed, scope, low, high))
