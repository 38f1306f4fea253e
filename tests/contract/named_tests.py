"""Documents that name tests: the tests that they name are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


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


def rows_of(document: str, *heads: str) -> list[str]:
    """The rows of a document's tables, but for those that begin with the names of columns."""
    return [
        line
        for line in (ROOT / document).read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith(tuple(f"| {head} |" for head in heads))
    ]


def check_tests(row: str) -> None:
    """The last cell of a row names at least one test, nothing else, and all of them are there."""
    tests = row.rstrip().removesuffix("|").rpartition("|")[2]
    named = NAMED.findall(tests)
    assert named and tests.count("::") == len(named)
    for path, name in named:
        assert (ROOT / path).is_file(), path
        assert name in collected_from(path), f"{path} has no {name}"
