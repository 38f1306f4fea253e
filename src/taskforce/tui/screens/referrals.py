"""The referrals: where victims are sent, how long the answer may take, what happened, and who else would fit."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from taskforce.actions import looking, matching
from taskforce.actions.matching import Match
from taskforce.actions.references import names_for, shown_ids
from taskforce.actions.session import Session
from taskforce.i18n import N_, _
from taskforce.records.codes import DECLINE_REASONS
from taskforce.records.registry import get_kind
from taskforce.reports.record_views import fields_of
from taskforce.reports.referral_views import clock_of, story_of_referral
from taskforce.store.queries import Record
from taskforce.tui.provider_lines import fitting_or_not, no_provider, provider_line
from taskforce.tui.safety import content_of
from taskforce.tui.screens.records import RecordsScreen
from taskforce.tui.screens.refer import ReferDialog
from taskforce.tui.widgets.record_table import RecordTable
from taskforce.views import Line

_SEEKING = ("draft", "declined", "cancelled")
"""States in which it is worth knowing who would fit."""

_MOST = 8
"""Providers that the panel lists; `taskforce referral match` has them all."""

_BESIDES = ("victim", "to", "status", "answer_due")
"""Fields that the head and the clock tell already."""


class ReferralTable(RecordTable):
    """To whom somebody is referred matters more than the whole list of services."""

    LEAST_WIDE = 12


class ReferralsScreen(RecordsScreen):
    """Every referral of the operation; what happened to it; and who fits where nobody has taken the person in."""

    KIND = "referral"

    # Not DEFAULT_CSS: the app's own rules for #records and #detail would win over that.
    CSS = """
    ReferralsScreen #records { layout: vertical; }
    ReferralsScreen #table { width: 1fr; height: 1fr; }
    ReferralsScreen #detail {
        display: block; width: 1fr; height: 60%; border-left: none; border-top: solid $panel;
    }
    ReferralsScreen.-wide #records { layout: horizontal; }
    ReferralsScreen.-wide #table { height: 1fr; }
    ReferralsScreen.-wide #detail {
        width: 48; height: 1fr; border-top: none; border-left: solid $panel;
    }
    """

    BINDINGS = [
        Binding(
            "s",
            "do('send')",
            N_("Send"),
            id="referrals.send",
            tooltip=N_("Let it go to the provider with the next bundle"),
        ),
        Binding(
            "R",
            "do('receive')",
            N_("Received"),
            id="referrals.receive",
            tooltip=N_("Note that it has arrived; the clock for the answer runs"),
            show=False,
        ),
        Binding(
            "A",
            "do('accept')",
            N_("Accept"),
            id="referrals.accept",
            tooltip=N_("Take the person in; m also asks for place and time"),
        ),
        Binding(
            "N",
            "do('decline')",
            N_("Decline"),
            id="referrals.decline",
            tooltip=N_("Say no; asks for the reason"),
        ),
        Binding(
            "S",
            "do('start')",
            N_("Start"),
            id="referrals.start",
            tooltip=N_("Note that the help has begun"),
            show=False,
        ),
        Binding(
            "d",
            "do('complete')",
            N_("Complete"),
            id="referrals.complete",
            tooltip=N_("Note that all is done; asks what came of each service"),
        ),
        Binding(
            "K",
            "do('cancel')",
            N_("Cancel"),
            id="referrals.cancel",
            tooltip=N_("Take it back: it is no longer wanted"),
            show=False,
        ),
        Binding(
            "W",
            "do('revoke')",
            N_("Revoke"),
            id="referrals.revoke",
            tooltip=N_("Take it back: the victim has withdrawn consent"),
            show=False,
        ),
        Binding(
            "w",
            "elsewhere",
            N_("Refer elsewhere"),
            id="referrals.elsewhere",
            tooltip=N_("The same victim and services, to another provider"),
        ),
    ]

    def body(self) -> ComposeResult:
        """The filter, the table, the referral."""
        yield Input(placeholder=_("filter: words, ref, agency, state"), id="filter", classes="hidden")
        with Horizontal(id="records"):
            yield ReferralTable(self._page, id="table")
            with VerticalScroll(id="detail"):
                yield Static("", id="record", markup=False)
        yield Static("", id="count", markup=False)

    def read_detail(self, session: Session, record: Record) -> Content:
        """Head and clock, who fits, the story, the fields."""
        names = names_for(session, [record])
        victim, agency = (names.get(record.text(name), "?") for name in ("victim", "to"))
        head = f"{record.ref}  {victim} → {agency}"
        if record.archived:
            head += " × " + _("archived")
        pieces: list[str | Line | Content] = [
            Line(head + "\n", "heading"),
            *clock_of(record, session.now),
            "\n",
        ]
        if record.text("status") in _SEEKING:
            pieces += self._fitting(session, record)
        pieces += [Line("\n" + _("What happened") + "\n", "heading")]
        pieces += story_of_referral(looking.history_of(session, record.id)[1])
        pieces += [Line("\n" + _("Fields") + "\n", "heading")]
        told = {_(field.label) for name in _BESIDES if (field := self.kind.field(name))}
        for label, value in fields_of(record, names, session.now).pairs:
            if label not in told:
                pieces += [Line(f"{label}: ", "muted"), value, "\n"]
        return Content("").join(each if isinstance(each, Content) else content_of(each) for each in pieces)

    def _fitting(self, session: Session, record: Record) -> list[str | Line | Content]:
        matches = [_with_answer(each, record) for each in matching.match_referral(session, record)]
        found = sorted(matches, key=lambda each: not each.fits)
        pieces: list[str | Line | Content] = [Line("\n" + fitting_or_not(found) + "\n", "heading")]
        width = max(40, self.query_one("#detail").size.width - 3)
        for each in found[:_MOST]:
            pieces += [provider_line(each, width), "\n"]
        if len(found) > _MOST:
            more = _("%(count)d more: taskforce referral match %(ref)s")
            pieces.append(Line(more % {"count": len(found) - _MOST, "ref": record.ref} + "\n", "muted"))
        if not found:
            pieces.append(Line(no_provider() + "\n", "muted"))
        return pieces

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Elsewhere it is referred where nobody has taken the person in."""
        if action == "elsewhere":
            state = self._record.text("status") if self._record is not None else ""
            return not self.desk.read_only and state in ("declined", "cancelled")
        return super().check_action(action, parameters)

    async def action_elsewhere(self) -> None:
        """The same victim and services, to another provider."""
        record = await self.current()
        if record is None or record.text("status") not in ("declined", "cancelled"):
            return
        victim = record.text("victim")
        ids = await self.try_reading(lambda session: shown_ids(session, get_kind("victim"), {victim}))
        if ids:
            typed = {"victim": ids[victim], "needs": " ".join(record.items("services"))}
            self.app.push_screen(ReferDialog({**typed, "urgency": record.text("urgency")}), self._made)

    def nothing_yet(self) -> str:
        """What an empty table says."""
        return _("no referrals yet; press v to refer a victim")


def _with_answer(match: Match, referral: Record) -> Match:
    """The provider that has declined says so, whatever else is known of it."""
    if referral.text("status") != "declined" or match.agency.id != referral.text("to"):
        return match
    reason = referral.text("decline_reason")
    told = _("has declined: %(reason)s") % {"reason": _(DECLINE_REASONS.get(reason, reason or "?")).lower()}
    return Match(match.agency, fits=False, reasons=(told, *match.reasons), notes=match.notes)
