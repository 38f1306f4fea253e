"""Turns down what is proposed, or takes back what one's own agency proposed: a line for the reason, then it is done."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from taskforce.actions import proposing
from taskforce.actions.proposing import Proposed
from taskforce.actions.session import Session
from taskforce.i18n import N_, _
from taskforce.labels import field_labels
from taskforce.records.schema import Field, Type
from taskforce.tui.as_command import command_line
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import TypedDialog
from taskforce.tui.widgets.fields import FieldRow
from taskforce.tui.widgets.keys_line import KeysLine
from taskforce.tui.working import unhurried
from taskforce.views import Line

_REASON = Field(
    "reason",
    Type.TEXT,
    "",
    N_("Reason"),
    N_("goes back to who proposed it; may be left empty; name nobody here"),
)


class RejectDialog(TypedDialog[list[Proposed]]):
    """Leaves with what was turned down or taken back."""

    DEFAULT_CSS = """
    RejectDialog > Vertical {
        width: 80;
        max-width: 100%;
        height: auto;
        background: $surface;
        border: round $primary;
    }
    RejectDialog Static { padding: 0 1; height: auto; }
    RejectDialog FieldRow { margin: 1 0; }
    """

    BINDINGS = [
        Binding(
            "ctrl+s",
            "save",
            N_("Turn it down"),
            id="reject.save",
            key_display="enter",
            tooltip=N_("It waits no longer, at whoever proposed it, too, once your next bundle is there"),
        ),
        Binding(
            "escape",
            "leave",
            N_("Leave it waiting"),
            id="reject.leave",
            key_display="esc",
            tooltip=N_("Nothing is decided; the reason stays for next time"),
        ),
    ]

    def __init__(self, one: Proposed) -> None:
        super().__init__()
        self.one = one
        self.draft_key = f"{one.kind.name}/{one.id}/reject/{one.edit}"

    def compose(self) -> ComposeResult:
        """What is turned down, and the line."""
        one = self.one
        title = (
            _("Reject what %(agency)s proposes for %(ref)s?")
            if one.is_ours
            else _("Take back what %(agency)s proposes for %(ref)s?")
        )
        told = _("%(fields)s: nothing changes. z does not bring it back, but it can be proposed again.")
        with Vertical():
            yield Static(
                content_of(
                    Line(title % {"agency": one.agency, "ref": one.label} + "\n", "heading"),
                    Line(told % {"fields": field_labels(one.kind, one.fields)}, "muted"),
                ),
                markup=False,
            )
            yield FieldRow(_REASON)
            yield KeysLine()

    async def on_mount(self) -> None:
        """Type at once, going on with what was typed last time."""
        await self.bring_back()
        self.query_one(FieldRow).focus_line()

    @property
    def reason(self) -> str:
        """Why, on one line."""
        return " ".join(self.query_one(FieldRow).text.split())

    def typed(self) -> dict[str, str]:
        """The reason."""
        return {"reason": self.query_one(FieldRow).text} if self.reason else {}

    def fill(self, typed: Mapping[str, str]) -> None:
        """Put the reason back into its line."""
        self.query_one(FieldRow).text = typed.get("reason", "")

    @on(FieldRow.Changed)
    def _changed(self) -> None:
        self.keep_soon()

    @on(FieldRow.Done)
    async def _done(self) -> None:
        await self.action_save()

    @unhurried
    async def action_save(self) -> None:
        """Turn it down, or take it back."""
        if self.refuses_unseen():
            return
        one, reason = self.one, self.reason

        def work(session: Session) -> list[Proposed]:
            done = proposing.reject(session, [one], reason)
            self.used(session)
            return done

        sentence = (
            _("%(ref)s: rejected what %(agency)s proposed")
            if one.is_ours
            else _("%(ref)s: what %(agency)s proposed is taken back")
        )
        await self.act_and_leave(work, lambda _done: sentence % {"ref": one.label, "agency": one.agency})

    def as_command(self) -> str:
        """The command that does the same."""
        words = ["--reason", self.reason] if self.reason else []
        return command_line("proposal", "reject", self.one.label, "--from", self.one.agency, *words)
