"""Feeds that forked: two different edits with one number, both signed by the device.

The *fork point* of a feed is its lowest number of which two edits are known, or whose edit is not the one that the next
edit names as the one before it (`prev`). From the fork point on no edit of the feed counts but those that people
admitted. So what counts depends on the edits that are known and on what people decided, never on what came first: where
a fork is found late, edits leave the log again, for the quarantine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taskforce.records.schema import SELF
from taskforce.store.connection import Connection
from taskforce.store.quarantine import ADMITTED

FORK, AFTER_FORK = "fork", "after-fork"


@dataclass(frozen=True, slots=True)
class Known:
    """An edit at a place, counted or waiting: its hash, the hash of the edit that it says came before, and its text."""

    hash: str
    prev: str
    body: str
    counts: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """An edit that left the log, for the quarantine as its feed forked, or as it was recalled: its place and hash."""

    feed: str
    number: int
    hash: str


def fork_points(connection: Connection) -> dict[str, int]:
    """The fork point of every feed that forked."""
    return {feed: int(number) for feed, number in connection.execute("SELECT feed, number FROM fork")}


def flagged_at(connection: Connection, feed: str) -> str:
    """When a feed was found to have forked; empty if it was not."""
    row = connection.execute("SELECT at FROM fork WHERE feed = ?", (feed,)).fetchone()
    return "" if row is None else str(row[0])


def known_at(connection: Connection, feed: str, number: int) -> list[Known]:
    """The edits at a place whose signatures hold: the one that counts, and those that wait because of a fork."""
    rows = connection.execute(
        "SELECT hash, json_extract(body, '$.prev'), body, 1 FROM edit "
        "WHERE feed = (SELECT id FROM feed WHERE name = ?) AND number = ? UNION ALL "
        "SELECT hash, json_extract(body, '$.prev'), body, 0 FROM quarantine "
        "WHERE feed = ? AND number = ? AND reason IN ('fork', 'after-fork') ORDER BY 1",
        (feed, number, feed, number),
    )
    return [Known(digest, prev or "", body, bool(counts)) for digest, prev, body, counts in rows]


def evidence(connection: Connection) -> list[Known]:
    """Of each feed that forked, two edits that prove it, the same two wherever the same edits are known."""
    found = []
    for feed, number in sorted(fork_points(connection).items()):
        at = known_at(connection, feed, number)[:2]
        if len(at) == 1:
            at += [one for one in known_at(connection, feed, number + 1) if one.prev != at[0].hash][:1]
        found += at
    return found


def is_exact(connection: Connection, feed: str, number: int) -> bool:
    """Whether the fork point is where the feed parted: both edits are known and name the same edit before them."""
    at = known_at(connection, feed, number)
    before = [one.hash for one in known_at(connection, feed, number - 1)]
    return len(at) > 1 and all(one.prev in before for one in at if before)


def flag(connection: Connection, points: Mapping[str, int], at: str, officer: str) -> list[Taken]:
    """Note that feeds forked, or forked earlier than was known; the edits that left the log, which adds up anew then.

    Only inside a transaction.
    """
    left: list[Taken] = []
    for feed, number in sorted(points.items()):
        is_new = not flagged_at(connection, feed)
        connection.execute(
            "INSERT INTO fork VALUES (?, ?, ?) ON CONFLICT (feed) DO UPDATE SET number = excluded.number",
            (feed, number, at),
        )
        moved = _take_out(connection, feed, number, at)
        left += moved
        connection.execute(
            "UPDATE quarantine SET reason = CASE number WHEN ? THEN ? ELSE ? END WHERE feed = ? AND reason IN (?, ?)",
            (number, FORK, AFTER_FORK, feed, FORK, AFTER_FORK),
        )
        if is_new or moved:
            connection.execute(
                "INSERT INTO action (at, by, summary, undoable) VALUES (?, ?, ?, 0)",
                (at, officer, f"feed {feed} forked at {number}: {len(moved)} edits wait"),
            )
    return left


def _take_out(connection: Connection, feed: str, number: int, at: str) -> list[Taken]:
    """Move a feed's edits from a number on from the log into quarantine, but those that were admitted."""
    rows = connection.execute(
        "SELECT edit.id, hash, number, bundle, body, record, kind FROM edit "
        "WHERE feed = (SELECT id FROM feed WHERE name = ?) AND number >= ? "
        "AND hash NOT IN (SELECT hash FROM decided WHERE decision = ?)",
        (feed, number, ADMITTED),
    ).fetchall()
    device = feed.partition(".")[0]
    known = connection.execute("SELECT agency, certificate FROM device WHERE id = ?", (device,)).fetchone()
    agency, certificate = known or ("", "")
    connection.executemany(
        "INSERT OR IGNORE INTO quarantine (hash, reason, device, agency, certificate, at, body, feed, number, bundle) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (digest, AFTER_FORK, device, agency, certificate, at, body, feed, place, bundle)
            for _row, digest, place, bundle, body, _record, _kind in rows
        ],
    )
    connection.executemany("DELETE FROM edit WHERE id = ?", [(row[0],) for row in rows])
    for record, kind in {(row[5], row[6]) for row in rows}:
        forget_unproven_owner(connection, record, kind)
    return [Taken(feed, place, digest) for _row, digest, place, *_rest in rows]


def forget_unproven_owner(connection: Connection, record: str, kind: str) -> None:
    """Whose a record is, is known no more where the edits that proved it are gone."""
    proof = connection.execute(
        "SELECT 1 FROM edit WHERE record = ? AND kind = ? AND json_extract(body, '$.born') IS NOT NULL LIMIT 1",
        (record, kind),
    ).fetchone()
    if proof is None:
        connection.execute("UPDATE record SET owner = '' WHERE id = ? AND kind = ?", (record, kind))


# ── what devices say they know of forks ──


def put_told_forks(connection: Connection, device: str, hashes: tuple[str, ...]) -> None:
    """Remember which edits that prove forks a device says it knows, in place of what it said before."""
    connection.execute("DELETE FROM told_fork WHERE device = ?", (device,))
    connection.executemany("INSERT OR IGNORE INTO told_fork VALUES (?, ?)", [(device, one) for one in hashes])


def told_forks(connection: Connection, device: str) -> set[str]:
    """The edits that prove forks which a device said it knows."""
    return {one for (one,) in connection.execute("SELECT hash FROM told_fork WHERE device = ?", (device,))}


def told_and_known(connection: Connection, own: Sequence[str]) -> list[str]:
    """Of the edits that prove forks to others, but for our `own`, those that this store has, too."""
    missing = {one for (one,) in connection.execute("SELECT hash FROM told_fork")}.difference(own)
    if not missing:
        return []
    rows = connection.execute(
        "SELECT hash FROM edit WHERE hash IN (SELECT value FROM json_each(?1)) UNION "
        "SELECT hash FROM quarantine WHERE reason IN ('fork', 'after-fork') "
        "AND hash IN (SELECT value FROM json_each(?1))",
        (json.dumps(sorted(missing)),),
    )
    return [str(one) for (one,) in rows]


def scope_of(connection: Connection, record: str, kind: str, part: str, anchor: str = "") -> int | None:
    """The scope that decides who may have a part of a record; None if nothing that counts tells it.

    That is so if nothing of the part counts, or nothing that does sets its `anchor`, the field that names what decides
    on it. With none (empty, or `SELF`) whatever counts is enough.
    """
    row = connection.execute(
        "SELECT scope FROM state WHERE record = ?1 AND kind = ?2 AND part = ?3 AND (?4 IN ('', ?5) OR EXISTS ("
        "SELECT 1 FROM json_each(fields) AS one, json_each(one.value, '$[2]') AS name WHERE name.value = ?4))",
        (record, kind, part, anchor, SELF),
    ).fetchone()
    return None if row is None else int(row[0])


def came_through(connection: Connection, feed: str, number: int, edit_hash: str) -> str:
    """The agency whose bundle brought an edit that counts or waits; empty for this store's own."""
    row = connection.execute(
        "SELECT agency FROM bundle WHERE id IN (SELECT bundle FROM quarantine WHERE hash = ? UNION ALL "
        "SELECT bundle FROM edit WHERE feed = (SELECT id FROM feed WHERE name = ?) AND number = ? AND hash = ?)",
        (edit_hash, feed, number, edit_hash),
    ).fetchone()
    return "" if row is None else str(row[0])
