"""Promise 1 under SIGKILL: before or after, nothing between, and what was acknowledged is there.

Processes, stores, keys and files are real. A child is killed before each statement it sends to the database, and, at
work, at moments that have nothing to do with what it is doing.
"""

from __future__ import annotations

import io
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from replicas import Replica, consent, documents, everything, export, make_replica, take, verify

from taskforce.actions import checking, erasing, keeping, peers, receiving, sending, undoing
from taskforce.actions.session import Session
from taskforce.files import new_file
from taskforce.records.registry import get_kind
from taskforce.store import erasing as erasing_store
from taskforce.store import health, queries
from taskforce.store.queries import Record
from taskforce.store.store import Store

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

NOW = "2026-11-23T12:00:00+00:00"
KILLS = 30


@cache
def _stores(folder: Path) -> tuple[Replica, Replica, list[bytes]]:
    city, ngo = (
        make_replica(folder / f"crash-{code}", code, name=code, country="KH") for code in ("CITY", "NGO")
    )
    verify(city, ngo)
    verify(ngo, city)
    victim = keeping.add(ngo.session, get_kind("victim"), {"age_band": "9-17", "health": "Thirsty"})
    keeping.add(city.session, get_kind("agency"), {"code": "NGO"})
    take(ngo, export(city, "NGO"))
    consent(ngo, victim.id, "CITY")
    kind = get_kind("referral")
    made = keeping.add(ngo.session, kind, {"victim": victim.id, "to": "CITY", "services": ["shelter"]})
    keeping.move(ngo.session, kind, made, "send", {})
    bundles = [export(ngo, "CITY")]
    for number in range(40):  # each brings all that went before and one edit more: none was confirmed
        keeping.edit(ngo.session, get_kind("agency"), own_agency(ngo), {"note": f"Place {number}"})
        bundles.append(export(ngo, "CITY"))
    for replica in (city, ngo):
        replica.keep()
    return city, ngo, bundles


@pytest.fixture
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    """The store that crashes."""
    replica = _stores(tmp_path_factory.getbasetemp())[0]
    replica.put_back()
    yield replica


@pytest.fixture
def ngo(tmp_path_factory: pytest.TempPathFactory) -> Replica:
    """Its partner."""
    replica = _stores(tmp_path_factory.getbasetemp())[1]
    replica.put_back()
    return replica


@pytest.fixture
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """What the partner sent."""
    return _stores(tmp_path_factory.getbasetemp())[2]


def own_agency(replica: Replica | Session) -> Record:
    """The record of a store's own agency."""
    session = replica.session if isinstance(replica, Replica) else replica
    found = queries.get_record(session.store.connection, get_kind("agency"), session.own_agency)
    assert found is not None
    return found


def in_child(replica: Replica, work: Callable[[Session], object]) -> int:
    """Run `work` on the store in a process of its own; its wait status. The store is closed here meanwhile."""
    replica.close()
    child = os.fork()
    if not child:
        try:
            work(Session(Store.open(replica.folder, replica.key)))
        finally:
            os._exit(0)
    status = os.waitpid(child, 0)[1]
    replica.open()
    return status


def killed_before_statement(number: int, work: Callable[[Session], object]) -> Callable[[Session], None]:
    """The same work in a process that is killed when it sends its statement `number`; it exits if there are fewer."""

    def run(session: Session) -> None:
        left = [number]

        def count(_statement: str) -> None:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

        session.store.connection.set_trace_callback(count)
        work(session)

    return run


def assert_sound(replica: Replica) -> None:
    """The doctor finds nothing; this device's edits are numbered without gaps, each linked to the one before.

    A store that was killed just before a commit may begin a new epoch: then it has several feeds.
    """
    found = checking.check(replica.session)
    assert not found.faults, found.faults
    rows = replica.connection.execute(
        "SELECT name, number, hash, body FROM edit JOIN feed ON feed.id = edit.feed WHERE device = ? ORDER BY 1, 2",
        (replica.device,),
    ).fetchall()
    for feed in {row[0] for row in rows}:
        own = [row[1:] for row in rows if row[0] == feed]
        assert [row[0] for row in own] == list(range(1, len(own) + 1))
        links = [json.loads(body).get("prev", "") for _number, _hash, body in own]
        assert links == ["", *(digest for _number, digest, _body in own[:-1])]


def import_it(data: bytes, session: Session) -> None:
    """Import a bundle."""
    receiving.import_bundle(session, io.BytesIO(data), "bundle")


def import_only(data: bytes, session: Session) -> None:
    """Import a bundle, and be stopped before this device confirms what it dropped by that: an action of its own."""
    with mock.patch.object(receiving, "confirm_if_possible"):
        import_it(data, session)


def edit_it(session: Session) -> None:
    """An edit of two parts: two edits, one action."""
    with session.acting("two parts") as one:
        one.save(get_kind("victim"), "0" * 16, {"age_band": "9-17", "health": "Thirsty"})


def archive_it(session: Session) -> None:
    """Take a record out of view."""
    keeping.set_archived(session, get_kind("agency"), own_agency(session), archived=True)


def erase_it(session: Session) -> None:
    """Erase a part of a record."""
    [contact] = queries.list_records(session.store.connection, get_kind("contact"), archived=True)
    erasing.erase(session, contact.id, reason="asked for")


def undo_it(session: Session) -> None:
    """Take the last action back."""
    undoing.undo(session)


def rebuild_it(session: Session) -> None:
    """Build the tables anew."""
    checking.check(session, rebuild=True)


def verify_it(card: str, session: Session) -> None:
    """Let a peer's waiting edits in."""
    peers.add_peer(session, peers.read_card(io.BytesIO(card.encode()), "card"), how="met")


@pytest.mark.parametrize(
    "name", ["import", "edit", "archive", "erase", "erased", "undo", "rebuild", "verify"]
)
def test_killed_before_any_statement_it_is_before_or_after(
    city: Replica, ngo: Replica, bundles: list[bytes], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFORCE_NOW", NOW)  # so that "after" is the same every time
    if name == "verify":
        city.connection.execute("DELETE FROM peer")
        city.connection.execute("DELETE FROM device WHERE agency = 'NGO'")
        assert take(city, bundles[1]).waiting
    if name == "erase":
        keeping.add(city.session, get_kind("contact"), {"name": "A. Sok", "agency": "CITY"})
    if name == "erased":
        take(city, bundles[1])
        victim = queries.list_records(ngo.connection, get_kind("victim"))[0]
        erasing.erase(ngo.session, victim.id, ["care"], reason="asked for")
        erased = export(ngo, "CITY")
    if name == "undo":
        keeping.edit(city.session, get_kind("agency"), own_agency(city), {"note": "Tea is ready"})
    work: Callable[[Session], object] = {
        "import": partial(import_it, bundles[1]),
        "edit": edit_it,
        "archive": archive_it,
        "erase": erase_it,
        "erased": partial(import_it, erased if name == "erased" else b""),
        "undo": undo_it,
        "rebuild": rebuild_it,
        "verify": partial(verify_it, peers.own_card(ngo.session)),
    }[name]
    start = (city.folder / "kept").read_bytes()
    try:
        city.keep()
        before = shown(city)
        assert in_child(city, work) == 0
        after = shown(city)
        assert (before == after) == (name == "rebuild")
        allowed = [before, after]
        if name == "erased":
            city.put_back()
            in_child(city, partial(import_only, erased))
            allowed.append(shown(city))
            assert allowed[2] not in allowed[:2]
            assert erasing_store.unanswered(city.connection, city.device)
            export(city, "NGO")  # it says so before it tells anybody anything
            assert not erasing_store.unanswered(city.connection, city.device)
        statement, seen = 0, []
        while True:
            city.put_back()
            statement += 7 if name == "rebuild" else 1  # it sends many of a kind
            status = in_child(city, killed_before_statement(statement, work))
            found = shown(city)
            seen.append(found == after)
            assert found in allowed, f"{name}, killed before statement {statement}"
            if not os.WIFSIGNALED(status):
                break
            if len(seen) % 10 == 0:
                assert_sound(city)
        assert seen[-1]
        assert len(seen) > 5
        if name != "rebuild":
            assert not seen[0]
        assert_sound(city)
    finally:
        (city.folder / "kept").write_bytes(start)


def shown(replica: Replica) -> dict[str, Any]:
    """All that a store says, but for row numbers that follow arrival."""
    tables = everything(replica)
    log = ("edit", "peer", "device", "told", "sent", "bundle", "quarantine", "action", "action_edit", "meta")
    return {**health.fingerprints(replica.connection), **{name: tables[name] for name in log}}


def export_it(path: Path, session: Session) -> None:
    """Write a bundle."""
    sending.export_bundle(session, "NGO", path)


def test_export_killed_before_any_statement_leaves_a_whole_file_or_none(
    city: Replica, ngo: Replica, tmp_path: Path
) -> None:
    statement = 0
    while True:
        city.put_back()
        statement += 1
        path = tmp_path / f"{statement}.bundle"
        status = in_child(city, killed_before_statement(statement, partial(export_it, path)))
        numbers = city.connection.execute("SELECT number FROM bundle WHERE direction = 'out'").fetchall()
        carried, told = bundles_and_disclosures(city)
        assert carried == told, f"killed before statement {statement}: what counts is what is recorded"
        if path.exists():
            assert documents(ngo, path.read_bytes())[-1]["end"]
            take(ngo, path.read_bytes())
        else:
            assert len(numbers) == 1  # the briefing's: a number counts only once its file is there
        if statement % 10 == 0:
            assert_sound(city)
        if not os.WIFSIGNALED(status):
            break
    assert path.exists() and len(carried) == 2 and sum(carried.values()) > 2
    assert statement > 10
    assert not [each for each in tmp_path.iterdir() if each.suffix == ".bundle" and each.name.startswith(".")]


def bundles_and_disclosures(replica: Replica) -> tuple[dict[int, int], dict[int, int]]:
    """How many edits each bundle that counts carried, and how many are recorded as told by it."""
    carried = replica.connection.execute("SELECT id, edits FROM bundle WHERE direction = 'out'").fetchall()
    told = replica.connection.execute("SELECT bundle, sum(edits) FROM disclosure GROUP BY bundle").fetchall()
    return dict(carried), dict(told)


def test_a_file_killed_while_it_is_written_does_not_appear(city: Replica, tmp_path: Path) -> None:
    def write(_session: Session) -> None:
        with new_file(tmp_path / "half.bundle") as stream:
            stream.write(b"x" * 100_000)
            stream.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    assert os.WIFSIGNALED(in_child(city, write))
    assert not (tmp_path / "half.bundle").exists()
    assert len(list(tmp_path.iterdir())) <= 1  # what there is of it has another name, or none


def test_killed_at_work_at_any_moment(
    city: Replica, ngo: Replica, bundles: list[bytes], tmp_path: Path
) -> None:
    acknowledged: dict[str, list[str]] = {"edit": [], "add": [], "export": [], "import": []}
    for kill in range(KILLS):
        read_end, write_end = os.pipe()
        city.close()
        child = os.fork()
        if not child:
            try:
                os.close(read_end)
                at_work(Session(Store.open(city.folder, city.key)), kill, write_end, bundles, tmp_path)
            finally:
                os._exit(1)
        os.close(write_end)
        with open(read_end, "rb") as pipe:
            first = pipe.readline()  # it has opened the store
            time.sleep(0.001 + 0.0067 * kill)
            os.kill(child, signal.SIGKILL)
            status = os.waitpid(child, 0)[1]
            said = first + pipe.read()
        assert os.WIFSIGNALED(status), said
        for line in said.decode().splitlines()[1:]:
            what, value = line.split()
            acknowledged[what].append(value)
        city.open()
        assert_sound(city)
        assert_all_there(city, acknowledged, tmp_path)
    assert all(len(some) > KILLS // 3 for some in acknowledged.values()), acknowledged
    for path in sorted(tmp_path.glob("*.bundle")):
        assert documents(ngo, path.read_bytes())[-1]["end"], path
        take(ngo, path.read_bytes())
    assert not checking.check(ngo.session).faults


def at_work(session: Session, run: int, say: int, bundles: list[bytes], folder: Path) -> None:
    """Edit, add, export and import for ever; say each when it is done."""
    os.write(say, b"ready\n")
    for step in range(10_000):
        number = run * 10_000 + step
        keeping.edit(session, get_kind("agency"), own_agency(session), {"places_free": str(number)})
        os.write(say, f"edit {number}\n".encode())
        made = keeping.add(
            session, get_kind("contact"), {"name": f"Officer {number}", "agency": session.own_agency}
        )
        os.write(say, f"add {made.id}\n".encode())
        import_it(bundles[(run + step) % len(bundles)], session)
        os.write(say, f"import {(run + step) % len(bundles)}\n".encode())
        export_it(folder / f"{number}.bundle", session)
        os.write(say, f"export {number}\n".encode())


def assert_all_there(replica: Replica, acknowledged: dict[str, list[str]], folder: Path) -> None:
    """What the child said it had done is done."""
    free = int(own_agency(replica).text("places_free") or 0)
    last = int(acknowledged["edit"][-1]) if acknowledged["edit"] else 0
    assert free >= last
    known = {record.id for record in queries.list_records(replica.connection, get_kind("contact"))}
    assert known >= set(acknowledged["add"])
    for number in acknowledged["export"]:
        assert (folder / f"{number}.bundle").stat().st_size
    if acknowledged["import"]:
        best = max(int(number) for number in acknowledged["import"])
        [partner] = [
            record
            for record in queries.list_records(replica.connection, get_kind("agency"))
            if record.text("code") == "NGO"
        ]
        if best:
            assert int(partner.text("note").removeprefix("Place ")) >= best - 1
