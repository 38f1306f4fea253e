"""Key slots: the ways to open a store. The database key is 32 random bytes; each slot holds it under another lock.

The slots are a small JSON file beside the database, ``keys.json``. A ``passphrase`` slot locks with Argon2id
(RFC 9106), a ``file`` slot with BLAKE2b over the 32 random bytes of a key file; both seal with
XChaCha20-Poly1305, and everything else in the slot (kind, costs, salt, label) is authenticated with it. A
``recovery`` slot is a ``file`` slot that brings its key file along, as an age file for one recipient. Slots of
kinds that this version does not know are let be. `rewrapping` changes the file.

This module is on the way of every command: with a key file it loads ``json`` and ``nacl.bindings``, nothing
more.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field

from taskforce.errors import Locked, StoreError, UsageError
from taskforce.i18n import _
from taskforce.keys.encoding import canonical_json, from_text, to_text
from taskforce.keys.keyfile import key_file_line, read_key_file, write_new

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FILE_NAME = "keys.json"
NEXT_NAME = "keys.json.next"
"""The slots of a store that is getting a new database key: they count from when its database is the new one."""
DATABASE = "store.db"
KEY_BYTES = 32
SALT_BYTES = 16  # of a database: how it begins, in the open

# Argon2id: 0.25 s here. Asked for by whoever writes the file, so it is bounded on reading, too.
DEFAULT_PASSES = 4
DEFAULT_MEMORY = 128 << 20  # bytes
LEAST_PASSES, MOST_PASSES = 2, 20
LEAST_MEMORY, MOST_MEMORY = 19 << 20, 1 << 30  # the least is what OWASP's Password Storage Cheat Sheet allows

SHORTEST_PASSPHRASE = 8  # characters (NIST SP 800-63B)
MOST_SLOTS = 16
MOST_BYTES = 1 << 16

_VERSION = "taskforce-keys"
_ASSOCIATED = b"taskforce key slot\0"
_PERSON = b"taskforce-key-1\0"  # BLAKE2b's personalization: 16 bytes
_SALT_BYTES = 16
_NONCE_BYTES = 24
_SEALED_BYTES = KEY_BYTES + 16
_NOT_THIS_KEY = "this key does not open this store"


@dataclass(frozen=True, slots=True)
class SlotSource:
    """What a new slot is to be opened with: a ``passphrase``, or the 32 bytes of a ``file``, or of the file
    for a ``recovery`` by ``recipient``, or of the ``entry`` in the system's ``keyring``. Its repr shows no secret.

    ``passes`` and ``memory`` (bytes) are what a guess at the passphrase costs. ``label`` and ``made`` (a time)
    stand in the slot for everybody to read.
    """

    kind: str
    secret: bytes = field(repr=False)
    passes: int = DEFAULT_PASSES
    memory: int = DEFAULT_MEMORY
    label: str = ""
    made: str = ""
    recipient: str = ""
    entry: str = ""

    @classmethod
    def passphrase(
        cls, text: str, *, passes: int = DEFAULT_PASSES, memory: int = DEFAULT_MEMORY
    ) -> SlotSource:
        """Open with ``text``. Raises UsageError if it is too short to keep anybody out."""
        check_passphrase(text)
        if not (LEAST_PASSES <= passes <= MOST_PASSES and LEAST_MEMORY <= memory <= MOST_MEMORY):
            raise ValueError("Argon2id costs out of bounds")
        return cls("passphrase", passphrase_bytes(text), passes, memory)

    @classmethod
    def key_file(cls, path: str | os.PathLike[str]) -> SlotSource:
        """Open with the key file at ``path``, which exists; raises as ``open_with_key_file``."""
        return cls("file", read_key_file(path))

    @classmethod
    def recovery(cls, recipient: str) -> SlotSource:
        """Open with a fresh key file that only ``recipient`` (``age1…``) can unseal; TrustError if it is none."""
        from taskforce.keys.sealing import check_recipient  # deferred: few commands seal

        check_recipient(recipient)
        return cls("recovery", os.urandom(KEY_BYTES), recipient=recipient)

    @classmethod
    def keyring(cls) -> SlotSource:
        """Open with fresh bytes that are to be kept in the system's keyring under ``entry``, a random name."""
        return cls("keyring", os.urandom(KEY_BYTES), entry=os.urandom(8).hex())


@dataclass(frozen=True, slots=True)
class OpenedSlot:
    """The database key (32 bytes), the slot that it came out of, and what opened that. Its repr shows no key."""

    key: bytes = field(repr=False)
    slot: Mapping[str, object]
    secret: bytes = field(default=b"", repr=False, compare=False)


def check_passphrase(text: str) -> None:
    """Raise UsageError if ``text`` is too short to keep anybody out."""
    if len(text) < SHORTEST_PASSPHRASE:
        raise UsageError(
            _("a passphrase has at least %(count)d characters") % {"count": SHORTEST_PASSPHRASE},
            hint=_("four or five unrelated words are easy to keep in mind and hard to guess"),
            code="short-passphrase",
        )


def create_slots(folder: str | os.PathLike[str], database_key: bytes, sources: Sequence[SlotSource]) -> None:
    """Write the key slots of a new store in ``folder``: ``database_key`` (32 bytes), locked once for each source.

    All or nothing, synced, 0600. Raises UsageError without sources, StoreError if there are slots already (to
    replace them would lose the store) or they cannot be written.
    """
    if len(database_key) != KEY_BYTES:
        raise ValueError("a database key has 32 bytes")
    if not sources:
        raise UsageError(_("a store needs a passphrase or a key file"), code="no-key")
    if len(sources) > MOST_SLOTS:
        raise ValueError("too many key slots")
    import json  # deferred: only the two ends of a slot need it

    slots = [lock_slot(source, database_key) for source in sources]
    text = json.dumps({_VERSION: 1, "slots": slots}, indent=2)
    path = os.path.join(folder, FILE_NAME)
    try:
        write_new(path, text.encode("ascii") + b"\n")
    except FileExistsError:
        raise StoreError(
            _("there is a store at this place already: %(path)s") % {"path": path},
            hint=_("choose another folder with --store"),
            code="store-exists",
        ) from None
    except OSError as error:
        text = _("the key slots cannot be written: %(reason)s") % {"reason": error.strerror or error}
        raise StoreError(text, code="key-slots") from None


def open_with_key_file(folder: str | os.PathLike[str], path: str | os.PathLike[str]) -> bytes:
    """Return the database key of the store in ``folder``; as ``slot_of_key_file``."""
    return slot_of_key_file(folder, path).key


def slot_of_key_file(folder: str | os.PathLike[str], path: str | os.PathLike[str]) -> OpenedSlot:
    """Return the slot of the store in ``folder`` that opens with the key file at ``path``.

    Raises Locked if there is no store or no such file, or the key does not open it; InputError if the file is
    none; StoreError if the slots are damaged.
    """
    slots = read_slots(folder)
    return open_slots(slots, ("file", "recovery"), read_key_file(path))


def open_with_passphrase(folder: str | os.PathLike[str], text: str) -> bytes:
    """Return the database key of the store in ``folder``; as ``slot_of_passphrase``."""
    return slot_of_passphrase(folder, text).key


def slot_of_passphrase(folder: str | os.PathLike[str], text: str) -> OpenedSlot:
    """Return the slot of the store in ``folder`` that opens with the passphrase ``text``; takes about 0.25 s.

    Raises Locked if there is no store or the passphrase does not open it, StoreError if the slots are
    damaged, or there is too little memory to try it.
    """
    return open_slots(read_slots(folder), ("passphrase",), passphrase_bytes(text))


def slot_of_keyring(folder: str | os.PathLike[str]) -> OpenedSlot:
    """Return the slot of the store in ``folder`` that opens with what the system's keyring has.

    Raises Locked if none does, or the keyring cannot be asked; StoreError if the slots are damaged.
    """
    from taskforce.keys.keyring import get  # deferred: an extra

    trouble = Locked(_(_NOT_THIS_KEY))
    for slot in read_slots(folder):
        if slot["kind"] == "keyring" and (entry := entry_of(slot)):
            try:
                return open_slots([slot], ("keyring",), get(entry))
            except Locked as error:
                trouble = error
    raise trouble


def entry_of(slot: Mapping[str, object]) -> str:
    """Return under what name the keyring has the bytes of a slot; nothing if the slot says no such name."""
    entry = slot.get("entry")
    return (
        entry if isinstance(entry, str) and len(entry) == 16 and entry.isalnum() and entry.isascii() else ""
    )


def slot_kinds(folder: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the kinds of the store's slots, each once, in the file's order: what may be asked for."""
    return tuple(dict.fromkeys(str(slot["kind"]) for slot in read_slots(folder)))


def lock_slot(source: SlotSource, database_key: bytes) -> dict[str, object]:
    """Return the slot that opens with ``source``."""
    from nacl.bindings import (
        crypto_aead_xchacha20poly1305_ietf_encrypt as seal,
    )  # deferred: costs milliseconds

    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    slot: dict[str, object] = {"kind": source.kind, "salt": to_text(salt), "nonce": to_text(nonce)}
    slot |= {name: text for name, text in (("label", source.label), ("made", source.made)) if text}
    if source.kind == "passphrase":
        slot |= {"kdf": "argon2id13", "passes": source.passes, "memory": source.memory}
        key = _key_of_passphrase(source.secret, slot)
    else:
        slot |= {"kdf": "blake2b"}
        if source.kind == "recovery":
            from taskforce.keys.slot_proofs import proof_of  # deferred: few slots have one

            slot |= {"recipient": source.recipient, "age": _sealed_key_file(source)}
            slot |= {"proof": proof_of(slot, database_key)}
        elif source.kind == "keyring":
            slot |= {"entry": source.entry}
        key = _key_of_file(source.secret, slot)
    sealed = seal(database_key, _associated(slot), nonce, key)
    return slot | {"sealed": to_text(sealed)}


def _sealed_key_file(source: SlotSource) -> str:
    from taskforce.keys.sealing import armored, seal_bytes  # deferred: few commands seal

    return armored(seal_bytes(key_file_line(source.secret), [source.recipient]))


def open_slots(slots: Sequence[Mapping[str, object]], kinds: tuple[str, ...], secret: bytes) -> OpenedSlot:
    """Return the first slot of one of the ``kinds`` that ``secret`` opens.

    Raises Locked without one, StoreError if one that is damaged might have been it.
    """
    from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as unseal  # deferred, as above
    from nacl.exceptions import CryptoError

    key_of: Callable[[bytes, Mapping[str, object]], bytes]
    key_of = _key_of_passphrase if kinds == ("passphrase",) else _key_of_file
    damaged = False
    for slot in slots:
        if slot["kind"] not in kinds:
            continue
        try:
            nonce = from_text(slot.get("nonce"), _NONCE_BYTES)
            sealed = from_text(slot.get("sealed"), _SEALED_BYTES)
            key = unseal(sealed, _associated(slot), nonce, key_of(secret, slot))
            return OpenedSlot(key, slot, secret)
        except CryptoError:
            continue
        except ValueError:
            damaged = True  # another slot may still open
    if damaged:
        raise _damaged()
    raise Locked(_(_NOT_THIS_KEY))


def opens(opened: OpenedSlot, source: SlotSource) -> bool:
    """Return whether ``source`` opens the slot that was opened."""
    try:
        return open_slots([opened.slot], (source.kind,), source.secret).key == opened.key
    except (Locked, StoreError):  # what is damaged opens with nothing
        return False


def _key_of_passphrase(secret: bytes, slot: Mapping[str, object]) -> bytes:
    from nacl.bindings import crypto_pwhash_alg, crypto_pwhash_ALG_ARGON2ID13  # deferred, as above

    salt = from_text(slot.get("salt"), _SALT_BYTES)
    passes, memory = slot.get("passes"), slot.get("memory")
    if slot.get("kdf") != "argon2id13" or type(passes) is not int or type(memory) is not int:
        raise ValueError("not an Argon2id slot")
    if not (LEAST_PASSES <= passes <= MOST_PASSES and LEAST_MEMORY <= memory <= MOST_MEMORY):
        raise ValueError("Argon2id costs out of bounds")
    try:
        return crypto_pwhash_alg(KEY_BYTES, secret, salt, passes, memory, crypto_pwhash_ALG_ARGON2ID13)
    except RuntimeError:  # all that can fail in it is to get the memory
        raise StoreError(
            _("to try a passphrase takes %(count)d MB of memory, and so much is not free here")
            % {"count": memory >> 20},
            hint=_("close other programs, and try again"),
            code="no-memory",
        ) from None


def _key_of_file(secret: bytes, slot: Mapping[str, object]) -> bytes:
    from nacl.bindings import crypto_generichash_blake2b_salt_personal  # deferred, as above

    salt = from_text(slot.get("salt"), _SALT_BYTES)
    if slot.get("kdf") != "blake2b":
        raise ValueError("not a key file slot")
    return crypto_generichash_blake2b_salt_personal(b"", KEY_BYTES, key=secret, salt=salt, person=_PERSON)


def _associated(slot: Mapping[str, object]) -> bytes:
    """Return what is authenticated with the sealed key: everything else in the slot."""
    return _ASSOCIATED + canonical_json({name: value for name, value in slot.items() if name != "sealed"})


def passphrase_bytes(text: str) -> bytes:
    """Return the secret that a typed passphrase is."""
    import unicodedata  # deferred: only passphrases need it

    # The same accented letter typed on two systems is one passphrase (RFC 8265, OpaqueString). Bytes that are
    # no UTF-8 reach Python as lone surrogates and leave it as they came.
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogateescape")


def read_slots(folder: str | os.PathLike[str]) -> list[dict[str, object]]:
    """Return the slots of the store in ``folder``: mappings with a ``kind``, nothing else about them is checked."""
    return slots_of(read_slot_file(folder))


def slots_of(found: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the slots of what ``read_slot_file`` returned."""
    slots: list[dict[str, object]] = found["slots"]  # type: ignore[assignment]  # it looked
    return slots


def read_slot_file(folder: str | os.PathLike[str]) -> dict[str, object]:
    """Return all that the file of slots holds; of its slots as much is checked as ``read_slots`` says.

    Where a store was stopped while it got a new database key, it is the file that fits the database. Not for a process
    that has the store open then: to open and close its file would drop the locks on it (`Store.open` has settled it).
    """
    following = os.path.join(folder, NEXT_NAME)
    if os.path.isfile(following):
        with suppress(StoreError):  # what is damaged fits no database
            found = _read_slot_file(following)
            if found.get("salt") == salt_of(os.path.join(folder, DATABASE)):
                return found
    return _read_slot_file(os.path.join(folder, FILE_NAME))


def salt_of(path: str | os.PathLike[str]) -> str:
    """Return the salt that the database at ``path`` begins with, in hexadecimal; "" where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(SALT_BYTES).hex()
    except OSError:
        return ""


def _read_slot_file(path: str) -> dict[str, object]:
    import json  # deferred, as above

    try:
        with open(path, "rb", opener=_at_once) as file:
            data = file.read(MOST_BYTES + 1) or b""
    except (FileNotFoundError, NotADirectoryError):
        raise Locked(
            _("there is no store at this place"),
            hint=_("make one with: taskforce init --agency CODE"),
            code="no-store",
        ) from None
    except OSError as error:
        text = _("the key slots cannot be read: %(reason)s") % {"reason": error.strerror or error}
        raise StoreError(text, code="key-slots") from None
    try:
        found = json.loads(data) if len(data) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        raise _damaged() from None
    if not isinstance(found, dict):
        raise _damaged()
    version = found.get(_VERSION)
    if type(version) is int and version > 1:
        raise StoreError(
            _("this store was made by a newer version of taskforce"),
            hint=_("update taskforce"),
            code="newer-store",
        )
    slots = found.get("slots") if version == 1 else None
    if not isinstance(slots, list) or not 0 < len(slots) <= MOST_SLOTS:
        raise _damaged()
    if not all(isinstance(slot, dict) and isinstance(slot.get("kind"), str) for slot in slots):
        raise _damaged()
    return found


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe in its place keeps nobody waiting


def _damaged() -> StoreError:
    return StoreError(
        _("the key slots of this store are damaged"),
        hint=_("put %(file)s back from a backup of the store's folder") % {"file": FILE_NAME},
        code="key-slots",
    )
