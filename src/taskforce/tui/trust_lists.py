"""What the dialog about devices lists: every known device, the roster of the operation, what opens the store."""

from __future__ import annotations

from datetime import datetime

from taskforce import moments
from taskforce.actions import devices, introducing
from taskforce.actions.devices import DeviceState
from taskforce.actions.introducing import Member
from taskforce.actions.peers import PeerState, known_peers
from taskforce.actions.session import Session
from taskforce.actions.using import current_operation
from taskforce.errors import NotFound
from taskforce.i18n import _, ngettext
from taskforce.keys import rewrapping
from taskforce.keys.rewrapping import SlotAbout
from taskforce.reports.introduction_views import known_line, member_line, missing_lines, roster_head
from taskforce.reports.slot_views import costs, kind_words
from taskforce.text import cells, safe, shorten
from taskforce.tui.as_command import command_line
from taskforce.tui.exchange_views import Listed, Row, View
from taskforce.views import Line

NOTHING_OPENS = ("", "")
"""As the `dialog` of a row: of a kind that a newer version knows."""

_AGENCY_CELLS, _SLOT_CELLS, _LABEL_CELLS = 14, 8, 15


class DevicesView(View):
    """Every device that is known: this agency's first, with who has verified the agencies of the others."""

    command = "taskforce device list"

    def __init__(self) -> None:
        self.own: dict[str, DeviceState] = {}
        self.has_agency_key = False

    def heading(self) -> str:
        """What stands above it."""
        return _("DEVICES")

    def nothing(self) -> str:
        """That there is none."""
        return _("no device is known yet")

    def read(self, session: Session, now: datetime) -> Listed:
        """Every device, and how its agency is known."""
        from taskforce.actions.agency_keys import show_agency_key  # deferred: loads libsodium

        with session.store.reading():
            found = devices.list_devices(session)
            peers = {one.agency: one for one in known_peers(session)}
            self.has_agency_key = show_agency_key(session).here
        self.own = {one.device: one for one in found if one.own}
        title = ngettext("%(count)d device", "%(count)d devices", len(found)) % {"count": len(found)}
        if lost := sum(bool(one.revoked_at) for one in found):
            title += " · ⊘ " + ngettext("%(count)d revoked", "%(count)d revoked", lost) % {"count": lost}
        told = (
            _("the agency's key is on this device: it can admit and revoke devices")
            if self.has_agency_key
            else _("the agency's key is not on this device: devices are admitted and revoked where it is")
        )
        rows = tuple(_device(one, peers.get(one.agency), now) for one in found)
        return Listed(title, rows, len(found), self.command, (Line(told, "muted"),))


def _device(one: DeviceState, peer: PeerState | None, now: datetime) -> Row:
    heard = _("never heard")
    if one.this:
        heard = _("this device")
    elif one.last_heard:
        heard = _("last heard %(when)s") % {"when": moments.ago(one.last_heard, now)}
    known = Line(_("your own agency"), "muted") if one.own else _known(peer)
    state, left = "", " " * _AGENCY_CELLS
    if one.revoked_at:
        state = _("revoked %(when)s") % {"when": moments.show_time(one.revoked_at, now=now)}
        state = "⊘ " + (f"{state}: {one.reason}" if one.reason else state)
    name = f"{one.device[:4]} {one.label}".rstrip()
    lines: list[Line | str] = [f"{_fitted(one.agency, _AGENCY_CELLS)}{name}"]
    lines.append(Line(left + state, "late") if state else Line(left + heard, "muted"))
    detail: list[Line | str] = [
        Line(f"{one.agency} · {one.label}" if one.label else one.agency, "heading"),
        known,
        "",
        *_pair(_("Device"), one.device),
        *_pair(_("Certified"), moments.show_time(one.since, now=now)),
        *_pair(_("Heard"), heard),
        *_pair(_("Writes in"), f"{one.feed} · " + _last(one)),
    ]
    if state:
        detail[2:2] = ["", Line(state, "late"), *_of_revoked(one)]
    return Row(
        one.device,
        one.agency,
        tuple(lines),
        tuple(detail),
        "taskforce device list",
        ("feed", one.feed) if one.last_number else NOTHING_OPENS,
    )


def _last(one: DeviceState) -> str:
    if not one.last_number:
        return _("nothing of it is held here")
    return _("last edit held here: %(number)d") % {"number": one.last_number}


def _of_revoked(one: DeviceState) -> list[Line | str]:
    good = (
        _("its last good edit is %(number)d") % {"number": one.last_good}
        if one.last_good
        else _("no edit of the feed that it writes in is good")
    )
    lines: list[Line | str] = [good]
    if one.waiting:
        text = ngettext(
            "%(count)d edit of it waits in quarantine, and counts nowhere",
            "%(count)d edits of it wait in quarantine, and count nowhere",
            one.waiting,
        )
        lines.append(text % {"count": one.waiting})
    return lines


def _known(peer: PeerState | None) -> Line:
    return Line(_("not a verified peer"), "muted") if peer is None else known_line(peer)


class RosterView(View):
    """Who is on the roster of the operation, and how far each is known here."""

    command = ""

    def heading(self) -> str:
        """What stands above it."""
        return _("ROSTER")

    def nothing(self) -> str:
        """That there is none, and how one comes to be."""
        return _(
            "nobody has introduced anybody: who leads the operation does, by: taskforce operation roster"
        )

    def read(self, session: Session, now: datetime) -> Listed:
        """The members, and who is missing."""
        with session.store.reading():
            operation = current_operation(session)
            if operation is None:
                return Listed("", (), 0, "")
            self.command = command_line("operation", "roster", operation.text("codename"), "--show")
            try:
                roster = introducing.show_roster(session, operation)
            except NotFound:
                return Listed("", (), 0, self.command)
        head, *warned = roster_head(roster, now)
        rows = tuple(_member(one, now, self.command) for one in roster.members)
        above = (*warned, *missing_lines(roster, made=False))
        return Listed(_text(head), rows, len(rows), self.command, above)


def _member(one: Member, now: datetime, command: str) -> Row:
    line = member_line(one, _AGENCY_CELLS - 2, now)
    told = Line(_text(line).strip(), line.style if isinstance(line, Line) else "")
    detail = [
        Line(f"{one.agency} · {one.name}", "heading"),
        told,
        "",
        *_pair(_("Fingerprint"), one.fingerprint),
    ]
    if one.country:
        detail += _pair(_("Country"), one.country)
    if one.level == "introduced":
        detail += ["", _("the plan and who is who go there; for more compare words: taskforce peer add CARD")]
    return Row(one.agency, one.agency, (told,), tuple(detail), command, NOTHING_OPENS)


class SlotsView(View):
    """What opens the store."""

    command = "taskforce key list"

    def heading(self) -> str:
        """What stands above it."""
        return _("WHAT OPENS THIS STORE")

    def nothing(self) -> str:
        """That there is none."""
        return _("no key slots")

    def read(self, session: Session, now: datetime) -> Listed:
        """Every key slot; and that one alone is easily lost."""
        found = rewrapping.list_slots(session.store.folder)
        title = ngettext("%(count)d key slot", "%(count)d key slots", len(found)) % {"count": len(found)}
        above: list[Line | str] = []
        if len(found) == 1:
            text = _("! if what opens the only slot is lost, the store is lost: taskforce key add")
            above.append(Line(text, "late"))
        return Listed(title, tuple(_slot(one, now) for one in found), len(found), self.command, tuple(above))


def _slot(one: SlotAbout, now: datetime) -> Row:
    words = kind_words(one)
    made = moments.show_time(one.made, now=now) if one.made else ""
    detail: list[Line | str] = [Line(f"{one.name} · {words}", "heading"), ""]
    for label, value in (
        (_("Label"), one.label),
        (_("Made"), made),
        (_("A guess costs"), costs(one)),
        (_("Recipient"), one.recipient),
    ):
        detail += _pair(label, value) if value else []
    if one.kind == "recovery":
        command = command_line("key", "recovery", one.name, "-o", "sealed.age")
        told = _("who has this recipient's identity opens what that writes with the program age")
        detail += ["", Line(command, "command"), told]
    line = f"{_fitted(one.name, _SLOT_CELLS)}{words}" + (f" · {one.label}" if one.label else "")
    return Row(one.name, one.name, (line,), tuple(detail), "taskforce key list", NOTHING_OPENS)


def _pair(label: str, value: str) -> list[Line | str]:
    return [_fitted(label, _LABEL_CELLS) + value]


def _text(line: Line | str) -> str:
    return line.text if isinstance(line, Line) else line


def _fitted(text: str, width: int) -> str:
    text = shorten(safe(text), width - 1)
    return text + " " * (width - cells(text))
