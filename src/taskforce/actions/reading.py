"""That somebody looked at who a victim is, or at their care: which part of which record, who, when, and why.

It is recorded in this store alone, and never leaves it in a bundle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import timedelta

from taskforce import moments
from taskforce.actions.session import Session
from taskforce.errors import Refused, StoreError
from taskforce.i18n import _
from taskforce.records.schema import CARE, IDENTITY, Kind
from taskforce.store import disclosures
from taskforce.store.disclosures import Place
from taskforce.store.queries import Record

PRIVATE = (IDENTITY, CARE)
"""The parts of which it is recorded who looked at them."""

ONCE = timedelta(minutes=1)
"""Who looks again within this time looks once."""

SHOW, LIST, SEARCH, HISTORY, EXPORT, CONFLICT, PROPOSAL, CHANGE, ROOM, BUNDLE = (
    *("show", "list", "search", "history", "export", "conflict", "proposal", "change", "room", "bundle"),
)
"""The ways to look: the command, a change that shows its result, the room."""


def has_private(kind: Kind) -> bool:
    """Whether records of a kind have a part of which it is recorded who looked."""
    return any(field.part in PRIVATE for field in kind.fields)


def places_of(record: Record, fields: Collection[str] | None = None) -> list[Place]:
    """The private parts of a record that are looked at where these fields of it are shown, or all."""
    if not has_private(record.kind):
        return []
    parts = {
        field.part
        for field in record.kind.fields
        if field.part in PRIVATE and field.name in record.values and (fields is None or field.name in fields)
    }
    return [Place(record.id, record.kind.name, part) for part in PRIVATE if part in parts]


def without(record: Record, parts: Collection[str]) -> Record:
    """The record without what is in these parts."""
    values = {name: value for name, value in record.values.items() if record.kind.part_of(name) not in parts}
    return replace(record, values=values)


def note(session: Session, places: Iterable[Place], *, way: str, reason: str = "") -> int:
    """Record that these places were shown to this store's officer; how many of them were not within the last minute.

    One insert in a transaction of its own, and none where all were. Raises StoreError where it cannot be written.
    """
    now, by = session.now, session.store.me.officer
    places = list(dict.fromkeys(places))
    if not places:
        return 0
    with session.store.reading():
        new = disclosures.unread_since(
            session.store.connection, places, by=by, since=moments.time_text(now - ONCE), reason=reason
        )
    if new:
        disclosures.add_reading(
            session.store.connection, new, at=moments.time_text(now), by=by, way=way, reason=reason
        )
    return len(new)


def note_first(session: Session, places: Iterable[Place], *, way: str, reason: str) -> None:
    """As `note`, before anything is shown: Refused where it cannot be written, for then nothing may be shown."""
    try:
        note(session, places, way=way, reason=reason)
    except StoreError as error:
        raise Refused(
            _("this may be shown only if it is recorded, and it cannot be: %(why)s")
            % {"why": error.sentence},
            hint=error.hint,
            code="not-recorded",
        ) from None
