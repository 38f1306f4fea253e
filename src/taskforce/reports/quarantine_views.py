"""What waits in quarantine, as people see it: what it would set, whose it is, why it waits, what a decision does."""

from __future__ import annotations

from collections.abc import Sequence

from taskforce import moments
from taskforce.i18n import _, ngettext
from taskforce.labels import field_label, in_order, kind_label
from taskforce.records.registry import find_kind
from taskforce.reports.history_views import shown_of_edit
from taskforce.reports.record_views import shown
from taskforce.views import Fields, Line

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.quarantined import Decided, Quarantined, Seen
    from taskforce.sync.edit import Value

_LISTED = 20


def fields_of(seen: Seen) -> Fields:
    """One edit that waits: its reason, whose it is, and what it would set beside what stands here now."""
    one = seen.one
    kind = find_kind(one.kind)
    pairs: tuple[tuple[str, str | Line], ...] = (
        (_("Why it waits"), Line(one.why, "conflict")),
        (_("Edit"), one.edit),
        (_("Signed by"), one.agency or one.device),
        (_("Officer"), one.by),
        (_("Written"), moments.show_time(one.at)),
        (_("Came through"), one.came_through or _("this store")),
        (_("Waits since"), moments.show_time(one.since)),
        (_("Of"), f"{called(one)}, {one.part}"),
        *(
            (field_label(kind, name), _value(seen, name, one.values[name]))
            for name in in_order(kind, one.values)
        ),
        (_("Next"), Line(next_step(one), "command")),
    )
    return Fields(one.ref, pairs)


def called(one: Quarantined) -> str:
    """The record that an edit is of, as people call it; by its ref where nothing of it is known here."""
    return f"{kind_label(one.kind)} {one.label or one.record_ref}"


def next_step(one: Quarantined) -> str:
    """The command to go on with."""
    feed = one.edit.partition("/")[0]
    return {
        "unknown-signer": "taskforce peer add CARD",
        "not-verified": "taskforce peer add CARD",
        "fork": f"taskforce feed show {feed}",
        "after-fork": f"taskforce feed show {feed}",
    }.get(one.reason, f"taskforce quarantine drop {one.ref}")


def decided_lines(done: Decided, refs: Sequence[str], *, admitted: bool) -> list[Line | str]:
    """What a decision did, or would do; `refs` call the edits that need one of their own."""
    lines: list[Line | str] = [Line(decided(done, admitted=admitted), "ok" if done.edits else "")]
    if done.left:
        left = ngettext(
            "%(count)d waits on: decide on it by its ref",
            "%(count)d wait on: decide on each by its ref",
            len(done.left),
        )
        lines.append(left % {"count": len(done.left)})
        lines += [f"  {one}" for one in refs[:_LISTED]]
    return lines


def decided(done: Decided, *, admitted: bool) -> str:
    """The same in one sentence."""
    count = len(done.edits)
    if not done.applied:
        text = ngettext("%(count)d edit is admitted", "%(count)d edits are admitted", count)
    elif admitted:
        text = ngettext("%(count)d edit was admitted", "%(count)d edits were admitted", count)
    else:
        text = ngettext("%(count)d edit was dropped", "%(count)d edits were dropped", count)
    return text % {"count": count}


def _value(seen: Seen, name: str, value: Value) -> str:
    """What would be set, and what stands here now where that is something else."""
    kind = find_kind(seen.one.kind)
    field = None if kind is None else kind.field(name)
    text = shown_of_edit(kind, name, value, seen.names) or "–"
    now = (
        ""
        if field is None or seen.record is None
        else shown(field, seen.record.values.get(name, ""), seen.names)
    )
    return text if now in ("", text) else _("%(value)s (now %(now)s)") % {"value": text, "now": now}
