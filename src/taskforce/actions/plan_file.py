"""A plan as it was read: its records with their kinds and places, and every problem found in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from taskforce.actions.session import Session
from taskforce.errors import MOST_PROBLEMS, InputError, Problem, did_you_mean
from taskforce.i18n import _, ngettext
from taskforce.records.registry import typed_kinds
from taskforce.records.schema import Kind
from taskforce.store.queries import Record
from taskforce.sync.strict_yaml import MarkedDocument

HEAD = "taskforce-plan"


@dataclass(slots=True)
class Entry:
    """One record of a plan: its kind, where it stands, its fields as typed, and what it turned out to be about."""

    kind: Kind
    path: tuple[str | int, ...]
    typed: Mapping[str, Any]
    record: str = ""
    existing: Record | None = None
    is_bad: bool = False  # a problem of its identity was noted: what follows from that is not noted again


@dataclass(slots=True)
class PlanFile:
    """A plan that is being looked through: problems by line and column, records, and what they are called."""

    session: Session
    name: str
    found: MarkedDocument
    problems: dict[tuple[int, int], Problem] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    names: dict[tuple[str, str], str] = field(default_factory=dict)  # (kind, folded name) → id
    records: set[tuple[str, str]] = field(default_factory=set)  # (kind, id) of the entries identified so far

    def fault(
        self, path: tuple[str | int, ...], sentence: str, hint: str | None = None, *, of_key: bool = False
    ) -> None:
        """Note a problem at the place that `path` names, or that its key stands at; one for each place."""
        marks = self.found.key_marks if of_key else self.found.marks
        at = path
        while at and at not in marks:
            at = at[:-1]
        mark = marks.get(at) or self.found.marks[()]
        self.problems.setdefault(
            (mark.line, mark.column),
            Problem("bad-plan", f"{self.name}:{mark.line}:{mark.column}: {sentence}", hint),
        )


def stop_if_bad(plan: PlanFile) -> None:
    """InputError, listing up to 50 problems in the order of the file, if there are any."""
    problems = [plan.problems[place] for place in sorted(plan.problems)]
    if len(problems) == 1:
        raise InputError(problems[0].sentence, hint=problems[0].hint, code="bad-plan")
    if problems:
        sentence = ngettext(
            "%(name)s has %(count)d problem; nothing was changed",
            "%(name)s has %(count)d problems; nothing was changed",
            len(problems),
        )
        raise InputError(
            sentence % {"name": plan.name, "count": len(problems)},
            code="bad-plan",
            problems=problems[:MOST_PROBLEMS],
        )


def collect(plan: PlanFile, data: object) -> None:
    """List the plan's records with their kinds."""
    if not isinstance(data, dict):
        plan.fault(
            (), _("a plan maps plural kind names to lists of records"), _("such as agencies: or assignments:")
        )
        return
    kinds = {kind.plural: kind for kind in typed_kinds()}
    if data.get(HEAD, "1") != "1":
        plan.fault((HEAD,), _("this plan is of a format that this version does not know"))
    for plural, records in data.items():
        if plural == HEAD:
            continue
        kind = kinds.get(plural)
        if kind is None:
            meant = did_you_mean(plural, kinds)
            plan.fault(
                (plural,), _('"%(name)s" is not a kind of record') % {"name": plural}, meant, of_key=True
            )
        elif not isinstance(records, list):
            if records != "":
                plan.fault((plural,), _("a list of records is wanted here, each beginning with a dash"))
        else:
            for index, typed in enumerate(records):
                if isinstance(typed, dict):
                    plan.entries.append(Entry(kind, (plural, index), typed))
                else:
                    plan.fault((plural, index), _("a record is wanted here: fields and their values"))
    plan.entries.sort(key=lambda entry: _ORDER.get(entry.kind.name, 0))


_ORDER = {"agency": -3, "operation": -2, "contact": -1}
"""Kinds that others are known by come first, so that their ids are there when a natural key needs them."""
