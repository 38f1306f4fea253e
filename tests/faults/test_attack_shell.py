"""What the shell around the program could be made to do, and what people type that nobody expects."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The real program, working in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", "taskforce", *words],
        cwd=folder,
        env={**os.environ, **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.fixture
def in_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, with a store and its key beside it."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.setenv("TASKFORCE_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("TASKFORCE_KEY_FILE", str(tmp_path / "key"))
    assert run(folder, "init", "--agency", "CITY", "--officer", "J. Okafor").returncode == 0
    return folder


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_offers_a_shell_nothing_to_evaluate(in_store: Path, shell: str) -> None:
    """zsh evaluates what it is offered when somebody presses Tab; bash puts it into the line as it is."""
    for codename in (
        "TIDE$(touch run)",
        "TIDE`touch run`",
        "TIDE;touch run",
        "TIDE\x1b]52;c;QQ==\x07",
        "TIDE-2",
    ):
        assert run(in_store, "operation", "add", codename, "--lead", "CITY").returncode == 0
    line = "taskforce operation show "
    found = run(
        in_store,
        _TASKFORCE_COMPLETE=f"complete_{shell}",
        COMP_WORDS=line,
        COMP_CWORD="3",
        _TYPER_COMPLETE_ARGS=line,
        _TYPER_COMPLETE_FISH_ACTION="get-args",
    ).stdout
    assert "TIDE-2" in found
    assert found.count("O-") == 4  # the others by their refs
    assert not set(found) & set("$`;\x1b\x07") and "touch" not in found


@pytest.mark.parametrize("way", [".", "link"])
def test_init_in_an_empty_folder_by_any_of_its_names(tmp_path: Path, way: str) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    folder, name = (tmp_path / "real", ".") if way == "." else (tmp_path, "link")
    key = str(tmp_path / "key")
    made = run(
        folder, "init", "--agency", "CITY", "--officer", "J. Okafor", "--store", name, "--key-file", key
    )
    assert (made.returncode, made.stderr) == (0, "")
    assert {each.name for each in (tmp_path / "real").iterdir()} == {"store.db", "keys.json", "incarnation"}


def test_numbers_and_names_beyond_all_bounds_are_answered(in_store: Path) -> None:
    assert run(in_store, "operation", "list", "--limit", "9" * 30).returncode == 0
    refused = run(in_store, "import", "n" * 300)
    assert refused.returncode == 5 and "cannot be read" in refused.stderr
