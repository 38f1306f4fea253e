"""A line to type into whose text stays until it is used: through reloads, other screens, a lock and a crash."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, cast

from textual import events
from textual.suggester import Suggester
from textual.timer import Timer
from textual.widgets import Input
from textual.worker import WorkType

from taskforce.actions.drafting import draft, forget_draft, keep_draft

if TYPE_CHECKING:
    from taskforce.actions.session import Session
    from taskforce.tui.desk import Work
    from taskforce.tui.screens.base import RoomScreen

_PAUSE = 0.5
"""Seconds without a key after which what was typed is kept in the store."""

_MOST = 2.0
"""Seconds after which it is kept, however fast somebody types on."""

_FIELD = "text"


class KeptLine(Input):
    """One line of text, kept in the encrypted store under the name `draft` until `used`."""

    # Of the class, because Textual sets the first value before __init__ has ended.
    _pause: Timer | None = None
    _unkept_since: float | None = None
    _is_spent = False

    def __init__(
        self,
        text: str = "",
        *,
        draft: str,
        placeholder: str = "",
        suggester: Suggester | None = None,
    ) -> None:
        self._initial_text = self._kept = text
        super().__init__(text, placeholder=placeholder, suggester=suggester, select_on_focus=False)
        self._draft = draft

    async def load(self) -> None:
        """Show what was kept, unless somebody is typing here."""
        if self.has_focus or self.value != self._kept:
            return
        name = self._draft
        found = await self._owner.try_reading(lambda session: (draft(session, name),))
        if found is None or self.has_focus or self.value != self._kept:
            return
        (kept,) = found
        self._show(kept.get(_FIELD, "") if kept else self._initial_text)

    def used(self) -> None:
        """Begin anew: whoever used the text has also let go of its draft."""
        self._show("")

    def _show(self, text: str) -> None:
        self._kept = text
        self.value = text
        self.cursor_position = len(text)

    def unkept(self) -> Work | None:
        """What keeps what was typed, if it is not kept yet."""
        text = self.value
        if text == self._kept or self._owner.desk.read_only:
            return None
        self._kept = text
        typed = {_FIELD: text} if text not in ("", self._initial_text) else {}
        return partial(self._keep, typed)

    def _keep(self, typed: Mapping[str, str], session: Session) -> None:
        if not self._is_spent:  # it may have been used since this was asked for
            keep_draft(session, self._draft, typed)

    def spend(self, session: Session) -> None:
        """In the acting thread: the text was used, and so was the line."""
        self._is_spent = True
        forget_draft(session, self._draft)

    async def keep(self) -> None:
        """Keep what was typed."""
        self._unkept_since = None
        before = self._kept
        work = None if self._owner.desk.is_locked else self.unkept()
        if work is not None and await self._owner.try_acting(lambda session: (work(session),)) is None:
            self._kept = before  # the next key tries again

    @property
    def _owner(self) -> RoomScreen:
        return cast("RoomScreen", self.screen)  # or a dialog of the room, which reads and acts alike

    def _watch_value(self, value: str) -> None:
        super()._watch_value(value)
        now = time.monotonic()
        is_due = self._unkept_since is not None and now - self._unkept_since > _MOST
        if self._pause is not None and not (is_due and value != self._kept):
            self._pause.stop()
            self._pause = None
        if self.is_attached and value != self._kept and self._pause is None:
            self._unkept_since = self._unkept_since or now
            self._pause = self.set_timer(_PAUSE, self._keep_soon)

    def on_blur(self) -> None:
        """Keep it at once when the keys go elsewhere."""
        self._keep_soon()

    def _keep_soon(self) -> None:
        self._pause = None
        handed: WorkType[None] = self.keep
        self.run_worker(handed, group="keep")

    def _on_paste(self, event: events.Paste) -> None:
        """Take all lines of what is pasted, as one; Textual's own takes the first and drops the others."""
        super()._on_paste(events.Paste(" ".join(event.text.split("\n")).replace("\r", "")))
        event.stop()
        event.prevent_default()
