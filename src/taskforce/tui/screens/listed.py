"""A list in a dialog, and below it all about the row under the cursor."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import OptionList, Static

from taskforce.i18n import N_
from taskforce.tui.exchange_views import Listed, Row, View
from taskforce.tui.screens.base import RoomDialog
from taskforce.tui.text_lines import laid_out
from taskforce.tui.widgets.keys_line import KeysLine
from taskforce.tui.widgets.listed_box import ListedBox

_WIDEST = 110


class ListedDialog(RoomDialog[None]):
    """Shows a view, read anew when the store changes; enter opens a row's record."""

    DEFAULT_CSS = """
    ListedDialog > Vertical {
        width: 110;
        max-width: 100%;
        height: 95%;
        background: $surface;
        border: round $primary;
    }
    ListedDialog ListedBox { display: block; width: 100%; height: 40%; }
    ListedDialog PickList { background: $surface; }
    ListedDialog #about { height: 1fr; padding: 0 1; border-top: solid $panel; scrollbar-size-vertical: 1; }
    """

    BINDINGS = [
        Binding(
            "escape,q",
            "leave",
            N_("Leave"),
            id="listed.leave",
            key_display="esc",
            tooltip=N_("Back to where the list was opened"),
        ),
        Binding(
            "y",
            "app.copy_command",
            N_("Copy as command"),
            id="listed.copy",
            tooltip=N_("The command for the row under the cursor, on the clipboard"),
            show=False,
        ),
    ]

    def __init__(self, view: View) -> None:
        super().__init__()
        self.view = view
        self._listed: Listed | None = None

    def compose(self) -> ComposeResult:
        """The list, all about a row, the keys."""
        with Vertical():
            yield ListedBox(id="listed")
            with VerticalScroll(id="about"):
                yield Static("", id="about-row", markup=False)
            yield KeysLine()

    async def on_mount(self) -> None:
        """Read it."""
        self.query_one("#rows").focus()
        await self.load()

    def on_resize(self) -> None:
        """Use the room there is."""
        self._draw()

    @property
    def pointed(self) -> Row | None:
        """The row under the cursor."""
        return self.query_one(ListedBox).pointed

    async def load(self) -> None:
        """Read the view."""
        view, now = self.view, self.room.now()
        found = await self.try_reading(lambda session: view.read(session, now))
        if found is None or self.view is not view or self.is_left:
            return
        self._listed = found
        self._draw()

    def turn_to(self, view: View) -> None:
        """Show another view in its place."""
        self.view, self._listed = view, None
        self.query_one(ListedBox).clear()
        self.query_one("#about-row", Static).update("")
        self.query_one("#rows").focus()
        self.reload()

    def _draw(self) -> None:
        if self._listed is not None:
            self.query_one(ListedBox).show(self.view, self._listed, self._width)
            self._draw_detail()

    @property
    def _width(self) -> int:
        return min(_WIDEST, self.app.size.width) - 5

    @on(OptionList.OptionHighlighted, "#rows")
    def _row_pointed(self) -> None:
        self._draw_detail()

    def _draw_detail(self) -> None:
        row = self.pointed
        self.query_one("#about-row", Static).update(
            laid_out(row.detail, self._width, indent=6) if row else ""
        )
        self.refresh_bindings()

    @on(OptionList.OptionSelected, "#rows")
    async def _row_chosen(self) -> None:
        row = self.pointed
        dialog = row.opened() if row is not None else None
        if dialog is not None:
            await self.room.push_screen(dialog)

    def as_command(self) -> str:
        """The command for the row under the cursor, or the one that lists the same."""
        return row.command if (row := self.pointed) is not None else self.view.command
