"""Who was told something that they may not have any more, and was not asked to drop it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from taskforce.actions.knowing import gather
from taskforce.actions.obeying import Notice, notices, ref_of
from taskforce.actions.session import Session
from taskforce.crockford import natural_id
from taskforce.records.registry import find_kind
from taskforce.records.schema import NOTICE
from taskforce.sharing.decide import Scope, explain
from taskforce.store import disclosures, erasing, exchange, queries, recalling
from taskforce.store.erasing import Place
from taskforce.store.revoked import revoked_devices

CONSENT, AGREEMENT, HANDLING, LEFT = (
    "consent-withdrawn",
    "agreement-ended",
    "handling-narrowed",
    "no-longer-involved",
)

CAUSE_OF = {"consent": CONSENT, "override": CONSENT, "border": AGREEMENT, "handling": HANDLING, "reach": LEFT}
"""Why something is recalled, by the check of the sharing decision that says no now."""


@dataclass(frozen=True, slots=True)
class Overheld:
    """Parts of a record that an agency was told, may not have any more, and was not asked to drop.

    `reason` and `basis` are the sharing decision's; `at` is when it was last told.
    """

    record: str
    kind: str
    ref: str
    parts: tuple[str, ...]
    agency: str
    at: str
    cause: str
    reason: str
    basis: str


def overheld(session: Session, *, records: Collection[tuple[str, str]] | None = None) -> list[Overheld]:
    """What was told, may not be had any more by who was told, and is not recalled yet; of some records, or of all.

    It rests on what is recorded as disclosed: what went before that was recorded is not known.
    """
    connection = session.store.connection
    known = gather(session)
    asked = asked_for(session)
    scopes = {row.id: row for row in exchange.scopes(connection)}
    peers = {peer.agency for peer in exchange.peers(connection)}
    found: dict[tuple[str, str, str, str], Overheld] = {}
    looked_at: set[tuple[str, str, str, str]] = set()
    for one in disclosures.list_disclosures(connection, records=records):  # the latest first
        place = (one.record, one.kind, one.part)
        if (*place, one.agency) in looked_at:
            continue
        looked_at.add((*place, one.agency))
        row = scopes.get(queries.scope_of(connection, place))
        if row is None or one.part == NOTICE or one.agency not in peers or (*place, one.agency) in asked:
            continue
        if erasing.is_erased(connection, place):
            continue
        last = explain(natural_id("agency", one.agency), Scope(row.kind, row.part, row.anchor), known)[-1]
        if last.passed or last.name not in CAUSE_OF or not _others_wrote(session, place, one.agency):
            continue
        cause = CAUSE_OF[last.name]
        key = (one.agency, one.kind, one.record, cause)
        before = found.get(key)
        parts = (*(before.parts if before else ()), one.part)
        ref = ref_of(session, one.kind, one.record)
        at = max(one.at, before.at if before else "")
        found[key] = Overheld(
            one.record,
            one.kind,
            ref,
            _ordered(one.kind, parts),
            one.agency,
            at,
            cause,
            last.reason,
            last.basis,
        )
    return [found[key] for key in sorted(found)]


def _ordered(kind_name: str, parts: Collection[str]) -> tuple[str, ...]:
    """Parts in the order of the kind's declaration."""
    kind = find_kind(kind_name)
    every = tuple(sorted(set(parts))) if kind is None else kind.parts
    return tuple(part for part in every if part in parts)


def _others_wrote(session: Session, place: Place, agency: str) -> bool:
    """Whether there is anything in a part that the agency did not write itself."""
    return bool(recalling.others_numbers(session.store.connection, place, devices_of(session, agency)))


def devices_of(session: Session, agency: str) -> frozenset[str]:
    return frozenset(one.id for one in exchange.devices(session.store.connection, agency))


def devices_in_use(session: Session, agency: str) -> frozenset[str]:
    """An agency's devices but those that it revoked: what is lost confirms nothing, and nothing is heard of it."""
    return devices_of(session, agency).difference(revoked_devices(session.store.connection))


def asked_for(session: Session) -> set[tuple[str, str, str, str]]:
    """What this agency has asked whom to drop, and who has not come to hold it again."""
    own = session.store.me.agency
    return {
        (*place, one.to)
        for one in notices(session)
        if one.maker == own and not one.cancelled
        for place in one.places
        if not one.confirmed or not still_holds(session, one)
    }


def still_holds(session: Session, notice: Notice) -> bool:
    """Whether a device of the agency says that it holds something of what is recalled that others wrote."""
    connection = session.store.connection
    devices = devices_of(session, notice.to)
    dots = [dot for place in notice.places for dot in recalling.others_numbers(connection, place, devices)]
    in_use = devices_in_use(session, notice.to)
    return any(recalling.told_to_hold(connection, device, dots) for device in in_use)
