"""Whose edits may enter: signers and their certificates, and what waits in quarantine until it may."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress

from taskforce import moments
from taskforce.actions.brought import Brought
from taskforce.actions.levels import INTRODUCED, Levels
from taskforce.actions.obeying import settle_recalls
from taskforce.actions.session import Session
from taskforce.actions.sorting import (
    FALSE_CLAIM,
    NOT_OWNER,
    NOT_VERIFIED,
    UNKNOWN_SIGNER,
    Signer,
    sort_out,
)
from taskforce.errors import StoreError
from taskforce.records.registry import get_kind
from taskforce.sharing.facts import OPEN_TO_INTRODUCED
from taskforce.store import erasing, exchange, forks, queries
from taskforce.store.forks import FORK, Taken
from taskforce.store.incarnation import AHEAD
from taskforce.store.levels import agencies_waiting, forget_device, take_out_parts
from taskforce.store.quarantine import Waiting, drop_waiting, note_reasons, waiting
from taskforce.store.revoked import REVOKED
from taskforce.store.statements import drop_contradicted
from taskforce.sync.edit import Edit, known_edit
from taskforce.sync.holdings import Holdings

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.store.ledger import Ledger


def acknowledge_referrals(session: Session, records: Sequence[str]) -> list[str]:
    """Mark referrals to us that have just arrived as received: the acknowledgement that goes back."""
    kind = get_kind("referral")
    connection = session.store.connection
    arrived = [
        record
        for one in records
        if (record := queries.get_record(connection, kind, one)) is not None
        and record.text("status") == "sent"
        and record.text("to") == session.own_agency
    ]
    if arrived and session.may_write:
        from taskforce.store.writing import close_writer, open_writer  # deferred: reading writes nothing

        writer = open_writer(session.store, session.sign_edit, session.now)
        for record in arrived:
            at = moments.time_text(session.now)
            writer.save(kind, record.id, {"status": "received", "received_at": at})
        close_writer(writer, "receive referrals", undoable=False)
        return [record.ref for record in arrived]
    return []


def notice_ahead(session: Session, ledger: Ledger, stated: Holdings) -> None:
    """Begin a new epoch if a verified peer states edits of our feed that we have not written: this store was put back.

    What the peer states is its word alone. If it is false, the epoch is a needless one.
    """
    feed, last = ledger.last_of(session.store.me.feed)
    if any(top > last for _first, top in stated.get(feed, ())):
        session.store.begin_epoch(AHEAD)


def admit_waiting(session: Session, agency: str) -> int:
    """Take in what waited for this agency to be verified; how many edits. Only inside a transaction."""
    admitted = _admit(session, _of_agency(session, agency))
    settle_erasures(session)
    settle_recalls(session)
    return admitted


def _of_agency(session: Session, agency: str) -> list[Waiting]:
    """What waits until an agency is known, or better known."""
    connection = session.store.connection
    return [
        one
        for reason in (UNKNOWN_SIGNER, NOT_VERIFIED)
        for one in waiting(connection, agency=agency, reason=reason)
    ]


def settle_levels(session: Session, brought: Brought | None = None, *, admits: bool = True) -> Levels:
    """Let the log follow how far agencies are known now; what that is. Only inside a transaction.

    What came of an agency that is introduced no more, or under another key than the one that counts, leaves the log for
    the quarantine. What waited and may enter does. What was said under another key is forgotten. Without `admits` what
    waits stays where it is.
    """
    store, connection = session.store, session.store.connection
    levels = Levels(session)
    for agency in drop_contradicted(connection, levels.key):
        # A false key may have said that devices are lost which are not.
        _admit(session, waiting(connection, agency=agency, reason=REVOKED), brought, levels)
    left: list[Taken] = []
    at = moments.time_text(session.now)
    for device in exchange.devices(connection):
        level = levels.of(device.agency, str(device.certificate["agency-key"]))
        if level == INTRODUCED:
            left += take_out_parts(connection, device.id, NOT_VERIFIED, at, but=OPEN_TO_INTRODUCED)
        elif not level:
            left += take_out_parts(connection, device.id, UNKNOWN_SIGNER, at)
            forget_device(connection, device.id, UNKNOWN_SIGNER)
    if left:
        store.replay()
        if brought is not None:
            brought.leave(left)
    if not admits:
        return levels
    for agency in agencies_waiting(connection, UNKNOWN_SIGNER):
        if agency in levels.introduced:
            _admit(session, waiting(connection, agency=agency, reason=UNKNOWN_SIGNER), brought, levels)
    for agency in agencies_waiting(connection, NOT_VERIFIED):
        if agency in levels.verified:
            _admit(session, waiting(connection, agency=agency, reason=NOT_VERIFIED), brought, levels)
    return levels


def admit_again(session: Session, hashes: Sequence[str]) -> None:
    """Sort edits of the quarantine anew, since what they waited for is known no more. Only inside a transaction."""
    chosen = set(hashes)
    _admit(session, [one for one in waiting(session.store.connection) if one.hash in chosen])


def recheck_claims(session: Session, brought: Brought) -> None:
    """Take in edits that claimed to have seen what we had not written, once we know that we had: after a new epoch.

    They prove nothing about a feed that we do not write any more. Forks that an earlier version kept without flagging
    the feed are flagged, too. What enters, and leaves, is told to `brought`.
    """
    store = session.store
    if store.meta("claims") == store.me.feed:
        return
    store.set_meta("claims", store.me.feed)
    points = forks.fork_points(store.connection)
    kept = [one for one in waiting(store.connection, reason=FORK) if one.feed not in points]
    _admit(session, waiting(store.connection, reason=FALSE_CLAIM) + kept, brought)


def settle_erasures(session: Session, brought: Brought | None = None) -> None:
    """Let in erasures whose authors may erase, as is known now; only inside a transaction. See `confirm_erasures`.

    Of a record that nobody can prove to have made the lead of its operation may erase parts, and who leads an
    operation may be heard later than the erasure. An erasure by a feed that forked waits like any edit of it, and yet
    erases: where it came before the fork was known, the values are gone and cannot come back.
    """
    connection = session.store.connection
    held_back = waiting(connection, reason=NOT_OWNER)
    if held_back:
        _admit(session, held_back, brought)
    if erasing.erase_as_told_in_quarantine(connection, session.store.ledger()):
        session.store.replay()


def confirm_erasures(session: Session, *, again: bool = True) -> None:
    """Say for this device that it dropped what was erased: an action of its own, after the one that dropped it.

    Only once no byte of it is in the store's file any more. What cannot be confirmed now is so before the next bundle
    is made, which is soon enough: nobody hears of it earlier. `again` tries to take them out once more.
    """
    store = session.store
    if not store.scrub(again=again) or not erasing.unanswered(store.connection, store.me.device):
        return
    if not session.may_write:
        return  # nobody would take it
    with store.writing():
        unanswered = erasing.unanswered(store.connection, store.me.device)  # as long as nobody else writes
        from taskforce.store.writing import close_writer, open_writer  # deferred: reading writes nothing

        writer = open_writer(store, session.sign_edit, session.now)
        for place, edit in unanswered:
            writer.confirm_erased(place, edit)
        close_writer(writer, "confirm erasure", undoable=False)


def confirm_if_possible(session: Session) -> None:
    """The same after an action that is done, whatever becomes of this: a full disk must not refuse what it took."""
    with suppress(StoreError):
        confirm_erasures(session, again=False)


def _admit(
    session: Session, some: Sequence[Waiting], brought: Brought | None = None, levels: Levels | None = None
) -> int:
    """Take in those of the edits in quarantine that may enter now; the others wait on, each for its own reason.

    How many entered; an import is told of each, and of what left.
    """
    connection = session.store.connection
    fresh: list[tuple[Edit, Signer]] = []
    levels = (levels or Levels(session)) if some else None
    for one in some:
        assert levels is not None
        signer = signer_of(session, one.certificate, levels)
        if signer is not None:
            fresh.append((known_edit(one.body), signer))
    ledger = session.store.ledger()
    held = {(edit.feed, edit.number): ledger.hash_at(edit.feed, edit.number) or "" for edit, _signer in fresh}
    found = sort_out(session, ledger, fresh, held)
    waits = {edit.hash for edit, _signer, _reason in found.waiting}
    note_reasons(connection, {edit.hash: reason for edit, _signer, reason in found.waiting})
    drop_waiting(connection, [edit.hash for edit, _signer in fresh if edit.hash not in waits])
    if brought is not None:
        brought.leave(found.left)
        for edit in found.good:
            brought.enters(edit)
        brought.keep_clock()
    take_waiting(session, found.good, found.owners, {one.hash: one.bundle for one in some})
    return len(found.good)


def take_waiting(
    session: Session,
    edits: Sequence[Edit],
    owners: dict[tuple[str, str], str],
    bundles: Mapping[str, int | None],
) -> None:
    """Take edits that waited into the log, each as of the bundle that brought it."""
    ledger = session.store.ledger()
    by_bundle: dict[int | None, list[Edit]] = {}
    for edit in edits:
        by_bundle.setdefault(bundles.get(edit.hash), []).append(edit)
    for bundle, some in by_bundle.items():
        ledger.take(some, owners, bundle=bundle)
    acknowledge_referrals(session, [edit.record for edit in edits if edit.kind == "referral"])


def verified_key(session: Session, agency: str) -> str:
    """The key of an agency whose words people compared, our own included; empty if nobody has."""
    if agency == session.store.me.agency:
        return session.store.meta("agency_key")
    peer = exchange.find_peer(session.store.connection, agency)
    return "" if peer is None else peer.agency_key


def trusted_key(session: Session, agency: str) -> str:
    """The key by which an agency is known, verified or introduced, our own included; empty if there is none."""
    return verified_key(session, agency) or Levels(session).key(agency)


def known_signer(device: exchange.KnownDevice, levels: Levels) -> Signer:
    from taskforce.keys.identity import agency_fingerprint  # deferred: as above

    certificate = json.dumps(device.certificate, sort_keys=True)
    key = str(device.certificate["agency-key"])
    level = levels.of(device.agency, key)
    return Signer(device.agency, agency_fingerprint(key), device.sign_key, certificate, level)


def signer_of(session: Session, certificate: str, levels: Levels) -> Signer | None:
    from taskforce.keys.identity import check_certificate  # deferred: as above

    device = check_certificate(json.loads(certificate)) if certificate else None
    level = levels.of(device.agency, device.agency_key) if device is not None else ""
    if device is None or not level:
        return None
    exchange.put_device(
        session.store.connection,
        exchange.KnownDevice(
            device.id, device.agency, device.sign_key, device.seal_recipient, device.certificate
        ),
    )
    return Signer(device.agency, device.fingerprint, device.sign_key, certificate, level)
