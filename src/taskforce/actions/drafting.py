"""Drafts: what somebody typed into a form and has not saved stays in the encrypted store, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

from taskforce import moments
from taskforce.actions.session import Session
from taskforce.store import drafts
from taskforce.store.drafts import Draft


def keep_draft(session: Session, key: str, typed: Mapping[str, str]) -> None:
    """Keep what is in the form `key` (as `assignment/new`, or a kind and an id), by field; an empty mapping keeps none.

    An emptied field is kept, too: that it was emptied is what somebody typed. It is no action of the history and no
    edit: nobody else ever sees it.
    """
    with session.store.writing():
        if typed:
            drafts.put_draft(session.store.connection, key, typed, moments.time_text(session.now))
        else:
            drafts.drop_draft(session.store.connection, key)


def draft(session: Session, key: str) -> dict[str, str] | None:
    """What was typed into the form `key` and not saved, by field; None if nothing was."""
    found = drafts.get_draft(session.store.connection, key)
    return None if found is None else dict(found.typed)


def forget_draft(session: Session, key: str) -> None:
    """Let go of what was kept of the form `key`: it was saved, or is no longer wanted."""
    if drafts.get_draft(session.store.connection, key) is None:
        return  # nothing to write: a form that was saved at once takes no lock
    with session.store.writing():
        drafts.drop_draft(session.store.connection, key)


def all_drafts(session: Session) -> list[Draft]:
    """Every form with something typed and not saved, latest first."""
    return drafts.list_drafts(session.store.connection)
