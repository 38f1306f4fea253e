"""The agent: a process that keeps the database key of one store for a while, and gives it to commands of its user.

It is started by ``start_agent`` and reads from its stdin the key, then a line for each of what it is to know; nothing
of it stands in its arguments or environment. It ends, and the key with it, as soon as one of these holds:

- somebody locks, or the process is told to end;
- nothing asked for the key for as long as the idle limit says, or the limit at the most is reached; both are measured
  by a clock that goes on while the computer sleeps;
- the computer slept: a clock that goes on in its sleep is ahead of one that does not;
- the database was taken away or another one stands in its place; or the socket, as when everybody has logged out.

So while the computer sleeps the key is in its memory still. It is gone before anything is answered after waking.
"""

from __future__ import annotations

import mmap
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from taskforce.keys.agent import _MOST_BYTES, KEY_BYTES, SUFFIX, peer_user

LOOK_EVERY = 5.0
"""Seconds between two looks at clocks and files while nothing asks."""

_SLEPT = 1.0  # seconds by which the clocks may differ without it
_LONGEST_REQUEST = 64  # bytes
_ANSWER_WITHIN = 1.0  # seconds that a client may take

_GOES_ON = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; elsewhere CLOCK_MONOTONIC does so
_STANDS_STILL = getattr(time, "CLOCK_UPTIME_RAW", None)  # macOS; elsewhere CLOCK_MONOTONIC does so


def clock() -> tuple[float, float]:
    """Return two times in seconds: by a clock that goes on while the computer sleeps, and by one that does not."""
    monotonic = time.clock_gettime(time.CLOCK_MONOTONIC)
    goes_on = monotonic if _GOES_ON is None else time.clock_gettime(_GOES_ON)
    stands_still = monotonic if _STANDS_STILL is None else time.clock_gettime(_STANDS_STILL)
    return goes_on, stands_still


class Vault:
    """A key in memory that is never written to swap or into a core where the system allows, and how long it stays."""

    def __init__(
        self,
        database: str,
        *,
        idle: float,
        limit: float,
        clock: Callable[[], tuple[float, float]] = clock,
    ) -> None:
        self._database = database
        self._clock = clock
        self._idle = idle
        self._memory = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._keep_it_there()
        self._is_here = numbers_of_database(database)
        now, awake = clock()
        self._ahead = now - awake
        self._asked = now
        self._end = now + limit

    @property
    def place(self) -> memoryview:
        """Where the key is, or is to be put."""
        return memoryview(self._memory)[:KEY_BYTES]

    def left(self) -> tuple[float, float]:
        """Return the seconds that are left without a request, and at the most; 0 if it is over."""
        now, awake = self._clock()
        is_over = now - awake - self._ahead > _SLEPT or numbers_of_database(self._database) != self._is_here
        if is_over or self._is_here is None:
            return 0.0, 0.0
        return max(0.0, self._asked + self._idle - now), max(0.0, self._end - now)

    def answer(self, request: bytes) -> list[bytes | memoryview]:
        """Return what is to be answered; nothing once it is over."""
        left = self.left()
        if not min(left):
            return []
        if request == b"S":
            return [f"S{left[0]:.3f} {self._idle:.3f} {left[1]:.3f}".encode("ascii")]
        if self._is_here is not None and request == b"K%d-%d" % self._is_here:
            self._asked = self._clock()[0]
            return [b"K", self.place]
        return []

    def wipe(self) -> None:
        """Overwrite the key."""
        self._memory[:KEY_BYTES] = bytes(KEY_BYTES)

    def _keep_it_there(self) -> None:
        for advice in ("MADV_DONTDUMP", "MADV_DONTFORK"):
            with suppress(AttributeError, OSError):
                self._memory.madvise(getattr(mmap, advice))
        import ctypes  # deferred: after all that needs no foreign call

        with suppress(
            AttributeError, OSError, ValueError
        ):  # a system without, or a limit on what may be locked
            at = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
            ctypes.CDLL(None).mlock(ctypes.c_void_p(at), ctypes.c_size_t(mmap.PAGESIZE))


def start_agent(folder: str, name: str, key: bytes, *, idle: float, limit: float) -> str:
    """Start the agent of the store in ``folder``, and wait until it listens as ``name`` in the private folder.

    Return what went wrong, in the system's words; nothing if it listens. It takes the place of an older one.
    """
    import subprocess  # deferred: the agent itself needs it not

    line = [sys.executable, "-P", "-m", "taskforce.keys.agent_process"]
    try:
        process = subprocess.Popen(
            line,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return str(error)
    assert process.stdin is not None and process.stdout is not None
    answer = b""
    try:
        told = "\0".join((os.path.abspath(folder), name, repr(idle), repr(limit)))
        with suppress(BrokenPipeError), process.stdin as stdin:
            stdin.write(key + os.fsencode(told))
        with process.stdout as stdout:
            answer = stdout.read()
    finally:
        if answer == b"ready":
            process.returncode = 0  # it stays: nobody waits for its end
        else:
            process.kill()
            process.wait()
    return "" if answer == b"ready" else answer.decode("utf-8", "replace") or "it ended at once"


def main() -> None:
    """Be the agent."""
    from taskforce.memory import keep_in_memory

    keep_in_memory()
    os.umask(0o077)
    key = bytearray(KEY_BYTES)
    view = memoryview(key)
    got = 0
    while got < KEY_BYTES and (count := os.readv(0, [view[got:]])):
        got += count
    told = b""
    while more := os.read(0, _MOST_BYTES):
        told += more
    folder, name, idle, limit = os.fsdecode(told).split("\0")
    vault = Vault(os.path.join(folder, "store.db"), idle=float(idle), limit=float(limit))
    vault.place[:] = view
    view[:] = bytes(KEY_BYTES)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        _listen(vault, folder, name)
    finally:
        vault.wipe()


def _listen(vault: Vault, folder: str, name: str) -> None:
    from taskforce.keys.private_folder import make_private_folder

    path = os.path.join(make_private_folder(), name + SUFFIX)
    draft = f"{path}.{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        try:
            listener.bind(draft)
            os.chmod(draft, 0o600)
            listener.listen(16)
            os.rename(draft, path)
        except OSError as error:
            with suppress(OSError):
                os.unlink(draft)
            os.write(1, str(error).encode("utf-8", "replace"))
            return
        own = _numbers_of(path)
        os.write(1, b"ready")
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        try:
            while (left := min(vault.left())) and _numbers_of(path) == own:
                if select.select([listener], [], [], min(left, LOOK_EVERY))[0] and not _serve(
                    vault, listener, folder
                ):
                    return
        finally:
            vault.wipe()
            if _numbers_of(path) == own:
                os.unlink(path)


def _serve(vault: Vault, listener: socket.socket, folder: str) -> bool:
    """Answer one request; False if it was to end."""
    with suppress(OSError):
        connection, _address = listener.accept()
        with connection:
            if peer_user(connection) != os.geteuid():
                return True
            until = time.monotonic() + _ANSWER_WITHIN  # for all of it: nobody keeps the agent from its clock
            request = b""
            while len(request) <= _LONGEST_REQUEST:
                connection.settimeout(max(until - time.monotonic(), 0.001))
                if not (more := connection.recv(_LONGEST_REQUEST + 1)):
                    break
                request += more
            if request == b"L":
                vault.wipe()
                connection.sendall(b"L" + os.fsencode(folder))
                return False
            if answer := vault.answer(request):
                connection.sendmsg(answer)
    return True


def numbers_of_database(path: str) -> tuple[int, int] | None:
    """Return by what the system knows the file that stands at ``path``; None if none does."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _numbers_of(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


if __name__ == "__main__":
    main()
