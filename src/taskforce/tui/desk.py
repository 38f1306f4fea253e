"""The open store as the screens use it: reads and actions in threads of their own, and a look at whether it changed.

SQLite's connections belong to the thread that made them, so each thread here has its own. One thread reads, one acts:
a long import never keeps a screen from being read.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from taskforce.actions.session import Session
from taskforce.actions.unlocking import Opener
from taskforce.errors import Locked, Refused
from taskforce.i18n import _
from taskforce.store.store import Store

T = TypeVar("T")


class Desk:
    """A store that is open until `lock`. `opener` says how it opens again; `key` is the database's, 32 bytes."""

    def __init__(self, opener: Opener, key: bytes, *, read_only: bool = False) -> None:
        self.opener = opener
        self.read_only = read_only
        self._key: bytes | None = key
        self._own = threading.local()
        self._sessions: list[Session] = []
        self._reader = ThreadPoolExecutor(1, "reading")
        self._actor = ThreadPoolExecutor(1, "acting")
        self._watcher: Session | None = None
        self._version = -1

    @property
    def is_locked(self) -> bool:
        """Whether the key was let go of."""
        return self._key is None

    async def read(self, work: Callable[[Session], T]) -> T:
        """What `work` reads, in the reading thread. Raises what it raises, and Locked after `lock`."""
        return await self._in(self._reader, work)

    async def act(self, work: Callable[[Session], T]) -> T:
        """What `work`, an action, gives, in the acting thread. Refused where the room is read-only."""
        if self.read_only:
            raise Refused(_("this room is only for reading"), hint=_("open it without --read-only"))
        return await self._in(self._actor, work)

    async def look_into(self, work: Callable[[Session], T]) -> T:
        """What a dry run gives: it needs the acting thread's lock on the store, and leaves nothing behind."""
        return await self._in(self._actor, work)

    def watch(self) -> Session:
        """The session of the calling thread, for the few reads that are too small for a thread."""
        if self._watcher is None:
            self._watcher = self._open()
        return self._watcher

    def has_changed(self) -> bool:
        """Whether anybody, here or in another process, has written since the last call (PRAGMA data_version)."""
        connection = self.watch().store.connection
        version = int(connection.execute("PRAGMA data_version").fetchone()[0])
        before, self._version = self._version, version
        return version != before

    def lock(self) -> None:
        """Let go of the key and of every connection."""
        self._key = None
        self._version = -1
        if self._watcher is not None:
            self._watcher.store.close()
            self._watcher = None
        for pool in (self._reader, self._actor):
            pool.submit(self._close_own).result()

    def unlock(self, key: bytes) -> None:
        """Open the store again."""
        self._key = key

    def close(self) -> None:
        """End: the store is whole in its one file again."""
        self.lock()
        self._reader.shutdown()
        self._actor.shutdown()

    async def _in(self, pool: ThreadPoolExecutor, work: Callable[[Session], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, self._run, work)

    def _run(self, work: Callable[[Session], T]) -> T:
        session: Session | None = getattr(self._own, "session", None)
        if session is None:
            session = self._own.session = self._open()
        return work(session)

    def _open(self) -> Session:
        if self._key is None:
            raise Locked(_("the room is locked"))
        return Session(Store.open(self.opener.folder, self._key))

    def _close_own(self) -> None:
        session: Session | None = getattr(self._own, "session", None)
        if session is not None:
            session.store.close()
            self._own.session = None
