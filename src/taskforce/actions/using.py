"""The current operation of a store: what is meant where none is named. It stays in this store."""

from __future__ import annotations

from taskforce.actions.references import find
from taskforce.actions.session import Session
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.store.queries import Record

EVERY_OPERATION = "all"
"""What `--operation` takes to mean every operation, where one was chosen."""


def use_operation(session: Session, text: str) -> Record:
    """Choose the operation that `text` names."""
    found = find(session, get_kind("operation"), text)
    with session.store.writing():
        session.store.set_meta("operation", found.id)
    return found


def current_operation(session: Session) -> Record | None:
    """The operation chosen, or None."""
    chosen = session.current_operation
    return queries.get_record(session.store.connection, get_kind("operation"), chosen) if chosen else None
