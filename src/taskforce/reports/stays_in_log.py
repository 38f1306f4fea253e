"""What is told where undo comes to the log, whose entries stay."""

from __future__ import annotations

from taskforce.i18n import _

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.undoing import StaysInLog


def stays_text(found: StaysInLog) -> str:
    """That what was written into the log stays, and what a second press takes back."""
    said = {"entry": found.labels[0] if found.labels else "?", "action": found.action.summary}
    if len(found.labels) > 1:
        text = _("%(count)d log entries stay (C in the log corrects one); z again takes back: %(action)s")
        return text % {**said, "count": len(found.labels)}
    return (
        _("the log entry %(entry)s stays (C in the log corrects it); z again takes back: %(action)s") % said
    )
