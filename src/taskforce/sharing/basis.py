"""The legal basis on which a victim's parts leave the agency: a consent or a recorded override, and across a border an
agreement in force.
"""

from __future__ import annotations

from collections.abc import Iterator

from taskforce.i18n import _
from taskforce.sharing.checks import Check, no, yes
from taskforce.sharing.facts import (
    ANY_PROVIDER,
    SERVICES,
    AgreementFacts,
    ConsentFacts,
    Knowledge,
    ReferralFacts,
    VictimFacts,
)

CHILD_PROTECTION = "child-protection"

_SPEAK_FOR_A_CHILD = ("caregiver", "guardian")

_WEIGHT = 1


def check_consent(recipient: str, kind: str, part: str, anchor: str, known: Knowledge) -> Iterator[Check]:
    """Whether a consent, or an override, covers the agency, the part and the purpose of the referral."""
    victim, referral = _concerned(kind, anchor, known)
    if _is_theirs(recipient, victim, referral, known):
        yield yes("consent", _("it is the agency's own record"), weight=_WEIGHT)
        return
    facts = known.victims.get(victim, VictimFacts())
    best = no("consent", _("no consent is recorded"))
    nearest = 0
    for consent in known.consents.get(victim, ()):
        check, distance = _covers(consent, recipient, part, facts, known)
        if check.passed:
            yield check
            return
        if distance > nearest:
            best, nearest = check, distance
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
    name = "override" if consent.override else "consent"
    covered = recipient in consent.to or (ANY_PROVIDER in consent.to and recipient in known.providers)
    steps = (
        (covered, _("it does not name the agency")),
        (SERVICES in consent.purposes, _("it does not cover the purpose")),
        (part in consent.parts, _("it does not cover the part")),
        (not consent.withdrawn, _("it was withdrawn")),
        (not consent.until or known.today <= consent.until, _("it has ended")),
        (*_who_may_say(consent, victim),),
    )
    for distance, (holds, reason) in enumerate(steps, start=1):
        if not holds:
            return no(name, reason, consent.ref), distance
    if consent.override:
        return yes(name, _("a recorded override covers it"), consent.ref, weight=_WEIGHT), 0
    return yes(name, _("a consent covers it"), consent.ref, weight=_WEIGHT), 0


def _who_may_say(consent: ConsentFacts, victim: VictimFacts) -> tuple[bool, str]:
    """For a child somebody else speaks; and what is done to protect a child is done for one."""
    if consent.override:
        is_fit = consent.override != CHILD_PROTECTION or victim.is_child
        return is_fit, _("it protects a child, and the person is known to be of age")
    if victim.is_child:
        return consent.given_by in _SPEAK_FOR_A_CHILD, _("for a child a caregiver or guardian consents")
    return bool(consent.given_by), _("it does not say who gave it")


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
