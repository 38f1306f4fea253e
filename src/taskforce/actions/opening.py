"""Opens a bundle for a person to read: unsealed, checked as an import checks it, and nothing of it taken in.

It is read twice: once to check all of it and to learn whose private parts it shows, then to write it out, byte for
byte. So what is wrong with it can be said before the first word of it is shown. Nothing in the store is locked or
written meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import IO, Any, cast

from taskforce.actions.admission import known_signer
from taskforce.actions.levels import VERIFIED, Levels
from taskforce.actions.reading import PRIVATE
from taskforce.actions.session import Session
from taskforce.errors import InputError, TrustError
from taskforce.i18n import _, ngettext
from taskforce.store import exchange
from taskforce.store.disclosures import Place
from taskforce.store.ledger import BATCH
from taskforce.store.revoked import revocations
from taskforce.sync.bundle import ALTERED, CUT_OFF, Head, Reader
from taskforce.sync.edit import Edit
from taskforce.sync.strict_yaml import BUNDLE_LIMITS, read_documents

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that an import would refuse, or let wait as forged: a code for scripts, a sentence for people."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What a bundle says it is, and what is wrong with it.

    `verified` is whether the agency that sent it was verified here; `unverified` counts the edits that were written by
    agencies that were not: of these nobody knows who wrote them. `private` are the parts that it shows of which it is
    recorded who looked. `digest` is that of its bytes.
    """

    name: str
    head: Head
    is_sealed: bool
    verified: bool
    edits: int
    unverified: int
    faults: tuple[Fault, ...]
    private: tuple[Place, ...]
    digest: bytes


def look_into(session: Session, stream: IO[bytes], name: str) -> Opened:
    """Read the whole bundle and check it.

    Raises TrustError if it is not addressed to this agency or not sealed to this device, InputError if it is no bundle,
    cannot be unsealed whole, or is no YAML that could be shown. What can be shown and is not to be trusted has faults.
    """
    with _unsealed(session, stream) as (source, is_sealed):
        hashed = _Hashed(source)
        reader = Reader(read_documents(hashed, name, BUNDLE_LIMITS), name)
        head = reader.head
        own = session.store.me.agency
        if own not in head.to:
            raise TrustError(
                _("this bundle is for %(agencies)s, not for %(own)s")
                % {"agencies": ", ".join(head.to), "own": own}
            )
        with session.store.reading():
            check = _Check(session, head)
        try:
            for edit in reader:
                check.take(edit)
        except InputError as error:
            if error.code not in (ALTERED, CUT_OFF):
                raise
            check.faults.append(Fault(error.code, error.sentence))
        else:
            check.end(reader)
        check.verify()
        while hashed.read(_CHUNK):
            pass
        return Opened(
            name,
            head,
            is_sealed,
            check.is_verified,
            check.edits,
            check.unverified,
            tuple(check.found()),
            tuple(check.private),
            hashed.digest(),
        )


def write_out(session: Session, stream: IO[bytes], opened: Opened, write: Callable[[bytes], object]) -> None:
    """Write the bundle that was looked into, exactly as it was made. InputError if it is another one by now."""
    stream.seek(0)
    with _unsealed(session, stream) as (source, _is_sealed):
        hashed = _Hashed(source)
        while piece := hashed.read(_CHUNK):
            write(piece)
        if hashed.digest() != opened.digest:
            raise InputError(
                _("%(name)s was changed while it was read: what was written is not what was checked")
                % {"name": opened.name},
                hint=_("run it again"),
            )


@contextmanager
def _unsealed(session: Session, stream: IO[bytes]) -> Iterator[tuple[IO[bytes], bool]]:
    from taskforce.keys.sealing import looks_sealed, open_stream  # deferred: age is loaded only for bundles

    start = stream.read(64)
    stream.seek(0)
    if not looks_sealed(start):
        yield stream, False
        return
    with closing(open_stream(cast(Any, stream), [session.store.meta("seal_identity")])) as opened:
        yield opened, True


class _Hashed:
    """A stream, and the SHA-256 of what was read from it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(size)
        self._hash.update(piece)
        return piece

    def digest(self) -> bytes:
        return self._hash.digest()


class _Check:
    """Checks the edits and the end of a bundle by the certificates that are known here or came with it."""

    def __init__(self, session: Session, head: Head) -> None:
        self.edits = 0
        self.unverified = 0
        self.faults: list[Fault] = []
        self.private: dict[Place, None] = {}
        self._broken = self._revoked = 0
        self._revocations = revocations(session.store.connection)
        self._batch: list[Edit] = []
        self._keys: dict[str, tuple[str, str, bool]] = {}  # by device: agency, signing key, is it verified
        self._levels = Levels(session)
        for device in exchange.devices(session.store.connection):
            known = known_signer(device, self._levels)
            self._keys[device.id] = (known.agency, known.sign_key, known.level == VERIFIED)
        for certificate in head.certificates:
            self._learn(certificate)
        agency, self._sign_key, self.is_verified = self._keys.get(head.device, ("", "", False))
        if agency != head.agency:
            self._sign_key, self.is_verified = "", False
            text = _("this bundle brings no certificate of the device that sent it")
            self.faults.append(Fault("no-certificate", text))

    def _learn(self, certificate: object) -> None:
        from taskforce.keys.identity import check_certificate  # deferred: loads libsodium

        try:
            device = check_certificate(certificate)
        except TrustError as error:
            self.faults.append(Fault("bad-certificate", error.sentence))
            return
        if not self._keys.get(device.id, ("", "", False))[2]:
            verified = self._levels.of(device.agency, device.agency_key) == VERIFIED
            self._keys[device.id] = (device.agency, device.sign_key, verified)

    def take(self, edit: Edit) -> None:
        """Count an edit, note what it shows, and verify it with others."""
        self.edits += 1
        if edit.part in PRIVATE and edit.set:
            self.private[Place(edit.record, edit.kind, edit.part)] = None
        if edit.is_skeleton:  # what an erasure left has no signature that could fit
            return
        if not self._keys.get(edit.device, ("", "", False))[2]:
            self.unverified += 1
        if edit.device in self._keys:
            self._batch.append(edit)
            self._revoked += self._revocations.refuses(self._keys[edit.device][0], edit.feed, edit.number)
        if len(self._batch) >= BATCH:
            self.verify()

    def verify(self) -> None:
        """Verify the edits that were not yet."""
        from taskforce.keys.signatures import verify_many  # deferred: as above

        batch, self._batch = self._batch, []
        holds = verify_many([(self._keys[edit.device][1], "edit", edit.signed, edit.sig) for edit in batch])
        self._broken += holds.count(False)

    def end(self, reader: Reader) -> None:
        """Verify the signature of the whole."""
        from taskforce.keys.signatures import verify  # deferred: as above

        if self._sign_key and not verify(self._sign_key, "bundle", reader.end or b"", reader.signature):
            text = _("the signature of this bundle is not that of its sender: it was altered on the way")
            self.faults.append(Fault("bad-signature", text))

    def found(self) -> list[Fault]:
        """All that is wrong."""
        if self._revoked:
            text = ngettext(
                "%(count)d edit in it was written after its device was revoked",
                "%(count)d edits in it were written after their device was revoked",
                self._revoked,
            )
            self.faults.append(Fault("revoked-edits", text % {"count": self._revoked}))
        if not self._broken:
            return self.faults
        text = ngettext(
            "the signature of %(count)d edit in it does not hold",
            "the signatures of %(count)d edits in it do not hold",
            self._broken,
        ) % {"count": self._broken}
        return [*self.faults, Fault("broken-edits", text)]
