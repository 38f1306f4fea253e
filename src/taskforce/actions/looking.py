"""Looks back and around: the history of a record, what was done here, search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from taskforce.actions.references import find_any, names_in
from taskforce.actions.session import Session
from taskforce.actions.values import one_of
from taskforce.errors import UsageError, did_you_mean
from taskforce.i18n import _
from taskforce.records.registry import find_kind, kind_names
from taskforce.records.schema import EVERY, Type
from taskforce.store import history, queries
from taskforce.store.newer import unknown_values
from taskforce.store.queries import Record
from taskforce.sync.edit import Value


@dataclass(frozen=True, slots=True)
class Change:
    """One edit of a record's history, with what people see in place of the ids it holds.

    `takes_back` is true of an edit with which this store took something back, false of one that did it again; None of
    all others, and of what another store took back: that is an ordinary edit here.
    """

    edit: str
    at: str
    by: str
    agency: str
    device: str
    part: str
    values: Mapping[str, Value]
    names: Mapping[str, str]
    takes_back: bool | None = None
    proposed: Mapping[str, str] = field(
        default_factory=dict
    )  # fields that do not count, and what became of that


@dataclass(frozen=True, slots=True)
class Done:
    """One thing done in this store."""

    at: str
    by: str
    summary: str
    undone: bool


def history_of(session: Session, text: str) -> tuple[Record, list[Change]]:
    """A record and every edit of it that the store holds, oldest first by clock."""
    record = find_any(session, text)
    edits = history.edits_of_record(session.store.connection, record.kind, record.id)
    names = names_in(session, record.kind, [edit.set for edit in edits])
    undoing = history.undoing_edits(session.store.connection, record.kind, record.id)
    from taskforce.store import proposals  # deferred: a list tells no history

    proposed: dict[str, dict[str, str]] = {}
    for one in proposals.proposals(session.store.connection, EVERY, record.id):
        proposed.setdefault(one.name, {})[one.field] = one.outcome
    return record, [
        Change(
            f"{edit.feed}/{edit.number}",
            edit.stamp.time + "Z",
            edit.by,
            history.agency_of_device(session.store.connection, edit.device),
            edit.device,
            edit.part,
            edit.set,
            names,
            undoing.get((edit.feed, edit.number)),
            proposed.get(f"{edit.feed}/{edit.number}", {}),
        )
        for edit in edits
    ]


def newer_values(session: Session, record: Record) -> dict[str, list[Value]]:
    """What a record has in fields that only a newer version of the program knows: of each, the values that stand."""
    return unknown_values(session.store.connection, record.kind, record.id)


def actions(session: Session, *, limit: int) -> list[Done]:
    """What was done in this store, latest first."""
    return [
        Done(each.at.partition("/")[0], each.by, each.summary, each.undone_by is not None)
        for each in history.actions(session.store.connection, limit=limit)
    ]


def search(session: Session, words: str, *, kind: str | None = None, limit: int = 50) -> list[Record]:
    """Records that hold all the words, best first. UsageError for an unknown kind."""
    chosen = find_kind(kind) if kind else None
    if kind and chosen is None:
        raise UsageError(
            _('"%(kind)s" is not a kind of record') % {"kind": kind},
            hint=did_you_mean(kind, kind_names()) or one_of(kind_names()),
        )
    return queries.search(session.store.connection, words, kind=chosen, limit=limit)


def gist(record: Record) -> str:
    """One line that says what a record is about."""
    return " · ".join(record.text(name).replace("\n", " ") for name in gist_fields(record))


def gist_fields(record: Record) -> list[str]:
    """The fields that `gist` shows."""
    texts = [
        field.name
        for field in record.kind.fields
        if field.type in (Type.TEXT, Type.NOTE) and record.text(field.name)
    ]
    return texts[:2]
