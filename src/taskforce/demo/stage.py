"""Where the demo plays: a folder with three teams' stores, the real program as a child process, the story's clock.

Every command that is shown is run as it is shown, by its own process, and the demo ends in an error if one fails or
if what the story says is not so afterwards. Only the clock and the zone are set: the operation was in 2023.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from taskforce import moments
from taskforce.errors import Failure
from taskforce.i18n import _, ngettext
from taskforce.records.registry import all_kinds
from taskforce.text import cells
from taskforce.views import Line, Lines, View

ZONE = "KHT-7"
"""Cambodia's time as POSIX writes it (seven hours before UTC is "-7"): needs no zone database anywhere."""

_PATIENCE = 60.0  # seconds; a command takes a fifth of one
_PLAIN = r"[\w@%+=:,./-]+"
_REF = r"\b{letter}-[0-9A-HJKMNP-TV-Z]{{4,16}}\b"
_TICK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Team:
    """One laptop: the agency's code and name, the officer who types, and a number where it is the agency's second."""

    code: str
    name: str
    officer: str
    second: str = ""

    @property
    def laptop(self) -> str:
        """What stands at its prompt, and is its folder's name."""
        return f"{self.code}-{self.second}" if self.second else self.code


@dataclass(frozen=True, slots=True)
class Step:
    """A command that was run: when (in the story), on which laptop, and what was typed."""

    at: str
    agency: str
    command: str


class Stage:
    """Runs the teams' commands in `folder` and shows each with what it answered, through `tell`."""

    def __init__(self, folder: Path, tell: Callable[[View], None], *, width: int) -> None:
        self.folder = folder
        self.steps: list[Step] = []
        self._tell = tell
        self._width = width  # cells
        self._clock = moments.read_time("2023-10-15T09:00:00+07:00")

    @property
    def now(self) -> str:
        """The story's time, as `TASKFORCE_NOW` takes it."""
        return self._clock.isoformat()

    def chapter(self, at: str, title: str, story: str) -> None:
        """Put the clock to `at` (ISO 8601 with offset) and tell what the next commands are about."""
        self._clock = moments.read_time(at)
        head = f"── {_day_and_time(self._clock)} · {title} "
        rule = "─" * max(2, self._width - cells(head))
        self._tell(Lines(("", Line(head + rule, "heading"), *self._wrapped(story))))

    def say(self, story: str) -> None:
        """Tell something between two commands."""
        self._tell(Lines(("", *self._wrapped(story))))

    def run(self, team: Team, *arguments: str, most: int = 0, fields: str = "") -> str:
        """Run one command on a team's laptop and show it with its answer; the whole answer.

        Of a long answer `most` lines are shown, or, where it is a record, only the `fields` named (separated by
        blanks) below its heading. The clock goes on by a minute. Raises Failure if the command fails.
        """
        return self.run_together((team, arguments), most=most, fields=fields)[0]

    def run_together(
        self, *calls: tuple[Team, tuple[str, ...]], most: int = 0, fields: str = ""
    ) -> list[str]:
        """Run a command on each of several laptops in the same minute, at the same time; shown one after the other."""
        answers = []
        with _running([self._start(team, arguments, subprocess.STDOUT) for team, arguments in calls]) as all_:
            for (team, arguments), child in zip(calls, all_, strict=True):
                answer, _nothing = child.communicate(timeout=_PATIENCE)
                step = Step(self.now, team.laptop, _typed(arguments))
                self.steps.append(step)
                told = answer.splitlines()
                shown = told[:most] if most and len(told) > most + 1 else told
                if fields and not child.returncode:
                    shown = _only(told, fields.split())
                self._show(step, shown, len(told) - len(shown))
                if child.returncode:
                    raise self._failed(step, child.returncode, answer)
                answers.append(answer)
        self._clock += _TICK
        return answers

    def look(self, team: Team, *arguments: str) -> Any:
        """What a command answers to scripts (`--json`), without showing it: how the story finds and checks facts."""
        with _running([self._start(team, (*arguments, "--json"), subprocess.PIPE)]) as (child,):
            answer, talk = child.communicate(timeout=_PATIENCE)
        if child.returncode:
            raise self._failed(Step(self.now, team.laptop, _typed(arguments)), child.returncode, talk)
        return json.loads(answer)["data"]

    def expect(self, true: bool, fact: str) -> None:
        """Raises Failure naming `fact` unless it is `true`."""
        if not true:
            raise Failure(
                _("the demo stopped: it should be so that %(fact)s") % {"fact": fact},
                hint=_("look into %(folder)s, and report it") % {"folder": self.folder},
                code="demo",
            )

    def ref(self, answer: str, letter: str) -> str:
        """The first ref of a kind in an answer, as a person reads it off the screen."""
        found = re.search(_REF.format(letter=letter), answer)
        self.expect(found is not None, _("the answer names the record's ref"))
        return found[0] if found else ""

    def _start(self, team: Team, arguments: tuple[str, ...], errors: int) -> subprocess.Popen[str]:
        return subprocess.Popen(  # the program itself, with the story's own words as arguments
            [sys.executable, "-m", "taskforce", *arguments],
            cwd=self.folder,
            env=self._environment(team),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
            errors="replace",
        )

    def _environment(self, team: Team) -> dict[str, str]:
        """The person's own environment without their settings, and what makes this laptop the team's."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("TASKFORCE_")}
        own |= {
            "TASKFORCE_STORE": str(Path(team.laptop) / "store"),
            "TASKFORCE_KEY_FILE": str(Path(team.laptop) / "key"),
            "TASKFORCE_CONFIG": str(Path(team.laptop) / "config.yaml"),
            moments.CLOCK_VARIABLE: self.now,
            "TZ": ZONE,
            "COLUMNS": str(self._width),
            "PYTHONUTF8": "1",
        }
        if found := _import_path():
            own["PYTHONPATH"] = found
        return own

    def _failed(self, step: Step, code: int, answer: str) -> Failure:
        told = [line.strip() for line in answer.splitlines() if line.strip()]
        return Failure(
            _("the demo stopped: “%(command)s” of %(agency)s ended with exit code %(code)d")
            % {"command": step.command, "agency": step.agency, "code": code},
            hint=_("it said: %(answer)s; look into %(folder)s")
            % {"answer": " / ".join(told[-2:]), "folder": self.folder},
            code="demo",
        )

    def _show(self, step: Step, shown: list[str], left: int) -> None:
        lines: list[Line | str] = ["", *(Line(line, "command") for line in self._prompt(step)), *shown]
        if left:
            text = ngettext("… %(count)d more line", "… %(count)d more lines", left)
            lines.append(Line("  " + text % {"count": left}, "muted"))
        self._tell(Lines(tuple(lines)))

    def _prompt(self, step: Step) -> list[str]:
        """The command behind its prompt, continued with a backslash where the page is too narrow."""
        lines = [f"{step.agency} $"]
        for word in re.findall(r'"[^"]*"|\S+', step.command):
            if cells(lines[-1]) + 1 + cells(word) + 2 > self._width:
                lines[-1] += " \\"
                lines.append("   ")
            lines[-1] += " " + word
        return lines

    def _wrapped(self, story: str) -> list[str]:
        return textwrap.wrap(story, self._width, break_long_words=False, break_on_hyphens=False)


def _day_and_time(at: datetime) -> str:
    return moments.show_time(moments.time_text(at), at.tzinfo, now=at)


def _typed(arguments: tuple[str, ...]) -> str:
    words = [each if re.fullmatch(_PLAIN, each) else f'"{each}"' for each in arguments]
    return " ".join(("taskforce", *words))


def _only(told: list[str], fields: list[str]) -> list[str]:
    """A shown record's heading and the lines of some of its fields, found by their labels."""
    letter = told[0][:1]  # of the ref with which the heading begins
    labels = tuple(
        _(field.label) + "  "
        for kind in all_kinds()
        if kind.letter == letter
        for field in kind.fields
        if field.name in fields
    )
    return [told[0], *(line for line in told[1:] if line.startswith(labels))]


@contextmanager
def _running(children: list[subprocess.Popen[str]]) -> Iterator[list[subprocess.Popen[str]]]:
    """The processes, none of which outlives the block."""
    try:
        yield children
    except subprocess.TimeoutExpired:
        raise Failure(_("the demo stopped: a command did not come to an end"), code="demo") from None
    finally:
        for child in children:
            if child.poll() is None:
                child.kill()
            child.wait()
            for pipe in (child.stdout, child.stderr):
                if pipe is not None:
                    pipe.close()


def _import_path() -> str:
    """PYTHONPATH for a child that runs in another folder: relative entries would no longer be found there.

    A source tree that is run without being installed is named too; an installed package needs nothing.
    """
    given = [str(Path(each).resolve()) for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each]
    home = Path(__file__).resolve().parents[2]
    if home.name not in ("site-packages", "dist-packages") and str(home) not in given:
        given.append(str(home))
    return os.pathsep.join(given)
