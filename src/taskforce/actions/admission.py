"""Whose edits may enter: signatures, claims to have made a record, certificates, and what waits in quarantine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taskforce import moments
from taskforce.actions.session import Session, owned_id
from taskforce.records.registry import get_kind
from taskforce.store import exchange, queries
from taskforce.store.incarnation import AHEAD
from taskforce.store.ledger import Ledger
from taskforce.store.writing import close_writer, open_writer
from taskforce.sync.edit import Edit, known_edit
from taskforce.sync.holdings import Holdings
from taskforce.sync.merge import Dot

UNKNOWN_SIGNER, BROKEN_SIGNATURE, FORK, FALSE_CLAIM = (
    "unknown-signer",
    "broken-signature",
    "fork",
    "false-claim",
)


@dataclass(slots=True)
class Signer:
    """A device that wrote edits of the bundle: its key and agency, and whether that agency was verified."""

    agency: str
    fingerprint: str
    sign_key: str
    certificate: str
    verified: bool


def faults_of(fresh: Sequence[tuple[Edit, Signer]], held: Mapping[Dot, str], own: Dot) -> list[str]:
    """Why each edit may not enter, or '': a signature that does not hold, a claim to have made a record of others or to
    have seen what is not yet written, a number that its device has used for another edit.

    `held` has the hash of what already stands at each edit's place, or ''. Only a signature that holds proves that a
    number was used twice: a relay must not be able to pretend so. `own` is the last edit of this device's feed: who
    claims to have seen later ones would hide them when they are made.
    """
    from taskforce.keys.signatures import verify_many  # deferred: as above

    holds = verify_many([(signer.sign_key, "edit", edit.signed, edit.sig) for edit, signer in fresh])
    taken = dict(held)
    result = []
    for (edit, signer), is_good in zip(fresh, holds, strict=True):
        place = (edit.feed, edit.number)
        if not is_good:
            result.append(BROKEN_SIGNATURE)
        elif _claims_falsely(edit, signer, own):
            result.append(FALSE_CLAIM)
        elif taken[place] not in ("", edit.hash):
            result.append(FORK)
        else:
            taken[place] = edit.hash
            result.append("")
    return result


def _claims_falsely(edit: Edit, signer: Signer, own: Dot) -> bool:
    if edit.born and owned_id(signer.fingerprint, edit.kind, edit.born) != edit.record:
        return True
    return any(seen.get(own[0], 0) > own[1] for seen in edit.saw.values())


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
    if arrived:
        writer = open_writer(session.store, session.sign_edit, session.now)
        for record in arrived:
            at = moments.time_text(session.now)
            writer.save(kind, record.id, {"status": "received", "received_at": at})
        close_writer(writer, "receive referrals", undoable=False)
    return [record.ref for record in arrived]


def notice_ahead(session: Session, ledger: Ledger, stated: Holdings) -> None:
    """Begin a new epoch if a verified peer states edits of our feed that we have not written: this store was put back.

    What the peer states is its word alone. If it is false, the epoch is a needless one.
    """
    feed, last = ledger.last_of(session.store.me.feed)
    if any(top > last for _first, top in stated.get(feed, ())):
        session.store.begin_epoch(AHEAD)


def admit_waiting(session: Session, agency: str) -> int:
    """Take in what waited for this agency to be verified; how many edits. Only inside a transaction."""
    return _admit(session, exchange.waiting(session.store.connection, agency=agency, reason=UNKNOWN_SIGNER))


def recheck_claims(session: Session) -> int:
    """Take in edits that claimed to have seen what we had not written, once we know that we had: after a new epoch.

    They prove nothing about a feed that we do not write any more. How many edits entered.
    """
    store = session.store
    if store.meta("claims") == store.me.feed:
        return 0
    store.set_meta("claims", store.me.feed)
    return _admit(session, exchange.waiting(store.connection, reason=FALSE_CLAIM))


def _admit(session: Session, waiting: Sequence[exchange.Waiting]) -> int:
    """Take in those of the edits in quarantine that may enter now; the others wait on, each for its own reason."""
    connection = session.store.connection
    fresh: list[tuple[Edit, Signer]] = []
    ledger = session.store.ledger()
    for one in waiting:
        signer = _signer_of(session, one.certificate, trusted_key(session, one.agency))
        if signer is not None:
            fresh.append((known_edit(one.body), signer))
    held = {(edit.feed, edit.number): ledger.hash_at(edit.feed, edit.number) or "" for edit, _signer in fresh}
    own = ledger.last_of(session.store.me.feed)
    good, owners, done = [], {}, []
    for (edit, signer), fault in zip(fresh, faults_of(fresh, held, own), strict=True):
        if fault:
            connection.execute("UPDATE quarantine SET reason = ? WHERE hash = ?", (fault, edit.hash))
            continue
        done.append(edit.hash)
        if held[edit.feed, edit.number]:
            continue
        good.append(edit)
        if edit.born:
            owners[edit.record, edit.kind] = signer.agency
    exchange.drop_waiting(connection, done)
    session.store.ledger().take(good, owners)
    acknowledge_referrals(session, [edit.record for edit in good if edit.kind == "referral"])
    return len(good)


def trusted_key(session: Session, agency: str) -> str:
    """The verified key of an agency, our own included; empty if there is none."""
    if agency == session.store.me.agency:
        return session.store.meta("agency_key")
    peer = exchange.find_peer(session.store.connection, agency)
    return "" if peer is None else peer.agency_key


def known_signer(device: exchange.KnownDevice) -> Signer:
    from taskforce.keys.identity import agency_fingerprint  # deferred: as above

    certificate = json.dumps(device.certificate, sort_keys=True)
    fingerprint = agency_fingerprint(str(device.certificate["agency-key"]))
    return Signer(device.agency, fingerprint, device.sign_key, certificate, verified=True)


def _signer_of(session: Session, certificate: str, trusted: str) -> Signer | None:
    from taskforce.keys.identity import check_certificate  # deferred: as above

    device = check_certificate(json.loads(certificate)) if certificate else None
    if device is None or device.agency_key != trusted:
        return None
    exchange.put_device(
        session.store.connection,
        exchange.KnownDevice(
            device.id, device.agency, device.sign_key, device.seal_recipient, device.certificate
        ),
    )
    return Signer(device.agency, device.fingerprint, device.sign_key, certificate, verified=True)
