"""Plans: records written by hand or by a script, turned into edits of the person who imports them.

A record is found again by its `id`, by the id that derives from its `key` or natural key, or by what it is called in
this store; only then is a new one made, under an id that derives from its key, so that the same plan imported twice,
or on two stores that later swap bundles, makes nothing twice. A plan with one bad record changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

from taskforce import moments
from taskforce.actions.keeping import require_sound, with_defaults
from taskforce.actions.plan_file import Entry, PlanFile, collect, stop_if_bad
from taskforce.actions.references import ID_LENGTH, NAMED_BY
from taskforce.actions.session import Session
from taskforce.actions.values import ValueFault, agency_code, parse_one, parse_value
from taskforce.crockford import natural_id, normalise
from taskforce.errors import TaskforceError, UsageError, did_you_mean
from taskforce.i18n import _
from taskforce.records.registry import get_kind
from taskforce.records.schema import Field, Kind, Type
from taskforce.store import erasing, queries
from taskforce.store.queries import Record
from taskforce.sync.edit import Value
from taskforce.sync.strict_yaml import PLAN_LIMITS, read_marked

_OWN_KEYS = ("key", "id")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Change:
    """What a plan does to one record: makes it (`new`) or sets some fields of it."""

    kind: Kind
    record: str
    label: str
    values: Mapping[str, Value]
    new: bool


@dataclass(frozen=True, slots=True)
class PlanResult:
    """What a plan changed, or would change: only records that differ are listed.

    `archived` ones stay out of view; of `erased` ones parts were erased, and what the plan says in them is left out.
    `proposes` says, of a plan that was only tried, what of it others would decide on; of one that was taken in the
    store's notices do.
    """

    changes: tuple[Change, ...]
    unchanged: int
    archived: int
    erased: int
    applied: bool
    proposes: str = ""


def import_plan(
    session: Session,
    stream: BinaryIO,
    name: str,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _records: None,
) -> PlanResult:
    """Read a plan and save what differs in one action; InputError lists up to 50 problems, then nothing is saved."""
    found = read_marked(stream, name, PLAN_LIMITS)
    plan = PlanFile(session, name, found)
    collect(plan, found.data)
    for entry in plan.entries:
        entry.is_bad = not _identify(plan, entry)
    changes = [change for entry in plan.entries if (change := _change_of(plan, entry)) is not None]
    stop_if_bad(plan)
    assert not any(entry.is_bad for entry in plan.entries), "a record is never left out silently"
    proposes = ""
    if changes and dry_run:
        proposes = _would_propose(session, changes, progress)
    elif changes:
        with session.acting(f"import {name}") as one:
            for change in changes:
                one.save(change.kind, change.record, change.values)
                progress(1)
    archived = sum(entry.existing is not None and entry.existing.archived for entry in plan.entries)
    erased = sum(
        entry.existing is not None and bool(_erased_parts(session, entry.existing)) for entry in plan.entries
    )
    return PlanResult(
        tuple(changes),
        len(plan.entries) - len(changes),
        archived,
        erased,
        applied=not dry_run,
        proposes=proposes,
    )


class _DryRun(Exception):
    """Takes back what a plan would do."""


def _would_propose(session: Session, changes: Sequence[Change], progress: Callable[[int], None]) -> str:
    """What of these changes others would decide on: found by making them, and taking that back."""
    from taskforce.actions import proposing  # deferred: as the session does

    said = ""
    try:
        with session.acting("import") as one:
            feed, first = session.store.me.feed, one.number + 1
            for change in changes:
                one.save(change.kind, change.record, change.values)
                progress(1)
            one.flush()
            if one.ledger.proposes:
                said = proposing.tell_proposed(session, feed, first)
            raise _DryRun
    except _DryRun:
        pass
    return said


def _erased_parts(session: Session, record: Record) -> set[str]:
    places = erasing.erased_parts(session.store.connection, record.id)
    return {part for _record, kind, part in places if kind == record.kind.name}


def _identify(plan: PlanFile, entry: Entry) -> bool:
    """Find the record that an entry is about, or the id that a new one gets; False if a problem was noted."""
    typed = entry.typed
    for name in _OWN_KEYS:
        if name in typed and (not isinstance(typed[name], str) or not typed[name]):
            plan.fault((*entry.path, name), _("%(name)s is one word") % {"name": name})
            return False
    given, key = typed.get("id", ""), typed.get("key", "")
    record = _record_id(plan, entry, given, key)
    if record is None:
        return False
    existing = queries.get_record(plan.session.store.connection, entry.kind, record)
    if existing is None and not given and not key:
        existing = _called_the_same(plan, entry)
    entry.existing = existing
    entry.record = record if existing is None else existing.id
    names = [name for name in (key, given, *_calling_names(entry)) if name]
    taken = [
        name
        for name in names
        if plan.names.setdefault((entry.kind.name, name.casefold()), entry.record) != entry.record
    ]
    if not taken and (entry.kind.name, entry.record) in plan.records:
        taken = [*names, str(typed.get(entry.kind.title, ""))]
    plan.records.add((entry.kind.name, entry.record))
    if taken:
        plan.fault(entry.path, _('"%(name)s" is in this plan twice') % {"name": taken[0]})
    return not taken


def _record_id(plan: PlanFile, entry: Entry, given: str, key: str) -> str | None:
    """The id that an entry gives, or that derives from its key or natural key; None if a problem was noted."""
    kind = entry.kind
    if given:
        if len(given) == ID_LENGTH and normalise(given) == given:
            return given
        plan.fault((*entry.path, "id"), _("an id has 16 letters and digits"))
        return None
    if key and not kind.natural:
        return natural_id(kind.name, "key", _operation_of(plan, entry), key)
    if not kind.natural and not kind.plan_key:
        plan.fault(
            entry.path, _("this record needs a key:"), _("a short word of yours, so that it is known again")
        )
        return None
    natural = _natural_key(plan, entry)
    return None if natural is None else natural_id(kind.name, *natural)


def _natural_key(plan: PlanFile, entry: Entry) -> tuple[str, ...] | None:
    """What identifies a record of its kind, references as ids; None where it is missing or the kind has no such key."""
    kind = entry.kind
    values = []
    for name in kind.natural or kind.plan_key:
        field_ = kind.field(name)
        typed = entry.typed.get(name, "")
        assert field_ is not None
        if not typed and name == "operation" and plan.session.current_operation:
            values.append(plan.session.current_operation)
            continue
        if not isinstance(typed, str):
            return None  # its value is found wanting when it is read
        if not typed:
            plan.fault(entry.path, _("%(name)s is missing") % {"name": name})
            return None
        try:
            values.append(
                _resolve(plan, field_, typed) if field_.type == Type.REF else _as_key(field_, typed)
            )
        except ValueFault as fault:
            plan.fault((*entry.path, name), fault.sentence, fault.hint)
            return None
    return tuple(values) or None


def _as_key(field_: Field, typed: str) -> str:
    return agency_code(typed) if field_.type == Type.AGENCY_CODE else typed


def _operation_of(plan: PlanFile, entry: Entry) -> str:
    """The id of the operation that scopes an author's key, or the empty string."""
    typed = entry.typed.get("operation", "")
    field_ = entry.kind.field("operation")
    if field_ is None or not isinstance(typed, str):
        return ""
    try:
        return _resolve(plan, field_, typed) if typed else plan.session.current_operation
    except ValueFault:
        return ""


def _called_the_same(plan: PlanFile, entry: Entry) -> Record | None:
    """The one record of this store that goes by the same natural key, made elsewhere than from a plan."""
    kind = entry.kind
    conditions = []
    for name in kind.plan_key:
        field_ = kind.field(name)
        assert field_ is not None
        typed = str(entry.typed.get(name, "")) or (
            plan.session.current_operation if name == "operation" else ""
        )
        value = _resolve(plan, field_, typed) if field_.type == Type.REF else typed
        conditions.append(queries.Condition(name, "=", value))
    found = (
        queries.list_records(plan.session.store.connection, kind, conditions, limit=2) if conditions else []
    )
    return found[0] if len(found) == 1 else None


def _calling_names(entry: Entry) -> Iterable[str]:
    """The names by which other records of the plan may refer to this one."""
    column = NAMED_BY.get(entry.kind.name)
    name = entry.typed.get(column, "") if column else ""
    return (name,) if isinstance(name, str) else ()


def _resolve(plan: PlanFile, field_: Field, text: str) -> str:
    """The id that a reference means: a name or key in this plan, else a record of the store. Raises ValueFault."""
    known = plan.names.get((field_.to, text.strip().casefold()))
    if known is not None:
        return known
    try:
        return parse_one(plan.session, field_, text)
    except ValueFault as fault:
        names = [name for kind, name in plan.names if kind == field_.to]
        label = _(get_kind(field_.to).label).lower()
        raise ValueFault(
            _('%(kind)s "%(text)s" is not known') % {"kind": label, "text": text},
            did_you_mean(text, names)
            or fault.hint
            or _("add it under %(plural)s: in the same file") % {"plural": get_kind(field_.to).plural},
        ) from None


def _change_of(plan: PlanFile, entry: Entry) -> Change | None:
    """The edit that an entry asks for; None where the store says the same already."""
    kind = entry.kind
    values: dict[str, Value] = {}
    for name, typed in entry.typed.items():
        if name in _OWN_KEYS:
            continue
        field_ = kind.field(name) or kind.field(name.replace("-", "_"))
        if field_ is None:
            meant = did_you_mean(name, [each.name for each in kind.fields])
            plan.fault(
                (*entry.path, name),
                _('%(kind)s has no field "%(name)s"') % {"kind": kind.name, "name": name},
                meant,
                of_key=True,
            )
            continue
        try:
            values[field_.name] = _plan_value(plan, field_, typed)
        except ValueFault as fault:
            plan.fault((*entry.path, name), f"{field_.name}: {fault.sentence}", fault.hint)
    if entry.is_bad:
        return None
    if entry.existing is None:
        values = _whole(plan, entry, values)
        return Change(kind, entry.record, _label(entry, values), values, new=True)
    old = entry.existing
    gone = _erased_parts(plan.session, old)
    different = {
        name: value
        for name, value in values.items()
        if kind.part_of(name) not in gone
        and value != old.values.get(name, [] if isinstance(value, list) else "")
    }
    if different and not kind.editable:
        plan.fault(entry.path, _("a log entry is never edited; correct it by a later one"))
    _check_status(plan, entry, different)
    return Change(kind, entry.record, _label(entry, values), different, new=False) if different else None


def _whole(plan: PlanFile, entry: Entry, values: dict[str, Value]) -> dict[str, Value]:
    """The values of a new record with defaults; a problem for each required field that is missing."""
    try:
        values = with_defaults(plan.session, entry.kind, values, planned=True)
    except UsageError as error:  # no operation named, and none current
        plan.fault(entry.path, error.sentence, error.hint)
        return values
    for field_ in entry.kind.fields:
        if field_.required and not values.get(field_.name) and field_.name not in entry.typed:
            plan.fault(entry.path, _("%(name)s is missing") % {"name": field_.name})
    if not entry.is_bad:
        try:
            require_sound(plan.session, entry.kind, values)
        except TaskforceError as error:
            plan.fault(entry.path, error.sentence, error.hint)
    return values


def _check_status(plan: PlanFile, entry: Entry, different: Mapping[str, Value]) -> None:
    lifecycle = entry.kind.lifecycle
    if lifecycle is None or "status" not in different or entry.existing is None:
        return
    state = entry.existing.text("status") or lifecycle.initial
    if lifecycle.between(state, str(different["status"])) is None:
        allowed = ", ".join(move.target for move in lifecycle.allowed(state)) or "–"
        plan.fault(
            (*entry.path, "status"),
            _("it is %(state)s and cannot become %(wanted)s")
            % {"state": state, "wanted": different["status"]},
            _("allowed now: %(moves)s") % {"moves": allowed},
        )


def _plan_value(plan: PlanFile, field_: Field, typed: object) -> Value:
    if isinstance(typed, dict):
        raise ValueFault(_("a value is wanted here, not a mapping"))
    if not isinstance(typed, (str, list)):
        raise ValueFault(_("a value is wanted here"))
    if isinstance(typed, list) and not all(isinstance(item, str) for item in typed):
        raise ValueFault(_("a list of values is wanted here, not lists in lists"))
    if field_.type in (Type.DATE, Type.TIME) and typed:
        return _fixed_moment(field_, typed)
    if field_.type in (Type.PARTY, Type.RECIPIENT):
        items = typed.split(",") if isinstance(typed, str) else typed
        return list(dict.fromkeys(_party(plan, field_, item.strip()) for item in items if item.strip()))
    if field_.type != Type.REF:
        return parse_value(plan.session, field_, typed)
    if field_.many:
        items = typed.split(",") if isinstance(typed, str) else typed
        return list(dict.fromkeys(_resolve(plan, field_, item.strip()) for item in items if item.strip()))
    if isinstance(typed, list):
        raise ValueFault(_("one value is wanted here, not a list"))
    return _resolve(plan, field_, typed) if typed else ""


def _party(plan: PlanFile, field_: Field, text: str) -> str:
    """An agency of this plan or of the store, or what else may stand there: a country, any provider."""
    in_plan = ("agency", text.casefold()) in plan.names
    return agency_code(text) if in_plan else parse_one(plan.session, field_, text)


def _fixed_moment(field_: Field, typed: str | list[str]) -> str:
    """A date or time that means the same wherever and whenever the plan is imported: two teams may both do so."""
    if field_.type == Type.DATE and isinstance(typed, str) and _DATE.fullmatch(typed):
        with suppress(ValueError):
            return date.fromisoformat(typed).isoformat()
    if field_.type == Type.TIME and isinstance(typed, str) and typed[-1:] in "Z0123456789":
        with suppress(ValueError):
            return moments.time_text(moments.read_time(typed))
    form = "2026-11-23" if field_.type == Type.DATE else "2026-11-23T14:00+07:00"
    raise ValueFault(
        _('"%(text)s" does not mean the same everywhere') % {"text": typed},
        _("in a plan, write it like %(form)s") % {"form": form},
    )


def _label(entry: Entry, values: Mapping[str, Value]) -> str:
    kind = entry.kind
    named = values.get(NAMED_BY.get(kind.name, kind.title)) or entry.typed.get("key", "")
    title = kind.field(kind.title)
    if title is not None and title.type == Type.REF:
        named = entry.typed.get(kind.title, "")
    return str(named)
