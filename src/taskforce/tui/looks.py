"""Who looks, in the room, at who a victim is and at their care: what may be shown, and that it is recorded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

from taskforce.actions import reading
from taskforce.actions.session import Session
from taskforce.errors import TaskforceError
from taskforce.i18n import _
from taskforce.store.disclosures import Place
from taskforce.store.queries import Record
from taskforce.views import Line

if TYPE_CHECKING:
    from taskforce.tui.desk import Work


class Looks:
    """What is asked for before a part is shown (`asked_for`, the setting `reason-for`), and the reasons given so far.

    A reason is given once for a record, and holds until the room locks. `do_later` hands work to the acting thread,
    with what is to hear of a failure; `tell` says something in the room.
    """

    def __init__(
        self,
        do_later: Callable[[Work, Callable[[TaskforceError], None]], None],
        tell: Callable[[str], None],
    ) -> None:
        self.asked_for: tuple[str, ...] = ()
        self._reasons: dict[tuple[str, str], str] = {}
        self._do_later = do_later
        self._tell = tell
        self._failed = ""

    def hidden(self, kind: str, record: str) -> frozenset[str]:
        """The parts of a record that are not shown, because nobody here has said why."""
        return frozenset() if (kind, record) in self._reasons else frozenset(self.asked_for)

    def as_shown(self, record: Record) -> Record:
        """The record without the parts that are not shown."""
        hidden = self.hidden(record.kind.name, record.id)
        return reading.without(record, hidden) if hidden else record

    def kept_back(self, record: Record) -> list[str]:
        """The parts of a record that hold something and are not shown."""
        hidden = self.hidden(record.kind.name, record.id)
        return [place.part for place in reading.places_of(record) if place.part in hidden]

    def may_show(self, place: Place) -> bool:
        """Whether this part of a record may be shown."""
        return place.part not in self.hidden(place.kind, place.record)

    def give(self, session: Session, record: Record, reason: str) -> Record:
        """Say why somebody looks at a record: it is recorded before anything is shown. Refused if it cannot be."""
        places = [place for place in reading.places_of(record) if place.part in self.asked_for]
        reading.note_first(session, places, way=reading.ROOM, reason=reason)
        self._reasons[record.kind.name, record.id] = reason
        return record

    def forget(self) -> None:
        """Ask for every reason anew."""
        self._reasons.clear()

    def seen(self, places: Iterable[Place]) -> None:
        """Record that these are on the screen now; after they were shown, in the acting thread."""
        by_reason: dict[str, list[Place]] = {}
        for place in places:
            by_reason.setdefault(self._reasons.get((place.kind, place.record), ""), []).append(place)

        def note(session: Session) -> None:
            for reason, some in by_reason.items():
                reading.note(session, some, way=reading.ROOM, reason=reason)
            self._failed = ""

        if by_reason:
            self._do_later(note, self._could_not)

    def _could_not(self, error: TaskforceError) -> None:
        """Say once that looks are not recorded; what is shown only with a reason is not shown any more, either."""
        self.forget()
        if self._failed != error.sentence:
            self._failed = error.sentence
            self._tell(_("that you looked at this is not recorded: %(why)s") % {"why": error.sentence})


def hidden_line(parts: Collection[str]) -> Line:
    """That parts of a record are there and not shown."""
    text = _("not shown without a reason: %(parts)s")
    return Line(text % {"parts": ", ".join(part for part in reading.PRIVATE if part in parts)}, "late")
