"""The threat model speaks of everything that can be taken, and each of its promises names tests that there are."""

from __future__ import annotations

import re

import pytest
from named_tests import ROOT, check_tests, rows_of

DOCUMENT = "docs/threat-model.md"
ROWS = rows_of(DOCUMENT, "promised")
TAKEN = [
    "A laptop, switched off",
    "A laptop, unlocked",
    "A laptop, suspended",
    "A USB stick with bundles",
    "A partner's laptop",
    "An officer under pressure",
    "The agency key",
    "A backup",
    "A phone photo of the words",
    "A compromised device",
    "A curious host of an object store",
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_each_promise_names_tests_that_there_are(row: str) -> None:
    assert row.count("|") == 3, "a bar in a cell"
    check_tests(row)


@pytest.mark.parametrize("what", TAKEN)
def test_it_says_of_each_thing_what_is_promised_and_what_is_not(what: str) -> None:
    sections = re.split(r"^## ", (ROOT / DOCUMENT).read_text("utf-8"), flags=re.MULTILINE)
    (section,) = [each for each in sections if each.partition("\n")[0] == what]
    said, _, table = section.partition("| promised | tests |")
    assert len(said.split()) > 15, "what it yields"
    assert "::" in table and "Not promised:" in section


def test_a_row_without_a_test_or_with_one_that_is_not_there_is_found() -> None:
    for cell in ("", "trust us", "`tests/cli/test_key.py::test_no_such`", "`tests/none.py::test_x`"):
        with pytest.raises(AssertionError):
            check_tests(f"| something | {cell} |")


def test_the_readme_leads_to_it_and_to_how_to_report() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for target in ("docs/threat-model.md", "SECURITY.md"):
        assert f"]({target})" in readme
