"""What waits in quarantine: looked at, and admitted or dropped by people. Nothing in it affects any table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from taskforce import moments
from taskforce.actions.admission import (
    confirm_if_possible,
    settle_erasures,
    signer_of,
    take_waiting,
)
from taskforce.actions.levels import Levels
from taskforce.actions.references import label_of, names_in
from taskforce.actions.session import Session
from taskforce.actions.sorting import BROKEN_SIGNATURE, FALSE_CLAIM, NOT_OWNER, NOT_VERIFIED, UNKNOWN_SIGNER
from taskforce.crockford import normalise, short_digest
from taskforce.errors import Ambiguous, NotFound, Refused
from taskforce.i18n import N_, _
from taskforce.records.registry import find_kind
from taskforce.records.schema import ERASED
from taskforce.store import forks, history, quarantine, queries
from taskforce.store.forks import AFTER_FORK, FORK
from taskforce.store.quarantine import ADMITTED, DROPPED, Waiting
from taskforce.store.queries import Record
from taskforce.store.revoked import REVOKED
from taskforce.sync.edit import Edit, Value, known_edit

REASONS = {
    UNKNOWN_SIGNER: N_("the agency that signed is not verified yet"),
    BROKEN_SIGNATURE: N_("the signature does not hold"),
    FORK: N_("another edit with the same number is known"),
    AFTER_FORK: N_("its feed forked before it"),
    FALSE_CLAIM: N_("it claims a record of another agency, or to have seen what was never written"),
    NOT_OWNER: N_("it erases what is another agency's"),
    NOT_VERIFIED: N_("its agency was only introduced: nobody has compared its words yet"),
    REVOKED: N_("its device was revoked before it"),
}
"""Why an edit waits, as a sentence."""

SHOWN = 8
"""Characters of the ref by which an edit in quarantine is called."""


def ref_of(edit_hash: str) -> str:
    """What people call an edit by: a short name made of its hash, to be typed and said over the radio."""
    return short_digest(b"taskforce waiting", edit_hash.encode())[:SHOWN]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An edit in quarantine as people see it.

    `label` is what its record is called, where that is known here, `record_ref` what people call it by anyhow;
    `came_through` is the agency whose bundle brought it.
    """

    ref: str
    hash: str
    reason: str
    edit: str
    agency: str
    device: str
    by: str
    at: str
    since: str
    kind: str
    record: str
    label: str
    record_ref: str
    part: str
    values: dict[str, Value]
    came_through: str
    may_enter: bool
    may_drop: bool

    @property
    def why(self) -> str:
        """Why it waits, as a sentence."""
        return _(REASONS.get(self.reason, self.reason))


@dataclass(frozen=True, slots=True)
class Seen:
    """An edit that waits, its record as it is here without it, and what people see in place of the ids in both."""

    one: Quarantined
    record: Record | None
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision did: the edits it was about, and those of a feed that need one of their own, by hash."""

    edits: tuple[str, ...]
    left: tuple[str, ...]
    applied: bool = True


class _DryRun(Exception):
    """Takes back what a decision would do."""


def list_quarantined(session: Session, *, limit: int | None = None) -> list[Quarantined]:
    """All that waits, or the first `limit`, by feed and number."""
    return [_shown(session, one) for one in quarantine.waiting(session.store.connection, limit=limit)]


def show(session: Session, text: str) -> Quarantined:
    """One edit that waits, by its ref or hash, or the beginning of its ref."""
    return _shown(session, _find(session, text))


def look(session: Session, text: str) -> Seen:
    """One edit that waits, as `show`, and beside it what stands here now."""
    return beside(session, show(session, text))


def count_quarantined(session: Session) -> int:
    """How many edits wait."""
    return sum(count for _reason, _who, count, _feed in quarantine.count_waiting(session.store.connection))


def beside(session: Session, one: Quarantined) -> Seen:
    """An edit that waits, and beside it what stands here now."""
    kind = find_kind(one.kind)
    if kind is None:
        return Seen(one, None, {})
    record = queries.get_record(session.store.connection, kind, one.record)
    now = {} if record is None else {name: record.items(name) for name in one.values if kind.field(name)}
    return Seen(one, record, names_in(session, kind, [one.values, now]))


def would_admit(session: Session, text: str) -> Decided:
    """What `admit` would do; it raises the same, and nothing is kept."""
    found: list[Decided] = []
    try:
        with session.store.writing():
            found.append(_admitted(session, text))
            raise _DryRun
    except _DryRun:
        pass
    return replace(found[0], applied=False)


def admit(session: Session, text: str, *, shown: Decided | None = None) -> Decided:
    """Let an edit in, by its ref or hash, or with a feed's name all that wait after its fork.

    Only edits of a feed that forked: one of the two at the fork, or later ones; at each number at most one. Refused
    for any other: an unknown signer is admitted by verifying its agency, a broken signature never. Refused, too, if by
    now it would let in other edits than was `shown` (`would_admit`).
    """
    with session.store.writing():
        done = _admitted(session, text)
        if shown is not None and set(done.edits) != set(shown.edits):
            raise Refused(
                _("other edits would be admitted than were shown"),
                hint=_("nothing was changed; look again"),
                code="changed",
            )
    confirm_if_possible(session)
    return done


def _admitted(session: Session, text: str) -> Decided:
    if forks.flagged_at(session.store.connection, text):
        return _admit_feed(session, text)
    one = _find(session, text)
    if one.reason in (UNKNOWN_SIGNER, NOT_VERIFIED):
        raise Refused(
            _("the agency that signed this edit is not verified"),
            hint=_("compare words and enter its card: taskforce peer add CARD; its edits come in by that"),
        )
    if one.reason == NOT_OWNER:
        raise Refused(
            _("this edit erases what is not known to be its agency's"),
            hint=_("it enters by itself if that agency turns out to lead the operation of what it erases"),
        )
    if one.reason == REVOKED:
        raise Refused(
            _(
                "the agency that signed this edit has revoked its device, and it is not one of the last good ones"
            ),
            hint=_(
                "if it is true all the same, enter it yourself; drop this one with: taskforce quarantine drop %(ref)s"
            )
            % {"ref": ref_of(one.hash)},
            code="revoked",
        )
    if not _may_enter(one):
        raise Refused(
            _("this edit can never enter: %(reason)s") % {"reason": _(REASONS.get(one.reason, one.reason))},
            hint=_("drop it with: taskforce quarantine drop %(ref)s") % {"ref": ref_of(one.hash)},
        )
    _take_in(session, [one])
    return Decided((one.hash,), ())


def drop(session: Session, text: str) -> Decided:
    """Forget an edit for good: it does not come back with another bundle. The history keeps that it was dropped.

    Refused for the two edits of a fork, which are evidence.
    """
    one = _find(session, text)
    if one.reason == FORK:
        raise Refused(
            _("this edit proves that %(feed)s forked; evidence is kept") % {"feed": one.feed},
            hint=_("see: taskforce feed show %(feed)s") % {"feed": one.feed},
        )
    if not _may_drop(one):
        raise Refused(_("this edit erased something here; it is kept to tell by whom and why"))
    with session.store.writing():
        quarantine.drop_waiting(session.store.connection, [one.hash])
        _note(session, DROPPED, [one])
    return Decided((one.hash,), ())


def _admit_feed(session: Session, feed: str) -> Decided:
    """Admit what waits after a fork, as `admitted_by_feed` says."""
    connection = session.store.connection
    chosen = admitted_by_feed(session, feed)
    left = [one.hash for one in quarantine.waiting(connection, feed=feed) if one not in chosen]
    _take_in(session, chosen)
    return Decided(tuple(one.hash for one in chosen), tuple(left))


def admitted_by_feed(session: Session, feed: str) -> list[Waiting]:
    """Of what waits after a fork: edits of which just one of their number is known, and what follows one that counts.

    So once people have admitted one side, all that its device wrote after it.
    """
    connection = session.store.connection
    ledger = session.store.ledger()
    chosen: list[Waiting] = []
    counting: dict[int, str] = {}  # those that would count
    for one in quarantine.waiting(connection, feed=feed, reason=AFTER_FORK):
        if one.number in counting or ledger.hash_at(feed, one.number) is not None:
            continue
        before = counting.get(one.number - 1) or ledger.hash_at(feed, one.number - 1)
        follows = before is not None and known_edit(one.body).prev == before
        if follows or len(forks.known_at(connection, feed, one.number)) == 1:
            chosen.append(one)
            counting[one.number] = one.hash
    return chosen


def _take_in(session: Session, some: Sequence[Waiting]) -> None:
    connection = session.store.connection
    good: list[Edit] = []
    owners: dict[tuple[str, str], str] = {}
    ledger, levels = session.store.ledger(), Levels(session)
    for one in some:
        edit = known_edit(one.body)
        if ledger.hash_at(edit.feed, edit.number) is not None:
            raise Refused(
                _("the other edit numbered %(edit)s was admitted already")
                % {"edit": f"{edit.feed}/{edit.number}"},
                hint=_("see both with: taskforce feed show %(feed)s") % {"feed": edit.feed},
            )
        signer = signer_of(session, one.certificate, levels)
        if signer is None:
            raise Refused(_("the agency that signed this edit is not verified"))
        if edit.born:
            owners[edit.record, edit.kind] = signer.agency
        good.append(edit)
    quarantine.drop_waiting(connection, [one.hash for one in some])
    _note(session, ADMITTED, some)
    take_waiting(session, good, owners, {one.hash: one.bundle for one in some})
    settle_erasures(session)


def _note(session: Session, decision: str, some: Sequence[Waiting]) -> None:
    """Keep a decision, so that it holds when the edits come again, and enter it into the history."""
    connection = session.store.connection
    officer, at = session.store.me.officer, moments.time_text(session.now)
    quarantine.decide(connection, [one.hash for one in some], decision, at, officer)
    for one in some:
        summary = f"{decision} {one.feed}/{one.number} ({one.reason}) {ref_of(one.hash)}"
        history.note_action(connection, at, officer, summary)


def _may_enter(one: Waiting) -> bool:
    return one.reason in (FORK, AFTER_FORK)


def _may_drop(one: Waiting) -> bool:
    return one.reason != FORK and not (one.reason == AFTER_FORK and ERASED in known_edit(one.body).set)


def _find(session: Session, text: str) -> Waiting:
    connection = session.store.connection
    start = normalise(text)
    hashes = quarantine.hashes_waiting(connection)
    found = [one for one in hashes if one == text or (start and ref_of(one).startswith(start))]
    if len(found) > 1:
        raise Ambiguous(
            _('several edits in quarantine begin with "%(text)s"') % {"text": text},
            candidates=[ref_of(one) for one in found[:10]],
        )
    one = quarantine.get_waiting(connection, found[0]) if found else None
    if one is None:
        raise NotFound(
            _('nothing in quarantine begins with "%(text)s"') % {"text": text},
            hint=_("see what waits with: taskforce quarantine list"),
        )
    return one


def _shown(session: Session, one: Waiting) -> Quarantined:
    body = json.loads(one.body)
    connection = session.store.connection
    kind = find_kind(body["kind"])
    record = None if kind is None else queries.get_record(connection, kind, body["record"])
    return Quarantined(
        ref_of(one.hash),
        one.hash,
        one.reason,
        f"{one.feed}/{one.number}",
        one.agency,
        one.device,
        body["by"],
        body["at"].partition("/")[0],
        one.at,
        body["kind"],
        body["record"],
        "" if record is None else label_of(record),
        body["record"]
        if kind is None
        else queries.refs_by_id(connection, kind, [body["record"]])[body["record"]],
        body["part"],
        body.get("set", {}),  # nothing where its part was erased
        forks.came_through(connection, one.feed, one.number, one.hash),
        _may_enter(one),
        _may_drop(one),
    )
