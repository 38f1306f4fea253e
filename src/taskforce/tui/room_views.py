"""How the room's blocks look: each row as text with a sign, a word and, only beside these, a colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from textual.content import Content

from taskforce import moments
from taskforce.actions.attention_peers import Item
from taskforce.actions.overview import LANES, Overview
from taskforce.actions.peers import PeerState
from taskforce.i18n import _, ngettext
from taskforce.records import codes
from taskforce.records.registry import all_kinds, get_kind
from taskforce.reports.attention_views import GLYPHS as ATTENTION
from taskforce.reports.attention_views import STYLES
from taskforce.reports.record_views import GLYPHS, is_open
from taskforce.store.queries import Record
from taskforce.text import cells, safe, shorten, wrapped
from taskforce.tui.as_command import command_line
from taskforce.tui.exchange_lines import missing_bundles
from taskforce.tui.safety import content_of
from taskforce.tui.widgets.block import Entry
from taskforce.views import Line

_LEAST = 12
_AGENCY_CELLS = 10
_LOG_LINES = 3  # of an entry; enter opens the whole


def heads_of(found: Overview) -> dict[str, Content]:
    """The headings of the blocks, by the id of the widget that shows them."""
    return {
        "counts": content_of(_counts(found)),
        "referrals-head": content_of(
            _("REFERRALS") + f"  {found.referrals_open} " + _("open"),
        ),
        "attention-head": content_of(
            _("ATTENTION") + (f"  {found.status.total:,}" if found.status.items else "")
        ),
        "log-head": content_of(_("LOG")),
        "peers-head": content_of(_("HEARD FROM")),
    }


def _counts(found: Overview) -> str:
    total = sum(found.states.values())
    parts = [
        _("ASSIGNMENTS"),
        _("%(done)d of %(all)d done") % {"done": found.states.get("done", 0), "all": total},
    ]
    for name in LANES:
        count = lane_count(name, found)
        if count:
            parts.append(f"{GLYPHS[name]} {_state_label(name)} {count}")
    if found.late:
        parts.append(ngettext("! %(count)d late", "! %(count)d late", found.late) % {"count": found.late})
    return "  ".join(parts)


def _state_label(state: str) -> str:
    lifecycle = get_kind("assignment").lifecycle
    assert lifecycle is not None
    return _(lifecycle.states[state]).lower()


def lane_count(name: str, found: Overview) -> int:
    """How many assignments a lane of the room has."""
    return sum(found.states.get(state, 0) for state in LANES[name])


def lane_head(name: str, count: int) -> Content:
    """Sign, name and number of a lane."""
    return content_of(f"{GLYPHS[name]} {_state_label(name)} {count}")


def lane(records: Sequence[Record], names: Mapping[str, str], now: datetime, width: int) -> list[Entry]:
    """The assignments of a lane, two lines each: what, then who and until when."""
    room = max(_LEAST, width - 3)
    return [Entry(_assignment(each, names, now, room), "assignment", each.id) for each in records]


def _assignment(record: Record, names: Mapping[str, str], now: datetime, room: int) -> Content:
    agency = safe(names.get(record.text("agency"), "–"))
    due = record.text("due")
    first = shorten(f"{record.ref} {safe(record.title)}", room)
    if not due or not is_open(record):
        return content_of(f"{first}\n", Line(f"  {agency}", "muted"))
    if moments.is_late(due, now):
        clock = f"! {moments.left_or_late(due, now)}"
        agency = shorten(agency, max(3, room - cells(clock) - 3))
        return content_of(f"{first}\n", Line(f"  {agency} ", "muted"), Line(clock, "late"))
    return content_of(
        f"{first}\n", Line(shorten(f"  {agency} · {moments.left_or_late(due, now)}", room), "muted")
    )


def more_assignments(found: Overview, name: str, *, keys: bool) -> list[Entry]:
    """Below a lane: how many more it has, and where; nothing where all are shown."""
    left = lane_count(name, found) - len(found.lanes[name])
    return _more(left, _("a shows all") if keys else "", "assignments")


def more_in_lane(count: int) -> list[Entry]:
    """Below a lane of the assignments' own screen: how many more it has, and how they are come by."""
    return _more(count, _("f filters, b shows the table"), "")


def more_referrals(found: Overview, *, keys: bool) -> list[Entry]:
    """Below the open referrals: how many more there are, and where."""
    return _more(found.referrals_open - len(found.referrals), _("r shows all") if keys else "", "referrals")


def more_attention(found: Overview, *, keys: bool) -> list[Entry]:
    """Below what needs attention: how much more does, and where."""
    left = found.status.total - len(found.status.items)
    where = _("a, r, c, P and x show all") if keys else ""
    last = found.status.items[-1] if found.status.items else None
    leads_to = {"referral": "referrals", "conflict": "conflicts", "proposal": "proposals"}
    name = "" if last is None else last.kind if last.noun == "record" else last.noun
    return _more(left, where, leads_to.get(name, "assignments"))


def _more(count: int, where: str, leads_to: str) -> list[Entry]:
    if count < 1:
        return []
    text = "… " + ngettext("%(count)s more", "%(count)s more", count) % {"count": f"{count:,}"}
    return [Entry(content_of(Line(f"{text} · {where}" if where else text, "muted")), leads_to, "")]


def referrals(found: Overview, now: datetime, width: int) -> list[Entry]:
    """The open referrals, a line each: whose answer is due when, or how far it is."""
    return [Entry(_referral(each, found.names, now, width), "referral", each.id) for each in found.referrals]


def _referral(record: Record, names: Mapping[str, str], now: datetime, width: int) -> Content:
    lifecycle = record.kind.lifecycle
    assert lifecycle is not None
    state = record.text("status") or lifecycle.initial
    due = record.text("answer_due")
    waits = due and state in record.kind.deadline_states
    is_late = bool(waits and moments.is_late(due, now))
    clock = ""
    if waits:
        clock = ("! " if is_late else "") + moments.left_or_late(due, now)
    word = f"{GLYPHS.get(state, '')} {_(lifecycle.states.get(state, state)).lower()}".strip()
    who = f"{record.ref}  {safe(names.get(record.text('victim'), '?'))} → {safe(names.get(record.text('to'), '?'))}"
    room = max(_LEAST, width - 2 - cells(clock) - cells(word) - 4)
    first = _fit(who, min(room, 34))
    return content_of(
        f"{first}  ",
        Line(f"{clock}  " if clock else "", "late" if is_late else "heading"),
        Line(word, "muted" if waits else ""),
    )


def attention(found: Overview, width: int) -> list[Entry]:
    """What needs attention, worst first, a line each."""
    return [Entry(_item(each, width), *_leads_to(each)) for each in found.status.items]


def _item(item: Item, width: int) -> Content:
    subject = f"{ATTENTION[item.kind]} {safe(item.subject)}"
    room = max(_LEAST, width - 5 - cells(subject))
    return content_of(Line(subject, STYLES.get(item.kind, "")), f"  {shorten(safe(item.text), room)}")


def _leads_to(item: Item) -> tuple[str, str]:
    """Where somebody sees to an item: a record, or the screen of its kind with what to point at there."""
    if item.kind in ("conflict", "proposal"):
        return f"{item.kind}s", item.subject
    if item.where:
        return "exchange", item.where
    if item.noun == "peer":
        return "exchange", f"peer {item.subject} {item.kind}"
    return item.noun, item.subject


def log(found: Overview, now: datetime, width: int) -> list[Entry]:
    """The end of the log, oldest on top."""
    return [Entry(_logged(each, now, width), "log", each.id) for each in found.log]


def _logged(record: Record, now: datetime, width: int) -> Content:
    at = moments.local_time(record.text("at"))
    when = "" if at is None else f"{at:%H:%M}" if at.date() == now.astimezone().date() else f"{at:%d %b}"
    category = record.text("category")
    label = _(codes.LOG_CATEGORIES.get(category, category)).lower()
    by = safe(record.created_by)
    room = max(_LEAST, width - 2 - 7 - 13 - cells(by) - 3)
    first, *more = wrapped(safe(" ".join(record.text("text").split())), room, _LOG_LINES)
    return content_of(
        Line(f"{when:<6} ", "muted"),
        Line(_fit(label, 11) + "  ", "command"),
        _fit(first, room),
        Line(f"  {by}", "muted"),
        *(f"\n{'':20}{line}" for line in more),
    )


def peers(found: Overview, now: datetime, width: int) -> list[Entry]:
    """Who was heard from, and what waits to go there; what has no room on the line goes on below, in one piece."""
    heard = [
        moments.ago(each.last_heard, now) if each.last_heard else _("never heard") for each in found.peers
    ]
    agency_cells = min(_AGENCY_CELLS, max((cells(safe(each.agency)) for each in found.peers), default=0))
    heard_cells = max(map(cells, heard), default=0)
    return [
        Entry(
            _peer(
                each, _fit(safe(each.agency), agency_cells), _fit(when, heard_cells), max(_LEAST, width - 3)
            ),
            "exchange",
            f"peer {each.agency}",
        )
        for each, when in zip(found.peers, heard, strict=True)
    ]


def _peer(peer: PeerState, agency: str, heard: str, room: int) -> Content:
    came = "· " + missing_bundles(peer) if peer.missing else _("↓ all") if peer.last_heard else ""
    goes = f"↑ {peer.unsent}" if peer.unsent else ""
    first = f"{agency}  {heard}"
    state = [Line(each, style) for each, style in ((came, "muted"), (goes, "heading")) if each]
    pieces: list[Line | str] = [first]
    used = cells(first)
    for each in state:
        if used + 2 + cells(each.text) > room:
            pieces.append("\n" + " " * (cells(agency) + 2))
            used = cells(agency) + 2
        else:
            pieces.append("  ")
            used += 2
        pieces.append(each)
        used += cells(each.text)
    return content_of(*pieces)


def places(found: Overview, now: datetime, width: int) -> Content:
    """The places that providers said are free; no number stands on another line than whose it is."""
    if not found.places:
        return content_of("")
    head = _("PLACES FREE")
    told = [f"{safe(each.text('code'))} {each.text('places_free')}" for each in found.places]
    as_of = max((each.text("places_as_of") for each in found.places), default="")
    lines, line = [], head + " "
    for place, each in enumerate(told):
        piece = each + (" ·" if place < len(told) - 1 else "")
        if line and cells(line) + 1 + cells(piece) > max(_LEAST, width - 2):
            lines.append(line)
            line = piece
        else:
            line = f"{line} {piece}"
    lines.append(line)
    when = _("as of %(when)s") % {"when": moments.ago(as_of, now)} if as_of else ""
    gap = "" if not when else "  " if cells(lines[-1]) + 2 + cells(when) <= max(_LEAST, width - 2) else "\n"
    first, *more = "\n".join(lines).removeprefix(head).partition("\n")
    return content_of(Line("\n" + head, "heading"), first, *more, Line(gap + when, "muted"))


def folded(found: Overview, now: datetime, width: int) -> Content:
    """Peers and places in one line, for a narrow screen."""
    parts = []
    for peer in found.peers:
        heard = moments.ago(peer.last_heard, now) if peer.last_heard else _("never")
        missing = " " + _("· bundle missing") if peer.missing else ""
        waiting = f" ↑{peer.unsent}" if peer.unsent else ""
        parts.append(f"{safe(peer.agency)} {heard}{missing}{waiting}")
    free = [f"{safe(each.text('code'))} {each.text('places_free')}" for each in found.places]
    if free:
        parts.append("⌂ " + _("places free: %(list)s") % {"list": ", ".join(free)})
    return content_of(
        Line(shorten(" · ".join(parts) or _("no peers yet: taskforce peer add CARD"), width - 2), "muted")
    )


def command_of(entry: Entry | None, block: str | None) -> str:
    """The command that shows what the cursor is on."""
    kinds = {kind.name for kind in all_kinds()}
    if entry is not None and entry.kind in kinds:
        return command_line(entry.kind, "show", entry.id)
    if entry is not None and entry.kind == "assignments":
        return "taskforce assignment list"
    if entry is not None and entry.kind == "proposals":
        return command_line("proposal", "show", entry.id) if entry.id else "taskforce proposal list"
    if entry is not None and entry.kind == "exchange":
        return _exchange_command(entry.id)
    return {
        "log": "taskforce log list",
        "peers": "taskforce peer list",
        "referrals": "taskforce referral list",
    }.get(block or "", "taskforce status")


def _exchange_command(where: str) -> str:
    what, name, *_reason = where.split(" ")
    if what == "feeds":
        return command_line("feed", "show", name) if "." in name else "taskforce feed list"
    return "taskforce quarantine list" if what == "quarantine" else "taskforce peer list"


# ── empty: what is not there, and with which key it begins; on the wall there are no keys ──


def no_assignments(keys: bool, has_operation: bool) -> Content:
    """What the lanes say where there is no assignment."""
    if not has_operation:
        return _no_operation(keys)
    return _nothing(_("no assignments yet: press a, then n") if keys else _("no assignments yet"))


def no_referrals(keys: bool) -> Content:
    """What the referrals say where none is open."""
    return _nothing(_("none open; v begins one") if keys else _("none open"))


def no_log(keys: bool, has_operation: bool) -> Content:
    """What the log says before its first entry."""
    if not has_operation:
        return _no_operation(keys)
    return _nothing(_("nothing yet; press i and type what happens") if keys else _("nothing yet"))


def no_peers(keys: bool) -> Content:
    """What stands where no agency was verified yet."""
    return _nothing(_("no peers yet: taskforce peer add CARD") if keys else _("no peers yet"))


def all_well(keys: bool, has_operation: bool) -> Content:
    """That nothing waits; of a store without an operation, how it comes to one."""
    if has_operation:
        return content_of(Line("● " + _("nothing needs attention"), "ok"))
    told = Line("○ " + _("no operation is chosen"), "heading")
    if not keys:
        return content_of(told)
    return content_of(told, "\n  " + _("o chooses or makes one; a plan brings one: x, then i"))


def _no_operation(keys: bool) -> Content:
    return _nothing(_("these are of an operation; press o to choose one") if keys else _("nothing yet"))


def _nothing(text: str) -> Content:
    return content_of(Line(text, "muted"))


def _fit(text: str, width: int) -> str:
    text = shorten(text, width)
    return text + " " * max(0, width - cells(text))
