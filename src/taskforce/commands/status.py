"""`taskforce status`: what needs attention now."""

from __future__ import annotations

import shutil
from dataclasses import replace

from typer.core import TyperCommand

from taskforce.actions.attention import Status, status
from taskforce.actions.attention_peers import Item
from taskforce.commands.frame import command, open_session
from taskforce.commands.unlock import unlocked_data, unlocked_text
from taskforce.i18n import _, ngettext
from taskforce.keys.agent import ask_state
from taskforce.output import Line, Lines, Result
from taskforce.records.registry import get_kind
from taskforce.reports.attention_views import GLYPHS, SEE_ALL, STYLES
from taskforce.text import cells, shorten

_ALIKE = 6
_ALIKE_OF_OTHERS = 3
_LONGEST_SUBJECT = 12
_LEAST_TEXT = 24
_WIDTH_OF_A_FILE = 100


def make_status() -> TyperCommand:
    """`status`."""
    return command("status", run_status, _("What needs attention now, worst first, each with what to do."))


def run_status() -> Result:
    """Show the status of the store."""
    session = open_session()
    found, agent_state = status(session), ask_state(session.store.folder)
    data = {
        "operation": found.operation or None,
        "operation_status": found.operation_state or None,
        "agency": found.agency,
        "officer": found.officer,
        "attention": [
            {"kind": item.kind, "noun": item.noun, "subject": item.subject, "text": item.text, "do": item.do}
            for item in found.items
        ],
        "counts": found.counts,
        "unlocked": unlocked_data(agent_state),
    }
    lines = lines_of(found)
    if agent_state is not None:
        lines = (*lines, Line("   " + unlocked_text(agent_state), "muted"))
    return Result(data, Lines(lines))


def lines_of(found: Status) -> tuple[Line | str, ...]:
    """The status screen."""
    head = " · ".join(
        part for part in (found.operation, _state(found), f"{found.agency}  {found.officer}") if part
    )
    lines: list[Line | str] = [Line(" " + head, "heading")]
    lines += _attention(found)
    if not found.items:
        lines.append(Line(" ● " + _("nothing needs attention"), "ok"))
    lines.append(Line("   " + _summary(found), "muted"))
    if not found.operation:
        lines.append(
            Line(
                "   " + _("choose the operation with: %(command)s") % {"command": "taskforce use CODENAME"},
                "muted",
            )
        )
    return tuple(lines)


def _state(found: Status) -> str:
    lifecycle = get_kind("operation").lifecycle
    assert lifecycle is not None
    return _(lifecycle.states.get(found.operation_state, found.operation_state)).lower()


def _attention(found: Status) -> list[Line]:
    """A line each, but only the first few of many alike: the screen must hold all kinds of trouble."""
    shown: list[Item] = []
    more: dict[int, tuple[Item, int]] = {}
    counts: dict[tuple[str, str, bool], int] = {}
    for item in found.items:
        key = (item.kind, item.noun, item.own)
        most = _ALIKE if item.own else _ALIKE_OF_OTHERS
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= most:
            shown.append(item)
        else:
            more[len(shown)] = (item, counts[key] - most)
    columns = shutil.get_terminal_size((_WIDTH_OF_A_FILE, 24)).columns
    if columns < _WIDTH_OF_A_FILE:  # the program's name goes without saying where room is short
        shown = [replace(item, do=item.do.removeprefix("taskforce ")) for item in shown]
    subject = min(max((cells(item.subject) for item in shown), default=0), _LONGEST_SUBJECT)
    do = max((cells(item.do) for item in shown), default=0)
    room = columns - subject - do - 7
    text = max(_LEAST_TEXT, min(room, max((cells(item.text) for item in shown), default=0)))
    lines = []
    for place, item in enumerate(shown, start=1):
        words = f" {GLYPHS[item.kind]} {_cell(item.subject, subject)}  {_cell(item.text, text)}  {item.do}"
        lines.append(Line(words.rstrip(), STYLES.get(item.kind, "")))
        if place in more:
            lines.append(_more_line(*more[place], subject + text, columns))
    return lines


def _more_line(item: Item, count: int, width: int, columns: int) -> Line:
    command = SEE_ALL.get((item.kind, item.noun), "")
    if columns < _WIDTH_OF_A_FILE:
        command = command.removeprefix("taskforce ")
    text = ngettext("… and %(count)d more", "… and %(count)d more", count) % {"count": count}
    return Line(f"   {_padded(text, width + 2)}  {command}".rstrip(), STYLES.get(item.kind, ""))


def _cell(text: str, width: int) -> str:
    return _padded(shorten(text, width), width)


def _padded(text: str, width: int) -> str:
    return text + " " * max(0, width - cells(text))


def _summary(found: Status) -> str:
    counts = found.counts
    done = _("%(done)d of %(all)d assignments done") % {
        "done": counts["assignments_done"],
        "all": counts["assignments"],
    }
    referrals = ngettext("%(count)d referral open", "%(count)d referrals open", counts["referrals_open"])
    peers = ngettext("%(count)d peer", "%(count)d peers", counts["peers"])
    return " · ".join(
        (done, referrals % {"count": counts["referrals_open"]}, peers % {"count": counts["peers"]})
    )
