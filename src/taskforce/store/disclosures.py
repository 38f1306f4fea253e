"""What was told to which agency and on what basis, and who looked at the most private parts here.

None of it is an edit: it stands in no log and in no bundle, and building the tables anew leaves it alone. So does
erasing a part, since there are no values in it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from taskforce.store.carried import Piece
from taskforce.store.connection import Connection, transaction

_MIGRATION = "m005_disclosures"

AUDIT = "audit"
"""The direction, in the table of bundles, of what was handed over as evidence: no bundle, and numbered by itself."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What one bundle told an agency of one part of a record: how many edits, on what basis, and who exported it."""

    record: str
    kind: str
    part: str
    agency: str
    bundle: str
    number: int
    at: str
    basis: str
    by: str
    edits: int


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """Bundles to an agency that went before disclosures were recorded: their numbers, and when the last one went."""

    agency: str
    numbers: tuple[int, ...]
    last_at: str


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a record."""

    record: str
    kind: str
    part: str


@dataclass(frozen=True, slots=True)
class Reading:
    """That an officer of this store was shown a part of a record: when, by what way, and the reason that they gave."""

    place: Place
    at: str
    by: str
    way: str
    reason: str


def recorded_since(connection: Connection) -> datetime:
    """Since when this store records disclosures and reads."""
    row = connection.execute(
        "SELECT applied_at FROM _sqlite_migrations WHERE name = ?", (_MIGRATION,)
    ).fetchone()
    return datetime.fromisoformat(row[0])


# ── what bundles told ──


def add_disclosures(connection: Connection, bundle: int, pieces: Iterable[Piece]) -> None:
    """Record what a bundle (its row number) tells; in the transaction in which it counts."""
    known: dict[str, int] = {}

    def rows() -> Iterator[tuple[str, str, str, int, int, int]]:
        for one in pieces:
            if one.basis not in known:
                known[one.basis] = _basis(connection, one.basis)
            yield one.record, one.kind, one.part, bundle, known[one.basis], one.edits

    connection.executemany("INSERT INTO disclosure VALUES (?, ?, ?, ?, ?, ?)", sorted(rows()))


def _basis(connection: Connection, words: str) -> int:
    connection.execute("INSERT INTO basis (words) VALUES (?) ON CONFLICT DO NOTHING", (words,))
    return int(connection.execute("SELECT id FROM basis WHERE words = ?", (words,)).fetchone()[0])


def list_disclosures(
    connection: Connection,
    *,
    records: Collection[tuple[str, str]] | None = None,
    agency: str = "",
    since: str = "",
    limit: int | None = None,
    audits: bool = False,
) -> list[Disclosure]:
    """What was told, latest first: of some `records` (id and kind) or of all, to one agency or to all.

    `audits` adds what was handed over as evidence, to whom nobody would send a recall.
    """
    rows = connection.execute(
        _TOLD if records is None else _TOLD_OF,
        {
            "records": _pairs(records or ()),
            "agency": agency,
            "since": since,
            "limit": -1 if limit is None else limit,
            "audits": AUDIT if audits else "",
        },
    )
    return [Disclosure(*row) for row in rows]


def next_audit_number(connection: Connection, to: str) -> int:
    """The number that the next evidence for somebody bears."""
    row = connection.execute(
        "SELECT coalesce(max(number), 0) FROM bundle WHERE direction = ? AND agency = ?", (AUDIT, to)
    ).fetchone()
    return int(row[0]) + 1


def unrecorded(connection: Connection, *, agency: str = "", since: str = "") -> list[Unrecorded]:
    """The bundles of which nobody recorded what they told, by agency."""
    rows = connection.execute(
        "SELECT agency, json_group_array(number), max(at) FROM bundle "
        "WHERE direction = 'out' AND by = '' AND (? = '' OR agency = ?) AND at >= ? GROUP BY agency ORDER BY agency",
        (agency, agency, since),
    )
    return [Unrecorded(code, tuple(sorted(set(json.loads(numbers)))), at) for code, numbers, at in rows]


def agencies_told(connection: Connection) -> list[str]:
    """The agencies that bundles went to, and whom evidence was handed to."""
    rows = connection.execute(
        "SELECT DISTINCT agency FROM bundle WHERE direction IN ('out', ?) ORDER BY agency", (AUDIT,)
    )
    return [str(code) for (code,) in rows]


def gaps(connection: Connection) -> list[tuple[str, int, int, int]]:
    """The bundles that carried other than is recorded: agency, number, edits carried, edits recorded."""
    rows = connection.execute(
        "SELECT agency, number, edits, (SELECT coalesce(sum(d.edits), 0) FROM disclosure AS d "
        "WHERE d.bundle = bundle.id) AS told FROM bundle WHERE direction IN ('out', ?) AND by <> '' "
        "AND edits <> told ORDER BY id",
        (AUDIT,),
    )
    return [(str(agency), int(number), int(edits), int(told)) for agency, number, edits, told in rows]


# ── what was looked at ──


def unread_since(
    connection: Connection, places: Iterable[Place], *, by: str, since: str, reason: str
) -> list[Place]:
    """Those of `places` that the officer `by` was not shown since then; with a `reason`, not for that reason."""
    recent = json.dumps(
        [
            row[0]
            for row in connection.execute(
                "SELECT id FROM reading WHERE at >= ? AND by = ? AND (? = '' OR reason = ?)",
                (since, by, reason, reason),
            )
        ]
    )
    if recent == "[]":
        return list(places)
    query = (
        "SELECT 1 FROM was_read WHERE record = ? AND kind = ? AND part = ? "
        "AND reading IN (SELECT value FROM json_each(?))"
    )
    return [
        one
        for one in places
        if connection.execute(query, (one.record, one.kind, one.part, recent)).fetchone() is None
    ]


def add_reading(
    connection: Connection, places: Collection[Place], *, at: str, by: str, way: str, reason: str
) -> None:
    """Record that these places were shown, in a short transaction of its own.

    It gives out no number, so it need not look whether the store is a copy: looking at one begins no epoch.
    """
    with transaction(connection):
        cursor = connection.execute(
            "INSERT INTO reading (at, by, way, reason) VALUES (?, ?, ?, ?)", (at, by, way, reason)
        )
        connection.executemany(
            "INSERT INTO was_read VALUES (?, ?, ?, ?)",
            sorted((one.record, one.kind, one.part, cursor.lastrowid) for one in places),
        )


def list_readings(
    connection: Connection,
    *,
    records: Collection[tuple[str, str]] | None = None,
    since: str = "",
    limit: int | None = None,
) -> list[Reading]:
    """What was shown, latest first: of some `records` (id and kind) or of all."""
    rows = connection.execute(
        _SHOWN if records is None else _SHOWN_OF,
        {"records": _pairs(records or ()), "since": since, "limit": -1 if limit is None else limit},
    )
    return [Reading(Place(record, kind, part), *rest) for record, kind, part, *rest in rows]


def count_readings(connection: Connection) -> int:
    """How many parts of records were shown, each time counted."""
    return int(connection.execute("SELECT count(*) FROM was_read").fetchone()[0])


def _pairs(records: Collection[tuple[str, str]]) -> str:
    return json.dumps([list(one) for one in records])


_TOLD = """
    SELECT record, told.kind, part, agency, name, number, at, words, by, told.edits FROM disclosure AS told
    JOIN bundle ON bundle.id = told.bundle JOIN basis ON basis.id = told.basis
    WHERE direction IN ('out', :audits) AND (:agency = '' OR agency = :agency) AND at >= :since
    ORDER BY bundle.id DESC, kind, record, part, words LIMIT :limit"""

_TOLD_OF = """
    SELECT record, told.kind, part, agency, name, number, at, words, by, told.edits FROM json_each(:records) AS wanted
    JOIN disclosure AS told
    ON told.record = json_extract(wanted.value, '$[0]') AND told.kind = json_extract(wanted.value, '$[1]')
    JOIN bundle ON bundle.id = told.bundle JOIN basis ON basis.id = told.basis
    WHERE direction IN ('out', :audits) AND (:agency = '' OR agency = :agency) AND at >= :since
    ORDER BY bundle.id DESC, told.kind, record, part, words LIMIT :limit"""

_SHOWN = """
    SELECT record, kind, part, at, by, way, reason FROM was_read JOIN reading ON reading.id = was_read.reading
    WHERE at >= :since ORDER BY reading.id DESC, kind, record, part LIMIT :limit"""

_SHOWN_OF = """
    SELECT record, kind, part, at, by, way, reason FROM json_each(:records) AS wanted
    JOIN was_read
    ON record = json_extract(wanted.value, '$[0]') AND kind = json_extract(wanted.value, '$[1]')
    JOIN reading ON reading.id = was_read.reading
    WHERE at >= :since ORDER BY reading.id DESC, kind, record, part LIMIT :limit"""
