"""Operation Night Coach as `fixtures/SCENARIO.md` tells it: every command is typed, every answer looked for.

After each chapter every row of every store is searched for what the story says that an agency knows and does not know,
and every bundle, opened with its receiver's key, for what that receiver may not know.
"""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from program import Ran, Team

from taskforce.keys import slots
from taskforce.keys.sealing import open_bytes
from taskforce.store.store import Store

pytestmark = pytest.mark.xdist_group("night-coach")  # the story is played once

ROOT = Path(__file__).resolve().parents[2]
STORY = ROOT / "fixtures" / "SCENARIO.md"
POLICE = "AT-BK"
KNOWS, KNOWS_NOT = "●", "·"

PLACEHOLDER = re.compile(r"\b([A-Z])-([A-Z]{3,})\b")
"""Such as V-GIRL: what stands in the story for a ref. Agencies' codes begin with two letters."""

Marks = dict[str, dict[str, bool]]
"""By agency and fact, whether it knows."""


@dataclass(frozen=True)
class Typed:
    """A command in line `number` of the story: who types it and when, and the lines that it is said to answer."""

    number: int
    at: str
    team: str
    command: str
    said: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """The table at the end of a chapter."""

    number: int
    marks: Marks


def read_story(text: str) -> tuple[list[Typed | Known], dict[str, str]]:
    """The story's commands and tables in order, and the words by which each fact is found."""
    steps: list[Typed | Known] = []
    words: dict[str, str] = {}
    at, in_console, header = "", False, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            in_console = line == "```console"
        elif in_console and (prompt := re.fullmatch(r"([A-Z-]+)\$ taskforce (.*)", line)):
            steps.append(Typed(number, at, prompt[1], prompt[2]))
        elif in_console:
            last = steps[-1]
            assert isinstance(last, Typed), f"line {number} answers no command"
            last.said.append(line)
        elif heading := re.match(r"## (\d{4}-\d\d-\d\d) (\d\d:\d\d) · ", line):
            at = f"{heading[1]}T{heading[2]}:00+02:00"
        elif not line.startswith("|"):
            header = []
        elif not header:
            header = _cells(line)
            if header[0] == "who knows":
                steps.append(Known(number, {agency: {} for agency in header[1:]}))
        elif not line.startswith("|-"):
            fact, *cells = _cells(line)
            if header[0] == "fact":
                words[fact] = cells[0].strip("`")
            elif header[0] == "who knows":
                table = steps[-1]
                assert isinstance(table, Known) and fact in words, f"line {number}: {fact}"
                for agency, mark in zip(header[1:], cells, strict=True):
                    assert mark in (KNOWS, KNOWS_NOT), f"line {number}: {mark}"
                    table.marks[agency][fact] = mark == KNOWS
    return steps, words


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


class Played:
    """The story as it is played: teams, what placeholders stand for, who knows what, the bundles of the chapter."""

    def __init__(self, folder: Path, words: dict[str, str]) -> None:
        self.folder = folder
        self.words = words
        self.teams: dict[str, Team] = {}
        self.refs: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        self.marks: Marks = defaultdict(dict)
        self.bundles: list[tuple[str, str, bytes]] = []  # who for, the file, what is in it
        (folder / "stick").mkdir()

    def type(self, step: Typed) -> None:
        """Run a command, and compare its answer with what the story says."""
        if step.team not in self.teams:
            self.teams[step.team] = Team(self.folder / step.team)
            self.teams[step.team].folder.mkdir()
        words = [self._placed(word) for word in shlex.split(self.filled(step.command))]
        self.compare(step, self.teams[step.team].fork(*words, TASKFORCE_NOW=step.at, COLUMNS="160"))
        if words[0] == "export" and "-o" in words:
            path, receiver = Path(words[words.index("-o") + 1]), words[words.index("--to") + 1]
            self.bundles.append((receiver, path.name, self._opened(receiver, path)))

    def compare(self, step: Typed, ran: Ran) -> None:
        """Whether it answered the lines that the story has, in their order; what refs are new is kept in mind."""
        answer = _squeezed(f"{ran.out}\n{ran.err}")
        shown = f"line {step.number}, {step.team}$ {step.command}: exit {ran.code}\n{answer}"
        fails = any(line.startswith("error: ") for line in step.said)
        assert (ran.code != 0) == fails, shown
        assert "Traceback" not in answer, shown
        place = 0
        for line in step.said:
            found = re.compile(self._pattern(line)).search(answer, place)
            assert found, f"there is no {self.filled(line)!r} in the answer to {shown}"
            self.refs |= {name.replace("_", "-"): ref for name, ref in found.groupdict().items()}
            place = found.end()

    def check(self, table: Known) -> None:
        """Whether everybody knows what the tables so far say and no more, and no bundle of the chapter told more."""
        for agency, marks in table.marks.items():
            self.marks[agency] |= marks
        sought = {fact: self._sought(fact) for fact in table.marks[POLICE]} | {
            fact: words.encode() for fact, words in self.words.items() if not PLACEHOLDER.fullmatch(words)
        }
        for agency in self.teams:
            rows = self.rows_of(agency)
            for fact, text in sought.items():
                knows = self.marks[agency].get(fact, False)
                assert (text in rows) == knows, f"table in line {table.number}: {agency}, {fact}"
        for receiver, name, content in self.bundles:
            for fact, text in sought.items():
                told = text in content
                assert not told or self.marks[receiver].get(fact), f"{name}, to {receiver}, tells {fact}"
        self.bundles.clear()

    def filled(self, text: str) -> str:
        """A text with what its placeholders stand for."""
        return PLACEHOLDER.sub(lambda found: self.refs.get(found[0], found[0]), text)

    def rows_of(self, agency: str) -> bytes:
        """Every value in every row of an agency's store."""
        store = self._open(agency)
        try:
            names = store.connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
            rows = [row for (name,) in names for row in store.connection.execute(f'SELECT * FROM "{name}"')]
        finally:
            store.close()
        values = (value for row in rows for value in row)
        return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)

    def _opened(self, receiver: str, path: Path) -> bytes:
        store = self._open(receiver)
        try:
            return open_bytes(path.read_bytes(), [store.meta("seal_identity")])
        finally:
            store.close()

    def _open(self, agency: str) -> Store:
        team = self.teams[agency]
        return Store.open(team.store, slots.open_with_key_file(team.store, team.key))

    def _sought(self, fact: str) -> bytes:
        """What shows that somebody has a fact: words that were typed, or the id of the victim's record."""
        words = self.words[fact]
        if not PLACEHOLDER.fullmatch(words):
            return words.encode()
        if words not in self.ids:
            self.ids[words] = self.teams[POLICE].data("victim", "show", self.refs[words])["id"]
        return self.ids[words].encode()

    def _pattern(self, line: str) -> str:
        """What to look for: `…` is anything within the line, a placeholder its ref or, if not known yet, any ref."""
        text = _squeezed(line)
        pattern, last = "", 0
        for found in PLACEHOLDER.finditer(text):
            ref = self.refs.get(found[0])
            unknown = f"(?P<{found[1]}_{found[2]}>{found[1]}-[0-9A-Z]{{4,}})"
            pattern += re.escape(text[last : found.start()]) + (re.escape(ref) if ref else unknown)
            last = found.end()
        return (pattern + re.escape(text[last:])).replace("…", "[^\n]*")

    def _placed(self, word: str) -> str:
        """A path of the story, as it is here."""
        if re.match(r"stick(/|$)", word):
            return str(self.folder / word)
        return str(ROOT / word) if word.startswith("fixtures/") else word


def _squeezed(text: str) -> str:
    return "\n".join(re.sub(r"\s+", " ", line).strip() for line in text.splitlines())


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """The story, played to its end."""
    steps, words = read_story(STORY.read_text("utf-8"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(tmp_path_factory.mktemp("settings") / "none.yaml"))
        patch.setenv("TZ", "Europe/Vienna")
        told = Played(tmp_path_factory.mktemp("night-coach"), words)
        for step in steps:
            if isinstance(step, Typed):
                told.type(step)
            else:
                told.check(step)
        yield told


def test_the_story_comes_true_line_by_line(played: Played) -> None:
    steps, words = read_story(STORY.read_text("utf-8"))
    tables = [step for step in steps if isinstance(step, Known)]
    assert played.marks == {agency: played.marks[agency] for agency in tables[-1].marks}
    assert played.marks.keys() == played.teams.keys() and len(played.teams) == 5
    assert all(marks.keys() == words.keys() for marks in played.marks.values())
    assert isinstance(steps[-1], Known) and not played.bundles  # every bundle was looked into
    for team in played.teams.values():
        team.call("doctor").ok()


def test_what_the_story_is_to_tell_is_told() -> None:
    """A minor and an adult who refuses, each with what is refused, withheld, answered and recalled."""
    steps, _words = read_story(STORY.read_text("utf-8"))
    typed = [step for step in steps if isinstance(step, Typed)]
    said = "\n".join(line for step in typed for line in step.said)
    for sentence in (
        "is a child, or may be one",
        "a recorded override covers it (C-OVERRIDE)",
        "no consent is recorded",
        "the person is known to be of age",
        "the agreement is not in force (G-MEMO)",
        "the agreement does not cover the part",
        "the consent does not cover the part",
        "the consent was withdrawn",
        "confirmed: dropped",
    ):
        assert sentence in said
    assert sum(step.command.startswith("referral accept") for step in typed) == 3


def test_a_lie_in_the_story_is_found(played: Played) -> None:
    steps, _words = read_story(STORY.read_text("utf-8"))
    asked = next(step for step in steps if isinstance(step, Typed) and step.command == "disclosures V-GIRL")
    ran = played.teams[asked.team].fork("disclosures", played.refs["V-GIRL"], COLUMNS="160").ok()
    played.compare(asked, ran)
    for lie in ("RO-HOME …V-GIRL identity", "V-GIRL care …(C-OVERRIDE) and more", "error: no"):
        with pytest.raises(AssertionError, match=f"line {asked.number}"):
            played.compare(replace(asked, said=[lie]), ran)
    last = steps[-1]
    assert isinstance(last, Known)
    played.check(last)
    for agency, fact in (("RO-HOME", "the girl's name"), ("AT-YOUTH", "the girl's story")):
        knows = last.marks[agency][fact]
        with pytest.raises(AssertionError, match=f"{agency}, {fact}"):
            played.check(Known(last.number, {**last.marks, agency: {**last.marks[agency], fact: not knows}}))
    played.check(last)
    played.bundles.append(("RO-IGPR", "leak.bundle", b"... Stanciu ..."))
    with pytest.raises(AssertionError, match="tells the woman's name"):
        played.check(last)
    played.bundles.clear()
