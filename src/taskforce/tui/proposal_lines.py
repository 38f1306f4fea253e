"""Proposals in the room: a row and the whole of each, what a record's detail says of them, what is read for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual.content import Content

from taskforce.actions import proposing, reading
from taskforce.actions.proposing import Proposed
from taskforce.actions.references import names_for
from taskforce.actions.session import Session
from taskforce.i18n import _
from taskforce.labels import field_label, field_labels, in_order, kind_label
from taskforce.records.schema import ARCHIVED, OPEN
from taskforce.reports import conflict_views, proposal_views
from taskforce.reports.outcomes import OUTCOMES
from taskforce.store.disclosures import Place
from taskforce.store.queries import Record
from taskforce.text import safe, shorten
from taskforce.tui.erased_lines import erased_content
from taskforce.tui.looks import Looks, hidden_line
from taskforce.tui.safety import content_of
from taskforce.tui.text_lines import laid_out
from taskforce.views import Line

MOST = 200
"""Proposals that the list holds; once some are decided on, others come."""

POINTER = "▸ "
"""Before the name of the field that is pointed at."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The proposals that are listed, what each record is called, and how many there are in all."""

    found: tuple[Proposed, ...]
    titles: Mapping[str, str]
    total: int


def fields_of(one: Proposed) -> list[str]:
    """The fields that are proposed, in the order in which people know them."""
    return in_order(one.kind, one.fields)


def is_open(one: Proposed) -> bool:
    """Whether it still waits."""
    return one.outcome == OPEN


def key_of(one: Proposed) -> str:
    """What a proposal is known by in the list: an edit, and what became of it."""
    return f"{one.edit} {one.outcome}"


def place_of(one: Proposed) -> Place:
    """The part of a record that a proposal is about."""
    return Place(one.id, one.kind.name, one.part)


def is_private(one: Proposed) -> bool:
    """Whether who sees its values looks at who a victim is, or at their care."""
    return one.part in reading.PRIVATE and one.fields != (ARCHIVED,)


def may_show(looks: Looks, one: Proposed) -> bool:
    """Whether its values may be shown: where a reason is asked for, once one was given."""
    return not is_private(one) or looks.may_show(place_of(one))


def listed(session: Session, *, settled: bool) -> Listed:
    """What waits, one's own to decide on first; with `settled` below it what was decided, the latest first."""
    found = proposing.list_proposals(session, settled=settled)
    waiting = sorted((one for one in found if is_open(one)), key=lambda one: not one.is_ours)
    others = sorted((one for one in found if not is_open(one)), key=lambda one: one.at, reverse=True)
    shown = (*waiting, *others)[:MOST]
    return Listed(shown, {key_of(one): _title(session, one) for one in shown}, len(found))


def _title(session: Session, one: Proposed) -> str:
    return conflict_views.title_of(one.called, names_for(session, [one.called], [one.kind.title]))


def row_of(one: Proposed, title: str, width: int) -> Content:
    """A row of the list: which record, then who proposes what, and who decides."""
    fields = field_labels(one.kind, one.fields)
    state = _(OUTCOMES[one.outcome]) if not is_open(one) else proposal_views.standing(one)
    head = f"± {one.label}"
    room = max(8, width - len(head) - 2)
    name = "" if title == one.label else f"  {shorten(safe(title), room)}"
    return content_of(
        Line(head, "conflict" if is_open(one) and one.is_ours else ""),
        name,
        Line("\n  " + shorten(safe(f"{one.agency}: {fields} · {state}"), max(12, width - 2)), "muted"),
    )


def title_of(found: Listed) -> Content:
    """The title of the list: how many wait for one's own decision, and for that of others."""
    waiting = [one for one in found.found if is_open(one)]
    ours = sum(one.is_ours for one in waiting)
    told = _("%(count)d yours to decide") % {"count": ours}
    if others := len(waiting) - ours:
        told += ", " + _("%(count)d for others") % {"count": others}
    if found.total > len(found.found):
        told += ", " + _("the first %(n)d of %(count)d") % {"n": len(found.found), "count": found.total}
    return content_of(Line(_("PROPOSALS"), "heading"), Line(f"  {told}", "muted"))


def nothing_proposed() -> list[Line | str]:
    """What is said where nothing waits."""
    return [
        Line(_("nothing is proposed"), "heading"),
        "",
        _(
            "A proposal is a change by an agency that may not make it: nothing changes until one that may accepts it."
        ),
        Line(_("They come with the bundles of others: x takes one in. E shows those decided on."), "muted"),
    ]


@dataclass(frozen=True, slots=True)
class Marked:
    """The field that is pointed at, and those that are marked to be accepted alone."""

    pointed: str = ""
    fields: frozenset[str] = frozenset()


def whole_of(
    one: Proposed, title: str, names: Mapping[str, str] | None, marked: Marked, width: int
) -> Content:
    """A proposal with what stands in each field and what is proposed; without `names`, that it needs a reason."""
    head = f"± {one.label}" + ("" if title == one.label else f"  {title}")
    pieces: list[Content] = [laid_out([Line(head, "conflict")], width, indent=2), content_of("\n")]
    about = [conflict_views.set_by(one.by, one.agency, one.at)]
    if one.record is None:
        about.append(_("a record that would be new here: %(kind)s") % {"kind": kind_label(one.kind.name)})
    about += proposal_views.warnings_of(one)
    pieces += [laid_out([Line(each, "muted") for each in about], width, indent=2), content_of("\n")]
    if names is None:
        pieces += [content_of("\n", hidden_line([one.part]), "\n")]
        pieces += [laid_out([_("enter shows it to who says why")], width), content_of("\n")]
    else:
        for name in fields_of(one):
            pieces += _field(one, name, names, marked, width)
    style = "late" if one.is_ours and is_open(one) else "muted"
    pieces += [content_of("\n"), laid_out([Line(proposal_views.standing(one), style)], width)]
    return Content("").join(pieces)


def _field(one: Proposed, name: str, names: Mapping[str, str], marked: Marked, width: int) -> list[Content]:
    sign = "  "
    if len(one.fields) > 1 and one.is_ours and is_open(one):
        sign = (POINTER if name == marked.pointed else "  ") + ("✓ " if name in marked.fields else "")
    before = conflict_views.shown_value(one.kind, name, one.stands[name], names)
    after = conflict_views.shown_value(one.kind, name, one.values[name], names)
    return [
        content_of("\n", Line(sign + field_label(one.kind, name) + "\n", "heading")),
        *_value(_("stands"), before, "muted", width),
        *_value(_("proposed"), after, "", width),
    ]


def _value(label: str, value: str, style: str, width: int) -> list[Content]:
    pieces = []
    for number, line in enumerate(value.split("\n")):
        text = f"    {'' if number else label:<9} {line}"
        pieces += [laid_out([Line(text, style)], width, indent=0 if number else 10), content_of("\n")]
    return pieces


# ── what a record's own detail says ──


def proposed_lines(session: Session, record: Record) -> list[Line]:
    """That something is proposed for a record: by whom, for which fields, who decides, and where; a line for each."""
    found = proposing.list_proposals(session, record=record.id)
    lines = []
    for one in (one for one in found if one.kind is record.kind):
        told = _("%(agency)s proposes: %(fields)s") % {
            "agency": one.agency,
            "fields": field_labels(one.kind, one.fields),
        }
        text = f"± {told} · {proposal_views.standing(one)} · " + _("P shows it")
        lines.append(Line(safe(text), "conflict"))
    return lines


def above_detail(session: Session, record: Record) -> Content:
    """What stands above a record's detail: what of it was erased, and what is proposed for it."""
    found = proposed_lines(session, record)
    above = [piece for line in found for piece in (line, "\n")]
    return erased_content(session, record) + content_of(*above, *(["\n"] if found else []))
