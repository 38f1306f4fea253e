"""The moves of a lifecycle: what may be done now with the marked records, and what a move needs to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from taskforce.actions.moving import Moved, answers_for, move_all
from taskforce.actions.session import Session
from taskforce.actions.stopping import STOPS, Stopping
from taskforce.i18n import N_, _, ngettext
from taskforce.records.schema import Kind, Move
from taskforce.store import pages
from taskforce.store.queries import Record
from taskforce.tui.as_command import command_line, named
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import TypedDialog
from taskforce.tui.screens.recall import offer_recalls
from taskforce.tui.widgets.fields import FieldRow
from taskforce.tui.widgets.keys_line import KeysLine
from taskforce.tui.working import unhurried
from taskforce.views import Line

if TYPE_CHECKING:
    from taskforce.actions.overheld import Overheld


class MovesDialog(TypedDialog[Moved]):
    """Choose a move of `record` and of all records with row `numbers`; then fill in what it asks for."""

    DEFAULT_CSS = """
    MovesDialog > Vertical {
        width: 84;
        max-width: 100%;
        height: auto;
        max-height: 90%;
        background: $surface;
        border: round $primary;
        padding: 0 1;
    }
    MovesDialog OptionList { height: auto; border: none; background: $surface; }
    MovesDialog OptionList:focus { border: none; }
    """

    BINDINGS = [
        Binding(
            "ctrl+s",
            "make",
            N_("Do it"),
            id="moves.make",
            tooltip=N_("Make the move, of all that are marked, with what is typed"),
            show=True,
        ),
        Binding(
            "escape", "leave", N_("Leave"), id="moves.leave", tooltip=N_("What is typed stays for later")
        ),
        Binding("ctrl+r", "clear", N_("Start over"), id="moves.clear", tooltip=N_("Drop what is typed")),
    ]

    def __init__(
        self, kind: Kind, record: Record, numbers: Sequence[int] = (), *, move: str | None = None
    ) -> None:
        super().__init__()
        assert kind.lifecycle is not None
        self.kind = kind
        self.record = record
        self.numbers = list(numbers) or [record.n]
        state = record.text("status") or kind.lifecycle.initial
        self.moves = kind.lifecycle.allowed(state)
        self.move: Move | None = kind.lifecycle.move(move) if move else None

    def compose(self) -> ComposeResult:
        """The list of moves; the rows of the move chosen come in its place."""
        with Vertical(id="moves"):
            yield Static("", id="which", markup=False)
            yield OptionList(
                *(Option(content_of(f"{each.name:<16}", Line(_(each.help), "muted"))) for each in self.moves),
                markup=False,
            )
            yield KeysLine()

    async def on_mount(self) -> None:
        """Say what is moved; ask at once where the move is known."""
        self.query_one("#which", Static).update(content_of(Line(self._which(), "heading")))
        if self.move is not None:
            await self._ask(self.move)
        elif not self.moves:
            self.query_one(OptionList).add_option(
                Option(content_of(Line(_("nothing can be done with it any more"), "muted")), disabled=True)
            )
        else:
            self.query_one(OptionList).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is done before a move is chosen."""
        if action == "clear":
            return self.move is not None and bool(self.move.asks)
        return self.move is not None if action == "make" else super().check_action(action, parameters)

    def _which(self) -> str:
        count = len(self.numbers)
        if count == 1:
            return f"{self.record.ref} {self.record.title if self.kind.title != 'victim' else ''}".rstrip()
        return ngettext("%(count)d record", "%(count)d records", count) % {"count": count}

    @on(OptionList.OptionSelected)
    async def _chosen(self, event: OptionList.OptionSelected) -> None:
        if not self.refuses_unseen():
            await self._ask(self.moves[event.option_index])

    async def _ask(self, move: Move) -> None:
        self.move = move
        listed = self.query_one(OptionList)
        listed.display = False
        others = await self.try_reading(answering(self.kind, self.numbers, move.name)) or []
        if not move.asks:
            await self.action_make()
            return
        self.query_one("#which", Static).update(
            content_of(
                Line(f"{move.name} · {self._which()}\n", "heading"),
                Line(_(move.help), "muted") if not others else Line(_for_others(others)),
            )
        )
        rows = []
        for ask in move.asks:
            field = self.kind.field(ask.field)
            assert field is not None
            rows.append(FieldRow(field, required=ask.required or (bool(others) and ask.option == "note")))
        await self.query_one("#moves").mount_all(rows, before=self.query_one(KeysLine))
        self.draft_key = f"{self.kind.name}/{self.record.id}/{move.name}"
        await self.bring_back()
        needed = [row for row in rows if row.required] if others else rows
        needed[0].focus_line()
        self.refresh_bindings()

    def typed(self) -> dict[str, str]:
        """What was typed, by field."""
        return {row.field.name: row.text for row in self.query(FieldRow) if row.text.strip()}

    def fill(self, typed: Mapping[str, str]) -> None:
        """Put texts into their rows."""
        for row in self.query(FieldRow):
            row.text = typed.get(row.field.name, "")

    def action_clear(self) -> None:
        """Drop what was typed."""
        self.fill({})

    @on(FieldRow.Changed)
    def _changed(self) -> None:
        self.keep_soon()

    @on(FieldRow.Done)
    async def _done(self) -> None:
        await self.action_make()

    @unhurried
    async def action_make(self) -> None:
        """Make the move; what is missing is said, and the dialog stays."""
        if self.move is None or self.refuses_unseen():
            return
        work = moving(self.kind, self.numbers, self.move.name, self.typed())
        stops = (self.kind.name, self.move.name) in STOPS
        held: list[Overheld] = []

        def make(session: Session) -> Moved:
            stopping = Stopping(session, asked=stops)
            moved = work(session)
            self.used(session)
            held.extend(stopping.found())
            return moved

        if await self.act_and_leave(make, lambda one: told(self.move, one)) and stops:
            offer_recalls(self.room, held)

    def as_command(self) -> str:
        """The command that makes the move with what is typed; before one is chosen, the one that shows the record."""
        if self.move is None:
            return command_line(self.kind.name, "show", named(self.record))
        connection = self.desk.watch().store.connection
        names = [named(each) for each in pages.records_at(connection, self.kind, self.numbers)]
        words = [self.kind.name, self.move.name, *names]
        typed = self.typed()
        for ask in self.move.asks:
            words += [f"--{ask.option}", typed[ask.field]] if ask.field in typed else []
        return command_line(*words)


def answering(kind: Kind, numbers: Sequence[int], name: str) -> Callable[[Session], list[str]]:
    """What reads for which other agencies a move of the records with these row numbers would note an answer."""

    def read(session: Session) -> list[str]:
        return answers_for(session, pages.records_at(session.store.connection, kind, numbers), name)

    return read


def _for_others(agencies: Sequence[str]) -> str:
    """The question before another agency's answer is noted."""
    text = ngettext(
        "%(agencies)s has not answered by a bundle: note for %(agencies)s that it accepts? Say who told you, and how.",
        "%(agencies)s have not answered by a bundle: note for them that they accept? Say who told you, and how.",
        len(agencies),
    )
    return text % {"agencies": ", ".join(agencies)}


class moving:
    """The action that makes a move of the records with these row numbers."""

    def __init__(self, kind: Kind, numbers: Sequence[int], name: str, typed: dict[str, str]) -> None:
        self._kind, self._numbers, self._name, self._typed = kind, numbers, name, typed

    def __call__(self, session: Session) -> Moved:
        """Make it."""
        records = pages.records_at(session.store.connection, self._kind, self._numbers)
        return move_all(
            session, self._kind, [each.id for each in records], self._name, self._typed, leave=True
        )


def told(move: Move | None, moved: Moved) -> str:
    """What was done, in a sentence."""
    assert move is not None
    if len(moved.records) == 1:
        text = _("%(move)s: %(ref)s") % {"move": move.name, "ref": moved.records[0].ref}
    else:
        text = ngettext("%(move)s: %(count)d record", "%(move)s: %(count)d records", len(moved.records))
        text %= {"move": move.name, "count": len(moved.records)}
    if moved.left:
        left = ngettext(
            "%(count)d is in another state and was left as it is",
            "%(count)d are in other states and were left as they are",
            len(moved.left),
        )
        text += " · " + left % {"count": len(moved.left)}
    return text
