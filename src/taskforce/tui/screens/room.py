"""The room: the whole of an operation at a glance, and its log one key away; and the same for a screen on the wall."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from taskforce.actions.overview import LANES, Most, Overview, overview
from taskforce.actions.references import find
from taskforce.i18n import N_
from taskforce.tui import room_views as views
from taskforce.tui.screens.base import RoomScreen
from taskforce.tui.widgets.block import Block, Entry
from taskforce.tui.widgets.quick_entry import QuickEntry
from taskforce.tui.widgets.top_line import TopLine

_LANES_SHOWN = 3


def _filling(height: int) -> Most:
    """How many rows to read for a screen of this height: as many as it has room for, or more, to scroll to."""
    least = Most()
    return Most(
        lane=max(least.lane, height // 4),
        referrals=max(least.referrals, height // 2),
        log=max(least.log, height // 2),
        attention=max(least.attention, height // 2),
    )


class _Blocks(Vertical):
    """All that stands below the top line of `home`."""

    def __init__(self, home: HomeScreen) -> None:
        super().__init__()
        self._home = home

    def compose(self) -> ComposeResult:
        """What the screen has: it costs more to make than the top line to paint."""
        yield from self._home.blocks()

    def on_mount(self) -> None:
        """Tell the screen that it can be filled."""
        self._home.furnished()


class HomeScreen(RoomScreen):
    """Assignments in lanes, referrals with their clocks, what needs attention, the log, who was heard from."""

    DEFAULT_CSS = """
    HomeScreen #upper { height: 1fr; }
    HomeScreen #lower { height: 1fr; }
    HomeScreen .lane { width: 1fr; }
    HomeScreen .head { height: 1; color: $text-muted; text-style: bold; padding: 0 1; }
    HomeScreen #lanes { display: none; width: 3fr; }
    HomeScreen #side { width: 2fr; }
    HomeScreen #heard { display: none; width: 2fr; }
    HomeScreen #story { width: 3fr; }
    HomeScreen #peers { height: auto; max-height: 50%; }
    HomeScreen #referrals { height: auto; max-height: 60%; }
    HomeScreen #folded { height: 1; padding: 0 1; }
    HomeScreen #places { padding: 0 1; }
    HomeScreen.-wide #lanes { display: block; }
    HomeScreen.-wide #side, HomeScreen.-wide #heard { border-left: solid $panel; }
    HomeScreen.-wide #heard { display: block; }
    HomeScreen.-wide #upper { border-bottom: solid $panel; }
    HomeScreen.-wide #folded { display: none; }
    """

    BINDINGS = [
        Binding("i", "write", N_("Log entry"), id="room.write", tooltip=N_("Type what happens")),
    ]

    HAS_KEYS = True

    def __init__(self) -> None:
        super().__init__()
        self._found: Overview | None = None
        self._lanes: list[str] = []
        self._most = Most()
        self._is_begun = self._is_furnished = False

    @on(TopLine.Drawn)
    def _top_line_drawn(self) -> None:
        """Paint the top line first: the blocks cost more to make than it does."""
        if not self._is_begun:
            self._is_begun = True
            self.call_after_refresh(self._furnish)

    async def _furnish(self) -> None:
        await self.mount(_Blocks(self), after=self.query_one(TopLine))

    def blocks(self) -> ComposeResult:
        """What stands below the top line."""
        yield Static("", id="counts", classes="head", markup=False)
        with Horizontal(id="upper"):
            with Horizontal(id="lanes"):
                for place in range(_LANES_SHOWN):
                    with Vertical(classes="lane", id=f"lane-{place}-column"):
                        yield Static("", id=f"lane-head-{place}", classes="head", markup=False)
                        yield Block(id=f"lane-{place}")
            with Vertical(id="side"):
                yield Static("", id="referrals-head", classes="head", markup=False)
                yield Block(id="referrals")
                yield Static("", id="attention-head", classes="head", markup=False)
                yield Block(id="attention")
        with Horizontal(id="lower"):
            with Vertical(id="story"):
                yield Static("", id="log-head", classes="head", markup=False)
                yield Block(id="log", follows_end=True)
            with Vertical(id="heard"):
                yield Static("", id="peers-head", classes="head", markup=False)
                yield Block(id="peers")
                yield Static("", id="places", markup=False)
        yield Static("", id="folded", markup=False)
        yield QuickEntry(id="entry")

    def furnished(self) -> None:
        """The blocks are there: the keys go to the log, where it ends."""
        self._is_furnished = True
        self.query_one("#log").focus()
        self.reload()

    async def load(self) -> None:
        """Read and show it all."""
        if not self._is_furnished:
            return
        self._most = most = _filling(self.size.height)
        found = await self.try_reading(lambda session: overview(session, most))
        if found is not None:
            self._found = found
            self._share_out(found)
            self.call_after_refresh(self.draw)
        await self.load_entry()

    async def load_entry(self) -> None:
        """What was typed into the line on another screen."""
        await self.query_one(QuickEntry).load()

    def _share_out(self, found: Overview) -> None:
        """Give each lane that holds anything its room."""
        self._lanes = [name for name in LANES if found.lanes[name]][:_LANES_SHOWN] or ["planned"]
        for place in range(_LANES_SHOWN):
            self.query_one(f"#lane-{place}-column").display = place < len(self._lanes)

    def draw(self) -> None:
        """Draw what was read, for the present moment and the room that there is."""
        found = self._found
        if found is None:
            return
        now = self.room.now()
        keys = self.HAS_KEYS and not self.desk.read_only  # those that the empty blocks would name
        for name, content in views.heads_of(found).items():
            self.query_one(f"#{name}", Static).update(content)
        for place, name in enumerate(self._lanes):
            block = self.query_one(f"#lane-{place}", Block)
            self.query_one(f"#lane-head-{place}", Static).update(
                views.lane_head(name, views.lane_count(name, found))
            )
            block.show(
                views.lane(found.lanes[name], found.names, now, block.size.width)
                + views.more_assignments(found, name, keys=self.HAS_KEYS),
                empty=views.no_assignments(keys, found.has_operation),
            )
        side = self.query_one("#side").size.width
        self.query_one("#referrals", Block).show(
            views.referrals(found, now, side) + views.more_referrals(found, keys=self.HAS_KEYS),
            empty=views.no_referrals(keys),
        )
        self.query_one("#attention", Block).show(
            views.attention(found, side) + views.more_attention(found, keys=self.HAS_KEYS),
            empty=views.all_well(keys, found.has_operation),
        )
        self.query_one("#log", Block).show(
            views.log(found, now, self.query_one("#story").size.width),
            empty=views.no_log(keys, found.has_operation),
        )
        heard = self.query_one("#heard").size.width
        self.query_one("#peers", Block).show(views.peers(found, now, heard), empty=views.no_peers(keys))
        self.query_one("#places", Static).update(views.places(found, now, heard))
        self.query_one("#folded", Static).update(views.folded(found, now, self.size.width))

    def on_resize(self) -> None:
        """Draw it anew for the room there is; where there is more of it than was read for, read more."""
        self.call_after_refresh(self.draw)
        if self._found is not None and _filling(self.size.height) != self._most:
            self.reload()

    @property
    def is_ready(self) -> bool:
        """Whether the blocks are there, and filled."""
        return self._is_furnished and super().is_ready

    # ── keys ──

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is written in a room for reading."""
        if action == "write" and (self.desk.read_only or not self._is_furnished):
            return False
        return super().check_action(action, parameters)

    def action_write(self) -> None:
        """Type a log entry."""
        self.query_one(QuickEntry).write()

    @on(QuickEntry.Left)
    def _left(self) -> None:
        self.query_one("#log").focus()

    @on(Block.Opened)
    async def _opened(self, event: Block.Opened) -> None:
        await self.open_entry(event.entry)

    async def open_entry(self, entry: Entry) -> None:
        """Show what a row leads to: a record, or one of the room's screens."""
        from taskforce.records.registry import find_kind  # deferred: until a row is opened
        from taskforce.tui.screens.record import RecordDialog

        kind = find_kind(entry.kind)
        if kind is not None:
            record = await self.try_reading(lambda session: find(session, kind, entry.id))
            if record is not None:
                await self.app.push_screen(RecordDialog(kind, record.id))
        elif entry.kind in self.app.MODES:
            await self.app.switch_mode(entry.kind)
            if isinstance(self.app.screen, RoomScreen):
                self.app.screen.go_to(entry.id)

    def as_command(self) -> str:
        """The command that shows what the cursor is on."""
        focused = self.focused
        entry = focused.pointed if isinstance(focused, Block) else None
        return views.command_of(entry, self.focused.id if self.focused else None)


class WallScreen(HomeScreen):
    """The room without keys, for everybody to look at."""

    HAS_KEYS = False

    def compose(self) -> ComposeResult:
        """No keys are shown: there are none."""
        yield TopLine()

    def blocks(self) -> ComposeResult:
        """As the room, without the line to type into."""
        yield from (each for each in super().blocks() if not isinstance(each, QuickEntry))

    def furnished(self) -> None:
        """Nothing is focused."""
        self._is_furnished = True
        for block in self.query(Block):
            block.can_focus = False
        self.reload()

    async def load_entry(self) -> None:
        """There is no line."""
