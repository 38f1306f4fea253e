"""The legal basis on which a victim's parts leave the agency: a consent or a recorded override, and across a border an
agreement in force.
"""

from __future__ import annotations

from collections.abc import Iterator

from taskforce.i18n import N_, _
from taskforce.records.schema import ANY_PROVIDER
from taskforce.sharing.checks import Check, no, yes
from taskforce.sharing.facts import (
    SERVICES,
    SPEAK_FOR_A_CHILD,
    AgreementFacts,
    ConsentFacts,
    Knowledge,
    ReferralFacts,
    VictimFacts,
)

CHILD_PROTECTION = "child-protection"

_WEIGHT = 1

# What is said where a consent, or an override, fails at one of the steps of `_covers`.
_CONSENT_FAILS = (
    N_("the consent does not name the agency"),
    N_("the consent does not cover the purpose"),
    N_("the consent does not cover the part"),
    N_("the consent was withdrawn"),
    N_("the consent has ended"),
    N_("the consent does not say who gave it"),
    N_("for a child, or who may be one, a caregiver or guardian consents"),
)
_OVERRIDE_FAILS = (
    N_("the override does not name the agency"),
    N_("the override does not cover the purpose"),
    N_("the override does not cover the part"),
    N_("the override was taken back"),
    N_("the override has ended"),
    "",
    N_("the override protects a child, and the person is known to be of age"),
)


def check_consent(recipient: str, kind: str, part: str, anchor: str, known: Knowledge) -> Iterator[Check]:
    """Whether a consent, or an override, covers the agency, the part and the purpose of the referral."""
    victim, referral = _concerned(kind, anchor, known)
    if _is_theirs(recipient, victim, referral, known):
        yield yes("consent", _("it is the agency's own record"), weight=_WEIGHT)
        return
    facts = known.victims.get(victim, VictimFacts())
    best = no("consent", _("no consent is recorded"))
    nearest = (0, False, False)
    for consent in known.consents.get(victim, ()):
        check, distance = _covers(consent, recipient, part, facts, known)
        if check.passed:
            yield check
            return
        # Of those that come as near, one that stands is told of, and what the person said before an override.
        nearness = (distance, not consent.withdrawn, not consent.override)
        if nearness > nearest:
            best, nearest = check, nearness
    yield best


def check_border(recipient: str, kind: str, part: str, anchor: str, known: Knowledge) -> Iterator[Check]:
    """Across a border: whether an agreement in force names both sides and covers the part; within a country nothing.

    An agency whose country is not known, or that has none, is across a border.
    """
    victim, referral = _concerned(kind, anchor, known)
    if _is_theirs(recipient, victim, referral, known):
        return
    here, there = known.countries.get(known.own, ""), known.countries.get(recipient, "")
    if here and here == there:
        yield yes("border", _("both agencies are in the same country"))
        return
    best = no("border", _("across a border, and no agreement names both sides"))
    for agreement in known.agreements:
        ours = agreement.parties & {known.own, here} - {""}
        theirs = agreement.parties & {recipient, there} - {""}
        if not ours or not theirs:
            continue
        check = _allows(agreement, part, known.today)
        if check.passed:
            yield check
            return
        best = check
    yield best


def _concerned(kind: str, anchor: str, known: Knowledge) -> tuple[str, ReferralFacts | None]:
    """The victim concerned, and the referral where it is one that is decided on."""
    if kind != "referral":
        return anchor, None
    referral = known.referrals.get(anchor)
    return (referral.victim if referral else ""), referral


def _is_theirs(recipient: str, victim: str, referral: ReferralFacts | None, known: Knowledge) -> bool:
    """Whether the record is the recipient's own: the answer to a referral goes back to who sent it."""
    if referral is not None:
        return recipient == referral.sender
    facts = known.victims.get(victim)
    return facts is not None and bool(facts.maker) and recipient == facts.maker


def _covers(
    consent: ConsentFacts, recipient: str, part: str, victim: VictimFacts, known: Knowledge
) -> tuple[Check, int]:
    """Whether one consent covers it; and if not, how near it comes, to tell of the nearest."""
    name, told = ("override", _OVERRIDE_FAILS) if consent.override else ("consent", _CONSENT_FAILS)
    covered = recipient in consent.to or (ANY_PROVIDER in consent.to and recipient in known.providers)
    steps = (
        covered,
        SERVICES in consent.purposes,
        part in consent.parts,
        not consent.withdrawn,
        not consent.until or known.today <= consent.until,
        *_who_may_say(consent, victim),
    )
    for distance, holds in enumerate(steps):
        if not holds:
            return no(name, _(told[distance]), consent.ref), distance + 1
    if consent.override:
        return yes(name, _("a recorded override covers it"), consent.ref, weight=_WEIGHT), 0
    return yes(name, _("a consent covers it"), consent.ref, weight=_WEIGHT), 0


def _who_may_say(consent: ConsentFacts, victim: VictimFacts) -> tuple[bool, bool]:
    """Whether somebody says so, and whether it is the one who may: for a child another speaks.

    What is done to protect a child is done for one.
    """
    if consent.override:
        return True, consent.override != CHILD_PROTECTION or victim.is_child
    return bool(consent.given_by), not victim.is_child or consent.given_by in SPEAK_FOR_A_CHILD


def _allows(agreement: AgreementFacts, part: str, today: str) -> Check:
    steps = (
        (part in agreement.covers, _("the agreement does not cover the part")),
        (
            not agreement.purposes or SERVICES in agreement.purposes,
            _("the agreement does not cover the purpose"),
        ),
        (agreement.in_force, _("the agreement is not in force")),
        (not agreement.since or agreement.since <= today, _("the agreement is not in force yet")),
        (not agreement.until or today <= agreement.until, _("the agreement has ended")),
    )
    for holds, reason in steps:
        if not holds:
            return no("border", reason, agreement.ref)
    return yes("border", _("an agreement in force covers it"), agreement.ref, weight=0)
