"""What the screen of exchange says of a peer, of what waits for it, and of a file that has come."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import datetime

from textual.content import Content

from taskforce import moments
from taskforce.actions.inbox import Entry, Glance
from taskforce.actions.peers import PeerState
from taskforce.actions.sending import Exported
from taskforce.i18n import _, ngettext
from taskforce.text import cells, safe, shorten
from taskforce.tui.safety import content_of
from taskforce.tui.text_lines import laid_out
from taskforce.views import Line

_AGENCY_CELLS, _NAME_CELLS, _FILE_CELLS = 14, 28, 30


def verified_line(peer: PeerState) -> str:
    """By whom, when and how a peer was verified."""
    return _("verified by %(officer)s, %(when)s, %(how)s") % {
        "officer": peer.verified_by,
        "when": moments.show_time(peer.verified_at),
        "how": peer.how,
    }


def peer_content(peer: PeerState, now: datetime, width: int) -> Content:
    """A peer in two lines: how exchange stands, and by whom it was verified."""
    heard = moments.ago(peer.last_heard, now) if peer.last_heard else _("never")
    name_cells = _NAME_CELLS if width > 80 else 0
    pieces: list[Line | str] = [Line(_fitted(peer.agency, _AGENCY_CELLS), "heading")]
    if name_cells:
        pieces.append(_fitted(peer.name, name_cells) + " ")
    pieces.append(_fitted(_("heard %(when)s") % {"when": heard}, 20))
    if peer.missing:
        pieces.append(Line("! " + _("bundle %(numbers)s missing") % {"numbers": peer.missing} + "  ", "late"))
    elif peer.last_heard:
        pieces.append(Line("↓ " + _("all") + "  ", "ok"))
    pieces.append(
        "↑ " + _("%(count)d to send") % {"count": peer.unsent} if peer.unsent else "– " + _("nothing to send")
    )
    unconfirmed = peer.waiting - peer.unsent
    if unconfirmed:
        pieces.append(Line(" · " + _("%(count)d unconfirmed") % {"count": unconfirmed}, "muted"))
    devices = ngettext("%(count)d device", "%(count)d devices", peer.devices) % {"count": peer.devices}
    below = f"{' ' * _AGENCY_CELLS}{verified_line(peer)} · {devices}"
    if not name_cells and peer.name != peer.agency:
        below = f"{' ' * _AGENCY_CELLS}{peer.name} · {verified_line(peer)}"
    told = laid_out([Line(below, "muted")], width, indent=0)
    return content_of(*pieces, "\n") + told


def waits_lines(agency: str, sent: Exported) -> list[Line | str]:
    """What waits for a peer, and what it will not get."""
    lines: list[Line | str] = [Line(_("WAITS FOR %(agency)s") % {"agency": agency}, "heading"), ""]
    if not sent.goes:
        lines.append(Line(_("nothing: it has said that it holds all it may have"), "muted"))
    for one in sent.goes:
        count = ngettext("%(count)d edit", "%(count)d edits", one.edits) % {"count": one.edits}
        lines.append(f"↑ {count}: {one.kind}, {one.part}")
        lines.append(Line("  " + " ".join(one.some) + (" …" if one.records > len(one.some) else ""), "muted"))
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
