"""What keeps a referral from reaching a provider, said before it is sent: no consent, no agreement, a handling mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from taskforce.actions.knowing import gather
from taskforce.actions.matching import Match
from taskforce.actions.session import Session
from taskforce.i18n import _
from taskforce.records.schema import CARE, CASE
from taskforce.sharing.basis import check_border, check_consent
from taskforce.sharing.checks import Check
from taskforce.sharing.facts import (
    SERVICES,
    ConsentFacts,
    Handling,
    Knowledge,
    VictimFacts,
    is_child,
)
from taskforce.sharing.handling import check_handling
from taskforce.store.queries import Record

NEEDED = (CASE, CARE)
"""The parts of a victim that a referral is of no use without."""

_NEW = "new"  # in place of the id of a victim who is not noted yet


@dataclass(frozen=True, slots=True)
class Lack:
    """The part that would not go to the agency with this code, and the check that keeps it back."""

    agency: str
    part: str
    check: Check

    @property
    def is_consent(self) -> bool:
        """Whether a consent would help."""
        return self.check.name in ("consent", "override")

    @property
    def sentence(self) -> str:
        """What stays here, and why."""
        why = f"{self.check.reason} ({self.check.basis})" if self.check.basis else self.check.reason
        text = (
            _("nothing of it goes to %(agency)s yet: %(why)s")
            if self.part == CASE
            else _("the needs do not go to %(agency)s yet: %(why)s")
        )
        return text % {"agency": self.agency, "why": why}


def lack_of(
    session: Session,
    agency: Record,
    *,
    victim: Record | None,
    met: Mapping[str, object] | None = None,
    given_by: str = "",
    known: Knowledge | None = None,
) -> Lack | None:
    """What would keep a referral of a victim from an agency; None where nothing of that kind does.

    Without a `victim`, `met` says who a new one is. `given_by` is who gives a consent to this very referral, if
    anybody does. Whether the agency is a verified peer is another question.
    """
    known = known or gather(session)
    ident = victim.id if victim is not None else _NEW
    if victim is None:
        about = met or {}
        facts = VictimFacts(
            session.own_agency,
            str(about.get("operation") or session.current_operation),
            is_child(about.get("age_band"), about.get("age_unsure")),
        )
        known = replace(
            known,
            victims={**known.victims, ident: facts},
            handling={**known.handling, ident: Handling("", maker=session.own_agency)},
        )
    if given_by:
        given = ConsentFacts("", frozenset((SERVICES,)), frozenset(NEEDED), frozenset((agency.id,)), given_by)
        known = replace(known, consents={**known.consents, ident: (*known.consents.get(ident, ()), given)})
    for part in NEEDED:
        for checks in (check_handling, check_consent, check_border):
            for check in checks(agency.id, "victim", part, ident, known):
                if not check.passed:
                    return Lack(agency.text("code"), part, check)
    return None


def consent_command(victim: Record, agency: str) -> str:
    """The command that notes a consent to such a referral."""
    speaker = "caregiver" if is_child(victim.text("age_band"), victim.text("age_unsure")) else "individual"
    parts = ",".join(NEEDED)
    return (
        f"taskforce consent add {victim.ref} --purpose {SERVICES} --parts {parts} --to {agency} "
        f"--given-by {speaker}"
    )


def notes_of(session: Session, victim: Record | None, agency: Record | None) -> list[str]:
    """What is to be said of a referral that lacks something, and what helps; nothing if it lacks nothing."""
    if victim is None or agency is None:
        return []
    lack = lack_of(session, agency, victim=victim)
    if lack is None:
        return []
    help_ = _("note a consent with: %(command)s") % {"command": consent_command(victim, lack.agency)}
    if lack.check.name == "border":
        help_ = _("an agreement in force that names both sides opens it; see: taskforce agreement list")
    return [lack.sentence, help_] if lack.is_consent or lack.check.name == "border" else [lack.sentence]


def with_lacks(session: Session, victim: Record, found: Sequence[Match]) -> tuple[list[Match], list[str]]:
    """The providers, each with what would keep a referral of this victim from it; and what is to be said of all."""
    known = gather(session)
    lacks = {each.agency.id: lack_of(session, each.agency, victim=victim, known=known) for each in found}
    if not known.consents.get(victim.id) and any(
        lack is not None and lack.is_consent for lack in lacks.values()
    ):
        text = _("no consent of %(victim)s is recorded: nothing goes to any of them before")
        command = consent_command(victim, found[0].agency.text("code"))
        told = [text % {"victim": victim.ref}, _("note a consent with: %(command)s") % {"command": command}]
        return list(found), told
    return [
        replace(each, notes=(*each.notes, lack.sentence)) if (lack := lacks[each.agency.id]) else each
        for each in found
    ], []
