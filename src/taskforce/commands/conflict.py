"""`taskforce conflict list|show|resolve`."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce.actions import conflicts
from taskforce.actions.conflicts import Conflict
from taskforce.actions.references import label_of
from taskforce.actions.session import Session
from taskforce.commands.frame import argument, command, open_session, option
from taskforce.errors import NotFound
from taskforce.i18n import N_, _
from taskforce.output import Column, Line, Lines, Result, Table
from taskforce.reports import conflict_views

GROUP = ("conflict", N_("Fields that two people set: see both, decide"))


def make_list() -> TyperCommand:
    """`conflict list`."""
    return command("list", run_list, _("Every field with several values."), lists=True)


def run_list() -> Result:
    """List the conflicts."""
    session = open_session()
    found = conflicts.list_conflicts(session)
    columns = (
        Column(_("Ref"), "ref"),
        Column(_("Title"), "title"),
        Column(_("Field"), "field"),
        Column(_("Values"), "values"),
    )
    rows = tuple(_row(session, each) for each in found)
    return Result(
        [_data(each) for each in found], Table(columns, rows, _("no conflicts")), plural="conflicts"
    )


def _row(session: Session, each: Conflict) -> tuple[str | Line, ...]:
    kind, names = each.record.kind, conflicts.names_in(session, each)
    values = (conflict_views.shown_value(kind, each.field, side.value, names) for side in each.sides)
    return (
        Line(f"≠ {label_of(each.record)}", "conflict"),
        conflict_views.title_of(each.record, names),
        each.field,
        " | ".join(values),
    )


def make_show() -> TyperCommand:
    """`conflict show REF`."""
    return command(
        "show",
        run_show,
        _("Both values of each conflict of a record: who, when, what they had seen."),
        [argument("ref", _("Ref"))],
    )


def run_show(ref: str) -> Result:
    """Show the conflicts of one record."""
    session = open_session()
    found = conflicts.conflicts_of(session, ref)
    if not found:
        raise NotFound(
            _("%(ref)s has no conflict") % {"ref": ref}, hint=_("see all with: taskforce conflict list")
        )
    lines: list[Line | str] = []
    for each in found:
        lines += _story(session, each)
    return Result([_data(each) for each in found], Lines(tuple(lines)))


def _story(session: Session, each: Conflict) -> list[Line | str]:
    label, kind = label_of(each.record), each.record.kind
    names = conflicts.names_in(session, each)
    title = conflict_views.title_of(each.record, names)
    lines: list[Line | str] = [Line(f"≠ {label} {title} · {each.field}", "conflict")]
    if each.before:
        before = conflict_views.shown_value(kind, each.field, each.before, names)
        lines.append(_("  before  %(value)s") % {"value": before})
    for number, side in enumerate(each.sides, start=1):
        value = conflict_views.shown_value(kind, each.field, side.value, names)
        meanwhile = "  " + _("(shown meanwhile)") if side.shown else ""
        lines.append(Line(f"  {number}  {value}{meanwhile}", "heading"))
        set_by = conflict_views.set_by(side.by, side.agency, side.at)
        if side.fields:
            lines.append("     " + conflict_views.edited(kind, side.fields))
        lines.append(f"     {set_by} · {conflict_views.way(side.agency, side.came_through)}")
    lines.append(_("  neither had seen the other; the later clock decides only what is shown"))
    lines.append(Line(f"  taskforce conflict resolve {label} {each.field} --take N", "command"))
    return lines


def make_resolve() -> TyperCommand:
    """`conflict resolve REF FIELD`."""
    return command(
        "resolve",
        run_resolve,
        _("Decide which value stands."),
        [
            argument("ref", _("Ref")),
            argument("field", _("The field")),
            option("--take", _("Take value N as shown"), metavar="N", number=True),
            option("--value", _("Set a new value")),
        ],
    )


def run_resolve(ref: str, field: str, take: int | None, value: str | None) -> Result:
    """Resolve one conflict."""
    from taskforce.commands.nouns import shown_record  # deferred: only here is a record shown

    session = open_session()
    return shown_record(session, conflicts.resolve(session, ref, field, take=take, value=value))


def _data(each: Conflict) -> dict[str, Any]:
    return {
        "id": each.record.id,
        "ref": each.record.ref,
        "kind": each.record.kind.name,
        "field": each.field,
        "before": each.before or None,
        "values": [
            {
                "value": side.value,
                "by": side.by,
                "agency": side.agency,
                "device": side.device,
                "at": side.at,
                "came_through": side.came_through or None,
                "shown": side.shown,
                "fields": list(side.fields),
            }
            for side in each.sides
        ],
    }


VERBS = {
    "list": (N_("Every field with several values"), make_list),
    "show": (N_("Both values: who, when, what they had seen"), make_show),
    "resolve": (N_("Decide which value stands"), make_resolve),
}
