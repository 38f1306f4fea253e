"""Proposals: what an agency wrote of what others decide on. It changes nothing until one of them accepts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from taskforce.actions import references
from taskforce.actions.references import find_any, label_of, shown_ids
from taskforce.actions.session import Session
from taskforce.crockford import natural_id
from taskforce.errors import NotFound, Refused
from taskforce.i18n import _, ngettext
from taskforce.labels import field_label, in_order
from taskforce.records.registry import get_kind
from taskforce.records.schema import ACCEPTED, ARCHIVED, OPEN, OVERRULED, REFUSED, REJECTED, SUPERSEDED, Kind
from taskforce.store import history, proposals, queries
from taskforce.store.proposals import Proposal
from taskforce.store.queries import Record
from taskforce.sync.edit import Value

SETTLED = (ACCEPTED, REFUSED, SUPERSEDED, OVERRULED)


@dataclass(frozen=True, slots=True)
class Proposed:
    """What one edit proposes for a record: a value for each of some fields, and what stands there now.

    `record` is None where nothing that counts was said of it: that there is such a record is what is proposed.
    `deciders` are codes; `is_ours` to decide, `by_us` proposed. `outcome` is of all its fields.
    """

    kind: Kind
    id: str
    ref: str
    record: Record | None
    part: str
    fields: tuple[str, ...]
    values: dict[str, Value]
    stands: dict[str, Value]
    by: str
    agency: str
    at: str
    edit: str
    outcome: str
    deciders: tuple[str, ...]
    is_ours: bool
    by_us: bool
    reason: str

    @property
    def label(self) -> str:
        """What people call the record."""
        return label_of(self.record) if self.record else self.ref

    @property
    def brings_back(self) -> bool:
        """Whether to accept it brings an archived record back into view, as every edit does that has seen it so."""
        return self.record is not None and self.record.archived and self.fields != (ARCHIVED,)

    @property
    def called(self) -> Record:
        """The record that says what it is called: as it would be, where it is not there yet."""
        return self.record or self.as_proposed

    @property
    def as_proposed(self) -> Record:
        """The record as it would be."""
        known = self.record or Record(
            self.kind, self.id, 0, self.ref, {}, False, self.at, self.by, "", self.at, self.by, ""
        )
        values = {name: value for name, value in self.values.items() if name != ARCHIVED}
        return replace(known, values={**known.values, **values})


def list_proposals(session: Session, *, settled: bool = False, record: str = "") -> list[Proposed]:
    """What is proposed and waits, of the record with this id or of all; with `settled` what was decided, too."""
    outcomes = (OPEN, *(SETTLED if settled else ()))
    grouped: dict[tuple[str, str], list[Proposal]] = {}
    for one in proposals.proposals(session.store.connection, outcomes, record):
        grouped.setdefault((one.name, one.outcome), []).append(one)
    return [_proposed(session, each) for each in grouped.values()]


def proposals_of(session: Session, text: str) -> list[Proposed]:
    """What waits of the record that `text` names, which may be a proposal itself; NotFound if nothing does."""
    waiting = list_proposals(session)
    wanted = text.upper()
    found = [one for one in waiting if one.record is None and one.label.upper().startswith(wanted)]
    if not found:
        record = find_any(session, text)
        found = [one for one in waiting if one.id == record.id and one.kind is record.kind]
    if not found:
        raise NotFound(
            _("nothing is proposed for %(ref)s") % {"ref": text},
            hint=_("see what is proposed with: taskforce proposal list"),
        )
    return found


def _proposed(session: Session, each: Sequence[Proposal]) -> Proposed:
    first = each[0]
    kind, edit, connection = get_kind(first.kind), first.edit, session.store.connection
    record = queries.get_record(connection, kind, first.record)
    agency = history.agency_of_device(connection, edit.device)
    names = in_order(kind, [one.field for one in each])
    stands: dict[str, Value] = {}
    for name in names:
        if name == ARCHIVED:
            stands[name] = "yes" if record is not None and record.archived else ""
        else:
            stands[name] = record.values.get(name, "") if record is not None else ""
    said = _rejected_with(session, first) if first.outcome == REFUSED else ""
    codes = shown_ids(session, get_kind("agency"), set(first.deciders))
    return Proposed(
        kind,
        first.record,
        queries.refs_by_id(connection, kind, [first.record])[first.record],
        record,
        first.part,
        tuple(names),
        {name: edit.set[name] for name in names},
        stands,
        edit.by,
        agency,
        edit.stamp.time + "Z",
        first.name,
        first.outcome,
        tuple(sorted(codes.get(one, one) for one in first.deciders)),
        session.own_agency in first.deciders,
        natural_id("agency", agency) == session.own_agency,
        said[1] if isinstance(said, list) and len(said) > 1 else "",
    )


def _rejected_with(session: Session, one: Proposal) -> Value:
    """What those who decide said as they first rejected a proposal: anybody may have written such an edit."""
    connection = session.store.connection
    for edit in proposals.rejections(connection, one):
        if natural_id("agency", history.agency_of_device(connection, edit.device)) in one.deciders:
            return edit.set[REJECTED]
    return ""


def names_in(session: Session, one: Proposed) -> dict[str, str]:
    """What people see in place of the ids in what stands and what is proposed, and in what the record is called."""
    return {
        **references.names_in(session, one.kind, [one.stands, one.values]),
        **references.names_for(session, [one.called], [one.kind.title]),
    }


def accept(session: Session, chosen: Sequence[Proposed], fields: Sequence[str] = ()) -> list[Proposed]:
    """Let what is proposed stand, of some fields or all, by an ordinary edit that has seen it. Refused if not ours.

    Of a record that is not there yet, what every record of its kind needs comes with it.
    """
    with session.acting(f"proposal accept {_labels(chosen)}") as one:
        for each in _as_they_are(session, chosen):
            if not each.is_ours:
                raise _not_ours(each)
            names = _wanted(each, fields)
            if ARCHIVED in names:
                one.set_archived(each.kind, each.id, archived=bool(each.values[ARCHIVED]))
            taken = {name: each for name in names if name != ARCHIVED}
            if each.record is None:
                taken = _needed(session, each) | taken
            values = {name: other.values[name] for name, other in taken.items()}
            if values:
                one.save(
                    each.kind, each.id, values, seen={name: _seen(other) for name, other in taken.items()}
                )
            one.flush()
    return _decided(session, chosen)


def _needed(session: Session, new: Proposed) -> dict[str, Proposed]:
    """The fields that a record which is only proposed cannot be without, each with what proposes it first."""
    needed = {field.name for field in new.kind.fields if field.required}
    found: dict[str, Proposed] = {}
    for one in list_proposals(session, record=new.id):
        if (one.kind, one.part) == (new.kind, new.part):
            found |= {name: one for name in one.fields if name in needed and name not in found}
    return found


def _seen(one: Proposed) -> dict[str, int]:
    feed, _slash, number = one.edit.rpartition("/")
    return {feed: int(number)}


def reject(session: Session, chosen: Sequence[Proposed], reason: str = "") -> list[Proposed]:
    """Turn down what is proposed, or take back what one's own agency proposed. Refused if it is neither."""
    with session.acting(f"proposal reject {_labels(chosen)}", undoable=False) as one:
        for each in _as_they_are(session, chosen):
            if not (each.is_ours or each.by_us):
                raise _not_ours(each)
            place = (each.id, each.kind.name, each.part)
            one.reject(place, [each.edit, reason] if reason else [each.edit])
    return _decided(session, chosen)


def _decided(session: Session, chosen: Sequence[Proposed]) -> list[Proposed]:
    """The same as they are now that it is decided on them; as they were where nothing is kept of that."""
    now = [
        one
        for each in {each.id for each in chosen}
        for one in list_proposals(session, settled=True, record=each)
    ]
    found = [one for one in now if one.outcome != OPEN and one.edit in {each.edit for each in chosen}]
    return found or list(chosen)


def tell_proposed(session: Session, feed: str, first: int) -> str:
    """What of what was just written only proposes, and who decides on it; the empty string where all of it counts."""
    connection = session.store.connection
    found = [one for one in proposals.proposed_by(connection, feed, first) if one.outcome == OPEN]
    if not found:
        return ""
    deciders = {agency for one in found for agency in one.deciders}
    codes = sorted(shown_ids(session, get_kind("agency"), deciders).get(one, one) for one in deciders)
    fields: dict[str, set[str]] = {}
    for one in found:
        fields.setdefault(one.kind, set()).add(one.field)
    labels = dict.fromkeys(
        field_label(get_kind(kind), name)
        for kind, names in fields.items()
        for name in in_order(get_kind(kind), names)
    )
    return ngettext(
        "only a proposal, until it is accepted: %(fields)s; %(deciders)s decides",
        "only a proposal, until it is accepted: %(fields)s; one of %(deciders)s decides",
        len(codes),
    ) % {
        "fields": ", ".join(labels),
        "deciders": ", ".join(codes),
    }


def only_proposes(session: Session, feed: str, first: int, last: int) -> bool:
    """Whether nothing of what a feed's edits from `first` to `last` set counts."""
    found = proposals.proposed_by(session.store.connection, feed, first)
    fields = {(one.name, one.field) for one in found}
    edits = {one.name: one.edit for one in found}
    return len(edits) == last - first + 1 and all(
        (name, field) in fields for name, edit in edits.items() for field in edit.set
    )


def _as_they_are(session: Session, chosen: Sequence[Proposed]) -> list[Proposed]:
    """The same, read again while nobody else writes; Refused where one of them does not wait any more."""
    now = {(one.edit, one.fields): one for one in list_proposals(session)}
    found = [now.get((one.edit, one.fields)) for one in chosen]
    if None in found or any(one.stands != was.stands for one, was in zip(found, chosen, strict=True) if one):
        raise Refused(
            _("what is proposed has changed meanwhile"),
            hint=_("see it with: taskforce proposal list"),
            code="changed",
        )
    return [one for one in found if one is not None]


def _wanted(one: Proposed, fields: Sequence[str]) -> list[str]:
    if not fields:
        return list(one.fields)
    names = [name for name in one.fields if name in fields]
    if not names:
        raise NotFound(
            _("%(ref)s: nothing is proposed for %(fields)s")
            % {"ref": one.label, "fields": ", ".join(fields)},
            hint=_("what is proposed: %(fields)s") % {"fields": ", ".join(one.fields)},
        )
    return names


def _not_ours(one: Proposed) -> Refused:
    return Refused(
        _("%(ref)s is not yours to decide on: %(deciders)s may")
        % {"ref": one.label, "deciders": ", ".join(one.deciders)},
        hint=_("see who may change what in docs/sharing.md"),
        code="not-yours",
    )


def _labels(chosen: Sequence[Proposed]) -> str:
    return " ".join(dict.fromkeys(one.label for one in chosen))
