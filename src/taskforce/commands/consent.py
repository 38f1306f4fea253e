"""`taskforce consent add` and `withdraw`: what of the checklist is missing, and who has been told already."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from taskforce import moments
from taskforce.actions import consenting
from taskforce.actions.session import Session
from taskforce.i18n import _
from taskforce.records import codes
from taskforce.records.registry import get_kind
from taskforce.store.queries import Record


def verbs() -> dict[str, Any]:
    """The verbs of consents that say more than those of every kind."""
    from taskforce.commands.nouns import make_add, make_move  # deferred: nouns uses this module

    kind = get_kind("consent")
    assert kind.lifecycle is not None
    withdraw = kind.lifecycle.move("withdraw")
    assert withdraw is not None
    return {
        "add": (_("Note what a person agreed to, or an override"), partial(make_add, kind, _of_new)),
        "withdraw": (_(withdraw.help), partial(make_move, kind, withdraw, _of_withdrawn)),
    }


def _of_new(_session: Session, consent: Record) -> list[str]:
    """What of the checklist is not noted as explained, with the command that notes it."""
    missing = consenting.not_explained(consent)
    if not missing:
        return []
    told = _("not noted as explained: %(what)s") % {
        "what": ", ".join(_(codes.EXPLAINED[code]) for code in missing)
    }
    return [told, f"taskforce consent edit {consent.ref} --explained {','.join(codes.EXPLAINED)}"]


def _of_withdrawn(session: Session, consents: Sequence[Record]) -> list[str]:
    """Who has been told something of the victims already."""
    told = consenting.already_told(session, consents)
    if not told:
        return [_("nothing of it has gone to anybody, as far as is recorded here")]
    named = ", ".join(f"{agency} ({moments.show_time(at)})" for agency, at in told.items())
    return [_("nothing more goes on it; who has been told already: %(agencies)s") % {"agencies": named}]
