"""A store: one encrypted database on one device, and who works in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from taskforce.errors import Locked, StoreError
from taskforce.i18n import _
from taskforce.keys.slots import DATABASE
from taskforce.store import tables
from taskforce.store.connection import (
    WRONG_KEY,
    Connection,
    connect,
    damaged,
    is_turning,
    sentences,
    transaction,
)
from taskforce.store.migrations import check_schema, migrate
from taskforce.version import __version__

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.store.ledger import Ledger
    from taskforce.store.pages import Orders


_TABLES = f"{__version__}/{tables.LAYOUT}"
"""What made the kinds' tables: another version declares other kinds, another layout has other indexes."""

_MOST_AT_ONCE = 4 << 20
"""Characters of edits that a rebuild holds at once: an edit may be megabytes long."""


@dataclass(frozen=True, slots=True)
class Me:
    """Whose store this is: agency (code), its fingerprint, the officer at the keyboard, the device and its feed."""

    agency: str
    fingerprint: str
    officer: str
    device: str
    feed: str


class Store:
    """An open store. Reads see one committed state; writes go through `writing()`, one action each."""

    def __init__(self, folder: Path, connection: Connection) -> None:
        self.folder = folder
        self.connection = connection
        self.notices: list[str] = []
        """What the people at this store are to be told, once: that it began a new epoch, and why."""
        self._why_anew = ""
        self._is_unscrubbed = False

    @classmethod
    def create(cls, folder: Path, key: bytes, meta: Mapping[str, str]) -> Store:
        """Make a new database in `folder` (which exists) under its 32-byte `key`, with what is known from the start."""
        path = str(folder / DATABASE)
        connection = connect(path, key, create=True)
        migrate(connection, path)
        store = cls(folder, connection)
        tables.create_tables(connection)
        with store.writing():
            for name, value in {**meta, "tables": _TABLES}.items():
                store.set_meta(name, value)
        return store

    @classmethod
    def open(cls, folder: Path, key: bytes, *, briefly: bool = False) -> Store:
        """Open the store in `folder` with the key that its slots hold.

        Locked if there is no store, StoreError if it is newer, or damaged. `briefly` is for one command: see `connect`.
        """
        path = str(folder / DATABASE)
        connection = _connect(path, key, briefly=briefly)
        store = cls(folder, connection)
        try:
            if is_turning(folder):
                with suppress(StoreError), transaction(connection):  # a disk that can only be read
                    store.settle()
            if not check_schema(connection):
                migrate(connection, path, store._build_anew)
            if store.meta("tables") != _TABLES:
                store.rebuild()
            store.scrub()
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def look(cls, folder: Path, key: bytes) -> list[str]:
        """What the engine finds wrong with the store in `folder`, without migrating or mending anything."""
        store = cls(folder, _connect(str(folder / DATABASE), key))
        try:
            return store.check()
        finally:
            store.close()

    @classmethod
    def fits(cls, folder: Path, key: bytes) -> bool:
        """Whether `key` is that of the store in `folder`, which may be another than the one that it was kept for.

        Where something else is wrong with the store, opening it will tell.
        """
        path = str(folder / DATABASE)
        if _has_content(folder / DATABASE):
            try:
                connect(path, key, briefly=True).close()
            except Locked as error:
                return error.code != WRONG_KEY
            except StoreError:
                pass
        return True

    @classmethod
    @contextmanager
    def held(cls, folder: Path, key: bytes) -> Iterator[None]:
        """Keep all other programs from writing to the store in `folder`, without writing to it.

        So is what stands beside the database changed by one at a time. Locked if there is no store, StoreError if the
        key does not open it.
        """
        connection = _connect(str(folder / DATABASE), key)
        try:
            with transaction(connection):
                if is_turning(folder):
                    cls(folder, connection).settle()
                yield
        finally:
            connection.close()

    def settle(self) -> None:
        """Put in order what a program left that was stopped while it made a new database key; within a transaction."""
        from taskforce.store.rekeying import settle  # deferred: hardly ever needed

        settle(self.folder, self.connection)

    def close(self) -> None:
        """Let go of the database."""
        self.connection.close()

    def keep_journal(self) -> None:
        """Write to a journal first from now on, as every store does: a copy made by the engine does not."""
        with sentences():
            self.connection.execute("PRAGMA journal_mode = WAL")

    def meta(self, name: str, default: str = "") -> str:
        """One of the store's own settings."""
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (name,)).fetchone()
        return default if row is None else str(row[0])

    def set_meta(self, name: str, value: str) -> None:
        """Set one of the store's own settings; only inside `writing()`."""
        self.connection.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    @cached_property
    def me(self) -> Me:
        """Whose store this is."""
        rows = self.connection.execute(
            "SELECT key, value FROM meta WHERE key IN ('agency', 'fingerprint', 'officer', 'device', 'epoch')"
        )
        found = {str(key): str(value) for key, value in rows}
        device = found.get("device", "")
        return Me(
            found.get("agency", ""),
            found.get("fingerprint", ""),
            found.get("officer", ""),
            device,
            f"{device}.{found.get('epoch', '1')}",
        )

    def forget_me(self) -> None:
        """Read anew whose store this is and in which feed it writes, for a new piece of work: both may have changed."""
        self.__dict__.pop("me", None)

    @cached_property
    def orders(self) -> Orders:
        """The orders of kinds that were read last."""
        from taskforce.store.pages import Orders  # deferred: only screens ask for whole orders

        return Orders(self.connection)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Several reads that see one and the same state, whatever others write; within another, part of that."""
        if self.connection.in_transaction:
            yield
            return
        with sentences():
            self.connection.execute("BEGIN")
            try:
                yield
            finally:
                self.connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all or nothing, and the only writer while it lasts.

        If the store turns out to be a copy, or one that was put back, it first begins a new epoch.
        """
        from taskforce.store import incarnation  # deferred: reading needs nothing of it

        self._why_anew = ""
        self.forget_me()  # another process may have begun an epoch meanwhile
        try:
            with transaction(self.connection):
                if why := incarnation.differs(self):
                    self.begin_epoch(why)
                given_out = self._given_out()
                yield
                if self._why_anew or given_out != self._given_out() or not self.meta(incarnation.MARKER):
                    incarnation.mark(self)
        except BaseException:
            self.forget_me()
            raise
        if self._why_anew:
            device, _dot, epoch = self.me.feed.partition(".")
            feed = _("%(agency)s, device %(device)s, epoch %(epoch)s") % {
                "agency": self.me.agency,
                "device": device[:4],
                "epoch": epoch,
            }
            self.notices.append(
                _("%(why)s; its edits are numbered in a new feed from now on: %(feed)s")
                % {"why": _(self._why_anew), "feed": feed}
            )
        self.scrub()

    def _given_out(self) -> tuple[int, int]:
        """Changes whenever a transaction gives out a number: of an own edit, or of a bundle."""
        row = self.connection.execute(
            "SELECT (SELECT max(number) FROM edit WHERE feed = (SELECT id FROM feed WHERE name = ?)), "
            "(SELECT max(id) FROM bundle)",
            (self.me.feed,),
        ).fetchone()
        return row[0] or 0, row[1] or 0

    def begin_epoch(self, why: str) -> None:
        """Begin a new epoch: own edits are numbered from 1 in a new feed. Only inside `writing()`, and once in it."""
        from taskforce import moments  # deferred: hardly ever happens
        from taskforce.store.incarnation import next_epoch

        if self._why_anew:
            return
        before = self.me
        epoch = next_epoch(self.connection, before.device, int(before.feed.partition(".")[2]))
        self.set_meta("epoch", str(epoch))
        self.forget_me()
        self._why_anew = why
        self.connection.execute(
            "INSERT INTO action (at, by, summary, undoable) VALUES (?, ?, ?, 0)",
            (moments.time_text(moments.now()), before.officer, f"new epoch {epoch}: {why}"),
        )

    def scrub(self, *, again: bool = False) -> bool:
        """After an erasure, take what was deleted out of the file for good; False where it cannot be done now.

        It is tried once: where others read on and on, the next opening is soon enough, or who asks for it `again`.
        """
        if not self.meta("scrub"):
            return True
        if self._is_unscrubbed and not again:
            return False
        from taskforce.store.erasing import scrub  # deferred: hardly ever needed

        was_told, self._is_unscrubbed = self._is_unscrubbed, True
        with suppress(StoreError):  # what was asked for is done, and the setting stays
            self._is_unscrubbed = not scrub(self.connection)
        if self._is_unscrubbed and not was_told:
            self.notices.append(
                _(
                    "bytes of what was erased are still in unused places of the store's file, because another program "
                    "reads it or the disk is full: they go the next time it is opened"
                )
            )
        return not self._is_unscrubbed

    def ledger(self) -> Ledger:
        """The log's writer, for use inside `writing()`."""
        from taskforce.store.ledger import Ledger  # deferred: reading needs nothing of how replicas agree

        agencies = dict(self.connection.execute("SELECT id, agency FROM device"))
        return Ledger(self.connection, agencies)

    def rebuild(self) -> int:
        """Build everything the log adds up to anew from it, in one transaction; how many edits there are.

        It gives out no number, so nothing about which store this is has to be decided.
        """
        with transaction(self.connection):
            count = self._build_anew()
        self.scrub()
        return count

    def _build_anew(self) -> int:
        count = self.replay()
        self.set_meta("tables", _TABLES)
        return count

    def replay(self) -> int:
        """Empty what the log adds up to and add the log up again; only inside `writing()`."""
        owners = {
            (record, kind): owner
            for record, kind, owner in self.connection.execute("SELECT id, kind, owner FROM record")
            if owner
        }
        tables.forget_all(self.connection)
        tables.create_tables(self.connection)
        return self._replay(self.ledger(), owners)

    def _replay(self, ledger: Ledger, owners: dict[tuple[str, str], str]) -> int:
        from taskforce.sync.edit import known_edit  # deferred: as above

        last, count = 0, 0
        while True:
            edits, size = [], 0
            rows = self.connection.execute(
                "SELECT id, body FROM edit WHERE id > ? ORDER BY id LIMIT 2000", (last,)
            )
            for row, body in rows:
                last = row
                edits.append(known_edit(body))
                size += len(body)
                if size >= _MOST_AT_ONCE:
                    break
            if not edits:
                return count
            ledger.retake(edits, owners)
            count += len(edits)

    def check(self) -> list[str]:
        """What the engine finds wrong with the file: damaged pages, broken indexes. Empty when it is sound."""
        found = self._broken_pages()
        if found and _has_content(self.folder / (DATABASE + "-wal")):
            # Nothing may be wrong: the disk failed while pages were moved out of the journal, which has them whole.
            with sentences():
                self.connection.execute("PRAGMA wal_checkpoint")
            found = self._broken_pages()
        try:
            with sentences():
                for (text,) in self.connection.execute("PRAGMA integrity_check"):
                    if text != "ok":
                        found.append(str(text))
        except StoreError as error:
            found.append(error.sentence)
        return found

    def _broken_pages(self) -> list[str]:
        """The pages of the file itself, without its journal, that are not as they were written."""
        try:
            with sentences():
                return [str(text) for (text,) in self.connection.execute("PRAGMA cipher_integrity_check")]
        except StoreError as error:
            return [error.sentence]


def _connect(path: str, key: bytes, *, briefly: bool = False) -> Connection:
    """Open a store's database, which was made complete.

    That it is empty tells of damage: the engine would take it for a new one. So does it that the key does not fit,
    which came out of a slot.
    """
    if os.path.isfile(path) and os.path.getsize(path) == 0:
        raise damaged()
    try:
        return connect(path, key, briefly=briefly)
    except Locked as error:
        if error.code != WRONG_KEY:
            raise
        raise StoreError(
            _("the store is damaged: the key in its slots opens it no more"),
            hint=_(
                "if it was getting a new key just now, try again; if keys.json is another store's, put its own back; "
                "else restore a backup, or start anew and let the peers send everything again"
            ),
            code="damaged",
        ) from None


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def store_exists(folder: Path) -> bool:
    """Whether there is a store in `folder`."""
    return os.path.isfile(folder / DATABASE)
