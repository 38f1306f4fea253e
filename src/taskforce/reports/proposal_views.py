"""Proposals as people see them, and for scripts: what is proposed, what stands there, who decides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from taskforce.i18n import _
from taskforce.labels import field_label
from taskforce.reports import conflict_views
from taskforce.reports.conflict_views import set_by, shown_value
from taskforce.reports.outcomes import OUTCOMES
from taskforce.reports.record_views import Names
from taskforce.views import Line

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.proposing import Proposed


def title_of(one: Proposed, names: Names) -> str:
    """What the record is called among people; empty where that is its label."""
    title = conflict_views.title_of(one.called, names)
    return "" if title == one.label else title


def standing(one: Proposed) -> str:
    """Who decides on a proposal, or what became of it."""
    if one.outcome != "open":
        said = _(OUTCOMES[one.outcome])
        return f"{said}: {one.reason}" if one.reason else said
    if one.is_ours:
        return _("yours to decide")
    return _("%(deciders)s decides") % {"deciders": ", ".join(one.deciders) or "?"}


def change_of(one: Proposed, name: str, names: Names) -> str:
    """What stands in a field, and what is proposed for it."""
    before = shown_value(one.kind, name, one.stands[name], names)
    after = shown_value(one.kind, name, one.values[name], names)
    return f"{before} → {after}" if one.outcome == "open" else after


def warnings_of(one: Proposed) -> list[str]:
    """What else to accept it does, for a person who decides."""
    if one.outcome == "open" and one.brings_back:
        return [_("the record is archived; to accept this brings it back into view")]
    return []


def story_of(one: Proposed, names: Names, *, commands: bool = True) -> list[Line | str]:
    """What is proposed, by whom, and what to do: for a person who decides. `commands` names those of the program."""
    lines: list[Line | str] = [Line(f"± {one.label} {title_of(one, names)}".rstrip(), "conflict")]
    if one.record is None:
        lines.append("  " + _("a record that would be new here"))
    lines += [f"  {each}" for each in warnings_of(one)]
    lines.append("  " + set_by(one.by, one.agency, one.at))
    for name in one.fields:
        lines.append(f"  {field_label(one.kind, name)}: {change_of(one, name, names)}")
    lines.append(Line("  " + standing(one), "late" if one.is_ours and one.outcome == "open" else "muted"))
    if commands and one.outcome == "open":
        verbs = ("accept", "reject") if one.is_ours else ("reject",) if one.by_us else ()
        lines += [
            Line(f"  taskforce proposal {verb} {one.label} --from {one.agency}", "command") for verb in verbs
        ]
    return lines


def data_of(found: Sequence[Proposed], *, hidden: Collection[str] = ()) -> list[dict[str, Any]]:
    """Proposals for scripts; of `hidden` parts without the values."""
    return [
        {
            "id": one.id,
            "ref": one.label,
            "kind": one.kind.name,
            "part": one.part,
            "new": one.record is None,
            "fields": [
                {"field": name, "stands": None, "proposed": None}
                if one.part in hidden
                else {"field": name, "stands": one.stands[name] or None, "proposed": one.values[name] or None}
                for name in one.fields
            ],
            "by": one.by,
            "agency": one.agency,
            "at": one.at,
            "edit": one.edit,
            "outcome": one.outcome,
            "reason": one.reason or None,
            "deciders": list(one.deciders),
            "yours": one.is_ours,
        }
        for one in found
    ]
