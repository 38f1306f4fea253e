"""Histories of replicas: what people may do in weeks of an operation, at random, held to a model of who knew what.

Real stores (in memory), real actions, real bundles; only clocks and randomness are fakes, so that a seed tells a whole
history. What must come out is worked out by happens_before.py, which knows nothing of the program.

Here everybody may see everything, also who takes part in no operation, so that what arrives depends on replication
alone; who may be told what is test_convergence.py's matter.

YAML and sealing have tests of their own: one bundle in ten is written in full here, one in fifty sealed; the others are
handed over as the documents that would be written.

What befalls whole stores (put back to an earlier state, copied and used twice, parts erased) is in disturbances.py.
"""

from __future__ import annotations

import copy
import io
import json
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import permutations
from pathlib import Path
from typing import Any
from unittest import mock

import sqlcipher3.dbapi2 as sqlite
import yaml
from disturbances import WORD, Disturbances
from happens_before import DROPPED, ERASED, Dot, Place, World
from nodes import Bundle, Node, at, copy_of
from replicas import make_replica
from who_may import Rules

from taskforce.actions import (
    checking,
    conflicts,
    keeping,
    knowing,
    peers,
    proposing,
    receiving,
    sending,
    undoing,
)
from taskforce.actions.outgoing import Outgoing
from taskforce.actions.session import Session
from taskforce.errors import Refused
from taskforce.keys.sealing import open_bytes
from taskforce.records.registry import get_kind
from taskforce.store import exchange, health, incarnation, queries
from taskforce.store.connection import Connection, transaction
from taskforce.store.erasing import SCRUB
from taskforce.store.queries import Record
from taskforce.store.store import Store
from taskforce.sync import bundle as bundles
from taskforce.sync.strict_yaml import Document

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SKEWS = (
    timedelta(),
    timedelta(hours=-3),
    timedelta(hours=20),  # within what others follow
    datetime(2099, 6, 1, tzinfo=UTC) - NOON,
    datetime(1970, 6, 1, tzinfo=UTC) - NOON,
)
FOLLOWED = timedelta(hours=24)

BATCHES = (1, 3, receiving.BATCH)
"""How many edits an import looks at together: in small ones edits enter, and leave as a fork is found later."""

OPERATION, OTHER = "GREY HERON", "BLUE TERN"
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
NAMED_WORDS = ("title", "instructions", "result", "name")
"""Fields in which they write what stands nowhere else."""


@dataclass(frozen=True)
class Base:
    """How a store is at the beginning of every history: its database, and whose it is."""

    code: str
    database: Connection
    device: str
    card: str
    agency: str  # the id of its agency's record


class _Everybody(dict[str, Any]):
    """That everybody takes part in every operation, as far as it is asked who may see it."""

    def get(self, key: str, default: Any = None) -> Any:
        """All operations have everybody, and everybody is a partner."""
        return "partner" if default is None else self


@contextmanager
def told_everything() -> Iterator[None]:
    """Let everybody be told of all operations, whoever takes part."""
    with mock.patch.object(knowing, "_roles", lambda *_known: _Everybody()):
        yield


@contextmanager
def drawn_from(rng: random.Random) -> Iterator[None]:
    """Let the program's randomness be a history's own."""
    with mock.patch("os.urandom", rng.randbytes), mock.patch("random._urandom", rng.randbytes):
        yield


@cache
def bases(count: int) -> tuple[Base, ...]:
    """Stores of agencies, made once: all verified, all told of two operations, in which most of them take part."""
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
            tern = keeping.add(lead.session, get_kind("operation"), {"codename": OTHER, "lead": codes[1]})
            for code in codes[1:-1]:
                keeping.join(lead.session, {"operation": operation.id, "agency": code, "role": "partner"})
            for code in codes[2:-1:2]:
                keeping.join(lead.session, {"operation": tern.id, "agency": code, "role": "support"})
            for number in (1, 2):
                typed = {"title": f"Assignment {number}", "operation": operation.id}
                keeping.add(lead.session, get_kind("assignment"), typed)
            cards = [peers.own_card(one.session) for one in made]
            for other, card in zip(made[1:], cards[1:], strict=True):
                add_peer(lead.session, card)
                add_peer(other.session, cards[0])
                stream = io.BytesIO()
                with told_everything():
                    sending.export_bundle(lead.session, other.code, stream)
                receiving.import_bundle(other.session, io.BytesIO(stream.getvalue()), "briefing")
            for one in made:  # undoing the briefing would take somebody out of the operation
                one.connection.execute("UPDATE action SET undoable = 0")
            found = tuple(
                Base(
                    one.code,
                    _in_memory(one.connection, folder / f"{one.code}.plain"),
                    one.device,
                    card,
                    one.session.own_agency,
                )
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
    copy = copy_of(on_disk)
    on_disk.close()
    return copy


def add_peer(session: Session, card: str) -> int:
    """Enter a peer's card; how many edits that had waited for it came in."""
    read = peers.read_card(io.BytesIO(card.encode()), "card")
    return peers.add_peer(session, read, how="met").admitted


class History(Disturbances):
    """One history. `step()` lets something happen; `settle()` lets all exchange until they agree.

    To have something else happen, add a method and its weight to `HAPPENINGS`; what it writes is learnt from the
    replica's own feed.
    """

    def __init__(
        self,
        seed: int,
        *,
        replicas: int = 5,
        loss: float = 0.0,
        spread: int = 6,
        watchful: bool = False,
        hot: Sequence[str] = tuple(HOT),
        as_text: float = 0.1,
        in_a_ring: bool = False,
    ) -> None:
        self.rng = random.Random(seed)
        self.batch = BATCHES[seed % len(BATCHES)]
        self.loss = loss
        self.is_calm = self.rng.random() < 0.5  # no store is put back or copied: then all must be equal
        self.as_text = as_text  # the share of the bundles that are written in full, a fifth of them sealed
        self.in_a_ring = in_a_ring  # at the end each passes on to the next, and not all by one
        self.hot = hot  # the kinds of records that people quarrel over
        self.spread = spread  # how many records of a kind people work on
        self.watchful = watchful  # hold each step to the model, not only the end
        self.bases = bases(replicas)
        self.cards = {base.code: base.card for base in self.bases}
        self.codes = [base.code for base in self.bases]
        self.device_of = {base.code: base.device for base in self.bases}
        self.world = World(Rules({base.code: base.agency for base in self.bases}))
        self.world.agency_of.update((base.device, base.code) for base in self.bases)
        self.pool: list[Bundle] = []
        self.clock = NOON
        self.done: list[str] = []
        self.counts: dict[str, int] = {}
        self.accepting: list[tuple[str, Dot]] = []  # the proposals that the edit which is made now takes over
        self.facts: Counter[str] = Counter()  # what came of it
        self.dot_of: dict[str, Dot] = {}  # by signature
        self.nodes: dict[str, Node] = {}
        self.begin_disturbances()
        self.folder = Path(
            tempfile.mkdtemp(prefix="history", dir=_MEMORY)
        )  # the markers beside the databases
        self.operation = self.other = ""
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
        session = Session(Store(folder, copy_of(base.database)))
        with transaction(session.store.connection):
            incarnation.mark(session.store)  # the copy goes on as the store that it is of
        node = Node(
            base.code, session, base.device, base.code, latest=session.store.meta("clock").partition("Z")[0]
        )
        node.trusts = {base.code, *(peer.agency for peer in exchange.peers(node.connection))}
        if self.rng.random() < 0.9:  # the bytes of an erased value are taken out of files; here there is none
            session.store.scrub = partial(_scrubbed, session.store)  # type: ignore[method-assign]
        if not self.operation:
            operations = queries.list_records(node.connection, get_kind("operation"))
            names = {one.text("codename"): one.id for one in operations}
            self.operation, self.other = names[OPERATION], names[OTHER]
        return node

    def close(self) -> None:
        """Let go of the stores."""
        for one in (*self.nodes.values(), *self.kept.values()):
            (one.connection if isinstance(one, Node) else one.database).close()
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
        chosen = happenings or (CALM if self.is_calm else HAPPENINGS)
        [name] = self.rng.choices(list(chosen), list(chosen.values()))
        self.done.append(name)
        self.clock += timedelta(seconds=self.rng.choice((0, 1, 40, 4000)))
        getattr(self, name)()
        self.counts[name] = self.counts.get(name, 0) + 1
        if self.watchful:
            for name in self.nodes:
                self.compare(name)

    def _who(self) -> Node:
        return self.nodes[self.rng.choice(list(self.nodes))]

    def add(self) -> None:
        """Somebody makes a record."""
        node = self._who()
        name = self.rng.choice(("assignment", "assignment", "site", "log"))
        kind = get_kind(name)
        with self._acting(node):
            typed = {"operation": self._an_operation(node), kind.title: "Something new"}
            keeping.add(node.session, kind, typed)

    def begin(self) -> None:
        """Somebody opens an operation, which others lead, and says who takes part."""
        node = self._who()
        with self._acting(node):
            lead, *others = self.rng.sample(self.codes, 3)
            made = keeping.add(node.session, get_kind("operation"), {"codename": self.word(), "lead": lead})
            for code in others:
                keeping.join(node.session, {"operation": made.id, "agency": code, "role": "support"})

    def _an_operation(self, node: Node) -> str:
        known = node.connection.execute("SELECT id FROM operation ORDER BY id").fetchall()
        return self.rng.choice([self.operation, self.other, self.rng.choice(known)[0]])

    def join(self) -> None:
        """Somebody says that an agency takes part in an operation, whoever may say so."""
        node = self._who()
        role = self.rng.choice(("partner", "observer", "co-lead"))
        about = {"operation": self._an_operation(node), "agency": self.rng.choice(self.codes), "role": role}
        with self._acting(node), suppress(Refused):
            keeping.join(node.session, about)

    def transfer(self) -> None:
        """Somebody says that an assignment or a site, mostly of their own, is of the other operation."""
        node = self._who()
        name = self.rng.choice(("assignment", "site"))
        record = self._record(node, name, self.rng.randrange(self.spread))
        query = f"SELECT id FROM {name} WHERE created_in = ? ORDER BY id LIMIT ?"
        own = node.connection.execute(query, (node.code, self.spread)).fetchall()
        if own and self.rng.random() < 0.7:
            record = queries.get_record(node.connection, get_kind(name), self.rng.choice(own)[0])
        if record is not None:
            with self._acting(node, record):
                there = {"operation": self._an_operation(node)}
                keeping.edit(node.session, record.kind, record, there)

    def edit(self) -> None:
        """Somebody sets a field or two."""
        self._edit(self._who(), self.rng.choice(self.hot), self.rng.randrange(100 * self.spread))

    def quarrel(self) -> None:
        """Several set the same field of the same record."""
        name, which = self.rng.choice(self.hot), self.rng.randrange(4 * self.spread)
        for code in self.rng.sample(self.codes, self.rng.randint(2, 3)):
            self._edit(self.nodes[code], name, which)

    def _edit(self, node: Node, name: str, which: int) -> None:
        record = self._record(node, name, which)
        if record is None:
            return
        fields = self.rng.sample(list(HOT[name]), self.rng.randint(1, min(2, len(HOT[name]))))
        typed = {each: self.rng.choice(HOT[name][each]) for each in fields}
        for each in fields:
            if each in NAMED_WORDS and self.rng.random() < 0.3:
                typed[each] = f"{typed[each]} {self.word()}".strip()
        with self._acting(node, record):
            keeping.edit(node.session, record.kind, record, typed)

    def archive(self) -> None:
        """Somebody takes a record out of view, or brings it back."""
        node = self._who()
        record = self._record(node, self.rng.choice(("assignment", "site")), self.rng.randrange(self.spread))
        if record is not None:
            with self._acting(node, record):
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
            with self._acting(node, record):
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

    def decide(self) -> None:
        """Somebody accepts or rejects what others propose, or takes back what they proposed."""
        node = self._who()
        found = [one for one in proposing.list_proposals(node.session) if one.is_ours or one.by_us]
        if not found:
            return
        one = self.rng.choice(found)
        with self._acting(node):
            if one.is_ours and self.rng.random() < 0.6:
                names = self.rng.sample(one.fields, 1)
                taken = {name: one for name in names if name != "archived"}
                if one.record is None:  # what such a record needs comes with it
                    for other in proposing.list_proposals(node.session, record=one.id):
                        for name in set(other.fields) & {"operation", "agency", "title", "name", "text"}:
                            if one.kind.field(name).required:
                                taken.setdefault(name, other)
                self.accepting = [(name, self._dot_at(node, each.edit)) for name, each in taken.items()]
                proposing.accept(node.session, [one], names)
            else:
                proposing.reject(node.session, [one])
        self.accepting = []
        self.facts["decisions"] += 1

    def _dot_at(self, node: Node, place: str) -> Dot:
        feed, _slash, number = place.rpartition("/")
        [dot] = (dot for dot in self.world.held[node.name] if dot[:2] == (feed, int(number)))
        return dot

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
            sender, to = pair
            if self._may_send(to, self.nodes[sender].code):
                self._hand_over(to, self.nodes[sender].code)

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
        pairs = [(sender, to) for sender in self.nodes for to in self.codes if self._may_send(sender, to)]
        return self.rng.choice(pairs) if pairs else None

    def _may_send(self, sender: str, to: str) -> bool:
        return self.nodes[sender].code != to and to in self.nodes[sender].trusts

    # ── the end ──

    def settle(self) -> None:
        """All have verified each other, one gathers what all have, hands it round, and then nobody has more to say."""
        if self.twin is not None:
            self.part()
        for one, other in permutations(self.codes, 2):
            if other not in self.nodes[one].trusts:
                self._verify(one, other)
        self.let_forks_be_seen()
        self.exchange_all()
        if self.world.forked:
            self.agree_on_forks()
            erasures = self.facts["erasures"]
            for place in sorted(set().union(*(self.world.erased(code) for code in self.codes))):
                self._erase_again(place)
            if self.facts["erasures"] > erasures:
                self.exchange_all()
        claims = any(self.world.has[code].claims for code in self.codes)
        if self.world.forked and (claims or any(self.differences().values())):
            self.exchange_all(everybody=True)
        for code in self.codes:
            self.compare(code)
            self.assert_erased(code)
        missing = self.differences()
        assert not any(missing.values()), missing
        self._assert_equal()
        found = checking.check(self.nodes[code := self.rng.choice(self.codes)].session)
        assert not found.faults and found.edits == len(self.world.held[code])
        self.facts["forked feeds"] += len(self.world.forked)

    def _assert_equal(self) -> None:
        """Stores in which the same edits count have equal tables; mostly that is all of them."""
        prints: dict[tuple[frozenset[Dot], frozenset[Place]], dict[str, str]] = {}
        for code in self.codes:
            same = frozenset(self.world.held[code]), frozenset(self.world.erased(code))
            found = health.fingerprints(self.nodes[code].connection)
            assert prints.setdefault(same, found) == found
        if not self.world.forked and not any(self.world.erased(code) for code in self.codes):
            assert len(prints) == 1
        self.facts["all equal" if len(prints) == 1 else "equal but for what nobody can send"] += 1

    # ── doing, and checking ──

    @contextmanager
    def _acting(self, node: Node, about: Record | None = None) -> Iterator[None]:
        try:
            with at(self.clock + node.skew):
                yield
        except Refused:
            erased = {place[:2] for place in self.world.erased(node.name)}
            if about is None or (about.id, about.kind.name) not in erased:
                raise
        self._learn(node.name)

    def _export(self, sender: str, to: str) -> Bundle:
        node = self.nodes[sender]
        stream = io.BytesIO()
        with at(self.clock + node.skew):
            number = exchange.next_bundle_number(node.connection, to)
            way = self.rng.random()
            if way < self.as_text / 5:
                with told_everything():
                    sending.export_bundle(node.session, to, stream)
            else:
                documents = _export_unsealed(node.session, to, stream if way < self.as_text else None)
        data = documents if way >= self.as_text else stream.getvalue()
        if way < self.as_text / 5:
            documents = _documents_of(open_bytes(data, [self.nodes[to].session.store.meta("seal_identity")]))
        elif way < self.as_text:
            documents = _documents_of(data)
        dots = tuple(self._dots_in(documents))
        self._check_carried(sender, to, dots)
        return Bundle(
            node.code,
            to,
            data,
            dots,
            node.life,
            (node.epoch, number, documents[0]["id"]),
            documents[0]["holdings"],
        )

    def _check_carried(self, sender: str, to: str, dots: Sequence[Dot]) -> None:
        """A bundle carries what counts at its sender and evidence of forks, each once, with its values; and all of it
        that its receiver lacks and may have.
        """
        one = self.world.has[sender]
        carried = set(dots)
        assert len(carried) == len(dots), (sender, to)
        points = self.world.fork_points(sender)
        for dot in carried - one.held:
            assert dot in one.known and dot[1] - points[dot[0]] in (0, 1), (sender, to, dot)
        assert not any(self._is_gone(sender, dot) for dot in carried)
        if self.is_told(sender, to):
            lacking = {
                dot
                for dot in one.held - self.world.held[to]
                if dot[0] not in self.world.forked
                and self._is_placed(sender, dot)
                and not self._is_gone(sender, dot)
            }
            assert lacking <= carried, f"{sender} keeps from {to} what it lacks: {lacking - carried}"

    def _is_gone(self, code: str, dot: Dot) -> bool:
        """Whether nothing but a skeleton is left of an edit in a store."""
        return self.world.written[dot].place in self.world.has[code].erased and not self.world.outlives(dot)

    def _import(self, bundle: Bundle) -> None:
        node = self.nodes[bundle.to]
        if self.twin is not None and self.twin.code == bundle.to and self.rng.random() < 0.5:
            node = self.twin
        now = self.clock + node.skew
        ahead = self.must_notice(bundle, node)
        with at(now), mock.patch.object(receiving, "BATCH", self.batch):
            found = _import_documents(node.session, bundle.data)
        one = self.world.has[node.name]
        feed = node.session.store.me.feed
        claims = set(one.claims)
        were_here = one.held | self.world.waits(node.name).keys()
        new = self.world.arrive(node.name, bundle.dots, trusted=self._trusted(node.name), writes_in=feed)
        self.facts["claims"] += len(one.claims.keys() - claims)
        assert (found.new, found.edits) == (len(new), len(bundle.dots)), (found.new, found.edits, len(new))
        touched = {self.world.written[dot].place for dot in new}
        assert {(record, kind) for kind, record, _new in found.records} == {place[:2] for place in touched}
        waits = self.world.waits(node.name)
        now_waiting = Counter(waits[dot] for dot in bundle.dots if dot in waits and dot not in were_here)
        assert found.waiting == now_waiting, (found.waiting, now_waiting)
        assert found.verified == (bundle.sender in node.trusts)
        self.hear(bundle, node)
        assert not ahead or node.session.store.me.feed != ahead, f"{node.name} goes on in {ahead}"
        times = [self.world.written[dot].shown_by[0].rstrip("Z") for dot in new]
        followed = [each for each in times if each <= _time(now + FOLLOWED)]
        node.latest = max([node.latest, *followed])
        assert found.ahead == len(times) - len(followed)
        with at(now):
            self._learn(node.name)

    def _verify(self, one: str, other: str) -> None:
        node = self.nodes[one]
        with at(self.clock + node.skew):
            admitted = add_peer(node.session, self.cards[other])
        node.trusts.add(other)
        assert admitted == self.world.trust(one, self.device_of[other])
        self._learn(one)

    def _learn(self, name: str) -> None:
        """Tell the model of edits that the replica has just made."""
        node = self.nodes[name]
        feed = node.session.store.me.feed
        learnt = node.learnt.get(feed, 0)
        rows = node.connection.execute(
            "SELECT number, record, kind, part, hash, body FROM edit "
            "WHERE feed = (SELECT id FROM feed WHERE name = ?) AND number > ? ORDER BY number",
            (feed, learnt),
        ).fetchall()
        for number, record, kind, part, digest, body in rows:
            assert feed != node.left, f"{name} goes on in {feed} as if it had not been put back"
            edit = json.loads(body)
            before = self.world.has[name].last.get(feed, ("", 0, ""))
            assert (number, edit.get("prev", "")) == (before[1] + 1, before[2]), (number, before)
            if self.done:  # what the briefing brought was written before this history
                node.latest = max(node.latest, _time(self.clock + node.skew))
                assert edit["at"].partition("Z")[0] == node.latest
            place, values = (record, kind, part), edit["set"]
            dot = self.dot_of[edit["sig"]] = (feed, number, digest)
            self.world.write(
                name, dot, place, values, edit["at"], digest, is_born="born" in edit, decides=self.accepting
            )
            for value in values.values():
                self.tokens.setdefault(place, set()).update(WORD.findall(str(value)))
            node.learnt[feed] = number

    def _dots_in(self, documents: Sequence[Mapping[str, Any]]) -> Iterator[Dot]:
        """The edits in a bundle, known by their signatures."""
        for found in documents:
            if "edit" in found:
                dot = self.dot_of[found["sig"]]
                assert f"{dot[0]}/{dot[1]}" == found["edit"]
                yield dot

    def compare(self, code: str) -> None:
        """The replica's edits, heads, conflicts, quarantine, flags and shown values are the model's."""
        connection = self.nodes[code].connection
        one = self.world.has[code]
        assert self._dots(self.nodes[code]) == one.held
        points = self.world.fork_points(code)
        assert dict(connection.execute("SELECT feed, number FROM fork")) == points
        waiting = {
            (feed, number, digest): reason
            for feed, number, digest, reason in connection.execute(
                "SELECT feed, number, hash, reason FROM quarantine"
            )
        }
        assert waiting == self.world.waits(code)
        expected = self.world.heads(code)
        found: dict[Place, dict[str, set[Any]]] = {}
        for record, kind, part, text in connection.execute("SELECT record, kind, part, fields FROM state"):
            found[record, kind, part] = {
                name: {(feed, number) for feed, number in heads}
                for heads, _seen, names in json.loads(text)
                for name in names
            }
        assert found == {
            place: {name: {dot[:2] for dot in dots} for name, dots in fields.items()}
            for place, fields in expected.items()
        }
        assert set(connection.execute("SELECT * FROM conflict")) == self.world.conflicts(code)
        assert set(connection.execute("SELECT DISTINCT record, kind, part FROM erasure")) == one.erased
        for place in one.erased & one.parts.keys():  # and every store that dropped something says so
            own = {dot for dot in one.parts[place] if dot[0].startswith(self.nodes[code].device + ".")}
            assert any({ERASED, DROPPED} & self.world.written[dot].values.keys() for dot in own), (
                code,
                place,
            )
        for kind in {place[1] for place in expected}:
            cursor = connection.execute(f"SELECT * FROM {kind}")
            columns = [each[0] for each in cursor.description]
            rows = {row[columns.index("id")]: dict(zip(columns, row, strict=True)) for row in cursor}
            places = [place for place in expected if place[1] == kind]
            places = [place for place in places if self.world.counts_anything(code, *place[:2])]
            assert rows.keys() == {place[0] for place in places}
            for place in places:
                self._compare_row(code, place, expected[place], rows[place[0]])

    def _compare_row(self, code: str, place: Place, fields: dict[str, set[Dot]], row: dict[str, Any]) -> None:
        record, kind, part = place
        assert bool(row["archived"]) == self.world.is_archived(code, record, kind), (code, place)
        assert (row["created"], row["changed"]) == self.world.first_and_last(code, record, kind)
        for field in get_kind(kind).fields:
            if field.part == part:
                value = self.world.latest(fields[field.name], field.name) if field.name in fields else ""
                as_text = json.dumps(value, separators=(",", ":")) if isinstance(value, list) else value
                shown = row[field.name]
                assert ("" if shown is None else str(shown)) == str(as_text).replace("[]", "")

    def _is_placed(self, code: str, dot: Dot) -> bool:
        """Whether a replica knows what operation an edit's record is of, and that: without, nobody may have it."""
        place = self.world.written[dot].place
        if place[1] in ("agency", "operation"):
            return True
        counting = self.world.heads_at(code, place)
        if counting and "operation" not in counting:  # what others only propose lets nobody in
            return False
        values = [self.world.written[known].values for known in self.world.standing(code, place)]
        operations = {str(each["operation"]) for each in values if "operation" in each}
        known = self.world.has[code].parts
        return bool(operations) and all((one, "operation", "operational") in known for one in operations)

    def _erase_again(self, place: Place) -> None:
        """What only a feed that forked erased, the owner erases once more: such an edit does not travel."""
        for code in self.codes:
            node = self.nodes[code]
            owner = queries.owner_of(node.connection, get_kind(place[1]), place[0])
            if owner == code:
                self._erase(node, place[0])

    # ── odds and ends ──

    def _record(self, node: Node, name: str, which: int) -> Record | None:
        """One of a kind's records, chosen among the first few, so that people meet over them."""
        ids = node.connection.execute(f"SELECT id FROM {name} ORDER BY id LIMIT ?", (self.spread,)).fetchall()
        return queries.get_record(node.connection, get_kind(name), ids[which % len(ids)][0]) if ids else None

    def _trusted(self, code: str) -> set[str]:
        return {self.device_of[other] for other in self.nodes[code].trusts}

    @staticmethod
    def _dots(node: Node) -> set[Dot]:
        return set(
            node.connection.execute(
                "SELECT feed.name, number, hash FROM edit JOIN feed ON feed.id = edit.feed"
            ).fetchall()
        )


HAPPENINGS: dict[str, int] = {
    "add": 10,
    "begin": 1,
    "join": 2,
    "transfer": 4,
    "edit": 50,
    "quarrel": 10,
    "archive": 12,
    "move": 10,
    "resolve": 14,
    "decide": 10,
    "undo": 10,
    "redo": 5,
    "export": 14,
    "deliver": 16,
    "lose": 4,
    "meet": 8,
    "relay": 6,
    "meet_late": 2,
    "turn_clock": 3,
    "erase": 3,
    "keep": 5,
    "put_back": 3,
    "copy": 3,
    "part": 2,
    "admit": 4,
}
"""What happens, and how often beside the others."""

CALM = {
    name: weight
    for name, weight in HAPPENINGS.items()
    if name not in ("keep", "put_back", "copy", "part", "admit")
}
"""What happens where every store lives one life: half of the histories."""

NOT_AT_WORK = ("export", "deliver", "lose", "meet", "relay", "meet_late", "turn_clock", "erase")
AT_WORK = {name: weight for name, weight in CALM.items() if name not in NOT_AT_WORK}
"""What people do on their own."""


def _scrubbed(store: Store, *, again: bool = False) -> bool:
    """In place of `Store.scrub`, which takes a hundred times as long."""
    with store.connection:
        store.connection.execute("DELETE FROM meta WHERE key = ?", (SCRUB,))
    return True


class _Untold(str):
    """A document that was not written as text."""

    data: dict[str, Any]

    def encode(self, *_args: object) -> Any:
        """What stands for its bytes: the document itself."""
        return self


def _as_it_is(mapping: Mapping[str, Any], **_how: object) -> _Untold:
    one = _Untold()
    one.data = dict(mapping)
    return one


class _Pile(list[Any]):
    """A stream that documents are written to."""

    write = list.append


def _export_unsealed(session: Session, agency: str, stream: io.BytesIO | None) -> list[dict[str, Any]]:
    """What `export_bundle` does, but for the sealing, which costs more than all the rest; and without a stream also but
    for the YAML, which costs most of what is left. Then its documents.
    """
    connection = session.store.connection
    with session.store.writing(), told_everything():
        one = Outgoing(session, [(agency, exchange.devices(connection, agency))])
        if stream is not None:
            one.write(stream, sealed=False, progress=lambda _edits: None)
            one.note()
            return []
        pile = _Pile()
        with mock.patch.object(bundles, "document", _as_it_is):
            one.write(pile, sealed=False, progress=lambda _edits: None)
        one.note()
        return [each.data for each in pile]


def _import_documents(session: Session, data: bytes | list[dict[str, Any]]) -> receiving.Imported:
    """Import a bundle, or what stands for one: it passes all checks but that of its YAML."""
    if isinstance(data, bytes):
        return receiving.import_bundle(session, io.BytesIO(data), "bundle")
    documents = iter([Document(copy.copy(each), 1) for each in data])
    with mock.patch.object(receiving, "read_documents", lambda *_from: documents):
        return receiving.import_bundle(session, io.BytesIO(), "bundle")


def _documents_of(text: bytes) -> list[dict[str, Any]]:
    """A bundle's documents, read by plain PyYAML, all scalars as strings."""
    return list(yaml.load_all(text, yaml.CBaseLoader))


def _time(moment: datetime) -> str:
    """A time as edits state it; clocks here tick in whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000")


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
        finally:
            again.close()
        last = ", ".join(again.done[-12:])
        raise AssertionError(
            f"history {seed} goes wrong after {len(again.done)} of {steps} steps ({last}): {error}\n"
            f"again: SEED={seed} pytest tests/sync/test_simulation.py -k one_history"
        ) from error
    finally:
        one.close()
