"""Obeys recalls: what their maker may recall is dropped here, and that it was is said by an edit that travels back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from taskforce import moments
from taskforce.actions.session import Session
from taskforce.crockford import natural_id
from taskforce.errors import Refused
from taskforce.i18n import _
from taskforce.records.registry import find_kind, get_kind
from taskforce.records.schema import ARCHIVED, NOTICE
from taskforce.store import disclosures, exchange, history, queries, recalling
from taskforce.store.erasing import Place
from taskforce.store.forks import Taken
from taskforce.store.queries import Record
from taskforce.store.recalling import Carried, Dropping
from taskforce.sync.edit import Value
from taskforce.sync.merge import Dot

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.brought import Brought

RECALL = "recall"


@dataclass(frozen=True, slots=True)
class Notice:
    """A recall as its maker made it, and who has confirmed: nobody else's word counts on either.

    `maker` and `to` are agencies' codes; `dot` the edit that made it; `confirmed` maps devices of `to` to when.
    """

    record: Record
    maker: str
    to: str
    about: str
    kind: str
    parts: tuple[str, ...]
    cause: str
    note: str
    at: str
    cancelled: bool
    dot: Dot
    confirmed: Mapping[str, str]

    @property
    def places(self) -> list[Place]:
        """The parts that it recalls."""
        return [(self.about, self.kind, part) for part in self.parts]


@dataclass(frozen=True, slots=True)
class Obeyed:
    """A recall that was obeyed, or that waits for somebody to obey it.

    `label` is the ref that the record had here; `edits` how many were dropped, or would be; `kept` how many of this
    agency's own stay; `passed_on` the agencies to which this store told something of it.
    """

    notice: Notice
    label: str
    edits: int
    kept: int
    passed_on: tuple[str, ...]
    applied: bool


def notices(session: Session) -> list[Notice]:
    """Every recall of which it is proven who made it."""
    connection = session.store.connection
    codes = {natural_id("agency", one.agency): one.agency for one in exchange.devices(connection)}
    records = queries.list_records(connection, get_kind(RECALL), archived=True)
    return [found for record in records if (found := _notice(session, record, codes)) is not None]


def _notice(session: Session, record: Record, codes: Mapping[str, str]) -> Notice | None:
    connection = session.store.connection
    maker = queries.owner_of(connection, record.kind, record.id)
    if not maker:
        return None
    said: dict[str, Value] = {}
    made: Dot | None = None
    at = ""
    edits = history.edits_of_record(connection, record.kind, record.id)
    for edit in edits:
        if edit.part == NOTICE and history.agency_of_device(connection, edit.device) == maker:
            said.update(edit.set)
            if made is None and "about" in edit.set:
                made, at = (edit.feed, edit.number), edit.stamp.time + "Z"
    to = codes.get(str(said.get("to") or ""), "")
    if made is None or not to:
        return None
    confirmed: dict[str, str] = {}
    for edit in edits:
        if edit.set.get("confirmed_at") and history.agency_of_device(connection, edit.device) == to:
            confirmed.setdefault(edit.device, edit.stamp.time + "Z")
    parts = said.get("parts") or []
    return Notice(
        record,
        maker,
        to,
        str(said.get("about") or ""),
        str(said.get("about_kind") or ""),
        tuple(parts) if isinstance(parts, list) else (parts,),
        str(said.get("cause") or ""),
        str(said.get("note") or ""),
        at,
        bool(said.get(ARCHIVED)),
        made,
        confirmed,
    )


def settle_recalls(session: Session, brought: Brought | None = None) -> tuple[Obeyed, ...]:
    """Obey the recalls made to this agency, or name those that wait where the session asks first; in a transaction.

    An import is told of the edits that left the log again.

    A recall that was obeyed goes on to hold against bundles that its maker made before it and that come late.
    """
    obeying = _Obeying(session)
    obey = not session.asks_before_recalls
    obeyed = [one for each in notices(session) if (one := obeying.look_at(each, obey)) is not None]
    if brought is not None:
        brought.leave(obeying.dropped, has_forked=False)
    _finish(session, obeyed)
    return tuple(obeyed)


def confirm(session: Session, record: Record) -> Obeyed:
    """Obey one recall; Refused if it is not made to this agency, was taken back, or was obeyed."""
    with session.store.writing():
        found = next((one for one in notices(session) if one.record.id == record.id), None)
        if found is None or found.to != session.store.me.agency or found.maker == found.to:
            raise Refused(_("%(ref)s is not made to this agency") % {"ref": record.ref})
        if found.cancelled:
            raise Refused(
                _("%(ref)s was taken back by %(agency)s") % {"ref": record.ref, "agency": found.maker}
            )
        if session.store.me.device in found.confirmed:
            raise Refused(_("%(ref)s was confirmed already") % {"ref": record.ref})
        obeyed = _Obeying(session).look_at(found, True)
        assert obeyed is not None
        _finish(session, [obeyed])
    return obeyed


def _finish(session: Session, obeyed: list[Obeyed]) -> None:
    """Add the log up anew where something was dropped, and say that it was."""
    if any(one.applied and one.edits for one in obeyed):
        session.store.replay()
    device = session.store.me.device
    unsaid = [one for one in obeyed if one.applied and device not in one.notice.confirmed]
    if unsaid and session.may_write:
        from taskforce.store.writing import close_writer, open_writer  # deferred: reading writes nothing

        writer = open_writer(session.store, session.sign_edit, session.now)
        for one in unsaid:
            said = {"status": "confirmed", "confirmed_at": moments.time_text(session.now)}
            writer.save(get_kind(RECALL), one.notice.record.id, said)
        close_writer(writer, "confirm recall", undoable=False)


class _Obeying:
    """One look at one recall."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._connection = session.store.connection
        self._own = own_devices(session)
        self.dropped: list[Taken] = []

    def look_at(self, notice: Notice, obey: bool) -> Obeyed | None:
        """What is done because of a recall; None where nothing is."""
        me = self._session.store.me
        if notice.to != me.agency or notice.maker == me.agency or notice.cancelled or notice.kind == RECALL:
            return None
        label = label_of_about(self._session, notice)
        if me.device in notice.confirmed:
            brought = recalling.brought_by(self._connection, notice.dot)
            edits = self._drop(notice, _late(notice, brought)) if brought else 0
            return self._told(notice, label, edits, applied=True) if edits else None
        carried = self._entitled(notice)
        if not obey:
            return self._told(notice, label, self._count(notice, carried), applied=False)
        return self._told(notice, label, self._drop(notice, carried), applied=True)

    def _entitled(self, notice: Notice) -> Carried:
        """Who made the record may recall all of it; somebody else what came here in bundles of theirs."""
        kind = find_kind(notice.kind)
        owner = "" if kind is None else queries.owner_of(self._connection, kind, notice.about)
        return Carried() if owner == notice.maker else Carried(agency=notice.maker)

    def _drop(self, notice: Notice, carried: Carried) -> int:
        dropping = Dropping(self._connection, self._own)
        for place in notice.places:
            dropping.drop(place, carried)
        dropping.forget_passed()
        self.dropped += dropping.dropped
        return len(dropping.dropped)

    def _count(self, notice: Notice, carried: Carried) -> int:
        return sum(
            Dropping(self._connection, self._own).would_drop(place, carried) for place in notice.places
        )

    def _told(self, notice: Notice, label: str, edits: int, *, applied: bool) -> Obeyed:
        kept = recalling.count_own(self._connection, notice.places, self._own)
        return Obeyed(notice, label, edits, kept, passed_on(self._session, notice), applied)


def _late(notice: Notice, brought: tuple[str, int, int]) -> Carried:
    device, epoch, number = brought
    return Carried(notice.maker, device, (epoch, number))


def own_devices(session: Session) -> frozenset[str]:
    """The devices of this store's agency."""
    me = session.store.me
    return frozenset((me.device, *(one.id for one in exchange.devices(session.store.connection, me.agency))))


def passed_on(session: Session, notice: Notice) -> tuple[str, ...]:
    """The agencies but its maker that this store told something of what is recalled."""
    found = disclosures.list_disclosures(session.store.connection, records=[(notice.about, notice.kind)])
    told = {one.agency for one in found if one.part in notice.parts}
    return tuple(sorted(told - {notice.maker, session.store.me.agency}))


def label_of_about(session: Session, notice: Notice) -> str:
    """What people call the record that is recalled: its ref."""
    return ref_of(session, notice.kind, notice.about)


def ref_of(session: Session, kind_name: str, record: str) -> str:
    """The ref of a record, held or not; its id where this version does not know its kind."""
    kind = find_kind(kind_name)
    if kind is None:
        return record
    return queries.refs_by_id(session.store.connection, kind, [record])[record]


def recalls_named(session: Session, records: Iterable[str]) -> tuple[str, ...]:
    """What some recalls recall, by ref, with the parts."""
    wanted = set(records)
    return tuple(
        f"{label_of_about(session, one)} ({', '.join(one.parts)})"
        for one in notices(session)
        if one.record.id in wanted
    )
