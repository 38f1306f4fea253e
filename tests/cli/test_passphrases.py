"""A passphrase without a person who types it, and what wrong ones cost."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import time
from pathlib import Path

import pytest
from phrases import CANARY, by_descriptor
from program import Team, call, run
from test_exit_codes import answer_passphrases, spawn

from taskforce.actions.unlocking import Opener
from taskforce.errors import Locked
from taskforce.keys import guessing

WRONG = "not the canary at all"
NOT_THIS = " error: this key does not open this store\n"
UNIX = pytest.mark.skipif(os.name == "nt", reason="descriptors are inherited in another way there")


@pytest.fixture
def store(with_passphrase: Path) -> Path:
    """A store that opens with a passphrase, and at which nobody has mistyped it yet."""
    return with_passphrase


def test_a_descriptor_gives_it_and_is_closed_behind_it(store: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, (CANARY + "\r\n").encode())
    os.close(writer)
    call("status", "--store", str(store), "--passphrase-fd", str(reader)).ok()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(reader)


@UNIX
def test_stdin_may_give_it_and_goes_on_behind_its_first_line(store: Path) -> None:
    line = ("import", "-", "--store", str(store), "--passphrase-fd", "0")
    ran = run(*line, stdin=CANARY.encode() + b"\nagencies:\n- code: KH-NGO\n")
    assert "agencies: 1 new" in ran.ok().out


def test_what_gives_none_is_said_and_quotes_nothing(store: Path) -> None:
    place = ("--store", str(store))
    assert "--passphrase-fd 99" in call("status", *place, "--passphrase-fd", "99").failed(2).err
    assert "--passphrase-fd -1" in call("status", *place, "--passphrase-fd", "-1").failed(2).err
    assert call("status", *place, "--passphrase-fd", CANARY).failed(2).out == ""  # it takes a number only
    assert "exclude" in call("status", *place, "--passphrase-fd", "0", "--key-file", "k").failed(2).err
    assert "no passphrase" in by_descriptor("", "status", store=store).failed(6).err
    assert "too long" in by_descriptor("x" * 5000, "status", store=store).failed(6).err
    assert by_descriptor(WRONG, "status", store=store).failed(6).err == NOT_THIS
    by_descriptor(CANARY, "status", store=store).ok()


@UNIX
def test_a_terminal_is_no_descriptor_for_it(store: Path) -> None:
    child = spawn("status", "--store", str(store), "--passphrase-fd", "0")
    child.expect("would show what is typed")
    child.wait()
    assert child.exitstatus == 2


def python(code: str) -> str:
    return f'"{sys.executable}" -c "{code}"'


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        (python(f"print('{CANARY}'); print('more')"), 0, ""),
        (python(f"print('{WRONG}')"), 6, "does not open"),
        (python(f"print('{CANARY}'); raise SystemExit(3)"), 6, "exit code 3"),
        (python("pass"), 6, "no passphrase"),
        (python("[print('x' * 9999, flush=True) for _ in iter(int, 1)]"), 6, "too long"),
        ("no-such-program-here", 6, "cannot be started"),
        (f"echo {CANARY} | cat", 6, "does not open"),  # no shell runs
    ],
    ids=["right", "wrong", "fails", "silent", "endless", "missing", "shell"],
)
def test_a_program_gives_it_and_nothing_of_it_is_shown(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, code: int, says: str
) -> None:
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "c.yaml"))
    call("config", "set", "passphrase-command", command).ok()
    ran = call("contact", "list", "--store", str(store))
    assert ran.code == code and says in ran.err
    assert CANARY not in ran.err + ran.out and WRONG not in ran.err + ran.out


def test_option_environment_setting_in_this_order(
    team: Team, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key file that is named anywhere goes before the program; a descriptor before all."""
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "c.yaml"))
    for value in ("", "'", "   "):
        assert call("config", "set", "passphrase-command", value or "''").code == (0 if not value else 2)
    call("config", "set", "passphrase-command", python(f"print('{CANARY}')")).ok()
    call("contact", "list", "--store", str(store)).ok()
    call("config", "set", "key-file", str(team.key)).ok()
    call("contact", "list", "--store", str(team.store)).ok()
    call("contact", "list", "--store", str(store)).failed(6)
    by_descriptor(CANARY, "contact", "list", store=store).ok()
    monkeypatch.setenv("TASKFORCE_KEY_FILE", str(team.key))
    by_descriptor(CANARY, "contact", "list", store=store).ok()


# What wrong ones cost


def test_the_delay_grows_and_has_an_end() -> None:
    assert [guessing.delay(count) for count in range(9)] == [0, 0, 1, 2, 4, 8, 16, 30, 30]
    assert guessing.delay(10**6) == guessing.LONGEST


def test_each_costs_more_than_the_one_before_in_whichever_process_and_nobody_is_locked_out(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_800_000_000.0]
    waited: list[float] = []
    monkeypatch.setattr(time, "time", lambda: now[0])

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    def attempt(passphrase: str) -> bytes:
        return Opener(store).open_slot(passphrase, wait=sleep).key  # a new one each time, as each process has

    for _time in range(9):
        with pytest.raises(Locked):
            attempt(WRONG)
    assert waited == pytest.approx([1, 2, 4, 8, 16, 30, 30])
    path = store / guessing.FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert WRONG not in path.read_text()
    now[0] += 12
    assert len(attempt(CANARY)) == 32
    assert waited[-1] == pytest.approx(18)  # what is over already counts
    assert not path.exists()
    attempt(CANARY)
    assert len(waited) == 8


def test_a_clock_that_was_set_and_a_file_that_says_anything_lock_nobody_out(store: Path) -> None:
    path = store / guessing.FILE_NAME
    for text in (f"9 {time.time() + 10**9}", f"{10**30} {time.time()}"):
        path.write_text(text)
        assert 0 < guessing.seconds_to_wait(store) <= guessing.LONGEST
    for text in ("", "x", "9", "-5 1", "9 nan", "\0" * 10**6, "9 1e999"):
        path.write_text(text)
        assert guessing.seconds_to_wait(store) == 0
        guessing.note_wrong(store)
        assert re.fullmatch(r"1 \d+\.\d+\n", path.read_text())


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_nothing_is_written_through_a_link_and_nothing_read_from_a_fifo(store: Path, tmp_path: Path) -> None:
    path, elsewhere = store / guessing.FILE_NAME, tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    path.symlink_to(elsewhere)
    guessing.note_wrong(store)
    assert (elsewhere.read_text(), guessing.seconds_to_wait(store)) == ("mine", 0)
    path.unlink()
    os.link(elsewhere, path)
    guessing.note_wrong(store)
    assert elsewhere.read_text() == "mine"
    path.unlink()
    os.mkfifo(path)
    guessing.note_wrong(store)
    assert guessing.seconds_to_wait(store) == 0
    guessing.note_right(store)
    assert not path.exists()


def test_a_store_that_cannot_be_written_to_can_be_tried_and_opened(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.open

    def refuse(*_arguments: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    def open_to_read(path: str, flags: int, *rest: int) -> int:
        return refuse() if flags & os.O_CREAT else before(path, flags, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", refuse)
        patch.setattr(os, "open", open_to_read)
        for phrase in (WRONG, WRONG, WRONG):
            with pytest.raises(Locked):
                Opener(store).open(phrase)
        assert len(Opener(store).open(CANARY)) == 32
    assert not (store / guessing.FILE_NAME).exists()


@UNIX
def test_for_real_it_waits_says_so_and_ctrl_c_ends_it(store: Path) -> None:
    for _time in range(2):
        guessing.note_wrong(store)
    begun = time.monotonic()
    child = spawn("contact", "list", "--store", str(store))
    said = answer_passphrases(child, WRONG)
    assert (child.exitstatus, "1 second to wait" in said, "does not open this store" in said) == (
        6,
        True,
        True,
    )
    assert time.monotonic() - begun > 0.9
    for _time in range(9):
        guessing.note_wrong(store)
    child = spawn("contact", "list", "--store", str(store))
    child.expect("Passphrase: ")
    child.waitnoecho()
    child.sendline(CANARY)
    child.expect("to wait")
    child.sendintr()
    child.expect("$")
    child.wait()
    assert child.exitstatus == 130
