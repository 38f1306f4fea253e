"""Wherever the disk fails while the key slots change, the store opens with the old ones or with the new ones."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from bench import BROKEN, DYING, FULL, KILL, Bench
from program import PROGRAM, Team, environment_of, new_team

from taskforce.errors import TaskforceError
from taskforce.keys import rewrapping, slots
from taskforce.keys.keyfile import make_key_file
from taskforce.store.store import DATABASE

SOAKING = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
WAYS = {"killed": KILL, "full": FULL, "broken": BROKEN, "dying": DYING}


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """A store that opens with two key files, `key` and `second`."""
    made = new_team(tmp_path / "base", "KH-CNP", "J. Sok")
    made.call("key", "add", "--new-key-file", str(made.folder / "second")).ok()
    return made


def state_of(folder: Path) -> tuple[list[str], list[str]]:
    """The names of the slots, and which of the key files open the store."""
    opening = []
    for name in ("key", "second", "third"):
        try:
            slots.open_with_key_file(folder / "store", folder / name)
        except TaskforceError:
            continue
        opening.append(name)
    return [one.name for one in rewrapping.list_slots(folder / "store")], opening


@pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD is Linux's")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("act", ["add", "remove"])
def test_wherever_the_disk_fails_the_old_or_the_new_slots_open_it(
    team: Team, bench: Bench, tmp_path: Path, way: str, act: str
) -> None:
    make_key_file(team.folder / "third")
    (names, _before) = state_of(team.folder)
    line = ("key", "add", "--new-key-file", "third") if act == "add" else ("key", "remove", names[1], "--yes")
    before, after = ["key", "second"], ["key", "second", "third"] if act == "add" else ["key"]
    database = (team.store / DATABASE).read_bytes()
    calls = bench.calls_of(team.folder, tmp_path, line)
    assert len(calls) > 5
    ends: Counter[bool] = Counter()
    for at in range(1, len(calls) + 1):
        here = tmp_path / "here"
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(team.folder, here)
        ran, fired = bench.run(here, line, mode=WAYS[way], at=at)
        where = f"{way} at call {at} of {len(calls)}: {fired}\n{ran.said}"
        if way == "killed":
            assert ran.signal == signal.SIGKILL, where
        else:
            assert ran.signal is None and ran.code in (0, 7) and "Traceback" not in ran.said, where
        opening = state_of(here)[1]
        assert opening in (before, after), where
        assert ran.code != 0 or opening == after, f"acknowledged and not there: {where}"
        assert (here / "store" / DATABASE).read_bytes() == database, where
        ends[opening == after] += 1
        again = Team(here).call(*(str(here / word) if word == "third" else word for word in line))
        assert again.code == 0 or opening == after, f"{where}\n{again.err}"
        assert state_of(here)[1] == after, where
        if again.code:  # it was done before: what the killed program left goes with the next change
            Team(here).call("key", "add", "--new-key-file", str(here / "fourth")).ok()
        assert not [path for path in (here / "store").iterdir() if path.name.startswith(".")], where
    assert ends[False], ends
    assert ends[True] or way != "killed", ends


@pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD is Linux's")
@pytest.mark.parametrize("way", WAYS)
def test_wherever_the_disk_fails_the_old_or_the_new_passphrase_opens_it(
    team: Team, bench: Bench, tmp_path: Path, way: str
) -> None:
    old, new, line = "the old words", "the new words", ("key", "change")
    database = (team.store / DATABASE).read_bytes()
    opened = slots.slot_of_key_file(team.store, team.key)
    cheap = slots.SlotSource.passphrase(old, passes=slots.LEAST_PASSES, memory=slots.LEAST_MEMORY)
    rewrapping.add_slot(team.store, opened, cheap)

    def opening(folder: Path) -> list[str]:
        found = []
        for words in (old, new):
            try:
                assert slots.open_with_passphrase(folder / "store", words) == opened.key
            except TaskforceError:
                continue
            found.append(words)
        return found

    typed = (old, new, new)
    calls = bench.calls_of(team.folder, tmp_path, line, typed)
    assert len(calls) > 5
    ends: Counter[bool] = Counter()
    step = 1 if SOAKING else 3 if way == "killed" else 6
    for at in [*range(1, len(calls) - 1, step), len(calls)]:
        here = tmp_path / "here"
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(team.folder, here)
        ran, fired = bench.run(here, line, mode=WAYS[way], at=at, typed=typed)
        where = f"{way} at call {at} of {len(calls)}: {fired}\n{ran.said}"
        if way == "killed":
            assert ran.signal == signal.SIGKILL, where
        else:
            assert ran.signal is None and ran.code in (0, 7) and "Traceback" not in ran.said, where
        opens = opening(here)
        assert opens in ([old], [new]), where
        assert ran.code != 0 or opens == [new], f"acknowledged and not there: {where}"
        assert state_of(here)[1] == ["key", "second"], where
        assert (here / "store" / DATABASE).read_bytes() == database, where
        ends[opens == [new]] += 1
        if opens == [old]:
            assert bench.run(here, line, typed=typed)[0].code == 0, where
            assert opening(here) == [new], where
        else:
            Team(here).call("key", "add", "--new-key-file", str(here / "fourth")).ok()
        assert not [path for path in (here / "store").iterdir() if path.name.startswith(".")], where
    assert ends[False], ends
    assert ends[True] or way != "killed", ends


@pytest.mark.skipif(os.name == "nt", reason="a process is started otherwise there")
def test_programs_that_change_the_slots_at_once_lose_none(team: Team) -> None:
    database = (team.store / DATABASE).read_bytes()
    names = [f"more-{number}" for number in range(5)]
    running = [
        subprocess.Popen(
            [*PROGRAM, "key", "add", "--new-key-file", name, *team.place, "--json"],
            cwd=team.folder,
            env=environment_of(),
            stdout=subprocess.PIPE,
        )
        for name in names
    ]
    assert [one.communicate(timeout=60) and one.returncode for one in running] == [0] * 5
    keys = {slots.open_with_key_file(team.store, team.folder / name) for name in ("key", "second", *names)}
    assert len(keys) == 1
    assert len(rewrapping.list_slots(team.store)) == 7
    assert (team.store / DATABASE).read_bytes() == database
