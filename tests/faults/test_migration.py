"""A store of an older schema opens with all that it holds, a copy as it was is kept, and a failure changes nothing."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from old_store import COLUMNS, TABLES, take_back
from replicas import Replica, everything, export, make_replica, take, verify

from taskforce.actions import checking, drafting, keeping, undoing
from taskforce.errors import Locked, StoreError
from taskforce.records.registry import get_kind
from taskforce.store import migrations, queries
from taskforce.store.connection import connect
from taskforce.store.incarnation import MARKER
from taskforce.store.store import DATABASE

MIGRATIONS = (
    "m002_drafts",
    "m003_feeds",
    "m004_erasures",
    "m005_disclosures",
    "m006_authority",
    "m007_statements",
)
BEFORE = f"{DATABASE}.before-{migrations.SCHEMA}"
"""How the copy is called that is kept of a store before it is migrated."""


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Replica]:
    """A store as the first release made it, closed: people worked in it, and nothing of later migrations is there."""
    replica = make_replica(tmp_path / "old", "CITY", name="City")
    ngo = make_replica(tmp_path / "ngo", "NGO", name="NGO")
    verify(replica, ngo)
    verify(ngo, replica)
    take(ngo, export(replica, "NGO"))
    take(replica, export(ngo, "CITY"))
    contact = keeping.add(
        replica.session,
        get_kind("contact"),
        {"name": "Sok Dara Vuthy", "agency": replica.session.own_agency},
    )
    keeping.edit(replica.session, get_kind("contact"), contact, {"name": "Sok Dara V."})
    ngo.close()
    take_back(replica.connection, replica.folder)
    assert migrations.schema_of(replica.connection) == 1 and "draft" not in everything(replica)
    replica.close()
    yield replica


def copies(replica: Replica) -> list[Path]:
    """What lies in the store's folder beside the store itself and its keys."""
    beside = (DATABASE, DATABASE + "-wal", DATABASE + "-shm", "keys.json", MARKER)
    return sorted(each for each in replica.folder.iterdir() if each.name not in beside)


def content(replica: Replica) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the tables that people's work is in."""
    return {
        name: [row[: len(COLUMNS[name])] for row in rows] if name in COLUMNS else rows
        for name, rows in everything(replica).items()
        if name not in (*TABLES, "_sqlite_migrations", "sqlite_stat1", "sqlite_stat4")
        and not name.startswith("search")
    }


def content_as_it_is(replica: Replica) -> dict[str, list[tuple[Any, ...]]]:
    """The same of a closed store, without opening it as a store: nothing is migrated."""
    bare = BareReplica(replica)
    try:
        return content(bare)  # type: ignore[arg-type]
    finally:
        bare.connection.close()


class BareReplica:
    """A database file under a replica's key."""

    def __init__(self, replica: Replica, name: str = DATABASE) -> None:
        self.connection = connect(str(replica.folder / name), replica.key)


def test_an_old_store_opens_with_everything_in_it_and_keeps_a_copy(old: Replica) -> None:
    before = content_as_it_is(old)
    assert len(before["edit"]) == 4 and before["peer"] and before["action"] and before["contact"]
    old.open()
    after = content(old)
    assert {**after, "meta": []} == {**before, "meta": []}
    changed = set(after["meta"]) ^ set(before["meta"])
    assert {name for name, _value in changed} <= {"tables"}
    assert migrations.schema_of(old.connection) == migrations.SCHEMA
    assert checking.check(old.session).faults == ()
    drafting.keep_draft(old.session, "contact/new", {"name": "x"})
    undoing.undo(old.session)
    [sok] = queries.list_records(old.connection, get_kind("contact"))
    assert sok.title == "Sok Dara Vuthy"
    [copy] = copies(old)
    assert copy.name == BEFORE
    old.close()
    old.open()
    assert copies(old) == [copy], "once is enough"
    old.close()


def test_the_copy_is_whole_encrypted_and_only_its_owners(old: Replica) -> None:
    before = content_as_it_is(old)
    old.open()
    old.close()
    [copy] = copies(old)
    assert not copy.read_bytes().startswith(b"SQLite format 3")
    assert b"Sok Dara" not in copy.read_bytes()
    if os.name == "posix":
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with pytest.raises(Locked):
        connect(str(copy), bytes(32))
    bare = BareReplica(old, copy.name)
    assert migrations.schema_of(bare.connection) == 1
    assert content(bare) == before  # type: ignore[arg-type]
    bare.connection.close()


def test_a_migration_that_fails_changes_nothing_and_leaves_no_copy(
    old: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content_as_it_is(old)
    monkeypatch.setattr(migrations, "_DRAFTS", "CREATE TABLE edit (id)")  # is there already
    with pytest.raises(Exception, match="already exists"):
        old.open()
    assert content_as_it_is(old) == before
    bare = BareReplica(old)
    assert migrations.schema_of(bare.connection) == 1
    names = [name for (name,) in bare.connection.execute("SELECT name FROM _sqlite_migrations")]
    assert names == ["m001_log"]
    bare.connection.close()
    assert copies(old) == []
    monkeypatch.undo()
    old.open()
    assert migrations.schema_of(old.connection) == migrations.SCHEMA
    old.close()


def test_an_earlier_copy_is_not_written_over(old: Replica) -> None:
    earlier = old.folder / BEFORE
    earlier.write_bytes(b"of another day")
    old.open()
    old.close()
    assert [each.name for each in copies(old)] == [BEFORE, BEFORE + ".2"]
    assert earlier.read_bytes() == b"of another day"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_killed_before_any_of_its_statements_the_store_is_old_or_new(old: Replica) -> None:
    database = old.folder / DATABASE
    kept, before = database.read_bytes(), content_as_it_is(old)
    found: set[int] = set()
    for number in range(1, 400, 3):
        for each in copies(old):
            each.unlink()
        for suffix in ("-wal", "-shm"):
            Path(str(database) + suffix).unlink(missing_ok=True)
        database.write_bytes(kept)
        child = os.fork()
        if not child:
            _migrate_and_die(old, number)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        bare = BareReplica(old)
        schema = migrations.schema_of(bare.connection)
        assert ("draft" in everything(bare)) == (schema == migrations.SCHEMA)  # type: ignore[arg-type]
        assert content(bare) == before  # type: ignore[arg-type]
        bare.connection.close()
        found.add(schema)
        if not killed:
            break
    assert not killed and found == {1, migrations.SCHEMA}


def _migrate_and_die(old: Replica, number: int) -> None:
    left = [number]

    def count(_statement: str) -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        connection = BareReplica(old).connection
        connection.set_trace_callback(count)
        migrations.migrate(connection, str(old.folder / DATABASE))
    finally:
        os._exit(0)


def test_two_programs_that_open_it_at_once_migrate_it_once(old: Replica) -> None:
    def open_it(_number: int) -> tuple[str, ...]:
        other = Replica(old.code, old.folder, old.key, old.device)
        other.open()
        try:
            return checking.check(other.session).faults
        finally:
            other.close()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(open_it, range(3))) == [(), (), ()]
    assert [each.name for each in copies(old)] == [BEFORE]
    bare = BareReplica(old)
    names = [name for (name,) in bare.connection.execute("SELECT name FROM _sqlite_migrations")]
    bare.connection.close()
    assert names == ["m001_log", *MIGRATIONS]


def test_a_store_of_a_newer_schema_is_left_alone(old: Replica) -> None:
    old.open()
    old.connection.execute("PRAGMA user_version = 99")
    old.close()
    with pytest.raises(StoreError, match="newer version"):
        old.open()
    assert [each.name for each in copies(old)] == [BEFORE]
