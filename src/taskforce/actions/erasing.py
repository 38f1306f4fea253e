"""Erases parts of a record for ever, everywhere, and tells who has confirmed that they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from taskforce.actions.knowing import gather
from taskforce.actions.owning import leads_of
from taskforce.actions.reach import reach_of
from taskforce.actions.references import find_any, label_of
from taskforce.actions.session import Session
from taskforce.actions.sorting import UNKNOWN_SIGNER
from taskforce.errors import Refused, UsageError
from taskforce.i18n import _
from taskforce.records.registry import find_kind
from taskforce.records.schema import ERASED, SELF, Kind
from taskforce.sharing.facts import Knowledge
from taskforce.store import erasing, exchange, history, queries, telling
from taskforce.store.connection import Connection
from taskforce.store.queries import Record
from taskforce.store.revoked import revoked_devices
from taskforce.sync.edit import Edit, Value
from taskforce.sync.holdings import contains


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure does: the parts of a record, how many edits lose their values here, which agencies are told.

    `others` are those of them that may have passed it on. `copies` are files beside the store that keep it as it was
    before an upgrade: the values are still in them.
    """

    record: Record
    label: str
    parts: tuple[str, ...]
    edits: int
    agencies: tuple[str, ...]
    others: tuple[str, ...]
    copies: tuple[str, ...]
    applied: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """A device that has confirmed that it holds the values no more: when, and whose it is."""

    agency: str
    device: str
    at: str


@dataclass(frozen=True, slots=True)
class ErasedPart:
    """A part that was erased: by whom, when, why; who has confirmed; and which agencies' devices have not.

    `put_back` are devices that had confirmed and have it again. `waiting` maps agencies that had it, or may have got
    it, to their devices that have not confirmed, or not any more; an agency of which no device is known here has none.
    `passed_on_by` are the other agencies that had it: to whom they gave it is not known here. `unverified` counts
    confirmations of devices whose agency was not verified here. `heard` tells when each agency was last heard; `own`
    and `device` are this store's.
    """

    record: str
    kind: str
    label: str
    part: str
    by: str
    agency: str
    at: str
    reason: str
    confirmed: tuple[Answer, ...]
    put_back: tuple[Answer, ...]
    waiting: dict[str, tuple[str, ...]]
    passed_on_by: tuple[str, ...]
    unverified: int
    heard: Mapping[str, str]
    own: str
    device: str


class _Expecting:
    """Which agencies have, had or may have got something of a part: worked out once for all parts asked about."""

    def __init__(self, session: Session) -> None:
        connection, own = session.store.connection, session.store.me.agency
        self._session, self._own = session, own
        self._agencies = [own, *(peer.agency for peer in exchange.peers(connection))]
        gone = revoked_devices(connection)  # what is lost confirms nothing any more
        self._devices = {
            one: tuple(device.id for device in exchange.devices(connection, one) if device.id not in gone)
            for one in self._agencies
        }
        self._had = {one: exchange.had_by(connection, one) for one in self._agencies}
        self._reach: dict[str, Mapping[int, str]] = {}

    @cached_property
    def _known(self) -> Knowledge:
        return gather(self._session)

    @cached_property
    def heard(self) -> dict[str, str]:
        """When each agency's devices were last heard."""
        agency_of = {device: one for one, devices in self._devices.items() for device in devices}
        found: dict[str, str] = {}
        for bundle in exchange.bundles(self._session.store.connection, "in"):
            if bundle.device in agency_of:  # anybody can write a code into a bundle
                code = agency_of[bundle.device]
                found[code] = max(found.get(code, ""), bundle.at)
        return found

    def of(self, place: erasing.Place) -> dict[str, tuple[str, ...]]:
        """The agencies, each with its devices known here."""
        connection = self._session.store.connection
        numbers = [(feed, number) for feed, number, _gone in erasing.numbers_of(connection, place)]
        numbers += erasing.numbers_waiting(connection, place)
        scope = queries.scope_of(connection, place)
        return {
            agency: self._devices[agency]
            for agency in self._agencies
            if agency == self._own
            or any(contains(self._had[agency].get(feed, ()), number) for feed, number in numbers)
            or scope in self._scopes(agency)
        }

    def _scopes(self, agency: str) -> Mapping[int, str]:
        if agency not in self._reach:
            self._reach[agency] = reach_of(self._session, agency, self._known).scopes
        return self._reach[agency]


def erase(
    session: Session, text: str, parts: Sequence[str] = (), *, reason: str, dry_run: bool = False
) -> Erasure:
    """Erase parts of the record that `text` names, all if none is named; it cannot be undone.

    Refused unless the record is this agency's: its id proves who made it. An agency's own record is that agency's; a
    record of which nobody can prove to be the maker, as one from a plan, is its operation's lead's.
    """
    if not reason.strip():
        raise UsageError(_("--reason is needed: everybody who had it is told why it was erased"))
    if dry_run:
        return foresee(session, text, parts)
    record = find_any(session, text)
    chosen = _chosen(session, record, parts)
    _require_owner(session, record)
    # By ref: the store's history must not go on calling it by a name that is erased.
    with session.acting(f"erase {record.ref}", undoable=False) as one:
        losing = _losing(session, record, chosen)  # as it is while nobody else writes
        nonce = one.own_nonce(record.kind, record.id)
        for part in chosen:
            kept = _kept_values(session, record, part)
            one.erase((record.id, record.kind.name, part), reason.strip(), kept, nonce=nonce)
    return _erasure(session, record, chosen, losing, applied=True)


def foresee(session: Session, text: str, parts: Sequence[str] = ()) -> Erasure:
    """What `erase` would do; refused as it is."""
    record = find_any(session, text)
    chosen = _chosen(session, record, parts)
    _require_owner(session, record)
    return _erasure(session, record, chosen, _losing(session, record, chosen), applied=False)


def may_erase(session: Session, record: Record) -> bool:
    """Whether it is this agency's to erase, and something of it is not erased yet."""
    try:
        _require_owner(session, record)
        return bool(_chosen(session, record, ()))
    except Refused:
        return False


def _losing(session: Session, record: Record, chosen: list[str]) -> int:
    places = [(record.id, record.kind.name, part) for part in chosen]
    return sum(erasing.count_values(session.store.connection, place) for place in places)


def _erasure(session: Session, record: Record, chosen: list[str], losing: int, *, applied: bool) -> Erasure:
    places = [(record.id, record.kind.name, part) for part in chosen]
    expecting = _Expecting(session)
    told = {agency: devices for place in places for agency, devices in expecting.of(place).items()}
    if len(told.get(session.store.me.agency, ())) == 1:
        del told[session.store.me.agency]  # this device is its only one
    return Erasure(
        record,
        label_of(record) or record.ref,
        tuple(chosen),
        losing,
        tuple(sorted(told)),
        tuple(sorted(told.keys() - {session.store.me.agency})),
        erasing.copies_beside(session.store.folder),
        applied,
    )


def _chosen(session: Session, record: Record, parts: Sequence[str]) -> list[str]:
    """The parts to erase: those named, or all that are here or that others may have added without our hearing of it."""
    kind = record.kind
    for part in parts:
        if part not in kind.parts:
            raise UsageError(
                _("no part of this record is called %(part)s") % {"part": part},
                hint=_("its parts: %(parts)s") % {"parts": ", ".join(kind.parts)},
            )
    held = [part for part in kind.parts if history.state_of(session.store.connection, kind, record.id, part)]
    wanted = list(parts) or [
        part for part in kind.parts if part in held or kind.anchors.get(part) in ("", SELF)
    ]
    connection = session.store.connection
    # An erasure by a feed that forked does not travel: the owner may say it again.
    left = [part for part in wanted if not erasing.is_erased_by_log(connection, (record.id, kind.name, part))]
    if not left:
        raise Refused(
            _("%(label)s: this was erased already") % {"label": label_of(record) or record.ref},
            hint=_("see who confirmed it with: taskforce erase status %(ref)s") % {"ref": record.ref},
        )
    return left


def _require_owner(session: Session, record: Record) -> None:
    own, label = session.store.me.agency, label_of(record) or record.ref
    owner = queries.owner_of(session.store.connection, record.kind, record.id)
    if owner == own:
        return
    if owner:
        raise Refused(
            _("%(label)s is %(agency)s's: only they can erase it") % {"label": label, "agency": owner},
            hint=_(
                "ask them; that it be taken out of view is proposed to them with: taskforce %(kind)s archive %(label)s"
            )
            % {"kind": record.kind.name, "label": label},
        )
    if record.kind.name == "agency":
        hint = _("it is taken out of view with: taskforce agency archive %(label)s") % {"label": label}
        if record.id == session.own_agency:
            raise Refused(_("%(label)s is your own agency: its entry stays") % {"label": label}, hint=hint)
        raise Refused(
            _("%(label)s is an agency: others cannot erase its entry") % {"label": label}, hint=hint
        )
    if leads_of(session, record.kind, record.id) == {session.own_agency}:
        return
    raise Refused(
        _("nobody can prove to have made %(label)s, and it is not of an operation that you lead")
        % {"label": label},
        hint=_("the lead of its operation can erase it"),
    )


def _kept_values(session: Session, record: Record, part: str) -> dict[str, Value]:
    """What an erasure repeats of the part: the record that decides who may have it, or nobody new could be told."""
    anchor = record.kind.anchors.get(part, "")
    if anchor in ("", SELF):
        return {}
    value = queries.anchor_of(session.store.connection, (record.id, record.kind.name, part))
    return {anchor: value} if value else {}


def status(session: Session, text: str = "") -> list[ErasedPart]:
    """Every erased part, or those of the record that `text` names, and who has confirmed."""
    return _status(session, find_any(session, text).id if text else "")


def count_erased(session: Session) -> int:
    """How many parts of records were erased."""
    return len(erasing.erased_parts(session.store.connection))


def erased_of(session: Session, record: Record) -> list[ErasedPart]:
    """The erased parts of one record."""
    return [one for one in _status(session, record.id) if one.kind == record.kind.name]


def put_back(session: Session) -> dict[str, int]:
    """How many erased parts devices have again that had confirmed, by agency."""
    connection, own = session.store.connection, session.store.me.device
    found: dict[str, set[erasing.Place]] = {}
    for one in telling.answers(connection, own):
        if not one.stands:
            found.setdefault(history.agency_of_device(connection, one.edit.device), set()).add(one.place)
    return {agency: len(places) for agency, places in sorted(found.items())}


def _status(session: Session, record: str) -> list[ErasedPart]:
    connection = session.store.connection
    places = erasing.erased_parts(connection, record)
    if not places:
        return []
    expecting = _Expecting(session)
    answers: dict[erasing.Place, list[telling.Answer]] = {}
    for one in telling.answers(connection, session.store.me.device, record):
        answers.setdefault(one.place, []).append(one)
    return [_told(session, place, answers.get(place, []), expecting) for place in places]


def _told(
    session: Session, place: erasing.Place, answers: Sequence[telling.Answer], expecting: _Expecting
) -> ErasedPart:
    connection, me = session.store.connection, session.store.me
    record, kind_name, part = place
    first = erasing.erasing_edits(connection, place)[0]
    # As long as bytes of it are in this store's file, it does not count as one that has none.
    here = [one for one in answers if one.edit.device != me.device or not session.store.meta(erasing.SCRUB)]
    confirmed = [one.edit for one in here if one.stands]
    had = expecting.of(place)
    devices = {edit.device for edit in confirmed}
    waiting = {
        agency: tuple(device for device in theirs if device not in devices)
        for agency, theirs in had.items()
        if not theirs or not set(theirs) <= devices
    }
    told = [_answer(connection, edit) for edit in confirmed]
    others = {each.agency for each in told} | had.keys()
    reason = first.set[ERASED]
    return ErasedPart(
        record,
        kind_name,
        _label(session, find_kind(kind_name), record),
        part,
        first.by,
        history.agency_of_device(connection, first.device),
        first.stamp.time + "Z",
        reason if isinstance(reason, str) else ", ".join(reason),
        tuple(told),
        tuple(_answer(connection, one.edit) for one in here if not one.stands),
        waiting,
        tuple(sorted(others - {me.agency, ""})),
        erasing.answers_waiting(connection, place, UNKNOWN_SIGNER),
        expecting.heard,
        me.agency,
        me.device,
    )


def _answer(connection: Connection, edit: Edit) -> Answer:
    return Answer(history.agency_of_device(connection, edit.device), edit.device, edit.stamp.time + "Z")


def _label(session: Session, kind: Kind | None, record: str) -> str:
    found = None if kind is None else queries.get_record(session.store.connection, kind, record)
    return record if found is None else label_of(found) or found.ref
