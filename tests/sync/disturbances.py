"""What befalls whole stores in a simulated history, and parts of records: put back, copied and used twice, erased.

A store that is put back, or copied, mostly notices by its marker and begins a new epoch. Where it does not (a virtual
machine put back to a snapshot, a disk cloned), it numbers its edits as another has numbered others: its feed forks.
"""

from __future__ import annotations

import random
import re
import shutil
from collections import Counter
from contextlib import suppress
from itertools import count, pairwise, permutations
from typing import Any

from happens_before import Dot, Place, World
from nodes import Bundle, Kept, Node, copy_of

from taskforce.actions import erasing, keeping, quarantined
from taskforce.actions.session import Session
from taskforce.errors import Refused
from taskforce.records.registry import get_kind
from taskforce.store import incarnation, queries
from taskforce.store.connection import Connection, transaction
from taskforce.store.store import Store

ERASABLE = ("assignment", "site")
WORD = re.compile(r"zq\d+zq")
"""A word that stands nowhere else, put into what is typed."""


class Disturbances:
    """The part of a history in which stores are put back and copied, feeds fork, and records are erased."""

    rng: random.Random
    world: World
    nodes: dict[str, Node]
    codes: list[str]
    facts: Counter[str]
    folder: Any
    _acting: Any
    _learn: Any
    _verify: Any
    _export: Any
    _import: Any

    def begin_disturbances(self) -> None:
        """Nothing has happened yet."""
        self.kept: dict[str, Kept] = {}
        self.twin: Node | None = None
        self.tokens: dict[Place, set[str]] = {}  # in each part the words that stand nowhere else
        self.disturbed: set[str] = set()  # the agencies whose store was ever put back, or copied
        self.believes: dict[tuple[str, str], bool] = {}  # whether who was told what a disturbed store holds
        self._lives = count(1)
        self._words = count(1)

    def word(self) -> str:
        """A word that stands nowhere else, so that it can be looked for."""
        return f"zq{next(self._words)}zq"

    # ── erasing ──

    def erase(self) -> None:
        """An agency erases a record that it made."""
        node = self._who()
        own = [
            record
            for name in ERASABLE
            for record in queries.list_records(node.connection, get_kind(name), archived=True)
            if queries.owner_of(node.connection, record.kind, record.id) == node.code
        ]
        if own:
            self._erase(node, self.rng.choice(own).id)

    def _erase(self, node: Node, record: str) -> None:
        before = self.world.erased(node.name)
        with self._acting(node), suppress(Refused):
            erasing.erase(node.session, record, reason="she asked for it")
        self.facts["erasures"] += len(self.world.erased(node.name) - before)

    def assert_erased(self, code: str) -> None:
        """Of what is erased no value is left in any table of the store, nor in the search index."""
        connection = self.nodes[code].connection
        words = {word for place in self.world.erased(code) for word in self.tokens.get(place, ())}
        if not words:
            return
        found = set(WORD.findall(everything_in(connection)))
        assert not words & found, f"{code} still has {words & found}"
        for word in words:
            hits = connection.execute("SELECT count(*) FROM search WHERE search MATCH ?", (word,)).fetchone()
            assert not hits[0], f"{code} still finds {word}"
        self.facts["words looked for and gone"] += len(words)

    # ── stores put back, and copied ──

    def keep(self) -> None:
        """Somebody makes a copy of a store, to put it back one day."""
        node = self.nodes[self.rng.choice(self.codes)]
        self._know_all(node)
        known = self.world.copy(node.name)
        self.kept[node.code] = Kept(
            copy_of(node.connection),
            known,
            node.latest,
            dict(node.learnt),
            set(node.trusts),
            {sender: list(some) for sender, some in node.heard.items()},
            self._marker(node),
        )

    def put_back(self) -> None:
        """A store is put back to what it was; it may notice or not."""
        if not self.kept:
            return
        code = self.rng.choice(sorted(self.kept))
        was, node = self.kept.pop(code), self.nodes[code]
        epoch = node.epoch
        node.connection.close()
        node.session = Session(Store(node.session.store.folder, was.database))
        node.left = ""
        node.latest, node.learnt, node.trusts, node.heard = was.latest, was.learnt, was.trusts, was.heard
        self.world.has[code] = was.known
        if self.rng.random() < 0.5 and node.epoch == epoch:
            self._deceive(node)  # if an epoch was begun since, nobody could tell it: see docs/reliability.md
        elif was.marker != self._marker(node):  # it has given out numbers since
            node.left = node.session.store.me.feed
        self._disturb(node)
        self.facts["put back"] += 1

    def copy(self) -> None:
        """A store is copied, and both go on; the copy may notice or not."""
        if self.twin is not None:
            return
        node = self.nodes[self.rng.choice(self.codes)]
        self._know_all(node)
        name = node.code + "'"
        folder = self.folder / f"{node.code}-{next(self._lives)}"
        shutil.copytree(node.session.store.folder, folder)
        session = Session(Store(folder, copy_of(node.connection)))
        twin = Node(node.code, session, node.device, name, node.skew, node.latest, dict(node.learnt))
        twin.trusts, twin.heard = (
            set(node.trusts),
            {sender: list(some) for sender, some in node.heard.items()},
        )
        self.twin = self.nodes[name] = twin
        self.world.has[name] = self.world.copy(node.name)
        if self.rng.random() < 0.6:
            self._deceive(twin)
        else:
            twin.left = twin.session.store.me.feed
        self._disturb(twin)
        self.facts["copied"] += 1

    def part(self) -> None:
        """One of two stores with one identity is put away: the one in the earlier epoch, or either."""
        if self.twin is None:
            return
        twin, node = self.twin, self.nodes[self.twin.code]
        stays = twin if (twin.epoch, self.rng.random()) > (node.epoch, self.rng.random()) else node
        goes = node if stays is twin else twin
        goes.connection.close()
        known = self.world.has[stays.name]
        del self.nodes[twin.name], self.world.has[twin.name]
        self.nodes[node.code], self.world.has[node.code] = stays, known
        stays.name, self.twin = node.code, None
        self.kept.pop(node.code, None)
        self._disturb(stays)

    def _know_all(self, node: Node) -> None:
        """All have compared words with it: then whoever knows that it was put back can tell it."""
        for other in self.codes:
            if other not in node.trusts:
                self._verify(node.name, other)

    def _deceive(self, node: Node) -> None:
        """Let a store take itself for the one that it was: its marker was put back with it, or copied by the disk."""
        with transaction(node.connection):
            incarnation.mark(node.session.store)

    def _marker(self, node: Node) -> bytes:
        return bytes((node.session.store.folder / incarnation.MARKER).read_bytes())

    def _disturb(self, node: Node) -> None:
        node.life = next(self._lives)
        self.disturbed.add(node.code)
        for pair in list(self.believes):
            if node.code in pair:
                del self.believes[pair]

    def is_told(self, sender: str, to: str) -> bool:
        """Whether what the sender believes a store to hold is what that store, in the life that it is in, has said."""
        return to not in self.disturbed or self.believes.get((sender, to), False)

    def hear(self, bundle: Bundle, node: Node) -> None:
        """A bundle has told a store what its sender holds, if no later one of that epoch, and none of another epoch
        after it had come; if so, only what it carries.
        """
        key = node.name, bundle.sender
        speaker = self.nodes.get(bundle.sender)
        heard = node.heard.setdefault(bundle.sender, [])
        if bundle.number not in heard:
            heard.append(bundle.number)
        newest = {
            epoch: max((number, place) for place, (other, number, _id) in enumerate(heard) if other == epoch)
            for epoch in {each[0] for each in heard}
        }
        if heard[max(place for _number, place in newest.values())] == bundle.number:
            self.believes[key] = speaker is not None and bundle.life == speaker.life
        elif not self.world.held[bundle.sender] >= set(bundle.dots):
            self.believes[key] = False

    def must_notice(self, bundle: Bundle, node: Node) -> str:
        """The feed in which a store may not go on, when a peer that it has verified holds more of it than it has."""
        feed = node.session.store.me.feed
        ours = self.world.has[node.name].last.get(feed, ("", 0))[1]
        theirs = re.split("[,-]", bundle.stated.get(feed, "0"))[-1]
        return feed if bundle.sender in node.trusts and int(theirs) > ours else ""

    # ── forks ──

    def admit(self) -> None:
        """Somebody lets in an edit that waits because its feed forked."""
        node = self._who()
        waiting = sorted(self.world.has[node.name].known - self.world.held[node.name])
        if waiting:
            self._admit(node, self.rng.choice(waiting))

    def _admit(self, node: Node, dot: Dot) -> bool:
        may = self.world.admit(node.name, dot)
        with self._acting(node):
            try:
                quarantined.admit(node.session, dot[2])
            except Refused:
                assert not may
            else:
                assert may
                self.facts["admitted"] += 1
        return bool(may)

    def let_forks_be_seen(self) -> None:
        """Devices write once more: where two sides of a feed are as long as each other, what follows tells."""
        for code in self.codes:
            node = self.nodes[code]
            feed = f"{node.device}.{node.epoch}"
            if feed in self.world.forked:
                with self._acting(node):
                    keeping.add(
                        node.session, get_kind("site"), {"name": "And on", "operation": self.operation}
                    )

    def agree_on_forks(self) -> None:
        """People decide, all in the same way: of some feeds that forked they let in one side, as far as it goes."""
        admitted = True
        while admitted:
            admitted = False
            for feed, point in sorted(self.world.fork_points(self.codes[0]).items()):
                side = self._side(feed, point)
                for code in self.codes:
                    node = self.nodes[code]
                    for dot in side:
                        if dot in self.world.has[code].known - self.world.held[code]:
                            admitted = self._admit(node, dot) or admitted
            if admitted:
                self.exchange_all()

    def _side(self, feed: str, point: int) -> list[Dot]:
        """One side of a fork: the edits that follow one of the two, as the model knows them."""
        everywhere = {dot for code in self.codes for dot in self.world.has[code].known if dot[0] == feed}
        side = [min(dot for dot in everywhere if dot[1] == point)]
        while following := [dot for dot in everywhere if self.world.written[dot].after == side[-1]]:
            side.append(min(following))
        return side

    def exchange_all(self, *, everybody: bool = False) -> None:
        """Bundles go round until nobody has anything to say to anybody that was not said; all to one who hands it on,
        or everybody to everybody: who does not know what operation a record is of cannot hand it on.
        """
        hub, *others = self.rng.sample(self.codes, len(self.codes))
        ways = [(other, hub) for other in others] + [(hub, other) for other in others]
        if everybody:
            ways = list(permutations(self.codes, 2))
        elif self.in_a_ring:
            ways = list(pairwise([*self.codes, self.codes[0]]))
            ways += [way[::-1] for way in reversed(ways)]
        for _round in range(25):
            if not sum(self._pass_on(*way) for way in ways):
                return
            self.facts["rounds"] += 1
        raise AssertionError("they go on for ever")

    def _pass_on(self, sender: str, to: str) -> int:
        """How many edits a bundle brought, but for those that claim to have seen what their receiver did not write: it
        states none of them, and gets them again until it hears, from who has what it wrote, that it was put back.
        """
        bundle = self._export(sender, to)
        self._import(bundle)
        return len(set(bundle.dots) - self.world.has[to].claims.keys())

    def differences(self) -> dict[str, set[Dot]]:
        """Per store what counts elsewhere and not there, but for what nobody can send: it is erased, or unplaced.

        A record of which the first edit waits is of no operation that anybody knows: nobody may have the others' edits
        of it. Where the edits that prove a fork are erased nothing is left that could prove it to others. What somebody
        let in of a feed that forked does not go to who states to hold that number, of the other side.
        """
        union = set().union(*(self.world.held[code] for code in self.codes))
        erased = set().union(*(self.world.erased(code) for code in self.codes))
        unproven = self._unproven(erased)
        return {
            code: {
                dot
                for dot in union - self.world.held[code]
                if dot[0] not in unproven
                and dot not in self.world.has[code].claims
                and dot
                not in self.world.has[code].known  # there it waits for a person, who may think otherwise
                and not (self.world.written[dot].place in erased and not self.world.outlives(dot))
                and any(
                    self._is_placed(other, dot)
                    for other in self.codes
                    if dot in self.world.held[other] - self.world.has[other].admitted
                )
            }
            for code in self.codes
        }

    def _unproven(self, erased: set[Place]) -> set[str]:
        """The feeds that forked in edits of which nothing but skeletons are left, whether anybody knows it or not."""
        points = {
            (feed, point) for code in self.codes for feed, point in self.world.fork_points(code).items()
        }
        points |= {(feed, self.world.parted_at(feed)) for feed in self.world.forked}
        return {
            feed
            for feed, point in points
            for dot, edit in self.world.written.items()
            if dot[0] == feed and dot[1] in (point, point + 1) and edit.place in erased
        }

    def _who(self) -> Node:
        raise NotImplementedError

    operation: str
    in_a_ring: bool

    def _is_placed(self, code: str, dot: Dot) -> bool:
        raise NotImplementedError


def everything_in(connection: Connection) -> str:
    """Every row of every table but the search index's own, as text."""
    names = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'search%' ORDER BY name"
    ).fetchall()
    rows = (connection.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in names)
    return "\n".join(map(str, rows))
