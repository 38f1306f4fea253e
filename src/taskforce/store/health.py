"""Whether the tables are what the log adds up to: they are built anew beside it, compared, and thrown away."""

from __future__ import annotations

from hashlib import sha256

from taskforce.records.registry import all_kinds
from taskforce.store.connection import Connection, quote
from taskforce.store.store import Store
from taskforce.store.tables import columns_of

_DERIVED = {
    "record": "SELECT id, kind, owner FROM record ORDER BY id, kind",
    "state": "SELECT record, state.kind, state.part, scope.kind, scope.part, scope.anchor, fields FROM state "
    "JOIN scope ON scope.id = state.scope ORDER BY 1, 2, 3",
    "held": "SELECT feed.name, scope.kind, scope.part, scope.anchor, first, last FROM held "
    "LEFT JOIN scope ON scope.id = held.scope JOIN feed ON feed.id = held.feed ORDER BY 1, 2, 3, 4, 5",
    "conflict": "SELECT * FROM conflict ORDER BY record, kind, part, field",
    "judged": "SELECT * FROM judged ORDER BY record, kind, part, operation",
    "proposal": "SELECT record, kind, part, field, feed.name, number, outcome FROM proposal "
    "JOIN feed ON feed.id = proposal.feed ORDER BY 1, 2, 3, 4, 5, 6",
    "leaders": "SELECT * FROM leaders ORDER BY operation",
}


class _Compared(Exception):
    """Leaves the transaction in which the tables were built anew, so that it is rolled back."""


def differences(store: Store) -> list[str]:
    """The tables that differ from what the log adds up to, by name. Nothing is changed."""
    found: list[str] = []
    try:
        with store.writing():  # nobody may write between the two, the room's other thread neither
            before = fingerprints(store.connection)
            store.replay()
            after = fingerprints(store.connection)
            found = [name for name, print_ in after.items() if before[name] != print_]
            raise _Compared
    except _Compared:
        pass
    return found


def fingerprints(connection: Connection) -> dict[str, str]:
    """A digest of every table that the log adds up to, rows in an order of their own."""
    queries = dict(_DERIVED)
    for kind in all_kinds():
        columns = ", ".join(quote(name) for name in columns_of(kind)[1:])  # row numbers follow arrival
        queries[kind.name] = "SELECT " + columns + " FROM " + quote(kind.name) + " ORDER BY id"
    result = {}
    for name, query in queries.items():
        digest = sha256()
        for row in connection.execute(query):
            digest.update(repr(row).encode())
        result[name] = digest.hexdigest()
    return result


def sizes(connection: Connection) -> tuple[int, int]:
    """How many edits and how many records the store holds."""
    edits = connection.execute("SELECT count(*) FROM edit").fetchone()[0]
    records = connection.execute("SELECT count(*) FROM record").fetchone()[0]
    return int(edits), int(records)
