"""What a record's detail says of its erased parts."""

from __future__ import annotations

from textual.content import Content

from taskforce.actions.erasing import erased_of
from taskforce.actions.session import Session
from taskforce.reports import erasure_views
from taskforce.store.queries import Record
from taskforce.tui.safety import content_of
from taskforce.views import Line


def erased_lines(session: Session, record: Record) -> list[Line | str]:
    """The erased parts of a record: by whom, when and why, and who has confirmed."""
    return [line for one in erased_of(session, record) for line in erasure_views.story(one, session.now)]


def erased_content(session: Session, record: Record) -> Content:
    """The same in short, to stand above a record's detail: nothing where nothing was erased."""
    lines = [Line(f"× {erasure_views.erased_by(one)}\n", "late") for one in erased_of(session, record)]
    return content_of(*lines, "\n") if lines else Content("")
