"""Conflicts: fields that two people set without having seen each other. Both values are kept; a person decides."""

from __future__ import annotations

from dataclasses import dataclass

from taskforce.actions.keeping import require
from taskforce.actions.references import find_any, label_of
from taskforce.actions.session import Session
from taskforce.actions.values import parse_values
from taskforce.errors import NotFound, Refused, UsageError
from taskforce.i18n import _
from taskforce.records.registry import find_kind
from taskforce.records.schema import ARCHIVED, Kind
from taskforce.store import history, queries
from taskforce.store.queries import Record
from taskforce.sync.edit import Edit, Value
from taskforce.sync.merge import Head, is_conflict, winner


@dataclass(frozen=True, slots=True)
class Side:
    """One value of a conflict: who set it, when, on which device, and through whose bundle it came."""

    value: Value
    by: str
    agency: str
    device: str
    at: str
    came_through: str
    shown: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field with several values, oldest first by clock, and the value that they all had replaced."""

    record: Record
    field: str
    sides: tuple[Side, ...]
    before: Value


def list_conflicts(session: Session) -> list[Conflict]:
    """Every conflict of the store."""
    result = []
    for record_id, kind_name, part, name in history.conflicts(session.store.connection):
        kind = find_kind(kind_name)
        record = None if kind is None else queries.get_record(session.store.connection, kind, record_id)
        if kind is None or record is None or not _is_shown(kind, part, name):
            continue
        result.append(_conflict(session, kind, record, part, name))
    return result


def _is_shown(kind: Kind, part: str, name: str) -> bool:
    """Whether the field counts in this part: what others write into a wrong part is kept, but nobody can decide it."""
    field = kind.field(name)
    return name == ARCHIVED or (field is not None and field.part == part)


def conflicts_of(session: Session, text: str) -> list[Conflict]:
    """The conflicts of the record that `text` names."""
    record = find_any(session, text)
    return [each for each in list_conflicts(session) if each.record.id == record.id]


def resolve(
    session: Session, text: str, name: str, *, take: int | None = None, value: str | None = None
) -> Record:
    """Decide a conflict by an ordinary edit that has seen all its values: `take` one (1, 2, …) or set a new `value`."""
    if (take is None) == (value is None):
        raise UsageError(_("say which value stands: --take N or --value TEXT"))
    name = name.replace("-", "_")
    found = conflicts_of(session, text)
    conflict = next((each for each in found if each.field == name), None)
    if conflict is None:
        record = find_any(session, text)
        names = ", ".join(each.field for each in found)
        raise NotFound(
            _("%(ref)s has no conflict in %(field)s") % {"ref": label_of(record), "field": name},
            hint=_("its conflicts: %(fields)s") % {"fields": names} if names else _("it has none"),
        )
    kind = conflict.record.kind
    if take is not None and not 1 <= take <= len(conflict.sides):
        raise UsageError(
            _("--take %(take)d: there are values 1 to %(most)d")
            % {"take": take, "most": len(conflict.sides)},
            hint=_("see them with: taskforce conflict show %(ref)s") % {"ref": label_of(conflict.record)},
        )
    chosen = conflict.sides[take - 1].value if take is not None else _parsed(session, kind, name, value or "")
    with session.acting(f"conflict resolve {label_of(conflict.record)} {name}") as one:
        if conflict not in conflicts_of(session, conflict.record.id):
            raise Refused(
                _("its values have changed meanwhile"),
                hint=_("see them with: taskforce conflict show %(ref)s") % {"ref": label_of(conflict.record)},
            )
        if name == ARCHIVED:
            one.set_archived(kind, conflict.record.id, archived=bool(chosen))
        else:
            one.save(kind, conflict.record.id, {name: chosen})
    return require(session, kind, conflict.record.id)


def _parsed(session: Session, kind: Kind, name: str, value: str) -> Value:
    if name == ARCHIVED:
        raise Refused(_("take one of the two: archived or not"), hint=_("--take 1 or --take 2"))
    return parse_values(session, kind, {name: value})[name]


def _conflict(session: Session, kind: Kind, record: Record, part: str, name: str) -> Conflict:
    connection = session.store.connection
    state = history.state_of(connection, kind, record.id, part)[name]
    edits = [edit for dot in state.heads if (edit := history.edit_at(connection, dot)) is not None]
    heads = [Head((edit.feed, edit.number), edit.stamp, edit.hash, edit.set[name]) for edit in edits]
    assert is_conflict(heads)
    shown = winner(heads)
    edits.sort(key=lambda edit: (edit.stamp, edit.hash))
    sides = tuple(_side(session, edit, name, shown.dot) for edit in edits)
    return Conflict(record, name, sides, _value_before(session, kind, record, part, name, edits))


def _side(session: Session, edit: Edit, name: str, shown: tuple[str, int]) -> Side:
    connection = session.store.connection
    dot = (edit.feed, edit.number)
    return Side(
        edit.set[name],
        edit.by,
        history.agency_of_device(connection, edit.device),
        edit.device,
        edit.stamp.time + "Z",
        history.came_through(connection, dot),
        shown=dot == shown,
    )


def _value_before(
    session: Session, kind: Kind, record: Record, part: str, name: str, heads: list[Edit]
) -> Value:
    """The value of the latest edit that all the heads had seen."""
    earlier = [
        edit
        for edit in history.edits_of_record(session.store.connection, kind, record.id)
        if edit.part == part
        and name in edit.set
        and all(
            head.saw.get(name, {}).get(edit.feed, 0) >= edit.number
            or (head.feed == edit.feed and head.number > edit.number)
            for head in heads
        )
    ]
    return earlier[-1].set[name] if earlier else ""
