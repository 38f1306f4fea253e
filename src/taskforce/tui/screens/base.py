"""What the room's screens share: the line at the top, reading without blocking, errors in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen
from textual.timer import Timer
from textual.widgets import Footer

from taskforce.actions.drafting import draft, forget_draft, keep_draft
from taskforce.actions.session import Session
from taskforce.errors import Failure, TaskforceError
from taskforce.i18n import N_, _
from taskforce.tui.widgets.top_line import TopLine
from taskforce.tui.working import begin

if TYPE_CHECKING:
    from taskforce.tui.app import TaskforceApp
    from taskforce.tui.desk import Desk

T = TypeVar("T")


class _Reading:
    """Reading and acting from a screen: what goes wrong becomes a sentence, and the screen stays."""

    @property
    def room(self) -> TaskforceApp:
        """The app."""
        return cast("TaskforceApp", self.app)  # type: ignore[attr-defined]

    @property
    def desk(self) -> Desk:
        """The open store."""
        return self.room.desk

    async def try_reading(self, work: Callable[[Session], T]) -> T | None:
        """What `work` reads; None after saying what went wrong, or while the room is locked."""
        if self.desk.is_locked:
            return None
        try:
            return await self.desk.read(work)
        except TaskforceError as error:
            self.tell(error)
            return None

    async def try_acting(self, work: Callable[[Session], T], done: str | Callable[[T], str] = "") -> T | None:
        """What `work`, an action, gives, after saying `done`; None after saying why it could not be."""
        try:
            result = await self.desk.act(work)
        except TaskforceError as error:
            self.tell(error)
            return None
        said = done(result) if callable(done) else done
        if said:
            self.room.say(said)
        self.room.look()
        return result

    def tell(self, error: TaskforceError | Exception) -> None:
        """Say what went wrong, and what to do."""
        known = error if isinstance(error, TaskforceError) else Failure.of(error)
        self.room.say(known.sentence, hint=known.hint or "", is_error=True)


class RoomScreen(_Reading, Screen[None]):
    """A screen of the room: `body` below the top line, and `load` to read what it shows."""

    def compose(self) -> ComposeResult:
        """The line at the top, the screen's own, the keys."""
        yield TopLine()
        yield from self.body()
        yield Footer()

    def body(self) -> ComposeResult:
        """The screen's own widgets."""
        yield from ()

    async def load(self) -> None:
        """Read what the screen shows, and show it. Called again whenever the store has changed."""

    def reload(self) -> None:
        """Read and show again; a reading under way is given up."""
        begin(self, self._load, "load")

    async def _load(self) -> None:
        if self.is_attached and not self.desk.is_locked:
            await self.query_one(TopLine).load()
            await self.load()

    def on_screen_resume(self) -> None:
        """What happened while another screen was shown is shown now."""
        self.reload()

    def as_command(self) -> str:
        """The command that does what the cursor points at; what `y` copies."""
        return "taskforce status"


class RoomDialog(_Reading, ModalScreen[T]):
    """A dialog over a screen. Escape leaves it. What lies below gets no keys: those needed here are named once more."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "leave", ""),
        Binding("f2", "app.copy_command", N_("Copy as command"), id="dialog.copy", show=False),
        Binding("f1", "app.help", N_("Help"), id="dialog.help", show=False),
        Binding(
            "ctrl+l",
            "app.lock",
            N_("Lock"),
            id="dialog.lock",
            tooltip=N_("Close the store and hide everything"),
            show=False,
        ),
    ]

    async def load(self) -> None:
        """Read what the dialog shows, and show it. Called again whenever the store has changed."""

    def reload(self) -> None:
        """Read and show again."""
        if not self.desk.is_locked:
            begin(self, self.load, "load")

    async def action_leave(self) -> None:
        """Leave without doing anything."""
        self.dismiss(None)

    def as_command(self) -> str:
        """The command that does what the dialog does, or shows what it shows; empty where there is none."""
        return ""


class TypedDialog(RoomDialog[T]):
    """A dialog into which much is typed. It is kept in the store half a second after the last key, and when the room
    locks, so that neither a lock nor a crash loses it; the next dialog with the same `draft_key` begins with it."""

    KEEP_AFTER = 0.5

    draft_key: str = ""
    _keeping: Timer | None = None
    _kept: Mapping[str, str] = MappingProxyType({})

    def typed(self) -> dict[str, str]:
        """What is typed, by field; empty where nothing was."""
        return {}

    def fill(self, typed: Mapping[str, str]) -> None:
        """Put texts back into their fields."""

    async def bring_back(self) -> None:
        """Begin with what was typed last time and not saved."""
        self._kept = await self.try_reading(lambda one: draft(one, self.draft_key) or {}) or {}
        if self._kept:
            self.fill(self._kept)
            self.room.say(_("what was typed last time is here again; ctrl+r starts over"))

    def keep_soon(self) -> None:
        """Keep what is typed once no key has come for a moment."""
        if self._keeping is not None:
            self._keeping.stop()
        self._keeping = self.set_timer(self.KEEP_AFTER, self.keep_now)

    async def keep_now(self) -> None:
        """Keep what is typed, if it is not kept yet."""
        typed = self.typed()
        if self.desk.is_locked or self.desk.read_only or typed == self._kept:
            return
        self._kept = typed
        await self.try_acting(lambda session: keep_draft(session, self.draft_key, typed))

    async def forget(self) -> None:
        """Let go of what was kept: it was saved."""
        if self._keeping is not None:
            self._keeping.stop()
        self._kept = self.typed()
        await self.try_acting(lambda session: forget_draft(session, self.draft_key))

    async def action_leave(self) -> None:
        """Leave; what is typed stays for next time."""
        await self.keep_now()
        self.dismiss(None)


def no_operation() -> str:
    """What a screen says that needs an operation where none was chosen."""
    return _("no operation is chosen; press o to choose one")
