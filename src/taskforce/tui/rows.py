"""What tables show: the order of a kind's records, and the cells of those in sight."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from taskforce.actions.references import SHOWN_BY, names_for
from taskforce.actions.session import Session
from taskforce.records.schema import Kind
from taskforce.reports.record_views import table_of
from taskforce.store import pages
from taskforce.store.queries import Condition
from taskforce.views import Column, Line

Cells = tuple[str | Line, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records of a kind a table shows: `words` as typed into the filter, more `conditions`, archived ones too."""

    kind: Kind
    words: str = ""
    conditions: tuple[Condition, ...] = ()
    archived: bool = False
    everywhere: bool = False  # not only in the current operation


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a table: row number (the record's `n`), id, and cells."""

    columns: tuple[Column, ...]
    rows: dict[int, Cells]
    ids: dict[int, str]


def order_of(session: Session, wanted: Wanted, *, oldest_first: bool = False) -> array[int]:
    """The row numbers of all records wanted, in the order of the kind; `oldest_first` never from the latest back."""
    kind = wanted.kind
    conditions = _conditions(session, wanted)
    descending = kind.sort.startswith("-") and not oldest_first
    sort = [(kind.sort.lstrip("-"), descending)] if kind.sort else []
    order = session.store.orders.order_of(kind, conditions, sort=sort, archived=wanted.archived)
    return session.store.orders.matching(kind, wanted.words, order, named_by=SHOWN_BY)


def first_open(session: Session, wanted: Wanted) -> int | None:
    """The row number of what is next: the first that is in none of its lifecycle's closed states; None without any."""
    kind = wanted.kind
    if kind.lifecycle is None or not kind.sort or not kind.lifecycle.closed:
        return None
    states = [state for state in kind.lifecycle.states if state not in kind.lifecycle.closed]
    conditions = [*_conditions(session, wanted), Condition("status", "in", states)]
    sort = [(kind.sort.lstrip("-"), kind.sort.startswith("-"))]
    found = pages.order_of(session.store.connection, kind, conditions, sort=sort, limit=1)
    return found[0] if found else None


def _conditions(session: Session, wanted: Wanted) -> list[Condition]:
    conditions = list(wanted.conditions)
    if wanted.kind.field("operation") and session.current_operation and not wanted.everywhere:
        conditions.append(Condition("operation", "=", session.current_operation))
    return conditions


def page_of(session: Session, kind: Kind, numbers: Sequence[int]) -> Page:
    """The cells of the records with these row numbers."""
    records = pages.records_at(session.store.connection, kind, numbers)
    table = table_of(kind, records, names_for(session, records, list(kind.columns)), session.now)
    numbered = zip(records, table.rows, strict=True)
    return Page(
        table.columns,
        {record.n: cells for record, cells in numbered},
        {record.n: record.id for record in records},
    )
