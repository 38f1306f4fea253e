"""Promise 1 on a bad disk: killed, full or broken at each call that changes a file, an action is whole or is not.

The real program works on a real store in a child process. shim.c counts its calls that write, sync, rename, cut and
delete; the action is done once to learn how many there are, and then once for each of them and for each way in which a
disk can fail there. `make soak` takes all of them; the suite takes every rare one (a sync, a rename) and some writes.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from acts import ACTS, CANARY, OLD, Act, stage
from bench import BROKEN, DYING, FULL, KILL, TEAR, Bench, Ran
from program import Team, call
from raw_pages import occurrences

from taskforce.canonical import canonical
from taskforce.keys import slots
from taskforce.records.registry import kind_names
from taskforce.store import incarnation, migrations
from taskforce.store.connection import connect, transaction
from taskforce.store.erasing import SCRUB
from taskforce.store.incarnation import MARKER
from taskforce.store.store import DATABASE, Store
from taskforce.sync.edit import hash_of

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD is Linux's"),
    pytest.mark.timeout(3600),
]

SOAKING = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
POINTS = 10_000 if SOAKING else 10
"""At how many calls of an action the disk fails, in each of the ways."""

WAYS = {"killed": KILL, "torn": TEAR, "full": FULL, "broken": BROKEN, "dying": DYING}


@dataclass
class Scene:
    """A folder that an action is done in, over and over."""

    base: Path
    folder: Path
    act: Act
    arguments: tuple[str, ...]
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    key: bytes = field(init=False)

    @property
    def lasting(self) -> set[str]:
        """The files that an action may leave beside what it makes: the copy before a migration."""
        return {f"store/store.db.before-{migrations.SCHEMA}"} if self.act.stage == "old" else set()

    def __post_init__(self) -> None:
        self.key = slots.open_with_key_file(self.base / "store", str(self.base / "key"))

    def put_back(self) -> None:
        """Make everything what it was before."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.base, self.folder)
        if self.act.stage != "old":
            store = Store(
                self.folder / "store", connect(str(self.folder / "store" / DATABASE), self.key)
            )  # it is not to take itself for a copy
            with transaction(store.connection):
                incarnation.mark(store)
            store.close()

    def run(self, bench: Bench, *, mode: int = 0, at: int = 0) -> tuple[Ran, list[str]]:
        """Do the action."""
        store = self.act.made if self.act.makes_store else "store"
        return bench.run(self.folder, self.arguments, mode=mode, at=at, store=store)

    def shown(self) -> dict[str, Any]:
        """All rows of the store as it is, for nothing is migrated here; and what there is of what it makes."""
        rows = rows_of(self.folder / "store", self.key)
        if (
            self.act.stage == "old"
        ):  # a migration leaves these to the rebuilding that follows, or to the next opening
            rows["meta"] = [row for row in rows["meta"] if row[0] != "tables"]
            for name in ("judged", "proposal", "leaders"):
                rows.pop(name, None)
        return {"rows": rows, "made": self._made()}

    def _made(self) -> str:
        """Of what it makes: none, old, whole or half."""
        path = self.folder / self.act.made
        if not self.act.made or not path.exists():
            return "none"
        if self.act.makes_store:
            return self._made_store(path)
        if path.read_bytes() == OLD:
            return "old"
        if self.act.name.startswith("backup"):
            line = ("backup", "verify", str(path))
            return "whole" if Team(self.folder).call(*line).code == 0 else "half"
        if path.suffix == ".json":
            return "whole" if _has_its_digest(path) else "half"
        reader = Team(self.base if self.act.is_plain else self.base.with_name(f"{self.base.name}-ngo"))
        return "whole" if reader.call("import", "--dry-run", str(path)).code == 0 else "half"

    def _made_store(self, folder: Path) -> str:
        if {path.name for path in folder.iterdir()} < {DATABASE, slots.FILE_NAME, MARKER}:
            return "half"
        sound = call("doctor", "--store", str(folder), "--key-file", str(self.folder / "key")).code == 0
        found = rows_of(folder, slots.open_with_key_file(folder, self.folder / "key"))
        is_new_feed = dict(found["meta"])["epoch"] != "1"
        return "whole" if sound and is_new_feed and found["edit"] == self.backed_up else "half"

    @cached_property
    def backed_up(self) -> list[tuple[Any, ...]]:
        """The edits in the backup, unpacked by hand."""
        folder = self.base.with_name("unpacked")
        with tarfile.open(self.base / "in.backup", "r:") as archive:
            archive.extractall(folder, filter="data")
        found: list[tuple[Any, ...]] = rows_of(folder, self.key)["edit"]
        return found

    def files(self) -> set[str]:
        """The files there are, but for a store's own journal."""
        return {
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if path.is_file() and not path.name.startswith("store.db-")
        }


def _has_its_digest(path: Path) -> bool:
    """Whether what was written for a court is all there."""
    try:
        document = json.loads(path.read_text())
    except ValueError:
        return False
    rest = {key: value for key, value in document.items() if key not in ("digest", "sig")}
    return bool(document["digest"] == hash_of(canonical(rest)))


def rows_of(folder: Path, key: bytes) -> dict[str, Any]:
    """All rows of a store, but for what is random and what tells that erased bytes are still to be written over."""
    connection = connect(str(folder / DATABASE), key)
    try:
        names = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%search%' "
            "AND name NOT LIKE '%migrations' AND name NOT LIKE 'sqlite%'"
        ).fetchall()
        found = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in names}
        found["meta"] = [row for row in found["meta"] if row[0] not in (MARKER, SCRUB)]
        found["bundle"] = [row[:2] + row[3:] for row in found["bundle"]]  # but for its random name
        found["schema"] = migrations.schema_of(connection)
        return found
    finally:
        connection.close()


@pytest.fixture(params=ACTS, ids=lambda act: act.name)
def scene(request: pytest.FixtureRequest, work: Path) -> Scene:
    """One of the actions, and where it is done."""
    act: Act = request.param
    base = stage(work, act.stage)
    arguments = tuple(
        (base / part).read_text() if part in ("ASSIGNMENT", "VICTIM") else part for part in act.arguments
    )
    return Scene(base, work / "here", act, arguments)


@pytest.fixture(scope="module")
def work() -> Iterator[Path]:
    """A folder in memory where there is such: what counts here are the calls, not how long the disk takes."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="faults", dir=memory) as folder:
        yield Path(folder)


def chosen(act: Act, calls: list[str], way: str) -> list[int]:
    """At which calls the disk fails: at all, or at all rare ones and at others evenly.

    Of an erasure at those after a sync, too: what it says is done then, and its bytes may still be there. Only what is
    written can be torn: at all other calls that would be the same as being killed.
    """
    kinds = Counter(_kind_of(call) for call in calls)
    rare = {at for at, call in enumerate(calls, 1) if kinds[_kind_of(call)] <= 3}
    if act.erases:
        rare |= {at + 1 for at, call in enumerate(calls[:-1], 1) if call.startswith("fsync")}
    others = [at for at in range(1, len(calls) + 1) if at not in rare]
    wanted = max(POINTS - len(rare), POINTS // 2)
    some = others if wanted >= len(others) else [others[n * len(others) // wanted] for n in range(wanted)]
    return [
        at for at in sorted({*rare, *some}) if way != "torn" or calls[at - 1].startswith(("write ", "pwrite"))
    ]


def _kind_of(call: str) -> str:
    name, _, path = call.partition(" ")
    return f"{name} {Path(path).suffix}"


@pytest.mark.parametrize("way", WAYS)
def test_wherever_the_disk_fails_the_action_is_whole_or_is_not(
    scene: Scene, bench: Bench, way: str, record_property: Callable[[str, object], None]
) -> None:
    scene.put_back()
    scene.before = scene.shown()
    files = scene.files()
    assert not scene.act.erases or secrets_in(scene)
    whole, calls = scene.run(bench)
    assert whole.code == 0, whole.said
    assert not scene.act.erases or not secrets_in(scene)
    scene.after = scene.shown()
    assert scene.before != scene.after
    made = {name for name in scene.files() if scene.act.is_made(name)}
    assert bool(made) == bool(scene.act.made) and scene.files() == files | made | scene.lasting
    assert len(calls) > 5
    ends: Counter[bool] = Counter()
    for at in chosen(scene.act, calls, way):
        scene.put_back()
        ran, [*fired] = scene.run(bench, mode=WAYS[way], at=at)
        where = f"{way} at call {at} of {len(calls)}: {fired}\n{ran.said}"
        assert fired, where
        if WAYS[way] in (KILL, TEAR):
            assert ran.signal == signal.SIGKILL, where
        else:
            assert ran.signal is None and ran.code in (0, 7), where
            assert "Traceback" not in ran.said, where
        found = scene.shown()
        if (
            (ran.signal or way == "dying")
            and found["made"] == "whole"
            and found["rows"] != scene.after["rows"]
        ):
            found["made"] = scene.before["made"]  # it stands there, and nobody lived to take it back
        is_between = scene.act.confirms and but_for_the_answer(found) == but_for_the_answer(scene.after)
        assert is_between or found in (scene.before, scene.after), where
        is_done = is_between or found == scene.after
        assert ran.code != 0 or is_done, f"acknowledged and not there: {where}"
        if WAYS[way] == FULL:
            assert (ran.code == 0) == is_done, f"refused and there: {where}"
        ends[is_done] += 1
        check_files(scene, files, ran, way, where)
        check_works(scene, bench, found == scene.after, where, is_between=is_between)
    record_property("points", ends.total())
    if way in ("killed", "full"):
        assert ends[False], ends
    if way == "killed":
        assert ends[True] or scene.act.is_plain, ends


def check_files(scene: Scene, before: set[str], ran: Ran, way: str, where: str) -> None:
    """Nothing is left behind but by a kill, and that holds no record text in plain."""
    can_delete = ran.signal is None and way != "dying" and ": ['unlink" not in where
    for name in scene.files() - before:
        if scene.act.is_made(name):
            continue
        assert not can_delete or name in scene.lasting, f"{name} is left: {where}"
        assert name in scene.lasting or ".part" in name, where
    plain = {"plan.yaml", *((scene.act.made,) if scene.act.is_plain else ())}
    for path in scene.folder.rglob("*"):
        if path.is_file() and str(path.relative_to(scene.folder)) not in plain:
            assert CANARY.encode() not in path.read_bytes(), f"{path.name} holds record text: {where}"


def check_works(scene: Scene, bench: Bench, is_done: bool, where: str, *, is_between: bool) -> None:
    """The store is sound; what was not done can be done now, with the same result."""
    team = Team(scene.folder)
    if not is_done:
        if scene.act.erases and not is_between:
            assert team.data("search", scene.act.erases), where
        if scene.act.makes_store:
            shutil.rmtree(scene.folder / scene.act.made, ignore_errors=True)  # whole, but it did not count
        elif scene.act.made and "--force" not in scene.arguments:
            (scene.folder / scene.act.made).unlink(missing_ok=True)
        again, _calls = scene.run(bench)
        assert again.code == 0, f"{where}\nand again:\n{again.said}"
        found = scene.shown()
        if _epoch_of(found) == _epoch_of(scene.after):
            assert found == scene.after, where
        else:  # the marker was written and the database was not: it goes on in a new feed
            assert _seen(found) == _seen(scene.after), where
    assert team.call("doctor").code == 0, where
    if scene.act.erases:
        assert not secrets_in(scene), where


def secrets_in(scene: Scene) -> int:
    """How often what is erased stands in the store's pages and journal, even if nothing refers to it still.

    The search index keeps only the ends of words that begin alike.
    """
    return occurrences(scene.folder / "store", scene.key, scene.act.erases[-6:].encode())


def but_for_the_answer(shown: dict[str, Any]) -> dict[str, Any]:
    """What a store holds, without that its device says so: it confirms in an action of its own, after an import."""
    rows = shown["rows"]
    edits = [row[1:] for row in rows["edit"] if '"dropped":' not in row[-1]]
    return {"edits": edits} | {
        name: rows[name] for name in ("erasure", "conflict", "quarantine", "bundle", "told")
    }


def _epoch_of(shown: dict[str, Any]) -> str:
    return str(dict(shown["rows"]["meta"]).get("epoch", "1"))


def _seen(shown: dict[str, Any]) -> dict[str, Any]:
    """What people see, whatever the feed is called in which it was written."""
    rows = shown["rows"]
    names = set(kind_names()) & rows.keys()
    return {name: rows[name] for name in (*names, "conflict", "quarantine", "peer", "schema")} | {
        "made": shown["made"],
        "edits": len(rows["edit"]),
    }


@pytest.mark.parametrize("mode", [FULL, DYING], ids=["full", "dying"])
@pytest.mark.parametrize("crashed", [False, True], ids=["whole", "crashed"])
def test_a_disk_that_takes_nothing_more_can_still_be_read(
    bench: Bench, work: Path, tmp_path: Path, mode: int, crashed: bool
) -> None:
    base, found = stage(work, "plain"), tmp_path / "found"
    shutil.copytree(base, found)
    if crashed:  # what was done last stands in the journal only
        edit = ("assignment", "edit", (base / "ASSIGNMENT").read_text(), "--title", "In the journal")
        calls = bench.calls_of(base, tmp_path, edit)
        first = next(at for at, call in enumerate(calls, 1) if call.endswith("store.db"))  # the checkpoint
        ran, _calls = bench.run(found, edit, mode=KILL, at=first)
        assert ran.signal and (found / "store" / "store.db-wal").stat().st_size
    for line in (
        ("assignment", "list"),
        ("status",),
        ("search", CANARY),
        ("conflict", "list"),
        ("peer", "list"),
    ):
        well, ill = tmp_path / "well", tmp_path / "ill"
        for each in (well, ill):
            shutil.rmtree(each, ignore_errors=True)
            shutil.copytree(found, each)
        expected, _calls = bench.run(well, line)
        ran, calls = bench.run(ill, line, mode=mode, at=1)
        assert calls, "the disk was never asked for anything"
        assert (ran.code, ran.said) == (0, expected.said), (line, calls, ran.said)
        assert ("In the journal" in ran.said) == (crashed and line == ("assignment", "list"))


@pytest.mark.parametrize("mode", [TEAR, FULL], ids=["torn", "full"])
def test_a_page_that_was_half_moved_out_of_the_journal_is_no_damage(
    bench: Bench, work: Path, tmp_path: Path, mode: int
) -> None:
    """What checks the pages does not look into the journal, where this one is whole."""
    base, found = stage(work, "plain"), tmp_path / "found"
    shutil.copytree(base, found)
    edit = ("assignment", "edit", (base / "ASSIGNMENT").read_text(), "--title", "In the journal")
    calls = bench.calls_of(base, tmp_path, edit)
    first = next(
        at for at, call in enumerate(calls, 1) if call.startswith("pwrite64") and call.endswith("store.db")
    )
    ran, _calls = bench.run(found, edit, mode=mode, at=first)
    assert ran.signal or ran.code == 0
    key = slots.open_with_key_file(found / "store", found / "key")
    assert broken_pages(found, key), "no page was torn"
    doctor, _calls = bench.run(found, ("doctor",))
    assert doctor.code == 0, doctor.said
    assert not broken_pages(found, key)
    listed, _calls = bench.run(found, ("assignment", "list"))
    assert "In the journal" in listed.said


def broken_pages(folder: Path, key: bytes) -> int:
    """How many pages of a store's file are not what was written, in a copy of the file alone."""
    copy = folder / "alone.db"
    shutil.copy(folder / "store" / DATABASE, copy)
    connection = connect(str(copy), key)
    try:
        return len(connection.execute("PRAGMA cipher_integrity_check").fetchall())
    finally:
        connection.close()
        copy.unlink()
