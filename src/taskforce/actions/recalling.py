"""Recalls what others were told and may not have any more: who has it, the notices to them, how far they have come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from taskforce.actions import keeping
from taskforce.actions.knowing import gather
from taskforce.actions.obeying import RECALL, Notice, notices, own_devices, passed_on, ref_of
from taskforce.actions.overheld import Overheld, asked_for, devices_in_use, devices_of, still_holds
from taskforce.actions.references import find_any
from taskforce.actions.session import Session
from taskforce.crockford import natural_id
from taskforce.errors import Refused, UsageError, did_you_mean
from taskforce.i18n import _
from taskforce.records import codes
from taskforce.records.registry import get_kind
from taskforce.sharing.decide import Scope, explain
from taskforce.sharing.facts import Knowledge
from taskforce.store import disclosures, exchange, queries, recalling
from taskforce.store.disclosures import Disclosure
from taskforce.store.queries import Record
from taskforce.store.writing import Writer
from taskforce.sync.edit import Value
from taskforce.sync.holdings import contains

PREPARED, SENT, HELD, CONFIRMED, AGAIN, CANCELLED = (
    "prepared",
    "sent",
    "held",
    "confirmed",
    "given-again",
    "cancelled",
)


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


@dataclass(frozen=True, slots=True)
class Open:
    """A recall that waits; `since` is when it was made, went, or was confirmed, by its state (PREPARED, SENT, HELD)."""

    notice: Notice
    state: str
    since: str


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
        open_still = not one.cancelled and (not one.confirmed or not still_holds(session, one))
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
        dots = recalling.others_numbers(connection, (about, kind_name, part), devices_of(session, code))
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
    standing = _Standing(session)
    found = [standing.of(one) for one in standing.notices if not about or one.about == about]
    return sorted(found, key=lambda one: (one.state in (CONFIRMED, CANCELLED, AGAIN), one.notice.at))


def waiting(session: Session) -> tuple[int, int]:
    """How many recalls made here wait for who is to confirm, and how many made to this agency wait here."""
    makers = [one.notice.maker for one in open_ones(session)]
    made = makers.count(session.store.me.agency)
    return made, len(makers) - made


def open_ones(session: Session) -> list[Open]:
    """The recalls that wait for who is to confirm, or wait here, in the order in which they were made."""
    standing = _Standing(session)
    found = [
        Open(one, state, standing.since(one, state))
        for one in standing.notices
        if (state := standing.state(one)) in (PREPARED, SENT, HELD)
    ]
    return sorted(found, key=lambda one: one.notice.at)


class _Standing:
    """How recalls stand; what that rests on is gathered once for all, and as far as it is needed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._connection = session.store.connection
        self._own = session.store.me.agency
        self.notices = notices(session)

    @cached_property
    def _known(self) -> Knowledge:
        return gather(self._session)

    @cached_property
    def _asked(self) -> set[tuple[str, str, str, str]]:
        return asked_for(self._session)

    @cached_property
    def _heard(self) -> dict[str, str]:
        """When each agency was last heard."""
        return {one.agency: one.at for one in exchange.bundles(self._connection, "in")}

    def of(self, notice: Notice) -> Status:
        """How one recall stands."""
        own = notice.maker == self._own
        first = self._first_told(notice)
        asked = {agency for record, _kind, _part, agency in self._asked if record == notice.about}
        return Status(
            notice,
            own,
            ref_of(self._session, notice.kind, notice.about),
            self.state(notice),
            first.number if first else 0,
            first.at if first else "",
            max(notice.confirmed.values(), default=""),
            self._heard.get(notice.to, ""),
            () if own else tuple(one for one in passed_on(self._session, notice) if one not in asked),
        )

    def state(self, notice: Notice) -> str:
        """The state of a recall."""
        own = notice.maker == self._own
        if notice.cancelled:
            return CANCELLED
        devices = devices_in_use(self._session, notice.to) if own else own_devices(self._session)
        if not notice.confirmed or (own and not devices <= notice.confirmed.keys()):
            return SENT if not own or self._first_told(notice) else PREPARED
        if not own or not still_holds(self._session, notice):
            return CONFIRMED
        return AGAIN if self._may_have(notice) else HELD

    def since(self, notice: Notice, state: str) -> str:
        """Since when an open recall stands as it does; one that waits here, since it was made."""
        if state == HELD:
            return max(notice.confirmed.values())
        told = self._first_told(notice) if state == SENT and notice.maker == self._own else None
        return told.at if told else notice.at

    def _first_told(self, notice: Notice) -> Disclosure | None:
        """The first bundle that took the recall along."""
        went = disclosures.list_disclosures(
            self._connection, records=[(notice.record.id, RECALL)], agency=notice.to
        )
        return min(went, key=lambda one: (one.at, one.number), default=None)

    def _may_have(self, notice: Notice) -> bool:
        """Whether the agency may have any of it now: then it came again."""
        scopes = {row.id: row for row in exchange.scopes(self._connection)}
        recipient = natural_id("agency", notice.to)
        rows = [scopes.get(queries.scope_of(self._connection, place)) for place in notice.places]
        return any(
            explain(recipient, Scope(row.kind, row.part, row.anchor), self._known)[-1].passed
            for row in rows
            if row is not None
        )
