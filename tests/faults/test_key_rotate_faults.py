"""Wherever a new database key is stopped, the store opens: with the old key or with the new one, and whole."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from bench import BROKEN, DYING, FULL, KILL, TEAR, Bench
from program import Team, new_team

from taskforce.errors import TaskforceError
from taskforce.keys import slots
from taskforce.store import connection
from taskforce.store.store import DATABASE

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD is Linux's"),
    pytest.mark.timeout(3600),
]

WAYS = {"killed": KILL, "torn": TEAR, "full": FULL, "broken": BROKEN, "dying": DYING}
SOAKING = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
EACH_OF = 1 if SOAKING else 4
"""Of the calls that are no mere writes of a page, the suite takes one in so many in each way, and all when killed."""

COPY = "store.db.before-2"
LINE = ("key", "rotate", "--keep-key-file", "second", "--yes")
PAGE = 4096


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A store that opens with three key files, and a copy beside it from before an upgrade."""
    team = new_team(tmp_path_factory.mktemp("rotating") / "base", "KH-CNP", "J. Sok")
    for name in ("second", "third"):
        team.call("key", "add", "--new-key-file", str(team.folder / name)).ok()
    for number in range(6):
        team.call("contact", "add", f"Officer {number}", "--agency", "KH-CNP").ok()
    shutil.copy(team.store / DATABASE, team.store / COPY)
    return team


def opening(folder: Path) -> list[str]:
    """The key files whose database key opens the store."""
    found = []
    for name in ("key", "second", "third"):
        try:
            key = slots.open_with_key_file(folder / "store", folder / name)
            connection.connect(str(folder / "store" / DATABASE), key).close()
        except TaskforceError:
            continue
        found.append(name)
    return found


def pages_of(path: Path) -> set[bytes]:
    data = path.read_bytes()
    return {data[at : at + PAGE] for at in range(0, len(data), PAGE)}


def chosen(calls: list[str], way: str) -> list[int]:
    """The calls at which the disk fails: all, or in the suite the rare ones and some writes."""
    if SOAKING:
        return list(range(1, len(calls) + 1))
    rare = [at for at, call in enumerate(calls, 1) if not call.startswith("pwrite")]
    writes = [at for at, call in enumerate(calls, 1) if call.startswith("pwrite")]
    return sorted([*(rare if way == "killed" else rare[::EACH_OF]), *writes[:: len(writes) // 2]])


@pytest.mark.parametrize("way", WAYS)
def test_wherever_it_is_stopped_the_store_opens_whole_with_the_old_or_the_new_key(
    base: Team, bench: Bench, tmp_path: Path, way: str
) -> None:
    told, feed = base.export(), base.data("feed", "list")
    (tmp_path / "tmp").mkdir()
    calls = bench.calls_of(base.folder, tmp_path, LINE)
    assert len(calls) > 20
    ends: Counter[bool] = Counter()
    for at in chosen(calls, way):
        here = tmp_path / "here"
        shutil.rmtree(here, ignore_errors=True)
        team = base.copy_to(here)
        old_key = slots.open_with_key_file(team.store, team.key)
        old_pages = pages_of(team.store / DATABASE) | pages_of(team.store / COPY)
        old_slots = (team.store / slots.FILE_NAME).read_bytes()
        held = tmp_path / "held"
        held.unlink(missing_ok=True)
        os.link(team.store / DATABASE, held)  # what becomes of the old file itself
        ran, fired = bench.run(here, LINE, mode=WAYS[way], at=at)
        where = f"{way} at call {at} of {len(calls)}: {fired}\n{ran.said}"
        if way in ("killed", "torn"):
            assert ran.signal == signal.SIGKILL, where
        else:
            assert ran.signal is None and ran.code in (0, 7) and "Traceback" not in ran.said, where
        opens = opening(here)
        assert opens in (["key", "second", "third"], ["key", "second"]), where
        is_new = "third" not in opens
        assert is_new or ran.code != 0, f"acknowledged and not there: {where}"
        if way not in ("killed", "torn"):
            assert is_new == (ran.code == 0 or "has its new database key" in ran.said), where
        assert team.export() == told, where  # this opening settles what was left
        assert team.data("feed", "list") == feed, where
        left = {path.name for path in team.store.iterdir()} - {f"{DATABASE}-wal", f"{DATABASE}-shm"}
        assert left == {DATABASE, slots.FILE_NAME, "incarnation", *([] if is_new else [COPY])}, where
        if is_new:
            for path in team.store.iterdir():
                assert not pages_of(path) & old_pages, f"{path.name} holds what the old key opens: {where}"
            assert not pages_of(held) & old_pages, f"the old file is not written over: {where}"
            with pytest.raises(TaskforceError):
                connection.connect(str(team.store / DATABASE), old_key)
            assert (team.store / slots.FILE_NAME).read_bytes() != old_slots, where
        else:
            assert (team.store / slots.FILE_NAME).read_bytes() == old_slots, where
        ends[is_new] += 1
        if at % 5 == 0:  # what was stopped can be done again, and writing goes on in the same feed
            words = [str(here / word) if word == "second" else word for word in LINE]
            team.call(*words).ok()
            assert opening(here) == ["key", "second"], where
            team.call("contact", "add", "Afterwards", "--agency", "KH-CNP").ok()
            assert "new feed" not in team.call("doctor").ok().err
            assert [one["feed"] for one in team.data("feed", "list")] == [one["feed"] for one in feed], where
    assert ends[False], ends
    assert ends[True] or way not in ("killed", "broken"), ends
