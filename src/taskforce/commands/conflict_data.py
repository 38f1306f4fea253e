"""Conflicts for scripts: the JSON of `taskforce conflict list` and `show`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from taskforce.actions.conflict_past import Missing, Step
from taskforce.actions.conflicts import Conflict, Side
from taskforce.records.schema import STATUS
from taskforce.reports.conflict_story import next_moves


def data_of(each: Conflict) -> dict[str, Any]:
    """A conflict: its values, what all of them had replaced, and the fields that the same moves have in conflict."""
    return {
        "id": each.record.id,
        "ref": each.record.ref,
        "kind": each.record.kind.name,
        "field": each.field,
        "before": each.before or None,
        "common": [_step(step) for step in each.common],
        "missing": _missing(each.missing),
        "with_it": [companion.conflict.field for companion in each.companions],
        "values": [_side(each, side) for side in each.sides],
    }


def _side(each: Conflict, side: Side) -> dict[str, Any]:
    return {
        **_step(side),
        "shown": side.shown,
        "fields": list(side.fields),
        "before": [_step(step) for step in side.past.before],
        "between": [_step(step) for step in side.past.between],
        "missing": _missing(side.past.missing),
        "next": list(next_moves(each.record.kind, side.value)) if each.field == STATUS else [],
    }


def _step(step: Step) -> dict[str, Any]:
    carrier = step.carrier
    bundle = carrier and {
        "agency": carrier.agency,
        "device": carrier.device,
        "number": carrier.number,
        "made": carrier.made,
        "taken": carrier.taken,
    }
    return {
        "edit": step.edit,
        "value": step.value,
        "by": step.by,
        "agency": step.agency,
        "device": step.device,
        "at": step.at,
        "here": step.here,
        "came_through": step.came_through or None,
        "bundle": bundle,
        "replaced": list(step.replaced),
        "set_with": dict(step.also),
    }


def _missing(missing: Sequence[Missing]) -> list[dict[str, Any]]:
    return [{"edit": each.edit, "agency": each.agency or None, "why": each.why} for each in missing]
