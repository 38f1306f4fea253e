"""Finds the record a person means: by ref, unique prefix, agency code, codename or full id."""

from __future__ import annotations

from taskforce.actions.session import Session
from taskforce.crockford import natural_id, normalise
from taskforce.errors import Ambiguous, NotFound, did_you_mean
from taskforce.i18n import _
from taskforce.records.registry import all_kinds, find_kind, get_kind
from taskforce.records.schema import Kind, Type
from taskforce.store import queries
from taskforce.store.queries import Record

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from taskforce.sync.edit import Value

ID_LENGTH = 16

NAMED_BY = {"agency": "code", "operation": "codename"}
"""Kinds that people call by a field of theirs rather than by ref."""

SHOWN_BY = {**NAMED_BY, "contact": "name", "site": "name", "agreement": "title"}
"""Kinds that tables show by a field of theirs; they are found by it too where no ref fits."""

_LISTED = 6


def find(session: Session, kind: Kind, text: str) -> Record:
    """The record of `kind` that `text` names; NotFound with the nearest name, Ambiguous with the candidates."""
    wanted = text.strip()
    found = candidates(session, kind, wanted)
    if len(found) == 1:
        return found[0]
    label = _(kind.label).lower()
    if not found:
        raise NotFound(
            _('no %(kind)s is called "%(text)s"') % {"kind": label, "text": wanted},
            hint=_nearest(session, kind, wanted)
            or _("see them with: taskforce %(kind)s list") % {"kind": kind.name},
        )
    raise _ambiguous(wanted, found)


def find_any(session: Session, text: str) -> Record:
    """The record of any kind that `text` names: the ref's letter says which, a bare word is tried with every kind."""
    wanted = text.strip()
    kinds = [kind for kind in all_kinds() if _letter_fits(kind, wanted)] or list(all_kinds())
    found = [record for kind in kinds for record in candidates(session, kind, wanted)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(
            _('no record is called "%(text)s"') % {"text": wanted},
            hint=_("a ref looks like A-7KQ2; find one with: taskforce search WORD"),
        )
    raise _ambiguous(wanted, found)


def candidates(session: Session, kind: Kind, wanted: str) -> list[Record]:
    """The records that `wanted` may mean: by code or codename, else by prefix of the id, else by the name shown."""
    connection = session.store.connection
    if kind.natural == (NAMED_BY.get(kind.name),):
        # The id follows from the name: whoever else bears the name is not the one that is meant.
        true_one = queries.get_record(connection, kind, natural_id(kind.name, wanted.upper()))
        if true_one is not None:
            return [true_one]
    if kind.name in NAMED_BY:
        named = queries.records_by_value(connection, kind, NAMED_BY[kind.name], wanted)
        live = [record for record in named if not record.archived] or named
        if live:
            return live
    found = _by_prefix(session, kind, wanted)
    if not found and kind.name in SHOWN_BY:
        found = queries.records_by_value(connection, kind, SHOWN_BY[kind.name], wanted)
    return found


def _by_prefix(session: Session, kind: Kind, wanted: str) -> list[Record]:
    letter, dash, rest = wanted.partition("-")
    if dash and letter.upper() != kind.letter:
        return []
    prefix = normalise(rest if dash else wanted)
    if not prefix or len(prefix) > ID_LENGTH or not prefix.isalnum() or not prefix.isascii():
        return []
    return queries.records_by_prefix(session.store.connection, kind, prefix)


def shown_ids(session: Session, kind: Kind, ids: set[str]) -> dict[str, str]:
    """What people see in place of the ids of records of `kind`: code, codename, a contact's name, otherwise the ref."""
    connection = session.store.connection
    column = SHOWN_BY.get(kind.name)
    shown = queries.column_by_id(connection, kind, column, ids) if column else {}
    missing = ids - shown.keys()
    return {**shown, **queries.refs_by_id(connection, kind, missing)} if missing else shown


def names_for(session: Session, records: list[Record], fields: list[str] | None = None) -> dict[str, str]:
    """What people see in place of every id that these records' reference fields hold."""
    by_kind: dict[str, set[str]] = {}
    for record in records:
        for each in record.kind.fields:
            if (
                each.type == Type.REF
                and each.name in record.values
                and (fields is None or each.name in fields)
            ):
                by_kind.setdefault(each.to, set()).update(record.items(each.name))
            elif each.type == Type.RECORD and (kind := find_kind(record.text(f"{each.name}_kind"))):
                by_kind.setdefault(kind.name, set()).update(record.items(each.name))
    result: dict[str, str] = {}
    for name, ids in by_kind.items():
        result.update(shown_ids(session, get_kind(name), ids))
    return result


def names_in(session: Session, kind: Kind, sets: Sequence[Mapping[str, Value]]) -> dict[str, str]:
    """What people see in place of every id in several edits' values, by field, of a record of `kind`."""
    names: dict[str, str] = {}
    for field in kind.fields:
        if field.type == Type.REF:
            values = [each[field.name] for each in sets if field.name in each]
            ids = {one for value in values for one in (value if isinstance(value, list) else [value]) if one}
            names.update(shown_ids(session, get_kind(field.to), ids) if ids else {})
    return names


def label_of(record: Record) -> str:
    """How a sentence names a record: an agency by code, an operation by codename, anything else by ref."""
    return record.text(NAMED_BY[record.kind.name]) if record.kind.name in NAMED_BY else record.ref


def _letter_fits(kind: Kind, text: str) -> bool:
    letter, dash, _rest = text.partition("-")
    return bool(dash) and letter.upper() == kind.letter


def _ambiguous(wanted: str, found: list[Record]) -> Ambiguous:
    return Ambiguous(
        _('"%(text)s" may be several records') % {"text": wanted},
        candidates=[_described(record) for record in found[:_LISTED]],
    )


def _described(record: Record) -> str:
    title = record.kind.field(record.kind.title)
    is_words = title is not None and title.type != Type.REF
    return f"{record.ref} {record.title}" if is_words and record.title else record.ref


def _known_by_card(session: Session, wanted: str) -> str:
    """How to get a verified peer among the agencies, of which no bundle brought its own entry yet."""
    from taskforce.store import exchange  # deferred: only where no agency is called so

    code = wanted.upper()
    if code not in {peer.agency for peer in exchange.peers(session.store.connection)}:
        return ""
    return _(
        "%(agency)s is a verified peer: import a bundle of theirs, or note them with: taskforce agency add %(agency)s"
    ) % {"agency": code}


def _nearest(session: Session, kind: Kind, wanted: str) -> str | None:
    column = NAMED_BY.get(kind.name)
    if column is None:
        return None
    if kind.name == "agency" and (hint := _known_by_card(session, wanted)):
        return hint
    names = [
        record.text(column) for record in queries.list_records(session.store.connection, kind, limit=2000)
    ]
    return did_you_mean(wanted, names)
