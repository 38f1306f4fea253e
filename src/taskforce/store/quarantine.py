"""Where edits wait that may not enter, each with its reason; and what people decided about them. No table heeds it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from taskforce.store.connection import Connection

ADMITTED, DROPPED = "admitted", "dropped"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An edit that may not enter yet, why, its place, and the certificate its bundle brought for its device.

    `bundle` is the row of the bundle that brought it; None where it was taken out of the log or came before bundles
    were noted.
    """

    hash: str
    reason: str
    device: str
    agency: str
    certificate: str
    at: str
    body: str
    feed: str
    number: int
    bundle: int | None = None


def waits_at(connection: Connection, place: tuple[str, int]) -> bool:
    """Whether an edit with this feed and number waits."""
    query = "SELECT 1 FROM quarantine WHERE feed = ? AND number = ? LIMIT 1"
    return connection.execute(query, place).fetchone() is not None


def put_waiting(connection: Connection, one: Waiting) -> bool:
    """Put an edit into quarantine; False if it is there already, or if people dropped it.

    One that waited for its signer to be known, or better known, waits for the reason that is found once it is.
    """
    if decision_on(connection, one.hash) == DROPPED:
        return False
    found = connection.execute("SELECT reason FROM quarantine WHERE hash = ?", (one.hash,)).fetchone()
    if found is not None:
        if found[0] in ("unknown-signer", "not-verified") and one.reason != found[0]:
            connection.execute(
                "UPDATE quarantine SET reason = ?, agency = ?, certificate = ? WHERE hash = ?",
                (one.reason, one.agency, one.certificate, one.hash),
            )
        return False
    connection.execute(
        "INSERT INTO quarantine (hash, reason, device, agency, certificate, at, body, feed, number, bundle) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            one.hash,
            one.reason,
            one.device,
            one.agency,
            one.certificate,
            one.at,
            one.body,
            one.feed,
            one.number,
            one.bundle,
        ),
    )
    return True


def waiting(
    connection: Connection,
    *,
    agency: str | None = None,
    reason: str | None = None,
    feed: str | None = None,
    limit: int | None = None,
) -> list[Waiting]:
    """Edits in quarantine, of one agency or feed or for one reason or all, by feed and number; the first `limit`."""
    rows = connection.execute(
        "SELECT hash, reason, device, agency, certificate, at, body, feed, number, bundle "
        "FROM quarantine WHERE (? IS NULL OR agency = ?) AND (? IS NULL OR reason = ?) "
        "AND (? IS NULL OR feed = ?) ORDER BY feed, number, hash LIMIT ?",
        (agency, agency, reason, reason, feed, feed, -1 if limit is None else limit),
    )
    return [Waiting(*row) for row in rows]


def hashes_waiting(connection: Connection) -> list[str]:
    """The hashes of all edits in quarantine."""
    return [str(one) for (one,) in connection.execute("SELECT hash FROM quarantine ORDER BY hash")]


def get_waiting(connection: Connection, edit_hash: str) -> Waiting | None:
    """An edit in quarantine, or None."""
    row = connection.execute(
        "SELECT hash, reason, device, agency, certificate, at, body, feed, number, bundle "
        "FROM quarantine WHERE hash = ?",
        (edit_hash,),
    ).fetchone()
    return None if row is None else Waiting(*row)


def count_waiting(connection: Connection) -> list[tuple[str, str, int, str]]:
    """How many edits are in quarantine by reason and by the agency, or else the device, that they say they are of.

    Last comes their feed, where they are all of one.
    """
    rows = connection.execute(
        "SELECT reason, coalesce(nullif(agency, ''), device), count(*), "
        "CASE WHEN min(feed) = max(feed) THEN min(feed) ELSE '' END "
        "FROM quarantine GROUP BY 1, 2 ORDER BY min(id)"
    )
    return [(str(reason), str(who), int(count), str(feed)) for reason, who, count, feed in rows]


def count_undecided(connection: Connection) -> list[tuple[str, str, int, str]]:
    """How many edits wait for people, as `count_waiting`: those after a fork with it, by feed, under `fork`.

    Left out is the evidence of a fork of which one side was admitted: it stays, and nothing can be done with it.
    """
    rows = connection.execute(
        "SELECT CASE WHEN forked THEN 'fork' ELSE reason END, whose, count(*), "
        "CASE WHEN min(feed) = max(feed) THEN min(feed) ELSE '' END "
        "FROM (SELECT id, reason, coalesce(nullif(agency, ''), device) AS whose, feed, "
        "reason IN ('fork', 'after-fork') AS forked FROM quarantine WHERE reason <> 'fork' OR NOT EXISTS ("
        "SELECT 1 FROM edit JOIN feed ON feed.id = edit.feed "
        "WHERE feed.name = quarantine.feed AND edit.number = quarantine.number)) "
        "GROUP BY 1, 2, CASE WHEN forked THEN feed ELSE '' END ORDER BY min(id)"
    )
    return [(str(reason), str(who), int(count), str(feed)) for reason, who, count, feed in rows]


def count_by_reason(connection: Connection, hashes: Sequence[str]) -> dict[str, int]:
    """How many of these edits are in quarantine, by reason."""
    rows = connection.execute(
        "SELECT reason, count(*) FROM quarantine WHERE hash IN (SELECT value FROM json_each(?)) "
        "GROUP BY 1 ORDER BY min(id)",
        (json.dumps(hashes),),
    )
    return {str(reason): int(count) for reason, count in rows}


def drop_waiting(connection: Connection, hashes: Iterable[str]) -> None:
    """Take edits out of quarantine."""
    connection.executemany("DELETE FROM quarantine WHERE hash = ?", [(one,) for one in hashes])


def note_reasons(connection: Connection, reasons: Mapping[str, str]) -> None:
    """Note why edits wait now, by their hashes."""
    connection.executemany(
        "UPDATE quarantine SET reason = ? WHERE hash = ?", [(why, one) for one, why in reasons.items()]
    )


def decide(connection: Connection, hashes: Sequence[str], decision: str, at: str, by: str) -> None:
    """Keep what was decided about edits, so that it holds when they come again."""
    connection.executemany(
        "INSERT INTO decided VALUES (?, ?, ?, ?) ON CONFLICT (hash) DO UPDATE SET decision = excluded.decision, "
        "at = excluded.at, by = excluded.by",
        [(one, decision, at, by) for one in hashes],
    )


def decision_on(connection: Connection, edit_hash: str) -> str:
    """What was decided about an edit: `admitted`, `dropped`, or nothing."""
    row = connection.execute("SELECT decision FROM decided WHERE hash = ?", (edit_hash,)).fetchone()
    return "" if row is None else str(row[0])
