"""The open store as the screens use it: reads and actions in threads of their own, and a look at whether it changed.

SQLite's connections belong to the thread that made them, so each thread here has its own. One thread reads, one acts:
a long import never keeps a screen from being read. What is read for long, as in an audit, has a third.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from taskforce.actions.session import Session
from taskforce.actions.unlocking import Opener
from taskforce.errors import Locked, Refused, StoreError, TaskforceError
from taskforce.i18n import _
from taskforce.keys.slots import DATABASE
from taskforce.store.connection import sentences
from taskforce.store.migrations import SCHEMA, schema_of
from taskforce.store.stopping import Reading, is_settled
from taskforce.store.store import Store
from taskforce.store.watching import data_version
from taskforce.tui.looks import Looks

T = TypeVar("T")
Work = Callable[[Session], object]


class Desk:
    """A store that is open until `lock`. `opener` says how it opens again; `key` is the database's, 32 bytes."""

    def __init__(self, opener: Opener, key: bytes, *, read_only: bool = False) -> None:
        self.opener = opener
        self.read_only = read_only
        self._key: bytes | None = key
        self._is_locked = False
        self._keyhole = threading.Lock()
        self._turn = (
            0  # how often it was locked or opened: what a lock leaves to be done ends with the next opening
        )
        self._own = threading.local()
        self._reader = ThreadPoolExecutor(1, "reading")
        self._actor = ThreadPoolExecutor(1, "acting")
        self._aside = ThreadPoolExecutor(1, "reading aside")
        self._watcher: Session | None = None
        self._version = -1
        self._file: tuple[int, int] | None = None
        self._made_by: str | None = None
        self._notices: list[str] = []
        self._readings: set[Reading] = set()  # of the screen's own thread
        self._long: set[Reading] = set()  # of those, what is read aside
        self.asks_before_recalls = False
        self.looks = Looks(self._do_later, self._notices.append)

    @property
    def is_locked(self) -> bool:
        """Whether nothing may be read and done any more."""
        return self._is_locked

    async def read(self, work: Callable[[Session], T]) -> T:
        """What `work` reads, in the reading thread. Raises what it raises, and Locked after `lock`.

        If whoever asked gives it up, it is stopped: what comes next need not wait for it.
        """
        reading = Reading()
        self._readings.add(reading)
        try:
            return await asyncio.wrap_future(self._begin(self._reader, partial(self._read, reading, work)))
        except asyncio.CancelledError:
            reading.stop()
            raise
        finally:
            self._readings.discard(reading)

    async def read_aside(self, work: Callable[[Session], T]) -> T:
        """What `work` reads for long, in a thread and by a session of its own: screens are read as ever meanwhile.

        It is stopped if whoever asked gives it up, and when the room locks.
        """
        reading = Reading()
        self._readings.add(reading)
        self._long.add(reading)
        try:
            return await asyncio.wrap_future(
                self._begin(self._aside, partial(self._read_once, reading, work))
            )
        except asyncio.CancelledError:
            reading.stop()
            raise
        finally:
            self._readings.discard(reading)
            self._long.discard(reading)

    async def act(self, work: Callable[[Session], T]) -> T:
        """What `work`, an action, gives, in the acting thread. Refused where the room is read-only.

        Once asked for it is done, also if whoever asked has gone meanwhile.
        """
        if self.read_only:
            raise Refused(_("this room is only for reading"), hint=_("open it without --read-only"))
        return await asyncio.shield(asyncio.wrap_future(self._begin(self._actor, self._while_there(work))))

    async def note(self, work: Callable[[Session], T]) -> T:
        """What `work` notes in the store beside its records, in the acting thread; in a room for reading, too."""
        return await asyncio.shield(asyncio.wrap_future(self._begin(self._actor, self._while_there(work))))

    async def look_into(self, work: Callable[[Session], T]) -> T:
        """What a dry run gives: it needs the acting thread's lock on the store, and leaves nothing behind."""
        return await asyncio.wrap_future(self._begin(self._actor, work))

    def watch(self) -> Session:
        """The session of the calling thread, for the few reads that are too small for a thread."""
        if self._is_locked:
            raise _locked()
        if self._watcher is None:
            self._watcher = self._open()
        self._watcher.store.forget_me()
        return self._watcher

    def has_changed(self) -> bool:
        """Whether anybody, here or in another process, has written since the last call (PRAGMA data_version)."""
        connection = self.watch().store.connection
        with sentences():
            version = data_version(connection)
        before, self._version = self._version, version
        return version != before

    def take_notices(self) -> list[str]:
        """What the store has had to say by itself since the last call: that it goes on in a new feed, and why."""
        found = list(self._notices)
        del self._notices[: len(found)]
        return found

    def require_unmoved(self) -> None:
        """StoreError if the store's file was taken away or replaced since it was opened: to write on would lose it."""
        try:
            found = os.stat(self.opener.folder / DATABASE)
        except OSError:
            found = None
        if self._file is not None and (found is None or (found.st_dev, found.st_ino) != self._file):
            raise StoreError(
                _("the store's file was taken away or replaced while it was open"),
                hint=_("see what is in its folder, and open the room again"),
                code="store-moved",
            )

    def require_same_program(self) -> None:
        """StoreError if another version of the program has opened the store since: its tables are no longer these."""
        store = self.watch().store
        with sentences():
            is_known = schema_of(store.connection) == SCHEMA
            made_by = store.meta("tables")
        if not is_known or made_by != (self._made_by or made_by):
            raise StoreError(
                _("another version of taskforce has opened this store"),
                hint=_("open the room again, with the newer one"),
                code="other-version",
            )
        self._made_by = made_by

    def lock(self, last: Sequence[Work] = ()) -> None:
        """Let nothing be read or done any more; `last` is done first, as is all that was asked for before.

        It does not wait: the key is let go of once that is done.
        """
        if self._is_locked:
            return
        self._is_locked = True
        self.looks.forget()
        self._turn += 1
        self._version, self._file, self._made_by = -1, None, None
        if self._watcher is not None:
            self._watcher.store.close()
            self._watcher = None
        for reading in tuple(self._long):
            reading.stop()
        for work in () if self.read_only else last:
            self._actor.submit(self._run, self._while_there(work))
        readers = [pool.submit(self._close_own) for pool in (self._reader, self._aside)]
        self._actor.submit(self._end_turn, self._turn, readers)

    def unlock(self, key: bytes) -> None:
        """Open the store again."""
        with self._keyhole:
            self._turn += 1
            self._key = key
        self._is_locked = False

    def close(self) -> None:
        """End, when all that was asked for is done: the store is whole in its one file again. Reads are stopped."""
        for reading in tuple(self._readings):
            reading.stop()
        self.lock()
        self._reader.shutdown()
        self._aside.shutdown()
        self._actor.shutdown()

    def _begin(self, pool: ThreadPoolExecutor, work: Callable[[Session], T]) -> Future[T]:
        if self._is_locked:
            raise _locked()
        return pool.submit(self._run, work)

    def _do_later(self, work: Work, failed: Callable[[TaskforceError], None]) -> None:
        """Hand work to the acting thread, for which nobody waits; `failed` hears there why it could not be done."""

        def guarded() -> None:
            try:
                self._run(self._while_there(work))
            except TaskforceError as error:
                failed(error)

        if not self._is_locked:
            self._actor.submit(guarded)

    def _while_there(self, work: Callable[[Session], T]) -> Callable[[Session], T]:
        def guarded(session: Session) -> T:
            self.require_unmoved()
            return work(session)

        return guarded

    def _read(self, reading: Reading, work: Callable[[Session], T], session: Session) -> T:
        connection = session.store.connection
        try:
            return reading.run(connection, partial(work, session))
        finally:
            if reading.is_stopped and not is_settled(connection):
                self._close_own()  # the next read opens it anew

    def _read_once(self, reading: Reading, work: Callable[[Session], T], session: Session) -> T:
        try:
            return reading.run(session.store.connection, partial(work, session))
        finally:
            self._close_own()

    def _run(self, work: Callable[[Session], T]) -> T:
        session: Session | None = getattr(self._own, "session", None)
        if session is None:
            session = self._own.session = self._open()
        session.store.forget_me()
        try:
            with sentences():
                return work(session)
        finally:
            self._notices += session.store.notices
            session.store.notices.clear()

    def _open(self) -> Session:
        if self._key is None:
            raise _locked()
        session = Session(Store.open(self.opener.folder, self._key))
        session.asks_before_recalls = self.asks_before_recalls
        if self._file is None and not self._is_locked:
            found = os.stat(self.opener.folder / DATABASE)
            self._file = (found.st_dev, found.st_ino)
        return session

    def _close_own(self) -> None:
        session: Session | None = getattr(self._own, "session", None)
        if session is not None:
            session.store.close()
            self._own.session = None

    def _end_turn(self, turn: int, readers: Sequence[Future[None]]) -> None:
        self._close_own()
        for reader in readers:
            reader.result()
        with self._keyhole:
            if self._turn == turn:
                self._key = None


def _locked() -> TaskforceError:
    return Locked(_("the room is locked"))
