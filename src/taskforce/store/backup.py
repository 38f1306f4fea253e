"""A backup: the whole store in one file, encrypted as it is, with the key slots that open it.

The file is a plain tar archive of three members in this order: ``taskforce-backup.json`` (says what it is and when it
was made), ``keys.json`` (the key slots) and ``store.db`` (the encrypted database). Anybody can take it apart with tar,
and nobody can read it without the passphrase or the key file.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from taskforce.errors import InputError, StoreError
from taskforce.files import sync_folder
from taskforce.i18n import _
from taskforce.keys.slots import DATABASE
from taskforce.keys.slots import FILE_NAME as SLOTS
from taskforce.store.connection import Connection, copy_database, drop_copy, is_turning

MANIFEST = "taskforce-backup.json"
FORMAT = 1

_BLOCK = tarfile.BLOCKSIZE
_MOST_TEXT = 1 << 16
_CHUNK = 1 << 20


def write_backup(connection: Connection, folder: Path, target: Path, stream: IO[bytes], made: str) -> None:
    """Write the store in `folder` to `stream`, which becomes the file `target`, as it is at this moment.

    Others may write meanwhile. A copy of the database, encrypted as ever, stands beside `target` until it is done.
    """
    manifest = json.dumps({"taskforce-backup": FORMAT, "made": made}).encode()
    if is_turning(folder):  # opening the store would have settled it, had the disk let it
        raise StoreError(
            _("a new database key was being made for this store, and that is not finished"),
            hint=_("make room on the store's disk, and try again"),
        )
    try:
        slots = (folder / SLOTS).read_bytes()
    except OSError as error:
        raise StoreError(
            _("the key slots cannot be read: %(reason)s") % {"reason": os.strerror(error.errno or 0)}
        ) from None
    _write_member(stream, MANIFEST, manifest)
    _write_member(stream, SLOTS, slots)
    with _copy(connection, target) as copy, copy.open("rb") as database:
        size = os.fstat(database.fileno()).st_size
        stream.write(_header(DATABASE, size))
        while piece := database.read(_CHUNK):
            stream.write(piece)
        stream.write(bytes(-size % _BLOCK))
    stream.write(bytes(2 * _BLOCK))


def unpack(stream: BinaryIO, name: str, folder: Path) -> str:
    """Put the key slots and the database of the backup `name` into `folder`; when it was made, as the file says.

    Everything is on the disk when this returns. InputError if the file is no backup, or not a whole one; StoreError if
    the disk cannot take it.
    """
    manifest = _read_text(stream, name, MANIFEST)
    try:
        found = json.loads(manifest)
        version, made = found["taskforce-backup"], found["made"]
        if type(version) is not int or not isinstance(made, str):
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _no_backup(name) from None
    if version != FORMAT:
        raise InputError(
            _("%(name)s is a backup of a later format") % {"name": name},
            hint=_("install the newer version of taskforce"),
        )
    slots = _read_text(stream, name, SLOTS)
    try:
        with _fresh(folder / SLOTS) as file:
            file.write(slots)
        left = _size_of(stream, name, DATABASE)
        with _fresh(folder / DATABASE) as file:
            while left:
                piece = _read(stream, name, min(left, _CHUNK))
                file.write(piece)
                left -= len(piece)
        sync_folder(folder)
    except OSError as error:
        raise StoreError(
            _("%(path)s cannot be written: %(reason)s")
            % {"path": folder, "reason": os.strerror(error.errno or 0)},
            hint=_("nothing was changed"),
        ) from None
    return made


@contextmanager
def _copy(connection: Connection, target: Path) -> Iterator[Path]:
    """The database as it is now in a file of its own, under the same key."""
    copy = target.with_name(f".{target.name}.{os.urandom(4).hex()}.part")
    try:
        copy_database(connection, copy)
        yield copy
    finally:
        drop_copy(copy)


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member.tobuf(tarfile.GNU_FORMAT)


def _write_member(stream: IO[bytes], name: str, data: bytes) -> None:
    stream.write(_header(name, len(data)) + data + bytes(-len(data) % _BLOCK))


def _read_text(stream: BinaryIO, name: str, member: str) -> bytes:
    size = _size_of(stream, name, member)
    if size > _MOST_TEXT:
        raise _no_backup(name)
    data = _read(stream, name, size)
    _read(stream, name, -size % _BLOCK)
    return data


def _size_of(stream: BinaryIO, name: str, member: str) -> int:
    """The size of the next member, which must be a plain file called `member`."""
    try:
        found = tarfile.TarInfo.frombuf(_read(stream, name, _BLOCK), "utf-8", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError):
        raise _no_backup(name) from None
    if found.name != member or found.type != tarfile.REGTYPE or found.size < 0:
        raise _no_backup(name)
    return found.size


def _read(stream: BinaryIO, name: str, size: int) -> bytes:
    data = stream.read(size) if size else b""
    if len(data) < size:
        raise InputError(
            _("%(name)s is not a whole backup: it ends too early") % {"name": name},
            hint=_("copy the file again, or take an older backup"),
        )
    return data


@contextmanager
def _fresh(path: Path) -> Iterator[IO[bytes]]:
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _no_backup(name: str) -> InputError:
    return InputError(
        _("%(name)s is not a backup") % {"name": name},
        hint=_("a backup is made with: taskforce backup FILE"),
    )
