"""Conflicts: fields that two people set without having seen each other. Both values are kept; a person decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

from taskforce.actions.conflict_past import Missing, Past, Step, pasts_of, step_of
from taskforce.actions.keeping import require
from taskforce.actions.references import find_any, label_of, names_for, shown_ids
from taskforce.actions.session import Session
from taskforce.actions.values import parse_values
from taskforce.errors import NotFound, Refused, UsageError
from taskforce.i18n import _
from taskforce.records.registry import find_kind, get_kind
from taskforce.records.schema import ARCHIVED, STATUS, Kind, Type
from taskforce.store import drafts, erasing, history, queries
from taskforce.store.queries import Record
from taskforce.sync.archive import crossed
from taskforce.sync.edit import Edit, Value
from taskforce.sync.merge import Head, is_conflict, winner


@dataclass(frozen=True, slots=True, kw_only=True)
class Side(Step):
    """One value of a conflict. `fields` is what was set by one that edited what others archived."""

    shown: bool
    fields: tuple[str, ...] = ()
    past: Past = field(default_factory=Past, compare=False)

    @property
    def path(self) -> tuple[Step, ...]:
        """The edits that lead from what all sides had seen to this value, itself the last."""
        return (*self.past.between, self)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conflict is."""

    record: str
    kind: str
    part: str
    field: str


@dataclass(frozen=True, slots=True)
class Companion:
    """A conflict in another field that the same moves of status set: for each side of the first its side here, or 0."""

    conflict: Conflict
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field with several values, oldest first by clock.

    `common` is what all sides had seen standing there, by clock; several edits where that was a conflict, too.
    `missing` is what of it is not here. `companions` are in conflict by the same moves.
    """

    record: Record
    part: str
    field: str
    sides: tuple[Side, ...]
    common: tuple[Step, ...] = ()
    missing: tuple[Missing, ...] = ()
    companions: tuple[Companion, ...] = ()

    @property
    def earlier(self) -> Step | None:
        """What was shown when all sides had seen the same, if it is known."""
        return self.common[-1] if self.common else None

    @property
    def before(self) -> Value:
        """The value that all sides had replaced; empty where there was none."""
        return self.earlier.value if self.earlier else ""

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.record.id, self.record.kind.name, self.part, self.field)


@dataclass(frozen=True, slots=True)
class Decision:
    """The record as decided, and the conflicts that were: the one meant first, then those taken with it."""

    record: Record
    conflicts: tuple[Conflict, ...]


def places(session: Session, record: str = "") -> list[Place]:
    """Where there are conflicts, of the record with this id or of all, without reading them."""
    found = [Place(*row) for row in history.conflicts(session.store.connection, record)]
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
    if record is None:
        return None
    found = _conflict(session, kind, record, place.part, place.field)
    if found is None or kind.lifecycle is None or place.field == ARCHIVED:
        return found
    return replace(found, companions=_companions(session, found))


def _companions(session: Session, one: Conflict) -> tuple[Companion, ...]:
    """The other fields of the part in which the same moves are in conflict, and nothing else is."""
    beside = [
        place
        for place in places(session, one.record.id)
        if (place.kind, place.part) == (one.place.kind, one.part) and place.field not in (one.field, ARCHIVED)
    ]
    found = []
    for place in beside:
        other = _conflict(session, one.record.kind, one.record, place.part, place.field)
        if other is None:
            continue
        numbers = [0] * len(one.sides)
        for number, side in enumerate(other.sides, start=1):
            met = _sides_met(one, other.field, side)
            if len(met) == 1 and not numbers[met[0]]:
                numbers[met[0]] = number
        if sum(map(bool, numbers)) == len(other.sides):
            found.append(Companion(other, tuple(numbers)))
    return tuple(found)


def _sides_met(one: Conflict, name: str, side: Side) -> list[int]:
    """The sides of a conflict with which a side of another one has a move in common.

    If the value of one was set by a move on the way to the other's, those only: earlier moves several may share.
    """
    moves = _moves_of(name, side)
    others = [_moves_of(one.field, each) for each in one.sides]
    near = [at for at, each in enumerate(one.sides) if each.edit in moves or side.edit in others[at]]
    return near or [at for at, each in enumerate(others) if moves & each]


def _moves_of(name: str, side: Side) -> set[str]:
    """The edits on the way to a side's value that set the status, too, or are of the status."""
    return {step.edit for step in side.path if name == STATUS or STATUS in step.also}


def list_conflicts(session: Session) -> list[Conflict]:
    """Every conflict of the store."""
    found = (conflict_at(session, place) for place in places(session))
    return [each for each in found if each is not None]


def conflicts_of(session: Session, text: str) -> list[Conflict]:
    """The conflicts of the record that `text` names."""
    record = find_any(session, text)
    found = (conflict_at(session, place) for place in places(session, record.id))
    return [each for each in found if each is not None and each.record.kind is record.kind]


def erased_parts(session: Session, text: str) -> list[str]:
    """The parts of a record that were erased: whatever was in conflict in them is gone with its values."""
    record = find_any(session, text)
    return [part for _id, _kind, part in erasing.erased_parts(session.store.connection, record.id)]


def names_in(session: Session, conflict: Conflict) -> dict[str, str]:
    """What people see in place of the ids in all that is told of a conflict, and in its record's title."""
    kind = conflict.record.kind
    names = names_for(session, [conflict.record], [kind.title])
    ids: dict[str, set[str]] = {}
    for step in _steps(conflict):
        for name, value in ((conflict.field, step.value), *step.also.items()):
            field = kind.field(name)
            if field is not None and field.type == Type.REF:
                ids.setdefault(field.to, set()).update(value if isinstance(value, list) else [value])
    for to, of_kind in ids.items():
        names.update(shown_ids(session, get_kind(to), of_kind - {""}))
    return names


def _steps(conflict: Conflict) -> list[Step]:
    """Every edit that is told of."""
    found = list(conflict.common)
    for side in conflict.sides:
        found += [*side.past.before, *side.path]
    return found


def conflict_in(session: Session, text: str, name: str) -> Conflict:
    """The conflict in the field `name` of the record that `text` names; NotFound, naming others, if there is none."""
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
    return conflict


def resolve(
    session: Session,
    text: str,
    name: str,
    *,
    take: int | None = None,
    value: str | None = None,
    whole: bool | None = None,
) -> Decision:
    """Decide the conflict in the field `name` of the record that `text` names, as `decide` does."""
    return decide(session, conflict_in(session, text, name), take=take, value=value, whole=whole)


def decide(
    session: Session,
    conflict: Conflict,
    *,
    take: int | None = None,
    value: str | None = None,
    whole: bool | None = None,
) -> Decision:
    """Decide a conflict by an ordinary edit that has seen all its values: `take` one (1, 2, …) or set a new `value`.

    With `whole`, what the same move set and is in conflict with the same other moves is taken with it; None means yes
    for a state, and no for another field. Refused if its values are no longer those of `conflict`, which is what the
    person saw.
    """
    kind, name, label = conflict.record.kind, conflict.field, label_of(conflict.record)
    if (take is None) == (value is None):
        raise UsageError(_("say which value stands: --take N or --value TEXT"))
    if take is not None and not 1 <= take <= len(conflict.sides):
        raise UsageError(
            _("--take %(take)d: there are values 1 to %(most)d")
            % {"take": take, "most": len(conflict.sides)},
            hint=_("see them with: taskforce conflict show %(ref)s") % {"ref": label},
        )
    together = taken_with(conflict, take, whole)
    values: dict[str, Value] = {other.field: other.sides[number - 1].value for other, number in together}
    values[name] = (
        _parsed(session, kind, name, value or "") if take is None else conflict.sides[take - 1].value
    )
    decided = (conflict, *(other for other, _number in together))
    with session.acting(f"{_SUMMARY}{label} {' '.join(each.field for each in decided)}") as one:
        for each in decided:
            now = conflict_at(session, each.place)
            if (now is None or now.sides != each.sides) and not was_taken_back(session, each):
                raise Refused(
                    _("its values have changed meanwhile"),
                    hint=_("see them with: taskforce conflict show %(ref)s") % {"ref": label},
                    code="changed",
                )
            drafts.drop_draft(session.store.connection, drafts.key_of_conflict(each.record.id, each.field))
        if name == ARCHIVED:
            one.set_archived(kind, conflict.record.id, archived=bool(values[name]))
        else:
            one.save(kind, conflict.record.id, values)
    return Decision(require(session, kind, conflict.record.id), decided)


def taken_with(conflict: Conflict, take: int | None, whole: bool | None) -> list[tuple[Conflict, int]]:
    """The other conflicts that `decide` decides with this one, and which side of each."""
    if take is None or not (conflict.field == STATUS if whole is None else whole):
        return []
    found = [(each.conflict, each.numbers[take - 1]) for each in conflict.companions]
    return [(other, number) for other, number in found if number]


def outlasting(conflict: Conflict, take: int, decided: Sequence[Conflict]) -> dict[str, Value]:
    """What the moves that were not taken had set besides: it stays in the record where nothing else replaced it."""
    if conflict.field != STATUS or conflict.record.kind.lifecycle is None:
        return {}
    fields = {each.field for each in decided}
    taken = {name for step in conflict.sides[take - 1].path for name in step.also}
    left: dict[str, Value] = {}
    for number, side in enumerate(conflict.sides, start=1):
        for step in (each for each in side.path if number != take and each.replaced):
            left.update({name: value for name, value in step.also.items() if name not in taken | fields})
    return {name: value for name, value in left.items() if conflict.record.values.get(name) == value}


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
    pasts = pasts_of(session, kind, edits, name)
    sides = tuple(
        _side(session, edit, name, shown.dot, past) for edit, past in zip(edits, pasts.each, strict=True)
    )
    return Conflict(record, part, name, sides, pasts.common, pasts.missing)


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
    sides = tuple(_side(session, edit, ARCHIVED, (last.feed, last.number), Past()) for edit in edits)
    return Conflict(record, part, ARCHIVED, sides)


def _side(session: Session, edit: Edit, name: str, shown: tuple[str, int], past: Past) -> Side:
    step = step_of(session, edit, name)
    replaced = [each.value for each in past.before]
    about = {each.name: getattr(step, each.name) for each in fields(Step)}
    about["replaced"] = tuple(value for at, value in enumerate(replaced) if value not in replaced[:at])
    return Side(
        **about,
        shown=(edit.feed, edit.number) == shown,
        fields=() if name in edit.set else tuple(edit.set),
        past=past,
    )
