"""Feeds: which devices wrote what this store knows, what of it is not held, and which feeds forked, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from taskforce.actions.quarantined import admitted_by_feed, ref_of
from taskforce.actions.references import label_of, names_in
from taskforce.actions.session import Session
from taskforce.errors import Ambiguous, NotFound
from taskforce.i18n import _
from taskforce.records.registry import find_kind
from taskforce.store import forks, history, queries
from taskforce.store.feeds import FeedRow, feed_rows
from taskforce.sync.edit import Value, known_edit
from taskforce.sync.holdings import Ranges, difference, to_text


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed: its device, whose it is, who wrote last, what is held of it and which numbers between are not.

    Those were withheld from this agency, or have not come yet: which of the two cannot be told from here.

    `forked_at` is the number from which on its edits wait until people admit them, 0 for a feed that did not fork;
    `later` is how many of them its name admits now (`quarantined.admit`), `is_decided` says that one of the two sides
    was admitted.
    """

    feed: str
    device: str
    epoch: int
    agency: str
    officer: str
    own: bool
    current: bool
    edits: int
    held: str
    not_held: str
    last_at: str
    waiting: int
    forked_at: int
    flagged_at: str
    later: int
    is_decided: bool


@dataclass(frozen=True, slots=True)
class Half:
    """One of the edits that prove a fork, as people see it.

    `counts` says whether it was admitted, `names` what people see in place of the ids in its values.
    """

    ref: str
    hash: str
    edit: str
    prev: str
    at: str
    by: str
    kind: str
    record: str
    label: str
    part: str
    values: dict[str, Value]
    came_through: str
    counts: bool
    names: Mapping[str, str]


def list_feeds(session: Session) -> list[Feed]:
    """Every feed of which something is held or waits: our own first, then by agency, device and epoch."""
    with session.store.reading():
        points = forks.fork_points(session.store.connection)
        found = [_feed(session, row, points) for row in feed_rows(session.store.connection)]
    return sorted(found, key=lambda one: (not one.own, one.agency, one.device, one.epoch))


def show_feed(session: Session, text: str) -> tuple[Feed, list[Half]]:
    """A feed, by the beginning of its name, and where it forked the two edits that prove it."""
    every = list_feeds(session)
    found = [one for one in every if one.feed == text] or [one for one in every if one.feed.startswith(text)]
    if not found or not text:
        raise NotFound(
            _('no feed begins with "%(text)s"') % {"text": text},
            hint=_("see them with: taskforce feed list"),
        )
    if len(found) > 1:
        raise Ambiguous(
            _('several feeds begin with "%(text)s"') % {"text": text},
            candidates=[one.feed for one in found[:10]],
        )
    [feed] = found
    halves = [
        _half(session, one) for one in forks.evidence(session.store.connection) if _feed_of(one) == feed.feed
    ]
    return feed, halves


def _feed(session: Session, row: FeedRow, points: dict[str, int]) -> Feed:
    connection = session.store.connection
    device, _dot, epoch = row.feed.partition(".")
    held: Ranges = row.held
    point = points.get(row.feed, 0)
    top = max((last for _first, last in held), default=0)
    return Feed(
        row.feed,
        device,
        int(epoch),
        history.agency_of_device(connection, device) or row.agency,
        row.officer,
        device == session.store.me.device,
        row.feed == session.store.me.feed,
        row.edits,
        to_text(held),
        to_text(difference(((1, top),), held)) if top else "",
        row.last_at,
        row.waiting,
        point,
        forks.flagged_at(connection, row.feed),
        len(admitted_by_feed(session, row.feed)) if point else 0,
        any(one.counts for one in forks.known_at(connection, row.feed, point)) if point else False,
    )


def _feed_of(one: forks.Known) -> str:
    return known_edit(one.body).feed


def _half(session: Session, one: forks.Known) -> Half:
    edit = known_edit(one.body)
    kind = find_kind(edit.kind)
    record = None if kind is None else queries.get_record(session.store.connection, kind, edit.record)
    return Half(
        ref_of(edit.hash),
        edit.hash,
        f"{edit.feed}/{edit.number}",
        edit.prev,
        edit.stamp.time + "Z",
        edit.by,
        edit.kind,
        edit.record,
        label_of(record) if record is not None else "",
        edit.part,
        dict(edit.set),
        forks.came_through(session.store.connection, edit.feed, edit.number, edit.hash),
        one.counts,
        {} if kind is None else names_in(session, kind, [edit.set]),
    )
