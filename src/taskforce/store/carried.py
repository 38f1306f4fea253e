"""What a bundle carries and what it leaves behind, record by record: for people to read, never for deciding."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from taskforce.store.connection import Connection
from taskforce.sync.holdings import Holdings


@dataclass(slots=True)
class Carried:
    """Edits of one kind and part: how many, the records they are of, and the scopes those are in."""

    edits: int
    records: set[str]
    scopes: set[int]


def carried_by(connection: Connection, wanted: Holdings) -> dict[tuple[str, str], Carried]:
    """The edits in `wanted` by kind and part, in that order."""
    found: dict[tuple[str, str], Carried] = {}
    for feed, ranges in wanted.items():
        for first, last in ranges:
            rows = connection.execute(
                "SELECT edit.kind, edit.part, edit.record, (SELECT scope FROM state WHERE state.record = edit.record "
                "AND state.kind = edit.kind AND state.part = edit.part), count(*) FROM feed JOIN edit "
                "ON edit.feed = feed.id WHERE feed.name = ? AND number BETWEEN ? AND ? GROUP BY 1, 2, 3",
                (feed, first, last),
            )
            for kind, part, record, scope, count in rows:
                one = found.setdefault((kind, part), Carried(0, set(), set()))
                one.edits += count
                one.records.add(record)
                one.scopes.add(scope)
    return dict(sorted(found.items()))


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
