"""What was typed into forms and not saved: kept here so that it outlives a lock of the room and a crash.

A draft is no edit: it stands in no log, in no history and in no bundle, and building the tables anew leaves it alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from taskforce.store.connection import Connection

_CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Draft:
    """The texts of a form by field, as typed; `key` names the form, `at` is the time of the last keystroke kept."""

    key: str
    typed: Mapping[str, str]
    at: str


def key_of_conflict(record: str, field: str) -> str:
    """The name of the draft of what is being written for the conflict in a field of a record."""
    return f"{_CONFLICT}/{record}/{field}"


def drop_of_record(connection: Connection, kind: str, record: str) -> None:
    """Let go of all that was typed about a record, for a conflict in it, too; only inside `writing()`."""
    connection.execute("DELETE FROM draft WHERE key = ?", (f"{kind}/{record}",))
    prefix = key_of_conflict(record, "")
    connection.execute("DELETE FROM draft WHERE substr(key, 1, ?) = ?", (len(prefix), prefix))


def put_draft(connection: Connection, key: str, typed: Mapping[str, str], at: str) -> None:
    """Keep what is in a form, in place of what was kept of it before; only inside `writing()`."""
    connection.execute(
        "INSERT INTO draft VALUES (?, ?, ?) "
        "ON CONFLICT (key) DO UPDATE SET typed = excluded.typed, at = excluded.at",
        (key, json.dumps(dict(typed), ensure_ascii=False, separators=(",", ":")), at),
    )


def get_draft(connection: Connection, key: str) -> Draft | None:
    """What was kept of a form, or None."""
    row = connection.execute("SELECT key, typed, at FROM draft WHERE key = ?", (key,)).fetchone()
    return None if row is None else _draft(row)


def drop_draft(connection: Connection, key: str) -> None:
    """Let go of what was kept of a form, if anything; only inside `writing()`. Its pages are overwritten."""
    connection.execute("DELETE FROM draft WHERE key = ?", (key,))


def list_drafts(connection: Connection) -> list[Draft]:
    """Every draft, latest first."""
    rows = connection.execute("SELECT key, typed, at FROM draft ORDER BY at DESC, key").fetchall()
    return [_draft(row) for row in rows]


def _draft(row: tuple[str, str, str]) -> Draft:
    return Draft(row[0], json.loads(row[1]), row[2])
