"""The values of one conflict, side by side or one below the other, with what each of its authors knew."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from taskforce.i18n import N_, _
from taskforce.reports import conflict_story, conflict_views
from taskforce.text import safe
from taskforce.tui.deciding import Drawn, Pieces
from taskforce.tui.safety import content_of
from taskforce.views import Line


class SideBox(Static):
    """One value, and who, when, where and through whom."""

    DEFAULT_CSS = """
    SideBox {
        height: auto;
        width: 1fr;
        padding: 0 1;
        border: round $foreground 40%;
        border-title-color: $foreground;
    }
    SideBox.-pointed { border: heavy $primary; }
    """

    class Clicked(Message):
        """The mouse chose the side `number`."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, number: int) -> None:
        super().__init__("", markup=False)
        self.number = number

    def show(self, one: Drawn, *, pointed: bool) -> None:
        """Draw this side of a conflict."""
        conflict, number = one.conflict, self.number
        side = conflict.sides[number - 1]
        device = _("device %(device)s") % {"device": side.device[:4]}
        edited = f"\n{conflict_views.edited(conflict.record.kind, side.fields)}" if side.fields else ""
        told = content_of(
            edited + "\n\n" + conflict_views.set_by(side.by, side.agency, side.at),
            Line(f" · {device}\n{conflict_views.way(side.agency, side.here, side.carrier)}\n", "muted"),
            *(_on_own_line(line) for line in one.pasts[number - 1]),
            Line(conflict_views.unseen(number, len(conflict.sides)), "muted"),
        )
        self.update(_marked(one.values[number - 1]).append(told))
        title = f"▸ {number}" if pointed else str(number)
        if side.shown:
            title += " · " + _("shown meanwhile")
        self.border_title = content_of(title)  # a str would be parsed as markup
        self.set_class(pointed, "-pointed")

    def on_click(self) -> None:
        """Point at this side."""
        self.post_message(self.Clicked(self.number))


def _marked(pieces: Pieces) -> Content:
    """A value; where it is compared with another, the words that differ are bold and underlined."""
    compared = any(differs for _piece, differs in pieces)
    same = "" if compared else "bold"
    return Content("").join(
        Content.styled(safe(piece, keep_newlines=True), "bold underline" if differs else same)
        for piece, differs in pieces
    )


class Sides(VerticalScroll, can_focus=True, inherit_bindings=False):
    """The value before, the sides, and which of them is shown meanwhile. Scrolls where they are long."""

    DEFAULT_CSS = """
    Sides { height: 1fr; scrollbar-size-vertical: 1; }
    Sides > Static { height: auto; padding: 0 1; }
    Sides > Container { height: auto; layout: vertical; }
    """

    HELP = N_(
        "Values that people set without having seen each other's. A number takes one of them; the later clock "
        "decides only what is shown until then. Words that only one text has are underlined."
    )

    BINDINGS = [
        Binding(
            "j",
            "scroll_down",
            N_("Scroll down"),
            id="sides.down",
            tooltip=N_("One line further down in what is compared"),
            show=False,
        ),
        Binding(
            "k",
            "scroll_up",
            N_("Scroll up"),
            id="sides.up",
            tooltip=N_("One line further up in what is compared"),
            show=False,
        ),
        Binding(
            "pagedown,space",
            "page_down",
            N_("A page down"),
            id="sides.page-down",
            tooltip=N_("One screenful further down in what is compared"),
            show=False,
        ),
        Binding(
            "pageup",
            "page_up",
            N_("A page up"),
            id="sides.page-up",
            tooltip=N_("One screenful further up in what is compared"),
            show=False,
        ),
        Binding(
            "home,g",
            "scroll_home",
            N_("To the top"),
            id="sides.top",
            tooltip=N_("To what stood before the values"),
            show=False,
        ),
        Binding(
            "end,G",
            "scroll_end",
            N_("To the end"),
            id="sides.end",
            tooltip=N_("To the end of the last value"),
            show=False,
        ),
    ]

    def compose(self) -> ComposeResult:
        """What stood before, the sides, and what is shown meanwhile."""
        yield Static("", id="before", markup=False)
        yield Container(id="boxes")
        yield Static("", id="meanwhile", markup=False)

    async def show(self, one: Drawn, pointed: int) -> None:
        """Draw a conflict, pointing at the side `pointed` (1, 2, …)."""
        conflict = one.conflict
        boxes = list(self.query(SideBox))
        if len(boxes) != len(conflict.sides):
            container = self.query_one("#boxes", Container)
            await container.remove_children()
            boxes = [SideBox(number) for number in range(1, len(conflict.sides) + 1)]
            await container.mount(*boxes)
        self.set_class(len(boxes) == 2, "-pair")
        for box in boxes:
            box.show(one, pointed=box.number == pointed)
        self.query_one("#before", Static).update(content_of(*_before(one)))
        self.query_one("#meanwhile", Static).update(content_of(*_meanwhile(one)))

    def point(self, one: Drawn, pointed: int) -> None:
        """Point at another side."""
        for box in self.query(SideBox):
            box.show(one, pointed=box.number == pointed)
            if box.number == pointed:
                self.scroll_to_widget(box, animate=False)


def _on_own_line(line: Line | str) -> Line:
    """A line that no name in it can break in two."""
    text, style = (line.text, line.style) if isinstance(line, Line) else (line, "")
    return Line(safe(text) + "\n", style)


def _before(one: Drawn) -> list[str | Line]:
    lines: list[str | Line] = [
        Line(_("before") + "  ", "muted"),
        one.before,
        Line(f"  {one.before_by}".rstrip(), "muted"),
    ]
    for each in one.conflict.missing:
        lines.append(Line("\n" + conflict_story.lacking(each), "late"))
    others = [companion.conflict.field for companion in one.conflict.companions]
    if others:
        told = conflict_story.with_it(one.conflict.record.kind, one.conflict.field, others)
        lines.append(Line("\n" + told, "muted"))
    return lines


def _meanwhile(one: Drawn) -> list[str | Line]:
    if one.taken_back:
        sentence = _("The decision was taken back: %(number)d is shown, as before. Take one, or leave it so.")
        return [Line(sentence % {"number": one.shown}, "conflict")]
    sentence = _("shown meanwhile: %(number)d (later clock; the clock decides only what is shown)")
    return [Line(sentence % {"number": one.shown}, "muted")]
