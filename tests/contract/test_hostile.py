"""The table of what the program survives names tests that there are, and at least one for each line."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "hostile.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROWS = [
    line
    for line in TABLE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| case |")
]


@cache
def collected_from(path: str) -> frozenset[str]:
    """The names by which pytest collects the tests of a file."""
    found = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):  # a state machine's test case
            found.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return frozenset(name for name in found if name.startswith(("test_", "Test")))


def test_there_are_lines() -> None:
    assert len(ROWS) > 35


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_the_tests_of_each_line_are_there(row: str) -> None:
    assert row.count("|") == 4, "a bar in a cell"
    tests = row.split("|")[3]
    named = NAMED.findall(tests)
    assert named and tests.count("::") == len(named)
    for path, name in named:
        assert (ROOT / path).is_file(), path
        assert name in collected_from(path), f"{path} has no {name}"
