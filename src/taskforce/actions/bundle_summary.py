"""What is told of a bundle before it leaves: what goes, what of it is new to the agency, what stopped, what stays."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from taskforce.actions.disclosing import erased_words, returned_words
from taskforce.actions.evidence import proof_words
from taskforce.actions.obeying import RECALL, recalls_named
from taskforce.actions.reach import Reach, by_reason
from taskforce.actions.references import NAMED_BY, shown_ids
from taskforce.actions.session import Session
from taskforce.records.registry import find_kind
from taskforce.sharing.decide import Decision
from taskforce.store import deltas, queries
from taskforce.store.carried import Piece, count_records_in, some_records_in
from taskforce.store.disclosures import Place

NAMED = 6
"""How many of the records that go, or do not, are called by ref; referrals that go for the first time all are."""


@dataclass(frozen=True, slots=True)
class Going:
    """Edits of a kind and part that go: how many, in how many `records`, `some` of these by ref, on what `bases`."""

    kind: str
    part: str
    edits: int
    records: int
    some: tuple[str, ...]
    bases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Newly:
    """Of what goes, the records of which the agency had nothing of the part, or which had stopped at the last bundle.

    `some` are their refs: every one of a referral, of other kinds the first few.
    """

    kind: str
    part: str
    edits: int
    records: int
    some: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stopped:
    """Records of a kind and part that the agency was told of and may not have any more.

    `reason` says why, `rests_on` which consents, agreements or records that is (refs), `bases` on what they were last
    told. `since_last` tells what has stopped since the last bundle from what had stopped before.
    """

    kind: str
    part: str
    reason: str
    records: int
    some: tuple[str, ...]
    rests_on: tuple[str, ...]
    bases: tuple[str, ...]
    since_last: bool


@dataclass(frozen=True, slots=True)
class Withheld:
    """Records of a kind and part that do not go, and why; `count` counts what is decided on at once.

    `records` counts the records themselves; `some` of them are named by ref.
    """

    kind: str
    part: str
    count: int
    reason: str
    records: int
    some: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """A bundle that went, or would go: its number for the agency, edits by kind and part, and what is withheld.

    `together` are the other agencies that the same bundle is for; `recalls` what the recalls among it ask to be
    dropped, by ref with the parts.
    """

    agency: str
    number: int
    file: str
    edits: int
    devices: int
    goes: tuple[Going, ...]
    newly: tuple[Newly, ...]
    stopped: tuple[Stopped, ...]
    withheld: tuple[Withheld, ...]
    written: bool
    together: tuple[str, ...] = ()
    recalls: tuple[str, ...] = ()
    digest: str = ""
    """Of the very edits, and of the devices that can read them: what is told above counts, and counts may agree."""

    def is_like(self, other: Exported) -> bool:
        """Whether the same edits go to the same devices of the same agencies, and the same is withheld."""
        return self._told() == other._told()

    def _told(self) -> tuple[object, ...]:
        return (
            *(self.agency, self.together, self.digest),
            *(self.goes, self.newly, self.stopped, self.withheld),
        )


class Summary:
    """What goes to one agency and what does not, worked out from the pieces of its bundle, for people to read."""

    def __init__(self, session: Session, agency: str, pieces: Collection[Piece], reach: Reach) -> None:
        self._session = session
        self._connection = session.store.connection
        self._agency = agency
        self._pieces = pieces
        self._reach = reach
        self._stopped_before = deltas.stopped_at_last(self._connection, agency)
        self._stopped_now = self._find_stopped()

    @property
    def stopped_places(self) -> set[Place]:
        """The parts of records that the agency was told of and may not have any more: to be kept with the bundle."""
        return set(self._stopped_now)

    def goes(self) -> tuple[Going, ...]:
        """All that goes, by kind and part."""
        found: dict[tuple[str, str], list[Piece]] = {}
        for piece in self._pieces:
            found.setdefault((piece.kind, piece.part), []).append(piece)
        return tuple(self._going(kind, part, pieces) for (kind, part), pieces in found.items())

    def recalls(self) -> tuple[str, ...]:
        """What the recalls that go ask to be dropped."""
        return recalls_named(self._session, (piece.record for piece in self._pieces if piece.kind == RECALL))

    def newly(self) -> tuple[Newly, ...]:
        """What of it goes for the first time, or again, by kind and part."""
        places = {Place(piece.record, piece.kind, piece.part) for piece in self._pieces}
        new = deltas.not_had(self._connection, self._agency, places) | (places & self._stopped_before)
        edits: dict[tuple[str, str], int] = {}
        records: dict[tuple[str, str], set[str]] = {}
        for piece in self._pieces:
            if Place(piece.record, piece.kind, piece.part) in new:
                key = (piece.kind, piece.part)
                edits[key] = edits.get(key, 0) + piece.edits
                records.setdefault(key, set()).add(piece.record)
        return tuple(
            Newly(kind, part, edits[kind, part], len(some), self._names(kind, some, all=kind == "referral"))
            for (kind, part), some in records.items()
        )

    def stopped(self) -> tuple[Stopped, ...]:
        """What has stopped, by kind, part and reason; what has since the last bundle first."""
        found: dict[tuple[bool, str, str, str], list[tuple[Place, Decision, str]]] = {}
        for place, (decision, basis) in self._stopped_now.items():
            key = (place in self._stopped_before, place.kind, place.part, decision.reason)
            found.setdefault(key, []).append((place, decision, basis))
        return tuple(
            Stopped(
                kind,
                part,
                reason,
                len(some),
                self._names(kind, {place.record for place, _decision, _basis in some}),
                tuple(sorted({decision.basis for _place, decision, _basis in some} - {""})),
                tuple(sorted({basis for _place, _decision, basis in some})),
                since_last=not before,
            )
            for (before, kind, part, reason), some in sorted(found.items(), key=lambda each: each[0])
        )

    def withheld(self) -> tuple[Withheld, ...]:
        """All that the agency may not have, by kind, part and reason."""
        return tuple(
            Withheld(
                kind,
                part,
                len(scopes),
                reason,
                count_records_in(self._connection, scopes),
                self._names(kind, some_records_in(self._connection, scopes, NAMED)),
            )
            for (kind, part, reason), scopes in sorted(by_reason(self._reach.withheld).items())
        )

    def _find_stopped(self) -> dict[Place, tuple[Decision, str]]:
        decisions: Mapping[int, Decision] = {row.id: decision for row, decision in self._reach.withheld}
        told = deltas.told_in(
            self._connection, self._agency, list(decisions), leave_out=(returned_words(), proof_words())
        )
        # Of what was erased they were told that; it is not for them to have, and nothing has stopped.
        return {one.place: (decisions[one.scope], one.basis) for one in told if one.basis != erased_words()}

    def _going(self, kind: str, part: str, pieces: list[Piece]) -> Going:
        records = {piece.record for piece in pieces}
        return Going(
            kind,
            part,
            sum(piece.edits for piece in pieces),
            len(records),
            self._names(kind, records),
            tuple(sorted({piece.basis for piece in pieces})),
        )

    def _names(self, kind: str, records: Iterable[str], *, all: bool = False) -> tuple[str, ...]:
        chosen = sorted(records)
        return names_of(self._session, kind, chosen if all else chosen[:NAMED])


def names_of(session: Session, kind_name: str, records: list[str]) -> tuple[str, ...]:
    """What records are called that people may see on somebody else's screen: codes and refs, no names."""
    kind = find_kind(kind_name)
    if kind is None:
        return ()
    if kind_name in NAMED_BY:
        names = shown_ids(session, kind, set(records))
    else:
        names = queries.refs_by_id(session.store.connection, kind, records)
    return tuple(names[record] for record in records if record in names)
