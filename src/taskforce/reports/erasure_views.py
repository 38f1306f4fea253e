"""Erasures as people read them: what goes, who is told, who has confirmed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from taskforce import moments
from taskforce.i18n import _, ngettext
from taskforce.views import Line

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from datetime import datetime

    from taskforce.actions.erasing import ErasedPart, Erasure


def preview(erasure: Erasure) -> Iterator[str]:
    """What an erasure would do, before anybody is asked."""
    count = ngettext("%(count)d edit loses its values", "%(count)d edits lose their values", erasure.edits)
    yield _("%(label)s: %(parts)s · %(count)s") % {
        "label": erasure.label,
        "parts": ", ".join(erasure.parts),
        "count": count % {"count": erasure.edits},
    }
    told = _("told with the next bundle: %(agencies)s") % {"agencies": ", ".join(erasure.agencies)}
    yield told if erasure.agencies else _("nobody else has it, or may have got it")
    if erasure.others:
        yield _("they tell those to whom they passed it on, if there are any")


def what_it_means() -> Iterator[str]:
    """What becomes of the values, and what nobody can do about it."""
    yield _(
        "The values go from the tables, the log, the search and the free pages of every store that is told. That they "
        "are gone there is confirmed by each device with its agency's next bundle."
    )
    yield _("It cannot be undone. Backups made before still hold the values: delete them.")


def question() -> str:
    """What is asked before anything is erased."""
    return _("Erase this for ever, here and at everybody who has it?")


def done(erasure: Erasure) -> Iterator[Line | str]:
    """What an erasure did."""
    yield Line(done_sentence(erasure), "ok")
    if erasure.agencies:
        yield "  " + _("it goes with the next bundle to everybody who has it; who confirmed: %(command)s") % {
            "command": f"taskforce erase status {erasure.record.ref}"
        }
    if erasure.copies:
        yield Line("  " + copies_line(erasure.copies), "late")


def done_sentence(erasure: Erasure) -> str:
    """The same in one sentence."""
    return _("%(label)s: erased (%(parts)s)") % {"label": erasure.label, "parts": ", ".join(erasure.parts)}


def copies_line(copies: tuple[str, ...]) -> str:
    """That files beside the store still hold what was erased."""
    return _("copies from before an upgrade still hold it; delete them when you can: %(files)s") % {
        "files": ", ".join(copies)
    }


def erased_by(one: ErasedPart) -> str:
    """Who erased a part, when and why."""
    return _("%(part)s erased by %(by)s, %(agency)s, on %(when)s: %(reason)s") % {
        "part": one.part,
        "by": one.by,
        "agency": one.agency or "?",
        "when": moments.show_time(one.at),
        "reason": one.reason,
    }


def how_far(some: Sequence[ErasedPart]) -> str:
    """How many of the erased parts are not confirmed by all who are known to have had them."""
    waiting = sum(bool(one.waiting) for one in some)
    text = ngettext(
        "%(count)d part is not confirmed by all", "%(count)d parts are not confirmed by all", waiting
    )
    if waiting:
        return text % {"count": waiting}
    return _("all who had it, as far as is known here, have confirmed")


def summary(some: Sequence[ErasedPart]) -> Iterator[Line | str]:
    """How far the erasures have come; and that to whom others passed something on is not known here."""
    yield how_far(some)
    if others := sorted({agency for one in some for agency in one.passed_on_by}):
        yield Line(passed_on(others), "muted")


def passed_on(agencies: Sequence[str]) -> str:
    """That agencies may have passed on what is erased, and what becomes of that."""
    return _(
        "whoever may have got it through %(agencies)s is told by them and confirms to them: see their own erase status"
    ) % {"agencies": ", ".join(agencies)}


def waits_for(one: ErasedPart, now: datetime) -> str:
    """Which agencies have not confirmed, and when each was last heard; empty where all have."""
    told = [
        _("%(agency)s (%(heard)s)") % {"agency": each, "heard": _heard(one, each, now)}
        for each in one.waiting
    ]
    return _("not confirmed by %(agencies)s") % {"agencies": ", ".join(told)} if told else ""


def story(one: ErasedPart, now: datetime) -> Iterator[Line | str]:
    """An erased part, and who has confirmed and who has not, with when those were last heard."""
    yield Line(f"{one.kind} {one.label} · {erased_by(one)}", "heading")
    for each in one.confirmed:
        when = moments.show_time(each.at)
        yield "  " + _("confirmed  %(agency)s, device %(device)s, %(when)s") % {
            "agency": each.agency or "?",
            "device": each.device[:4],
            "when": when,
        }
    for each in one.put_back:
        text = _("not any more  %(agency)s, device %(device)s: it was put back to before, and has it again")
        yield Line("  " + text % {"agency": each.agency or "?", "device": each.device[:4]}, "late")
    again = {each.device for each in one.put_back}
    for agency, devices in one.waiting.items():
        if devices and again.issuperset(devices):
            continue
        if one.device in devices:
            text = _("not yet    this device: bytes of it are still in unused places of the store's file")
            yield Line(f"  {text}", "late")
        devices = tuple(device for device in devices if device not in again and device != one.device)
        if not devices and agency == one.own:
            continue
        named = ", ".join(device[:4] for device in devices)
        text = _("not yet    %(agency)s, device %(devices)s") if named else _("not yet    %(agency)s")
        told = text % {"agency": agency, "devices": named}
        yield Line(f"  {told} · {_heard(one, agency, now)}", "late")
    if one.unverified:
        text = ngettext(
            "%(count)d confirmation is of a device whose agency is not verified here",
            "%(count)d confirmations are of devices whose agencies are not verified here",
            one.unverified,
        )
        yield Line("  " + text % {"count": one.unverified}, "muted")


def _heard(one: ErasedPart, agency: str, now: datetime) -> str:
    if agency == one.own:
        return _("a device of your own agency")
    heard = one.heard.get(agency, "")
    return _("last heard %(when)s") % {"when": moments.ago(heard, now)} if heard else _("never heard")
