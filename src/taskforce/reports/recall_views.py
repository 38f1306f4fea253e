"""Recalls as people and scripts see them: who has what, what was prepared, how far it has come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from taskforce import moments
from taskforce.i18n import N_, _, ngettext
from taskforce.labels import code_label
from taskforce.records import codes
from taskforce.views import Line

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from datetime import datetime

    from taskforce.actions.obeying import Obeyed
    from taskforce.actions.overheld import Overheld
    from taskforce.actions.recalling import Made, Status

_STATES = {
    "prepared": N_("prepared: it goes with the next bundle"),
    "sent": N_("not confirmed yet"),
    "held": N_("confirmed, and yet they say that they hold it"),
    "confirmed": N_("confirmed: dropped"),
    "given-again": N_("confirmed, and given to them again since"),
    "cancelled": N_("taken back"),
}
_HERE = {"sent": N_("waits for you"), "confirmed": N_("obeyed: dropped here")}


# ── who has what ──


def overheld_notes(found: Sequence[Overheld]) -> list[str]:
    """Who has what they may not have any more, and the command that recalls it, one after the other."""
    return [line for one in found for line in (overheld_line(one), recall_command(one))]


def overheld_line(one: Overheld) -> str:
    """Who has what, and since when."""
    return _("%(agency)s has %(ref)s (%(parts)s), told %(when)s; now: %(reason)s") % {
        "agency": one.agency,
        "ref": one.ref,
        "parts": ", ".join(one.parts),
        "when": moments.show_time(one.at),
        "reason": f"{one.reason} ({one.basis})" if one.basis else one.reason,
    }


def recall_command(one: Overheld) -> str:
    """The command that recalls it."""
    parts = " ".join(f"--part {part}" for part in one.parts)
    return f"taskforce recall add {one.ref} {parts} --from {one.agency} --reason {one.cause}"


def overheld_data(one: Overheld) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "agency": one.agency,
        "id": one.record,
        "ref": one.ref,
        "kind": one.kind,
        "parts": list(one.parts),
        "told_at": one.at,
        "cause": one.cause,
        "reason": one.reason,
        "basis": one.basis or None,
    }


# ── what was prepared ──


def made_notes(made: Sequence[Made]) -> list[str]:
    """The recalls that were prepared."""
    return [made_line(one) for one in made]


def made_line(one: Made) -> str:
    """A recall, and how it goes on."""
    text = (
        _("recall %(recall)s of %(ref)s (%(parts)s) from %(agency)s prepared: it goes with the next bundle")
        if one.new
        else _("recall %(recall)s of %(ref)s (%(parts)s) from %(agency)s was prepared before")
    )
    return text % {
        "recall": one.record.ref,
        "ref": one.ref,
        "parts": ", ".join(one.parts),
        "agency": one.agency,
    }


# ── how far ──


def status_data(one: Status) -> dict[str, Any]:
    """How far a recall has come, for scripts."""
    notice = one.notice
    return {
        "id": notice.record.id,
        "ref": notice.record.ref,
        "from": notice.maker,
        "to": notice.to,
        "about": notice.about,
        "about_ref": one.ref,
        "about_kind": notice.kind,
        "parts": list(notice.parts),
        "cause": notice.cause,
        "note": notice.note or None,
        "made": notice.at,
        "state": one.state,
        "bundle": one.number or None,
        "sent_at": one.sent_at or None,
        "confirmed_at": one.confirmed_at or None,
        "last_heard": one.heard or None,
        "passed_on": list(one.passed_on),
    }


def status_lines(one: Status, now: datetime) -> Iterator[Line | str]:
    """A recall, and how far it has come."""
    notice = one.notice
    what = _("%(recall)s · %(kind)s %(ref)s (%(parts)s) · %(cause)s") % {
        "recall": notice.record.ref,
        "kind": notice.kind,
        "ref": one.ref,
        "parts": ", ".join(notice.parts),
        "cause": code_label(codes.RECALL_REASONS, notice.cause).lower(),
    }
    yield Line(what, "heading")
    yield Line("  " + state_line(one, now), look_of(one))
    if not one.own and one.state == "sent":
        yield f"  taskforce recall confirm {notice.record.ref}"
    for agency in one.passed_on:
        yield Line("  " + passed_on_line(agency), "late")
        yield f"  taskforce recall add {notice.record.ref} --from {agency} --reason {notice.cause}"


def passed_on_line(agency: str) -> str:
    """That this store told somebody else of what is recalled."""
    return _("! you passed it on to %(agency)s, and have not recalled it there") % {"agency": agency}


def state_line(one: Status, now: datetime) -> str:
    """How far a recall has come, in one line."""
    told = _(_HERE[one.state]) if not one.own and one.state in _HERE else _(_STATES[one.state])
    words = [
        _("to %(agency)s") % {"agency": one.notice.to}
        if one.own
        else _("by %(agency)s") % {"agency": one.notice.maker}
    ]
    words.append(told)
    if one.own and one.number:
        sent = _("bundle %(number)d, %(when)s")
        words.append(sent % {"number": one.number, "when": moments.show_time(one.sent_at)})
    if one.confirmed_at:
        words.append(_("on %(when)s") % {"when": moments.show_time(one.confirmed_at)})
    elif one.own:
        words.append(
            _("last heard %(when)s") % {"when": moments.ago(one.heard, now)}
            if one.heard
            else _("never heard")
        )
    return " · ".join(words)


def waiting_line(there: int, here: int) -> str:
    """How many recalls wait, for others and here; empty where none does."""
    told = []
    if there:
        text = ngettext("%(count)d is not confirmed yet", "%(count)d are not confirmed yet", there)
        told.append(text % {"count": there})
    if here:
        text = ngettext("%(count)d waits for you", "%(count)d wait for you", here)
        told.append(text % {"count": here})
    return " · ".join(told)


def look_of(one: Status) -> str:
    """The look of a recall's state."""
    return {"confirmed": "ok", "given-again": "ok", "cancelled": "muted"}.get(one.state, "late")


# ── what came ──


def obeyed_data(one: Obeyed) -> dict[str, Any]:
    """A recall that a bundle brought, for scripts."""
    return {
        "ref": one.notice.record.ref,
        "from": one.notice.maker,
        "id": one.notice.about,
        "record": one.label,
        "kind": one.notice.kind,
        "parts": list(one.notice.parts),
        "edits": one.edits,
        "kept": one.kept,
        "passed_on": list(one.passed_on),
        "obeyed": one.applied,
    }


def obeyed_lines(one: Obeyed, *, applied: bool) -> Iterator[Line | str]:
    """What a recall that a bundle brought drops, or would drop, what stays, and who was told of it from here."""
    notice = one.notice
    if not one.applied:
        text = ngettext(
            "%(agency)s recalls %(what)s: %(count)d edit; it waits for you: taskforce recall confirm %(recall)s",
            "%(agency)s recalls %(what)s: %(count)d edits; it waits for you: taskforce recall confirm %(recall)s",
            one.edits,
        )
    elif applied:
        text = ngettext(
            "%(agency)s recalls %(what)s: %(count)d edit dropped; the next bundle says so",
            "%(agency)s recalls %(what)s: %(count)d edits dropped; the next bundle says so",
            one.edits,
        )
    else:
        text = ngettext(
            "%(agency)s recalls %(what)s: %(count)d edit would be dropped",
            "%(agency)s recalls %(what)s: %(count)d edits would be dropped",
            one.edits,
        )
    yield Line(
        "  "
        + text
        % {
            "agency": notice.maker,
            "what": f"{one.label} ({', '.join(notice.parts)})",
            "count": one.edits,
            "recall": notice.record.ref,
        },
        "late",
    )
    if one.kept:
        kept = ngettext(
            "  what your agency wrote itself stays: %(count)d edit",
            "  what your agency wrote itself stays: %(count)d edits",
            one.kept,
        )
        yield Line("  " + kept % {"count": one.kept}, "muted")
    for agency in one.passed_on:
        yield Line("    " + passed_on_line(agency), "late")
        yield f"    taskforce recall add {notice.record.ref} --from {agency} --reason {notice.cause}"
