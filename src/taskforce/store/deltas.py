"""What of a store is new to an agency and what it gets no more: for people to read, never for deciding."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from taskforce.store.connection import Connection
from taskforce.store.disclosures import Place
from taskforce.store.exchange import had_by
from taskforce.sync.holdings import contains

_KEY = "stopped "
"""In `meta`, before an agency's code: what had stopped when the last bundle to it was made."""


@dataclass(frozen=True, slots=True)
class ToldOf:
    """A part of a record of which an agency was told, the scope it is in now, and on what basis it was last told."""

    place: Place
    scope: int
    basis: str


def not_had(connection: Connection, agency: str, places: Collection[Place]) -> set[Place]:
    """Those of `places` of which the agency has, had or may have got nothing that is known here."""
    had = had_by(connection, agency)
    query = (
        "SELECT feed.name, number FROM edit JOIN feed ON feed.id = edit.feed "
        "WHERE record = ? AND kind = ? AND part = ?"
    )
    return {
        place
        for place in places
        if not had
        or not any(
            contains(had.get(feed, ()), number)
            for feed, number in connection.execute(query, (place.record, place.kind, place.part))
        )
    }


def told_in(
    connection: Connection, agency: str, scope_ids: Sequence[int], *, leave_out: Collection[str] = ()
) -> list[ToldOf]:
    """What is in these scopes and of which a bundle told the agency, on another basis than those in `leave_out`."""
    went = connection.execute(
        "SELECT 1 FROM bundle WHERE direction = 'out' AND agency = ? LIMIT 1", (agency,)
    ).fetchone()
    if went is None or not scope_ids:
        return []
    rows = connection.execute(
        "SELECT record, kind, part, scope, (SELECT words FROM disclosure JOIN bundle ON bundle.id = "
        "disclosure.bundle JOIN basis ON basis.id = disclosure.basis WHERE disclosure.record = state.record "
        "AND disclosure.kind = state.kind AND disclosure.part = state.part AND direction = 'out' AND agency = ? "
        "AND words NOT IN (SELECT value FROM json_each(?)) "
        "ORDER BY bundle.id DESC, disclosure.edits DESC LIMIT 1) AS told FROM state "
        "WHERE scope IN (SELECT value FROM json_each(?)) AND told IS NOT NULL ORDER BY record, kind, part",
        (agency, json.dumps(list(leave_out)), json.dumps(list(scope_ids))),
    )
    return [ToldOf(Place(record, kind, part), scope, words) for record, kind, part, scope, words in rows]


def stopped_at_last(connection: Connection, agency: str) -> set[Place]:
    """What had stopped when the last bundle to an agency was made."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (_KEY + agency,)).fetchone()
    return set() if row is None else {Place(*each) for each in json.loads(row[0])}


def note_stopped(connection: Connection, agency: str, places: Collection[Place]) -> None:
    """Keep what has stopped, in the transaction in which a bundle to the agency counts."""
    text = json.dumps(sorted([each.record, each.kind, each.part] for each in places))
    connection.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value "
        "WHERE value <> excluded.value",
        (_KEY + agency, text),
    )
