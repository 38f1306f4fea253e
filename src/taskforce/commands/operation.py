"""`taskforce operation join|roster`: an agency takes part in an operation; its lead introduces those who do."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce.actions import keeping
from taskforce.actions.references import find
from taskforce.commands.frame import argument, command, flag, open_session, option
from taskforce.errors import UsageError
from taskforce.i18n import N_, _
from taskforce.output import Lines, Result
from taskforce.records.registry import get_kind


def verbs() -> dict[str, Any]:
    """The verbs of operations beside those of every kind."""
    return {"join": (_(_JOIN), make_join), "roster": (_(_ROSTER), make_roster)}


_JOIN = N_("Note that an agency takes part")
_ROSTER = N_("Introduce those who take part to each other")


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


def make_roster() -> TyperCommand:
    """`operation roster OPERATION`."""
    from taskforce.commands.nouns import complete_refs  # deferred: nouns uses this module

    return command(
        "roster",
        run_roster,
        _(
            "Sign who takes part, as far as you have compared words with them: to the others they are introduced by "
            "that, and may exchange the plan and who is who with them. It travels with the next bundles."
        ),
        [
            argument("operation", _("Codename or ref"), complete=complete_refs(get_kind("operation"))),
            flag("--show", _("Only show the roster, and how far each is known here")),
            option(
                "--without",
                _("Leave an agency out: to who knows it by this roster only it is not known any more"),
                metavar="AGENCY",
                many=True,
                complete=complete_refs(get_kind("agency")),
            ),
        ],
    )


def run_roster(operation: str, show: bool, without: tuple[str, ...]) -> Result:
    """Make or show the roster."""
    from taskforce.actions import introducing  # deferred: `join` needs none of it
    from taskforce.reports import introduction_views

    session = open_session()
    if show and without:
        raise UsageError(_("--show makes no roster, so nobody can be left out of it"))
    found = find(session, get_kind("operation"), operation)
    if show:
        roster = introducing.show_roster(session, found)
    else:
        roster = introducing.make_roster(session, found, without=without)
    lines = introduction_views.roster_lines(roster, session.now, made=not show)
    return Result(introduction_views.roster_data(roster), Lines(tuple(lines)))
