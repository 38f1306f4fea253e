"""Undo: an ordinary edit that restores what was before, as long as nobody has changed it since."""

from __future__ import annotations

from dataclasses import dataclass

from taskforce.actions.references import label_of
from taskforce.actions.session import Session
from taskforce.errors import Refused
from taskforce.i18n import _
from taskforce.records.registry import get_kind
from taskforce.records.schema import ARCHIVED, Kind
from taskforce.store import exchange, history, queries
from taskforce.store.history import Action, ActionEdit
from taskforce.sync.edit import Edit, Value
from taskforce.sync.holdings import contains
from taskforce.sync.merge import Dot


@dataclass(frozen=True, slots=True)
class Restored:
    """What undo does to one record: archives it (it was made by the action), brings it back, or sets fields back."""

    kind: Kind
    record: str
    label: str
    values: dict[str, Value]
    made_by_it: bool


@dataclass(frozen=True, slots=True)
class Undone:
    """The action taken back, what that changes, and how many log entries of it stay."""

    action: Action
    restored: tuple[Restored, ...]
    staying: int
    applied: bool


def undo(session: Session, *, dry_run: bool = False) -> Undone:
    """Take back the latest thing done in this store that was not yet taken back.

    Refused if there is nothing, if it cannot be undone by its nature (a log entry), or if one of the fields has been
    changed since: then an undo would throw away somebody's later value.
    """
    connection = session.store.connection
    action = history.last_undoable(connection)
    if action is None:
        raise Refused(_("there is nothing to undo"))
    restored, staying = _restorations(session, action)
    if staying and not restored:
        raise Refused(
            _('"%(action)s" cannot be undone: a log entry stays') % {"action": action.summary},
            hint=_('correct it by a later one: taskforce log correct REF "…"'),
        )
    if not dry_run:
        with session.acting(f"undo: {action.summary}", undoes=action.id) as one:
            # Looked at again while nobody else writes: another window may have done something meanwhile.
            if history.last_undoable(connection) != action:
                raise Refused(_("something else was done meanwhile"), hint=_("see: taskforce history"))
            restored, staying = _restorations(session, action)
            for each in reversed(restored):
                if each.made_by_it:
                    one.set_archived(each.kind, each.record, archived=True)
                    continue
                values = dict(each.values)
                if ARCHIVED in values:
                    one.set_archived(each.kind, each.record, archived=bool(values.pop(ARCHIVED)))
                if values:
                    one.save(each.kind, each.record, values)
    return Undone(action, tuple(restored), staying, applied=not dry_run)


def _restorations(session: Session, action: Action) -> tuple[list[Restored], int]:
    by_record: dict[tuple[str, str], list[ActionEdit]] = {}
    for each in history.edits_of_action(session.store.connection, action.id):
        by_record.setdefault((each.edit.kind, each.edit.record), []).append(each)
    movable = {key: edits for key, edits in by_record.items() if get_kind(key[0]).editable}
    restored = [
        _restoration(session, action, name, record, edits) for (name, record), edits in movable.items()
    ]
    return restored, len(by_record) - len(movable)


def _restoration(
    session: Session, action: Action, name: str, record: str, edits: list[ActionEdit]
) -> Restored:
    kind = get_kind(name)
    connection = session.store.connection
    found = queries.get_record(connection, kind, record)
    label = label_of(found) if found else record
    values: dict[str, Value] = {}
    for each in edits:
        state = history.state_of(connection, kind, record, each.edit.part)
        for field in each.edit.set:
            if not _still_stands(session, each.edit, field, [*state[field].heads]):
                if any(other.edit is not each.edit and field in other.edit.set for other in edits):
                    continue
                raise Refused(
                    _('"%(action)s" cannot be undone: %(field)s of %(label)s was changed since')
                    % {"action": action.summary, "field": field, "label": label},
                    hint=_("see how: taskforce history %(label)s") % {"label": label},
                )
            values.setdefault(field, each.before[field])
    if kind.name == "referral" and "sent_at" in values and _has_gone(session, edits):
        raise Refused(
            _('"%(action)s" cannot be undone: %(label)s is in a bundle already')
            % {"action": action.summary, "label": label},
            hint=_("take it back with: taskforce referral cancel %(label)s") % {"label": label},
        )
    made = all(each.first for each in edits) and edits[0].edit.part == kind.primary
    return Restored(kind, record, label, values, made_by_it=made)


def _has_gone(session: Session, edits: list[ActionEdit]) -> bool:
    """Whether one of the edits was put into a bundle for somebody."""
    connection = session.store.connection
    return any(
        contains(exchange.sent_to(connection, peer.agency).get(each.edit.feed, ()), each.edit.number)
        for peer in exchange.peers(connection)
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
        replaced = next(
            one
            for one in taken_back
            if (one.kind, one.record) == (edit.kind, edit.record) and field in one.set
        )
        heads = _replaced_by(session, replaced, field)
    return heads == [(edit.feed, edit.number)]


def _replaced_by(session: Session, edit: Edit, field: str) -> list[Dot]:
    """The one edit of a field whose value `edit` replaced; empty where it was none, or several that disagreed."""
    seen = dict(edit.saw.get(field, {}))
    for dot in seen.items():
        before = history.edit_at(session.store.connection, dot)
        if before is not None and {**before.saw.get(field, {}), dot[0]: dot[1]} == seen:
            return [dot]
    return []
