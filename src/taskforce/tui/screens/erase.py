"""Erases a record, or parts of it, for ever: which and why, what that does, and a typed yes."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from taskforce.actions import erasing
from taskforce.actions.erasing import Erasure
from taskforce.actions.references import label_of
from taskforce.actions.session import Session
from taskforce.console import is_yes
from taskforce.errors import TaskforceError
from taskforce.i18n import N_, _
from taskforce.records.codes import COVERED_PARTS
from taskforce.records.schema import Field, Kind, Type
from taskforce.reports import erasure_views
from taskforce.store.queries import Record
from taskforce.tui.as_command import command_line, named
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import TypedDialog
from taskforce.tui.text_lines import laid_out
from taskforce.tui.widgets.fields import FieldRow
from taskforce.tui.widgets.keys_line import KeysLine
from taskforce.tui.working import begin, unhurried
from taskforce.views import Line

_WIDTH = 92

_SHORT = {
    **COVERED_PARTS,
    "directory": N_("Directory (who is who)"),
    "operational": N_("Operational (the plan and its course)"),
    "agreement": N_("Agreement (legal instruments)"),
}
"""What the parts hold, so short that it has room behind their names."""


class EraseDialog(TypedDialog[Erasure]):
    """Parts and reason; below them what will happen, read anew while they are typed; last the answer."""

    DEFAULT_CSS = """
    EraseDialog > Vertical {
        width: 92;
        max-width: 100%;
        height: auto;
        max-height: 95%;
        background: $surface;
        border: round $error;
    }
    EraseDialog VerticalScroll { height: auto; max-height: 85vh; scrollbar-size-vertical: 1; }
    EraseDialog Static { padding: 0 1; }
    EraseDialog #does { margin: 1 0; }
    EraseDialog .answer { padding: 0; }
    """

    BINDINGS = [
        Binding("ctrl+s", "erase", N_("Erase"), id="erase.do", tooltip=N_("Once yes is typed")),
        Binding("escape", "leave", N_("Leave"), id="erase.leave", tooltip=N_("Nothing is erased")),
        Binding(
            "f2",
            "app.copy_command",
            N_("Copy as command"),
            id="erase.copy",
            tooltip=N_("The command that erases the same, on the clipboard; it asks as this does"),
        ),
    ]

    def __init__(self, record: Record) -> None:
        super().__init__()
        self.record = record
        self.draft_key = f"{record.kind.name}/{record.id}/erase"
        self._would: Erasure | None = None

    def compose(self) -> ComposeResult:
        """Which parts, why, what that does, the answer."""
        title = _("Erase %(label)s for ever") % {"label": label_of(self.record) or self.record.ref}
        parts, reason, answer = _fields(self.record.kind)
        with Vertical():
            with VerticalScroll(can_focus=False):
                yield Static(content_of(Line(title, "heading")), markup=False)
                yield FieldRow(parts)
                yield FieldRow(reason)
                yield Static("", id="does", markup=False)
                yield Static(content_of(Line(erasure_views.question(), "late")), markup=False)
                yield FieldRow(answer)
            yield KeysLine()

    async def on_mount(self) -> None:
        """Go on with what was typed last time."""
        await self.bring_back()
        self._row("part").focus_line()
        self.look()

    async def load(self) -> None:
        """What would be erased may be something else by now."""
        await self._foresee()

    # ── what is typed ──

    def _row(self, name: str) -> FieldRow:
        return next(row for row in self.query(FieldRow) if row.field.name == name)

    @property
    def parts(self) -> list[str]:
        """The parts that are named; none means all."""
        return [one.strip() for one in self._row("part").text.split(",") if one.strip()]

    @property
    def reason(self) -> str:
        """Why."""
        return self._row("reason").text.strip()

    def typed(self) -> dict[str, str]:
        """Parts and reason; the answer is given anew each time."""
        rows = {name: self._row(name).text for name in ("part", "reason")}
        return {name: text for name, text in rows.items() if text.strip()}

    def fill(self, typed: Mapping[str, str]) -> None:
        """Put texts back into their lines."""
        for name in ("part", "reason"):
            self._row(name).text = typed.get(name, "")

    @on(FieldRow.Changed)
    def _changed(self, event: FieldRow.Changed) -> None:
        if event.row.field.name == "answer":
            return
        self.keep_soon()
        if event.row.field.name == "part":
            self._row("answer").text = ""  # it was the answer to another question
            self.look()

    # ── what it does ──

    def look(self) -> None:
        """Show what would be erased."""
        begin(self, self._foresee, "foresee")

    async def _foresee(self) -> None:
        record, parts = self.record, self.parts
        try:
            would = await self.desk.read(lambda session: erasing.foresee(session, record.id, parts))
        except TaskforceError as error:
            self._would = None
            if not self.desk.is_locked:
                self._show([Line(f"! {error.sentence}", "late"), Line(error.hint or "", "muted")])
            return
        if parts != self.parts:
            return
        self._would = would
        lines: list[Line | str] = [Line(one, "heading") for one in erasure_views.preview(would)]
        lines += erasure_views.what_it_means()
        if would.copies:
            lines.append(Line(erasure_views.copies_line(would.copies), "late"))
        self._show(lines)

    def _show(self, lines: list[Line | str]) -> None:
        width = min(_WIDTH, self.app.size.width) - 5
        self.query_one("#does", Static).update(laid_out(lines, width, indent=2))

    # ── doing ──

    @on(FieldRow.Done)
    async def _done(self) -> None:
        await self.action_erase()

    @unhurried
    async def action_erase(self) -> None:
        """Erase it, if all is said that is needed."""
        await self._foresee()
        if self._would is None:
            self._row("part").focus_line()
            return
        if not self.reason:
            self.room.say(
                _("a reason is needed: everybody who had it is told why it was erased"), is_error=True
            )
            self._row("reason").focus_line()
            return
        if not is_yes(self._row("answer").text):
            self.room.say(_("nothing was erased: type yes to erase it"), is_error=True)
            self._row("answer").focus_line()
            return
        record, parts, reason = self.record, self.parts, self.reason

        def work(session: Session) -> Erasure:
            done = erasing.erase(session, record.id, parts, reason=reason)
            self.used(session)
            return done

        await self.act_and_leave(work, erasure_views.done_sentence)

    def as_command(self) -> str:
        """The command that does the same, and asks as this does; none while a part is typed that there is not."""
        if not set(self.parts) <= set(self.record.kind.parts):
            return ""
        words = ["erase", named(self.record)]
        for part in self.parts:
            words += ["--part", part]
        return command_line(*words, "--reason", self.reason)


def _fields(kind: Kind) -> tuple[Field, Field, Field]:
    """The lines of the form, as forms have them for records."""
    codes = {part: _SHORT[part] for part in kind.parts}
    all_parts, for_all = (
        N_("all, if left empty; several set apart by commas"),
        N_("for everybody who had it; name nobody here"),
    )
    return (
        Field("part", Type.CODE, "", N_("Parts"), all_parts, many=True, codes=codes),
        Field("reason", Type.TEXT, "", N_("Reason"), for_all, required=True),
        Field("answer", Type.TEXT, "", N_("Answer"), N_("type yes"), required=True),
    )
