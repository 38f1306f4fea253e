"""Looks back: what this store's people did, and every edit of a record."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from taskforce.records.schema import Kind
from taskforce.store.connection import Connection, quote
from taskforce.sync.edit import Edit, Value, known_edit
from taskforce.sync.merge import Dot, PartState, load_state


@dataclass(frozen=True, slots=True)
class Action:
    """One thing done in this store."""

    id: int
    at: str
    by: str
    summary: str
    undoable: bool
    undone_by: int | None
    undoes: int | None


@dataclass(frozen=True, slots=True)
class ActionEdit:
    """One edit of an action: the edit, whether it was its part's first here, and the values before it."""

    edit: Edit
    first: bool
    before: Mapping[str, Value]


def last_number(connection: Connection, feed: str) -> int:
    """The number of the last edit of a feed that the store holds; 0 if it holds none."""
    row = connection.execute(
        "SELECT max(number) FROM edit WHERE feed = (SELECT id FROM feed WHERE name = ?)", (feed,)
    ).fetchone()
    return int(row[0] or 0)


def note_done(connection: Connection, at: str, by: str, summary: str) -> None:
    """Enter something that made no edit and cannot be undone; only inside `writing()`."""
    connection.execute(
        "INSERT INTO action (at, by, summary, undoable) VALUES (?, ?, ?, 0)", (at, by, summary)
    )


_ACTION = "SELECT id, at, by, summary, undoable, undone_by, undoes FROM action "

# Each action, and whether it made edits and none of them of another kind than those bound: looked up edit by edit.
_DONE = """WITH done AS NOT MATERIALIZED (
    SELECT id, at, by, summary, undoable, undone_by, undoes,
        EXISTS (SELECT 1 FROM action_edit WHERE action_edit.action = action.id) AND NOT EXISTS (
            SELECT 1 FROM action_edit JOIN edit ON edit.feed = action_edit.feed AND edit.number = action_edit.number
            WHERE action_edit.action = action.id AND edit.kind NOT IN (SELECT value FROM json_each(:staying))
        ) AS stays
    FROM action
) SELECT id, at, by, summary, undoable, undone_by, undoes FROM done """


def actions(connection: Connection, *, limit: int = 20) -> list[Action]:
    """What was done in this store, latest first."""
    rows = connection.execute(_ACTION + "ORDER BY id DESC LIMIT ?", (limit,))
    return [_action(row) for row in rows]


def note_action(connection: Connection, at: str, by: str, summary: str) -> None:
    """Enter something done that made no edit, and that no undo takes back."""
    connection.execute(
        "INSERT INTO action (at, by, summary, undoable) VALUES (?, ?, ?, 0)", (at, by, summary)
    )


def last_undoable(connection: Connection, staying: Collection[str] = ()) -> Action | None:
    """The latest action that can be undone and is neither an undo nor undone; what the program did by itself is not.

    Actions that made nothing but records of the kinds `staying` are passed over.
    """
    row = connection.execute(
        _DONE
        + "WHERE undoable = 1 AND undone_by IS NULL AND undoes IS NULL AND NOT stays ORDER BY id DESC LIMIT 1",
        _bound(staying),
    ).fetchone()
    return None if row is None else _action(row)


def staying_since(connection: Connection, staying: Collection[str]) -> list[Action]:
    """The actions that made nothing but records of the kinds `staying`, newest first, up to the newest other one."""
    other = connection.execute(
        _DONE + "WHERE undoable = 1 AND (undoes IS NOT NULL OR NOT stays) ORDER BY id DESC LIMIT 1",
        _bound(staying),
    ).fetchone()
    after = 0 if other is None else int(other[0])
    rows = connection.execute(_ACTION + "WHERE undoable = 1 AND id > ? ORDER BY id DESC", (after,))
    return [_action(row) for row in rows]


def last_redoable(connection: Connection, staying: Collection[str] = ()) -> Action | None:
    """The latest undo that was not itself taken back, where nothing else was done since; None otherwise.

    Actions that made nothing but records of the kinds `staying` do not count as something else.
    """
    other = connection.execute(
        _DONE + "WHERE undoes IS NULL AND undoable = 1 AND NOT stays ORDER BY id DESC LIMIT 1",
        _bound(staying),
    ).fetchone()
    row = connection.execute(
        "SELECT id, at, by, summary, undoable, undone_by, undoes FROM action WHERE undoable = 1 "
        "AND undone_by IS NULL AND undoes IN (SELECT id FROM action WHERE undoes IS NULL) AND id > ? "
        "ORDER BY id DESC LIMIT 1",
        (0 if other is None else int(other[0]),),
    ).fetchone()
    return None if row is None else _action(row)


def action_by_id(connection: Connection, action: int) -> Action:
    """One thing done in this store."""
    return _action(connection.execute(_ACTION + "WHERE id = ?", (action,)).fetchone())


def reopen(connection: Connection, action: int) -> None:
    """Let an action that was taken back and done again be taken back once more."""
    connection.execute("UPDATE action SET undone_by = NULL WHERE id = ?", (action,))


def edits_of_action(connection: Connection, action: int) -> list[ActionEdit]:
    """The edits that an action made, in order."""
    rows = connection.execute(
        "SELECT edit.body, action_edit.born, action_edit.before FROM action_edit "
        "JOIN edit ON edit.feed = action_edit.feed AND edit.number = action_edit.number "
        "WHERE action_edit.action = ? ORDER BY action_edit.number",
        (action,),
    )
    return [ActionEdit(known_edit(body), bool(first), json.loads(before)) for body, first, before in rows]


def action_of(connection: Connection, dot: Dot) -> Action | None:
    """The action of this store that made the edit at a place; None for an edit from elsewhere."""
    row = connection.execute(
        "SELECT id, at, by, summary, undoable, undone_by, undoes FROM action JOIN action_edit ON action = action.id "
        "WHERE feed = (SELECT feed.id FROM feed WHERE name = ?) AND number = ?",
        dot,
    ).fetchone()
    return None if row is None else _action(row)


def undoing_edits(connection: Connection, kind: Kind, record: str) -> dict[Dot, bool]:
    """The edits of a record with which this store took something back (True) or did it again (False)."""
    rows = connection.execute(
        "SELECT feed.name, edit.number, earlier.undoes IS NULL FROM action CROSS JOIN edit "
        "JOIN action_edit ON action_edit.action = action.id AND action_edit.feed = edit.feed "
        "AND action_edit.number = edit.number JOIN feed ON feed.id = edit.feed "
        "JOIN action AS earlier ON earlier.id = action.undoes "
        "WHERE action.undoes IS NOT NULL AND edit.record = ? AND edit.kind = ?",
        (record, kind.name),
    )
    return {(name, number): bool(is_undo) for name, number, is_undo in rows}


def edits_of_record(connection: Connection, kind: Kind, record: str) -> list[Edit]:
    """Every edit of a record that the store holds, by clock."""
    rows = connection.execute(
        "SELECT body, hash FROM edit WHERE record = ? AND kind = ?", (record, kind.name)
    )
    return _by_clock(rows)


def edits_setting(
    connection: Connection, kind: Kind, record: str, part: str, names: Sequence[str]
) -> list[Edit]:
    """Every edit of a part of a record that sets one of these fields, by clock.

    An operation has thousands of edits, and few of them say who leads it: the others are not even parsed.
    """
    rows = connection.execute(
        "SELECT body, hash FROM edit WHERE record = ? AND kind = ? AND part = ? "
        "AND EXISTS (SELECT 1 FROM json_each(?) WHERE instr(body, value))",
        (record, kind.name, part, json.dumps([f'"{name}":' for name in names])),
    )
    return [edit for edit in _by_clock(rows) if not edit.set.keys().isdisjoint(names)]


def _by_clock(rows: Iterable[tuple[str, str]]) -> list[Edit]:
    return sorted((known_edit(*row) for row in rows), key=lambda edit: (edit.stamp, edit.hash))


def written_by_several(connection: Connection, kind: Kind) -> frozenset[str]:
    """The records of a kind that have edits of more than one feed."""
    # From the kind's own table, which may be small where the log is long.
    rows = connection.execute(
        "SELECT id FROM " + quote(kind.name) + " AS one WHERE "
        "(SELECT count(DISTINCT feed) FROM edit WHERE edit.record = one.id AND edit.kind = ?) > 1",
        (kind.name,),
    )
    return frozenset(str(record) for (record,) in rows)


def holding_part(connection: Connection, kind: Kind, part: str) -> frozenset[str]:
    """The records of a kind of which the store holds a part."""
    rows = connection.execute(
        "SELECT id FROM " + quote(kind.name) + " AS one WHERE "
        "EXISTS (SELECT 1 FROM state WHERE state.record = one.id AND state.kind = ? AND state.part = ?)",
        (kind.name, part),
    )
    return frozenset(str(record) for (record,) in rows)


def edit_at(connection: Connection, dot: Dot) -> Edit | None:
    """The edit at a place, or None."""
    row = connection.execute(
        "SELECT edit.body FROM edit JOIN feed ON feed.id = edit.feed WHERE feed.name = ? AND edit.number = ?",
        dot,
    ).fetchone()
    return None if row is None else known_edit(row[0])


def edits_at(connection: Connection, feed: str, numbers: Collection[int]) -> Iterator[Edit]:
    """The edits of a feed with these numbers, as they came."""
    rows = connection.execute(
        "SELECT edit.body FROM edit JOIN feed ON feed.id = edit.feed "
        "WHERE feed.name = ? AND edit.number IN (SELECT value FROM json_each(?)) ORDER BY edit.id",
        (feed, json.dumps(sorted(numbers))),
    )
    return (known_edit(body) for (body,) in rows)


def known_at(connection: Connection, dot: Dot) -> Edit:
    """The edit at a place that a state names: it is there."""
    found = edit_at(connection, dot)
    assert found is not None
    return found


def parts_of(connection: Connection, kind: Kind, record: str) -> list[str]:
    """The parts of a record that the store holds something of."""
    rows = connection.execute("SELECT part FROM state WHERE record = ? AND kind = ?", (record, kind.name))
    return sorted(str(part) for (part,) in rows)


@dataclass(frozen=True, slots=True)
class Carrier:
    """The bundle that brought an edit here: whose it was and its number, when it was made and when it was taken in."""

    agency: str
    device: str
    number: int
    made: str
    taken: str


def carrier_of(connection: Connection, dot: Dot) -> Carrier | None:
    """The bundle that brought an edit; None for what this store wrote itself and never lost."""
    row = connection.execute(
        "SELECT bundle.agency, bundle.device, bundle.number, bundle.made, bundle.at FROM edit "
        "JOIN feed ON feed.id = edit.feed JOIN bundle ON bundle.id = edit.bundle "
        "WHERE feed.name = ? AND edit.number = ?",
        dot,
    ).fetchone()
    return None if row is None else Carrier(*row)


def state_of(connection: Connection, kind: Kind, record: str, part: str) -> PartState:
    """Heads and seen of every field of a part."""
    row = connection.execute(
        "SELECT fields FROM state WHERE record = ? AND kind = ? AND part = ?", (record, kind.name, part)
    ).fetchone()
    return {} if row is None else load_state(row[0])


def conflicts(connection: Connection, record: str = "") -> list[tuple[str, str, str, str]]:
    """Every field with several values, of a record or of all: record id, kind, part, field."""
    found = "SELECT record, kind, part, field FROM conflict "
    if record:
        rows = connection.execute(found + "WHERE record = ? ORDER BY kind, part, field", (record,))
    else:
        rows = connection.execute(found + "ORDER BY kind, record, field")
    return [tuple(row) for row in rows]


def count_conflicts(connection: Connection) -> int:
    """How many fields are in conflict."""
    return int(connection.execute("SELECT count(*) FROM conflict").fetchone()[0])


def agency_of_device(connection: Connection, device: str) -> str:
    """The agency of a known device, or the empty string."""
    row = connection.execute("SELECT agency FROM device WHERE id = ?", (device,)).fetchone()
    return "" if row is None else str(row[0])


def _bound(staying: Collection[str]) -> dict[str, str]:
    return {"staying": json.dumps(sorted(staying))}


def _action(row: tuple[int, str, str, str, int, int | None, int | None]) -> Action:
    return Action(row[0], row[1], row[2], row[3], bool(row[4]), row[5], row[6])
