"""What a chart of an operation's days is made of: assignments, whose they are, what they wait for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taskforce.actions.references import names_for
from taskforce.actions.session import Session
from taskforce.records.registry import get_kind
from taskforce.records.schema import Kind
from taskforce.store import queries
from taskforce.store.queries import Record


@dataclass(frozen=True, slots=True)
class Schedule:
    """Assignments in order. `agencies` names agencies by id, `awaited` the open assignments waited for, by id: refs.

    `start` and `end` are the kept dates of the one operation that they are of; empty where they are of several.
    """

    records: tuple[Record, ...]
    agencies: Mapping[str, str]
    awaited: Mapping[str, str]
    start: str = ""
    end: str = ""


def schedule_of(session: Session, records: Sequence[Record]) -> Schedule:
    """When these assignments are; what they wait for is looked up, whether it is among them or not."""
    operation = _operation_of(session, records)
    return Schedule(
        tuple(records),
        names_for(session, list(records), ["agency"]),
        _awaited(session, {one for record in records for one in record.items("depends_on")}),
        operation.text("start") if operation else "",
        operation.text("end") if operation else "",
    )


def _operation_of(session: Session, records: Sequence[Record]) -> Record | None:
    ids = {record.text("operation") for record in records} or {session.current_operation}
    if len(ids) > 1:
        return None
    return queries.get_record(session.store.connection, get_kind("operation"), ids.pop())


def _awaited(session: Session, ids: set[str]) -> dict[str, str]:
    """The refs of those that are in view and neither done nor cancelled."""
    if not ids:
        return {}
    connection, kind = session.store.connection, get_kind("assignment")
    archived = queries.column_by_id(connection, kind, "archived", ids)
    states = queries.column_by_id(connection, kind, "status", ids)
    still = {one for one in ids if archived.get(one) == "0" and not _is_closed(kind, states.get(one, ""))}
    return queries.refs_by_id(connection, kind, still) if still else {}


def _is_closed(kind: Kind, state: str) -> bool:
    return kind.lifecycle is not None and state in kind.lifecycle.closed
