"""Gathers from the store what the sharing decision rests on: facts, each by the word of those who may say it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from taskforce import moments
from taskforce.actions.levels import Levels, codename_of
from taskforce.actions.matching import is_provider
from taskforce.actions.session import Session
from taskforce.actions.whose_word import Words
from taskforce.crockford import natural_id
from taskforce.records.registry import get_kind
from taskforce.records.schema import AGREEMENT, ANY_PROVIDER, ARCHIVED, CASE, NOTICE, OPERATIONAL
from taskforce.sharing.facts import (
    LEVELS,
    AgreementFacts,
    ConsentFacts,
    Handling,
    Introduction,
    Knowledge,
    ReferralFacts,
    VictimFacts,
    is_child,
)
from taskforce.store import exchange, history, queries
from taskforce.store.queries import Record
from taskforce.sync.edit import Value

_SENDERS_WORD = ("victim", "to", "sender", "sent_at")
"""Fields of a referral that open a victim's parts only where its sender itself wrote them."""


def gather(session: Session) -> Knowledge:
    """What this store knows that bears on who may see what."""
    connection = session.store.connection
    words = Words(session)
    agencies = queries.list_records(connection, get_kind("agency"), refs=False)
    operations = queries.list_records(connection, get_kind("operation"), archived=True, refs=False)
    victims = _victims(session, words)
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
        verified=frozenset(natural_id("agency", peer.agency) for peer in exchange.peers(connection)),
        roles=_roles(session, words, operations),
        referrals=referrals,
        of_victim={victim: tuple(several) for victim, several in of_victim.items()},
        parties=_parties(session, words),
        countries={record.id: record.text("country") for record in agencies if record.text("country")},
        today=moments.today().isoformat(),
        victims=victims,
        consents=_consents(session, words, victims),
        agreements=_agreements(session, words),
        handling=_handling(session, words),
        providers=frozenset(record.id for record in agencies if is_provider(record)),
        recalls=_recalls(session, words),
        introduced=_introduced(session),
    )


def _introduced(session: Session) -> dict[str, tuple[Introduction, ...]]:
    """Agencies that are known by a roster only, and take part in its operation."""
    found = {}
    for code, every in Levels(session).introduced.items():
        told = tuple(
            Introduction(one.by, one.operation, codename_of(session, one.operation))
            for one in every
            if not one.left
        )
        if told:
            found[natural_id("agency", code)] = told
    return found


def _roles(session: Session, words: Words, operations: Iterable[Record]) -> dict[str, dict[str, str]]:
    connection = session.store.connection
    roles: dict[str, dict[str, str]] = {}
    for operation in operations:
        if lead := words.lead_of(operation):
            roles.setdefault(operation.id, {})[lead] = "lead"
    for record in queries.list_records(connection, get_kind("participation"), refs=False):
        if role := words.role(record):
            roles.setdefault(record.text("operation"), {}).setdefault(record.text("agency"), role)
    return roles


def _handling(session: Session, words: Words) -> dict[str, Handling]:
    """How every operation and every victim is marked of which the part is held that says so."""
    connection = session.store.connection
    found = {}
    for kind, part in ((get_kind("operation"), OPERATIONAL), (get_kind("victim"), CASE)):
        held = history.holding_part(connection, kind, part)
        for record in queries.list_records(connection, kind, archived=True):
            if record.id in held:
                found[record.id] = _marks(words, record, part)
    return found


def _marks(words: Words, record: Record, part: str) -> Handling:
    """The most restrictive of what is said."""
    every = words.each_said(record, part)
    named = [frozenset(_items(said, "handling_to")) for said in every]
    return Handling(
        record.ref,
        max((str(said.get("tlp") or "") for said in every), key=_strictness, default=""),
        frozenset(code for said in every for code in _items(said, "handling")),
        frozenset.intersection(*named) if named else frozenset(),
        words.maker(record),
        any(said.get("originator_control") == "yes" for said in every),
    )


def _strictness(tlp: str) -> int:
    """What a later version may say is stricter than all."""
    return LEVELS.index(tlp) if tlp in LEVELS else len(LEVELS)


def _victims(session: Session, words: Words) -> dict[str, VictimFacts]:
    found = {}
    for record in queries.list_records(
        session.store.connection, get_kind("victim"), archived=True, refs=False
    ):
        said = words.said(record, CASE)
        found[record.id] = VictimFacts(
            words.maker(record),
            str(said.get("operation") or ""),
            is_child(said.get("age_band"), said.get("age_unsure")),
        )
    return found


def _consents(
    session: Session, words: Words, victims: Mapping[str, VictimFacts]
) -> dict[str, tuple[ConsentFacts, ...]]:
    """By victim. Whose word counts on what a person agreed to: who made the victim's record, and this agency."""
    found: dict[str, list[ConsentFacts]] = {}
    for record in queries.list_records(session.store.connection, get_kind("consent"), archived=True):
        victim = record.text("victim")
        keepers = {session.own_agency, victims.get(victim, VictimFacts()).maker}
        if words.maker(record) not in keepers or not words.maker(record):
            continue
        said = words.said(record, CASE)
        override = str(said.get("override") or "")
        if override and not (said.get("reason") and said.get("approved_by")):
            continue
        facts = ConsentFacts(
            record.ref,
            frozenset(_items(said, "purpose")),
            frozenset(_items(said, "parts")),
            frozenset(_named(party) for party in _items(said, "to")),
            str(said.get("given_by") or ""),
            str(said.get("until") or ""),
            words.has_said(record, CASE, "withdrawn_at") or words.has_said(record, CASE, ARCHIVED),
            override,
        )
        found.setdefault(victim, []).append(facts)
    return {victim: tuple(several) for victim, several in found.items()}


def _recalls(session: Session, words: Words) -> dict[str, frozenset[str]]:
    """Who made each recall, and whom they made it to: nobody else can name themselves in it."""
    return {
        record.id: frozenset((words.maker(record), str(words.makers_word(record, NOTICE).get("to") or "")))
        - {""}
        for record in queries.list_records(session.store.connection, get_kind("recall"), archived=True)
    }


def _agreements(session: Session, words: Words) -> tuple[AgreementFacts, ...]:
    found = []
    for record in queries.list_records(session.store.connection, get_kind("agreement")):
        said = words.said(record, AGREEMENT)
        facts = AgreementFacts(
            record.ref,
            frozenset(_party(party) for party in _items(said, "parties")),
            frozenset(_items(said, "covers")),
            frozenset(_items(said, "purposes")),
            said.get("status") == "in-force" and not said.get(ARCHIVED),
            str(said.get("in_force_from") or ""),
            str(said.get("until") or ""),
        )
        found.append(facts)
    return tuple(found)


def _items(said: Mapping[str, Value], name: str) -> Sequence[str]:
    """The values of a field that takes several."""
    value = said.get(name, ())
    return (value,) if isinstance(value, str) and value else value if not isinstance(value, str) else ()


def _party(party: str) -> str:
    """A country, or the id of an agency's record."""
    return party if len(party) == 2 else natural_id("agency", party)


def _named(party: str) -> str:
    return ANY_PROVIDER if party.lower() == ANY_PROVIDER else natural_id("agency", party.upper())


def _parties(session: Session, words: Words) -> dict[str, frozenset[str]]:
    connection = session.store.connection
    return {
        record.id: frozenset(_party(party) for party in words.parties(record))
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
