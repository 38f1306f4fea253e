"""The tables of the kinds: one row per record, made from the declarations and from nothing else.

Every field is a column: text as it is on the wire, an integer where it is one, a JSON list for a field of many values,
NULL where nothing is set. Beside them stand what is known of the whole record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from taskforce.records.registry import all_kinds
from taskforce.records.schema import Kind, Type
from taskforce.store.connection import Connection, placeholders, quote, with_sqlite_utils

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.sync.edit import Value

OWN_COLUMNS = (
    "n",
    "id",
    "archived",
    "created",
    "created_by",
    "created_in",
    "changed",
    "changed_by",
    "changed_in",
)
"""Row number (the search index's too), id, whether out of view; of first and last edit: clock, officer, agency."""

# By kind, since they are asked for with every record of an import.
_COLUMNS: dict[str, tuple[str, ...]] = {}
_SEARCHED: dict[str, tuple[str, ...]] = {}

_INDEXED = (Type.REF, Type.AGENCY_CODE)

_WIDE = ("operation", "agency")

LAYOUT = 6
"""Raised when the declarations or `create_tables` make other tables or indexes within a version of the program, or when
the log adds up to something else."""


def create_tables(connection: Connection) -> None:
    """Make the table of every kind, empty; existing ones are dropped first."""
    database = with_sqlite_utils(connection)
    for kind in all_kinds():
        table: Any = database[kind.name]
        if table.exists():
            table.drop()
        columns: dict[str, type] = {"n": int, "id": str, "archived": int}
        columns.update(dict.fromkeys(OWN_COLUMNS[3:], str))
        columns.update((each.name, int if each.type == Type.INTEGER else str) for each in kind.fields)
        table.create(columns, pk="n", not_null=OWN_COLUMNS)
        table.create_index(["id"], unique=True)
        create_indexes(connection, kind)


def create_indexes(connection: Connection, kind: Kind) -> None:
    """Make the indexes of a kind's table."""
    for index, terms in indexes_of(kind).items():
        connection.execute(
            "CREATE INDEX " + quote(index) + " ON " + quote(kind.name) + " (" + ", ".join(terms) + ")"
        )


def indexes_of(kind: Kind) -> dict[str, tuple[str, ...]]:
    """The indexes of a kind's table besides that of its ids, by name: their terms, in SQL.

    `…_sorted` has the kind's own order, `…_here` the same within an operation, `…_status` within each state. They hold
    all that the order, the counts and the usual filters ask for, so that these never touch the rows: a table of a
    million records is put in order from one walk along an index.
    """
    sort = kind.sort.lstrip("-")
    order = (quote(sort),) if sort else ()  # walked backwards where the latest come first
    rows = (*order, "n", "archived")  # not a partial index: archived records are listed, too
    singles = [each.name for each in kind.fields if each.type in _INDEXED and not each.many]
    states = (quote("status"),) if kind.lifecycle else ()
    codes = (
        quote(each.name)
        for each in kind.fields
        if each.type == Type.CODE and not each.many and each.name in kind.columns and each.name != "status"
    )
    found = {f"{kind.name}_sorted": (*rows, *states, *codes)}
    here: tuple[str, ...] = ()
    if "operation" in singles:
        here = (quote("operation"),)
        agency = (quote("agency"),) if "agency" in singles else ()
        found[f"{kind.name}_here"] = (*here, *rows, *states, *agency)
    if states:
        found[f"{kind.name}_status"] = (*here, *states, *rows)
    found.update(
        (f"{kind.name}_{name}", (quote(name),)) for name in singles if name not in ("operation", sort)
    )
    return found


def here_columns(kind: Kind) -> tuple[str, ...]:
    """What the index of an operation's records holds besides the operation; empty where the kind has none."""
    if kind.field("operation") is None:
        return ()
    sort = (kind.sort.lstrip("-"),) if kind.sort else ()
    status = ("status",) if kind.lifecycle else ()
    return (*sort, "n", "archived", *status, *(("agency",) if kind.field("agency") else ()))


def is_narrow(kind: Kind, column: str) -> bool:
    """Whether few records share a value of this column, as few are about one site where many are of one operation."""
    field = kind.field(column)
    return field is not None and field.type == Type.REF and not field.many and column not in _WIDE


def column_value(kind: Kind, name: str, value: Value) -> Any:
    """How `value` stands in the column of field `name`."""
    if not value:
        return None
    field = kind.field(name)
    assert field is not None
    if field.many and isinstance(value, str):
        value = [
            value
        ]  # what a column of many holds is always a list, whatever others may write into their edits
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if field.type == Type.INTEGER and is_integer(value):
        return int(value)
    return value


def wire_value(kind: Kind, name: str, stored: Any) -> Value:
    """The wire's value of what stands in a column."""
    field = kind.field(name)
    assert field is not None
    if stored is None:
        return [] if field.many else ""
    if field.many:
        items = json.loads(stored)
        assert isinstance(items, list)
        return items
    return str(stored)


def columns_of(kind: Kind) -> tuple[str, ...]:
    """All columns of the kind's table, in order."""
    known = _COLUMNS.get(kind.name)
    if known is None:
        known = _COLUMNS[kind.name] = (*OWN_COLUMNS, *(each.name for each in kind.fields))
    return known


def insert_rows(connection: Connection, kind: Kind, rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows that hold every column, in the order of `columns_of`."""
    names = columns_of(kind)
    connection.executemany(
        "INSERT INTO " + quote(kind.name) + " VALUES (" + placeholders(len(names)) + ")",
        rows,
    )


def update_row(connection: Connection, kind: Kind, n: int, values: Mapping[str, Any]) -> None:
    """Set some columns of row `n`."""
    assignments = ", ".join(quote(name) + " = ?" for name in values)
    connection.execute(
        "UPDATE " + quote(kind.name) + " SET " + assignments + " WHERE n = ?",
        (*values.values(), n),
    )


def row_of(connection: Connection, kind: Kind, n: int) -> dict[str, Any]:
    """Row `n` by column name; empty where of the record nothing counts."""
    return find_row(connection, kind, n) or {}


def find_row(connection: Connection, kind: Kind, n: int) -> dict[str, Any] | None:
    """Row `n` by column name; None where of the record nothing counts."""
    row = connection.execute("SELECT * FROM " + quote(kind.name) + " WHERE n = ?", (n,)).fetchone()
    return None if row is None else dict(zip(columns_of(kind), row, strict=True))


def delete_row(connection: Connection, kind: Kind, n: int) -> None:
    """Take row `n` out of the table and of the search index."""
    connection.execute("DELETE FROM " + quote(kind.name) + " WHERE n = ?", (n,))
    connection.execute("DELETE FROM search WHERE rowid = ?", (n,))


def searched_fields(kind: Kind) -> tuple[str, ...]:
    """The fields whose words the search index holds."""
    known = _SEARCHED.get(kind.name)
    if known is None:
        words = (Type.TEXT, Type.NOTE, Type.AGENCY_CODE)
        known = _SEARCHED[kind.name] = tuple(each.name for each in kind.fields if each.type in words)
    return known


def index_rows(
    connection: Connection, rows: Sequence[tuple[int, str]], *, replace: Sequence[int] = ()
) -> None:
    """Put texts under their row numbers into the search index, first taking out those of `replace`."""
    if replace:
        connection.executemany("DELETE FROM search WHERE rowid = ?", [(n,) for n in replace])
    connection.executemany("INSERT INTO search (rowid, text) VALUES (?, ?)", [row for row in rows if row[1]])


def is_integer(text: str) -> bool:
    """Whether a value stands in its column as an integer: canonical digits, few enough for every reader of JSON."""
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 16 and str(int(text)) == text


def forget_all(connection: Connection) -> None:
    """Empty everything that the log adds up to, before it is built anew."""
    for statement in (
        "DELETE FROM record",
        "DELETE FROM state",
        "DELETE FROM held",
        "DELETE FROM scope",
        "DELETE FROM conflict",
        "DELETE FROM judged",
        "DELETE FROM proposal",
        "DELETE FROM leaders",
        "INSERT INTO search (search) VALUES ('delete-all')",
    ):
        connection.execute(statement)
