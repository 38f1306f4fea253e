"""What is in the memory of a process that opens a store gets neither into a core nor to another program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from program import Team, environment_of

LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

DROPPING = """
import ctypes

def drop_privileges():
    header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capset(header, nothing) == 0
"""
"""Keeps the user, and lets go of what lets root look everywhere (capabilities(7))."""

# Stops when the command has the database open, until stdin ends.
DRIVER = """
import sys
drop_privileges()
from taskforce.store import store
before = store.connect
def connect(*rest, **more):
    made = before(*rest, **more)
    print("open", file=sys.stderr, flush=True)
    sys.stdin.read()
    return made
store.connect = connect
from taskforce.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@LINUX_ONLY
@pytest.mark.parametrize(
    "line",
    [("contact", "list"), ("init", "--agency", "TH-RTP", "--officer", "P. Chai"), ("backup", "verify", "b")],
    ids=" ".join,
)
def test_no_core_and_no_look_in_from_outside_once_a_store_is_open(team: Team, line: tuple[str, ...]) -> None:
    if line[0] == "backup":
        team.call("backup", str(team.folder / "b")).ok()
    place = ["--store", str(team.folder / "new"), *team.place[2:]] if line[0] == "init" else team.place
    child = subprocess.Popen(
        [sys.executable, "-c", DROPPING + DRIVER, *line, *place],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment_of(),
        cwd=team.folder,
    )
    assert child.stdin and child.stderr
    try:
        assert child.stderr.readline() == b"open\n"
        place_of_it = Path("/proc", str(child.pid))
        (core,) = (each for each in (place_of_it / "limits").read_text().splitlines() if "core file" in each)
        assert core.split()[4:6] == ["0", "0"]
        assert (place_of_it / "environ").stat().st_uid == 0  # whoever runs it: proc(5)
        assert not may_be_looked_into(child.pid)
    finally:
        child.communicate()
    assert child.returncode == 0


@LINUX_ONLY
def test_a_command_that_opens_none_is_left_as_it_was(team: Team) -> None:
    driver = (
        "import ctypes, sys; from taskforce.__main__ import main; assert main(sys.argv[1:]) == 0;"
        "print('dumpable', ctypes.CDLL(None).prctl(3))"
    )
    for line in (["--version"], ["key", "list", *team.place]):
        told = subprocess.run(
            [sys.executable, "-c", driver, *line], capture_output=True, text=True, env=environment_of()
        )
        assert told.stdout.splitlines()[-1] == "dumpable 1"


def may_be_looked_into(process: int) -> bool:
    """Whether another process without privileges, of that process's user, may read its memory and files' names."""
    probe = os.fork()
    if not probe:
        code = 2
        try:
            exec(DROPPING + "drop_privileges()", {})
            os.readlink(f"/proc/{process}/fd/0")
            code = 1
        except PermissionError:
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(probe, 0)[1])
    assert code != 2
    return bool(code)


@LINUX_ONLY
def test_the_probe_sees_what_is_not_kept() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", DROPPING + "drop_privileges(); print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert child.stdout and child.stdout.readline()
        assert may_be_looked_into(child.pid)
    finally:
        child.communicate()
