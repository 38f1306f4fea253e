"""The form of any kind, made from its declaration: a new record, or some fields of one."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Footer, Static

from taskforce.actions import keeping
from taskforce.actions.choosing import defaults_of, text_of
from taskforce.actions.references import label_of
from taskforce.actions.session import Session
from taskforce.i18n import N_, _
from taskforce.records.schema import Field, Kind
from taskforce.store.queries import Record
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import TypedDialog
from taskforce.tui.widgets.fields import FieldRow
from taskforce.tui.working import begin
from taskforce.views import Line


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

    def __init__(self, kind: Kind, record: Record | None = None) -> None:
        super().__init__()
        self.kind = kind
        self.record = record
        self.draft_key = f"{kind.name}/{record.id if record else 'new'}"
        self._initial: dict[str, str] = {}

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
            yield Footer(show_command_palette=False)

    async def on_mount(self) -> None:
        """Fill in what the record has, and what was typed last time and not saved."""
        record, fields = self.record, self.fields

        def read(session: Session) -> dict[str, str]:
            if record is None:
                return defaults_of(session, fields)
            return {field.name: text_of(session, record, field) for field in fields}

        self._initial = await self.try_reading(read) or {}
        self.fill(self._initial)
        for row in self.rows:
            row.initial = self._initial.get(row.field.name, "")
        await self.bring_back()
        self.rows[0].focus_line()

    @on(FieldRow.Changed)
    def _changed(self) -> None:
        self.keep_soon()

    @property
    def rows(self) -> list[FieldRow]:
        """The rows in order."""
        return list(self.query(FieldRow))

    def typed(self) -> dict[str, str]:
        """What was changed, by field."""
        return {row.field.name: row.text for row in self.rows if row.changed}

    def fill(self, typed: Mapping[str, str]) -> None:
        """Put texts into their rows."""
        for row in self.rows:
            if row.field.name in typed:
                row.text = typed[row.field.name]

    @on(FieldRow.Done)
    def _done(self) -> None:
        begin(self, self.action_save, "save")

    def action_clear(self) -> None:
        """Drop what was typed."""
        self.fill({row.field.name: self._initial.get(row.field.name, "") for row in self.rows})
        self.rows[0].focus_line()

    async def action_save(self) -> None:
        """Save, or go to the first field that will not do."""
        for row in self.rows:
            if row.changed:
                await row.check()
                if row.fault:
                    row.focus_line()
                    self.room.say(row.fault, is_error=True)
                    return
        kind, record, typed = self.kind, self.record, self.typed()
        if record is not None and not typed:
            await self.action_leave()
            return

        def save(session: Session) -> Record:
            if record is None:
                return keeping.add(session, kind, {name: text for name, text in typed.items() if text})
            return keeping.edit(session, kind, record, typed)

        saved = await self.try_acting(save, lambda one: _("saved: %(label)s") % {"label": label_of(one)})
        if saved is not None:
            await self.forget()
            self.dismiss(saved)
        else:
            self._go_to_missing()

    def _go_to_missing(self) -> None:
        for row in self.rows:
            if row.required and not row.text.strip():
                row.focus_line()
                return

    def as_command(self) -> str:
        """The command that does the same."""
        import shlex  # deferred: only when a command is copied

        words = ["taskforce", self.kind.name, "edit" if self.record else "add"]
        if self.record:
            words.append(label_of(self.record))
        for row in self.rows:
            if not row.changed:
                continue
            if self.record is None and row.field.name == self.kind.positional:
                words.insert(3, row.text)
            else:
                words += [row.field.option, row.text]
        return shlex.join(words)
