"""The screen of exchange: how it stands with each peer, what waits for whom, and what has come into the inbox."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static

from taskforce.actions.attention import Item, quarantined
from taskforce.actions.inbox import (
    Entry,
    Glance,
    Mark,
    TakenIn,
    bundles_taken_in,
    glance_at,
    list_inbox,
)
from taskforce.actions.peers import PeerState, list_peers
from taskforce.actions.sending import Exported, export_bundle
from taskforce.actions.session import Session
from taskforce.errors import TaskforceError
from taskforce.i18n import N_, _, ngettext
from taskforce.settings import read_setting
from taskforce.tui.exchange_lines import file_content, peer_content, waits_lines
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomScreen
from taskforce.tui.screens.previews import (
    BundleDialog,
    FileDialog,
    export_command,
    import_command,
)
from taskforce.tui.text_lines import laid_out
from taskforce.tui.widgets.pick_list import PickList
from taskforce.tui.working import begin
from taskforce.views import Line

LOOK_EVERY = 1.0
"""Seconds between two looks into the inbox."""

_SHOWN_EVERY = 10  # files glanced at between two drawings of a long list


@dataclass(frozen=True, slots=True)
class _Standing:
    """How exchange stands."""

    peers: tuple[PeerState, ...]
    quarantine: tuple[Item, ...]
    taken_in: dict[tuple[str, str], str]


class ExchangeScreen(RoomScreen):
    """Peers above, the inbox below; beside them, where there is room, what waits for the peer under the cursor."""

    DEFAULT_CSS = """
    ExchangeScreen #exchange { height: 1fr; }
    ExchangeScreen #lists { width: 1fr; padding: 0 1; }
    ExchangeScreen #peers { max-height: 50%; }
    ExchangeScreen #inbox { height: 1fr; }
    ExchangeScreen #quarantine, ExchangeScreen #inbox-title { height: auto; margin-top: 1; }
    """

    BINDINGS = [
        Binding(
            "w",
            "bundle",
            N_("Next bundle"),
            id="exchange.bundle",
            tooltip=N_("What goes to the peer and what is withheld; then write it"),
        ),
        Binding(
            "i",
            "file",
            N_("Look into a file"),
            id="exchange.file",
            tooltip=N_("What a bundle or plan would change; then take it in"),
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._standing: _Standing | None = None
        self._waits: tuple[str, Exported] | None = None
        self._folder = ""
        self._entries: list[Entry] = []
        self._count = 0
        self._fault: TaskforceError | None = None
        self._glances: dict[Entry, Glance] = {}
        self._looked_into: dict[tuple[Path, Mark], str] = {}
        self._is_looking = False

    def body(self) -> ComposeResult:
        """Peers, what waits in quarantine, the inbox; beside them what waits for a peer."""
        with Horizontal(id="exchange"):
            with Vertical(id="lists"):
                yield Static("", id="peers-title", markup=False)
                yield PickList(id="peers")
                yield Static("", id="quarantine", markup=False)
                yield Static("", id="inbox-title", markup=False)
                yield PickList(id="inbox")
            with VerticalScroll(id="detail"):
                yield Static("", id="waits", markup=False)

    def on_mount(self) -> None:
        """The keys go to the peers; the inbox is watched."""
        self.query_one("#peers").focus()
        self.set_interval(LOOK_EVERY, self._watch_inbox)

    # ── peers ──

    async def load(self) -> None:
        """Read how exchange stands."""

        def read(session: Session) -> _Standing:
            return _Standing(
                tuple(list_peers(session)), tuple(quarantined(session)), bundles_taken_in(session)
            )

        found = await self.try_reading(read)
        if found is None:
            return
        self._standing = found
        self._show_peers(found)
        self._show_inbox()
        self._watch_inbox()
        self.refresh_bindings()
        await self._show_waits()

    def on_resize(self) -> None:
        """Use the room there is."""
        if self._standing is not None:
            self._show_peers(self._standing)
            self._show_inbox()
            self._draw_waits()

    def _show_peers(self, standing: _Standing) -> None:
        count = ngettext("%(n)d verified", "%(n)d verified", len(standing.peers)) % {"n": len(standing.peers)}
        self.query_one("#peers-title", Static).update(
            content_of(Line(_("PEERS"), "heading"), Line(f"  {count}", "muted"))
        )
        now, width = self.room.now(), self._list_width()
        self.query_one("#peers", PickList).show(
            [(peer.agency, peer_content(peer, now, width)) for peer in standing.peers],
            nothing=laid_out(
                [
                    Line(_("no peers yet"), "muted"),
                    Line(_("hand out your card: taskforce peer card -o FILE"), "muted"),
                    Line(
                        _("add a partner's card, once its words were compared: taskforce peer add CARD"),
                        "muted",
                    ),
                ],
                width,
            ),
        )
        lines: list[Line | str] = [
            Line(f"! {item.subject}: {item.text} · {item.do}", "conflict") for item in standing.quarantine
        ]
        box = self.query_one("#quarantine", Static)
        box.display = bool(lines)
        box.update(laid_out([Line(_("IN QUARANTINE"), "heading"), *lines], width) if lines else "")

    def _list_width(self) -> int:
        return max(40, self.app.size.width - (44 if self.has_class("-wide") else 0) - 4)

    @property
    def peer(self) -> PeerState | None:
        """The peer under the cursor."""
        picked = self.query_one("#peers", PickList).picked
        peers = self._standing.peers if self._standing else ()
        return next((peer for peer in peers if peer.agency == picked), None)

    @on(OptionList.OptionHighlighted, "#peers")
    def _pointed(self) -> None:
        self.refresh_bindings()
        begin(self, self._show_waits, "waits")

    async def _show_waits(self) -> None:
        """What waits for the peer under the cursor: only worked out where there is room to show it."""
        peer = self.peer
        if peer is None or not self.has_class("-wide"):
            self._waits = None
        else:
            agency = peer.agency
            found = await self.try_reading(lambda session: export_bundle(session, agency, None))
            if found is None or self.peer is None or self.peer.agency != agency:
                return
            self._waits = (agency, found)
        self._draw_waits()

    def _draw_waits(self) -> None:
        self.query_one("#waits", Static).update(
            laid_out(waits_lines(*self._waits), 41, indent=2) if self._waits else ""
        )

    @on(OptionList.OptionSelected, "#peers")
    def _peer_chosen(self) -> None:
        self.action_bundle()

    def action_bundle(self) -> None:
        """What would go to the peer under the cursor."""
        if self.peer is not None:
            self.app.push_screen(BundleDialog(self.peer))

    # ── the inbox ──

    def _watch_inbox(self) -> None:
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
                self._show_inbox()
        finally:
            self._is_looking = False

    async def _glance_at(self, entries: Sequence[Entry]) -> None:
        """Read how new files begin, one at a time: other readings come in between."""
        for place, entry in enumerate(entries):
            if place % _SHOWN_EVERY == 0:
                self._show_inbox()
            self._glances[entry] = await self.desk.read(partial(glance_at, path=entry.path))
        self._show_inbox()

    def _show_inbox(self) -> None:
        if not self.is_attached:
            return
        title: list[Line | str] = [Line(_("INBOX"), "heading"), Line(f"  {self._folder}", "muted")]
        if self._count > len(self._entries):
            more = _("the latest %(n)d of %(count)d files") % {"n": len(self._entries), "count": self._count}
            title.append(Line(f"  {more}", "muted"))
        self.query_one("#inbox-title", Static).update(content_of(*title))
        now, width = self.room.now(), self._list_width()
        self.query_one("#inbox", PickList).show(
            [(str(one.path), self._file_content(one, now, width)) for one in self._entries],
            nothing=laid_out(self._nothing_came(), width),
        )
        self.refresh_bindings()

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
            self._standing.taken_in if self._standing else {},
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
                self._show_inbox()

        self.app.push_screen(dialog, remember)

    def action_file(self) -> None:
        """Name a file and look into it."""
        from taskforce.tui.screens.path import PathDialog  # deferred: until a path is typed

        def chosen(path: Path | None) -> None:
            if path is not None:
                self.look_into(path)

        self.app.push_screen(PathDialog(), chosen)

    # ── keys ──

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer a bundle only where there is a peer."""
        if action == "bundle":
            return self.is_attached and self.peer is not None
        return super().check_action(action, parameters)

    def as_command(self) -> str:
        """The command that takes in the file, or writes the bundle, that the cursor points at."""
        if self.query_one("#inbox").has_focus and self.entry is not None:
            return import_command(self.entry.path)
        return export_command(self.peer.agency) if self.peer is not None else "taskforce peer list"
