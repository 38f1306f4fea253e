"""What a newer version of the program has written: kinds, parts, fields and codes that this one does not know.

All of it is in the log and is merged like everything else; only the tables of the kinds have no place for it. It comes
to life when a program that knows it builds the tables anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from taskforce.records.registry import all_kinds, find_kind
from taskforce.records.schema import OF_EVERY_KIND, Kind, Type
from taskforce.store.connection import Connection, placeholders, quote
from taskforce.sync.edit import Value


@dataclass(frozen=True, slots=True)
class Newer:
    """Something unknown, and in how many records: a `kind`, or of a known kind a `part`, a `field` or a field's `code`.

    What does not apply is the empty string.
    """

    kind: str
    part: str
    field: str
    code: str
    records: int


def unknown_kinds(connection: Connection) -> list[Newer]:
    """The kinds that this version does not know, and of the others the parts; read from the scopes, which are few."""
    found = []
    rows = connection.execute("SELECT DISTINCT kind, part FROM scope ORDER BY kind, part").fetchall()
    kinds = [kind for kind in dict.fromkeys(kind for kind, _part in rows) if find_kind(kind) is None]
    for kind in kinds:
        (count,) = connection.execute("SELECT count(*) FROM record WHERE kind = ?", (kind,)).fetchone()
        found.append(Newer(kind, "", "", "", count))
    for kind, part in rows:
        if kind not in kinds and part not in _kind(kind).parts:
            (count,) = connection.execute(
                "SELECT count(*) FROM state WHERE kind = ? AND part = ?", (kind, part)
            ).fetchone()
            found.append(Newer(kind, part, "", "", count))
    return found


def unknown_fields(connection: Connection) -> list[Newer]:
    """The fields of known kinds and parts that this version does not know. Reads the state of every record."""
    counts: dict[tuple[str, str, str], int] = {}
    for kind in all_kinds():
        rows = connection.execute("SELECT part, fields FROM state WHERE kind = ?", (kind.name,))
        for part, text in rows:
            if part in kind.parts:
                for name in _unknown_names(kind, text):
                    counts[kind.name, part, name] = counts.get((kind.name, part, name), 0) + 1
    return [Newer(kind, part, name, "", count) for (kind, part, name), count in sorted(counts.items())]


def unknown_codes(connection: Connection) -> list[Newer]:
    """The codes that fields show and that this version does not know."""
    found = []
    for kind in all_kinds():
        for field in kind.fields:
            if field.type != Type.CODE or field.codes is None:
                continue
            column = quote(field.name)
            values, each = ("json_each(" + column + ")", "value") if field.many else ("(SELECT 1)", column)
            rows = connection.execute(
                "SELECT "
                + each
                + ", count(*) FROM "
                + quote(kind.name)
                + ", "
                + values
                + " WHERE "
                + column
                + " IS NOT NULL AND "
                + each
                + " NOT IN ("
                + placeholders(len(field.codes))
                + ") GROUP BY 1",
                tuple(field.codes),
            )
            found += [Newer(kind.name, field.part, field.name, str(code), count) for code, count in rows]
    return found


def unknown_values(connection: Connection, kind: Kind, record: str) -> dict[str, list[Value]]:
    """What one record has in fields that this version does not know: of each, the values that stand."""
    found: dict[str, list[Value]] = {}
    rows = connection.execute(
        "SELECT part, fields FROM state WHERE record = ? AND kind = ? ORDER BY part", (record, kind.name)
    ).fetchall()
    for _part, text in rows:
        for heads, _seen, names in json.loads(text):
            for name in names:
                if name not in OF_EVERY_KIND and kind.field(name) is None:
                    values = [_value_at(connection, feed, number, name) for feed, number in heads]
                    found[name] = [value for at, value in enumerate(values) if value not in values[:at]]
    return found


def _value_at(connection: Connection, feed: str, number: int, name: str) -> Value:
    (body,) = connection.execute(
        "SELECT body FROM edit JOIN feed ON feed.id = edit.feed WHERE feed.name = ? AND number = ?",
        (feed, number),
    ).fetchone()
    value: Value = json.loads(body)["set"][name]
    return value


def _unknown_names(kind: Kind, state: str) -> Iterator[str]:
    for _heads, _seen, names in json.loads(state):
        for name in names:
            if name not in OF_EVERY_KIND and kind.field(name) is None:
                yield name


def _kind(name: str) -> Kind:
    found = find_kind(name)
    assert found is not None
    return found
