"""Agreements that need somebody: those that end, are to be reviewed, or are suspended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from taskforce import moments
from taskforce.actions.session import Session
from taskforce.i18n import _
from taskforce.records.registry import get_kind
from taskforce.records.schema import AGREEMENT
from taskforce.store import history, queries
from taskforce.store.queries import Condition, Record

NEAR_DAYS = 30
"""How long before its review or end an agreement is mentioned."""

REVIEW, ENDS, SUSPENDED = "review", "ends", "suspended"
"""Why an agreement is mentioned."""

_STANDING = ("signed", "in-force", "suspended")
"""The states in which somebody may rely on an agreement, or may come to."""


@dataclass(frozen=True, slots=True)
class Due:
    """An agreement that needs somebody, and why: `date` is the day of its review or end, or since when it is suspended.

    `late` says that the day of its review or end is past. The date is empty where it is not known.
    """

    record: Record
    why: str
    date: str
    late: bool

    @property
    def sentence(self) -> str:
        """Why, in words: `review due 26 Oct`, `ended 3 Nov (past)`, `suspended since 1 Nov`."""
        if self.why == SUSPENDED:
            return _("suspended since %(date)s") % {"date": moments.show_date(self.date)}
        text = _("review due %(date)s") if self.why == REVIEW else _("ends %(date)s")
        return text % {"date": moments.show_date(self.date)} + (" (" + _("past") + ")" if self.late else "")


def due(session: Session, *, days: int = NEAR_DAYS) -> list[Due]:
    """What is to be reviewed or ends within so many days, or should have been; and what is suspended.

    The longest past comes first, then what is next; what is suspended comes last. An agreement may be named more than
    once: each time for another reason.
    """
    today = session.now.astimezone().date()
    limit = (today + timedelta(days=days)).isoformat()
    found = []
    for record in queries.list_records(
        session.store.connection, get_kind("agreement"), [Condition("status", "in", _STANDING)]
    ):
        for why, name in ((REVIEW, "review_by"), (ENDS, "until")):
            day = record.text(name)
            if day and day <= limit:
                found.append(Due(record, why, day, moments.is_late(day, session.now)))
        if record.text("status") == "suspended":
            found.append(Due(record, SUSPENDED, _suspended_since(session, record), late=False))
    return sorted(found, key=lambda one: (one.why == SUSPENDED, one.date, one.record.n, one.why))


def _suspended_since(session: Session, record: Record) -> str:
    """The day on which somebody set the state that stands now."""
    connection = session.store.connection
    state = history.state_of(connection, record.kind, record.id, AGREEMENT).get("status")
    edits = [
        edit
        for dot in (state.heads if state else ())
        if (edit := history.edit_at(connection, dot)) is not None and edit.set["status"] == "suspended"
    ]
    if not edits:
        return ""
    first = min(edit.stamp for edit in edits)
    local = moments.local_time(first.time + "Z")
    return "" if local is None else local.date().isoformat()
