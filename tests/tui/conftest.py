"""Stores for the tests of the room; the helper modules of the command line's tests stand beside them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
sys.path.insert(0, str(Path(__file__).parent))

import pytest
from program import Team
from story import make_story

QUIET = 0.01
"""Seconds for which nothing may have been computed until the room is taken to be done with a key."""

NOW = "2023-10-17T07:32:00Z"
"""When the tests play: the second day of Storm Makers II."""


@pytest.fixture(scope="session", autouse=True)
def sooner_quiet() -> Iterator[None]:
    """Textual's own patience, twice for each key and in every pause, is half of the time that these tests take."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textual._wait.SLEEP_GRANULARITY", QUIET)
        patch.setattr("textual._wait.SLEEP_IDLE", QUIET / 20)  # as Textual has it
        yield


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A store with something of everything (see story.py), at a fixed time, never changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(tmp_path_factory.mktemp("settings") / "none.yaml"))
        patch.setenv("TASKFORCE_NOW", NOW)
        return make_story(tmp_path_factory.mktemp("story"))


@pytest.fixture
def team(made_once: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    """A copy of that store, for one test, at the same time."""
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))
    monkeypatch.setenv("TASKFORCE_NOW", NOW)
    return made_once.copy_to(tmp_path / "team")
