"""Says of one record, part by part, whether it goes to an agency and why; and of an operation what goes to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from taskforce.actions.knowing import gather
from taskforce.actions.levels import Levels
from taskforce.actions.references import find, find_any
from taskforce.actions.session import Session
from taskforce.crockford import natural_id
from taskforce.records.registry import get_kind
from taskforce.records.schema import CARE, CASE, IDENTITY, OPERATIONAL, SELF
from taskforce.sharing.checks import Check
from taskforce.sharing.decide import Decision, Scope, decide, explain
from taskforce.sharing.facts import Knowledge
from taskforce.store import exchange, queries
from taskforce.store.exchange import ScopeRow
from taskforce.store.forks import scope_of
from taskforce.store.queries import Condition, Record

COLUMNS = (OPERATIONAL, CASE, CARE, IDENTITY)
"""The parts that a matrix has columns for."""


@dataclass(frozen=True, slots=True)
class PartExplained:
    """A part of a record: what is decided, and every check that was made, the last one failed if the answer is no.

    `is_held` is False where nothing of the part is noted here: then it is what would be decided.
    """

    part: str
    is_held: bool
    decision: Decision
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """What of a record goes to an agency (by its code and record's id): its parts in the order declared."""

    record: Record
    agency: str
    agency_id: str
    parts: tuple[PartExplained, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """Of what there is of a part in an operation, how much goes to an agency, and why the rest does not.

    It counts victims; of the plan it counts kinds of records, for these go or stay as a whole.
    """

    goes: int
    of: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """An agency, by id and code, its role in the operation (empty where it has none), and a cell for each part."""

    agency: str
    code: str
    role: str
    cells: dict[str, Cell]


def explain_record(session: Session, text: str, agency: str) -> Explained:
    """Whether each part of the record that `text` names goes to an agency, and why. NotFound for either."""
    code, recipient = _agency(session, agency)
    with session.store.reading():
        record = find_any(session, text)
        return _explained(session, record, [(code, recipient)])[0]


def explain_to_all(session: Session, text: str) -> list[Explained]:
    """The same for every agency that it might go to: peers, and who takes part in the current operation."""
    with session.store.reading():
        record = find_any(session, text)
        connection = session.store.connection
        kind = get_kind("agency")
        here = [Condition("operation", "=", session.current_operation)]
        joined = queries.list_records(connection, get_kind("participation"), here, refs=False)
        ids = {one.text("agency") for one in joined if session.current_operation}
        agencies = {
            code: ident for ident, code in queries.column_by_id(connection, kind, "code", ids).items()
        }
        agencies |= {code: natural_id("agency", code) for code in Levels(session).partners}
        agencies.pop(session.store.me.agency, None)
        return _explained(session, record, sorted(agencies.items()))


def _explained(session: Session, record: Record, agencies: Sequence[tuple[str, str]]) -> list[Explained]:
    """What of a record goes to agencies, by code and record id; what that rests on is gathered once for all."""
    known = gather(session)
    rows = {row.id: row for row in exchange.scopes(session.store.connection)}
    scopes = []
    for part in record.kind.parts:
        row = rows.get(scope_of(session.store.connection, record.id, record.kind.name, part) or 0)
        if row is None and record.kind.anchors.get(part) != SELF:
            continue  # nothing of it is held that says on what it would be decided
        anchor = record.id if row is None else row.anchor
        scopes.append((part, row is not None, Scope(record.kind.name, part, anchor)))
    return [
        Explained(
            record,
            code,
            ident,
            tuple(
                PartExplained(part, is_held, decide(ident, scope, known), explain(ident, scope, known))
                for part, is_held, scope in scopes
            ),
        )
        for code, ident in agencies
    ]


def matrix(session: Session, text: str) -> tuple[Record, list[Row]]:
    """Who may have what of an operation: its participants, and the agencies that refer or receive its victims."""
    with session.store.reading():
        operation = find(session, get_kind("operation"), text)
        known = gather(session)
        victims = {ident for ident, victim in known.victims.items() if victim.operation == operation.id}
        rows = [
            row for row in exchange.scopes(session.store.connection) if _is_of(row, operation.id, victims)
        ]
        roles = known.roles.get(operation.id, {})
        sides = {
            side
            for referral in known.referrals.values()
            if referral.victim in victims
            for side in (referral.sender, referral.to)
        }
        agencies = (set(roles) | sides) - {known.own}
        codes = queries.column_by_id(session.store.connection, get_kind("agency"), "code", agencies)
        found = [
            Row(ident, codes.get(ident, ident), roles.get(ident, ""), _cells(ident, rows, known))
            for ident in agencies
        ]
    return operation, sorted(found, key=lambda row: row.code)


def _agency(session: Session, text: str) -> tuple[str, str]:
    """The code and the record id of a peer, or of an agency that is known here."""
    code = text.strip().upper()
    if code in Levels(session).partners:
        return code, natural_id("agency", code)
    record = find(session, get_kind("agency"), text)
    return record.text("code"), record.id


def _is_of(row: ScopeRow, operation: str, victims: set[str]) -> bool:
    anchors = set(row.anchor.split(" "))
    if row.part == OPERATIONAL:
        return operation in anchors
    return row.kind == "victim" and row.part in COLUMNS and bool(anchors & victims)


def _cells(agency: str, rows: list[ScopeRow], known: Knowledge) -> dict[str, Cell]:
    found = {}
    for part in COLUMNS:
        some = [row for row in rows if row.part == part]
        decisions = [decide(agency, Scope(row.kind, row.part, row.anchor), known) for row in some]
        reasons = dict.fromkeys(each.reason for each in decisions if not each.allowed)
        found[part] = Cell(sum(each.allowed for each in decisions), len(some), tuple(reasons))
    return found
