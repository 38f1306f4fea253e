"""What a bundle tells, record by record, and on what basis; later: who was told what about somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from taskforce import typed_moments
from taskforce.actions.references import NAMED_BY, find_any, shown_ids
from taskforce.actions.session import Session
from taskforce.errors import NotFound, did_you_mean
from taskforce.i18n import _
from taskforce.records.registry import all_kinds, find_kind
from taskforce.records.schema import CARE, CASE, IDENTITY, SELF, Type
from taskforce.store import disclosures, exchange, queries
from taskforce.store.carried import Piece, pieces_in
from taskforce.store.connection import Connection
from taskforce.store.disclosures import Disclosure, Reading, Unrecorded
from taskforce.store.queries import Condition, Record
from taskforce.sync.edit import Edit
from taskforce.sync.holdings import Holdings, difference, intersection

_OF_PEOPLE = (CASE, CARE, IDENTITY)

Names = Mapping[tuple[str, str], str]
"""What records are called, by kind and id: codes, codenames and refs, no names of people."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told, latest first, and what of it is not known: bundles from before it was recorded, `since` when."""

    found: tuple[Disclosure, ...]
    names: Names
    unrecorded: tuple[Unrecorded, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """Who looked at what in this store, latest first, and since when that is recorded."""

    found: tuple[Reading, ...]
    names: Names
    since: datetime


def erased_words() -> str:
    """The basis on which an erasure is told."""
    return _("erased: everybody who had it is told")


def returned_words() -> str:
    """The basis on which a device's own edits go back to it."""
    return _("the agency wrote it itself: it goes back to the device that lost it")


def pieces_of(
    connection: Connection,
    wanted: Holdings,
    scopes: Mapping[int, str],
    *,
    returning: Holdings,
    evidence: Iterable[tuple[Edit, str]],
) -> list[Piece]:
    """What a bundle carries, by record and part, with the basis that the sharing decision gave: the words of its scope.

    What goes whatever the scope has a basis of its own: edits `returning` to the device that lost them, what tells of
    an erasure, and the proofs of forks (each with its basis).
    """
    back = {feed: intersection(ranges, returning.get(feed, ())) for feed, ranges in wanted.items()}
    rest = {feed: difference(ranges, returning.get(feed, ())) for feed, ranges in wanted.items()}
    counts: dict[tuple[str, str, str, str], int] = {}

    def add(piece: Piece) -> None:
        key = (piece.kind, piece.part, piece.record, piece.basis)
        counts[key] = counts.get(key, 0) + piece.edits

    for some, otherwise in ((rest, erased_words()), (back, returned_words())):
        for piece in pieces_in(connection, some, _basis_of(scopes, otherwise)):
            add(piece)
    for edit, basis in evidence:
        add(Piece(edit.kind, edit.part, edit.record, basis, 1))
    return [Piece(*key, count) for key, count in sorted(counts.items())]


def _basis_of(scopes: Mapping[int, str], otherwise: str) -> Callable[[int | None], str]:
    return lambda scope: otherwise if scope is None else scopes.get(scope, otherwise)


def told(
    session: Session, about: str = "", *, to: str = "", since: str = "", limit: int | None = None
) -> Told:
    """Who has been told what: about a record, or everything; `since` a time as people write it.

    About a victim means also the consents, referrals and log entries that name them. NotFound for an agency that no
    bundle ever went to and that is no peer.
    """
    connection = session.store.connection
    agency = _agency(session, to) if to else ""
    from_then = typed_moments.parse_time(since, session.now) if since else ""
    with session.store.reading():
        records = _about(session, about) if about else None
        found = disclosures.list_disclosures(
            connection, records=records, agency=agency, since=from_then, limit=limit, audits=True
        )
        return Told(
            tuple(found),
            _names(session, [(one.kind, one.record) for one in found]),
            tuple(disclosures.unrecorded(connection, agency=agency, since=from_then)),
            disclosures.recorded_since(connection),
        )


def shown(session: Session, about: str = "", *, since: str = "", limit: int | None = None) -> Shown:
    """Who looked at what in this store: of a record (and what names it), or of all."""
    connection = session.store.connection
    from_then = typed_moments.parse_time(since, session.now) if since else ""
    with session.store.reading():
        records = _about(session, about) if about else None
        found = disclosures.list_readings(connection, records=records, since=from_then, limit=limit)
        return Shown(
            tuple(found),
            _names(session, [(one.place.kind, one.place.record) for one in found]),
            disclosures.recorded_since(connection),
        )


def _agency(session: Session, text: str) -> str:
    connection = session.store.connection
    told = {one.casefold(): one for one in disclosures.agencies_told(connection)}
    code = told.get(text.casefold(), text.upper())  # a court has no code
    known = {session.store.me.agency, *told.values()}
    known |= {peer.agency for peer in exchange.peers(connection)}
    if code not in known:
        raise NotFound(
            _("no bundle ever went to %(agency)s, and it is no verified peer") % {"agency": code},
            hint=did_you_mean(code, known) or _("see them with: taskforce peer list"),
        )
    return code


def _about(session: Session, text: str) -> list[tuple[str, str]]:
    """The record that `text` names, and if it is a person's, the records of people that name it."""
    record = find_any(session, text)
    found = [(record.id, record.kind.name)]
    if any(record.kind.anchors.get(part) == SELF for part in _OF_PEOPLE):
        found += [(one.id, one.kind.name) for one in _naming(session, record)]
    return found


def _naming(session: Session, record: Record) -> list[Record]:
    found: list[Record] = []
    for kind in all_kinds():
        for field in kind.fields:
            if field.type == Type.REF and field.to == record.kind.name and field.part in _OF_PEOPLE:
                operator = "has" if field.many else "="
                found += queries.list_records(
                    session.store.connection,
                    kind,
                    [Condition(field.name, operator, record.id)],
                    archived=True,
                )
    return found


def _names(session: Session, records: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    by_kind: dict[str, set[str]] = {}
    for name, record in records:
        by_kind.setdefault(name, set()).add(record)
    names: dict[tuple[str, str], str] = {}
    for name, ids in by_kind.items():
        kind = find_kind(name)
        if kind is None:  # of a newer version
            shown_as = {one: one for one in ids}
        elif name in NAMED_BY:
            shown_as = shown_ids(session, kind, ids)
        else:
            shown_as = queries.refs_by_id(session.store.connection, kind, ids)
        names.update(((name, one), shown_as[one]) for one in ids)
    return names
