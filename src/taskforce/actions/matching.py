"""Which providers fit a person's needs, and why the others do not; what is not known never rules anybody out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from taskforce import moments
from taskforce.actions.session import Session
from taskforce.i18n import _, ngettext
from taskforce.labels import code_label, country, language
from taskforce.records.codes import ACCEPTS, SERVICES
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.store.queries import Condition, Record
from taskforce.store.tables import is_integer

_CHILDREN = ("0-8", "9-17")
_GROUPS = {
    "feminine": ("women", "girls"),
    "transgender-feminine": ("women", "girls"),
    "masculine": ("men", "boys"),
    "transgender-masculine": ("men", "boys"),
}
"""What a provider may say that it accepts, by gender: as an adult, as a child. Other genders may be either."""

_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Match:
    """A provider: whether it fits, in sentences why not, and what to know about it (places, what is unknown)."""

    agency: Record
    fits: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    abroad: bool = False

    @property
    def places_free(self) -> int | None:
        """The places that are free, where the provider has said so."""
        places = _places(self.agency)
        return None if places == _UNKNOWN else places


def match(
    session: Session,
    *,
    services: Sequence[str] = (),
    languages: Sequence[str] = (),
    gender: str = "",
    age_band: str = "",
    age_unsure: str = "",
    accompanied: bool = False,
) -> list[Match]:
    """Every provider in view: those that fit first, the others by how little speaks against them.

    Of those alike, the ones in this store's own country come first, then those with more free places: nobody is sent
    across a border because a house there has more beds.

    What is wanted is given as codes (`shelter`, `km`, `feminine`, `9-17`), and `age_unsure` as `yes`: whoever may be a
    child is treated as one. A provider that takes families takes whoever is `accompanied`.
    """
    groups = groups_of(gender=gender, age_band=age_band, age_unsure=age_unsure)
    own = queries.get_record(session.store.connection, get_kind("agency"), session.own_agency)
    home = own.text("country") if own else ""
    found = []
    for agency in queries.list_records(session.store.connection, get_kind("agency"), sort=[("code", False)]):
        if not is_provider(agency):
            continue
        told = (
            _status(agency),
            _services(agency, services),
            _languages(agency, languages),
            _people(agency, groups, accompanied=accompanied),
            _free(agency),
            _abroad(agency, home),
        )
        reasons = tuple(reason for reason, _note in told if reason)
        notes = tuple(note for _reason, note in told if note)
        found.append(Match(agency, not reasons, reasons, notes, abroad=bool(told[-1][1])))
    return sorted(found, key=lambda each: (len(each.reasons), each.abroad, -_places(each.agency)))


def match_victim(session: Session, victim: Record, services: Sequence[str] = ()) -> list[Match]:
    """Every provider for what is known of a victim; `services` in place of the needs that were noted."""
    return match(
        session,
        services=services or victim.items("needs"),
        languages=victim.items("languages"),
        gender=victim.text("gender"),
        age_band=victim.text("age_band"),
        age_unsure=victim.text("age_unsure"),
        accompanied=_is_accompanied(session, victim),
    )


def match_referral(session: Session, referral: Record, services: Sequence[str] = ()) -> list[Match]:
    """Every provider for a referral's victim and services; for the services alone where the victim is not here."""
    wanted = services or referral.items("services")
    victim = queries.get_record(session.store.connection, get_kind("victim"), referral.text("victim"))
    return match(session, services=wanted) if victim is None else match_victim(session, victim, wanted)


def fitting(found: Sequence[Match]) -> str:
    """How many providers fit, as a sentence."""
    count = sum(each.fits for each in found)
    return ngettext("%(count)d provider fits", "%(count)d providers fit", count) % {"count": count}


def groups_of(*, gender: str = "", age_band: str = "", age_unsure: str = "") -> tuple[str, ...]:
    """The groups of `ACCEPTS` that a person may belong to: one, or several while gender or age are not known."""
    pairs = [_GROUPS[gender]] if gender in _GROUPS else [_GROUPS["feminine"], _GROUPS["masculine"]]
    if age_unsure == "yes" or age_band in _CHILDREN:
        return tuple(child for _adult, child in pairs)
    if age_band:
        return tuple(adult for adult, _child in pairs)
    return tuple(group for pair in pairs for group in pair)


def is_provider(agency: Record) -> bool:
    """Whether anything is said of an agency that only providers have, or that it is one."""
    told = ("services", "accepts", "places_total", "places_free", "provider_status")
    return agency.text("agency_kind") == "victim-service-provider" or any(map(agency.values.get, told))


def _is_accompanied(session: Session, victim: Record) -> bool:
    """Whether a victim is with somebody, or somebody with the victim: it is often noted of one of them only."""
    kind = get_kind("victim")
    beside = [Condition("accompanied_by", "has", victim.id)]
    return bool(victim.items("accompanied_by")) or bool(
        queries.count_records(session.store.connection, kind, beside)
    )


# Each of these says a reason why a provider does not fit, and something to know about it; either may be empty.


def _status(agency: Record) -> tuple[str, str]:
    if agency.text("provider_status") == "temporarily-closed":
        return _("temporarily closed"), ""
    return (_("not active") if agency.text("provider_status") == "inactive" else ""), ""


def _services(agency: Record, wanted: Sequence[str]) -> tuple[str, str]:
    offered = agency.items("services")
    if not offered:
        return "", _("services unknown")
    missing = [service for service in wanted if service not in offered]
    if missing:
        labels = ", ".join(code_label(SERVICES, service).lower() for service in missing)
        return _("does not offer %(services)s") % {"services": labels}, ""
    return "", ""


def _languages(agency: Record, wanted: Sequence[str]) -> tuple[str, str]:
    spoken = agency.items("languages")
    if not wanted:
        return "", ""
    if not spoken:
        return "", _("languages unknown")
    if not set(spoken) & set(wanted):
        return _("speaks none of: %(languages)s") % {"languages": ", ".join(map(language, wanted))}, ""
    return "", ""


def _people(agency: Record, groups: Sequence[str], *, accompanied: bool) -> tuple[str, str]:
    accepted = agency.items("accepts")
    if not accepted:
        return "", _("whom it takes is unknown")
    if "any" in accepted or (accompanied and "families" in accepted):
        return "", ""
    refused = [group for group in groups if group not in accepted]
    text = {"people": ", ".join(code_label(ACCEPTS, group).lower() for group in refused)}
    if len(refused) < len(groups):  # who is meant is not known well enough to say that it does not fit
        return "", _("takes no %(people)s") % text if refused else ""
    if "families" in accepted:
        return _("takes %(people)s only with their family") % text, ""
    return _("takes no %(people)s") % text, ""


def _free(agency: Record) -> tuple[str, str]:
    places = _places(agency)
    if places == _UNKNOWN:
        return "", _("places unknown")
    told = ngettext("%(count)d place free", "%(count)d places free", places) % {"count": places}
    if places == 0:
        told = _("no places free")
    if agency.text("places_as_of"):
        when = moments.show_time(agency.text("places_as_of"))
        told = _("%(places)s, as of %(when)s") % {"places": told, "when": when}
    return ("", told) if places else (told, "")


def _abroad(agency: Record, home: str) -> tuple[str, str]:
    where = agency.text("country")
    if not home or not where or where == home:
        return "", ""
    return "", _("abroad: %(country)s") % {"country": country(where)}


def _places(agency: Record) -> int:
    text = agency.text("places_free")
    return max(int(text), 0) if text and is_integer(text) else _UNKNOWN
