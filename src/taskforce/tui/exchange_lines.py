"""What the screen of exchange says of a peer, of what waits for it, and of a file that has come."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from taskforce import moments
from taskforce.i18n import _, ngettext
from taskforce.reports.recall_views import waiting_line as waiting_line_of_recalls
from taskforce.text import cells, safe, shorten
from taskforce.tui.safety import content_of
from taskforce.views import Line

if TYPE_CHECKING:
    from taskforce.actions.attention_peers import Item
    from taskforce.actions.bundle_summary import Exported
    from taskforce.actions.inbox import Entry, Glance
    from taskforce.actions.peers import PeerState

_AGENCY_CELLS, _HEARD_CELLS, _FILE_CELLS = 14, 19, 30


def verified_line(peer: PeerState) -> str:
    """By whom, when and how a peer was verified."""
    if peer.own:
        return _("by the agency's own key")
    return _("verified by %(officer)s, %(when)s, %(how)s") % {
        "officer": peer.verified_by,
        "when": moments.show_time(peer.verified_at),
        "how": peer.how,
    }


def peer_content(peer: PeerState, now: datetime, width: int, *, marked: bool = False) -> Content:
    """A peer in three lines: when heard and what is missing, what waits for it and what it holds, who verified it.

    One that is `marked` bears a bar before its name.
    """
    heard = _("heard %(when)s") % {
        "when": moments.ago(peer.last_heard, now) if peer.last_heard else _("never")
    }
    pieces: list[Line | str] = [
        Line(_fitted(f"▌ {peer.agency}" if marked else peer.agency, _AGENCY_CELLS), "heading"),
        _fitted(heard, _HEARD_CELLS),
    ]
    if peer.missing:
        text = f"· {missing_bundles(peer)}; " + _("%(number)d brought that") % {"number": peer.last_number}
        pieces.append(Line(text, "muted"))
    elif peer.last_heard:
        pieces.append(Line("↓ " + _("all, to bundle %(number)d") % {"number": peer.last_number}, "ok"))
    room, left = max(20, width - _AGENCY_CELLS), " " * _AGENCY_CELLS
    pieces.append(f"\n{left}{shorten(waits_line(peer), room)}\n")
    pieces.append(Line(left + shorten(safe(_known_as(peer, room)), room), "muted"))
    return content_of(*pieces)


def missing_bundles(peer: PeerState) -> str:
    """Which bundles have not arrived, such as `bundles 2-3 missing`.

    A bundle carries all that its receiver has not confirmed: a later one brought what was in them, and nothing waits.
    """
    text = ngettext("bundle %(numbers)s missing", "bundles %(numbers)s missing", _several(peer.missing))
    return text % {"numbers": peer.missing}


def _several(numbers: str) -> int:
    return 1 if numbers.isdigit() else 2


def waits_line(peer: PeerState, *, in_full: bool = False) -> str:
    """How many edits wait for a peer, and how many of all that it may have it has confirmed to hold."""
    again = peer.waiting - peer.unsent
    nothing = _("– nothing new") if again else _("– nothing to send")
    pieces = [_("↑ %(count)d to send") % {"count": peer.unsent} if peer.unsent else nothing]
    if again:
        text = ngettext("%(count)d goes again", "%(count)d go again", again)
        if in_full:
            text = ngettext(
                "%(count)d goes again: it is not confirmed yet",
                "%(count)d go again: they are not confirmed yet",
                again,
            )
        pieces.append(text % {"count": again})
    all_ = peer.confirmed + peer.waiting
    pieces.append(_("has confirmed %(count)d of %(all)d") % {"count": peer.confirmed, "all": all_})
    return " · ".join(pieces)


def standing_lines(peer: PeerState, now: datetime) -> list[Line | str]:
    """How exchange with a peer stands, in sentences."""
    if not peer.last_heard:
        heard: Line | str = _("nothing has come from them yet")
    elif peer.missing:
        told = ngettext(
            "· last heard %(when)s, bundle %(number)d; bundle %(missing)s has not arrived: a later one brought it",
            "· last heard %(when)s, bundle %(number)d; bundles %(missing)s have not arrived: a later one brought them",
            _several(peer.missing),
        )
        heard = Line(
            told
            % {
                "when": moments.ago(peer.last_heard, now),
                "number": peer.last_number,
                "missing": peer.missing,
            },
            "muted",
        )
    else:
        told = _("last heard %(when)s, bundle %(number)d; none before it is missing")
        heard = told % {"when": moments.ago(peer.last_heard, now), "number": peer.last_number}
    return [heard, waits_line(peer, in_full=True)]


def _known_as(peer: PeerState, room: int) -> str:
    """Who verified a peer, behind its name where there is room for both."""
    devices = ngettext("%(count)d device", "%(count)d devices", peer.devices) % {"count": peer.devices}
    known = f"{verified_line(peer)} · {devices}"
    named = f"{peer.name} · {known}"
    return known if peer.name == peer.agency or cells(safe(named)) > room else named


def held_back_lines(
    waiting: Sequence[Item], count: int, erased: int, recalls: tuple[int, int] = (0, 0)
) -> list[Line | str]:
    """What is in quarantine, by reason and whose it is, what was erased, and the `recalls` that wait, at others and
    here; each with the key to it.
    """
    lines: list[Line | str] = []
    if waiting:
        edits = ngettext("%(count)d edit", "%(count)d edits", count) % {"count": count}
        lines.append(Line(f"{_('IN QUARANTINE')}  {edits} · " + _("q looks into them"), "heading"))
    lines += [waiting_line(item) for item in waiting]
    if erased:
        parts = ngettext("%(count)d part of a record", "%(count)d parts of records", erased)
        parts %= {"count": erased}
        lines.append(Line(f"{_('ERASED')}  {parts} · " + _("e shows who has confirmed"), "heading"))
    if told := waiting_line_of_recalls(*recalls):
        lines.append(Line(f"{_('RECALLS')}  {told} · " + _("b shows them"), "heading"))
    return lines


def waiting_line(item: Item) -> Line:
    """What is in quarantine for one reason, and what to do."""
    do = _("f shows both sides") if item.where.startswith("feeds ") else item.do
    return Line(f"! {item.subject}: {item.text} · {do}", "conflict")


def waits_lines(sent: Exported, peer: PeerState, now: datetime) -> list[Line | str]:
    """How exchange with a peer stands, what waits for it, and what it will not get."""
    named = peer.agency if peer.name == peer.agency else f"{peer.agency} · {peer.name}"
    lines: list[Line | str] = [Line(named, "heading"), *standing_lines(peer, now), ""]
    lines += [Line(_("WAITS FOR %(agency)s") % {"agency": sent.agency}, "heading"), ""]
    if not sent.goes:
        lines.append(Line(_("nothing: it has said that it holds all it may have"), "muted"))
    for one in sent.goes:
        count = ngettext("%(count)d edit", "%(count)d edits", one.edits) % {"count": one.edits}
        lines.append(f"↑ {count}: {one.kind}, {one.part}")
        lines.append(Line("  " + " ".join(one.some) + (" …" if one.records > len(one.some) else ""), "muted"))
    lines += [Line(_("recall of %(what)s") % {"what": what}, "late") for what in sent.recalls]
    if sent.withheld:
        lines += ["", Line(_("WITHHELD"), "heading"), ""]
    for each in sent.withheld:
        lines += [f"◌ {each.kind}, {each.part}", Line(f"  {each.reason}", "muted")]
    return lines


def file_content(
    entry: Entry,
    glance: Glance | None,
    taken_in: Mapping[tuple[str, str], str],
    known: str,
    now: datetime,
    width: int,
) -> Content:
    """A file of the inbox in one line: its name, what it says it is, and how it stands with it.

    `taken_in` says when bundles were taken in; `known` is what looking into this very file has shown.
    """
    what, state = _told_of(entry, glance, taken_in, known, now)
    head = shorten(safe(entry.path.name), _FILE_CELLS)
    room = max(10, width - _FILE_CELLS - 2 - cells(state.text) - 2)
    return content_of(
        head + " " * (_FILE_CELLS - cells(head) + 2), _fitted(what, room) + "  ", state, keep_newlines=False
    )


def _told_of(
    entry: Entry,
    glance: Glance | None,
    taken_in: Mapping[tuple[str, str], str],
    known: str,
    now: datetime,
) -> tuple[str, Line]:
    if glance is None:
        return "…", Line("")
    state = Line(known, "muted")
    if glance.what == "bundle":
        what = _("bundle %(number)d from %(agency)s, made %(when)s") % {
            "number": glance.number,
            "agency": glance.agency,
            "when": moments.show_time(glance.made),
        }
        at = taken_in.get((glance.bundle, glance.device))
        if at:
            return what, Line("● " + _("taken in %(when)s") % {"when": moments.ago(at, now)}, "muted")
        return what, state if known else Line("↓ " + _("new"), "ok")
    if glance.what == "plan":
        return _("plan"), state if known else Line("○ " + _("not looked into"))
    if glance.what == "others":
        return _("sealed for others"), Line("◌ " + _("not for us"), "muted")
    if glance.what == "broken":
        return glance.fault, Line("! " + _("broken"), "late")
    if glance.what == "card":
        command = f"taskforce peer add {shlex.quote(entry.path.name)}"
        return _("card; add it with: %(command)s") % {"command": command}, Line("")
    return _("neither a plan nor a bundle"), Line("")


def _fitted(text: str, width: int) -> str:
    text = shorten(safe(text), width)
    return text + " " * (width - cells(text))
