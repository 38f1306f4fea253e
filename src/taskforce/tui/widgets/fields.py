"""A field of a form: its label, a place to type, what is understood of it, and what may be taken, as one types."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from taskforce.actions.choosing import Choice, choices_for
from taskforce.actions.session import Session
from taskforce.actions.values import ValueFault, parse_value
from taskforce.errors import TaskforceError
from taskforce.i18n import N_, _
from taskforce.records.schema import Field, Type
from taskforce.reports.record_views import shown
from taskforce.store import queries
from taskforce.sync.edit import Value
from taskforce.text import safe, shorten
from taskforce.tui.safety import content_of
from taskforce.tui.toasts import TYPED
from taskforce.tui.widgets.ahead import AheadInput
from taskforce.tui.widgets.block import SLIPPING
from taskforce.tui.working import begin
from taskforce.views import Line

if TYPE_CHECKING:
    from taskforce.tui.app import TaskforceApp

PICKED = (
    Type.CODE,
    Type.REF,
    Type.COUNTRY,
    Type.LANGUAGE,
    Type.YES_NO,
    Type.PARTY,
    Type.RECIPIENT,
    Type.PAIR,
)
"""Types of which a list of choices is offered."""

_UNDERSTOOD = (Type.DATE, Type.TIME, *PICKED)
"""Types of which it is said how the text was understood."""

_TOLD = 200
"""Cells of what somebody else has set meanwhile."""

_LONGEST = 40
"""Cells of what a reference means, beside its ref."""


class FieldLine(AheadInput):
    """One line to type into; up and down reach into the list of choices, enter takes the highlighted one."""

    BINDINGS = [
        Binding(
            "down",
            "choose(1)",
            N_("Next choice"),
            show=False,
            id="field.next-choice",
            tooltip=N_("Point at the next value that is offered; enter takes it"),
        ),
        Binding(
            "up",
            "choose(-1)",
            N_("Previous choice"),
            show=False,
            id="field.previous-choice",
            tooltip=N_("Point at the offered value before; enter takes it"),
        ),
    ]

    HELP = N_("Type, or take one of the choices with the arrows and enter; several are set apart by commas.")

    def action_choose(self, by: int) -> None:
        """Highlight another choice."""
        self.query_ancestor(FieldRow).highlight(by)

    def go_on(self) -> None:
        """Take the highlighted choice, and go to the next field."""
        self.query_ancestor(FieldRow).enter()


class FieldRow(Vertical):
    """One field. `text` is what was typed; `fault` a sentence where it will not do.

    It may begin with something that was `typed` before, in place of the record's own text.
    """

    DEFAULT_CSS = """
    FieldRow { height: auto; }
    FieldRow Horizontal { height: auto; }
    FieldRow .label { width: 20; height: auto; padding: 0 1; color: $text-muted; }
    FieldRow:focus-within .label { color: $text; text-style: bold; }
    FieldRow Input { width: 1fr; height: 1; border: none; padding: 0 1; background: $surface-lighten-1; }
    FieldRow Input:focus { border: none; background: $surface-lighten-2; }
    FieldRow TextArea { width: 1fr; height: 3; border: none; padding: 0 1; background: $surface-lighten-1; }
    FieldRow TextArea:focus { border: none; background: $surface-lighten-2; }
    FieldRow .answer { height: auto; margin-left: 21; display: none; }
    FieldRow.-says .answer { display: block; }
    FieldRow OptionList { height: auto; max-height: 8; margin-left: 20; border: none; display: none; }
    FieldRow OptionList:focus { border: none; }
    FieldRow.-chooses OptionList { display: block; }
    """

    class Changed(Message):
        """The text is another now."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

        @property
        def control(self) -> FieldRow:
            """The row."""
            return self.row

    class Done(Message):
        """Enter was pressed in the last line, and it needs nothing more."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

        @property
        def control(self) -> FieldRow:
            """The row."""
            return self.row

    def __init__(
        self, field: Field, text: str = "", *, typed: str | None = None, required: bool | None = None
    ) -> None:
        super().__init__(id=f"field-{field.name.replace('_', '-')}", classes=TYPED)
        self.field = field
        self.initial = text
        self.begun = text if typed is None else typed  # as the line has it, once there is one
        self.fault = ""
        self._stored = text
        self._overtaken_at = -SLIPPING
        self.overtaken = ""  # what somebody else has set meanwhile, where another text was typed here
        self.required = field.required if required is None else required
        self._choices: list[Choice] = []
        self._highlighted = -1
        self._listed_for = 0  # cells that the choices were cut to

    def compose(self) -> ComposeResult:
        """Label and line, the answer, the choices."""
        star = " *" if self.required else ""
        with Horizontal():
            yield Static(content_of(_(self.field.label) + star), classes="label", markup=False)
            if self.field.type == Type.NOTE:
                area = TextArea(self.begun, tab_behavior="focus", show_line_numbers=False)
                self.begun = area.text
                yield area
            else:
                line = FieldLine(self.begun, placeholder=_(self.field.help), select_on_focus=False)
                self.begun = line.value
                yield line
        yield Static("", classes="answer", markup=False)
        if self.field.type in PICKED:
            choices = OptionList(markup=False)
            choices.can_focus = False
            yield choices

    @property
    def text(self) -> str:
        """What stands in the line; before there is one, and once it is gone, what it began with."""
        for area in self.query(TextArea):
            return area.text
        for line in self.query(Input):
            return line.value
        return self.begun

    @text.setter
    def text(self, text: str) -> None:
        if self.field.type == Type.NOTE:
            self.query_one(TextArea).text = text
        else:
            line = self.query_one(Input)
            line.value = text
            line.cursor_position = len(text)

    @property
    def changed(self) -> bool:
        """Whether the text is another than at the beginning."""
        return self.text.strip() != self.initial.strip()

    def begin_with(self, text: str) -> None:
        """Show the value of a record. What the line makes of it, such as of its line ends, is no change of it."""
        self._stored, self.text = text, text
        self.initial = self.begun = self.text
        self.overtaken = ""

    def overtake(self, now: str, *, always: bool = False) -> None:
        """The record has another value now: shown where nothing was typed, else told beside what was typed."""
        if now == self._stored and not always:
            return
        if not self.changed or self.text.strip() == now.strip():
            self.begin_with(now)
            return
        if not always:
            self._stored = self.initial = now
        self._overtaken_at = -SLIPPING if always else time.monotonic()
        self.overtaken = _("changed meanwhile: %(text)s") % {"text": now or "–"}
        self._look()

    @property
    def was_just_overtaken(self) -> bool:
        """Whether somebody else has set the field so short a time ago that it was hardly seen."""
        return time.monotonic() - self._overtaken_at < SLIPPING

    def focus_line(self) -> None:
        """Type here."""
        self.query_one(TextArea if self.field.type == Type.NOTE else Input).focus()

    # ── as one types ──

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _typed(self, event: Input.Changed | TextArea.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self))
        self._look()

    def on_descendant_focus(self) -> None:
        """Offer what may be taken."""
        self._look()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Put the choices away."""
        self.remove_class("-chooses")

    def _look(self) -> None:
        begin(self, self.check, "check")

    async def check(self) -> None:
        """Say how the text is understood or what is wrong with it, and offer what fits."""
        room = cast("TaskforceApp", self.app)
        if room.desk.is_locked:
            return
        text, field = self.text, self.field
        has_focus = self.has_focus_within
        last = text.rpartition(",")[2] if field.many else text

        def read(session: Session) -> tuple[list[Choice], str, str]:
            offered = choices_for(session, field, last) if has_focus and field.type in PICKED else []
            try:
                value = parse_value(session, field, text)
            except ValueFault as fault:
                return offered, "", fault.sentence + (f" · {fault.hint}" if fault.hint else "")
            said = _understood(session, field, value) if field.type in _UNDERSTOOD else ""
            return offered, said, ""

        try:
            offered, said, fault = await room.desk.read(read)
        except TaskforceError as error:
            offered, said, fault = [], "", error.sentence
        if text != self.text or not self.is_attached:
            return
        self.fault = fault
        self._show(offered, said)

    def _show(self, offered: list[Choice], said: str) -> None:
        complete = bool(offered) and self._last().casefold() in (each.value.casefold() for each in offered)
        self._choices = [] if complete else offered
        self._highlighted = -1
        if self.field.type in PICKED:
            self._list_choices()
            self.set_class(bool(self._choices) and self.has_focus_within, "-chooses")
        typing = bool(self._choices) and self.has_focus_within and bool(self.fault)
        answer = Line(f"! {self.fault}", "late") if self.fault and not typing else Line(said, "muted")
        pieces = [answer] if answer.text else []
        if self.overtaken and self.changed:
            told = f"! {shorten(safe(self.overtaken), _TOLD)} · " + _("saving replaces it")
            pieces += [Line(("\n" if pieces else "") + told, "late")]
        self.set_class(bool(pieces), "-says")
        self.query_one(".answer", Static).update(content_of(*pieces))

    def _list_choices(self) -> None:
        listed = self.query_one(OptionList)
        listed.clear_options()
        self._listed_for = self.size.width
        room = max(10, self._listed_for - 40)
        for each in self._choices:
            told = Line(f"  {shorten(safe(each.label), room)}", "muted") if each.label != each.value else ""
            listed.add_option(Option(content_of(f"{each.value:<12}", told, keep_newlines=False)))
        listed.highlighted = self._highlighted if self._highlighted >= 0 else None

    def on_resize(self, event: events.Resize) -> None:
        """Cut the choices to the room there is; they may have been read before there was any."""
        if self._choices and event.size.width != self._listed_for:
            self._list_choices()

    def _last(self) -> str:
        return (self.text.rpartition(",")[2] if self.field.many else self.text).strip()

    # ── choosing ──

    def highlight(self, by: int) -> None:
        """Highlight another choice, or none."""
        if not self._choices:
            (self.screen.focus_next if by > 0 else self.screen.focus_previous)()
            return
        self._highlighted = max(-1, min(self._highlighted + by, len(self._choices) - 1))
        self.query_one(OptionList).highlighted = self._highlighted if self._highlighted >= 0 else None

    def enter(self) -> None:
        """Take the highlighted choice; go to the next field, or say that the last one is done."""
        place = self._highlighted
        if place < 0 and self._choices and self.fault:
            place = 0  # what was typed is no value by itself: the first that fits is meant
        if place >= 0 and place < len(self._choices):
            self.take(self._choices[place])
        if self.field.type != Type.PAIR or not self.text.rstrip().endswith("="):
            rows = list(self.screen.query(FieldRow))
            following = rows[rows.index(self) + 1 :]
            if following:
                following[0].focus_line()
            else:
                self.post_message(self.Done(self))

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.take(self._choices[event.option_index])
        self.focus_line()

    def take(self, choice: Choice) -> None:
        """Put a choice into the line."""
        before = self.text.rpartition(",")[0] if self.field.many else ""
        self.text = f"{before.strip()}, {choice.value}" if before.strip() else choice.value
        self._choices = []
        self.remove_class("-chooses")


def _understood(session: Session, field: Field, value: Value) -> str:
    if not value:
        return ""
    names: dict[str, str] = {}
    if field.type == Type.REF:
        from taskforce.actions.looking import gist  # deferred: only for references
        from taskforce.actions.reading import PRIVATE, without
        from taskforce.records.registry import get_kind

        kind = get_kind(field.to)
        for one in value if isinstance(value, list) else [value]:
            record = queries.get_record(session.store.connection, kind, one)
            if record is not None:
                names[one] = shorten(safe(gist(without(record, PRIVATE))), _LONGEST) or record.ref
    return f"= {shown(field, value, names)}"
