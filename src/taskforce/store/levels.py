"""Edits of agencies that are no longer known: they leave the log again, to wait until somebody vouches for the key.

An introduction that ends, or turns out to be disputed, leaves what it would have if it had never been: what counts
depends on the statements and edits that are known, never on which came first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from taskforce.store.connection import Connection
from taskforce.store.forks import Taken, forget_unproven_owner


def take_out_parts(
    connection: Connection, device: str, reason: str, at: str, *, but: Sequence[str] = ()
) -> list[Taken]:
    """Move a device's edits, but those of some parts, from the log into quarantine. Only inside a transaction.

    What an erasure has left of edits stays: nobody could check it later, and it bears on nothing that is shown. If any
    left, the log is to be added up anew.
    """
    known = connection.execute("SELECT agency, certificate FROM device WHERE id = ?", (device,)).fetchone()
    agency, certificate = known or ("", "")
    rows = connection.execute(
        "SELECT edit.id, feed.name, number, hash, bundle, body, record, kind FROM edit "
        "JOIN feed ON feed.id = edit.feed WHERE device = ? AND part NOT IN (SELECT value FROM json_each(?)) "
        "AND json_extract(body, '$.sig') IS NOT NULL",
        (device, json.dumps(list(but))),
    ).fetchall()
    connection.executemany(
        "INSERT OR IGNORE INTO quarantine (hash, reason, device, agency, certificate, at, body, feed, number, bundle) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (digest, reason, device, agency, certificate, at, body, feed, number, bundle)
            for _row, feed, number, digest, bundle, body, _record, _kind in rows
        ],
    )
    connection.executemany("DELETE FROM edit WHERE id = ?", [(row[0],) for row in rows])
    for record, kind in {(row[6], row[7]) for row in rows}:
        forget_unproven_owner(connection, record, kind)
    return [Taken(row[1], row[2], row[3]) for row in rows]


def forget_device(connection: Connection, device: str, unknown: str) -> None:
    """Know a device no more: nothing is sealed to it, and what waits of it waits as of somebody `unknown`."""
    connection.execute(
        "UPDATE quarantine SET reason = ? WHERE device = ? AND reason <> 'broken-signature' "
        "AND json_extract(body, '$.sig') IS NOT NULL",
        (unknown, device),
    )
    connection.execute("DELETE FROM fork WHERE substr(feed, 1, 16) = ?", (device,))
    connection.execute("DELETE FROM device WHERE id = ?", (device,))


def agencies_waiting(connection: Connection, reason: str) -> list[str]:
    """The agencies of which edits wait for a reason, as the certificates say that came along."""
    rows = connection.execute("SELECT DISTINCT agency FROM quarantine WHERE reason = ? ORDER BY 1", (reason,))
    return [str(agency) for (agency,) in rows if agency]


def ever_sent_to(connection: Connection) -> list[str]:
    """The agencies for which something was put into a bundle, or from which something came, whatever they are now."""
    return [str(agency) for (agency,) in connection.execute("SELECT DISTINCT agency FROM sent ORDER BY 1")]
