"""Filters, order and limit of `list`, the same for every kind."""

from __future__ import annotations

from typing import Any

from taskforce import moments
from taskforce.actions.references import SHOWN_BY, shown_ids
from taskforce.actions.session import Session
from taskforce.actions.using import EVERY_OPERATION
from taskforce.actions.values import ValueFault, parse_one
from taskforce.commands.frame import Parameter, flag, option
from taskforce.errors import UsageError, did_you_mean
from taskforce.i18n import _
from taskforce.records.registry import get_kind
from taskforce.records.schema import Field, Kind, Type
from taskforce.store import queries
from taskforce.store.queries import Condition, Record

MOST = 2**31
"""More than any store holds, and what SQLite takes for a limit."""


def list_parameters(kind: Kind) -> list[Parameter]:
    """The options of a kind's `list`."""
    from taskforce.commands.nouns import field_option  # deferred: nouns uses this module

    parameters: list[Parameter] = []
    names = (*kind.filters, "status") if kind.lifecycle else kind.filters
    for name in names:
        field = kind.field(name)
        assert field is not None
        made = field_option(field)
        if name == "operation":
            made.help = _("Operation; the current one if left out, all for every one")
        parameters.append(
            option(field.option, made.help or "", metavar=made.metavar or "TEXT", many=True, complete=None)
        )
    if kind.deadline:
        parameters.append(flag("--overdue", _("Only what is late")))
    if kind.field("on_duty_from"):
        parameters.append(flag("--on-duty", _("Only who is on duty now")))
    return [
        *parameters,
        option("--words", _("Only what holds all of these words, or their beginnings"), metavar="TEXT"),
        option(
            "--where", _("FIELD=VALUE, may be repeated; FIELD= for unset"), metavar="FIELD=VALUE", many=True
        ),
        option("--sort", _("Field to sort by; -FIELD for descending"), metavar="FIELD", many=True),
        option("--limit", _("At most so many"), metavar="N", number=True),
        flag("--archived", _("Archived ones too")),
    ]


def chosen_records(session: Session, kind: Kind, given: dict[str, Any]) -> list[Record]:
    """The records that the options of `list` ask for."""
    conditions: list[Condition] = []
    if means_current_operation(session, kind, given):
        conditions.append(Condition("operation", "=", session.current_operation))
    for name in (*kind.filters, "status"):
        values = [one.strip() for value in given.get(name) or () for one in value.split(",")]
        if values and not (name == "operation" and EVERY_OPERATION in values):
            conditions.append(_any_of(session, kind, name, values))
    for pair in given.get("where") or ():
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(
                _('--where: "%(text)s" is not FIELD=VALUE') % {"text": pair},
                hint=_("such as --where priority=flash"),
            )
        conditions.append(_condition(session, kind, name.strip().replace("-", "_"), value.strip()))
    conditions += _moments_of(session, kind, given)
    limit = given.get("limit")
    if limit is not None and limit < 0:
        raise UsageError(_("--limit cannot be less than 0"))
    limit = None if limit is None else min(limit, MOST)
    sort = [_order(kind, text) for text in given.get("sort") or ()]
    is_latest = not sort and kind.sort.startswith("-")
    if not sort and kind.sort:
        sort = [(kind.sort.lstrip("-"), is_latest)]
    words = given.get("words") or ""
    found = queries.list_records(
        session.store.connection,
        kind,
        conditions,
        sort=sort,
        limit=None if words else limit,
        archived=given["archived"],
    )
    if words:
        found = _holding(session, kind, words, found)[:limit]
    return found[::-1] if is_latest else found  # a log reads from old to new, and a limit keeps the newest


def means_current_operation(session: Session, kind: Kind, given: dict[str, Any]) -> bool:
    """Whether a list is of the current operation, because one was chosen with `use` and none is named."""
    if kind.field("operation") is None or given.get("operation") or not session.current_operation:
        return False
    return not any(pair.partition("=")[0].strip() == "operation" for pair in given.get("where") or ())


def operation_note(session: Session, kind: Kind, given: dict[str, Any]) -> tuple[str, ...]:
    """What is said of a list that is of the current operation only."""
    if not means_current_operation(session, kind, given):
        return ()
    chosen = session.current_operation
    codename = shown_ids(session, get_kind("operation"), {chosen})[chosen]
    return (_("%(operation)s only; --operation all for every one") % {"operation": codename},)


def _holding(session: Session, kind: Kind, words: str, records: list[Record]) -> list[Record]:
    """Those of the records in which all the words are, as the room's filter finds them."""
    from array import array  # deferred: most lists are not searched

    order = array("q", [record.n for record in records])
    numbers = set(session.store.orders.matching(kind, words, order, named_by=SHOWN_BY))
    return [record for record in records if record.n in numbers]


def _any_of(session: Session, kind: Kind, name: str, texts: list[str]) -> Condition:
    """A filter's values, given with commas or one by one: any of them will do."""
    if len(texts) == 1:
        return _condition(session, kind, name, texts[0])
    field = kind.field(name)
    assert field is not None
    return Condition(
        name, "has any" if field.many else "in", [_stored(session, field, text) for text in texts]
    )


def _condition(session: Session, kind: Kind, name: str, text: str) -> Condition:
    field = kind.field(name)
    if field is None:
        names = [each.name for each in kind.fields]
        raise UsageError(
            _('%(kind)s has no field "%(name)s"') % {"kind": kind.name, "name": name},
            hint=did_you_mean(name, names) or _("there are: %(names)s") % {"names": ", ".join(names)},
        )
    if not text:
        return Condition(name, "unset")
    operator = "has" if field.many else "="
    return Condition(name, operator, _stored(session, field, text))


def _stored(session: Session, field: Field, text: str) -> Any:
    try:
        value = parse_one(session, field, text)
    except ValueFault as fault:
        raise UsageError(f"{field.option}: {fault.sentence}", hint=fault.hint) from None
    return int(value) if field.type == Type.INTEGER else value


def _moments_of(session: Session, kind: Kind, given: dict[str, Any]) -> list[Condition]:
    now = moments.time_text(session.now)
    conditions = []
    if given.get("overdue"):
        assert kind.lifecycle is not None
        states = kind.deadline_states or tuple(
            state for state in kind.lifecycle.states if state not in kind.lifecycle.closed
        )
        field = kind.field(kind.deadline)
        assert field is not None
        limit = now if field.type == Type.TIME else moments.today().isoformat()
        conditions += [Condition("status", "in", states), Condition(kind.deadline, "<", limit)]
    if given.get("on_duty"):
        conditions += [Condition("on_duty_from", "<", now), Condition("on_duty_until", ">=", now)]
    return conditions


def _order(kind: Kind, text: str) -> tuple[str, bool]:
    descending = text.startswith("-")
    name = text.lstrip("-").replace("-", "_")
    own = ("created", "changed")
    if kind.field(name) is None and name not in own:
        names = [*(each.name for each in kind.fields), *own]
        raise UsageError(
            _('--sort: %(kind)s has no field "%(name)s"') % {"kind": kind.name, "name": name},
            hint=did_you_mean(name, names) or _("there are: %(names)s") % {"names": ", ".join(names)},
        )
    return name, descending
