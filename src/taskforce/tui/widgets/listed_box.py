"""What the screen of exchange lists in place of peers and inbox: a title, and the rows below it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from taskforce.tui.exchange_views import Listed, Row, View
from taskforce.tui.safety import content_of
from taskforce.tui.text_lines import laid_out
from taskforce.tui.widgets.pick_list import PickList
from taskforce.views import Line


class ListedBox(Vertical):
    """One view at a time; the cursor stays with its row when it is read again."""

    DEFAULT_CSS = """
    ListedBox { width: 1fr; padding: 0 1; display: none; }
    ListedBox #above { height: auto; max-height: 40%; margin-bottom: 1; }
    ListedBox #rows { height: 1fr; }
    """

    _rows: tuple[Row, ...] = ()

    def compose(self) -> ComposeResult:
        """Title and rows."""
        yield Static("", id="above", markup=False)
        yield PickList(id="rows")

    def show(self, view: View, listed: Listed, width: int) -> None:
        """Show what was read."""
        self._rows = listed.rows
        head = content_of(Line(view.heading(), "heading"), Line(f"  {listed.title}", "muted"))
        more = listed.cut_line()
        above = [*listed.above, *([Line(more, "muted")] if more else [])]
        self.query_one("#above", Static).update(head + "\n" + laid_out(above, width) if above else head)
        self.query_one("#rows", PickList).show(
            [(row.id, row.content(width)) for row in listed.rows],
            nothing=laid_out([Line(view.nothing(), "muted")], width),
        )

    def clear(self) -> None:
        """Show nothing, until another view is read; its cursor begins at the top."""
        self._rows = ()
        self.query_one("#above", Static).update("")
        self.query_one("#rows", PickList).clear_options()

    @property
    def pointed(self) -> Row | None:
        """The row under the cursor."""
        picked = self.query_one("#rows", PickList).picked
        return next((row for row in self._rows if row.id == picked), None)

    def point_at(self, name: str) -> None:
        """Put the cursor on the row that is called so, or on the first of whose it is."""
        places = [place for place, row in enumerate(self._rows) if row.id == name]
        places += [place for place, row in enumerate(self._rows) if row.whose == name]
        if places:
            self.query_one("#rows", PickList).highlighted = places[0]
