"""What is read for the conflicts screen: where conflicts are, the one shown with all that is drawn, what was undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from taskforce.actions import conflicts, reading
from taskforce.actions.conflicts import Conflict, Place
from taskforce.actions.session import Session
from taskforce.i18n import _
from taskforce.labels import field_label
from taskforce.records.schema import ARCHIVED, Type
from taskforce.reports import conflict_story, conflict_views
from taskforce.store.disclosures import Place as LookedAt
from taskforce.tui.looks import Looks
from taskforce.views import Line

_JOINED_BY = {Type.TEXT: "; ", Type.NOTE: "\n"}
"""Types of which both values can stand together, and what is put between them."""

Pieces = tuple[tuple[str, bool], ...]
"""A value in pieces, each with whether the other side lacks it."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A conflict with all that is drawn of it; `taken_back` where it was decided here and the decision undone."""

    conflict: Conflict
    title: str
    label: str
    before: str
    before_by: str
    pasts: tuple[tuple[str | Line, ...], ...]
    values: tuple[Pieces, ...]
    taken_back: bool = False

    @property
    def shown(self) -> int:
        """The number of the side that is shown meanwhile."""
        return next((n for n, side in enumerate(self.conflict.sides, start=1) if side.shown), 1)

    @property
    def private(self) -> list[LookedAt]:
        """The private part whose values it shows, if it does."""
        is_private = self.conflict.field != ARCHIVED and self.conflict.part in reading.PRIVATE
        return [looked_at(self.conflict.place)] if is_private else []

    def value(self, number: int) -> str:
        """What side `number` says."""
        return "".join(piece for piece, _differs in self.values[number - 1])


def drawn(session: Session, conflict: Conflict, *, taken_back: bool = False) -> Drawn:
    """Work out what is drawn of a conflict; for the reading thread, as long texts are compared."""
    kind, name = conflict.record.kind, conflict.field
    names = conflicts.names_in(session, conflict)
    values = [conflict_views.shown_value(kind, name, side.value, names) for side in conflict.sides]
    field = kind.field(name)
    compared: list[Pieces] = [((value, False),) for value in values]
    if len(values) == 2 and field is not None and (field.many or field.type in (Type.TEXT, Type.NOTE)):
        one, other = values
        compared = [
            tuple(conflict_views.pieces_of(one, other)),
            tuple(conflict_views.pieces_of(other, one)),
        ]
    before, before_by = conflict_story.before_all(kind, name, conflict.common, names)
    pasts = tuple(
        () if side.fields else tuple(conflict_story.past_of(kind, name, side, names))
        for side in conflict.sides
    )
    title = conflict_views.title_of(conflict.record, names)
    label = field_label(kind, name)
    return Drawn(conflict, title, label, before, before_by, pasts, tuple(compared), taken_back)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read: where there are conflicts, the one to show and its place among them."""

    places: tuple[Place, ...]
    at: int
    taken_back: frozenset[Place]
    one: Drawn | None


def look(
    session: Session,
    wanted: Place | None,
    at: int,
    decided: Mapping[Place, Conflict],
    known_back: frozenset[Place] | None,
    looks: Looks,
) -> Seen:
    """Read the conflict at the place `wanted`, or the one that is `at` in the list now.

    `decided` are those decided in this room: where a decision was undone the conflict is offered again, and shown at
    once unless it is among `known_back` (None: nothing is shown at once). Those of parts that are shown only with a
    reason are there once it was given, for that record.
    """
    places = [place for place in conflicts.places(session) if _may_show(looks, place)]
    listed = set(places)
    back = [
        place
        for place, one in decided.items()
        if place not in listed and _may_show(looks, place) and conflicts.was_taken_back(session, one)
    ]
    places += back
    new = [] if known_back is None else [place for place in back if place not in known_back]
    if new:
        wanted = new[-1]
    if wanted in places:
        at = places.index(wanted)
    while places:
        at = min(at, len(places) - 1)
        place = places[at]
        is_back = place in back
        conflict = decided[place] if is_back else conflicts.conflict_at(session, place)
        if conflict is not None:
            one = drawn(session, conflict, taken_back=is_back)
            return Seen(tuple(places), at, frozenset(back), one)
        del places[at]  # decided this very moment, or its record has not arrived
    return Seen((), 0, frozenset(), None)


def looked_at(place: Place) -> LookedAt:
    """The part of a record that is looked at where its conflict is shown."""
    return LookedAt(place.record, place.kind, place.part)


def _may_show(looks: Looks, place: Place) -> bool:
    return place.field == ARCHIVED or looks.may_show(looked_at(place))


def still_pointed(before: Drawn | None, pointed: int, one: Drawn) -> int:
    """The number that the side pointed at has now; the first where it is another conflict."""
    if before is None or before.conflict.place != one.conflict.place:
        return 1
    side = before.conflict.sides[pointed - 1]
    alike = [
        (each.device, each.at, each.value) == (side.device, side.at, side.value)
        for each in one.conflict.sides
    ]
    return alike.index(True) + 1 if True in alike else min(pointed, len(alike))


def both_as_text(conflict: Conflict) -> str | None:
    """One text of all the values, each once; None where they are no texts, or fewer than two say anything."""
    field = conflict.record.kind.field(conflict.field)
    if field is None or field.many or field.type not in _JOINED_BY:
        return None
    said = dict.fromkeys(side.value for side in conflict.sides if isinstance(side.value, str) and side.value)
    return _JOINED_BY[field.type].join(said) if len(said) > 1 else None


def no_conflict() -> list[str | Line]:
    """What is said where nothing is in conflict."""
    return [
        Line(_("No conflicts: every field has one value.") + "\n\n", "heading"),
        _(
            "A conflict is a field that two people set to different values without having seen each other's. "
            "Both values are kept, and the one with the later clock is shown, until somebody decides here."
        )
        + "\n\n",
        Line(_("They come with the bundles of others: x takes one in.") + "\n", "muted"),
        Line(_("What others only propose is no conflict: P shows it."), "muted"),
    ]
