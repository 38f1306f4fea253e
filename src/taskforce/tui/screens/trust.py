"""Which devices are known, and by whom; a lost one revoked; the words to compare; what opens the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from taskforce.actions import peers, revoking
from taskforce.actions.devices import DeviceState
from taskforce.actions.revoking import Plan
from taskforce.actions.session import Session
from taskforce.console import is_yes
from taskforce.errors import TaskforceError
from taskforce.i18n import N_, _
from taskforce.records.schema import Field, Type
from taskforce.reports import statement_views
from taskforce.reports.qr_code import qr_lines
from taskforce.tui.as_command import command_line
from taskforce.tui.exchange_views import View
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import RoomDialog, TypedDialog
from taskforce.tui.screens.listed import ListedDialog
from taskforce.tui.text_lines import laid_out
from taskforce.tui.trust_lists import DevicesView, RosterView, SlotsView
from taskforce.tui.widgets.fields import FieldRow
from taskforce.tui.widgets.keys_line import KeysLine
from taskforce.tui.working import begin, unhurried
from taskforce.views import Line

_WIDTH = 92

_VIEWS: dict[str, Callable[[], View]] = {"devices": DevicesView, "roster": RosterView, "slots": SlotsView}


class DevicesDialog(ListedDialog):
    """Every device that is known; in its place the roster of the operation, or what opens the store."""

    BINDINGS = [
        Binding(
            "R",
            "revoke",
            N_("Revoke…"),
            id="devices.revoke",
            tooltip=N_("It is lost: nobody takes what it writes any more; asks first"),
        ),
        Binding(
            "w",
            "words",
            N_("Our words"),
            id="devices.words",
            tooltip=N_("The eight words and the QR code of this agency's key, for whoever adds its card"),
        ),
        Binding(
            "d",
            "turn('devices')",
            N_("Devices"),
            id="devices.list",
            tooltip=N_("Whose they are, when they were heard, which are revoked"),
        ),
        Binding(
            "o",
            "turn('roster')",
            N_("Roster"),
            id="devices.roster",
            tooltip=N_("Who was introduced for this operation, by whom, and how far each is known here"),
        ),
        Binding(
            "s",
            "turn('slots')",
            N_("Key slots"),
            id="devices.slots",
            tooltip=N_("What opens the store: passphrases, key files, recovery"),
        ),
    ]

    def __init__(self) -> None:
        self._shows = "devices"
        super().__init__(DevicesView())

    @property
    def _lost(self) -> DeviceState | None:
        """The device under the cursor, if it may be revoked here."""
        if not isinstance(self.view, DevicesView) or not self.view.has_agency_key or self.desk.read_only:
            return None
        one = self.view.own.get(self.pointed.id) if self.is_attached and self.pointed is not None else None
        return None if one is None or one.revoked_at or one.this else one

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what is not shown already, and to revoke only where that is possible."""
        if action == "turn":
            return parameters != (self._shows,)
        if action == "revoke":
            return self._lost is not None
        return super().check_action(action, parameters)

    def action_turn(self, name: str) -> None:
        """Show another list."""
        self._shows = name
        self.turn_to(_VIEWS[name]())

    def action_words(self) -> None:
        """The words to be read aloud."""
        self.app.push_screen(WordsDialog())

    def action_revoke(self) -> None:
        """Ask what is needed to revoke the device under the cursor."""
        if (one := self._lost) is not None and not self.refuses_unseen():
            self.app.push_screen(RevokeDialog(one))


class WordsDialog(RoomDialog[None]):
    """The words of this agency's key and its QR code, to be read aloud or scanned off the screen."""

    DEFAULT_CSS = """
    WordsDialog > Vertical {
        width: 92;
        max-width: 100%;
        height: auto;
        max-height: 100%;
        background: $surface;
        border: round $primary;
    }
    WordsDialog Static { padding: 0 1; }
    WordsDialog VerticalScroll { height: auto; max-height: 85vh; scrollbar-size-vertical: 1; }
    """

    BINDINGS = [
        Binding(
            "escape,q",
            "leave",
            N_("Leave"),
            id="words.leave",
            key_display="esc",
            tooltip=N_("Back to where they were asked for"),
        ),
        Binding(
            "y",
            "app.copy_command",
            N_("Copy as command"),
            id="words.copy",
            tooltip=N_("The command that shows the same, on the clipboard"),
            show=False,
        ),
    ]

    def compose(self) -> ComposeResult:
        """The words, the code, the keys."""
        with Vertical():
            with VerticalScroll():
                yield Static("", id="words", markup=False)
                yield Static("", id="code", markup=False)
            yield KeysLine()

    async def on_mount(self) -> None:
        """Read them."""
        self.query_one(VerticalScroll).focus()
        await self.load()

    async def load(self) -> None:
        """Show them; they change only with the agency."""
        found = await self.try_reading(
            lambda session: (session.store.me.agency, peers.own_words(session), peers.own_scan(session))
        )
        if found is None:
            return
        agency, words, scan = found
        lines = [
            Line(_("The words of %(agency)s") % {"agency": agency}, "heading"),
            Line(" ".join(words), "command"),
            Line(_("read them aloud to whoever adds your card, on a line that you had before"), "muted"),
        ]
        width = min(_WIDTH, self.app.size.width) - 5
        self.query_one("#words", Static).update(laid_out(lines, width, indent=2))
        # Black on white whatever the theme: a phone reads no other.
        self.query_one("#code", Static).update(
            Content.styled("\n".join(qr_lines(scan)), "#000000 on #ffffff")
        )

    def as_command(self) -> str:
        """The command that shows the same."""
        return "taskforce peer words"


class RevokeDialog(TypedDialog[Plan]):
    """Up to which edit a lost device is to be believed, and why; what that does; last the answer."""

    DEFAULT_CSS = """
    RevokeDialog > Vertical {
        width: 92;
        max-width: 100%;
        height: auto;
        max-height: 95%;
        background: $surface;
        border: round $error;
    }
    RevokeDialog VerticalScroll { height: auto; max-height: 85vh; scrollbar-size-vertical: 1; }
    RevokeDialog Static { padding: 0 1; }
    RevokeDialog #does { margin: 1 0; }
    """

    BINDINGS = [
        Binding(
            "ctrl+s",
            "revoke",
            N_("Revoke"),
            id="revoke.do",
            tooltip=N_("For ever, once yes is typed for this"),
        ),
        Binding("escape", "leave", N_("Leave"), id="revoke.leave", tooltip=N_("Nothing is revoked")),
        Binding(
            "f2",
            "app.copy_command",
            N_("Copy as command"),
            id="revoke.copy",
            tooltip=N_("The command that revokes it, on the clipboard; it asks as this does"),
        ),
    ]

    def __init__(self, device: DeviceState) -> None:
        super().__init__()
        self._device = device
        self.draft_key = f"device/{device.device}/revoke"
        self._would: Plan | None = None

    def compose(self) -> ComposeResult:
        """Up to where, why, what that does, the answer."""
        name = f"{self._device.device[:4]} {self._device.label}".rstrip()
        title = _("Revoke the device %(name)s for ever") % {"name": name}
        last_good, reason, answer = _fields()
        with Vertical():
            with VerticalScroll(can_focus=False):
                yield Static(content_of(Line(title, "heading")), markup=False)
                yield FieldRow(last_good)
                yield FieldRow(reason)
                yield Static("", id="does", markup=False)
                yield Static(content_of(Line(_("Revoke this device, for ever?"), "late")), markup=False)
                yield FieldRow(answer)
            yield KeysLine()

    async def on_mount(self) -> None:
        """Go on with what was typed last time."""
        await self.bring_back()
        self._row("last_good").focus_line()
        self.look()

    async def load(self) -> None:
        """More of it may have come meanwhile."""
        await self._foresee()

    # ── what is typed ──

    def _row(self, name: str) -> FieldRow:
        return next(row for row in self.query(FieldRow) if row.field.name == name)

    def _text(self, name: str) -> str:
        return self._row(name).text.strip()

    def typed(self) -> dict[str, str]:
        """Number and reason; the answer is given anew each time."""
        return {name: text for name in ("last_good", "reason") if (text := self._text(name))}

    def fill(self, typed: Mapping[str, str]) -> None:
        """Put texts back into their lines."""
        for name in ("last_good", "reason"):
            self._row(name).text = typed.get(name, "")

    @on(FieldRow.Changed)
    def _changed(self, event: FieldRow.Changed) -> None:
        if event.row.field.name == "answer":
            return
        self.keep_soon()
        if event.row.field.name == "last_good":
            self._row("answer").text = ""  # it was the answer to another question
            self.look()

    # ── what it does ──

    def look(self) -> None:
        """Show what would be refused."""
        begin(self, self._foresee, "foresee")

    async def _foresee(self) -> None:
        typed, device = self._text("last_good"), self._device.device
        try:
            good = revoking.read_last_good(typed.split())
            would = await self.desk.read(lambda session: revoking.plan_revocation(session, device, *good))
        except TaskforceError as error:
            self._would = None
            if not self.desk.is_locked:
                self._show([Line(f"! {error.sentence}", "late"), Line(error.hint or "", "muted")])
            return
        if typed != self._text("last_good"):
            return
        self._would = would
        lines: list[Line | str] = list(statement_views.foretold(would))
        lines.append(_("nothing is sealed to it any more; your peers hear of it with your next bundles"))
        lines.append(Line(_("z does not take it back"), "muted"))
        self._show(lines)

    def _show(self, lines: list[Line | str]) -> None:
        width = min(_WIDTH, self.app.size.width) - 5
        self.query_one("#does", Static).update(laid_out(lines, width, indent=2))

    # ── doing ──

    @on(FieldRow.Done)
    async def _done(self) -> None:
        await self.action_revoke()

    @unhurried
    async def action_revoke(self) -> None:
        """Revoke it, if all is said that is needed."""
        shown = self._would
        await self._foresee()
        plan = self._would
        if plan is None:
            self._row("last_good").focus_line()
            return
        if shown != plan:
            self.room.say(_("more of it has come meanwhile: look at what is shown now"), is_error=True)
            self._row("answer").focus_line()
            return
        if not is_yes(self._text("answer")):
            self.room.say(_("nothing was revoked: type yes to revoke it"), is_error=True)
            self._row("answer").focus_line()
            return
        reason = self._text("reason")

        def work(session: Session) -> Plan:
            revoking.revoke(session, plan, reason=revoking.read_reason(reason))
            self.used(session)
            return plan

        await self.act_and_leave(
            work,
            lambda done: (
                _("%(device)s is revoked; your peers hear of it with your next bundles: x")
                % {"device": done.device[:4]}
            ),
        )

    def as_command(self) -> str:
        """The command that does the same, and asks as this does."""
        words = ["device", "revoke", self._device.device]
        for typed in self._text("last_good").split():
            words += ["--last-good", typed]
        if reason := self._text("reason"):
            words += ["--reason", reason]
        return command_line(*words)


def _fields() -> tuple[Field, Field, Field]:
    """The lines of the form, as forms have them for records."""
    last_good = N_(
        "its last edit that is certainly your colleague's, as N or FEED/N; empty: all that is here"
    )
    reason = N_("what happened; everybody who has edits of it can read that")
    return (
        Field("last_good", Type.TEXT, "", N_("Last good"), last_good),
        Field("reason", Type.TEXT, "", N_("Reason"), reason),
        Field("answer", Type.TEXT, "", N_("Answer"), N_("type yes"), required=True),
    )
