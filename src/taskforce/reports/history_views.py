"""A record's history as people read it: who set what, when, one paragraph an edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from taskforce import moments
from taskforce.i18n import _
from taskforce.labels import field_label, in_order
from taskforce.records.schema import ARCHIVED, DROPPED, OF_EVERY_KIND, Kind
from taskforce.reports.outcomes import OUTCOMES
from taskforce.reports.record_views import shown
from taskforce.sync.edit import Value
from taskforce.text import shorten
from taskforce.views import Line

_LONGEST = 100
_ANSWERS = ("accepted", "declined")


class Told(Protocol):
    """One edit as `taskforce.actions.looking` gives it."""

    @property
    def at(self) -> str:
        """When, as kept."""

    @property
    def by(self) -> str:
        """The officer."""

    @property
    def agency(self) -> str:
        """The officer's agency; empty where it is not known."""

    @property
    def part(self) -> str:
        """The part of the record."""

    @property
    def values(self) -> Mapping[str, Value]:
        """What was set."""

    @property
    def names(self) -> Mapping[str, str]:
        """What people see in place of ids."""

    @property
    def proposed(self) -> Mapping[str, str]:
        """The fields that it only proposes, and what became of that."""

    @property
    def takes_back(self) -> bool | None:
        """Whether it took back what was done before, or did that again; None where it is no such edit."""


def story_of(kind: Kind, changes: Sequence[Told], *, longest: int = _LONGEST) -> list[Line | str]:
    """A line for each edit, and below it a line for each field it set; texts cut to `longest` characters."""
    story: list[Line | str] = []
    for change, whom in zip(changes, answered_for(kind, changes), strict=True):
        story.append(f"{moments.show_time(change.at)}  {change.by}, {change.agency or '?'}  · {change.part}")
        if not change.values:
            story.append("    " + _("(erased)"))
        for name in in_order(kind, change.values):
            text = shorten(shown_of_edit(kind, name, change.values[name], change.names), longest)
            known = name in OF_EVERY_KIND or kind.field(name) is not None
            newer = "" if known else "  " + _("(from a newer version)")
            behalf = " " + _("(for %(agency)s)") % {"agency": whom} if whom and name == "status" else ""
            outcome = change.proposed.get(name, "")
            told = "  " + _("(proposed: %(outcome)s)") % {"outcome": _(OUTCOMES[outcome])} if outcome else ""
            story.append(f"    {field_label(kind, name)}: {text or _('(nothing)')}{behalf}{newer}{told}")
    return story


def answered_for(kind: Kind, changes: Sequence[Told]) -> list[str]:
    """Of each edit of a referral, the agency for which another one noted its answer; empty for all other edits."""
    found: list[str] = []
    asked = ""
    for change in changes:
        asked = str(change.values.get("to", "")) or asked
        whom = change.names.get(asked, "")
        is_answer = kind.name == "referral" and change.values.get("status") in _ANSWERS
        found.append(whom if is_answer and change.agency and whom != change.agency else "")
    return found


def shown_of_edit(kind: Kind | None, name: str, value: Value, names: Mapping[str, str]) -> str:
    """What an edit sets a field to, for people; also a field that this version does not know."""
    field = kind.field(name) if kind is not None else None
    if field is not None:
        return shown(field, value, names)
    if name == ARCHIVED:
        return _("yes") if value else _("no")
    if name == DROPPED:
        return _("confirmed: no values of this part are held any more")
    return ", ".join(value) if isinstance(value, list) else value
