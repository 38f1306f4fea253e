"""What an audit found, and what was written for a court: as people read it and as scripts do."""

from __future__ import annotations

from typing import Any

from taskforce import moments
from taskforce.i18n import _, ngettext
from taskforce.sync.holdings import count, from_text, to_text
from taskforce.views import Column, Line, Table

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.audit_export import Exported
    from taskforce.actions.auditing import Audit, AuditedFeed

_MOST = 50  # findings that people are shown; scripts get all


def feed_table(found: Audit) -> Table:
    """The feeds, a row each: whose, which numbers, how many of them are proved, and from when to when."""
    columns = (
        Column(_("Feed"), "feed"),
        Column(_("Agency"), "agency"),
        Column(_("Edits"), "edits", justify="right"),
        Column(_("Verified"), "verified", justify="right"),
        Column(_("Erased"), "erased", justify="right", priority=1),
        Column(_("Missing"), "missing", justify="right"),
        Column(_("Held"), "held", priority=4),
        Column(_("First"), "first_at", priority=3),
        Column(_("Last"), "last_at", priority=2),
        Column(_("Result"), "result"),
    )
    rows = tuple(
        (
            one.proven.feed,
            one.agency or "?",
            str(one.proven.edits),
            str(one.proven.verified),
            str(one.proven.erased),
            str(count(one.missing)),
            to_text(one.proven.numbers),
            moments.show_time(one.proven.first_at),
            moments.show_time(one.proven.last_at),
            Line(_("● holds"), "ok") if not one.proven.faults else Line(_("■ does not hold"), "late"),
        )
        for one in found.feeds
    )
    return Table(columns, rows, _("the log is empty"))


def feed_lines(found: Audit) -> list[Line | str]:
    """The same as lines, for a narrow place."""
    lines: list[Line | str] = []
    for one in found.feeds:
        proven = one.proven
        glyph, look = ("■", "late") if proven.faults else ("●", "ok")
        text = _("%(glyph)s %(agency)s %(feed)s: %(verified)d of %(edits)d edits proved")
        told = text % {
            "glyph": glyph,
            "agency": one.agency or "?",
            "feed": proven.feed,
            "verified": proven.verified,
            "edits": proven.edits,
        }
        more = [(_("%(count)d erased"), proven.erased), (_("%(count)d missing between"), count(one.missing))]
        told += "".join(f", {words % {'count': number}}" for words, number in more if number)
        since = moments.show_time(proven.first_at), moments.show_time(proven.last_at)
        lines.append(Line(f"{told} ({since[0]} - {since[1]})", look))
    return lines


def lines_of(found: Audit) -> list[Line | str]:
    """What was found, the worst first; then what is normal and cannot be proved."""
    lines: list[Line | str] = [""]
    faults = found.faults
    if faults:
        text = ngettext("■ %(count)d fault:", "■ %(count)d faults:", len(faults)) % {"count": len(faults)}
        lines.append(Line(text, "late"))
    else:
        edits = ngettext("%(count)d edit", "%(count)d edits", found.verified) % {"count": found.verified}
        devices = ngettext("%(count)d device", "%(count)d devices", found.devices) % {"count": found.devices}
        text = _(
            "● proved: %(edits)s of %(devices)s; nothing was rewritten, and the tables are what they add up to"
        )
        if not found.is_compared:
            text = _(
                "● proved: %(edits)s of %(devices)s; nothing was rewritten. The tables were not looked at"
            )
        lines.append(Line(text % {"edits": edits, "devices": devices}, "ok"))
    for is_fault in (True, False):
        some = [one for one in found.findings if one.is_fault == is_fault]
        lines += [Line(f"  {one.text}", "late" if is_fault else "") for one in some[:_MOST]]
        rest = len(some) - _MOST
        if rest > 0:
            more = ngettext("and %(count)d more", "and %(count)d more", rest)
            lines.append("  " + more % {"count": rest})
    return [*lines, *_what_is_normal(found), *_what_to_do(found)]


def _what_is_normal(found: Audit) -> list[Line | str]:
    lines: list[Line | str] = []
    missing = sum(count(one.missing) for one in found.feeds if not one.proven.faults)
    if missing:
        text = ngettext(
            "%(count)d number is missing between others: withheld from this agency, recalled, or not here yet. That "
            "is normal; across such a gap the chain cannot be followed",
            "%(count)d numbers are missing between others: withheld from this agency, recalled, or not here yet. That "
            "is normal; across such gaps the chain cannot be followed",
            missing,
        )
        lines.append(Line(text % {"count": missing}, "muted"))
    if found.erased:
        text = ngettext(
            "%(count)d edit was erased: its signature went with its values, so that it cannot be proved",
            "%(count)d edits were erased: their signatures went with their values, so that they cannot be proved",
            found.erased,
        )
        lines.append(Line(text % {"count": found.erased}, "muted"))
    for reason, who, number in found.waiting:
        text = ngettext(
            "%(count)d edit of %(who)s waits in quarantine (%(reason)s) and counts nowhere",
            "%(count)d edits of %(who)s wait in quarantine (%(reason)s) and count nowhere",
            number,
        )
        lines.append(Line(text % {"count": number, "who": who, "reason": reason}, "muted"))
    return lines


def _what_to_do(found: Audit) -> list[Line | str]:
    if not found.faults:
        return []
    if {one.what for one in found.faults} == {"tables"}:
        return [_("the log is whole: build the tables anew with taskforce doctor --rebuild")]
    return [
        _(
            "keep a copy of the store as it is (taskforce backup) before anything else, and compare with what the "
            "peers hold; a restored backup gets from them what is missing"
        )
    ]


def data_of(found: Audit) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "sound": not found.faults,
        "edits": found.edits,
        "verified": found.verified,
        "erased": found.erased,
        "missing": sum(count(one.missing) for one in found.feeds),
        "tables": found.tables,
        "waiting": [
            {"reason": reason, "agency": who, "edits": number} for reason, who, number in found.waiting
        ],
        "feeds": [_feed_data(one) for one in found.feeds],
        "findings": [
            {
                "what": one.what,
                "fault": one.is_fault,
                "agency": one.agency or None,
                "feed": one.feed or None,
                "numbers": to_text(one.numbers) or None,
                "text": one.text,
            }
            for one in found.findings
        ],
    }


def _feed_data(one: AuditedFeed) -> dict[str, Any]:
    return {
        "feed": one.proven.feed,
        "device": one.device,
        "agency": one.agency or None,
        "own": one.is_own,
        "held": to_text(one.proven.numbers),
        "edits": one.proven.edits,
        "verified": one.proven.verified,
        "erased": one.proven.erased,
        "missing": count(one.missing),
        "not_held": to_text(one.missing) or None,
        "first_at": one.proven.first_at or None,
        "last_at": one.proven.last_at or None,
        "holds": not one.proven.faults,
    }


def export_data(done: Exported) -> dict[str, Any]:
    """What was written for a court, for scripts."""
    return {
        "file": done.file,
        "id": done.record.id,
        "ref": done.record.ref,
        "kind": done.record.kind.name,
        "parts": list(done.parts),
        "edits": done.edits,
        "to": done.to,
        "number": done.number,
        "digest": done.digest,
        "left_out": dict(done.left_out),
    }


def export_lines(done: Exported) -> list[Line | str]:
    """The same for people: what is in the file, what is not, and what to do with it."""
    edits = ngettext("%(count)d edit", "%(count)d edits", done.edits) % {"count": done.edits}
    text = _(
        "● %(file)s: %(edits)s of %(ref)s (%(parts)s), number %(number)d to %(to)s; recorded as a disclosure"
    )
    lines: list[Line | str] = [
        Line(
            text
            % {
                "file": done.file,
                "edits": edits,
                "ref": done.record.ref,
                "parts": ", ".join(done.parts),
                "number": done.number,
                "to": done.to,
            },
            "ok",
        ),
        _("digest %(digest)s: give it to whom the file goes by another way, too") % {"digest": done.digest},
    ]
    left = done.left_out
    for part, count_ in left["other-parts"].items():
        lines.append(_("not in it: part %(part)s, %(count)s edits") % {"part": part, "count": count_})
    for one in left["erased"]:
        told = _("not in it: %(feed)s/%(numbers)s, erased") % {"feed": one["feed"], "numbers": one["numbers"]}
        lines.append(told)
    for one in left["waiting"]:
        lines.append(
            _("not in it: %(edit)s, waits in quarantine (%(why)s)") % {"edit": one["edit"], "why": one["why"]}
        )
    if missing := sum(count(from_text(numbers)) for numbers in left["not-held"].values()):
        text = ngettext(
            "%(count)d edit of whatever record is not held here: withheld, recalled or not here yet; the file says "
            "which",
            "%(count)d edits of whatever records are not held here: withheld, recalled or not here yet; the file says "
            "which",
            missing,
        )
        lines.append(Line(text % {"count": missing}, "muted"))
    lines.append(_("it is not sealed: whoever has the file can read it"))
    return lines
