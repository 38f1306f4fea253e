"""Reads tables of any size: the order of all rows as numbers, and the records of those in sight.

A screen knows the order of a million records as an array of their row numbers (8 bytes each), and reads a page when
it comes into sight. A filter is a set of row numbers that the order is held against.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping, Sequence

from taskforce.crockford import normalise
from taskforce.records.registry import get_kind
from taskforce.records.schema import Field, Kind, Type
from taskforce.store import queries, tables
from taskforce.store.connection import Connection, placeholders, quote
from taskforce.store.queries import Condition, Record
from taskforce.store.watching import data_version

_AT_ONCE = 500
_ORDERS_KEPT = 8  # the lanes of a screen, its table, and one filtered otherwise

_WORDS_KEPT = 4
"""How many words' row numbers are kept: those of one filter, mostly."""
_LEAST_ID = 2  # characters of an id that a word must have to be taken for the beginning of one


def order_of(
    connection: Connection,
    kind: Kind,
    conditions: Sequence[Condition] = (),
    *,
    sort: Sequence[tuple[str, bool]] = (),
    archived: bool = False,
    limit: int | None = None,
) -> array[int]:
    """The row numbers `n` of all records that meet the conditions, in order; `sort` as for `queries.list_records`."""
    walk = queries.is_own_order(kind, sort)
    clauses, bound = queries.where(kind, conditions, archived=archived, walk=walk)
    query = "SELECT n FROM " + quote(kind.name) + clauses + " ORDER BY " + queries.order_by(sort) + " LIMIT ?"
    return array("q", _numbers(connection, query, (*bound, -1 if limit is None else limit)))


def _numbers(connection: Connection, query: str, bound: Sequence[object]) -> list[int]:
    """The row numbers that a query gives, in one step of SQLite, during which a screen goes on being drawn.

    Row by row, threads would hand Python's lock to each other a hundred thousand times. The order of a query that ends
    with LIMIT is kept.
    """
    [(found,)] = connection.execute("SELECT json_group_array(n) FROM (" + query + ")", bound)
    numbers: list[int] = json.loads(found)
    return numbers


class Orders:
    """The orders that were read last over one connection, read anew once anybody has written to the store.

    A filter is typed letter by letter and a screen is drawn every few seconds; the order stays what it was meanwhile,
    and so does what the words before the one that is typed find.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._mark: tuple[int, int] = (-1, -1)
        self._kept: dict[tuple[object, ...], array[int]] = {}
        self._words: dict[tuple[str, str], _Find] = {}

    def order_of(
        self,
        kind: Kind,
        conditions: Sequence[Condition] = (),
        *,
        sort: Sequence[tuple[str, bool]] = (),
        archived: bool = False,
    ) -> array[int]:
        """As `order_of`; the array is kept and must not be changed."""
        self._look()
        key = (kind.name, repr(conditions), tuple(sort), archived)
        found = self._kept.pop(key, None)
        if found is None:
            found = order_of(self._connection, kind, conditions, sort=sort, archived=archived)
        self._kept[key] = found
        while len(self._kept) > _ORDERS_KEPT:
            del self._kept[next(iter(self._kept))]
        return found

    def matching(
        self, kind: Kind, words: str, order: array[int], *, named_by: Mapping[str, str]
    ) -> array[int]:
        """Those of `order` in which every word is found, in this order; the same array where all of them hold all.

        A word is found as the beginning of a word of the texts, of a ref, of the label or code of a code field, or of
        the name of a record that a reference field points at (`named_by`: the field by which people call a kind).
        """
        self._look()
        finds: dict[tuple[str, str], _Find] = {}
        for (
            word
        ) in words.split():  # taken out while it is used: a search that is interrupted is not to be kept
            found = self._words.pop((kind.name, word), None)
            finds[kind.name, word] = found or _Find(self._connection, kind, word, named_by)
        for find in sorted(finds.values(), key=lambda find: len(find.numbers)):
            order = find.among(order)
        self._words.update(finds)
        while len(self._words) > _WORDS_KEPT:
            del self._words[next(iter(self._words))]
        return order

    def _look(self) -> None:
        """Forget everything if somebody wrote: others, or this connection. Asked before reading, so never too late."""
        mark = (data_version(self._connection), self._connection.total_changes)
        if mark != self._mark:
            self._mark, self._kept, self._words = mark, {}, {}


def records_at(connection: Connection, kind: Kind, numbers: Sequence[int]) -> list[Record]:
    """The records with these row numbers, in this order; a number that has none is left out."""
    found: dict[int, Record] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        some = list(numbers[start : start + _AT_ONCE])
        query = "SELECT * FROM " + quote(kind.name) + " WHERE n IN (" + placeholders(len(some)) + ")"
        rows = connection.execute(query, some).fetchall()
        found.update((record.n, record) for record in queries.records_of(connection, kind, rows))
    return [found[n] for n in numbers if n in found]


def group_counts(
    connection: Connection, kind: Kind, column: str, conditions: Sequence[Condition] = ()
) -> dict[str, int]:
    """How many records in view there are by the value of a column; those without a value under the empty string."""
    walk = column in tables.here_columns(kind)
    clauses, bound = queries.where(kind, conditions, archived=False, walk=walk)
    query = "SELECT coalesce({0}, ''), count(*) FROM {1}{2} GROUP BY {0}"
    rows = connection.execute(query.format(quote(column), quote(kind.name), clauses), bound)
    return {str(value): int(count) for value, count in rows}


class _Find:
    """The records that hold one word. It looks in one place after the other, and no further than it is asked."""

    def __init__(self, connection: Connection, kind: Kind, word: str, named_by: Mapping[str, str]) -> None:
        self.numbers = _by_text(connection, word)
        self._further = _elsewhere(connection, kind, word, named_by)

    def among(self, order: array[int]) -> array[int]:
        """Those of `order` that hold the word; `order` itself where all do, as with the first letter often."""
        while not self.numbers.issuperset(order):
            more = next(self._further, None)
            if more is None:
                return array("q", list(filter(self.numbers.__contains__, order)))
            self.numbers |= more
        return order


def _by_text(connection: Connection, word: str) -> set[int]:
    term = "".join(character for character in word if character.isalnum() or character in "-_")
    if not term:
        return set()
    return set(
        _numbers(connection, "SELECT rowid AS n FROM search WHERE search MATCH ?", ('"' + term + '"*',))
    )


def _elsewhere(
    connection: Connection, kind: Kind, word: str, named_by: Mapping[str, str]
) -> Iterator[set[int]]:
    yield _by_ref(connection, kind, word)
    for field in kind.fields:
        if field.type == Type.CODE and field.codes:
            yield _by_code(connection, kind, field, word.casefold())
        elif field.type == Type.REF and field.to in named_by and not field.many:
            yield _by_name(connection, kind, field, named_by[field.to], word)


def _by_ref(connection: Connection, kind: Kind, word: str) -> set[int]:
    letter, dash, rest = word.partition("-")
    if dash and letter.upper() != kind.letter:
        return set()
    prefix = normalise(rest if dash else word)
    if len(prefix) < (0 if dash else _LEAST_ID) or not prefix.isalnum() or not prefix.isascii():
        return set()
    query = "SELECT n FROM " + quote(kind.name) + " WHERE id >= ? AND id < ?"
    return set(_numbers(connection, query, (prefix, prefix + "{")))


def _by_code(connection: Connection, kind: Kind, field: Field, word: str) -> set[int]:
    assert field.codes is not None
    codes = [
        code
        for code, label in field.codes.items()
        if code.startswith(word) or label.casefold().startswith(word)
    ]
    if not codes:
        return set()
    if field.many:
        query = "SELECT n FROM {} WHERE EXISTS (SELECT 1 FROM json_each({}) WHERE json_each.value IN ({}))"
    else:
        query = "SELECT n FROM {} WHERE {} IN ({})"
    query = query.format(quote(kind.name), quote(field.name), placeholders(len(codes)))
    return set(_numbers(connection, query, codes))


def _by_name(connection: Connection, kind: Kind, field: Field, column: str, word: str) -> set[int]:
    target = get_kind(field.to)
    query = "SELECT n FROM {} WHERE {} IN (SELECT id FROM {} WHERE {} LIKE ? ESCAPE '\\')"
    query = query.format(quote(kind.name), quote(field.name), quote(target.name), quote(column))
    pattern = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return set(_numbers(connection, query, (pattern,)))
