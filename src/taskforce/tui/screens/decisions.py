"""An edit in quarantine, and a feed that forked: looked at first, then a decision, with what it does, then enter."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from textual.binding import Binding
from textual.containers import VerticalScroll

from taskforce.actions import feeds, quarantined
from taskforce.actions.quarantined import Decided, Quarantined, ref_of
from taskforce.actions.session import Session
from taskforce.errors import TaskforceError
from taskforce.i18n import N_, _
from taskforce.reports import feed_views, quarantine_views
from taskforce.text import cells
from taskforce.tui.as_command import command_line
from taskforce.tui.room_keys import PREVIEW_KEYS
from taskforce.tui.screens.previews import Preview
from taskforce.tui.working import unhurried
from taskforce.views import Line

_LABEL_CELLS, _BESIDE_CELLS = 16, 20


@dataclass(frozen=True, slots=True)
class _Choice:
    """What somebody wants to decide: an edit, by its ref, or a feed; let in or forgotten."""

    text: str
    admits: bool


class _Decision(Preview[Decided]):
    """Shows something that waits. A key says what is wanted, and what that would do is shown; enter does it."""

    _choice: _Choice | None = None
    _would: Decided | None = None

    @property
    def can_do(self) -> bool:
        """Whether it is shown what the decision does."""
        return self._choice is not None and self._would is not None

    @abstractmethod
    async def told(self) -> list[Line | str]:
        """What is decided on."""

    async def preview(self) -> None:
        """Show what is decided on, and what the decision would do."""
        self._would = None
        choice = self._choice
        try:
            lines = await self.told()
            if choice is not None:
                lines += ["", *await self._outcome(choice)]
        except TaskforceError as error:
            self._choice = None
            self.show_error(choice.text if choice else _("Not there"), error)
            return
        self.show(lines)
        if choice is not None:
            self.query_one(VerticalScroll).scroll_end(animate=False)

    async def _outcome(self, choice: _Choice) -> list[Line | str]:
        if not choice.admits:
            self._would = Decided((choice.text,), (), applied=False)
            return [
                Line(_("Drop it: enter forgets this edit"), "heading"),
                "  " + _("It does not come back with another bundle; the history keeps that it was dropped."),
                "  " + _("This cannot be taken back."),
            ]
        would = await self.desk.look_into(lambda session: quarantined.would_admit(session, choice.text))
        self._would = would
        told = quarantine_views.decided_lines(would, [ref_of(one) for one in would.left], admitted=True)
        return [
            Line(_("Admit %(what)s: enter lets it in") % {"what": choice.text}, "heading"),
            *("  " + (line.text if isinstance(line, Line) else line) for line in told),
            "  "
            + _("What it sets counts from then on; where others set the same unseen, that is a conflict."),
            "  " + _("Another edit with the same number stays out for good. This cannot be taken back."),
        ]

    async def do(self) -> None:
        """Decide as is shown."""
        choice, would = self._choice, self._would
        if choice is None or would is None:
            return

        def decide(session: Session) -> Decided:
            if choice.admits:
                return quarantined.admit(session, choice.text, shown=would)
            return quarantined.drop(session, choice.text)

        self.begin_work(_("Admitting") if choice.admits else _("Dropping"))
        try:
            is_done = await self.act_and_leave(
                decide, lambda one: quarantine_views.decided(one, admitted=choice.admits)
            )
        finally:
            self.end_work()
        if not is_done:
            self._choice = None
            self.look()

    @unhurried
    async def choose(self, choice: _Choice) -> None:
        """Show what a decision would do."""
        self._choice = choice
        await self.preview()

    def decision_as_command(self) -> str:
        """The command that does what enter does; empty where nothing was chosen."""
        if self._choice is None:
            return ""
        return command_line("quarantine", "admit" if self._choice.admits else "drop", self._choice.text)


class QuarantinedDialog(_Decision):
    """One edit that waits: why, whose it is, what it would change."""

    BINDINGS = [
        Binding(
            "enter", "do", N_("Do it"), id="decision.do", tooltip=N_("Admits or drops, as the last lines say")
        ),
        Binding(
            "A",
            "admit",
            N_("Admit"),
            id="decision.admit",
            tooltip=N_("Shows what letting it in does; enter lets it in"),
        ),
        Binding(
            "D",
            "drop",
            N_("Drop"),
            id="decision.drop",
            tooltip=N_("Shows what forgetting it does; enter forgets it"),
        ),
        *PREVIEW_KEYS,
    ]

    def __init__(self, ref: str) -> None:
        super().__init__()
        self._ref = ref
        self._one: Quarantined | None = None

    async def told(self) -> list[Line | str]:
        """The edit, field by field."""
        self._one = None
        seen = await self.desk.read(lambda session: quarantined.look(session, self._ref))
        self._one = seen.one
        fields = quarantine_views.fields_of(seen)
        lines: list[Line | str] = [Line(fields.title, "heading"), ""]
        for label, value in fields.pairs:
            text, style = (value.text, value.style) if isinstance(value, Line) else (value, "")
            lines.append(Line(f"  {label}{' ' * max(1, _LABEL_CELLS - cells(label))}{text}", style))
        return lines

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what may be decided about this edit."""
        if action in ("admit", "drop"):
            one = self._one
            may = one is not None and (one.may_enter if action == "admit" else one.may_drop)
            return may and not self.desk.read_only and not self.is_working
        return super().check_action(action, parameters)

    async def action_admit(self) -> None:
        """Show what letting it in does."""
        await self.choose(_Choice(self._ref, admits=True))

    async def action_drop(self) -> None:
        """Show what forgetting it does."""
        await self.choose(_Choice(self._ref, admits=False))

    def as_command(self) -> str:
        """The command that does what enter does; before a decision, the one that shows the edit."""
        return self.decision_as_command() or command_line("quarantine", "show", self._ref)


class FeedDialog(_Decision):
    """A feed; of one that forked both sides, and what waits."""

    BINDINGS = [
        Binding(
            "enter", "do", N_("Do it"), id="decision.do", tooltip=N_("Admits or drops, as the last lines say")
        ),
        Binding(
            "1",
            "side(1)",
            N_("Admit first"),
            id="feed.first",
            tooltip=N_("Shows what letting the first side in does; enter lets it in"),
        ),
        Binding(
            "2",
            "side(2)",
            N_("Admit second"),
            id="feed.second",
            tooltip=N_("Shows what letting the second side in does; enter lets it in"),
        ),
        Binding(
            "A",
            "later",
            N_("Admit the later ones"),
            id="feed.later",
            tooltip=N_("All that came after the fork"),
        ),
        *PREVIEW_KEYS,
    ]

    def __init__(self, feed: str) -> None:
        super().__init__()
        self._feed = feed
        self._sides: list[str] = []
        self._has_later = False

    async def told(self) -> list[Line | str]:
        """The feed, and both sides where it forked."""
        self._sides, self._has_later = [], False
        one, halves = await self.desk.read(lambda session: feeds.show_feed(session, self._feed))
        state = feed_views.state(one)
        lines = feed_views.head_lines(one)
        if state:
            lines.append(Line(f"  ≠ {state}", "conflict") if one.forked_at else f"  {state}")
        if not halves:
            return lines
        choices = feed_views.to_decide(one, halves)
        self._has_later = one.feed in choices
        self._sides = [each for each in choices if each != one.feed]
        widest = (min(110, self.app.size.width) - 5 - _BESIDE_CELLS) // len(halves)
        return [
            *lines,
            "",
            *feed_views.side_by_side(halves, min(feed_views.WIDEST, widest)),
            "",
            feed_views.why_it_waits(one),
            *feed_views.what_is_left(one, halves, commands=False),
        ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what may be decided about this feed."""
        if action == "side":
            is_there = isinstance(parameters[0], int) and parameters[0] <= len(self._sides)
            return is_there and not self.desk.read_only and not self.is_working
        if action == "later":
            return self._has_later and not self.desk.read_only and not self.is_working
        return super().check_action(action, parameters)

    async def action_side(self, number: int) -> None:
        """Show what letting in one of the two sides does."""
        await self.choose(_Choice(self._sides[number - 1], admits=True))

    async def action_later(self) -> None:
        """Show what letting in all later edits does."""
        await self.choose(_Choice(self._feed, admits=True))

    def as_command(self) -> str:
        """The command that does what enter does; before a decision, the one that shows the feed."""
        return self.decision_as_command() or command_line("feed", "show", self._feed)
