"""Makes this device's own edits: composed, signed, numbered, taken into the log, and noted for undo."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from taskforce.canonical import canonical
from taskforce.errors import Refused
from taskforce.i18n import _
from taskforce.records.schema import ARCHIVED, DROPPED, ERASED, REJECTED, Kind
from taskforce.store import tables
from taskforce.store.erasing import Place, erased_parts, is_erased
from taskforce.store.ledger import BATCH, Ledger
from taskforce.store.store import Store
from taskforce.sync.clock import Stamp, parse_stamp, tick
from taskforce.sync.edit import Edit, Saw, Value, compose, known_edit, parse_edit
from taskforce.sync.merge import PartState, load_state

Signer = Callable[[bytes], str]


@dataclass(slots=True)
class Writer:
    """One action under way. `save` queues edits; they are taken in together, in order, when the action ends."""

    store: Store
    sign: Signer
    now: datetime
    by: str
    ledger: Ledger
    number: int
    prev: str
    stamp: Stamp | None
    saved: int = 0
    _pending: list[Edit] = field(default_factory=list)
    _pending_records: set[str] = field(default_factory=set)
    _owners: dict[tuple[str, str], str] = field(default_factory=dict)
    _befores: list[tuple[str, int, bool, str]] = field(default_factory=list)

    def save(
        self,
        kind: Kind,
        record: str,
        values: Mapping[str, Value],
        *,
        nonce: str = "",
        seen: Mapping[str, Saw] | None = None,
    ) -> None:
        """Set fields of a record: one edit for each part they belong to. `nonce` proves a record made here.

        `seen` is what was seen of a field besides what stands there: proposals that this decides on.
        """
        if record in self._pending_records or len(self._pending) >= BATCH:
            self.flush()
        by_part: dict[str, dict[str, Value]] = {}
        for name, value in values.items():
            by_part.setdefault(kind.part_of(name), {})[name] = value
        for part, chosen in by_part.items():
            self._queue(kind, record, part, chosen, nonce, seen)

    def set_archived(self, kind: Kind, record: str, *, archived: bool) -> None:
        """Take a record out of view or back, in each part of it that the store holds, having seen all that is in it."""
        self.flush()
        rows = self.store.connection.execute(
            "SELECT part FROM state WHERE record = ? AND kind = ? ORDER BY part", (record, kind.name)
        ).fetchall()
        erased = {
            part for _record, name, part in erased_parts(self.store.connection, record) if name == kind.name
        }
        parts = [part for (part,) in rows]
        for part in [
            part for part in parts if part not in erased
        ] or parts:  # if all are erased, that is said
            self._queue(kind, record, part, {ARCHIVED: "yes" if archived else ""}, "")

    def erase(self, place: Place, reason: str, kept: Mapping[str, Value], *, nonce: str = "") -> None:
        """Erase a part of a record, for ever: everywhere, all that was and will be set in it but `reason` and `kept`.

        `nonce` proves that this agency made the record.
        """
        self.flush()
        state = self._state(place)
        saw = {name: known.saw_now() for name, known in (state or {}).items()}
        self._append(place, {ERASED: reason, **kept}, saw, nonce, "{}")

    def confirm_erased(self, place: Place, edit: str) -> None:
        """Say that this device holds no values of an erased part any more; `edit` is what erased it."""
        state = self._state(place) or {}
        saw = {DROPPED: state[DROPPED].saw_now()} if DROPPED in state else {}
        self._append(place, {DROPPED: edit}, saw, "", "{}")

    def reject(self, place: Place, values: list[str]) -> None:
        """Turn down what an edit proposes, or take back one's own: `values` name the edit, and the reason."""
        self.flush()
        self._append(place, {REJECTED: values}, {}, "", "{}")

    def flush(self) -> None:
        """Take the queued edits into the log."""
        if self._pending:
            self.ledger.take(self._pending, self._owners)
        self._pending, self._owners = [], {}
        self._pending_records.clear()

    def _queue(
        self,
        kind: Kind,
        record: str,
        part: str,
        values: Mapping[str, Value],
        nonce: str,
        seen: Mapping[str, Saw] | None = None,
    ) -> None:
        place = (record, kind.name, part)
        if is_erased(self.store.connection, place):
            raise Refused(
                _("the part %(part)s of this %(kind)s was erased, and stays so")
                % {"part": part, "kind": _(kind.label).lower()},
                hint=_(
                    "see who erased it and why with: taskforce erase status; keep what is new in a new record"
                ),
            )
        state = self._state(place)
        known = state or {}
        # Where others only proposed, or dropped, so far, this is the first of its maker: it proves who that is.
        born = "" if known.keys() - {DROPPED} else nonce or self.own_nonce(kind, record)
        saw = {
            name: known[name].saw_now() for name in (known if ARCHIVED in values else values) if name in known
        }
        if ARCHIVED not in values and (archived := self._archived_as_seen(kind, record)):
            saw[ARCHIVED] = (
                archived  # whoever knowingly brings it back into view is in no conflict with who archived it
            )
        for name in values:
            if seen and name in seen:
                saw[name] = joined(saw.get(name, {}), seen[name])
        before = json.dumps(self._before(kind, record, values), ensure_ascii=False, separators=(",", ":"))
        self._append(place, values, saw, born, before, first=not known)
        if nonce:
            self._owners[record, kind.name] = self.store.me.agency

    def _archived_as_seen(self, kind: Kind, record: str) -> dict[str, int]:
        """What took a record out of view or brought it back, in any part of it, as seen by an edit made now."""
        rows = self.store.connection.execute(
            "SELECT fields FROM state WHERE record = ? AND kind = ?", (record, kind.name)
        )
        seen: dict[str, int] = {}
        for (fields,) in rows:
            if ARCHIVED in fields:
                known = load_state(fields).get(ARCHIVED)
                for feed, number in (known.saw_now() if known else {}).items():
                    seen[feed] = max(number, seen.get(feed, 0))
        return seen

    def _state(self, place: Place) -> PartState | None:
        row = self.store.connection.execute(
            "SELECT fields FROM state WHERE record = ? AND kind = ? AND part = ?", place
        ).fetchone()
        return None if row is None else load_state(row[0])

    def _append(
        self,
        place: Place,
        values: Mapping[str, Value],
        saw: Mapping[str, Saw],
        born: str,
        before: str,
        *,
        first: bool = False,
    ) -> None:
        """Queue the next edit of this device's feed."""
        record, kind, part = place
        self.number += 1
        self.stamp = tick(self.stamp, self.now)
        body = compose(
            feed=self.store.me.feed,
            number=self.number,
            prev=self.prev,
            stamp=self.stamp,
            by=self.by,
            kind=kind,
            record=record,
            part=part,
            values=values,
            saw=saw,
            born=born,
        )
        body["sig"] = self.sign(canonical(body).encode())
        edit = parse_edit(body)
        self.prev = edit.hash
        self._befores.append((edit.feed, edit.number, first, before))
        self._pending.append(edit)
        self._pending_records.add(record)
        self.saved += 1

    def own_nonce(self, kind: Kind, record: str) -> str:
        """The nonce of a record that this agency made: a part that is added later must prove whose it is, too."""
        connection = self.store.connection
        owner = connection.execute(
            "SELECT owner FROM record WHERE id = ? AND kind = ?", (record, kind.name)
        ).fetchone()
        if owner is None or owner[0] != self.store.me.agency:
            return ""
        bodies = connection.execute(
            "SELECT body FROM edit WHERE record = ? AND kind = ? ORDER BY id", (record, kind.name)
        )
        return next((edit.born for (body,) in bodies if (edit := known_edit(body)).born), "")

    def _before(self, kind: Kind, record: str, values: Mapping[str, Value]) -> dict[str, Value]:
        """The values as they are now; and that the record is archived, since a new value brings it back into view."""
        row = self.store.connection.execute(
            "SELECT n FROM record WHERE id = ? AND kind = ?", (record, kind.name)
        ).fetchone()
        stored: dict[str, Any] = {} if row is None else tables.row_of(self.store.connection, kind, row[0])
        return {
            name: ("yes" if stored.get(ARCHIVED) else "")
            if name == ARCHIVED
            else tables.wire_value(kind, name, stored.get(name))
            for name in (*values, *((ARCHIVED,) if stored.get(ARCHIVED) else ()))
        }

    def note_action(self, summary: str, *, undoable: bool, undoes: int | None = None) -> int | None:
        """Enter what was done into the store's own history; None where nothing was."""
        if not self._befores:
            return None
        connection = self.store.connection
        cursor = connection.execute(
            "INSERT INTO action (at, by, summary, undoable, undoes) VALUES (?, ?, ?, ?, ?)",
            (str(self.stamp), self.by, summary, int(undoable), undoes),
        )
        action = int(cursor.lastrowid)
        connection.executemany(
            "INSERT INTO action_edit VALUES (?, ?, ?, ?, ?)",
            [
                (action, self.ledger.feed_id(feed), number, int(first), before)
                for feed, number, first, before in self._befores
            ],
        )
        if undoes is not None:
            connection.execute("UPDATE action SET undone_by = ? WHERE id = ?", (action, undoes))
        return action


def joined(one: Saw, other: Saw) -> dict[str, int]:
    """What was seen by either: per feed the higher number."""
    return {feed: max(one.get(feed, 0), other.get(feed, 0)) for feed in {*one, *other}}


@contextmanager
def writer(
    store: Store,
    sign: Signer,
    now: datetime,
    summary: str,
    *,
    undoable: bool = True,
    undoes: int | None = None,
) -> Iterator[Writer]:
    """One action: a transaction in which a `Writer` saves, and one entry of the history that `undo` can take back."""
    with store.writing():
        one = open_writer(store, sign, now)
        yield one
        close_writer(one, summary, undoable=undoable, undoes=undoes)


def open_writer(store: Store, sign: Signer, now: datetime) -> Writer:
    """A writer at the end of this device's feed, inside a transaction that is already open."""
    ledger = store.ledger()
    row = store.connection.execute(
        "SELECT number, hash FROM edit WHERE feed = ? ORDER BY number DESC LIMIT 1",
        (ledger.feed_id(store.me.feed),),
    ).fetchone()
    number, prev = (0, "") if row is None else (int(row[0]), str(row[1]))
    clock = store.meta("clock")
    return Writer(
        store, sign, now, store.me.officer, ledger, number, prev, parse_stamp(clock) if clock else None
    )


def close_writer(one: Writer, summary: str, *, undoable: bool = True, undoes: int | None = None) -> None:
    """Take in what is queued, enter the action into the history, keep the clock."""
    one.flush()
    one.note_action(summary, undoable=undoable, undoes=undoes)
    if one.stamp is not None:
        one.store.set_meta("clock", str(one.stamp))
