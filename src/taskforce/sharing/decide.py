"""The one function that decides whether a part of a record goes to an agency, and says why. The default is no.

A decision is a row of checks (design, section 6): each that applies must say yes, and the first that says no is the
reason. `explain` gives the whole row, `decide` its end: both run the same checks, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from taskforce.i18n import _
from taskforce.records.schema import AGREEMENT, CARE, CASE, DIRECTORY, IDENTITY, NOTICE, OPERATIONAL
from taskforce.sharing.basis import check_border, check_consent
from taskforce.sharing.checks import Check, no, yes
from taskforce.sharing.facts import OPEN_TO_INTRODUCED, Knowledge, ReferralFacts
from taskforce.sharing.handling import check_handling

_VICTIMS = (CASE, CARE, IDENTITY)

_OPEN_TO_OBSERVERS = ("operation", "participation")

_OPENS_VICTIM = ("sent", "received", "accepted", "in-progress", "completed")
"""States in which a referral lets its receiver have the victim's parts; declined, cancelled and revoked end that."""


class Decidable(Protocol):
    """What can be decided on: anything that says its kind, part and anchor, as a `Scope` does."""

    @property
    def kind(self) -> str:
        """The kind of its records."""

    @property
    def part(self) -> str:
        """The part of these."""

    @property
    def anchor(self) -> str:
        """The id of the record that anchors its audience, or several."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is decided on at once: a kind and part, and the id of the record that anchors the audience.

    The anchor is empty where there is none; it holds several ids, apart by spaces, where it is contested.
    """

    kind: str
    part: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no, the rule that said so in one phrase, and the ref of the consent, agreement or record it rests on.

    `across` is the check of the border, where a yes rests on an agreement besides.
    """

    allowed: bool
    reason: str
    basis: str = ""
    across: Check | None = None

    @property
    def words(self) -> str:
        """The reason, and the ref of what it rests on where there is one; across a border the agreement, too."""
        told = f"{self.reason} ({self.basis})" if self.basis else self.reason
        return told if self.across is None else f"{told}, {self.across.reason} ({self.across.basis})"


def decide(recipient: str, scope: Decidable, known: Knowledge) -> Decision:
    """Whether the edits of `scope` may go to the agency whose record id is `recipient`.

    Where the anchor is contested, the answer must be yes under each of them. A yes rests on the consent or override
    where the part needs one, across a border on the agreement besides, otherwise on the reach.
    """
    passed: Check | None = None
    across: Check | None = None
    for check in _checks_under_all(recipient, scope, known):
        if not check.passed:
            return Decision(False, check.reason, check.basis)
        if passed is None or check.weight >= passed.weight:
            passed = check
        if check.basis and check.name == "border":
            across = check
    assert passed is not None, "there is always a check"
    return Decision(True, passed.reason, passed.basis, across)


def decide_all(recipient: str, scopes: Iterable[Decidable], known: Knowledge) -> Iterator[Decision]:
    """What `decide` says of each of `scopes`, in their order; for many, in a fraction of the time.

    Most victims and referrals of a store do not concern an agency. That none of their referrals names it decides on
    these, whichever they are, so it is decided once.
    """
    concern = _what_names(recipient, known)
    of_others: dict[tuple[bool, str, bool], Decision] = {}
    for scope in scopes:
        anchor = scope.anchor
        if scope.part not in _VICTIMS or anchor in concern or " " in anchor:
            yield decide(recipient, scope, known)
            continue
        key = (scope.kind == "referral", scope.part, anchor in known.referrals)
        decision = of_others.get(key)
        if decision is None:
            decision = of_others[key] = decide(recipient, scope, known)
        yield decision


def _what_names(recipient: str, known: Knowledge) -> set[str]:
    """The referrals that an agency sends or receives, and the victims of whom there is one."""
    found = {ident for ident, one in known.referrals.items() if recipient in (one.to, one.sender)}
    for victim, several in known.of_victim.items():
        for one in several:
            if recipient in (one.to, one.sender):
                found.add(victim)
                break
    return found


def explain(recipient: str, scope: Decidable, known: Knowledge) -> tuple[Check, ...]:
    """Every check that was made, up to the first that failed."""
    return tuple(_checks_under_all(recipient, scope, known))


def _checks_under_all(recipient: str, scope: Decidable, known: Knowledge) -> Iterator[Check]:
    for anchor in scope.anchor.split(" "):
        for check in _checks(recipient, Scope(scope.kind, scope.part, anchor), known):
            yield check
            if not check.passed:
                return


def _checks(recipient: str, scope: Scope, known: Knowledge) -> Iterator[Check]:
    """The checks that apply, in the order in which they are made; what follows a failed one is of no account."""
    if recipient == known.own:
        yield yes("own", _("your own agency"))
        return
    yield _level(recipient, scope, known)
    yield _reach(recipient, scope, known)
    yield from check_handling(recipient, scope.kind, scope.part, scope.anchor, known)
    if scope.part in _VICTIMS:
        yield from check_consent(recipient, scope.kind, scope.part, scope.anchor, known)
        yield from check_border(recipient, scope.kind, scope.part, scope.anchor, known)


def _level(recipient: str, scope: Scope, known: Knowledge) -> Check:
    """How far the agency is known: people compared its words; or a lead introduced it, which is enough for some parts.

    A lead introduces to its own operation: what it says opens nothing of another.
    """
    if recipient in known.verified:
        return yes("verified", _("the agency is a verified peer"))
    every = known.introduced.get(recipient, ())
    if not every:
        return no("verified", _("the agency is not a verified peer"))
    here = every[0]
    if scope.part == OPERATIONAL:
        here = next((one for one in every if one.operation == scope.anchor), here)
    by = {"agency": here.by}
    if scope.part not in OPEN_TO_INTRODUCED:
        reason = _("only introduced, by %(agency)s: compare words first (taskforce peer add)")
        return no("verified", reason % by, here.ref)
    if scope.part == OPERATIONAL and here.operation != scope.anchor:
        reason = _("introduced by %(agency)s for another operation: compare words first (taskforce peer add)")
        return no("verified", reason % by, here.ref)
    return yes("verified", _("introduced by %(agency)s") % by, here.ref)


def _reach(recipient: str, scope: Scope, known: Knowledge) -> Check:
    if scope.part == DIRECTORY:
        return yes("reach", _("directory: every peer"))
    if scope.part == OPERATIONAL:
        return _operational(recipient, scope, known)
    if scope.part == AGREEMENT:
        return _agreement(recipient, scope, known)
    if scope.part in _VICTIMS:
        return _victims(recipient, scope, known)
    if scope.part == NOTICE and recipient in known.recalls.get(scope.anchor, frozenset()):
        return yes("reach", _("made or is to obey the recall"))
    if scope.part == NOTICE:
        return no("reach", _("the recall is neither from nor to the agency"))
    return no("reach", _("no rule allows this part"))


def _operational(recipient: str, scope: Scope, known: Knowledge) -> Check:
    role = known.roles.get(scope.anchor, {}).get(recipient)
    if role is None:
        return no("reach", _("the agency does not take part in the operation"))
    if role == "observer" and scope.kind not in _OPEN_TO_OBSERVERS:
        return no("reach", _("observers see the operation itself, not its assignments, sites and log"))
    return yes("reach", _("participant of the operation"))


def _agreement(recipient: str, scope: Scope, known: Knowledge) -> Check:
    parties = known.parties.get(scope.anchor, frozenset())
    if recipient in parties or known.countries.get(recipient, "-") in parties:
        return yes("reach", _("party to the agreement"))
    return no("reach", _("the agency is not party to the agreement"))


def _victims(recipient: str, scope: Scope, known: Knowledge) -> Check:
    if scope.kind == "referral":
        referral = known.referrals.get(scope.anchor)
        if referral is None:
            return no("reach", _("the referral's sender and receiver are not known here"))
        if recipient == referral.sender or (recipient == referral.to and referral.was_sent):
            return yes("reach", _("sender or receiver of the referral"))
        if recipient == referral.to:
            return no("reach", _("the referral is still a draft"))
        return no("reach", _("the agency neither sends nor receives this referral"))
    if _refers(recipient, known.of_victim.get(scope.anchor, ())):
        return yes("reach", _("refers this victim"))
    for referral in known.of_victim.get(scope.anchor, ()):
        is_receiver = referral.opens_victim and recipient == referral.to and referral.was_sent
        if is_receiver and referral.status in _OPENS_VICTIM:
            return yes("reach", _("receives this victim's referral"))
    return no("reach", _("no referral of this victim goes to the agency"))


def _refers(recipient: str, referrals: tuple[ReferralFacts, ...]) -> bool:
    return any(each.opens_victim and recipient == each.sender for each in referrals)
