"""The screen of exchange: how it stands with each peer, what waits for whom, and what has come into the inbox."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import OptionList, Static

from taskforce.actions.attention import quarantined
from taskforce.actions.attention_peers import Item
from taskforce.actions.bundle_summary import Exported
from taskforce.actions.erasing import count_erased
from taskforce.actions.inbox import bundles_taken_in
from taskforce.actions.peers import PeerState, list_peers, own_devices
from taskforce.actions.quarantined import count_quarantined
from taskforce.actions.recalling import waiting as recalls_waiting
from taskforce.actions.sending import export_bundle
from taskforce.actions.session import Session
from taskforce.i18n import N_, _, ngettext
from taskforce.tui.exchange_lines import held_back_lines, peer_content, waits_lines
from taskforce.tui.exchange_views import VIEWS, Listed, View
from taskforce.tui.safety import content_of
from taskforce.tui.screens.bundles import BundleDialog, export_command
from taskforce.tui.screens.inbox import InboxScreen
from taskforce.tui.screens.previews import import_command
from taskforce.tui.text_lines import laid_out
from taskforce.tui.widgets.listed_box import ListedBox
from taskforce.tui.widgets.pick_list import PickList
from taskforce.tui.working import begin
from taskforce.views import Line


@dataclass(frozen=True, slots=True)
class _Standing:
    """How exchange stands."""

    peers: tuple[PeerState, ...]
    quarantine: tuple[Item, ...]
    held_back: int
    erased: int
    recalls: tuple[int, int]
    taken_in: dict[tuple[str, str], str]


class ExchangeScreen(InboxScreen):
    """Peers above, the inbox below; in their place, at a key, the quarantine, the feeds, what was erased or recalled.

    Beside them stands, where there is room, all about what is under the cursor.
    """

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
            tooltip=N_("What goes to the peer and what is withheld; to several that are marked, one for all"),
        ),
        Binding(
            "space",
            "mark",
            N_("Mark"),
            id="exchange.mark",
            tooltip=N_("Mark peers to write one bundle for all of them"),
            show=False,
        ),
        Binding(
            "i",
            "file",
            N_("Look into a file"),
            id="exchange.file",
            tooltip=N_("What a bundle or plan would change; then take it in"),
        ),
        Binding(
            "q",
            "view('quarantine')",
            N_("Quarantine"),
            id="exchange.quarantine",
            tooltip=N_("Edits that may not enter: see why, admit or drop them"),
        ),
        Binding(
            "f",
            "view('feeds')",
            N_("Feeds"),
            id="exchange.feeds",
            tooltip=N_("Which devices wrote what is held here, and which feeds forked"),
            show=False,
        ),
        Binding(
            "e",
            "view('erased')",
            N_("Erased"),
            id="exchange.erased",
            tooltip=N_("What was erased, and who has confirmed it"),
            show=False,
        ),
        Binding(
            "b",
            "view('recalls')",
            N_("Recalls"),
            id="exchange.recalls",
            tooltip=N_("What was recalled, and who has dropped it"),
            show=False,
        ),
        Binding(
            "escape",
            "view('')",
            N_("Peers and inbox"),
            id="exchange.back",
            key_display="esc",
            tooltip=N_("Back from what is in quarantine, the feeds, what was erased or recalled"),
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._standing: _Standing | None = None
        self._listed: Listed | None = None
        self._waits: Exported | None = None
        self._view = ""  # which list stands in place of peers and inbox
        self._wanted = ""  # what to point at once it is read
        self._marks: set[str] = set()  # the agencies that a bundle is for together

    def body(self) -> ComposeResult:
        """Peers, what waits in quarantine, the inbox; beside them what waits for a peer."""
        with Horizontal(id="exchange"):
            with Vertical(id="lists"):
                yield Static("", id="peers-title", markup=False)
                yield PickList(id="peers")
                yield Static("", id="quarantine", markup=False)
                yield Static("", id="inbox-title", markup=False)
                yield PickList(id="inbox")
            yield ListedBox(id="listed")
            with VerticalScroll(id="detail"):
                yield Static("", id="waits", markup=False)

    def on_mount(self) -> None:
        """The keys go to the peers; the inbox is watched."""
        self.query_one("#peers").focus()

    # ── peers ──

    async def load(self) -> None:
        """Read how exchange stands, or the list that stands in its place."""
        if self._view:
            await self._load_list(VIEWS[self._view])
            return

        def read(session: Session) -> _Standing:
            return _Standing(
                (*list_peers(session), *own_devices(session)),
                tuple(quarantined(session)),
                count_quarantined(session),
                count_erased(session),
                recalls_waiting(session),
                bundles_taken_in(session),
            )

        found = await self.try_reading(read)
        if found is None:
            return
        self._standing = found
        self._show_peers(found)
        wanted, self._wanted = self._wanted, ""
        if wanted:
            self.query_one("#peers", PickList).point_at(wanted)
        self.show_inbox()
        self.watch_inbox()
        self.refresh_bindings()
        await self._show_waits()

    def on_resize(self) -> None:
        """Use the room there is."""
        self._show_list()
        if self._standing is not None:
            self._show_peers(self._standing)
            self.show_inbox()
            self._draw_waits()

    def _show_peers(self, standing: _Standing) -> None:
        verified = sum(not peer.own for peer in standing.peers)
        count = ngettext("%(n)d verified", "%(n)d verified", verified) % {"n": verified}
        self._marks &= {peer.agency for peer in standing.peers}
        if self._marks:
            marked = ngettext("%(n)d marked", "%(n)d marked", len(self._marks)) % {"n": len(self._marks)}
            count += f" · {marked} · " + _("w writes one bundle for all of them")
        self.query_one("#peers-title", Static).update(
            content_of(Line(_("PEERS"), "heading"), Line(f"  {count}", "muted"))
        )
        now, width = self.room.now(), self.list_width
        self.query_one("#peers", PickList).show(
            [
                (peer.agency, peer_content(peer, now, width, marked=peer.agency in self._marks))
                for peer in standing.peers
            ],
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
        lines = held_back_lines(standing.quarantine, standing.held_back, standing.erased, standing.recalls)
        box = self.query_one("#quarantine", Static)
        box.display = bool(lines)
        box.update(laid_out(lines, width) if lines else "")

    @property
    def list_width(self) -> int:
        """Cells of a list, beside which all about a row stands where there is room."""
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
        if self._view:
            return
        if peer is None or not self.has_class("-wide"):
            self._waits = None
        else:
            agency = peer.agency
            found = await self.try_reading(lambda session: export_bundle(session, agency, None))
            if found is None or self.peer is None or self.peer.agency != agency:
                return
            self._waits = found
        self._draw_waits()

    def _draw_waits(self) -> None:
        if self._view:
            return
        self.query_one("#waits", Static).update(laid_out(self._waits_lines(), 41, indent=2))

    def _waits_lines(self) -> list[Line | str]:
        peer = self.peer
        if self._waits is None or peer is None or peer.agency != self._waits.agency:
            return []
        return waits_lines(self._waits, peer, self.room.now())

    @on(OptionList.OptionSelected, "#peers")
    def _peer_chosen(self) -> None:
        self.action_bundle()

    @property
    def _chosen(self) -> list[PeerState]:
        """The peers that the next bundle is for: those marked, or the one under the cursor."""
        peers = self._standing.peers if self._standing else ()
        marked = [peer for peer in peers if peer.agency in self._marks]
        return marked or ([self.peer] if self.peer is not None else [])

    def action_bundle(self) -> None:
        """What would go to the peers that are marked, or to the one under the cursor."""
        if self._chosen:
            self.app.push_screen(BundleDialog(self._chosen), self._sent)

    def _sent(self, sent: Exported | None) -> None:
        if sent is not None and self._marks:
            self._marks = set()
            self.reload()

    def action_mark(self) -> None:
        """Mark the peer under the cursor, or take its mark away."""
        if self.peer is not None and self._standing is not None:
            self._marks ^= {self.peer.agency}
            self._show_peers(self._standing)
            self.refresh_bindings()

    # ── what stands in place of peers and inbox ──

    async def _load_list(self, view: View) -> None:
        name, now = self._view, self.room.now()
        found = await self.try_reading(lambda session: view.read(session, now))
        if found is None or self._view != name:
            return
        self._listed = found
        self._show_list()
        wanted, self._wanted = self._wanted, ""
        if wanted:
            self.query_one(ListedBox).point_at(wanted)
        self._draw_detail()

    def _show_list(self) -> None:
        if self._view and self._listed is not None:
            self.query_one(ListedBox).show(VIEWS[self._view], self._listed, self.list_width)

    def _draw_detail(self) -> None:
        row = self.query_one(ListedBox).pointed
        self.query_one("#waits", Static).update(laid_out(row.detail, 41, indent=2) if row else "")
        self.refresh_bindings()

    @on(OptionList.OptionHighlighted, "#rows")
    def _row_pointed(self) -> None:
        if self._view:
            self._draw_detail()

    @on(OptionList.OptionSelected, "#rows")
    async def _row_chosen(self) -> None:
        row = self.query_one(ListedBox).pointed
        dialog = row.opened() if row is not None else None
        if dialog is not None:
            await self.room.push_screen(dialog)

    def action_view(self, name: str) -> None:
        """Show a list in place of peers and inbox; the same key again, or escape, shows these."""
        self._turn_to("" if name == self._view else name)

    def _turn_to(self, name: str) -> None:
        self._view, self._listed = name, None
        self.query_one("#lists").display = not name
        listed = self.query_one(ListedBox)
        listed.clear()
        listed.display = bool(name)
        self.query_one("#waits", Static).update("")
        self.query_one("#rows" if name else "#peers").focus()
        self.refresh_bindings()
        self.reload()

    def go_to(self, where: str) -> None:
        """What an item of the room is about: the list it is in, or its peer."""
        view, _blank, rest = where.partition(" ")
        self._wanted = rest.partition(" ")[0]
        self._turn_to(view if view in VIEWS else "")

    @property
    def taken_in(self) -> dict[tuple[str, str], str]:
        """When each bundle was first taken in."""
        return self._standing.taken_in if self._standing else {}

    # ── keys ──

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer a bundle only where there is a peer, the way back only where there is one."""
        if action in ("bundle", "mark"):
            return self.is_attached and not self._view and self.peer is not None
        if action == "file" or parameters == ("",):
            return bool(self._view) == (action == "view")
        return super().check_action(action, parameters)

    def as_command(self) -> str:
        """The command that takes in the file, or writes the bundle, that the cursor points at; of a list its own."""
        if self._view:
            row = self.query_one(ListedBox).pointed
            return row.command if row is not None else VIEWS[self._view].command
        if self.query_one("#inbox").has_focus and self.entry is not None:
            return import_command(self.entry.path)
        agencies = [peer.agency for peer in self._chosen]
        return export_command(*agencies, together=len(agencies) > 1) if agencies else "taskforce peer list"
