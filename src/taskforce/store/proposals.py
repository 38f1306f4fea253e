"""What was proposed by edits that do not count, as `store.authority` has found it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from taskforce.records.schema import REJECTED
from taskforce.store.connection import Connection, placeholders

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.sync.edit import Edit


@dataclass(frozen=True, slots=True)
class Proposal:
    """A value that `edit` proposes for a field; `deciders` are the ids of the agencies that decide on it."""

    record: str
    kind: str
    part: str
    field: str
    edit: Edit
    outcome: str
    deciders: tuple[str, ...]

    @property
    def name(self) -> str:
        """The edit, as `FEED/NUMBER`."""
        return f"{self.edit.feed}/{self.edit.number}"


# CROSS JOIN is SQLite's word for: in this order. From a feed to its edits to what they propose would take for ever.
_ALL = (
    "SELECT proposal.record, proposal.kind, proposal.part, field, edit.body, edit.hash, outcome, "
    "(SELECT deciders FROM judged WHERE (judged.record, judged.kind, judged.part) = "
    "(proposal.record, proposal.kind, proposal.part) LIMIT 1) FROM proposal "
    "CROSS JOIN edit ON edit.feed = proposal.feed AND edit.number = proposal.number "
    "CROSS JOIN feed ON feed.id = proposal.feed "
)
_IN_ORDER = " ORDER BY proposal.kind, proposal.record, edit.id, field"


def proposals(connection: Connection, outcomes: Sequence[str], record: str = "") -> list[Proposal]:
    """What was proposed and has come to one of these outcomes, of a record or of all, in the order of arrival."""
    rows = connection.execute(
        _ALL
        + "WHERE outcome IN ("
        + placeholders(len(outcomes))
        + ") AND (? = '' OR proposal.record = ?)"
        + _IN_ORDER,
        (*outcomes, record, record),
    )
    return [_proposal(row) for row in rows]


def proposed_by(connection: Connection, feed: str, first: int) -> list[Proposal]:
    """What the edits of a feed from number `first` on propose."""
    rows = connection.execute(
        _ALL + "WHERE feed.name = ? AND proposal.number >= ?" + _IN_ORDER,
        (feed, first),
    )
    return [_proposal(row) for row in rows]


def fields_proposed(connection: Connection, record: str, kind: str) -> frozenset[tuple[str, int, str]]:
    """What of a record's edits does not count: feed, number and field of each."""
    rows = connection.execute(
        "SELECT feed.name, number, field FROM proposal JOIN feed ON feed.id = proposal.feed "
        "WHERE record = ? AND kind = ?",
        (record, kind),
    )
    return frozenset((feed, int(number), field) for feed, number, field in rows)


def is_proposed(connection: Connection, edit: Edit, field: str) -> str:
    """What became of a field that an edit proposes; the empty string where it counts."""
    row = connection.execute(
        "SELECT outcome FROM proposal JOIN feed ON feed.id = proposal.feed "
        "WHERE feed.name = ? AND number = ? AND field = ?",
        (edit.feed, edit.number, field),
    ).fetchone()
    return "" if row is None else str(row[0])


def count_for(connection: Connection, agency: str, outcome: str) -> int:
    """How many edits propose what is an agency's (by its record's id) to decide on, with this outcome."""
    row = connection.execute(
        "SELECT count(DISTINCT feed || '/' || number) FROM proposal WHERE outcome = ? "
        "AND EXISTS (SELECT 1 FROM judged WHERE (judged.record, judged.kind, judged.part) = "
        "(proposal.record, proposal.kind, proposal.part) "
        "AND instr(deciders, ?))",
        (outcome, agency),
    ).fetchone()
    return int(row[0])


def rejections(connection: Connection, one: Proposal) -> list[Edit]:
    """The edits that reject a proposal or take it back, by whomever, by clock."""
    from taskforce.sync.authority import rejected_by  # deferred: reading needs nothing of how replicas agree
    from taskforce.sync.edit import known_edit

    rows = connection.execute(
        "SELECT body, hash FROM edit WHERE record = ? AND kind = ? AND part = ?",
        (one.record, one.kind, one.part),
    )
    edits = (known_edit(body, digest) for body, digest in rows)
    found = [edit for edit in edits if REJECTED in edit.set and rejected_by(edit) == one.name]
    return sorted(found, key=lambda edit: (edit.stamp, edit.hash))


def _proposal(row: Sequence[str]) -> Proposal:
    from taskforce.sync.edit import known_edit  # deferred: as above

    record, kind, part, field, body, digest, outcome, deciders = row
    return Proposal(
        record, kind, part, field, known_edit(body, digest), outcome, tuple((deciders or "").split())
    )
