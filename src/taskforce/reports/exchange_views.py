"""What comes and what goes, as people and scripts see it: the commands and the room draw it from here."""

from __future__ import annotations

from typing import Any

from taskforce import moments
from taskforce.i18n import _, ngettext
from taskforce.labels import field_labels, kind_label
from taskforce.records.registry import find_kind
from taskforce.reports.conflict_views import title_of
from taskforce.reports.erasure_views import copies_line
from taskforce.reports.recall_views import obeyed_data, obeyed_lines
from taskforce.reports.statement_views import said
from taskforce.views import Line

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.brought import Imported, Touched
    from taskforce.actions.bundle_summary import Exported, Stopped
    from taskforce.actions.inbox import TakenIn
    from taskforce.actions.plans import PlanResult

_LISTED = 12

_BASES = 3
"""As many bases as a line names: there may be one consent for each victim. `disclosures` names them all."""


# ── what comes ──


def taken_data(taken: TakenIn) -> dict[str, Any]:
    """What a plan or bundle brought, for scripts."""
    if taken.bundle is not None:
        return bundle_data(taken.bundle)
    assert taken.plan is not None
    return _plan_data(taken.plan)


def taken_lines(taken: TakenIn, *, keys: bool = False) -> list[Line | str]:
    """What a plan or bundle brought, or would bring; with `keys`, what to do about it is named as in the room."""
    if taken.bundle is not None:
        return bundle_lines(taken.bundle, taken.name, keys=keys)
    assert taken.plan is not None
    return _plan_lines(taken.plan, taken.name)


def taken_sentence(taken: TakenIn) -> str:
    """The same in one sentence."""
    found = taken.bundle
    if found is None:
        assert taken.plan is not None
        count = len(taken.plan.changes)
        text = ngettext("%(name)s: %(count)d record saved", "%(name)s: %(count)d records saved", count) % {
            "name": taken.name,
            "count": count,
        }
        return text if count else _("%(name)s: nothing new") % {"name": taken.name}
    parts = [_bundle_head(found, taken.name)]
    if found.new or found.waiting or not found.statements:
        parts.append(_count_of(found) if taken.is_new else _("nothing new"))
    parts += [said(one) for one in found.statements]
    if found.conflicts:
        text = ngettext("≠ %(count)d new conflict", "≠ %(count)d new conflicts", found.conflicts)
        parts.append(text % {"count": found.conflicts})
    if found.proposals:
        text = ngettext("± %(count)d new proposal", "± %(count)d new proposals", found.proposals)
        parts.append(text % {"count": found.proposals})
    if found.waiting:
        count = sum(found.waiting.values())
        text = ngettext("%(count)d waits in quarantine", "%(count)d wait in quarantine", count)
        parts.append(text % {"count": count})
    return " · ".join(parts)


def _plan_data(result: PlanResult) -> dict[str, Any]:
    return {
        "what": "plan",
        "applied": result.applied,
        "unchanged": result.unchanged,
        "archived": result.archived,
        "erased": result.erased,
        "proposes": result.proposes or None,
        "changes": [
            {
                "kind": change.kind.name,
                "id": change.record,
                "label": change.label,
                "new": change.new,
                "fields": dict(change.values),
            }
            for change in result.changes
        ],
    }


def _plan_lines(result: PlanResult, name: str) -> list[Line | str]:
    stays = ngettext(
        "  %(count)d record is archived and stays so; bring it back with: archive REF --restore",
        "  %(count)d records are archived and stay so; bring one back with: archive REF --restore",
        result.archived,
    )
    archived = [Line(stays % {"count": result.archived}, "muted")] if result.archived else []
    if result.erased:
        gone = ngettext(
            "  of %(count)d record a part was erased and stays so; what the plan says of it is left out",
            "  of %(count)d records a part was erased and stays so; what the plan says of them is left out",
            result.erased,
        )
        archived.append(Line(gone % {"count": result.erased}, "muted"))
    if not result.changes:
        return [_("%(name)s: nothing new") % {"name": name}, *archived]
    counts: dict[str, list[int]] = {}
    for change in result.changes:
        counts.setdefault(change.kind.plural, [0, 0])[0 if change.new else 1] += 1
    verb = _("plan taken in") if result.applied else _("would change")
    lines: list[Line | str] = [Line(f"{name}: {verb}", "heading")]
    for plural, (made, changed) in counts.items():
        lines.append(
            f"  {plural}: " + _("%(made)d new, %(changed)d changed") % {"made": made, "changed": changed}
        )
    shown = (
        [change for change in result.changes if not change.new] if result.applied else list(result.changes)
    )
    for change in shown[:_LISTED]:
        lines.append(_changed(change.kind.name, change.label, tuple(change.values), new=change.new))
    if len(shown) > _LISTED:
        lines.append("  " + _("… and %(count)d more") % {"count": len(shown) - _LISTED})
    if result.proposes:
        lines.append(Line(f"  ± {result.proposes}", "conflict"))
    return [*lines, *archived]


def _changed(kind: str, label: str, fields: tuple[str, ...], *, new: bool) -> str:
    sign = "+" if new else "~"
    return f"  {sign} {kind_label(kind)} {label}" + (
        "" if new else ": " + field_labels(find_kind(kind), fields)
    )


def _called(one: Touched) -> str:
    """A record's ref or name, and its title where that says more."""
    title = title_of(one.record, one.names) if one.record is not None else ""
    return f"{one.label} {title}".strip() if title != one.label else one.label


def _plural(name: str) -> str:
    kind = find_kind(name)
    return name if kind is None else kind.plural


def bundle_data(found: Imported) -> dict[str, Any]:
    """What a bundle brought, or would bring, for scripts."""
    return {
        "what": "bundle",
        "applied": found.applied,
        "id": found.bundle,
        "from": found.agency,
        "device": found.device,
        "verified": found.verified,
        "to": dict(found.to),
        "number": found.number,
        "made": found.made,
        "edits": found.edits,
        "new": found.new,
        "records": {kind: {"new": n, "changed": c} for kind, (n, c) in found.by_kind.items()},
        "received": list(found.received),
        "waiting": dict(found.waiting),
        "forked": [
            {"feed": feed, "agency": agency or None, "edits": count}
            for (feed, agency), count in found.forked.items()
        ],
        "conflicts": found.conflicts,
        "proposals": found.proposals,
        "clocks_ahead": found.ahead,
        "erased": [{"kind": kind, "id": record, "part": part} for record, kind, part in found.erased],
        "copies": list(found.copies),
        "recalls": [obeyed_data(one) for one in found.recalls],
        "statements": [
            {"type": one.type, "agency": one.agency, "about": one.about} for one in found.statements
        ],
    }


def bundle_lines(found: Imported, name: str, *, keys: bool = False) -> list[Line | str]:
    """What a bundle brought, or would bring; with `keys`, what to do about it is named as in the room."""
    lines: list[Line | str] = [Line(_bundle_head(found, name), "heading")]
    if not found.verified:
        lines.append(Line("  " + _("! its sender is not verified"), "late"))
    if found.new or found.waiting or not found.statements:
        lines.append("  " + (_count_of(found) if found.new or found.waiting else _("nothing new")))
    for kind, (made, changed) in found.by_kind.items():
        lines.append(
            f"  {_plural(kind)}: "
            + _("%(made)d new, %(changed)d changed") % {"made": made, "changed": changed}
        )
    lines += [Line(f"  {said(one)}", "late") for one in found.statements]
    if found.received:
        lines.append(
            Line("  " + _("referrals received: %(refs)s") % {"refs": ", ".join(found.received)}, "ok")
        )
    if found.conflicts:
        text = ngettext(
            "≠ %(count)d new conflict: %(do)s", "≠ %(count)d new conflicts: %(do)s", found.conflicts
        )
        do = _("c shows them") if keys else "taskforce conflict list"
        lines.append(Line("  " + text % {"count": found.conflicts, "do": do}, "conflict"))
    if found.proposals:
        text = ngettext(
            "± %(count)d value is proposed to you: %(do)s",
            "± %(count)d values are proposed to you: %(do)s",
            found.proposals,
        )
        do = _("c shows them") if keys else "taskforce proposal list"
        lines.append(Line("  " + text % {"count": found.proposals, "do": do}, "conflict"))
    if found.erased:
        text = ngettext(
            "%(count)d part of a record was erased: %(do)s",
            "%(count)d parts of records were erased: %(do)s",
            len(found.erased),
        )
        do = _("e in exchange shows who has confirmed") if keys else "taskforce erase status"
        lines.append(Line("  " + text % {"count": len(found.erased), "do": do}, "late"))
    if found.copies:
        lines.append(Line("  " + copies_line(found.copies), "late"))
    for one in found.recalls:
        lines += obeyed_lines(one, applied=found.applied)
    for (feed, agency), count in found.forked.items():
        text = ngettext(
            "≠ a feed of %(agency)s forked: %(count)d edit that counted waits now: %(do)s",
            "≠ a feed of %(agency)s forked: %(count)d edits that counted wait now: %(do)s",
            count,
        )
        do = _("f shows feeds") if keys else f"taskforce feed show {feed}"
        told = text % {"agency": agency or "?", "count": count, "do": do}
        lines.append(Line("  " + told, "conflict"))
    for reason, number in found.why_waiting.items():
        waits = ngettext(
            "%(count)d waits in quarantine: %(reason)s", "%(count)d wait in quarantine: %(reason)s", number
        )
        lines.append(Line("  " + waits % {"count": number, "reason": reason}, "conflict"))
    if found.why_waiting and not keys:
        lines.append(Line("    taskforce quarantine list", "command"))
    if found.ahead:
        ahead = ngettext(
            "! %(count)d edit bears a clock far in the future, and counts all the same",
            "! %(count)d edits bear a clock far in the future, and count all the same",
            found.ahead,
        )
        lines.append(Line("  " + ahead % {"count": found.ahead}, "late"))
    return lines


def origin_line(found: Imported) -> str:
    """When and where a bundle was made, and for whom."""
    return "  " + _("made %(made)s on device %(device)s, for %(to)s") % {
        "made": moments.show_time(found.made),
        "device": found.device,
        "to": ", ".join(found.to),
    }


def touched_lines(found: Imported) -> list[Line | str]:
    """The first records that a bundle makes or changes, one by one."""
    lines: list[Line | str] = [
        _changed(one.kind, _called(one), one.fields, new=one.new) for one in found.some
    ]
    more = len(found.records) - len(found.some)
    if more:
        lines.append("  " + _("… and %(count)d more") % {"count": more})
    return lines


def _bundle_head(found: Imported, name: str) -> str:
    return _("%(name)s: bundle %(number)d from %(agency)s") % {
        "name": name,
        "number": found.number,
        "agency": found.agency,
    }


def _count_of(found: Imported) -> str:
    count = ngettext("%(all)d edit, %(new)d of it new", "%(all)d edits, %(new)d of them new", found.edits)
    return count % {"new": found.new, "all": found.edits}


# ── what goes ──


def sent_data(sent: Exported) -> dict[str, Any]:
    """A bundle that went, or would go, for scripts."""
    return {
        "to": sent.agency,
        "number": sent.number,
        "file": sent.file or None,
        "edits": sent.edits,
        "devices": sent.devices,
        "goes": [{"kind": each.kind, "part": each.part, "edits": each.edits} for each in sent.goes],
        "newly": [
            {
                "kind": each.kind,
                "part": each.part,
                "edits": each.edits,
                "count": each.records,
                "refs": list(each.some),
            }
            for each in sent.newly
        ],
        "stopped": [
            {
                "kind": each.kind,
                "part": each.part,
                "count": each.records,
                "refs": list(each.some),
                "reason": each.reason,
                "rests_on": list(each.rests_on),
                "told_on": list(each.bases),
                "since_last": each.since_last,
            }
            for each in sent.stopped
        ],
        "withheld": [
            {"kind": each.kind, "part": each.part, "count": each.count, "reason": each.reason}
            for each in sent.withheld
        ],
        "together": list(sent.together),
        "recalls": list(sent.recalls),
        "written": sent.written,
    }


def sent_lines(sent: Exported) -> list[Line | str]:
    """A bundle that went, or would go: what, on what basis, and what is withheld and why."""
    devices = ngettext("sealed to %(count)d device", "sealed to %(count)d devices", sent.devices)
    head = _("Bundle %(number)d to %(agency)s") % {"number": sent.number, "agency": sent.agency}
    lines: list[Line | str] = [Line(f"{head} · {devices % {'count': sent.devices}}", "heading")]
    if sent.together:
        others = _("the same bundle is for %(agencies)s") % {"agencies": ", ".join(sent.together)}
        lines.append(f"  {others}")
    if not sent.goes:
        lines.append("  " + _("nothing new for them; it says what is held here"))
    for one in sent.goes:
        goes = ngettext("%(count)d edit", "%(count)d edits", one.edits) % {"count": one.edits}
        named = _named(one.records, one.some)
        lines.append(f"  {_('goes')}      {goes}: {one.kind}, {one.part} · {named} · {_first(one.bases)}")
    lines += _newly_lines(sent)
    lines += [_stopped_line(each) for each in sent.stopped]
    for what in sent.recalls:
        lines.append(Line("  " + _("recall of %(what)s: they are to drop it") % {"what": what}, "late"))
    for each in sent.withheld:
        named = _named(each.records, each.some)
        lines.append(Line(f"  {_('withheld')}  ◌ {each.kind}, {each.part}: {each.reason} · {named}", "muted"))
    return [*lines, *written_lines(sent)]


def written_lines(sent: Exported) -> list[Line | str]:
    """Where a bundle that went was written to."""
    return ["  " + _("written to %(file)s") % {"file": sent.file}] if sent.written else []


def _newly_lines(sent: Exported) -> list[Line | str]:
    """What of it goes for the first time, or again after it had stopped."""
    if not sent.goes:
        return []
    if sent.number == 1:
        return [f"  {_('new')}       + " + _("all of it: no bundle went to them before")]
    if not sent.newly:
        return [Line(f"  {_('new')}       + " + _("nothing but changes of what they have"), "muted")]
    return [
        f"  {_('new')}       + {each.kind}, {each.part}: {_named(each.records, each.some)}"
        for each in sent.newly
    ]


def _stopped_line(one: Stopped) -> Line:
    reason = f"{one.reason} ({_first(one.rests_on)})" if one.rests_on else one.reason
    when = _("since the last bundle") if one.since_last else _("before the last bundle")
    told = _("told on: %(bases)s") % {"bases": _first(one.bases)}
    text = f"■ {one.kind}, {one.part}: {reason} · {_named(one.records, one.some)} · {told} · {when}"
    return Line(f"  {_('stopped')}   {text}", "late" if one.since_last else "muted")


def _first(several: tuple[str, ...]) -> str:
    """The first of several bases."""
    return "; ".join(several[:_BASES]) + ("; …" if len(several) > _BASES else "")


def _named(count: int, some: tuple[str, ...]) -> str:
    """How many records, and some of them by ref: `3 records (R-7KQ2 R-5NNE R-0ZPA)`."""
    text = ngettext("%(count)d record", "%(count)d records", count) % {"count": count}
    if not some:
        return text
    return f"{text} ({' '.join(some)}{' …' if count > len(some) else ''})"
