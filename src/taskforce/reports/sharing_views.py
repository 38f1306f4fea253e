"""How a sharing decision looks: every check with what it found, and who may have what of an operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taskforce.i18n import N_, _, ngettext
from taskforce.records.codes import ROLES
from taskforce.records.schema import OPERATIONAL
from taskforce.views import Line

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.explaining import Cell, Explained, Row

CHECKS: Mapping[str, str] = {
    "own": N_("own agency"),
    "verified": N_("verified"),
    "reach": N_("reach"),
    "handling": N_("handling"),
    "consent": N_("consent"),
    "override": N_("override"),
    "border": N_("border"),
}
"""What people call each check."""


def explained_data(found: Explained) -> dict[str, Any]:
    """An explanation for scripts."""
    return {
        "id": found.record.id,
        "ref": found.record.ref,
        "kind": found.record.kind.name,
        "agency": found.agency,
        "parts": [
            {
                "part": one.part,
                "held": one.is_held,
                "goes": one.decision.allowed,
                "reason": one.decision.reason,
                "basis": one.decision.basis or None,
                "agreement": one.decision.across.basis if one.decision.across else None,
                "checks": [
                    {
                        "check": each.name,
                        "passed": each.passed,
                        "reason": each.reason,
                        "basis": each.basis or None,
                    }
                    for each in one.checks
                ],
            }
            for one in found.parts
        ],
    }


def explained_lines(found: Explained) -> list[Line | str]:
    """An explanation for people: each part, then its checks in the order in which they were made."""
    lines: list[Line | str] = [
        Line(_("%(ref)s with %(agency)s") % {"ref": found.record.ref, "agency": found.agency}, "heading")
    ]
    for one in found.parts:
        goes = one.decision.allowed
        answer = _("goes") if goes else _("withheld")
        if not one.is_held:
            answer += " · " + _("nothing of it is noted here")
        lines.append(Line(f"{'●' if goes else '◌'} {one.part}: {answer}", "ok" if goes else "late"))
        for check in one.checks:
            rests_on = f" ({check.basis})" if check.basis else ""
            text = f"    {'✓' if check.passed else '×'} {_(CHECKS[check.name])}: {check.reason}{rests_on}"
            lines.append(text if check.passed else Line(text, "late"))
    return lines


def matrix_data(row: Row) -> dict[str, Any]:
    """An agency's row for scripts."""
    return {
        "id": row.agency,
        "agency": row.code,
        "role": row.role or None,
        **{
            part: {"goes": cell.goes, "of": cell.of, "reasons": list(cell.reasons)}
            for part, cell in row.cells.items()
        },
    }


def role_of(row: Row) -> str:
    """The agency's role in the operation, in words."""
    return _(ROLES.get(row.role, row.role)) if row.role else "–"


def cell_of(part: str, cell: Cell) -> Line:
    """How much of a part goes to an agency."""
    if not cell.of:
        return Line("–", "muted")
    if not cell.goes:
        return Line("◌ " + _("none"), "muted")
    if cell.goes == cell.of:
        return Line("● " + _("all"), "ok")
    if part == OPERATIONAL:
        return Line(_("◐ %(goes)d of %(of)d kinds") % {"goes": cell.goes, "of": cell.of})
    text = ngettext("◐ %(goes)d of %(of)d victim", "◐ %(goes)d of %(of)d victims", cell.of)
    return Line(text % {"goes": cell.goes, "of": cell.of})
