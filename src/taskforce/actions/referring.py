"""Refers a victim in one step: whom was met, where they are sent, and that it goes, as one thing done."""

from __future__ import annotations

from taskforce.actions import keeping
from taskforce.actions.keeping import Typed
from taskforce.actions.references import label_of
from taskforce.actions.session import Session
from taskforce.actions.values import parse_values
from taskforce.errors import UsageError
from taskforce.i18n import _
from taskforce.records.registry import get_kind
from taskforce.records.schema import Kind
from taskforce.store import queries
from taskforce.store.queries import SHORTEST_REF, Record

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskforce.sync.edit import Value


def refer(
    session: Session,
    *,
    victim: Record | None,
    met: Typed,
    referral: Typed,
    agreed: str = "",
    send: bool = True,
) -> tuple[Record, Record]:
    """Make a referral and, unless `send` is false, send it; the victim and the referral.

    Without a `victim` one is made from `met`, the fields of the victim as they were typed; `referral` holds those of
    the referral but the victim. Without services it asks for what the victim needs. `agreed` says who has consented to
    it (a code of `GIVEN_BY`): then that is noted, too, for services by this provider, with the parts that they need.
    It is one action: undo takes all of it back. UsageError if a field will not do or is missing, or if there are both
    a victim and `met`; Refused if the victim is archived.
    """
    kind, victim_kind = get_kind("referral"), get_kind("victim")
    if victim is not None and met:
        raise UsageError(
            _("%(victim)s is known already: what was found out since is not part of a referral")
            % {"victim": label_of(victim)},
            hint=_("note it with: taskforce victim edit %(victim)s") % {"victim": label_of(victim)},
        )
    whom: dict[str, Value] = {}
    victim_id, victim_nonce = (victim.id, "") if victim else keeping.new_id(session, victim_kind)
    if victim is None:
        whom = keeping.with_defaults(session, victim_kind, parse_values(session, victim_kind, met))
        keeping.require_fields(victim_kind, whom)
    record, nonce = keeping.new_id(session, kind)
    typed = parse_values(session, kind, {**referral, "victim": victim_id})
    if "services" not in typed:
        typed["services"] = victim.items("needs") if victim else whom.get("needs", [])
    values = keeping.with_defaults(session, kind, typed)
    keeping.require_fields(kind, values)
    consent = (
        _consent(session, agreed, victim_id, victim.values if victim else whom, values) if agreed else {}
    )
    if send:
        values |= keeping.move_values(session, kind, _not_yet_kept(session, kind, record, values), "send", {})
    with session.acting(f"{kind.name} new {_ref(session, kind, record)}") as one:
        if victim is None:
            one.save(victim_kind, victim_id, whom, nonce=victim_nonce)
        else:
            now = keeping.require(session, victim_kind, victim_id)  # as it is while nobody else writes
            keeping.require_not_erased(session, now)
            if now.archived:
                raise keeping.is_archived(now)
        if consent:
            consent_id, consent_nonce = keeping.new_id(session, get_kind("consent"))
            one.save(get_kind("consent"), consent_id, consent, nonce=consent_nonce)
        one.save(kind, record, values, nonce=nonce)
    return keeping.require(session, victim_kind, victim_id), keeping.require(session, kind, record)


def _consent(
    session: Session, agreed: str, victim: str, about: Mapping[str, object], referral: Mapping[str, Value]
) -> dict[str, Value]:
    """The consent to a referral. UsageError or Refused as for every consent."""
    from taskforce.actions import consenting  # deferred: where somebody notes a consent
    from taskforce.actions.asking import NEEDED
    from taskforce.sharing.facts import SERVICES

    kind = get_kind("consent")
    agency = keeping.require(session, get_kind("agency"), str(referral["to"]))
    typed = {"given_by": agreed, "purpose": [SERVICES], "parts": list(NEEDED), "to": [label_of(agency)]}
    values = keeping.with_defaults(session, kind, parse_values(session, kind, typed))
    consenting.require_speaker(str(values["given_by"]), _("the victim"), about)
    return {**values, "victim": victim}


def _ref(session: Session, kind: Kind, record: str) -> str:
    """The ref that a record with this new id will have."""
    length = SHORTEST_REF
    while queries.records_by_prefix(session.store.connection, kind, record[:length], limit=1):
        length += 1
    return f"{kind.letter}-{record[:length].upper()}"


def _not_yet_kept(session: Session, kind: Kind, record: str, values: dict[str, Value]) -> Record:
    """The record as the first move meets it: made and sent in one edit, so that taking it back archives it."""
    return Record(
        kind=kind,
        id=record,
        n=0,
        ref=_ref(session, kind, record),
        values=dict(values),
        archived=False,
        created="",
        created_by="",
        created_in="",
        changed="",
        changed_by="",
        changed_in="",
    )
