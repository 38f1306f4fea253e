"""The operations room itself: its screens, its keys, the watch on the store, lock and end."""

from __future__ import annotations

import time
from asyncio import AbstractEventLoop, get_running_loop, to_thread
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import SystemCommand
from textual.screen import Screen
from textual.worker import WorkerFailed

from taskforce import moments, settings
from taskforce.actions.session import Session
from taskforce.actions.undoing import StaysInLog, Undone, redo, undo
from taskforce.actions.unlocking import Opener
from taskforce.errors import Failure, TaskforceError
from taskforce.i18n import _
from taskforce.reports.stays_in_log import stays_text
from taskforce.store.watching import state_mark
from taskforce.text import safe, shorten
from taskforce.tui import themes
from taskforce.tui.desk import Desk
from taskforce.tui.ending import heed_signals, telling_nothing
from taskforce.tui.panicking import PanickingApp
from taskforce.tui.room_keys import ROOM_KEYS
from taskforce.tui.safety import VisibleOnly
from taskforce.tui.screens.base import RoomDialog, RoomScreen
from taskforce.tui.sharing_keys import SHARING_KEYS, SharingPlaces
from taskforce.tui.stylesheet import KeptStylesheet
from taskforce.tui.sweeping import Sweeper
from taskforce.tui.working import begin, unhurried

if TYPE_CHECKING:
    from textual.command import Provider

LOOK_EVERY = 0.25
"""Seconds between two looks at whether the store has changed (four microseconds each)."""

TICK_EVERY = 10.0
"""Seconds after which running clocks are drawn anew."""

ASKED_FOR = 10.0
"""Seconds in which a second press takes back what was done before the newest log entries."""

MOST_SAID = 2
"""Sentences that are shown at once: the newest."""

_SAID_CHARACTERS = 600  # more of one sentence would cover the screen


def _screen(module: str, name: str) -> Callable[[], Screen[Any]]:
    """A maker of a screen whose module is loaded when it is first shown: the start pays for the first one only."""

    def make() -> Screen[Any]:
        from importlib import import_module

        made = getattr(import_module(f"taskforce.tui.screens.{module}"), name)()
        assert isinstance(made, Screen)
        return made

    return make


def _palette() -> type[Provider]:
    """What the palette offers; its module and Textual's are loaded when it is first opened."""
    from taskforce.tui.palette import AppliesNow  # deferred: see above

    return AppliesNow


class TaskforceApp(SharingPlaces, PanickingApp):
    """The room over the store that `desk` holds open."""

    CSS_PATH = "app.tcss"
    TITLE = "taskforce"
    COMMANDS: ClassVar[set[Any]] = {_palette}
    MODES: ClassVar[dict[str, Any]] = {
        "room": _screen("room", "HomeScreen"),
        "assignments": _screen("assignments", "AssignmentsScreen"),
        "referrals": _screen("referrals", "ReferralsScreen"),
        "log": _screen("log", "LogScreen"),
        "agencies": _screen("agencies", "AgenciesScreen"),
        "exchange": _screen("exchange", "ExchangeScreen"),
        "conflicts": _screen("conflicts", "ConflictsScreen"),
        "proposals": _screen("proposals", "ProposalsScreen"),
        "wall": _screen("room", "WallScreen"),
    }
    DEFAULT_MODE = "room"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]

    BINDINGS = [*ROOM_KEYS, *SHARING_KEYS]

    def __init__(self, desk: Desk, *, wall: bool = False) -> None:
        if wall:
            self.DEFAULT_MODE = "wall"  # type: ignore[misc]  # of this app only; read when it is made
        super().__init__(desk)
        self.stylesheet = KeptStylesheet(variables=self.get_css_variables())
        self._filters.append(VisibleOnly())
        self.wall = wall
        self.sweeper = Sweeper()
        self._mark: tuple[object, ...] = ()
        self._was_stopped = False
        self._asked: tuple[tuple[int, int], float] = ((0, 0), 0.0)
        chosen = settings.read_settings()
        desk.looks.asked_for = settings.reason_parts_of(chosen.get("reason-for", ""))
        desk.asks_before_recalls = settings.asks_before_recalls(chosen.get("recalls", ""))
        self.panic_key = "" if wall else settings.panic_key_of(chosen.get("panic-key", ""))
        self._lock_after = settings.minutes_of(chosen.get("lock-after", ""))
        for theme in themes.THEMES:
            self.register_theme(theme)
        self.theme = settings.theme_of(chosen.get("theme", ""))
        if not settings.animations_of(chosen.get("animations", "")):
            self.animation_level = "none"
        self._own_keys = settings.keymap_of(chosen.get("keymap", ""))
        self.set_keymap({name: ",".join(keys) for name, keys in self._own_keys.items()})

    def on_mount(self) -> None:
        """Begin to watch the store and the clock."""
        if not self.is_headless:
            heed_signals(self._stopped)
            self.set_timer(LOOK_EVERY, self.sweeper.begin)
        get_running_loop().set_exception_handler(self._told_of_fault)
        self.set_interval(LOOK_EVERY, self.look)
        self.set_interval(TICK_EVERY, self._tick)
        if self._own_keys and not self.wall:
            begin(self, self._tell_wrong_keys, "keymap")

    def on_unmount(self) -> None:
        """Leave nothing of the room behind in the process."""
        self.sweeper.end()

    async def _tell_wrong_keys(self) -> None:
        """Say which names and keys of the setting keymap there are none of; else they would do nothing, silently."""
        from taskforce.tui.bindings import wrong_keys  # deferred: it loads every screen

        for wrong in await to_thread(wrong_keys, self._own_keys):
            self.say(wrong.sentence, hint=wrong.hint or "", is_error=True)

    def now(self) -> datetime:
        """The present moment, aware."""
        return moments.now()

    # ── watching ──

    def look(self) -> None:
        """Read the shown screen again if what it shows has changed, here or in another process."""
        self.sweeper.sweep(self.idle)
        if self.is_told_to_lock and not self.wall:
            self.call_later(self.action_lock)
        if self.desk.is_locked:
            return
        for notice in self.desk.take_notices():
            self.say(notice, is_notice=True)
        try:
            self.desk.require_unmoved()
            if not self.desk.has_changed():
                return
            self.desk.require_same_program()
            mark = state_mark(self.desk.watch().store.connection)
        except TaskforceError as error:
            if error.code in ("store-moved", "other-version"):
                self._handle_exception(error)  # nothing that is read or written from here on would be right
            else:
                self.say(error.sentence, hint=error.hint or "", is_error=True)
            return
        if mark != self._mark:
            first, self._mark = not self._mark, mark
            if not first:
                self._reload()

    async def _tick(self) -> None:
        if self._lock_after and not self.wall and self.idle > self._lock_after * 60:
            await self.action_lock()
        elif not self.desk.is_locked:
            self._reload()

    def _reload(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, RoomScreen | RoomDialog):
                screen.reload()

    # ── saying ──

    def say(
        self,
        sentence: str,
        *,
        hint: str = "",
        is_error: bool = False,
        is_notice: bool = False,
        seconds: float | None = None,
    ) -> None:
        """Show a sentence for some seconds; an error stays longer and begins with a word that says so.

        A notice of the store stays longer, too, and a dialog that opens does not take it away. Nothing is said over
        the locked screen, whatever is still under way.
        """
        if self.desk.is_locked:
            return
        text = shorten(f"{_('error')}: {sentence}" if is_error else sentence, _SAID_CHARACTERS)
        if hint:
            text += f"\n{shorten(_('hint: %(text)s') % {'text': hint}, _SAID_CHARACTERS)}"
        for old in list(self._notifications)[: -(MOST_SAID - 1)]:
            self._unnotify(old)
        self.notify(
            safe(text, keep_newlines=True),
            severity="error" if is_error else "warning" if is_notice else "information",
            timeout=seconds or (8 if is_error or is_notice else 4),
            markup=False,
        )

    def _refresh_notifications(self) -> None:
        """As Textual's; what is said hides neither the keys nor the line that is being typed into."""
        super()._refresh_notifications()
        if self._notifications and self.screen_stack:
            self.call_later(self._place_toasts)

    def _place_toasts(self) -> None:
        from taskforce.tui.toasts import place_toasts  # deferred: until something is said

        place_toasts(self.screen, list(self._notifications))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Move what is said out of the way; where nothing may move, the cursor does not blink."""
        if self._notifications:
            self.call_after_refresh(self._place_toasts)
        widget: Any = event.widget
        if self.animation_level == "none" and hasattr(widget, "cursor_blink"):
            widget.cursor_blink = False

    # ── keys ──

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done: on the wall and in a locked room nothing but leaving, for reading no changes."""
        if self.wall or self.desk.is_locked:
            return action in ("quit", "help_quit")
        if action == "to_room":
            return self.current_mode != self.DEFAULT_MODE
        if action == "explain":
            return self.has_subject
        if action in ("refer", "undo", "redo", "operation") and self.desk.read_only:
            return False
        return super().check_action(action, parameters)

    async def action_go(self, mode: str) -> None:
        """Show another screen."""
        await self.switch_mode(mode)

    async def action_to_room(self) -> None:
        """Show the room."""
        await self.action_go(self.DEFAULT_MODE)

    def action_refer(self) -> None:
        """A new referral, from anywhere."""
        from taskforce.tui.screens.refer import ReferDialog  # deferred: until it is asked for

        self.push_screen(ReferDialog())

    def action_search(self) -> None:
        """Search everything."""
        from taskforce.tui.screens.search import SearchDialog  # deferred: as above

        self.push_screen(SearchDialog())

    def action_operation(self) -> None:
        """Choose the operation."""
        from taskforce.tui.screens.choose import OperationDialog  # deferred: as above

        self.push_screen(OperationDialog())

    def action_jump(self) -> None:
        """Show a letter at everything that can be gone to."""
        from taskforce.tui.screens.jump import JumpScreen  # deferred: as above

        if isinstance(self.screen, RoomScreen | RoomDialog):
            self.push_screen(JumpScreen(self.screen))

    def action_help(self) -> None:
        """Say what the focused widget is for, and every key that works here."""
        from taskforce.tui.screens.help import HelpDialog  # deferred: as above

        self.push_screen(HelpDialog(self.screen))

    @unhurried
    async def action_undo(self) -> None:
        """Take back the last thing done in this store, from the room or the command line.

        Log entries stay: where they are the last thing done, a second press takes back what was done before them.
        """
        await self._take_back(self._undo, _("taken back: %(action)s"))

    def _undo(self, session: Session) -> Undone | StaysInLog:
        (place, until), self._asked = self._asked, ((0, 0), 0.0)
        is_asked = time.monotonic() < until
        try:
            return undo(session, before_log=is_asked, seen=place if is_asked else None)
        except StaysInLog as stays:
            self._asked = stays.place, time.monotonic() + ASKED_FOR
            return stays

    @unhurried
    async def action_redo(self) -> None:
        """Do again what was taken back last."""
        await self._take_back(redo, _("done again: %(action)s"))

    async def _take_back(self, work: Callable[[Session], Undone | StaysInLog], sentence: str) -> None:
        screen = self.screen
        if not isinstance(screen, RoomScreen | RoomDialog):
            return
        result = await screen.try_acting(work)
        if isinstance(result, StaysInLog):
            self.say(stays_text(result), seconds=ASKED_FOR)
        elif result is not None:
            told = [sentence % {"action": result.action.summary}]
            agencies = {agency for each in result.restored for agency in each.accepted}
            if agencies and work is not redo:
                from taskforce.reports.outcomes import (
                    stays_decided,
                )  # deferred: seldom needed

                told.append(stays_decided(sorted(agencies), keys=True))
            self.say(" · ".join(told))

    def action_copy_command(self) -> None:
        """Copy the command that shows or does what the cursor points at."""
        screen = self.screen
        command = safe(screen.as_command()) if isinstance(screen, RoomScreen | RoomDialog) else ""
        if command:
            self.copy_to_clipboard(command)
            self.say(_("copied: %(command)s") % {"command": command})

    async def action_quit(self) -> None:
        """Leave the room; what is half typed is kept."""
        self.desk.lock(self.unkept())
        self.exit()

    def action_help_quit(self) -> None:
        """Say how the room is left: ctrl+c is often pressed by habit."""
        self.say(_("ctrl+q leaves the room"))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """None of Textual's own: among them is one that writes a picture of the screen to the disk, in plain text."""
        return ()

    # ── going wrong ──

    def _stopped(self) -> None:
        """A signal asked the process to end."""
        self._was_stopped = True
        self.desk.lock(self.unkept())
        self.exit()

    def _told_of_fault(self, _loop: AbstractEventLoop, context: dict[str, Any]) -> None:
        """What nobody waited for has failed: it ends the room as any fault does, and is not written to stderr."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self._handle_exception(error)

    def _fatal_error(self) -> None:
        """End without a traceback: Textual's would print local variables, and those hold names."""
        self._exit_renderables.clear()
        with suppress(Exception):  # something is wrong already; what was typed is kept if it still can be
            self.desk.lock(self.unkept())
        self._close_messages_no_wait()

    def panic(self, *renderables: Any) -> None:
        """As `_fatal_error`: what an exception would draw of itself is not shown."""
        self._fatal_error()


def run(opener: Opener, key: bytes, *, read_only: bool = False, wall: bool = False) -> None:
    """Open the room and stay until it is left. Raises what went wrong in it as a Failure that names only the type."""
    desk = Desk(opener, key, read_only=read_only)
    with telling_nothing():
        try:
            app = TaskforceApp(desk, wall=wall)
            app.run(mouse=not wall)
        finally:
            desk.close()
    error: BaseException | None = app._exception
    if app.wiped is not None:
        app.forget_in_keyring()
        app.wiped.require_whole()
        return
    if isinstance(error, WorkerFailed):
        error = error.error
    if error is not None:
        raise (error if isinstance(error, TaskforceError) else Failure.of(error)) from None
    if app._was_stopped:
        raise KeyboardInterrupt
