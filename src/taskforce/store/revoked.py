"""Devices that their agency revoked: which of their edits are good, and how the others leave the log.

A revocation names the last good edit of each feed of the device. Of several for one device the lowest number counts, of
a feed that one of them does not name none is good. What counts so depends on the edits and statements that are known,
never on which came first: where a revocation comes late, edits leave the log again, for the quarantine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from taskforce.store.connection import Connection
from taskforce.store.forks import AFTER_FORK, FORK, Taken, forget_unproven_owner

REVOKED = "revoked"
"""Why an edit waits: its device was revoked, and it is not one of the last good ones."""

_TYPE = "revocation"


@dataclass(frozen=True, slots=True)
class Revocation:
    """What an agency said of a device of its own: when first, why, and the last good edits, of each statement."""

    agency: str
    device: str
    made: str
    reason: str
    good: tuple[Mapping[str, int], ...]

    def last_good(self, feed: str) -> int:
        """The number of the last good edit of a feed, 0 for none."""
        return min(one.get(feed, 0) for one in self.good)


@dataclass(frozen=True, slots=True)
class Undone:
    """Skeletons that left the log since what had erased their values counts no more; `own` if some are this feed's.

    `any` says whether anything was erased by what counts no more.
    """

    left: tuple[Taken, ...]
    own: bool
    any: bool


@dataclass(slots=True)
class Revocations:
    """All that is known of devices that their agencies revoked."""

    by_device: dict[tuple[str, str], Revocation] = field(default_factory=dict)
    """By agency and device: nobody revokes a device of another agency."""

    def refuses(self, agency: str, feed: str, number: int) -> bool:
        """Whether an edit of a device of this agency is none of the good ones of a revoked device."""
        if not self.by_device:
            return False
        found = self.by_device.get((agency, feed.partition(".")[0]))
        return found is not None and number > found.last_good(feed)


def revocations(connection: Connection) -> Revocations:
    """Every revocation that was kept; only those of a verified key were."""
    rows = connection.execute(
        "SELECT agency, about, made, body FROM statement WHERE type = ? ORDER BY made, hash", (_TYPE,)
    )
    found: dict[tuple[str, str], Revocation] = {}
    for agency, device, made, body in rows:
        said = json.loads(body)
        good = {feed: int(number) for feed, number in said["good"].items()}
        before = found.get((agency, device))
        found[agency, device] = (
            Revocation(agency, device, made, said["reason"], (good,))
            if before is None
            else Revocation(agency, device, before.made, before.reason, (*before.good, good))
        )
    return Revocations(found)


def revoked_devices(connection: Connection) -> dict[str, Revocation]:
    """The devices known here that their own agency revoked."""
    every = revocations(connection).by_device
    if not every:
        return {}
    rows = connection.execute("SELECT agency, id FROM device")
    return {device: every[agency, device] for agency, device in rows if (agency, device) in every}


def is_revoked(connection: Connection, device: str) -> bool:
    """Whether a device known here was revoked by its own agency."""
    row = connection.execute(
        "SELECT 1 FROM statement JOIN device ON device.id = about AND device.agency = statement.agency "
        "WHERE type = ? AND about = ? LIMIT 1",
        (_TYPE, device),
    ).fetchone()
    return row is not None


def highest_known(connection: Connection, device: str) -> dict[str, int]:
    """The highest number that is held of each feed of a device."""
    rows = connection.execute(
        "SELECT name, max(number) FROM edit JOIN feed ON feed.id = edit.feed WHERE device = ? GROUP BY name",
        (device,),
    )
    return {str(feed): int(number) for feed, number in rows}


def count_beyond(connection: Connection, device: str, good: Mapping[str, int]) -> int:
    """How many edits are held of a device that are none of these good ones."""
    rows = connection.execute(
        "SELECT name, number FROM edit JOIN feed ON feed.id = edit.feed WHERE device = ?", (device,)
    )
    return sum(number > good.get(feed, 0) for feed, number in rows)


def count_waiting(connection: Connection, device: str) -> int:
    """How many edits of a device wait since it was revoked."""
    query = "SELECT count(*) FROM quarantine WHERE device = ? AND reason = ?"
    return int(connection.execute(query, (device, REVOKED)).fetchone()[0])


def latest_feed(connection: Connection, device: str) -> str:
    """The feed of a device of which an edit came last; empty if none is held."""
    row = connection.execute(
        "SELECT name FROM edit JOIN feed ON feed.id = edit.feed WHERE device = ? ORDER BY edit.id DESC LIMIT 1",
        (device,),
    ).fetchone()
    return "" if row is None else str(row[0])


def take_out(connection: Connection, one: Revocation, at: str) -> list[Taken]:
    """Move what is not good any more from the log into quarantine, and name that as the reason why it waits.

    Whatever people admitted of a fork. Of an erased part nothing is left that could be checked again: such skeletons go
    for good, as they would not be kept if they came now. Only inside a transaction; the log adds up anew then.
    """
    rows = connection.execute(
        "SELECT edit.id, feed.name, number, hash, bundle, body, record, kind FROM edit "
        "JOIN feed ON feed.id = edit.feed WHERE device = ?",
        (one.device,),
    ).fetchall()
    gone = [row for row in rows if row[2] > one.last_good(row[1])]
    row = connection.execute("SELECT certificate FROM device WHERE id = ?", (one.device,)).fetchone()
    known = row[0] if row else ""
    connection.executemany(
        "INSERT OR IGNORE INTO quarantine (hash, reason, device, agency, certificate, at, body, feed, number, bundle) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (digest, REVOKED, one.device, one.agency, known, at, body, feed, number, bundle)
            for _row, feed, number, digest, bundle, body, _record, _kind in gone
            if "sig" in json.loads(body)
        ],
    )
    connection.executemany("DELETE FROM edit WHERE id = ?", [(row[0],) for row in gone])
    for record, kind in {(row[6], row[7]) for row in gone}:
        forget_unproven_owner(connection, record, kind)
    _name_reason(connection, one)
    return [Taken(row[1], row[2], row[3]) for row in gone]


def _name_reason(connection: Connection, one: Revocation) -> None:
    """What waits already for another reason that people could decide on, or that could pass, waits for this one."""
    rows = connection.execute(
        "SELECT id, feed, number, body FROM quarantine WHERE device = ? AND agency = ? "
        "AND reason NOT IN ('unknown-signer', 'broken-signature', ?)",
        (one.device, one.agency, REVOKED),
    ).fetchall()
    for row, feed, number, body in rows:
        if number <= one.last_good(feed):
            continue
        if "sig" in json.loads(body):
            connection.execute("UPDATE quarantine SET reason = ? WHERE id = ?", (REVOKED, row))
        else:
            connection.execute("DELETE FROM quarantine WHERE id = ?", (row,))


def unflag(connection: Connection, one: Revocation) -> list[str]:
    """Forget forks that edits may prove which are not good any more; the hashes of what waits of them, to sort anew.

    The others are proved by edits that stay good, and stay.
    """
    points = connection.execute(
        "SELECT feed, number FROM fork WHERE feed IN (SELECT name FROM feed WHERE device = ?) "
        "OR feed IN (SELECT feed FROM quarantine WHERE device = ?)",
        (one.device, one.device),
    ).fetchall()
    feeds = [feed for feed, number in points if number >= one.last_good(feed)]
    for feed in feeds:
        connection.execute("DELETE FROM fork WHERE feed = ?", (feed,))
    rows = connection.execute(
        "SELECT hash FROM quarantine WHERE reason IN (?, ?) AND feed IN (SELECT value FROM json_each(?))",
        (FORK, AFTER_FORK, json.dumps(feeds)),
    )
    return [str(digest) for (digest,) in rows]


def undo_erasures(connection: Connection, one: Revocation, own_feed: str) -> Undone:
    """Take back what edits erased that are not good: the parts are erased no more, unless by another edit.

    The values are gone here. Their skeletons leave the log, so that peers who have the edits send them again. Own
    numbers must never be given out twice: where skeletons of this device's present feed go, it has to begin a new
    epoch.
    """
    rows = connection.execute(
        "SELECT record, kind, part, erasure.feed, name, number FROM erasure JOIN feed ON feed.id = erasure.feed "
        "WHERE device = ?",
        (one.device,),
    ).fetchall()
    gone = [row for row in rows if row[5] > one.last_good(row[4])]
    connection.executemany(
        "DELETE FROM erasure WHERE record = ? AND kind = ? AND part = ? AND feed = ? AND number = ?",
        [(*row[:4], row[5]) for row in gone],
    )
    left: list[Taken] = []
    for place in sorted({row[:3] for row in gone}):
        if not _is_erased(connection, place):
            left += _drop_skeletons(connection, place)
    return Undone(tuple(left), any(each.feed == own_feed for each in left), bool(gone))


def _is_erased(connection: Connection, place: tuple[str, str, str]) -> bool:
    query = "SELECT 1 FROM erasure WHERE record = ? AND kind = ? AND part = ? LIMIT 1"
    return connection.execute(query, place).fetchone() is not None


def _drop_skeletons(connection: Connection, place: tuple[str, str, str]) -> list[Taken]:
    rows = connection.execute(
        "SELECT edit.id, feed.name, number, hash FROM edit JOIN feed ON feed.id = edit.feed "
        "WHERE record = ? AND kind = ? AND part = ? AND json_extract(body, '$.sig') IS NULL",
        place,
    ).fetchall()
    connection.executemany("DELETE FROM edit WHERE id = ?", [(row[0],) for row in rows])
    forget_unproven_owner(connection, place[0], place[1])
    connection.execute(
        "DELETE FROM quarantine WHERE json_extract(body, '$.sig') IS NULL AND json_extract(body, '$.record') = ? "
        "AND json_extract(body, '$.kind') = ? AND json_extract(body, '$.part') = ?",
        place,
    )
    return [Taken(feed, number, digest) for _row, feed, number, digest in rows]
