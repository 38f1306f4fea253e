"""The line at the top: operation, phase and day, local and world time, whose store this is, what waits."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date
from typing import TYPE_CHECKING, cast

from textual.message import Message
from textual.widgets import Static

from taskforce.actions.session import Session
from taskforce.actions.using import current_operation
from taskforce.errors import TaskforceError
from taskforce.i18n import _
from taskforce.records.registry import get_kind
from taskforce.records.schema import OPEN
from taskforce.store import history, proposals
from taskforce.store.queries import Record
from taskforce.text import cells, safe
from taskforce.tui.safety import content_of
from taskforce.views import Line

if TYPE_CHECKING:
    from taskforce.tui.app import TaskforceApp


_LEAST_SPACE = 4  # cells, around the clock


class TopLine(Static):
    """One line, the same on every screen."""

    class Drawn(Message):
        """It has its size, and is drawn to it."""

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._operation: Record | None = None
        self._agency = self._officer = ""
        self._conflicts = self._proposed = 0

    @property
    def operation(self) -> Record | None:
        """The operation that it names."""
        return self._operation

    def on_mount(self) -> None:
        """Say at once what it says: it is the first thing that is seen, before the rest of the screen is made."""
        desk = cast("TaskforceApp", self.app).desk
        if not desk.is_locked:
            with suppress(TaskforceError):  # the screen reads it again, and says what is wrong
                self._take(_read(desk.watch()))

    async def load(self) -> None:
        """Read what it says; what was read before stays where that fails, as the screen says by itself."""
        with suppress(TaskforceError):
            self._take(await cast("TaskforceApp", self.app).desk.read(_read))
            self.draw()

    def _take(self, found: tuple[Record | None, str, str, int, int]) -> None:
        self._operation, self._agency, self._officer, self._conflicts, self._proposed = found

    def on_resize(self) -> None:
        """Use the room there is."""
        self.draw()
        self.post_message(self.Drawn())

    def draw(self) -> None:
        """Draw it for the present moment."""
        room = cast("TaskforceApp", self.app)
        now = room.now()
        local = now.astimezone()
        offset = local.isoformat(timespec="minutes")[16:].removesuffix(":00")
        clock = f"{local:%d %b %H:%M} {offset} · {now.astimezone(UTC):%H:%M}Z"
        signs = [f"≠ {self._conflicts}"] if self._conflicts else []
        if self._proposed:
            signs.append(f"± {self._proposed}")
        if room.desk.read_only:
            signs.append(_("read only"))
        left = f" {_headline(self._operation, local.date())}"
        for who in (
            f"{self._agency} {self._officer}",
            self._agency,
            "",
        ):  # as much of it as there is room for
            right = "  ".join([safe(who), *signs] if who else signs) + " "
            space = self.size.width - cells(left) - cells(clock) - cells(right)
            if space >= _LEAST_SPACE:
                break
        before = max(1, space // 2)
        after = max(1, space - before)
        style = "conflict" if self._conflicts or self._proposed else ""
        self.update(content_of(Line(left, "heading"), " " * before, clock, " " * after, Line(right, style)))


def _read(session: Session) -> tuple[Record | None, str, str, int, int]:
    """The operation, whose store this is, how many fields have several values, how many are proposed to us."""
    me, connection = session.store.me, session.store.connection
    return (
        current_operation(session),
        me.agency,
        me.officer,
        len(history.conflicts(connection)),
        proposals.count_for(connection, session.own_agency, OPEN),
    )


def _headline(operation: Record | None, today: date) -> str:
    if operation is None:
        return _("no operation chosen")
    lifecycle = get_kind("operation").lifecycle
    assert lifecycle is not None
    state = operation.text("status") or lifecycle.initial
    parts = [safe(operation.text("codename")), _(lifecycle.states.get(state, state)).lower()]
    day = day_of(operation, today)
    return " · ".join([*parts, day] if day else parts)


def day_of(operation: Record, today: date) -> str:
    """Which day of the operation it is: `day 3 of 5`; empty before, after, and where its dates are not known."""
    try:
        start, end = (date.fromisoformat(operation.text(name)) for name in ("start", "end"))
    except ValueError:
        return ""
    if not start <= today <= end:
        return ""
    return _("day %(day)d of %(days)d") % {"day": (today - start).days + 1, "days": (end - start).days + 1}
