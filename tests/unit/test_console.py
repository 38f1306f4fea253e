"""stderr is talk: what went wrong and what to do, questions on a terminal only, progress when it lasts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from taskforce import console
from taskforce.errors import InputError, NotFound, Problem, UsageError

HOSTILE = "x\x1b]52;c;Zg==\x07\u202e\nerror: forged"


@pytest.fixture(autouse=True)
def talkative() -> Iterator[None]:
    yield
    console.set_quiet(False)


def run(program: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run ``program`` (Python source) with no terminal anywhere."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=20,
        check=False,
        **options,
    )


def test_an_error_is_a_sentence_and_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    console.error(NotFound('agency "KH-NPA" is not known', hint="run: taskforce agency list"))
    said = capsys.readouterr()
    assert said.err == ' error: agency "KH-NPA" is not known\n hint: run: taskforce agency list\n'
    assert said.out == ""


def test_many_problems_are_told_one_by_one_and_the_same_advice_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    problems = [
        Problem("unknown-agency", "plan.yaml:3:4: one", "add it"),
        Problem("unknown-agency", "plan.yaml:7:4: two", "add it"),
        Problem("bad-date", "plan.yaml:9:4: three", "write 2026-04-03"),
        Problem("bad-date", "plan.yaml:11:4: four"),
    ]
    console.error(
        InputError("plan.yaml: 4 problems, nothing was changed", hint="see below", problems=problems)
    )
    assert capsys.readouterr().err.splitlines() == [
        " error: plan.yaml:3:4: one",
        " error: plan.yaml:7:4: two",
        " hint: add it",
        " error: plan.yaml:9:4: three",
        " hint: write 2026-04-03",
        " error: plan.yaml:11:4: four",
        " error: plan.yaml: 4 problems, nothing was changed",
        " hint: see below",
    ]


def test_nothing_that_is_said_can_draw_itself_or_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    console.note(HOSTILE)
    console.warn(HOSTILE)
    console.error(InputError(HOSTILE, hint=HOSTILE, problems=[Problem("x", HOSTILE, HOSTILE)]))
    said = capsys.readouterr().err
    assert said.replace("\n", "").isprintable()
    assert len(said.splitlines()) == 6
    assert not [line for line in said.splitlines() if line.startswith(" error: forged")]


def test_quiet_leaves_out_notes_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    console.set_quiet(True)
    console.note("a note")
    console.warn("a warning")
    console.error(UsageError("an error"))
    assert capsys.readouterr().err == " warning: a warning\n error: an error\n"


def test_data_and_talk_come_in_the_order_they_were_written() -> None:
    program = "import sys; from taskforce import console; sys.stdout.write('data\\n'); console.note('talk')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    assert done.stdout == "data\n talk\n"


def test_a_closed_stderr_stops_no_work() -> None:
    done = run(
        "import sys; sys.stderr.close(); from taskforce import console; console.note('x'); print('done')"
    )
    assert done.stdout == "done\n"


ERROR = "from taskforce import console, errors; console.error(errors.UsageError('wrong'))"


def test_an_error_is_red_on_a_terminal_only(on_a_terminal: Callable[..., Any]) -> None:
    assert on_a_terminal(ERROR).screen == " \x1b[31merror:\x1b[0m wrong\r\n"
    assert on_a_terminal(ERROR, environment={"NO_COLOR": "1"}).screen == " error: wrong\r\n"
    assert on_a_terminal(ERROR, environment={"TERM": "dumb"}).screen == " error: wrong\r\n"
    assert run(ERROR).stderr == " error: wrong\n"


@pytest.mark.parametrize(
    "call",
    ["confirm('Write it?')", "ask('Which?', instead='--yes')", "secret('Passphrase', instead='--yes')"],
)
def test_nobody_is_asked_without_a_terminal(call: str) -> None:
    program = f"""
from taskforce import console, errors
try:
    console.{call}
except errors.UsageError as refusal:
    print(refusal.hint, refusal.code)
"""
    assert run(program).stdout == "answer beforehand with --yes no-terminal\n"


@pytest.mark.parametrize(
    ("typed", "answer"), [(b"y\n", True), (b"YES\n", True), (b"n\n", False), (b"\n", False), (b"yy\n", False)]
)
def test_only_a_clear_yes_is_a_yes(on_a_terminal: Callable[..., Any], typed: bytes, answer: bool) -> None:
    program = "from taskforce import console; print(console.confirm('Write \\x1b[2J it?'))"
    seen = on_a_terminal(program, typed=typed, stdout_is_a_pipe=True)
    assert seen.piped == f"{answer}\n"
    assert "Write \\x1b[2J it? [y/N] " in seen.screen


def test_yes_answers_beforehand() -> None:
    assert console.confirm("Write it?", yes=True) is True


def test_an_answer_is_cleaned_and_the_end_of_input_is_none(on_a_terminal: Callable[..., Any]) -> None:
    program = "from taskforce import console; print(ascii(console.ask('Name?', instead='--name')))"
    assert (
        on_a_terminal(program, typed="  Nguye\u0302\u0303n \n".encode(), stdout_is_a_pipe=True).piped
        == "'Nguy\\u1ec5n'\n"
    )
    ended = on_a_terminal(program, typed=b"\x04", stdout_is_a_pipe=True)
    assert ended.piped == ""
    assert "UsageError: no answer was given to: Name?" in ended.screen


def test_a_secret_is_not_shown(on_a_terminal: Callable[..., Any]) -> None:
    program = "from taskforce import console; s = console.secret('Passphrase:'); print(len(s), s[0], s[-1])"
    seen = on_a_terminal(program, typed=b" correct horse\n", stdout_is_a_pipe=True)
    assert seen.piped == "14   e\n"
    assert "Passphrase:" in seen.screen
    assert "horse" not in seen.screen


LASTING = """
import time
from taskforce import console
console.PATIENCE, console.REDRAW_AFTER = {patience}, 0
console.set_quiet({quiet})
with console.progress("Importing \\x1b[2J", {total}) as progress:
    for _ in range(4):
        progress.advance(250)
        if _ == 1: console.warn("wait")
print("data")
"""


def test_lasting_work_shows_how_far_it_is_and_clears_up(on_a_terminal: Callable[..., Any]) -> None:
    screen = on_a_terminal(LASTING.format(patience=0, quiet=False, total=1000)).screen
    assert "\r Importing \\x1b[2J  [==========          ]  50%  500 of 1,000" in screen
    last_drawing = screen.rpartition("1,000 of 1,000")[2]
    assert last_drawing.startswith("\r" + " " * 40)
    assert last_drawing.strip() == "data"
    assert "\x1b" not in screen
    assert "\r warning: wait\r\n" in screen  # the line was cleared first


def test_work_of_unknown_length_counts(on_a_terminal: Callable[..., Any]) -> None:
    assert (
        "\r Importing \\x1b[2J  750"
        in on_a_terminal(LASTING.format(patience=0, quiet=False, total=None)).screen
    )


def test_progress_never_breaks_the_line(on_a_terminal: Callable[..., Any]) -> None:
    screen = on_a_terminal(LASTING.format(patience=0, quiet=False, total=1000), columns=30).screen
    drawn = [line for line in screen.replace("\n", "\r").split("\r") if "Importing" in line]
    assert drawn
    assert all(len(line) < 30 for line in drawn)


def test_short_quiet_or_piped_work_shows_nothing(on_a_terminal: Callable[..., Any]) -> None:
    said = " warning: wait\r\ndata\r\n"
    assert on_a_terminal(LASTING.format(patience=60, quiet=False, total=10)).screen == said
    assert on_a_terminal(LASTING.format(patience=0, quiet=True, total=10)).screen == said
    assert (
        on_a_terminal(LASTING.format(patience=0, quiet=False, total=10), environment={"TERM": "dumb"}).screen
        == said
    )
    assert run(LASTING.format(patience=0, quiet=False, total=10)).stderr == " warning: wait\n"
    assert console.PATIENCE == 1.0
