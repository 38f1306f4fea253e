"""Histories of replicas: what people may do in weeks of an operation, at random, held to a model of who knew what.

Real stores (in memory), real actions, real bundles; only clocks and randomness are fakes, so that a seed tells a whole
history. What must come out is worked out by happens_before.py, which knows nothing of the program.

Here everybody may see everything, so that what arrives depends on replication alone; who may be told what is
test_convergence.py's matter, and sealing has tests of its own (one bundle in twenty is sealed here, too).

What befalls whole stores (put back to an earlier state, copied and used twice, parts erased) is in disturbances.py.
"""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any
from unittest import mock

import sqlcipher3.dbapi2 as sqlite
from disturbances import Disturbances, Node
from happens_before import DROPPED, ERASED, Dot, Place, World
from replicas import make_replica

from taskforce.actions import checking, conflicts, keeping, peers, receiving, sending, undoing
from taskforce.actions.session import Session
from taskforce.errors import Refused
from taskforce.keys.sealing import open_bytes
from taskforce.records.registry import get_kind
from taskforce.store import exchange, health, incarnation, queries
from taskforce.store.connection import Connection, transaction
from taskforce.store.queries import Record
from taskforce.store.store import Store

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SKEWS = (
    timedelta(),
    timedelta(hours=-3),
    timedelta(hours=20),  # within what others follow
    datetime(2099, 6, 1, tzinfo=UTC) - NOON,
    datetime(1970, 6, 1, tzinfo=UTC) - NOON,
)
FOLLOWED = timedelta(hours=24)

OPERATION = "GREY HERON"
_MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None
HOT = {
    "assignment": {
        "title": ("Search the yard", "Search the hotel", "Meet the bus"),
        "instructions": ("from the south", "from the north", ""),
        "priority": ("routine", "priority"),
        "result": ("two adults", "nobody", ""),
    },
    "operation": {"note": ("quiet", "loud", "")},
    "agency": {"places_free": ("0", "3", ""), "note": ("open at night", "")},
    "site": {"name": ("Compound 4", "Compound 5")},
}
"""The fields that people quarrel over."""


@dataclass(frozen=True)
class Base:
    """How a store is at the beginning of every history: its database, and whose it is."""

    code: str
    database: Connection
    device: str
    card: str


@contextmanager
def drawn_from(rng: random.Random) -> Iterator[None]:
    """Let the program's randomness be a history's own."""
    with mock.patch("os.urandom", rng.randbytes):
        yield


@cache
def bases(count: int) -> tuple[Base, ...]:
    """Stores of agencies that take part in one operation, made once: all verified, all told of it."""
    codes = ["LEAD", *(f"TEAM-{number}" for number in range(1, count))]
    folder = Path(tempfile.mkdtemp(prefix="simulation", dir=_MEMORY))
    try:
        with drawn_from(random.Random(0)), at(NOON - timedelta(days=30)):
            made = [make_replica(folder / code, code, name=code.title()) for code in codes]
            lead = made[0]
            operation = keeping.add(
                lead.session, get_kind("operation"), {"codename": OPERATION, "lead": "LEAD"}
            )
            for code in codes[1:]:
                keeping.add(lead.session, get_kind("agency"), {"code": code})
                keeping.join(lead.session, {"operation": operation.id, "agency": code, "role": "partner"})
            for number in (1, 2):
                typed = {"title": f"Assignment {number}", "operation": operation.id}
                keeping.add(lead.session, get_kind("assignment"), typed)
            cards = [peers.own_card(one.session) for one in made]
            for other, card in zip(made[1:], cards[1:], strict=True):
                add_peer(lead.session, card)
                add_peer(other.session, cards[0])
                stream = io.BytesIO()
                sending.export_bundle(lead.session, other.code, stream)
                receiving.import_bundle(other.session, io.BytesIO(stream.getvalue()), "briefing")
            for one in made:  # undoing the briefing would take somebody out of the operation
                one.connection.execute("UPDATE action SET undoable = 0")
            found = tuple(
                Base(one.code, _in_memory(one.connection, folder / f"{one.code}.plain"), one.device, card)
                for one, card in zip(made, cards, strict=True)
            )
            for one in made:
                one.close()
            return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_memory(encrypted: Connection, plain: Path) -> Connection:
    """A copy of a store's database that is kept in memory, unencrypted."""
    version = encrypted.execute("PRAGMA user_version").fetchone()[0]
    encrypted.execute("ATTACH ? AS plain KEY ''", (str(plain),))
    encrypted.execute("SELECT sqlcipher_export('plain')")
    encrypted.execute(f"PRAGMA plain.user_version = {version}")
    encrypted.execute("DETACH plain")
    on_disk = sqlite.connect(str(plain), isolation_level=None)
    copy = _copy_of(on_disk)
    on_disk.close()
    return copy


def _copy_of(database: Connection) -> Connection:
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


def add_peer(session: Session, card: str) -> int:
    """Enter a peer's card; how many edits that had waited for it came in."""
    read = peers.read_card(io.BytesIO(card.encode()), "card")
    return peers.add_peer(session, read, how="met").admitted


@dataclass(frozen=True)
class Bundle:
    """A bundle on its way, and which life of its sender's store made it."""

    sender: str
    to: str
    data: bytes
    dots: tuple[Dot, ...]
    life: int = 0


class History(Disturbances):
    """One history. `step()` lets something happen; `settle()` lets all exchange until they agree.

    To have something else happen, add a method and its weight to `HAPPENINGS`; what it writes is learnt from the
    replica's own feed.
    """

    def __init__(
        self, seed: int, *, replicas: int = 5, loss: float = 0.0, spread: int = 6, watchful: bool = False
    ) -> None:
        self.rng = random.Random(seed)
        self.loss = loss
        self.spread = spread  # how many records of a kind people work on
        self.watchful = watchful  # hold each step to the model, not only the end
        self.bases = bases(replicas)
        self.cards = {base.code: base.card for base in self.bases}
        self.codes = [base.code for base in self.bases]
        self.world = World()
        self.pool: list[Bundle] = []
        self.clock = NOON
        self.done: list[str] = []
        self.counts: dict[str, int] = {}
        self.facts: Counter[str] = Counter()  # what came of it
        self.tokens: dict[Place, set[str]] = {}  # the words in each part that stand nowhere else
        self.nodes: dict[str, Node] = {}
        self.begin_disturbances()
        self.folder = Path(
            tempfile.mkdtemp(prefix="history", dir=_MEMORY)
        )  # the markers beside the databases
        self.operation = ""
        for base in self.bases:
            self.nodes[base.code] = self._begin(base)
            self.world.add_replica(base.code)
        for code in self.codes:
            self._learn(code)
        lead = self.nodes["LEAD"]
        known = sorted(self._dots(lead))
        for code in self.codes[1:]:
            self.world.arrive(code, known, trusted=self._trusted(code))
        # Most have verified each other; whoever has not is met late, and its edits wait where they come by relay.
        strangers = set(self.rng.sample(self.codes[1:], self.rng.randint(0, max(1, len(self.codes) // 3))))
        for one, other in permutations(self.codes[1:], 2):
            if not strangers & {one, other}:
                self._verify(one, other)
        for code in self.codes:
            self.nodes[code].skew = self.rng.choice(SKEWS)

    def _begin(self, base: Base) -> Node:
        folder = self.folder / base.code
        folder.mkdir()
        session = Session(Store(folder, _copy_of(base.database)))
        with transaction(session.store.connection):
            incarnation.mark(session.store)  # the copy goes on as the store that it is of
        node = Node(base.code, session, base.device, latest=session.store.meta("clock").partition("Z")[0])
        node.trusts = {base.code, *(peer.agency for peer in exchange.peers(node.connection))}
        if not self.operation:
            [operation] = queries.list_records(node.connection, get_kind("operation"))
            self.operation = operation.id
        return node

    def close(self) -> None:
        """Let go of the stores."""
        for node in self.nodes.values():
            node.connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ── what happens ──

    def run(self, steps: int) -> None:
        """So many things happen; then all agree."""
        with drawn_from(self.rng):
            for _step in range(steps):
                self.step()
            self.settle()

    def step(self, happenings: Mapping[str, int] | None = None) -> None:
        """Something happens: one of all `HAPPENINGS`, or of those given."""
        chosen = happenings or HAPPENINGS
        [name] = self.rng.choices(list(chosen), list(chosen.values()))
        self.done.append(name)
        self.clock += timedelta(seconds=self.rng.choice((0, 1, 40, 4000)))
        getattr(self, name)()
        self.counts[name] = self.counts.get(name, 0) + 1
        if self.watchful:
            for code in self.codes:
                self.compare(code)

    def _who(self) -> Node:
        return self.nodes[self.rng.choice(self.codes)]

    def add(self) -> None:
        """Somebody makes a record."""
        node = self._who()
        name = self.rng.choice(("assignment", "assignment", "site"))
        typed = {"operation": self.operation, ("title" if name == "assignment" else "name"): "Something new"}
        with self._acting(node):
            keeping.add(node.session, get_kind(name), typed)

    def edit(self) -> None:
        """Somebody sets a field or two."""
        self._edit(self._who(), self.rng.choice(list(HOT)), self.rng.randrange(100 * self.spread))

    def quarrel(self) -> None:
        """Several set the same field of the same record."""
        name, which = self.rng.choice(list(HOT)), self.rng.randrange(4 * self.spread)
        for code in self.rng.sample(self.codes, self.rng.randint(2, 3)):
            self._edit(self.nodes[code], name, which)

    def _edit(self, node: Node, name: str, which: int) -> None:
        record = self._record(node, name, which)
        if record is None:
            return
        fields = self.rng.sample(list(HOT[name]), self.rng.randint(1, min(2, len(HOT[name]))))
        with self._acting(node):
            typed = {each: self.rng.choice(HOT[name][each]) for each in fields}
            keeping.edit(node.session, record.kind, record, typed)

    def archive(self) -> None:
        """Somebody takes a record out of view, or brings it back."""
        node = self._who()
        record = self._record(node, self.rng.choice(("assignment", "site")), self.rng.randrange(self.spread))
        if record is not None:
            with self._acting(node):
                keeping.set_archived(
                    node.session,
                    record.kind,
                    record,
                    archived=self.rng.random() < 0.8 - 0.6 * record.archived,
                )

    def move(self) -> None:
        """A step of an assignment's life."""
        node = self._who()
        record = self._record(node, "assignment", self.rng.randrange(self.spread))
        if record is None or record.kind.lifecycle is None:
            return
        moves = record.kind.lifecycle.allowed(record.text("status"))
        if moves:
            chosen = self.rng.choice(moves)
            typed = {"agency": self.rng.choice(self.codes)} if chosen.name == "assign" else {}
            with self._acting(node):
                keeping.move(node.session, record.kind, record, chosen.name, typed)

    def resolve(self) -> None:
        """Somebody decides a conflict, by one of its values or by another."""
        node = self._who()
        places = conflicts.places(node.session)
        if not places:
            return
        found = conflicts.conflict_at(node.session, self.rng.choice(places))
        if found is None:
            return
        with self._acting(node):
            taken = self.rng.randint(1, len(found.sides))
            conflicts.decide(node.session, found, take=taken)

    def undo(self) -> None:
        """Somebody takes back what they did last."""
        node = self._who()
        with self._acting(node), suppress(Refused):
            undoing.undo(node.session)

    def redo(self) -> None:
        """Somebody does again what they took back."""
        node = self._who()
        with self._acting(node), suppress(Refused):
            undoing.redo(node.session)

    def export(self) -> None:
        """A bundle is made; it may travel or not."""
        if (pair := self._pair()) is not None:
            self.pool.append(self._export(*pair))

    def deliver(self) -> None:
        """A bundle arrives: in any order, late, and maybe not for the last time."""
        if self.pool:
            place = self.rng.randrange(len(self.pool))
            bundle = self.pool[place] if self.rng.random() < 0.3 else self.pool.pop(place)
            self._import(bundle)

    def lose(self) -> None:
        """A bundle is lost."""
        if self.pool:
            self.pool.pop(self.rng.randrange(len(self.pool)))

    def meet(self) -> None:
        """Two meet and swap bundles."""
        if (pair := self._pair()) is not None:
            self._hand_over(*pair)
            if self._may_send(*pair[::-1]):
                self._hand_over(*pair[::-1])

    def swap(self, one: str, other: str) -> int:
        """These two meet; each verifies the other, if it had not. How many bundles they made."""
        for sender, to in ((one, other), (other, one)):
            if to not in self.nodes[sender].trusts:
                self._verify(sender, to)
            self._hand_over(sender, to)
        return 2

    def relay(self) -> None:
        """One hands on to another what a third has just given it."""
        first = self._pair()
        if first is not None:
            self._hand_over(*first)
            others = [code for code in self.codes if self._may_send(first[1], code)]
            if others:
                self._hand_over(first[1], self.rng.choice(others))

    def meet_late(self) -> None:
        """Two compare words that had not."""
        pairs = [
            (one, other)
            for one, other in permutations(self.codes, 2)
            if other not in self.nodes[one].trusts and self.rng.random() < 0.5
        ]
        if pairs:
            self._verify(*self.rng.choice(pairs))

    def turn_clock(self) -> None:
        """Somebody's clock goes wrong, or right."""
        self._who().skew = self.rng.choice(SKEWS)

    def _hand_over(self, sender: str, to: str) -> None:
        bundle = self._export(sender, to)
        if self.rng.random() >= self.loss:
            self._import(bundle)
        else:
            self.counts["lost on the way"] = self.counts.get("lost on the way", 0) + 1

    def _pair(self) -> tuple[str, str] | None:
        pairs = [pair for pair in permutations(self.codes, 2) if self._may_send(*pair)]
        return self.rng.choice(pairs) if pairs else None

    def _may_send(self, sender: str, to: str) -> bool:
        return sender != to and to in self.nodes[sender].trusts

    # ── the end ──

    def settle(self) -> None:
        """All have verified each other, one gathers what all have, hands it round, and then nobody has more to say."""
        for one, other in permutations(self.codes, 2):
            if other not in self.nodes[one].trusts:
                self._verify(one, other)
        hub, *others = self.rng.sample(self.codes, len(self.codes))
        for other in others:
            self._import(self._export(other, hub))
        for other in others:
            self._import(self._export(hub, other))
        everything = set(self.world.written)
        for code in self.codes:
            assert self.world.held[code] == everything
            assert not self.world.waiting[code] - everything
            self.compare(code)
        prints = {code: health.fingerprints(self.nodes[code].connection) for code in self.codes}
        assert all(found == prints[hub] for found in prints.values())
        for other in others:  # who has now told each other all have nothing left to say
            self._import(self._export(other, hub))
            assert not self._export(hub, other).dots
            assert not self._export(other, hub).dots
        found = checking.check(self.nodes[self.rng.choice(self.codes)].session)
        assert not found.faults and not found.waiting and found.edits == len(everything)

    # ── doing, and checking ──

    @contextmanager
    def _acting(self, node: Node) -> Iterator[None]:
        with at(self.clock + node.skew):
            yield
        self._learn(node.code)

    def _export(self, sender: str, to: str) -> Bundle:
        node = self.nodes[sender]
        stream = io.BytesIO()
        with at(self.clock + node.skew):
            if self.rng.random() < 0.05:
                sending.export_bundle(node.session, to, stream)
            else:
                _export_unsealed(node.session, to, stream)
        data = stream.getvalue()
        text = data
        if data.startswith(b"age-encryption.org/"):
            text = open_bytes(data, [self.nodes[to].session.store.meta("seal_identity")])
        dots = tuple(_dots_in(text.decode()))
        carried, held = set(dots), self.world.held[sender]
        assert len(carried) == len(dots) and carried <= held, (sender, to)
        lacking = {dot for dot in held - self.world.held[to] if self._is_placed(sender, dot)}
        assert lacking <= carried, f"{sender} keeps from {to} what it lacks: {lacking - carried}"
        return Bundle(sender, to, data, dots)

    def _import(self, bundle: Bundle) -> None:
        node = self.nodes[bundle.to]
        now = self.clock + node.skew
        with at(now):
            found = receiving.import_bundle(node.session, io.BytesIO(bundle.data), "bundle")
        fresh = [dot for dot in bundle.dots if dot not in self.world.held[bundle.to]]
        new = self.world.arrive(bundle.to, bundle.dots, trusted=self._trusted(bundle.to))
        assert (found.new, found.edits) == (new, len(bundle.dots))
        assert found.verified == (bundle.sender in node.trusts)
        times = [
            self.world.written[dot].shown_by[0].rstrip("Z")
            for dot in fresh
            if dot in self.world.held[bundle.to]
        ]
        followed = [each for each in times if each <= _time(now + FOLLOWED)]
        node.latest = max([node.latest, *followed])
        assert found.ahead == len(times) - len(followed)

    def _verify(self, one: str, other: str) -> None:
        node = self.nodes[one]
        with at(self.clock + node.skew):
            admitted = add_peer(node.session, self.cards[other])
        node.trusts.add(other)
        assert admitted == self.world.trust(one, self.nodes[other].device)

    def _learn(self, code: str) -> None:
        """Tell the model of edits that the replica has just made."""
        node = self.nodes[code]
        rows = node.connection.execute(
            "SELECT feed.name, number, record, kind, part, hash, body FROM edit JOIN feed ON feed.id = edit.feed "
            "WHERE feed.device = ? AND number > ? ORDER BY number",
            (node.device, node.learnt),
        ).fetchall()
        for feed, number, record, kind, part, digest, body in rows:
            edit = json.loads(body)
            assert number == node.learnt + 1
            if self.done:  # what the briefing brought was written before this history
                node.latest = max(node.latest, _time(self.clock + node.skew))
                assert edit["at"].partition("Z")[0] == node.latest
            self.world.write(code, (feed, number), (record, kind, part), edit["set"], edit["at"], digest)
            node.learnt = number

    def compare(self, code: str) -> None:
        """The replica's edits, heads, conflicts, quarantine and shown values are the model's."""
        connection = self.nodes[code].connection
        assert self._dots(self.nodes[code]) == self.world.held[code]
        waiting = {json.loads(body)["edit"] for (body,) in connection.execute("SELECT body FROM quarantine")}
        expected_waiting = self.world.waiting[code] - self.world.held[code]
        assert waiting == {f"{feed}/{number}" for feed, number in expected_waiting}
        expected = self.world.heads(code)
        found: dict[Place, dict[str, set[Dot]]] = {}
        for record, kind, part, text in connection.execute("SELECT record, kind, part, fields FROM state"):
            found[record, kind, part] = {
                name: {(feed, number) for feed, number in heads}
                for heads, _seen, names in json.loads(text)
                for name in names
            }
        assert found == expected
        assert set(connection.execute("SELECT * FROM conflict")) == self.world.conflicts(code)
        for kind in {place[1] for place in expected}:
            cursor = connection.execute(f"SELECT * FROM {kind}")
            columns = [each[0] for each in cursor.description]
            rows = {row[columns.index("id")]: dict(zip(columns, row, strict=True)) for row in cursor}
            for place, fields in expected.items():
                if place[1] == kind:
                    self._compare_row(code, place, fields, rows[place[0]])

    def _compare_row(self, code: str, place: Place, fields: dict[str, set[Dot]], row: dict[str, Any]) -> None:
        assert bool(row["archived"]) == self.world.is_archived(code, place[0], place[1]), (code, place)
        for name in fields:
            if name != "archived":
                value = self.world.shown(code, place, name)
                as_text = json.dumps(value, separators=(",", ":")) if isinstance(value, list) else value
                assert ("" if row[name] is None else str(row[name])) == str(as_text).replace("[]", "")

    def _is_placed(self, code: str, dot: Dot) -> bool:
        """Whether a replica knows what operation an edit's record is of: without that nobody may have it."""
        place = self.world.written[dot].place
        return place[1] in ("agency", "operation") or any(
            "operation" in self.world.written[known].values
            for known in self.world.held_of(code, place[0], place[2])
        )

    # ── odds and ends ──

    def _record(self, node: Node, name: str, which: int) -> Record | None:
        """One of a kind's records, chosen among the first few, so that people meet over them."""
        found = queries.list_records(node.connection, get_kind(name), archived=True)
        found.sort(key=lambda record: record.id)
        return found[which % min(len(found), self.spread)] if found else None

    def _trusted(self, code: str) -> set[str]:
        return {self.nodes[other].device for other in self.nodes[code].trusts}

    @staticmethod
    def _dots(node: Node) -> set[Dot]:
        return set(
            node.connection.execute(
                "SELECT feed.name, number FROM edit JOIN feed ON feed.id = edit.feed"
            ).fetchall()
        )


HAPPENINGS: dict[str, int] = {
    "add": 8,
    "edit": 50,
    "quarrel": 10,
    "archive": 12,
    "move": 10,
    "resolve": 14,
    "undo": 10,
    "redo": 5,
    "export": 14,
    "deliver": 16,
    "lose": 4,
    "meet": 8,
    "relay": 6,
    "meet_late": 2,
    "turn_clock": 3,
}
"""What happens, and how often beside the others."""

AT_WORK = {
    name: HAPPENINGS[name]
    for name in ("add", "edit", "quarrel", "archive", "move", "resolve", "undo", "redo")
}
"""What people do on their own."""


def _export_unsealed(session: Session, agency: str, stream: io.BytesIO) -> None:
    """What `export_bundle` does, but for the sealing, which costs more than all the rest."""
    connection = session.store.connection
    with session.store.writing():
        one = sending._Outgoing(session, agency, exchange.devices(connection, agency))
        one.write(stream, sealed=False, progress=lambda _edits: None)
        one.note()


def _time(moment: datetime) -> str:
    """A time as edits state it; clocks here tick in whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000")


def _dots_in(text: str) -> Iterator[Dot]:
    """The places of the edits in a bundle's text."""
    for line in text.splitlines():
        if line.startswith("edit: "):
            feed, _, number = line[6:].strip('"').partition("/")
            yield feed, int(number)


def run_history(seed: int, *, steps: int = 200, replicas: int = 5, loss: float = 0.0) -> History:
    """Run the history of a seed; if it fails, run it again, watching each step, to see where it begins to go wrong."""
    one = History(seed, replicas=replicas, loss=loss)
    try:
        one.run(steps)
        return one
    except AssertionError:
        again = History(seed, replicas=replicas, loss=loss, watchful=True)
        try:
            again.run(steps)
        except AssertionError as earlier:
            error = earlier
        last = ", ".join(again.done[-12:])
        raise AssertionError(
            f"history {seed} goes wrong after {len(again.done)} of {steps} steps ({last}): {error}\n"
            f"again: SEED={seed} pytest tests/sync/test_simulation.py -k one_history"
        ) from error
    finally:
        one.close()
