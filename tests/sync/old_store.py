"""A store as the first release made it: one of today, taken back to schema 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from taskforce.store.incarnation import MARKER

TABLES = (
    *("draft", "fork", "decided", "told_fork", "erasure", "was_read", "reading", "disclosure", "basis"),
    *("judged", "proposal", "leaders", "statement"),
)
"""The tables that migrations after the first one make."""

COLUMNS = {
    "bundle": ["id", "direction", "name", "agency", "device", "number", "made", "at", "edits"],
    "device": ["id", "agency", "sign_key", "seal_to", "certificate"],
    "quarantine": ["id", "hash", "reason", "device", "agency", "certificate", "bundle", "at", "body"],
}
"""The first columns of tables to which later migrations have added some."""


def take_back(connection: Any, folder: Path) -> None:
    """Take an open store's database, and what stands beside it, back to schema 1."""
    for statement in (
        *(f"DROP TABLE {name}" for name in TABLES),
        "DROP INDEX quarantine_place",
        *("ALTER TABLE bundle DROP COLUMN epoch", "ALTER TABLE bundle DROP COLUMN by"),
        *("ALTER TABLE quarantine DROP COLUMN feed", "ALTER TABLE quarantine DROP COLUMN number"),
        "ALTER TABLE device DROP COLUMN label",
        "DELETE FROM meta WHERE key = 'incarnation'",
        "DELETE FROM _sqlite_migrations WHERE name <> 'm001_log'",
        "PRAGMA user_version = 1",
    ):
        connection.execute(statement)
    (folder / MARKER).unlink()
