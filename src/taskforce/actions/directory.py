"""The directory as an operation needs it: who takes part, whom to call now, what may be passed on, when last heard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from taskforce import moments
from taskforce.actions.agreements import NEAR_DAYS
from taskforce.actions.session import Session
from taskforce.actions.using import current_operation
from taskforce.records.codes import ROLES
from taskforce.records.registry import get_kind
from taskforce.store import exchange, known_devices, queries
from taskforce.store.queries import Condition, Record
from taskforce.store.revoked import revoked_devices

PLACES_HOLD = timedelta(hours=24)
"""How long a figure of free places is worth planning with."""

_LIAISON = "liaison-officer"


@dataclass(frozen=True, slots=True)
class Standing:
    """An agreement in force that binds an agency: whether it binds us, too, and how its review stands.

    `review` is `late` where the day is past, `due` where it is near, else the empty string.
    """

    agreement: Record
    binds_us: bool
    review: str


@dataclass(frozen=True, slots=True)
class Verified:
    """That an agency is a verified peer: since when, by whom and how, and when a bundle of theirs last came."""

    at: str
    by: str
    how: str
    last_heard: str


@dataclass(frozen=True, slots=True)
class DeviceOf:
    """A device of an agency: what people here call it, and when and why it was revoked, empty where it is in use."""

    device: str
    label: str
    revoked_at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An agency with what an operation needs of it.

    `role` is its role in the current operation, empty where it takes no part. `liaisons` are the officer named for
    this operation or else all who are liaison officers; `on_duty` those on duty now, who leaves last first;
    `next_on_duty` who comes next, where nobody is now. `places_old` says that the figure of free places has no time
    or an old one.
    """

    agency: Record
    is_own: bool
    role: str
    participation: Record | None
    legal_basis: Record | None
    basis_holds: bool
    liaisons: tuple[Record, ...]
    on_duty: tuple[Record, ...]
    next_on_duty: Record | None
    places_old: bool
    agreements: tuple[Standing, ...]
    verified: Verified | None
    devices: tuple[DeviceOf, ...] = ()


def entries(session: Session, agencies: Sequence[Record]) -> list[Entry]:
    """The entries of some agencies, in their order."""
    now, ids = session.now, [agency.id for agency in agencies]
    roles, joined = participants(session), _participations(session)
    contacts = _contacts(session, ids, joined)
    in_force = _in_force(session, now)
    bases = _bases(session, joined, ids)
    verified, devices = _verified(session), _devices(session)
    own = queries.get_record(session.store.connection, get_kind("agency"), session.own_agency)
    us = _names_in_agreements(session.store.me.agency, own)
    result = []
    for agency in agencies:
        joining = joined.get(agency.id)
        theirs = contacts.get(agency.id, [])
        own_people = [each for each in theirs if each.text("agency") == agency.id]
        on_duty = [each for each in own_people if _is_on_duty(each, now)]
        basis = bases.get(joining.text("legal_basis")) if joining else None
        names = _names_in_agreements(agency.text("code"), agency)
        result.append(
            Entry(
                agency,
                agency.id == session.own_agency,
                roles.get(agency.id, ""),
                joining,
                basis,
                basis is not None and is_in_force(basis, now),
                tuple(_liaisons(theirs, joining)),
                tuple(sorted(on_duty, key=lambda each: each.text("on_duty_until"), reverse=True)),
                None if on_duty else _next(own_people, now),
                places_are_old(agency, now),
                tuple(
                    Standing(one, bool(us & set(one.items("parties"))), _review(one, now))
                    for one in in_force
                    if names & set(one.items("parties"))
                ),
                verified.get(agency.text("code")),
                tuple(devices.get(agency.text("code"), ())),
            )
        )
    return result


def participants(session: Session) -> dict[str, str]:
    """The agencies of the current operation by id, with their roles there, the lead first; none if none was chosen."""
    operation = current_operation(session)
    if operation is None:
        return {}
    roles = {agency: each.text("role") for agency, each in _participations(session).items()}
    if lead := operation.text("lead"):
        roles[lead] = "lead"
    ranks = list(ROLES)
    return dict(
        sorted(roles.items(), key=lambda pair: ranks.index(pair[1]) if pair[1] in ranks else len(ranks))
    )


def is_in_force(agreement: Record, now: datetime) -> bool:
    """Whether an agreement holds today: it was put into force, and its days have begun and are not over."""
    today = _today(now)
    begins, ends = agreement.text("in_force_from"), agreement.text("until")
    return agreement.text("status") == "in-force" and begins <= today and (not ends or today <= ends)


def places_are_old(agency: Record, now: datetime) -> bool:
    """Whether the figure of free places bears no time or one too long ago to plan with."""
    try:
        return now - moments.read_time(agency.text("places_as_of")) > PLACES_HOLD
    except ValueError:
        return True


def _today(now: datetime) -> str:
    return now.astimezone().date().isoformat()


def _participations(session: Session) -> dict[str, Record]:
    """Who takes part in the current operation, by the agency's id."""
    if not session.current_operation:
        return {}
    conditions = [Condition("operation", "=", session.current_operation)]
    found = queries.list_records(session.store.connection, get_kind("participation"), conditions)
    return {record.text("agency"): record for record in found}


def _contacts(session: Session, ids: list[str], joined: dict[str, Record]) -> dict[str, list[Record]]:
    """The contacts of the agencies by agency, and whoever is named as an agency's liaison, even if of another one."""
    connection, kind = session.store.connection, get_kind("contact")
    result: dict[str, list[Record]] = {}
    for record in queries.list_records(
        connection, kind, [Condition("agency", "in", ids)], sort=[("name", False)]
    ):
        result.setdefault(record.text("agency"), []).append(record)
    for agency in ids:
        named = joined[agency].text("liaison") if agency in joined else ""
        if named and all(each.id != named for each in result.get(agency, [])):
            record_named = queries.get_record(connection, kind, named)
            if record_named is not None:
                result.setdefault(agency, []).append(record_named)
    return result


def _liaisons(contacts: list[Record], joining: Record | None) -> list[Record]:
    named = joining.text("liaison") if joining else ""
    return [each for each in contacts if each.id == named] or [
        each for each in contacts if each.text("role") == _LIAISON
    ]


def _is_on_duty(contact: Record, now: datetime) -> bool:
    """As `contact list --on-duty` has it. Kept times are UTC, so that midnights and zones play no part."""
    at = moments.time_text(now)
    begins, ends = contact.text("on_duty_from"), contact.text("on_duty_until")
    return bool(begins) and begins < at <= ends


def _next(contacts: Iterable[Record], now: datetime) -> Record | None:
    at = moments.time_text(now)
    coming = [each for each in contacts if each.text("on_duty_from") >= at]
    return min(coming, key=lambda each: each.text("on_duty_from"), default=None)


def _bases(session: Session, joined: dict[str, Record], ids: list[str]) -> dict[str, Record]:
    """The agreements that are given as the legal basis on which these agencies take part."""
    wanted = {joined[agency].text("legal_basis") for agency in ids if agency in joined} - {""}
    connection, kind = session.store.connection, get_kind("agreement")
    found = (queries.get_record(connection, kind, one) for one in sorted(wanted))
    return {record.id: record for record in found if record is not None}


def _in_force(session: Session, now: datetime) -> list[Record]:
    found = queries.list_records(
        session.store.connection,
        get_kind("agreement"),
        [Condition("status", "=", "in-force")],
        sort=[("title", False)],
    )
    return [record for record in found if is_in_force(record, now)]


def _names_in_agreements(code: str, agency: Record | None) -> set[str]:
    """What an agreement may call an agency by: its code, and its country."""
    return {code, agency.text("country") if agency else ""} - {""}


def _review(agreement: Record, now: datetime) -> str:
    review = agreement.text("review_by")
    if not review:
        return ""
    if review < _today(now):
        return "late"
    return "due" if review <= _today(now + timedelta(days=NEAR_DAYS)) else ""


def _verified(session: Session) -> dict[str, Verified]:
    """The verified peers by their code. Anybody can write a code into a bundle: a device of theirs must have signed."""
    connection = session.store.connection
    agency_of = {device.id: device.agency for device in exchange.devices(connection)}
    heard: dict[str, str] = {}
    for bundle in exchange.bundles(connection, "in"):
        code = agency_of.get(bundle.device, "")
        heard[code] = max(heard.get(code, ""), bundle.at)
    return {
        peer.agency: Verified(peer.verified_at, peer.verified_by, peer.how, heard.get(peer.agency, ""))
        for peer in exchange.peers(connection)
    }


def _devices(session: Session) -> dict[str, list[DeviceOf]]:
    """The devices that are known, by their agency's code: those in use, then the revoked ones."""
    connection = session.store.connection
    labels, gone = known_devices.device_labels(connection), revoked_devices(connection)
    found: dict[str, list[DeviceOf]] = {}
    for device in exchange.devices(connection):
        lost = gone.get(device.id)
        one = DeviceOf(
            device.id,
            labels.get(device.id, ""),
            "" if lost is None else lost.made,
            "" if lost is None else lost.reason,
        )
        found.setdefault(device.agency, []).append(one)
    return {code: sorted(some, key=lambda one: bool(one.revoked_at)) for code, some in found.items()}
