"""`taskforce share explain|matrix`: whether something goes to an agency, and why."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce.actions import explaining
from taskforce.commands.frame import argument, command, open_session, option
from taskforce.errors import UsageError
from taskforce.i18n import N_, _
from taskforce.output import Column, Line, Lines, Result, Table
from taskforce.reports import sharing_views

GROUP = ("share", N_("Whether something goes to an agency, and why"))


def make_explain() -> TyperCommand:
    """`share explain REF --with AGENCY`."""
    return command(
        "explain",
        run_explain,
        _(
            "Each part of a record: whether it goes to an agency, the checks that it passed, and the first that it "
            "failed, with the consent, agreement or record that it rests on."
        ),
        [
            argument("ref", _("Ref, unique prefix, code, codename or full id")),
            option("--with", _("The agency; needed"), metavar="AGENCY"),
        ],
    )


def run_explain(ref: str, **given: Any) -> Result:
    """Explain what of a record goes to an agency."""
    agency = given["with"]
    if not agency:
        raise UsageError(_("--with is needed: which agency?"), hint=_("such as --with KH-NGO"))
    found = explaining.explain_record(open_session(), ref, agency)
    return Result(sharing_views.explained_data(found), Lines(tuple(sharing_views.explained_lines(found))))


def make_matrix() -> TyperCommand:
    """`share matrix [--operation OP]`."""
    return command(
        "matrix",
        run_matrix,
        _(
            "Agencies and parts of an operation at a glance: the plan by kinds of records, what is known of victims by "
            "victims. Agencies are the participants, and those that refer or receive its victims."
        ),
        [option("--operation", _("Operation; the current one if left out"), metavar="REF")],
        lists=True,
    )


def run_matrix(operation: str | None) -> Result:
    """Show who may have what of an operation."""
    session = open_session()
    chosen, rows = explaining.matrix(session, operation or session.require_operation())
    columns = (
        Column(_("Agency"), "agency"),
        Column(_("Role"), "role", priority=1),
        Column(_("Plan"), "operational"),
        Column(_("Case"), "case"),
        Column(_("Care"), "care"),
        Column(_("Identity"), "identity"),
    )
    view: tuple[tuple[str | Line, ...], ...] = tuple(
        (
            row.code,
            sharing_views.role_of(row),
            *(sharing_views.cell_of(part, row.cells[part]) for part in explaining.COLUMNS),
        )
        for row in rows
    )
    empty = _("nobody else takes part in %(operation)s") % {"operation": chosen.text("codename")}
    notes = (_("why: taskforce share explain REF --with AGENCY"),) if rows else ()
    return Result(
        [sharing_views.matrix_data(row) for row in rows],
        Table(columns, view, empty),
        notes,
        plural="agencies",
    )


VERBS = {
    "explain": (N_("What of one record goes to an agency, check by check"), make_explain),
    "matrix": (N_("Agencies and parts of an operation, at a glance"), make_matrix),
}
