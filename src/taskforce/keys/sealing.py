"""Sealed files: standard age files (age-encryption.org/v1) for X25519 recipients, made and opened as streams.

What is opened is decrypted while it is read: no plaintext file, and memory does not grow with the file. Every
chunk was authenticated before its first byte is given out; a file that is cut off or altered raises, it never
just ends.
"""

from __future__ import annotations

import io
import re

from taskforce.errors import InputError, TrustError
from taskforce.i18n import _

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

MAGIC = b"age-encryption.org/v1\n"
ARMOR_BEGIN = b"-----BEGIN AGE ENCRYPTED FILE-----"
ARMOR_END = b"-----END AGE ENCRYPTED FILE-----"

MOST_RECIPIENTS = 500
# The age library reads a header in time that grows with the square of its length: 65 KB of tiny entries keep
# it busy for 13 s. 500 recipients take 49 KB and less than 0.1 s.
_MOST_HEADER_BYTES = 60_000
_MOST_HEADER_ENTRIES = MOST_RECIPIENTS + 50  # other writers add "grease" entries
_HEAD_BYTES = _MOST_HEADER_BYTES * 4 // 3 + 4096  # enough of the file to see that much header, armored too
_LONGEST_ARMOR_LINE = 64
_RECIPIENT = "age1[02-9ac-hj-np-z]{58}"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def looks_sealed(first_bytes: bytes) -> bool:
    """Return whether a file that begins with ``first_bytes`` (34 or more) is an age file, armored or not."""
    return first_bytes.startswith((b"age-encryption.org/", ARMOR_BEGIN))


def check_recipient(recipient: str) -> None:
    """Raise TrustError unless ``recipient`` (``age1…``) is one that things can be sealed to."""
    _recipients([recipient])


def seal_stream(source: BinaryIO, target: BinaryIO, recipients: Sequence[str]) -> None:
    """Write ``source`` to ``target``, sealed to each of ``recipients`` (``age1…``; 1 to ``MOST_RECIPIENTS``).

    Raises TrustError for no, too many or impossible recipients (before anything is written) and the OSError
    of a source or target that fails; what was written until then is a file cut off, which no reader takes.
    """
    import pyrage  # deferred: a compiled module that few commands need

    keys = _recipients(recipients)
    reader, writer = _Source(source), _Target(target)
    try:
        pyrage.encrypt_io(reader, writer, keys)
    except (pyrage.EncryptError, OSError):
        if error := reader.error or writer.error:
            raise error from None
        raise
    if writer.error:  # the library drops the error of its very last write
        raise writer.error


def seal_bytes(data: bytes, recipients: Sequence[str]) -> bytes:
    """Return ``data`` sealed to ``recipients``; raises as ``seal_stream``."""
    target = io.BytesIO()
    seal_stream(io.BytesIO(data), target, recipients)
    return target.getvalue()


def armored(data: bytes) -> str:
    """Return an age file as text, as the age tool's ``--armor`` writes it."""
    import base64  # deferred: only what is kept as text needs it

    text = base64.b64encode(data).decode("ascii")
    lines = [text[at : at + _LONGEST_ARMOR_LINE] for at in range(0, len(text), _LONGEST_ARMOR_LINE)]
    return "\n".join((ARMOR_BEGIN.decode(), *lines, ARMOR_END.decode())) + "\n"


def is_armored(text: str) -> bool:
    """Return whether ``text`` looks like what ``armored`` makes, and holds nothing that could draw on a terminal."""
    lines = text.splitlines()
    return [line.encode("utf-8", "replace") for line in (lines[:1] + lines[-1:])] == [
        ARMOR_BEGIN,
        ARMOR_END,
    ] and re.fullmatch(r"[A-Za-z0-9+/=\n]*", "\n".join(lines[1:-1])) is not None


def open_stream(source: BinaryIO, identities: Sequence[str]) -> BinaryIO:
    """Return a reader of what is sealed in ``source``, opened with any of ``identities`` (secret keys).

    Reading raises TrustError if it is not addressed to them, InputError if it is no age file, damaged, forged
    or cut off, the OSError of a ``source`` that fails; again at every further read. Close it, read to the end
    or not; ``source`` stays open and is the caller's to close, afterwards.
    """
    from taskforce.keys.opening import OpenedStream  # deferred: brings in threads

    keys = _identities(identities)
    return io.BufferedReader(OpenedStream(lambda target: _open(source, target, keys)), 1 << 16)


def open_bytes(data: bytes, identities: Sequence[str]) -> bytes:
    """Return what is sealed in ``data``; for small things. Raises as reading from ``open_stream`` does."""
    target = io.BytesIO()
    _open(io.BytesIO(data), target, _identities(identities))
    return target.getvalue()


def _open(source: BinaryIO, target: object, keys: list[object]) -> None:
    """Write what is sealed in ``source`` to ``target``, which need only have ``write``."""
    import pyrage  # deferred, as above

    head = _read_head(source)
    armored = head.startswith(ARMOR_BEGIN)
    _check_header(_dearmored(head) if armored else head, whole=len(head) < _HEAD_BYTES)
    reader, writer = _Source(source, head, armored=armored), _Target(target)
    try:
        pyrage.decrypt_io(reader, writer, keys)
    except (pyrage.DecryptError, OSError) as problem:
        if error := reader.error or writer.error:
            raise error from None
        if "No matching keys" in str(problem):
            raise TrustError(
                _("this sealed file is not addressed to this device"),
                hint=_("ask the sender to make it again for this agency, with its newest card"),
                code="not-addressed",
            ) from None
        raise _damaged() from None
    if writer.error:
        raise writer.error


def _read_head(source: BinaryIO) -> bytes:
    """Return the first ``_HEAD_BYTES`` of ``source``, fewer only if it ends before."""
    pieces: list[bytes] = []
    missing = _HEAD_BYTES
    while missing and (piece := source.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _check_header(binary: bytes, *, whole: bool) -> None:
    """Raise InputError unless ``binary``, the begin of an age file or (``whole``) all of it, has a decent header."""
    if not binary.startswith(MAGIC):
        raise InputError(
            _("this is not a sealed file of a kind that taskforce opens"),
            hint=_("a sealed bundle is an age file, version 1"),
            code="not-sealed",
        )
    end = binary.find(b"\n--- ")
    if end < 0 and whole:
        raise _damaged()
    if not 0 < end <= _MOST_HEADER_BYTES or binary.count(b"\n-> ", 0, end) > _MOST_HEADER_ENTRIES:
        raise InputError(
            _("this sealed file names more than %(most)d recipients") % {"most": MOST_RECIPIENTS},
            hint=_("ask the sender to seal it to fewer at once"),
            code="too-many-recipients",
        )


def _dearmored(head: bytes) -> bytes:
    """Return the bytes behind the armored text ``head``; its last line may be cut off."""
    import binascii  # deferred: armored files are rare

    lines = head.replace(b"\r\n", b"\n").split(b"\n")
    pieces: list[bytes] = []
    for line in lines[1:-1]:
        if line == ARMOR_END:
            break
        try:
            pieces.append(binascii.a2b_base64(line, strict_mode=True))
        except binascii.Error:
            raise _damaged() from None
    return b"".join(pieces)


def _damaged() -> InputError:
    return InputError(
        _("the sealed file is damaged or was cut off"),
        hint=_("copy it again, or ask the sender for it again"),
        code="damaged",
    )


def _recipients(recipients: Sequence[str]) -> list[object]:
    import pyrage  # deferred, as above
    from nacl.bindings import crypto_scalarmult

    if not recipients:
        raise TrustError(
            _("there is nobody to seal it to"),
            hint=_("an empty list of recipients never means everybody; name at least one agency"),
            code="no-recipients",
        )
    if len(recipients) > MOST_RECIPIENTS and not isinstance(recipients, str):
        raise TrustError(
            _("a file can be sealed to %(most)d devices at most, not to %(count)d")
            % {"most": MOST_RECIPIENTS, "count": len(recipients)},
            hint=_("make several files"),
            code="too-many-recipients",
        )
    keys: dict[str, object] = {}
    for recipient in recipients:
        try:
            if not isinstance(recipient, str) or not re.fullmatch(_RECIPIENT, recipient):
                raise ValueError("not an age recipient")
            keys[recipient] = pyrage.x25519.Recipient.from_str(recipient)
            # A point of low order would be readable by everybody; the age library ends the program over it.
            crypto_scalarmult(b"\x01" * 32, _point(recipient))
        except (ValueError, RuntimeError, pyrage.RecipientError):
            raise TrustError(
                _("the key %(key)s is not one that things can be sealed to") % {"key": str(recipient)[:80]},
                hint=_("ask the agency for its card again, by a way you trust"),
                code="bad-recipient",
            ) from None
    return list(keys.values())


def _point(recipient: str) -> bytes:
    """Return the 32 bytes of an age recipient whose checksum was checked (Bech32, BIP 173): 52 letters of five bits."""
    number = 0
    for letter in recipient[4:56]:
        number = number << 5 | _BECH32.index(letter)
    return (number >> 4).to_bytes(32, "big")


def _identities(identities: Sequence[str]) -> list[object]:
    import pyrage  # deferred, as above

    return [pyrage.x25519.Identity.from_str(identity) for identity in identities]


class _Source:
    """What the age library reads: ``head`` first, then ``source``. It keeps the error the library would garble."""

    def __init__(self, source: BinaryIO, head: bytes = b"", *, armored: bool = False) -> None:
        self.error: Exception | None = None
        self._source = source
        self._head = io.BytesIO(head)
        self._armored = armored

    def read(self, size: int = -1) -> bytes:
        try:
            piece = self._head.read(size) or self._source.read(size)
        except Exception as error:
            self.error = error
            raise
        # The library would gather an endless line of armored text in memory before it refuses it.
        if self._armored and len(piece) > 2 * _LONGEST_ARMOR_LINE and b"\n" not in piece:
            self.error = _damaged()
            raise self.error
        return piece


class _Target:
    """What the age library writes to: everything or an error, which is kept because the library may drop it."""

    def __init__(self, target: object) -> None:
        self.error: Exception | None = None
        self._write = target.write  # type: ignore[attr-defined]

    def write(self, piece: bytes) -> int:
        if self.error:
            raise self.error
        left = memoryview(piece)
        try:
            while left:
                taken = self._write(left)
                if taken is None:  # a raw stream that cannot take anything now
                    raise BlockingIOError("the target does not wait")
                left = left[taken:]
        except Exception as error:
            self.error = error
            raise
        return len(piece)

    def flush(self) -> None:
        """Nothing is kept back here; the caller flushes and syncs its own file."""
