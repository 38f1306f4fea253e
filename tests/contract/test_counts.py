"""What makes the program fast, held by counting: modules loaded, statements run, steps of SQLite's engine.

Counts are the same on a busy machine and an idle one. Milliseconds are measured by ``make bench`` and only reported.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from taskforce.actions import keeping, peers
from taskforce.actions.receiving import import_bundle
from taskforce.actions.sending import export_bundle
from taskforce.actions.session import Session
from taskforce.actions.setup import create_store
from taskforce.keys import slots
from taskforce.keys.keyfile import make_key_file
from taskforce.records.registry import get_kind
from taskforce.store import exchange
from taskforce.store.store import Store
from taskforce.sync.holdings import contains

# Measured with typer 0.28 on Python 3.11, and a tenth more for other versions: a new import of ours must earn it.
MOST_MODULES = {"--version": 8, "--help": 155, "list": 221}

STEPS_AT_ONCE = 100


class Two:
    """Two agencies' stores that know each other, in one operation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sender = _new_store(folder / "sender", "INTERPOL")
        self.receiver = _new_store(folder / "receiver", "KH-CNP")
        for session, other in ((self.sender, self.receiver), (self.receiver, self.sender)):
            card = peers.read_card(BytesIO(peers.own_card(other).encode()), "card")
            peers.add_peer(session, card, how="aloud")
        keeping.add(self.sender, get_kind("agency"), {"code": "KH-CNP", "name": "Cambodian National Police"})
        keeping.add(
            self.sender,
            get_kind("operation"),
            {"codename": "STORM MAKERS II", "operation_kind": "joint-operation", "lead": "INTERPOL"},
        )
        keeping.join(self.sender, {"operation": "STORM MAKERS II", "agency": "KH-CNP", "role": "partner"})
        self.operation = str(
            self.sender.store.connection.execute("SELECT id FROM operation").fetchone()[0],
        )

    def work(self, session: Session, edits: int, *, victim: str = "") -> None:
        """Make edits of three kinds in turn, so that no two neighbours in the feed belong together."""
        fields = {
            "assignment": {"title": "Inspect compound 4", "operation": self.operation, "status": "planned"},
            "log": {"text": "Gate opened", "operation": self.operation, "at": "2023-10-16T09:30:00Z"},
            "site": {"name": "Compound 4", "operation": self.operation},
        }
        with session.acting("work") as one:
            while one.saved < edits:
                kind = get_kind(tuple(fields)[one.saved % 3])
                record, nonce = keeping.new_id(session, kind)
                one.save(kind, record, fields[kind.name], nonce=nonce)
            if victim:
                kind = get_kind("victim")
                record, nonce = keeping.new_id(session, kind)
                one.save(kind, record, {"operation": self.operation, "family_name": victim}, nonce=nonce)

    def send(self) -> bytes:
        """The next bundle to the receiver."""
        stream = BytesIO()
        export_bundle(self.sender, "KH-CNP", stream)
        return stream.getvalue()

    def take(self, data: bytes) -> int:
        """Take a bundle in; how many edits were new."""
        return import_bundle(self.receiver, BytesIO(data), "bundle").new


@pytest.mark.parametrize("command", MOST_MODULES)
def test_a_start_loads_few_modules(command: str, tmp_path: Path) -> None:
    line = [command]
    if command == "list":
        _new_store(tmp_path / "one", "INTERPOL")
        folder = tmp_path / "one"
        line = ["assignment", "list", "--json", "--store", f"{folder}/store", "--key-file", f"{folder}/key"]
    loaded = _modules_loaded(line)
    assert 0 < loaded <= MOST_MODULES[command]


def test_taking_in_edits_costs_statements_in_proportion(tmp_path: Path) -> None:
    """Twice the edits, at most twice the statements, and few for each: nothing is looked up again and again."""
    two = Two(tmp_path)
    two.take(two.send())
    counts = []
    for edits in (600, 1_200):
        two.work(two.sender, edits)
        data = two.send()
        with _counting_statements(two.receiver) as count:
            assert two.take(data) >= edits
        counts.append(count() / edits)
    assert counts[1] < 1.1 * counts[0]
    assert counts[1] < 20


def test_taking_in_the_same_bundle_again_only_looks(tmp_path: Path) -> None:
    two = Two(tmp_path)
    two.work(two.sender, 600)
    data = two.send()
    two.take(data)
    with _counting_statements(two.receiver) as count:
        assert two.take(data) == 0
    assert count() < 2 * 600


def test_an_export_costs_what_is_new_and_not_what_is_there(tmp_path: Path) -> None:
    """100 new edits from a store of 10,000 edits run about as many steps of SQLite's engine as from one of 1,000."""
    steps = []
    two = Two(tmp_path)
    for edits in (1_000, 9_000):
        two.work(two.sender, edits)
        two.take(two.send())
        two.work(two.receiver, 100)
        with _counting_steps(two.receiver) as count:
            sent = export_bundle(two.receiver, "INTERPOL", BytesIO())
        assert 100 <= sent.edits <= 400
        steps.append(count() / sent.edits)
    assert steps[1] < 1.5 * steps[0]


def test_what_may_go_is_the_same_from_either_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading what is allowed, or the whole without what is withheld: each edit is on exactly one side, both ways."""
    two = Two(tmp_path)
    for victim in ("A", "B", "C"):
        two.work(two.sender, 30, victim=victim)
    connection = two.sender.store.connection
    scopes = [row.id for row in exchange.scopes(connection)]
    held = list(connection.execute("SELECT feed.name, number FROM edit JOIN feed ON feed.id = edit.feed"))
    assert len(scopes) > 6
    monkeypatch.setattr(exchange, "_READ_AT_ONCE", 1)
    for place in range(len(scopes) + 1):
        for one, other in ((scopes[:place], scopes[place:]), (scopes[place:], scopes[:place])):
            allowed = exchange.held_in(connection, one, other)
            withheld = exchange.held_in(connection, other, one)
            expected = connection.execute(
                f"SELECT coalesce(sum(last - first + 1), 0) FROM held WHERE scope IN ({', '.join(map(str, one)) or 0})"
                if one
                else "SELECT 0"
            ).fetchone()[0]
            assert sum(last - first + 1 for ranges in allowed.values() for first, last in ranges) == expected
            for feed, number in held:
                sides = contains(allowed.get(feed, ()), number), contains(withheld.get(feed, ()), number)
                assert sum(sides) == 1


def _new_store(folder: Path, agency: str) -> Session:
    folder.mkdir()
    key = make_key_file(folder / "key").path

    def write_slots(into: Path, database_key: bytes) -> None:
        slots.create_slots(into, database_key, [slots.SlotSource.key_file(key)])

    store = folder / "store"
    create_store(store, agency=agency, officer="J. Okafor", write_slots=write_slots, about={})
    session = Session(Store.open(store, slots.open_with_key_file(store, key)))
    session.store.connection.execute("PRAGMA synchronous = OFF")  # what is counted is the same
    return session


@contextmanager
def _counting_statements(session: Session) -> Iterator[Callable[[], int]]:
    count = 0

    def note(_statement: str) -> None:
        nonlocal count
        count += 1

    session.store.connection.set_trace_callback(note)
    try:
        yield lambda: count
    finally:
        session.store.connection.set_trace_callback(None)


@contextmanager
def _counting_steps(session: Session) -> Iterator[Callable[[], int]]:
    count = 0

    def note() -> int:
        nonlocal count
        count += STEPS_AT_ONCE
        return 0

    session.store.connection.set_progress_handler(note, STEPS_AT_ONCE)
    try:
        yield lambda: count
    finally:
        session.store.connection.set_progress_handler(None, 0)


def _modules_loaded(line: list[str]) -> int:
    """How many modules a process of the program loads beyond those of a bare Python's start."""
    driver = (
        "import sys; bare = set(sys.modules); from taskforce.__main__ import main; code = main(sys.argv[1:]);"
        "print(len(set(sys.modules) - bare), file=sys.stderr); sys.exit(code)"
    )
    run = subprocess.run([sys.executable, "-c", driver, *line], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return int(run.stderr.split()[-1])
