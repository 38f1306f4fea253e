"""The keys to what is shared and why, from everywhere, and what they open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App
from textual.binding import Binding, BindingType

from taskforce.i18n import N_
from taskforce.tui.screens.base import RoomDialog, RoomScreen

if TYPE_CHECKING:
    from taskforce.store.queries import Record

_CONSENTS = N_("What a person agreed to: of the record under the cursor, or of all; note one, take one back")
_EXPLAIN = N_("Of the record under the cursor, part by part: to whom it goes, and why not")
_TOLD = N_("Who was told what in which bundle: of the record under the cursor, or of all")
_MATRIX = N_("Agencies and parts of the operation, at a glance")
_VERIFY = N_("Every signature, certificate and chain of this store; what peers say they hold")
_DEVICES = N_("Which devices are known, and by whom; revoke a lost one; our words; what opens the store")
_AGREEMENTS = N_("What ends or must be reviewed soon, or is past it, and what is suspended")

SHARING_KEYS: list[BindingType] = [
    Binding("u", "consents", N_("Consents"), id="consents", tooltip=_CONSENTS, show=False),
    Binding("Y", "explain", N_("Who may have it"), id="explain", tooltip=_EXPLAIN, show=False),
    Binding("T", "told", N_("Who was told"), id="told", tooltip=_TOLD, show=False),
    Binding("M", "matrix", N_("Who may have what"), id="matrix", tooltip=_MATRIX, show=False),
    Binding("L", "agreements", N_("Agreements due"), id="agreements", tooltip=_AGREEMENTS, show=False),
    Binding("I", "devices", N_("Devices and keys"), id="devices", tooltip=_DEVICES, show=False),
    Binding("V", "verify", N_("Verify the store"), id="verify", tooltip=_VERIFY, show=False),
]
"""Of the whole room; the palette offers them."""

RECORD_SHARING_KEYS: list[BindingType] = [
    Binding(
        "u",
        "app.consents",
        N_("Consents"),
        id="record.consents",
        tooltip=N_("What the person agreed to; note one, take one back"),
    ),
    Binding(
        "Y",
        "app.explain",
        N_("Who may have it"),
        id="record.explain",
        tooltip=N_("Of each part of this record: to whom it goes, and why not"),
        show=False,
    ),
    Binding(
        "T",
        "app.told",
        N_("Who was told"),
        id="record.told",
        tooltip=N_("Who was told of this record in which bundle, and on what basis"),
        show=False,
    ),
]
"""Of an open record."""


class SharingPlaces(App[None]):
    """Opens what is shared and why, about the record that the cursor points at."""

    async def action_consents(self) -> None:
        """The consents of the person that the record is about."""
        from taskforce.tui.screens.sharing import consents_about  # deferred: until they are asked for

        screen = self.screen
        if isinstance(screen, RoomScreen | RoomDialog):
            dialog = await screen.try_reading(consents_about(await self._subject()))
            if dialog is not None:
                self.push_screen(dialog)

    async def action_explain(self) -> None:
        """Who may have the record, and why."""
        from taskforce.tui.screens.sharing import RecordSharingDialog  # deferred: as above

        record = await self._subject()
        if record is not None:
            self.push_screen(RecordSharingDialog(record, "sharing"))

    async def action_told(self) -> None:
        """Who was told of the record."""
        from taskforce.tui.screens.sharing import RecordSharingDialog  # deferred: as above

        self.push_screen(RecordSharingDialog(await self._subject(), "told"))

    def action_matrix(self) -> None:
        """Who may have what of the operation."""
        from taskforce.tui.screens.sharing import MatrixDialog  # deferred: as above

        self.push_screen(MatrixDialog())

    def action_agreements(self) -> None:
        """The agreements that need somebody."""
        from taskforce.tui.screens.sharing import AgreementsDialog  # deferred: as above

        self.push_screen(AgreementsDialog())

    def action_devices(self) -> None:
        """Whose devices are known, and what opens this store."""
        from taskforce.tui.screens.trust import DevicesDialog  # deferred: as above

        self.push_screen(DevicesDialog())

    def action_verify(self) -> None:
        """Prove that nobody rewrote what is held here."""
        from taskforce.tui.screens.audit import AuditDialog  # deferred: as above

        self.push_screen(AuditDialog())

    async def _subject(self) -> Record | None:
        screen = self.screen
        return await screen.current() if isinstance(screen, RoomScreen | RoomDialog) else None

    @property
    def has_subject(self) -> bool:
        """Whether what is shown points at one record."""
        screen = self.screen
        return isinstance(screen, RoomScreen | RoomDialog) and screen.points_at_record
