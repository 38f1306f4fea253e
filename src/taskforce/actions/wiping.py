"""Destroys a store, for the moment in which the laptop is about to fall into other hands. It takes no key.

What opens the store goes first: once the key slots are written over, no key and no passphrase opens anything of it.
Then the beginning of every file of the database, then all the rest, so that whoever pulls the plug early gets least. A
wipe that was interrupted can be run again. Whatever cannot be destroyed does not stop it from going on with the next.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path

from taskforce.errors import Locked, Refused, StoreError, TaskforceError, UsageError
from taskforce.files import sync_folder
from taskforce.i18n import _
from taskforce.keys import agent, guessing, slots
from taskforce.keys.private_folder import mark_locked
from taskforce.keys.slots import DATABASE, FILE_NAME
from taskforce.store import history
from taskforce.store.incarnation import MARKER
from taskforce.store.rekeying import overwrite_file
from taskforce.store.store import Store

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.unlocking import Opener

HEAD = 64 << 10
"""Bytes of a database that are written over first: its salt, and the pages that say where everything is."""

_AGENCY_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,31}")
_PART = re.compile(r"\..*\.part(-journal)?")


@dataclass(frozen=True, slots=True)
class Known:
    """Whose store it is, where a key is at hand: the agency, its device, and the number of its last edit."""

    agency: str
    device: str
    feed: str
    last: int


@dataclass(slots=True)
class Wiped:
    """What was done: files that are gone, how many bytes were written over, what is left, and what failed, and why.

    `had_agent` is whether an agent had its key, `entries` name what the system's keyring has for its slots.
    """

    folder: Path
    deleted: list[str] = field(default_factory=list)
    bytes: int = 0
    left: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    had_agent: bool = False
    entries: list[str] = field(default_factory=list)

    def note(self, path: Path, error: OSError) -> None:
        """Keep that something could not be done with a file; once, though several things fail with it."""
        if path.name not in dict(self.failed):
            self.failed.append((path.name, os.strerror(error.errno or 0)))

    def require_whole(self) -> None:
        """StoreError, in few words, if something could not be destroyed: for where nobody is to read more."""
        if self.failed:
            raise StoreError(
                _("not everything could be deleted"), hint=_("run: taskforce wipe"), code="not-wiped"
            )


def known(one: Opener) -> Known | None:
    """Whose store it is, if a key file opens it now; nothing is asked for, nothing is migrated or written."""
    from taskforce.store.connection import connect  # deferred: loads SQLCipher, which wiping does not need

    if not one.key_file:
        return None
    try:
        store = Store(one.folder, connect(str(one.folder / DATABASE), one.open(), briefly=True))
    except TaskforceError:  # damaged, locked, or wiped by half: it goes all the same
        return None
    try:
        me = store.me
        return Known(me.agency, me.device, me.feed, history.last_number(store.connection, me.feed))
    except Exception:  # noqa: BLE001 (whatever is wrong with it, it is to be destroyed)
        return None
    finally:
        with suppress(Exception):
            store.close()


def check_code(typed: str, whose: Known | None) -> None:
    """Refused if `typed` is not the code of the agency whose store it is, as far as that is known."""
    code = typed.strip().upper()
    if not _AGENCY_CODE.fullmatch(code):
        raise UsageError(
            _("this is no agency's code; nothing was changed"), hint=_("type the code that init was given")
        )
    if whose is not None and code != whose.agency:
        raise Refused(
            _("this store is not that agency's; nothing was changed"),
            hint=_("look which store is meant: --store"),
            code="other-agency",
        )


def require_something(folder: Path) -> None:
    """Locked if there is nothing to destroy."""
    if not any(True for _each in (*_ours(folder), *_drafts(folder))):
        raise Locked(
            _("there is no store in %(folder)s") % {"folder": folder}, hint=_("name it with --store")
        )


def wipe(folder: Path) -> Wiped:
    """Destroy the store in `folder`, and what was left of stores that were being made beside it."""
    done = Wiped(folder)
    with suppress(OSError, TaskforceError):
        done.entries = [entry for slot in slots.read_slots(folder) if (entry := slots.entry_of(slot))]
    places = [folder, *_drafts(folder)]
    locks = [path for place in places for path in _ours(place) if _is_slots(path)]
    for path in locks:
        _overwrite(done, path)
    with suppress(
        OSError, TaskforceError
    ):  # whoever has its key in memory by now forgets it: the agent, and rooms
        done.had_agent = agent.end_agent(folder)
        mark_locked(folder)
    for path in locks:
        _delete(done, path)
    for place in places:
        with suppress(OSError):
            sync_folder(place)
    rest = [path for place in places for path in _ours(place)]
    for path in rest:
        _overwrite(done, path, HEAD)
    for path in rest:
        _overwrite(done, path)
        _delete(done, path)
    for place in places:
        _remove(done, place)
    return done


def forget_in_keyring(done: Wiped) -> None:
    """Take out of the system's keyring what opened slots of the store. It may ask for the keyring's own password."""
    from taskforce.keys import keyring  # deferred: an extra

    for entry in done.entries:
        keyring.drop(entry)


def _ours(folder: Path) -> Iterator[Path]:
    """The files of a store in `folder`, and what stopped programs left of such."""
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return
    for path in found:
        if path.is_dir() and not path.is_symlink():
            continue
        if (
            path.name.lstrip(".").startswith((DATABASE, FILE_NAME))
            or path.name in (MARKER, guessing.FILE_NAME)
            or _PART.fullmatch(path.name)
        ):
            yield path


def _is_slots(path: Path) -> bool:
    return path.name.lstrip(".").startswith(FILE_NAME)


def _drafts(folder: Path) -> list[Path]:
    """Folders beside the store in which one was being made, by `init` or `restore`, when it was stopped."""
    with suppress(OSError):
        found = folder.parent.glob(f".{escape(folder.name)}.*.part")
        return sorted(path for path in found if path.is_dir())
    return []


def _overwrite(done: Wiped, path: Path, size: int | None = None) -> None:
    """Write over a file; a link is no file of the store's, and what it leads to is let be."""
    if path.is_symlink() or path.name.endswith(
        "-shm"
    ):  # programs share that in memory, and no record is in it
        return
    try:
        whole = path.stat().st_size
        overwrite_file(path, size)
    except FileNotFoundError:
        return
    except OSError as error:
        if size is None:
            done.note(path, error)
        return
    if size is None:
        done.bytes += whole


def _delete(done: Wiped, path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        done.note(path, error)
    else:
        done.deleted.append(path.name)


def _remove(done: Wiped, folder: Path) -> None:
    with suppress(OSError):
        sync_folder(folder)
    try:
        done.left += sorted({path.name for path in folder.iterdir()} - {path.name for path in _ours(folder)})
        if not folder.is_symlink() and not any(folder.iterdir()):
            folder.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        done.note(folder, error)
