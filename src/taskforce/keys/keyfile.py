"""Key files: 32 random bytes as a line of text, which open a store where nobody is there to type a passphrase."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from taskforce.errors import InputError, Locked, StoreError
from taskforce.i18n import _
from taskforce.keys.encoding import from_text, to_text

MARK = "taskforce-key-1:"
_KEY_BYTES = 32
_MOST_BYTES = 1024
_BINARY = getattr(os, "O_BINARY", 0)  # Windows


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key file that is there now; ``note`` says if others may read it (a sentence, or None)."""

    path: str
    created: bool
    note: str | None


def make_key_file(path: str | os.PathLike[str]) -> KeyFile:
    """Make sure that there is a key file at ``path``: an existing one stays as it is, else one is created
    (0600).

    Raises InputError for a symlink or a file that is no key file, StoreError if it cannot be written, Refused for a
    name that a store has for its own files, in its folder.
    """
    name = os.fspath(path)
    if os.path.islink(name):  # it may be anybody's way to make us write elsewhere
        raise InputError(
            _("%(path)s is a symbolic link") % {"path": name},
            hint=_("name the key file itself"),
            code="key-file",
        )
    created = False
    if not os.path.exists(name):
        from pathlib import Path  # deferred: few commands make one

        from taskforce.files import require_not_of_store

        require_not_of_store(Path(name))
        try:
            write_new(name, key_file_line(os.urandom(_KEY_BYTES)))
            created = True
        except FileExistsError:
            pass  # somebody else was quicker: theirs it is
        except OSError as error:
            raise StoreError(
                _("the key file %(path)s cannot be written: %(reason)s")
                % {"path": name, "reason": error.strerror or error},
                code="key-file",
            ) from None
    read_key_file(name)
    return KeyFile(name, created, key_file_note(name))


def key_file_line(secret: bytes) -> bytes:
    """Return what a key file with these 32 bytes holds."""
    return (MARK + to_text(secret) + "\n").encode("ascii")


def key_of_line(data: bytes) -> bytes:
    """Return the 32 bytes of what a key file holds; ValueError if it holds no key."""
    line = data.decode("ascii").rstrip("\r\n")
    if not line.startswith(MARK):
        raise ValueError("no key file")
    return from_text(line[len(MARK) :], _KEY_BYTES)


def read_key_file(path: str | os.PathLike[str]) -> bytes:
    """Return the 32 bytes of the key file at ``path``.

    Raises Locked if it is not there or cannot be read, InputError if it is no key file.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            data = file.read(_MOST_BYTES)
    except OSError as error:
        raise Locked(
            _("the key file %(path)s cannot be read: %(reason)s")
            % {"path": name, "reason": error.strerror or error},
            code="key-file",
        ) from None
    try:
        return key_of_line(data)
    except ValueError:
        raise InputError(
            _("%(path)s is not a key file of taskforce") % {"path": name},
            hint=_("a key file is one line that begins with %(mark)s") % {"mark": MARK},
            code="key-file",
        ) from None


def key_file_note(path: str | os.PathLike[str]) -> str | None:
    """Return a sentence if other people on this computer may read the key file at ``path``, else None."""
    if os.name == "nt":  # the mode says nothing there
        return None
    name = os.fspath(path)
    try:
        found = os.stat(name)
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode) or not found.st_mode & 0o077:
        return None
    return _(
        "other people on this computer may be able to read the key file; `chmod 600 %(path)s` ends that"
    ) % {"path": name}


def write_new(path: str, data: bytes) -> None:
    """Write ``data`` to a file (0600) at ``path``, where none is: all of it, synced, or nothing.

    Raises FileExistsError if there is something already, other OSErrors as they come.
    """
    folder, name = os.path.split(path)
    folder = folder or os.curdir
    temporary = os.path.join(folder, f".{name}.{os.urandom(6).hex()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
    try:
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _name_it(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    if os.name != "nt":  # where a folder cannot be synced
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _name_it(temporary: str, path: str) -> None:
    """Give the file ``temporary`` the name ``path`` if nothing has it; it has only that name then."""
    try:
        os.link(temporary, path)  # unlike a rename, this replaces nothing
    except FileExistsError:
        raise
    except OSError:  # a file system without links, such as a FAT stick's
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        os.rename(temporary, path)
    else:
        os.unlink(temporary)
