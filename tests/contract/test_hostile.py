"""The table of what the program survives names tests that there are, and at least one for each line."""

from __future__ import annotations

import pytest
from named_tests import check_tests, rows_of

ROWS = rows_of("docs/hostile.md", "case")


def test_there_are_lines() -> None:
    assert len(ROWS) > 35


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_the_tests_of_each_line_are_there(row: str) -> None:
    assert row.count("|") == 4, "a bar in a cell"
    check_tests(row)
