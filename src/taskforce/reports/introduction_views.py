"""Rosters and introductions, as people and scripts see them: the commands and the room draw them from here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from taskforce import moments
from taskforce.i18n import _, ngettext
from taskforce.views import Line

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.introducing import Member, Roster
    from taskforce.actions.peers import IntroducedBy, PeerState

_MOST_MISSING = 12
"""Agencies that are named as not on a roster: at first that may be nearly all."""


def roster_data(roster: Roster) -> dict[str, Any]:
    """A roster for scripts."""
    return {
        "operation": roster.operation.id,
        "ref": roster.operation.ref,
        "by": roster.by,
        "made": roster.made,
        "stands": roster.stands,
        "members": [
            {
                "agency": one.agency,
                "name": one.name,
                "country": one.country or None,
                "fingerprint": one.fingerprint,
                "left": one.left,
                "level": one.level or None,
                "since": one.since or None,
                "same_key": one.same_key,
            }
            for one in roster.members
        ],
        "missing": list(roster.missing),
    }


def roster_head(roster: Roster, now: datetime) -> list[Line | str]:
    """Of which operation, who signed it and when; and that it counts for nothing, where that is so."""
    name = roster.operation.text("codename") or roster.operation.ref
    head = _("roster of %(operation)s, signed by %(agency)s %(when)s") % {
        "operation": name,
        "agency": roster.by,
        "when": moments.show_time(roster.made, now=now),
    }
    lines: list[Line | str] = [Line(head, "heading")]
    if not roster.stands:
        lines.append(
            Line(
                "  " + _("! it counts for nothing here: who signed it does not lead, or you take no part"),
                "late",
            )
        )
    return lines


def missing_lines(roster: Roster, *, made: bool) -> list[Line | str]:
    """Who takes part and is not on it, if somebody is."""
    if not roster.missing:
        return []
    text = _("not on it: %(agencies)s")
    if made:
        text = _("not on it: %(agencies)s. Compare words, add the card, and sign it anew")
    return [Line("  " + text % {"agencies": _some(roster.missing)}, "muted")]


def roster_lines(roster: Roster, now: datetime, *, made: bool) -> list[Line | str]:
    """A roster for people: who signed it, who is on it and how far each is known here, and who is not on it."""
    lines = roster_head(roster, now)
    width = max((len(one.agency) for one in roster.members), default=0)
    lines += [member_line(one, width, now) for one in roster.members]
    if not roster.members:
        lines.append("  " + _("nobody"))
    lines += missing_lines(roster, made=made)
    if made:
        lines.append(_("it travels with the next bundles to who takes part"))
    return lines


def _some(agencies: Sequence[str]) -> str:
    """The first few of many, and how many more there are: JSON has all."""
    shown = ", ".join(agencies[:_MOST_MISSING])
    if not (more := len(agencies) - _MOST_MISSING) > 0:
        return shown
    return ngettext("%(shown)s and %(more)d more", "%(shown)s and %(more)d more", more) % {
        "shown": shown,
        "more": more,
    }


def member_line(one: Member, width: int, now: datetime) -> Line | str:
    """An agency on a roster, its code in `width` cells: how far it is known here."""
    since = moments.show_time(one.since, now=now) if one.since else ""
    if not one.same_key:
        return Line(f"  ! {one.agency:<{width}}  " + _("another key than the one that counts here"), "late")
    told = {
        "own": _("your own agency"),
        "verified": _("verified %(when)s") % {"when": since},
        "introduced": _("introduced %(when)s") % {"when": since},
        "": _("not known here"),
    }[one.level]
    if one.left:
        told += " · " + _("takes part no more")
    sign = {"own": "✓", "verified": "✓", "introduced": "◇", "": "○"}[one.level]
    return f"  {sign} {one.agency:<{width}}  {told} · {one.name}"


def introduced_text(told: tuple[IntroducedBy, ...]) -> str:
    """By whom an agency was introduced, and for which operation."""
    return ", ".join(
        _("introduced by %(agency)s for %(operation)s") % {"agency": one.by, "operation": one.operation}
        for one in told
    )


def known_text(peer: PeerState) -> str:
    """How a peer is known: compared by whom, when and how; or introduced by whom, for which operation."""
    told = introduced_text(peer.introduced)
    if peer.verified_at:
        told = verified_text(peer.verified_at, peer.verified_by, peer.how)
    if peer.dispute is not None:
        told = " · ".join(one for one in (f"! {peer.dispute.sentence}", told) if one)
    return told


def verified_text(at: str, by: str, how: str, now: datetime | None = None) -> str:
    """When people compared an agency's words, who, and how."""
    told = _("verified %(when)s by %(officer)s") % {"when": moments.show_time(at, now=now), "officer": by}
    return told + (f" ({how})" if how else "")


def known_line(peer: PeerState) -> Line:
    """The same with its look."""
    return Line(known_text(peer), "late" if peer.dispute is not None else "")
