"""Runs the real program over real stores: as a process of its own or, where many runs are needed, by calling main()."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import pkgutil
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import taskforce
from taskforce.__main__ import main
from taskforce.keys import slots
from taskforce.store import incarnation
from taskforce.store.connection import transaction
from taskforce.store.store import Store

SOURCE = Path(__file__).resolve().parents[2] / "src"
PROGRAM = [sys.executable, "-m", "taskforce"]


PEAK = r"""
import re

def peak():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) // 1024
"""
"""For a script that runs in a process of its own, on Linux: the most megabytes that were resident in it.

What `getrusage` tells of a process begins with what its parent had.
"""


@dataclass(frozen=True)
class Ran:
    """What one run of the program wrote, and its exit code."""

    code: int
    out: str
    err: str

    def ok(self) -> Ran:
        """This run, which must have succeeded."""
        assert self.code == 0, f"exit {self.code}\n{self.out}\n{self.err}"
        return self

    def failed(self, code: int) -> Ran:
        """This run, which must have ended with `code`, and without a traceback."""
        assert self.code == code, f"exit {self.code} instead of {code}\n{self.out}\n{self.err}"
        assert "Traceback" not in self.out + self.err
        return self

    @property
    def envelope(self) -> dict[str, Any]:
        """The JSON envelope on stdout."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def data(self) -> Any:
        """The envelope's data, of a run that must have succeeded."""
        self.ok()
        return self.envelope["data"]


@dataclass(frozen=True)
class Team:
    """A store and its key file, and the ways to run the program over them."""

    folder: Path

    @property
    def store(self) -> Path:
        """The store's folder."""
        return self.folder / "store"

    @property
    def key(self) -> Path:
        """The key file."""
        return self.folder / "key"

    @property
    def place(self) -> list[str]:
        """The options that name the store and its key."""
        return ["--store", str(self.store), "--key-file", str(self.key)]

    def call(self, *arguments: str, stdin: bytes = b"") -> Ran:
        """Call main() in this process."""
        return call(*arguments, *self.place, stdin=stdin)

    def data(self, *arguments: str) -> Any:
        """What a command gives to scripts; it must succeed."""
        return self.call(*arguments, "--json").data

    def error(self, *arguments: str) -> dict[str, Any]:
        """The one error that a command gives to scripts."""
        ran = self.call(*arguments, "--json")
        assert ran.code != 0, ran.out
        (error,) = ran.envelope["errors"]
        return {**error, "exit": ran.code}

    def consent(self, victim: str, to: str, *more: str, given_by: str = "individual") -> dict[str, Any]:
        """Note that a victim agrees to services by these agencies, with all parts."""
        about = ("--purpose", "services", "--parts", "case,care,identity", "--given-by", given_by)
        found: dict[str, Any] = self.data("consent", "add", victim, *about, "--to", to, *more)
        return found

    def run(self, *arguments: str, stdin: bytes = b"", **environment: str) -> Ran:
        """Run the program as a process of its own."""
        return run(*arguments, *self.place, stdin=stdin, cwd=self.folder, **environment)

    def fork(self, *arguments: str, **environment: str) -> Ran:
        """Run the program as a process of its own that need not start Python and load the program first."""
        return fork(*arguments, *self.place, cwd=self.folder, **environment)

    def export(self) -> str:
        """Every record in view as a plan: what two stores are compared by."""
        return self.call("export", "--records").ok().out

    def fingerprint(self) -> tuple[str, int]:
        """All that the store says: its records, and how many edits it holds."""
        return self.export(), self.data("doctor")["edits"]

    def copy_to(self, folder: Path) -> Team:
        """This store and key as they are now in an empty folder: to go on from there, in this store's place."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        settle(folder / "store", slots.open_with_key_file(folder / "store", folder / "key"))
        return Team(folder)


def settle(folder: Path, key: bytes) -> None:
    """Let a copied store take itself for the one it was copied from: a snapshot of a whole disk leaves no trace."""
    store = Store.open(folder, key)
    with transaction(store.connection):
        incarnation.mark(store)
    store.close()


def call(*arguments: str, stdin: bytes = b"") -> Ran:
    """Call main() in this process, with pipes in place of a terminal."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _stream in range(2))
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([*arguments])
    finally:
        sys.stdin = before
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
    return Ran(code, *texts)


def environment_of(**more: str) -> Mapping[str, str]:
    """The environment of a process: a test's own, with our source tree."""
    return {**os.environ, "PYTHONPATH": str(SOURCE), **more}


def run(*arguments: str, stdin: bytes = b"", cwd: Path | None = None, **environment: str) -> Ran:
    """Run the program as a process of its own, with pipes in place of a terminal."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        input=stdin,
        cwd=cwd,
        env=environment_of(**environment),
        capture_output=True,
        timeout=60,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def fork(*arguments: str, cwd: Path, **environment: str) -> Ran:
    """Run the program in a child of this process, with files in place of a terminal; where there is no fork, anew.

    It costs a quarter of a start. What a start itself does is for `run`.
    """
    if not hasattr(os, "fork"):
        return run(*arguments, cwd=cwd, **environment)
    load_program()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, open(os.devnull, "rb") as nothing:
        child = os.fork()
        if not child:
            code = 99
            try:
                for number, stream in enumerate((nothing, out, err)):
                    os.dup2(stream.fileno(), number)
                sys.stdin, sys.stdout, sys.stderr = (
                    open(number, mode, encoding="utf-8", newline="")  # noqa: SIM115 (as long as the process)
                    for number, mode in enumerate(("r", "w", "w"))
                )
                os.chdir(cwd)
                os.environ.update(environment)
                code = main([*arguments])
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(code)
        status = os.waitpid(child, 0)[1]
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode())
    return Ran(os.waitstatus_to_exitcode(status), *texts)


@cache
def load_program() -> None:
    """Load all that commands need, once: for children of this process."""
    for found in pkgutil.walk_packages(taskforce.__path__, "taskforce."):
        if not found.name.startswith(("taskforce.tui", "taskforce.demo", "taskforce.__main__")):
            importlib.import_module(found.name)
    for name in ("nacl.bindings", "pyrage", "sqlite_utils", "rich.table"):
        importlib.import_module(name)


def new_team(folder: Path, agency: str, officer: str) -> Team:
    """A store made by the real `init`."""
    folder.mkdir(parents=True, exist_ok=True)
    team = Team(folder)
    team.call("init", "--agency", agency, "--officer", officer).ok()
    return team


def introduce(*teams: Team) -> None:
    """Let every team enter every other's card."""
    for team in teams:
        team.call("peer", "card", "-o", str(team.folder / "card")).ok()
    for team in teams:
        for other in teams:
            if other is not team:
                team.call("peer", "add", str(other.folder / "card"), "--yes").ok()
