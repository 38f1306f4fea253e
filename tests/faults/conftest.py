"""Lets the tests here import the helper modules beside them and in tests/sync (stores) and tests/cli (the program).

Processes that they start find these tests under the name that pytest gives them: tests.faults.…
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

for helpers in ("sync", "cli", "faults"):
    sys.path.insert(0, str(Path(__file__).parent.parent / helpers))
sys.path.append(str(Path(__file__).parents[2]))

from bench import Bench, build_bench  # noqa: E402  # found only now


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The shim, built, and the process that it stands beside."""
    yield from build_bench(tmp_path_factory.mktemp("shim"))
