"""What is said, and on request recalled, when something that people did stops a flow: who has already what."""

from __future__ import annotations

from taskforce.actions.session import Session
from taskforce.commands.frame import Parameter, flag
from taskforce.i18n import _

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.overheld import Overheld

STOPS = frozenset((("consent", "withdraw"), ("agreement", "end"), ("agreement", "suspend")))
"""The moves, by kind, that take away what something flowed on."""

MARKS = frozenset(("tlp", "handling", "handling_to", "originator_control"))
"""The fields that say how a record is to be handled."""


def recall_flag() -> Parameter:
    """`--recall`."""
    return flag("--recall", _("Recall it from everybody who has it and may not any more"))


class Stopping:
    """Before an action: what others hold that they may not; after it: what of that is new. Nothing unless `asked`."""

    def __init__(self, session: Session, *, asked: bool) -> None:
        self._session = session
        self._asked = asked
        self._before = {_key(one) for one in self._overheld()}

    def notes(self, *, recall: bool) -> list[str]:
        """Who has what by now, with the command that recalls it; or the recalls that were prepared."""
        found = [one for one in self._overheld() if _key(one) not in self._before]
        if not found:
            return []
        from taskforce.actions.recalling import prepare_all  # deferred: hardly any command stops anything
        from taskforce.reports import recall_views

        if recall:
            return recall_views.made_notes(prepare_all(self._session, found))
        return recall_views.overheld_notes(found)

    def _overheld(self) -> list[Overheld]:
        if not self._asked:
            return []
        from taskforce.actions.overheld import overheld  # deferred: as above

        return overheld(self._session)


def _key(one: Overheld) -> tuple[str, str, str, tuple[str, ...]]:
    return one.agency, one.kind, one.record, one.parts
