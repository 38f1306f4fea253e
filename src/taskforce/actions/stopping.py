"""When something that people did stops a flow: who has already what they may not have any more."""

from __future__ import annotations

from taskforce.actions.session import Session

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.overheld import Overheld

STOPS = frozenset((("consent", "withdraw"), ("agreement", "end"), ("agreement", "suspend")))
"""The moves, by kind, that take away what something flowed on."""

MARKS = frozenset(("tlp", "handling", "handling_to", "originator_control"))
"""The fields that say how a record is to be handled."""


class Stopping:
    """Before an action: what others hold that they may not; after it: what of that is new. Nothing unless `asked`."""

    def __init__(self, session: Session, *, asked: bool) -> None:
        self._session = session
        self._asked = asked
        self._before = {_key(one) for one in self._overheld()}

    def found(self) -> list[Overheld]:
        """What others hold, and may not since the action."""
        return [one for one in self._overheld() if _key(one) not in self._before]

    def _overheld(self) -> list[Overheld]:
        if not self._asked:
            return []
        from taskforce.actions.overheld import overheld  # deferred: hardly any action stops anything

        return overheld(self._session)


def _key(one: Overheld) -> tuple[str, str, str, tuple[str, ...]]:
    return one.agency, one.kind, one.record, one.parts
