"""Whose edits may enter: signatures, claims to have made a record, certificates, and what waits in quarantine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taskforce import moments
from taskforce.actions.session import Session, natural_id, owned_id
from taskforce.actions.whose_word import Words
from taskforce.records.registry import find_kind, get_kind
from taskforce.records.schema import ERASED, Kind
from taskforce.store import erasing, exchange, history, queries
from taskforce.store.writing import close_writer, open_writer
from taskforce.sync.edit import Edit, known_edit
from taskforce.sync.merge import Dot

UNKNOWN_SIGNER, BROKEN_SIGNATURE, FORK, FALSE_CLAIM, NOT_OWNER = (
    "unknown-signer",
    "broken-signature",
    "fork",
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


def faults_of(
    session: Session, fresh: Sequence[tuple[Edit, Signer]], held: Mapping[Dot, str], own: Dot
) -> list[str]:
    """Why each edit may not enter, or '': a signature that does not hold, a claim to have made a record of others or to
    have seen what is not yet written, an erasure of what is others', a number that is used for another edit.

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
        elif ERASED in edit.set and not edit.born and not owns_natural(session, edit, signer.agency):
            result.append(NOT_OWNER)
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


def admit_waiting(session: Session, agency: str) -> int:
    """Take in what waited for this agency to be verified; how many edits. Only inside a transaction."""
    connection = session.store.connection
    admitted = _admit(session, exchange.waiting(connection, agency=agency, reason=UNKNOWN_SIGNER))
    settle_erasures(session)
    return admitted


def settle_erasures(session: Session) -> None:
    """Let in erasures whose authors may erase, as is known now, and confirm what was dropped here; in a transaction.

    Of a record that nobody can prove to have made the lead of its operation may erase parts, and who leads an
    operation may be heard later than the erasure.
    """
    waiting = exchange.waiting(session.store.connection, reason=NOT_OWNER)
    if waiting:
        _admit(session, waiting)
    unanswered = erasing.unanswered(session.store.connection, session.store.me.device)
    if unanswered:
        writer = open_writer(session.store, session.sign_edit, session.now)
        for place, edit in unanswered:
            writer.confirm_erased(place, edit)
        close_writer(writer, "confirm erasure", undoable=False)


def _admit(session: Session, waiting: Sequence[exchange.Waiting]) -> int:
    """Take in those of the edits in quarantine that may enter now; how many."""
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
    for (edit, signer), fault in zip(fresh, faults_of(session, fresh, held, own), strict=True):
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


def owns_natural(session: Session, edit: Edit, agency: str) -> bool:
    """Whether a record that nobody can prove to have made is an agency's to erase: its own, or its operation's."""
    kind = find_kind(edit.kind)
    if kind is None or queries.owner_of(session.store.connection, kind, edit.record):
        return False
    whose = natural_id("agency", agency)
    if kind.name == "agency":
        return edit.record == whose
    return leads_of(session, kind, edit.record) == {whose}


def leads_of(session: Session, kind: Kind, record: str) -> set[str]:
    """The record ids of the agencies that lead the operations that a record was ever said to be of.

    All of them count: anybody may move somebody's record into an operation of their own. Operations of which nothing is
    known here do not: who is not told of an operation must still be able to erase what came from it.
    """
    connection = session.store.connection
    named = {record}
    if kind.name != "operation":
        edits = history.edits_of_record(connection, kind, record)
        named = {str(edit.set["operation"]) for edit in edits if "operation" in edit.set}
    words = Words(session)
    operations = (queries.get_record(connection, get_kind("operation"), one) for one in named)
    return {lead for one in operations if one is not None and (lead := words.lead_of(one))}


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
