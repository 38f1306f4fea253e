"""The dialogs about sharing: a person's consents, who may have a record and who was told, who may have what."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.binding import Binding

from taskforce.actions import consenting
from taskforce.actions.references import names_for
from taskforce.actions.session import Session
from taskforce.i18n import N_, _
from taskforce.records import codes
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.store.queries import Record
from taskforce.tui.screens.form import FormDialog
from taskforce.tui.screens.listed import ListedDialog
from taskforce.tui.sharing_lists import (
    AgreementsView,
    ConsentsView,
    MatrixView,
    ReadsView,
    SharingView,
    ToldView,
)


class ConsentForm(FormDialog):
    """A new consent or override; goes to the line that still lacks what it must say."""

    def __init__(self, begin: Mapping[str, str]) -> None:
        super().__init__(get_kind("consent"), begin=begin)

    def saved_text(self, saved: Record) -> str:
        """What is said of it: what of the checklist is not noted, too."""
        text = super().saved_text(saved)
        if missing := consenting.not_explained(saved):
            told = ", ".join(_(codes.EXPLAINED[code]) for code in missing)
            text += " · " + _("not noted as explained: %(what)s") % {"what": told}
        return text

    def go_to_missing(self) -> None:
        """Go to a line that is needed; else to who gave it, or to what an override lacks."""
        texts = {row.field.name: row.text.strip() for row in self.rows}
        needed = [row.field.name for row in self.rows if row.required]
        needed += ["reason", "approved_by"] if texts["override"] else []
        lacking = next((name for name in needed if not texts[name]), "")
        if not lacking and not texts["override"]:
            # Here something is wrong with who gave it: nobody did, or a child alone; or an override was meant.
            lacking = "override" if texts["reason"] or texts["approved_by"] else "given_by"
        for row in self.rows:
            if row.field.name == lacking:
                row.focus_line()


class ConsentsDialog(ListedDialog):
    """The consents of a victim, or of all; notes one, takes one back."""

    BINDINGS = [
        Binding(
            "n",
            "add",
            N_("New consent"),
            id="consents.new",
            tooltip=N_("Note what the person agreed to, or an override with its reason and who approved it"),
        ),
        Binding(
            "w",
            "withdraw",
            N_("Withdraw"),
            id="consents.withdraw",
            tooltip=N_("The person takes it back: nothing more goes on it; then ask whether to recall"),
        ),
        Binding(
            "e",
            "edit",
            N_("Edit"),
            id="consents.edit",
            tooltip=N_("Change it, such as what was explained since"),
        ),
    ]

    def __init__(self, victim: Record | None, begin: Mapping[str, str]) -> None:
        super().__init__(ConsentsView(victim))
        self._begin = dict(begin)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is changed in a room for reading; what was withdrawn stays so."""
        if action in ("add", "withdraw", "edit") and self.desk.read_only:
            return False
        if action in ("withdraw", "edit") and (not self.is_attached or self.pointed is None):
            return False
        return super().check_action(action, parameters)

    def action_add(self) -> None:
        """A form for a new one."""
        self.app.push_screen(ConsentForm(self._begin))

    async def _pointed_record(self) -> Record | None:
        row = self.pointed
        if row is None or self.refuses_unseen():
            return None
        kind, one = get_kind("consent"), row.id
        return await self.try_reading(lambda session: queries.get_record(session.store.connection, kind, one))

    async def action_withdraw(self) -> None:
        """Ask for the reason, and take it back."""
        from taskforce.tui.screens.moves import MovesDialog  # deferred: until one is taken back

        record = await self._pointed_record()
        if record is None:
            return
        if record.text("status") != "given":
            self.room.say(_("%(ref)s was taken back before") % {"ref": record.ref}, is_error=True)
            return
        self.app.push_screen(MovesDialog(record.kind, record, move="withdraw"))

    async def action_edit(self) -> None:
        """A form with its fields."""
        record = await self._pointed_record()
        if record is not None:
            self.app.push_screen(FormDialog(record.kind, record))


def consents_about(record: Record | None) -> Callable[[Session], ConsentsDialog]:
    """What reads whose consents they are about, and makes the dialog: of a victim, or of the one that a record names.

    A new one begins with the victim; from a referral also with what that needs: services, case and care, its provider.
    """

    def read(session: Session) -> ConsentsDialog:
        connection, kind = session.store.connection, get_kind("victim")
        if record is None:
            return ConsentsDialog(None, {})
        ident = record.id if record.kind.name == "victim" else record.text("victim")
        victim = queries.get_record(connection, kind, ident) if ident else None
        if victim is None:
            return ConsentsDialog(None, {})
        begin = {"victim": victim.ref}
        if record.kind.name == "referral":
            begin |= {"purpose": "services", "parts": "case, care"}
            if to := names_for(session, [record], ["to"]).get(record.text("to")):
                begin["to"] = to
        return ConsentsDialog(victim, begin)

    return read


class RecordSharingDialog(ListedDialog):
    """Who may have a record and why; in its place who was told of it, and who looked at it here."""

    BINDINGS = [
        Binding(
            "T",
            "turn('told')",
            N_("Who was told"),
            id="sharing.told",
            tooltip=N_("Each bundle that told somebody of it, on what basis and by which officer"),
        ),
        Binding(
            "Y",
            "turn('sharing')",
            N_("Who may have it"),
            id="sharing.explain",
            tooltip=N_("Each part: to whom it goes, the checks it passed and the first that failed"),
        ),
        Binding(
            "R",
            "turn('reads')",
            N_("Who looked"),
            id="sharing.reads",
            tooltip=N_("Who was shown identity or care in this store, and the reason given"),
        ),
        Binding(
            "a",
            "only",
            N_("This agency only"),
            id="sharing.only",
            tooltip=N_("Only what the agency under the cursor was told; once more, what all were"),
        ),
        Binding(
            "u",
            "app.consents",
            N_("Consents"),
            id="sharing.consents",
            tooltip=N_("What the person agreed to whom this is about; note one, take one back"),
        ),
    ]

    def __init__(self, record: Record | None, name: str) -> None:
        self._record = record
        self._shows = name
        super().__init__(self._view_of(name))

    def _view_of(self, name: str) -> SharingView | ToldView | ReadsView:
        if name == "sharing" and self._record is not None:
            return SharingView(self._record)
        return ReadsView(self._record) if name == "reads" else ToldView(self._record)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what is not shown already; who may have it only of one record; one agency only of what was told."""
        if action == "only":
            return self.is_attached and self._shows == "told" and self.pointed is not None
        if action == "turn":
            return parameters != (self._shows,) and (parameters != ("sharing",) or self._record is not None)
        return super().check_action(action, parameters)

    def action_only(self) -> None:
        """Only what the agency under the cursor was told, or what all were."""
        if isinstance(self.view, ToldView) and (row := self.pointed) is not None:
            view = ToldView(self._record)
            view.to = "" if self.view.to else row.whose
            self.turn_to(view)

    async def current(self) -> Record | None:
        """The record that this is about."""
        return self._record

    def action_turn(self, name: str) -> None:
        """Show the other list."""
        self._shows = name
        self.turn_to(self._view_of(name))


class MatrixDialog(ListedDialog):
    """Who may have what of the operation."""

    def __init__(self) -> None:
        super().__init__(MatrixView())


class AgreementsDialog(ListedDialog):
    """Agreements that need somebody."""

    BINDINGS = [
        Binding(
            "plus",
            "further",
            N_("Further ahead"),
            id="agreements.further",
            key_display="+",
            tooltip=N_("Those that are due within twice the time, too"),
        ),
        Binding(
            "n",
            "add",
            N_("New agreement"),
            id="agreements.new",
            tooltip=N_("A form for an agreement: its parties, what it covers, from when until when"),
        ),
    ]

    def __init__(self) -> None:
        self._due = AgreementsView()
        super().__init__(self._due)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is made in a room for reading."""
        return not self.desk.read_only if action == "add" else super().check_action(action, parameters)

    def action_add(self) -> None:
        """A form for a new one."""
        self.app.push_screen(FormDialog(get_kind("agreement")))

    def action_further(self) -> None:
        """Look twice as far ahead."""
        self._due.days = min(self._due.days * 2, 3650)
        self.reload()
