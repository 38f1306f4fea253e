"""Files that leave the store: written whole or not at all, readable by their owner only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from taskforce.errors import InputError, Refused, StoreError, UsageError
from taskforce.i18n import _


@contextmanager
def new_file(path: Path, *, replace: bool = False) -> Iterator[IO[bytes]]:
    """A file to write that appears at `path` only once it is complete and on the disk, mode 0600.

    Refused if something is there already, a symbolic link included, unless `replace` says that a plain file may be
    overwritten. On any exception nothing is left behind.
    """
    if path.is_symlink() or (path.exists() and not (replace and path.is_file())):
        raise Refused(
            _("%(path)s is there already") % {"path": path},
            hint=_("choose another name, or add --force to replace it"),
        )
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(
            temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600
        )
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _cannot_write(path, error) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def existing_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to read; InputError if it is not there or cannot be read."""
    try:
        if path.is_dir():
            raise InputError(_("%(path)s is a folder, not a file") % {"path": path})
        with open(path, "rb") as stream:
            yield stream
    except FileNotFoundError:
        raise InputError(_("%(path)s is not there") % {"path": path}) from None
    except PermissionError:
        raise InputError(_("%(path)s may not be read") % {"path": path}) from None
    except OSError as error:  # a name too long, a disk that fails; what writes has sentences of its own
        reason = os.strerror(error.errno or 0)
        raise InputError(
            _("%(path)s cannot be read: %(reason)s") % {"path": path, "reason": reason}
        ) from None


def make_folder(path: Path) -> None:
    """Make a folder of mode 0700, and what leads to it."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from None


def _cannot_write(path: Path, error: OSError) -> Exception:
    if isinstance(error, FileNotFoundError):
        return UsageError(_("the folder of %(path)s is not there") % {"path": path})
    return StoreError(
        _("%(path)s cannot be written: %(reason)s") % {"path": path, "reason": os.strerror(error.errno or 0)},
        hint=_("nothing was changed"),
    )


def sync_folder(folder: Path) -> None:
    """Make the new name itself durable, where the platform can (Windows has no such call)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
