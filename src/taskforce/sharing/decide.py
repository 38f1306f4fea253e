"""The one function that decides whether a part of a record goes to an agency. The default is no.

Agencies are named here by the id of their record, which derives from their code. What the store does not know it does
not allow: a relay with stale knowledge withholds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from taskforce.i18n import _
from taskforce.records.schema import AGREEMENT, CARE, CASE, DIRECTORY, IDENTITY, OPERATIONAL

_VICTIMS = (CASE, CARE, IDENTITY)

_OPEN_TO_OBSERVERS = ("operation", "participation")

_OPENS_VICTIM = ("sent", "received", "accepted", "in-progress", "completed")
"""States in which a referral lets its receiver have the victim's parts; declined, cancelled and revoked end that."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is decided on at once: a kind and part, and the id of the record that anchors the audience.

    The anchor is empty where there is none; it holds several ids, apart by spaces, where it is contested.
    """

    kind: str
    part: str
    anchor: str


@dataclass(frozen=True, slots=True)
class ReferralFacts:
    """What a referral says about who may see it and its victim; only what its sender itself wrote counts.

    `opens_victim` is False where its sender is not known to have the victim's data to give.
    """

    victim: str
    sender: str
    to: str
    status: str
    was_sent: bool
    opens_victim: bool


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a decision rests on.

    `own` is the deciding agency's record id; `verified` the record ids of verified peers; `roles` maps an operation to
    its participants' roles; `referrals` referrals by id; `of_victim` a victim's referrals; `parties` an agreement to
    the agencies' record ids and the countries it binds; `countries` an agency to its country.
    """

    own: str
    verified: frozenset[str]
    roles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    referrals: Mapping[str, ReferralFacts] = field(default_factory=dict)
    of_victim: Mapping[str, tuple[ReferralFacts, ...]] = field(default_factory=dict)
    parties: Mapping[str, frozenset[str]] = field(default_factory=dict)
    countries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no, and the rule that said so in one phrase."""

    allowed: bool
    reason: str


def decide(recipient: str, scope: Scope, known: Knowledge) -> Decision:
    """Whether the edits of `scope` may go to the agency whose record id is `recipient` (design, section 6).

    Where the anchor is contested, the answer must be yes under each of them.
    """
    decision = Decision(False, "")
    for anchor in scope.anchor.split(" "):
        decision = _decide(recipient, Scope(scope.kind, scope.part, anchor), known)
        if not decision.allowed:
            break
    return decision


def _decide(recipient: str, scope: Scope, known: Knowledge) -> Decision:
    if recipient == known.own:
        return Decision(True, _("your own agency"))
    if recipient not in known.verified:
        return Decision(False, _("the agency is not a verified peer"))
    if scope.part == DIRECTORY:
        return Decision(True, _("directory: every verified peer"))
    if scope.part == OPERATIONAL:
        return _operational(recipient, scope, known)
    if scope.part == AGREEMENT:
        return _agreement(recipient, scope, known)
    if scope.part in _VICTIMS:
        return _victims(recipient, scope, known)
    return Decision(False, _("no rule allows this part"))


def _operational(recipient: str, scope: Scope, known: Knowledge) -> Decision:
    role = known.roles.get(scope.anchor, {}).get(recipient)
    if role is None:
        return Decision(False, _("the agency does not take part in the operation"))
    if role == "observer" and scope.kind not in _OPEN_TO_OBSERVERS:
        return Decision(False, _("observers see the operation itself, not its assignments, sites and log"))
    return Decision(True, _("participant of the operation"))


def _agreement(recipient: str, scope: Scope, known: Knowledge) -> Decision:
    parties = known.parties.get(scope.anchor, frozenset())
    if recipient in parties or known.countries.get(recipient, "-") in parties:
        return Decision(True, _("party to the agreement"))
    return Decision(False, _("the agency is not party to the agreement"))


def _victims(recipient: str, scope: Scope, known: Knowledge) -> Decision:
    if scope.kind == "referral":
        referral = known.referrals.get(scope.anchor)
        if referral is None:
            return Decision(False, _("the referral's sender and receiver are not known here"))
        if recipient == referral.sender or (recipient == referral.to and referral.was_sent):
            return Decision(True, _("sender or receiver of the referral"))
        if recipient == referral.to:
            return Decision(False, _("the referral is still a draft"))
        return Decision(False, _("the agency neither sends nor receives this referral"))
    for referral in known.of_victim.get(scope.anchor, ()):
        if not referral.opens_victim:
            continue
        if recipient == referral.sender:
            return Decision(True, _("refers this victim"))
        if recipient == referral.to and referral.status in _OPENS_VICTIM and referral.was_sent:
            return Decision(True, _("receives this victim's referral"))
    return Decision(False, _("no referral of this victim goes to the agency"))
