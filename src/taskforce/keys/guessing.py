"""Each wrong passphrase costs time: how many came one after the other stands beside the store, and how long that is.

It slows down who tries passphrases with this program, at somebody's keyboard. Whoever can write to the store's folder
can delete the file, and whoever has a copy of the folder needs neither it nor this program: against them stands what
a guess costs itself (Argon2id, in ``slots``). Nobody is ever locked out: the longest wait is half a minute.
"""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from math import isfinite

FILE_NAME = "wrong-passphrases"
FREE = 2
"""Wrong passphrases that cost nothing: people mistype."""

LONGEST = 30.0  # seconds
_MOST_BYTES = 64
_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def delay(failures: int) -> float:
    """Return the seconds that lie between so many wrong passphrases in a row and the next try: 0, 0, 1, 2, 4 … 30."""
    return 0.0 if failures < FREE else min(2.0 ** min(failures - FREE, 10), LONGEST)


def seconds_to_wait(folder: str | os.PathLike[str]) -> float:
    """Return how long the next passphrase for the store in ``folder`` has to wait still."""
    failures, last = _read(os.path.join(folder, FILE_NAME))
    seconds = delay(failures)
    return max(0.0, min(seconds, last + seconds - time.time()))  # a clock that was set makes it no longer


def note_wrong(folder: str | os.PathLike[str]) -> None:
    """Note that a passphrase was wrong; where nothing can be written there, a store on a read-only disk, it is not."""
    path = os.path.join(folder, FILE_NAME)
    failures, _last = _read(path)
    with suppress(OSError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | _FLAGS, 0o600)
        try:
            if _is_ours(handle):
                os.ftruncate(handle, 0)
                os.write(handle, f"{min(failures + 1, 999)} {time.time():.3f}\n".encode("ascii"))
                os.fsync(handle)
        finally:
            os.close(handle)


def note_right(folder: str | os.PathLike[str]) -> None:
    """Forget the wrong ones."""
    with suppress(OSError):
        os.unlink(os.path.join(folder, FILE_NAME))


def _read(path: str) -> tuple[int, float]:
    """Return how many were wrong and when the last was (seconds since 1970); what cannot be read tells of none."""
    try:
        handle = os.open(path, os.O_RDONLY | _FLAGS)
    except OSError:
        return 0, 0.0
    try:
        data = os.read(handle, _MOST_BYTES) if _is_ours(handle) else b""
        failures, last = data.split(b"\n")[0].split()
        return (max(int(failures), 0), float(last)) if isfinite(float(last)) else (0, 0.0)
    except (OSError, ValueError):
        return 0, 0.0
    finally:
        os.close(handle)


def _is_ours(handle: int) -> bool:
    found = os.fstat(handle)
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1
