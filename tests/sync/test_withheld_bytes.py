"""Promise 2, down to the byte: nothing of what an agency may not have is in any file made for it, whatever changed.

Consents are given and withdrawn, marks and roles set and lifted, referrals made and revoked, at random; again and again
each peer's bundle is made and opened, and its text searched for every value, id, nonce and ref that is not for it.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from replicas import Replica, consent, documents, dots_in, export, make_replica, take, verify

from taskforce.actions import explaining, keeping, sending
from taskforce.actions.session import Session
from taskforce.crockford import natural_id
from taskforce.errors import Refused
from taskforce.keys.sealing import open_bytes
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.store.queries import Record

POLICE, SHELTER, CLINIC = "KH-CNP", "KH-NGO", "KH-HOSP"
PEERS = (SHELTER, CLINIC)
MARKER = "marker"

POINTS_ON = {
    ("victim", "operation"),
    ("victim", "accompanied_by"),
    ("referral", "victim"),
    ("consent", "victim"),
}
"""Fields of people's parts that name a record which who may have the part may not have: its id, and nothing else."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Replica]]:
    """A police force that leads an operation, a shelter and a hospital of the same country; all know each other."""
    folder = tmp_path_factory.mktemp("bytes")
    stores = {code: make_replica(folder / code, code) for code in (POLICE, *PEERS)}
    police = stores[POLICE]
    for code, replica in stores.items():
        for other in stores.values():
            if other is not replica:
                verify(replica, other)
        about = {"code": code, "name": code, "country": "KH", "services": ["shelter"]}
        known = queries.get_record(police.connection, get_kind("agency"), natural_id("agency", code))
        if known is None:
            keeping.add(police.session, get_kind("agency"), about)
        else:
            keeping.edit(police.session, get_kind("agency"), known, {"country": "KH"})
    for replica in stores.values():
        replica.keep()
    yield stores
    for replica in stores.values():
        replica.close()


@pytest.fixture
def stores(made: dict[str, Replica]) -> dict[str, Replica]:
    for replica in made.values():
        replica.put_back()
    return made


class Policy:
    """One police store in which everything changes; every text typed is one that occurs nowhere else."""

    def __init__(self, police: Replica, seed: int) -> None:
        self.police = police
        self.chance = random.Random(seed)
        self.typed = 0
        self.session: Session = police.session

    def word(self) -> str:
        self.typed += 1
        return f"{MARKER}{self.typed:05d}x"

    def records(self, kind: str) -> list[Record]:
        found = queries.list_records(self.police.connection, get_kind(kind))
        return sorted(found, key=lambda record: (record.created, record.id))

    def add(self, kind: str, **values: Any) -> Record:
        return keeping.add(self.session, get_kind(kind), values)

    def begin(self) -> None:
        """What there is to tell and to withhold: a plan that the hospital has, and a victim that the shelter has."""
        self.operate()
        operation = self.records("operation")[0].id
        keeping.join(self.session, {"operation": operation, "agency": CLINIC, "role": "partner"})
        self.meet()
        self.log()
        texts = {name: self.word() for name in ("account", "health", "family_name")}
        companions = [each.id for each in self.records("victim")]
        victim = self.add("victim", operation=operation, accompanied_by=companions, **texts).id
        consent(self.police, victim, SHELTER)
        made = self.add("referral", victim=victim, to=SHELTER, services=["shelter"], care_note=self.word())
        keeping.move(self.session, made.kind, made, "send", {})

    def step(self) -> None:
        """One of the things that happen, where it is possible."""
        happening = self.chance.choice(
            [
                *(self.meet, self.note, self.refer, self.consent, self.withdraw, self.mark),
                *(self.operate, self.join, self.leave, self.log, self.revoke, self.agree),
            ]
        )
        with contextlib.suppress(Refused):  # such a move is not open to it now
            happening()

    def some(self, kind: str) -> Record | None:
        found = self.records(kind)
        return self.chance.choice(found) if found else None

    def meet(self) -> None:
        operation, other = self.some("operation"), self.some("victim")
        self.add(
            "victim",
            account=self.word(),
            health=self.word(),
            family_name=self.word(),
            **({"operation": operation.id} if operation and self.chance.random() < 0.5 else {}),
            **({"accompanied_by": [other.id]} if other and self.chance.random() < 0.5 else {}),
        )

    def note(self) -> None:
        if victim := self.some("victim"):
            name = self.chance.choice(["account", "health", "safety", "family_name", "phone"])
            keeping.edit(self.session, victim.kind, victim, {name: self.word()})

    def refer(self) -> None:
        if victim := self.some("victim"):
            about = {"victim": victim.id, "to": self.chance.choice(PEERS), "services": ["shelter"]}
            made = self.add("referral", care_note=self.word(), **about)
            if self.chance.random() < 0.7:
                parts = tuple(self.chance.sample(["case", "care", "identity"], self.chance.randint(1, 3)))
                consent(self.police, victim.id, about["to"], parts=parts)
            if self.chance.random() < 0.8:
                keeping.move(self.session, made.kind, made, "send", {})

    def revoke(self) -> None:
        if referral := self.some("referral"):
            keeping.move(self.session, referral.kind, referral, self.chance.choice(["revoke", "cancel"]), {})

    def consent(self) -> None:
        if victim := self.some("victim"):
            parts = tuple(self.chance.sample(["case", "care", "identity"], self.chance.randint(1, 3)))
            consent(
                self.police, victim.id, *self.chance.sample(PEERS, self.chance.randint(1, 2)), parts=parts
            )

    def withdraw(self) -> None:
        if given := self.some("consent"):
            keeping.move(self.session, given.kind, given, "withdraw", {"reason": self.word()})

    def mark(self) -> None:
        if record := self.some(self.chance.choice(["victim", "operation"])):
            tlp = self.chance.choice(["clear", "green", "amber", "amber+strict", "red", ""])
            keeping.edit(self.session, record.kind, record, {"tlp": tlp})

    def operate(self) -> None:
        self.add("operation", codename=self.word().upper(), lead=POLICE, note=self.word())

    def join(self) -> None:
        if operation := self.some("operation"):
            role = self.chance.choice(["partner", "observer", "support"])
            about = {"operation": operation.id, "agency": self.chance.choice(PEERS), "role": role}
            keeping.join(self.session, about)

    def leave(self) -> None:
        if one := self.some("participation"):
            keeping.set_archived(self.session, one.kind, one, archived=True)

    def log(self) -> None:
        if operation := self.some("operation"):
            victim = self.some("victim")
            about = {"victim": victim.id} if victim else {}
            self.add("log", text=self.word(), operation=operation.id, **about)
            self.add("assignment", title=self.word(), operation=operation.id, agency=POLICE)

    def agree(self) -> None:
        parties = self.chance.sample([POLICE, *PEERS], 2)
        self.add("agreement", title=self.word(), parties=parties, note=self.word(), agreement_kind="treaty")


def opened(sender: Replica, receiver: Replica) -> str:
    """The text of the next bundle for a peer, as it stands in the file once that is unsealed."""
    stream = io.BytesIO()
    sending.export_bundle(sender.session, receiver.code, stream)
    return open_bytes(stream.getvalue(), [receiver.sealed_with]).decode()


def goes(session: Session, agency: str) -> dict[tuple[str, str], set[str]]:
    """By record and kind, the parts that an agency may have: what `share explain` says of them."""
    found: dict[tuple[str, str], set[str]] = {}
    rows = session.store.connection.execute("SELECT DISTINCT record, kind FROM state").fetchall()
    for record, kind in rows:
        parts = explaining.explain_record(session, record, agency).parts
        found[record, kind] = {one.part for one in parts if one.decision.allowed}
    return found


def not_for(session: Session, agency: str) -> tuple[set[str], set[str]]:
    """What must not be in a file for an agency, and of what is for it, all that its edits say."""
    allowed = goes(session, agency)
    secret, told = set(), set()
    for record, kind, part, body in session.store.connection.execute(
        "SELECT record, kind, part, body FROM edit"
    ):
        edit = json.loads(body)
        fields = {name: [value] if isinstance(value, str) else value for name, value in edit["set"].items()}
        markers = {text for texts in fields.values() for text in texts if MARKER in text.casefold()}
        if part in allowed[record, kind]:
            told |= markers | {record, edit.get("born", "")}
            told |= {text for name, texts in fields.items() if (kind, name) in POINTS_ON for text in texts}
        else:
            secret |= markers
        if not allowed[record, kind]:
            secret |= {record, edit.get("born", "")}
            label = queries.refs_by_id(session.store.connection, get_kind(kind), [record])[record]
            secret.add(label)
    return secret - told - {""}, told


@pytest.mark.parametrize("seed", range(4))
def test_no_byte_of_what_is_withheld_is_in_any_bundle(stores: dict[str, Replica], seed: int) -> None:
    police, policy = stores[POLICE], Policy(stores[POLICE], seed)
    searched = found = 0
    went: set[str] = set()
    for number in range(2, 42):
        with police.at(60 * number) as session:
            policy.begin() if number == 2 else policy.step()
            for code in PEERS if number % 3 == 2 else ():
                text = opened(police, stores[code])
                secret, told = not_for(session, code)
                leaked = {one for one in secret if one.casefold() in text.casefold()}
                assert not leaked, (seed, number, code, leaked)
                searched += len(secret)
                found += sum(MARKER in one.casefold() and one in text for one in told)
                went |= {line for line in text.splitlines() if line.startswith(("part: ", "kind: "))}
    assert searched > 500 and found > 20, "there was something to leak, and something went"
    assert {"kind: victim", "kind: referral", "part: care", "part: operational"} <= went


def test_one_bundle_for_two_states_and_carries_only_what_both_may_have(stores: dict[str, Replica]) -> None:
    """What the shelter has and the hospital may not have is neither in the bundle for both nor among its numbers."""
    police, shelter, clinic = (stores[code] for code in (POLICE, SHELTER, CLINIC))
    with police.at(60) as session:
        Policy(police, 0).begin()
        for receiver in (shelter, clinic):
            stream = io.BytesIO()
            sending.export_bundle(session, receiver.code, stream)
            with receiver.at(60):
                take(receiver, stream.getvalue())
                answer = export(receiver, POLICE)
            take(police, answer)
        agency = queries.get_record(police.connection, get_kind("agency"), natural_id("agency", POLICE))
        assert agency is not None
        keeping.edit(session, agency.kind, agency, {"note": "For both"})
        stream = io.BytesIO()
        sending.export_together(session, [SHELTER, CLINIC], stream)
        withheld = set()
        for code in PEERS:
            allowed = goes(session, code)
            for feed, number, record, kind, part in police.connection.execute(
                "SELECT feed.name, number, record, kind, part FROM edit JOIN feed ON feed.id = edit.feed "
                "WHERE feed.device = ?",
                (police.device,),
            ):
                if part not in allowed[record, kind]:
                    withheld.add((feed, number))
    assert withheld
    for receiver in (shelter, clinic):
        head, *edits, _end = documents(receiver, stream.getvalue())
        carried = {(feed, int(number)) for feed, number in (edit["edit"].split("/") for edit in edits)}
        assert carried and not carried & withheld
        assert dots_in(head["holdings"]) and not dots_in(head["holdings"]) & withheld
        assert set(head["to"]) == set(PEERS)
        with receiver.at(120):
            take(receiver, stream.getvalue())
        found = queries.get_record(receiver.connection, get_kind("agency"), natural_id("agency", POLICE))
        assert found is not None and found.text("note") == "For both"


def test_granted_withdrawn_and_granted_again_is_as_granted(stores: dict[str, Replica]) -> None:
    """What the receiver holds in the end does not tell whether the consent was withdrawn in between."""
    police, shelter = stores[POLICE], stores[SHELTER]
    with police.at(0):
        policy = Policy(police, 0)
        policy.meet()
        (victim,) = policy.records("victim")
        referral = policy.add(
            "referral", victim=victim.id, to=SHELTER, services=["shelter"], care_note="Quiet room"
        )
        keeping.move(police.session, referral.kind, referral, "send", {})
    for replica in (police, shelter):
        replica.keep()

    def grant(at: float) -> Record:
        with police.at(at):
            given = consent(police, victim.id, SHELTER)
            found = queries.get_record(police.connection, get_kind("consent"), given)
            assert found is not None
            return found

    def change(at: float, text: str) -> None:
        with police.at(at):
            now = queries.get_record(police.connection, victim.kind, victim.id)
            assert now is not None
            keeping.edit(police.session, victim.kind, now, {"account": text, "phone": text})

    def carry(at: float) -> None:
        stream = io.BytesIO()
        with police.at(at):
            sending.export_bundle(police.session, SHELTER, stream)
        with shelter.at(at):
            take(shelter, stream.getvalue())

    def held() -> dict[str, list[Any]]:
        names = ("victim", "referral", "agency")
        rows = {
            kind: [
                {name: value for name, value in record.values.items() if name != "received_at"}
                for record in queries.list_records(shelter.connection, get_kind(kind), archived=True)
            ]
            for kind in names
        }
        edits = shelter.connection.execute(
            "SELECT kind, part, count(*) FROM edit WHERE kind IN ('victim', 'referral') GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        return {**rows, "edits": edits}

    grant(10)
    change(20, "first")
    change(40, "second")
    carry(50)
    granted = held()
    assert granted["victim"][0]["phone"] == "second"
    for replica in (police, shelter):
        replica.put_back()
    given = grant(10)
    change(20, "first")
    carry(25)
    with police.at(30):
        keeping.move(police.session, given.kind, given, "withdraw", {})
    change(40, "second")
    carry(42)
    assert held()["victim"][0]["phone"] == "first", "withdrawn: the change does not reach them"
    grant(45)
    carry(50)
    assert held() == granted
