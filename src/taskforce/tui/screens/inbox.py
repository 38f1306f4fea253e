"""The inbox on a screen: it is watched, its files are glanced at, and looked into before they are taken in."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from textual import events, on
from textual.content import Content
from textual.widgets import OptionList, Static

from taskforce.actions.inbox import Entry, Glance, Mark, TakenIn, glance_at, list_inbox
from taskforce.errors import TaskforceError
from taskforce.i18n import _
from taskforce.settings import read_setting
from taskforce.tui.exchange_lines import file_content
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomScreen
from taskforce.tui.screens.previews import FileDialog
from taskforce.tui.text_lines import laid_out
from taskforce.tui.widgets.pick_list import PickList
from taskforce.tui.working import begin
from taskforce.views import Line

LOOK_EVERY = 1.0
"""Seconds between two looks into the inbox."""

_SHOWN_EVERY = 10  # files glanced at between two drawings of a long list


class InboxScreen(RoomScreen):
    """A screen with a list `#inbox` and its title `#inbox-title`."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = ""
        self._entries: list[Entry] = []
        self._count = 0
        self._fault: TaskforceError | None = None
        self._glances: dict[Entry, Glance] = {}
        self._looked_into: dict[tuple[Path, Mark], str] = {}
        self._is_looking = False

    @property
    @abstractmethod
    def taken_in(self) -> dict[tuple[str, str], str]:
        """When each bundle was first taken in, as far as that was read."""

    @property
    @abstractmethod
    def list_width(self) -> int:
        """Cells of the list."""

    @on(events.Mount)
    def _begin_watching(self) -> None:
        self.set_interval(LOOK_EVERY, self.watch_inbox)

    def watch_inbox(self) -> None:
        """Look whether something has come; not while another screen hides this one."""
        if self in self.app.screen_stack and not self._is_looking and not self.desk.is_locked:
            self._is_looking = True
            begin(self, self._look_into_inbox, "inbox")

    async def _look_into_inbox(self) -> None:
        try:
            before, self._folder = self._folder, await asyncio.to_thread(read_setting, "inbox")
            found = ([], 0) if not self._folder else await asyncio.to_thread(list_inbox, self._folder)
            entries, count = found
            is_known = all(one in self._glances for one in entries)
            if (before, self._entries, self._fault) == (self._folder, entries, None) and is_known:
                return
            self._entries, self._count, self._fault = entries, count, None
            self._glances = {one: self._glances[one] for one in entries if one in self._glances}
            await self._glance_at([one for one in entries if one not in self._glances])
        except TaskforceError as error:
            if not self.desk.is_locked:
                self._entries, self._count, self._fault = [], 0, error
                self.show_inbox()
        finally:
            self._is_looking = False

    async def _glance_at(self, entries: Sequence[Entry]) -> None:
        """Read how new files begin, one at a time: other readings come in between."""
        # Before anything is known of them they stand by time alone: who has not moved yet begins at the top after that.
        begins_at = str(entries[0].path) if entries and entries == self._entries else ""
        for place, entry in enumerate(entries):
            if place % _SHOWN_EVERY == 0:
                self.show_inbox()
            self._glances[entry] = await self.desk.read(partial(glance_at, path=entry.path))
        self.show_inbox()
        if begins_at and self.is_attached:
            listed = self.query_one("#inbox", PickList)
            if listed.picked == begins_at:
                listed.highlighted = 0

    def show_inbox(self) -> None:
        """Draw what is known of the inbox."""
        if not self.is_attached:
            return
        title: list[Line | str] = [Line(_("INBOX"), "heading"), Line(f"  {self._folder}", "muted")]
        if self._count > len(self._entries):
            more = _("the latest %(n)d of %(count)d files") % {"n": len(self._entries), "count": self._count}
            title.append(Line(f"  {more}", "muted"))
        self.query_one("#inbox-title", Static).update(content_of(*title))
        now, width = self.room.now(), self.list_width
        self.query_one("#inbox", PickList).show(
            [
                (str(one.path), self._file_content(one, now, width))
                for one in sorted(self._entries, key=self._is_done)
            ],
            nothing=laid_out(self._nothing_came(), width),
        )
        self.refresh_bindings()

    def _is_done(self, entry: Entry) -> bool:
        """Whether there is nothing to do with a file: what is new stands above it, however old the file is."""
        glance = self._glances.get(entry)
        if (entry.path, entry.mark) in self._looked_into or glance is None:
            return glance is not None
        return glance.what == "others" or (glance.bundle, glance.device) in self.taken_in

    def _nothing_came(self) -> list[Line | str]:
        if self._fault is not None:
            return [Line(f"! {self._fault.sentence}", "late"), Line(self._fault.hint or "", "muted")]
        by_hand = Line(_("i looks into any file, a bundle or a plan"), "muted")
        if not self._folder:
            return [
                Line(_("no inbox is watched; name a folder: taskforce config set inbox FOLDER"), "muted"),
                by_hand,
            ]
        return [Line(_("nothing has come yet; what is put there appears by itself"), "muted"), by_hand]

    def _file_content(self, entry: Entry, now: datetime, width: int) -> Content:
        return file_content(
            entry,
            self._glances.get(entry),
            self.taken_in,
            self._looked_into.get((entry.path, entry.mark), ""),
            now,
            width,
        )

    @property
    def entry(self) -> Entry | None:
        """The file under the cursor."""
        picked = self.query_one("#inbox", PickList).picked
        return next((one for one in self._entries if str(one.path) == picked), None)

    @on(OptionList.OptionSelected, "#inbox")
    def _file_chosen(self) -> None:
        if self.entry is not None:
            self.look_into(self.entry.path)

    def look_into(self, path: Path) -> None:
        """What a file would change."""
        dialog = FileDialog(path)

        def remember(taken: TakenIn | None) -> None:
            if taken is not None and dialog.mark is not None:
                is_done = taken.plan is not None and taken.plan.applied and taken.is_new
                self._looked_into[path, dialog.mark] = "● " + (_("taken in") if is_done else _("nothing new"))
                self.show_inbox()

        self.app.push_screen(dialog, remember)

    def action_file(self) -> None:
        """Name a file and look into it."""
        from taskforce.tui.screens.path import PathDialog  # deferred: until a path is typed

        def chosen(path: Path | None) -> None:
            if path is not None:
                self.look_into(path)

        self.app.push_screen(PathDialog(), chosen)
