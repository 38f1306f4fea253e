"""With a translator that brackets all it gets, what stands outside the brackets is data, codes or names to be typed.

A sentence or label outside them was never wrapped for translation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from program import Team, call
from samples import KINDS
from story import make_story

from taskforce import cli, i18n
from taskforce.cli import root
from taskforce.commands.config import SHELLS
from taskforce.records.registry import all_kinds
from taskforce.records.schema import PARTS
from taskforce.settings import SETTINGS

OF_THE_FRAMEWORK = {
    # typer has a catalogue of its own for these
    *("Usage", "Options", "Arguments", "OPTIONS", "COMMAND", "ARGS", "required"),
    *("Show", "this", "message", "and", "exit"),
}
NAMES = {
    "taskforce": "the program",
    "INTERPOL": "data: agencies, officers and what the story's records say",
}
LETTERS = re.compile(r"[^\W\d_]{2,}")


def tree(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group below `command`, with the words that call it."""
    yield path, command
    if hasattr(command, "list_commands"):
        for name in command.list_commands(None):
            yield from tree(command.get_command(None, name), (*path, name))


COMMANDS = dict(tree(root()))


def to_be_typed() -> set[str]:
    """Words of command, option, setting and field names, of codes and of metavars: the same in every language."""
    texts: list[str] = [*PARTS, *SHELLS, *SETTINGS, "help", "yes", "no", "csv", "json", "yaml", "table"]
    for path, command in COMMANDS.items():
        texts += path
        for parameter in command.params:
            texts += parameter.opts
            texts.append(parameter.make_metavar(command.make_context("x", [], resilient_parsing=True)))
    for kind in all_kinds():
        texts += (kind.name, kind.plural)
        for field in kind.fields:
            texts += (field.name, *(field.codes or ()), *(field.pair_codes or ()))
    return {word for text in texts for word in LETTERS.findall(text)}


TYPED = to_be_typed()


@pytest.fixture(autouse=True)
def in_brackets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything that is translated stands in brackets."""
    monkeypatch.setattr(cli, "install", lambda: None)  # it would choose English again
    monkeypatch.setenv("COLUMNS", "400")  # so that no bracket is cut off
    with i18n.use_translator(lambda text: f"⟦{text}⟧"):
        yield


def outside(text: str) -> str:
    """A text without what stands in brackets, which may be in others."""
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = shorter
    return text


def unknown(text: str, known: set[str]) -> set[str]:
    """The words outside brackets that are not known."""
    rest = outside(text)
    assert "⟦" not in rest and "⟧" not in rest, "a bracket was cut off"
    return set(LETTERS.findall(rest)) - known - OF_THE_FRAMEWORK - NAMES.keys()


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_is_wrapped(path: tuple[str, ...]) -> None:
    ran = call(*path, "--help").ok()
    assert "⟦" in ran.out
    assert unknown(ran.out, TYPED) == set()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A store in which everything that can be listed is there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(tmp_path_factory.mktemp("settings") / "none.yaml"))
        return make_story(tmp_path_factory.mktemp("story"))


def data_words(team: Team) -> set[str]:
    """Every word of the store's records."""
    with i18n.use_translator(lambda text: text):
        return set(LETTERS.findall(team.export())) | {"Okafor", "Sok"}


def test_what_people_read_is_wrapped(story: Team, tmp_path: Path) -> None:
    team = story.copy_to(tmp_path / "team")
    known = TYPED | data_words(team)
    (tmp_path / "card").write_text("")
    refs = {kind.name: team.data(kind.name, "list", *scope(kind.name))[0]["ref"] for kind in KINDS}
    (tmp_path / "plan.yaml").write_text("sites:\n- name: Compound 4\n  place: Compound\n")
    lines: list[list[str]] = [
        *(["status"], ["history"], ["conflict", "list"], ["conflict", "show", refs["assignment"]]),
        *(
            ["peer", "list"],
            ["search", "gate"],
            ["search", "nothing"],
            ["doctor"],
            ["doctor", "--rebuild"],
            ["audit", "verify"],
            ["use"],
        ),
        *(["export", "--to", "KH-CNP", "--dry-run"], ["use", "STORM MAKERS II"], ["config", "show"]),
        ["import", "--dry-run", str(tmp_path / "plan.yaml")],
        ["import", str(tmp_path / "plan.yaml")],
        ["undo", "--dry-run"],
        ["undo"],
        ["export", "--records", "-o", str(tmp_path / "Compound")],
        ["agency", "archive", "KH-NGO"],
        *([kind.name, "list", *scope(kind.name)] for kind in KINDS),
        *([kind.name, "show", refs[kind.name]] for kind in KINDS),
        *(["history", refs[kind.name]] for kind in KINDS if kind.name != "operation"),
    ]
    for line in lines:
        ran = team.call(*line).ok()
        text = (ran.out + ran.err).replace(str(tmp_path), "")
        assert "⟦" in text, line
        assert unknown(refless(text, team), known) == set(), line


def test_a_state_has_its_label_where_it_stands_for_itself(story: Team) -> None:
    for line in (["status"], ["operation", "show", "STORM MAKERS II"], ["operation", "list"]):
        assert "planning" not in outside(story.call(*line).ok().out), line


def scope(name: str) -> list[str]:
    kind = next(kind for kind in KINDS if kind.name == name)
    return ["--operation", "all"] if kind.field("operation") else []


def refless(text: str, team: Team) -> str:
    """A text without refs, ids and keys of records and devices."""
    text = re.sub(r"\b[A-Z]-[0-9A-Z]{4,16}\b", "", text)
    return re.sub(r"\b[0-9a-hjkmnp-tv-z]{16}\b", "", text)


def test_what_goes_wrong_is_wrapped(story: Team, tmp_path: Path) -> None:
    assignment = story.data("assignment", "list")[0]["ref"]
    (tmp_path / "plan.yaml").write_text(
        "nothings: []\nsites:\n- name: x\n  country: XX\n  colour: red\n  site_kind: pier\n- place: x\n"
    )
    (tmp_path / "tag.yaml").write_text("sites: !!set {}\n")
    for line in (
        ["assignment", "show", "A-0000"],
        ["agency", "show", "NOWHERE"],
        ["assignment", "resume", assignment],
        ["assignment", "add"],
        ["assignment", "add", "x", "--due", "03/04/2026"],
        ["assignment", "add", "x", "--due", "never"],
        ["assignment", "add", "x", "--priority", "pier"],
        ["assignment", "add", "x", "--agency", "NOWHERE"],
        ["victim", "add", "--citizenship", "XX"],
        ["victim", "add", "--languages", "xyzzy"],
        ["victim", "add", "--age-unsure", "perhaps"],
        ["agency", "add", "x y"],
        ["agency", "add", "AB", "--places-free", "x"],
        ["agency", "add", "AB", "--places-free", "-1"],
        ["agency", "add", "KH-NGO"],
        ["assignment", "list", "--where", "x"],
        ["assignment", "list", "--sort", "colour"],
        ["assignment", "list", "--format", "xml"],
        ["log", "edit", story.data("log", "list")[0]["ref"], "--category", "event"],
        ["referral", "complete", story.data("referral", "list")[0]["ref"]],
        ["conflict", "show", "KH-NGO"],
        ["conflict", "resolve", assignment, "due", "--take", "9"],
        ["undo"],
        ["export"],
        ["import", str(tmp_path / "none")],
        ["import", str(tmp_path / "plan.yaml")],
        ["import", str(tmp_path / "tag.yaml")],
        ["config", "set", "colour", "red"],
        ["completion", "tcsh"],
        ["nothing"],
        ["assignment", "nothing"],
    ):
        ran = story.call(*line)
        assert ran.code in (2, 3, 4, 5), (line, ran)
        assert ran.out == ""
        assert "⟦" in ran.err
        assert unknown(ran.err, TYPED) == set(), ran.err
