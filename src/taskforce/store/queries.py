"""Reads records: by ref, by filter, by words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os.path import commonprefix
from typing import Any

from taskforce.records.registry import all_kinds, get_kind
from taskforce.records.schema import Kind
from taskforce.store import tables
from taskforce.store.connection import Connection, placeholders, quote

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.sync.edit import Value

SHORTEST_REF = 4
"""Characters of an id that a ref shows at least."""

_MANY = 500
"""From so many rows on, refs are worked out from all ids of the kind at once."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as the store shows it: `values` holds every field that has a value, as on the wire."""

    kind: Kind
    id: str
    n: int
    ref: str
    values: Mapping[str, Value]
    archived: bool
    created: str
    created_by: str
    created_in: str
    changed: str
    changed_by: str
    changed_in: str

    def text(self, name: str) -> str:
        """The value of a field of one value, or the empty string."""
        value = self.values.get(name, "")
        return value if isinstance(value, str) else ",".join(value)

    def items(self, name: str) -> list[str]:
        """The values of a field of many."""
        value = self.values.get(name, [])
        return value if isinstance(value, list) else [value]

    @property
    def title(self) -> str:
        """What the record is called among people."""
        return self.text(self.kind.title)


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter on one column. `operator` is `=`, `has` (a list holds it), `has any`, `<`, `>=`, `in` or `unset`."""

    column: str
    operator: str
    value: Any = None


def list_records(
    connection: Connection,
    kind: Kind,
    conditions: Sequence[Condition] = (),
    *,
    sort: Sequence[tuple[str, bool]] = (),
    limit: int | None = None,
    archived: bool = False,
    refs: bool = True,
) -> list[Record]:
    """Records of a kind that meet every condition; `sort` lists columns, True for descending; unset values last.

    Without `refs`, which take two look-ups for each record, they are not to be shown to people.
    """
    walk = limit is not None and is_own_order(kind, sort)
    clauses, bound = where(kind, conditions, archived=archived, walk=walk)
    query = "SELECT * FROM " + quote(kind.name) + clauses + " ORDER BY " + order_by(sort) + " LIMIT ?"
    rows = connection.execute(query, (*bound, -1 if limit is None else limit)).fetchall()
    return records_of(connection, kind, rows, with_refs=refs)


def count_records(
    connection: Connection, kind: Kind, conditions: Sequence[Condition] = (), *, archived: bool = False
) -> int:
    """How many records of a kind meet every condition."""
    clauses, bound = where(kind, conditions, archived=archived, walk=True)
    return int(connection.execute("SELECT count(*) FROM " + quote(kind.name) + clauses, bound).fetchone()[0])


def get_record(connection: Connection, kind: Kind, record: str) -> Record | None:
    """The record with this full id, archived or not, or None."""
    rows = connection.execute("SELECT * FROM " + quote(kind.name) + " WHERE id = ?", (record,)).fetchall()
    return records_of(connection, kind, rows)[0] if rows else None


def is_known(connection: Connection, kind_name: str, record: str) -> bool:
    """Whether anything is known of a record, of whatever kind: it may be of a newer version."""
    query = "SELECT 1 FROM record WHERE id = ? AND kind = ?"
    return connection.execute(query, (record, kind_name)).fetchone() is not None


def records_by_prefix(connection: Connection, kind: Kind, prefix: str, *, limit: int = 6) -> list[Record]:
    """Records whose id begins with `prefix` (lower case)."""
    rows = connection.execute(
        "SELECT * FROM " + quote(kind.name) + " WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
        (prefix, prefix + "{", limit),
    ).fetchall()
    return records_of(connection, kind, rows)


def records_by_value(connection: Connection, kind: Kind, column: str, value: str) -> list[Record]:
    """Records with this value in a column, compared without regard to case."""
    rows = connection.execute(
        "SELECT * FROM " + quote(kind.name) + " WHERE " + quote(column) + " = ? COLLATE NOCASE ORDER BY n",
        (value,),
    ).fetchall()
    return records_of(connection, kind, rows)


def column_by_id(connection: Connection, kind: Kind, column: str, ids: Iterable[str]) -> dict[str, str]:
    """One column of several records, by id."""
    wanted = sorted(set(ids))
    found: dict[str, str] = {}
    for start in range(0, len(wanted), 10_000):
        some = wanted[start : start + 10_000]
        query = "SELECT id, {} FROM {} WHERE id IN ({})"
        query = query.format(quote(column), quote(kind.name), placeholders(len(some)))
        found.update((key, str(value)) for key, value in connection.execute(query, some) if value is not None)
    return found


def refs_by_id(connection: Connection, kind: Kind, ids: Iterable[str]) -> dict[str, str]:
    """The refs of several records, by id; one that the store does not hold has its ref by length alone."""
    return dict(zip(wanted := sorted(set(ids)), _refs(connection, kind, wanted), strict=True))


def kinds_of(connection: Connection, record: str) -> list[str]:
    """The kinds under which edits name this full id; more than one only if somebody sent stray edits."""
    rows = connection.execute("SELECT kind FROM record WHERE id = ? ORDER BY n", (record,))
    return [str(name) for (name,) in rows]


def owner_of(connection: Connection, kind: Kind, record: str) -> str:
    """The agency that made a record, as its id proves; empty where no part held proves it."""
    row = connection.execute(
        "SELECT owner FROM record WHERE id = ? AND kind = ?", (record, kind.name)
    ).fetchone()
    return "" if row is None else str(row[0])


def scope_of(connection: Connection, place: tuple[str, str, str]) -> int:
    """The number of the scope that a part of a record is in: who may have it; 0 where nothing of it is held."""
    row = connection.execute(
        "SELECT scope FROM state WHERE record = ? AND kind = ? AND part = ?", place
    ).fetchone()
    return 0 if row is None else int(row[0])


def anchor_of(connection: Connection, place: tuple[str, str, str]) -> str:
    """The record that decides who may have a part; empty where there is none, or where it is contested."""
    row = connection.execute(
        "SELECT anchor FROM scope WHERE id = ?", (scope_of(connection, place),)
    ).fetchone()
    return "" if row is None or " " in row[0] else str(row[0])


def search(connection: Connection, words: str, *, kind: Kind | None = None, limit: int = 50) -> list[Record]:
    """Records that hold all the words (each as a prefix), best first; nothing for no words."""
    terms = [
        "".join(character for character in word if character.isalnum() or character in "-_")
        for word in words.split()
    ]
    query = " ".join('"' + term + '"*' for term in terms if term)
    if not query:
        return []
    found = connection.execute(
        "SELECT record.kind, record.id FROM search JOIN record ON record.n = search.rowid "
        "WHERE search MATCH ? AND (? = '' OR record.kind = ?) ORDER BY rank LIMIT ?",
        (query, kind.name if kind else "", kind.name if kind else "", limit),
    ).fetchall()
    records = (get_record(connection, get_kind(name), record) for name, record in found)
    return [record for record in records if record is not None and not record.archived]


def count_all(connection: Connection) -> dict[str, int]:
    """How many records of each kind are in view."""
    return {kind.name: count_records(connection, kind) for kind in all_kinds()}


def order_by(sort: Sequence[tuple[str, bool]]) -> str:
    """The terms of ORDER BY: columns, True for descending; unset values last, and the same order every time."""
    terms = [quote(column) + (" DESC" if descending else " NULLS LAST") for column, descending in sort]
    # In descending order SQLite has unset values last by itself; what is alike then stands in it by its arrival, too.
    return ", ".join((*terms, "n DESC" if sort and sort[-1][1] else "n"))


def is_own_order(kind: Kind, sort: Sequence[tuple[str, bool]]) -> bool:
    """Whether `sort` is the order that the kind's indexes are in, forwards or backwards."""
    return [column for column, _descending in sort] == ([kind.sort.lstrip("-")] if kind.sort else [])


def where(
    kind: Kind, conditions: Sequence[Condition], *, archived: bool, walk: bool = False
) -> tuple[str, tuple[Any, ...]]:
    """The WHERE clause of some conditions, which may be empty, and the values bound in it.

    `walk` says that what is read stands in the index of an operation's records, in its order. Otherwise their rows are
    read in the order in which they lie: a hundred thousand rows here and there take ten times as long.
    """
    clauses = [] if archived else ["archived = 0"]
    bound: list[Any] = []
    known = ("operation", *tables.here_columns(kind))
    walk = walk and all(each.column in known for each in conditions)
    narrow = any(each.operator == "=" and tables.is_narrow(kind, each.column) for each in conditions)
    for condition in conditions:
        column = quote(condition.column)
        if condition.column == "operation" and condition.operator == "=" and (narrow or not walk):
            if narrow:
                clauses.append("+" + column + " = ?")  # the plus keeps SQLite from an index of it
            else:
                clauses.append("n IN (SELECT n FROM " + quote(kind.name) + " WHERE " + column + " = ?)")
            bound.append(condition.value)
            continue
        if condition.operator == "has":
            clauses.append("EXISTS (SELECT 1 FROM json_each(" + column + ") WHERE json_each.value = ?)")
            bound.append(condition.value)
        elif condition.operator == "has any":
            some = placeholders(len(condition.value))
            clauses.append(
                "EXISTS (SELECT 1 FROM json_each(" + column + ") WHERE json_each.value IN (" + some + "))"
            )
            bound.extend(condition.value)
        elif condition.operator == "in":
            clauses.append(column + " IN (" + placeholders(len(condition.value)) + ")")
            bound.extend(condition.value)
        elif condition.operator == "unset":
            clauses.append(column + " IS NULL")
        else:
            clauses.append(column + {"=": " = ?", "<": " < ?", ">=": " >= ?"}[condition.operator])
            bound.append(condition.value)
    return (" WHERE " + " AND ".join(clauses) if clauses else "", tuple(bound))


def records_of(
    connection: Connection, kind: Kind, rows: Sequence[Sequence[Any]], *, with_refs: bool = True
) -> list[Record]:
    """Whole rows of a kind's table as records."""
    own = len(tables.OWN_COLUMNS)
    names = tables.columns_of(kind)[own:]
    refs = _refs(connection, kind, [row[1] for row in rows]) if with_refs else [""] * len(rows)
    return [
        Record(
            kind,
            row[1],
            row[0],
            ref,
            {
                name: tables.wire_value(kind, name, stored)
                for name, stored in zip(names, row[own:], strict=True)
                if stored is not None
            },
            bool(row[2]),
            *row[3:own],
        )
        for row, ref in zip(rows, refs, strict=True)
    ]


def _refs(connection: Connection, kind: Kind, ids: Sequence[str]) -> list[str]:
    """Kind letter, dash, and the shortest prefix (4 characters or more) that no other record of the kind has."""
    if len(ids) > _MANY:
        every = [row[0] for row in connection.execute("SELECT id FROM " + quote(kind.name) + " ORDER BY id")]
        return [_ref(kind, one, *_beside(every, one)) for one in ids]
    table = quote(kind.name)
    query = (
        "SELECT (SELECT max(id) FROM "
        + table
        + " WHERE id < ?), (SELECT min(id) FROM "
        + table
        + " WHERE id > ?)"
    )
    return [_ref(kind, one, *connection.execute(query, (one, one)).fetchone()) for one in ids]


def _beside(every: Sequence[str], one: str) -> tuple[str | None, str | None]:
    place = bisect_left(every, one)
    after = place + 1 if place < len(every) and every[place] == one else place
    return (every[place - 1] if place else None, every[after] if after < len(every) else None)


def _ref(kind: Kind, one: str, before: str | None, after: str | None) -> str:
    shared = max(len(commonprefix((one, other))) if other else 0 for other in (before, after))
    return f"{kind.letter}-{one[: max(SHORTEST_REF, shared + 1)].upper()}"
