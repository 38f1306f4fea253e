"""Proves the edits of a feed one by one: form, hash, signature, whose the record is, and the one before.

What can be wrong with an edit is listed in `REASONS`; to have another reason found, add it there and to `_fault_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from taskforce.actions.admission import trusted_key
from taskforce.actions.session import Session
from taskforce.crockford import owned_id
from taskforce.errors import TrustError
from taskforce.i18n import N_, _
from taskforce.store import exchange
from taskforce.store.connection import Connection
from taskforce.store.ledger import BATCH
from taskforce.store.log_reading import Logged, logged
from taskforce.sync.edit import Edit, EditError, known_edit, parse_edit
from taskforce.sync.holdings import Ranges, of_numbers

UNREADABLE, MISFILED, ALTERED, SIGNATURE, UNKNOWN, CERTIFICATE, FALSE_CLAIM, CHAIN, NOT_ERASED, OWN_KEYS = (
    "unreadable",
    "misfiled",
    "altered",
    "signature",
    "unknown-device",
    "certificate",
    "false-claim",
    "chain",
    "not-erased",
    "own-keys",
)

REASONS = {
    UNREADABLE: N_("not an edit at all"),
    MISFILED: N_("filed under another place or record than it says itself"),
    ALTERED: N_("altered: the hash kept with it is not that of its content"),
    SIGNATURE: N_("the signature is not that of the device for this content"),
    UNKNOWN: N_("no certificate of the device is here"),
    CERTIFICATE: N_("the certificate of the device does not hold"),
    FALSE_CLAIM: N_("claims that its agency made a record that it did not make"),
    CHAIN: N_("does not follow the edit before it as that stands here: one of the two was exchanged"),
    NOT_ERASED: N_("without values and signature, and its part was not erased"),
}
"""What can be wrong with an edit, in words; several of them may be."""


@dataclass(slots=True)
class ProvenFeed:
    """What was found of one feed: its numbers, how many are proved and how many erased, and what is wrong with which.

    `is_readable` is false if an edit is none, so that nothing can be added up from the log.
    """

    feed: str
    numbers: Ranges = ()
    edits: int = 0
    verified: int = 0
    erased: int = 0
    first_at: str = ""
    last_at: str = ""
    faults: dict[str, Ranges] = field(default_factory=dict)
    is_readable: bool = True


@dataclass(frozen=True, slots=True)
class Signer:
    """A device: whose, its key, and whether its certificate holds."""

    agency: str
    sign_key: str
    fingerprint: str
    holds: bool


class Signers:
    """The devices whose certificates are here, each checked against its agency's verified key."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._faults: list[tuple[str, str, str]] = []
        self.known = {one.id: self._signer(one) for one in exchange.devices(session.store.connection)}
        self.fingerprints = {one.fingerprint for one in self.known.values() if one.holds}
        self._check_own()

    def get(self, device: str) -> Signer | None:
        """A device, or None if no certificate of it is here."""
        return self.known.get(device)

    def agency_of(self, device: str) -> str:
        """The code of a device's agency; empty where it is not known."""
        found = self.known.get(device)
        return "" if found is None else found.agency

    def faults(self) -> list[tuple[str, str, str]]:
        """What is wrong with certificates: a reason, the agency, and a sentence."""
        return self._faults

    def _signer(self, device: exchange.KnownDevice) -> Signer:
        from taskforce.keys.identity import check_certificate  # deferred: loads the cryptographic libraries

        try:
            found = check_certificate(device.certificate)
        except TrustError as error:
            self._note(device, error.sentence)
            return Signer(device.agency, "", "", holds=False)
        says = (found.id, found.agency, found.sign_key, found.seal_recipient)
        if says != (device.id, device.agency, device.sign_key, device.seal_to):
            self._note(device, _("it says another device, agency or key than is entered here"))
        elif found.agency_key != trusted_key(self._session, device.agency):
            self._note(device, _("it is not by the agency key that was verified"))
        else:
            return Signer(device.agency, found.sign_key, found.fingerprint, holds=True)
        return Signer(device.agency, "", "", holds=False)

    def _note(self, device: exchange.KnownDevice, what: str) -> None:
        text = _("the certificate of device %(device)s of %(agency)s: %(what)s")
        told = text % {"device": device.id, "agency": device.agency, "what": what}
        self._faults.append((CERTIFICATE, device.agency, told))

    def _check_own(self) -> None:
        """Whether this store's own keys are those that its certificate names."""
        from taskforce.keys.identity import agency_fingerprint, device_id  # deferred: as above
        from taskforce.keys.signatures import public_key

        store = self._session.store
        own, agency_key = self.known.get(store.me.device), store.meta("agency_key")
        try:
            sign_key = public_key(bytes.fromhex(store.meta("sign_seed")))
            fits = device_id(sign_key) == store.me.device and (
                agency_fingerprint(agency_key) == store.me.fingerprint
            )
            if seed := store.meta("agency_seed"):  # not every device of an agency has it
                fits = fits and public_key(bytes.fromhex(seed)) == agency_key
        except ValueError:
            fits = False
        if own is None:
            text = _("this device has no certificate of its agency")
        elif own.holds and (not fits or own.sign_key != sign_key):
            text = _("this device's own keys are not those that its certificate names")
        else:
            return
        self._faults.append((OWN_KEYS, store.me.agency, text))


def prove_feed(
    connection: Connection,
    feed: str,
    signers: Signers,
    erased: Collection[tuple[str, str, str]],
    progress: Callable[[int], None],
) -> ProvenFeed:
    """Prove every edit of a feed, a batch at a time; `erased` are the parts of which only skeletons are here."""
    result = ProvenFeed(feed)
    numbers: list[tuple[int, int]] = []
    wrong: dict[str, list[int]] = {}
    before = (0, "")
    for rows in _batches(logged(connection, feed)):
        edits = [read_row(row) for row in rows]
        reasons = faults_of(rows, edits, signers, erased)
        for row, edit, some in zip(rows, edits, reasons, strict=True):
            if numbers and numbers[-1][1] == row.number - 1:
                numbers[-1] = (numbers[-1][0], row.number)
            else:
                numbers.append((row.number, row.number))
            if edit is not None and _breaks_chain(edit, row.number, before):
                some.append(CHAIN)
            for reason in some:
                wrong.setdefault(reason, []).append(row.number)
            if some and not _can_be_added_up(edit):
                result.is_readable = False
            before = (row.number, "" if edit is None else edit.hash)
            if edit is None:
                continue
            result.erased += edit.is_skeleton
            result.verified += not some and not edit.is_skeleton
            at = edit.stamp.time + "Z"
            result.first_at = min(result.first_at or at, at)
            result.last_at = max(result.last_at, at)
        result.edits += len(rows)
        progress(len(rows))
    result.numbers = tuple(numbers)
    result.faults = {reason: of_numbers(some) for reason, some in wrong.items()}
    return result


def _batches(rows: Iterator[Logged]) -> Iterator[tuple[Logged, ...]]:
    """As many at once as are worth a thread each, and no more than a few megabytes."""
    batch: list[Logged] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row.body)
        if len(batch) >= BATCH or size >= _MOST_AT_ONCE:
            yield tuple(batch)
            batch, size = [], 0
    if batch:
        yield tuple(batch)


_MOST_AT_ONCE = 4 << 20
"""Characters of edits held at once: an edit may be megabytes long."""


def read_row(row: Logged) -> Edit | None:
    """The edit of a row, its hash as the content gives it; None where the row holds none."""
    try:
        return known_edit(row.body)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # whatever somebody put there
        return None


def faults_of(
    rows: Sequence[Logged],
    edits: Sequence[Edit | None],
    signers: Signers,
    erased: Collection[tuple[str, str, str]],
) -> list[list[str]]:
    """What is wrong with each edit of a batch, taken by itself."""
    from taskforce.keys.signatures import verify_many  # deferred: loads libsodium

    found: list[list[str]] = []
    signed: list[tuple[int, tuple[object, str, bytes, object]]] = []
    for row, edit in zip(rows, edits, strict=True):
        if edit is None:
            found.append([UNREADABLE])
            continue
        found.append(_faults_but_signature(row, edit, signers, erased))
        signer = signers.get(edit.device)
        if signer is not None and signer.holds and not edit.is_skeleton:
            signed.append((len(found) - 1, (signer.sign_key, "edit", edit.signed, edit.sig)))
    for (place, _item), holds in zip(signed, verify_many([item for _place, item in signed]), strict=True):
        if not holds:
            found[place].append(SIGNATURE)
    return found


def _faults_but_signature(
    row: Logged, edit: Edit, signers: Signers, erased: Collection[tuple[str, str, str]]
) -> list[str]:
    found = []
    if (edit.feed, edit.number, *edit.place) != (row.feed, row.number, row.record, row.kind, row.part):
        found.append(MISFILED)
    if edit.hash != row.hash:
        found.append(ALTERED)
    if edit.is_skeleton:
        if edit.place not in erased:
            found.append(NOT_ERASED)
        return found
    signer = signers.get(edit.device)
    if signer is None:
        found.append(UNKNOWN)
    elif not signer.holds:
        found.append(CERTIFICATE)
    elif edit.born and not _made_by(edit, signer, signers):
        found.append(FALSE_CLAIM)
    return found


def _made_by(edit: Edit, signer: Signer, signers: Signers) -> bool:
    """Whether the record is one that the signer's agency made.

    A device may have moved to another agency since: then the record was made by one that is known, too.
    """
    return any(
        owned_id(one, edit.kind, edit.born) == edit.record
        for one in (signer.fingerprint, *signers.fingerprints)
    )


def _breaks_chain(edit: Edit, number: int, before: tuple[int, str]) -> bool:
    """Whether an edit names another one before it than the one that is here; where none is here, nobody can tell."""
    if number == 1 or edit.number == 1:
        return bool(edit.prev)
    return before[0] == number - 1 and before[1] != edit.prev


def _can_be_added_up(edit: Edit | None) -> bool:
    """Whether the tables can be made of an edit although something is wrong with it."""
    if edit is None:
        return False
    if edit.is_skeleton:
        return True
    try:
        parse_edit(dict(edit.body))
    except (EditError, RecursionError):
        return False
    return True
