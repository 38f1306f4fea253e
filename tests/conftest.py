"""For all tests: nobody's own home, settings or language leaks in, and a failing random test can be run again."""

from __future__ import annotations

import gc
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Two cores are shared with whatever else runs: how long one example takes says nothing about the code.
UNHURRIED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("dev", **UNHURRIED)
settings.register_profile("ci", **UNHURRIED, print_blob=True, derandomize=False)
settings.register_profile("soak", **UNHURRIED, print_blob=True, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

HOMES = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")
SETTINGS = (
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "LINES",
    "PAGER",
    "EDITOR",
    "VISUAL",
)
LANGUAGES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LC_TIME", "LANG")


MEMORY = Path("/dev/shm")
"""A file system in memory. What tests say about crashes holds there as on a disk: a killed process leaves what it had
written, and the faults of disks are made between the program and its files (tests/faults/shim.c)."""

ENOUGH = 2 << 30
"""Bytes that must be free there. What a test made is removed if it passed."""


def has_room(folder: Path) -> bool:
    """Whether a file system is there and has room for all that the tests make."""
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= ENOUGH


def pytest_addoption(parser: pytest.Parser) -> None:
    """Pictures of the room are compared, or written anew."""
    parser.addoption("--update-pictures", action="store_true", help="write the pictures of the room anew")


@pytest.fixture
def update_pictures(pytestconfig: pytest.Config) -> bool:
    """Whether the pictures of the room are to be written anew."""
    return bool(pytestconfig.getoption("--update-pictures"))


def pytest_configure(config: pytest.Config) -> None:
    """Choose Hypothesis's seed here, so that it is known, and the same in every worker.

    Garbage in cycles is looked for as seldom as in the program itself: rooms that were left fill the memory with it.
    Stores are made in memory where there is enough: most of a command's time is the wait for a disk.
    """
    gc.set_threshold(100_000)
    if config.getoption("basetemp", None) is None and has_room(MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    if config.getoption("hypothesis_seed", None) is None:
        config.option.hypothesis_seed = str(secrets.randbelow(2**32))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say the seed in every log: a header would not show under ``-q``."""
    seed = config.getoption("hypothesis_seed")
    terminalreporter.write_line(f"The random tests again, as they were: --hypothesis-seed={seed}")


@pytest.fixture(autouse=True)
def away_from_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Give each test an empty home, UTC, English, and none of the environment's settings."""
    home = str(tmp_path_factory.mktemp("home"))
    for name in HOMES:
        monkeypatch.setenv(name, home)
    for name in list(os.environ):
        if name.startswith(("XDG_", "TASKFORCE_")) or name in SETTINGS or name in LANGUAGES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TZ", "UTC")
    if hasattr(time, "tzset"):  # Windows has none
        time.tzset()
    yield
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()
