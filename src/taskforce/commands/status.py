"""`taskforce status`: what needs attention now."""

from __future__ import annotations

from typer.core import TyperCommand

from taskforce.actions.attention import Item, Status, status
from taskforce.commands.frame import command, open_session
from taskforce.i18n import _, ngettext
from taskforce.output import Line, Lines, Result
from taskforce.text import cells, shorten

GLYPHS = {
    "late": "!",
    "due": "◔",
    "conflict": "≠",
    "quarantine": "?",
    "agreement": "§",
    "bundle": "↓",
    "stale": "!",
    "waiting": "↑",
}
_STYLES = {"late": "late", "stale": "late", "conflict": "conflict", "quarantine": "conflict"}

_LONGEST_SUBJECT = 20
_TEXT_WIDTH = 46


def make_status() -> TyperCommand:
    """`status`."""
    return command("status", run_status, _("What needs attention now, worst first, each with what to do."))


def run_status() -> Result:
    """Show the status of the store."""
    found = status(open_session())
    data = {
        "operation": found.operation or None,
        "operation_status": found.operation_state or None,
        "agency": found.agency,
        "officer": found.officer,
        "attention": [
            {"kind": item.kind, "subject": item.subject, "text": item.text, "do": item.do}
            for item in found.items
        ],
        "counts": found.counts,
    }
    return Result(data, Lines(lines_of(found)))


def lines_of(found: Status) -> tuple[Line | str, ...]:
    """The status screen."""
    head = " · ".join(
        part for part in (found.operation, found.operation_state, f"{found.agency}  {found.officer}") if part
    )
    lines: list[Line | str] = [Line(" " + head, "heading")]
    width = min(max((cells(item.subject) for item in found.items), default=0), _LONGEST_SUBJECT)
    lines += [_line(item, width) for item in found.items]
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


def _line(item: Item, width: int) -> Line:
    subject = _padded(shorten(item.subject, width), width)
    text = f" {GLYPHS[item.kind]} {subject}  {_padded(item.text, _TEXT_WIDTH)}  {item.do}"
    return Line(text.rstrip(), _STYLES.get(item.kind, ""))


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
