"""What agencies said under their own keys, as it stands in the store; what it means is for others to say."""

from __future__ import annotations

from dataclasses import dataclass

from taskforce.store.connection import Connection


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement that was checked: its hash, type, who said it under which key, about what, and its canonical JSON."""

    hash: str
    type: str
    agency: str
    agency_key: str
    about: str
    made: str
    body: str


def put_statement(connection: Connection, row: StatementRow) -> bool:
    """Keep a statement; False if it is known already."""
    cursor = connection.execute(
        "INSERT OR IGNORE INTO statement (hash, type, agency, agency_key, about, made, body) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (row.hash, row.type, row.agency, row.agency_key, row.about, row.made, row.body),
    )
    return int(cursor.rowcount) > 0


def statements(
    connection: Connection, *, type: str | None = None, about: str | None = None
) -> list[StatementRow]:
    """The statements that are known, of one type and about one thing or all, by hash."""
    rows = connection.execute(
        "SELECT hash, type, agency, agency_key, about, made, body FROM statement "
        "WHERE (? IS NULL OR type = ?) AND (? IS NULL OR about = ?) ORDER BY hash",
        (type, type, about, about),
    )
    return [StatementRow(*row) for row in rows]


def is_stated(connection: Connection, statement_hash: str) -> bool:
    """Whether a statement is known."""
    query = "SELECT 1 FROM statement WHERE hash = ?"
    return connection.execute(query, (statement_hash,)).fetchone() is not None


def count_of(connection: Connection, agency: str) -> int:
    """How many statements of an agency are known."""
    query = "SELECT count(*) FROM statement WHERE agency = ?"
    return int(connection.execute(query, (agency,)).fetchone()[0])
