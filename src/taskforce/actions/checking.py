"""Checks the store: the file, the log, and that the tables are what the log adds up to."""

from __future__ import annotations

from dataclasses import dataclass

from taskforce.actions.session import Session
from taskforce.store import health
from taskforce.store.quarantine import count_waiting


@dataclass(frozen=True, slots=True)
class Health:
    """What a check found: how many edits and records, how many edits wait in quarantine, and every fault."""

    edits: int
    records: int
    waiting: int
    faults: tuple[str, ...]
    rebuilt: bool


def check(session: Session, *, rebuild: bool = False) -> Health:
    """Check the store; with `rebuild` first build its tables anew from the log."""
    store = session.store
    faults = store.check()
    if faults:
        return Health(0, 0, 0, tuple(faults), rebuilt=False)
    if rebuild:
        store.rebuild()
    else:
        faults += health.differences(store)
    edits, records = health.sizes(store.connection)
    waiting = sum(count for _reason, _who, count, _feed in count_waiting(store.connection))
    return Health(edits, records, waiting, tuple(faults), rebuild)
