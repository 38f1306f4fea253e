"""Rosters: an operation's lead vouches, under its agency's key, for the keys of those who take part in it.

It names whom people here have compared words with, and nobody else. To its other participants they are introduced by
that (`levels`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from taskforce import moments
from taskforce.actions.admission import settle_levels
from taskforce.actions.levels import ROSTER, Introduced, Levels, members_of
from taskforce.actions.session import Session
from taskforce.actions.stating import Hearer, keep_statements
from taskforce.actions.whose_word import Words
from taskforce.crockford import natural_id
from taskforce.errors import NotFound, Refused
from taskforce.i18n import _
from taskforce.records.registry import get_kind
from taskforce.records.schema import OPERATIONAL
from taskforce.sharing.decide import Scope, decide
from taskforce.store import exchange, queries
from taskforce.store.queries import Record
from taskforce.store.statements import StatementRow, drop_statements, statements

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.keys.statements import Statement


@dataclass(frozen=True, slots=True)
class Member:
    """An agency on a roster, and how far it is known here: `level` is verified, introduced or own, or empty.

    `since` is when people here compared its words, or the roster was made by which it is known. `same_key` is False
    where the roster names another key than the one that counts here.
    """

    agency: str
    name: str
    country: str
    fingerprint: str
    left: bool
    level: str
    since: str
    same_key: bool


@dataclass(frozen=True, slots=True)
class Roster:
    """An operation's roster: who signed it and when, who is on it, and who takes part and is not.

    `stands` is False for one that counts for nothing here: whoever signed it does not lead, or we do not take part.
    """

    operation: Record
    by: str
    made: str
    members: tuple[Member, ...]
    missing: tuple[str, ...]
    stands: bool


def make_roster(session: Session, operation: Record, *, without: Collection[str] = ()) -> Roster:
    """Sign the roster of an operation anew: whoever takes part or took part, if people here compared its words.

    Refused if this agency does not lead it, or its key is not on this device. Whoever is named in `without` is left
    out: to those who know it by this roster only it is not known any more, and what it wrote waits again.
    """
    from taskforce.actions.joining import agency_secret  # deferred: few commands sign with it
    from taskforce.keys.statements import check_statement, make_statement

    me, connection = session.store.me, session.store.connection
    turn = Levels(session).leads_in_turn(operation.id)
    if not turn or turn[-1] != me.agency:
        raise Refused(
            _("the lead of an operation signs its roster: %(agency)s does not lead it")
            % {"agency": me.agency},
            hint=_("it is %(lead)s who can") % {"lead": turn[-1]} if turn else None,
            code="not-lead",
        )
    secret = agency_secret(session)
    left_out = {code.upper() for code in without}
    peers = {peer.agency: peer for peer in exchange.peers(connection)}
    for code in sorted(left_out - peers.keys()):
        raise NotFound(_("%(agency)s is not a verified peer") % {"agency": code})
    members = []
    for code, is_in in _participants(session, operation).items():
        peer = peers.get(code)
        if peer is None or code in left_out:
            continue
        record = queries.get_record(connection, get_kind("agency"), natural_id("agency", code))
        country = record.text("country") if record is not None else ""
        member = {"agency": code, "name": peer.name, "agency-key": peer.agency_key}
        members.append(
            {**member, **({"country": country} if country else {}), **({} if is_in else {"left": "yes"})}
        )
    with session.store.writing():
        before = [
            row.made
            for row in statements(connection, type=ROSTER, about=operation.id)
            if row.agency == me.agency
        ]
        body = make_statement(
            secret,
            me.agency,
            ROSTER,
            about=operation.id,
            made=_later_than(session, before),
            fields={"members": members},
        )
        keep_statements(session, [check_statement(body)])
        settle_levels(session)
    return show_roster(session, operation)


def could_join(session: Session, operation: Record, row: StatementRow) -> list[str]:
    """Of an operation that this agency leads, who takes part, is verified here, and is not on the roster of `row`.

    Only who joined or was verified since it was signed: whom it left out before was left out on purpose.
    """
    connection = session.store.connection
    if Levels(session).leads_in_turn(operation.id)[-1:] != [session.store.me.agency]:
        return []
    peers = {peer.agency: peer for peer in exchange.peers(connection)}
    named = {one.agency for one in members_of(row)}
    found = []
    for code, is_in in _participants(session, operation).items():
        if not is_in or code in named or code not in peers:
            continue
        taking = natural_id("participation", operation.id, natural_id("agency", code))
        joined = queries.get_record(connection, get_kind("participation"), taking)
        if row.made <= max(peers[code].verified_at, joined.created[:19] + "Z" if joined is not None else ""):
            found.append(code)
    return found


def show_roster(session: Session, operation: Record) -> Roster:
    """The roster of an operation that counts here, or else the newest of any. NotFound where there is none."""
    rows = statements(session.store.connection, type=ROSTER, about=operation.id)
    levels = Levels(session)
    signed = {row.agency: row for row in sorted(rows, key=_age)}
    turn = [agency for agency in levels.leads_in_turn(operation.id) if agency in signed]
    if not signed:
        raise NotFound(
            _("%(operation)s has no roster here")
            % {"operation": operation.text("codename") or operation.ref},
            hint=_("its lead makes one with: taskforce operation roster %(operation)s")
            % {"operation": operation.ref},
        )
    row = signed[turn[-1]] if turn else max(signed.values(), key=_age)
    stands = bool(turn) and (
        row.agency == session.store.me.agency
        or levels.takes_part(operation.id, levels.leads_in_turn(operation.id))
    )
    members = members_of(row)
    named = {one.agency for one in members} | {row.agency, session.store.me.agency}
    missing = [
        code for code, is_in in _participants(session, operation).items() if is_in and code not in named
    ]
    return Roster(
        operation,
        row.agency,
        row.made,
        tuple(_member(session, levels, one) for one in members),
        tuple(missing),
        stands,
    )


def _member(session: Session, levels: Levels, one: Introduced) -> Member:
    from taskforce.keys.identity import agency_fingerprint  # deferred: loads the cryptographic libraries

    peer = exchange.find_peer(session.store.connection, one.agency)
    level, since = levels.of(one.agency, levels.key(one.agency)), ""
    if one.agency == session.store.me.agency:
        level = "own"
    elif peer is not None:
        since = peer.verified_at
    elif level:
        since = min(each.made for each in levels.introduced[one.agency])
    known = levels.key(one.agency)
    return Member(
        one.agency,
        one.name,
        one.country,
        agency_fingerprint(one.key),
        one.left,
        level,
        since,
        not known or known == one.key,
    )


def _participants(session: Session, operation: Record) -> dict[str, bool]:
    """The agencies other than ours that take part in an operation, or took part, by code: whether they still do."""
    connection, words = session.store.connection, Words(session)
    agencies = {
        record.id: record.text("code")
        for record in queries.list_records(connection, get_kind("agency"), archived=True, refs=False)
    }
    agencies |= {natural_id("agency", peer.agency): peer.agency for peer in exchange.peers(connection)}
    found: dict[str, bool] = {}
    for record in queries.list_records(connection, get_kind("participation"), archived=True, refs=False):
        code = agencies.get(record.text("agency"), "")
        if record.text("operation") == operation.id and code and code != session.store.me.agency:
            found[code] = bool(words.role(record))
    return dict(sorted(found.items()))


def _later_than(session: Session, before: Sequence[str]) -> str:
    """Now, or if a roster is not older than that, a second after it: the newest takes the place of all others."""
    now = moments.time_text(session.now)
    last = max(before, default="")
    return now if now > last else moments.time_text(moments.read_time(last) + timedelta(seconds=1))


def _age(row: StatementRow) -> tuple[str, str]:
    return row.made, row.hash


def kept(session: Session, found: Sequence[Statement]) -> None:
    """A newer roster of the same operation by the same agency takes the place of the older, whichever comes first."""
    connection = session.store.connection
    for agency, operation in sorted({(one.agency, one.about) for one in found}):
        rows = [row for row in statements(connection, type=ROSTER, about=operation) if row.agency == agency]
        newest = max(rows, key=_age)
        drop_statements(connection, [row.hash for row in rows if row.hash != newest.hash])
        if any(one.hash == newest.hash for one in found):
            session.note(f"{agency} signed a roster of {operation}")


def goes(session: Session, one: Statement, hearer: Hearer) -> bool:
    """Whether a roster goes to somebody: to all who may hear who takes part in the operation."""
    who = natural_id("agency", hearer.agency)
    return decide(who, Scope("participation", OPERATIONAL, one.about), hearer.known).allowed
