"""Builds the stores that are measured, through the program's own actions: what they hold is what people's would."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from taskforce.actions import keeping
from taskforce.actions.peers import add_peer, own_card, read_card
from taskforce.actions.session import Session
from taskforce.actions.setup import create_store
from taskforce.keys import slots
from taskforce.keys.keyfile import make_key_file
from taskforce.records.registry import get_kind
from taskforce.store.store import Store

ASSIGNMENT = get_kind("assignment")
IN_ONE_ACTION = 20_000
"""Records saved in one action: a script that imports a large plan does no less."""


def new_store(folder: Path, agency: str) -> Session:
    """Make an encrypted store in `folder/store`, opened by `folder/key`, and open it."""
    folder.mkdir(parents=True)
    key_file = make_key_file(folder / "key").path

    def write_slots(into: Path, database_key: bytes) -> None:
        slots.create_slots(into, database_key, [slots.SlotSource.key_file(key_file)])

    create_store(folder / "store", agency=agency, officer="J. Okafor", write_slots=write_slots, about={})
    return open_store(folder)


def open_store(folder: Path) -> Session:
    """Open a store that `new_store` made."""
    return Session(Store.open(folder / "store", slots.open_with_key_file(folder / "store", folder / "key")))


def new_pair(folder: Path) -> tuple[Session, Session]:
    """Two stores of two agencies that know each other's keys and take part in one operation, known to the first."""
    first, second = new_store(folder / "INTERPOL", "INTERPOL"), new_store(folder / "KH-CNP", "KH-CNP")
    for session, other in ((first, second), (second, first)):
        add_peer(session, read_card(BytesIO(own_card(other).encode()), "card"), how="aloud")
    kind = get_kind("agency")
    keeping.add(
        first,
        kind,
        {"code": "KH-CNP", "name": "Cambodian National Police", "agency_kind": "police", "country": "KH"},
    )
    operation = {
        "codename": "STORM MAKERS II",
        "operation_kind": "joint-operation",
        "lead": "INTERPOL",
        "start": "2023-10-16",
        "end": "2023-10-20",
    }
    keeping.add(first, get_kind("operation"), operation)
    keeping.join(first, {"operation": "STORM MAKERS II", "agency": "KH-CNP", "role": "partner"})
    return first, second


def add_assignments(session: Session, count: int) -> list[str]:
    """Make `count` assignments, one edit of ten fields each; their ids."""
    operation, agency = _id_of(session, "operation"), _id_of(session, "agency")
    made: list[str] = []
    while len(made) < count:
        with session.acting("assignments") as one:
            for number in range(len(made), min(count, len(made) + IN_ONE_ACTION)):
                record, nonce = keeping.new_id(session, ASSIGNMENT)
                one.save(ASSIGNMENT, record, _ten_fields(number, operation, agency), nonce=nonce)
                made.append(record)
    return made


def add_mixed(session: Session, count: int) -> None:
    """Make `count` edits as a long operation does: assignments, two log entries for each, a later note on each.

    Kinds alternate from edit to edit, so that what may go to whom changes all along the feed.
    """
    operation, agency = _id_of(session, "operation"), _id_of(session, "agency")
    log = get_kind("log")
    earlier: list[str] = []
    left = count
    while left > 0:
        made: list[str] = []
        with session.acting("a day's work") as one:
            for number in range(-(-min(left, IN_ONE_ACTION) // (4 if earlier else 3))):
                record, nonce = keeping.new_id(session, ASSIGNMENT)
                one.save(ASSIGNMENT, record, _ten_fields(number, operation, agency), nonce=nonce)
                made.append(record)
                for text in ("Car with two men left the yard", "Light on the third floor"):
                    entry, nonce = keeping.new_id(session, log)
                    values = {"text": text, "operation": operation, "at": "2023-10-16T09:30:00Z"}
                    one.save(log, entry, {**values, "category": "event"}, nonce=nonce)
                if earlier:
                    one.save(ASSIGNMENT, earlier[number % len(earlier)], {"status_note": "The dog is gone."})
            left -= one.saved
        earlier = earlier or made


def change_assignments(session: Session, count: int) -> None:
    """Change the note of `count` assignments: one edit each."""
    ids = session.store.connection.execute(
        "SELECT id FROM assignment ORDER BY n LIMIT ?", (count,)
    ).fetchall()
    with session.acting("notes") as one:
        for (record,) in ids:
            one.save(ASSIGNMENT, record, {"status_note": "Entered at dawn."})


def _ten_fields(number: int, operation: str, agency: str) -> dict[str, str]:
    hour, minute = number // 60 % 24, number % 60
    return {
        "title": f"Inspect compound {number}",
        "operation": operation,
        "agency": agency,
        "status": "under-way",
        "priority": "priority",
        "start": f"2023-10-16T{hour:02d}:{minute:02d}:00Z",
        "due": f"2023-10-18T{hour:02d}:{minute:02d}:00Z",
        "instructions": "Two vehicles, plain; wait for the prosecutor before entry.",
        "status_note": "Gate closed, a guard with a dog; light in the second floor.",
        "assigned_at": "2023-10-15T09:30:00Z",
    }


def _id_of(session: Session, kind: str) -> str:
    row = session.store.connection.execute(f"SELECT id FROM {kind} ORDER BY n LIMIT 1").fetchone()
    return str(row[0])
