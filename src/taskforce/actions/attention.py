"""What needs attention now: worst first, each with what to do. The screen `taskforce status` shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from taskforce import moments
from taskforce.actions import agreements, conflicts
from taskforce.actions.attention_peers import (
    Item,
    of_clocks,
    of_devices,
    of_disputes,
    of_erasures,
    of_peers,
    of_recalls,
    of_rosters,
)
from taskforce.actions.levels import Levels
from taskforce.actions.peers import PeerState, list_peers
from taskforce.actions.quarantined import REASONS
from taskforce.actions.references import label_of, names_for
from taskforce.actions.session import Session
from taskforce.actions.sorting import NOT_VERIFIED, UNKNOWN_SIGNER
from taskforce.i18n import _, ngettext
from taskforce.labels import field_label, field_labels
from taskforce.records.registry import get_kind
from taskforce.records.schema import OPEN, OPERATIONAL, Kind, Type
from taskforce.store import proposals, quarantine, queries
from taskforce.store.forks import FORK
from taskforce.store.newer import unknown_kinds
from taskforce.store.queries import Condition, Record

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.proposing import Proposed

_ANSWER_OPEN = ("sent", "received")


@dataclass(frozen=True, slots=True)
class Status:
    """The present state: the current operation, what needs attention worst first, and the counts below it.

    `items` may be cut; `total` says how many things need attention in all.
    """

    operation: str
    operation_state: str
    agency: str
    officer: str
    items: tuple[Item, ...]
    total: int
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Some:
    """Things of one sort: those that were read, and how many there are."""

    items: list[Item]
    total: int


def status(session: Session, *, limit: int | None = None, peers: Sequence[PeerState] | None = None) -> Status:
    """What needs attention now, in one read of the store: all of it, or the worst `limit` things.

    However many assignments are late, no more of them are read than are asked for. `peers` are those of `list_peers`,
    where they were read already.
    """
    with session.store.reading():
        now = session.now
        operation = _current(session)
        conflicted = _conflicts(session, limit)
        found = [
            _referrals(session, now, limit),
            _drafts(session, limit),
            _assignments(session, now, operation, limit),
            conflicted,
            _proposals(session, limit),
            _whole(quarantined(session)),
            _whole(of_devices(session)),
            _whole(of_disputes(session)),
            _whole(of_rosters(session)),
            _whole(of_erasures(session)),
            _whole(of_recalls(session)),
            _whole(_newer(session)),
            _whole(of_clocks(session)),
            _whole(_agreements(session)),
            _whole(of_peers(list_peers(session) if peers is None else peers, now)),
        ]
        items = sorted((item for some in found for item in some.items), key=_urgency)
        return Status(
            operation.text("codename") if operation else "",
            operation.text("status") if operation else "",
            session.store.me.agency,
            session.store.me.officer,
            tuple(items[:limit]),
            sum(some.total for some in found),
            _counts(session, operation, conflicted.total),
        )


def _whole(items: list[Item]) -> _Some:
    return _Some(items, len(items))


_WORST_FIRST = (
    ("revoked", "agency"),
    ("revoked", "peer"),
    ("late", "referral"),
    ("late", "assignment"),
    ("conflict", "record"),
    ("proposal", "record"),
    ("recall", "recall"),
    ("quarantine", "edit"),
    ("disputed", "peer"),
    ("erased", "peer"),
    ("recalled", "peer"),
    ("draft", "referral"),
    ("due", "referral"),
    ("clock", "peer"),
    ("roster", "operation"),
    ("bundle", "peer"),
    ("stale", "peer"),
    ("late", "agreement"),
    ("agreement", "agreement"),
    ("unanswered", "peer"),
    ("waiting", "peer"),
    ("newer", "record"),
)


_OTHERS = _WORST_FIRST.index(("due", "referral"))
"""Before what is not one's own to see to comes all that waits for one's own answer."""


def _urgency(item: Item) -> tuple[int, bool]:
    place = _WORST_FIRST.index((item.kind, item.noun))
    return (place, False) if item.own else (max(place, _OTHERS), True)


def _current(session: Session) -> Record | None:
    found = session.current_operation
    return queries.get_record(session.store.connection, get_kind("operation"), found) if found else None


def _read(
    session: Session, kind: Kind, conditions: list[Condition], sort: list[tuple[str, bool]], limit: int | None
) -> tuple[list[Record], int]:
    """The first `limit` records that meet the conditions, and how many do."""
    connection = session.store.connection
    found = queries.list_records(connection, kind, conditions, sort=sort, limit=limit)
    if limit is None or len(found) < limit:
        return found, len(found)
    return found, queries.count_records(connection, kind, conditions)


def _drafts(session: Session, limit: int | None) -> _Some:
    """Referrals made here that were never sent: somebody believes that a place is being asked for."""
    kind = get_kind("referral")
    conditions = [Condition("status", "=", "draft"), Condition("sender", "=", session.own_agency)]
    found, total = _read(session, kind, conditions, [], limit)
    names = names_for(session, found, ["victim", "to"])
    text = _("not sent yet: %(victim)s to %(agency)s")
    items = [
        Item(
            "draft",
            "referral",
            record.ref,
            text
            % {"victim": names.get(record.text("victim"), "?"), "agency": names.get(record.text("to"), "?")},
            f"taskforce referral send {record.ref}",
        )
        for record in found
    ]
    return _Some(items, total)


def _referrals(session: Session, now: datetime, limit: int | None) -> _Some:
    kind = get_kind("referral")
    # Those with a time to answer by, whatever it is.
    conditions = [Condition("status", "in", _ANSWER_OPEN), Condition("answer_due", ">=", "")]
    found, total = _read(session, kind, conditions, [("answer_due", False)], limit)
    names = names_for(session, found, ["victim", "to"])
    items = []
    for record in found:
        due, to = record.text("answer_due"), names.get(record.text("to"), "?")
        text = _("answer %(when)s: %(victim)s to %(agency)s") % {
            "victim": names.get(record.text("victim"), "?"),
            "agency": to,
            "when": moments.left_or_late(due, now),
        }
        do = (
            f"taskforce referral accept {record.ref}"
            if record.text("to") == session.own_agency
            else f"taskforce contact list --agency {to} --on-duty"
        )
        items.append(Item("late" if moments.is_late(due, now) else "due", "referral", record.ref, text, do))
    return _Some(items, total)


def _assignments(session: Session, now: datetime, operation: Record | None, limit: int | None) -> _Some:
    kind = get_kind("assignment")
    assert kind.lifecycle is not None
    open_states = [state for state in kind.lifecycle.states if state not in kind.lifecycle.closed]
    conditions = [Condition("status", "in", open_states), Condition("due", "<", moments.time_text(now))]
    if operation:
        conditions.append(Condition("operation", "=", operation.id))
    leads = operation is not None and operation.text("lead") == session.own_agency
    late, total = _read(session, kind, conditions, [("due", False)], limit)
    if total > len(late) and not leads:
        late = _with_own(session, conditions, late)
    names = names_for(session, late, ["agency"])
    items = [
        Item(
            "late",
            "assignment",
            record.ref,
            _("%(when)s: %(title)s (%(agency)s)")
            % {
                "title": record.title,
                "agency": names.get(record.text("agency"), "–"),
                "when": moments.left_or_late(record.text("due"), now),
            },
            f"taskforce assignment show {record.ref}",
            own=leads or record.text("agency") in ("", session.own_agency),
        )
        for record in late
    ]
    return _Some(items, total)


def _with_own(session: Session, conditions: list[Condition], late: list[Record]) -> list[Record]:
    """The latest assignments, and as many of one's own: those come first, however many of others' are later."""
    found = {record.id: record for record in late}
    for whose in (Condition("agency", "=", session.own_agency), Condition("agency", "unset")):
        own = queries.list_records(
            session.store.connection,
            get_kind("assignment"),
            [*conditions, whose],
            sort=[("due", False)],
            limit=len(late),
        )
        found.update((record.id, record) for record in own)
    return sorted(found.values(), key=lambda record: (record.text("due"), record.n))


def _conflicts(session: Session, limit: int | None) -> _Some:
    places = conflicts.places(session)
    found = [conflicts.conflict_at(session, place) for place in places[:limit]]
    items = [
        Item(
            "conflict",
            "record",
            label_of(each.record),
            ngettext("%(field)s: %(count)d value", "%(field)s: %(count)d values", len(each.sides))
            % {"field": field_label(each.record.kind, each.field), "count": len(each.sides)},
            f"taskforce conflict show {label_of(each.record)}",
        )
        for each in found
        if each is not None
    ]
    return _Some(items, len(items) + len(places) - len(found))


def _proposals(session: Session, limit: int | None) -> _Some:
    """What others propose and this agency decides on."""
    if not proposals.count_for(session.store.connection, session.own_agency, OPEN):
        return _Some([], 0)
    from taskforce.actions.proposing import list_proposals  # deferred: mostly nothing is proposed

    found = [one for one in list_proposals(session) if one.is_ours]
    items = [
        Item(
            "proposal",
            "record",
            one.label,
            _what_is_proposed(one),
            f"taskforce proposal show {one.label}",
        )
        for one in found[:limit]
    ]
    return _Some(items, len(found))


def _what_is_proposed(one: Proposed) -> str:
    title = one.kind.field(one.kind.title)
    if one.record is None and one.part == OPERATIONAL and title is not None and title.type != Type.REF:
        return _("%(agency)s proposes a new %(kind)s: %(title)s") % {
            "agency": one.agency,
            "kind": _(one.kind.label).lower(),
            "title": one.called.title,
        }
    return _("%(agency)s proposes: %(fields)s") % {
        "agency": one.agency,
        "fields": field_labels(one.kind, one.fields),
    }


def quarantined(session: Session) -> list[Item]:
    """What waits in quarantine for people, by reason and whose it says it is; of a feed that forked by feed."""
    result = []
    for reason, who, count, feed in quarantine.count_undecided(session.store.connection):
        do, where = "taskforce quarantine list", f"quarantine {who} {reason}"
        if reason == FORK:
            text = ngettext(
                "%(count)d edit waits: its feed forked", "%(count)d edits wait: their feed forked", count
            ) % {"count": count}
            do, where = f"taskforce feed show {feed}", f"feeds {feed} {reason}"
        else:
            waits = ngettext("%(count)d edit waits", "%(count)d edits wait", count) % {"count": count}
            text = f"{waits}: {_(REASONS[reason])}"
        if reason in (UNKNOWN_SIGNER, NOT_VERIFIED):
            do = "taskforce peer add CARD"
        result.append(Item("quarantine", "edit", who, text, do, where=where))
    return result


def _newer(session: Session) -> list[Item]:
    """Kinds of records that partners with a newer version of the program have sent."""
    result = []
    for one in unknown_kinds(session.store.connection):
        text = ngettext(
            "%(count)d record from a newer version is kept, and not shown",
            "%(count)d records from a newer version are kept, and not shown",
            one.records,
        )
        result.append(
            Item("newer", "record", one.kind, text % {"count": one.records}, _("install the newer version"))
        )
    return result


def _agreements(session: Session) -> list[Item]:
    return [
        Item(
            "late" if one.late else "agreement",
            "agreement",
            one.record.ref,
            f"{one.sentence}: {one.record.title}",
            f"taskforce agreement show {one.record.ref}",
        )
        for one in agreements.due(session)
    ]


def _counts(session: Session, operation: Record | None, conflicted: int) -> dict[str, int]:
    connection = session.store.connection
    within = [Condition("operation", "=", operation.id)] if operation else []
    assignment, referral = get_kind("assignment"), get_kind("referral")
    assert referral.lifecycle is not None
    open_states = [state for state in referral.lifecycle.states if state not in referral.lifecycle.closed]
    return {
        "assignments": queries.count_records(connection, assignment, within),
        "assignments_done": queries.count_records(
            connection, assignment, [*within, Condition("status", "=", "done")]
        ),
        "referrals_open": queries.count_records(
            connection, referral, [Condition("status", "in", open_states)]
        ),
        "conflicts": conflicted,
        "peers": len(Levels(session).partners),
    }
