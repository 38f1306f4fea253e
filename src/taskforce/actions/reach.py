"""Applies the sharing decision to whole scopes of the store at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from taskforce.actions.knowing import gather
from taskforce.actions.session import Session
from taskforce.crockford import natural_id
from taskforce.errors import UsageError
from taskforce.i18n import _
from taskforce.sharing.decide import Decision, decide_all
from taskforce.sharing.facts import Knowledge
from taskforce.store import exchange
from taskforce.store.revoked import revoked_devices
from taskforce.store.telling import erasures_for
from taskforce.sync.holdings import Ranges, count, difference, intersection, union


@dataclass(frozen=True, slots=True)
class Reach:
    """What an agency may have of this store: the scopes with the reason, what is held in them, and the others.

    `erasures` goes whatever the scope: what erased a part that the agency has or had, and what confirms that. `gone` is
    held and not to be sent: it has no values any more, or the agency could not tell by whose right it erases.
    """

    scopes: Mapping[int, str]
    allowed: dict[str, Ranges]
    withheld: tuple[tuple[exchange.ScopeRow, Decision], ...]
    erasures: Mapping[str, Ranges] = field(default_factory=dict)
    gone: Mapping[str, Ranges] = field(default_factory=dict)

    def missing(self, told: Mapping[str, Ranges]) -> dict[str, Ranges]:
        """What is to be sent to an agency that has said it holds `told`."""
        found: dict[str, Ranges] = {}
        for feed, ranges in self.allowed.items():
            left = difference(difference(ranges, told.get(feed, ())), self.gone.get(feed, ()))
            if left:
                found[feed] = left
        return found


def reach_of(
    session: Session,
    agency: str,
    known: Knowledge | None = None,
    scopes: Sequence[exchange.ScopeRow] | None = None,
) -> Reach:
    """What the agency with this code may have now, as ranges of edits.

    `known` and `scopes`, all that the store has, are given where they were read for several agencies at once.
    """
    known = known or gather(session)
    recipient = natural_id("agency", agency)
    allowed: dict[int, str] = {}
    withheld: list[tuple[exchange.ScopeRow, Decision]] = []
    rows = exchange.scopes(session.store.connection) if scopes is None else scopes
    for row, decision in zip(rows, decide_all(recipient, rows, known), strict=True):
        if decision.allowed:
            allowed[row.id] = decision.words
        else:
            withheld.append((row, decision))
    kept_back = [row.id for row, _decision in withheld]
    held = exchange.held_in(session.store.connection, list(allowed), kept_back)
    erasures, stays = erasures_for(session.store.connection, agency)
    for feed, ranges in erasures.items():
        held[feed] = union(held.get(feed, ()), ranges)
    gone = exchange.skeletons(session.store.connection)
    for feed, ranges in stays.items():
        gone[feed] = union(gone.get(feed, ()), ranges)
    return Reach(allowed, held, tuple(withheld), erasures, gone)


def by_reason(
    withheld: Iterable[tuple[exchange.ScopeRow, Decision]],
) -> dict[tuple[str, str, str], list[int]]:
    """The scopes that are withheld, by kind, part and reason."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for row, decision in withheld:
        found.setdefault((row.kind, row.part, decision.reason), []).append(row.id)
    return found


def count_edits(
    session: Session, agency: str, known: Knowledge, scopes: Sequence[exchange.ScopeRow]
) -> tuple[int, int, int]:
    """Of the edits that an agency may have, by what is `known`: how many it has not said it holds, how many of these
    never went, and how many it has said it holds. `scopes` are all that the store has.
    """
    devices = [one.id for one in exchange.devices(session.store.connection, agency.upper())]
    if not devices:
        raise UsageError(_("%(agency)s is not a verified peer") % {"agency": agency})
    silent = {session.store.me.device, *revoked_devices(session.store.connection)}
    told = exchange.told_by_all(session.store.connection, [one for one in devices if one not in silent])
    sent = exchange.sent_to(session.store.connection, agency.upper())
    reach = reach_of(session, agency.upper(), known, scopes)
    confirmed = sum(count(intersection(ranges, told.get(feed, ()))) for feed, ranges in reach.allowed.items())
    waiting = unsent = 0
    for feed, missing in reach.missing(told).items():
        waiting += count(missing)
        unsent += count(difference(missing, sent.get(feed, ())))
    return waiting, unsent, confirmed
