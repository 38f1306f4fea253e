"""`taskforce quarantine list|show|admit|drop`."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce import moments
from taskforce.actions import quarantined
from taskforce.actions.quarantined import REASONS, Decided, Quarantined, ref_of
from taskforce.commands.frame import argument, command, open_session
from taskforce.i18n import N_, _, ngettext
from taskforce.labels import field_label, in_order, kind_label
from taskforce.output import Column, Fields, Line, Lines, Result, Table
from taskforce.records.registry import find_kind
from taskforce.reports.history_views import shown_of_edit

GROUP = ("quarantine", N_("Edits that may not enter: see them, decide"))


def make_list() -> TyperCommand:
    """`quarantine list`."""
    return command(
        "list",
        run_list,
        _("Edits that wait, by feed and number, each with its reason. Nothing of them is in any table."),
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
            _reason(one),
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
    one = quarantined.show(open_session(), ref)
    kind = find_kind(one.kind)
    do = {
        "unknown-signer": "taskforce peer add CARD",
        "fork": f"taskforce feed show {one.edit.partition('/')[0]}",
        "after-fork": f"taskforce feed show {one.edit.partition('/')[0]}",
    }.get(one.reason, f"taskforce quarantine drop {one.ref}")
    pairs: tuple[tuple[str, str | Line], ...] = (
        (_("Why it waits"), Line(_reason(one), "conflict")),
        (_("Edit"), one.edit),
        (_("Signed by"), one.agency or one.device),
        (_("Officer"), one.by),
        (_("Written"), moments.show_time(one.at)),
        (_("Waits since"), moments.show_time(one.since)),
        (_("Of"), f"{kind_label(one.kind)} {one.subject}, {one.part}"),
        *(
            (field_label(kind, name), shown_of_edit(kind, name, one.values[name], one.names))
            for name in in_order(kind, one.values)
        ),
        (_("Next"), Line(do, "command")),
    )
    return Result(_data(one), Fields(one.ref, pairs))


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
    count = len(done.edits)
    text = (
        ngettext("%(count)d edit was admitted", "%(count)d edits were admitted", count)
        if admitted
        else ngettext("%(count)d edit was dropped", "%(count)d edits were dropped", count)
    )
    lines: list[Line | str] = [Line(text % {"count": count}, "ok" if count else "")]
    if done.left:
        left = ngettext(
            "%(count)d waits on: decide on it by its ref",
            "%(count)d wait on: decide on each by its ref",
            len(done.left),
        )
        lines.append(left % {"count": len(done.left)})
        lines += [f"  {ref_of(one)}" for one in done.left[:20]]
    data = {"edits": list(done.edits), "left": list(done.left)}
    return Result(data, Lines(tuple(lines)))


def _reason(one: Quarantined) -> str:
    return _(REASONS.get(one.reason, one.reason))


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
        "part": one.part,
        "set": one.values,
        "may_enter": one.may_enter,
    }


VERBS = {
    "list": (N_("What waits, and why"), make_list),
    "show": (N_("One edit that waits"), make_show),
    "admit": (N_("Let an edit of a forked feed in"), make_admit),
    "drop": (N_("Forget an edit for good"), make_drop),
}
