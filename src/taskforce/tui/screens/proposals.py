"""The proposals: what others would change of what is ours to decide, and we of theirs; accept, reject, take back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.widgets import OptionList, Static

from taskforce.actions import proposing
from taskforce.actions.proposing import Proposed
from taskforce.actions.session import Session
from taskforce.i18n import N_, _
from taskforce.labels import field_labels
from taskforce.store.queries import Record
from taskforce.tui import proposal_lines as lines
from taskforce.tui.as_command import command_line
from taskforce.tui.proposal_keys import LISTED_KEYS, PROPOSAL_KEYS
from taskforce.tui.proposal_lines import Listed, Marked, is_open, key_of
from taskforce.tui.screens.base import RoomScreen
from taskforce.tui.screens.reject import RejectDialog
from taskforce.tui.text_lines import laid_out
from taskforce.tui.widgets.block import SLIPPING
from taskforce.tui.widgets.pick_list import PickList
from taskforce.tui.working import begin, unhurried

_LIST_CELLS = 48
"""Of the list where it stands beside the proposal."""

_FIELD_ROWS = 4
"""Of a field that is pointed at are brought into sight: its name, both values, and a row of what follows."""


_State = tuple[str, tuple[str, ...], str]
"""A proposal as it is seen: which, its fields, and what stands there."""


class ProposalList(PickList, inherit_bindings=False):
    """The proposals, two lines each."""

    BINDINGS = LISTED_KEYS

    HELP = N_(
        "Changes that only propose: each waits until an agency that may make it accepts it. Those that are yours to "
        "decide stand first."
    )


class ProposalsScreen(RoomScreen):
    """The list, and beside or below it the proposal under the cursor, field by field."""

    # Not DEFAULT_CSS: the app's own rules for #detail would win over that.
    CSS = """
    ProposalsScreen #proposals { height: 1fr; layout: vertical; }
    ProposalsScreen #list { width: 1fr; height: auto; max-height: 45%; padding: 0 1; }
    ProposalsScreen #list-title { height: auto; }
    ProposalsScreen ProposalList { height: auto; max-height: 100%; }
    ProposalsScreen #detail {
        display: block; width: 1fr; height: 1fr; border-left: none; border-top: solid $panel;
    }
    ProposalsScreen.-wide #proposals { layout: horizontal; }
    ProposalsScreen.-wide #list { width: 48; height: 1fr; max-height: 100%; }
    ProposalsScreen.-wide #detail { width: 1fr; height: 1fr; border-top: none; border-left: solid $panel; }
    """

    BINDINGS = PROPOSAL_KEYS

    def __init__(self) -> None:
        super().__init__()
        self._found = Listed((), {}, 0)
        self._settled = False
        self._wanted = ""  # the record to point at once it is read
        self._one: Proposed | None = None
        self._names: Mapping[str, str] | None = None
        self._marked = Marked()
        self._decided: set[_State] = set()  # what somebody here has decided on
        self._slipped_at = -SLIPPING

    def body(self) -> ComposeResult:
        """The list, and the proposal under the cursor."""
        with Horizontal(id="proposals"):
            with Vertical(id="list"):
                yield Static("", id="list-title", markup=False)
                yield ProposalList(id="waiting")
            with VerticalScroll(id="detail"):
                yield Static("", id="record", markup=False)

    def on_mount(self) -> None:
        """The keys go to the list."""
        self.query_one(ProposalList).focus()

    def on_resize(self) -> None:
        """Draw it for the room there is."""
        self.call_after_refresh(self._draw)

    # ── reading ──

    async def load(self) -> None:
        """Read the proposals; the cursor stays with its own, or goes to the next in its place."""
        settled = self._settled
        found = await self.try_reading(lambda session: lines.listed(session, settled=settled))
        if found is None or settled != self._settled:
            return
        before = self._one
        self._found = found
        self._show_list()
        wanted, self._wanted = self._wanted, ""
        asked = [one for one in found.found if wanted and wanted in (one.id, one.label)]
        if asked:
            self.query_one(ProposalList).point_at(key_of(asked[0]))
        now = self.pointed
        if before is not None and now is not None and _state(before) != _state(now):
            is_own = asked or _state(before) in self._decided
            self._slipped_at = -SLIPPING if is_own else time.monotonic()
        await self._show_pointed()

    def _show_list(self) -> None:
        found, width = self._found, self._list_width
        self.query_one("#list-title", Static).update(lines.title_of(found))
        self.query_one(ProposalList).show(
            [(key_of(one), lines.row_of(one, found.titles[key_of(one)], width)) for one in found.found],
            nothing=laid_out(lines.nothing_proposed(), width, indent=0),
        )

    @property
    def _list_width(self) -> int:
        return (_LIST_CELLS if self.has_class("-wide") else self.size.width) - 4

    @property
    def _detail_width(self) -> int:
        """Beside the list there are its border, and in both places a margin and a scrollbar."""
        return self.size.width - (_LIST_CELLS + 4 if self.has_class("-wide") else 3)

    @property
    def pointed(self) -> Proposed | None:
        """The proposal under the cursor."""
        picked = self.query_one(ProposalList).picked
        return next((one for one in self._found.found if key_of(one) == picked), None)

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        pointed = self.pointed
        if self._one is None or pointed is None or key_of(pointed) != key_of(self._one):
            begin(self, self._show_pointed, "record")

    async def _show_pointed(self) -> None:
        """Read what is drawn of the proposal under the cursor, and draw it."""
        one = self.pointed
        names: dict[str, str] | None = None
        if one is not None and self._may_show(one):
            names = await self.try_reading(lambda session: proposing.names_in(session, one))
            if names is None or self.pointed is not one:
                return
        self._marked = _still_marked(self._one, one, self._marked)
        self._one, self._names = one, names
        self._draw()
        self.sees(
            [lines.place_of(one)] if one is not None and names is not None and lines.is_private(one) else []
        )
        self.refresh_bindings()

    def _may_show(self, one: Proposed) -> bool:
        return lines.may_show(self.desk.looks, one)

    def _draw(self) -> None:
        if not self.is_attached:
            return
        if self._found.found:
            self._show_list()
        one, content = self._one, Content("")
        if one is not None and key_of(one) in self._found.titles:
            title, width = self._found.titles[key_of(one)], self._detail_width
            content = lines.whole_of(one, title, self._names, self._marked, width)
        self.query_one("#record", Static).update(content)

    def go_to(self, where: str) -> None:
        """Point at what is proposed for a record: by its id, or as people call it."""
        self._wanted = where
        self.reload()

    # ── moving ──

    def action_go_on(self, by: int) -> None:
        """Point at another proposal."""
        listed = self.query_one(ProposalList)
        if listed.highlighted is not None and self._found.found:
            listed.highlighted = (listed.highlighted + by) % len(self._found.found)

    def action_settled(self) -> None:
        """Show also what was decided, or no longer."""
        self._settled = not self._settled
        self.reload()

    def action_point(self, by: int) -> None:
        """Point at another field, and bring it into sight."""
        if self._one is not None:
            names = lines.fields_of(self._one)
            at = names.index(self._marked.pointed) + by
            self._marked = Marked(names[max(0, min(at, len(names) - 1))], self._marked.fields)
            self._draw()
            self.call_after_refresh(self._scroll_to_pointed)

    def _scroll_to_pointed(self) -> None:
        content = self.query_one("#record", Static).content
        rows = content.plain.split("\n") if isinstance(content, Content) else []
        at = next((row for row, text in enumerate(rows) if text.startswith(lines.POINTER)), 0)
        self.query_one("#detail").scroll_to_region(Region(0, at, 1, _FIELD_ROWS), animate=False)

    def action_mark(self) -> None:
        """Mark the field that is pointed at, or no longer."""
        self._marked = Marked(self._marked.pointed, self._marked.fields ^ {self._marked.pointed})
        self._draw()

    @on(OptionList.OptionSelected)
    def _opened(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if (one := self.pointed) is None:
            return
        if not self._may_show(one):
            self.with_reason(one.as_proposed, self.reload)
        elif one.record is not None:
            from taskforce.tui.screens.record import RecordDialog  # deferred: until one is opened

            self.app.push_screen(RecordDialog(one.kind, one.id))

    # ── deciding ──

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with this proposal, and nothing that changes in a room for reading."""
        one = self.pointed if self.is_mounted else None
        if action in ("accept", "mark", "point", "reject", "take_back"):
            if one is None or self.desk.read_only or not is_open(one) or not self._may_show(one):
                return False
            if action == "take_back":
                return one.by_us and not one.is_ours
            return one.is_ours and (action in ("accept", "reject") or len(one.fields) > 1)
        if action == "go_on":
            return len(self._found.found) > 1
        return super().check_action(action, parameters)

    def _refuses_slipped(self) -> bool:
        """Whether a key was probably meant for the proposal that stood here a moment ago; says so."""
        if self.refuses_unseen():
            return True
        if time.monotonic() - self._slipped_at >= SLIPPING:
            return False
        self.room.say(_("nothing was decided: another proposal has come to this place"), is_error=True)
        return True

    points_at_record = True

    async def current(self) -> Record | None:
        """The record that the proposal under the cursor is about."""
        one = self.pointed
        return one.record if one is not None else None

    async def _drawn(self) -> Proposed | None:
        """The proposal under the cursor, once it is drawn; None where its values may not be shown."""
        if self._one is not self.pointed:
            await self._show_pointed()
        is_drawn = self._one is self.pointed and self._names is not None
        return self._one if is_drawn else None

    @property
    def _accepted(self) -> list[str]:
        """The fields that are accepted: those marked, in their order; none means all."""
        fields = [] if self._one is None else lines.fields_of(self._one)
        return [name for name in fields if name in self._marked.fields]

    @unhurried
    async def action_accept(self) -> None:
        """Let what is proposed stand."""
        if self._refuses_slipped() or (one := await self._drawn()) is None:
            return
        names = self._accepted

        def work(session: Session) -> list[Proposed]:
            return proposing.accept(session, [one], names)

        told = {"ref": one.label, "agency": one.agency, "fields": field_labels(one.kind, names or one.fields)}
        sentence = _("%(ref)s: accepted what %(agency)s proposed: %(fields)s; z takes it back") % told
        self._decided.add(_state(one))
        if await self.try_acting(work, sentence) is None:
            self._decided.discard(_state(one))
        await self.load()

    async def action_reject(self) -> None:
        """Turn it down, after a line for the reason."""
        if not self._refuses_slipped() and (one := await self._drawn()) is not None:
            self._decided.add(_state(one))
            self.app.push_screen(RejectDialog(one), partial(self._rejected, one))

    async def action_take_back(self) -> None:
        """Propose it no longer, after a line for the reason."""
        await self.action_reject()

    def _rejected(self, one: Proposed, done: list[Proposed] | None) -> None:
        if not done:
            self._decided.discard(_state(one))

    # ── the same as a command ──

    def as_command(self) -> str:
        """The command that decides on the proposal as the first key does, or shows it."""
        one = self._one
        if one is None:
            return command_line("proposal", "list", *(["--all"] if self._settled else []))
        ref = one.label
        if not is_open(one) or not (one.is_ours or one.by_us):
            return command_line("proposal", "show", ref) if is_open(one) else "taskforce proposal list --all"
        if not one.is_ours:
            return command_line("proposal", "reject", ref, "--from", one.agency)
        names = self._accepted or (lines.fields_of(one) if self._is_one_of_several(one) else [])
        words = [word for name in names for word in ("--field", name.replace("_", "-"))]
        return command_line("proposal", "accept", ref, "--from", one.agency, *words)

    def _is_one_of_several(self, one: Proposed) -> bool:
        """Whether the same agency proposes something else for the record, too, which the command would accept."""
        same = [each for each in self._found.found if (each.id, each.agency) == (one.id, one.agency)]
        return sum(map(is_open, same)) > 1


def _state(one: Proposed) -> _State:
    """What a key that is pressed now is meant for."""
    return key_of(one), one.fields, str(sorted(one.stands.items()))


def _still_marked(before: Proposed | None, now: Proposed | None, marked: Marked) -> Marked:
    """What is pointed at and marked, as far as it is there now; nothing of another proposal."""
    if now is None or before is None or key_of(before) != key_of(now):
        return Marked(lines.fields_of(now)[0] if now is not None else "")
    pointed = marked.pointed if marked.pointed in now.fields else lines.fields_of(now)[0]
    return Marked(pointed, marked.fields & set(now.fields))
