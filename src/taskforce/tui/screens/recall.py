"""After something stopped a flow: who has already what they may not have any more, and whether to recall it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from taskforce.actions.session import Session
from taskforce.i18n import N_, _, ngettext
from taskforce.reports import recall_views
from taskforce.tui.screens.base import RoomDialog
from taskforce.tui.text_lines import laid_out
from taskforce.tui.widgets.keys_line import KeysLine
from taskforce.tui.working import unhurried
from taskforce.views import Line

if TYPE_CHECKING:
    from taskforce.actions.overheld import Overheld
    from taskforce.tui.app import TaskforceApp


class RecallDialog(RoomDialog[bool]):
    """Who has what; enter prepares the recalls, escape leaves it with them."""

    DEFAULT_CSS = """
    RecallDialog > Vertical {
        width: 90;
        max-width: 100%;
        height: auto;
        max-height: 95%;
        background: $surface;
        border: round $primary;
    }
    RecallDialog VerticalScroll { height: auto; max-height: 75vh; padding: 0 1; scrollbar-size-vertical: 1; }
    RecallDialog Footer { dock: none; }
    """

    BINDINGS = [
        Binding(
            "enter",
            "recall",
            N_("Recall it"),
            id="recall.prepare",
            tooltip=N_("Ask them to drop it: the notices go with the next bundles"),
        ),
        Binding(
            "escape",
            "leave",
            N_("Leave it with them"),
            id="recall.leave",
            key_display="esc",
            tooltip=N_("Nothing more goes; what they have stays with them until it is recalled"),
        ),
    ]

    def __init__(self, held: Sequence[Overheld]) -> None:
        super().__init__()
        self._held = list(held)

    def compose(self) -> ComposeResult:
        """Who has what, and the keys."""
        with Vertical():
            with VerticalScroll():
                yield Static("", id="held", markup=False)
            yield KeysLine()

    def on_mount(self) -> None:
        """Show it."""
        self.query_one(VerticalScroll).focus()
        self._draw()

    def on_resize(self) -> None:
        """Lay the lines out anew."""
        self._draw()

    def _draw(self) -> None:
        head = ngettext(
            "%(count)d thing was told before and may not be had any more; nothing more of it goes:",
            "%(count)d things were told before and may not be had any more; nothing more of them goes:",
            len(self._held),
        )
        lines: list[Line | str] = [Line(head % {"count": len(self._held)}, "heading"), ""]
        lines += [Line(f"! {recall_views.overheld_line(one)}", "late") for one in self._held]
        lines += ["", Line(_("once recalled, they drop it and say so with their next bundle"), "muted")]
        self.query_one("#held", Static).update(laid_out(lines, min(90, self.app.size.width) - 5))

    @unhurried
    async def action_recall(self) -> None:
        """Prepare the recalls, as one thing done."""
        if self.refuses_unseen():
            return
        held = self._held

        def recall(session: Session) -> bool:
            from taskforce.actions.recalling import prepare_all  # deferred: until something is recalled

            prepare_all(session, held)
            return True

        def done(_done: bool) -> str:
            text = ngettext(
                "%(count)d recall is prepared: it goes with the next bundle",
                "%(count)d recalls are prepared: they go with the next bundles",
                len(held),
            )
            return text % {"count": len(held)}

        await self.act_and_leave(recall, done)

    def as_command(self) -> str:
        """The commands that recall the same."""
        return " && ".join(recall_views.recall_command(one) for one in self._held)


def offer_recalls(room: TaskforceApp, held: Sequence[Overheld]) -> None:
    """Ask what is to become of what others have; say so where nobody has anything."""
    if held:
        room.push_screen(RecallDialog(held))
    else:
        room.say(_("nothing of it is with anybody who may not have it, as far as is recorded here"))
