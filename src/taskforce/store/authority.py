"""What counts of the log: which parts of records several agencies wrote to, who decides there, what waits for them.

`sync.authority` says what counts; here it is asked, and its answers are kept: the tables `judged`, `proposal` and
`leaders` are sums of the log like all others. A part to which only the agency that made the record has written is in
none of them, as nearly all are, if that takes part in the one operation that it says the record is of.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field

from taskforce.crockford import natural_id
from taskforce.records.registry import all_kinds, find_kind
from taskforce.records.schema import ARCHIVED, REJECTED, SAME, Kind
from taskforce.store.connection import Connection, quote
from taskforce.store.parts import Part
from taskforce.store.proposals import fields_proposed
from taskforce.sync.authority import (
    OPERATION,
    By,
    Judgement,
    Leaders,
    Proposed,
    judge,
    leaders_of,
    operations_said,
)
from taskforce.sync.edit import Edit, Value, known_edit

Place = tuple[str, str, str]
"""A part of a record: record, kind, part."""

_OF_WHO_WAS_LET_IN = """SELECT judged.record, judged.kind, part FROM judged
JOIN record ON record.id = judged.record AND record.kind = judged.kind
WHERE operation = ?1 AND judged.kind IN (SELECT value FROM json_each(?2))
AND (owner = '' OR owner IN (SELECT value FROM json_each(?3)) OR EXISTS (
    SELECT 1 FROM proposal JOIN feed ON feed.id = proposal.feed JOIN device ON device.id = feed.device
    WHERE (proposal.record, proposal.kind, proposal.part) = (judged.record, judged.kind, judged.part)
    AND agency IN (SELECT value FROM json_each(?3))))"""
"""Of the parts in which it was asked what counts of an operation, those that some agencies wrote to, or nobody made."""

_OF_WHO_IS_NOT = """SELECT record.id, record.kind, state.part FROM KIND AS one JOIN record ON record.n = one.n
JOIN state ON state.record = record.id AND state.kind = record.kind
WHERE one.operation = ?1 AND record.owner IN (SELECT value FROM json_each(?2))"""
"""The parts of the records of a kind that some agencies made of an operation."""


@dataclass(slots=True)
class Authority:
    """Asks what counts, inside a write transaction. `agency_of` names the agency of a device by its code.

    `strip` gives what is left of an edit whose part is erased: it may be wiped only after this was asked.
    """

    connection: Connection
    agency_of: dict[str, str]
    strip: Callable[[Edit], Edit]
    _leaders: dict[str, Leaders] = field(default_factory=dict)
    _ids: dict[str, str] = field(default_factory=dict)
    _any_judged: bool | None = None

    def author(self, edit: Edit) -> str:
        """The agency that wrote an edit, by the id of its record."""
        return self._id_of(self.agency_of.get(edit.device, ""))

    def is_plain(self, kind: Kind | None, at: Part, owner: str) -> bool:
        """Whether all edits of a part count without being looked at: they are by the agency that made the record, which
        takes part in its operation.

        Of a kind that belongs to no plan, they count where nobody can prove to have made the record, too.
        """
        if kind is None:
            return True
        if kind.authority.participants:
            if at.part != kind.part_of(OPERATION):
                return False  # of which operation the record is, another part says
            said = [edit.set[OPERATION] for edit in at.fresh if OPERATION in edit.set]
            if said and (at.scope or not self._is_let_in(owner, said)):
                return False
        return not self._is_judged(at.place) and self._is_simple(kind, at.place, owner, at.fresh)

    def _is_let_in(self, owner: str, said: Iterable[Value]) -> bool:
        """Whether who made a record has said of one operation that it is of that, and takes part in it."""
        first, *others = dict.fromkeys(map(str, said))
        return not others and (not first or self.leaders(first).let_in(self._id_of(owner)))

    def _id_of(self, agency: str) -> str:
        """The id of the record of an agency."""
        found = self._ids.get(agency)
        if found is None:
            found = self._ids[agency] = natural_id("agency", agency)
        return found

    def _is_simple(self, kind: Kind, place: Place, owner: str, edits: Iterable[Edit]) -> bool:
        edits = list(edits)
        if any(REJECTED in edit.set for edit in edits):
            return False
        if kind.authority.itself:
            return all(self.author(edit) == place[0] for edit in edits)
        if owner:
            return all(self.agency_of.get(edit.device) == owner for edit in edits)
        return not (kind.authority.plan or kind.authority.participants)

    def judge(self, kind: Kind, place: Place, owner: str) -> Judgement:
        """What a part adds up to; kept until it is asked again."""
        maker = self._id_of(owner) if owner else ""
        known = self._edits(place[0], place[1])
        edits = [by for by in known if by[1].part == place[2]]
        elsewhere = [by for by in known if by[1].part != place[2]]
        found = judge(kind, place[0], maker, edits, self.leaders, elsewhere)
        self.forget(place)
        said = operations_said(kind, known, maker) if kind.authority.participants and maker else ()
        if self._is_simple(kind, place, owner, (edit for _author, edit in edits)) and (
            not said or self._is_let_in(owner, said)
        ):
            return found  # who made the record, or takes part in its operation, was not known before
        self._any_judged = True
        deciders = " ".join(sorted(found.deciders))
        self.connection.executemany(
            "INSERT INTO judged VALUES (?, ?, ?, ?, ?)",
            [(*place, operation, deciders) for operation in sorted(found.operations) or [""]],
        )
        self.connection.executemany(
            "INSERT INTO proposal VALUES (?, ?, ?, ?, (SELECT id FROM feed WHERE name = ?), ?, ?)",
            [(*place, one.field, *one.dot, _told(kind, place[2], one)) for one in found.proposed],
        )
        return found

    def forget(self, place: Place) -> None:
        """Drop what is kept of a part."""
        self.connection.execute("DELETE FROM judged WHERE record = ? AND kind = ? AND part = ?", place)
        self.connection.execute("DELETE FROM proposal WHERE record = ? AND kind = ? AND part = ?", place)

    def leaders(self, operation: str) -> Leaders:
        """Who leads an operation and takes part in it, as was found when its edits were last taken in."""
        known = self._leaders.get(operation)
        if known is None:
            row = self.connection.execute(
                "SELECT agencies, spoken FROM leaders WHERE operation = ?", (operation,)
            ).fetchone()
            if row is None:
                known = Leaders()
            else:
                agencies, participants = json.loads(row[0])
                known = Leaders(frozenset(agencies), bool(row[1]), frozenset(participants))
            self._leaders[operation] = known
        return known

    def learn(
        self, edits: Sequence[Edit], newly_owned: Iterable[tuple[str, str]], old: Container[tuple[str, str]]
    ) -> list[Place]:
        """Find anew who leads the operations that edits bear on, and who takes part; the parts to be judged again.

        The log holds the edits already; `old` are the records that it held before.
        """
        touched = {record for record, kind in newly_owned if kind == "operation"}
        parts: dict[str, set[str]] = {}
        for edit in edits:
            if edit.kind == "operation":
                touched.add(edit.record)
            elif edit.kind == "participation" and edit.record not in parts:
                parts[edit.record] = {
                    str(one.set["operation"])
                    for one in self._logged(edit.record, "participation")
                    if "operation" in one.set
                }
        for operations in parts.values():
            touched |= operations
        again: list[Place] = []
        for record, name in {(edit.record, edit.kind) for edit in edits}:
            kind = find_kind(name)
            if kind is None or (record, name) not in old:
                continue
            # One part says of which operation the others are, such as edits claim that the kind has not, too.
            if kind.authority.participants and len(kind.parts) > 1:
                query = "SELECT record, kind, part FROM state WHERE record = ? AND kind = ?"
            elif (kind.authority.plan or kind.authority.participants) and self._is_any_judged():
                query = "SELECT DISTINCT record, kind, part FROM judged WHERE record = ? AND kind = ?"
            else:
                continue
            again += self.connection.execute(query, (record, name))
        for operation in sorted(touched):
            before = self.leaders(operation)
            if self._find_leaders(operation, parts):
                again += self._bearing_on(operation, before, self.leaders(operation))
        return again

    def _bearing_on(self, operation: str, before: Leaders, now: Leaders) -> list[Place]:
        """The parts that may be judged otherwise now that others lead an operation or take part in it."""
        ids = {agency: self._id_of(agency) for agency in self.agency_of.values()}
        lost = [each for each, ident in ids.items() if before.let_in(ident) and not now.let_in(ident)]
        found: list[Place] = []
        if lost or (before.agencies, before.have_spoken) != (now.agencies, now.have_spoken):
            found += self.connection.execute(
                "SELECT record, kind, part FROM judged WHERE operation = ?", (operation,)
            ).fetchall()
        else:  # somebody takes part now: what they wrote, and what nobody proves to have made
            gained = [each for each, ident in ids.items() if now.let_in(ident) and not before.let_in(ident)]
            kinds = [kind.name for kind in all_kinds() if kind.authority.participants]
            found += self.connection.execute(
                _OF_WHO_WAS_LET_IN, (operation, *map(json.dumps, (kinds, gained)))
            )
        if lost:  # parts that nobody had to look at: of these the table says of which operation they are
            for kind in all_kinds():
                if kind.authority.participants:
                    query = _OF_WHO_IS_NOT.replace("KIND", quote(kind.name))
                    found += self.connection.execute(query, (operation, json.dumps(lost)))
        return found

    def _find_leaders(self, operation: str, fresh: dict[str, set[str]]) -> bool:
        """Find who leads an operation and takes part, and whether that is another answer than before."""
        row = self.connection.execute(
            "SELECT owner FROM record WHERE id = ? AND kind = 'operation'", (operation,)
        ).fetchone()
        maker = self._id_of(row[0]) if row and row[0] else ""
        records = {record for record, operations in fresh.items() if operation in operations}
        records.update(
            record
            for (
                record,
            ) in self.connection.execute(  # not of its table: what only proposes may come to count
                "SELECT record FROM judged WHERE operation = ? AND kind = 'participation'", (operation,)
            )
        )
        taking_part = [by for record in sorted(records) for by in self._edits(record, "participation")]
        found = leaders_of(operation, maker, self._edits(operation, "operation"), taking_part)
        before = self.leaders(operation)
        self._leaders[operation] = found
        if found == before:
            return False
        self.connection.execute("DELETE FROM leaders WHERE operation = ?", (operation,))
        if found != Leaders():
            self.connection.execute(
                "INSERT INTO leaders VALUES (?, ?, ?)",
                (
                    operation,
                    json.dumps([sorted(found.agencies), sorted(found.participants)]),
                    int(found.have_spoken),
                ),
            )
        return True

    def counting(self, record: str, kind: str) -> list[Edit]:
        """The edits of a record of which anything counts, and the skeletons of others."""
        proposed = fields_proposed(self.connection, record, kind)
        return [
            edit
            for edit in map(self.strip, self._logged(record, kind))
            if edit.is_skeleton
            or any((edit.feed, edit.number, name) not in proposed for name in edit.set.keys() - {REJECTED})
        ]

    def _edits(self, record: str, kind: str) -> list[By]:
        edits = [self.strip(edit) for edit in self._logged(record, kind)]
        return [(self.author(edit), edit) for edit in edits]

    def _logged(self, record: str, kind: str) -> list[Edit]:
        rows = self.connection.execute(
            "SELECT body, hash FROM edit WHERE record = ? AND kind = ?", (record, kind)
        )
        return [known_edit(body, digest) for body, digest in rows]

    def _is_judged(self, place: Place) -> bool:
        if not self._is_any_judged():
            return False
        query = "SELECT 1 FROM judged WHERE record = ? AND kind = ? AND part = ? LIMIT 1"
        return self.connection.execute(query, place).fetchone() is not None

    def _is_any_judged(self) -> bool:
        if self._any_judged is None:
            self._any_judged = self.connection.execute("SELECT 1 FROM judged LIMIT 1").fetchone() is not None
        return self._any_judged


def _told(kind: Kind, part: str, one: Proposed) -> str:
    """What became of a proposal; of a field that the part has not, nothing that anybody could decide on."""
    field_ = kind.field(one.field)
    is_decidable = one.field == ARCHIVED or (field_ is not None and field_.part == part)
    return one.outcome if is_decidable else SAME
