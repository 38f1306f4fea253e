"""Files that leave the store: written whole or not at all, readable by their owner only."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from taskforce.errors import InputError, Refused, StoreError, UsageError
from taskforce.i18n import _


@contextmanager
def new_file(path: Path, *, replace: bool = False, is_of_store: bool = False) -> Iterator[IO[bytes]]:
    """A file to write that appears at `path` only once it is complete and on the disk, mode 0600.

    Refused if something is there already, a symbolic link included, unless `replace` says that a plain file may be
    overwritten; and if it would be taken for one of a store's own files, unless it is. On any exception nothing is left
    behind.
    """
    if not is_of_store:
        require_not_of_store(path)
    if path.is_symlink() or (path.exists() and not (replace and path.is_file())):
        raise _there_already(path, is_forced=replace)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        descriptor = _open_nameless(path.parent)
        is_nameless = descriptor is not None
        if descriptor is None:
            descriptor = os.open(temporary, _NEW, 0o600)
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        with os.fdopen(descriptor, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            with back_as_it_was(path) as stands:
                if not is_nameless:
                    os.replace(temporary, path)
                elif replace:
                    _name(stream, temporary)
                    os.replace(temporary, path)
                else:
                    _name(stream, path)
                stands()
                sync_folder(path.parent)
    except OSError as error:
        drop(temporary)
        raise _cannot_write(path, error) from None
    except BaseException:
        drop(temporary)
        raise


_OF_STORE = ("store.db", "keys.json", "incarnation", "wrong-passphrases")
"""How the names of a store's own files begin."""


def require_not_of_store(path: Path) -> None:
    """Refused if `path` is in the folder of a store and has a name of its own files: it would be lost, or the store."""
    name = path.name.casefold().lstrip(".")
    if name.startswith(_OF_STORE) and all((path.parent / each).exists() for each in _OF_STORE[:2]):
        raise Refused(
            _("%(path)s would be taken for a file of the store that is in this folder") % {"path": path},
            hint=_("choose another name, or better another folder"),
            code="store-file",
        )


_NEW = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0)


def _open_nameless(folder: Path) -> int | None:
    """A new file that has no name yet, so that nothing is left of it when the program is killed; None without such."""
    if not hasattr(os, "O_TMPFILE") or not os.path.isdir("/proc/self/fd"):
        return None
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError as error:
        if error.errno in (
            errno.EOPNOTSUPP,
            errno.EISDIR,
            errno.EINVAL,
        ):  # a stick's file system, an old kernel
            return None
        raise


def _name(stream: IO[bytes], name: Path) -> None:
    """Give a file that has none its name; FileExistsError if it is taken."""
    try:
        # Only with `src_dir_fd` does Python call linkat(), which can follow this link to the file itself.
        os.link(f"/proc/self/fd/{stream.fileno()}", name, src_dir_fd=0, follow_symlinks=True)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.ENOENT, errno.EPERM, errno.EOPNOTSUPP):
            raise
        stream.seek(0)  # some file systems made of others make nameless files that cannot be named
        with os.fdopen(os.open(name, _NEW, 0o600), "wb") as named:
            shutil.copyfileobj(stream, named)
            named.flush()
            os.fsync(named.fileno())


@contextmanager
def back_as_it_was(path: Path) -> Iterator[Callable[[], None]]:
    """On any exception `path` is again what it was: the file that stood there before, or nothing.

    What is given is to be called as soon as the new file stands there. Where the disk knows no links, an older file
    that was replaced cannot come back; then there is none.
    """
    older = path.with_name(f".{path.name}.{os.urandom(4).hex()}.old.part")
    is_kept, stands = False, []
    if path.is_file():
        with suppress(OSError):  # the disk knows no links
            os.link(path, older)
            is_kept = True
    try:
        yield lambda: stands.append(True)
    except BaseException:
        if stands and is_kept:
            with suppress(OSError):  # a disk that can do nothing more
                os.replace(older, path)
        elif stands:
            drop(path)
        raise
    finally:
        if is_kept:
            drop(older)


@contextmanager
def disk_sentences(path: Path) -> Iterator[None]:
    """Turn what the operating system raises while `path` is written into sentences."""
    try:
        yield
    except OSError as error:
        raise _cannot_write(path, error) from None


def drop(path: Path) -> None:
    """Delete a file that nobody needs, if it is there; that a failing disk will not do so is no news."""
    with suppress(OSError):
        path.unlink()


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


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder to fill, mode 0700, that stands at `folder`, new or empty until then, once it is complete.

    On any exception nothing is left behind. The files in it are to be on the disk before the block ends.
    """
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    make_folder(draft)
    made = draft
    try:
        yield draft
        with disk_sentences(folder):
            if folder.exists():
                folder.rmdir()
            os.rename(draft, folder)
            made = folder
            sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def require_empty(folder: Path) -> None:
    """StoreError if `folder` already holds something."""
    if folder.exists() and any(folder.iterdir()):
        raise StoreError(
            _("%(folder)s is not empty: a store is made in a folder of its own") % {"folder": folder},
            hint=_("choose another with --store"),
        )


def _there_already(path: Path, *, is_forced: bool = False) -> Refused:
    return Refused(
        _("%(path)s is there already") % {"path": path},
        hint=_("choose another name: only a plain file is replaced, no link and no folder")
        if is_forced
        else _("choose another name, or add --force to replace it"),
    )


def _cannot_write(path: Path, error: OSError) -> Exception:
    if isinstance(error, FileExistsError):
        return _there_already(path)
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


class Rejoined:
    """A stream of which the first bytes were already read."""

    def __init__(self, start: bytes, rest: IO[bytes]) -> None:
        self._start = start
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes."""
        if self._start:
            taken, self._start = (self._start, b"") if size < 0 else (self._start[:size], self._start[size:])
            return taken + (self._rest.read() if size < 0 else b"")
        return self._rest.read(size)
