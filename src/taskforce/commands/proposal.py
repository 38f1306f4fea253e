"""`taskforce proposal list|show|accept|reject`: what others wrote of what is ours, and we of what is theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand

from taskforce.actions import proposing, reading
from taskforce.actions.proposing import Proposed
from taskforce.actions.references import find
from taskforce.actions.session import Session
from taskforce.commands.frame import argument, command, flag, open_session, option
from taskforce.commands.showing import reason_option, require_places
from taskforce.errors import UsageError
from taskforce.i18n import N_, _
from taskforce.labels import field_labels
from taskforce.output import Column, Line, Lines, Result, Table
from taskforce.records.registry import get_kind
from taskforce.records.schema import ARCHIVED
from taskforce.reports import proposal_views
from taskforce.store.disclosures import Place

GROUP = ("proposal", N_("What others would change of what is yours to decide"))


def make_list() -> TyperCommand:
    """`proposal list`."""
    return command(
        "list",
        run_list,
        _("What is proposed and waits: yours to decide, and what you proposed."),
        [flag("--all", _("Also what was decided")), reason_option()],
        lists=True,
    )


def run_list(all: bool, reason: str | None) -> Result:
    """List the proposals."""
    session = open_session()
    found = proposing.list_proposals(session, settled=all)
    _require(session, found, reason)
    columns = (
        Column(_("Ref"), "ref"),
        Column(_("Title"), "title"),
        Column(_("Proposed"), "fields"),
        Column(_("By"), "agency"),
        Column(_("Decides"), "deciders"),
    )
    rows = tuple(_row(session, one) for one in found)
    return Result(
        proposal_views.data_of(found), Table(columns, rows, _("nothing is proposed")), plural="proposals"
    )


def _row(session: Session, one: Proposed) -> tuple[str | Line, ...]:
    names = proposing.names_in(session, one)
    changes = "; ".join(
        f"{field_labels(one.kind, [name])}: {proposal_views.change_of(one, name, names)}"
        for name in one.fields
    )
    title = proposal_views.title_of(one, names) or one.label
    return Line(f"± {one.label}", "conflict"), title, changes, one.agency, proposal_views.standing(one)


def make_show() -> TyperCommand:
    """`proposal show REF`."""
    return command(
        "show",
        run_show,
        _("What is proposed for a record: by whom, what stands there, who decides."),
        [argument("ref", _("Ref")), reason_option()],
    )


def run_show(ref: str, reason: str | None) -> Result:
    """Show what is proposed for one record."""
    session = open_session()
    found = proposing.proposals_of(session, ref)
    _require(session, found, reason)
    lines: list[Line | str] = []
    for one in found:
        lines += proposal_views.story_of(one, proposing.names_in(session, one))
    return Result(proposal_views.data_of(found), Lines(tuple(lines)))


def _require(session: Session, found: list[Proposed], reason: str | None) -> None:
    """Record that the values are shown; Refused where they are shown only with a reason."""
    for one in found:
        place = Place(one.id, one.kind.name, one.part)
        require_places(session, [place], one.label, way=reading.PROPOSAL, reason=reason or "")


def make_accept() -> TyperCommand:
    """`proposal accept REF`."""
    return command(
        "accept",
        run_accept,
        _("Let what is proposed for a record stand."),
        [
            argument("ref", _("Ref")),
            option("--from", _("Only what this agency proposed"), metavar="AGENCY"),
            option("--field", _("Only this field; may be repeated"), metavar="FIELD", many=True),
        ],
    )


def run_accept(ref: str, field: tuple[str, ...], **given: Any) -> Result:
    """Accept proposals."""
    session = open_session()
    names = [name.replace("-", "_") for name in field]
    chosen = _chosen(session, ref, given["from"], names)
    done = proposing.accept(session, chosen, names)
    back = {one.label for one in chosen if one.brings_back and set(names or one.fields) != {ARCHIVED}}
    told = [_("%(ref)s was archived, and is in view again") % {"ref": ref} for ref in sorted(back)]
    return _told(done, _("%(ref)s: accepted what %(agency)s proposed"), told)


def make_reject() -> TyperCommand:
    """`proposal reject REF`."""
    return command(
        "reject",
        run_reject,
        _(
            "Turn down what is proposed for a record, or take back what you proposed. To let some fields stand and not "
            "the others: accept those with --field, then reject the rest."
        ),
        [
            argument("ref", _("Ref")),
            option("--from", _("Only what this agency proposed"), metavar="AGENCY"),
            option("--reason", _("Why; it goes back to who proposed it")),
        ],
    )


def run_reject(ref: str, reason: str | None, **given: Any) -> Result:
    """Reject proposals."""
    session = open_session()
    done = proposing.reject(session, _chosen(session, ref, given["from"], []), reason or "")
    return _told(done, _("%(ref)s: rejected what %(agency)s proposed"))


def _chosen(session: Session, ref: str, agency: str | None, fields: list[str]) -> list[Proposed]:
    """What is meant: of one agency where several propose something for the same field."""
    found = proposing.proposals_of(session, ref)
    if agency:
        code = find(session, get_kind("agency"), agency).text("code")
        found = [one for one in found if one.agency == code]
        if not found:
            raise UsageError(_("%(agency)s proposes nothing for %(ref)s") % {"agency": code, "ref": ref})
    wanted = [name for one in found for name in one.fields if not fields or name in fields]
    if len(wanted) > len(set(wanted)):
        raise UsageError(
            _("several agencies propose a value for the same field of %(ref)s") % {"ref": ref},
            hint=_("say whose: --from AGENCY (%(agencies)s)")
            % {"agencies": ", ".join(sorted({one.agency for one in found}))},
        )
    return [one for one in found if not fields or set(fields) & set(one.fields)]


def _told(done: list[Proposed], sentence: str, notes: Sequence[str] = ()) -> Result:
    lines = tuple(Line(sentence % {"ref": one.label, "agency": one.agency}, "ok") for one in done)
    return Result(proposal_views.data_of(done, hidden=reading.PRIVATE), Lines(lines), notes=tuple(notes))


VERBS = {
    "list": (N_("What waits: yours to decide, and what you proposed"), make_list),
    "show": (N_("What is proposed for a record, and what stands there"), make_show),
    "accept": (N_("Let what is proposed stand"), make_accept),
    "reject": (N_("Turn down what is proposed, or take back your own"), make_reject),
}
