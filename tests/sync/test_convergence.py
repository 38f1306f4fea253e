"""Promises 1 and 2, together: five agencies with real stores, wrong clocks, bundles late, lost, twice and out of order.

Every store is held, after every step, to a model of who knew what (happens_before.py), and every bundle to what its
receiver may be told. At the end all exchange until nothing is left to say.
"""

from __future__ import annotations

import atexit
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from happens_before import Dot, Place, World
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from replicas import Replica, consent, documents, dots_in, export, make_replica, take, verify
from who_may import Rules

from taskforce.actions import checking, conflicts, erasing, keeping, plans, recalling, undoing
from taskforce.actions.overheld import overheld
from taskforce.actions.session import Session
from taskforce.errors import Refused
from taskforce.records.registry import get_kind
from taskforce.store import health, history, queries
from taskforce.store.queries import Record

LEAD, NORTH, SOUTH, SHELTER, OBSERVER = "LEAD", "NORTH", "SOUTH", "SHELTER", "OBSERVER"
AGENCIES = (LEAD, NORTH, SOUTH, SHELTER, OBSERVER)
SKEW = {
    NORTH: timedelta(hours=-3),
    SOUTH: timedelta(hours=20),  # within what others follow
    SHELTER: timedelta(days=400),
    OBSERVER: timedelta(days=-365 * 50),
}
STRANGERS = (NORTH, SOUTH)
"""They have not compared words at first: each one's edits reach the other through the lead, and wait there."""

WIDE, NARROW = "BOTH TEAMS", "NORTH ONLY"
ROLES = {
    WIDE: {LEAD: "lead", NORTH: "partner", SOUTH: "partner", OBSERVER: "observer"},
    NARROW: {LEAD: "lead", NORTH: "partner"},
}
PARTIES = {"Memorandum": (LEAD, NORTH), "Treaty": (LEAD, SOUTH, SHELTER)}
VICTIMS_PARTS = ("case", "care", "identity")
ENDED = ("declined", "cancelled", "revoked")

WORDS = st.sampled_from(["first", "second", "third", ""])
HOT = {
    "assignment": {
        "instructions": ["first", "second", ""],
        "priority": ["routine", "priority"],
        "operation": [WIDE, NARROW],
    },
    "operation": {"note": ["first", "second", ""]},
    "agency": {"places_free": ["0", "3", ""]},
    "participation": {"legal_basis": [*PARTIES, ""]},
    "agreement": {"note": ["first", "second", ""]},
    "victim": {
        "account": ["first", "second", ""],
        "health": ["first", ""],
        "family_name": ["first", "second"],
    },
    "referral": {"care_note": ["first", "second"], "services": [["shelter"], ["medical", "shelter"]]},
}
"""The fields that people quarrel over; few, so that they do."""

PLAN = """taskforce-plan: 1
assignments:
- key: search
  title: Search the yard
  operation: BOTH TEAMS
  priority: {priority}
- key: watch
  title: Watch the gate
  operation: BOTH TEAMS
  instructions: {words}
"""
WHO = st.sampled_from(AGENCIES)
PARTS_AGREED = st.lists(st.sampled_from(VICTIMS_PARTS), min_size=1, unique=True)
WHICH = st.integers(0, 60)


@dataclass(frozen=True)
class Referred:
    """What is true of a referral, as the test made it."""

    victim: str
    sender: str
    to: str


@dataclass(frozen=True)
class Consented:
    """What was agreed to, as the test recorded it, and who recorded it."""

    victim: str
    by: str
    to: frozenset[str]
    parts: frozenset[str]


@dataclass(frozen=True)
class Recalled:
    """A recall as it was made: by whom, to whom, of which parts, and its first edit."""

    maker: str
    to: str
    places: tuple[Place, ...]
    dot: Dot


@cache
def five_replicas() -> dict[str, Replica]:
    """The agencies' stores, made once: verified but for the strangers, with the operations and agreements known."""
    folder = Path(tempfile.mkdtemp(prefix="replicas", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    stores = {code: make_replica(folder / code, code, name=code.title(), country="KH") for code in AGENCIES}
    for one, other in permutations(stores.values(), 2):
        if {one.code, other.code} != set(STRANGERS):
            verify(one, other)
    lead = stores[LEAD]
    for code in AGENCIES[1:]:
        keeping.add(lead.session, get_kind("agency"), {"code": code, "country": "KH"})
    for codename, roles in ROLES.items():
        made = keeping.add(lead.session, get_kind("operation"), {"codename": codename, "lead": LEAD})
        for code, role in roles.items():
            keeping.join(lead.session, {"operation": made.id, "agency": code, "role": role})
    for title, parties in PARTIES.items():
        keeping.add(lead.session, get_kind("agreement"), {"title": title, "parties": list(parties)})
    wide = queries.records_by_value(lead.connection, get_kind("operation"), "codename", WIDE)[0]
    for title in ("Search the hotel", "Meet the bus"):
        keeping.add(lead.session, get_kind("assignment"), {"title": title, "operation": wide.id})
    for code in AGENCIES[1:]:
        take(stores[code], export(lead, code))
    met = keeping.add(lead.session, get_kind("victim"), {"age_band": "9-17", "health": "Thirsty"})
    consent(lead, met.id, *AGENCIES)
    for replica in stores.values():
        replica.keep()
    return stores


class Replicas(RuleBasedStateMachine):
    """Any agency does anything, any bundle goes anywhere at any time."""

    @initialize()
    def begin(self) -> None:
        """All as they were after the briefing."""
        self.stores = five_replicas()
        self.agency_ids = {code: replica.session.own_agency for code, replica in self.stores.items()}
        self.world = World(Rules(self.agency_ids))
        self.world.agency_of.update((replica.device, code) for code, replica in self.stores.items())
        self.pool: list[tuple[str, str, bytes]] = []
        self.recalls: dict[str, Recalled] = {}
        self.obeyed: set[str] = set()
        self.came: dict[str, dict[Dot, tuple[str, int]]] = {code: {} for code in AGENCIES}
        """Per replica, which bundle brought an edit: who sent it, and its number."""
        self.referrals: dict[str, Referred] = {}
        self.victim_of: dict[str, str] = {}  # log entries and consents
        self.consents: dict[str, Consented] = {}
        self.sent: set[str] = set()
        self.births: dict[str, set[Dot]] = {}  # edits that prove who made a record
        self.trusts = {code: set(AGENCIES) for code in AGENCIES}
        self.trusts[NORTH].discard(SOUTH)
        self.trusts[SOUTH].discard(NORTH)
        self.clock = 0.0
        self.sound = True
        self.briefed = {}
        for code, replica in self.stores.items():
            replica.skew = SKEW.get(code, timedelta())
            replica.put_back()
            self.briefed[code] = max(done.id for done in history.actions(replica.connection, limit=1))
            self.world.add_replica(code)
            self._learn(code)  # nobody had heard of anybody when they made these
        [agreed] = queries.list_records(self.stores[LEAD].connection, get_kind("consent"))
        self.victim_of[agreed.id] = agreed.text("victim")
        self.consents = {
            agreed.id: Consented(agreed.text("victim"), LEAD, frozenset(AGENCIES), frozenset(VICTIMS_PARTS))
        }
        self.passed: dict[frozenset[str], set[Dot]] = {}
        for code in AGENCIES:
            known = self._dots(code) & self._dots(LEAD)
            self.passed[frozenset((LEAD, code))] = known
            self.world.arrive(code, sorted(known), trusted=self._trusted(code))
            self.came[code] = dict.fromkeys(known, (LEAD, 1))
            self._compare(code)
        for to in (SHELTER, NORTH):
            self.refer(LEAD, 0, to, True)
            self._exchange(LEAD, to)

    # ── what people do ──

    @rule(
        who=st.sampled_from([LEAD, NORTH, SOUTH]),
        title=WORDS.filter(bool),
        where=st.sampled_from([WIDE, NARROW]),
    )
    def add_assignment(self, who: str, title: str, where: str) -> None:
        """A new assignment."""
        with self._acting(who) as session:
            operation = self._named(session, "operation", where)
            if operation is not None:
                keeping.add(session, get_kind("assignment"), {"title": title, "operation": operation.id})

    @rule(who=st.sampled_from([LEAD, SHELTER]), words=WORDS)
    def meet_victim(self, who: str, words: str) -> None:
        """A victim is met."""
        with self._acting(who) as session:
            typed = {"age_band": "9-17", "account": words, "health": words}
            victim = keeping.add(session, get_kind("victim"), typed).id
        self._consent(who, victim, AGENCIES, VICTIMS_PARTS)

    @rule(who=st.sampled_from([LEAD, SHELTER]), which=WHICH, to=WHO, send=st.booleans())
    def refer(self, who: str, which: int, to: str, send: bool) -> None:
        """Whoever met a victim refers them on, or prepares to."""
        with self._acting(who) as session:
            victims = [
                each
                for each in queries.list_records(session.store.connection, get_kind("victim"))
                if queries.owner_of(session.store.connection, get_kind("victim"), each.id) == who
            ]
            if not victims or to == who:
                return
            victim = victims[which % len(victims)].id
            kind = get_kind("referral")
            made = keeping.add(session, kind, {"victim": victim, "to": to, "services": ["shelter"]})
            self.referrals[made.id] = Referred(victim, who, to)
            if send:
                keeping.move(session, kind, made, "send", {})
                self.sent.add(made.id)

    @rule(who=WHO, which=WHICH, text=WORDS.filter(bool), with_victim=st.booleans())
    def write_log(self, who: str, which: int, text: str, with_victim: bool) -> None:
        """An entry of the log, maybe about a victim."""
        with self._acting(who) as session:
            operation = self._named(session, "operation", WIDE)
            victims = queries.list_records(session.store.connection, get_kind("victim"))
            if operation is None:
                return
            typed = {"text": text, "operation": operation.id}
            if with_victim and victims:
                typed["victim"] = victims[which % len(victims)].id
            made = keeping.add(session, get_kind("log"), typed)
            self.victim_of[made.id] = typed.get("victim", "")

    @rule(who=WHO, which=WHICH, to=st.lists(WHO, min_size=1, unique=True), parts=PARTS_AGREED)
    def consent(self, who: str, which: int, to: list[str], parts: list[str]) -> None:
        """A victim's consent is recorded, by whoever knows of the victim."""
        victims = queries.list_records(self.stores[who].connection, get_kind("victim"))
        if victims:
            self._consent(who, victims[which % len(victims)].id, to, parts)

    def _consent(self, who: str, victim: str, to: Sequence[str], parts: Sequence[str]) -> None:
        with self._acting(who):
            made = consent(self.stores[who], victim, *to, parts=tuple(parts))
            self.victim_of[made] = victim
            self.consents[made] = Consented(victim, who, frozenset(to), frozenset(parts))

    @rule(who=WHO, which=WHICH, then=st.sampled_from(["", "again", "recall"]))
    def withdraw(self, who: str, which: int, then: str) -> None:
        """A consent is withdrawn, by whoever knows of it; another is given at once, or what went is recalled."""
        with self._acting(who) as session:
            one = self._choose(session, "consent", which)
            if one is None or one.text("status") == "withdrawn":
                return
            keeping.move(session, one.kind, one, "withdraw", {})
        if then == "recall":
            self.recall(who)
        if then == "again":
            before = self.consents[one.id]
            self._consent(who, before.victim, sorted(before.to), sorted(before.parts))

    @rule(which=WHICH)
    def recall_overtakes(self, which: int) -> None:
        """What went with a referral is recalled, while a bundle from before, with more, is still on its way."""
        ref, one = sorted(self.referrals.items())[which % len(self.referrals)]
        if one.to not in self.trusts[one.sender]:
            return
        self._learn_more(one.sender, one.victim)
        self._export(one.sender, one.to)
        late = self.pool[-1]
        with self._acting(one.sender) as session:
            record = queries.get_record(session.store.connection, get_kind("referral"), ref)
            assert record is not None
            if any(move.name == "cancel" for move in record.kind.lifecycle.allowed(record.text("status"))):
                keeping.move(session, record.kind, record, "cancel", {})
        self.recall(one.sender)
        self._exchange(one.sender, one.to)
        self._import(*late)

    def _learn_more(self, who: str, victim: str) -> None:
        """Something of a victim is noted that nobody else knows."""
        with self._acting(who) as session:
            record = queries.get_record(session.store.connection, get_kind("victim"), victim)
            if record is not None:
                keeping.edit(session, record.kind, record, {"met_place": f"Met {self.clock}"})

    @rule(who=WHO)
    def recall(self, who: str) -> None:
        """Whoever told others something that they may not have any more asks for all of it, and hears of some."""
        with self._acting(who) as session:
            found = overheld(session)
            made = recalling.prepare_all(session, found)
        for one, asked in zip(made, found, strict=True):
            self._recalled(who, one, (asked.record, asked.kind))
        for to in sorted({one.agency for one in made})[:2]:
            self._exchange(who, to)

    @rule(who=WHO, which=WHICH, to=WHO)
    def recall_in_error(self, who: str, which: int, to: str) -> None:
        """Somebody asks one who may have it to drop what they were told of a victim, who then gets it again."""
        with self._acting(who) as session:
            victim = self._choose(session, "victim", which)
            if victim is None or who == to:
                return
            try:
                made = recalling.prepare(session, victim.id, to, cause="sent-in-error")
            except Refused:  # they were told nothing of it
                return
        if made.new:
            self._recalled(who, made, (victim.id, "victim"))

    def _recalled(self, who: str, made: recalling.Made, about: tuple[str, str]) -> None:
        [dot] = self.world.held_of(who, made.record.id)
        places = tuple((*about, part) for part in made.parts)
        self.recalls[made.record.id] = Recalled(who, made.agency, places, dot)

    @rule(who=WHO, which=WHICH)
    def take_recall_back(self, who: str, which: int) -> None:
        """Whoever made a recall takes it back, obeyed or not."""
        with self._acting(who) as session:
            own = [one for one in self._records(session, "recall") if self.recalls[one.id].maker == who]
            if own:
                one = own[which % len(own)]
                keeping.set_archived(session, one.kind, one, archived=True)

    @rule(who=WHO, which=WHICH, value=WHICH)
    def edit(self, who: str, which: int, value: int) -> None:
        """Somebody sets a field."""
        self._edit(who, which, value)

    @rule(one=WHO, other=WHO, which=WHICH, value=WHICH, other_value=WHICH)
    def edit_both(self, one: str, other: str, which: int, value: int, other_value: int) -> None:
        """Two set the same field."""
        self._edit(one, which, value)
        self._edit(other, which, other_value)

    def _edit(self, who: str, which: int, value: int) -> None:
        with self._acting(who) as session:
            fields = [
                (record, field, values[value % len(values)])
                for name, hot in HOT.items()
                for record in self._records(session, name)[:2]
                for field, values in hot.items()
            ]
            record, field, chosen = fields[which % len(fields)]
            if field in ("operation", "legal_basis") and chosen:
                target = self._named(session, record.kind.field(field).to, chosen)
                chosen = target.id if target else ""
            if chosen or not record.kind.field(field).required:
                keeping.edit(session, record.kind, record, {field: chosen})

    @rule(
        who=WHO,
        which=WHICH,
        name=st.sampled_from(
            [
                "assignment",
                "victim",
                "participation",
                "operation",
                "agency",
                "referral",
                "agreement",
                "consent",
            ]
        ),
        archived=st.booleans(),
    )
    def archive(self, who: str, which: int, name: str, archived: bool) -> None:
        """A record is taken out of view, or brought back."""
        with self._acting(who) as session:
            record = self._choose(session, name, which)
            if record is not None:
                keeping.set_archived(session, get_kind(name), record, archived=archived)

    @rule(
        who=st.sampled_from([LEAD, NORTH, SHELTER]),
        which=WHICH,
        name=st.sampled_from(["victim", "victim", "assignment", "agency"]),
        part=st.sampled_from([None, "identity", "care"]),
    )
    def erase(self, who: str, which: int, name: str, part: str | None) -> None:
        """Whoever owns a record erases a part of it, or all; not before there is something to erase."""
        if self.clock < 120:
            return
        with self._acting(who) as session:
            record = self._choose(session, name, which)
            if record is None or (name == "agency" and record.text("code") != who):
                return
            parts = [part] if part and name == "victim" else []
            if name == "agency" and self.clock < 250:
                return
            try:
                erasing.erase(session, record.id, parts, reason="asked for")
            except Refused:
                return

    @rule(who=WHO, which=WHICH, step=WHICH)
    def move(self, who: str, which: int, step: int) -> None:
        """A step of a lifecycle."""
        with self._acting(who) as session:
            found = [*self._records(session, "referral")[:2], *self._records(session, "assignment")[:2]]
            if not found:
                return
            record = found[which % len(found)]
            kind = record.kind
            moves = kind.lifecycle.allowed(record.text("status"))
            if not moves:
                return
            chosen = moves[step % len(moves)]
            typed: dict[str, Any] = {"decline_reason": "capacity-full"} if chosen.name == "decline" else {}
            if chosen.name == "assign":
                typed["agency"] = NORTH
            if chosen.name == "complete":
                typed["outcomes"] = [f"{service}=provided" for service in record.items("services")]
            keeping.move(session, kind, record, chosen.name, typed)
            if chosen.name == "send":
                self.sent.add(record.id)

    @rule(which=WHICH, how=st.sampled_from(["decline", "cancel", "revoke"]), recall=st.booleans())
    def end_referral(self, which: int, how: str, recall: bool) -> None:
        """A referral ends, both sides know; then more is learnt of the victim, or what went is recalled."""
        ref, one = sorted(self.referrals.items())[which % len(self.referrals)]
        with self._acting(one.to if how == "decline" else one.sender) as session:
            record = queries.get_record(session.store.connection, get_kind("referral"), ref)
            if record is None or how not in {
                m.name for m in record.kind.lifecycle.allowed(record.text("status"))
            }:
                return
            typed = {"decline_reason": "unsafe"} if how == "decline" else {}
            keeping.move(session, record.kind, record, how, typed)
        self._exchange(one.to, one.sender)
        self._exchange(one.sender, one.to)
        if recall:
            self.recall(one.sender)
            return
        self._learn_more(one.sender, one.victim)
        self._exchange(one.sender, one.to)

    @rule(who=WHO, which=WHICH, take_one=st.integers(1, 3))
    def resolve(self, who: str, which: int, take_one: int) -> None:
        """A conflict is decided."""
        with self._acting(who) as session:
            found = conflicts.list_conflicts(session)
            if found:
                one = found[which % len(found)]
                sides = len(one.sides)
                conflicts.resolve(session, one.record.id, one.field, take=1 + take_one % sides)

    @rule(who=st.sampled_from([LEAD, NORTH, SHELTER]))
    def undo(self, who: str) -> None:
        """The latest action is taken back, where that may be."""
        with self._acting(who) as session:
            done = history.last_undoable(session.store.connection)
            if done is None or done.id <= self.briefed[who]:
                return
            try:
                undoing.undo(session)
            except Refused:
                return

    @rule(
        who=st.sampled_from([LEAD, NORTH, SOUTH]), priority=st.sampled_from(["routine", "flash"]), words=WORDS
    )
    def import_plan(self, who: str, priority: str, words: str) -> None:
        """The same plan, with other words, on several stores."""
        priority = "priority" if priority == "flash" else priority
        with self._acting(who) as session:
            if self._named(session, "operation", WIDE) is not None:
                text = PLAN.format(priority=priority, words=words or '""')
                plans.import_plan(session, io.BytesIO(text.encode()), "plan.yaml")

    # ── what travels ──

    @rule(sender=WHO, to=WHO)
    def export(self, sender: str, to: str) -> None:
        """A bundle is made; it may travel or not."""
        if sender != to and to in self.trusts[sender]:
            self._export(sender, to)

    @precondition(lambda self: self.pool)
    @rule(which=st.integers(0, 10), keep=st.booleans())
    def deliver(self, which: int, keep: bool) -> None:
        """A bundle arrives, late or again."""
        place = which % len(self.pool)
        sender, to, data = self.pool[place] if keep else self.pool.pop(place)
        self._import(sender, to, data)

    @rule(sender=WHO, to=WHO)
    def exchange(self, sender: str, to: str) -> None:
        """A bundle goes straight over."""
        self._exchange(sender, to)

    @rule(one=WHO, other=WHO)
    def meet(self, one: str, other: str) -> None:
        """Two agencies meet and swap bundles."""
        for sender, to in ((one, other), (other, one)):
            self._exchange(sender, to)

    @rule(hub=WHO)
    def hand_round(self, hub: str) -> None:
        """One gathers what all have, and passes it on."""
        for other in AGENCIES:
            self._exchange(other, hub)
        for other in AGENCIES:
            self._exchange(hub, other)

    @rule(one=st.sampled_from(STRANGERS))
    def compare_words(self, one: str) -> None:
        """One of the strangers verifies the other, after a while (the clock differs when a story is played again)."""
        other = STRANGERS[1 - STRANGERS.index(one)]
        if self.clock > 150 and other not in self.trusts[one]:
            self._verify(one, other)

    # ── the end ──

    def teardown(self) -> None:
        """All meet, exchange until there is nothing left to say, and agree."""
        if not getattr(self, "sound", False):
            return
        for one, other in (STRANGERS, STRANGERS[::-1]):
            if other not in self.trusts[one]:
                self._verify(one, other)
        for sender, to, data in self.pool[:10]:
            self._import(sender, to, data)
        for _round in range(8):
            if not self._round():
                break
        else:
            pytest.fail("they go on for ever")
        self._all_told()
        self._same_edits_same_rows()
        self._nothing_lost()
        for code, replica in self.stores.items():
            found = checking.check(replica.session)
            assert not found.faults, (code, found.faults)
            assert found.edits == len(self.world.held[code])

    def _round(self) -> int:
        """Everybody to everybody; how many edits were new to somebody, or told to somebody for the first time."""
        moved = 0
        for sender, to in permutations(AGENCIES, 2):
            moved += self._export(sender, to)
            self._import(*self.pool.pop())
        return moved

    def _all_told(self) -> None:
        for sender, to in permutations(AGENCIES, 2):
            before = self._derived(to)
            assert self._export(sender, to) == 0
            with self._acting(to):
                assert take(self.stores[to], self.pool.pop()[2]).new == 0
            assert self._derived(to) == before

    def _derived(self, code: str) -> dict[str, str]:
        return health.fingerprints(self.stores[code].connection)

    def _same_edits_same_rows(self) -> None:
        """Wherever two stores have the same edits of a record they show the same, to the byte."""
        seen: dict[tuple[str, str, frozenset[Dot]], tuple[str, Any]] = {}
        for code, replica in self.stores.items():
            for kind, record in sorted({place[1::-1] for place in self.world.places(code)}):
                rows = replica.connection.execute(f"SELECT * FROM {kind} WHERE id = ?", (record,)).fetchall()
                states = replica.connection.execute(
                    "SELECT state.kind, state.part, fields, scope.kind, scope.part, anchor FROM state "
                    "JOIN scope ON scope.id = scope WHERE record = ? ORDER BY 1, 2",
                    (record,),
                ).fetchall()
                shown = ([row[1:] for row in rows], states)
                held = self.world.held_of(code, record)
                other, theirs = seen.setdefault((kind, record, held), (code, shown))
                assert shown == theirs, (kind, record, code, other)

    def _nothing_lost(self) -> None:
        """Who may have a part has every edit of it that anybody, of those who may, ever wrote."""
        everything: dict[Place, set[Dot]] = {}
        for dot, edit in self.world.written.items():
            everything.setdefault(edit.place, set()).add(dot)
        erased = {place for code in AGENCIES for place in self.world.erased(code)}
        for place in erased:
            told = {dot for dot in everything.pop(place) if self.world.outlives(dot)}
            holders = [code for code in AGENCIES if self.world.held_of(code, place[0], place[2])]
            for code in holders:
                assert place in self.world.erased(code), (code, place)
                assert self.world.held_of(code, place[0], place[2]) >= told, (code, place)
                mine = [dot for dot in told if dot[0].startswith(self.stores[code].device)]
                assert mine, (code, place)  # it erased the part, or has confirmed
        for place, dots in everything.items():
            record, kind, part = place
            if part == "directory":
                for code in AGENCIES:
                    assert self.world.held_of(code, record, part) == dots, (code, place)
            if part == "operational":
                lead = self.world.held_of(LEAD, record, part)
                assert lead == dots, place
                operations = self._anchors(LEAD, place, "operation")
                for code in AGENCIES:
                    if all(
                        self._takes_part(self._roles(LEAD, one), code, kind)
                        and not self._left(LEAD, one, code)
                        for one in operations
                    ):
                        assert self.world.held_of(code, record, part) == dots, (code, place)
            if kind == "agreement":
                for code in self.world.shown(LEAD, place, "parties"):
                    assert self.world.held_of(code, record, part) == dots, (code, place)
        for record, one in self.referrals.items():
            if not self.world.shown(one.sender, (record, "referral", "case"), "sent_at"):
                continue
            flows = {
                part: self._agreed(one.sender, one.to, one.victim, part)
                and self._same_country(one.sender, one.sender, one.to)
                for part in VICTIMS_PARTS
            }
            for part in ("case", "care"):
                theirs, ours = (self.world.held_of(code, record, part) for code in (one.to, one.sender))
                if not flows[part]:
                    theirs -= self._kept(one.to, (record, "referral", part))
                assert theirs == ours if flows[part] else theirs <= ours, (one, part)
            is_open = not self._has_ended(one.sender, record)
            for part in VICTIMS_PARTS:
                if (one.victim, "victim", part) in erased:
                    continue
                theirs = self.world.held_of(one.to, one.victim, part)
                ours = self.world.held_of(one.sender, one.victim, part)
                if not (is_open and flows[part]):
                    theirs -= self._kept(one.to, (one.victim, "victim", part))
                assert theirs == ours if is_open and flows[part] else theirs <= ours, (one, part)

    def _kept(self, code: str, place: Place) -> set[Dot]:
        """What an agency wrote itself into a record that it was made to drop: it cannot tell any more whose that is."""
        obeyed = [self.recalls[record] for record in self.obeyed]
        if not any(one.to == code and one.places[0][:2] == place[:2] for one in obeyed):
            return set()
        held = self.world.held_of(code, place[0], place[2])
        return {dot for dot in held if dot[0].startswith(self.stores[code].device)}

    # ── steps, and what is checked in each ──

    @contextmanager
    def _acting(self, code: str) -> Iterator[Session]:
        """Do something on a replica, then hold it to the model."""
        self.sound = False
        self.clock += 7
        with self.stores[code].at(self.clock) as session:
            try:
                yield session
            except Refused as refused:
                if "was erased" not in refused.sentence or not self.world.erased(code):
                    raise
        self._learn(code)
        self._compare(code)
        self.sound = True

    def _exchange(self, sender: str, to: str) -> None:
        if sender != to and to in self.trusts[sender]:
            self._export(sender, to)
            self._import(*self.pool.pop())

    def _export(self, sender: str, to: str) -> int:
        self.sound = False
        self.clock += 7
        with self.stores[sender].at(self.clock):
            data = export(self.stores[sender], to)
        head, *edits, end = documents(self.stores[to], data)
        carried = [(feed, int(number)) for feed, number in (edit["edit"].split("/") for edit in edits)]
        assert int(end["end"]) == len(carried) == len(set(carried))
        own = self.stores[to].device
        for dot in carried:
            assert self._may_know(sender, to, dot), (sender, to, self.world.written[dot])
        passed = self.passed.setdefault(frozenset((sender, to)), set())
        for dot in dots_in(head["holdings"]):
            assert dot in self.world.held[sender]
            known = dot[0].startswith(own) or dot in passed
            assert known or self._may_know(sender, to, dot), self.world.written[dot]
        passed.update(carried)
        self.pool.append((sender, to, data))
        self.sound = True
        return len(carried)

    def _import(self, sender: str, to: str, data: bytes) -> None:
        head, *edits, _end = documents(self.stores[to], data)
        carried = [(feed, int(number)) for feed, number in (each["edit"].split("/") for each in edits)]
        with self._acting(to):
            found = take(self.stores[to], data)
            had = self.world.has[to]
            for dot in carried:
                if dot not in had.known | had.waiting:
                    self.came[to][dot] = (sender, int(head["to"][to]))
            new = self.world.arrive(to, carried, trusted=self._trusted(to))
            new -= self._obey(to)
            assert (found.new, found.edits) == (len(new), len(carried))
            assert found.verified == (sender in self.trusts[to])

    def _obey(self, code: str) -> set[Dot]:
        """What recalls make a replica drop now: all the first time, then what was sent before and comes late."""
        dropped: set[Dot] = set()
        own = self.stores[code].device
        for record, one in self.recalls.items():
            notice = (record, "recall", "notice")
            maker = self.stores[one.maker].device
            if one.to != code or one.dot not in self.world.held[code]:
                continue
            if self.world.last_by(code, notice, "archived", maker):
                continue
            is_owner = one.maker in self._makers(code, one.places[0][0])
            with_it = self.came[code][one.dot][1]
            for dot in self.world.held[code] | self.world.waiting[code]:
                place = self.world.written[dot].place
                if place not in one.places or dot[0].startswith(own) or place in self.world.erased(code):
                    continue
                sender, number = self.came[code][dot]
                is_late = sender == one.maker and number < with_it
                if is_late if record in self.obeyed else (is_owner or sender == one.maker):
                    dropped.add(dot)
            self.obeyed.add(record)
        self.world.drop(code, dropped)
        for dot in dropped:
            del self.came[code][dot]
        return dropped

    def _verify(self, one: str, other: str) -> None:
        with self._acting(one):
            admitted = verify(self.stores[one], self.stores[other])
            self.trusts[one].add(other)
            assert admitted == self.world.trust(one, self.stores[other].device)
            self._obey(one)

    def _learn(self, code: str) -> None:
        """Tell the model of edits that the replica has just made."""
        replica = self.stores[code]
        rows = replica.connection.execute(
            "SELECT feed.name, number, record, kind, part, hash, body FROM edit JOIN feed ON feed.id = edit.feed "
            "WHERE feed.device = ? ORDER BY number",
            (replica.device,),
        )
        for feed, number, record, kind, part, digest, body in rows:
            if (feed, number) not in self.world.written:
                edit = json.loads(body)
                if "born" in edit:
                    self.births.setdefault(record, set()).add((feed, number))
                self.world.write(
                    code,
                    (feed, number),
                    (record, kind, part),
                    edit["set"],
                    edit["at"],
                    digest,
                    is_born="born" in edit,
                )

    def _compare(self, code: str) -> None:
        """The replica's edits, heads, conflicts and shown values are the model's."""
        connection = self.stores[code].connection
        assert self._dots(code) == self.world.held[code]
        expected = self.world.heads(code)
        found: dict[Place, dict[str, set[Dot]]] = {}
        for record, kind, part, text in connection.execute("SELECT record, kind, part, fields FROM state"):
            found[record, kind, part] = {
                name: {(feed, number) for feed, number in heads}
                for heads, _seen, names in json.loads(text)
                for name in names
            }
        assert found == expected
        assert {tuple(row) for row in connection.execute("SELECT * FROM conflict")} == self.world.conflicts(
            code
        )
        for record, kind in {place[:2] for place in expected}:
            if not self.world.counts_anything(code, record, kind):
                assert not connection.execute(f"SELECT 1 FROM {kind} WHERE id = ?", (record,)).fetchone()
                continue
            [shown] = [
                dict(zip((each[0] for each in cursor.description), row, strict=True))
                for cursor in [connection.execute(f"SELECT * FROM {kind} WHERE id = ?", (record,))]
                for row in cursor
            ]
            assert bool(shown["archived"]) == self.world.is_archived(code, record, kind), (code, kind, record)
            for place in expected:
                if place[:2] == (record, kind):
                    for name in expected[place]:
                        if name not in ("archived", "erased", "dropped"):
                            value = self.world.shown(code, place, name)
                            as_text = (
                                json.dumps(value, separators=(",", ":")) if isinstance(value, list) else value
                            )
                            assert ("" if shown[name] is None else str(shown[name])) == as_text.replace(
                                "[]", ""
                            )

        self._erased_is_gone(code)

    def _erased_is_gone(self, code: str) -> None:
        """Of an erased part a skeleton stays of every edit, and no value in any column but what the erasure repeats."""
        connection = self.stores[code].connection
        heads = self.world.heads(code)
        for record, kind, part in self.world.erased(code):
            rows = connection.execute(
                "SELECT feed.name, number, body FROM edit JOIN feed ON feed.id = edit.feed "
                "WHERE record = ? AND kind = ? AND part = ?",
                (record, kind, part),
            ).fetchall()
            for feed, number, body in rows:
                is_whole = self.world.outlives((feed, number))
                assert ("set" in json.loads(body)) == ("sig" in json.loads(body)) == is_whole, body
            cursor = connection.execute(f"SELECT * FROM {kind} WHERE id = ?", (record,))
            shown = dict(zip((each[0] for each in cursor.description), cursor.fetchone(), strict=True))
            for field in get_kind(kind).fields:
                if field.part == part and field.name not in heads[record, kind, part]:
                    assert shown[field.name] is None, (code, kind, field.name)

    # ── who may be told what, by the test's own book-keeping ──

    def _may_know(self, sender: str, to: str, dot: Dot) -> bool:
        place = self.world.written[dot].place
        record, kind, part = place
        if part == "directory":
            return True
        if self.world.outlives(dot) and place in self.world.erased(sender):
            everywhere = set().union(*(dots for pair, dots in self.passed.items() if to in pair))
            if any(self.world.written[one].place == place for one in self.world.held[to] | everywhere):
                return True  # who had it is told, whatever it may have now
        if part == "operational":
            operations = self._anchors(sender, place, "operation")
            return bool(operations) and all(
                self._takes_part(self._roles(sender, one), to, kind) for one in operations
            )
        if part == "agreement":
            agreements = self._anchors(sender, place, "legal_basis")
            parties = [
                self.world.shown(sender, (one, "agreement", "agreement"), "parties") for one in agreements
            ]
            return bool(parties) and all(to in each for each in parties)
        if kind == "recall":
            return to in (self.recalls[record].maker, self.recalls[record].to)
        if kind == "referral":
            one = self.referrals[record]
            return to == one.sender or (
                to == one.to and record in self.sent and self._agreed(sender, to, one.victim, part)
            )
        victim = record if kind == "victim" else self.victim_of[record]
        return self._agreed(sender, to, victim, part) and any(
            to == one.sender or (to == one.to and ref in self.sent and not self._has_ended(sender, ref))
            for ref, one in self.referrals.items()
            if one.victim == victim
        )

    def _agreed(self, at: str, to: str, victim: str, part: str) -> bool:
        """Whether the victim's record is the agency's own, or it is covered by a consent that nobody has taken back."""
        makers = self._makers(at, victim)
        return to in makers or any(
            one.victim == victim
            and one.by in {at, *makers}
            and to in one.to
            and part in one.parts
            and self._stands(at, ref)
            for ref, one in self.consents.items()
        )

    def _makers(self, at: str, record: str) -> set[str]:
        """The agency that made a record, where that is proved."""
        devices = {dot[0].partition(".")[0] for dot in self.births.get(record, set()) & self.world.held[at]}
        return {code for code, replica in self.stores.items() if replica.device in devices}

    def _stands(self, at: str, ref: str) -> bool:
        """Whether a consent is known, and neither withdrawn nor archived by anybody, whatever wins."""
        place = (ref, "consent", "case")
        return bool(self.world.held_of(at, ref, "case")) and not any(
            self.world.last_by(at, place, name, replica.device)
            for name in ("withdrawn_at", "archived")
            for replica in self.stores.values()
        )

    def _same_country(self, at: str, one: str, other: str) -> bool:
        """Whether an agency knows that two are in one country: their records are in view and not erased."""
        return all(
            not self.world.is_archived(at, self.agency_ids[code], "agency")
            and self.world.shown(at, (self.agency_ids[code], "agency", "directory"), "country") == "KH"
            for code in (one, other)
        )

    def _anchors(self, at: str, place: Place, name: str) -> set[str]:
        """The records that decide who may have a part: what its maker last said, or else all that anybody named."""
        record, kind, _part = place
        if kind == name or (kind == "agreement" and name == "legal_basis"):
            return {record}
        makers = {dot[0].partition(".")[0] for dot in self.births.get(record, set()) & self.world.held[at]}
        named = {
            dot: str(self.world.written[dot].values[name])
            for dot in self.world.held[at]
            if self.world.written[dot].place == place and name in self.world.written[dot].values
        }
        counting = self.world.counting_at(at, place, name)
        if counting is not None:  # what others only propose lets nobody in and keeps nobody out
            named = {dot: value for dot, value in named.items() if dot in counting}
        made = [dot for dot in named if dot[0].partition(".")[0] in makers]
        if made:
            last = max(made, key=lambda dot: self.world.written[dot].shown_by)
            return {named[last]} - {""}
        return set() if "" in named.values() else set(named.values())

    def _roles(self, at: str, operation: str) -> dict[str, str]:
        codename = str(self.world.shown(at, (operation, "operation", "operational"), "codename"))
        return ROLES.get(codename, {})

    def _left(self, at: str, operation: str, code: str) -> bool:
        """Whether the participation of an agency was archived, or the lead's own word is that it be."""
        agency = self.agency_ids[code]  # as it was before anybody erased what the record says
        return code != LEAD and any(
            place[1:] == ("participation", "operational")
            and self.world.shown(at, place, "operation") == operation
            and self.world.shown(at, place, "agency") == agency
            and (
                self.world.is_archived(at, place[0], "participation")
                or self.world.last_by(at, place, "archived", self.stores[LEAD].device)
            )
            for place in self.world.places(at)
        )

    @staticmethod
    def _takes_part(roles: dict[str, str], code: str, kind: str) -> bool:
        return code in roles and (roles[code] != "observer" or kind in ("operation", "participation"))

    def _has_ended(self, at: str, referral: str) -> bool:
        """Whether a referral is shown as ended, or its sender has taken it back, whatever wins among the values."""
        place = (referral, "referral", "case")
        sender = self.stores[self.referrals[referral].sender].device
        return (
            self.world.shown(at, place, "status") in ENDED
            or self.world.last_by(at, place, "status", sender) in ("cancelled", "revoked")
            or bool(self.world.last_by(at, place, "archived", sender))
            or self.world.is_archived(at, referral, "referral")
        )

    # ── odds and ends ──

    def _trusted(self, code: str) -> set[str]:
        return {self.stores[other].device for other in self.trusts[code]}

    def _dots(self, code: str) -> set[Dot]:
        rows = self.stores[code].connection.execute(
            "SELECT feed.name, number FROM edit JOIN feed ON feed.id = edit.feed"
        )
        return {(feed, number) for feed, number in rows}

    @staticmethod
    def _records(session: Session, name: str) -> list[Record]:
        found = queries.list_records(session.store.connection, get_kind(name), archived=True)
        return sorted(found, key=lambda record: record.id)

    def _choose(self, session: Session, name: str, which: int) -> Record | None:
        found = self._records(session, name)
        return found[which % len(found)] if found else None

    @staticmethod
    def _named(session: Session, kind: str, title: str) -> Record | None:
        column = get_kind(kind).title
        found = queries.records_by_value(session.store.connection, get_kind(kind), column, title)
        return found[0] if found else None


TestReplicas = Replicas.TestCase
SOAKING = settings.get_current_profile_name() == "soak"
QUICKLY = tuple(phase for phase in Phase if phase not in (Phase.shrink, Phase.explain))
"""Making a failing story short takes minutes; `make soak` takes them."""
TestReplicas.settings = settings(
    max_examples=400 if SOAKING else 20,
    stateful_step_count=120 if SOAKING else 40,
    phases=tuple(Phase) if SOAKING else QUICKLY,
)
