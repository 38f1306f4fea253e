"""A line to type into whose text stays until it is used: through reloads, other screens, a lock and a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import events
from textual.suggester import Suggester
from textual.timer import Timer
from textual.widgets import Input
from textual.worker import WorkType

from taskforce.actions.drafting import draft, keep_draft

if TYPE_CHECKING:
    from taskforce.tui.screens.base import RoomScreen

_PAUSE = 0.5
"""Seconds without a key after which what was typed is kept in the store."""

_FIELD = "text"


class KeptLine(Input):
    """One line of text, kept in the encrypted store under the name `draft` until `used`."""

    # Of the class, because Textual sets the first value before __init__ has ended.
    _pause: Timer | None = None

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

    async def keep(self) -> None:
        """Keep what was typed."""
        name, text, initial = self._draft, self.value, self._initial_text
        owner = self._owner
        if text == self._kept or owner.desk.is_locked or owner.desk.read_only:
            return
        self._kept = text
        typed = {_FIELD: text} if text not in ("", initial) else {}
        await owner.try_acting(lambda session: keep_draft(session, name, typed))

    @property
    def _owner(self) -> RoomScreen:
        return cast("RoomScreen", self.screen)  # or a dialog of the room, which reads and acts alike

    def _watch_value(self, value: str) -> None:
        super()._watch_value(value)
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        if self.is_attached and value != self._kept:
            self._pause = self.set_timer(_PAUSE, self._keep_soon)

    def on_blur(self) -> None:
        """Keep it at once when the keys go elsewhere."""
        self._keep_soon()

    def _keep_soon(self) -> None:
        handed: WorkType[None] = self.keep
        self.run_worker(handed, group="keep")

    def _on_paste(self, event: events.Paste) -> None:
        """Take all lines of what is pasted, as one; Textual's own takes the first and drops the others."""
        super()._on_paste(events.Paste(" ".join(event.text.split("\n")).replace("\r", "")))
        event.stop()
        event.prevent_default()
