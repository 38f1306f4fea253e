"""Lets the tests here use the stores and helper modules of ``tests/cli``, and those beside them."""

from __future__ import annotations

import sys
from pathlib import Path

for helpers in ("cli", "contract"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / helpers))

import pytest  # noqa: E402  # found only now
from program import Team  # noqa: E402
from story import make_story  # noqa: E402


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A store in which everything that can be listed is there: conflicts, peers, things that need attention."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(tmp_path_factory.mktemp("settings") / "none.yaml"))
        patch.delenv("TASKFORCE_NOW", raising=False)
        return make_story(tmp_path_factory.mktemp("story"))
