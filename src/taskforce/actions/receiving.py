"""Imports: a bundle is opened, checked whole and taken in within one transaction, or it changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from taskforce import moments
from taskforce.actions.acknowledging import settle_noted
from taskforce.actions.admission import (
    acknowledge_referrals,
    confirm_if_possible,
    known_signer,
    notice_ahead,
    recheck_claims,
    settle_erasures,
    settle_levels,
)
from taskforce.actions.brought import Brought, Imported, Said, Touched
from taskforce.actions.levels import RANK, ROSTER, VERIFIED, Levels, codename_of
from taskforce.actions.obeying import Obeyed, settle_recalls
from taskforce.actions.session import Session
from taskforce.actions.sorting import UNKNOWN_SIGNER, Signer, sort_out
from taskforce.actions.stating import take_statements
from taskforce.errors import TrustError
from taskforce.files import Rejoined
from taskforce.i18n import _
from taskforce.records.schema import OPEN
from taskforce.store import erasing, exchange, history
from taskforce.store.forks import AFTER_FORK, FORK, put_told_forks
from taskforce.store.ledger import BATCH, Ledger
from taskforce.store.proposals import count_for
from taskforce.store.quarantine import Waiting, put_waiting
from taskforce.store.revoked import revocations
from taskforce.sync import holdings
from taskforce.sync.bundle import Head, Reader
from taskforce.sync.edit import Edit
from taskforce.sync.merge import Dot
from taskforce.sync.strict_yaml import BUNDLE_LIMITS, read_documents

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.keys.statements import Statement

_MOST_AT_ONCE = 4 << 20
"""Characters of edits held at once: an edit may be megabytes long, and many such come from whoever makes a bundle."""


class _DryRun(Exception):
    """Leaves the transaction of a dry run, so that it is rolled back."""


def import_bundle(
    session: Session,
    stream: IO[bytes],
    name: str,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _edits: None,
) -> Imported:
    """Take in a bundle; `progress` is told how many more edits were looked at. What it raises ends the import.

    Raises TrustError if it is not addressed to us or its signature is broken, InputError if it is damaged or malformed;
    then nothing has changed.
    """
    from taskforce.keys.sealing import looks_sealed, open_stream  # deferred: age is loaded only for bundles

    start = stream.read(64)
    source: Any = Rejoined(start, stream)
    if looks_sealed(start):
        source = open_stream(source, [session.store.meta("seal_identity")])
    try:
        incoming = _Incoming(session, Reader(read_documents(source, name, BUNDLE_LIMITS), name), progress)
        try:
            with session.store.writing():
                incoming.take_all()
                if dry_run:
                    raise _DryRun
        except _DryRun:
            pass
        else:
            confirm_if_possible(session)
        return incoming.result(applied=not dry_run)
    finally:
        close = getattr(source, "close", None)
        if close is not None and source is not stream:
            close()


@dataclass(slots=True)
class _Incoming:
    session: Session
    reader: Reader
    progress: Callable[[int], None]
    edits: int = 0
    conflicts: int = 0
    proposals: int = 0
    level: str = ""
    signers: dict[str, Signer] = field(default_factory=dict)
    some: tuple[Touched, ...] = ()
    waiting: Mapping[str, int] = field(default_factory=dict)
    forked: Mapping[tuple[str, str], int] = field(default_factory=dict)
    received: list[str] = field(default_factory=list)
    erased: tuple[erasing.Place, ...] = ()
    recalls: tuple[Obeyed, ...] = ()
    carried: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    shared: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    said: Sequence[Statement] = ()
    told: tuple[Said, ...] = ()
    _levels: Levels = field(init=False)
    _ledger: Ledger | None = None
    _row: int = 0
    _erased_before: set[erasing.Place] = field(default_factory=set)
    _brought: Brought = field(init=False)

    def __post_init__(self) -> None:
        self._brought = Brought(self.session, self.session.now)

    def take_all(self) -> None:
        """Read the whole bundle into the open transaction."""
        head = self.reader.head
        if self.session.store.me.agency not in head.to:
            raise TrustError(
                _("this bundle is for %(agencies)s, not for %(own)s")
                % {"agencies": ", ".join(head.to), "own": self.session.store.me.agency}
            )
        connection = self.session.store.connection
        before = history.count_conflicts(connection)
        proposed = self._proposed()
        self._erased_before = set(erasing.erased_parts(connection))
        self.said = take_statements(self.session, head.statements) if head.statements else []
        self._learn_signers(head)
        self._ledger = self.session.store.ledger()
        if self.level:
            notice_ahead(self.session, self._ledger, head.holdings)
        self._row = self._note_bundle(head)
        batch: list[Edit] = []
        size = 0
        for edit in self.reader:
            batch.append(edit)
            size += len(edit.text)
            if len(batch) >= BATCH or size >= _MOST_AT_ONCE:
                self._take(batch)
                batch, size = [], 0
        self._take(batch)
        self._check_end(head)
        self._learn_holdings(head)
        self._finish(head)
        self.conflicts = max(0, history.count_conflicts(connection) - before)
        self.proposals = max(0, self._proposed() - proposed)
        self.some, self.waiting = self._brought.some(), self._brought.waiting()
        self.told = tuple(self._told(one) for one in self.said)
        self.forked = self._brought.forked()

    def result(self, *, applied: bool) -> Imported:
        """What is told of it."""
        head = self.reader.head
        return Imported(
            head.id,
            head.agency,
            head.device,
            head.to,
            head.to[self.session.store.me.agency],
            head.made,
            self.level == VERIFIED,
            self.edits,
            self._brought.new,
            tuple((kind, record, is_new) for (kind, record), is_new in self._brought.touched.items()),
            self.some,
            self.waiting,
            self.forked,
            tuple(self.received),
            self.conflicts,
            self.proposals,
            self._brought.ahead,
            self.erased,
            erasing.copies_beside(self.session.store.folder) if self.erased else (),
            self.recalls,
            applied,
            self.told,
            self.level,
        )

    def _told(self, one: Statement) -> Said:
        operation = codename_of(self.session, one.about) if one.type == ROSTER else ""
        return Said(one.type, one.agency, one.about, operation)

    def _learn_signers(self, head: Head) -> None:
        """Check the certificates that came along and keep those of verified agencies."""
        self._levels = Levels(self.session)
        for device in exchange.devices(self.session.store.connection):
            self.signers[device.id] = known_signer(device, self._levels)
        for certificate in head.certificates:
            self._learn(certificate, head)
        sender = self.signers.get(head.device)
        if sender is None or sender.agency != head.agency:
            raise TrustError(_("this bundle brings no certificate of the device that sent it"))
        self.level = sender.level
        self._require_unrevoked(head)

    def _require_unrevoked(self, head: Head) -> None:
        lost = revocations(self.session.store.connection).by_device.get((head.agency, head.device))
        if lost is not None and self.level:
            raise TrustError(
                _("this bundle is from a device that %(agency)s revoked (%(when)s)")
                % {"agency": head.agency, "when": moments.show_time(lost.made)},
                hint=_("nothing was changed; what was good of that device comes with bundles of others"),
                code="revoked",
            )

    def _learn(self, certificate: Mapping[str, Any], head: Head) -> None:
        from taskforce.keys.identity import check_certificate  # deferred: as above

        found = self.signers.get(str(certificate.get("device")))
        if found is not None and found.level and found.certificate == json.dumps(certificate, sort_keys=True):
            return  # the very one that was checked when it was entered
        device = check_certificate(certificate)
        level = self._levels.of(device.agency, device.agency_key)
        known = self.signers.get(device.id)
        proven = device.id == head.device  # by the signature at the end
        # No agency takes a device from another on its word alone, but a verified one from one that is only introduced.
        if known is not None and known.level:
            better = RANK[level] - RANK[known.level]
            if better < 0 or (better == 0 and not proven):
                return
            proven = True
        self.signers[device.id] = Signer(
            device.agency,
            device.fingerprint,
            device.sign_key,
            json.dumps(device.certificate, sort_keys=True),
            level,
        )
        if level:
            self._enter(device.certificate, proven=proven)

    def _enter(self, certificate: Mapping[str, str], *, proven: bool) -> None:
        """Know a device from now on whose certificate was checked."""
        entered = exchange.KnownDevice(
            certificate["device"],
            certificate["agency"],
            certificate["sign-key"],
            certificate["seal-to"],
            certificate,
        )
        if exchange.put_device(self.session.store.connection, entered, proven=proven):
            self.session.store.replay()  # whose edits these are stands in the tables

    def _settle_levels(self) -> None:
        """What came may say who introduces whom: let in what waited for that, and know the devices that came along."""
        levels = settle_levels(self.session, self._brought)
        for signer in self.signers.values():
            certificate = json.loads(signer.certificate)
            if not signer.level and levels.of(signer.agency, certificate["agency-key"]):
                self._enter(certificate, proven=False)

    def _take(self, batch: Sequence[Edit]) -> None:
        """Sort a batch into known, new and waiting edits, and take the new ones in."""
        self.edits += len(batch)
        fresh: list[tuple[Edit, Signer]] = []
        held: dict[Dot, str] = {}
        assert self._ledger is not None
        for edit in batch:
            place = (edit.feed, edit.number)
            self.carried.setdefault(edit.feed, []).append((edit.number, edit.number))
            held[place] = self._ledger.hash_at(*place) or ""
            if held[place] == edit.hash:
                self._share(edit)
                continue
            signer = self.signers.get(edit.device)
            if signer is None or not signer.level:
                self._wait(edit, UNKNOWN_SIGNER, signer)
            else:
                fresh.append((edit, signer))
        found = sort_out(self.session, self._ledger, fresh, held)
        if found.left:
            self._ledger = self.session.store.ledger()
            self._brought.leave(found.left)
        for edit, signer, reason in found.waiting:
            self._wait(edit, reason, signer)
            if reason in (FORK, AFTER_FORK):
                self._share(edit)
        for edit in found.good:
            self._brought.enters(edit)
            self._share(edit)
        self._ledger.take(found.good, found.owners, bundle=self._row)
        self.progress(len(batch))

    def _proposed(self) -> int:
        """How many values wait for this agency's decision."""
        return count_for(self.session.store.connection, self.session.own_agency, OPEN)

    def _share(self, edit: Edit) -> None:
        """Note that the sender and we both hold an edit: neither needs to send it again."""
        self.shared.setdefault(edit.feed, []).append((edit.number, edit.number))

    def _wait(self, edit: Edit, reason: str, signer: Signer | None) -> None:
        connection = self.session.store.connection
        is_erased = erasing.is_erased(connection, edit.place)
        kept = erasing.kept_waiting(edit, reason) if is_erased else edit
        if kept is None:
            return  # its values are not to be kept, and without them nobody could check it later
        one = Waiting(
            edit.hash,
            reason,
            edit.device,
            signer.agency if signer else "",
            signer.certificate if signer else "",
            moments.time_text(self.session.now),
            kept.text,
            edit.feed,
            edit.number,
            self._row,
        )
        if put_waiting(connection, one):
            self._brought.waits(edit)

    def _check_end(self, head: Head) -> None:
        from taskforce.keys.signatures import verify  # deferred: as above

        signer = self.signers[head.device]
        if self.reader.end is None or not verify(
            signer.sign_key, "bundle", self.reader.end, self.reader.signature
        ):
            raise TrustError(
                _("the signature of this bundle is not that of its sender: it was altered on the way"),
                hint=_("nothing was changed; ask for the bundle again"),
            )

    def _note_bundle(self, head: Head) -> int:
        connection = self.session.store.connection
        row = exchange.row_of_bundle(connection, head.id, head.device)
        if row is not None:
            return row
        number = head.to[self.session.store.me.agency]
        at = moments.time_text(self.session.now)
        found = exchange.BundleRow(head.id, head.agency, head.device, number, head.made, at, 0, head.epoch)
        return exchange.put_bundle(connection, "in", found)

    def _learn_holdings(self, head: Head) -> None:
        """The latest bundle of a verified device says what that device holds; an older one says it no more."""
        if not self.level:
            return
        connection = self.session.store.connection
        carried = {feed: holdings.normalise(pairs) for feed, pairs in self.carried.items()}
        if exchange.newest_heard(connection, head.device)[1] == self._row:
            exchange.put_told(connection, head.device, head.holdings)
            put_told_forks(connection, head.device, head.forks)
        exchange.add_told(connection, head.device, carried)
        shared = {feed: holdings.normalise(pairs) for feed, pairs in self.shared.items()}
        exchange.add_sent(connection, head.agency, shared)

    def _finish(self, head: Head) -> None:
        """Note how many edits came, let in what waited for that, and acknowledge the referrals that have arrived."""
        connection = self.session.store.connection
        exchange.note_edits(connection, self._row, self.edits)
        recheck_claims(self.session, self._brought)
        self._brought.keep_clock()
        self._settle_levels()
        settle_erasures(self.session, self._brought)
        self.erased = tuple(sorted(set(erasing.erased_parts(connection)) - self._erased_before))
        self.recalls = settle_recalls(self.session, self._brought)
        self.received = acknowledge_referrals(
            self.session, [record for kind, record in self._brought.touched if kind == "referral"]
        )
        settle_noted(self.session)
