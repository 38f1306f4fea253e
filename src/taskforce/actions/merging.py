"""A text that somebody began to write for a conflict and that does not stand yet: kept in this store as a draft."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from taskforce.actions.conflicts import Conflict
from taskforce.actions.drafting import forget_draft, keep_draft
from taskforce.actions.session import Session
from taskforce.errors import Refused
from taskforce.i18n import _
from taskforce.records.schema import Type
from taskforce.store import drafts

_VALUE, _HEADS, _MARKERS = "value", "heads", "markers"


@dataclass(frozen=True, slots=True)
class Kept:
    """A text that was begun, the lines in it that mark places to decide, and when it was kept.

    `is_current` says that it was begun with just the values that are in conflict now.
    """

    text: str
    markers: frozenset[str]
    at: str
    is_current: bool


def draft_key(conflict: Conflict) -> str:
    """The name of the draft of what is being written for a conflict."""
    return drafts.key_of_conflict(conflict.record.id, conflict.field)


def kept_text(session: Session, conflict: Conflict) -> Kept | None:
    """What somebody here began to write for a conflict, or None."""
    found = drafts.get_draft(session.store.connection, draft_key(conflict))
    if found is None or _VALUE not in found.typed:
        return None
    markers = found.typed.get(_MARKERS, "")
    return Kept(
        found.typed[_VALUE],
        frozenset(markers.split("\n") if markers else ()),
        found.at,
        found.typed.get(_HEADS, "") == heads_of(conflict),
    )


def keep_text(session: Session, conflict: Conflict, text: str, markers: Collection[str] = ()) -> None:
    """Keep what is being written for a conflict; `markers` are the lines in it that mark places to decide."""
    typed = {_VALUE: text, _HEADS: heads_of(conflict), _MARKERS: "\n".join(sorted(markers))}
    keep_draft(session, draft_key(conflict), typed)


def forget_text(session: Session, conflict: Conflict) -> None:
    """Let go of what was being written for a conflict."""
    forget_draft(session, draft_key(conflict))


def heads_of(conflict: Conflict) -> str:
    """The edits in conflict: another one, and a text that was written without it does not know it."""
    return " ".join(sorted(side.edit for side in conflict.sides))


def is_text(conflict: Conflict) -> bool:
    """Whether the conflict is in a text of several lines."""
    field = conflict.record.kind.field(conflict.field)
    return field is not None and field.type == Type.NOTE and not field.many


def require_text(conflict: Conflict) -> None:
    """Refused unless the conflict is in a text of several lines."""
    if not is_text(conflict):
        raise Refused(
            _("only a text of several lines is merged, and %(field)s is none") % {"field": conflict.field},
            hint=_("take one with --take N, or set another with --value TEXT"),
        )
