"""Records as people and scripts see them: table, fields, JSON. Every place that shows a record draws it from here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from taskforce import moments
from taskforce.i18n import _
from taskforce.labels import code_label, country, language, pair_label, party
from taskforce.records.schema import Field, Kind, Type
from taskforce.store.queries import Record
from taskforce.store.tables import is_integer
from taskforce.views import Column, Fields, Line, Table

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.sync.edit import Value

GLYPHS = {
    **dict.fromkeys(("planned", "draft", "planning"), "○"),
    **dict.fromkeys(("assigned", "accepted", "sent", "received", "briefed", "signed"), "◔"),
    **dict.fromkeys(("under-way", "in-progress", "live"), "◑"),
    **dict.fromkeys(("done", "completed", "closed", "stood-down", "in-force"), "●"),
    **dict.fromkeys(("blocked", "suspended"), "■"),
    **dict.fromkeys(("cancelled", "declined", "revoked", "ended"), "×"),
}
"""A sign for each state, so that no state is told by colour alone."""

_CUT_LAST = ("title", "name", "text", "status", "codename", "code", "victim")
_WIDE = (Type.TEXT, Type.NOTE)

Names = Mapping[str, str]
"""What people see in place of the ids that reference fields hold."""


def table_of(kind: Kind, records: Sequence[Record], names: Names, now: datetime) -> Table:
    """A table of records with the columns that the kind names. The offset from UTC is in the heads of times."""
    fields = [field for name in kind.columns if (field := kind.field(name)) is not None]
    columns = [Column(_("Ref"), "ref")]
    for place, field in enumerate(fields):
        priority = 0 if field.name in (*_CUT_LAST, kind.deadline) or place == 0 else place
        columns.append(
            Column(head_of(field, now), field.name, priority=priority, wrap=field.type == Type.NOTE)
        )
    rows = []
    for record in records:
        cells: list[str | Line] = [f"{record.ref} × " + _("archived") if record.archived else record.ref]
        cells += [shown_cell(record, field, names, now) for field in fields]
        rows.append(tuple(cells))
    empty = _("no %(plural)s") % {"plural": kind.plural if kind.name != "log" else _("log entries")}
    return Table(tuple(columns), tuple(rows), empty)


def fields_of(record: Record, names: Names, now: datetime, *, only: Collection[str] = ()) -> Fields:
    """Every field of a record that has a value, and who made and changed it; `only` some, and its title."""
    kind = record.kind
    pairs: list[tuple[str, str | Line]] = []
    for field in kind.fields:
        if field.name in record.values and (not only or field.name in (*only, kind.title)):
            pairs.append((_(field.label), shown_cell(record, field, names, now, whole=True)))
        elif field.name in only:
            pairs.append((_(field.label), _("(nothing)")))
    if not only:
        pairs.append((_("Made"), _by(record.created, record.created_by, record.created_in)))
    if record.changed != record.created:
        pairs.append((_("Changed"), _by(record.changed, record.changed_by, record.changed_in)))
    title = f"{record.ref} · {_(kind.label)}"
    if record.archived:
        title += " · " + _("archived")
    return Fields(title, tuple(pairs))


def shown_cell(
    record: Record, field: Field, names: Names, now: datetime, *, whole: bool = False
) -> str | Line:
    """A field's value in a table or form; a deadline says how long is left, or how late it is."""
    if field.type == Type.TIME and not whole:
        text = time_cell(record.text(field.name), now)
    else:
        text = shown(field, record.values.get(field.name, ""), names)
    if not text or field.name != record.kind.deadline or not is_open(record):
        return text
    value = record.text(field.name)
    if field.type != Type.TIME:
        return text
    left = moments.left_or_late(value, now)
    if moments.is_late(value, now):
        return Line(f"! {text} ({left})" if whole else f"! {left}", "late")
    return f"{text} ({left})" if whole else text


def head_of(field: Field, now: datetime) -> str:
    """The head of a field's column: its label, and with times the offset from UTC that holds for all below."""
    label = _(field.label)
    return f"{label} {moments.offset_of(now)}" if field.type == Type.TIME else label


def time_cell(text: str, now: datetime) -> str:
    """A kept time below such a head: only where its offset is another one (summer time) it is said."""
    return moments.show_time(text, now=now, unless=moments.offset_of(now)) if text else ""


def shown(field: Field, value: Value, names: Names) -> str:
    """A value for people: labels for codes, local time with its offset, names for references."""
    if isinstance(value, list):
        return ", ".join(shown(field, item, names) for item in value)
    if not value:
        return ""
    if field.type == Type.CODE and field.codes is not None:
        label = code_label(field.codes, value)
        return f"{GLYPHS.get(value, '')} {label}".strip() if field.name == "status" else label
    if field.type == Type.PAIR:
        return pair_label(field, value)
    show = _SHOWN.get(field.type)
    if show is None:
        return names.get(value, value) if field.type in (Type.REF, Type.RECORD) else value
    try:
        return show(value)
    except ValueError:
        return value  # a newer version may write what this one cannot read


_SHOWN: Mapping[str, Callable[[str], str]] = {
    Type.TIME: moments.show_time,
    Type.DATE: moments.show_date,
    Type.COUNTRY: country,
    Type.LANGUAGE: language,
    Type.PARTY: party,
    Type.YES_NO: lambda value: _("yes") if value == "yes" else _("no"),
}


def is_open(record: Record) -> bool:
    """Whether a record can still be late."""
    lifecycle = record.kind.lifecycle
    if lifecycle is None:
        return True
    state = record.text("status") or lifecycle.initial
    if record.kind.deadline_states:
        return state in record.kind.deadline_states
    return state not in lifecycle.closed


def data_of(record: Record, codes: Names) -> dict[str, Any]:
    """A record for scripts: full ids, and agencies by their code; a field without a value is null or an empty list."""
    data: dict[str, Any] = {"id": record.id, "ref": record.ref, "kind": record.kind.name}
    for field in record.kind.fields:
        data[field.name] = plain(field, record.values.get(field.name), codes)
    data.update(
        archived=record.archived,
        created=moment_of(record.created),
        created_by=record.created_by,
        created_in=record.created_in,
        changed=moment_of(record.changed),
        changed_by=record.changed_by,
        changed_in=record.changed_in,
    )
    return data


def plain(field: Field, value: Value | None, codes: Names) -> Any:
    """A value for scripts."""
    if value is None or value == "":
        return [] if field.many else None
    if field.type == Type.REF and field.to == "agency":
        return [codes.get(one, one) for one in value] if isinstance(value, list) else codes.get(value, value)
    if field.type == Type.INTEGER and isinstance(value, str) and is_integer(value):
        return int(value)
    return value


def moment_of(stamp: str) -> str:
    """The time of a clock reading, to the millisecond in UTC, without its counter."""
    return stamp.partition("/")[0]


def _by(stamp: str, officer: str, agency: str) -> str:
    return _("%(when)s by %(officer)s, %(agency)s") % {
        "when": moments.show_time(moment_of(stamp)),
        "officer": officer,
        "agency": agency or "?",
    }
