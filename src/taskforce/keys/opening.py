"""A reader fed by a thread: turns a function that writes into a stream that is read, holding a bounded amount."""

from __future__ import annotations

import io
import threading
import weakref

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK = 1 << 18
"""Bytes handed over at once. Two blocks at most are under way: one being read, one waiting."""

_PATIENCE = 1.0  # seconds for the thread to end; it may be waiting for a source that never answers


class _Abandoned(Exception):
    """Nobody reads any more."""


class _Handover:
    """One block at a time from the thread that writes to the one that reads."""

    def __init__(self) -> None:
        # Its lock is re-entrant: `cancel` may come while the same thread is in here, when the stream is collected.
        self._changed = threading.Condition()
        self._gathered = bytearray()
        self._waiting: bytes | None = None
        self._ended = False
        self._cancelled = False
        self._error: BaseException | None = None

    def write(self, piece: bytes | memoryview) -> int:
        """Take what the thread made; wait while a block is waiting to be read."""
        self._gathered += piece
        if len(self._gathered) >= BLOCK:
            self._hand_over()
        elif self._cancelled:
            raise _Abandoned
        return len(piece)

    def _hand_over(self) -> None:
        with self._changed:
            while self._waiting is not None and not self._cancelled:
                self._changed.wait()
            if self._cancelled:
                raise _Abandoned
            self._waiting = bytes(self._gathered)
            self._gathered.clear()
            self._changed.notify_all()

    def run(self, produce: Callable[[object], None]) -> None:
        """What the thread does: all of ``produce``, then the end or the error, whichever it came to."""
        error: BaseException | None = None
        try:
            produce(self)
            if self._gathered:
                self._hand_over()
        except BaseException as problem:  # noqa: BLE001 - kept for the reader, who must never take it for the end
            error = problem.with_traceback(None)
        with self._changed:
            self._gathered.clear()
            self._error = error
            self._ended = True
            self._changed.notify_all()

    def take(self) -> bytes:
        """Return the next block, empty at the end; raises what ``produce`` raised, every time."""
        with self._changed:
            while self._waiting is None and not self._ended:
                self._changed.wait()
            if self._waiting is not None:
                block, self._waiting = self._waiting, None
                self._changed.notify_all()
                return block
            if self._error is not None:
                raise self._error
            return b""

    def cancel(self, thread: threading.Thread) -> None:
        """End the thread, if it can be ended: nobody reads any more."""
        with self._changed:
            self._cancelled = True
            self._waiting = None
            self._changed.notify_all()
        if thread is not threading.current_thread():
            thread.join(_PATIENCE)


class OpenedStream(io.RawIOBase):
    """What ``produce(target)`` writes to ``target``, as a stream. Its error is raised in the end, at every
    read.

    The thread ends when all was read, when this is closed or collected, or when Python ends.
    """

    def __init__(self, produce: Callable[[object], None]) -> None:
        super().__init__()
        handover = _Handover()
        # A daemon, so that one that waits for a silent source cannot keep Python from ending; `finalize` ends
        # it before Python is taken down around it.
        thread = threading.Thread(target=handover.run, args=(produce,), name="opening", daemon=True)
        self._handover = handover
        self._block = memoryview(b"")
        self._end = weakref.finalize(self, handover.cancel, thread)
        thread.start()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # Buffer is Python 3.12's
        """Fill ``buffer`` with what is there, at least one byte unless this is the end."""
        target = memoryview(buffer).cast("B")
        if self.closed:
            raise ValueError("read of a closed stream")
        if not self._block:
            self._block = memoryview(self._handover.take())
        size = min(len(target), len(self._block))
        target[:size] = self._block[:size]
        self._block = self._block[size:]
        return size

    def close(self) -> None:
        """Stop; what was not read yet is dropped."""
        if not self.closed:
            self._end()
            self._block = memoryview(b"")
        super().close()
