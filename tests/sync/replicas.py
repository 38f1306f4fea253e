"""Real stores for tests of replication: made once, put back to how they were before each example."""

from __future__ import annotations

import io
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from taskforce.actions import brought, joining, keeping, peers, receiving, sending
from taskforce.actions.session import Session
from taskforce.actions.setup import create_store
from taskforce.canonical import canonical
from taskforce.crockford import natural_id
from taskforce.keys.sealing import open_bytes
from taskforce.records.registry import get_kind
from taskforce.store import incarnation
from taskforce.store.connection import transaction
from taskforce.store.queries import Record
from taskforce.store.store import DATABASE, Store
from taskforce.sync import bundle

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class Replica:
    """One agency's store. `skew` is how wrong its clock goes."""

    code: str
    folder: Path
    key: bytes
    device: str
    skew: timedelta = timedelta()
    session: Session = field(init=False)

    def open(self) -> None:
        """Open the store; synced writes are for tests of crashes."""
        self.session = Session(Store.open(self.folder, self.key))
        self.session.store.connection.execute("PRAGMA synchronous = OFF")

    def close(self) -> None:
        """Close the store."""
        self.session.store.close()

    def keep(self) -> None:
        """Remember the store as it is now."""
        self.close()
        shutil.copy(self.folder / DATABASE, self.folder / "kept")
        self.open()

    def put_back(self) -> None:
        """Make the store what it was when it was kept."""
        self.close()
        for name in (DATABASE + "-wal", DATABASE + "-shm"):
            (self.folder / name).unlink(missing_ok=True)
        shutil.copy(self.folder / "kept", self.folder / DATABASE)
        self.open()
        self.settle()

    def settle(self) -> None:
        """Let the store take itself for the one it was when it was kept: the world is put back with it."""
        with transaction(self.connection):
            incarnation.mark(self.session.store)

    @contextmanager
    def at(self, seconds: float) -> Iterator[Session]:
        """Act `seconds` after the story's beginning, as this replica's clock shows it."""
        before = os.environ.get("TASKFORCE_NOW")
        os.environ["TASKFORCE_NOW"] = (NOON + self.skew + timedelta(seconds=seconds)).isoformat()
        try:
            yield self.session
        finally:
            if before is None:
                del os.environ["TASKFORCE_NOW"]
            else:
                os.environ["TASKFORCE_NOW"] = before

    @property
    def connection(self) -> Any:
        """The store's database."""
        return self.session.store.connection

    @property
    def sealed_with(self) -> str:
        """The secret that opens what is sealed to this device."""
        return self.session.store.meta("seal_identity")

    @property
    def sign_seed(self) -> bytes:
        """The secret that this device signs with."""
        return bytes.fromhex(self.session.store.meta("sign_seed"))


def make_replica(folder: Path, code: str, **about: str) -> Replica:
    """A store of a fresh agency."""
    kept: list[bytes] = []
    made = create_store(
        folder,
        agency=code,
        officer=f"Officer of {code}",
        write_slots=lambda _folder, key: kept.append(key),
        about=about,
    )
    replica = Replica(code, folder, kept[0], made.device)
    replica.open()
    return replica


def second_device(folder: Path, first: Replica, officer: str = "A colleague") -> Replica:
    """One more device of a replica's agency, which joined it as people do it."""
    kept: list[bytes] = []
    made = create_store(
        folder,
        agency=first.code,
        officer=officer,
        write_slots=lambda _folder, key: kept.append(key),
        about={},
        join=True,
    )
    replica = Replica(first.code, folder, kept[0], made.device)
    replica.open()
    request = io.BytesIO(joining.request_text(replica.session).encode())
    answer = joining.admit_device(first.session, joining.read_request(first.session, request, "request"))
    joining.join(replica.session, joining.read_admission(replica.session, io.BytesIO(answer), "answer"))
    return replica


def consent(
    replica: Replica, victim: str, *to: str, parts: tuple[str, ...] = ("case", "care", "identity")
) -> str:
    """A guardian's consent to services by some agencies; its id."""
    typed = {"victim": victim, "purpose": ["services"], "parts": parts, "to": to, "given_by": "guardian"}
    return keeping.add(replica.session, get_kind("consent"), typed).id


def verify(one: Replica, other: Replica) -> int:
    """`one` compares words with `other` and enters its card; how many waiting edits came to life."""
    card = peers.read_card(io.BytesIO(peers.own_card(other.session).encode()), "card")
    return peers.add_peer(one.session, card, how="met in person").admitted


def export(sender: Replica, to: str, *, sealed: bool = True) -> bytes:
    """The bytes of the sender's next bundle for an agency."""
    stream = io.BytesIO()
    sending.export_bundle(sender.session, to, stream, sealed=sealed)
    return stream.getvalue()


def take(receiver: Replica, data: bytes, name: str = "bundle") -> brought.Imported:
    """Import a bundle."""
    return receiving.import_bundle(receiver.session, io.BytesIO(data), name)


def documents(receiver: Replica, data: bytes) -> list[dict[str, Any]]:
    """A bundle's documents, opened by its receiver and read by plain PyYAML, all scalars as strings."""
    text = data
    if data.startswith(b"age-encryption.org/"):
        text = open_bytes(data, [receiver.sealed_with])
    return list(yaml.load_all(text, yaml.CBaseLoader))


def of_a_plan(replica: Replica, kind: str, values: dict[str, Any]) -> Record:
    """A record as a plan with a key makes it: nobody can prove to have made it, so everybody's word counts."""
    record = natural_id(kind, "key", "", "a plan's own key")
    with replica.session.acting(f"{kind} of a plan") as one:
        one.save(get_kind(kind), record, values)
    return keeping.require(replica.session, get_kind(kind), record)


def dots_in(holdings: dict[str, str]) -> set[tuple[str, int]]:
    """The places that a bundle's `holdings` name."""
    found = set()
    for feed, ranges in holdings.items():
        for first, last in re.findall(r"(\d+)(?:-(\d+))?", ranges):
            found.update((feed, number) for number in range(int(first), int(last or first) + 1))
    return found


def everything(replica: Replica) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, to see that nothing has changed; but for the words of the marker, which are random."""
    names = replica.connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'search%' ORDER BY name"
    ).fetchall()
    found = {name: replica.connection.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in names}
    found["meta"] = [row for row in found["meta"] if row[0] != incarnation.MARKER]
    return found


def sign_edit(author: Replica, body: dict[str, Any]) -> dict[str, Any]:
    """An edit's body signed by a device, whoever it says wrote it."""
    unsigned = {key: value for key, value in body.items() if key != "sig"}
    return {**unsigned, "sig": author.session.sign_edit(canonical(unsigned).encode())}


def rewrite(
    sender: Replica,
    receiver: Replica,
    data: bytes,
    change: Callable[[dict[str, Any], list[dict[str, Any]]], object],
) -> bytes:
    """A bundle changed by its own sender, who signs it anew: `change` is given its head and edits."""
    head, *edits, _end = documents(receiver, data)
    change(head, edits)
    return "".join(bundle.write(head, edits, sender.session.sign_bundle)).encode()


def carried_by(
    relay: Replica,
    to: Replica,
    bodies: Sequence[dict[str, Any]],
    number: int,
    certificates: Sequence[dict[str, Any]] = (),
) -> bytes:
    """A bundle of these edits, whoever wrote them, from somebody who says to hold nothing."""
    head = bundle.compose_head(
        id=f"{random.getrandbits(76):019x}"[:16].translate(str.maketrans("ilou", "wxyz")),
        agency=relay.code,
        device=relay.device,
        to={to.code: number},
        made="2026-11-23T12:00:00Z",
        holdings={},
        certificates=list(certificates),
    )
    ordered = sorted(
        bodies, key=lambda each: (each["edit"].partition("/")[0], int(each["edit"].partition("/")[2]))
    )
    return "".join(bundle.write(head, ordered, relay.session.sign_bundle)).encode()
