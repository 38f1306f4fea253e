"""What the program can do is said by `--help`, everywhere: no command or option is without a word about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from program import call, run
from samples import KINDS, settable

from taskforce.cli import root
from taskforce.records.schema import Kind

TOP = (
    *("init", "use", "status"),
    *(kind.name for kind in KINDS),
    "recall",
    *(
        "import",
        "export",
        "bundle",
        "peer",
        "device",
        "agency-key",
        "quarantine",
        "feed",
        "conflict",
        "proposal",
        "share",
        "disclosures",
        "erase",
        "history",
        "undo",
        "redo",
        "search",
        "audit",
        "doctor",
        "backup",
        "restore",
        "key",
        "unlock",
        "lock",
        "wipe",
        "config",
    ),
    *("completion", "tui", "wall", "demo"),
)
GROUPS = (
    "audit",
    "bundle",
    "peer",
    "device",
    "agency-key",
    "conflict",
    "quarantine",
    "feed",
    "backup",
    "key",
    "config",
)
OF_EVERY_NOUN = ("add", "list", "show", "edit", "archive")
SHARED = ("--store", "--key-file", "--passphrase-fd", "--json", "--quiet", "--help")
EXTRA = {
    "agreement": ("due",),
    "assignment": ("timeline",),
    "operation": ("join", "roster"),
    "log": ("correct",),
    "referral": ("match", "new"),
}


def tree(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group below `command`, with the words that call it."""
    yield path, command
    if hasattr(command, "list_commands"):
        for name in command.list_commands(None):
            yield from tree(command.get_command(None, name), (*path, name))


COMMANDS = dict(tree(root()))


def test_the_commands_are_these() -> None:
    assert {path[0] for path in COMMANDS if path} == set(TOP)
    for kind in KINDS:
        moves = tuple(move.name for move in kind.lifecycle.moves) if kind.lifecycle else ()
        verbs = {path[1] for path in COMMANDS if path[:1] == (kind.name,) and len(path) == 2}
        assert verbs == {*OF_EVERY_NOUN, *moves, *EXTRA.get(kind.name, ())}, kind.name
    verbs = {path[1] for path in COMMANDS if path[:1] == ("recall",) and len(path) == 2}
    assert verbs == {"add", "list", "show", "archive", "confirm", "status"}
    assert {" ".join(path) for path in COMMANDS if path and path[0] in GROUPS} == {
        *("device", "device list", "device request", "device admit", "device join", "device revoke"),
        *("agency-key", "agency-key show", "agency-key create", "agency-key export", "agency-key import"),
        "agency-key remove",
        *(
            "bundle",
            "bundle show",
            "bundle open",
            "device export-identity",
            "peer",
            "peer card",
            "peer words",
            "peer add",
            "peer list",
        ),
        *("audit", "audit verify", "audit export"),
        *("conflict", "conflict list", "conflict show", "conflict resolve"),
        *("quarantine", "quarantine list", "quarantine show", "quarantine admit", "quarantine drop"),
        *("feed", "feed list", "feed show"),
        *("backup", "backup write", "backup verify"),
        *("key", "key list", "key add", "key change", "key remove", "key rotate", "key recovery"),
        *("config", "config path", "config show", "config set"),
    }


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_names_and_explains_everything(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    ran = call(*path, "--help").ok()
    assert ran.err == ""
    assert ran.out.startswith(" ".join(("Usage: taskforce", *path)))
    assert command.help and words(command.help) in words(ran.out)
    for parameter in command.params:
        assert parameter.help, parameter.name
        assert words(parameter.help) in words(ran.out), parameter.name
        for spelling in parameter.opts if parameter.param_type_name == "option" else ():
            assert spelling in ran.out
    if hasattr(command, "list_commands"):
        for name in command.list_commands(None):
            assert re.search(rf"^  {re.escape(name)}  +\S", ran.out, re.MULTILINE), name
    else:
        assert all(option in ran.out for option in SHARED)
    assert max(map(len, ran.out.splitlines())) <= 80
    assert call(*path, "-h").ok().out == ran.out


def words(text: str) -> str:
    """A text without the spaces and line ends of its layout (help breaks long words at dashes)."""
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_options_come_from_the_declaration(kind: Kind) -> None:
    shown = call(kind.name, "add", "--help").ok().out
    for field in kind.fields:
        has_option = field in settable(kind) and field.name != kind.positional
        assert bool(re.search(rf"^  {field.option}\b(?!-)", shown, re.MULTILINE)) == has_option, field.name
        for code in (field.codes or ()) if has_option and not field.pair_codes else ():
            assert code in re.sub(r"\s*\n\s*", "", shown) or code in re.sub(r"\s+", " ", shown), code


def test_the_exit_codes_are_documented_where_people_look() -> None:
    shown = " ".join(run("--help").ok().out.split())
    for text in (
        "0 done",
        "1 failure",
        "2 usage",
        "3 not found",
        "4 refused",
        "5 bad input",
        "6 locked",
        "7 store",
    ):
        assert text in shown
    assert "8 trust" in shown


def test_help_needs_no_store_and_no_terminal(tmp_path: object) -> None:
    ran = run("assignment", "add", "--help", TASKFORCE_STORE=f"{tmp_path}/none")
    assert "--due" in ran.ok().out
