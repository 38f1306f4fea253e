"""Sorts edits that arrive: those that may enter, and those that wait, each with its reason.

What may enter depends on the edits that are known and on what people decided, never on the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from taskforce import moments
from taskforce.actions.owning import owns_natural
from taskforce.actions.session import Session
from taskforce.crockford import owned_id
from taskforce.records.schema import ERASED
from taskforce.store import forks
from taskforce.store.forks import AFTER_FORK, FORK
from taskforce.store.incarnation import AHEAD
from taskforce.store.revoked import REVOKED, revocations
from taskforce.sync.edit import Edit
from taskforce.sync.merge import Dot

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.store.ledger import Ledger

UNKNOWN_SIGNER, BROKEN_SIGNATURE, FALSE_CLAIM, NOT_OWNER = (
    "unknown-signer",
    "broken-signature",
    "false-claim",
    "not-owner",
)


@dataclass(slots=True)
class Signer:
    """A device that wrote edits of the bundle: its key and agency, and whether that agency was verified."""

    agency: str
    fingerprint: str
    sign_key: str
    certificate: str
    verified: bool


@dataclass(slots=True)
class Sorted:
    """Edits that may enter, each once; those that wait, and why; those that left the log: if any, tables are new.

    `owners` says which agency made the records that the good edits prove made.
    """

    good: list[Edit] = field(default_factory=list)
    waiting: list[tuple[Edit, Signer, str]] = field(default_factory=list)
    owners: dict[tuple[str, str], str] = field(default_factory=dict)
    left: Sequence[forks.Taken] = ()


def sort_out(
    session: Session, ledger: Ledger, fresh: Sequence[tuple[Edit, Signer]], held: Mapping[Dot, str]
) -> Sorted:
    """Sort edits that the log does not hold. `held` has the hash of what the log holds at each one's place, or ''.

    Feeds that turn out to have forked are flagged, their edits from the fork on leave the log, and the tables are built
    anew; if one of them is ours, or somebody has more of ours than we, a new epoch begins. Only inside a transaction.
    """
    store = session.store
    own = ledger.last_of(store.me.feed)
    result = Sorted()
    valid: list[tuple[Edit, Signer]] = []
    for (edit, signer), reason in zip(fresh, faults_of(session, fresh, own), strict=True):
        if reason:
            result.waiting.append((edit, signer, reason))
            continue
        valid.append((edit, signer))
        if edit.feed == own[0] and edit.number > own[1]:
            store.begin_epoch(AHEAD)
    points = forks.fork_points(store.connection)
    lower = _lower_points(session, ledger, [edit for edit, _signer in valid], held, points)
    if lower:
        if own[0] in lower:
            store.begin_epoch(AHEAD)
        at = moments.time_text(session.now)
        result.left = forks.flag(store.connection, lower, at, store.me.officer)
        if result.left:
            store.replay()
        points |= lower
    entered = set()
    for edit, signer in valid:
        point = points.get(edit.feed)
        if point is not None and edit.number >= point:
            result.waiting.append((edit, signer, FORK if edit.number == point else AFTER_FORK))
        elif held.get((edit.feed, edit.number)) != edit.hash and edit.hash not in entered:
            entered.add(edit.hash)
            result.good.append(edit)
            if edit.born:
                result.owners[edit.record, edit.kind] = signer.agency
    return result


def faults_of(session: Session, fresh: Sequence[tuple[Edit, Signer]], own: Dot) -> list[str]:
    """Why each edit may not enter, or '': a signature that does not hold, a device that was revoked before, a claim to
    have made a record of others or to have seen what is not yet written, an erasure of what is others'.

    Only a signature that holds proves anything about a feed: a relay must not be able to pretend that it forked. `own`
    is the last edit of this device's feed: who claims to have seen later ones would hide them when they are made.
    """
    from taskforce.keys.signatures import verify_many  # deferred: loads libsodium

    holds = verify_many([(signer.sign_key, "edit", edit.signed, edit.sig) for edit, signer in fresh])
    lost = revocations(session.store.connection)
    result = []
    for (edit, signer), is_good in zip(fresh, holds, strict=True):
        if not is_good:
            result.append(BROKEN_SIGNATURE)
        elif lost.refuses(signer.agency, edit.feed, edit.number):
            result.append(REVOKED)
        elif _claims_falsely(edit, signer, own):
            result.append(FALSE_CLAIM)
        elif ERASED in edit.set and not edit.born and not owns_natural(session, edit, signer.agency):
            result.append(NOT_OWNER)
        else:
            result.append("")
    return result


def _claims_falsely(edit: Edit, signer: Signer, own: Dot) -> bool:
    if edit.born and owned_id(signer.fingerprint, edit.kind, edit.born) != edit.record:
        return True
    return any(seen.get(own[0], 0) > own[1] for seen in edit.saw.values())


def _lower_points(
    session: Session,
    ledger: Ledger,
    valid: Iterable[Edit],
    held: Mapping[Dot, str],
    points: Mapping[str, int],
) -> dict[str, int]:
    """The feeds that these edits prove to have forked earlier than is known, with their fork points."""
    connection = session.store.connection
    lower: dict[str, int] = {}
    here: dict[Dot, list[Edit]] = {}

    def found(feed: str, number: int) -> None:
        if number < lower.get(feed, points.get(feed, number + 1)):
            lower[feed] = number

    def hashes_at(feed: str, number: int) -> set[str]:
        """What is known at a place: in the log, in this batch, and of a feed that forked in quarantine."""
        place = (feed, number)
        if feed in points:
            known = {one.hash for one in forks.known_at(connection, feed, number)}
        else:
            logged = held[place] if place in held else ledger.hash_at(feed, number)
            known = {logged} if logged else set()
        return known | {one.hash for one in here.get(place, ())}

    def followers(feed: str, number: int) -> set[str]:
        """What the edits known at the next place name as the one before them."""
        place = (feed, number + 1)
        named = {one.prev for one in here.get(place, ())}
        if feed in points or held.get(place, "?"):
            named |= {one.prev for one in forks.known_at(connection, feed, number + 1)}
        return named

    for edit in valid:
        point = min(points.get(edit.feed, edit.number + 1), lower.get(edit.feed, edit.number + 1))
        if edit.number > point:
            continue  # it cannot lower it: only what stands at the fork point speaks of the place before
        if hashes_at(edit.feed, edit.number) - {edit.hash}:
            found(edit.feed, edit.number)
        if edit.number > 1 and hashes_at(edit.feed, edit.number - 1) - {edit.prev}:
            found(edit.feed, edit.number - 1)
        if followers(edit.feed, edit.number) - {edit.hash}:
            found(edit.feed, edit.number)
        here.setdefault((edit.feed, edit.number), []).append(edit)
    return lower
