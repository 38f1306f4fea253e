"""What becomes of proposals, in words."""

from __future__ import annotations

from collections.abc import Mapping

from taskforce.i18n import N_

OUTCOMES: Mapping[str, str] = {
    "open": N_("waits"),
    "accepted": N_("accepted"),
    "rejected": N_("rejected"),
    "superseded": N_("taken back or replaced"),
    "same": N_("it stands like that"),
    "overruled": N_("said before who decides was heard"),
}
"""By outcome, as `taskforce.sync.authority` names them."""
