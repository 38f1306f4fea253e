"""Undo and redo: ordinary edits that restore what was before, as long as nobody has changed it since.

An undo is an action that names the one it takes back; a redo is an action that names the undo. So the history is only
ever added to, and undo and redo alternate as often as somebody likes.
"""

from __future__ import annotations

from dataclasses import dataclass

from taskforce.actions.references import label_of
from taskforce.actions.session import Session
from taskforce.errors import Refused
from taskforce.i18n import _
from taskforce.labels import field_label
from taskforce.records.registry import all_kinds, get_kind
from taskforce.records.schema import ACCEPTED, ARCHIVED, OPEN, REJECTED, SAME, Kind
from taskforce.store import exchange, history, proposals, queries
from taskforce.store.history import Action, ActionEdit
from taskforce.store.levels import ever_sent_to
from taskforce.store.proposals import is_proposed
from taskforce.sync.edit import Edit, Value
from taskforce.sync.holdings import contains
from taskforce.sync.merge import Dot

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.store.writing import Writer


@dataclass(frozen=True, slots=True)
class Restored:
    """What undo does to one record: archives it (it was made by the action), brings it back, or sets fields back."""

    kind: Kind
    record: str
    label: str
    values: dict[str, Value]
    made_by_it: bool
    proposed: tuple[Edit, ...] = ()  # what of it only proposes, and is taken back
    settled: tuple[
        tuple[str, str], ...
    ] = ()  # fields that it only proposed, with what became of that: it stays so
    accepted: tuple[str, ...] = ()  # the agencies whose proposals it had accepted: they do not wait again


@dataclass(frozen=True, slots=True)
class Undone:
    """The action taken back, what that changes, and how many log entries of it stay."""

    action: Action
    restored: tuple[Restored, ...]
    staying: int
    applied: bool


class StaysInLog(Refused):
    """The latest thing done was written into the log, where it stays; `action` is what was done before that.

    `labels` names the entries, the newest first; `place` is the same as long as nothing else is done.
    """

    default_code = "log-stays"

    def __init__(self, newest: Action, action: Action, labels: tuple[str, ...]) -> None:
        self.action, self.labels, self.place = action, labels, (newest.id, action.id)
        super().__init__(
            _('"%(action)s" cannot be undone: a log entry stays') % {"action": newest.summary},
            hint=_('to take back "%(action)s", done before it: taskforce undo --before-log')
            % {"action": action.summary},
        )


def undo(
    session: Session,
    *,
    dry_run: bool = False,
    before_log: bool = False,
    seen: tuple[int, int] | None = None,
) -> Undone:
    """Take back the latest thing done in this store that was not yet taken back; what is in the log stays.

    Refused if there is nothing, or if one of the fields has been changed since: then an undo would throw away
    somebody's later value. Where log entries were written last, StaysInLog says what was done before them, and
    `before_log` takes that back; with `seen`, the place that StaysInLog told, only as long as that is the latest.
    Entries below the latest other thing done are passed over.
    """
    connection = session.store.connection
    action = _next_undone(session, before_log=before_log, seen=seen)
    restored, staying = _restorations(session, action)
    if not dry_run:
        with session.acting(f"undo: {action.summary}", undoes=action.id) as one:
            # Looked at again while nobody else writes: another window may have done something meanwhile.
            if history.last_undoable(connection, _staying()) != action:
                raise _overtaken()
            restored, staying = _restorations(session, action)
            _restore(one, restored)
    return Undone(action, tuple(restored), staying, applied=not dry_run)


def _next_undone(session: Session, *, before_log: bool, seen: tuple[int, int] | None) -> Action:
    connection = session.store.connection
    action = history.last_undoable(connection, _staying())
    entries = history.staying_since(connection, _staying())
    if action is None:
        if entries:
            raise Refused(
                _('"%(action)s" cannot be undone: a log entry stays') % {"action": entries[0].summary},
                hint=_('correct it by a later one: taskforce log correct REF "…"'),
            )
        raise Refused(_("there is nothing to undo"))
    if entries and (not before_log or (seen is not None and seen != (entries[0].id, action.id))):
        raise StaysInLog(entries[0], action, tuple(_labels(session, entries)))
    return action


def _staying() -> tuple[str, ...]:
    """The kinds whose records stay as they were written."""
    return tuple(kind.name for kind in all_kinds() if not kind.editable)


def _labels(session: Session, entries: list[Action]) -> list[str]:
    connection = session.store.connection
    records = {
        (one.edit.kind, one.edit.record): None
        for entry in entries
        for one in history.edits_of_action(connection, entry.id)
    }
    found = (queries.get_record(connection, get_kind(name), record) for name, record in records)
    return [label_of(record) for record in found if record is not None]


def redo(session: Session, *, dry_run: bool = False) -> Undone:
    """Do again what the latest undo took back; what is given names the action that is done again.

    Refused if nothing was taken back, if something else was done since, or if one of the fields has been changed.
    """
    connection = session.store.connection
    taken_back = history.last_redoable(connection, _staying())
    if taken_back is None or taken_back.undoes is None:
        raise Refused(_("there is nothing to do again"), hint=_("see: taskforce history"))
    action = history.action_by_id(connection, taken_back.undoes)
    restored, staying = _restorations(session, taken_back, again=action.summary)
    if not dry_run:
        with session.acting(f"redo: {action.summary}", undoes=taken_back.id) as one:
            if history.last_redoable(connection, _staying()) != taken_back:
                raise _overtaken()
            restored, staying = _restorations(session, taken_back, again=action.summary)
            _restore(one, restored)
            history.reopen(connection, action.id)
    return Undone(action, tuple(restored), staying, applied=not dry_run)


def _overtaken() -> Refused:
    return Refused(_("something else was done meanwhile"), hint=_("see: taskforce history"))


def _restore(one: Writer, restored: list[Restored]) -> None:
    for each in reversed(restored):
        for edit in each.proposed:
            one.reject(edit.place, [f"{edit.feed}/{edit.number}"])
        if each.made_by_it:
            one.set_archived(each.kind, each.record, archived=True)
            continue
        values = {name: value for name, value in each.values.items() if name != ARCHIVED}
        if values:
            one.save(each.kind, each.record, values)
        if ARCHIVED in each.values:  # after the values, any of which brings the record back into view
            one.set_archived(each.kind, each.record, archived=bool(each.values[ARCHIVED]))


def _restorations(session: Session, action: Action, *, again: str = "") -> tuple[list[Restored], int]:
    """What taking `action` back does to each record, and how many log entries stay.

    `again` is the summary of what that does again, where `action` is an undo.
    """
    by_record: dict[tuple[str, str], list[ActionEdit]] = {}
    for each in history.edits_of_action(session.store.connection, action.id):
        by_record.setdefault((each.edit.kind, each.edit.record), []).append(each)
    movable = {key: edits for key, edits in by_record.items() if get_kind(key[0]).editable}
    restored = [
        _restoration(session, action, name, record, edits, again) for (name, record), edits in movable.items()
    ]
    return restored, len(by_record) - len(movable)


def _restoration(
    session: Session, action: Action, name: str, record: str, edits: list[ActionEdit], again: str
) -> Restored:
    kind = get_kind(name)
    connection = session.store.connection
    found = queries.get_record(connection, kind, record)
    label = label_of(found) if found else record
    values: dict[str, Value] = {}
    proposed: dict[str, Edit] = {}
    settled: dict[str, str] = {}
    for each in edits:
        state = history.state_of(connection, kind, record, each.edit.part)
        for field in each.edit.set:
            if field == REJECTED:
                raise Refused(
                    _("a proposal that was taken back is not made again by itself"),
                    hint=_("propose it again"),
                )
            outcome = is_proposed(connection, each.edit, field)
            if outcome in (OPEN, SAME):
                proposed[each.edit.hash] = each.edit
            elif outcome:
                settled[field] = outcome
            if outcome:
                continue
            if not _still_stands(session, each.edit, field, [*state[field].heads]):
                if any(_sets_it_too(other.edit, each.edit, field) for other in edits):
                    continue
                raise _changed_since(action, field_label(kind, field).lower(), label, again)
            values.setdefault(field, each.before[field])
    if edits[0].before.get(ARCHIVED):
        values.setdefault(ARCHIVED, "yes")
    if not again and kind.name == "referral" and "sent_at" in values and _has_gone(session, edits):
        raise Refused(
            _('"%(action)s" cannot be undone: %(label)s is in a bundle already')
            % {"action": action.summary, "label": label},
            hint=_("take it back with: taskforce referral cancel %(label)s") % {"label": label},
        )
    made = all(each.first for each in edits) and any(each.edit.part == kind.primary for each in edits)
    return Restored(
        kind,
        record,
        label,
        values,
        made and not proposed,
        tuple(proposed.values()),
        tuple(settled.items()),
        _accepted_in(session, record, [each.edit for each in edits]),
    )


def _accepted_in(session: Session, record: str, edits: list[Edit]) -> tuple[str, ...]:
    """The agencies whose proposals for a record these edits accepted."""
    connection = session.store.connection
    found = {
        history.agency_of_device(connection, one.edit.device)
        for one in proposals.proposals(connection, [ACCEPTED], record)
        for edit in edits
        if edit.set.get(one.field) == one.edit.set[one.field]
        and edit.saw.get(one.field, {}).get(one.edit.feed, 0) >= one.edit.number
    }
    return tuple(sorted(found))


def _sets_it_too(other: Edit, edit: Edit, field: str) -> bool:
    """Whether another edit of the same action sets the same field: then only the last of them can still stand."""
    return other is not edit and other.part == edit.part and field in other.set


def _changed_since(action: Action, field: str, label: str, again: str) -> Refused:
    sentence = (
        _('"%(action)s" cannot be done again: %(field)s of %(label)s was changed since')
        if again
        else _('"%(action)s" cannot be undone: %(field)s of %(label)s was changed since')
    )
    return Refused(
        sentence % {"action": again or action.summary, "field": field, "label": label},
        hint=_("see how: taskforce history %(label)s") % {"label": label},
    )


def _has_gone(session: Session, edits: list[ActionEdit]) -> bool:
    """Whether one of the edits was put into a bundle for somebody."""
    connection = session.store.connection
    return any(
        contains(exchange.sent_to(connection, agency).get(each.edit.feed, ()), each.edit.number)
        for agency in ever_sent_to(connection)
        for each in edits
    )


def _still_stands(session: Session, edit: Edit, field: str, heads: list[Dot]) -> bool:
    """Whether a field is as `edit` left it: nothing has replaced it, or all that had was taken back since."""
    connection = session.store.connection
    while len(heads) == 1 and heads[0] != (edit.feed, edit.number):
        later = history.action_of(connection, heads[0])
        if later is None or later.undoes is None:
            return False
        taken_back = (one.edit for one in history.edits_of_action(connection, later.undoes))
        place = (edit.kind, edit.record, edit.part)
        replaced = next(
            (one for one in taken_back if (one.kind, one.record, one.part) == place and field in one.set),
            # An edit of an archived record brings it back without setting that; the undo archives it again.
            history.edit_at(connection, heads[0]),
        )
        heads = _replaced_by(session, replaced, field) if replaced else []
    return heads == [(edit.feed, edit.number)]


def _replaced_by(session: Session, edit: Edit, field: str) -> list[Dot]:
    """The one edit of a field whose value `edit` replaced; empty where it was none, or several that disagreed."""
    seen = dict(edit.saw.get(field, {}))
    for dot in seen.items():
        before = history.edit_at(session.store.connection, dot)
        if before is not None and {**before.saw.get(field, {}), dot[0]: dot[1]} == seen:
            return [dot]
    return []
