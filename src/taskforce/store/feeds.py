"""What the store holds of each feed, for people to read."""

from __future__ import annotations

import json
from dataclasses import dataclass

from taskforce.store.connection import Connection
from taskforce.store.scopes import WHOLE
from taskforce.sync.holdings import Ranges, normalise


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A feed: the numbers held, how many edits that is, how many wait in quarantine, and its last edit's officer and
    clock; `agency` as its edits in quarantine say.
    """

    feed: str
    held: Ranges
    edits: int
    waiting: int
    agency: str
    officer: str
    last_at: str


def feed_rows(connection: Connection) -> list[FeedRow]:
    """Every feed of which an edit is held or waits, by name."""
    held: dict[str, list[tuple[int, int]]] = {}
    rows = connection.execute(
        "SELECT feed.name, first, last FROM held JOIN feed ON feed.id = held.feed WHERE scope = ?", (WHOLE,)
    )
    for feed, first, last in rows:
        held.setdefault(feed, []).append((first, last))
    waiting = {
        feed: (int(count), agency)
        for feed, count, agency in connection.execute(
            "SELECT feed, count(*), max(agency) FROM quarantine GROUP BY feed"
        )
    }
    result = []
    for feed in sorted({*held, *waiting}):
        ranges = normalise(held.get(feed, []))
        count, agency = waiting.get(feed, (0, ""))
        last = (
            connection.execute(
                "SELECT body FROM edit WHERE feed = (SELECT id FROM feed WHERE name = ?) ORDER BY number DESC LIMIT 1",
                (feed,),
            ).fetchone()
            or connection.execute(
                "SELECT body FROM quarantine WHERE feed = ? ORDER BY number DESC LIMIT 1", (feed,)
            ).fetchone()
        )
        body = json.loads(last[0])
        edits = sum(top - first + 1 for first, top in ranges)
        result.append(FeedRow(feed, ranges, edits, count, agency, body["by"], body["at"].partition("/")[0]))
    return result
