"""`unlock` and `lock`: an agent keeps the key for a while, for commands of its user alone, and then has it no more."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest
from phrases import CANARY, by_descriptor, new_store
from program import Team, call, run
from test_exit_codes import answer_passphrases, spawn

from taskforce.keys import agent, slots
from taskforce.keys.agent_process import Vault, clock, numbers_of_database, start_agent
from taskforce.keys.private_folder import is_private, name_of_store, private_folder
from taskforce.store.store import DATABASE

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no agent on Windows")
ROOT_ONLY = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="takes another user")
NOBODY = 65534
KEY = bytes(range(32))


@pytest.fixture(autouse=True)
def no_agent_stays(away_from_home: None) -> Iterator[None]:
    """End what a test left running."""
    yield
    agent.end_all_agents()


@pytest.fixture
def store(with_passphrase: Path) -> Path:
    """A store that opens with a passphrase."""
    return with_passphrase


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short name: that of a socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="tf") as folder:
        yield Path(folder)


def unlock(store: Path, *more: str) -> dict[str, object]:
    found: dict[str, object] = by_descriptor(CANARY, "unlock", *more, "--json", store=store).data
    return found


def is_locked(store: Path) -> bool:
    """Whether a command would have to ask."""
    ran = call("contact", "list", "--store", str(store))
    assert ran.code in (0, 6), ran
    assert ran.code == 0 or "the store is locked" in ran.err
    return ran.code == 6


def until(holds: Callable[[], bool], seconds: float = 8.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def agents() -> list[Path]:
    """The sockets in the private folder."""
    return sorted(Path(private_folder()).glob("*.agent*"))


def process_of(store: Path) -> int:
    """The agent's process."""
    (path,) = agent.socket_paths(store)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        return agent._peer(connection)[1]


def test_unlocked_once_commands_ask_no_more_until_it_is_locked(store: Path) -> None:
    assert is_locked(store)
    made = unlock(store, "--for", "2h")
    assert (made["store"], made["seconds_idle"]) == (str(store), 900)
    place = ("--store", str(store))
    run("contact", "list", *place).ok()
    run("agency", "add", "KH-NGO", *place).ok()
    ran = call("status", "--json", *place)
    assert 880 < ran.data["unlocked"]["seconds_left"] <= 900
    assert "for 15 min without a command" in call("status", *place).ok().out
    assert "unlocked until" in call("key", "list", *place).ok().err
    assert call("unlock", "--json", *place).data["until"]  # without an option it says for how long
    assert [stat.S_IMODE(path.stat().st_mode) for path in agents()] == [0o600]
    assert stat.S_IMODE(Path(private_folder()).stat().st_mode) == 0o700
    assert call("lock", "--json", *place).data == {"locked": [str(store)]}
    assert is_locked(store) and agents() == []
    assert call("lock", "--json", *place).data == {"locked": []}
    assert call("status", "--json", *place).failed(6)
    assert call("key", "list", *place).ok().err == ""


def test_on_a_terminal_it_is_asked_for_once(store: Path) -> None:
    child = spawn("unlock", "--store", str(store))
    said = answer_passphrases(child, CANARY)
    assert (child.exitstatus, "Unlocked" in said, CANARY in said) == (0, True, False)
    child = spawn("contact", "list", "--store", str(store))
    child.expect("no contacts|$")
    child.wait()
    assert child.exitstatus == 0
    wrong = spawn("unlock", "--for", "1h", "--store", str(store))
    answer_passphrases(wrong, "not that")
    assert wrong.exitstatus == 6
    assert not is_locked(store)  # the one before stays


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_its_process_shows_nothing(store: Path) -> None:
    unlock(store)
    place = Path("/proc", str(process_of(store)))
    key = slots.open_with_passphrase(store, CANARY)
    for name in ("cmdline", "environ"):
        shown = (place / name).read_bytes()
        assert key not in shown and CANARY.encode() not in shown and str(store).encode() not in shown
    (core,) = (each for each in (place / "limits").read_text().splitlines() if "core file" in each)
    assert core.split()[4:6] == ["0", "0"]
    assert (place / "environ").stat().st_uid == 0  # not dumpable: proc(5)
    assert "VmLck:\t       4 kB" in (place / "status").read_text()
    assert {os.readlink(each) for each in (place / "fd").iterdir()} <= {"/dev/null"} | {
        os.readlink(each) for each in (place / "fd").iterdir() if "socket:" in os.readlink(each)
    }
    assert os.readlink(place / "cwd") == "/"


# How long it stays


class Clock:
    """Two clocks that go as they are told: with the computer awake, or asleep."""

    def __init__(self) -> None:
        self.goes_on = self.stands_still = 1000.0

    def __call__(self) -> tuple[float, float]:
        return self.goes_on, self.stands_still

    def awake(self, seconds: float) -> None:
        self.goes_on += seconds
        self.stands_still += seconds

    def asleep(self, seconds: float) -> None:
        self.goes_on += seconds


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / DATABASE
    path.write_bytes(b"x")
    return path


def asks(database: Path) -> bytes:
    return b"K%d-%d" % (os.stat(database).st_dev, os.stat(database).st_ino)


def vault_of(database: Path, clock: Clock, *, idle: float = 900, limit: float = 3600) -> Vault:
    vault = Vault(str(database), idle=idle, limit=limit, clock=clock)
    vault.place[:] = KEY
    return vault


def test_each_command_puts_the_idle_limit_off_and_nothing_the_other_one(database: Path) -> None:
    clock = Clock()
    vault = vault_of(database, clock)
    for _time in range(4):
        clock.awake(890)
        assert b"".join(vault.answer(asks(database))) == b"K" + KEY
    assert vault.left() == (900, 40)
    clock.awake(40)
    assert vault.answer(asks(database)) == [] == vault.answer(b"S")


def test_to_ask_for_its_state_puts_nothing_off(database: Path) -> None:
    clock = Clock()
    vault = vault_of(database, clock)
    clock.awake(600)
    assert vault.answer(b"S") == [b"S300.000 900.000 3000.000"]
    clock.awake(299)
    assert vault.answer(b"S") == [b"S1.000 900.000 2701.000"]
    clock.awake(1)
    assert vault.answer(asks(database)) == []


@pytest.mark.parametrize("seconds", [2, 60, 10**6])
def test_a_computer_that_slept_wakes_locked(database: Path, seconds: float) -> None:
    clock = Clock()
    vault = vault_of(database, clock)
    clock.awake(1)
    assert vault.answer(asks(database))
    clock.asleep(seconds)
    assert vault.answer(asks(database)) == [] == vault.answer(b"S")
    assert vault.left() == (0, 0)


def test_the_clocks_are_those_and_go_together_while_it_is_awake() -> None:
    before, then = clock(), clock()
    assert then[0] - before[0] == pytest.approx(then[1] - before[1], abs=0.01)
    if sys.platform == "linux":
        assert clock()[0] == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=0.1)
        assert clock()[1] == pytest.approx(time.clock_gettime(time.CLOCK_MONOTONIC), abs=0.1)


def test_wiped_it_is_zeros(database: Path) -> None:
    vault = vault_of(database, Clock())
    assert bytes(vault.place) == KEY
    vault.wipe()
    assert bytes(vault.place) == bytes(32)


def test_for_real_it_ends_by_itself_and_leaves_no_socket(store: Path) -> None:
    key = slots.open_with_passphrase(store, CANARY)
    for limits in ({"idle": 0.4, "limit": 60.0}, {"idle": 60.0, "limit": 0.4}):
        assert start_agent(str(store), name_of_store(store), key, **limits) == ""
        assert agent.ask_key(store) == key
        process = process_of(store)
        until(lambda: not agents(), 4)
        until(lambda: not is_running(process))  # noqa: B023 (called at once)
        assert agent.ask_key(store) is None


def is_running(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat") as found:
            return found.read().split()[2] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_told_or_killed_by_the_system_it_is_locked(store: Path, number: signal.Signals) -> None:
    unlock(store)
    process = process_of(store)
    os.kill(process, number)
    until(lambda: not is_running(process))
    assert is_locked(store)
    assert bool(agents()) == (number == signal.SIGKILL)
    unlock(store)  # what a killed one left is no hindrance
    assert not is_locked(store)


def test_one_that_does_not_answer_is_ended_too(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlock(store)
    process = process_of(store)
    os.kill(process, signal.SIGSTOP)
    monkeypatch.setattr(agent, "PATIENCE", 0.2)
    assert is_locked(store)
    call("lock", "--store", str(store)).ok()
    until(lambda: not is_running(process))
    assert agents() == []


def test_whoever_says_nothing_keeps_nobody_waiting_for_long(store: Path) -> None:
    unlock(store)
    (path,) = agent.socket_paths(store)
    silent = [socket.socket(socket.AF_UNIX) for _one in range(2)]
    for connection in silent:
        connection.connect(path)
    for junk in (b"", b"x" * 10**5, b"K", b"K1-1", b"\0"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            try:
                connection.sendall(junk)
                connection.shutdown(socket.SHUT_WR)
                assert connection.recv(100) == b""
            except (BrokenPipeError, ConnectionResetError):
                pass
    assert not is_locked(store)
    for connection in silent:
        connection.close()


# Which store it is


def test_another_store_in_its_place_does_not_get_the_key(store: Path, tmp_path: Path) -> None:
    unlock(store)
    (tmp_path / "link").symlink_to(store)
    assert not is_locked(tmp_path / "link")  # it is the same one, by whatever path
    other = new_store(tmp_path, "TH-RTP")
    kept = store.rename(tmp_path / "moved")
    shutil.copytree(other, store)
    assert is_locked(store) and is_locked(kept)
    until(lambda: not agents())


def test_another_database_in_the_same_folder_does_not_get_the_key_and_its_agent_ends(
    store: Path, tmp_path: Path
) -> None:
    unlock(store)
    other = new_store(tmp_path, "TH-RTP")
    shutil.copy(other / DATABASE, tmp_path / "copy")
    os.replace(tmp_path / "copy", store / DATABASE)
    assert agent.ask_key(store) is None
    assert agent.ask_state(store) is None
    until(lambda: not agents(), 8)


def test_a_key_that_does_not_open_the_store_is_not_used(store: Path, tmp_path: Path) -> None:
    """Another store's bytes were written over the database: to the system it is the same file."""
    unlock(store)
    key = slots.open_with_passphrase(store, CANARY)
    other = new_store(tmp_path, "TH-RTP")
    for name in (DATABASE, slots.FILE_NAME):
        (store / name).write_bytes((other / name).read_bytes())
    assert agent.ask_key(store) == key
    assert is_locked(store)
    assert by_descriptor(CANARY, "status", "--json", store=store).data["agency"] == "TH-RTP"


def test_a_damaged_store_is_told_as_such(store: Path) -> None:
    unlock(store)
    content = bytearray((store / DATABASE).read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    (store / DATABASE).write_bytes(content)
    assert "damaged" in call("contact", "list", "--store", str(store)).failed(7).err


def test_all_are_locked_at_once(store: Path, tmp_path: Path) -> None:
    other = new_store(tmp_path, "TH-RTP")
    for each in (store, other):
        unlock(each)
    assert len(agents()) == 2
    call("lock", "--store", str(other)).ok()
    assert (is_locked(store), is_locked(other)) == (False, True)
    unlock(other)
    ran = call("lock", "--all", "--json", "--store", str(tmp_path / "none"))
    assert sorted(ran.data["locked"]) == sorted([str(store), str(other)])
    assert is_locked(store) and is_locked(other) and agents() == []


def test_what_is_to_be_given_instead_is_what_helps(store: Path) -> None:
    for line, helps in ((("contact", "list"), True), (("key", "rotate"), False), (("unlock",), False)):
        told = call(*line, "--store", str(store)).failed(6).err
        assert "--passphrase-fd" in told
        assert ("taskforce unlock" in told) is helps


def test_who_changes_what_opens_the_store_shows_what_opens_it(store: Path, team: Team) -> None:
    unlock(store)
    ran = call("key", "add", "--new-key-file", str(team.folder / "k"), "--store", str(store)).failed(6)
    assert "the store is locked" in ran.err and not (team.folder / "k").exists()


def test_a_named_key_file_goes_before_it(store: Path, team: Team) -> None:
    unlock(store)
    call("contact", "list", "--store", str(store), "--key-file", str(team.key)).failed(6)
    team.call("unlock").ok()
    call("contact", "list", "--store", str(team.store)).ok()


def test_a_program_for_the_passphrase_comes_after_it(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "c.yaml"))
    call("config", "set", "passphrase-command", "no-such-program-here").ok()
    call("contact", "list", "--store", str(store)).failed(6)
    unlock(store)
    call("contact", "list", "--store", str(store)).ok()


def test_the_room_opens_with_it(store: Path) -> None:
    unlock(store)
    child = spawn("tui", "--store", str(store))
    child.expect("KH-CNP")
    child.send("\x11")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "assphrase" not in child.before


def test_completion_asks_nobody(store: Path) -> None:
    words = {
        "_TASKFORCE_COMPLETE": "complete_bash",
        "COMP_WORDS": f"taskforce --store {store} agency show ",
        "COMP_CWORD": "5",
    }
    assert "KH-CNP" not in run("x", **words).out
    unlock(store)
    assert "KH-CNP" in run("x", **words).out


@pytest.mark.parametrize(
    "words", [("--for", "x"), ("--for", "8d"), ("--idle", "0"), ("--idle", "-5m"), ("--for", "")]
)
def test_what_is_no_time_is_said(store: Path, words: tuple[str, str]) -> None:
    ran = by_descriptor(CANARY, "unlock", *words, store=store).failed(2)
    assert words[0] in ran.err
    assert agents() == []


def test_the_settings_say_how_long(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "c.yaml"))
    call("config", "set", "unlock-for", "10m").ok()
    call("config", "set", "unlock-idle", "30m").ok()
    call("config", "set", "unlock-idle", "soon").failed(2)
    made = unlock(store)
    assert made["seconds_idle"] == 1800
    assert 590 < int(str(made["seconds_left"])) <= 600


def test_where_there_is_no_agent_it_says_so(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "is_possible", lambda: False)
    for line in (("unlock",), ("lock",), ("lock", "--all")):
        assert "no agent on Windows" in by_descriptor(CANARY, *line, store=store).failed(4).err
    by_descriptor(CANARY, "contact", "list", store=store).ok()


# Whose folder and whose process it is


def test_a_folder_that_is_not_mine_alone_is_not_trusted(store: Path, tmp_path: Path) -> None:
    folder = Path(private_folder())
    folder.mkdir(parents=True, mode=0o700)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    unlock(store)
    (listening,) = agents()

    def refused() -> None:
        assert agent.ask_key(store) is None and is_locked(store)
        ran = by_descriptor(CANARY, "unlock", "--for", "1h", store=store).failed(7)
        assert "not yours alone" in ran.err

    folder.chmod(0o755)
    refused()
    folder.chmod(0o700)
    assert not is_locked(store)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, -1)
        refused()
        os.chown(folder, 0, -1)
    shutil.copytree(folder, elsewhere / "run", symlinks=True, ignore=lambda *_: [listening.name])
    folder.rename(tmp_path / "was")
    folder.symlink_to(tmp_path / "was")
    refused()
    folder.unlink()
    (tmp_path / "was").rename(folder)
    assert not is_locked(store)


def test_a_user_without_a_home_is_told_and_works_on_and_gets_no_folder_called_tilde(
    store: Path, team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_number: int) -> object:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", nobody)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert "no home" in call("status").failed(2).err
    call("config", "show").ok()
    for line in (("config", "path"), ("config", "set", "theme", "dark")):
        assert "TASKFORCE_CONFIG" in call(*line).failed(2).err
    for line in (("lock",), ("unlock", "--key-file", str(team.key))):
        assert "no home" in call(*line, "--store", str(team.store)).failed(7).err
    team.call("status").ok()
    team.call("wipe", "INTERPOL", "--yes").ok()
    assert sorted(tmp_path.iterdir()) == before


def test_a_runtime_folder_is_used_if_it_is_private(
    store: Path, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = short / "runtime"
    runtime.mkdir(mode=0o700)
    fallback = private_folder()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    assert private_folder() == str(runtime / "taskforce")
    unlock(store)
    assert is_private(str(runtime / "taskforce")) and not is_locked(store)
    for mode in (0o777, 0o1777, 0o750):
        runtime.chmod(mode)
        assert private_folder() == fallback
    monkeypatch.setenv("XDG_RUNTIME_DIR", "relative")
    assert private_folder() == fallback
    runtime.chmod(0o700)
    assert is_locked(store)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    assert not is_locked(store)
    call("lock", "--store", str(store)).ok()
    monkeypatch.delenv("XDG_RUNTIME_DIR")  # as a process of cron has none
    unlock(store)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    assert not is_locked(store)
    assert call("lock", "--all", "--json").data == {"locked": [str(store)]}
    assert is_locked(store)


IMPOSTOR = """
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
if len(sys.argv) > 2:
    os.chmod(sys.argv[1], 0o777)
    os.setuid(int(sys.argv[2]))
listener.listen()
print(flush=True)
while True:
    connection, _ = listener.accept()
    connection.recv(100)
    try:
        connection.sendall(b"K" + b"x" * 32)
    except OSError:
        pass
    connection.close()
"""


def impostor(store: Path, *more: str) -> subprocess.Popen[bytes]:
    folder = Path(private_folder())
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    path = str(folder / (name_of_store(store) + agent.SUFFIX))
    child = subprocess.Popen([sys.executable, "-c", IMPOSTOR, path, *more], stdout=subprocess.PIPE)
    assert child.stdout and child.stdout.readline()
    return child


def test_who_pretends_to_be_it_makes_the_command_ask(store: Path) -> None:
    child = impostor(store)
    try:
        assert agent.ask_key(store) == b"x" * 32
        assert is_locked(store)
        assert call("status", "--store", str(store)).failed(6)
    finally:
        child.kill()
        child.communicate()


@ROOT_ONLY
def test_another_users_process_is_not_talked_to(store: Path) -> None:
    child = impostor(store, str(NOBODY))
    try:
        assert agent.ask_key(store) is None
    finally:
        child.kill()
        child.communicate()


@ROOT_ONLY
def test_another_users_process_gets_no_answer(store: Path, tmp_path: Path) -> None:
    unlock(store)
    (path,) = agent.socket_paths(store)
    numbers = numbers_of_database(str(store / DATABASE))
    assert numbers is not None
    for user, answer in ((0, b"K"), (NOBODY, b"")):
        line = [sys.executable, "-c", ASKING, path, f"K{numbers[0]}-{numbers[1]}", str(user)]
        ran = subprocess.run(line, capture_output=True, text=True)
        assert ast.literal_eval(ran.stdout)[:1] == answer


ASKING = """
import ctypes, os, socket, sys
user = int(sys.argv[3])
if user:
    # Another user, who may still go through every folder (CAP_DAC_OVERRIDE).
    libc = ctypes.CDLL(None)
    assert libc.prctl(8, 1, 0, 0, 0) == 0
    os.setresuid(user, user, user)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    kept = (ctypes.c_uint32 * 6)(2, 2, 0, 0, 0, 0)
    assert libc.capset(header, kept) == 0
one = socket.socket(socket.AF_UNIX)
one.connect(sys.argv[1])
try:
    one.sendall(sys.argv[2].encode())
    one.shutdown(1)
    print(one.recv(100))
except (BrokenPipeError, ConnectionResetError):
    print(b"")
"""
