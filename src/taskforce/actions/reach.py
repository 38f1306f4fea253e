"""Gathers what the sharing decision rests on from the store, and applies it to whole scopes at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from taskforce.actions.session import Session, natural_id
from taskforce.actions.whose_word import Words
from taskforce.records.registry import get_kind
from taskforce.sharing.decide import Decision, Knowledge, ReferralFacts, Scope, decide
from taskforce.store import exchange, history, queries
from taskforce.store.queries import Record
from taskforce.store.telling import erasures_for
from taskforce.sync.holdings import Ranges, difference, union

_SENDERS_WORD = ("victim", "to", "sender", "sent_at")
"""Fields of a referral that open a victim's parts only where its sender itself wrote them."""


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


def reach_of(session: Session, agency: str, known: Knowledge | None = None) -> Reach:
    """What the agency with this code may have now, as ranges of edits; `known` saves gathering for several agencies."""
    known = known or gather(session)
    recipient = natural_id("agency", agency)
    allowed: dict[int, str] = {}
    withheld: list[tuple[exchange.ScopeRow, Decision]] = []
    for row in exchange.scopes(session.store.connection):
        decision = decide(recipient, Scope(row.kind, row.part, row.anchor), known)
        if decision.allowed:
            allowed[row.id] = decision.reason
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


def gather(session: Session) -> Knowledge:
    """What this store knows that bears on who may see what."""
    connection = session.store.connection
    peers = exchange.peers(connection)
    agencies = queries.list_records(connection, get_kind("agency"), refs=False)
    words = Words(session)
    referrals = {
        record.id: facts
        for record in queries.list_records(connection, get_kind("referral"), archived=True, refs=False)
        if (facts := _referral_facts(session, words, record)) is not None
    }
    of_victim: dict[str, list[ReferralFacts]] = {}
    for facts in referrals.values():
        of_victim.setdefault(facts.victim, []).append(facts)
    return Knowledge(
        own=session.own_agency,
        verified=frozenset(natural_id("agency", peer.agency) for peer in peers),
        roles=_roles(session, words),
        referrals=referrals,
        of_victim={victim: tuple(facts) for victim, facts in of_victim.items()},
        parties=_parties(session, words),
        countries={record.id: record.text("country") for record in agencies if record.text("country")},
    )


def _roles(session: Session, words: Words) -> dict[str, dict[str, str]]:
    connection = session.store.connection
    roles: dict[str, dict[str, str]] = {}
    for operation in queries.list_records(connection, get_kind("operation"), archived=True, refs=False):
        if lead := words.lead_of(operation):
            roles.setdefault(operation.id, {})[lead] = "lead"
    for record in queries.list_records(connection, get_kind("participation"), refs=False):
        if role := words.role(record):
            roles.setdefault(record.text("operation"), {}).setdefault(record.text("agency"), role)
    return roles


def _parties(session: Session, words: Words) -> dict[str, frozenset[str]]:
    connection = session.store.connection
    return {
        record.id: frozenset(
            party if len(party) == 2 else natural_id("agency", party) for party in words.parties(record)
        )
        for record in queries.list_records(connection, get_kind("agreement"), archived=True, refs=False)
    }


def _referral_facts(session: Session, words: Words, record: Record) -> ReferralFacts | None:
    """What a referral opens, as its sender made it; None where what is known of it is not from its sender alone.

    It opens the victim's parts only if it was made by this agency or by the one that made the victim's record:
    otherwise anybody could write a referral of somebody else's victim to themselves. One that is archived opens
    nothing, but goes on to its two sides, so that each hears of it.
    """
    connection = session.store.connection
    owner = queries.owner_of(connection, record.kind, record.id)
    if not owner or record.text("sender") != natural_id("agency", owner):
        return None
    keepers = {
        session.store.me.agency,
        queries.owner_of(connection, get_kind("victim"), record.text("victim")),
    }
    state = history.state_of(connection, record.kind, record.id, "case")
    writers = {
        feed.partition(".")[0] for name in _SENDERS_WORD if name in state for feed, _n in state[name].heads
    }
    if any(history.agency_of_device(connection, device) != owner for device in writers):
        return None
    is_closed = record.archived or words.is_taken_back(record)
    return ReferralFacts(
        record.text("victim"),
        record.text("sender"),
        record.text("to"),
        "revoked" if is_closed else record.text("status"),
        bool(record.text("sent_at")),
        owner in keepers,
    )


def by_reason(
    withheld: Iterable[tuple[exchange.ScopeRow, Decision]],
) -> dict[tuple[str, str, str], list[int]]:
    """The scopes that are withheld, by kind, part and reason."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for row, decision in withheld:
        found.setdefault((row.kind, row.part, decision.reason), []).append(row.id)
    return found
