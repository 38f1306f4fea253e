"""`taskforce` alone: the room on a terminal, the help elsewhere; and a named command is the only one that runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pexpect

PROGRAM = [sys.executable, "-m", "taskforce"]


def on_terminal(*arguments: str) -> tuple[str, int]:
    child = pexpect.spawn(
        PROGRAM[0], [*PROGRAM[1:], *arguments], encoding="utf-8", dimensions=(24, 100), timeout=30
    )
    child.expect(pexpect.EOF)
    child.close()
    return child.before, child.exitstatus


def test_on_a_terminal_init_makes_the_store_and_nothing_else_opens_one(tmp_path: Path) -> None:
    store, key = str(tmp_path / "store"), str(tmp_path / "key")
    shared = ["--store", store, "--key-file", key]
    screen, code = on_terminal("init", "--agency", "KH-CNP", "--officer", "J. Sok", *shared)
    assert code == 0, screen
    assert "KH-CNP" in screen
    assert "error" not in screen


def test_alone_on_a_terminal_it_opens_the_room(tmp_path: Path) -> None:
    shared = ["--store", str(tmp_path / "store"), "--key-file", str(tmp_path / "key")]
    on_terminal("init", "--agency", "KH-CNP", "--officer", "J. Sok", *shared)
    child = pexpect.spawn(
        PROGRAM[0], [*PROGRAM[1:], *shared], encoding="utf-8", dimensions=(24, 100), timeout=30
    )
    child.expect("no operation chosen")
    child.send("\x11")  # ctrl+q
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_the_room_needs_a_terminal(tmp_path: Path) -> None:
    for name in ("tui", "wall"):
        done = subprocess.run([*PROGRAM, name], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "needs a terminal" in done.stderr


def test_alone_in_a_pipe_it_shows_the_help() -> None:
    done = subprocess.run(PROGRAM, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: taskforce")
