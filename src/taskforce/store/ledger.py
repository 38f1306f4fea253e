"""Takes edits into the log and keeps what they add up to: states, conflicts, the kinds' tables, scopes, search.

The same edits in any order and any batching give the same states and the same rows; only row numbers follow arrival.
A ledger lives inside one write transaction and works in batches, so memory stays flat however many edits come.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from taskforce.records.registry import find_kind, get_kind
from taskforce.records.schema import ARCHIVED, DROPPED, ERASED, Kind
from taskforce.store import tables
from taskforce.store.anchoring import anchor_of
from taskforce.store.archiving import list_crossed
from taskforce.store.authority import Authority
from taskforce.store.connection import Connection
from taskforce.store.erasing import Erasures, Place
from taskforce.store.parts import Part
from taskforce.store.scopes import SKELETONS, Scopes
from taskforce.sync.archive import hides
from taskforce.sync.clock import parse_stamp
from taskforce.sync.edit import Edit, Value, known_edit
from taskforce.sync.merge import Dot, Head, PartState, dump_state, is_conflict, load_state, merge_edit, winner

BATCH = 2_000
"""Edits taken in at once; a batch of ten-field edits costs about 15 MB."""


_Record = tuple[str, str]
"""A record: its id and kind."""

_Row = tuple[int, bool, str]
"""Of a record: the number of its row, whether it is new, and which agency (code) proves to have made it."""


@dataclass(slots=True)
class Ledger:
    """The edit log's writer. `agency_of` names the agency of a device."""

    connection: Connection
    agency_of: dict[str, str]
    proposes: bool = False  # whether of some part that was taken in not everything counts
    _feeds: dict[str, int] = field(default_factory=dict)
    _scopes: Scopes = field(init=False)
    _erasures: Erasures = field(init=False)
    _authority: Authority = field(init=False)
    _newly_owned: list[_Record] = field(default_factory=list)
    _loaded: dict[Dot, Edit] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._scopes = Scopes(self.connection)
        self._erasures = Erasures(self.connection)
        self._authority = Authority(self.connection, self.agency_of, self._erasures.strip)

    def hash_at(self, feed: str, number: int) -> str | None:
        """The hash of the edit that this store holds at a place, or None."""
        row = self.connection.execute(
            "SELECT hash FROM edit WHERE feed = ? AND number = ?", (self.feed_id(feed), number)
        ).fetchone()
        return None if row is None else str(row[0])

    def last_of(self, feed: str) -> Dot:
        """The place of the last edit of a feed that this store holds; number 0 if it holds none."""
        query = "SELECT max(number) FROM edit WHERE feed = ?"
        row = self.connection.execute(query, (self.feed_id(feed),)).fetchone()
        return feed, int(row[0] or 0)

    def take(self, edits: Sequence[Edit], owners: dict[_Record, str], *, bundle: int | None = None) -> None:
        """Take in new edits, whose signatures were checked and which the store does not hold.

        Those that erase a part are by who may erase it; of others in an erased part only skeletons are taken in.
        `owners` maps the records (id and kind) whose creator these edits prove to the agency that made them.
        """
        for start in range(0, len(edits), BATCH):
            self._take_batch(edits[start : start + BATCH], owners, bundle)

    def retake(self, edits: Sequence[Edit], owners: dict[_Record, str]) -> None:
        """Add up edits that the log already holds: the rebuilding of the tables from it."""
        # What a version before erasures took in comes to life; who has no proof in the edit itself was checked there.
        fresh = self._erase(edit for edit in edits if ERASED in edit.set and edit.born)
        self._add_up([self._erasures.strip(edit) for edit in edits], owners, fresh)

    def feed_id(self, feed: str) -> int:
        """The number under which the log keeps a feed."""
        known = self._feeds.get(feed)
        if known is None:
            found = self.connection.execute("SELECT id FROM feed WHERE name = ?", (feed,)).fetchone()
            if found is None:
                cursor = self.connection.execute(
                    "INSERT INTO feed (name, device) VALUES (?, ?)", (feed, feed.partition(".")[0])
                )
                found = (cursor.lastrowid,)
            known = self._feeds[feed] = int(found[0])
        return known

    def _take_batch(self, edits: Sequence[Edit], owners: dict[_Record, str], bundle: int | None) -> None:
        fresh = self._erase(edit for edit in edits if ERASED in edit.set)
        edits = [self._erasures.strip(edit) for edit in edits]
        self.connection.executemany(
            "INSERT INTO edit (feed, number, record, kind, part, hash, bundle, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (self.feed_id(e.feed), e.number, e.record, e.kind, e.part, e.hash, bundle, e.text)
                for e in edits
            ],
        )
        self._add_up(edits, owners, fresh)

    def _erase(self, edits: Iterable[Edit]) -> set[Place]:
        """Note the edits that erase a part; the parts that were not erased before."""
        return self._erasures.note((self.feed_id(edit.feed), edit) for edit in edits)

    def _add_up(self, edits: Sequence[Edit], owners: dict[_Record, str], erased: set[Place]) -> None:
        self._loaded = {(edit.feed, edit.number): edit for edit in edits}
        records = self._record_numbers(edits, owners)
        old = {key for key, row in records.items() if not row[1]}
        again = list(dict.fromkeys(self._authority.learn(edits, self._newly_owned, old)))
        self._add_up_parts(self._merged_parts(edits, records), again[:BATCH], records, erased)
        for start in range(BATCH, len(again), BATCH):  # who takes part now may have written very much
            self._add_up_parts([], again[start : start + BATCH], {}, set())

    def _add_up_parts(
        self, parts: list[Part], again: Iterable[Place], records: dict[_Record, _Row], erased: set[Place]
    ) -> None:
        """Keep what parts add up to; `again` are such, or others, of which other edits may count now."""
        self._judge(parts, again, records)
        for at in parts:
            if at.place in erased:
                self._empty(at)
        self._write_conflicts(parts)
        self._write_crossed(parts, records, erased)
        self._write_rows(parts, records)
        where = (self.connection, self.agency_of, self.edit_at)
        for at, anchor in [(at, anchor_of(*where, at.place, at.state)) for at in parts]:
            self._scopes.place(at, anchor, self.feed_id)
        self._scopes.settle()
        self.connection.executemany(
            "INSERT INTO state (record, kind, part, scope, fields) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (record, kind, part) DO UPDATE SET scope = excluded.scope, fields = excluded.fields",
            [(at.record, at.kind, at.part, at.scope, dump_state(at.state)) for at in parts],
        )
        self._loaded = {}

    def _record_numbers(self, edits: Sequence[Edit], owners: dict[_Record, str]) -> dict[_Record, _Row]:
        """What is known of each record that the edits touch."""
        numbers: dict[_Record, _Row] = {}
        for edit in edits:
            key = (edit.record, edit.kind)
            if key in numbers:
                continue
            row = self.connection.execute(
                "SELECT n, owner FROM record WHERE id = ? AND kind = ?", key
            ).fetchone()
            owner = owners.get(key, "")
            if row is None:
                cursor = self.connection.execute(
                    "INSERT INTO record (id, kind, owner) VALUES (?, ?, ?)", (*key, owner)
                )
                numbers[key] = (int(cursor.lastrowid), True, owner)
            else:
                numbers[key] = (int(row[0]), False, row[1] or owner)
                if owner and not row[1]:
                    self.connection.execute("UPDATE record SET owner = ? WHERE n = ?", (owner, row[0]))
                    self._newly_owned.append(key)
        return numbers

    def _merged_parts(self, edits: Sequence[Edit], records: dict[_Record, _Row]) -> list[Part]:
        """The parts that the edits touch, with the edits merged into their states."""
        parts: dict[tuple[str, str, str], Part] = {}
        for edit in edits:
            key = (edit.record, edit.kind, edit.part)
            at = parts.get(key)
            if at is None:
                _n, is_new, _owner = records[edit.record, edit.kind]
                row = None if is_new else self._state_row(key)
                at = parts[key] = (
                    Part(*key, {}, 0) if row is None else Part(*key, load_state(row[1]), int(row[0]))
                )
            for name in edit.set:
                if name not in at.heads_before:
                    known = at.state.get(name)
                    at.heads_before[name] = () if known is None else tuple(known.heads)
            merge_edit(at.state, edit.feed, edit.number, edit.set, edit.saw)
            at.fresh.append(edit)
        # Whose record it is bears on the audience of its other parts, too.
        for record, kind in self._newly_owned:
            rows = self.connection.execute(
                "SELECT part, scope, fields FROM state WHERE record = ? AND kind = ?", (record, kind)
            )
            for part, scope, fields in rows:
                key = (record, kind, part)
                if key not in parts:
                    parts[key] = Part(*key, load_state(fields), int(scope))
                parts[key].is_newly_owned = True
        self._newly_owned = []
        return list(parts.values())

    def _judge(self, parts: list[Part], again: Iterable[Place], records: dict[_Record, _Row]) -> None:
        """Of parts in which not everybody's word counts, keep what counts; `again` are such that may have changed."""
        places = {at.place for at in parts}
        for place in again:
            if place not in places and (row := self._state_row(place)) is not None:
                parts.append(Part(*place, load_state(row[1]), int(row[0]), is_newly_owned=True))
                key = (place[0], place[1])
                if key not in records:
                    query = "SELECT n, owner FROM record WHERE id = ? AND kind = ?"
                    n, owner = self.connection.execute(query, key).fetchone()
                    records[key] = (int(n), False, owner)
        for at in parts:
            kind = find_kind(at.kind)
            at.is_judged = self._is_erased(at)
            if kind is None or at.is_judged:
                continue
            owner = records[at.record, at.kind][2]
            if not at.is_newly_owned and self._authority.is_plain(kind, at, owner):
                continue
            for name, known in at.state.items():
                at.heads_before.setdefault(name, tuple(known.heads))
            found = self._authority.judge(kind, at.place, owner)
            at.state, self.proposes = found.state, self.proposes or bool(found.proposed)
            at.is_judged = True
            for name in at.state:
                at.heads_before.setdefault(name, ())

    def _empty(self, at: Part) -> None:
        """Drop the values of a part that is erased from now on: what stays is what erased it and confirmed that."""
        for name, known in at.state.items():
            at.heads_before.setdefault(name, tuple(known.heads))
        place = at.place
        self._authority.forget(place)
        gone, whole = self._erasures.wipe(place)
        self.connection.execute("DELETE FROM conflict WHERE record = ? AND kind = ? AND part = ?", place)
        at.state.clear()
        for edit in whole:
            merge_edit(at.state, edit.feed, edit.number, edit.set, edit.saw)
        for feed, number in gone:
            self._scopes.hold(feed, SKELETONS, [number])

    def _is_erased(self, at: Part) -> bool:
        return at.place in self._erasures.places

    def _state_row(self, key: tuple[str, str, str]) -> tuple[int, str] | None:
        query = "SELECT scope, fields FROM state WHERE record = ? AND kind = ? AND part = ?"
        row: tuple[int, str] | None = self.connection.execute(query, key).fetchone()
        return row

    def _write_conflicts(self, parts: Sequence[Part]) -> None:
        for at in parts:
            is_erased = self._is_erased(at)
            for name, before in at.heads_before.items():
                heads = at.state[name].heads if name in at.state else []
                place = (at.record, at.kind, at.part, name)
                if len(heads) > 1 and not is_erased and is_conflict(self.heads(at.state, name)):
                    self.connection.execute("INSERT OR IGNORE INTO conflict VALUES (?, ?, ?, ?)", place)
                elif len(before) > 1:
                    self.connection.execute(
                        "DELETE FROM conflict WHERE record = ? AND kind = ? AND part = ? AND field = ?", place
                    )

    def _write_crossed(self, parts: Sequence[Part], records: dict[_Record, _Row], erased: set[Place]) -> None:
        """List where a record was archived here and edited there: the values of no single field say so."""
        touched: dict[_Record, list[Part]] = {}
        for at in parts:
            touched.setdefault((at.record, at.kind), []).append(at)
        for (record, kind), changed in touched.items():
            is_new = records.get((record, kind), (0, False, ""))[1]
            if not is_new or erased or any(ARCHIVED in at.state for at in changed):
                states = self._states_of(record, kind, changed)
                list_crossed(self.connection, record, kind, states, self.edit_at)

    def _states_of(self, record: str, kind: str, changed: Sequence[Part]) -> dict[str, PartState]:
        """The states of all parts of a record that are not erased, with what the batch changes."""
        rows = self.connection.execute(
            "SELECT part, fields FROM state WHERE record = ? AND kind = ?", (record, kind)
        )
        states = {part: load_state(text) for part, text in rows}
        states.update((at.part, at.state) for at in changed)
        return {
            part: state for part, state in states.items() if (record, kind, part) not in self._erasures.places
        }

    def _write_rows(self, parts: Sequence[Part], records: dict[_Record, _Row]) -> None:
        touched: dict[_Record, list[Part]] = {}
        for at in parts:
            touched.setdefault((at.record, at.kind), []).append(at)
        new_rows: dict[str, list[list[Any]]] = {}
        texts: list[tuple[int, str]] = []
        replaced: list[int] = []
        for (record, kind_name), changed in touched.items():
            kind = find_kind(kind_name)
            if kind is None:
                continue
            n, is_new, _owner = records[record, kind_name]
            values, words_changed = self._changed_columns(kind, changed)
            fresh = [edit for at in changed for edit in at.fresh]
            old = None if is_new else tables.find_row(self.connection, kind, n)
            if not self._counts(record, kind_name, changed):  # that there is one is only proposed
                if old is not None:
                    tables.delete_row(self.connection, kind, n)
                continue
            if any(at.is_judged for at in changed) or (old is None and not is_new):
                ends = self._ends(self._authority.counting(record, kind_name), None)
            else:
                ends = self._ends(fresh, old)
            if old is None:
                row = {"n": n, "id": record, "archived": 0} | ends | values
                words_changed = True
                new_rows.setdefault(kind.name, []).append([row.get(name) for name in tables.columns_of(kind)])
            else:
                values.update(ends)
                row = old | values
                if values:
                    tables.update_row(self.connection, kind, n, values)
                if words_changed:
                    replaced.append(n)
            if words_changed or is_new:
                texts.append(
                    (n, " ".join(str(row[name]) for name in tables.searched_fields(kind) if row.get(name)))
                )
        for name, rows in new_rows.items():
            tables.insert_rows(self.connection, get_kind(name), rows)
        tables.index_rows(self.connection, texts, replace=replaced)

    def _counts(self, record: str, kind: str, changed: Sequence[Part]) -> bool:
        """Whether anything that was said of a record counts."""
        if any(_says_something(at.state) or self._is_erased(at) for at in changed):
            return True
        if any(place[:2] == (record, kind) for place in self._erasures.places):
            return True
        return any(map(_says_something, self._states_of(record, kind, changed).values()))

    def _changed_columns(self, kind: Kind, changed: Sequence[Part]) -> tuple[dict[str, Any], bool]:
        """The columns that the batch changes, and whether a searched one is among them.

        A field counts only in the part it is declared in: otherwise a value could enter through a part of others.
        """
        searched = tables.searched_fields(kind)
        values: dict[str, Any] = {}
        words = False
        for at in changed:
            for name, before in at.heads_before.items():
                field_ = kind.field(name)
                known = at.state.get(name)
                if field_ is None or field_.part != at.part or (known and tuple(known.heads) == before):
                    continue
                value = self.value(at.state, name) if known else ""
                values[name] = tables.column_value(kind, name, value)
                words = words or name in searched
        values[ARCHIVED] = int(self._is_archived(changed))
        return values, words

    def _is_archived(self, changed: Sequence[Part]) -> bool:
        """Whether every part held is archived, by an edit that had seen all that counts in it, or is erased."""
        if not all(ARCHIVED in at.state or not at.state or self._is_erased(at) for at in changed):
            return False
        states = self._states_of(changed[0].record, changed[0].kind, changed)
        return all(hides(state, self.edit_at) for state in states.values() if state)

    def _ends(self, fresh: Iterable[Edit], old: dict[str, Any] | None) -> dict[str, str]:
        """First and last edit of a record: columns `created…` and `changed…`."""
        marks = [(edit.stamp, edit.by, self.agency_of.get(edit.device, "")) for edit in fresh]
        if not marks:
            return {}
        first, last = min(marks), max(marks)
        result: dict[str, str] = {}
        if old is None or first < (parse_stamp(old["created"]), old["created_by"], old["created_in"]):
            result.update(created=str(first[0]), created_by=first[1], created_in=first[2])
        if old is None or last > (parse_stamp(old["changed"]), old["changed_by"], old["changed_in"]):
            result.update(changed=str(last[0]), changed_by=last[1], changed_in=last[2])
        return result

    def heads(self, state: PartState, name: str) -> list[Head]:
        """The heads of a field with their values."""
        edits = [(dot, self.edit_at(dot)) for dot in state[name].heads]
        return [Head(dot, edit.stamp, edit.hash, edit.set[name]) for dot, edit in edits]

    def value(self, state: PartState, name: str) -> Value:
        """The value shown of a field."""
        dots = state[name].heads
        if len(dots) == 1:
            return self.edit_at(dots[0]).set[name]
        return winner(self.heads(state, name)).value if dots else ""

    def edit_at(self, dot: Dot) -> Edit:
        """The edit that the store holds at a place."""
        found = self._loaded.get(dot)
        if found is None:
            query = "SELECT body, hash FROM edit WHERE feed = ? AND number = ?"
            found = known_edit(*self.connection.execute(query, (self.feed_id(dot[0]), dot[1])).fetchone())
            self._loaded[dot] = found  # until the batch ends; its heads are asked for again
        return found


def _says_something(state: PartState) -> bool:
    """Whether a part has any value; that a device dropped what was erased is none, and counts by whomever."""
    return any(name != DROPPED for name in state)
