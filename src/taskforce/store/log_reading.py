"""The edit log as it stands, row by row, for whoever proves it: nothing here takes anything in it for granted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from taskforce.store.connection import Connection
from taskforce.store.forks import AFTER_FORK, FORK
from taskforce.store.scopes import WHOLE
from taskforce.sync.holdings import Ranges, normalise, of_numbers

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Logged:
    """One row of the log: its place, what it is filed under, and the edit's canonical JSON (or its skeleton's)."""

    feed: str
    number: int
    record: str
    kind: str
    part: str
    hash: str
    body: str


def logged_feeds(connection: Connection) -> list[str]:
    """The feeds of which the log has edits, by name."""
    rows = connection.execute(
        "SELECT name FROM feed WHERE EXISTS (SELECT 1 FROM edit WHERE edit.feed = feed.id) ORDER BY name"
    )
    return [str(name) for (name,) in rows]


def logged(connection: Connection, feed: str) -> Iterator[Logged]:
    """Every row of a feed, by number; few of them are in memory at once."""
    rows = connection.execute(
        "SELECT number, record, kind, part, hash, body FROM edit "
        "WHERE feed = (SELECT id FROM feed WHERE name = ?) ORDER BY number",
        (feed,),
    )
    while some := rows.fetchmany(_AT_ONCE):
        for row in some:
            yield Logged(feed, *row)


def logged_of_record(connection: Connection, record: str, kind: str) -> list[Logged]:
    """Every row of a record, as they came."""
    rows = connection.execute(
        "SELECT feed.name, number, record, kind, part, hash, body FROM edit JOIN feed ON feed.id = edit.feed "
        "WHERE record = ? AND kind = ? ORDER BY edit.id",
        (record, kind),
    )
    return [Logged(*row) for row in rows]


def stated_as_held(connection: Connection) -> dict[str, Ranges]:
    """What the store states as held, by feed."""
    found: dict[str, list[tuple[int, int]]] = {}
    rows = connection.execute(
        "SELECT feed.name, first, last FROM held JOIN feed ON feed.id = held.feed WHERE scope = ?", (WHOLE,)
    )
    for feed, first, last in rows:
        found.setdefault(str(feed), []).append((int(first), int(last)))
    return {feed: normalise(pairs) for feed, pairs in found.items()}


def exchanged(connection: Connection) -> list[tuple[str, str, str]]:
    """What went to and came from each agency, as far as this store held it then: agency, feed, ranges as text."""
    rows = connection.execute("SELECT agency, feed, ranges FROM sent ORDER BY agency, feed")
    return [(str(agency), str(feed), str(ranges)) for agency, feed, ranges in rows]


def told_of_device(connection: Connection, device: str) -> list[tuple[str, str, str, str]]:
    """What others say they hold of a device's feeds: their agency and device, the feed, ranges as text."""
    rows = connection.execute(
        "SELECT coalesce(device.agency, ''), told.device, told.feed, ranges FROM told "
        "LEFT JOIN device ON device.id = told.device WHERE told.feed LIKE ? || '.%' AND told.device <> ? "
        "ORDER BY 1, 2, 3",
        (device, device),
    )
    return [(str(agency), str(other), str(feed), str(ranges)) for agency, other, feed, ranges in rows]


def waiting_numbers(connection: Connection) -> dict[str, Ranges]:
    """By feed, the numbers of edits that wait in quarantine because their feed forked: they were taken in once."""
    found: dict[str, list[int]] = {}
    rows = connection.execute(
        "SELECT feed, number FROM quarantine WHERE reason IN (?, ?)", (FORK, AFTER_FORK)
    )
    for feed, number in rows:
        found.setdefault(feed, []).append(int(number))
    return {feed: of_numbers(sorted(numbers)) for feed, numbers in found.items()}


def left_waiting(connection: Connection) -> dict[str, Ranges]:
    """By feed, the numbers of edits that wait in quarantine and may have been taken in once, for whatever reason."""
    found: dict[str, list[int]] = {}
    rows = connection.execute(
        "SELECT feed, number FROM quarantine WHERE reason IN "
        "('fork', 'after-fork', 'revoked', 'not-verified', 'unknown-signer')"
    )
    for feed, number in rows:
        found.setdefault(feed, []).append(int(number))
    return {feed: of_numbers(sorted(numbers)) for feed, numbers in found.items()}


def waiting_of_record(connection: Connection, record: str, kind: str) -> list[tuple[str, int, str, str]]:
    """The edits of a record that wait in quarantine: feed, number, part and reason."""
    rows = connection.execute(
        "SELECT feed, number, json_extract(body, '$.part'), reason FROM quarantine "
        "WHERE json_extract(body, '$.record') = ? AND json_extract(body, '$.kind') = ? ORDER BY feed, number",
        (record, kind),
    )
    return [(str(feed), int(number), str(part), str(reason)) for feed, number, part, reason in rows]


def erasure_rows(connection: Connection) -> list[tuple[tuple[str, str, str], str, int]]:
    """What is noted as erased: record, kind and part; and feed and number of the edit that did it."""
    rows = connection.execute(
        "SELECT record, kind, part, feed.name, number FROM erasure LEFT JOIN feed ON feed.id = erasure.feed"
    )
    return [((record, kind, part), feed or "", int(number)) for record, kind, part, feed, number in rows]
