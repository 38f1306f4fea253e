"""A verified peer that turned hostile, a stranger with a stick: what they send neither stops nor misleads a store."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from replicas import Replica, export, make_replica, take, verify

from taskforce.__main__ import main
from taskforce.actions import conflicts, keeping, peers, references
from taskforce.canonical import canonical
from taskforce.crockford import random_name
from taskforce.keys import identity, keyfile, slots
from taskforce.keys.signatures import sign
from taskforce.records.registry import all_kinds, get_kind
from taskforce.records.schema import Kind
from taskforce.store import exchange, health, queries, tables
from taskforce.store.tables import forget_all
from taskforce.sync import bundle
from taskforce.sync.clock import parse_stamp
from taskforce.sync.edit import Value, compose, known_edit, parse_edit


class Stores(NamedTuple):
    """CITY and EVIL have verified each other; TRUE is honest, and CITY has not met it yet."""

    city: Replica
    evil: Replica
    true: Replica


@cache
def _stores(folder: Path) -> Stores:
    folder.mkdir()
    made = Stores(*(make_replica(folder / code, code) for code in ("CITY", "EVIL", "TRUE")))
    verify(made.city, made.evil)
    verify(made.evil, made.city)
    for replica in made:
        replica.keep()
    return made


@pytest.fixture
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """The three stores as they were at first."""
    made = _stores(tmp_path_factory.getbasetemp() / "attack")
    for replica in made:
        replica.put_back()
    yield made


class Forger:
    """Writes whatever it likes in the name of a device whose keys it has."""

    def __init__(self, device: Replica) -> None:
        self.device = device
        self.bodies: list[dict[str, Any]] = []
        self.epoch = 7
        self.prev = ""

    def edit(self, kind: Kind, record: str, part: str, values: dict[str, Value], stamp: str) -> None:
        """Add an edit that no program would write."""
        body = compose(
            feed=f"{self.device.device}.{self.epoch}",
            number=len(self.bodies) + 1,
            prev=self.prev,
            stamp=parse_stamp(stamp),
            by="\x1b[31mE\u202e",
            kind=kind.name,
            record=record,
            part=part,
            values=values,
            saw={},
        )
        body["sig"] = sign(self.device.sign_seed, "edit", canonical(body).encode())
        self.prev = parse_edit(body).hash
        self.bodies.append(body)

    def bundle(self, to: str, *, number: int = 1, also: tuple[dict[str, str], ...] = ()) -> bytes:
        """All edits as a bundle, with the certificates `also`."""
        own = [
            one.certificate
            for one in exchange.devices(self.device.connection)
            if one.id == self.device.device
        ]
        head = bundle.compose_head(
            id=random_name(),
            agency=self.device.code,
            device=self.device.device,
            to={to: number},
            made="2026-11-23T12:00:00Z",
            holdings={},
            certificates=[*own, *also],
        )
        seed = self.device.sign_seed
        return "".join(bundle.write(head, self.bodies, lambda text: sign(seed, "bundle", text))).encode()


GARBAGE: tuple[Value, ...] = (
    "[oops",
    '[{"a": 1}]',
    "²",
    "9" * 400,
    "garbage",
    "9999-12-31T23:59:59-14:00",
    "2026-13-45",
    "\x1b]52;c;QUJD\x07",
    ["a", "b"],
    [],
)
STAMPS = ("9999-12-31T23:59:59.999Z/999999999", "0001-01-01T00:00:00.000Z/0")


def test_no_value_that_a_peer_writes_stops_a_command(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    city, forger = stores.city, Forger(stores.evil)
    for kind in all_kinds():
        for turn, value in enumerate(GARBAGE):
            record = random_name()
            for part in kind.parts:
                names = [each.name for each in kind.fields if each.part == part]
                values = dict.fromkeys(names, value)
                if kind.lifecycle and "status" in names:
                    values["status"] = list(kind.lifecycle.states)[turn % len(kind.lifecycle.states)]
                forger.edit(kind, record, part, values, STAMPS[turn % 2])
    assert take(city, forger.bundle("CITY")).new == len(forger.bodies)
    key_file = city.folder.parent / "city.key"
    if not key_file.exists():
        keyfile.make_key_file(key_file)
        slots.create_slots(city.folder, city.key, [slots.SlotSource.key_file(key_file)])
    monkeypatch.setenv("TASKFORCE_STORE", str(city.folder))
    monkeypatch.setenv("TASKFORCE_KEY_FILE", str(key_file))
    monkeypatch.setenv("TZ", "Asia/Bangkok")
    for words in (["status"], ["conflict", "list"], ["search", "garbage"], ["export", "--records"]):
        assert main(words) == 0
        assert main([*words, "--json"]) == 0
    assert main(["export", "--to", "EVIL", "--dry-run"]) == 0
    capfd.readouterr()
    for kind in all_kinds():
        assert main([kind.name, "list", "--archived"]) == 0
        shown = capfd.readouterr().out
        assert "\x1b" not in shown and "\u202e" not in shown
        assert main([kind.name, "list", "--archived", "--json"]) == 0
        found = json.loads(capfd.readouterr().out)["data"]
        assert len(found) >= len(GARBAGE)
        for one in [each for each in found if each["created_by"].startswith("\x1b")][:: len(GARBAGE) // 2]:
            assert main([kind.name, "show", one["id"]]) == 0
            assert main(["history", one["id"]]) == 0
        capfd.readouterr()
    assert health.differences(city.session.store) == []


def test_adding_up_anew_leaves_no_edit_where_its_record_once_belonged(stores: Stores) -> None:
    """While a record's operation changes in one batch after the other, no batch leaves edits in an earlier audience."""
    session = stores.city.session
    connection = session.store.connection
    for name in ("FIRST", "SECOND", "THIRD"):
        keeping.add(session, get_kind("operation"), {"codename": name, "lead": "CITY"})
    assignment = get_kind("assignment")
    one = keeping.add(session, assignment, {"title": "Search", "operation": "FIRST"})
    for name in ("SECOND", "THIRD"):
        one = keeping.edit(session, assignment, one, {"operation": name})
    before = health.fingerprints(connection)
    with session.store.writing():
        edits = [known_edit(body) for (body,) in connection.execute("SELECT body FROM edit ORDER BY id")]
        rows = connection.execute("SELECT id, kind, owner FROM record WHERE owner != ''")
        owners = {(record, kind): owner for record, kind, owner in rows}
        forget_all(connection)
        tables.create_tables(connection)
        ledger = session.store.ledger()
        for edit in edits:  # a batch each
            ledger.retake([edit], owners)
    assert health.fingerprints(connection) == before


def test_number_of_a_strangers_bundle_says_nothing_of_a_peers(stores: Stores, tmp_path: Path) -> None:
    city = stores.city
    stranger = make_replica(tmp_path / "stranger", "EVIL")
    take(city, Forger(stranger).bundle("CITY", number=999_999_999))
    (peer,) = peers.list_peers(city.session)
    assert (peer.agency, peer.last_number, peer.missing) == ("EVIL", 0, "")
    take(city, Forger(stores.evil).bundle("CITY", number=999_999_999))
    (peer,) = peers.list_peers(city.session)
    assert peer.missing == "1-999999998"


@pytest.mark.parametrize("by_card", [True, False])
def test_an_agency_that_certifies_the_device_of_another_does_not_keep_it(
    stores: Stores, *, by_card: bool
) -> None:
    """Signing keys are public, so anybody's agency key can certify them; the device's own signature decides."""
    city, evil, true = stores
    keys = exchange.devices(true.connection)[0]
    agency = identity.AgencySecret(bytes.fromhex(evil.session.store.meta("agency_seed")))
    own_seal = identity.new_device().seal_recipient
    stolen = identity.certify(agency, "EVIL", identity.DeviceKeys(keys.sign_key, own_seal), "2026-11-23")
    contact = keeping.add(true.session, get_kind("contact"), {"name": "J. Sok", "agency": "TRUE"})
    verify(true, city)
    take(city, Forger(evil).bundle("CITY", also=(stolen,)))
    if by_card:
        verify(city, true)
    else:  # TRUE was verified by the card of another of its devices
        key = str(keys.certificate["agency-key"])
        exchange.put_peer(city.connection, exchange.Peer("TRUE", "", key, "2026-11-23T12:00:00Z", "", ""))
    assert take(city, export(true, "CITY")).waiting == {}
    (device,) = [one for one in exchange.devices(city.connection) if one.id == true.device]
    assert (device.agency, device.seal_to) == ("TRUE", keys.seal_to)
    found = queries.get_record(city.connection, get_kind("contact"), contact.id)
    assert found is not None
    assert found.created_in == "TRUE"
    assert queries.owner_of(city.connection, get_kind("contact"), contact.id) == "TRUE"
    assert health.differences(city.session.store) == []


def test_memory_does_not_grow_with_the_length_of_edits(stores: Stores) -> None:
    forger = Forger(stores.evil)
    for _turn in range(50):
        forger.edit(
            get_kind("log"),
            random_name(),
            "operational",
            {"text": "x" * 1_000_000},
            "2026-11-23T12:00:00.000Z/0",
        )
    data = forger.bundle("CITY")
    forger.bodies.clear()
    tracemalloc.start()
    try:
        assert take(stores.city, data).new == 50
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_a_record_that_others_give_another_kind_is_not_its_makers(stores: Stores) -> None:
    """An id commits to its kind; what strays under it belongs to nobody, also after a rebuild."""
    city = stores.city
    kept = keeping.add(city.session, get_kind("contact"), {"name": "J. Sok", "agency": "CITY"})
    forger = Forger(stores.evil)
    forger.edit(get_kind("log"), kept.id, "operational", {"text": "stray"}, "2026-11-23T12:00:00.000Z/0")
    take(city, forger.bundle("CITY"))
    assert health.differences(city.session.store) == []
    city.session.store.rebuild()
    assert queries.owner_of(city.connection, get_kind("contact"), kept.id) == "CITY"
    assert queries.owner_of(city.connection, get_kind("log"), kept.id) == ""


def test_two_values_in_a_part_that_a_field_is_not_of_are_no_conflict_that_nobody_can_decide(
    stores: Stores,
) -> None:
    city = stores.city
    kept = keeping.add(city.session, get_kind("contact"), {"name": "J. Sok", "agency": "CITY"})
    for epoch in (7, 8):
        forger = Forger(stores.evil)
        forger.epoch = epoch
        values: dict[str, Value] = {"name": str(epoch)}
        forger.edit(get_kind("contact"), kept.id, "case", values, "2026-11-23T12:00:00.000Z/0")
        assert take(city, forger.bundle("CITY")).new == 1
    assert conflicts.list_conflicts(city.session) == []


def test_a_record_that_bears_an_agencys_code_is_not_taken_for_it(stores: Stores) -> None:
    city = stores.city
    forger = Forger(stores.evil)
    forger.edit(
        get_kind("agency"), random_name(), "directory", {"code": "CITY"}, "2026-11-23T12:00:00.000Z/0"
    )
    take(city, forger.bundle("CITY"))
    assert references.find(city.session, get_kind("agency"), "city").id == city.session.own_agency
