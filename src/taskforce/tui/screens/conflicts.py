"""The conflicts, one at a time: both values, who set them and what each had seen; take one, both, or write a third."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Static

from taskforce.actions import conflicts
from taskforce.actions.conflicts import Conflict, Decision, Place
from taskforce.actions.merging import forget_text
from taskforce.actions.references import label_of
from taskforce.actions.session import Session
from taskforce.i18n import _
from taskforce.records.schema import ARCHIVED, STATUS, Field
from taskforce.text import cells, safe, shorten
from taskforce.tui.as_command import command_line, named
from taskforce.tui.deciding import Drawn, both_as_text, look, no_conflict, still_pointed
from taskforce.tui.room_keys import CONFLICT_KEYS
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomScreen
from taskforce.tui.widgets.block import SLIPPING
from taskforce.tui.widgets.conflict_sides import SideBox, Sides
from taskforce.tui.widgets.conflict_writing import Begun, Writing, begin_writing
from taskforce.tui.widgets.fields import FieldRow
from taskforce.tui.working import begin
from taskforce.views import Line

if TYPE_CHECKING:
    from taskforce.tui.desk import Work

_LONGEST = 40
"""Cells of a value in the sentence that says it stands."""

KEEP_AFTER = 0.5
"""Seconds after which what is typed is kept in the store."""


class ConflictsScreen(RoomScreen):
    """One field with several values at a time. Nothing is decided until somebody takes one."""

    DEFAULT_CSS = """
    ConflictsScreen #head { height: 1; }
    ConflictsScreen #what { width: 1fr; padding: 0 1; }
    ConflictsScreen #position { width: auto; padding: 0 1; }
    ConflictsScreen.-wide Sides.-pair > Container { layout: horizontal; }
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
        self._goes_on = False  # somebody here wants to see another conflict
        self._slipped_at = -SLIPPING
        self._keeping: Timer | None = None

    def body(self) -> ComposeResult:
        """The conflict, the place to write another value, and what is said when there is none."""
        with Horizontal(id="head"):
            yield Static("", id="what", markup=False)
            yield Static("", id="position", markup=False)
        yield Sides()
        yield Writing()
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
        wanted, at, looks = self._place, self._at, self.desk.looks
        decided, before = dict(self._decided), self._taken_back if self._row is None else None
        found = await self.try_reading(lambda session: look(session, wanted, at, decided, before, looks))
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
        self.sees(() if one is None else one.private)
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
        if action in ("take", "take_pointed", "take_whole", "both", "edit", "go_on", "point"):
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
        if action == "take_whole":
            return self._one.conflict.field != STATUS and bool(self._one.conflict.companions)
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

    def action_take_whole(self) -> None:
        """Let the value that is pointed at stand, with what the same move set."""
        if self._one is not None and not self._refuses_slipped():
            self._begin(self._one, take=self._pointed, told=self._one.value(self._pointed), whole=True)

    def action_both(self) -> None:
        """Let a text of all the values stand."""
        both = None if self._one is None else both_as_text(self._one.conflict)
        if self._one is not None and both is not None and not self._refuses_slipped():
            self._begin(self._one, value=both, told=both)

    def _begin(
        self,
        one: Drawn,
        *,
        take: int | None = None,
        value: str | None = None,
        told: str,
        whole: bool | None = None,
    ) -> None:
        """Decide in a worker; until it is done no other decision begins."""
        self._is_deciding = True
        self.refresh_bindings()
        self.run_worker(self._decide(one.conflict, take, value, told, whole), group="decide")

    async def _decide(
        self, conflict: Conflict, take: int | None, value: str | None, told: str, whole: bool | None = None
    ) -> None:
        others = [each.field for each, _number in conflicts.taken_with(conflict, take, whole)]
        sentence = _("%(ref)s, %(field)s: %(value)s stands; z takes it back") % {
            "ref": label_of(conflict.record),
            "field": ", ".join((conflict.field, *others)),
            "value": shorten(safe(" ".join(told.split())), _LONGEST),
        }

        def work(session: Session) -> Decision:
            return conflicts.decide(session, conflict, take=take, value=value, whole=whole)

        try:
            decision = await self.try_acting(work, sentence)
            if decision is not None:
                self._goes_on = True
                for each in decision.conflicts:
                    self._decided[each.place] = each
                    self._taken_back -= {each.place}
                await self._put_away()
        finally:
            self._is_deciding = False
        await self.load()

    # ── writing another value ──

    @property
    def _row(self) -> FieldRow | None:
        """Where another value is being written."""
        return self.query_one(Writing).row if self.is_mounted else None

    async def action_edit(self) -> None:
        """Write another value, beginning with the one shown, or with one text of all the values."""
        one, field = self._one, self._field
        if one is None or field is None:
            return
        begun = await self.try_reading(lambda session: begin_writing(session, one.conflict, field))
        if begun is None or self._one is not one or self._row is not None:
            return
        self.query_one(Sides).can_focus = False
        await self.query_one(Writing).open(one.conflict, field, begun)
        self.refresh_bindings()

    @on(FieldRow.Done)
    def _entered(self) -> None:
        self.action_save()

    def action_save(self) -> None:
        """Let what was written stand, unless it will not do."""
        if not self._is_deciding and not self.desk.read_only and not self.refuses_unseen():
            self.run_worker(self._save(), group="save", exclusive=True)

    async def _save(self) -> None:
        writing, row, one = self.query_one(Writing), self._row, self._one
        if row is None or one is None or writing.conflict is None:
            return
        await row.check()
        if row.fault or writing.is_marked() or self._is_deciding:
            row.focus_line()
        elif one.conflict.place == writing.conflict.place and writing.misses_something(one.conflict):
            await self._write_anew(writing)
        else:
            self._is_deciding = True
            await self._decide(writing.conflict, None, row.text, row.text)

    async def _write_anew(self, writing: Writing) -> None:
        """Another value has come meanwhile: begin with it, too, and with what was written at the end.

        Somebody may be typing all the while: the text is replaced only once all of it was kept.
        """
        while (row := writing.row) is not None and (work := writing.kept()) is not None:
            one, field, text = self._one, self._field, row.text
            if one is None or field is None or writing.conflict is None:
                return
            begun = await self.try_acting(partial(_keep_and_begin, work, one.conflict, field))
            if begun is None:
                return
            if writing.row is row and row.text == text:
                writing.begin_anew(one.conflict, begun)
                told = _(
                    "nothing was decided: another value has come; it is in the text now, and yours at its end"
                )
                self.room.say(told)
                return

    async def action_leave(self) -> None:
        """Leave the conflict as it is; what was typed is let go of."""
        conflict = self.query_one(Writing).conflict
        await self._put_away()
        if conflict is not None and not self.desk.read_only:
            work = partial(self._keep_by, partial(forget_text, conflict=conflict))
            begin(self, work, "keep", exclusive=False)
        await self.load()

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
        work = None if self.desk.read_only or not self.is_mounted else self.query_one(Writing).unkept()
        return [] if work is None else [work]

    async def _put_away(self) -> None:
        sides = self.query_one(Sides)
        sides.can_focus = True
        if await self.query_one(Writing).close():
            sides.focus()
        self.refresh_bindings()

    def _tell_overtaken(self) -> None:
        told = _("! somebody else has decided this meanwhile; escape leaves, what you typed goes")
        self.query_one(Writing).tell(told, "late")

    # ── the same as a command ──

    def as_command(self) -> str:
        """The command that takes the side pointed at."""
        if self._one is None:
            return "taskforce conflict list"
        conflict = self._one.conflict
        words = ("conflict", "resolve", named(conflict.record), conflict.field, "--take", str(self._pointed))
        return command_line(*words)


def _keep_and_begin(work: Work, conflict: Conflict, field: Field, session: Session) -> Begun:
    """Keep what was written, and read what to go on with."""
    work(session)
    return begin_writing(session, conflict, field)
