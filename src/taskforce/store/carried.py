"""What a bundle carries and what it leaves behind, record by record: for people to read, never for deciding."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from taskforce.store.connection import Connection
from taskforce.sync.holdings import Holdings


@dataclass(frozen=True, slots=True)
class Piece:
    """What a bundle carries of one part of a record: how many edits, and on what basis, in words."""

    kind: str
    part: str
    record: str
    basis: str
    edits: int


def pieces_in(
    connection: Connection, wanted: Holdings, basis_of: Callable[[int | None], str]
) -> Iterator[Piece]:
    """The edits in `wanted` by record and part; `basis_of` gives the basis for a scope.

    A record and part may come more than once, if its edits stand in several places.
    """
    for feed, ranges in wanted.items():
        for first, last in ranges:
            rows = connection.execute(
                "SELECT edit.kind, edit.part, edit.record, (SELECT scope FROM state WHERE state.record = edit.record "
                "AND state.kind = edit.kind AND state.part = edit.part), count(*) FROM feed JOIN edit "
                "ON edit.feed = feed.id WHERE feed.name = ? AND number BETWEEN ? AND ? GROUP BY 1, 2, 3",
                (feed, first, last),
            )
            for kind, part, record, scope, count in rows:
                yield Piece(kind, part, record, basis_of(scope), count)


def count_records_in(connection: Connection, scope_ids: Sequence[int]) -> int:
    """How many records are in these scopes, of one kind and part."""
    row = connection.execute(
        "SELECT count(*) FROM state WHERE scope IN (SELECT value FROM json_each(?))",
        (json.dumps(list(scope_ids)),),
    ).fetchone()
    return int(row[0])


def some_records_in(connection: Connection, scope_ids: Sequence[int], limit: int) -> list[str]:
    """Ids of records in these scopes, at most `limit`."""
    rows = connection.execute(
        "SELECT record FROM state WHERE scope IN (SELECT value FROM json_each(?)) ORDER BY record LIMIT ?",
        (json.dumps(list(scope_ids)), limit),
    )
    return [str(record) for (record,) in rows]
