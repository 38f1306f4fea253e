"""`taskforce recall add|status|confirm`: ask for what was told, see who has dropped it, drop what is asked for here."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce.actions import obeying, recalling
from taskforce.actions.overheld import overheld
from taskforce.actions.references import find
from taskforce.commands.frame import argument, command, open_session, option
from taskforce.errors import UsageError
from taskforce.i18n import N_, _
from taskforce.output import Line, Lines, Result
from taskforce.records import codes
from taskforce.records.registry import get_kind
from taskforce.reports import recall_views

_ADD = N_("Ask an agency to drop what it was told")
_STATUS = N_("Who has dropped what was recalled, who has not, who has what they may not have any more")
_CONFIRM = N_("Drop what is recalled from here, and say so (importing a bundle does this by itself)")


def verbs() -> dict[str, Any]:
    """The verbs of recalls: nobody types one field by field."""
    return {
        "add": (_(_ADD), make_add),
        "status": (_(_STATUS), make_status),
        "confirm": (_(_CONFIRM), make_confirm),
    }


def make_add() -> TyperCommand:
    """`recall add REF --from AGENCY --reason REASON [--part PART]`."""
    reasons = ", ".join(codes.RECALL_REASONS)
    return command(
        "add",
        run_add,
        _(
            "Ask an agency to drop what it was told of a record. The recall goes with the next bundle; what the agency "
            "wrote itself stays with it."
        ),
        [
            argument(
                "ref", _("The record; or a recall that came here, to recall it from who had it from you")
            ),
            option("--from", _("The agency; needed"), metavar="AGENCY"),
            option("--part", _("Only this part, as care; may be repeated"), metavar="PART", many=True),
            option("--reason", _("Why; needed") + f" ({reasons})", metavar="CODE"),
            option("--note", _("A note for them; name nobody in it")),
        ],
    )


def run_add(ref: str, part: tuple[str, ...], reason: str | None, note: str | None, **given: Any) -> Result:
    """Prepare a recall."""
    agency = given["from"]
    if not agency:
        raise UsageError(_("--from is needed: which agency is to drop it?"))
    if not reason:
        raise UsageError(
            _("--reason is needed"),
            hint=_("one of: %(reasons)s") % {"reasons": ", ".join(codes.RECALL_REASONS)},
        )
    session = open_session()
    made = recalling.prepare(session, ref, agency, part, cause=reason, note=note or "")
    (one,) = (each for each in recalling.status(session) if each.notice.record.id == made.record.id)
    return Result(
        recall_views.status_data(one), Lines((Line(recall_views.made_line(made), "ok" if made.new else ""),))
    )


def make_status() -> TyperCommand:
    """`recall status [REF]`."""
    return command(
        "status",
        run_status,
        _(_STATUS) + ".",
        [argument("ref", _("Only of this record, or of what this recall recalls"), required=False)],
    )


def run_status(ref: str | None) -> Result:
    """Show how far recalls have come, and what is not recalled."""
    session = open_session()
    found = recalling.status(session, ref or "")
    about = recalling.about_of(session, ref) if ref else None
    left = overheld(session, records=None if about is None else [about])
    lines: list[Line | str] = [line for one in found for line in recall_views.status_lines(one, session.now)]
    if left:
        lines.append(Line(_("not recalled"), "heading"))
    for each in left:
        lines.append(Line("  " + recall_views.overheld_line(each), "late"))
        lines.append("  " + recall_views.recall_command(each))
    data = {
        "recalls": [recall_views.status_data(one) for one in found],
        "not_recalled": [recall_views.overheld_data(one) for one in left],
    }
    nothing = _("nothing is recalled, and nobody is known to have what they may not have any more")
    return Result(data, Lines(tuple(lines) or (nothing,)))


def make_confirm() -> TyperCommand:
    """`recall confirm REF`."""
    return command("confirm", run_confirm, _(_CONFIRM) + ".", [argument("ref", _("The recall, as B-7KQ2"))])


def run_confirm(ref: str) -> Result:
    """Obey a recall that waited."""
    session = open_session()
    done = obeying.confirm(session, find(session, get_kind(obeying.RECALL), ref))
    return Result(recall_views.obeyed_data(done), Lines(tuple(recall_views.obeyed_lines(done, applied=True))))
