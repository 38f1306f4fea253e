"""Erased parts: whose values are dropped from the log and all that was made of it, now and when older edits come later.

An erase edit names a record and a part. Of every other edit of it a skeleton stays, which goes on counting as held; so
what a store shows does not depend on whether an edit came before or after the erasure. That the bytes are gone from
the file, too, takes more than deleting them: `scrub`, after the transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from taskforce.records.schema import DROPPED, ERASED
from taskforce.store.connection import Connection, sentences
from taskforce.store.drafts import drop_of_record
from taskforce.store.forks import AFTER_FORK, FORK
from taskforce.sync.edit import Edit, known_edit, skeleton_of

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from pathlib import Path

    from taskforce.store.ledger import Ledger
    from taskforce.sync.merge import Dot

Place = tuple[str, str, str]
"""A part of a record: record, kind, part."""

SCRUB = "scrub"
"""The store's own setting that says that bytes of erased values may still be in its file."""

_BUSY_WHILE_SCRUBBING = 2_000
"""Milliseconds to wait for other programs; what is not done then is done the next time the store is opened."""


@dataclass(slots=True)
class Erasures:
    """The erased parts of a store, inside a write transaction."""

    connection: Connection
    places: set[Place] = field(init=False)
    _feeds: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.places = set(self.connection.execute("SELECT DISTINCT record, kind, part FROM erasure"))

    def note(self, edits: Iterable[tuple[int, Edit]]) -> set[Place]:
        """Enter edits that erase a part, each with its feed's number; the parts that were not erased before."""
        fresh: set[Place] = set()
        for feed, edit in edits:
            self.connection.execute(
                "INSERT OR IGNORE INTO erasure VALUES (?, ?, ?, ?, ?)", (*edit.place, feed, edit.number)
            )
            if edit.place not in self.places:
                self.places.add(edit.place)
                fresh.add(edit.place)
        return fresh

    def strip(self, edit: Edit) -> Edit:
        """The edit, or its skeleton where its part is erased and it is not what erased it or confirms that."""
        if edit.place not in self.places or edit.is_skeleton or edit.outlives_erasure:
            return edit
        return skeleton_of(edit)

    def wipe(self, place: Place) -> tuple[list[tuple[int, int]], list[Edit]]:
        """Drop a part's values from the log, undo, quarantine and drafts.

        Gives the feeds and numbers of what are skeletons now, and the edits that stay whole.
        """
        rows = self.connection.execute(
            "SELECT id, feed, number, body FROM edit WHERE record = ? AND kind = ? AND part = ?", place
        ).fetchall()
        gone: list[tuple[int, int]] = []
        whole: list[Edit] = []
        values: list[str] = []
        for row, feed, number, body in rows:
            edit = known_edit(body)
            kept = self.strip(edit)
            if kept.is_skeleton:
                gone.append((feed, number))
                values += texts_of(edit)
                self.connection.execute("UPDATE edit SET body = ? WHERE id = ?", (kept.text, row))
            else:
                whole.append(kept)
        values += self._forget_waiting(place)
        self.forget_undo(place, values)
        record, kind, _part = place
        drop_of_record(self.connection, kind, record)
        self.connection.execute(
            "INSERT INTO meta VALUES (?, 'yes') ON CONFLICT (key) DO UPDATE SET value = 'yes'", (SCRUB,)
        )
        return gone, whole

    def forget_undo(self, place: Place, values: Sequence[str]) -> None:
        """What was done to the part cannot be undone any more, and its old values are not kept for that.

        Of own edits, too, that left the log because the feed forked.
        """
        record, kind, part = place
        done = self.connection.execute(
            "WITH dot AS (SELECT feed, number, part FROM edit WHERE record = ? AND kind = ? UNION "
            "SELECT feed.id, number, json_extract(body, '$.part') FROM quarantine JOIN feed "
            "ON feed.name = quarantine.feed WHERE json_extract(body, '$.record') = ? "
            "AND json_extract(body, '$.kind') = ?) SELECT DISTINCT action, summary, dot.feed, dot.number, part "
            "FROM action_edit JOIN action ON action.id = action_edit.action "
            "JOIN dot ON dot.feed = action_edit.feed AND dot.number = action_edit.number",
            (record, kind, record, kind),
        ).fetchall()
        for action, summary, feed, number, of_part in done:
            if of_part == part:
                self.connection.execute("UPDATE action SET undoable = 0 WHERE id = ?", (action,))
                self.connection.execute(
                    "UPDATE action_edit SET before = '{}' WHERE feed = ? AND number = ?", (feed, number)
                )
            told = _without(summary, values)
            if told != summary:
                self.connection.execute("UPDATE action SET summary = ? WHERE id = ?", (told, action))

    def _forget_waiting(self, place: Place) -> list[str]:
        """Edits of the part that wait in quarantine: without their values nobody could check their signatures later.

        Of those that wait because of a fork that was done, and their skeletons go on telling where the feed parted.
        Gives the values that were dropped.
        """
        values: list[str] = []
        rows = self.connection.execute(
            "SELECT id, CASE WHEN feed IN (SELECT feed FROM fork) THEN reason ELSE '' END, body FROM quarantine"
        ).fetchall()
        for row, reason, body in rows:
            edit = known_edit(body)
            if edit.place == place:
                kept = kept_waiting(edit, reason)
                if kept is not edit:
                    values += texts_of(edit)
                if kept is None:
                    self.connection.execute("DELETE FROM quarantine WHERE id = ?", (row,))
                elif kept.text != body:
                    self.connection.execute("UPDATE quarantine SET body = ? WHERE id = ?", (kept.text, row))
        return values


_DONE_TO = re.compile(r"((?:(?:undo|redo): )*(?:import|\S+ \S+) )(.+)", re.DOTALL)
"""What was done, as `operation edit`, and to what."""


def _without(summary: str, values: Sequence[str]) -> str:
    """An action's summary that calls nothing by one of these values, as operations are called by their codenames.

    The longest go first: one may be part of another. A very short one may stand anywhere, so nothing is left with it.
    """
    match = _DONE_TO.fullmatch(summary)
    if match is None:
        return summary
    done, told = match.groups()
    for value in sorted({value for value in values if value}, key=len, reverse=True):
        found = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)")
        if value in told and found.search(told):
            told = found.sub("…", told) if len(value) > 2 else "…"
    return done + told


def kept_waiting(edit: Edit, reason: str) -> Edit | None:
    """What may wait in quarantine, for a reason, of an edit whose part is erased; None if nothing may.

    What has not been checked may set nothing but the fields by which parts are erased.
    """
    if edit.is_skeleton:
        return edit
    if reason in (FORK, AFTER_FORK):
        return edit if edit.outlives_erasure else skeleton_of(edit)
    return edit if edit.set.keys() <= {ERASED, DROPPED} else None


def erase_as_told_in_quarantine(connection: Connection, ledger: Ledger) -> bool:
    """Erase what edits erase that wait because their feed forked; True if values went, so that the log adds up anew."""
    rows = connection.execute(
        "SELECT body FROM quarantine WHERE reason IN (?, ?) AND json_extract(body, ?) IS NOT NULL "
        "AND feed IN (SELECT feed FROM fork)",
        (FORK, AFTER_FORK, f"$.set.{ERASED}"),
    )
    edits = [known_edit(body) for (body,) in rows]
    if not edits:
        return False
    erasures = Erasures(connection)
    fresh = erasures.note((ledger.feed_id(edit.feed), edit) for edit in edits)
    for place in sorted(fresh):
        erasures.wipe(place)
    return bool(fresh)


def copies_beside(folder: Path) -> tuple[str, ...]:
    """The names of files beside a store that keep it as it was before an upgrade: what is erased is still in them."""
    return tuple(sorted(path.name for path in folder.glob("store.db.before-*")))


def texts_of(edit: Edit) -> list[str]:
    """Every text that an edit sets."""
    return [text for value in edit.set.values() for text in (value if isinstance(value, list) else [value])]


def is_erased(connection: Connection, place: Place) -> bool:
    """Whether a part of a record is erased."""
    query = "SELECT 1 FROM erasure WHERE record = ? AND kind = ? AND part = ? LIMIT 1"
    return connection.execute(query, place).fetchone() is not None


def is_erased_by_log(connection: Connection, place: Place) -> bool:
    """Whether an edit that counts erased a part, rather than only one of a feed that forked."""
    return any(ERASED in edit.set for edit in whole_edits(connection, place))


def erased_parts(connection: Connection, record: str = "") -> list[Place]:
    """The erased parts of a record, or of all."""
    query = "SELECT DISTINCT record, kind, part FROM erasure"
    if record:
        rows = connection.execute(query + " WHERE record = ? ORDER BY kind, part", (record,))
    else:
        rows = connection.execute(query + " ORDER BY kind, record, part")
    return [tuple(row) for row in rows]


def erasing_edits(connection: Connection, place: Place) -> list[Edit]:
    """The edits that erased a part, by clock: those that count, and those that wait because their feed forked."""
    rows = connection.execute(
        "SELECT body FROM quarantine WHERE reason IN (?, ?) AND json_extract(body, ?) IS NOT NULL",
        (FORK, AFTER_FORK, f"$.set.{ERASED}"),
    )
    found = whole_edits(connection, place) + [
        edit for (body,) in rows if (edit := known_edit(body)).place == place
    ]
    return sorted((edit for edit in found if ERASED in edit.set), key=lambda edit: (edit.stamp, edit.hash))


def whole_edits(connection: Connection, place: Place) -> list[Edit]:
    """The edits of an erased part that stay whole, by clock: what erased it and what confirms that."""
    rows = connection.execute(
        "SELECT body FROM edit WHERE record = ? AND kind = ? AND part = ? AND json_extract(body, '$.sig') IS NOT NULL",
        place,
    )
    return sorted((known_edit(body) for (body,) in rows), key=lambda edit: (edit.stamp, edit.hash))


def numbers_of(connection: Connection, place: Place) -> list[tuple[str, int, bool]]:
    """Feed and number of every edit of a part, and whether it is a skeleton."""
    rows = connection.execute(
        "SELECT feed.name, number, json_extract(body, '$.sig') IS NULL FROM edit JOIN feed ON feed.id = edit.feed "
        "WHERE record = ? AND kind = ? AND part = ?",
        place,
    )
    return [(str(feed), int(number), bool(gone)) for feed, number, gone in rows]


def count_values(connection: Connection, place: Place) -> int:
    """How many edits of a part have values that an erasure of it drops."""
    rows = connection.execute(
        "SELECT body FROM edit WHERE record = ? AND kind = ? AND part = ? AND json_extract(body, '$.sig') IS NOT NULL",
        place,
    )
    return sum(not known_edit(body).outlives_erasure for (body,) in rows)


def is_wholly_erased(connection: Connection, record: str, kind: str) -> bool:
    """Whether all parts that are here of a record are erased."""
    return not any(
        not is_erased(connection, (record, kind, part))
        for (part,) in connection.execute(
            "SELECT part FROM state WHERE record = ? AND kind = ?", (record, kind)
        )
    )


def numbers_waiting(connection: Connection, place: Place) -> list[Dot]:
    """Feed and number of every edit of a part that waits because its feed forked."""
    rows = connection.execute(
        "SELECT feed, number FROM quarantine WHERE reason IN (?, ?) AND json_extract(body, '$.record') = ? "
        "AND json_extract(body, '$.kind') = ? AND json_extract(body, '$.part') = ?",
        (FORK, AFTER_FORK, *place),
    )
    return [(str(feed), int(number)) for feed, number in rows]


def answers_waiting(connection: Connection, place: Place, reason: str) -> int:
    """How many devices confirm to have dropped a part by edits that wait in quarantine for this reason."""
    rows = connection.execute(
        "SELECT count(DISTINCT device) FROM quarantine WHERE reason = ? AND json_extract(body, ?) IS NOT NULL "
        "AND json_extract(body, '$.record') = ? AND json_extract(body, '$.kind') = ? "
        "AND json_extract(body, '$.part') = ?",
        (reason, f"$.set.{DROPPED}", *place),
    )
    return int(rows.fetchone()[0])


def unanswered(connection: Connection, device: str) -> list[tuple[Place, str]]:
    """The erased parts that this device neither erased nor has confirmed to have dropped, and the edit to confirm."""
    rows = connection.execute(
        "SELECT record, kind, part, min(feed.name || '/' || number) FROM erasure JOIN feed ON feed.id = erasure.feed "
        "WHERE NOT EXISTS (SELECT 1 FROM edit JOIN feed AS own ON own.id = edit.feed "
        "WHERE edit.record = erasure.record AND edit.kind = erasure.kind AND edit.part = erasure.part "
        "AND own.device = ? AND (json_extract(body, ?) IS NOT NULL OR json_extract(body, ?) IS NOT NULL)) "
        "GROUP BY 1, 2, 3 ORDER BY 2, 1, 3",
        (device, f"$.set.{DROPPED}", f"$.set.{ERASED}"),
    )
    return [((record, kind, part), str(edit)) for record, kind, part, edit in rows]


def scrub(connection: Connection) -> bool:
    """Take what was deleted out of the file for good; False if others were reading, so that it is still to be done.

    `secure_delete` overwrites what is deleted, but when pages were split copies of it stayed behind in them, and the
    search index only marks its words as gone. Both are written anew, and the write-ahead log is emptied.
    """
    with sentences():
        timeout = connection.execute("PRAGMA busy_timeout").fetchone()[0]
        connection.execute("PRAGMA busy_timeout = " + str(_BUSY_WHILE_SCRUBBING))
        try:
            connection.execute("INSERT INTO search (search) VALUES ('optimize')")
            connection.execute("VACUUM")
            if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                return False
            connection.execute("DELETE FROM meta WHERE key = ?", (SCRUB,))
            return True
        finally:
            connection.execute("PRAGMA busy_timeout = " + str(int(timeout)))
