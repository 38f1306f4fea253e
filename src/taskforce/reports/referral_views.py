"""A referral as people follow it: its clock, and its history as a story."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from taskforce import moments
from taskforce.i18n import _
from taskforce.records.registry import get_kind
from taskforce.records.schema import ARCHIVED, Kind
from taskforce.reports.history_views import Told, answered_for
from taskforce.reports.record_views import GLYPHS, is_open, shown
from taskforce.store.queries import Record
from taskforce.text import shorten
from taskforce.views import Line

_LONGEST = 200
_OF_A_MOVE = (
    "sent_at",
    "received_at",
    "answered_at",
    "started_at",
    "completed_at",
    "cancelled_at",
    "revoked_at",
)
_TOLD = ("status", "status_note", "answer_due", *_OF_A_MOVE)


def clock_of(referral: Record, now: datetime) -> list[Line | str]:
    """The state, with a sign and a word, and how long there is: until the answer, or until the hand-over."""
    lifecycle = referral.kind.lifecycle
    assert lifecycle is not None
    state = referral.text("status") or lifecycle.initial
    told: list[Line | str] = [
        Line(f"{GLYPHS.get(state, '')} {_(lifecycle.states.get(state, state))}", "heading")
    ]
    due = referral.text("answer_due")
    if due and is_open(referral):
        left = moments.left_or_late(due, now)
        late = moments.is_late(due, now)
        text = _("answer due %(when)s") % {"when": moments.show_time(due, now=now)}
        told += [" · ", Line(f"! {left}" if late else left, "late" if late else "ok"), f" · {text}"]
    elif referral.text("handover_at") and state in ("accepted", "in-progress"):
        at = referral.text("handover_at")
        text = _("hand-over %(when)s") % {"when": moments.show_time(at, now=now)}
        told += [" · ", text, f" ({moments.left_or_late(at, now)})" if not moments.is_late(at, now) else ""]
    elif state == "draft":
        told.append(" · " + _("not sent yet"))
    elif state == "declined" and referral.text("decline_reason"):
        reason = referral.kind.field("decline_reason")
        assert reason is not None
        told.append(" · " + shown(reason, referral.text("decline_reason"), {}).lower())
    return told


def story_of_referral(changes: Sequence[Told]) -> list[Line | str]:
    """A sentence for each edit, oldest first: when, who of which agency, what they did; and its note below it."""
    kind = get_kind("referral")
    story: list[Line | str] = []
    for place, (change, whom) in enumerate(zip(changes, answered_for(kind, changes), strict=True)):
        who = f"{change.by} ({change.agency or '?'})"
        sentence = _sentence(kind, change, first=place == 0)
        if whom and change.takes_back is None:
            who = _("%(officer)s, for %(agency)s,") % {"officer": who, "agency": whom}
        story.append(Line(f"{moments.show_time(change.at)}  ", "muted"))
        story.append(f"{who} {sentence}\n")
        note = change.values.get("status_note", "")
        if note:
            story.append(f"    “{shorten(str(note), _LONGEST)}”\n")
    return story


def _sentence(kind: Kind, change: Told, *, first: bool) -> str:
    values = change.values
    emptied = [name for name in _OF_A_MOVE if values.get(name) == ""]
    if change.takes_back or (change.takes_back is None and emptied and not first):
        return _("took that back")  # elsewhere it was: there the fields that a move fills are emptied again
    if change.takes_back is False:
        return _("did that again")
    if ARCHIVED in values:
        return _("took it out of view") if values[ARCHIVED] else _("brought it back into view")
    state = str(values.get("status", ""))
    if state == "draft" and not first:
        return _("made it a draft again")
    tell = _SENTENCES.get(state)
    if tell is not None:
        return tell(kind, change)
    changed = [_(field.label).lower() for name in values if (field := kind.field(name)) and name not in _TOLD]
    if not changed:
        return _("added a note") if values.get("status_note") else _("changed nothing that is told here")
    return _("set %(fields)s") % {"fields": ", ".join(changed)}


def _of(kind: Kind, change: Told, name: str) -> str:
    """The value of a field as people read it."""
    field = kind.field(name)
    assert field is not None
    return shown(field, change.values.get(name, ""), change.names)


def _noted(kind: Kind, change: Told) -> str:
    return _("noted it for %(agency)s, not sent yet") % {"agency": _of(kind, change, "to")}


def _sent(kind: Kind, change: Told) -> str:
    agency, services = _of(kind, change, "to"), _of(kind, change, "services").lower()
    due = _of(kind, change, "answer_due")
    if not due:  # of an older version's, or changed by hand
        return _("sent it to %(agency)s") % {"agency": agency} if agency else _("sent it")
    if agency and services:
        text = _("sent it to %(agency)s for %(services)s, answer due %(due)s")
    elif agency:
        text = _("sent it to %(agency)s, answer due %(due)s")
    else:
        text = _("sent it, answer due %(due)s")
    return text % {"agency": agency, "services": services, "due": due}


def _accepted(kind: Kind, change: Told) -> str:
    place, at = _of(kind, change, "handover_place"), _of(kind, change, "handover_at")
    if place and at:
        return _("accepted it; hand-over at %(place)s, %(when)s") % {"place": place, "when": at}
    if place:
        return _("accepted it; hand-over at %(place)s") % {"place": place}
    return _("accepted it; hand-over %(when)s") % {"when": at} if at else _("accepted it")


def _declined(kind: Kind, change: Told) -> str:
    return _("declined it: %(reason)s") % {"reason": _of(kind, change, "decline_reason").lower() or "?"}


def _completed(kind: Kind, change: Told) -> str:
    outcomes = _of(kind, change, "outcomes")
    return _("completed it: %(outcomes)s") % {"outcomes": outcomes} if outcomes else _("completed it")


_SENTENCES: Mapping[str, Callable[[Kind, Told], str]] = {
    "draft": _noted,
    "sent": _sent,
    "received": lambda _kind, _change: _("received it"),
    "accepted": _accepted,
    "declined": _declined,
    "in-progress": lambda _kind, _change: _("began the services"),
    "completed": _completed,
    "cancelled": lambda _kind, _change: _("took it back"),
    "revoked": lambda _kind, _change: _("noted that the victim withdrew consent"),
}
