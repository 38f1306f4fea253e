"""What the store knows of its peers: who was verified, what their devices hold, which bundles went and came."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from taskforce.errors import StoreError
from taskforce.i18n import _
from taskforce.store.connection import Connection
from taskforce.store.scopes import SKELETONS, WHOLE
from taskforce.sync.edit import known_edit
from taskforce.sync.holdings import (
    Holdings,
    Ranges,
    contains,
    difference,
    from_text,
    intersection,
    normalise,
    to_text,
    union,
)


@dataclass(frozen=True, slots=True)
class Peer:
    """An agency whose key people verified."""

    agency: str
    name: str
    agency_key: str
    verified_at: str
    verified_by: str
    how: str


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device that a verified agency's key (or our own) certifies."""

    id: str
    agency: str
    sign_key: str
    seal_to: str
    certificate: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """Edits that are decided on together: their kind, part and the record that anchors their audience."""

    id: int
    kind: str
    part: str
    anchor: str


@dataclass(frozen=True, slots=True)
class BundleRow:
    """A bundle that went (`out`) or came (`in`): the other agency, the sending device, its number for that agency.

    `epoch` is the sending device's when it made it, 0 where it did not say; `by` the officer who made one that went.
    """

    name: str
    agency: str
    device: str
    number: int
    made: str
    at: str
    edits: int
    epoch: int = 0
    by: str = ""


def peers(connection: Connection) -> list[Peer]:
    """Every verified peer, by agency."""
    rows = connection.execute(
        "SELECT agency, name, agency_key, verified_at, verified_by, how FROM peer ORDER BY agency"
    )
    return [Peer(*row) for row in rows]


def find_peer(connection: Connection, agency: str) -> Peer | None:
    """The verified peer with this code, or None."""
    return next((peer for peer in peers(connection) if peer.agency == agency), None)


def put_peer(connection: Connection, peer: Peer) -> None:
    """Enter a verified peer."""
    connection.execute(
        "INSERT INTO peer VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (agency) DO UPDATE SET name = excluded.name, "
        "verified_at = excluded.verified_at, verified_by = excluded.verified_by, how = excluded.how",
        (peer.agency, peer.name, peer.agency_key, peer.verified_at, peer.verified_by, peer.how),
    )


def devices(connection: Connection, agency: str | None = None) -> list[KnownDevice]:
    """Known devices, of one agency or of all."""
    rows = connection.execute(
        "SELECT id, agency, sign_key, seal_to, certificate FROM device WHERE ? IS NULL OR agency = ? ORDER BY id",
        (agency, agency),
    )
    return [
        KnownDevice(one, code, sign, seal, json.loads(certificate))
        for one, code, sign, seal, certificate in rows
    ]


def put_device(connection: Connection, device: KnownDevice, *, proven: bool = False) -> bool:
    """Enter a device whose certificate was checked against its agency's verified key; True if it was another agency's.

    An agency may certify any key it has heard of, so a certificate alone does not take a device from another agency.
    `proven` says that the device itself signed what brought it: its card or its own bundle. That does.
    """
    known = connection.execute("SELECT agency FROM device WHERE id = ?", (device.id,)).fetchone()
    if known is not None and (known[0] == device.agency or not proven):
        return False
    connection.execute(
        "INSERT INTO device (id, agency, sign_key, seal_to, certificate) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET agency = excluded.agency, "
        "seal_to = excluded.seal_to, certificate = excluded.certificate",
        (
            device.id,
            device.agency,
            device.sign_key,
            device.seal_to,
            json.dumps(device.certificate, sort_keys=True),
        ),
    )
    return known is not None


# ── holdings ──


def scopes(connection: Connection) -> list[ScopeRow]:
    """Every scope of the store."""
    return [
        ScopeRow(*row) for row in connection.execute("SELECT id, kind, part, anchor FROM scope ORDER BY id")
    ]


def held_in(connection: Connection, allowed: Sequence[int], withheld: Sequence[int]) -> dict[str, Ranges]:
    """What the store holds in the scopes `allowed`, by feed; `withheld` are all its other scopes.

    Where kinds alternate, scopes take turns in a feed, and one of the two sides may consist of as many ranges as there
    are edits. Both are read in turn until the shorter one ends; the other is what remains of the whole.
    """
    allowed_rows, withheld_rows = _ranges_in(connection, allowed), _ranges_in(connection, withheld)
    taken: list[_Range] = []
    left: list[_Range] = []
    while True:
        some = allowed_rows.fetchmany(_READ_AT_ONCE)
        taken += some
        if len(some) < _READ_AT_ONCE:
            return _by_feed(connection, taken)
        others = withheld_rows.fetchmany(_READ_AT_ONCE)
        left += others
        if len(others) < _READ_AT_ONCE:
            whole = _by_feed(connection, _ranges_in(connection, [WHOLE]))
            without = _by_feed(connection, left)
            remaining = {feed: difference(ranges, without.get(feed, ())) for feed, ranges in whole.items()}
            return {feed: ranges for feed, ranges in remaining.items() if ranges}


def skeletons(connection: Connection) -> dict[str, Ranges]:
    """What is held of erased edits, whose values are gone: nothing that could be sent."""
    return _by_feed(connection, _ranges_in(connection, [SKELETONS]))


def had_by(connection: Connection, agency: str) -> dict[str, Ranges]:
    """All that an agency has, had or may have got: what its devices wrote or said they hold, and what went or came."""
    ids = [device.id for device in devices(connection, agency)]
    found = sent_to(connection, agency)
    for known in (held_of_devices(connection, ids), *(told_by(connection, one) for one in ids)):
        for feed, ranges in known.items():
            found[feed] = union(found.get(feed, ()), ranges)
    return found


def held_of_devices(connection: Connection, device_ids: Sequence[str]) -> dict[str, Ranges]:
    """Everything the store holds of these devices' feeds: they wrote it, so they may hear that we have it."""
    whole = _by_feed(connection, _ranges_in(connection, [WHOLE]))
    return {feed: ranges for feed, ranges in whole.items() if feed.partition(".")[0] in device_ids}


_READ_AT_ONCE = 500

_Range = tuple[int, int, int]
"""Number of a feed, first and last edit."""


def _ranges_in(connection: Connection, scope_ids: Sequence[int]) -> Any:
    """A cursor over the ranges held in some scopes."""
    return connection.execute(
        "SELECT feed, first, last FROM held WHERE scope IN (SELECT value FROM json_each(?))",
        (json.dumps(list(scope_ids)),),
    )


def _by_feed(connection: Connection, rows: Iterable[_Range]) -> dict[str, Ranges]:
    names = dict(connection.execute("SELECT id, name FROM feed"))
    pairs: dict[str, list[tuple[int, int]]] = {}
    for feed, first, last in rows:
        pairs.setdefault(names[feed], []).append((first, last))
    return {feed: normalise(some) for feed, some in pairs.items()}


def told_by(connection: Connection, device: str) -> dict[str, Ranges]:
    """What a device last said it holds."""
    rows = connection.execute("SELECT feed, ranges FROM told WHERE device = ?", (device,))
    return {feed: from_text(ranges) for feed, ranges in rows}


def told_by_all(connection: Connection, device_ids: Sequence[str]) -> dict[str, Ranges]:
    """What every one of an agency's devices said it holds; a device not heard from holds nothing."""
    result: dict[str, Ranges] | None = None
    for device in device_ids:
        told = told_by(connection, device)
        result = (
            told
            if result is None
            else {feed: both for feed in result if (both := intersection(result[feed], told.get(feed, ())))}
        )
    return result or {}


def put_told(connection: Connection, device: str, holdings: Holdings) -> None:
    """Remember what a device says it holds, in place of what it said before."""
    connection.execute("DELETE FROM told WHERE device = ?", (device,))
    connection.executemany(
        "INSERT INTO told VALUES (?, ?, ?)",
        [(device, feed, to_text(ranges)) for feed, ranges in holdings.items()],
    )


def add_told(connection: Connection, device: str, holdings: Holdings) -> None:
    """Note that a device holds these edits too: it wrote or sent them."""
    known = told_by(connection, device)
    for feed, ranges in holdings.items():
        known[feed] = union(known.get(feed, ()), ranges)
    put_told(connection, device, known)


def sent_to(connection: Connection, agency: str) -> dict[str, Ranges]:
    """What was put into bundles to an agency so far, whether it arrived or not, and what came in bundles of theirs."""
    rows = connection.execute("SELECT feed, ranges FROM sent WHERE agency = ?", (agency,))
    return {feed: from_text(ranges) for feed, ranges in rows}


def add_sent(connection: Connection, agency: str, holdings: Holdings) -> None:
    """Note what a bundle to or from an agency carries, as far as this store holds just that."""
    known = sent_to(connection, agency)
    connection.executemany(
        "INSERT INTO sent VALUES (?, ?, ?) ON CONFLICT (agency, feed) DO UPDATE SET ranges = excluded.ranges",
        [(agency, feed, to_text(union(known.get(feed, ()), ranges))) for feed, ranges in holdings.items()],
    )


def take_from_sent(connection: Connection, gone: Holdings) -> None:
    """Forget of every agency that these edits passed: we hold them no more, and are not to say that we do."""
    for feed, ranges in gone.items():
        rows = connection.execute("SELECT agency, ranges FROM sent WHERE feed = ?", (feed,)).fetchall()
        for agency, text in rows:
            left = difference(from_text(text), ranges)
            if left:
                connection.execute(
                    "UPDATE sent SET ranges = ? WHERE agency = ? AND feed = ?", (to_text(left), agency, feed)
                )
            else:
                connection.execute("DELETE FROM sent WHERE agency = ? AND feed = ?", (agency, feed))


@dataclass(frozen=True, slots=True)
class Permit:
    """What may leave for one agency: edits in the allowed `scopes`; those in `beyond` that erase a part, or confirm
    that; those in `returning`, which their own writer lost.
    """

    scopes: Container[int | None]
    beyond: Holdings
    returning: Holdings

    def allows(self, feed: str, number: int, scope: int | None, body: str) -> bool:
        """Whether an edit may leave."""
        return (
            scope in self.scopes
            or contains(self.returning.get(feed, ()), number)
            or (contains(self.beyond.get(feed, ()), number) and known_edit(body).outlives_erasure)
        )


def edit_texts(connection: Connection, wanted: Holdings, permits: Sequence[Permit]) -> Iterator[str]:
    """The canonical JSON of the edits in `wanted`, ordered by feed and number.

    `wanted` was worked out from ranges; each edit is held against the permits of all receivers once more as it leaves.
    StoreError if one does not allow it: the store's tables are damaged, and nothing may go.
    """
    for feed in sorted(wanted):
        row = connection.execute("SELECT id FROM feed WHERE name = ?", (feed,)).fetchone()
        if row is None:
            continue
        for first, last in wanted[feed]:
            rows = connection.execute(
                "SELECT number, body, (SELECT scope FROM state WHERE state.record = edit.record "
                "AND state.kind = edit.kind AND state.part = edit.part) FROM edit "
                "WHERE feed = ? AND number BETWEEN ? AND ? ORDER BY number",
                (row[0], first, last),
            )
            for number, body, scope in rows:
                if not permits or not all(each.allows(feed, number, scope, body) for each in permits):
                    raise StoreError(
                        _("the store's account of who may have what is damaged; nothing was written"),
                        hint=_("run: taskforce doctor --rebuild"),
                    )
                yield str(body)


# ── bundles ──


def next_bundle_number(connection: Connection, agency: str) -> int:
    """The number that the next bundle to an agency bears."""
    row = connection.execute(
        "SELECT coalesce(max(number), 0) FROM bundle WHERE direction = 'out' AND agency = ?", (agency,)
    ).fetchone()
    return int(row[0]) + 1


def put_bundle(connection: Connection, direction: str, bundle: BundleRow) -> int:
    """Enter a bundle that goes (`out`) or came (`in`); its row number."""
    cursor = connection.execute(
        "INSERT INTO bundle (direction, name, agency, device, number, made, at, edits, epoch, by) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (direction, *astuple(bundle)),
    )
    return int(cursor.lastrowid)


def row_of_bundle(connection: Connection, name: str, device: str) -> int | None:
    """The row number of a bundle of a device that came before; None if it did not."""
    query = "SELECT id FROM bundle WHERE direction = 'in' AND name = ? AND device = ?"
    row = connection.execute(query, (name, device)).fetchone()
    return None if row is None else int(row[0])


def note_edits(connection: Connection, row: int, edits: int) -> None:
    """Note how many edits a bundle brought."""
    connection.execute("UPDATE bundle SET edits = ? WHERE id = ?", (edits, row))


def newest_heard(connection: Connection, device: str) -> tuple[int, int]:
    """Epoch and row of the bundle of a device that says what it holds now: of each epoch the one with the highest
    number, and of these the one that came last.

    A higher epoch need not be a later one: who restores a backup twice may draw the lower number the second time.
    """
    last: dict[int, tuple[int, int]] = {}
    rows = connection.execute(
        "SELECT epoch, number, id FROM bundle WHERE direction = 'in' AND device = ?", (device,)
    )
    for epoch, number, row in rows:
        last[epoch] = max(last.get(epoch, (0, 0)), (number, row))
    return max(
        ((epoch, row) for epoch, (_number, row) in last.items()), key=lambda one: one[1], default=(0, 0)
    )


def lost_by_their_writers(connection: Connection, device_ids: Sequence[str]) -> dict[str, Ranges]:
    """Edits that devices wrote in other epochs and do not say they hold: what a restored device has lost.

    Of those that were erased nothing is left that could go back.
    """
    result: dict[str, Ranges] = {}
    gone = skeletons(connection)
    for device in device_ids:
        epoch, told = newest_heard(connection, device)[0], told_by(connection, device)
        for feed, ranges in held_of_devices(connection, [device]).items():
            if not epoch or int(feed.partition(".")[2]) == epoch:
                continue
            if lost := difference(difference(ranges, told.get(feed, ())), gone.get(feed, ())):
                result[feed] = lost
    return result


def bundles(connection: Connection, direction: str) -> list[BundleRow]:
    """The bundles that went or came, oldest first."""
    rows = connection.execute(
        "SELECT name, agency, device, number, made, at, edits FROM bundle WHERE direction = ? ORDER BY id",
        (direction,),
    )
    return [BundleRow(*row) for row in rows]
