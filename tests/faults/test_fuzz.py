"""Whatever a file holds, every reader answers with data or a TaskforceError: at random, and for hostile files.

`make fuzz` goes on for minutes, with coverage to lead it.
"""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from program import PEAK
from readers import CORPUS, READERS, Readers, mutated

FILES = sorted(path.name for path in CORPUS.iterdir() if path.suffix != ".md")
LONGEST = 5.0
"""Seconds that a reader may take for a file, on a machine that has other work, too."""


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Readers:
    """Two stores and all that reads into them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(tmp_path_factory.mktemp("settings") / "none.yaml"))
        return Readers(tmp_path_factory.mktemp("readers"))


@pytest.mark.parametrize("name", READERS)
def test_true_files_are_read(readers: Readers, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFORCE_CONFIG", "")
    assert "read" in [readers.read(name, data) for data in readers.seeds(name)], (
        "else the rest here says nothing"
    )


@pytest.mark.parametrize("name", READERS)
@given(chance=st.randoms(use_true_random=False))
def test_nearly_true_files_are_data_or_an_error_of_ours(
    readers: Readers, name: str, chance: random.Random
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", "")
        began = time.monotonic()
        readers.read(name, mutated(chance.choice(readers.seeds(name)), chance))
        assert time.monotonic() - began < LONGEST


def test_there_are_hostile_files() -> None:
    assert len(FILES) > 20


def test_every_hostile_file_is_refused_or_read_by_every_reader_in_little_memory_and_time(
    tmp_path: Path,
) -> None:
    script = """
        import faulthandler, os, resource, signal, sys, time
        from pathlib import Path
        sys.path[:0] = sys.argv[2:]
        from readers import CORPUS, READERS, Readers
        readers = Readers(Path(sys.argv[1]))
        began = peak()
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        for path in sorted(CORPUS.iterdir()):
            for name in READERS:
                at = time.monotonic()
                faulthandler.dump_traceback_later(20, exit=True)
                readers.read(name, path.read_bytes())
                faulthandler.cancel_dump_traceback_later()
                if time.monotonic() - at > 5:
                    print(path.name, name, "took", time.monotonic() - at)
        print("memory", peak() - began < 200)
    """
    helpers = [str(Path(__file__).parents[1] / each) for each in ("faults", "sync", "cli")]
    done = subprocess.run(
        [sys.executable, "-c", PEAK + textwrap.dedent(script), str(tmp_path / "stores"), *helpers],
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert (done.returncode, done.stdout, done.stderr[-3000:]) == (0, "memory True\n", "")
