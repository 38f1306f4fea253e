"""`taskforce feed list|show`."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce import moments
from taskforce.actions import feeds
from taskforce.actions.feeds import Feed, Half
from taskforce.commands.frame import argument, command, open_session
from taskforce.i18n import N_, _, ngettext
from taskforce.labels import field_label
from taskforce.output import Column, Line, Lines, Result, Table
from taskforce.records.registry import find_kind
from taskforce.reports.history_views import shown_of_edit
from taskforce.text import cells, safe, shorten

GROUP = ("feed", N_("Which devices wrote what is held here, and which feeds forked"))

_WIDEST = 40  # cells of a value, where two stand side by side


def make_list() -> TyperCommand:
    """`feed list`."""
    return command(
        "list",
        run_list,
        _(
            "Every feed: a device's numbered edits, what is held of them, what is missing between, and any fork."
        ),
        lists=True,
    )


def run_list() -> Result:
    """List the feeds."""
    session = open_session()
    found = feeds.list_feeds(session)
    columns = (
        Column(_("Feed"), "feed"),
        Column(_("Agency"), "agency"),
        Column(_("Officer"), "officer", priority=3),
        Column(_("Held"), "held"),
        Column(_("Missing"), "missing", priority=2),
        Column(_("Last"), "last_at", priority=2),
        Column(_("State"), "forked_at", wrap=True),
    )
    rows = tuple(
        (
            one.feed,
            one.agency,
            one.officer,
            one.held,
            one.missing,
            moments.ago(one.last_at, session.now),
            _state(one),
        )
        for one in found
    )
    return Result(
        [_data(one) for one in found], Table(columns, rows, _("no feed is known yet")), plural="feeds"
    )


def make_show() -> TyperCommand:
    """`feed show FEED`."""
    return command(
        "show",
        run_show,
        _("A feed, and if it forked why: the two edits with one number side by side, and what to decide."),
        [argument("feed", _("The beginning of its name"))],
    )


def run_show(feed: str) -> Result:
    """Show one feed."""
    one, halves = feeds.show_feed(open_session(), feed)
    lines: list[Line | str] = [
        Line(f"{one.feed}  {one.agency}", "heading"),
        f"  {_('device')} {one.device}, {_('epoch')} {one.epoch}; {_('last written by')} {one.officer}, "
        f"{moments.show_time(one.last_at)}",
        f"  {_('held')} {one.held or '-'}" + (f"; {_('missing')} {one.missing}" if one.missing else ""),
        Line(f"  {_state(one)}", "conflict" if one.forked_at else ""),
    ]
    if halves:
        lines += ["", *_side_by_side(halves), ""]
        lines += _advice(one, halves)
    return Result({**_data(one), "evidence": [_half_data(half) for half in halves]}, Lines(tuple(lines)))


def _state(one: Feed) -> str:
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


def _side_by_side(halves: list[Half]) -> list[Line | str]:
    names = list(dict.fromkeys(name for half in halves for name in half.values))
    rows = [
        ("", *(half.ref for half in halves)),
        (_("edit"), *(half.edit.rpartition("/")[2] for half in halves)),
        (_("follows"), *(half.prev[:8] for half in halves)),
        (_("written"), *(moments.show_time(half.at) for half in halves)),
        (_("by"), *(safe(half.by) for half in halves)),
        (_("through"), *(half.came_through or _("this store") for half in halves)),
        (_("of"), *(_of(half) for half in halves)),
        *((_label(halves, name), *(_value(half, name) for half in halves)) for name in names),
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
    kind = find_kind(half.kind)
    name = half.kind if kind is None else _(kind.label)
    return safe(f"{half.label or name} ({half.part})")


def _label(halves: list[Half], name: str) -> str:
    kind = next(half.kind for half in halves if name in half.values)
    return safe(field_label(find_kind(kind), name))


def _value(half: Half, name: str) -> str:
    value = half.values.get(name)
    if value is None:
        return "-"
    text = shown_of_edit(find_kind(half.kind), name, value, half.names)
    return shorten(safe(" ".join(text.split())), _WIDEST)


def _advice(one: Feed, halves: list[Half]) -> list[Line | str]:
    why = _(
        "The device signed two different edits where there can be one: its store was copied or put back, or somebody "
        "has its key. Ask %(officer)s of %(agency)s. Until you decide, nothing of this feed counts from number "
        "%(number)d on."
    ) % {"officer": one.officer, "agency": one.agency or "?", "number": one.forked_at}
    lines: list[Line | str] = [why]
    waiting = [half for half in halves if not half.counts]
    if len(waiting) == len(halves):
        lines += [Line(f"  taskforce quarantine admit {half.ref}", "command") for half in waiting]
    if one.waiting > len(waiting):
        lines.append(Line(f"  taskforce quarantine admit {one.feed}", "command"))
    return lines


def _data(one: Feed) -> dict[str, Any]:
    return {
        "feed": one.feed,
        "device": one.device,
        "epoch": one.epoch,
        "agency": one.agency or None,
        "officer": one.officer,
        "own": one.own,
        "current": one.current,
        "edits": one.edits,
        "held": one.held or None,
        "missing": one.missing or None,
        "last_at": one.last_at,
        "waiting": one.waiting,
        "forked_at": one.forked_at or None,
        "flagged_at": one.flagged_at or None,
    }


def _half_data(half: Half) -> dict[str, Any]:
    return {
        "ref": half.ref,
        "hash": half.hash,
        "edit": half.edit,
        "prev": half.prev or None,
        "at": half.at,
        "by": half.by,
        "kind": half.kind,
        "record": half.record,
        "label": half.label or None,
        "part": half.part,
        "set": half.values,
        "came_through": half.came_through or None,
        "counts": half.counts,
    }


VERBS = {
    "list": (N_("Every feed, and what is held of it"), make_list),
    "show": (N_("One feed, and why it forked"), make_show),
}
