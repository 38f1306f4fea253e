"""Where the values of a conflict come from: who wrote each edit, through whom it came, what its author had replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from taskforce.actions.session import Session
from taskforce.records.schema import Kind
from taskforce.store import history, quarantine
from taskforce.store.history import Carrier
from taskforce.sync.ancestry import ancestry, seen_by
from taskforce.sync.edit import Edit, Value
from taskforce.sync.merge import Dot

WAITING, NOT_HELD = "waiting", "not-held"
"""Why an edit that somebody had seen does not count here: it is in quarantine, or was withheld or has not arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One edit of a field: what was set, by whom, when, on which device, and how it came here.

    `replaced` are the values that its author saw standing there, several where they were in conflict; `also` is what
    else the same edit set. `here` says that this device wrote it; `carrier` is the bundle that brought it.
    """

    edit: str
    value: Value
    by: str
    agency: str
    device: str
    at: str
    here: bool
    carrier: Carrier | None
    replaced: tuple[Value, ...] = field(default=(), compare=False)
    also: Mapping[str, Value] = field(default_factory=dict, compare=False)

    @property
    def came_through(self) -> str:
        """The agency whose bundle brought it; empty for what this store wrote."""
        return "" if self.carrier is None else self.carrier.agency


@dataclass(frozen=True, slots=True)
class Missing:
    """An edit that somebody had seen and that does not count here, and why."""

    edit: str
    agency: str
    why: str


@dataclass(frozen=True, slots=True)
class Past:
    """One value's own history: what its author had replaced, the edits since what all had seen, and what is missing."""

    before: tuple[Step, ...] = ()
    between: tuple[Step, ...] = ()
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Pasts:
    """What all sides had seen standing there, what of that is missing, and the past of each side."""

    common: tuple[Step, ...]
    missing: tuple[Missing, ...]
    each: tuple[Past, ...]


def pasts_of(session: Session, kind: Kind, heads: Sequence[Edit], name: str) -> Pasts:
    """Where the values of the field `name` in conflict come from; `heads` are edits of one part of one record."""
    part, record = heads[0].part, heads[0].record
    edits = [
        edit
        for edit in history.edits_of_record(session.store.connection, kind, record)
        if edit.part == part and name in edit.set
    ]
    found = ancestry(edits, heads, name)

    def steps(of: Sequence[Edit]) -> tuple[Step, ...]:
        return tuple(step_of(session, edit, name, edits) for edit in of)

    return Pasts(
        steps(found.common),
        _missing(session, found.unknown),
        tuple(
            Past(steps(line.before), steps(line.between), _missing(session, line.unknown))
            for line in found.lines
        ),
    )


def step_of(session: Session, edit: Edit, name: str, edits: Sequence[Edit] = ()) -> Step:
    """An edit of the field `name`; `edits` are the others of it, from which follows what it replaced."""
    connection = session.store.connection
    replaced = [each.set[name] for each in seen_by(edit, edits, name)]
    return Step(
        edit=f"{edit.feed}/{edit.number}",
        value=edit.set.get(name, ""),
        by=edit.by,
        agency=history.agency_of_device(connection, edit.device),
        device=edit.device,
        at=edit.stamp.time + "Z",
        here=edit.device == session.store.me.device,
        carrier=history.carrier_of(connection, (edit.feed, edit.number)),
        replaced=tuple(value for at, value in enumerate(replaced) if value not in replaced[:at]),
        also={other: value for other, value in edit.set.items() if other != name},
    )


def _missing(session: Session, dots: Sequence[Dot]) -> tuple[Missing, ...]:
    connection = session.store.connection
    found = []
    for feed, number in dots:
        if history.edit_at(connection, (feed, number)) is not None:
            continue  # of another part: who archives a record, or brings it back, has seen that of all its parts
        why = WAITING if quarantine.waits_at(connection, (feed, number)) else NOT_HELD
        agency = history.agency_of_device(connection, feed.partition(".")[0])
        found.append(Missing(f"{feed}/{number}", agency, why))
    return tuple(found)
