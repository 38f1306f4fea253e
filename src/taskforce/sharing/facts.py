"""What a sharing decision rests on, as plain values: who takes part, who refers whom, what was consented to and agreed.

Records are named by their ids, agencies by the ids of their records (which derive from their codes). What is not known
here is not allowed: a relay with stale knowledge withholds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from taskforce.records.schema import DIRECTORY, OPERATIONAL

SPEAK_FOR_A_CHILD = ("caregiver", "guardian")
"""Who consents for a child."""

_CHILDREN = ("0-8", "9-17")

SERVICES = "services"
"""The purpose of a referral, and so of all that flows because of one."""

CLEAR, GREEN, AMBER, STRICT, RED = "clear", "green", "amber", "amber+strict", "red"
LEVELS = ("", CLEAR, GREEN, AMBER, STRICT, RED)
"""The Traffic Light Protocol, version 2.0 (FIRST), from the least to the most restrictive; unmarked first."""

H2, H3 = "h2", "h3"
"""Europol's handling codes that restrict whom a thing may go to: not without the originator's permission; other."""


OPEN_TO_INTRODUCED = (DIRECTORY, OPERATIONAL)
"""The parts that an agency may send and get that was only introduced; for all others people compare words first."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """By whose roster (a code) an agency is known, and of which operation: its record's id, and what it is called."""

    by: str
    operation: str
    ref: str


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
class ConsentFacts:
    """What a person, or who speaks for a child, has agreed to; or an override in place of that.

    `to` holds agencies and perhaps ANY_PROVIDER; `until` is a date (ISO 8601), empty for no end. `override` is empty
    for a consent; an override without reason or approver never gets here.
    """

    ref: str
    purposes: frozenset[str]
    parts: frozenset[str]
    to: frozenset[str]
    given_by: str
    until: str = ""
    withdrawn: bool = False
    override: str = ""


@dataclass(frozen=True, slots=True)
class AgreementFacts:
    """What an agreement says: its `parties` are agencies and countries; dates are ISO 8601, empty where not set.

    No purposes means any.
    """

    ref: str
    parties: frozenset[str]
    covers: frozenset[str]
    purposes: frozenset[str]
    in_force: bool
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class VictimFacts:
    """What bears on who may know of a victim: who made the record, of which operation it is, whether a child is meant.

    A child is who is under eighteen, or may be.
    """

    maker: str = ""
    operation: str = ""
    is_child: bool = False


@dataclass(frozen=True, slots=True)
class Handling:
    """How a record is marked. `named` are the agencies that it may go to by name; `maker` is its originator."""

    ref: str
    tlp: str = ""
    codes: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    maker: str = ""
    originator_control: bool = False

    @property
    def is_set(self) -> bool:
        """Whether it is marked at all."""
        return bool(self.tlp or self.codes or self.originator_control)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the store knows, as far as it bears on who may see what.

    `own` is the deciding agency's record id; `verified` the record ids of agencies whose words people compared;
    `introduced` maps others to how they are known; `roles` maps an operation to its participants' roles; `referrals`
    referrals by id, `of_victim` a victim's; `parties` an agreement to the agencies' record ids and the countries it
    binds; `countries` an agency to its country; `today` is the date (ISO 8601); `consents` maps a victim to what was
    consented to; `handling` every victim and operation of which that is known to how it is marked; `providers` are the
    agencies that provide services to victims; `recalls` maps a recall to who made it and whom it is made to.
    """

    own: str
    verified: frozenset[str]
    roles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    referrals: Mapping[str, ReferralFacts] = field(default_factory=dict)
    of_victim: Mapping[str, tuple[ReferralFacts, ...]] = field(default_factory=dict)
    parties: Mapping[str, frozenset[str]] = field(default_factory=dict)
    countries: Mapping[str, str] = field(default_factory=dict)
    today: str = ""
    victims: Mapping[str, VictimFacts] = field(default_factory=dict)
    consents: Mapping[str, tuple[ConsentFacts, ...]] = field(default_factory=dict)
    agreements: tuple[AgreementFacts, ...] = ()
    handling: Mapping[str, Handling] = field(default_factory=dict)
    providers: frozenset[str] = frozenset()
    recalls: Mapping[str, frozenset[str]] = field(default_factory=dict)
    introduced: Mapping[str, tuple[Introduction, ...]] = field(default_factory=dict)


def is_child(age_band: object, age_unsure: object) -> bool:
    """Whether somebody is under eighteen, or may be: the child rule holds for both."""
    return age_band in _CHILDREN or age_unsure == "yes"
