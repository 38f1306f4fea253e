"""One agency's store in a simulated history, the clock that it goes by, and bundles on their way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlcipher3.dbapi2 as sqlite
from happens_before import Dot, Known

from taskforce.actions.session import Session
from taskforce.store.connection import Connection


@dataclass
class Node:
    """One agency's store, on one device, with a clock that goes wrong by `skew`.

    `name` is the agency's code, but for a copy that is used beside the store it was made of. A store that is put back
    begins another `life`.
    """

    code: str
    session: Session
    device: str
    name: str = ""
    skew: timedelta = timedelta()
    latest: str = ""  # the latest time that it has used or followed: its clock never runs backwards
    learnt: dict[str, int] = field(
        default_factory=dict
    )  # per own feed the last edit that the model was told of
    trusts: set[str] = field(default_factory=set)
    heard: dict[str, list[tuple[int, int, str]]] = field(
        default_factory=dict
    )  # epochs, numbers and ids of bundles
    life: int = 0
    left: str = ""  # the feed in which it may not go on: it has been told that it is a copy, or was put back

    @property
    def connection(self) -> Connection:
        """The store's database."""
        return self.session.store.connection

    @property
    def epoch(self) -> int:
        """The epoch in which it writes."""
        return int(self.session.store.meta("epoch", "1"))


@dataclass(frozen=True)
class Kept:
    """A store as it was, and what the model knew of it then."""

    database: Connection
    known: Known
    latest: str
    learnt: dict[str, int]
    trusts: set[str]
    heard: dict[str, list[tuple[int, int, str]]]
    marker: bytes


@dataclass(frozen=True)
class Bundle:
    """A bundle on its way; which life of its sender's store made it, in which epoch, with which number.

    `data` is the file, or its documents where writing and reading them as text is left out.
    """

    sender: str
    to: str
    data: bytes | list[dict[str, Any]]
    dots: tuple[Dot, ...]
    life: int
    number: tuple[int, int, str]
    stated: dict[str, str]  # what its sender says it holds


def copy_of(database: Connection) -> Connection:
    """A copy of a database, in memory."""
    copy = sqlite.connect(":memory:", isolation_level=None)
    database.backup(copy)
    return copy


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let the program's clock show `moment`."""
    before = os.environ.get("TASKFORCE_NOW")
    os.environ["TASKFORCE_NOW"] = moment.isoformat()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TASKFORCE_NOW"]
        else:
            os.environ["TASKFORCE_NOW"] = before
