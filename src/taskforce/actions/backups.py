"""Backups: the whole store in one encrypted file, checked, and put back as a store that begins a new epoch."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from taskforce import moments
from taskforce.actions.session import Session
from taskforce.errors import StoreError, TaskforceError
from taskforce.files import existing_file, new_file, new_folder, require_empty
from taskforce.i18n import _
from taskforce.store import backup, health
from taskforce.store.quarantine import count_waiting
from taskforce.store.store import Store, store_exists

OpenKey = Callable[[Path], bytes]
"""Given a folder with key slots, returns the database's key: by key file, or by the passphrase that it asks for."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds, and of when: when it was made, as the file says, and the clock of the store in it.

    `faults` lists what is wrong with it; then the counts may be 0.
    """

    file: str
    made: str
    clock: str
    agency: str
    officer: str
    device: str
    feed: str
    edits: int
    records: int
    waiting: int
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """A store that was made from a backup: where it is, what came with it, and the feed that it goes on in."""

    folder: Path
    made: str
    agency: str
    officer: str
    device: str
    feed: str
    edits: int


def write_backup(session: Session, path: Path, *, replace: bool = False) -> int:
    """Write the store as it is now to a file that appears only when it is complete; how many bytes it has.

    Others may write to the store meanwhile. Refused if something is there already, unless `replace`.
    """
    store = session.store
    with new_file(path, replace=replace) as stream:
        backup.write_backup(store.connection, store.folder, path, stream, moments.time_text(session.now))
    return path.stat().st_size


def verify_backup(path: Path, open_key: OpenKey) -> Contents:
    """Open a backup, check every page of it and that its tables are what its log adds up to; say what it holds.

    Nothing is changed. It is unpacked, encrypted as it is, into a folder of its own that is removed again.
    """
    with tempfile.TemporaryDirectory(prefix="taskforce-") as name:
        folder = Path(name)
        made = _unpack(path, folder)
        key = open_key(folder)
        faults = _damage(folder, key)
        if faults:
            return Contents(str(path), made, "", "", "", "", "", 0, 0, 0, tuple(faults))
        store = Store.open(folder, key)
        try:
            faults = health.differences(store)
            edits, records = health.sizes(store.connection)
            waiting = sum(count for _reason, _who, count, _feed in count_waiting(store.connection))
            me = store.me
            return Contents(
                str(path),
                made,
                store.meta("clock"),
                me.agency,
                me.officer,
                me.device,
                me.feed,
                edits,
                records,
                waiting,
                tuple(faults),
            )
        finally:
            store.close()


def restore(path: Path, folder: Path, open_key: OpenKey) -> Restored:
    """Make a store in `folder`, new or empty, from a backup: whole or not at all.

    It begins a new epoch: what was written after the backup bears numbers that must not be given out again.
    StoreError if there is a store already or the backup is damaged.
    """
    folder = folder.resolve()
    if store_exists(folder):
        raise StoreError(
            _("there is a store in %(folder)s already; a backup is never put over one") % {"folder": folder},
            hint=_("choose a new folder with --store"),
        )
    require_empty(folder)
    with new_folder(folder) as draft:
        made = _unpack(path, draft)
        key = open_key(draft)
        if faults := _damage(draft, key):
            raise StoreError(
                _("this backup is damaged: %(fault)s") % {"fault": faults[0]},
                hint=_("nothing was made; take an older backup"),
            )
        with _opened(draft, key) as store:
            with store.writing():
                store.begin_epoch(f"restored from the backup of {made}")
            me = store.me
            edits = health.sizes(store.connection)[0]
    return Restored(folder, made, me.agency, me.officer, me.device, me.feed, edits)


def _unpack(path: Path, folder: Path) -> str:
    with existing_file(path) as stream:
        return backup.unpack(stream, path.name, folder)  # type: ignore[arg-type]


def _damage(folder: Path, key: bytes) -> list[str]:
    """What the engine finds wrong with a database, before anything of it is read."""
    try:
        found = Store.look(folder, key)
    except TaskforceError as error:
        if error.code == "locked":
            raise
        return [error.sentence]
    return found


@contextmanager
def _opened(folder: Path, key: bytes) -> Iterator[Store]:
    store = Store.open(folder, key)
    try:
        store.keep_journal()
        yield store
    finally:
        store.close()
