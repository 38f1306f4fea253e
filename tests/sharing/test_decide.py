"""Promise 2, the decision itself: default no, every rule both ways, and less known never means more told."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskforce.records.registry import all_kinds
from taskforce.records.schema import PARTS
from taskforce.sharing.decide import Knowledge, ReferralFacts, Scope, decide

OWN, PEER, STRANGER, OTHER = "own", "peer", "stranger", "other"
OPENING = ("sent", "received", "accepted", "in-progress", "completed")
CLOSED = ("draft", "declined", "cancelled", "revoked")


def facts(**changes: Any) -> ReferralFacts:
    """A referral of victim v by us to the peer, sent."""
    fields: dict[str, Any] = {
        "victim": "v",
        "sender": OWN,
        "to": PEER,
        "status": "sent",
        "was_sent": True,
        "opens_victim": True,
    }
    return ReferralFacts(**{**fields, **changes})


def knowing(*referrals: ReferralFacts, **changes: Any) -> Knowledge:
    """What we know: two verified peers, and these referrals r0, r1, …"""
    return dataclasses.replace(
        Knowledge(
            own=OWN,
            verified=frozenset((PEER, OTHER)),
            referrals={f"r{n}": each for n, each in enumerate(referrals)},
            of_victim={
                v: tuple(r for r in referrals if r.victim == v) for v in {r.victim for r in referrals}
            },
        ),
        **changes,
    )


def ask(kind: str, part: str, anchor: str, known: Knowledge, *, to: str = PEER) -> bool:
    """The decision; it always says why."""
    decision = decide(to, Scope(kind, part, anchor), known)
    assert decision.reason.strip()
    return decision.allowed


@pytest.mark.parametrize("part", [*PARTS, "of-a-newer-version"])
def test_the_default_is_no_but_for_the_directory(part: str) -> None:
    nothing = Knowledge(own=OWN, verified=frozenset((PEER,)))
    for kind in [*(kind.name for kind in all_kinds()), "of-a-newer-version"]:
        assert ask(kind, part, "x", nothing) == (part == "directory")
        assert ask(kind, part, "", nothing) == (part == "directory")


@pytest.mark.parametrize("part", [*PARTS, "of-a-newer-version"])
def test_everything_goes_to_our_own_and_nothing_to_who_is_not_verified(part: str) -> None:
    known = knowing(
        facts(to=STRANGER), roles={"o": {STRANGER: "lead"}}, parties={"g": frozenset((STRANGER, "KH"))}
    )
    for kind in all_kinds():
        for anchor in ("", "o", "g", "v", "r0"):
            assert ask(kind.name, part, anchor, known, to=OWN)
            assert not ask(kind.name, part, anchor, known, to=STRANGER)


@pytest.mark.parametrize("role", ["lead", "partner", "support", None, "observer"])
@pytest.mark.parametrize("kind", ["operation", "participation", "assignment", "site", "log"])
def test_operational_goes_to_participants_and_observers_see_the_operation_only(
    kind: str, role: str | None
) -> None:
    known = knowing(roles={"o": {PEER: role} if role else {}, "elsewhere": {PEER: "lead"}})
    expected = role is not None and (role != "observer" or kind in ("operation", "participation"))
    assert ask(kind, "operational", "o", known) == expected
    assert not ask(kind, "operational", "unknown", known)
    assert not ask(kind, "operational", "", known)


@pytest.mark.parametrize(
    ("parties", "country", "expected"),
    [
        ([PEER], "", True),
        (["KH"], "KH", True),
        (["KH"], "TH", False),
        (["KH"], "", False),
        ([OTHER], "KH", False),
        ([], "", False),
    ],
)
def test_agreements_go_to_their_parties(parties: list[str], country: str, expected: bool) -> None:
    known = knowing(parties={"g": frozenset(parties)}, countries={PEER: country} if country else {})
    assert ask("agreement", "agreement", "g", known) == expected
    assert ask("participation", "agreement", "g", known) == expected
    assert not ask("agreement", "agreement", "another", known)
    assert not ask("participation", "agreement", "", known)


@pytest.mark.parametrize("part", ["case", "care", "identity"])
@pytest.mark.parametrize("status", [*OPENING, *CLOSED, "of-a-newer-version"])
def test_a_victims_parts_go_to_the_receiver_while_its_referral_stands(part: str, status: str) -> None:
    known = knowing(facts(status=status, was_sent=status != "draft"))
    for kind in ("victim", "consent", "log"):
        assert ask(kind, part, "v", known) == (status in OPENING)
        assert not ask(kind, part, "v", known, to=OTHER)
        assert not ask(kind, part, "another", known)


@pytest.mark.parametrize("part", ["case", "care"])
def test_a_referral_goes_to_its_two_sides_and_a_draft_to_nobody(part: str) -> None:
    sent, draft = facts(), facts(status="draft", was_sent=False)
    theirs = facts(sender=PEER, to=OWN, was_sent=False)
    known = knowing(sent, draft, theirs)
    assert ask("referral", part, "r0", known)
    assert not ask("referral", part, "r1", known)
    assert ask("referral", part, "r2", known)
    assert not ask("referral", part, "r0", known, to=OTHER)
    assert not ask("referral", part, "unknown", known)


def test_a_receiver_keeps_hearing_of_a_referral_that_has_ended() -> None:
    for status in CLOSED[1:]:
        assert ask("referral", "case", "r0", knowing(facts(status=status)))


def test_who_refers_a_victim_to_us_hears_of_it_whatever_we_answered() -> None:
    for status in (*OPENING, *CLOSED):
        assert ask("victim", "case", "v", knowing(facts(sender=PEER, to=OWN, status=status)))


def test_a_referral_that_opens_nothing_opens_nothing() -> None:
    known = knowing(facts(opens_victim=False), facts(sender=PEER, to=OTHER, opens_victim=False))
    assert not ask("victim", "identity", "v", known)
    assert not ask("victim", "identity", "v", known, to=OTHER)
    assert ask("referral", "case", "r0", known)


def test_intelligence_goes_to_nobody_yet() -> None:
    known = knowing(facts(), roles={"x": {PEER: "lead"}}, parties={"x": frozenset((PEER,))})
    for anchor in ("x", "v", "r0", ""):
        assert not ask("victim", "intelligence", anchor, known)


# ── less known never means more told ──

AGENCIES = st.sampled_from([OWN, PEER, OTHER, STRANGER])
ANCHORS = st.sampled_from(["a", "b", ""])
SCOPES = st.builds(
    Scope,
    st.sampled_from([kind.name for kind in all_kinds()]),
    st.sampled_from([*PARTS, "of-a-newer-version"]),
    ANCHORS,
)
REFERRALS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.builds(
        ReferralFacts,
        victim=ANCHORS,
        sender=AGENCIES,
        to=AGENCIES,
        status=st.sampled_from([*OPENING, *CLOSED]),
        was_sent=st.booleans(),
        opens_victim=st.booleans(),
    ),
)
ROLES = st.dictionaries(ANCHORS, st.dictionaries(AGENCIES, st.sampled_from(["lead", "partner", "observer"])))
PARTIES = st.dictionaries(ANCHORS, st.frozensets(st.one_of(AGENCIES, st.sampled_from(["KH", "TH"]))))
COUNTRIES = st.dictionaries(AGENCIES, st.sampled_from(["KH", "TH"]))


def by_victim(referrals: dict[str, ReferralFacts]) -> dict[str, tuple[ReferralFacts, ...]]:
    """As the store gathers them."""
    return {
        victim: tuple(each for each in referrals.values() if each.victim == victim)
        for victim in {each.victim for each in referrals.values()}
    }


@given(st.data(), AGENCIES, SCOPES, st.frozensets(AGENCIES), ROLES, REFERRALS, PARTIES, COUNTRIES)
def test_taking_away_a_fact_never_allows_more(
    data: st.DataObject,
    recipient: str,
    scope: Scope,
    verified: frozenset[str],
    roles: dict[str, dict[str, str]],
    referrals: dict[str, ReferralFacts],
    parties: dict[str, frozenset[str]],
    countries: dict[str, str],
) -> None:
    def some(of: Any) -> Any:
        kept = [each for each in sorted(of) if data.draw(st.booleans())]
        return {key: of[key] for key in kept} if isinstance(of, dict) else frozenset(kept)

    more = Knowledge(OWN, verified, roles, referrals, by_victim(referrals), parties, countries)
    fewer = some(referrals)
    less = Knowledge(
        OWN,
        some(verified),
        {operation: some(taken) for operation, taken in some(roles).items()},
        fewer,
        by_victim(fewer),
        {agreement: some(names) for agreement, names in some(parties).items()},
        some(countries),
    )
    if decide(recipient, scope, less).allowed:
        assert decide(recipient, scope, more).allowed


@given(AGENCIES, SCOPES, st.frozensets(AGENCIES), ROLES, REFERRALS, PARTIES, COUNTRIES)
def test_victims_are_told_of_only_along_their_referrals(
    recipient: str,
    scope: Scope,
    verified: frozenset[str],
    roles: dict[str, dict[str, str]],
    referrals: dict[str, ReferralFacts],
    parties: dict[str, frozenset[str]],
    countries: dict[str, str],
) -> None:
    known = Knowledge(OWN, verified, roles, referrals, by_victim(referrals), parties, countries)
    if recipient == OWN or scope.part not in ("case", "care", "identity"):
        return
    if decide(recipient, scope, known).allowed:
        assert recipient in verified
        about = [
            r
            for name, r in referrals.items()
            if scope.anchor in (name if scope.kind == "referral" else r.victim,)
        ]
        assert any(recipient == r.sender or (recipient == r.to and r.was_sent) for r in about)
