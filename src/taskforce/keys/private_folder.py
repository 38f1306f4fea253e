"""The folder of this user's own in which sockets of agents stand, and marks that say that a store was locked.

It is trusted only if it belongs to this user, is no link and lets nobody else in: whoever can put something there can
pretend to be an agent, or an agent's client.
"""

from __future__ import annotations

import os
import stat
import sys

from taskforce.errors import StoreError
from taskforce.i18n import _

_ALL = "all"


def private_folder() -> str:
    """Return where it is, or would be: in the user's runtime folder, which lasts as long as somebody is logged in, else
    in the one for a program's state. StoreError if this user has neither.
    """
    if places := private_folders():
        return places[0]
    raise StoreError(
        _("there is no folder of your own here: your user has no home, and HOME is not set"),
        hint=_("set HOME to a folder that is yours alone"),
        code="private-folder",
    )


def private_folders() -> tuple[str, ...]:
    """Return the same, and behind it where a process without a runtime folder, such as one of cron, has its own; none
    for a user without a home.
    """
    if sys.platform == "darwin":
        state = os.path.expanduser("~/Library/Application Support")
    else:
        state = os.environ.get("XDG_STATE_HOME", "")
        if not os.path.isabs(state):
            state = os.path.expanduser("~/.local/state")
    places = [os.path.join(state, "taskforce", "run")] if os.path.isabs(state) else []
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime) and is_private(runtime):
        places.insert(0, os.path.join(runtime, "taskforce"))
    return tuple(places)


def is_private(folder: str) -> bool:
    """Return whether ``folder`` is a folder, no link to one, that belongs to this user and lets nobody else in."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


def make_private_folder(folder: str = "") -> str:
    """Return the folder, which is there now. StoreError if it cannot be made, or is not this user's alone."""
    folder = folder or private_folder()
    try:
        os.makedirs(os.path.dirname(folder), mode=0o700, exist_ok=True)
        os.mkdir(folder, 0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise StoreError(
            _("the folder %(path)s cannot be made: %(reason)s")
            % {"path": folder, "reason": os.strerror(error.errno or 0)},
            code="private-folder",
        ) from None
    if not is_private(folder):
        raise StoreError(
            _("the folder %(path)s is not yours alone") % {"path": folder},
            hint=_("look at what it is, and remove it or run: chmod 700"),
            code="private-folder",
        )
    return folder


def name_of_store(folder: str | os.PathLike[str]) -> str:
    """Return by what the store in ``folder`` is known there; OSError if it is not there.

    It is the folder itself that is meant, by whatever path, and not another that stands there later.
    """
    found = os.stat(folder)
    return f"{found.st_dev:x}-{found.st_ino:x}"


def mark_locked(folder: str | os.PathLike[str] | None) -> None:
    """Leave word that the store in ``folder``, or each, was locked: rooms that show it lock themselves.

    On Windows there is no place for it: nothing happens.
    """
    if os.name == "nt":
        return
    name = f"{_ALL if folder is None else name_of_store(folder)}.locked"
    for place in private_folders() or (private_folder(),):
        path = os.path.join(make_private_folder(place), name)
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))
            os.utime(path, follow_symlinks=False)
        except OSError as error:
            raise StoreError(
                _("%(path)s cannot be written: %(reason)s")
                % {"path": path, "reason": os.strerror(error.errno or 0)},
                code="private-folder",
            ) from None


def lock_marks(folder: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return where word is left that the store in ``folder`` was locked, and that all were; nowhere on Windows."""
    if os.name == "nt":
        return ()
    names = (name_of_store(folder), _ALL)
    return tuple(os.path.join(place, f"{name}.locked") for place in private_folders() for name in names)


def last_marked(marks: tuple[str, ...]) -> tuple[int, ...]:
    """Return when each of the ``marks`` was left, in nanoseconds; 0 for never."""
    times = []
    for mark in marks:
        try:
            times.append(os.stat(mark, follow_symlinks=False).st_mtime_ns)
        except OSError:
            times.append(0)
    return tuple(times)
