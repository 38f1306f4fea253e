"""What counts of the log: which parts of records several agencies wrote to, who decides there, what waits for them.

`sync.authority` says what counts; here it is asked, and its answers are kept: the tables `judged`, `proposal` and
`leaders` are sums of the log like all others. A part to which only the agency that made the record has written is in
none of them, as nearly all are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from taskforce.crockford import natural_id
from taskforce.records.registry import find_kind
from taskforce.records.schema import ARCHIVED, REJECTED, SAME, Kind
from taskforce.store.connection import Connection
from taskforce.store.proposals import fields_proposed
from taskforce.sync.authority import By, Judgement, Leaders, Proposed, judge, leaders_of
from taskforce.sync.edit import Edit, known_edit

Place = tuple[str, str, str]
"""A part of a record: record, kind, part."""


@dataclass(slots=True)
class Authority:
    """Asks what counts, inside a write transaction. `agency_of` names the agency of a device by its code.

    `strip` gives what is left of an edit whose part is erased: it may be wiped only after this was asked.
    """

    connection: Connection
    agency_of: dict[str, str]
    strip: Callable[[Edit], Edit]
    _leaders: dict[str, Leaders] = field(default_factory=dict)
    _any_judged: bool | None = None

    def author(self, edit: Edit) -> str:
        """The agency that wrote an edit, by the id of its record."""
        return natural_id("agency", self.agency_of.get(edit.device, ""))

    def is_plain(self, kind: Kind | None, place: Place, owner: str, fresh: Iterable[Edit]) -> bool:
        """Whether all edits of a part count without being looked at: they are by the agency that made the record.

        Of a kind that belongs to no plan, they count where nobody can prove to have made the record, too.
        """
        if kind is None:
            return True
        return not self._is_judged(place) and self._is_simple(kind, place, owner, fresh)

    def _is_simple(self, kind: Kind, place: Place, owner: str, edits: Iterable[Edit]) -> bool:
        edits = list(edits)
        if any(REJECTED in edit.set for edit in edits):
            return False
        if kind.authority.itself:
            return all(self.author(edit) == place[0] for edit in edits)
        if owner:
            return all(self.agency_of.get(edit.device) == owner for edit in edits)
        return not kind.authority.plan

    def judge(self, kind: Kind, place: Place, owner: str) -> Judgement:
        """What a part adds up to; kept until it is asked again."""
        maker = natural_id("agency", owner) if owner else ""
        known = self._edits(place[0], place[1])
        edits = [by for by in known if by[1].part == place[2]]
        elsewhere = [by for by in known if by[1].part != place[2]]
        found = judge(kind, place[0], maker, edits, self.leaders, elsewhere)
        self.forget(place)
        if self._is_simple(kind, place, owner, (edit for _author, edit in edits)):
            return found  # who made the record was not known before
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
        """Who leads an operation, as was found when its edits were last taken in."""
        known = self._leaders.get(operation)
        if known is None:
            row = self.connection.execute(
                "SELECT agencies, spoken FROM leaders WHERE operation = ?", (operation,)
            ).fetchone()
            known = Leaders() if row is None else Leaders(frozenset(json.loads(row[0])), bool(row[1]))
            self._leaders[operation] = known
        return known

    def learn(self, edits: Sequence[Edit], newly_owned: Iterable[tuple[str, str]]) -> list[Place]:
        """Find anew who leads the operations that edits bear on; the parts that are to be judged again.

        The log holds the edits already.
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
            if kind is not None and kind.authority.plan and self._is_any_judged():
                # One part says of which operation the others are, such as edits claim that the kind has not, too.
                again += self.connection.execute(
                    "SELECT DISTINCT record, kind, part FROM judged WHERE record = ? AND kind = ?",
                    (record, name),
                ).fetchall()
        for operation in sorted(touched):
            if self._find_leaders(operation, parts):
                again += self.connection.execute(
                    "SELECT record, kind, part FROM judged WHERE operation = ?", (operation,)
                ).fetchall()
        return again

    def _find_leaders(self, operation: str, fresh: dict[str, set[str]]) -> bool:
        """Find who leads an operation, and whether that is another answer than before."""
        row = self.connection.execute(
            "SELECT owner FROM record WHERE id = ? AND kind = 'operation'", (operation,)
        ).fetchone()
        maker = natural_id("agency", row[0]) if row and row[0] else ""
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
                (operation, json.dumps(sorted(found.agencies)), int(found.have_spoken)),
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
