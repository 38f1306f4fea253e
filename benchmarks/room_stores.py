"""Builds stores with many assignments, as the room's screens read them.

The first are made by the program's own actions. Where more are wanted, their rows are copied under new ids, titles and
times into the tables that the screens read, for a million in a minute; the log has only the first ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import stores

from taskforce.actions import keeping
from taskforce.actions.session import Session
from taskforce.actions.using import use_operation
from taskforce.crockford import ALPHABET, DIGEST_LENGTH
from taskforce.records.registry import get_kind
from taskforce.store import tables
from taskforce.store.connection import quote

BY_ACTIONS = 2_000
AT_ONCE = 50_000
BEGIN = datetime(2023, 10, 16, tzinfo=UTC)
DAYS = 5
CODENAME = "STORM MAKERS II"

_DEEDS = ("Inspect", "Watch", "Search", "Visit", "Call", "Drive to", "Secure", "Photograph")
_PLACES = ("compound", "guesthouse", "pier", "karaoke bar", "warehouse", "border post", "station", "shelter")
_STATES = (
    "planned",
    "assigned",
    "accepted",
    "under-way",
    "under-way",
    "blocked",
    "done",
    "done",
    "cancelled",
)
_AGENCIES = (
    "KH-CNP",
    "TH-DSI",
    "VN-MPS",
    "MY-RMP",
    "LA-ATD",
    "PH-NBI",
    "ID-POLRI",
    "KH-NGO",
    "TH-NGO",
    "UNODC",
)


def new_store(folder: Path, count: int) -> None:
    """A store at `folder` with `count` assignments of one operation, which is the current one."""
    session = stores.new_store(folder, "INTERPOL")
    agencies = [session.own_agency]
    for code in _AGENCIES:
        made = keeping.add(session, get_kind("agency"), {"code": code, "name": f"{code} office"})
        agencies.append(made.id)
    operation = keeping.add(
        session,
        get_kind("operation"),
        {
            "codename": CODENAME,
            "operation_kind": "joint-operation",
            "lead": "INTERPOL",
            "start": "2023-10-16",
            "end": "2023-10-20",
        },
    )
    use_operation(session, CODENAME)
    chance = random.Random(count)
    first = min(count, BY_ACTIONS)
    with session.acting("a plan") as one:
        for number in range(first):
            record, nonce = keeping.new_id(session, stores.ASSIGNMENT)
            one.save(stores.ASSIGNMENT, record, _fields(number, operation.id, agencies, chance), nonce=nonce)
    _copy(session, count - first, first, chance)
    session.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    session.store.close()


def _fields(number: int, operation: str, agencies: list[str], chance: random.Random) -> dict[str, str]:
    start, due = _times(chance)
    return {
        "title": _title(number),
        "operation": operation,
        "agency": chance.choice(agencies),
        "status": chance.choice(_STATES),
        "priority": chance.choice(("routine", "priority", "immediate")),
        "start": start,
        "due": due,
        "instructions": "Two vehicles, plain; wait for the prosecutor before entry.",
        "status_note": "Gate closed, a guard with a dog; light in the second floor.",
        "assigned_at": "2023-10-15T09:30:00Z",
    }


def _title(number: int) -> str:
    return f"{_DEEDS[number % 8]} {_PLACES[number // 8 % 8]} {number}"


def _times(chance: random.Random) -> tuple[str, str]:
    start = BEGIN + timedelta(minutes=chance.randrange(DAYS * 24 * 60))
    due = start + timedelta(minutes=chance.randrange(30, 48 * 60))
    return start.strftime("%Y-%m-%dT%H:%M:%SZ"), due.strftime("%Y-%m-%dT%H:%M:%SZ")


def _copy(session: Session, count: int, first: int, chance: random.Random) -> None:
    kind, connection = stores.ASSIGNMENT, session.store.connection
    columns = tables.columns_of(kind)
    place = {name: number for number, name in enumerate(columns)}
    models = connection.execute("SELECT * FROM " + quote(kind.name)).fetchall()
    times = [_times(chance) for _each in range(20_000)]
    (last,) = connection.execute("SELECT max(n) FROM record").fetchone()

    def copies() -> Iterator[tuple[Any, ...]]:
        for number in range(count):
            row = list(models[number % len(models)])
            row[place["n"]] = last + 1 + number
            row[place["id"]] = "".join(chance.choices(ALPHABET, k=DIGEST_LENGTH))
            row[place["title"]] = _title(first + number)
            row[place["start"]], row[place["due"]] = chance.choice(times)
            yield tuple(row)

    connection.execute("PRAGMA cache_size = -200000")  # ids go into their index at random places
    connection.execute("PRAGMA synchronous = OFF")
    for index in tables.indexes_of(kind):
        connection.execute("DROP INDEX " + quote(index))
    searched = [place[name] for name in tables.searched_fields(kind)]
    rows = copies()
    while some := list(islice(rows, AT_ONCE)):
        with session.store.writing():
            connection.executemany(
                "INSERT INTO record (n, id, kind, owner) VALUES (?, ?, ?, ?)",
                [(row[0], row[1], kind.name, session.store.me.agency) for row in some],
            )
            tables.insert_rows(connection, kind, some)
            tables.index_rows(
                connection, [(row[0], " ".join(row[each] for each in searched if row[each])) for row in some]
            )
    tables.create_indexes(connection, kind)
