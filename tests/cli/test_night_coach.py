"""Operation Night Coach, as `fixtures/SCENARIO.md` tells it: its commands are run, and what it says they answer is looked for.

Beside that, whoever a table of the story says does not know something must not have it in any row of their store, and no
bundle made for them may ever have carried it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from program import Ran, Team

from taskforce.keys import slots
from taskforce.keys.sealing import open_bytes
from taskforce.store.store import Store

ROOT = Path(__file__).resolve().parents[2]
STORY = ROOT / "fixtures" / "SCENARIO.md"
PLACEHOLDER = re.compile(r"\b([A-Z])-([A-Z]{3,})\b")
"""Such as V-GIRL: what stands in the story for a ref. Agencies' codes begin with two letters."""

KNOWS, KNOWS_NOT = "●", "·"


@dataclass(frozen=True)
class Typed:
    """A command, who types it, when, and the lines that it is said to answer; in line `number` of the story."""

    number: int
    at: str
    team: str
    command: str
    said: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """By agency, which facts it has in its store at this point of the story, and which it has not."""

    number: int
    facts: dict[str, dict[str, bool]]


def read_story(text: str) -> tuple[list[Typed | Known], dict[str, str]]:
    """The story's commands and tables in order, and the words by which each fact is found."""
    steps: list[Typed | Known] = []
    words: dict[str, str] = {}
    at, within, header = "", False, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            within = line == "```console"
        elif within:
            prompt = re.match(r"([A-Z-]+)\$ taskforce (.*)", line)
            if prompt:
                steps.append(Typed(number, at, prompt[1], prompt[2]))
            else:
                last = steps[-1]
                assert isinstance(last, Typed), f"line {number} answers no command"
                last.said.append(line)
        elif heading := re.match(r"## (\d{4}-\d\d-\d\d) (\d\d:\d\d) ", line):
            at = f"{heading[1]}T{heading[2]}:00+02:00"
        elif line.startswith("| "):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if cells[0] in ("fact", "who knows"):
                header = cells
                if cells[0] == "who knows":
                    steps.append(Known(number, {agency: {} for agency in cells[1:]}))
            elif header[0] == "fact":
                words[cells[0]] = cells[1].strip("`")
            else:
                table = steps[-1]
                assert isinstance(table, Known)
                for agency, mark in zip(header[1:], cells[1:], strict=True):
                    assert mark in (KNOWS, KNOWS_NOT), f"line {number}: {mark}"
                    table.facts[agency][cells[0]] = mark == KNOWS
    return steps, words


@pytest.fixture(scope="module")
def story() -> tuple[list[Typed | Known], dict[str, str]]:
    return read_story(STORY.read_text("utf-8"))


class Told:
    """The story as it is played: the teams, what its placeholders stand for, and each bundle that left a store."""

    def __init__(self, folder: Path, words: dict[str, str]) -> None:
        self.folder = folder
        self.stick = folder / "stick"
        self.stick.mkdir()
        self.words = words
        self.refs: dict[str, str] = {}
        self.teams: dict[str, Team] = {}
        self.bundles: list[tuple[str, str, bytes]] = []  # who for, the name of the file, what is in it

    def type(self, step: Typed) -> Ran:
        """Run a command, and compare its answer with what the story says."""
        team = self.teams.get(step.team)
        if team is None:
            team = self.teams[step.team] = Team(self.folder / step.team)
            team.folder.mkdir()
        words = [self._placed(word) for word in shlex.split(self.filled(step.command))]
        ran = team.fork(*words, TASKFORCE_NOW=step.at, COLUMNS="120")
        answer = _squeezed(f"{ran.out}\n{ran.err}")
        fails = any(line.startswith("error: ") for line in step.said)
        assert (ran.code != 0) == fails, f"line {step.number}, {step.command}: exit {ran.code}\n{answer}"
        place = 0
        for line in step.said:
            found = re.compile(self._pattern(line)).search(answer, place)
            assert found, f"line {step.number}, {step.command} did not answer {line!r} but:\n{answer}"
            self.refs |= {name.replace("_", "-", 1): ref for name, ref in found.groupdict().items()}
            place = found.end()
        if words[0] == "export" and "-o" in words:
            path = Path(words[words.index("-o") + 1])
            receiver = words[words.index("--to") + 1]
            self.bundles.append((receiver, path.name, self.opened(receiver, path)))
        return ran

    def filled(self, text: str) -> str:
        """A text with what its placeholders stand for."""
        return PLACEHOLDER.sub(lambda found: self.refs.get(found[0], found[0]), text)

    def _pattern(self, line: str) -> str:
        """What to look for; a placeholder that is not known yet stands for any ref, and becomes known."""
        result, last = "", 0
        text = _squeezed(line)
        for found in PLACEHOLDER.finditer(text):
            result += re.escape(text[last : found.start()])
            known = self.refs.get(found[0])
            name = f"{found[1]}_{found[2]}"
            result += (
                re.escape(known) if known else f"(?P<{name}>{found[1]}-[0-9A-Z]{{4,}})"
            )
            last = found.end()
        return (result + re.escape(text[last:])).replace("…", "[^\n]*")

    def _placed(self, word: str) -> str:
        """A path of the story, as it is here."""
        for name, folder in (("stick", self.stick), ("fixtures", ROOT / "fixtures")):
            if word == name or word.startswith(f"{name}/"):
                return str(folder.parent / word)
        return word

    def opened(self, receiver: str, path: Path) -> bytes:
        """A bundle as its receiver can read it."""
        store = self._open(receiver)
        try:
            return open_bytes(path.read_bytes(), [store.meta("seal_identity")])
        finally:
            store.close()

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

    def _open(self, agency: str) -> Store:
        team = self.teams[agency]
        return Store.open(team.store, slots.open_with_key_file(team.store, team.key))

    def sought(self, fact: str) -> bytes:
        """What shows that somebody has a fact: words that were typed, or the id of a record."""
        words = self.words[fact]
        if not PLACEHOLDER.fullmatch(words):
            return words.encode()
        found = self.teams["AT-BK"].data(words[:1] == "V" and "victim" or "referral", "show", self.filled(words))
        return str(found["id"]).encode()


def _squeezed(text: str) -> str:
    return "\n".join(re.sub(r"\s+", " ", line).strip() for line in text.splitlines())
