"""Which life of a store this is: a new one begins in a feed of its own, so that no number is ever used twice.

Beside the database stands a small file of random words, the *marker*. Every transaction that gives out a number (an own
edit, a bundle) writes fresh words into it just before it commits, and commits the same words, with the file's own
identity (inode and the time of its last change, which no program can set), within the database. So the two agree only
if the database is the one that wrote last and the file the very one it wrote: a database put back to an earlier state,
a copied folder, a folder copied over another, a lost marker all differ, and the next write begins a new epoch.

The order makes it safe under any crash. The words are on the disk before the commit: whatever number was committed, its
words stand in the marker, and no earlier state of the database fits it. A crash between the two leaves a marker that no
database fits: that begins a needless epoch, which harms nobody. Only a whole disk put back by its own snapshots escapes
this; then a peer's bundle tells (see `actions.receiving`).
"""

from __future__ import annotations

import os
import secrets

from taskforce.errors import StoreError
from taskforce.files import sync_folder
from taskforce.i18n import N_, _
from taskforce.store.connection import Connection

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from pathlib import Path

    from taskforce.store.store import Store

MARKER = "incarnation"
LAST_EPOCH = 999_999

PUT_BACK = N_("this store was put back to an earlier state, or stopped in the middle of a write")
COPIED = N_("this store is a copy, or was moved to another disk")
AHEAD = N_("a peer holds edits of this device that this store does not: it was put back to an earlier state")

_HEAD = b"taskforce-incarnation 1 "
_FLAGS = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


def differs(store: Store) -> str:
    """Why marker and database do not belong together, as a sentence to translate; empty where they do.

    A store that has neither is of an earlier version, or new: it gets its marker with its next write.
    """
    within = store.meta(MARKER)
    found = _read(store.folder / MARKER)
    if not within and not found:
        return ""
    if found == within:
        return ""
    return COPIED if found and found.partition(" ")[0] == within.partition(" ")[0] else PUT_BACK


def mark(store: Store) -> None:
    """Write fresh words into the marker and the database: the last thing that a transaction does before it commits."""
    path = store.folder / MARKER
    words = secrets.token_hex(16)
    text = _HEAD + words.encode() + b"\n"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o600)
        try:
            is_new = os.fstat(descriptor).st_size != len(text)
            if is_new:
                os.ftruncate(descriptor, 0)
            os.write(descriptor, text)  # in place: it stays the same file
            os.fsync(descriptor)
            identity = _identity(os.fstat(descriptor))
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(store.folder)
    except OSError as error:
        raise StoreError(
            _("%(path)s cannot be written: %(reason)s")
            % {"path": path, "reason": os.strerror(error.errno or 0)},
            hint=_("nothing was changed"),
        ) from None
    store.set_meta(MARKER, f"{words} {identity}")


def next_epoch(connection: Connection, device: str, current: int) -> int:
    """An epoch that this device has not used: above all it knows of, by a random step.

    Were it simply the next, two stores restored from one backup would both begin it and use its numbers twice. The
    steps become smaller, so that there are epochs left after a thousand restarts.
    """
    rows = connection.execute(
        "SELECT name FROM feed WHERE device = ? AND EXISTS (SELECT 1 FROM edit WHERE edit.feed = feed.id)",
        (device,),
    )
    highest = max([current, *(int(name.partition(".")[2]) for (name,) in rows)])
    left = LAST_EPOCH - highest
    if left < 1:
        raise StoreError(
            _("this device has begun anew too often; nothing more can be written with it"),
            hint=_("make a new store with taskforce init, and let the peers send everything again"),
        )
    return highest + 1 + secrets.randbelow(max(1, left // 100))


def _read(path: Path) -> str:
    """The marker's words and identity; empty if there is none or it is no marker, which counts as lost."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _FLAGS)
    except OSError:
        return ""
    try:
        data = os.read(descriptor, 200)
        identity = _identity(os.fstat(descriptor))
    except OSError:
        return "?"
    finally:
        os.close(descriptor)
    if not data.startswith(_HEAD) or not data.endswith(b"\n"):
        return "?"
    return f"{data[len(_HEAD) : -1].decode('ascii', 'replace')} {identity}"


def _identity(found: os.stat_result) -> str:
    return f"{found.st_ino} {found.st_ctime_ns}"
