"""Adds, edits, archives and moves records: what the command line and the screens share for every kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from taskforce import moments
from taskforce.actions.references import label_of
from taskforce.actions.session import Session
from taskforce.actions.values import parse_values
from taskforce.crockford import natural_id, owned_id, random_name
from taskforce.errors import Failure, Refused, UsageError
from taskforce.i18n import _
from taskforce.records.registry import get_kind
from taskforce.records.schema import Field, Kind, Move
from taskforce.store import queries
from taskforce.store.queries import Record
from taskforce.typed_moments import parse_duration

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.sync.edit import Value

Typed = Mapping[str, str | Sequence[str]]
"""Fields as a person typed them."""


def new_id(session: Session, kind: Kind) -> tuple[str, str]:
    """An id for a record made here, which commits to this agency, and the nonce that proves it (80 random bits)."""
    nonce = random_name()
    return owned_id(session.store.me.fingerprint, kind.name, nonce), nonce


def add(session: Session, kind: Kind, typed: Typed) -> Record:
    """Make a record; UsageError if a field will not do or is missing, Refused if its natural key is taken."""
    values = with_defaults(session, kind, parse_values(session, kind, typed))
    require_fields(kind, values)
    require_sound(session, kind, values)
    nonce = ""
    if kind.natural:
        record = natural_id(kind.name, *(str(values[name]) for name in kind.natural))
    else:
        record, nonce = new_id(session, kind)
    with session.acting(f"{kind.name} add") as one:
        _require_free(session, kind, record)
        if kind.name == "referral":
            _require_victim(session, values)
        one.save(kind, record, values, nonce=nonce)
    return queries.get_record(session.store.connection, kind, record) or _only_proposed(
        session, kind, record, values
    )


def _only_proposed(session: Session, kind: Kind, record: str, values: Mapping[str, Value]) -> Record:
    """A record that was proposed only: others decide whether there is one."""
    ref = queries.refs_by_id(session.store.connection, kind, [record])[record]
    me, at = session.store.me, moments.time_text(session.now)
    return Record(kind, record, 0, ref, values, False, at, me.officer, me.agency, at, me.officer, me.agency)


def _require_free(session: Session, kind: Kind, record: str) -> None:
    """Refused if there is a record with this id."""
    existing = queries.get_record(session.store.connection, kind, record)
    if existing is not None:
        require_not_erased(session, existing)
    if existing is not None and existing.archived:
        raise is_archived(existing)
    if existing is not None:
        raise Refused(
            _("%(label)s is there already") % {"label": label_of(existing)},
            hint=_("change it with: taskforce %(kind)s edit %(label)s")
            % {"kind": kind.name, "label": label_of(existing)},
        )


def is_archived(record: Record) -> Refused:
    """That nothing can be done with a record while it is archived."""
    return Refused(
        _("%(label)s is archived") % {"label": label_of(record)},
        hint=_("bring it back with: taskforce %(kind)s archive %(label)s --restore")
        % {"kind": record.kind.name, "label": label_of(record)},
    )


def require_not_erased(session: Session, record: Record) -> None:
    """Refused if all that is here of a record was erased."""
    from taskforce.store import erasing  # deferred: lists change nothing

    if erasing.is_wholly_erased(session.store.connection, record.id, record.kind.name):
        raise Refused(
            _("%(ref)s was erased, and stays so") % {"ref": record.ref},
            hint=_("see who erased it and why with: taskforce erase status %(ref)s") % {"ref": record.ref},
        )


def _require_victim(session: Session, referral: Mapping[str, Value]) -> None:
    """Refused if the victim of a referral was erased: nobody could be told whom it is about."""
    kind = get_kind("victim")
    found = queries.get_record(session.store.connection, kind, str(referral["victim"]))
    if found is not None:
        require_not_erased(session, found)


def edit(session: Session, kind: Kind, record: Record, typed: Typed, *, seen: Record | None = None) -> Record:
    """Set some fields of a record; an empty text clears one. What already has the value makes no edit.

    With `seen`, the record as somebody saw it, Refused if one of the fields has another value now than there, and not
    the one typed: nobody replaces what they have not seen.
    """
    if not kind.editable:
        raise Refused(
            _("a log entry is never edited"),
            hint=_('correct it by a later one: taskforce log correct %(ref)s "…"') % {"ref": record.ref},
        )
    if kind.by_action:
        raise _made_by_action(kind)
    values = parse_values(session, kind, typed)
    for name, value in values.items():
        field = kind.field(name)
        assert field is not None
        if field.required and not value:
            raise UsageError(_("%(option)s cannot be empty") % {"option": field.option})
    with session.acting(f"{kind.name} edit {label_of(record)}") as one:
        now = require(session, kind, record.id)  # as it is while nobody else writes
        changed = {name: value for name, value in values.items() if value != _current(now, name, value)}
        for name, value in changed.items():
            if seen is not None and _current(now, name, value) != _current(seen, name, value):
                raise _overtaken(kind, now, name)
        if changed:
            require_sound(session, kind, {**now.values, **changed})
            one.save(kind, record.id, changed)
    return as_written(session, now)


def _made_by_action(kind: Kind) -> Refused:
    return Refused(
        _("a %(kind)s is not typed field by field") % {"kind": _(kind.label).lower()},
        hint=_("see what can be done with it: taskforce %(kind)s --help") % {"kind": kind.name},
    )


def require_sound(session: Session, kind: Kind, values: Mapping[str, Value]) -> None:
    """UsageError or Refused where the fields of a record do not go together."""
    if kind.name == "consent":
        from taskforce.actions import consenting  # deferred: few actions are about consents

        consenting.require_sound(session, values)


def _overtaken(kind: Kind, record: Record, name: str) -> Refused:
    field = kind.field(name)
    assert field is not None
    return Refused(
        _("%(field)s of %(label)s was changed meanwhile; nothing was saved")
        % {"field": _(field.label).lower(), "label": label_of(record)},
        hint=_("look at the value that stands there now, and save once more"),
        code="changed",
    )


def set_archived(session: Session, kind: Kind, record: Record, *, archived: bool) -> Record:
    """Take a record out of view, or bring it back. Nothing is deleted."""
    if archived and not kind.editable:
        raise Refused(_("a log entry is never archived"), hint=_("correct it by a later one"))
    if record.archived != archived:
        verb = "archive" if archived else "restore"
        with session.acting(f"{kind.name} {verb} {label_of(record)}") as one:
            one.set_archived(kind, record.id, archived=archived)
    return as_written(session, record)


def move(session: Session, kind: Kind, record: Record, name: str, typed: Typed) -> Record:
    """Make a move of the record's lifecycle; Refused, naming the moves allowed, if it is not one of them."""
    with session.acting(f"{kind.name} {name} {record.ref}") as one:
        # Read again: another window may have made a move meanwhile, and now nobody else writes.
        now = require(session, kind, record.id)
        one.save(kind, record.id, move_values(session, kind, now, name, typed))
    return as_written(session, now)


def move_values(session: Session, kind: Kind, record: Record, name: str, typed: Typed) -> dict[str, Value]:
    """The fields that a move sets; raises as `move` does."""
    if kind.by_action:
        raise _made_by_action(kind)
    lifecycle = kind.lifecycle
    assert lifecycle is not None
    chosen = lifecycle.move(name)
    assert chosen is not None
    state = record.text("status") or lifecycle.initial
    if state not in chosen.sources:
        raise Refused(
            _('%(ref)s is %(state)s: "%(move)s" is not possible now')
            % {"ref": label_of(record), "state": _(lifecycle.states.get(state, state)).lower(), "move": name},
            hint=allowed_moves(kind, state),
        )
    for ask in chosen.asks:
        if ask.required and not typed.get(ask.field):
            raise UsageError(_("%(option)s is needed here") % {"option": "--" + ask.option})
    values = parse_values(session, kind, typed)
    values["status"] = chosen.target
    if chosen.stamps:
        values[chosen.stamps] = moments.time_text(session.now)
    _add_consequences(session, kind, record, chosen, values)
    return values


def allowed_moves(kind: Kind, state: str) -> str:
    """The moves that a state allows, as a hint."""
    assert kind.lifecycle is not None
    names = [move.name for move in kind.lifecycle.allowed(state)]
    if not names:
        return _("nothing can be done with it any more")
    return _("allowed now: %(moves)s") % {"moves": ", ".join(names)}


def as_written(session: Session, before: Record) -> Record:
    """A record after it was written to. As it was `before` where nothing of it counts here any more.

    That is so where its first edit has not come, so that nobody knows who made it, and what was written now says that
    it is of an operation which others lead.
    """
    return queries.get_record(session.store.connection, before.kind, before.id) or before


def require(session: Session, kind: Kind, record: str) -> Record:
    """The record with this id, which an action has just made or changed."""
    found = queries.get_record(session.store.connection, kind, record)
    if found is None:
        raise Failure(_("the record that was just written is not there"))
    return found


def with_defaults(
    session: Session, kind: Kind, values: dict[str, Value], *, planned: bool = False
) -> dict[str, Value]:
    """The values of a new record with what is left out: declared defaults, the current operation, our agency.

    In a plan the present time is no default: two teams that import it would disagree.
    """
    result = {name: value for name, value in values.items() if value}
    for field in kind.fields:
        if field.name in result:
            continue
        if field.default == "now":
            if not planned:
                result[field.name] = moments.time_text(session.now)
        elif field.default:
            result[field.name] = field.default
        elif field.name == "operation" and (field.required or session.current_operation):
            result[field.name] = session.require_operation()
        elif field.name == "sender":
            result[field.name] = session.own_agency
    return result


def require_fields(kind: Kind, values: Mapping[str, Value]) -> None:
    """UsageError if a required field has no value."""
    for field in kind.fields:
        if field.required and not values.get(field.name):
            raise UsageError(
                _("a new %(kind)s needs its %(field)s")
                % {"kind": kind.name, "field": _(field.label).lower()},
                hint=_hint_for(kind, field),
            )


def _hint_for(kind: Kind, field: Field) -> str:
    if field.name == kind.positional:
        return _("give it first: taskforce %(kind)s add %(value)s …") % {
            "kind": kind.name,
            "value": field.name.upper(),
        }
    return _("give it with %(option)s") % {"option": field.option}


def _current(record: Record, name: str, like: Value) -> Value:
    return record.values.get(name, [] if isinstance(like, list) else "")


def _add_consequences(
    session: Session, kind: Kind, record: Record, chosen: Move, values: dict[str, Value]
) -> None:
    """What follows from a move by the nature of the kind."""
    if kind.name == "referral" and chosen.name == "send":
        due = session.now.timestamp() + parse_duration(record.text("urgency") or "1d")
        values["answer_due"] = moments.time_text(session.now.fromtimestamp(due, session.now.tzinfo))
    if (
        kind.name == "assignment"
        and chosen.name == "assign"
        and not (values.get("agency") or record.text("agency"))
    ):
        raise UsageError(_("--agency is needed here"), hint=_("to whom is it assigned?"))
    if kind.name == "agreement" and chosen.name == "enter-into-force" and not values.get("in_force_from"):
        values.setdefault("in_force_from", record.text("in_force_from") or moments.today().isoformat())
    if kind.name == "referral" and chosen.name == "complete":
        _require_outcomes(record, values)


def _require_outcomes(record: Record, values: Mapping[str, Value]) -> None:
    named = {str(pair).partition("=")[0] for pair in values.get("outcomes", [])}
    missing = [service for service in record.items("services") if service not in named]
    if missing:
        raise UsageError(
            _("--outcomes: no outcome is given for %(services)s") % {"services": ", ".join(missing)},
            hint=_("write it as %(form)s") % {"form": f"{missing[0]}=provided"},
        )


def join(session: Session, typed: Typed) -> Record:
    """Note that an agency takes part in an operation, or change its role there."""
    kind = get_kind("participation")
    values = with_defaults(session, kind, parse_values(session, kind, typed))
    require_fields(kind, values)
    record = natural_id(kind.name, *(str(values[name]) for name in kind.natural))
    existing = queries.get_record(session.store.connection, kind, record)
    if existing is None:
        return add(session, kind, typed)
    if existing.archived:
        existing = set_archived(session, kind, existing, archived=False)
    return edit(session, kind, existing, {name: typed[name] for name in typed if name not in kind.natural})
