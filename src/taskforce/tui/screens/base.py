"""What the room's screens share: the line at the top, reading without blocking, errors in a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen
from textual.timer import Timer

from taskforce.actions.drafting import draft, forget_draft, keep_draft
from taskforce.actions.session import Session
from taskforce.errors import Failure, TaskforceError
from taskforce.i18n import N_, _
from taskforce.tui.widgets.keys_line import KeysLine
from taskforce.tui.widgets.top_line import TopLine
from taskforce.tui.working import begin, unhurried

if TYPE_CHECKING:
    from taskforce.store.disclosures import Place as LookedAt
    from taskforce.store.queries import Record
    from taskforce.tui.app import TaskforceApp
    from taskforce.tui.desk import Desk, Work
    from taskforce.tui.widgets.kept_line import KeptLine

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
        """What `work` reads; None after saying what went wrong, and where the room is locked or was meanwhile."""
        if self.desk.is_locked:
            return None
        try:
            found = await self.desk.read(work)
        except TaskforceError as error:
            self.tell(error)
            return None
        return None if self.desk.is_locked else found

    _only_proposed = False

    async def try_acting(self, work: Callable[[Session], T], done: str | Callable[[T], str] = "") -> T | None:
        """What `work`, an action, gives, after saying `done`; None after saying why it could not be.

        Where all of it only proposes, that is said instead, as a notice of the store. Where the room was locked
        meanwhile, it is told once it is open again.
        """

        def act(session: Session) -> tuple[T, bool]:
            session.only_proposed = False
            result = work(session)
            return result, session.only_proposed

        try:
            result, self._only_proposed = await self.desk.act(act)
        except TaskforceError as error:
            await self.room.until_open()
            self.tell(error)
            return None
        await self.room.until_open()
        said = done(result) if callable(done) else done
        if said and not self._only_proposed:
            self.room.say(said)
        self.room.look()
        return result

    async def try_noting(self, work: Callable[[Session], T]) -> T | None:
        """What `work` notes beside the records, in a room for reading, too; None after saying why it could not be."""
        try:
            return await self.desk.note(work)
        except TaskforceError as error:
            await self.room.until_open()
            self.tell(error)
            return None

    _in_sight: frozenset[LookedAt] = frozenset()

    def sees(self, places: Iterable[LookedAt]) -> None:
        """Record that these private parts of records are shown here now, in place of those before."""
        now = frozenset(places)
        new, self._in_sight = now - self._in_sight, now
        self.desk.looks.seen(new)

    def with_reason(self, record: Record, then: Callable[[], None]) -> None:
        """Do `then`, after asking why somebody looks at a record where that must be known; not if nobody says it."""
        from taskforce.tui.screens.reason import ReasonDialog  # deferred: most rooms ask for no reason

        def answered(is_given: bool | None) -> None:
            if is_given:
                then()

        parts = self.desk.looks.kept_back(record)
        if not parts:
            then()
        else:
            self.app.push_screen(ReasonDialog(record, parts), answered)  # type: ignore[attr-defined]

    points_at_record: bool = False
    """Whether `current` may be a record."""

    async def current(self) -> Record | None:
        """The record that the cursor points at, or that is shown whole."""
        return None

    def on_screen_suspend(self) -> None:
        """What comes back into sight is looked at anew."""
        self._in_sight = frozenset()

    def tell(self, error: TaskforceError | Exception) -> None:
        """Say what went wrong, and what to do; but not over the locked screen."""
        if self.desk.is_locked:
            return
        known = error if isinstance(error, TaskforceError) else Failure.of(error)
        self.room.say(known.sentence, hint=known.hint or "", is_error=True)

    def refuses_unseen(self) -> bool:
        """Whether a key that changes something was pressed before what it would change was shown; says so."""
        if not self.room.is_ahead:
            return False
        self.room.say(_("nothing was done: the key came before this was on the screen"), is_error=True)
        return True

    @property
    def is_ready(self) -> bool:
        """Whether what the screen shows first has been read: keys that were typed ahead wait for that."""
        screen = cast("Screen[object]", self)
        reading = [each for each in screen.workers if each.node is screen and each.group == "load"]
        return all(each.is_finished for each in reading)

    def unkept(self) -> list[Work]:
        """What keeps the texts that are half typed here, in the store; asked for when the room locks or is left."""
        found = self.query("KeptLine") if isinstance(self, Screen) and self.is_attached else ()
        lines = [cast("KeptLine", line) for line in found]  # by name: the class is loaded where there is one
        return [work for line in lines if (work := line.unkept()) is not None]


class RoomScreen(_Reading, Screen[None]):
    """A screen of the room: `body` below the top line, and `load` to read what it shows."""

    def compose(self) -> ComposeResult:
        """The line at the top, the screen's own, the keys."""
        yield TopLine()
        yield from self.body()
        yield KeysLine()

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

    def go_to(self, where: str) -> None:
        """Point at what somebody came here for from a row of the room."""

    def as_command(self) -> str:
        """The command that does what the cursor points at; what `y` copies."""
        return "taskforce status"


class RoomDialog(_Reading, ModalScreen[T]):
    """A dialog over a screen. Escape leaves it. What lies below gets no keys: those needed here are named once more."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape",
            "leave",
            N_("Leave"),
            id="dialog.leave",
            key_display="esc",
            tooltip=N_("Back to what lies below; nothing is done"),
            show=False,
        ),
        Binding(
            "f2",
            "app.copy_command",
            N_("Copy as command"),
            id="dialog.copy",
            tooltip=N_("The command that does the same, on the clipboard"),
            show=False,
        ),
        Binding(
            "f1",
            "app.help",
            N_("Help"),
            id="dialog.help",
            tooltip=N_("What this line is for, and every key that works here"),
            show=False,
        ),
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

    is_left = False
    opened_at = 0.0
    _result: T | None = None

    @on(events.Compose)  # a dialog's own `on_mount` may say something already
    def _opens(self) -> None:
        self.opened_at = time.time()  # what was said before is about something else

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Leave, with a result; once. Where another screen lies over this one, such as the lock, as soon as it is gone.

        Textual would take away the screen on top, whichever that is.
        """
        if self.is_left:
            return AwaitComplete()
        if not self.is_current:
            self._result, self._is_leaving = result, True
            return AwaitComplete()
        self.is_left = True
        return super().dismiss(result)

    async def act_and_leave(self, work: Callable[[Session], T], done: Callable[[T], str]) -> bool:
        """Act, leave with what that gives, and only then say `done`: who has read it presses the next key at once.

        False, and still here, after saying why it could not be.
        """
        result = await self.try_acting(work)
        if result is None:
            return False
        self.let_go()
        self.dismiss(result)
        if not self._only_proposed:
            self.room.say(done(result))
        return True

    def let_go(self) -> None:
        """Keep nothing more of what was typed."""

    _is_leaving = False

    def on_screen_resume(self) -> None:
        """What was to be left while another screen lay over it, is left now."""
        if self._is_leaving:
            self.dismiss(self._result)

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
    KEEP_WITHIN = 2.0
    """Seconds after which it is kept, however fast somebody types on."""

    draft_key: str = ""
    _keeping: Timer | None = None
    _unkept_since: float | None = None
    _is_used = False
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
        """Keep what is typed once no key has come for a moment, or none has been kept for a while."""
        if self._unkept_since is None:
            self._unkept_since = time.monotonic()
        elif time.monotonic() - self._unkept_since > self.KEEP_WITHIN:
            return  # the timer that runs already is not put off
        if self._keeping is not None:
            self._keeping.stop()
        self._keeping = self.set_timer(self.KEEP_AFTER, self._keep_in_background)

    def _keep_in_background(self) -> None:
        self._unkept_since = None
        begin(self, self.keep_now, "keep", exclusive=False)

    def unkept(self) -> list[Work]:
        """What keeps the texts typed here, if they are not kept yet."""
        typed = self.typed() if self.is_attached and not self.is_left else self._kept
        if self.desk.read_only or typed == self._kept:
            return super().unkept()
        self._kept = typed
        return [partial(self._keep, typed), *super().unkept()]

    def _keep(self, typed: Mapping[str, str], session: Session) -> None:
        if not self._is_used:  # it may have been saved since this was asked for
            keep_draft(session, self.draft_key, typed)

    def used(self, session: Session) -> None:
        """In the acting thread: what was typed is saved, and its draft is no longer needed."""
        self._is_used = True
        forget_draft(session, self.draft_key)

    async def keep_now(self) -> None:
        """Keep what is typed, if it is not kept yet."""
        before = self._kept
        for work in [] if self.desk.is_locked else self.unkept():
            if await self.try_acting(partial(_done, work)) is None:
                self._kept = before  # the next key tries again

    def let_go(self) -> None:
        """Keep nothing more of what is typed: it was saved, and whoever saved it has let go of the draft."""
        if self._keeping is not None:
            self._keeping.stop()
        self._kept = self.typed()

    @unhurried
    async def action_leave(self) -> None:
        """Leave; what is typed stays for next time."""
        await self.leave()

    async def leave(self) -> None:
        """Leave as `action_leave` does, in the course of another action."""
        if self._keeping is not None:
            self._keeping.stop()
        await self.keep_now()
        self.dismiss(None)


def _done(work: Work, session: Session) -> bool:
    work(session)
    return True


def no_operation() -> str:
    """What a screen says that needs an operation where none was chosen."""
    return _("no operation is chosen; press o to choose one")
