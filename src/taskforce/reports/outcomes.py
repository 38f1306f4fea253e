"""What becomes of proposals, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from taskforce.i18n import N_, _

OUTCOMES: Mapping[str, str] = {
    "open": N_("waits"),
    "accepted": N_("accepted"),
    "rejected": N_("rejected"),
    "superseded": N_("taken back or replaced"),
    "same": N_("it stands like that"),
    "overruled": N_("said before who decides was heard"),
}
"""By outcome, as `taskforce.sync.authority` names them."""


def stays_decided(agencies: Sequence[str], *, keys: bool = False) -> str:
    """That what these proposed, and was accepted, does not wait again once that is undone; how it comes to stand."""
    again = (
        _("what %(agencies)s proposed does not wait again; Z accepts it once more, or they propose it anew")
        if keys
        else _(
            "what %(agencies)s proposed does not wait again; "
            "taskforce redo accepts it once more, or they propose it anew"
        )
    )
    return again % {"agencies": ", ".join(agencies)}
