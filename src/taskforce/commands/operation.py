"""`taskforce operation join`: an agency takes part in an operation."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce.actions import keeping
from taskforce.actions.references import find
from taskforce.commands.frame import argument, command, open_session, option
from taskforce.i18n import N_, _
from taskforce.output import Result
from taskforce.records.registry import get_kind


def verbs() -> dict[str, Any]:
    """The verbs of operations beside those of every kind."""
    return {"join": (_(_JOIN), make_join)}


_JOIN = N_("Note that an agency takes part")


def make_join() -> TyperCommand:
    """`operation join OPERATION AGENCY`."""
    from taskforce.commands.nouns import complete_refs, shown_record  # deferred: nouns uses this module
    from taskforce.records.codes import ROLES

    def run(
        operation: str, agency: str, role: str | None, liaison: str | None, legal_basis: str | None
    ) -> Result:
        session = open_session()
        typed = {"operation": find(session, get_kind("operation"), operation).id, "agency": agency}
        for name, value in (("role", role), ("liaison", liaison), ("legal_basis", legal_basis)):
            if value:
                typed[name] = value
        return shown_record(session, keeping.join(session, typed))

    return command(
        "join",
        run,
        _(_JOIN) + ".",
        [
            argument("operation", _("Codename or ref"), complete=complete_refs(get_kind("operation"))),
            argument("agency", _("Agency code"), complete=complete_refs(get_kind("agency"))),
            option("--role", _("Role") + " (" + ", ".join(ROLES) + ")", metavar="CODE"),
            option("--liaison", _("Liaison officer"), metavar="REF"),
            option("--legal-basis", _("Agreement"), metavar="REF"),
        ],
    )
