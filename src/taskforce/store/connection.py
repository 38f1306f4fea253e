"""Opens the encrypted database (SQLCipher) and turns what SQLite raises into sentences.

`sqlite-utils` uses `pysqlite3` where it finds it, so pointing that name at sqlcipher3 before it is imported makes both
raise the same exception classes. This is the one module that does so.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlcipher3.dbapi2 as sqlite

from taskforce.errors import Locked, StoreError
from taskforce.files import drop
from taskforce.i18n import _
from taskforce.keys.slots import DATABASE, NEXT_NAME

if TYPE_CHECKING:
    from pathlib import Path

    from sqlite_utils import Database

Connection = Any
"""A `sqlcipher3.dbapi2.Connection`; the package ships no types."""

OperationalError = sqlite.OperationalError
"""What SQLite raises for what is no fault of a statement: busy, full, interrupted."""

WRONG_KEY = "wrong-key"
"""The code of the error that says that a key does not open a database."""

NEXT_DATABASE = DATABASE + ".next"
"""The copy under a new key that is to take the database's place (`rekeying`)."""

BUSY = "busy"
"""The code of the error that says that another program has the database."""

_BUSY_MILLISECONDS = 30_000
_ALONE_MILLISECONDS = 5_000


def connect(path: str, key: bytes, *, create: bool = False, briefly: bool = False) -> Connection:
    """Open the database at `path` with its 32-byte `key`; Locked when the key does not fit.

    `create` makes the file (0600) first and fails if it exists. `briefly` says that the connection is for one command:
    then a database on a disk that is full or read-only, where no journal can be made beside it, is at least read.
    """
    if len(key) != 32:
        raise ValueError("a database key is 32 bytes")
    if create:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    elif not os.path.isfile(path):
        raise Locked(
            _("there is no store at this place"), hint=_("make one with: taskforce init --agency CODE")
        )
    before = _identity(path)
    try:
        connection = _connect(path, key, create=create)
    except (StoreError, Locked) as error:
        if _identity(path) != before:
            raise _turned() from None
        if not briefly or isinstance(error, Locked):
            raise
        try:
            return _connect_to_read(path, key)
        except StoreError:
            pass
        raise
    if (
        _identity(path) != before
    ):  # what it waited for took another file's place; that one is no store any more
        connection.close()
        raise _turned()
    return connection


def is_turning(folder: Path) -> bool:
    """Whether a program makes a new database key for the store in `folder`, or was stopped while it did."""
    return os.path.isfile(folder / NEXT_NAME) or os.path.isfile(folder / NEXT_DATABASE)


def connect_alone(path: str, key: bytes, *, create: bool = False) -> Connection:
    """Open the database so that nobody else has it open as long as this connection is.

    StoreError after a few seconds if somebody has: a room, another command.
    """
    if create:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        return _connect(path, key, alone=True, create=create, patience=_ALONE_MILLISECONDS)
    except StoreError as error:
        if error.code != BUSY:
            raise
        raise StoreError(
            _("another program has this store open"),
            hint=_("close it, the room too, or lock that with ctrl+l; then try again"),
            code=BUSY,
        ) from None


def _identity(path: str) -> tuple[int, int]:
    """Which file a path names now. Only `rekeying` puts another there, and not while anybody has the file open."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def _turned() -> StoreError:
    return StoreError(_("the store has just got a new database key"), hint=_("try again"), code="turned")


def _connect_to_read(path: str, key: bytes) -> Connection:
    """Open the database without making a file beside it.

    What is in no journal is whole, and nobody writes where nothing can be written: SQLite need not look for either.
    What is in a journal can be read by whoever has the database to themselves.
    """
    journal = path + "-wal"
    if os.path.isfile(journal) and os.path.getsize(journal):
        return _connect(path, key, alone=True)
    from urllib.parse import quote as url_quote  # deferred: only a disk in trouble needs it

    return _connect("file:" + url_quote(os.path.abspath(path)) + "?mode=ro&immutable=1", key, is_uri=True)


def _connect(
    path: str,
    key: bytes,
    *,
    create: bool = False,
    alone: bool = False,
    is_uri: bool = False,
    patience: int | None = None,
) -> Connection:
    with sentences():
        timeout = (_BUSY_MILLISECONDS if patience is None else patience) / 1000
        connection = sqlite.connect(path, isolation_level=None, timeout=timeout, uri=is_uri)
        try:
            # SQLCipher would write a log of its own to stderr, where only sentences stand.
            connection.execute("PRAGMA cipher_log_level = NONE")
            # A PRAGMA takes no bound parameter; the key is 64 hexadecimal digits and nothing else.
            connection.execute("PRAGMA key = \"x'" + key.hex() + "'\"")
            if alone:
                connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            try:
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            except sqlite.DatabaseError as error:
                if "not a database" in str(error):
                    raise Locked(_("this key does not open this store"), code=WRONG_KEY) from None
                raise
            if create:
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA secure_delete = ON")
            # 24 MB instead of 8: an index of a hundred thousand records stays decrypted from one read to the next.
            connection.execute("PRAGMA cache_size = -24000")
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All or nothing: commits at the end, rolls back on any exception. Takes the write lock at the start."""
    with sentences():
        connection.execute("BEGIN IMMEDIATE")
    try:
        with sentences():
            yield
            connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def sentences() -> Iterator[None]:
    """Turn SQLite's errors into ours. The engine's own text may quote SQL, never record text, but stays out too."""
    try:
        yield
    except sqlite.DatabaseError as error:
        if found := in_our_words(error):
            raise found from None
        raise


def in_our_words(error: Exception) -> StoreError | None:
    """What an error of SQLite's means for people; None where it is a fault of the program."""
    text = str(error)
    if isinstance(error, sqlite.OperationalError):
        if "locked" in text or "busy" in text:
            return StoreError(_("another program is writing to this store"), hint=_("try again"), code=BUSY)
        if "full" in text:
            return StoreError(_("the disk is full; nothing was changed"), hint=_("make room and try again"))
        if "readonly" in text or "read-only" in text:
            return StoreError(
                _("the store cannot be written: its disk or file is read-only, or the disk is full")
            )
        if "unable to open" in text:
            return StoreError(
                _("the store's file cannot be opened"),
                hint=_("check that its folder may be written: the store keeps a journal beside itself"),
            )
        if "disk I/O" in text:
            return StoreError(
                _("the disk failed while reading or writing; nothing was changed"),
                hint=_("run: taskforce doctor"),
            )
    if isinstance(error, sqlite.DatabaseError) and any(words in text for words in _OF_DAMAGE):
        return damaged()
    return None


_OF_DAMAGE = ("malformed", "not a database", "vtable constructor failed")


def damaged() -> StoreError:
    """That the store's file is not what was written to it."""
    return StoreError(
        _("the store is damaged"),
        hint=_(
            "run taskforce doctor; restore a backup, or start anew and let the peers send everything again"
        ),
        code="damaged",
    )


def copy_database(connection: Connection, copy: Path) -> None:
    """Copy the database as it is now into the new file `copy`, under the same key; others may write meanwhile.

    When this returns the copy is on the disk; where it cannot be made (StoreError, or OSError) nothing is left of it.
    """
    try:
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with sentences():
            connection.execute("VACUUM INTO ?", (str(copy),))
        with copy.open("rb+") as stream:
            os.fsync(stream.fileno())
    except BaseException:
        drop_copy(copy)
        raise


def drop_copy(copy: Path) -> None:
    """Delete a copy of the database, and the journal that the engine leaves beside one that it could not finish."""
    for left in (copy, copy.with_name(copy.name + "-journal")):
        drop(left)


def with_sqlite_utils(connection: Connection) -> Database:
    """The same connection as a `sqlite_utils.Database`. Its import costs eight bare starts, so only migrations do."""
    sys.modules.setdefault("pysqlite3", sys.modules["sqlcipher3"])
    sys.modules.setdefault("pysqlite3.dbapi2", sqlite)
    from sqlite_utils import Database  # deferred: see above

    return Database(connection, execute_plugins=False)


def quote(name: str) -> str:
    """The one way an identifier enters SQL: letters, digits and underscores, in double quotes."""
    if not name.replace("_", "").isalnum() or not name.isascii():
        raise ValueError(name)
    return '"' + name + '"'


def placeholders(count: int) -> str:
    """`?, ?, …`, as many as asked."""
    return ", ".join("?" * count)
