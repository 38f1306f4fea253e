"""Recalls what others were told and may not have any more: who has it, the notices to them, how far they have come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from taskforce.actions import keeping
from taskforce.actions.knowing import gather
from taskforce.actions.obeying import RECALL, Notice, notices, own_devices, passed_on, ref_of
from taskforce.actions.references import find_any
from taskforce.actions.session import Session, natural_id
from taskforce.errors import Refused, UsageError, did_you_mean
from taskforce.i18n import _
from taskforce.records import codes
from taskforce.records.registry import find_kind, get_kind
from taskforce.records.schema import NOTICE
from taskforce.sharing.decide import Scope, explain
from taskforce.sharing.facts import Knowledge
from taskforce.store import disclosures, erasing, exchange, queries, recalling
from taskforce.store.erasing import Place
from taskforce.store.queries import Record
from taskforce.store.writing import Writer
from taskforce.sync.edit import Value
from taskforce.sync.holdings import contains

CONSENT, AGREEMENT, HANDLING, LEFT = (
    "consent-withdrawn",
    "agreement-ended",
    "handling-narrowed",
    "no-longer-involved",
)

CAUSE_OF = {"consent": CONSENT, "override": CONSENT, "border": AGREEMENT, "handling": HANDLING, "reach": LEFT}
"""Why something is recalled, by the check of the sharing decision that says no now."""

PREPARED, SENT, HELD, CONFIRMED, AGAIN, CANCELLED = (
    "prepared",
    "sent",
    "held",
    "confirmed",
    "given-again",
    "cancelled",
)


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


@dataclass(frozen=True, slots=True)
class Made:
    """A recall that was prepared, and whether it was there before."""

    record: Record
    ref: str
    parts: tuple[str, ...]
    agency: str
    cause: str
    new: bool


@dataclass(frozen=True, slots=True)
class Status:
    """How far a recall has come. `own` says that this agency made it; otherwise it is made to this agency.

    `state` is one of: prepared, sent, confirmed, held (confirmed, and yet they say that they hold it), given-again
    (held, since it may be again), cancelled. Of one made to this agency: sent while it waits, confirmed once obeyed.
    `number` is the bundle that took it along, `heard` when the agency was last heard, `passed_on` whom this store told
    that were not asked yet.
    """

    notice: Notice
    own: bool
    ref: str
    state: str
    number: int
    sent_at: str
    confirmed_at: str
    heard: str
    passed_on: tuple[str, ...]


# ── who has what they may not have any more ──


def overheld(
    session: Session, *, records: Collection[tuple[str, str]] | None = None, known: Knowledge | None = None
) -> list[Overheld]:
    """What was told, may not be had any more by who was told, and is not recalled yet; of some records, or of all.

    It rests on what is recorded as disclosed: what went before that was recorded is not known.
    """
    connection = session.store.connection
    known = known or gather(session)
    asked = _asked(session)
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
    return bool(recalling.others_numbers(session.store.connection, place, _devices(session, agency)))


def _devices(session: Session, agency: str) -> frozenset[str]:
    return frozenset(one.id for one in exchange.devices(session.store.connection, agency))


def _asked(session: Session) -> set[tuple[str, str, str, str]]:
    """What this agency has asked whom to drop, and who has not come to hold it again."""
    own = session.store.me.agency
    return {
        (*place, one.to)
        for one in notices(session)
        if one.maker == own and not one.cancelled
        for place in one.places
        if not one.confirmed or not _holds(session, one)
    }


def _holds(session: Session, notice: Notice) -> bool:
    """Whether a device of the agency says that it holds something of what is recalled that others wrote."""
    connection = session.store.connection
    devices = _devices(session, notice.to)
    dots = [dot for place in notice.places for dot in recalling.others_numbers(connection, place, devices)]
    return any(recalling.told_to_hold(connection, device, dots) for device in devices)


# ── making recalls ──


def prepare(
    session: Session, text: str, agency: str, parts: Sequence[str] = (), *, cause: str, note: str = ""
) -> Made:
    """Prepare the recall of parts of a record, all that the agency was told if none is named.

    `text` names the record, or a recall that this store has obeyed: then what that recalls. Refused for an agency that
    was told nothing of it; if the same was recalled already, that recall is given.
    """
    if cause not in codes.RECALL_REASONS:
        raise UsageError(
            _('"%(cause)s" is no reason for a recall') % {"cause": cause},
            hint=did_you_mean(cause, codes.RECALL_REASONS)
            or _("there are: %(names)s") % {"names": ", ".join(codes.RECALL_REASONS)},
        )
    code = _require_peer(session, agency)
    about, kind_name, ref, every = _what(session, text)
    chosen = _told_parts(session, about, kind_name, ref, code, parts, every)
    for one in notices(session):
        same = (one.maker, one.to, one.about, one.kind) == (session.store.me.agency, code, about, kind_name)
        open_still = not one.cancelled and (not one.confirmed or not _holds(session, one))
        if same and open_still and set(chosen) <= set(one.parts):
            return Made(one.record, ref, one.parts, code, one.cause, new=False)
    with session.acting(f"recall {ref} from {code}") as writer:
        record = _make(session, writer, (about, kind_name), chosen, code, cause, note)
    return Made(_read(session, record), ref, chosen, code, cause, new=True)


def prepare_all(session: Session, found: Sequence[Overheld]) -> list[Made]:
    """Prepare the recall of all of it, in one action."""
    if not found:
        return []
    with session.acting(
        f"recall {len(found)} from {' '.join(sorted({one.agency for one in found}))}"
    ) as writer:
        made = [
            _make(session, writer, (one.record, one.kind), one.parts, one.agency, one.cause, "")
            for one in found
        ]
    return [
        Made(_read(session, record), one.ref, one.parts, one.agency, one.cause, new=True)
        for record, one in zip(made, found, strict=True)
    ]


def _make(
    session: Session,
    writer: Writer,
    about: tuple[str, str],
    parts: Sequence[str],
    agency: str,
    cause: str,
    note: str,
) -> str:
    kind = get_kind(RECALL)
    record, nonce = keeping.new_id(session, kind)
    values: dict[str, Value] = {
        "about": about[0],
        "about_kind": about[1],
        "parts": list(parts),
        "to": natural_id("agency", agency),
        "cause": cause,
        "status": PREPARED,
    }
    writer.save(kind, record, {**values, "note": note.strip()} if note.strip() else values, nonce=nonce)
    return record


def _read(session: Session, record: str) -> Record:
    return keeping.require(session, get_kind(RECALL), record)


def _require_peer(session: Session, agency: str) -> str:
    code = agency.upper()
    known = [peer.agency for peer in exchange.peers(session.store.connection)]
    if code not in known:
        raise Refused(
            _("%(agency)s is not a verified peer: no bundle goes there") % {"agency": code},
            hint=did_you_mean(code, known) or _("see them with: taskforce peer list"),
        )
    return code


def _what(session: Session, text: str) -> tuple[str, str, str, tuple[str, ...]]:
    """Id, kind and ref of what `text` names, and its parts."""
    record = find_any(session, text)
    if record.kind.name != RECALL:
        return record.id, record.kind.name, record.ref, record.kind.parts
    notice = next((one for one in notices(session) if one.record.id == record.id), None)
    if notice is None:
        raise Refused(_("nothing proves who made %(ref)s") % {"ref": record.ref})
    return notice.about, notice.kind, ref_of(session, notice.kind, notice.about), notice.parts


def _told_parts(
    session: Session,
    about: str,
    kind_name: str,
    ref: str,
    code: str,
    parts: Sequence[str],
    every: Sequence[str],
) -> tuple[str, ...]:
    """The parts to recall; Refused where the agency was told nothing of one."""
    connection = session.store.connection
    unknown = [part for part in parts if part not in every]
    if unknown:
        raise UsageError(
            _("%(ref)s has no part %(part)s") % {"ref": ref, "part": unknown[0]},
            hint=_("its parts: %(parts)s") % {"parts": ", ".join(every)},
        )
    went = disclosures.list_disclosures(connection, records=[(about, kind_name)], agency=code)
    told = {one.part for one in went}
    had = exchange.sent_to(connection, code)
    for part in every:
        dots = recalling.others_numbers(connection, (about, kind_name, part), _devices(session, code))
        if any(contains(had.get(feed, ()), number) for feed, number in dots):
            told.add(part)
    missing = [part for part in parts if part not in told]
    if missing or not told:
        raise Refused(
            _("nothing of %(ref)s%(part)s went to %(agency)s")
            % {"ref": ref, "part": f" ({missing[0]})" if missing else "", "agency": code},
            hint=_("see who was told what with: taskforce disclosures %(ref)s") % {"ref": ref},
        )
    return tuple(part for part in every if part in (parts or told))


# ── how far they have come ──


def about_of(session: Session, text: str) -> tuple[str, str]:
    """Id and kind of the record that `text` names, or that the recall recalls that it names."""
    about, kind, _ref, _parts = _what(session, text)
    return about, kind


def status(session: Session, text: str = "") -> list[Status]:
    """Every recall made here or made to this agency, or those of what `text` names, the open ones first."""
    about = _what(session, text)[0] if text else ""
    known: Knowledge | None = None
    found = []
    for one in notices(session):
        if about and one.about != about:
            continue
        known = known or gather(session)
        found.append(_status(session, one, known))
    return sorted(found, key=lambda one: (one.state in (CONFIRMED, CANCELLED, AGAIN), one.notice.at))


def waiting(session: Session) -> tuple[int, int]:
    """How many recalls made here wait for who is to confirm, and how many made to this agency wait here."""
    found = status(session)
    open_ones = [one for one in found if one.state in (PREPARED, SENT, HELD)]
    return sum(one.own for one in open_ones), sum(not one.own for one in open_ones)


def _status(session: Session, notice: Notice, known: Knowledge) -> Status:
    connection = session.store.connection
    own = notice.maker == session.store.me.agency
    went = disclosures.list_disclosures(
        connection, records=[(notice.record.id, RECALL)], agency=notice.to, limit=None
    )
    first = min(went, key=lambda one: one.at, default=None)
    asked = {one[3] for one in _asked(session) if one[0] == notice.about}
    return Status(
        notice,
        own,
        ref_of(session, notice.kind, notice.about),
        _state(session, notice, known, own=own, went=first is not None),
        first.number if first else 0,
        first.at if first else "",
        max(notice.confirmed.values(), default=""),
        max((one.at for one in exchange.bundles(connection, "in") if one.agency == notice.to), default=""),
        () if own else tuple(one for one in passed_on(session, notice) if one not in asked),
    )


def _state(session: Session, notice: Notice, known: Knowledge, *, own: bool, went: bool) -> str:
    if notice.cancelled:
        return CANCELLED
    devices = _devices(session, notice.to) if own else own_devices(session)
    if not notice.confirmed or (own and not devices <= notice.confirmed.keys()):
        return SENT if went or not own else PREPARED
    if not own or not _holds(session, notice):
        return CONFIRMED
    return AGAIN if _may_have(session, notice, known) else HELD


def _may_have(session: Session, notice: Notice, known: Knowledge) -> bool:
    """Whether the agency may have any of it now: then it came again."""
    connection = session.store.connection
    scopes = {row.id: row for row in exchange.scopes(connection)}
    for place in notice.places:
        row = scopes.get(queries.scope_of(connection, place))
        if row is None:
            continue
        checks = explain(natural_id("agency", notice.to), Scope(row.kind, row.part, row.anchor), known)
        if checks[-1].passed:
            return True
    return False
