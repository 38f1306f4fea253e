"""What the log tells of clocks: the last stamp of every feed, and what its author's store had of this one's edits."""

from __future__ import annotations

import json
from dataclasses import dataclass

from taskforce.store.connection import Connection
from taskforce.sync.clock import Stamp, parse_stamp
from taskforce.sync.holdings import from_text


@dataclass(frozen=True, slots=True)
class LastEdit:
    """The last edit of a feed: its device, its stamp, and the highest of this store's own edits that it had seen."""

    device: str
    stamp: Stamp
    saw_own: int


@dataclass(frozen=True, slots=True)
class LastBundle:
    """The last bundle of a device: when that made it by its own clock, and the highest own edit that it then held."""

    device: str
    made: str
    held_own: int


def last_edits(connection: Connection, own_feed: str) -> list[LastEdit]:
    """The last edit of every feed."""
    rows = connection.execute(
        "SELECT feed.device, edit.body FROM feed JOIN edit ON edit.feed = feed.id "
        "AND edit.number = (SELECT max(number) FROM edit WHERE edit.feed = feed.id) ORDER BY feed.name"
    )
    found = []
    for device, text in rows:
        body = json.loads(text)
        seen = [int(tops[own_feed]) for tops in body.get("saw", {}).values() if own_feed in tops]
        found.append(LastEdit(str(device), parse_stamp(body["at"]), max(seen, default=0)))
    return found


def last_bundles(connection: Connection, own_feed: str) -> list[LastBundle]:
    """The last bundle that came from every device."""
    rows = connection.execute(
        "SELECT bundle.device, made, ranges FROM bundle "
        "LEFT JOIN told ON told.device = bundle.device AND told.feed = ? "
        "WHERE direction = 'in' AND number = (SELECT max(number) FROM bundle AS other "
        "WHERE other.direction = 'in' AND other.device = bundle.device) ORDER BY bundle.device",
        (own_feed,),
    )
    return [
        LastBundle(device, made, from_text(ranges)[-1][1] if ranges else 0) for device, made, ranges in rows
    ]


def stamp_at(connection: Connection, feed: str, number: int) -> Stamp | None:
    """The stamp of an edit, or None if the store does not hold it."""
    row = connection.execute(
        "SELECT json_extract(body, '$.at') FROM edit JOIN feed ON feed.id = edit.feed "
        "WHERE feed.name = ? AND number = ?",
        (feed, number),
    ).fetchone()
    return None if row is None else parse_stamp(row[0])
