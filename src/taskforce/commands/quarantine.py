"""`taskforce quarantine list|show|admit|drop`."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce import moments
from taskforce.actions import quarantined
from taskforce.actions.quarantined import Decided, Quarantined, ref_of
from taskforce.commands.frame import argument, command, open_session
from taskforce.i18n import N_, _
from taskforce.labels import kind_label
from taskforce.output import Column, Lines, Result, Table
from taskforce.reports import quarantine_views

GROUP = ("quarantine", N_("Edits that may not enter: see them, decide"))


def make_list() -> TyperCommand:
    """`quarantine list`."""
    return command(
        "list",
        run_list,
        _(
            "Edits that wait, by feed and number, each with its reason. Nothing of them is in any table. A file that "
            "is not addressed to us, damaged or altered is refused whole and never gets here; a clock far in the "
            "future keeps nothing out, status tells of it."
        ),
        lists=True,
    )


def run_list() -> Result:
    """List what waits."""
    session = open_session()
    found = quarantined.list_quarantined(session)
    columns = (
        Column(_("Ref"), "ref"),
        Column(_("From"), "agency"),
        Column(_("Edit"), "edit", priority=2),
        Column(_("Kind"), "kind", priority=3),
        Column(_("Since"), "since", priority=3),
        Column(_("Why it waits"), "reason", wrap=True),
    )
    rows = tuple(
        (
            one.ref,
            one.agency or one.device,
            one.edit,
            kind_label(one.kind),
            moments.ago(one.since, session.now),
            one.why,
        )
        for one in found
    )
    return Result(
        [_data(one) for one in found], Table(columns, rows, _("nothing is in quarantine")), plural="edits"
    )


def make_show() -> TyperCommand:
    """`quarantine show REF`."""
    return command(
        "show",
        run_show,
        _("One edit that waits: what it would set, whose it is, and why it waits."),
        [argument("ref", _("Its ref"))],
    )


def run_show(ref: str) -> Result:
    """Show one."""
    seen = quarantined.look(open_session(), ref)
    return Result(_data(seen.one), quarantine_views.fields_of(seen))


def make_admit() -> TyperCommand:
    """`quarantine admit REF|FEED`."""
    return command(
        "admit",
        run_admit,
        _(
            "Let in an edit of a feed that forked: one of the two at the fork, or a later one; with the feed's name "
            "all later ones of which there is one of each number. An unknown signer is let in with peer add; a broken "
            "signature never."
        ),
        [argument("edit", _("Its ref, or a feed"))],
    )


def run_admit(edit: str) -> Result:
    """Admit."""
    return _decided(quarantined.admit(open_session(), edit), admitted=True)


def make_drop() -> TyperCommand:
    """`quarantine drop REF`."""
    return command(
        "drop",
        run_drop,
        _(
            "Forget an edit that waits; it does not come back with another bundle. The history keeps that it was "
            "dropped."
        ),
        [argument("ref", _("Its ref"))],
    )


def run_drop(ref: str) -> Result:
    """Drop."""
    return _decided(quarantined.drop(open_session(), ref), admitted=False)


def _decided(done: Decided, *, admitted: bool) -> Result:
    lines = quarantine_views.decided_lines(done, [ref_of(one) for one in done.left], admitted=admitted)
    return Result({"edits": list(done.edits), "left": list(done.left)}, Lines(tuple(lines)))


def _data(one: Quarantined) -> dict[str, Any]:
    return {
        "ref": one.ref,
        "hash": one.hash,
        "reason": one.reason,
        "edit": one.edit,
        "agency": one.agency or None,
        "device": one.device,
        "by": one.by,
        "at": one.at,
        "since": one.since,
        "kind": one.kind,
        "record": one.record,
        "label": one.label or None,
        "part": one.part,
        "set": one.values,
        "came_through": one.came_through or None,
        "may_enter": one.may_enter,
    }


VERBS = {
    "list": (N_("What waits, and why"), make_list),
    "show": (N_("One edit that waits"), make_show),
    "admit": (N_("Let an edit of a forked feed in"), make_admit),
    "drop": (N_("Forget an edit for good"), make_drop),
}
