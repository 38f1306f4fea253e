"""Numbered migrations of the log's tables (sqlite-utils' own). A released one is never edited.

The tables of the kinds are not migrated: they are what the log adds up to and are built anew from it when the
program's declarations change.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from taskforce.errors import StoreError
from taskforce.files import disk_sentences, drop, sync_folder
from taskforce.i18n import _
from taskforce.store.connection import Connection, copy_database, transaction, with_sqlite_utils

if TYPE_CHECKING:
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

SCHEMA = 7
"""How many migrations there are; kept in `user_version`, so that opening need not load sqlite-utils."""


def schema_of(connection: Connection) -> int:
    """The schema number of an open store."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_schema(connection: Connection) -> bool:
    """Whether the store's schema is this program's; StoreError if a newer program wrote it."""
    found = schema_of(connection)
    if found > SCHEMA:
        raise StoreError(
            _(
                "a newer version of taskforce wrote this store (schema %(found)d, this program knows %(known)d)"
            )
            % {"found": found, "known": SCHEMA},
            hint=_("install the newer version; nothing was changed"),
        )
    return found == SCHEMA


def migrate(connection: Connection, path: str, build: Callable[[], object] = lambda: None) -> None:
    """Bring the store to this program's schema, all or nothing. `build` makes what the log adds up to anew, in that.

    Of a store that already holds data a copy as it was before is kept beside it, under the same key: `….before-2`.
    """
    copy = _copy(connection, Path(path)) if schema_of(connection) else None
    kept: Path | None = None
    try:
        with transaction(connection):
            if schema_of(connection) < SCHEMA:  # otherwise another program has done it meanwhile
                _migrations().apply(with_sqlite_utils(connection))
                connection.execute("PRAGMA user_version = " + str(SCHEMA))
                build()
                if copy is not None:
                    kept = _name_before(Path(path))
                    with disk_sentences(kept):
                        os.replace(copy, kept)
                        sync_folder(kept.parent)
    except BaseException:
        if kept is not None:
            drop(kept)  # the store is as it was: there is no "before"
        raise
    finally:
        if copy is not None:
            drop(copy)


def _copy(connection: Connection, path: Path) -> Path:
    """Copy the store as it is now; the copy has the same key, is on the disk, and has no lasting name yet."""
    copy = path.with_name(f"{path.name}.{os.urandom(4).hex()}.part")
    with disk_sentences(copy):
        copy_database(connection, copy)
    return copy


def _name_before(path: Path) -> Path:
    """The name under which the store is kept as it was; a free one, since an old store may have been put back."""
    name = path.with_name(f"{path.name}.before-{SCHEMA}")
    number = 1
    while name.exists():
        number += 1
        name = path.with_name(f"{path.name}.before-{SCHEMA}.{number}")
    return name


def _migrations() -> Migrations:
    from sqlite_utils.migrations import Migrations  # deferred: costs eight bare starts

    migrations = Migrations("taskforce")

    @migrations()
    def m001_log(database: Database) -> None:
        for statement in _LOG:
            database.execute(statement)

    @migrations()
    def m002_drafts(database: Database) -> None:
        database.execute(_DRAFTS)

    @migrations()
    def m003_feeds(database: Database) -> None:
        for statement in _FEEDS:
            database.execute(statement)

    @migrations()
    def m004_erasures(database: Database) -> None:
        database.execute(_ERASURES)

    @migrations()
    def m005_disclosures(database: Database) -> None:
        for statement in _DISCLOSURES:
            database.execute(statement)

    @migrations()
    def m006_authority(database: Database) -> None:
        for statement in _AUTHORITY:
            database.execute(statement)

    @migrations()
    def m007_statements(database: Database) -> None:
        for statement in _STATEMENTS:
            database.execute(statement)

    return migrations


_LOG = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # The edit log: the truth. `body` is the canonical JSON that the hash and the signature are made over.
    "CREATE TABLE feed (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, device TEXT NOT NULL)",
    """CREATE TABLE edit (
        id INTEGER PRIMARY KEY, feed INTEGER NOT NULL REFERENCES feed, number INTEGER NOT NULL,
        record TEXT NOT NULL, kind TEXT NOT NULL, part TEXT NOT NULL, hash TEXT NOT NULL, bundle INTEGER,
        body TEXT NOT NULL)""",
    "CREATE UNIQUE INDEX edit_place ON edit (feed, number)",
    "CREATE INDEX edit_record ON edit (record)",
    # What the log adds up to: `state` holds heads and seen per field, `scope` what decides who may have it.
    # An id commits to its kind, so an edit that names another kind for it is another (stray) record, not this one.
    """CREATE TABLE record (
        n INTEGER PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, owner TEXT NOT NULL, UNIQUE (id, kind))""",
    """CREATE TABLE scope (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, part TEXT NOT NULL, anchor TEXT NOT NULL,
        UNIQUE (kind, part, anchor))""",
    """CREATE TABLE state (
        record TEXT NOT NULL, kind TEXT NOT NULL, part TEXT NOT NULL, scope INTEGER NOT NULL REFERENCES scope,
        fields TEXT NOT NULL, PRIMARY KEY (record, kind, part)) WITHOUT ROWID""",
    """CREATE TABLE held (
        feed INTEGER NOT NULL, scope INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
        PRIMARY KEY (feed, scope, first)) WITHOUT ROWID""",
    "CREATE INDEX held_scope ON held (scope)",
    """CREATE TABLE conflict (
        record TEXT NOT NULL, kind TEXT NOT NULL, part TEXT NOT NULL, field TEXT NOT NULL,
        PRIMARY KEY (record, kind, part, field)) WITHOUT ROWID""",
    """CREATE VIRTUAL TABLE search USING fts5 (
        text, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2')""",
    "INSERT INTO search (search, rank) VALUES ('secure-delete', 1)",
    # People and devices.
    """CREATE TABLE peer (
        agency TEXT PRIMARY KEY, name TEXT NOT NULL, agency_key TEXT NOT NULL, verified_at TEXT NOT NULL,
        verified_by TEXT NOT NULL, how TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE device (
        id TEXT PRIMARY KEY, agency TEXT NOT NULL, sign_key TEXT NOT NULL, seal_to TEXT NOT NULL,
        certificate TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE told (
        device TEXT NOT NULL, feed TEXT NOT NULL, ranges TEXT NOT NULL,
        PRIMARY KEY (device, feed)) WITHOUT ROWID""",
    # What was put into bundles so far: for people to read, never for deciding what to send ("sent" is not "arrived").
    """CREATE TABLE sent (
        agency TEXT NOT NULL, feed TEXT NOT NULL, ranges TEXT NOT NULL,
        PRIMARY KEY (agency, feed)) WITHOUT ROWID""",
    """CREATE TABLE bundle (
        id INTEGER PRIMARY KEY, direction TEXT NOT NULL, name TEXT NOT NULL, agency TEXT NOT NULL,
        device TEXT NOT NULL, number INTEGER NOT NULL, made TEXT NOT NULL, at TEXT NOT NULL, edits INTEGER NOT NULL)""",
    "CREATE INDEX bundle_number ON bundle (direction, agency, device, number)",
    """CREATE TABLE quarantine (
        id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, reason TEXT NOT NULL, device TEXT NOT NULL,
        agency TEXT NOT NULL, certificate TEXT NOT NULL, bundle INTEGER, at TEXT NOT NULL, body TEXT NOT NULL)""",
    # What this store's people did, so that it can be undone.
    """CREATE TABLE action (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, by TEXT NOT NULL, summary TEXT NOT NULL,
        undoable INTEGER NOT NULL, undone_by INTEGER, undoes INTEGER)""",
    """CREATE TABLE action_edit (
        action INTEGER NOT NULL, feed INTEGER NOT NULL, number INTEGER NOT NULL, born INTEGER NOT NULL,
        before TEXT NOT NULL, PRIMARY KEY (action, feed, number)) WITHOUT ROWID""",
)

_DRAFTS = "CREATE TABLE draft (key TEXT PRIMARY KEY, typed TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID"
"""What was typed into a form and not saved yet, as a JSON object by field; it never leaves this store."""

_FEEDS = (
    # The epoch that a bundle's sender was in: after a restored backup it counts its bundles from an earlier number.
    "ALTER TABLE bundle ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0",
    # Whose place an edit in quarantine would take.
    "ALTER TABLE quarantine ADD COLUMN feed TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE quarantine ADD COLUMN number INTEGER NOT NULL DEFAULT 0",
    """UPDATE quarantine SET
        feed = substr(json_extract(body, '$.edit'), 1, instr(json_extract(body, '$.edit'), '/') - 1),
        number = CAST(substr(json_extract(body, '$.edit'), instr(json_extract(body, '$.edit'), '/') + 1) AS INTEGER)""",
    "CREATE INDEX quarantine_place ON quarantine (feed, number)",
    # Feeds of which two edits with one number are known, and the lowest such number: from it on nothing of them counts
    # but what people admitted.
    "CREATE TABLE fork (feed TEXT PRIMARY KEY, number INTEGER NOT NULL, at TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE decided (
        hash TEXT PRIMARY KEY, decision TEXT NOT NULL, at TEXT NOT NULL, by TEXT NOT NULL) WITHOUT ROWID""",
    # The edits that prove forks, as far as a device has said it knows them.
    "CREATE TABLE told_fork (device TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (device, hash)) WITHOUT ROWID",
)

_ERASURES = """CREATE TABLE erasure (
    record TEXT NOT NULL, kind TEXT NOT NULL, part TEXT NOT NULL, feed INTEGER NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (record, kind, part, feed, number)) WITHOUT ROWID"""
"""The edits that erased a part. Whether their author might was decided as they came in: this is no sum of the log."""

_DISCLOSURES = (
    # The officer who exported it; empty of bundles that came, and of those that went before this was recorded.
    "ALTER TABLE bundle ADD COLUMN by TEXT NOT NULL DEFAULT ''",
    # What each bundle that went told its receiver, and why. No sum of the log: it stays when a part is erased.
    "CREATE TABLE basis (id INTEGER PRIMARY KEY, words TEXT NOT NULL UNIQUE)",
    """CREATE TABLE disclosure (
        record TEXT NOT NULL, kind TEXT NOT NULL, part TEXT NOT NULL, bundle INTEGER NOT NULL REFERENCES bundle,
        basis INTEGER NOT NULL REFERENCES basis, edits INTEGER NOT NULL,
        PRIMARY KEY (record, kind, part, bundle, basis)) WITHOUT ROWID""",
    "CREATE INDEX disclosure_bundle ON disclosure (bundle)",
    # What was shown here of who victims are and of their care: who looked when, and why if they said so.
    """CREATE TABLE reading (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, by TEXT NOT NULL, way TEXT NOT NULL, reason TEXT NOT NULL)""",
    "CREATE INDEX reading_at ON reading (at)",
    """CREATE TABLE was_read (
        record TEXT NOT NULL, kind TEXT NOT NULL, part TEXT NOT NULL, reading INTEGER NOT NULL REFERENCES reading,
        PRIMARY KEY (record, kind, part, reading)) WITHOUT ROWID""",
    "CREATE INDEX was_read_in ON was_read (reading)",
)

_AUTHORITY = (
    # Parts of records in which it must be asked what counts: the operations whose leaders that depends on, and who
    # decides. What others proposed there, and what became of it. All are sums of the log.
    """CREATE TABLE judged (
        record TEXT NOT NULL, kind TEXT NOT NULL, part TEXT NOT NULL, operation TEXT NOT NULL, deciders TEXT NOT NULL,
        PRIMARY KEY (record, kind, part, operation)) WITHOUT ROWID""",
    "CREATE INDEX judged_operation ON judged (operation)",
    """CREATE TABLE proposal (
        record TEXT NOT NULL, kind TEXT NOT NULL, part TEXT NOT NULL, field TEXT NOT NULL, feed INTEGER NOT NULL,
        number INTEGER NOT NULL, outcome TEXT NOT NULL,
        PRIMARY KEY (record, kind, part, field, feed, number)) WITHOUT ROWID""",
    """CREATE TABLE leaders (
        operation TEXT PRIMARY KEY, agencies TEXT NOT NULL, spoken INTEGER NOT NULL) WITHOUT ROWID""",
)

_STATEMENTS = (
    # What agencies said under their own keys (a device is lost …): no edits, and no sum of them.
    """CREATE TABLE statement (
        hash TEXT PRIMARY KEY, type TEXT NOT NULL, agency TEXT NOT NULL, agency_key TEXT NOT NULL,
        about TEXT NOT NULL, made TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX statement_about ON statement (type, about)",
    # What people here call a device; it is told to nobody.
    "ALTER TABLE device ADD COLUMN label TEXT NOT NULL DEFAULT ''",
)
