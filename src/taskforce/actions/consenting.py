"""What a consent, or an override in place of one, must say; who was told before one was withdrawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from taskforce.actions.session import Session
from taskforce.errors import Refused, UsageError
from taskforce.i18n import _
from taskforce.records import codes
from taskforce.records.registry import get_kind
from taskforce.records.schema import CARE, CASE, IDENTITY
from taskforce.sharing.facts import SPEAK_FOR_A_CHILD, is_child
from taskforce.store import queries
from taskforce.store.queries import Record

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.sync.edit import Value

_OF_AN_OVERRIDE = {"reason": "--reason", "approved_by": "--approved-by"}


def require_sound(session: Session, values: Mapping[str, Value]) -> None:
    """UsageError where a consent, or an override, lacks what it needs; Refused where a child speaks alone.

    An override is given by nobody: it says why, and who approved it. For a child, and for who may be one, a caregiver
    or guardian consents.
    """
    if override := str(values.get("override") or ""):
        for name, option in _OF_AN_OVERRIDE.items():
            if not str(values.get(name) or "").strip():
                raise UsageError(
                    _("an override needs %(option)s") % {"option": option},
                    hint=_('as: --override %(override)s --reason "…" --approved-by "…"')
                    % {"override": override},
                )
        return
    for name, option in _OF_AN_OVERRIDE.items():
        if values.get(name):
            raise UsageError(
                _("%(option)s belongs to an override, and this is a consent") % {"option": option},
                hint=_(
                    "say which override: --override child-protection, vital-interests or legal-obligation"
                ),
            )
    given_by = str(values.get("given_by") or "")
    if not given_by:
        raise UsageError(
            _("a consent needs to say who gave it"),
            hint=_(
                "give it with --given-by individual, caregiver or guardian; without consent there is --override"
            ),
        )
    victim = queries.get_record(session.store.connection, get_kind("victim"), str(values.get("victim") or ""))
    if victim is not None:
        require_speaker(given_by, victim.ref, victim.values)


def require_speaker(given_by: str, label: str, victim: Mapping[str, object]) -> None:
    """Refused where a child, or who may be one, would consent alone; `victim` holds the fields of the victim."""
    if is_child(victim.get("age_band"), victim.get("age_unsure")) and given_by not in SPEAK_FOR_A_CHILD:
        raise Refused(
            _("%(victim)s is a child, or may be one: a caregiver or guardian consents") % {"victim": label},
            hint=_("give it with --given-by caregiver or guardian; without consent there is --override"),
            code="child",
        )


def not_explained(consent: Record) -> list[str]:
    """What of the checklist is not noted as explained; nothing of an override, which asks nobody."""
    if consent.text("override"):
        return []
    wanted = [
        code for code in codes.EXPLAINED if code != "research-use" or "research" in consent.items("purpose")
    ]
    return [code for code in wanted if code not in consent.items("explained")]


def already_told(session: Session, consents: Sequence[Record]) -> dict[str, str]:
    """The agencies that have been sent a part of these consents' victims, and when last, by their codes."""
    from taskforce.actions.disclosing import told  # deferred: to add a consent needs nothing of it

    found: dict[str, str] = {}
    for victim in {consent.text("victim") for consent in consents}:
        for one in told(session, victim).found:
            if one.part in (CASE, CARE, IDENTITY):
                found[one.agency] = max(one.at, found.get(one.agency, ""))
    return dict(sorted(found.items()))
