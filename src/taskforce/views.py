"""What a command's result looks like to a person: a table, a record's fields, lines; drawn to a width.

Values without any writing: ``output`` and the terminal UI decide where the text goes. Everything passes
``safe``, and reaches rich only as ``Text``, never as markup, which could be made to lie.
"""

from __future__ import annotations

from dataclasses import dataclass

from taskforce.text import safe

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType
    from rich.text import Text

# What a style word looks like on a terminal with colour. The text itself must say it too: a glyph or a word.
STYLES = {
    "": "",
    "late": "bold red",
    "conflict": "bold magenta",
    "ok": "green",
    "muted": "dim",
    "heading": "bold",
    "command": "cyan",
}

_GAP = 2  # cells between two columns
_LEAST_WRAPPED, _LEAST_WHOLE, _LEAST = 16, 28, 4  # cells below which a column is not squeezed


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text with the word that says how it is meant (a key of ``STYLES``)."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its ``title`` for people, the field's ``name``, and how it gives way where room is short.

    Columns of ``priority`` 0 always stay; of the others the highest number is left out first. ``wrap`` breaks
    a long text over several lines, otherwise it is cut with an ellipsis.
    """

    title: str
    name: str
    justify: str = "left"
    priority: int = 0
    wrap: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Many records, a row each. ``empty`` is the note given instead when there are none."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str | Line, ...], ...]
    empty: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """One record: label and value, a line each."""

    title: str
    pairs: tuple[tuple[str, str | Line], ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """Text, line by line."""

    lines: tuple[Line | str, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Lines of several pieces each, laid out anew for every width: a chart. `lines_at` is given the cells there are."""

    lines_at: Callable[[int], Sequence[Sequence[Line | str]]]


@dataclass(frozen=True, slots=True)
class Raw:
    """A file's content, written as it is; to a terminal only where it is text, and safely."""

    data: bytes | str


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing to show: the notes say it all."""


View = Table | Fields | Lines | Drawing | Raw | Nothing


def page_of(view: Table | Fields | Lines | Drawing, *, width: int, coloured: bool) -> str:
    """Return ``view`` as text for a page of ``width`` cells, with SGR colour codes where ``coloured``."""
    if isinstance(view, Drawing):
        return _drawn(view.lines_at(width), width, coloured)
    if isinstance(view, Table):
        return _painted(_table_parts(view, width), width, coloured)
    if isinstance(view, Fields):
        return _painted(_fields_parts(view), width, coloured)
    if coloured:
        return _painted([_rich_text(line) for line in view.lines], width, coloured, soft_wrap=True)
    # Most lines are for scripts and logs: rich need not be loaded for them.
    return "".join(safe(_text_of(line)) + "\n" for line in view.lines)


def left_out(table: Table, *, width: int) -> tuple[str, ...]:
    """Return the titles of the columns of ``table`` that have no room on a page of ``width`` cells."""
    if not any(column.priority for column in table.columns):
        return ()
    kept = fit(table.columns, _needs(table), width)
    return tuple(column.title for at, column in enumerate(table.columns) if at not in kept)


def fit(columns: Sequence[Column], needs: Sequence[int], room: int) -> dict[int, int]:
    """Return the columns that fit into ``room`` cells, as position → width, given the cells each ``needs``.

    Long texts give way first, then columns of low priority (a high number) are left out; where not even those
    of priority 0 fit, they share what there is.
    """
    least = [
        min(need, _LEAST_WRAPPED if column.wrap else _LEAST_WHOLE)
        for column, need in zip(columns, needs, strict=True)
    ]
    kept = list(range(len(columns)))

    def lacking(widths: Sequence[int]) -> int:
        return sum(widths[at] for at in kept) + _GAP * (len(kept) - 1) - room

    while lacking(least) > 0 and len(kept) > 1 and any(columns[at].priority for at in kept):
        kept.remove(max(reversed(kept), key=lambda at: columns[at].priority))
    widths = [max(min(need, room), 1) for need in needs]
    for limits in (least, [_LEAST] * len(columns)):
        while lacking(widths) > 0:
            yielding = [at for at in kept if widths[at] > limits[at]]
            if not yielding:
                break
            widths[max(yielding, key=lambda at: widths[at])] -= 1
    return {at: widths[at] for at in kept}


def _needs(table: Table) -> list[int]:
    from rich.cells import cell_len  # deferred: only tables for people pay for rich

    needs = [cell_len(safe(column.title)) for column in table.columns]
    for row in table.rows:
        for at, cell in enumerate(row):
            text = safe(_text_of(cell), keep_newlines=table.columns[at].wrap)
            needs[at] = max(needs[at], *map(cell_len, text.split("\n")))
    return needs


def _table_parts(view: Table, width: int) -> list[RenderableType]:
    from rich.table import Table as RichTable  # deferred: only tables for people pay for rich

    widths = fit(view.columns, _needs(view), width)
    table = RichTable(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style=STYLES["heading"])
    for at, cells in widths.items():
        column = view.columns[at]
        table.add_column(
            _rich_text(column.title),
            justify="right" if column.justify == "right" else "left",
            width=cells,
            no_wrap=not column.wrap,
            overflow="fold" if column.wrap else "ellipsis",
        )
    for row in view.rows:
        table.add_row(*(_rich_text(row[at], keep_newlines=view.columns[at].wrap) for at in widths))
    return [*_heading(view.title), table]


def _fields_parts(view: Fields) -> list[RenderableType]:
    from rich.table import Table as RichTable  # deferred: only tables for people pay for rich

    grid = RichTable.grid(padding=(0, _GAP, 0, 0))
    grid.add_column(max_width=30, overflow="fold")
    grid.add_column(overflow="fold")
    for label, value in view.pairs:
        grid.add_row(_rich_text(Line(label, "muted")), _rich_text(value, keep_newlines=True))
    return [*_heading(view.title), grid]


def _heading(title: str) -> list[RenderableType]:
    return [_rich_text(Line(title, "heading"))] if title else []


def _drawn(lines: Sequence[Sequence[Line | str]], width: int, coloured: bool) -> str:
    if coloured:
        from rich.text import Text  # deferred: only a coloured page needs it

        return _painted(
            [Text.assemble(*map(_rich_text, line)) for line in lines], width, coloured, soft_wrap=True
        )
    return "".join("".join(safe(_text_of(piece)) for piece in line).rstrip() + "\n" for line in lines)


def _text_of(line: Line | str) -> str:
    return line.text if isinstance(line, Line) else line


def _rich_text(line: Line | str, *, keep_newlines: bool = False) -> Text:
    from rich.text import Text  # deferred: only tables for people pay for rich

    style = STYLES[line.style] if isinstance(line, Line) else ""
    return Text(safe(_text_of(line), keep_newlines=keep_newlines), style=style)


def _painted(parts: Sequence[RenderableType], width: int, coloured: bool, *, soft_wrap: bool = False) -> str:
    import io

    from rich.console import Console  # deferred: only tables for people pay for rich

    page = io.StringIO()
    painter = Console(
        file=page,
        width=width,
        force_terminal=coloured,
        color_system="standard" if coloured else None,
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )
    for part in parts:
        painter.print(part, soft_wrap=soft_wrap)
    # Rich fills every line to the full width; the blanks would only make files larger and copies worse.
    return "".join(line.rstrip() + "\n" for line in page.getvalue().split("\n")[:-1])
