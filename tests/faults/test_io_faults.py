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
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from old_store import take_back
from program import Team, environment_of, introduce, new_team

from taskforce.keys import slots
from taskforce.records.registry import kind_names
from taskforce.store import incarnation, migrations
from taskforce.store.connection import connect, transaction
from taskforce.store.incarnation import MARKER
from taskforce.store.store import DATABASE, Store

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD is Linux's"),
    pytest.mark.timeout(3600),
]

HERE = Path(__file__).parent
SOAKING = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
POINTS = 10_000 if SOAKING else 10
"""At how many calls of an action the disk fails, in each of the ways."""

NOW = "2026-11-24T12:00:00+00:00"
CANARY = "Quisquiliae"
"""Stands in the text of records, and in no file that is left behind."""

OLD = b"an older bundle"

KILL, TEAR, FULL, BROKEN, DYING = 1, 2, 3, 4, 5
WAYS = {"killed": KILL, "torn": TEAR, "full": FULL, "broken": BROKEN, "dying": DYING}


@dataclass(frozen=True)
class Act:
    """Something the program does: its arguments, where everything lies in the folder it works in.

    `made` is the file it makes, if it makes one. To have another action proven, add it to `ACTS` and, where it needs
    more than the store as it is, what it needs to `_stage`.
    """

    name: str
    arguments: tuple[str, ...]
    made: str = ""
    is_plain: bool = False  # what it makes holds record text, as it was asked to
    stage: str = "plain"


ACTS = [
    Act("import-bundle", ("import", "in.bundle")),
    Act("import-plan", ("import", "plan.yaml")),
    Act("export", ("export", "--to", "NGO", "-o", "out/made.bundle"), made="out/made.bundle"),
    Act(
        "export-replacing",
        ("export", "--to", "NGO", "-o", "out/old.bundle", "--force"),
        made="out/old.bundle",
    ),
    Act(
        "export-records", ("export", "--records", "-o", "out/made.yaml"), made="out/made.yaml", is_plain=True
    ),
    Act("edit", ("assignment", "edit", "ASSIGNMENT", "--title", "Watch the gate", "--due", "2026-12-01")),
    Act("undo", ("undo",)),
    Act("migrate", ("operation", "list"), stage="old"),
]


@dataclass
class Ran:
    """How one run ended."""

    signal: int | None
    code: int | None
    said: str


@dataclass
class Bench:
    """The process that runs the program on a spoilt disk."""

    process: subprocess.Popen[str]
    trace: Path

    def run(
        self, folder: Path, arguments: tuple[str, ...], *, mode: int = 0, at: int = 0, noted: bool = True
    ) -> tuple[Ran, list[str]]:
        """Run the program in `folder`; how it ended, and the calls that the shim noted."""
        self.trace.write_text("")
        place = ["--store", "store", "--key-file", "key"]
        task = {
            "arguments": [*arguments, *place],
            "folder": str(folder),
            "environment": {"TASKFORCE_NOW": NOW, "TMPDIR": str(folder / "tmp")},
            "mode": mode,
            "at": at,
            "trace": str(self.trace) if noted else "",
        }
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        return Ran(**json.loads(self.process.stdout.readline())), self.trace.read_text().splitlines()

    def calls_of(self, base: Path, room: Path, arguments: tuple[str, ...]) -> list[str]:
        """The calls that an action makes, done on a copy of a folder."""
        folder = room / "counted"
        shutil.copytree(base, folder)
        ran, calls = self.run(folder, arguments)
        assert ran.code == 0, ran.said
        return calls


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The shim, built, and the process that it stands beside."""
    folder = tmp_path_factory.mktemp("shim")
    compiler = next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)
    assert compiler, (
        "tests of a failing disk need a C compiler (cc, gcc or clang) and found none: install one"
    )
    shim = folder / "shim.so"
    built = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-o", shim, HERE / "shim.c", "-ldl"],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, f"{compiler} cannot build shim.c:\n{built.stderr}"
    process = subprocess.Popen(
        [sys.executable, str(HERE / "shimmed.py")],
        env=environment_of(LD_PRELOAD=str(shim), PYTHONDONTWRITEBYTECODE="1", LC_ALL="C.UTF-8", TZ="UTC"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield Bench(process, folder / "trace")
    process.kill()
    process.wait()


@cache
def _stage(base: Path, name: str) -> Path:
    """A folder in which an action can be done: store, key, and what it needs."""
    folder = base / name
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(base / "none.yaml"))
        city = new_team(folder, "CITY", "J. Okafor")
        ngo = new_team(base / f"{name}-ngo", "NGO", "A. Sok")
        introduce(city, ngo)
        for line in (
            ("agency", "add", "NGO", "--name", "Shelter"),
            ("operation", "add", "GREY HERON", "--lead", "CITY", "--note", CANARY),
            ("use", "GREY HERON"),
            ("operation", "join", "GREY HERON", "NGO", "--role", "partner"),
            ("assignment", "add", f"Search the yard {CANARY}", "--agency", "NGO"),
            ("victim", "add", "--age-band", "21-23", "--account", CANARY),
        ):
            city.call(*line).ok()
        city.call("export", "--to", "NGO", "-o", str(ngo.folder / "first.bundle")).ok()
        ngo.call("import", str(ngo.folder / "first.bundle")).ok()
        [assignment] = ngo.data("assignment", "list")
        ngo.call("assignment", "edit", assignment["ref"], "--instructions", f"From the south {CANARY}").ok()
        for number in range(12):
            ngo.call("contact", "add", f"Officer {number} {CANARY}", "--agency", "NGO").ok()
        ngo.call("export", "--to", "CITY", "-o", str(folder / "in.bundle")).ok()
        city.call("assignment", "edit", assignment["ref"], "--title", "Search the hotel").ok()
    if name == "old":
        connection = connect(
            str(folder / "store" / DATABASE), slots.open_with_key_file(folder / "store", str(folder / "key"))
        )
        take_back(connection, folder / "store")
        connection.close()
    (folder / "plan.yaml").write_text(
        "taskforce-plan: 1\nassignments:\n"
        + "".join(f"- key: site-{number}\n  title: Site {number} {CANARY}\n" for number in range(12))
    )
    for made in ("out", "tmp"):
        (folder / made).mkdir()
    (folder / "out" / "old.bundle").write_bytes(OLD)
    (folder / "assignment").write_text(assignment["ref"])
    return folder


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

    def shown(self) -> dict[str, Any]:
        """All rows of the store as it is, for nothing is migrated here; and what there is of the file it makes."""
        return {"rows": self._rows(), "made": self._made()}

    def _rows(self) -> dict[str, Any]:
        connection = connect(str(self.folder / "store" / "store.db"), self.key)
        try:
            names = connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%search%' "
                "AND name NOT LIKE '%migrations' AND name NOT LIKE 'sqlite%'"
            ).fetchall()
            found = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in names}
            found["meta"] = [row for row in found["meta"] if row[0] != MARKER]  # its words are random
            found["bundle"] = [row[:2] + row[3:] for row in found["bundle"]]  # but for its random name
            found["schema"] = migrations.schema_of(connection)
            return found
        finally:
            connection.close()

    def _made(self) -> str:
        """Of the file it makes: none, old, whole or half."""
        path = self.folder / self.act.made
        if not self.act.made or not path.exists():
            return "none"
        if path.read_bytes() == OLD:
            return "old"
        reader = Team(self.base if self.act.is_plain else self.base.with_name(f"{self.base.name}-ngo"))
        return "whole" if reader.call("import", "--dry-run", str(path)).code == 0 else "half"

    def files(self) -> set[str]:
        """The files there are, but for the store's own journal."""
        return {
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if path.is_file() and not path.name.startswith("store.db-")
        }


@pytest.fixture(params=ACTS, ids=lambda act: act.name)
def scene(request: pytest.FixtureRequest, work: Path) -> Scene:
    """One of the actions, and where it is done."""
    act: Act = request.param
    base = _stage(work, act.stage)
    ref = (base / "assignment").read_text()
    return Scene(
        base, work / "here", act, tuple(ref if part == "ASSIGNMENT" else part for part in act.arguments)
    )


@pytest.fixture(scope="module")
def work() -> Iterator[Path]:
    """A folder in memory where there is such: what counts here are the calls, not how long the disk takes."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="faults", dir=memory) as folder:
        yield Path(folder)


def chosen(calls: list[str]) -> list[int]:
    """At which calls the disk fails: at all, or at all rare ones and at others evenly."""
    kinds = Counter(_kind_of(call) for call in calls)
    rare = [at for at, call in enumerate(calls, 1) if kinds[_kind_of(call)] <= 3]
    others = [at for at in range(1, len(calls) + 1) if at not in set(rare)]
    wanted = max(POINTS - len(rare), POINTS // 2)
    if wanted >= len(others):
        return list(range(1, len(calls) + 1))
    return sorted({*rare, *(others[place * len(others) // wanted] for place in range(wanted))})


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
    whole, calls = bench.run(scene.folder, scene.arguments)
    assert whole.code == 0, whole.said
    scene.after = scene.shown()
    assert scene.before != scene.after
    assert scene.files() == files | ({scene.act.made} if scene.act.made else set()) | scene.lasting
    assert len(calls) > 5
    ends: Counter[bool] = Counter()
    for at in chosen(calls):
        scene.put_back()
        ran, [*fired] = bench.run(scene.folder, scene.arguments, mode=WAYS[way], at=at)
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
        assert found in (scene.before, scene.after), where
        is_done = found == scene.after
        assert ran.code != 0 or is_done, f"acknowledged and not there: {where}"
        if WAYS[way] == FULL:
            assert (ran.code == 0) == is_done, f"refused and there: {where}"
        ends[is_done] += 1
        check_files(scene, files, ran, way, where)
        check_works(scene, bench, is_done, where)
    record_property("points", ends.total())
    if way in ("killed", "full"):
        assert ends[False], ends
    if way == "killed":
        assert ends[True] or scene.act.is_plain, ends


def check_files(scene: Scene, before: set[str], ran: Ran, way: str, where: str) -> None:
    """Nothing is left behind but by a kill, and that holds no record text in plain."""
    can_delete = ran.signal is None and way != "dying" and ": ['unlink" not in where
    for name in scene.files() - before - {scene.act.made}:
        assert not can_delete or name in scene.lasting, f"{name} is left: {where}"
        assert name in scene.lasting or name.endswith((".part", ".part-journal")), where
    plain = {"plan.yaml", *((scene.act.made,) if scene.act.is_plain else ())}
    for path in scene.folder.rglob("*"):
        if path.is_file() and str(path.relative_to(scene.folder)) not in plain:
            assert CANARY.encode() not in path.read_bytes(), f"{path.name} holds record text: {where}"


def check_works(scene: Scene, bench: Bench, is_done: bool, where: str) -> None:
    """The store is sound; what was not done can be done now, with the same result."""
    team = Team(scene.folder)
    if not is_done:
        if scene.act.made and "--force" not in scene.arguments:
            (scene.folder / scene.act.made).unlink(missing_ok=True)  # whole, but it did not count
        again, _calls = bench.run(scene.folder, scene.arguments)
        assert again.code == 0, f"{where}\nand again:\n{again.said}"
        found = scene.shown()
        if _epoch_of(found) == _epoch_of(scene.after):
            assert found == scene.after, where
        else:  # the marker was written and the database was not: it goes on in a new feed
            assert _seen(found) == _seen(scene.after), where
    assert team.call("doctor").code == 0, where


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
    base, found = _stage(work, "plain"), tmp_path / "found"
    shutil.copytree(base, found)
    if crashed:  # what was done last stands in the journal only
        edit = ("assignment", "edit", (base / "assignment").read_text(), "--title", "In the journal")
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
