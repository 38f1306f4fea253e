"""Statements of agencies on their way: which are kept, and which go to whom.

What a statement of a type means is in a module of its own: `handler_of` names, by type, what is called when some were
kept, and who is to have one. Of a type that this version does not know nobody knows who may: other devices of this
agency only, which may know it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskforce.actions.admission import verified_key
from taskforce.actions.levels import Levels
from taskforce.actions.session import Session
from taskforce.store import exchange
from taskforce.store.statements import StatementRow, count_of, is_stated, put_statement, statements
from taskforce.sync.bundle import MOST_STATEMENTS

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.keys.statements import Statement
    from taskforce.sharing.facts import Knowledge

MOST_NODES = 4000
"""How many nodes of YAML the statements of a head come to: a reader takes 10,000 of a whole head."""

MOST_OF_ONE = 1000
"""How many statements of one agency are kept; what comes beyond is left out."""


@dataclass(frozen=True, slots=True)
class Hearer:
    """Who a bundle is for: an agency's code, and the codes of the agencies that it knows or is to hear of.

    `known` is what this store knows that bears on who may see what.
    """

    agency: str
    knows: Collection[str]
    known: Knowledge


@dataclass(frozen=True, slots=True)
class Handler:
    """What a type of statement means: `kept` is called inside the transaction once new ones stand in the store, all of
    one bundle at once; `goes` says whether one goes to somebody.
    """

    kept: Callable[[Session, Sequence[Statement]], None]
    goes: Callable[[Session, Statement, Hearer], bool]


def handler_of(type: str) -> Handler | None:
    """What a type of statement means here, or None; loaded only where there is such a statement."""
    if type == "revocation":
        from taskforce.actions import revoking  # deferred: few stores ever know one

        return Handler(revoking.kept, revoking.goes)
    if type == "roster":
        from taskforce.actions import introducing  # deferred: as above

        return Handler(introducing.kept, introducing.goes)
    return None


def take_statements(session: Session, bodies: Sequence[Mapping[str, Any]]) -> list[Statement]:
    """Keep those of a bundle's statements that are new and whose key is the verified key of their agency, or our own.

    Others are left out: whoever has them sends them in every bundle, also once their agency is verified. Raises
    TrustError where one is of a verified key and does not hold. Only inside a transaction.
    """
    found = [one for body in bodies if (one := _checked(session, body)) is not None]
    return keep_statements(session, found)


def keep_statements(session: Session, found: Sequence[Statement]) -> list[Statement]:
    """Keep statements of verified agencies, and let those be acted on that are new; which these are, and stay."""
    connection = session.store.connection
    new: list[Statement] = []
    for one in found:
        if count_of(connection, one.agency) >= MOST_OF_ONE:
            continue
        row = StatementRow(one.hash, one.type, one.agency, one.agency_key, one.about, one.made, one.text)
        if put_statement(connection, row):
            new.append(one)
    for type in dict.fromkeys(one.type for one in new):
        handler = handler_of(type)
        if handler is not None:
            handler.kept(session, [one for one in new if one.type == type])
    return [one for one in new if is_stated(connection, one.hash)]


def statements_for(session: Session, hearers: Sequence[Hearer], number: int) -> list[dict[str, Any]]:
    """The bodies of the statements that go to all of these, as a head carries them; `number` is the bundle's.

    A statement goes to whom it concerns in every bundle, for ever: nothing tells whether one arrived. Where they are
    more than a head may carry, each bundle carries the next ones, and our own agency's as long as they take half of it:
    what others say at length keeps nobody from hearing that a device of ours is lost.
    """
    from taskforce.keys.statements import known_statement  # deferred: few stores know any statement

    rows = statements(session.store.connection)
    if not rows:
        return []
    goes = [
        one
        for one in map(known_statement, (row.body for row in rows))
        if all(_goes(session, one, hearer) for hearer in hearers)
    ]
    bodies = [dict(one.body) for one in sorted(goes, key=lambda one: one.hash)]
    loads = _loads(bodies)
    if len(loads) > 1:
        me = session.store.me.agency
        own = _loads([body for body in bodies if body["agency"] == me], parts=2)
        if len(own) == 1:
            rest = _loads([body for body in bodies if body["agency"] != me], parts=2)
            loads = [own[0] + each for each in rest]
    return loads[number % len(loads)]


def _loads(bodies: Sequence[dict[str, Any]], *, parts: int = 1) -> list[list[dict[str, Any]]]:
    """The statements in loads that a head, or one of so many `parts` of it, may carry each; one load, be it empty,
    where that is enough.
    """
    from taskforce.keys.statements import count_nodes  # deferred: as above

    loads: list[list[dict[str, Any]]] = [[]]
    nodes = 0
    for body in bodies:
        size = count_nodes(body)
        if loads[-1] and (nodes + size > MOST_NODES // parts or len(loads[-1]) >= MOST_STATEMENTS // parts):
            loads.append([])
            nodes = 0
        loads[-1].append(body)
        nodes += size
    return loads


def agencies_in(session: Session, feeds: Collection[str]) -> set[str]:
    """The agencies whose devices write these feeds, as far as they are known."""
    ids = {feed.partition(".")[0] for feed in feeds}
    return {device.agency for device in exchange.devices(session.store.connection) if device.id in ids}


def _goes(session: Session, one: Statement, hearer: Hearer) -> bool:
    handler = handler_of(one.type)
    if handler is not None:
        return handler.goes(session, one, hearer)
    return hearer.agency == session.store.me.agency


def _checked(session: Session, body: Mapping[str, Any]) -> Statement | None:
    """A statement of a verified key that is not known yet; None for any other."""
    from taskforce.keys.statements import check_statement  # deferred: as above

    agency, key = body.get("agency"), body.get("agency-key")
    if not isinstance(agency, str) or not isinstance(key, str):
        return None
    # An agency that was only introduced introduces nobody; that its device is lost, we had better hear.
    if key != verified_key(session, agency) and not (
        body.get("statement") == "revocation" and Levels(session).of(agency, key)
    ):
        return None
    one = check_statement(body)
    return None if is_stated(session.store.connection, one.hash) else one
