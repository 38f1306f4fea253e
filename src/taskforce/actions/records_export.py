"""Current records as a plan: the way back, for people and scripts to read, keep or change by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taskforce.actions.plan_file import HEAD
from taskforce.actions.references import shown_ids
from taskforce.actions.session import Session
from taskforce.records.registry import get_kind, typed_kinds
from taskforce.records.schema import Type
from taskforce.store import queries
from taskforce.store.queries import Record


def export_records(session: Session, *, operation: str = "") -> tuple[dict[str, Any], list[Record]]:
    """Current records, archived ones left out, as a plan that changes nothing when it is imported back; and they.

    `operation` (an id) limits it to that operation's records and the agencies and contacts they name.
    """
    found: dict[str, list[Record]] = {}
    for kind in typed_kinds():
        conditions = []
        if operation and kind.name == "operation":
            conditions.append(queries.Condition("id", "=", operation))
        elif operation and kind.field("operation"):
            conditions.append(queries.Condition("operation", "=", operation))
        elif operation and kind.name in ("consent", "referral"):
            victims = [record.id for record in found["victim"]]
            conditions.append(queries.Condition("victim", "in", victims))
        found[kind.name] = queries.list_records(session.store.connection, kind, conditions)
    codes = shown_ids(session, get_kind("agency"), {record.id for record in found["agency"]})
    plan: dict[str, Any] = {HEAD: "1"}
    for kind in typed_kinds():
        if found[kind.name]:
            plan[kind.plural] = [_as_planned(record, codes) for record in found[kind.name]]
    return plan, [record for records in found.values() for record in records]


def _as_planned(record: Record, codes: Mapping[str, str]) -> dict[str, Any]:
    planned: dict[str, Any] = {} if record.kind.natural else {"id": record.id}
    for each in record.kind.fields:
        if each.name not in record.values:
            continue
        value = record.values[each.name]
        if each.type == Type.REF and each.to == "agency":
            value = (
                [codes.get(one, one) for one in value] if isinstance(value, list) else codes.get(value, value)
            )
        planned[each.name] = value
    return planned
