"""The story of a conflict, line by line: what each value had replaced, the edits since, the moves of each history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from taskforce.i18n import _
from taskforce.records.schema import STATUS, Kind
from taskforce.reports.conflict_views import Carried, label_of_field, set_by, shown_value
from taskforce.reports.record_views import Names
from taskforce.sync.edit import Value
from taskforce.text import shorten
from taskforce.views import Line

_LONGEST = 100


class Told(Protocol):
    """One edit of the field, as `taskforce.actions.conflict_past` gives it."""

    @property
    def value(self) -> Value:
        """What was set."""

    @property
    def by(self) -> str:
        """The officer."""

    @property
    def agency(self) -> str:
        """The officer's agency; empty where it is not known."""

    @property
    def at(self) -> str:
        """When, as kept."""

    @property
    def here(self) -> bool:
        """Whether this device wrote it."""

    @property
    def carrier(self) -> Carried | None:
        """The bundle that brought it."""

    @property
    def replaced(self) -> Sequence[Value]:
        """The values that its author saw standing there."""

    @property
    def also(self) -> Mapping[str, Value]:
        """What else the same edit set."""


class Lacking(Protocol):
    """An edit that somebody had seen and that does not count here."""

    @property
    def edit(self) -> str:
        """Its feed and number."""

    @property
    def agency(self) -> str:
        """Whose it is; empty where that is not known."""

    @property
    def why(self) -> str:
        """`waiting` in quarantine, or `not-held`."""


class Past(Protocol):
    """One value's own history."""

    @property
    def before(self) -> Sequence[Told]:
        """What its author saw standing there."""

    @property
    def between(self) -> Sequence[Told]:
        """The edits since what all sides had seen."""

    @property
    def missing(self) -> Sequence[Lacking]:
        """What of them does not count here."""


class TheSide(Told, Protocol):
    """One value of a conflict, with its past."""

    @property
    def past(self) -> Past:
        """Where it comes from."""


def past_of(kind: Kind, name: str, side: TheSide, names: Names) -> list[str | Line]:
    """What whoever set this value had replaced, and what led from the value that all had seen to this one."""
    past = side.past
    story: list[str | Line] = [Line(lacking(each), "late") for each in past.missing]
    if name == STATUS and kind.lifecycle is not None:
        return story + _history(kind, (*past.between, side), names) + [_next(kind, side.value)]
    if past.before:
        values = " | ".join(dict.fromkeys(_short(kind, name, step.value, names) for step in past.before))
        told = _("in place of  %(value)s") if len(past.before) == 1 else _("decided between  %(value)s")
        story.append(Line(_with_author(told % {"value": values}, past.before[-1]), "muted"))
    elif not past.missing:
        story.append(Line(_("in place of  (nothing)"), "muted"))
    if past.between:
        story.append(_("edits between:"))
        for step in past.between:
            story.append("  " + _with_author(_short(kind, name, step.value, names), step))
    return story


def lacking(one: Lacking) -> str:
    """What is said where an earlier value is not known here."""
    about = {"edit": one.edit, "agency": one.agency or "?"}
    if one.why == "waiting":
        return _("! an earlier value waits in quarantine: edit %(edit)s of %(agency)s") % about
    return (
        _("! an earlier value is not held here, withheld or not arrived: edit %(edit)s of %(agency)s") % about
    )


def before_all(kind: Kind, name: str, common: Sequence[Told], names: Names) -> tuple[str, str]:
    """What stood there by all that every side had seen, and who set it."""
    if not common:
        return _("(nothing)"), ""
    values = list(dict.fromkeys(shown_value(kind, name, step.value, names) for step in common))
    last = common[-1]
    told = _("set by %(who)s") if len(values) == 1 else _("in conflict, too; the last by %(who)s")
    return " | ".join(values), told % {"who": set_by(last.by, last.agency, last.at)}


def with_it(kind: Kind, name: str, others: Sequence[str]) -> str:
    """What is in conflict by the same moves, and so may be taken together."""
    fields = ", ".join(label_of_field(kind, other) for other in others)
    if name == STATUS:
        return _("the same move set, and is taken with it: %(fields)s") % {"fields": fields}
    return _("the same move set, and is in conflict, too: %(fields)s") % {"fields": fields}


def _history(kind: Kind, path: Sequence[Told], names: Names) -> list[str | Line]:
    """The moves that led to a state, with what each of them gave as result, reason or note."""
    story: list[str | Line] = []
    for step in path:
        story.append(_with_author(_moved(kind, step, names), step))
        if not step.replaced:
            continue  # made with the record: what else was set then is no move's result
        for other, value in step.also.items():
            is_known = kind.field(other) is not None
            if value and is_known and str(value)[:19] != step.at[:19]:  # the move's own time is told already
                story.append(f"  {label_of_field(kind, other)}: {_short(kind, other, value, names)}")
    return story


def _moved(kind: Kind, step: Told, names: Names) -> str:
    lifecycle = kind.lifecycle
    assert lifecycle is not None
    after = _short(kind, STATUS, step.value, names)
    before = " | ".join(_short(kind, STATUS, value, names) for value in step.replaced)
    if not before:
        return after
    move = lifecycle.between(str(step.replaced[0]), str(step.value)) if len(step.replaced) == 1 else None
    return f"{move.name if move else _('set')}: {before} → {after}"


def next_moves(kind: Kind, state: Value) -> tuple[str, ...]:
    """The moves that a state allows."""
    return () if kind.lifecycle is None else tuple(move.name for move in kind.lifecycle.allowed(str(state)))


def _next(kind: Kind, state: Value) -> Line:
    moves = ", ".join(next_moves(kind, state))
    if not moves:
        return Line(_("if it stands: closed, no move leads on"), "muted")
    return Line(_("if it stands, next: %(moves)s") % {"moves": moves}, "muted")


def _with_author(text: str, step: Told) -> str:
    return f"{text}  ({set_by(step.by, step.agency, step.at)})"


def _short(kind: Kind, name: str, value: Value, names: Names) -> str:
    return shorten(" ".join(shown_value(kind, name, value, names).split()), _LONGEST)
