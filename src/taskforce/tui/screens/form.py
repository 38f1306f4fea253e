"""The form of any kind, made from its declaration: a new record, or some fields of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from taskforce.actions import keeping, reading
from taskforce.actions.choosing import defaults_of, text_of
from taskforce.actions.references import label_of
from taskforce.actions.session import Session
from taskforce.actions.stopping import MARKS, Stopping
from taskforce.i18n import N_, _
from taskforce.records.schema import Field, Kind
from taskforce.store import queries
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

_WAS = "was "  # no field's name has a space


class FormDialog(TypedDialog[Record]):
    """A form; what is typed into it is kept in the store until it is saved, and is there again after a crash."""

    DEFAULT_CSS = """
    FormDialog > Vertical {
        width: 100;
        max-width: 100%;
        height: 95%;
        background: $surface;
        border: round $primary;
    }
    FormDialog #title { padding: 0 1; height: auto; }
    FormDialog VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; }
    """

    BINDINGS = [
        Binding("ctrl+s", "save", N_("Save"), id="form.save", tooltip=N_("Keep what is typed as a record")),
        Binding("escape", "leave", N_("Leave"), id="form.leave", tooltip=N_("What is typed stays for later")),
        Binding(
            "ctrl+r", "clear", N_("Start over"), id="form.clear", tooltip=N_("Drop what is typed"), show=True
        ),
    ]

    def __init__(
        self, kind: Kind, record: Record | None = None, *, begin: Mapping[str, str] | None = None
    ) -> None:
        super().__init__()
        self.kind = kind
        self.record = record
        self.draft_key = f"{kind.name}/{record.id if record else 'new'}"
        self._begin = dict(begin or {})  # what a new record's lines begin with, as somebody would type it
        if self._begin:
            self.draft_key += "/" + " ".join(self._begin.values())
        self._initial: dict[str, str] = {}
        self._seen: Record | None = record
        self._operation = ""

    @property
    def fields(self) -> list[Field]:
        """The fields that may be set."""
        settable = [field for field in self.kind.fields if not field.by_move]
        return [field for field in settable if not field.fixed] if self.record else settable

    def compose(self) -> ComposeResult:
        """A row for each field."""
        kind = _(self.kind.label)
        if self.record is None:
            title = _("New %(kind)s") % {"kind": kind.lower()}
        else:
            title = _("%(kind)s %(label)s") % {"kind": kind, "label": label_of(self.record)}
        with Vertical():
            yield Static(content_of(Line(title, "heading")), id="title", markup=False)
            with VerticalScroll(can_focus=False):
                for field in self.fields:
                    yield FieldRow(field)
            yield KeysLine()

    async def on_mount(self) -> None:
        """Fill in what the record has, and what was typed last time and not saved."""
        record, fields = self.record, self.fields

        def read(session: Session) -> dict[str, str]:
            if record is None:
                self._operation = session.current_operation
                return defaults_of(session, fields)
            now = queries.get_record(session.store.connection, record.kind, record.id) or record
            self._seen = now
            return {field.name: text_of(session, now, field) for field in fields}

        self._initial = await self.try_reading(read) or {}
        self._looked()
        for row in self.rows:
            row.begin_with(self._initial.get(row.field.name, ""))
        self.fill(self._begin)
        await self.bring_back()
        if not self._kept:
            self._kept = self.typed()  # what the form began with is nothing that somebody typed
        next((row for row in self.rows if row.field.name not in self._begin), self.rows[0]).focus_line()

    async def load(self) -> None:
        """Show what others have changed in the record meanwhile, and say so where somebody has typed something else."""
        record, fields = self.record, self.fields
        if record is None or not self._initial:
            return
        kind = self.kind

        def read(session: Session) -> tuple[Record, dict[str, str]] | None:
            now = queries.get_record(session.store.connection, kind, record.id)
            return None if now is None else (now, {one.name: text_of(session, now, one) for one in fields})

        found = await self.try_reading(read)
        if found is None or self.is_left:
            return
        self._seen, texts = found
        for row in self.rows:
            row.overtake(texts[row.field.name])
        self._initial = texts
        self._looked()

    def _looked(self) -> None:
        if self.record is not None and self._seen is not None:
            self.sees(reading.places_of(self._seen, [field.name for field in self.fields]))

    @on(FieldRow.Changed)
    def _changed(self) -> None:
        self.keep_soon()

    @property
    def rows(self) -> list[FieldRow]:
        """The rows in order."""
        return list(self.query(FieldRow))

    def typed(self) -> dict[str, str]:
        """What was changed, by field, and under `was FIELD` what stood there before."""
        changed = [row for row in self.rows if row.changed]
        before = {f"{_WAS}{row.field.name}": row.initial for row in changed if self.record is not None}
        return {row.field.name: row.text for row in changed} | before

    def fill(self, typed: Mapping[str, str]) -> None:
        """Put texts into their rows."""
        for row in self.rows:
            name = row.field.name
            if name in typed:
                row.text = typed[name]
                if typed.get(_WAS + name, row.initial) != row.initial:
                    row.overtake(row.initial, always=True)

    @on(FieldRow.Done)
    async def _done(self) -> None:
        await self.action_save()

    def action_clear(self) -> None:
        """Drop what was typed."""
        self.fill({row.field.name: self._initial.get(row.field.name, "") for row in self.rows} | self._begin)
        self.rows[0].focus_line()

    @unhurried
    async def action_save(self) -> None:
        """Save, or go to the first field that will not do."""
        if self.refuses_unseen():
            return
        for row in self.rows:
            if row.changed:
                await row.check()
                if row.fault:
                    row.focus_line()
                    self.room.say(row.fault, is_error=True)
                    return
        kind, record, seen = self.kind, self.record, self._seen
        typed = {row.field.name: row.text for row in self.rows if row.changed}
        if any(row.was_just_overtaken for row in self.rows if row.changed):
            self.room.say(_("not saved yet: somebody else has just set one of these fields"), is_error=True)
            return
        # A new record is what the form shows, also where another process has chosen another operation meanwhile.
        shown = {row.field.name: row.text for row in self.rows if row.text.strip()}
        if "operation" in shown and "operation" not in typed:
            shown["operation"] = self._operation
        if record is not None and not typed:
            await self.leave()
            return

        held: list[Overheld] = []

        def save(session: Session) -> Record:
            if record is None:
                saved = keeping.add(session, kind, shown)
            else:
                stopping = Stopping(session, asked=not MARKS.isdisjoint(typed))
                saved = keeping.edit(session, kind, record, typed, seen=seen)
                held.extend(stopping.found())
            self.used(session)
            return saved

        if not await self.act_and_leave(save, self.saved_text):
            await self.load()
            self.go_to_missing()
        elif held:
            offer_recalls(self.room, held)

    def saved_text(self, saved: Record) -> str:
        """What is said of what was saved."""
        return _("saved: %(label)s") % {"label": label_of(saved)}

    def go_to_missing(self) -> None:
        """Go to the line that has yet to be filled in."""
        for row in self.rows:
            if row.required and not row.text.strip():
                row.focus_line()
                return

    def as_command(self) -> str:
        """The command that does the same."""
        words = [self.kind.name, "edit" if self.record else "add"]
        if self.record:
            words.append(named(self.record))
        for row in self.rows:
            if not row.changed:
                continue
            if self.record is None and row.field.name == self.kind.positional:
                words.insert(2, row.text)
            else:
                words += [row.field.option, row.text]
        return command_line(*words)
