"""A store whose tables were made of other declarations has them built anew when it is opened."""

from __future__ import annotations

import hashlib

from taskforce.records.registry import all_kinds
from taskforce.store import tables

MADE_BY = (6, "bca7225e692b03d0")
"""The layout, and what it makes: when a kind gets another column, raise `tables.LAYOUT` and write both here."""


def test_other_columns_are_another_layout() -> None:
    made = repr([(kind.name, tables.columns_of(kind)) for kind in all_kinds()])
    assert (tables.LAYOUT, hashlib.sha256(made.encode()).hexdigest()[:16]) == MADE_BY
