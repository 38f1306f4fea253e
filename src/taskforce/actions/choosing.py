"""What a form offers for a field while somebody types: codes, countries, languages, records; and a value as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from taskforce import moments
from taskforce.actions import looking, reading
from taskforce.actions.references import NAMED_BY, candidates, names_for
from taskforce.actions.session import Session
from taskforce.i18n import _
from taskforce.labels import countries, languages
from taskforce.records.registry import get_kind
from taskforce.records.schema import ANY_PROVIDER, Field, Kind, Type
from taskforce.store import queries
from taskforce.store.queries import Condition, Record

_FEW = 300
"""So many records of a kind are looked through whole; of more, those that the search finds."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be taken: the text that goes into the field, and what it means."""

    value: str
    label: str


def choices_for(session: Session, field: Field, typed: str, *, limit: int = 8) -> list[Choice]:
    """The values that fit what was typed, those that begin with it first; none for fields of free text."""
    words = typed.strip().casefold()
    if field.type == Type.REF:
        return _records(session, get_kind(field.to), words, limit)
    if field.type == Type.PARTY:
        agencies = _records(session, get_kind("agency"), words, limit)
        return (agencies + _fitting(_countries(), words, limit))[:limit]
    if field.type == Type.RECIPIENT:
        agencies = _records(session, get_kind("agency"), words, limit)
        return (_fitting([Choice(ANY_PROVIDER, _("any provider"))], words, limit) + agencies)[:limit]
    if field.type == Type.PAIR:
        return _pairs(field, words, limit)
    every: Iterable[Choice] = ()
    if field.type == Type.CODE:
        every = (Choice(code, _(label)) for code, label in (field.codes or {}).items())
    elif field.type == Type.YES_NO:
        every = (Choice("yes", _("yes")), Choice("no", _("no")))
    elif field.type == Type.COUNTRY:
        every = _countries()
    elif field.type == Type.LANGUAGE:
        every = _languages()
    return _fitting(every, words, limit)


def text_of(session: Session, record: Record, field: Field) -> str:
    """A field's value as somebody would type it, so that what is left alone stays the same."""
    value = record.values.get(field.name, "")
    values = value if isinstance(value, list) else [value] if value else []
    if field.type == Type.REF:
        names = names_for(session, [record], [field.name]) if field.to in NAMED_BY else {}
        refs = queries.refs_by_id(session.store.connection, get_kind(field.to), values)
        values = [names.get(each) or refs.get(each) or each for each in values]
    elif field.type == Type.TIME:
        values = [_local(each) for each in values]
    return ", ".join(values) if field.many else "".join(values)


def defaults_of(session: Session, fields: Sequence[Field]) -> dict[str, str]:
    """What a new record gets where nothing is typed, as text: the current operation, our agency, declared defaults."""
    found = {field.name: field.default for field in fields if field.default and field.default != "now"}
    for field in fields:
        if field.name == "sender":
            found[field.name] = session.store.me.agency
        elif field.name == "operation" and session.current_operation:
            kind = get_kind("operation")
            named = queries.column_by_id(
                session.store.connection, kind, "codename", [session.current_operation]
            )
            found[field.name] = next(iter(named.values()), "")
    return found


def _local(text: str) -> str:
    """A time as one types it, in local time, to the second only where it has any."""
    local = moments.local_time(text)
    if local is None or local.second:
        return text
    return f"{local:%Y-%m-%d %H:%M}"


def _fitting(every: Iterable[Choice], words: str, limit: int) -> list[Choice]:
    begins, holds = [], []
    for choice in every:
        value, label = choice.value.casefold(), choice.label.casefold()
        if value.startswith(words) or label.startswith(words):
            begins.append(choice)
        elif words in label or words in value:
            holds.append(choice)
    return [*begins, *holds][:limit]


def _pairs(field: Field, words: str, limit: int) -> list[Choice]:
    left, equals, right = words.partition("=")
    if not equals:
        codes = (Choice(f"{code}=", _(label)) for code, label in (field.codes or {}).items())
        return _fitting(codes, left, limit)
    results = (Choice(code, _(label)) for code, label in (field.pair_codes or {}).items())
    return [Choice(f"{left}={each.value}", each.label) for each in _fitting(results, right.strip(), limit)]


def _records(session: Session, kind: Kind, words: str, limit: int) -> list[Choice]:
    connection = session.store.connection
    if queries.count_records(connection, kind) <= _FEW:
        found = queries.list_records(
            connection, kind, sort=[(kind.sort.lstrip("-"), kind.sort.startswith("-"))] if kind.sort else []
        )
        return _fitting((_choice(each) for each in found), words, limit)
    if not words:
        here = [Condition("operation", "=", session.current_operation)] if kind.field("operation") else []
        return [_choice(each) for each in queries.list_records(connection, kind, here, limit=limit)]
    named = [each for each in candidates(session, kind, words) if not each.archived]
    known = {each.id for each in named}
    found = looking.search(session, words, kind=kind.name, limit=limit)
    return [_choice(each) for each in (*named, *(one for one in found if one.id not in known))][:limit]


def _choice(record: Record) -> Choice:
    kind = record.kind
    name = NAMED_BY.get(kind.name)
    value = record.text(name) if name else record.ref
    # Nobody's name and health are looked at by the way, unrecorded and without a reason.
    return Choice(value, looking.gist(reading.without(record, reading.PRIVATE)) or record.ref)


@cache
def _countries() -> tuple[Choice, ...]:
    return tuple(Choice(code, _(name)) for code, name in countries().items())


@cache
def _languages() -> tuple[Choice, ...]:
    return tuple(Choice(code, _(name)) for code, name in languages().items())
