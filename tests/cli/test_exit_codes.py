"""Exit codes are a contract, and so is what happens when a person or a pipe interrupts."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pexpect
import pytest
from program import PROGRAM, Team, call, environment_of, introduce, new_team, run

from taskforce import __main__ as start
from taskforce.actions import keeping
from taskforce.errors import EXIT_CODES

CANARY = "canary-4711"


def test_done_is_0(team: Team) -> None:
    ran = team.run("contact", "list")
    assert (ran.code, ran.err) == (0, "")


def test_a_fault_of_the_program_is_1_and_quotes_nothing(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_arguments: object, **_more: object) -> None:
        kept = CANARY + " in a local"
        raise RuntimeError(kept)

    monkeypatch.setattr(keeping, "add", break_down)
    for words in ((), ("--json",)):
        ran = team.call("site", "add", CANARY, *words).failed(1)
        assert CANARY not in ran.out + ran.err
        assert "RuntimeError" in ran.err
        assert "Traceback" not in ran.err
    for path in [*team.folder.rglob("*"), *Path(os.environ["HOME"]).rglob("*")]:
        assert path.is_dir() or CANARY.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (("asignment", "list"), "asignment"),
        (("assignment", "lst"), "lst"),
        (("assignment", "list", "--statsu", "done"), "--statsu"),
        (("assignment", "list", "--limit", "many"), "many"),
        (("assignment", "list", "--limit", "-1"), "--limit"),
        (("assignment", "list", "--where", "done"), "--where"),
        (("assignment", "list", "--where", "colour=red"), "colour"),
        (("assignment", "list", "--sort", "colour"), "colour"),
        (("assignment", "list", "--format", "xml"), "xml"),
        (("assignment", "list", "--status", "finished"), "--status"),
        (("assignment", "show"), "ref"),
        (("assignment", "add", "X", "--due", "03/04/2026"), "--due"),
        (("assignment", "add", "X", "--priority", "urgent"), "--priority"),
        (("contact", "add", "X", "--agency", "ZZ-NONE"), "--agency"),
        (("victim", "add", "--citizenship", "XX"), "--citizenship"),
        (("victim", "add", "--languages", "xyzzy"), "--languages"),
        (("agency", "add", "lower case"), "CODE"),
        (("agency", "add", "X-1", "--places-free", "-1"), "--places-free"),
        (("agency", "add", "X-1", "--places-free", "many"), "--places-free"),
        (("victim", "add", "--age-unsure", "perhaps"), "--age-unsure"),
        (("export",), "--to"),
        (("export", "--records", "--to", "KH-CNP"), "--records"),
        (("config", "set", "colour", "red"), "colour"),
        (("completion", "tcsh"), "tcsh"),
        (("search", "x", "--kind", "thing"), "thing"),
        (("conflict", "resolve", "A-1"), "field"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_a_wrong_or_missing_option_is_2_and_named(team: Team, line: tuple[str, ...], names: str) -> None:
    before = team.fingerprint()
    ran = team.call(*line).failed(2)
    assert names.lower() in ran.err.lower()
    assert ran.out == ""
    assert " hint: " in ran.err or "--limit" in ran.err
    assert team.fingerprint() == before


def test_nothing_of_that_name_is_3(team: Team) -> None:
    ran = team.run("assignment", "show", "A-0000").failed(3)
    assert (ran.out, "A-0000" in ran.err) == ("", True)


def test_against_a_rule_is_4(team: Team) -> None:
    assert "allowed now: brief, close" in team.run("operation", "launch", "STORM MAKERS II").failed(4).err


def test_a_bad_file_is_5(team: Team, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("sites: [unclosed\n")
    ran = team.run("import", str(tmp_path / "plan.yaml")).failed(5)
    assert "plan.yaml:" in ran.err


def test_no_store_or_the_wrong_key_is_6(team: Team, tmp_path: Path) -> None:
    other = new_team(tmp_path / "other", "KH-CNP", "J. Sok")
    assert (
        "taskforce init"
        in run("status", "--store", str(tmp_path / "none"), "--key-file", str(team.key)).failed(6).err
    )
    run("status", "--store", str(team.store), "--key-file", str(other.key)).failed(6)
    run("status", "--store", str(team.store), "--key-file", str(tmp_path / "none")).failed(6)


def test_a_damaged_store_is_7(team: Team) -> None:
    database = team.store / "store.db"
    content = database.read_bytes()
    first_page = 4096  # what stands in it says whether the key fits
    database.write_bytes(content[:first_page] + os.urandom(len(content) - first_page))
    for line in (("assignment", "list"), ("doctor",), ("site", "add", "Pier 9")):
        ran = team.run(*line).failed(7)
        assert "damaged" in ran.err and "taskforce doctor" in ran.err
        assert all(
            each.startswith((" error: ", " hint: ")) for each in ran.err.splitlines()
        )  # no engine's own log


def test_a_bundle_for_somebody_else_is_8(tmp_path: Path) -> None:
    teams = [new_team(tmp_path / code, code, "J. Sok") for code in ("INTERPOL", "KH-CNP", "KH-NGO")]
    introduce(*teams)
    bundle = str(tmp_path / "b")
    teams[0].call("export", "--to", "KH-CNP", "-o", bundle).ok()
    teams[2].run("import", bundle).failed(8)


def test_every_class_of_error_has_its_own_code() -> None:
    assert sorted(EXIT_CODES) == list(range(1, 9))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no fifos and no SIGINT")
def test_ctrl_c_is_130_and_quiet_and_leaves_the_store_as_it_was(team: Team) -> None:
    before = team.fingerprint()
    fifo = team.folder / "slow"
    os.mkfifo(fifo)
    process = subprocess.Popen(
        [*PROGRAM, "import", str(fifo), *team.place],
        env=environment_of(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with open(fifo, "wb") as stream:  # opens once the program has opened the other end
        stream.write(b"sites:\n- name: Pier 9\n")
        stream.flush()
        time.sleep(0.2)  # so that it waits for more
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert (out, b"Traceback" in err) == (b"", False)
    assert team.fingerprint() == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no broken pipes of this sort")
@pytest.mark.parametrize(
    "line", [("--help",), ("assignment", "list", "--json"), ("assignment", "list")], ids=" ".join
)
def test_a_reader_that_goes_away_is_141_and_quiet(team: Team, line: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        [*PROGRAM, *line, *team.place],
        env=environment_of(),
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=20,
    )
    os.close(writer)
    assert (process.returncode, process.stderr) == (141, b"")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no broken pipes of this sort")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_of_one_line_of_many_is_no_trouble(team: Team, tmp_path: Path, unbuffered: str) -> None:
    names = "".join(f"- name: {'Pier ' * 40}{number}\n" for number in range(800))
    (tmp_path / "plan.yaml").write_text("sites:\n" + names)
    team.call("import", str(tmp_path / "plan.yaml")).ok()
    process = subprocess.Popen(
        [*PROGRAM, "site", "list", "--format", "csv", *team.place],
        env=environment_of(PYTHONUNBUFFERED=unbuffered),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    assert process.stdout and process.stderr
    assert process.stdout.read(10) == b"id,ref,kin"
    process.stdout.close()
    assert (process.wait(timeout=20), process.stderr.read()) == (141, b"")


def test_without_a_terminal_nothing_is_asked_and_yes_is_named(team: Team, tmp_path: Path) -> None:
    other = new_team(tmp_path / "other", "KH-CNP", "J. Sok")
    other.call("peer", "card", "-o", str(tmp_path / "card")).ok()
    for answer in (b"", b"y\n", b"yes\n"):
        ran = team.run("peer", "add", str(tmp_path / "card"), stdin=answer).failed(2)
        assert "--yes" in ran.err
    assert team.data("peer", "list") == []
    without_key = run("init", "--agency", "TH-RTP", "--officer", "P. Chai", "--store", str(tmp_path / "new"))
    assert "--key-file" in without_key.failed(2).err
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pty")
@pytest.mark.parametrize(("answer", "added"), [("y", True), ("n", False), ("", False), ("maybe", False)])
def test_on_a_terminal_the_words_are_compared_before_a_peer_is_entered(
    team: Team, tmp_path: Path, answer: str, added: bool
) -> None:
    other = new_team(tmp_path / "other", "KH-CNP", "J. Sok")
    words = other.data("peer", "card", "-o", str(tmp_path / "card"))["words"]
    child = spawn("peer", "add", str(tmp_path / "card"), *team.place)
    child.expect_exact("[y/N]")
    assert all(word in child.before for word in words)
    child.sendline(answer)
    if added:
        child.expect_exact("[voice]")
        child.sendline("")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == (0 if added else 4)
    assert [peer["how"] for peer in team.data("peer", "list")] == (["voice"] if added else [])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pty")
def test_a_passphrase_is_asked_twice_shown_never_and_opens_the_store(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    line = ("init", "--agency", "KH-CNP", "--officer", "J. Sok", "--store", store)
    differing = spawn(*line)
    said = answer_passphrases(differing, CANARY, CANARY + "x")
    assert (differing.exitstatus, "differ" in said) == (2, True)
    assert not Path(store).exists()

    made = spawn(*line)
    said += answer_passphrases(made, CANARY, CANARY)
    assert made.exitstatus == 0
    opened = spawn("status", "--store", store)
    said += answer_passphrases(opened, CANARY)
    assert (opened.exitstatus, "nothing needs attention" in said) == (0, True)
    wrong = spawn("status", "--store", store)
    said += answer_passphrases(wrong, CANARY + "y")
    assert wrong.exitstatus == 6
    assert CANARY not in said
    assert "taskforce unlock" in call("status", "--store", store).failed(6).err  # nobody can be asked here
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes(), path


def answer_passphrases(child: pexpect.spawn, *answers: str) -> str:
    said = ""
    for answer in answers:
        child.expect(r"(?i)passphrase[^:]*: |same once more: ")
        said += child.before + child.after
        child.waitnoecho()
        child.sendline(answer)
    child.expect(pexpect.EOF)
    said += child.before
    child.close()
    return said


def spawn(*arguments: str) -> pexpect.spawn:
    return pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], *arguments],
        env=dict(environment_of(TERM="xterm-256color")),
        encoding="utf-8",
        dimensions=(24, 100),
        timeout=20,
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pty")
@pytest.mark.parametrize(
    ("settings", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_only_where_it_is_wanted(team: Team, settings: dict[str, str], coloured: bool) -> None:
    team.call("assignment", "edit", team.data("assignment", "list")[0]["ref"], "--due", "-1d").ok()
    child = pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], "status", *team.place],
        env=dict(environment_of(**{"TERM": "xterm-256color", **settings})),
        encoding="utf-8",
        dimensions=(24, 100),
        timeout=20,
    )
    child.expect(pexpect.EOF)
    assert ("\x1b[" in child.before) == coloured
    assert "\x1b" not in team.run("status").ok().out


def test_quiet_leaves_out_notes_but_not_errors(team: Team) -> None:
    ref = team.data("site", "list")[0]["ref"]
    assert "nothing changed" in team.run("site", "edit", ref).ok().err
    assert team.run("site", "edit", ref, "-q").ok().err == ""
    assert "S-0000" in team.run("site", "show", "S-0000", "-q").failed(3).err


def test_no_argument_or_setting_takes_a_secret() -> None:
    from taskforce.cli import root
    from taskforce.settings import SETTINGS

    def options(command: object) -> set[str]:
        found = {
            each
            for parameter in command.params  # type: ignore[attr-defined]
            for each in parameter.opts
            if not getattr(parameter, "is_flag", False)  # a flag takes nothing: --passphrase asks
        }
        for name in command.list_commands(None) if hasattr(command, "list_commands") else ():
            found |= options(command.get_command(None, name))  # type: ignore[attr-defined]
        return found

    say_where = {"--passphrase-fd", "passphrase-command"}  # a number, and a program: test_passphrases.py
    for word in ("pass", "secret", "password", "token"):
        found = {each for each in (*options(root()), *SETTINGS) if word in each.casefold()}
        assert found <= say_where
    assert start.main(["--version"]) == 0
