"""Feeds as people see them: what is held of each, and of one that forked the two sides and what to decide."""

from __future__ import annotations

from collections.abc import Sequence

from taskforce import moments
from taskforce.i18n import _, ngettext
from taskforce.labels import field_label, kind_label
from taskforce.records.registry import find_kind
from taskforce.reports.history_views import shown_of_edit
from taskforce.text import cells, safe, shorten
from taskforce.views import Line

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.feeds import Feed, Half

WIDEST = 40
"""Cells of a value, where two stand side by side."""


def head_lines(one: Feed) -> list[Line | str]:
    """Whose feed it is, who wrote in it last, what is held of it."""
    return [
        Line(f"{one.feed}  {one.agency}", "heading"),
        f"  {_('device')} {one.device}, {_('epoch')} {one.epoch}; {_('last written by')} {one.officer}, "
        f"{moments.show_time(one.last_at)}",
        f"  {_('held')} {one.held or '-'}" + (f"; {not_held(one)}" if one.not_held else ""),
    ]


def not_held(one: Feed) -> str:
    """Which numbers are not held; the empty string where all are. Nobody can tell from here which of both it is."""
    return _("withheld or not here yet: %(numbers)s") % {"numbers": one.not_held} if one.not_held else ""


def state(one: Feed) -> str:
    """Whether a feed forked and how much of it waits; whether it is this store's own."""
    if one.forked_at:
        waits = ngettext("%(count)d edit waits", "%(count)d edits wait", one.waiting) % {"count": one.waiting}
        return _("forked at %(number)d: %(waits)s") % {"number": one.forked_at, "waits": waits}
    if one.current:
        return _("this store writes in it")
    if one.own:
        return _("this device wrote in it before")
    if one.waiting:
        return ngettext("%(count)d edit waits", "%(count)d edits wait", one.waiting) % {"count": one.waiting}
    return ""


def side_by_side(halves: Sequence[Half], widest: int = WIDEST) -> list[Line | str]:
    """The edits that prove a fork, a column of at most `widest` cells each."""
    names = list(dict.fromkeys(name for half in halves for name in half.values))
    rows = [
        ("", *(half.ref for half in halves)),
        (_("edit"), *(half.edit.rpartition("/")[2] for half in halves)),
        (_("follows"), *(half.prev[:8] for half in halves)),
        (_("written"), *(moments.show_time(half.at) for half in halves)),
        (_("by"), *(shorten(safe(half.by), widest) for half in halves)),
        (_("through"), *(half.came_through or _("this store") for half in halves)),
        (_("of"), *(shorten(_of(half), widest) for half in halves)),
        *((_label(halves, name), *(_value(half, name, widest) for half in halves)) for name in names),
        (_("counts"), *(_("yes") if half.counts else _("no, waits") for half in halves)),
    ]
    widths = [max(cells(row[place]) for row in rows) for place in range(len(halves) + 1)]
    return [
        "  "
        + "  ".join(
            cell + " " * (width - cells(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _of(half: Half) -> str:
    return safe(f"{half.label or kind_label(half.kind)} ({half.part})")


def _label(halves: Sequence[Half], name: str) -> str:
    kind = next(half.kind for half in halves if name in half.values)
    return safe(field_label(find_kind(kind), name))


def _value(half: Half, name: str, widest: int) -> str:
    value = half.values.get(name)
    if value is None:
        return "-"
    text = shown_of_edit(find_kind(half.kind), name, value, half.names)
    return shorten(safe(" ".join(text.split())), widest)


def why_it_waits(one: Feed) -> str:
    """What a fork means, and whom to ask; what counts of it once people admitted one of the sides."""
    means = _(
        "The device signed two different edits where there can be one: its store was copied or put back, or somebody "
        "has its key. Ask %(officer)s of %(agency)s."
    ) % {"officer": one.officer, "agency": one.agency or "?"}
    counts = (
        _("From number %(number)d on only what was admitted here counts.")
        if one.is_decided
        else _("Until you decide, nothing of this feed counts from number %(number)d on.")
    )
    return f"{means} {counts % {'number': one.forked_at}}"


def to_decide(one: Feed, halves: Sequence[Half]) -> list[str]:
    """What may be admitted, as the command calls it: one of the sides, unless one was; what came later, if any may."""
    waiting = [half for half in halves if not half.counts]
    refs = [half.ref for half in waiting] if len(waiting) == len(halves) else []
    return [*refs, one.feed] if one.later else refs


def what_is_left(one: Feed, halves: Sequence[Half], *, commands: bool = True) -> list[Line | str]:
    """Of a feed of which one side was admitted: that the rest is the other side's, and what to do with it."""
    waiting = [half for half in halves if not half.counts]
    left = one.waiting - one.later - len(waiting)
    if len(waiting) == len(halves):
        return []
    if not left:
        return [] if one.later else [_("One side was admitted; the other edit is kept as evidence.")]
    text = ngettext(
        "%(count)d edit after the other side waits: let it be, or drop it by its ref.",
        "%(count)d edits after the other side wait: let them be, or drop each by its ref.",
        left,
    )
    if not commands:
        return [text % {"count": left}]
    return [
        text % {"count": left},
        Line("  taskforce quarantine list", "command"),
        Line("  taskforce quarantine drop REF", "command"),
    ]
