"""What the dialogs about sharing list: consents, who may have a record, who was told or looked, agreements due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from taskforce import moments
from taskforce.actions import agreements, consenting, disclosing, explaining
from taskforce.actions.agreements import Due
from taskforce.actions.explaining import Explained
from taskforce.actions.references import label_of, names_for
from taskforce.actions.session import Session
from taskforce.i18n import _, ngettext
from taskforce.labels import code_label
from taskforce.records import codes
from taskforce.records.registry import find_kind, get_kind
from taskforce.reports import disclosure_views, sharing_views
from taskforce.reports.record_views import fields_of, shown
from taskforce.store import queries
from taskforce.store.disclosures import Disclosure, Reading
from taskforce.store.queries import Condition, Record
from taskforce.text import cells, safe, shorten
from taskforce.tui.as_command import command_line, named
from taskforce.tui.exchange_views import MOST, Listed, Row, View
from taskforce.views import Fields, Line

NOTHING_OPENS = ("", "")
"""As the `dialog` of a row: of a kind that a newer version knows."""

_REF_CELLS, _AGENCY_CELLS, _WHEN_CELLS, _PART_CELLS = 8, 14, 18, 14


class ConsentsView(View):
    """The consents and overrides for a victim, or of all."""

    def __init__(self, victim: Record | None = None) -> None:
        self._victim = victim

    @property
    def command(self) -> str:
        """The command that lists the same."""
        narrowed = ["--victim", self._victim.ref] if self._victim is not None else []
        return command_line("consent", "list", *narrowed)

    def heading(self) -> str:
        """What stands above it."""
        if self._victim is None:
            return _("CONSENTS")
        return _("CONSENTS OF %(victim)s") % {"victim": self._victim.ref}

    def nothing(self) -> str:
        """That nobody has consented, and what that means."""
        if self._victim is None:
            return _("no consent is noted yet; n notes one")
        return _("no consent is noted: nothing of case, care or identity goes to anybody; n notes one")

    def read(self, session: Session, now: datetime) -> Listed:
        """Those that stand first, the latest first."""
        kind = get_kind("consent")
        wanted = [Condition("victim", "=", self._victim.id)] if self._victim is not None else []
        with session.store.reading():
            connection = session.store.connection
            found = queries.list_records(connection, kind, wanted, sort=[("given_at", True)])
            found.sort(key=lambda one: (one.text("status") != "given", _has_ended(one, now)))
            rows = tuple(_consent(session, one, now) for one in found[:MOST])
        standing = sum(one.text("status") == "given" and not _has_ended(one, now) for one in found)
        title = ngettext("%(count)d stands", "%(count)d stand", standing) % {"count": standing}
        return Listed(title if found else "", rows, len(found), self.command)


def _has_ended(one: Record, now: datetime) -> bool:
    return bool(one.text("until")) and moments.is_late(one.text("until"), now)


def _consent(session: Session, one: Record, now: datetime) -> Row:
    names = names_for(session, [one])

    def words(name: str) -> str:
        field = one.kind.field(name)
        assert field is not None
        return shown(field, one.values.get(name, ""), names)

    override = one.text("override")
    what = f"{', '.join(one.items('purpose'))} · {', '.join(one.items('parts'))} → {words('to')}"
    by = _("override: %(what)s") % {"what": words("override")} if override else words("given_by")
    if one.text("status") != "given":
        state = Line("× " + words("status"), "muted")
    elif _has_ended(one, now):
        state = Line("! " + _("ended %(date)s") % {"date": moments.show_date(one.text("until"))}, "late")
    else:
        until = one.text("until")
        more = " " + _("until %(date)s") % {"date": moments.show_date(until)} if until else ""
        state = Line("● " + words("status") + more, "ok")
    detail = _fields(fields_of(one, names, now))
    if missing := consenting.not_explained(one):
        told = ", ".join(_(codes.EXPLAINED[code]) for code in missing)
        detail.insert(1, Line(_("! not noted as explained: %(what)s") % {"what": told}, "late"))
    left = " " * _REF_CELLS
    return Row(
        one.id,
        names.get(one.text("victim"), ""),
        (
            f"{_fitted(one.ref, _REF_CELLS)}{what}",
            Line(f"{left}{state.text} · {names.get(one.text('victim'), '?')} · {by}", state.style),
        ),
        tuple(detail),
        command_line("consent", "show", one.ref),
        ("consent", one.id),
    )


class SharingView(View):
    """Whether a record goes to each agency, part by part; below, every check."""

    def __init__(self, record: Record) -> None:
        self._record = record

    @property
    def command(self) -> str:
        """The command that shows the record; that for an agency is its row's."""
        return command_line(self._record.kind.name, "show", named(self._record))

    def heading(self) -> str:
        """What stands above it."""
        return _("WHO MAY HAVE %(ref)s") % {"ref": label_of(self._record)}

    def nothing(self) -> str:
        """That there is nobody it could go to."""
        return _("nobody: no peer is verified, and nobody else takes part in the operation")

    def read(self, session: Session, now: datetime) -> Listed:
        """Those first to whom something goes; then verified peers, then whom the record names, then the others."""
        found = explaining.explain_to_all(session, self._record.id)
        record = self._record
        of_agencies = [field.name for field in record.kind.fields if field.to == "agency"]
        named_here = {one for name in of_agencies for one in record.items(name)}
        found.sort(key=lambda one: (not _goes(one), not _is_verified(one), one.agency_id not in named_here))
        goes = sum(_goes(one) for one in found)
        count = ngettext(
            "something goes to %(goes)d of %(count)d agency",
            "something goes to %(goes)d of %(count)d agencies",
            len(found),
        )
        title = count % {"goes": goes, "count": len(found)}
        return Listed(title, tuple(_explained(one, self._record) for one in found), len(found), self.command)


def _goes(one: Explained) -> bool:
    """Whether anything of the record goes to the agency."""
    return any(part.decision.allowed for part in one.parts)


def _is_verified(one: Explained) -> bool:
    """Whether bundles go to the agency at all."""
    return not any(
        check.name == "verified" and not check.passed for part in one.parts for check in part.checks
    )


def _explained(one: Explained, record: Record) -> Row:
    parts = "  ".join(f"{'●' if each.decision.allowed else '◌'} {each.part}" for each in one.parts)
    lines = sharing_views.explained_lines(one)
    if any(each.checks[-1].name == "consent" and not each.checks[-1].passed for each in one.parts):
        lines.append(Line(_("u shows the consents, and notes one"), "command"))
    return Row(
        one.agency,
        one.agency,
        (Line(_fitted(one.agency, _AGENCY_CELLS) + parts, "ok" if _goes(one) else ""),),
        tuple(lines),
        command_line("share", "explain", named(record), "--with", one.agency),
        ("agency", one.agency_id),
    )


class MatrixView(View):
    """Agencies and parts of the operation, at a glance."""

    command = "taskforce share matrix"

    def heading(self) -> str:
        """What stands above it."""
        return _("WHO MAY HAVE WHAT")

    def nothing(self) -> str:
        """That there is nobody to share with."""
        return _("nobody else takes part in the operation")

    def read(self, session: Session, now: datetime) -> Listed:
        """A row for each agency, those first to whom something goes."""
        operation, rows = explaining.matrix(session, session.require_operation())
        rows.sort(key=lambda row: not any(cell.goes for cell in row.cells.values()))
        heads = (_("Plan"), _("Case"), _("Care"), _("Identity"))
        head = " " * _AGENCY_CELLS + "".join(_fitted(one, _PART_CELLS) for one in heads)
        units = _("of the plan kinds of records are counted, of the rest victims")
        return Listed(
            operation.text("codename"),
            tuple(_agency(row) for row in rows),
            len(rows),
            self.command,
            (Line(units, "muted"), "", Line(head.rstrip(), "muted")) if rows else (),
        )


def _agency(row: explaining.Row) -> Row:
    heads = dict(zip(explaining.COLUMNS, (_("Plan"), _("Case"), _("Care"), _("Identity")), strict=True))
    told = ""
    detail: list[Line | str] = [Line(f"{row.code} · {sharing_views.role_of(row)}", "heading")]
    for part in explaining.COLUMNS:
        cell = row.cells[part]
        whole = sharing_views.cell_of(part, cell)
        is_some = 0 < cell.goes < cell.of
        told += _fitted(f"◐ {cell.goes}/{cell.of}" if is_some else whole.text, _PART_CELLS)
        detail.append(Line(f"{heads[part]}: {whole.text}", whole.style))
        detail += [Line(f"    × {reason}", "late") for reason in cell.reasons]
    return Row(
        row.agency,
        row.code,
        (_fitted(row.code, _AGENCY_CELLS) + told.rstrip(),),
        tuple(detail),
        MatrixView.command,
        ("agency", row.agency),
    )


class ToldView(View):
    """Who has been told what about a record, or of everything; or only what one agency was told."""

    def __init__(self, record: Record | None = None) -> None:
        self._record = record
        self.to = ""  # the code of the only agency that is wanted

    @property
    def command(self) -> str:
        """The command that lists the same."""
        about = [self._record.ref] if self._record is not None else []
        return command_line("disclosures", *about, *(["--to", self.to] if self.to else []))

    def heading(self) -> str:
        """What stands above it."""
        if self._record is None:
            return _("WHO WAS TOLD WHAT")
        return _("WHO WAS TOLD OF %(ref)s") % {"ref": label_of(self._record)}

    def nothing(self) -> str:
        """That nobody was."""
        return _("nothing was told that is recorded")

    def read(self, session: Session, now: datetime) -> Listed:
        """The latest first."""
        about = self._record.id if self._record is not None else ""
        found = disclosing.told(session, about, to=self.to, limit=MOST + 1)
        above = [Line(one, "late") for one in disclosure_views.not_recorded(found)]
        rows = tuple(_told(one, found.names) for one in found.found[:MOST])
        title = _("only %(agency)s; a shows all") % {"agency": self.to} if self.to else ""
        return Listed(title, rows, len(rows), self.command, (*above, *_cut(found.found, self.command)))


def _told(one: Disclosure, names: disclosing.Names) -> Row:
    ref = names[one.kind, one.record]
    bundle = _("bundle %(number)d") % {"number": one.number}
    count = ngettext("%(count)d edit", "%(count)d edits", one.edits) % {"count": one.edits}
    detail: tuple[Line | str, ...] = (
        Line(f"{ref}, {one.part} → {one.agency}", "heading"),
        _("told %(when)s in %(bundle)s by %(officer)s: %(edits)s")
        % {"when": moments.show_time(one.at), "bundle": bundle, "officer": one.by, "edits": count},
        _("on what basis: %(basis)s") % {"basis": one.basis},
    )
    return Row(
        f"{one.bundle} {one.agency} {one.record} {one.part} {one.basis}",
        one.agency,
        (
            _fitted(moments.show_time(one.at), _WHEN_CELLS)
            + _fitted(one.agency, _AGENCY_CELLS)
            + f"{ref}, {one.part}",
        ),
        detail,
        command_line("disclosures", ref, "--to", one.agency),
        (one.kind, one.record) if find_kind(one.kind) else NOTHING_OPENS,
    )


class ReadsView(View):
    """Who looked at identity and care in this store: of a record, or of all."""

    def __init__(self, record: Record | None = None) -> None:
        self._record = record

    @property
    def command(self) -> str:
        """The command that lists the same."""
        narrowed = [self._record.ref] if self._record is not None else []
        return command_line("disclosures", *narrowed, "--reads")

    def heading(self) -> str:
        """What stands above it."""
        if self._record is None:
            return _("WHO LOOKED HERE")
        return _("WHO LOOKED AT %(ref)s") % {"ref": label_of(self._record)}

    def nothing(self) -> str:
        """That nobody has."""
        return _("nobody has looked at identity or care since that is recorded")

    def read(self, session: Session, now: datetime) -> Listed:
        """The latest first."""
        about = self._record.id if self._record is not None else ""
        found = disclosing.shown(session, about, limit=MOST + 1)
        above = [Line(one, "muted") for one in disclosure_views.before_then(found)]
        rows = tuple(_read(place, one, found.names) for place, one in enumerate(found.found[:MOST]))
        return Listed("", rows, len(rows), self.command, (*above, *_cut(found.found, self.command)))


def _read(place: int, one: Reading, names: Mapping[tuple[str, str], str]) -> Row:
    ref = names[one.place.kind, one.place.record]
    reason = _("reason: %(reason)s") % {"reason": one.reason} if one.reason else _("no reason was asked for")
    return Row(
        f"{place}",
        one.by,
        (_fitted(moments.show_time(one.at), _WHEN_CELLS) + f"{ref}, {one.place.part} · {one.by}",),
        (
            Line(f"{ref}, {one.place.part}", "heading"),
            _("looked at by %(officer)s, %(when)s (%(way)s)")
            % {"officer": one.by, "when": moments.show_time(one.at), "way": one.way},
            reason,
        ),
        command_line("disclosures", ref, "--reads"),
        (one.place.kind, one.place.record) if find_kind(one.place.kind) else NOTHING_OPENS,
    )


def _cut(found: Sequence[object], command: str) -> tuple[Line, ...]:
    if len(found) <= MOST:
        return ()
    told = _("the latest %(n)d; all of them: %(command)s")
    return (Line(told % {"n": MOST, "command": command}, "muted"),)


class AgreementsView(View):
    """Agreements that end or must be reviewed soon, and those that are suspended."""

    def __init__(self) -> None:
        self.days = agreements.NEAR_DAYS

    @property
    def command(self) -> str:
        """The command that lists the same."""
        return command_line("agreement", "due", "--within", f"{self.days}d")

    def heading(self) -> str:
        """What stands above it."""
        return _("AGREEMENTS DUE")

    def nothing(self) -> str:
        """That none needs anybody."""
        text = _("no agreement ends or must be reviewed within %(days)d days, and none is suspended")
        return text % {"days": self.days}

    def read(self, session: Session, now: datetime) -> Listed:
        """The longest past first."""
        with session.store.reading():
            found = agreements.due(session, days=self.days)
            rows = tuple(_due(session, one, now) for one in found)
        title = _("within %(days)d days") % {"days": self.days}
        return Listed(title, rows, len(rows), self.command)


def _due(session: Session, one: Due, now: datetime) -> Row:
    record = one.record
    state = code_label(record.kind.lifecycle.states if record.kind.lifecycle else {}, record.text("status"))
    left = "" if one.why == agreements.SUSPENDED else f" · {moments.left_or_late(one.date, now)}"
    indent = " " * _REF_CELLS
    return Row(
        f"{record.id}/{one.why}",
        record.ref,
        (
            _fitted(record.ref, _REF_CELLS) + record.title,
            Line(f"{indent}{'! ' if one.late else ''}{one.sentence}{left}", "late" if one.late else ""),
            Line(f"{indent}{state} · {', '.join(record.items('parties'))}", "muted"),
        ),
        tuple(_fields(fields_of(record, names_for(session, [record]), now))),
        command_line("agreement", "show", record.ref),
        ("agreement", record.id),
    )


def _fields(fields: Fields) -> list[Line | str]:
    """A record's fields, a line each: below a list there is little height."""
    lines: list[Line | str] = [Line(fields.title, "heading")]
    for label, value in fields.pairs:
        text, style = (value.text, value.style) if isinstance(value, Line) else (value, "")
        lines.append(Line(f"{label}: {text}", style))
    return lines


def _fitted(text: str, width: int) -> str:
    text = shorten(safe(text), width - 1)
    return text + " " * (width - cells(text))
