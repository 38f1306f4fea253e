"""Lists where a record was archived by somebody and edited by somebody else, neither having seen the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from taskforce.records.schema import ARCHIVED
from taskforce.store.connection import Connection
from taskforce.sync.archive import crossed
from taskforce.sync.edit import Edit
from taskforce.sync.merge import Dot, PartState


def list_crossed(
    connection: Connection,
    record: str,
    kind: str,
    states: Mapping[str, PartState],
    edit_at: Callable[[Dot], Edit],
) -> None:
    """Enter where it is so into the conflicts, and take out where it is so no more.

    `states` are those of all parts that are not erased. Where some archived it while others brought it back, the field
    itself has two values and stays listed for that.
    """
    found = crossed(states, edit_at)
    for part, state in states.items():
        place = (record, kind, part, ARCHIVED)
        heads = state[ARCHIVED].heads if ARCHIVED in state else []
        if part in found:
            connection.execute("INSERT OR IGNORE INTO conflict VALUES (?, ?, ?, ?)", place)
        elif len({bool(edit_at(dot).set[ARCHIVED]) for dot in heads}) < 2:
            connection.execute(
                "DELETE FROM conflict WHERE record = ? AND kind = ? AND part = ? AND field = ?", place
            )
