"""The bench: a process that runs the program over and over on a disk which shim.c can spoil at any of its calls."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from program import environment_of

HERE = Path(__file__).parent
NOW = "2026-11-24T12:00:00+00:00"

KILL, TEAR, FULL, BROKEN, DYING = 1, 2, 3, 4, 5


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
        self,
        folder: Path,
        arguments: tuple[str, ...],
        *,
        mode: int = 0,
        at: int = 0,
        noted: bool = True,
        store: str = "store",
        typed: tuple[str, ...] = (),
    ) -> tuple[Ran, list[str]]:
        """Run the program in `folder`; how it ended, and the calls that the shim noted."""
        self.trace.write_text("")
        place = ["--store", store, "--key-file", "key"]
        task = {
            "arguments": [*arguments, *place],
            "folder": str(folder),
            "environment": {"TASKFORCE_NOW": NOW, "TMPDIR": str(folder / "tmp")},
            "mode": mode,
            "at": at,
            "trace": str(self.trace) if noted else "",
            "typed": typed,
        }
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        return Ran(**json.loads(self.process.stdout.readline())), self.trace.read_text().splitlines()

    def calls_of(
        self, base: Path, room: Path, arguments: tuple[str, ...], typed: tuple[str, ...] = ()
    ) -> list[str]:
        """The calls that an action makes, done on a copy of a folder."""
        folder = room / "counted"
        shutil.copytree(base, folder)
        ran, calls = self.run(folder, arguments, typed=typed)
        assert ran.code == 0, ran.said
        return calls


def build_bench(folder: Path) -> Iterator[Bench]:
    """The shim, built, and the process that it stands beside."""
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
        env=environment_of(
            LD_PRELOAD=str(shim), PYTHONDONTWRITEBYTECODE="1", LC_ALL="C.UTF-8", TZ="UTC", HOME=str(folder)
        ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield Bench(process, folder / "trace")
    process.kill()
    process.wait()
