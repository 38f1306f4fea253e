"""Conflicts: fields that two people set without having seen each other. Both values are kept; a person decides."""

from __future__ import annotations

from dataclasses import dataclass

from taskforce.actions.keeping import require
from taskforce.actions.references import find_any, label_of, names_for, shown_ids
from taskforce.actions.session import Session
from taskforce.actions.values import parse_values
from taskforce.errors import NotFound, Refused, UsageError
from taskforce.i18n import _
from taskforce.records.registry import find_kind, get_kind
from taskforce.records.schema import ARCHIVED, Kind, Type
from taskforce.store import erasing, history, queries
from taskforce.store.queries import Record
from taskforce.sync.archive import crossed
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
    fields: tuple[str, ...] = ()  # of one that edited what others archived: what it set


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conflict is."""

    record: str
    kind: str
    part: str
    field: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field with several values, oldest first by clock, and the one that they all had replaced, if it is known."""

    record: Record
    part: str
    field: str
    sides: tuple[Side, ...]
    earlier: Side | None

    @property
    def before(self) -> Value:
        """The value that all sides had replaced; empty where there was none."""
        return self.earlier.value if self.earlier else ""

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.record.id, self.record.kind.name, self.part, self.field)


def places(session: Session) -> list[Place]:
    """Where there are conflicts, without reading them."""
    found = [Place(*row) for row in history.conflicts(session.store.connection)]
    return [place for place in found if _is_shown(place)]


def _is_shown(place: Place) -> bool:
    """Whether the field counts in this part: what others write into a wrong part is kept, but nobody can decide it."""
    kind = find_kind(place.kind)
    if kind is None:
        return False
    field = kind.field(place.field)
    return place.field == ARCHIVED or (field is not None and field.part == place.part)


def conflict_at(session: Session, place: Place) -> Conflict | None:
    """The conflict at a place; None where there is none any more, or where the record is not known yet."""
    kind = get_kind(place.kind)
    record = queries.get_record(session.store.connection, kind, place.record)
    return None if record is None else _conflict(session, kind, record, place.part, place.field)


def list_conflicts(session: Session) -> list[Conflict]:
    """Every conflict of the store."""
    found = (conflict_at(session, place) for place in places(session))
    return [each for each in found if each is not None]


def conflicts_of(session: Session, text: str) -> list[Conflict]:
    """The conflicts of the record that `text` names."""
    record = find_any(session, text)
    return [each for each in list_conflicts(session) if each.record.id == record.id]


def names_in(session: Session, conflict: Conflict) -> dict[str, str]:
    """What people see in place of the ids in a conflict's values and in its record's title."""
    kind = conflict.record.kind
    names = names_for(session, [conflict.record], [kind.title])
    field = kind.field(conflict.field)
    if field is not None and field.type == Type.REF:
        values = [side.value for side in conflict.sides] + [conflict.before]
        ids = {one for value in values for one in (value if isinstance(value, list) else [value])}
        names.update(shown_ids(session, get_kind(field.to), ids))
    return names


def resolve(
    session: Session, text: str, name: str, *, take: int | None = None, value: str | None = None
) -> Record:
    """Decide the conflict in the field `name` of the record that `text` names, as `decide` does."""
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
    return decide(session, conflict, take=take, value=value)


def decide(
    session: Session, conflict: Conflict, *, take: int | None = None, value: str | None = None
) -> Record:
    """Decide a conflict by an ordinary edit that has seen all its values: `take` one (1, 2, …) or set a new `value`.

    Refused if its values are no longer those of `conflict`, which is what the person saw.
    """
    kind, name, label = conflict.record.kind, conflict.field, label_of(conflict.record)
    if take is not None and not 1 <= take <= len(conflict.sides):
        raise UsageError(
            _("--take %(take)d: there are values 1 to %(most)d")
            % {"take": take, "most": len(conflict.sides)},
            hint=_("see them with: taskforce conflict show %(ref)s") % {"ref": label},
        )
    chosen = conflict.sides[take - 1].value if take is not None else _parsed(session, kind, name, value or "")
    with session.acting(f"{_SUMMARY}{label} {name}") as one:
        now = conflict_at(session, conflict.place)
        if (now is None or now.sides != conflict.sides) and not was_taken_back(session, conflict):
            raise Refused(
                _("its values have changed meanwhile"),
                hint=_("see them with: taskforce conflict show %(ref)s") % {"ref": label},
            )
        if name == ARCHIVED:
            one.set_archived(kind, conflict.record.id, archived=bool(chosen))
        else:
            one.save(kind, conflict.record.id, {name: chosen})
    return require(session, kind, conflict.record.id)


_SUMMARY = "conflict resolve "


def was_taken_back(session: Session, conflict: Conflict) -> bool:
    """Whether the conflict was decided here, and the decision undone: its field is as it was before, but no conflict.

    An undo is an edit that has seen every value, so the store lists nothing; whoever kept `conflict` may decide anew.
    """
    connection, place = session.store.connection, conflict.place
    state = history.state_of(connection, conflict.record.kind, place.record, place.part).get(place.field)
    if state is None or len(state.heads) != 1:
        return False
    action = history.action_of(connection, state.heads[0])
    if action is None or action.undoes is None:
        return False
    return history.action_by_id(connection, action.undoes).summary.startswith(_SUMMARY)


def _parsed(session: Session, kind: Kind, name: str, value: str) -> Value:
    field = kind.field(name)
    if field is None:
        raise Refused(_("take one of the two: archived or not"), hint=_("--take 1 or --take 2"))
    if field.required and not value.strip():
        raise UsageError(_("%(option)s cannot be empty") % {"option": field.option})
    return parse_values(session, kind, {name: value})[name]


def _conflict(session: Session, kind: Kind, record: Record, part: str, name: str) -> Conflict | None:
    connection = session.store.connection
    state = history.state_of(connection, kind, record.id, part).get(name)
    dots = state.heads if state else []
    edits = [edit for dot in dots if (edit := history.edit_at(connection, dot)) is not None]
    if name == ARCHIVED and not _differ(edits):
        return _archived_and_edited(session, kind, record, part)
    heads = [Head((edit.feed, edit.number), edit.stamp, edit.hash, edit.set[name]) for edit in edits]
    if not is_conflict(heads):
        return None  # another process has decided it since the list was read
    shown = winner(heads)
    edits.sort(key=lambda edit: (edit.stamp, edit.hash))
    sides = tuple(_side(session, edit, name, shown.dot) for edit in edits)
    before = _edit_before(session, kind, record, part, name, edits)
    earlier = None if before is None else _side(session, before, name, shown.dot)
    return Conflict(record, part, name, sides, earlier)


def _differ(edits: list[Edit]) -> bool:
    """Whether some archived the record while others brought it back."""
    return len({bool(edit.set[ARCHIVED]) for edit in edits}) > 1


def _archived_and_edited(session: Session, kind: Kind, record: Record, part: str) -> Conflict | None:
    """Archived here, edited there: who archived the record and who set fields of the part, neither having known."""
    connection = session.store.connection
    states = {
        name: history.state_of(connection, kind, record.id, name)
        for name in history.parts_of(connection, kind, record.id)
        if not erasing.is_erased(connection, (record.id, kind.name, name))
    }
    found = crossed(states, lambda dot: history.known_at(connection, dot)).get(part)
    if found is None:
        return None
    last = max(found.editing, key=lambda edit: (edit.stamp, edit.hash))
    edits = sorted((*found.archiving, *found.editing), key=lambda edit: (edit.stamp, edit.hash))
    sides = tuple(_side(session, edit, ARCHIVED, (last.feed, last.number)) for edit in edits)
    return Conflict(record, part, ARCHIVED, sides, None)


def _side(session: Session, edit: Edit, name: str, shown: tuple[str, int]) -> Side:
    connection = session.store.connection
    dot = (edit.feed, edit.number)
    edited = () if name in edit.set else tuple(edit.set)
    return Side(
        edit.set.get(name, ""),
        edit.by,
        history.agency_of_device(connection, edit.device),
        edit.device,
        edit.stamp.time + "Z",
        history.came_through(connection, dot),
        shown=dot == shown,
        fields=edited,
    )


def _edit_before(
    session: Session, kind: Kind, record: Record, part: str, name: str, heads: list[Edit]
) -> Edit | None:
    """The latest edit that all the heads had seen."""
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
    return earlier[-1] if earlier else None
