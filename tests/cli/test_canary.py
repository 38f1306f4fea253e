"""Whatever a command's function was about when it failed, only the kind of fault is told: nowhere its words."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from every_command import leaves
from program import Team
from typer.core import TyperCommand

from taskforce.commands.frame import open_session

CANARY = "Srey-Canary-7731"


class Odd(Exception):
    """A fault of a class that nobody has a word for; even its `repr` quotes what it was about."""

    def __repr__(self) -> str:
        return CANARY

    __str__ = __repr__


FAULTS: dict[str, Callable[[], Exception]] = {
    "RuntimeError": lambda: RuntimeError(CANARY),
    "KeyError": lambda: KeyError(CANARY),
    "AssertionError": lambda: AssertionError({"name": CANARY}),
    "RecursionError": lambda: RecursionError(CANARY),
    "UnicodeEncodeError": lambda: UnicodeEncodeError("ascii", CANARY, 0, 1, CANARY),
    "FileNotFoundError": lambda: FileNotFoundError(2, CANARY, CANARY),
    "Odd": Odd,
}


def words_of(command: Any) -> list[str]:
    """A word for each argument that a command needs."""
    needed = [each for each in command.params if each.required and each.param_type_name == "argument"]
    return ["bash" if command.name == "completion" else "x" for _each in needed]


def raising(monkeypatch: pytest.MonkeyPatch, fault: Callable[[], Exception], *, opened: bool) -> list[str]:
    """Let every command fail in place of what it does: in the middle of a transaction, or before there is a store."""
    ran: list[str] = []

    def invoke(self: TyperCommand, _context: Any) -> None:
        ran.append(str(self.name))
        held = {"family_name": CANARY, "cause": ValueError(CANARY)}
        if not opened:
            raise fault() from held["cause"]  # type: ignore[misc]
        with open_session().acting(f"something about {held['family_name']}"):
            raise fault() from held["cause"]  # type: ignore[misc]

    monkeypatch.setattr(TyperCommand, "invoke", invoke)
    return ran


def files_with(canary: str, *folders: Path) -> list[Path]:
    """The files below these folders that hold it."""
    every = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert every
    return [path for path in every if canary.encode() in path.read_bytes() or canary in path.name]


def everywhere(team: Team) -> tuple[Path, ...]:
    """Where this program, or Python for it, might write."""
    return team.folder, Path(os.environ["HOME"])


def test_no_command_tells_what_it_was_about_when_it_failed(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(team.folder)
    before = team.fingerprint()
    every = dict(leaves())
    assert len(every) > 100
    with monkeypatch.context() as patch:
        ran = raising(patch, FAULTS["RuntimeError"], opened=True)
        for path, command in every.items():
            for more in ((), ("--json",)):
                said = team.call(*path.split(), *words_of(command), *more).failed(1)
                assert CANARY not in said.out + said.err, path
                assert "(RuntimeError)" in said.err, path
        assert len(ran) == 2 * len(every), "each was called"
    assert files_with(CANARY, *everywhere(team)) == []
    assert team.fingerprint() == before


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("opened", [False, True])
def test_nor_does_any_kind_of_fault(
    team: Team, monkeypatch: pytest.MonkeyPatch, fault: str, opened: bool
) -> None:
    raising(monkeypatch, FAULTS[fault], opened=opened)
    for more in ((), ("--json",)):
        said = team.call("site", "add", "x", *more).failed(1)
        assert CANARY not in said.out + said.err
        assert f"({fault})" in said.err
    assert files_with(CANARY, *everywhere(team)) == []


def test_nor_does_a_process_of_its_own(team: Team) -> None:
    (team.folder / "sitecustomize.py").write_text(
        "import taskforce.actions.keeping as keeping\n"
        "def add(*given, **named):\n"
        f"    held = '{CANARY[:4]}' + '{CANARY[4:]}'\n"
        "    raise ValueError(held)\n"
        "keeping.add = add\n"
    )
    path = f"{team.folder}{os.pathsep}{Path(__file__).parents[2] / 'src'}"
    said = team.run("site", "add", "x", PYTHONPATH=path, PYTHONFAULTHANDLER="1", PYTHONDEVMODE="1").failed(1)
    assert "(ValueError)" in said.err and CANARY not in said.out + said.err
    assert files_with(CANARY, team.folder) == []
