"""Who may change what: whether an edit counts, or only proposes what others decide on.

Pure, over the edits that are known of one part of a record, so every replica that knows the same edits says the same,
in whatever order they came. Agencies are named by the ids of their records. Who once was given a right keeps it: what
they wrote stands, though the lead changes or an assignment goes to others, since no clock can say which came first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from taskforce.crockford import natural_id
from taskforce.records.schema import (
    ACCEPTED,
    ARCHIVED,
    DROPPED,
    ERASED,
    OPEN,
    OPERATIONAL,
    OVERRULED,
    REFUSED,
    REJECTED,
    SAME,
    STATUS,
    SUPERSEDED,
    Kind,
    Named,
)
from taskforce.sync.edit import Edit, Value
from taskforce.sync.merge import Dot, PartState, merge_edit

By = tuple[str, Edit]
"""An edit with the agency that wrote it."""

CO_LEAD = "co-lead"

OPERATION = "operation"
"""The field that says of which operation a record is."""

_SAYS_WHO = frozenset(("agency", "role"))
"""Fields of a participation with which somebody says that the agency takes part."""

_BY_THEMSELVES = frozenset((DROPPED, ERASED))
"""What counts by whomever: that a device dropped what was erased; and an erasure, once it was let in."""


@dataclass(frozen=True, slots=True)
class Leaders:
    """Who may change the plan of an operation, whether one of them has written about the operation itself, and whom
    they ever named as taking part.

    Until then what is said in their name by others, as in a plan that several import, counts.
    """

    agencies: frozenset[str] = frozenset()
    have_spoken: bool = False
    participants: frozenset[str] = frozenset()

    def let_in(self, agency: str) -> bool:
        """Whether what an agency makes is the operation's: it takes part, or nothing is known of who does."""
        return not self.have_spoken or agency in self.agencies or agency in self.participants


def leaders_of(operation: str, maker: str, about: Sequence[By], taking_part: Sequence[By]) -> Leaders:
    """Who leads an operation, by its maker's word and by that of whoever it or its other leaders name.

    `about` are the known edits of the operation's record, `taking_part` those of who takes part in it. Where no maker
    is known, all lead whom people named as lead first: who names themselves does not take it from anybody.
    """
    about = [each for each in about if each[1].part == OPERATIONAL]  # a field counts in its own part alone
    taking_part = [each for each in taking_part if each[1].part == OPERATIONAL]
    agencies = {maker} if maker else first_said(about, "lead")
    if not agencies:
        return Leaders()
    whose = {
        edit.record: str(edit.set["agency"])
        for _author, edit in taking_part
        if _is_of(edit.record, operation, edit)
    }
    named = [(author, str(edit.set["lead"])) for author, edit in about if "lead" in edit.set]
    named += [
        (author, whose.get(edit.record, ""))
        for author, edit in taking_part
        if edit.set.get("role") == CO_LEAD
    ]
    while more := {agency for author, agency in named if author in agencies and agency} - agencies:
        agencies |= more
    participants = {
        whose[edit.record]
        for author, edit in taking_part
        if author in agencies and edit.record in whose and _SAYS_WHO & edit.set.keys()
    }
    has_spoken = any(author in agencies for author, _edit in about)
    return Leaders(frozenset(agencies), has_spoken, frozenset(participants))


def first_said(edits: Iterable[By], name: str) -> set[str]:
    """What was said of a field by those who had seen nothing said of it."""
    firsts = (edit.set[name] for _author, edit in edits if name in edit.set and not edit.saw.get(name))
    return {value for value in firsts if isinstance(value, str) and value}


@dataclass(frozen=True, slots=True)
class Proposed:
    """A value that an edit proposes for a field, and what became of that."""

    field: str
    dot: Dot
    outcome: str


_Counted = tuple[str, Edit, Mapping[str, Value]]
"""An edit with the agency that wrote it and those of its values that count."""

_Other = tuple[str, Edit, str]
"""A field of an edit that only proposes."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the edits of a part add up to, what some of them only propose, and who decides on that.

    `operations` are those on whose leaders and participants it depends. Where nobody decides, everything counts.
    """

    state: PartState
    proposed: tuple[Proposed, ...]
    deciders: frozenset[str]
    operations: frozenset[str]


def judge(
    kind: Kind,
    record: str,
    maker: str,
    edits: Sequence[By],
    leaders: Callable[[str], Leaders],
    elsewhere: Sequence[By] = (),
) -> Judgement:
    """Which edits of one part of a record count. `maker` is the agency that made the record, or the empty string.

    `elsewhere` are the known edits of its other parts, which may say of which operation it is. What a stranger to that
    makes, counts as little as a stranger's word on what others made.
    """
    rules = kind.authority
    top, operations, participants = _who_decides(kind, record, maker, edits, leaders, elsewhere)
    has_spoken = {name for author, edit in edits if author in top for name in edit.set}
    is_claimed = bool(maker or has_spoken) or any(leaders(one).have_spoken for one in operations)
    rights = [(named, _named_by(edits, named, top)) for named in rules.named if named.changes]

    is_home = rules.participants and any(edit.part == kind.part_of(OPERATION) for _author, edit in edits[:1])

    def counts(author: str, name: str, value: Value) -> bool:
        if kind.natural == (name,) and natural_id(kind.name, str(value)) != record:
            return False  # the id says another
        if is_home and name == OPERATION and isinstance(value, str) and not leaders(value).let_in(author):
            return False  # nobody puts anything into an operation in which they take no part
        if author in top or author in participants or name in _BY_THEMSELVES or not top:
            return True
        if rules.itself:
            return name not in has_spoken and (name != ARCHIVED or not has_spoken)
        if not is_claimed:
            return True
        return any(
            author in agencies
            and name in named.changes
            and (name != STATUS or not named.states or value in named.states)
            for named, agencies in rights
        )

    state: PartState = {}
    counted: list[_Counted] = []
    others: list[_Other] = []
    for author, edit in edits:
        values = {}
        # What a move sets counts with the state that it leads to, or not at all.
        is_torn = STATUS in edit.set and not counts(author, STATUS, edit.set[STATUS])
        for name, value in edit.set.items():
            if name == REJECTED:
                continue
            if counts(author, name, value) and not (is_torn and name not in _BY_THEMSELVES):
                values[name] = value
            else:
                others.append((author, edit, name))
        if values:
            merge_edit(state, edit.feed, edit.number, values, edit.saw)
            counted.append((author, edit, values))
    outcomes = _Outcomes(edits, counted, others, top, _standing(state, counted))
    proposed = []
    for author, edit, name in others:
        outcome = outcomes.of(author, edit, name)
        if outcome == OPEN and STATUS in edit.set and name != STATUS:
            of_move = outcomes.of(author, edit, STATUS) if (author, edit, STATUS) in others else OPEN
            outcome = of_move if of_move in (REFUSED, SUPERSEDED) else OPEN
        if outcome == OPEN and not maker and not edit.saw.get(name) and name in outcomes.standing:
            outcome = OVERRULED
        proposed.append(Proposed(name, (edit.feed, edit.number), outcome))
    if is_home:
        said = (edit.set.get(OPERATION) for _author, edit in edits)
        operations |= {value for value in said if isinstance(value, str) and value}
    return Judgement(state, tuple(proposed), frozenset(top), frozenset(operations))


def operations_said(kind: Kind, edits: Iterable[By], by: str) -> set[str]:
    """The operations of which an agency ever said that a record is."""
    part = kind.part_of(OPERATION)
    said = (edit.set.get(OPERATION) for author, edit in edits if author == by and edit.part == part)
    return {value for value in said if isinstance(value, str) and value}


def _who_decides(
    kind: Kind,
    record: str,
    maker: str,
    edits: Sequence[By],
    leaders: Callable[[str], Leaders],
    elsewhere: Sequence[By],
) -> tuple[set[str], set[str], set[str]]:
    """Who decides on a part of a record, by the leaders of which operations, and who of these counts besides."""
    rules = kind.authority
    top = {record} if rules.itself else {maker} if maker else set()
    operations: set[str] = set()
    participants: set[str] = set()
    every = [*edits, *elsewhere]
    is_led = rules.plan
    if rules.participants and (maker or not rules.plan):
        operations = _operations(kind, record, every, top if maker else None)
        if not maker:
            is_led, participants = True, {each for one in operations for each in leaders(one).participants}
        elif operations and not any(leaders(one).let_in(maker) for one in operations):
            is_led, top = True, set()  # a stranger's: the leaders decide whether there is such a record
    while True:
        if rules.plan:
            operations |= _operations(kind, record, every, top if maker else None)
        more = {agency for one in operations for agency in leaders(one).agencies} if is_led else set()
        for named in rules.named:
            if not named.changes:
                more |= _named_by(edits, named, top)
        if more <= top:
            break
        top |= more
    return top, operations, participants


def rejected_by(edit: Edit) -> str:
    """The edit, as `FEED/NUMBER`, that another one rejects, or that its own agency takes back with it."""
    value = edit.set[REJECTED]
    return value if isinstance(value, str) else value[0] if value else ""


def _operations(kind: Kind, record: str, edits: Sequence[By], by: set[str] | None) -> set[str]:
    """The operations whose plan a record is part of: those that `by` ever named, or else those that were named first.

    Of which one a participation is, its id says.
    """
    if kind.name == "operation":
        return {record}
    part = kind.part_of("operation")
    edits = [each for each in edits if each[1].part == part]  # a field counts in its own part alone
    if kind.name == "participation":
        return {
            operation
            for _author, edit in edits
            if isinstance(operation := edit.set.get("operation"), str) and _is_of(record, operation, edit)
        }
    if by is None:
        return first_said(edits, "operation")
    said = (edit.set.get("operation") for author, edit in edits if author in by)
    return {value for value in said if isinstance(value, str) and value}


def _is_of(participation: str, operation: str, edit: Edit) -> bool:
    """Whether a participation is that of an agency, which an edit names, in an operation: its id says so."""
    return natural_id("participation", operation, str(edit.set.get("agency", ""))) == participation


def _named_by(edits: Sequence[By], named: Named, top: set[str]) -> set[str]:
    """The agencies that those who may change everything ever named in a field."""
    said = (edit.set.get(named.by) for author, edit in edits if author in top)
    return {value for value in said if isinstance(value, str) and value}


def _standing(state: PartState, counted: Sequence[_Counted]) -> dict[str, list[Value]]:
    """The values that stand in each field: several where there is a conflict."""
    at = {(edit.feed, edit.number): values for _author, edit, values in counted}
    return {name: [at[dot][name] for dot in known.heads] for name, known in state.items()}


class _Outcomes:
    """What became of what is proposed, asked for as many values as there are: looked up, never searched for."""

    def __init__(
        self,
        edits: Sequence[By],
        counted: Sequence[_Counted],
        others: Sequence[_Other],
        top: set[str],
        standing: Mapping[str, Sequence[Value]],
    ) -> None:
        self.standing = standing
        rejecting = [(author, rejected_by(edit)) for author, edit in edits if REJECTED in edit.set]
        self._taken_back = set(rejecting)
        self._refused = {which for author, which in rejecting if author in top}
        # By field and agency: what those of its edits that count had seen, and by the value that they set, too; what
        # any of them had seen, and the last of each feed.
        self._decided: dict[str, dict[str, int]] = {}
        self._taken: dict[str, dict[str, int]] = {}
        self._seen: dict[str, dict[str, int]] = {}
        self._latest: dict[str, dict[str, int]] = {}
        for author, edit, values in counted:
            for name, value in values.items():
                seen = edit.saw.get(name, {})
                _reach(self._decided, f"{name} {author}", seen)
                _reach(self._taken, f"{name} {author} {value!r}", seen)
                _reach(self._seen, f"{name} {author}", seen)
                _reach(self._latest, f"{name} {author}", {edit.feed: edit.number})
        self._deciding = {author for author, _edit, _values in counted}
        for author, edit, name in others:
            _reach(self._latest, f"{name} {author}", {edit.feed: edit.number})
            _reach(self._seen, f"{name} {author}", edit.saw.get(name, {}))

    def of(self, author: str, edit: Edit, name: str) -> str:
        """What became of what an edit proposes for a field."""
        feed, number, value = edit.feed, edit.number, edit.set[name]
        by = [f"{name} {each}" for each in self._deciding if each != author]
        if any(self._taken.get(f"{each} {value!r}", {}).get(feed, 0) >= number for each in by):
            return ACCEPTED
        if any(self._decided.get(each, {}).get(feed, 0) >= number for each in by):
            return REFUSED
        which = f"{feed}/{number}"
        if (author, which) in self._taken_back:
            return SUPERSEDED
        if which in self._refused:
            return REFUSED
        own = f"{name} {author}"
        if self._latest[own][feed] > number or self._seen[own].get(feed, 0) >= number:
            return SUPERSEDED
        if name not in self.standing:
            return SAME if value in ("", []) else OPEN
        return (
            SAME if all(each == value for each in self.standing[name]) else OPEN
        )  # a conflict is no value yet


def _reach(tops: dict[str, dict[str, int]], key: str, seen: Mapping[str, int]) -> None:
    """Raise what was seen of each feed to the highest number."""
    known = tops.setdefault(key, {})
    for feed, number in seen.items():
        if number > known.get(feed, 0):
            known[feed] = number
