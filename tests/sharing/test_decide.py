"""Promise 2, the decision itself: default no, every rule both ways, and less known never means more told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from decision_table import Row, rows
from hypothesis import given
from hypothesis import strategies as st

from taskforce.records.registry import all_kinds
from taskforce.records.schema import ANY_PROVIDER, PARTS
from taskforce.sharing.decide import Scope, decide, decide_all, explain
from taskforce.sharing.facts import (
    LEVELS,
    AgreementFacts,
    ConsentFacts,
    Handling,
    Introduction,
    Knowledge,
    ReferralFacts,
    VictimFacts,
)

OWN, PEER, STRANGER, OTHER = "own", "peer", "stranger", "other"


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: f"{row.situation} ({row.part})")
def test_each_row_of_the_table(row: Row) -> None:
    decision = decide(row.to, row.scope, row.known)
    assert decision.allowed == row.allowed
    checks = explain(row.to, row.scope, row.known)
    (told,) = {check.name for check in checks if check.reason == decision.reason}
    assert told == row.check


def test_what_crosses_a_border_rests_on_the_agreement_besides_the_consent_and_on_no_mark() -> None:
    by_situation = {row.situation: decide(row.to, row.scope, row.known) for row in rows()}
    across = by_situation["an agreement of the two agencies"]
    assert across.words == "a consent covers it (C-1), an agreement in force covers it (G-1)"
    assert by_situation["a consent that covers it"].words == "a consent covers it (C-1)"
    marked = by_situation["the plan of an operation marked TLP:AMBER"]
    assert marked.words == "participant of the operation"


@pytest.mark.parametrize("order", [1, -1])
def test_of_refusals_that_come_as_near_what_stands_is_told_before_what_was_taken_back(order: int) -> None:
    """And what the person said before an override, in whichever order they are known."""
    given = {"purposes": frozenset(("services",)), "to": frozenset((PEER,)), "given_by": "individual"}
    wrong = ConsentFacts(
        "C-1", parts=frozenset(("case",)), withdrawn=True, override="vital-interests", **given
    )
    little = ConsentFacts("C-2", parts=frozenset(("case",)), **given)

    referral = ReferralFacts("v", OWN, PEER, "sent", True, True)

    def told(part: str, *consents: ConsentFacts) -> tuple[str, str]:
        known = Knowledge(
            OWN,
            frozenset((PEER,)),
            today="2023-10-17",
            referrals={"r": referral},
            of_victim={"v": (referral,)},
            victims={"v": VictimFacts(OWN, "", False)},
            consents={"v": consents[::order]},
            handling={"v": Handling("v")},
        )
        last = explain(PEER, Scope("victim", part, "v"), known)[-1]
        assert not last.passed
        return last.reason, last.basis

    assert told("care", wrong, little) == ("the consent does not cover the part", "C-2")
    assert told("case", wrong, replace(little, withdrawn=True)) == ("the consent was withdrawn", "C-2")


@pytest.mark.parametrize("part", [*PARTS, "of-a-newer-version"])
def test_the_default_is_no_but_for_the_directory(part: str) -> None:
    nothing = Knowledge(own=OWN, verified=frozenset((PEER,)))
    for kind in [*(kind.name for kind in all_kinds()), "of-a-newer-version"]:
        for anchor in ("x", ""):
            assert decide(PEER, Scope(kind, part, anchor), nothing).allowed == (part == "directory")


def test_a_contested_anchor_must_allow_it_under_each() -> None:
    marks = {name: Handling(name) for name in "op"}
    known = Knowledge(OWN, frozenset((PEER,)), {"o": {PEER: "partner"}, "p": {}}, handling=marks)
    assert decide(PEER, Scope("site", "operational", "o"), known).allowed
    assert not decide(PEER, Scope("site", "operational", "o p"), known).allowed
    assert not decide(PEER, Scope("site", "operational", "p o"), known).allowed


# ── less known never means more told ──

AGENCIES = st.sampled_from([OWN, PEER, OTHER, STRANGER])
NAMES = st.sampled_from(["a", "b", ""])
SOME = st.frozensets(AGENCIES)
DATES = st.sampled_from(["", "2023-10-16", "2023-10-17", "2023-10-18"])
SCOPES = st.builds(
    Scope,
    st.sampled_from([kind.name for kind in all_kinds()]),
    st.sampled_from([*PARTS, "of-a-newer-version"]),
    st.sampled_from(["a", "b", "", "a b"]),
)
REFERRALS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.builds(
        ReferralFacts,
        victim=NAMES,
        sender=AGENCIES,
        to=AGENCIES,
        status=st.sampled_from(["draft", "sent", "accepted", "completed", "declined", "revoked"]),
        was_sent=st.booleans(),
        opens_victim=st.booleans(),
    ),
)
CONSENTS = st.builds(
    ConsentFacts,
    ref=st.just("C"),
    purposes=st.frozensets(st.sampled_from(["services", "research"])),
    parts=st.frozensets(st.sampled_from(["case", "care", "identity"])),
    to=st.frozensets(st.one_of(AGENCIES, st.just(ANY_PROVIDER))),
    given_by=st.sampled_from(["", "individual", "guardian"]),
    until=DATES,
    withdrawn=st.booleans(),
    override=st.sampled_from(["", "", "child-protection", "vital-interests"]),
)
AGREEMENTS = st.builds(
    AgreementFacts,
    ref=st.just("G"),
    parties=st.frozensets(st.one_of(AGENCIES, st.sampled_from(["KH", "TH"]))),
    covers=st.frozensets(st.sampled_from(["case", "care", "identity"])),
    purposes=st.frozensets(st.sampled_from(["services", "research"])),
    in_force=st.booleans(),
    since=DATES,
    until=DATES,
)
MARKS = st.builds(
    Handling,
    ref=st.just("M"),
    tlp=st.sampled_from([*LEVELS, "of-a-newer-version"]),
    codes=st.frozensets(st.sampled_from(["h0", "h1", "h2", "h3"])),
    named=SOME,
    maker=st.one_of(AGENCIES, st.just("")),
    originator_control=st.booleans(),
)
INTRODUCTIONS = st.builds(
    Introduction, by=st.sampled_from(["LEAD", "OTHER"]), operation=NAMES, ref=st.just("O")
)
UNMARKED = st.builds(Handling, ref=st.just("M"), maker=AGENCIES)


@st.composite
def knowledge(draw: st.DrawFn) -> Knowledge:
    """Anything a store may know, with little that forbids: otherwise nearly all answers are no."""
    referrals = draw(REFERRALS)
    return Knowledge(
        OWN,
        draw(st.one_of(SOME, SOME.map(lambda some: some | {PEER}))),
        draw(
            st.dictionaries(
                NAMES, st.dictionaries(AGENCIES, st.sampled_from(["lead", "partner", "observer"]))
            )
        ),
        referrals,
        by_victim(referrals),
        draw(st.dictionaries(NAMES, st.frozensets(st.one_of(AGENCIES, st.sampled_from(["KH", "TH"]))))),
        draw(st.dictionaries(AGENCIES, st.sampled_from(["KH", "TH"]))),
        "2023-10-17",
        draw(
            st.dictionaries(
                NAMES, st.builds(VictimFacts, maker=AGENCIES, operation=NAMES, is_child=st.booleans())
            )
        ),
        draw(st.dictionaries(NAMES, st.lists(CONSENTS, max_size=3).map(tuple))),
        tuple(draw(st.lists(AGREEMENTS, max_size=3))),
        draw(st.dictionaries(NAMES, st.one_of(UNMARKED, UNMARKED, MARKS))),
        draw(SOME),
        draw(st.dictionaries(NAMES, SOME)),
        draw(st.dictionaries(AGENCIES, st.lists(INTRODUCTIONS, min_size=1, max_size=2).map(tuple))),
    )


def by_victim(referrals: Mapping[str, ReferralFacts]) -> dict[str, tuple[ReferralFacts, ...]]:
    """As the store gathers them."""
    return {
        victim: tuple(each for each in referrals.values() if each.victim == victim)
        for victim in {each.victim for each in referrals.values()}
    }


@given(st.data(), AGENCIES, SCOPES, knowledge())
def test_taking_away_a_fact_never_allows_more(
    data: st.DataObject, recipient: str, scope: Scope, more: Knowledge
) -> None:
    def some(of: Any) -> Any:
        if isinstance(of, Mapping):
            return {key: of[key] for key in sorted(of) if data.draw(st.booleans())}
        kept = [each for each in (of if isinstance(of, tuple) else sorted(of)) if data.draw(st.booleans())]
        return type(of)(kept)

    referrals = some(more.referrals)
    less = replace(
        more,
        verified=some(more.verified),
        roles={operation: some(taken) for operation, taken in some(more.roles).items()},
        referrals=referrals,
        of_victim=by_victim(referrals),
        parties={agreement: some(names) for agreement, names in some(more.parties).items()},
        victims=some(more.victims),
        consents={victim: some(several) for victim, several in some(more.consents).items()},
        agreements=some(more.agreements),
        handling=some(more.handling),
        providers=some(more.providers),
        recalls={recall: some(names) for recall, names in some(more.recalls).items()},
        introduced={agency: some(by) for agency, by in some(more.introduced).items()},
    )
    if decide(recipient, scope, less).allowed:
        assert decide(recipient, scope, more).allowed


@given(AGENCIES, SCOPES, knowledge())
def test_who_is_only_introduced_gets_no_more_than_the_directory_and_the_plan_of_that_operation(
    recipient: str, scope: Scope, known: Knowledge
) -> None:
    if recipient in {OWN, *known.verified} or not decide(recipient, scope, known).allowed:
        return
    assert scope.part == "directory" or (
        scope.part == "operational"
        and set(scope.anchor.split(" ")) <= {one.operation for one in known.introduced[recipient]}
    )
    compared = replace(known, verified=known.verified | {recipient})
    assert decide(recipient, scope, compared).allowed, "comparing words never takes anything away"


@given(AGENCIES, SCOPES, knowledge(), st.sampled_from(["a", "b"]), MARKS)
def test_a_mark_on_any_container_never_allows_more(
    recipient: str, scope: Scope, known: Knowledge, record: str, mark: Handling
) -> None:
    before = known.handling.get(record)
    if before is None:
        return
    unmarked = replace(before, tlp="", codes=frozenset(), originator_control=False)
    marked = replace(mark, maker=before.maker)
    one, other = (replace(known, handling={**known.handling, record: each}) for each in (unmarked, marked))
    if decide(recipient, scope, other).allowed:
        assert decide(recipient, scope, one).allowed


@given(AGENCIES, SCOPES, knowledge())
def test_explanation_and_decision_never_disagree(recipient: str, scope: Scope, known: Knowledge) -> None:
    decision, checks = decide(recipient, scope, known), explain(recipient, scope, known)
    assert checks and all(check.reason.strip() for check in checks)
    assert decision.allowed == all(check.passed for check in checks)
    assert [check.passed for check in checks[:-1]] == [True] * (len(checks) - 1)
    assert (decision.reason, decision.basis) in [(check.reason, check.basis) for check in checks]


ALL_SCOPES = [
    Scope(kind, part, anchor)
    for kind in ("victim", "referral", "consent", "site")
    for part in ("case", "care", "operational")
    for anchor in ("a", "b", "c", "d", "", "a b")
]


@given(AGENCIES, st.permutations(ALL_SCOPES), knowledge())
def test_many_are_decided_as_each_by_itself(recipient: str, scopes: list[Scope], known: Knowledge) -> None:
    assert list(decide_all(recipient, scopes, known)) == [decide(recipient, scope, known) for scope in scopes]


@given(AGENCIES, SCOPES, knowledge())
def test_victims_are_told_of_only_on_a_basis(recipient: str, scope: Scope, known: Knowledge) -> None:
    if recipient == OWN or scope.part not in ("case", "care", "identity"):
        return
    if not decide(recipient, scope, known).allowed:
        return
    assert recipient in known.verified
    for anchor in scope.anchor.split(" "):
        about = [
            each
            for name, each in known.referrals.items()
            if anchor == (name if scope.kind == "referral" else each.victim)
        ]
        assert any(recipient == each.sender or (recipient == each.to and each.was_sent) for each in about)
        victim = known.referrals[anchor].victim if scope.kind == "referral" else anchor
        is_theirs = (
            recipient == known.referrals[anchor].sender
            if scope.kind == "referral"
            else recipient == known.victims[victim].maker
        )
        assert is_theirs or any(
            scope.part in each.parts and not each.withdrawn and {recipient, ANY_PROVIDER} & each.to
            for each in known.consents.get(victim, ())
        )
