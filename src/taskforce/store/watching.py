"""Tells cheaply whether what screens show has changed, whoever changed it."""

from __future__ import annotations

from taskforce.store.connection import Connection


def data_version(connection: Connection) -> int:
    """A number that changes when another connection has written (PRAGMA data_version; microseconds)."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def state_mark(connection: Connection) -> tuple[object, ...]:
    """What differs whenever what screens show differs: not, for instance, after a draft was kept."""
    row = connection.execute(
        "SELECT (SELECT max(id) FROM edit), (SELECT max(id) FROM bundle), (SELECT max(id) FROM action), "
        "(SELECT count(*) FROM quarantine), (SELECT count(*) FROM peer), (SELECT count(*) FROM statement), "
        "(SELECT value FROM meta WHERE key = 'operation'), (SELECT value FROM meta WHERE key = 'tables')"
    ).fetchone()
    return tuple(row)
