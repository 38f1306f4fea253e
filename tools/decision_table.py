"""The decision table of docs/sharing.md: situations, and what the rules say of them. Every row of it is a test.

The police of Cambodia (KH-CNP) decide. Their peers are a shelter (KH-NGO, a provider), a hospital (KH-HOSP) that
nothing is referred to, and the police of Thailand (TH-RTP). Operation `o` has the shelter as support, the Thai police
as partner, UNODC as observer. Victim `v`, of age, made by the police, is referred to the shelter (`r`) and across the
border to the Thai police (`x`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from taskforce.records.schema import ANY_PROVIDER
from taskforce.sharing.decide import Scope, decide
from taskforce.sharing.facts import (
    AgreementFacts,
    ConsentFacts,
    Handling,
    Introduction,
    Knowledge,
    ReferralFacts,
    VictimFacts,
)

OWN, SHELTER, HOSPITAL, ABROAD, OBSERVER, STRANGER = "KH-CNP", "KH-NGO", "KH-HOSP", "TH-RTP", "UNODC", "XX"

TODAY = "2023-10-17"


def consent(**changes: Any) -> ConsentFacts:
    """Consent C-1: the person agreed to services, case and care, by the shelter and the Thai police, until 15 Jan."""
    fields: dict[str, Any] = {
        "ref": "C-1",
        "purposes": frozenset(("services",)),
        "parts": frozenset(("case", "care")),
        "to": frozenset((SHELTER, ABROAD)),
        "given_by": "individual",
        "until": "2024-01-15",
    }
    return ConsentFacts(**{**fields, **changes})


def agreement(**changes: Any) -> AgreementFacts:
    """Agreement G-1 between Cambodia and Thailand, in force, covers case and care."""
    fields: dict[str, Any] = {
        "ref": "G-1",
        "parties": frozenset(("KH", "TH")),
        "covers": frozenset(("case", "care")),
        "purposes": frozenset(("services",)),
        "in_force": True,
        "since": "2020-01-01",
        "until": "",
    }
    return AgreementFacts(**{**fields, **changes})


def referral(**changes: Any) -> ReferralFacts:
    """Referral r, sent to the shelter."""
    fields: dict[str, Any] = {
        "victim": "v",
        "sender": OWN,
        "to": SHELTER,
        "status": "sent",
        "was_sent": True,
        "opens_victim": True,
    }
    return ReferralFacts(**{**fields, **changes})


def knowing(*, referrals: dict[str, ReferralFacts] | None = None, **changes: Any) -> Knowledge:
    """What the police know; `changes` put other facts in place of it."""
    referrals = {"r": referral(), "x": referral(to=ABROAD)} if referrals is None else referrals
    victims = sorted({each.victim for each in referrals.values()})
    fields: dict[str, Any] = {
        "own": OWN,
        "verified": frozenset((SHELTER, HOSPITAL, ABROAD, OBSERVER)),
        "roles": {"o": {OWN: "lead", SHELTER: "support", ABROAD: "partner", OBSERVER: "observer"}},
        "referrals": referrals,
        "of_victim": {
            victim: tuple(each for each in referrals.values() if each.victim == victim) for victim in victims
        },
        "parties": {"g": frozenset((OWN, SHELTER)), "t": frozenset(("KH", "TH"))},
        "countries": {OWN: "KH", SHELTER: "KH", HOSPITAL: "KH", ABROAD: "TH"},
        "today": TODAY,
        "victims": {"v": VictimFacts(OWN, "o")},
        "consents": {"v": (consent(),)},
        "agreements": (agreement(),),
        "handling": {"o": Handling("O-1", maker=OWN), "v": Handling("V-1", maker=OWN)},
        "providers": frozenset((SHELTER,)),
        "recalls": {"b": frozenset((OWN, SHELTER))},
    }
    return Knowledge(**{**fields, **changes})


@dataclass(frozen=True, slots=True)
class Row:
    """A situation, what is asked, and what the rules must say: yes or no, by which check."""

    situation: str
    to: str
    kind: str
    part: str
    anchor: str
    known: Knowledge
    allowed: bool
    check: str

    @property
    def scope(self) -> Scope:
        """What is decided on."""
        return Scope(self.kind, self.part, self.anchor)


def rows() -> Iterator[Row]:
    """Every row, by what it is about."""
    yield from _reach()
    yield from _handling()
    yield from _consents()
    yield from _borders()


def _reach() -> Iterator[Row]:
    known = knowing()
    yield Row("to the own agency", OWN, "victim", "identity", "v", known, True, "own")
    yield Row("to who is no verified peer", STRANGER, "agency", "directory", "", known, False, "verified")
    told = {ABROAD: (Introduction("KH-CNP", "o", "O-1"),)}
    only = knowing(verified=frozenset((SHELTER, HOSPITAL, OBSERVER)), introduced=told)
    for what, kind, part, anchor, allowed, check in (
        ("who is who, to who is only introduced", "agency", "directory", "", True, "reach"),
        ("the plan, to who is introduced for the operation", "log", "operational", "o", True, "reach"),
        ("the plan of another operation, to who is introduced", "log", "operational", "p", False, "verified"),
        ("a referral, to who is only introduced", "referral", "case", "x", False, "verified"),
        ("a victim, to who is only introduced", "victim", "care", "v", False, "verified"),
        ("an agreement, to who is only introduced", "agreement", "agreement", "t", False, "verified"),
    ):
        yield Row(what, ABROAD, kind, part, anchor, only, allowed, check)
    yield Row("who is who", HOSPITAL, "agency", "directory", "", known, True, "reach")
    yield Row("a part of a later version", SHELTER, "agency", "novel", "", known, False, "reach")
    yield Row("intelligence", ABROAD, "report", "intelligence", "o", known, False, "reach")
    for to, role, kind, allowed in (
        (ABROAD, "a partner", "assignment", True),
        (SHELTER, "a support", "log", True),
        (OBSERVER, "an observer", "operation", True),
        (OBSERVER, "an observer", "assignment", False),
        (HOSPITAL, "who does not take part", "operation", False),
    ):
        yield Row(
            f"the plan, to {role}",
            to,
            kind,
            "operational",
            "o",
            known,
            allowed,
            "reach",
        )
    yield Row(
        "the plan of an operation that is not known here",
        SHELTER,
        "log",
        "operational",
        "p",
        known,
        False,
        "reach",
    )
    yield Row("an agreement, to a party", SHELTER, "agreement", "agreement", "g", known, True, "reach")
    yield Row(
        "an agreement, to an agency of a country that is party",
        ABROAD,
        "agreement",
        "agreement",
        "t",
        known,
        True,
        "reach",
    )
    yield Row("an agreement, to others", HOSPITAL, "agreement", "agreement", "g", known, False, "reach")
    yield Row("a recall, to who is to obey it", SHELTER, "recall", "notice", "b", known, True, "reach")
    yield Row("a recall, to others", HOSPITAL, "recall", "notice", "b", known, False, "reach")
    yield Row("a referral, to its receiver", SHELTER, "referral", "case", "r", known, True, "consent")
    yield Row("a referral, to others", HOSPITAL, "referral", "case", "r", known, False, "reach")
    draft = knowing(referrals={"r": referral(status="draft", was_sent=False)})
    yield Row("a referral that is still a draft", SHELTER, "referral", "case", "r", draft, False, "reach")
    theirs = knowing(referrals={"r": referral(sender=SHELTER, to=OWN)}, consents={})
    yield Row(
        "the answer to a referral, to who sent it", SHELTER, "referral", "case", "r", theirs, True, "consent"
    )
    yield Row(
        "a victim, to the receiver of the referral", SHELTER, "victim", "care", "v", known, True, "consent"
    )
    yield Row("a victim, to others", HOSPITAL, "victim", "case", "v", known, False, "reach")
    for status, allowed in (("accepted", True), ("completed", True), ("declined", False), ("revoked", False)):
        one = knowing(referrals={"r": referral(status=status)})
        yield Row(
            f"a victim whose referral is {status}",
            SHELTER,
            "victim",
            "case",
            "v",
            one,
            allowed,
            "consent" if allowed else "reach",
        )
    foreign = knowing(referrals={"r": referral(sender=ABROAD, opens_victim=False)})
    yield Row(
        "a victim, by a referral whose sender had nothing to give",
        SHELTER,
        "victim",
        "case",
        "v",
        foreign,
        False,
        "reach",
    )


def _handling() -> Iterator[Row]:
    def marked(record: str, **marks: Any) -> Knowledge:
        before = knowing().handling
        return knowing(handling={**before, record: replace(before[record], **marks)})

    for tlp, to, allowed in (
        ("clear", ABROAD, True),
        ("green", ABROAD, True),
        ("amber", ABROAD, True),
        ("amber+strict", ABROAD, False),
        ("red", ABROAD, False),
        ("of a later version", ABROAD, False),
    ):
        yield Row(
            f"the plan of an operation marked TLP:{tlp.upper()}",
            to,
            "site",
            "operational",
            "o",
            marked("o", tlp=tlp),
            allowed,
            "reach" if allowed else "handling",
        )
    named = marked("o", tlp="red", named=frozenset((ABROAD,)))
    yield Row(
        "the same, TLP:RED, to a named recipient", ABROAD, "site", "operational", "o", named, True, "reach"
    )
    yield Row(
        "the same, TLP:RED, to another participant",
        SHELTER,
        "site",
        "operational",
        "o",
        named,
        False,
        "handling",
    )
    yield Row(
        "a victim marked TLP:AMBER, to a participant",
        SHELTER,
        "victim",
        "case",
        "v",
        marked("v", tlp="amber"),
        True,
        "consent",
    )
    outside = replace(marked("v", tlp="amber"), roles={"o": {OWN: "lead"}})
    yield Row(
        "a victim marked TLP:AMBER, to who does not take part",
        SHELTER,
        "victim",
        "case",
        "v",
        outside,
        False,
        "handling",
    )
    yield Row(
        "an unmarked victim of an operation marked TLP:RED",
        SHELTER,
        "victim",
        "case",
        "v",
        marked("o", tlp="red"),
        False,
        "handling",
    )
    yield Row(
        "a referral of a victim marked TLP:RED",
        SHELTER,
        "referral",
        "case",
        "r",
        marked("v", tlp="red"),
        False,
        "handling",
    )
    yield Row(
        "a victim marked H3, to who is not named",
        SHELTER,
        "victim",
        "case",
        "v",
        marked("v", codes=frozenset(("h3",))),
        False,
        "handling",
    )
    yield Row(
        "a victim marked H1",
        SHELTER,
        "victim",
        "case",
        "v",
        marked("v", codes=frozenset(("h1",))),
        True,
        "consent",
    )
    yield Row(
        "H2, by the originator",
        ABROAD,
        "site",
        "operational",
        "o",
        marked("o", codes=frozenset(("h2",))),
        True,
        "reach",
    )
    yield Row(
        "H2, passed on by another",
        ABROAD,
        "site",
        "operational",
        "o",
        marked("o", codes=frozenset(("h2",)), maker=SHELTER),
        False,
        "handling",
    )
    yield Row(
        "originator control, passed on by another",
        ABROAD,
        "site",
        "operational",
        "o",
        marked("o", originator_control=True, maker=SHELTER),
        False,
        "handling",
    )
    yield Row(
        "originator control, back to the originator",
        SHELTER,
        "site",
        "operational",
        "o",
        marked("o", originator_control=True, maker=SHELTER),
        True,
        "reach",
    )
    unknown = knowing(handling={"v": Handling("V-1", maker=OWN)})
    yield Row(
        "a victim of an operation that is not known here",
        SHELTER,
        "victim",
        "case",
        "v",
        unknown,
        False,
        "handling",
    )
    unmarked = knowing(handling={"o": Handling("O-1", maker=OWN)})
    yield Row(
        "a victim of whom only other parts are known here",
        SHELTER,
        "victim",
        "care",
        "v",
        unmarked,
        False,
        "handling",
    )


def _consents() -> Iterator[Row]:
    def after(*consents: ConsentFacts, **changes: Any) -> Knowledge:
        return knowing(consents={"v": consents}, **changes)

    def row(
        situation: str, known: Knowledge, allowed: bool, part: str = "case", check: str = "consent"
    ) -> Row:
        return Row(situation, SHELTER, "victim", part, "v", known, allowed, check)

    yield row("no consent", after(), False)
    yield row("a consent that covers it", knowing(), True)
    yield row("a consent to other parts", knowing(), False, "identity")
    yield row("a consent to other agencies", after(consent(to=frozenset((ABROAD,)))), False)
    yield row("a consent to any provider, to a provider", after(consent(to=frozenset((ANY_PROVIDER,)))), True)
    yield row(
        "a consent to any provider, to who provides nothing",
        after(consent(to=frozenset((ANY_PROVIDER,))), providers=frozenset()),
        False,
    )
    yield row("a consent to research only", after(consent(purposes=frozenset(("research",)))), False)
    yield row("a consent that was withdrawn", after(consent(withdrawn=True)), False)
    yield row("one withdrawn, another given since", after(consent(withdrawn=True), consent(ref="C-2")), True)
    yield row("a consent on its last day", after(consent(until=TODAY)), True)
    yield row("a consent that has ended", after(consent(until="2023-10-16")), False)
    yield row("a consent of nobody knows whom", after(consent(given_by="")), False)
    child = {"victims": {"v": VictimFacts(OWN, "o", is_child=True)}}
    yield row("a child, who consented alone", after(consent(), **child), False)
    yield row("a child, for whom the guardian consented", after(consent(given_by="guardian"), **child), True)
    overridden = consent(override="child-protection", given_by="", until="")
    yield row("a child, on the override child protection", after(overridden, **child), True, check="override")
    yield row("an adult, on the override child protection", after(overridden), False, check="override")
    vital = consent(override="vital-interests", given_by="", until="")
    yield row("an adult, on the override vital interests", after(vital), True, check="override")
    yield Row("a referral without consent", SHELTER, "referral", "case", "r", after(), False, "consent")
    keeper = knowing(
        victims={"v": VictimFacts(SHELTER, "o")},
        referrals={"r": referral(sender=SHELTER, to=OWN)},
        consents={},
    )
    yield row("what is known of a victim, to who made the record", keeper, True)


def _borders() -> Iterator[Row]:
    def row(
        situation: str, known: Knowledge, allowed: bool, part: str = "case", check: str = "border"
    ) -> Row:
        return Row(situation, ABROAD, "victim", part, "v", known, allowed, check)

    def by(*agreements: AgreementFacts, **changes: Any) -> Knowledge:
        return knowing(agreements=agreements, **changes)

    yield row("across a border, no agreement", by(), False)
    yield row("an agreement of the two countries", knowing(), True, check="consent")
    yield row(
        "an agreement of the two agencies",
        by(agreement(parties=frozenset((OWN, ABROAD)))),
        True,
        check="consent",
    )
    yield row("an agreement with another country", by(agreement(parties=frozenset(("KH", "LA")))), False)
    yield row("an agreement that covers other parts", by(agreement(covers=frozenset(("care",)))), False)
    yield row("an agreement for other purposes", by(agreement(purposes=frozenset(("research",)))), False)
    yield row("an agreement for any purpose", by(agreement(purposes=frozenset())), True, check="consent")
    yield row("an agreement that is signed, suspended or ended", by(agreement(in_force=False)), False)
    yield row("an agreement in force from tomorrow", by(agreement(since="2023-10-18")), False)
    yield row("an agreement on its last day", by(agreement(until=TODAY)), True, check="consent")
    yield row("an agreement until yesterday", by(agreement(until="2023-10-16")), False)
    nowhere = knowing(agreements=(), countries={OWN: "KH"})
    yield row("an agency whose country is not known", nowhere, False)


def table() -> str:
    """The table as Markdown."""
    lines = ["| situation | kind, part | to | goes? | because |", "|---|---|---|---|---|"]
    for row in rows():
        decision = decide(row.to, row.scope, row.known)
        answer = "yes" if decision.allowed else "no"
        lines.append(f"| {row.situation} | {row.kind}, {row.part} | {row.to} | {answer} | {decision.words} |")
    return "\n".join(lines) + "\n"
