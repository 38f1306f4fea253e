"""`taskforce disclosures`: who was told what about whom, and who looked here."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce.actions import disclosing
from taskforce.actions.disclosing import Names
from taskforce.commands.frame import argument, command, flag, open_session, option
from taskforce.errors import UsageError
from taskforce.i18n import _
from taskforce.moments import show_time
from taskforce.output import Column, Result, Table
from taskforce.reports.disclosure_views import before_then, not_recorded
from taskforce.store.disclosures import Disclosure, Reading


def make_disclosures() -> TyperCommand:
    """`disclosures [REF]`."""
    return command(
        "disclosures",
        run_disclosures,
        _(
            "Who has been told what, when, on what basis, in which bundle and by which officer: about one record, or "
            "everything, latest first. About a victim that includes the consents, referrals and log entries that name "
            "them. With --reads: who looked at identity and care in this store."
        ),
        [
            argument("ref", _("Only what was told about this record"), required=False),
            option("--to", _("Only what this agency was told"), metavar="AGENCY"),
            option("--since", _("Only since then, as -7d or 2026-11-23"), metavar="TIME"),
            flag("--reads", _("What was looked at here, in place of what was sent")),
            option("--limit", _("At most so many"), metavar="N", number=True),
        ],
        lists=True,
    )


def run_disclosures(
    ref: str | None, to: str | None, since: str | None, reads: bool, limit: int | None
) -> Result:
    """List what was told, or what was looked at."""
    session = open_session()
    if not reads:
        return _told(disclosing.told(session, ref or "", to=to or "", since=since or "", limit=limit))
    if to:
        raise UsageError(
            _("--reads is about who looked in this store: --to does not go with it"),
            hint=_("leave out either --reads or --to"),
        )
    return _shown(disclosing.shown(session, ref or "", since=since or "", limit=limit))


def _told(found: disclosing.Told) -> Result:
    columns = (
        Column(_("When"), "at"),
        Column(_("To"), "to"),
        Column(_("Bundle"), "bundle"),
        Column(_("Ref"), "ref"),
        Column(_("Part"), "part"),
        Column(_("Edits"), "edits", priority=3),
        Column(_("Officer"), "by", priority=2),
        Column(_("Basis"), "basis", wrap=True),
    )
    rows = tuple(
        (
            show_time(one.at),
            one.agency,
            str(one.number),
            found.names[one.kind, one.record],
            one.part,
            str(one.edits),
            one.by,
            one.basis,
        )
        for one in found.found
    )
    data = [_told_data(one, found.names) for one in found.found]
    notes = not_recorded(found)
    return Result(
        data, Table(columns, rows, _("nothing was told that is recorded")), notes, plural="disclosures"
    )


def _told_data(one: Disclosure, names: Names) -> dict[str, Any]:
    return {
        "at": one.at,
        "to": one.agency,
        "bundle": one.bundle,
        "number": one.number,
        "id": one.record,
        "ref": names[one.kind, one.record],
        "kind": one.kind,
        "part": one.part,
        "edits": one.edits,
        "basis": one.basis,
        "by": one.by,
    }


def _shown(found: disclosing.Shown) -> Result:
    columns = (
        Column(_("When"), "at"),
        Column(_("Officer"), "by"),
        Column(_("Ref"), "ref"),
        Column(_("Part"), "part"),
        Column(_("Way"), "way", priority=2),
        Column(_("Reason"), "reason", wrap=True),
    )
    rows = tuple(
        (
            show_time(one.at),
            one.by,
            found.names[one.place.kind, one.place.record],
            one.place.part,
            one.way,
            one.reason,
        )
        for one in found.found
    )
    data = [_shown_data(one, found.names) for one in found.found]
    empty = _("nobody has looked at identity or care since that is recorded")
    return Result(data, Table(columns, rows, empty), before_then(found), plural="reads")


def _shown_data(one: Reading, names: Names) -> dict[str, Any]:
    return {
        "at": one.at,
        "by": one.by,
        "id": one.place.record,
        "ref": names[one.place.kind, one.place.record],
        "kind": one.place.kind,
        "part": one.place.part,
        "way": one.way,
        "reason": one.reason or None,
    }
