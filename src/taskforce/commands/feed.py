"""`taskforce feed list|show`."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce import moments
from taskforce.actions import feeds
from taskforce.actions.feeds import Feed, Half
from taskforce.commands.frame import argument, command, open_session
from taskforce.i18n import N_, _
from taskforce.output import Column, Line, Lines, Result, Table
from taskforce.reports import feed_views

GROUP = ("feed", N_("Which devices wrote what is held here, and which feeds forked"))


def make_list() -> TyperCommand:
    """`feed list`."""
    return command(
        "list",
        run_list,
        _(
            "Every feed: a device's numbered edits, which are held, which were withheld or have not come, any fork."
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
        Column(_("Not held"), "not_held", priority=2),
        Column(_("Last"), "last_at", priority=2),
        Column(_("State"), "forked_at", wrap=True),
    )
    rows = tuple(
        (
            one.feed,
            one.agency,
            one.officer,
            one.held,
            one.not_held,
            moments.ago(one.last_at, session.now),
            feed_views.state(one),
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
    lines: list[Line | str] = [*feed_views.head_lines(one), Line(f"  {feed_views.state(one)}", _look(one))]
    if halves:
        lines += ["", *feed_views.side_by_side(halves), "", feed_views.why_it_waits(one)]
        lines += [
            Line(f"  taskforce quarantine admit {ref}", "command")
            for ref in feed_views.to_decide(one, halves)
        ]
        lines += feed_views.what_is_left(one, halves)
    return Result({**_data(one), "evidence": [_half_data(half) for half in halves]}, Lines(tuple(lines)))


def _look(one: Feed) -> str:
    return "conflict" if one.forked_at else ""


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
        "not_held": one.not_held or None,
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
