"""Conflicts as people see them: each value, who set it when and through whom it came, and where two texts differ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from taskforce import moments
from taskforce.i18n import _
from taskforce.records.schema import ARCHIVED, Kind
from taskforce.reports.record_views import Names, moment_of, shown
from taskforce.store.queries import Record

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.sync.edit import Value

MOST_WORDS = 4_000
"""Words that are compared: beyond that nobody looks for single ones."""


def shown_value(kind: Kind, name: str, value: Value, names: Names) -> str:
    """One side's value of the field `name`; `names` says what people see in place of ids."""
    if name == ARCHIVED:
        return _("archived") if value else _("in view")
    field = kind.field(name)
    assert field is not None
    return shown(field, value, names) or _("(nothing)")


def title_of(record: Record, names: Names) -> str:
    """What the record is called among people, also where its title is a reference or a code."""
    field = record.kind.field(record.kind.title)
    assert field is not None
    return shown(field, record.values.get(field.name, ""), names)


def label_of_field(kind: Kind, name: str) -> str:
    """What people call the field."""
    field = kind.field(name)
    return _(field.label) if field is not None else _("Archived")


def set_by(officer: str, agency: str, at: str) -> str:
    """Who set a value, and when (`at` is a kept time)."""
    return f"{officer}, {agency or '?'}, {moments.show_time(at)}"


def edited(kind: Kind, fields: Sequence[str]) -> str:
    """What was set in a record by somebody who did not know that it was archived."""
    return _("edited: %(fields)s") % {"fields": ", ".join(label_of_field(kind, name) for name in fields)}


class Carried(Protocol):
    """The bundle that brought an edit."""

    @property
    def agency(self) -> str:
        """Whose bundle it was."""

    @property
    def number(self) -> int:
        """Its number among those to us."""

    @property
    def taken(self) -> str:
        """When it was taken in, as kept."""


def way(agency: str, here: bool, carrier: Carried | None) -> str:
    """How a value that an officer of `agency` wrote came into this store; `here` if on this device."""
    if carrier is None:
        return _("written here")
    with_bundle = _("its bundle %(number)d, %(when)s") % {
        "number": carrier.number,
        "when": moments.show_time(moment_of(carrier.taken)),
    }
    if here:
        told = _("written here, came back through %(agency)s")
    elif carrier.agency == agency:
        told = _("came directly from %(agency)s")
    else:
        told = _("came through %(agency)s")
    return f"{told % {'agency': carrier.agency}}: {with_bundle}"


def unseen(number: int, count: int) -> str:
    """What whoever set value `number` of `count` did not know: nobody's values are in conflict otherwise."""
    others = [str(each) for each in range(1, count + 1) if each != number]
    return _("had not seen %(numbers)s") % {"numbers": ", ".join(others)}


def pieces_of(text: str, other: str) -> list[tuple[str, bool]]:
    """`text` in pieces, each with whether its words are missing from `other` at that place."""
    own, others = _words(text), _words(other)
    if not own or max(len(own), len(others)) > MOST_WORDS:
        return [(text, False)]
    from difflib import SequenceMatcher  # deferred: only a conflict of two texts needs it

    matcher = SequenceMatcher(None, [word.rstrip() for word in own], [word.rstrip() for word in others])
    return [
        ("".join(own[start:end]), what != "equal")
        for what, start, end, _start, _end in matcher.get_opcodes()
        if start != end
    ]


def _words(text: str) -> list[str]:
    """The words, each with the blanks that follow it."""
    return re.findall(r"\s*\S+\s*|\s+", text)
