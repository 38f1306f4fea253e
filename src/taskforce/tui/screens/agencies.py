"""The agencies: who takes part in which role, whom to call now, what may be passed on, places free."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from taskforce.actions import directory, keeping
from taskforce.actions.session import Session
from taskforce.actions.using import current_operation
from taskforce.i18n import N_, _
from taskforce.records.codes import ROLES
from taskforce.records.registry import get_kind
from taskforce.store import pages, queries
from taskforce.store.queries import Condition, Record
from taskforce.tui import agency_text
from taskforce.tui.as_command import command_line, named
from taskforce.tui.rows import Page, Wanted, order_of
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import no_operation
from taskforce.tui.screens.records import RecordsScreen
from taskforce.tui.widgets.record_table import RecordTable
from taskforce.tui.working import unhurried
from taskforce.views import Column


class AgencyTable(RecordTable):
    """Who is on duty and where places are free matter more than the whole of a long name."""

    LEAST_WIDE = 14
    HELP = N_("Arrows or jk move, enter opens the record; Tab goes to the entry, which the arrows scroll.")


class AgenciesScreen(RecordsScreen):
    """Those that take part in the operation, or all; beside or below them the entry of the one under the cursor."""

    KIND = "agency"

    # Of the screen rather than DEFAULT_CSS, because it changes what app.tcss says of every table with a detail.
    CSS = """
    AgenciesScreen #records { layout: vertical; }
    AgenciesScreen #table { width: 100%; height: 40%; }
    AgenciesScreen #detail {
        display: block;
        width: 100%;
        height: 1fr;
        border-left: none;
        border-top: solid $panel;
    }
    AgenciesScreen.-wide #records { layout: horizontal; }
    AgenciesScreen.-wide #table { width: 1fr; height: 100%; }
    AgenciesScreen.-wide #detail { width: 48; height: 100%; border-top: none; border-left: solid $panel; }
    """

    BINDINGS = [
        Binding(
            "E",
            "everywhere",
            N_("All agencies"),
            id="records.everywhere",
            tooltip=N_("Those that take part in this operation, or all that are known"),
            show=True,
        ),
        Binding(
            "p",
            "participation",
            N_("Takes part"),
            id="agencies.participation",
            tooltip=N_("Let it take part in the operation, or change role, liaison officer and legal basis"),
        ),
    ]

    def body(self) -> ComposeResult:
        """The filter, the table, the entry."""
        yield Input(placeholder=_("filter: code, name, country, service"), id="filter", classes="hidden")
        with Horizontal(id="records"):
            yield AgencyTable(self._page, id="table", can_mark=False)
            with VerticalScroll(id="detail"):
                yield Static("", id="record", markup=False)
        yield Static("", id="count", markup=False)

    # ── reading ──

    def read_order(self, session: Session, wanted: Wanted) -> array[int]:
        """Those that take part, the lead first; after them the others, where all are wanted."""
        order = order_of(session, wanted)
        roles = directory.participants(session)
        found = queries.list_records(
            session.store.connection, self.kind, [Condition("id", "in", list(roles))]
        )
        number_of = {record.id: record.n for record in found}
        shown = set(order)
        first = [number_of[one] for one in roles if one in number_of and number_of[one] in shown]
        if session.current_operation and not wanted.everywhere:
            return array("q", first)
        behind = set(first)
        return array("q", [*first, *(n for n in order if n not in behind)])

    def read_page(self, session: Session, numbers: Sequence[int]) -> Page:
        """Code and name, role, who is on duty, places, exchange."""
        records = pages.records_at(session.store.connection, self.kind, numbers)
        columns = [
            Column(_("Code"), "code"),
            Column(_("Name"), "name"),
            Column(_("On duty"), "on_duty"),
            Column(_("Places"), "places", priority=1),
            Column(_("Heard"), "heard", priority=2),
        ]
        if session.current_operation:
            columns.insert(2, Column(_("Role"), "role"))
        rows = {}
        for entry in directory.entries(session, records):
            cells = {
                "code": entry.agency.text("code"),
                "name": entry.agency.text("name"),
                "role": agency_text.role(entry),
                "on_duty": agency_text.on_duty(entry),
                "places": agency_text.places(entry),
                "heard": agency_text.heard(entry, session.now),
            }
            rows[entry.agency.n] = tuple(cells[column.name] for column in columns)
        return Page(tuple(columns), rows, {record.n: record.id for record in records})

    def read_detail(self, session: Session, record: Record) -> Content:
        """The agency's entry."""
        operation = current_operation(session)
        (entry,) = directory.entries(session, [record])
        codename = operation.text("codename") if operation else ""
        return content_of(*agency_text.text_of(entry, codename, session.now))

    def nothing_yet(self) -> str:
        """What an empty table says."""
        if self.has_operation and not self.everywhere:
            return _("nobody takes part yet; E shows all agencies, and p lets one take part")
        return _("no agencies; press n to make one, or import a plan (x)")

    @property
    def has_operation(self) -> bool:
        """Whether an operation was chosen."""
        return bool(self.desk.watch().current_operation)

    def count_text(self) -> str:
        """How many there are, and of what."""
        parts = [
            agency_text.count_of(self.table.row_count, everywhere=self.everywhere or not self.has_operation)
        ]
        if self.words:
            parts.append(_("filter: %(words)s") % {"words": self.words})
        if not self.has_operation:
            parts.append(no_operation())
        elif not self.everywhere:
            parts.append(_("E shows all agencies"))
        return " · ".join(parts)

    # ── doing ──

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done with the agency under the cursor."""
        if action == "everywhere":
            return not self.desk.is_locked and self.has_operation
        if action == "participation" and (
            self.desk.read_only or self._record is None or self.desk.is_locked or not self.has_operation
        ):
            return False
        return super().check_action(action, parameters)

    @unhurried
    async def action_participation(self) -> None:
        """Change how the agency takes part; let one that does not take part as a partner."""
        from taskforce.tui.screens.form import FormDialog  # deferred: until a form is opened

        if self.refuses_unseen():
            return
        agency = await self.current()
        if agency is None:
            return

        def read(session: Session) -> tuple[Record | None]:
            (entry,) = directory.entries(session, [agency])
            return (entry.participation,)

        found = await self.try_reading(read)
        if found is None:
            return
        (joined,) = found
        if joined is not None:
            self.app.push_screen(FormDialog(get_kind("participation"), joined))
            return
        await self.try_acting(
            lambda session: keeping.join(session, {"agency": agency.id}),
            lambda one: (
                _("%(agency)s takes part now (%(role)s); p changes its role, z takes it back")
                % {"agency": agency.text("code"), "role": _(ROLES.get(one.text("role"), "")).lower()}
            ),
        )

    def _made(self, record: Record | None) -> None:
        if record is not None and not self.everywhere:
            self.everywhere = True  # a new one takes no part yet, and would not be seen
        super()._made(record)

    def as_command(self) -> str:
        """The commands that show the entry under the cursor, or the list."""
        if self.record is None:
            return "taskforce agency list"
        code, country = self.record.text("code"), self.record.text("country")
        name = named(self.record)
        parties = ",".join(one for one in (code, country) if one)
        return " && ".join(
            [
                command_line("agency", "show", name),
                command_line("contact", "list", "--agency", name, "--on-duty"),
                command_line("agreement", "list", "--parties", parties, "--status", "in-force"),
            ]
        )
