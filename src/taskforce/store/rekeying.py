"""Gives a store a new database key: a copy of the database under the new one takes the place of the old one.

The steps, each on the disk before the next begins:

1. the copy stands beside the database (``store.db.next``), checked page by page;
2. the slots that open it stand beside the slots (``keys.json.next``), and name the salt that the copy begins with;
3. the old file is given a second name (``store.db.before-key``), so that whoever goes on after a stop finds it, and the
   copy is given the name of the database. This is the moment: before it the old slots count, after it the new;
4. the old file is written over, and so are copies that an upgrade left beside the store, under the old key;
5. the new slots are given the name of the old ones.

Whoever opens the store reads the slots that fit the database which stands there (`keys.slots.read_slot_file`), so it
opens wherever this was stopped, and settles what was left. All through it nobody else has the store open: not the old
file, not the new one. Who waits for the old file finds another in its place afterwards, and is told (`connect`).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taskforce.errors import StoreError
from taskforce.files import disk_sentences, drop, new_file, sync_folder
from taskforce.i18n import _
from taskforce.keys.slots import DATABASE, FILE_NAME, NEXT_NAME
from taskforce.store.connection import NEXT_DATABASE, Connection, connect_alone, damaged, drop_copy, sentences
from taskforce.store.erasing import copies_beside

_CHUNK = 1 << 20
_SIDE_FILES = ("-journal", "-wal", "-shm")
_SECOND_NAME = DATABASE + ".before-key"
"""Of the old file, as long as it is not written over; one of those that `copies_beside` finds."""


@dataclass(slots=True)
class Turning:
    """A store that nobody else has open, and the copy of it under a new key, which begins with `salt`."""

    folder: Path
    salt: str
    deleted: tuple[str, ...] = ()
    """The copies from before upgrades that were deleted with the old key."""
    _old: Connection = field(repr=False, default=None)
    _new: Connection = field(repr=False, default=None)

    def switch(self, slots: bytes) -> None:
        """Let the copy take the database's place, and these `slots` that of the old ones.

        On StoreError with the code `half-turned` the store has its new key; on any other it has its old one.
        """
        path, copy = self.folder / DATABASE, self.folder / NEXT_DATABASE
        with new_file(self.folder / NEXT_NAME, is_of_store=True) as stream:
            stream.write(slots)
        second = self.folder / _SECOND_NAME
        with disk_sentences(path):
            _link(path, second)
        # Held open: to close a file drops the locks that this process has on it, also those of the engine.
        old = None
        try:
            if (
                os.name == "nt"
            ):  # there a file that is open cannot be given another's name, and locks are the engine's
                self._old.close()
                self._new.close()
            with disk_sentences(path):
                if os.name != "nt":
                    old = os.open(path, os.O_WRONLY)
                os.replace(copy, path)
            try:
                sync_folder(self.folder)
                if old is not None:
                    overwrite(old)
                    second.unlink(missing_ok=True)
                self.deleted = tuple(name for name in _finish(self.folder) if name != _SECOND_NAME)
            except (OSError, StoreError):
                raise StoreError(
                    _("the store has its new database key, but the disk failed before all was put in order"),
                    hint=_("open the store again: that finishes it. The old keys open it no more"),
                    code="half-turned",
                ) from None
        finally:
            self._old.close()  # while it has its locks: they end when any descriptor of the file is closed
            if old is not None:
                os.close(old)
        for side in ("-wal", "-shm"):  # the engine leaves these where a file was put in another's place
            drop(self.folder / (DATABASE + side))


@contextmanager
def turning(folder: Path, key: bytes, new_key: bytes) -> Iterator[Turning]:
    """Keep everybody else from the store in `folder`, and give a copy of it under `new_key` to switch to.

    On any exception the store is as it was, unless it was switched. StoreError if another program has it open, if it is
    damaged, or if the disk has no room for the copy.
    """
    if not os.access(folder, os.W_OK):  # the engine would take it for a disk that fails
        raise StoreError(
            _("the store cannot be written: its disk or file is read-only, or the disk is full"),
            code="read-only",
        )
    with ExitStack() as stack:
        old = stack.enter_context(_open_alone(folder / DATABASE, key))
        with sentences():
            old.execute("BEGIN IMMEDIATE")  # the store can be written
            settle(folder, old)
            old.execute("COMMIT")
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _sync_journal(folder / (DATABASE + "-wal"))
        copy = folder / NEXT_DATABASE
        stack.callback(_abandon, folder)
        _copy(old, copy, new_key)
        new = stack.enter_context(_open_alone(copy, new_key))
        _compare(old, new)
        made = Turning(folder, _salt(new), _old=old, _new=new)
        yield made


def settle(folder: Path, connection: Connection) -> None:
    """Finish or take back what a program left that was stopped while it gave the store a new key.

    `connection` holds the write lock of the database that stands there. StoreError where the disk does not let it.
    """
    following = folder / NEXT_NAME
    with disk_sentences(folder / FILE_NAME):
        if following.is_file() and _salt_in(following) == _salt(connection):
            _finish(folder)
        else:
            (folder / _SECOND_NAME).unlink(missing_ok=True)  # of the database that stands there still
            for left in (*_copy_and_sides(folder), *folder.glob(f".{NEXT_NAME}.*")):
                left.unlink(missing_ok=True)
            following.unlink(missing_ok=True)


def overwrite(descriptor: int, size: int | None = None) -> None:
    """Write random bytes over the first `size` bytes of an open file, or all of them, and wait until they are there."""
    left = os.fstat(descriptor).st_size if size is None else min(size, os.fstat(descriptor).st_size)
    os.lseek(descriptor, 0, os.SEEK_SET)
    while left:
        left -= os.write(descriptor, os.urandom(min(left, _CHUNK)))
    os.fsync(descriptor)


def overwrite_file(path: Path, size: int | None = None) -> None:
    """The same for the file at `path`; OSError if it is a link or cannot be written."""
    flags = os.O_WRONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags)
    try:
        overwrite(descriptor, size)
    finally:
        os.close(descriptor)


def _link(path: Path, second: Path) -> None:
    """Give a file a second name, where the disk knows such; OSError where the disk is what fails."""
    if path.is_symlink():
        return
    try:
        os.link(path, second)
    except OSError as error:
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EIO):
            raise


def _sync_journal(path: Path) -> None:
    """StoreError unless the journal is empty, also after the power fails: the new database must not meet it."""
    with disk_sentences(path):
        if path.exists():
            with path.open("rb+") as stream:
                os.fsync(stream.fileno())
                if stream.seek(0, os.SEEK_END):
                    raise StoreError(_("the store's journal could not be emptied"), hint=_("try again"))


@contextmanager
def _open_alone(path: Path, key: bytes) -> Iterator[Connection]:
    connection = connect_alone(str(path), key)
    try:
        yield connection
    finally:
        with suppress(Exception):  # what matters has been written and synced by now, or never will be
            connection.close()


def _copy(old: Connection, copy: Path, new_key: bytes) -> None:
    """Copy page by page, so that what is in no table stays in none: the engine decrypts each, and encrypts it anew."""
    new = None
    try:
        with disk_sentences(copy):
            new = connect_alone(str(copy), new_key, create=True)
        with sentences():
            old.backup(new)
            new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        if new is not None:
            with sentences():
                new.close()
    with disk_sentences(copy):
        for side in _SIDE_FILES:  # empty: all was moved into the copy
            copy.with_name(copy.name + side).unlink(missing_ok=True)
        with copy.open("rb+") as stream:
            os.fsync(stream.fileno())
        sync_folder(copy.parent)


def _compare(old: Connection, new: Connection) -> None:
    """StoreError unless the copy is sound and holds as much as the database."""
    with sentences():
        if new.execute("PRAGMA cipher_integrity_check").fetchone() is not None:
            raise damaged()
        for question in (
            "PRAGMA page_count",
            "SELECT count(*) FROM edit",
            "SELECT count(*) FROM sqlite_schema",
        ):
            if old.execute(question).fetchone() != new.execute(question).fetchone():
                raise damaged()


def _finish(folder: Path) -> tuple[str, ...]:
    """Delete what the old key opens, and give the new slots their name. Another program may have been quicker."""
    names = copies_beside(folder)
    for name in names:
        if not os.path.samefile(folder / name, folder / DATABASE):
            overwrite_file(folder / name)
        (folder / name).unlink(missing_ok=True)
    for left in _copy_and_sides(folder):
        left.unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        os.replace(folder / NEXT_NAME, folder / FILE_NAME)
    sync_folder(folder)
    return names


def _abandon(folder: Path) -> None:
    """Take away what was prepared, unless it is in use by now; what a failing disk keeps goes with the next opening."""
    if not (folder / NEXT_DATABASE).exists():
        return
    drop(folder / _SECOND_NAME)
    drop_copy(folder / NEXT_DATABASE)
    for left in (*_copy_and_sides(folder), folder / NEXT_NAME):
        drop(left)


def _copy_and_sides(folder: Path) -> Iterator[Path]:
    yield folder / NEXT_DATABASE
    for side in _SIDE_FILES:
        yield folder / (NEXT_DATABASE + side)


def _salt(connection: Connection) -> str:
    with sentences():
        return str(connection.execute("PRAGMA cipher_salt").fetchone()[0]).lower()


def _salt_in(path: Path) -> Any:
    import json  # deferred: hardly ever needed

    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    return found.get("salt") if isinstance(found, dict) else None
