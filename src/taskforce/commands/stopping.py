"""What is said, and on request recalled, when something that people did stops a flow: who has already what."""

from __future__ import annotations

from taskforce.actions import stopping
from taskforce.commands.frame import Parameter, flag
from taskforce.i18n import _

STOPS, MARKS = stopping.STOPS, stopping.MARKS


def recall_flag() -> Parameter:
    """`--recall`."""
    return flag("--recall", _("Recall it from everybody who has it and may not any more"))


class Stopping(stopping.Stopping):
    """As of every front end; here the notes to what a command did."""

    def notes(self, *, recall: bool) -> list[str]:
        """Who has what by now, with the command that recalls it; or the recalls that were prepared."""
        found = self.found()
        if not found:
            return []
        from taskforce.actions.recalling import prepare_all  # deferred: hardly any command stops anything
        from taskforce.reports import recall_views

        if recall:
            return recall_views.made_notes(prepare_all(self._session, found))
        return recall_views.overheld_notes(found)
