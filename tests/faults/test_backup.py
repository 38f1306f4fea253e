"""A backup is the whole store at one moment or no file at all, and what is made from it never uses a number again."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from replicas import Replica, everything, export, make_replica, take, verify

from taskforce.actions import backups, checking, keeping
from taskforce.actions.session import Session
from taskforce.errors import InputError, Refused, StoreError, TaskforceError
from taskforce.keys import slots
from taskforce.keys.keyfile import make_key_file
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.store.store import DATABASE, Store

PHRASE = "correct horse battery staple"


@pytest.fixture
def city(tmp_path: Path) -> Replica:
    """A store that opens by a passphrase or a key file."""
    replica = make_replica(tmp_path / "city", "CITY", name="City police")
    make_key_file(tmp_path / "key")
    cheap = slots.SlotSource.passphrase(PHRASE, passes=slots.LEAST_PASSES, memory=slots.LEAST_MEMORY)
    slots.create_slots(replica.folder, replica.key, [cheap, slots.SlotSource.key_file(tmp_path / "key")])
    keeping.add(replica.session, get_kind("agency"), {"code": "NGO", "name": "Shelter"})
    return replica


def opened(folder: Path) -> bytes:
    """The key, by the passphrase."""
    return slots.open_with_passphrase(folder, PHRASE)


def restored(backup: Path, folder: Path) -> Replica:
    """A store made from a backup, open."""
    made = backups.restore(backup, folder, opened)
    replica = Replica(made.agency, made.folder, opened(made.folder), made.device)
    replica.open()
    return replica


def rows(replica: Replica) -> dict[str, list[tuple[object, ...]]]:
    """All that is in a store but what a new epoch changes."""
    found = everything(replica)
    del found["action"]
    found["meta"] = [row for row in found["meta"] if row[0] not in ("epoch", "incarnation")]
    return found


def names(replica: Replica) -> set[str]:
    """The agencies' names."""
    return {one.text("name") for one in queries.list_records(replica.connection, get_kind("agency"))}


def test_what_comes_back_is_what_was_there_in_a_new_feed(city: Replica, tmp_path: Path) -> None:
    path = tmp_path / "b"
    backups.write_backup(city.session, path)
    assert path.stat().st_mode & 0o777 == 0o600
    found = backups.verify_backup(path, opened)
    assert (found.agency, found.device, found.faults) == ("CITY", city.device, ())
    assert found.edits == checking.check(city.session).edits
    other = restored(path, tmp_path / "other")
    assert rows(other) == rows(city)
    assert other.session.store.me.feed.startswith(city.device + ".")
    assert other.session.store.me.feed != city.session.store.me.feed
    assert other.connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    keeping.edit(
        other.session,
        get_kind("agency"),
        queries.list_records(other.connection, get_kind("agency"))[0],
        {"note": "Tea"},
    )
    feeds = dict(
        other.connection.execute(
            "SELECT feed.name, max(number) FROM edit JOIN feed ON feed.id = feed GROUP BY 1"
        )
    )
    assert feeds[other.session.store.me.feed] == 1
    assert not checking.check(other.session).faults


def test_one_backup_restored_twice_makes_two_feeds(city: Replica, tmp_path: Path) -> None:
    backups.write_backup(city.session, tmp_path / "b")
    feeds = {restored(tmp_path / "b", tmp_path / f"r{n}").session.store.me.feed for n in range(3)}
    assert len(feeds) == 3


def test_either_key_of_the_store_opens_it_and_no_other_does(city: Replica, tmp_path: Path) -> None:
    backups.write_backup(city.session, tmp_path / "b")
    assert backups.verify_backup(
        tmp_path / "b", lambda folder: slots.open_with_key_file(folder, tmp_path / "key")
    ).edits
    with pytest.raises(TaskforceError) as wrong:
        backups.restore(
            tmp_path / "b",
            tmp_path / "r",
            lambda folder: slots.open_with_passphrase(folder, "another phrase"),
        )
    assert wrong.value.code == "locked"
    assert not (tmp_path / "r").exists()
    assert not [each for each in tmp_path.iterdir() if each.suffix == ".part"]


def test_it_is_a_tar_archive_without_a_word_of_the_records(city: Replica, tmp_path: Path) -> None:
    keeping.add(city.session, get_kind("agency"), {"code": "X-1", "name": "canary-4711"})
    backups.write_backup(city.session, tmp_path / "b")
    assert b"canary-4711" not in (tmp_path / "b").read_bytes()
    with tarfile.open(tmp_path / "b", "r:") as archive:
        assert archive.getnames() == ["taskforce-backup.json", "keys.json", "store.db"]
        archive.extractall(tmp_path / "by-hand", filter="data")
    store = Store.open(tmp_path / "by-hand", opened(tmp_path / "by-hand"))
    assert queries.list_records(store.connection, get_kind("agency"))
    store.close()


def test_never_over_an_existing_store_or_file(city: Replica, tmp_path: Path) -> None:
    backups.write_backup(city.session, tmp_path / "b")
    with pytest.raises(Refused):
        backups.write_backup(city.session, tmp_path / "b")
    backups.write_backup(city.session, tmp_path / "b", replace=True)
    before = (city.folder / DATABASE).read_bytes()
    with pytest.raises(StoreError):
        backups.restore(tmp_path / "b", city.folder, opened)
    assert (city.folder / DATABASE).read_bytes() == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter").write_text("dear")
    with pytest.raises(StoreError):
        backups.restore(tmp_path / "b", tmp_path / "full", opened)
    (tmp_path / "empty").mkdir()
    assert restored(tmp_path / "b", tmp_path / "empty").session.store.me.agency == "CITY"


def test_cut_off_anywhere_it_is_refused_and_nothing_is_made(city: Replica, tmp_path: Path) -> None:
    backups.write_backup(city.session, tmp_path / "b")
    data = (tmp_path / "b").read_bytes()
    for length in (0, 1, 511, 512, 600, 1024, 1500, 2048, 2560, 5000, len(data) // 2, len(data) - 1025 - 512):
        (tmp_path / "cut").write_bytes(data[:length])
        with pytest.raises(InputError):
            backups.restore(tmp_path / "cut", tmp_path / "r", opened)
        assert not (tmp_path / "r").exists()


def test_a_changed_byte_in_any_page_is_found(city: Replica, tmp_path: Path) -> None:
    backups.write_backup(city.session, tmp_path / "b")
    data = bytearray((tmp_path / "b").read_bytes())
    start = len(data) - 1024 - (len(data) - 1024 - 2048) // 4096 * 4096
    pages = range(start, len(data) - 1024, 4096)
    for place in [*pages][1 :: len(pages) // 12]:
        broken = bytearray(data)
        broken[place + 777] ^= 1
        (tmp_path / "broken").write_bytes(broken)
        assert backups.verify_backup(tmp_path / "broken", opened).faults
        with pytest.raises(StoreError):
            backups.restore(tmp_path / "broken", tmp_path / "r", opened)
        assert not (tmp_path / "r").exists()


def test_tables_that_are_not_what_the_log_adds_up_to_are_found(city: Replica, tmp_path: Path) -> None:
    with city.session.store.writing():
        city.connection.execute("UPDATE agency SET name = 'Somebody else'")
    backups.write_backup(city.session, tmp_path / "b")
    assert backups.verify_backup(tmp_path / "b", opened).faults == ("agency",)


def test_another_file_is_no_backup(tmp_path: Path) -> None:
    for data in (b"", b"taskforce-bundle: 1\n", b"SQLite format 3\0" + bytes(5000), os.urandom(9000)):
        (tmp_path / "x").write_bytes(data)
        with pytest.raises(InputError):
            backups.verify_backup(tmp_path / "x", opened)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("../../keys.json")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"abc"))
    (tmp_path / "x").write_bytes(stream.getvalue())
    with pytest.raises(InputError):
        backups.restore(tmp_path / "x", tmp_path / "r", opened)


def test_while_others_write_each_backup_is_one_moment(city: Replica, tmp_path: Path) -> None:
    """Every action adds two records at once: a backup with an odd number of them would be of no moment."""
    script = (
        "import sys; from pathlib import Path\n"
        "from taskforce.actions.session import Session\n"
        "from taskforce.records.registry import get_kind\n"
        "from taskforce.store.store import Store\n"
        "session = Session(Store.open(Path(sys.argv[1]), bytes.fromhex(sys.stdin.readline())))\n"
        "for n in range(10**6):\n"
        "    with session.acting('two') as one:\n"
        "        for side in 'ab':\n"
        "            one.save(get_kind('contact'), f'{n:014d}0' + side, {'name': 'Two'})\n"
        "    print(n, flush=True)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(city.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin and child.stdout
    child.stdin.write(city.key.hex() + "\n")
    child.stdin.flush()
    try:
        counts = []
        for n in range(5):
            assert child.stdout.readline()
            done = int(child.stdout.readline())
            backups.write_backup(city.session, tmp_path / f"b{n}")
            copy = restored(tmp_path / f"b{n}", tmp_path / f"r{n}")
            count = len(queries.list_records(copy.connection, get_kind("contact")))
            assert count % 2 == 0 and count >= 2 * (done + 1)
            assert not checking.check(copy.session).faults
            counts.append(count)
        assert counts == sorted(counts) and counts[-1] > counts[0]
    finally:
        child.kill()
        child.wait()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.parametrize("what", ["backup", "restore"])
def test_killed_at_any_call_there_is_a_whole_one_or_none(city: Replica, tmp_path: Path, what: str) -> None:
    backups.write_backup(city.session, tmp_path / "b")
    city.close()
    killed = 0
    for number in range(1, 400):
        target = tmp_path / f"out{number}"
        child = os.fork()
        if not child:
            try:
                dies_at_call(number)
                if what == "backup":
                    backups.write_backup(Session(Store.open(city.folder, city.key)), target)
                else:
                    backups.restore(tmp_path / "b", target, lambda _folder: city.key)
            finally:
                os._exit(0)
        status = os.waitpid(child, 0)[1]
        if target.exists():
            if what == "backup":
                assert not backups.verify_backup(target, lambda _folder: city.key).faults
            else:
                store = Store.open(target, city.key)
                assert not checking.check(Session(store)).faults
                assert store.me.feed != f"{city.device}.1"
                store.close()
        if not os.WIFSIGNALED(status):
            break
        killed += 1
    assert target.exists()
    assert killed > 8
    city.open()
    assert not checking.check(city.session).faults


def dies_at_call(number: int) -> None:
    """Let this process be killed at its call `number` of those that make, write, sync or name files."""
    calls = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "sqlite3.connect", "tests.sync"}
    left = [number]

    def count(event: str, _arguments: object) -> None:
        if event in calls:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), 9)

    real = os.fsync

    def fsync(descriptor: int) -> None:
        sys.audit("tests.sync")
        real(descriptor)

    os.fsync = fsync
    sys.addaudithook(count)


def test_what_was_lost_with_the_disk_comes_back_from_a_peer(city: Replica, tmp_path: Path) -> None:
    ngo = make_replica(tmp_path / "ngo", "NGO", name="Shelter")
    verify(city, ngo)
    verify(ngo, city)
    backups.write_backup(city.session, tmp_path / "b")
    keeping.add(city.session, get_kind("agency"), {"code": "LATER", "name": "After the backup"})
    take(ngo, export(city, "NGO"))
    assert "After the backup" in names(ngo)
    city.close()
    again = restored(tmp_path / "b", tmp_path / "again")
    assert "After the backup" not in names(again)
    take(ngo, export(again, "NGO"))
    take(again, export(ngo, "CITY"))
    assert "After the backup" in names(again)
    assert not checking.check(again.session).faults
