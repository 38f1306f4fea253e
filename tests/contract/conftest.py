"""Lets the tests here use the stores and helper modules of ``tests/cli``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))

import pytest
from program import Team
from story import make_story


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A store in which everything that can be listed is there: conflicts, peers, things that need attention."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(tmp_path_factory.mktemp("settings") / "none.yaml"))
        patch.delenv("TASKFORCE_NOW", raising=False)
        return make_story(tmp_path_factory.mktemp("story"))
