"""The conflicts, one at a time: both values, who set them and what each had seen; take one, both, or write a third."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Static, TextArea

from taskforce.actions import conflicts
from taskforce.actions.choosing import text_of
from taskforce.actions.conflicts import Conflict, Place
from taskforce.actions.drafting import draft, forget_draft, keep_draft
from taskforce.actions.references import label_of
from taskforce.actions.session import Session
from taskforce.i18n import _
from taskforce.records.schema import ARCHIVED, Field, Type
from taskforce.store.queries import Record
from taskforce.text import cells, safe, shorten
from taskforce.tui.as_command import command_line, named
from taskforce.tui.deciding import Drawn, both_as_text, look, no_conflict, still_pointed
from taskforce.tui.room_keys import CONFLICT_KEYS
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomScreen
from taskforce.tui.widgets.block import SLIPPING
from taskforce.tui.widgets.conflict_sides import SideBox, Sides
from taskforce.tui.widgets.fields import FieldRow
from taskforce.tui.working import begin
from taskforce.views import Line

if TYPE_CHECKING:
    from taskforce.tui.desk import Work

_LONGEST = 40
"""Cells of a value in the sentence that says it stands."""

KEEP_AFTER = 0.5
"""Seconds after which what is typed is kept in the store."""

_FIELD = "value"


class ConflictsScreen(RoomScreen):
    """One field with several values at a time. Nothing is decided until somebody takes one."""

    DEFAULT_CSS = """
    ConflictsScreen #head { height: 1; }
    ConflictsScreen #what { width: 1fr; padding: 0 1; }
    ConflictsScreen #position { width: auto; padding: 0 1; }
    ConflictsScreen.-wide Sides.-pair > Container { layout: horizontal; }
    ConflictsScreen #edit { height: auto; max-height: 60%; border-top: solid $panel; }
    ConflictsScreen #told { height: auto; padding: 0 1; }
    ConflictsScreen #nothing { height: 1fr; padding: 1 2; }
    ConflictsScreen.-none #head, ConflictsScreen.-none Sides, ConflictsScreen.-none #edit { display: none; }
    ConflictsScreen #nothing { display: none; }
    ConflictsScreen.-none #nothing { display: block; }
    """

    BINDINGS = CONFLICT_KEYS

    def __init__(self) -> None:
        super().__init__()
        self._places: tuple[Place, ...] = ()
        self._at = 0
        self._one: Drawn | None = None
        self._pointed = 1
        self._decided: dict[Place, Conflict] = {}
        self._taken_back: frozenset[Place] = frozenset()
        self._is_deciding = False
        self._kept = ""
        self._goes_on = False  # somebody here wants to see another conflict
        self._slipped_at = -SLIPPING
        self._keeping: Timer | None = None

    def body(self) -> ComposeResult:
        """The conflict, the place to write another value, and what is said when there is none."""
        with Horizontal(id="head"):
            yield Static("", id="what", markup=False)
            yield Static("", id="position", markup=False)
        yield Sides()
        with Vertical(id="edit", classes="hidden"):
            yield Static("", id="told", markup=False)
        yield Static(content_of(*no_conflict()), id="nothing", markup=False)

    def on_mount(self) -> None:
        """The keys go to the sides."""
        self.query_one(Sides).focus()

    def on_resize(self) -> None:
        """Cut the title to the room there is."""
        self._draw_head()

    # ── reading ──

    async def load(self) -> None:
        """Read the conflicts; the one shown stays, or the next in its place comes."""
        wanted, at = self._place, self._at
        decided, before = dict(self._decided), self._taken_back
        follows_undo = self._row is None
        found = await self.try_reading(
            lambda session: look(session, wanted, at, decided, before if follows_undo else None)
        )
        if found is None or wanted != self._place:
            return
        self._places, self._at, self._taken_back = found.places, found.at, found.taken_back
        if self._row is not None and (found.one is None or found.one.conflict.place != wanted):
            self._tell_overtaken()
        else:
            await self._show(found.one)
        self._draw_head()
        self.refresh_bindings()

    async def _show(self, one: Drawn | None) -> None:
        before, self._one = self._one, one
        is_other = before is not None and one is not None and one.conflict.place != before.conflict.place
        if is_other:
            is_own = self._goes_on or (one is not None and one.taken_back)
            self._slipped_at = -SLIPPING if is_own else time.monotonic()
        self._goes_on = False
        self.set_class(one is None, "-none")
        if one is None:
            return
        self._pointed = still_pointed(before, self._pointed, one)
        await self.query_one(Sides).show(one, self._pointed)

    @property
    def _place(self) -> Place | None:
        return None if self._one is None else self._one.conflict.place

    @property
    def _field(self) -> Field | None:
        """The field in conflict; None where it is whether the record is archived."""
        return None if self._one is None else self._one.conflict.record.kind.field(self._one.conflict.field)

    def _draw_head(self) -> None:
        one = self._one
        if one is None:
            return
        position = _("%(n)d of %(count)d") % {"n": self._at + 1, "count": max(1, len(self._places))}
        name = f"≠ {safe(label_of(one.conflict.record))} "
        label = f" · {one.label}"
        room = self.size.width - cells(name) - cells(label) - cells(position) - 4
        title = shorten(safe(one.title), max(0, room)) if one.title != label_of(one.conflict.record) else ""
        self.query_one("#what", Static).update(content_of(Line(f"{name}{title}{label}", "conflict")))
        self.query_one("#position", Static).update(content_of(Line(position, "muted")))

    # ── moving ──

    async def action_go_on(self, by: int) -> None:
        """Look at another conflict and leave this one as it is."""
        if self._places:
            self._at = (self._at + by) % len(self._places)
            self._one = None
            await self.load()

    def action_point(self, by: int) -> None:
        """Point at another side."""
        if self._one is not None:
            self._point_at(max(1, min(self._pointed + by, len(self._one.conflict.sides))))

    @on(SideBox.Clicked)
    def _clicked(self, event: SideBox.Clicked) -> None:
        self._point_at(event.number)

    def _point_at(self, number: int) -> None:
        if self._one is not None:
            self._pointed = number
            self.query_one(Sides).point(self._one, number)

    # ── deciding ──

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with this conflict, and nothing that changes in a room for reading."""
        if action in ("save", "leave"):
            return self._row is not None
        if action in ("take", "take_pointed", "both", "edit", "go_on", "point"):
            return self._one is not None and self._row is None and self._is_offered(action, parameters)
        return super().check_action(action, parameters)

    def _is_offered(self, action: str, parameters: tuple[object, ...]) -> bool:
        assert self._one is not None
        if action == "go_on":
            return len(self._places) > 1
        if action == "point":
            return True
        if self.desk.read_only or self._is_deciding:
            return False
        if action == "take":
            return parameters[0] in range(1, len(self._one.conflict.sides) + 1)
        if action == "both":
            return both_as_text(self._one.conflict) is not None
        return action == "take_pointed" or self._one.conflict.field != ARCHIVED

    def _refuses_slipped(self) -> bool:
        """Whether a key was probably meant for the conflict that stood here a moment ago; says so."""
        if self.refuses_unseen():
            return True
        if time.monotonic() - self._slipped_at >= SLIPPING:
            return False
        self.room.say(_("nothing was decided: another conflict has come to this place"), is_error=True)
        return True

    def action_take(self, number: int) -> None:
        """Let one of the values stand."""
        if self._one is not None and not self._refuses_slipped():
            self._begin(self._one, take=number, told=self._one.value(number))

    def action_take_pointed(self) -> None:
        """Let the value that is pointed at stand."""
        self.action_take(self._pointed)

    def action_both(self) -> None:
        """Let a text of all the values stand."""
        both = None if self._one is None else both_as_text(self._one.conflict)
        if self._one is not None and both is not None and not self._refuses_slipped():
            self._begin(self._one, value=both, told=both)

    def _begin(self, one: Drawn, *, take: int | None = None, value: str | None = None, told: str) -> None:
        """Decide in a worker; until it is done no other decision begins."""
        self._is_deciding = True
        self.refresh_bindings()
        self.run_worker(self._decide(one.conflict, take, value, told), group="decide")

    async def _decide(self, conflict: Conflict, take: int | None, value: str | None, told: str) -> None:
        sentence = _("%(ref)s, %(field)s: %(value)s stands; z takes it back") % {
            "ref": label_of(conflict.record),
            "field": conflict.field,
            "value": shorten(safe(" ".join(told.split())), _LONGEST),
        }

        def work(session: Session) -> Record:
            record = conflicts.decide(session, conflict, take=take, value=value)
            forget_draft(session, _draft_key(conflict))
            return record

        try:
            if await self.try_acting(work, sentence) is not None:
                self._goes_on = True
                self._decided[conflict.place] = conflict
                self._taken_back -= {conflict.place}
                await self._put_away()
        finally:
            self._is_deciding = False
        await self.load()

    # ── writing another value ──

    @property
    def _row(self) -> FieldRow | None:
        """Where another value is being written."""
        rows = self.query(FieldRow) if self.is_mounted else ()
        return next(iter(rows), None)

    async def action_edit(self) -> None:
        """Write another value, beginning with the one shown."""
        one, field = self._one, self._field
        if one is None or field is None:
            return
        key = _draft_key(one.conflict)
        found = await self.try_reading(
            lambda session: (text_of(session, one.conflict.record, field), draft(session, key))
        )
        if found is None or self._one is not one or self._row is not None:
            return
        text, kept = found
        self._kept = text if kept is None else kept[_FIELD]
        await self.query_one("#edit").mount(FieldRow(field, text), before="#told")
        self.query_one("#edit").remove_class("hidden")
        self.query_one(Sides).can_focus = False
        self._tell(
            _("Enter: this value stands. Escape: leave it.")
            if field.type != Type.NOTE
            else _("ctrl+s: this text stands. Escape: leave it.")
        )
        row = self._row
        if row is not None:
            row.text = self._kept  # which puts the cursor of a line at its end
            self._kept = row.text
            for area in row.query(TextArea):
                area.move_cursor(area.document.end)
            row.focus_line()
        self.refresh_bindings()

    @on(FieldRow.Done)
    def _entered(self) -> None:
        self.action_save()

    def action_save(self) -> None:
        """Let what was written stand, unless it will not do."""
        if not self._is_deciding and not self.desk.read_only and not self.refuses_unseen():
            self.run_worker(self._save(), group="save", exclusive=True)

    async def _save(self) -> None:
        row, one = self._row, self._one
        if row is None or one is None:
            return
        await row.check()
        if row.fault or self._is_deciding:
            row.focus_line()
            return
        self._is_deciding = True
        await self._decide(one.conflict, None, row.text, row.text)

    async def action_leave(self) -> None:
        """Leave the conflict as it is; what was typed is let go of."""
        one = self._one
        await self._put_away()
        if one is not None and not self.desk.read_only:
            begin(self, partial(self._forget, _draft_key(one.conflict)), "keep", exclusive=False)
        await self.load()

    async def _forget(self, key: str) -> None:
        await self.try_acting(lambda session: forget_draft(session, key))

    @on(FieldRow.Changed)
    def _typed(self) -> None:
        if self._keeping is None:
            self._keeping = self.set_timer(KEEP_AFTER, self._keep)

    def _keep(self) -> None:
        self._keeping = None
        for work in self.unkept():
            begin(self, partial(self._keep_by, work), "keep", exclusive=False)

    async def _keep_by(self, work: Work) -> None:
        await self.try_acting(work)

    def unkept(self) -> list[Work]:
        """What keeps the value that is being written."""
        row, one = self._row, self._one
        if row is None or one is None or self.desk.read_only or row.text == self._kept:
            return []
        self._kept = row.text
        return [partial(keep_draft, key=_draft_key(one.conflict), typed={_FIELD: row.text})]

    async def _put_away(self) -> None:
        sides = self.query_one(Sides)
        sides.can_focus = True
        row = self._row
        if row is not None:
            await row.remove()
            self.query_one("#edit").add_class("hidden")
            sides.focus()
        self.refresh_bindings()

    def _tell(self, sentence: str, style: str = "muted") -> None:
        self.query_one("#told", Static).update(content_of(Line(sentence, style)))

    def _tell_overtaken(self) -> None:
        self._tell(
            _("! somebody else has decided this meanwhile; escape leaves, what you typed goes"), "late"
        )

    # ── the same as a command ──

    def as_command(self) -> str:
        """The command that takes the side pointed at."""
        if self._one is None:
            return "taskforce conflict list"
        conflict = self._one.conflict
        words = ("conflict", "resolve", named(conflict.record), conflict.field, "--take", str(self._pointed))
        return command_line(*words)


def _draft_key(conflict: Conflict) -> str:
    return f"conflict/{conflict.record.id}/{conflict.field}"
