"""The place below a conflict where another value is written, or one text of all the values."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static, TextArea

from taskforce.actions.choosing import text_of
from taskforce.actions.conflicts import Conflict
from taskforce.actions.merging import heads_of, is_text, keep_text, kept_text
from taskforce.actions.session import Session
from taskforce.i18n import _, ngettext
from taskforce.records.schema import Field, Type
from taskforce.reports.merged_text import Merged, text_to_write
from taskforce.tui.safety import content_of
from taskforce.tui.widgets.fields import FieldRow
from taskforce.views import Line

if TYPE_CHECKING:
    from taskforce.tui.desk import Work

Begun = tuple[str, str, Merged | None]
"""What a text begins with, what was kept of it or else the same, and the marks in it if it is merged of several."""


def begin_writing(session: Session, conflict: Conflict, field: Field) -> Begun:
    """Read what somebody begins to write with: of a text all values in one, of other fields the one shown."""
    kept = kept_text(session, conflict)
    if is_text(conflict):
        merged = text_to_write(conflict.sides, conflict.common, kept)
        return merged.text, merged.text, merged
    text = text_of(session, conflict.record, field)
    return text, text if kept is None else kept.text, None


class Writing(Vertical):
    """A line or a text to write into, and what to do with it. What is written is for the conflict it was begun for."""

    DEFAULT_CSS = """
    Writing { height: auto; max-height: 60%; border-top: solid $panel; }
    Writing FieldRow TextArea { height: 9; }
    .-wide Writing FieldRow TextArea { height: 14; }
    Writing #told { height: auto; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__(id="edit", classes="hidden")
        self.conflict: Conflict | None = None
        self._merged: Merged | None = None
        self._kept = ""

    def compose(self) -> ComposeResult:
        """What is said below the line."""
        yield Static("", id="told", markup=False)

    @property
    def row(self) -> FieldRow | None:
        """Where it is written; None while nothing is."""
        rows = self.query(FieldRow) if self.is_mounted else ()
        return next(iter(rows), None)

    async def open(self, conflict: Conflict, field: Field, begun: Begun) -> None:
        """Write for a conflict."""
        text, kept, merged = begun
        self.conflict, self._merged = conflict, merged
        row = FieldRow(field, text, typed=kept)
        await self.mount(row, before="#told")
        self.remove_class("hidden")
        self._kept = row.begun
        if row.text == row.begun:  # a line that is there can be clicked and typed into before this
            self._point(row)
        row.focus_line()
        self.tell(*self._how(field))

    def begin_anew(self, conflict: Conflict, begun: Begun) -> None:
        """Go on with a text of more values than were known: in the same line, which never goes away meanwhile."""
        row = self.row
        if row is not None:
            text, kept, self._merged = begun
            self.conflict = conflict
            row.begin_with(text)
            row.text = kept
            self._kept = row.text
            self._point(row)
            row.focus_line()
            self.tell(*self._how(row.field))

    async def close(self) -> bool:
        """Put the line away; whether there was one."""
        row = self.row
        if row is None:
            return False
        await row.remove()
        self.add_class("hidden")
        self.conflict = None
        return True

    def tell(self, sentence: str, style: str = "muted") -> None:
        """Say something below the line."""
        self.query_one("#told", Static).update(content_of(Line(sentence, style)))

    def is_marked(self) -> bool:
        """Whether there are still lines in the text that mark where to decide; says so."""
        row = self.row
        if row is None or self._merged is None or not self._merged.is_marked(row.text):
            return False
        self.tell(_("! nothing was decided: lines that mark where to decide are still in the text"), "late")
        return True

    def misses_something(self, now: Conflict) -> bool:
        """Whether one text of all the values was begun before all of them were known."""
        known = self.conflict
        return self._merged is not None and known is not None and heads_of(known) != heads_of(now)

    def kept(self) -> Work | None:
        """What keeps the text in the store, whatever was kept of it before; None if there is nothing."""
        row, conflict = self.row, self.conflict
        if row is None or conflict is None:
            return None
        self._kept = row.text
        markers = frozenset() if self._merged is None else self._merged.markers
        return partial(keep_text, conflict=conflict, text=row.text, markers=markers)

    def unkept(self) -> Work | None:
        """What keeps the text in the store; None if there is nothing new."""
        row = self.row
        return None if row is None or row.text == self._kept else self.kept()

    def _point(self, row: FieldRow) -> None:
        """Put the cursor of a text at the first place to decide, or at its end."""
        for area in row.query(TextArea):
            area.move_cursor(self._first_mark(row.text) or area.document.end)

    def _first_mark(self, text: str) -> tuple[int, int] | None:
        """Row and column of the first place to decide, if there is one."""
        merged = self._merged
        lines = enumerate(text.split("\n"))
        return next(((row, 0) for row, line in lines if merged is not None and merged.is_marked(line)), None)

    def _how(self, field: Field) -> tuple[str, str]:
        """Which key does what with what is written."""
        if field.type != Type.NOTE:
            return _("Enter: this value stands. Escape: leave it."), "muted"
        leave = _("ctrl+s: this text stands. Escape: leave it.")
        if self._merged is None or not self._merged.clashes:
            return _("One text of all.") + " " + leave, "muted"
        told = ngettext(
            "%(count)d place is marked: leave what is to stand, and delete the marks.",
            "%(count)d places are marked: leave what is to stand, and delete the marks.",
            self._merged.clashes,
        )
        return told % {"count": self._merged.clashes} + " " + leave, "conflict"
