"""Drops edits that were recalled: out of the log and so out of the holdings, so that they come again if they may.

Unlike an erasure nothing stays of them: what the log then adds up to is what it would be had they never come. What the
agency's own devices wrote stays. That the bytes are gone from the file, too, is for `erasing.scrub`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from taskforce.store import exchange
from taskforce.store.connection import Connection
from taskforce.store.drafts import drop_of_record
from taskforce.store.erasing import SCRUB, Erasures, Place, kept_waiting, texts_of
from taskforce.store.forks import Taken, forget_unproven_owner
from taskforce.sync.edit import Edit, known_edit
from taskforce.sync.holdings import contains, of_numbers
from taskforce.sync.merge import Dot


@dataclass(frozen=True, slots=True)
class Carried:
    """Which bundles brought what is to be dropped: those of an agency, or of a device before one of its bundles.

    All of it, whatever brought it, where neither is named. `before` is an epoch and a number.
    """

    agency: str = ""
    device: str = ""
    before: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class Dropping:
    """The dropping of several parts in one write transaction; the log must be added up anew if any is `dropped`."""

    connection: Connection
    own_devices: Collection[str]
    dropped: list[Taken] = field(default_factory=list)

    def drop(self, place: Place, carried: Carried) -> None:
        """Drop what others wrote of a part. Of an erased part there is nothing left to drop."""
        bundles = None if carried == Carried() else _bundles(self.connection, carried)
        values = self._forget_waiting(place, bundles)
        chosen = self._chosen(place, bundles)
        for row, edit in chosen:
            self.connection.execute("DELETE FROM edit WHERE id = ?", (row,))
            self.dropped.append(Taken(edit.feed, edit.number, edit.hash))
            values += texts_of(edit)
        if not chosen and not values:
            return
        Erasures(self.connection).forget_undo(place, values)
        record, kind, _part = place
        drop_of_record(self.connection, kind, record)
        forget_unproven_owner(self.connection, record, kind)
        self.connection.execute(
            "INSERT INTO meta VALUES (?, 'yes') ON CONFLICT (key) DO UPDATE SET value = 'yes'", (SCRUB,)
        )

    def would_drop(self, place: Place, carried: Carried) -> int:
        """How many edits `drop` would drop."""
        bundles = None if carried == Carried() else _bundles(self.connection, carried)
        return len(self._chosen(place, bundles))

    def forget_passed(self) -> None:
        """Note that what was dropped has passed between nobody and us: we are not to say that we hold it."""
        numbers: dict[str, list[int]] = {}
        for one in self.dropped:
            numbers.setdefault(one.feed, []).append(one.number)
        exchange.take_from_sent(self.connection, {feed: of_numbers(some) for feed, some in numbers.items()})

    def _chosen(self, place: Place, bundles: set[int] | None) -> list[tuple[int, Edit]]:
        rows = self.connection.execute(
            "SELECT id, bundle, body FROM edit WHERE record = ? AND kind = ? AND part = ? "
            "AND NOT EXISTS (SELECT 1 FROM erasure WHERE erasure.record = edit.record "
            "AND erasure.kind = edit.kind AND erasure.part = edit.part)",
            place,
        ).fetchall()
        edits = [
            (row, known_edit(body)) for row, bundle, body in rows if bundles is None or bundle in bundles
        ]
        return [(row, edit) for row, edit in edits if edit.device not in self.own_devices]

    def _forget_waiting(self, place: Place, bundles: set[int] | None) -> list[str]:
        """Drop what waits of the part in quarantine; of forks the skeletons stay. Gives the values dropped."""
        values: list[str] = []
        rows = self.connection.execute(
            "SELECT id, bundle, CASE WHEN feed IN (SELECT feed FROM fork) THEN reason ELSE '' END, body "
            "FROM quarantine WHERE json_extract(body, '$.record') = ? AND json_extract(body, '$.kind') = ? "
            "AND json_extract(body, '$.part') = ?",
            place,
        ).fetchall()
        for row, bundle, reason, body in rows:
            edit = known_edit(body)
            if edit.device in self.own_devices or not (bundles is None or bundle in bundles):
                continue
            kept = kept_waiting(edit, reason)
            if kept is None:
                self.connection.execute("DELETE FROM quarantine WHERE id = ?", (row,))
            elif kept is not edit:
                self.connection.execute("UPDATE quarantine SET body = ? WHERE id = ?", (kept.text, row))
            if kept is not edit:
                values += texts_of(edit)
        return values


def _bundles(connection: Connection, carried: Carried) -> set[int]:
    rows = connection.execute(
        "SELECT id FROM bundle WHERE direction = 'in' AND (? = '' OR agency = ?) "
        "AND (? = '' OR (device = ? AND (epoch, number) < (?, ?)))",
        (carried.agency, carried.agency, carried.device, carried.device, *carried.before),
    )
    return {int(row) for (row,) in rows}


def brought_by(connection: Connection, dot: Dot) -> tuple[str, int, int] | None:
    """The bundle that brought an edit: its device, that device's epoch, and its number; None for an own edit."""
    row = connection.execute(
        "SELECT bundle.device, epoch, bundle.number FROM edit JOIN feed ON feed.id = edit.feed "
        "JOIN bundle ON bundle.id = edit.bundle WHERE feed.name = ? AND edit.number = ?",
        dot,
    ).fetchone()
    return None if row is None else (str(row[0]), int(row[1]), int(row[2]))


def others_numbers(connection: Connection, place: Place, devices: Collection[str]) -> list[Dot]:
    """Feed and number of the edits of a part that are held with their values and that `devices` did not write."""
    rows = connection.execute(
        "SELECT feed.name, number FROM edit JOIN feed ON feed.id = edit.feed WHERE record = ? AND kind = ? "
        "AND part = ? AND json_extract(body, '$.sig') IS NOT NULL",
        place,
    )
    return [(str(feed), int(number)) for feed, number in rows if feed.partition(".")[0] not in devices]


def count_own(connection: Connection, places: Sequence[Place], devices: Collection[str]) -> int:
    """How many edits of some parts these devices wrote."""
    rows = (
        feed
        for place in places
        for (feed,) in connection.execute(
            "SELECT feed.name FROM edit JOIN feed ON feed.id = edit.feed WHERE record = ? AND kind = ? AND part = ?",
            place,
        )
    )
    return sum(feed.partition(".")[0] in devices for feed in rows)


def told_to_hold(connection: Connection, device: str, dots: Sequence[Dot]) -> bool:
    """Whether a device last said that it holds any of these edits."""
    told = exchange.told_by(connection, device)
    return any(contains(told.get(feed, ()), number) for feed, number in dots)
