"""Ends a read that nobody waits for any more, from another thread, and leaves its connection as good as it was."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from taskforce.errors import StoreError
from taskforce.i18n import _
from taskforce.store.connection import Connection, OperationalError

T = TypeVar("T")

_STEPS = 500_000
"""Steps of SQLite's machine, some milliseconds, between two looks whether to go on: at each it needs Python's lock."""


class Stopped(StoreError):
    """The read was ended before it was done: nobody waits for it any more."""

    default_code = "stopped"


class Reading:
    """One read, which another thread may `stop`."""

    def __init__(self) -> None:
        self._door = threading.Lock()
        self._connection: Connection | None = None
        self._is_stopped = False

    @property
    def is_stopped(self) -> bool:
        """Whether somebody stopped it."""
        return self._is_stopped

    def stop(self) -> None:
        """End it: the statement that runs now (`sqlite3_interrupt`), and any longer one that follows."""
        with self._door:
            self._is_stopped = True
            if self._connection is not None:
                self._connection.interrupt()

    def run(self, connection: Connection, work: Callable[[], T]) -> T:
        """What `work` reads over `connection`, in the thread that the connection belongs to; Stopped where it was."""
        with self._door:
            if self._is_stopped:
                raise _stopped()
            self._connection = connection
        connection.set_progress_handler(lambda: self._is_stopped, _STEPS)
        try:
            return work()
        except OperationalError as error:
            if self._is_stopped and "interrupt" in str(error):
                raise _stopped() from None
            raise
        finally:
            with self._door:
                self._connection = None
            connection.set_progress_handler(None, 0)


def is_settled(connection: Connection) -> bool:
    """After a read was stopped: whether its connection reads on. A statement left open would be stopped forever."""
    try:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("SELECT 1").fetchone()
    except OperationalError:
        return False
    return not connection.in_transaction


def _stopped() -> Stopped:
    return Stopped(_("this was stopped before it was read"))
