"""How the heads of a field came about: what all of them had seen, and of each the edits since, in the order of seeing.

Pure, over the edits that are known. An edit says per feed the highest number of the field that its author had seen; a
number that stands there and is not known names an edit that was withheld, has not arrived, or does not count.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from taskforce.sync.edit import Edit
from taskforce.sync.merge import Dot, FieldState


@dataclass(frozen=True, slots=True)
class Line:
    """One head's own history, from what all heads had seen.

    `before` is what its author saw standing there: one edit, several where that was a conflict. `between` are the edits
    that it had seen and not all other heads, each after those that it had seen. `unknown` are places of such edits
    that are not known.
    """

    head: Edit
    before: tuple[Edit, ...]
    between: tuple[Edit, ...]
    unknown: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Ancestry:
    """`common` is what stood there by all that every head had seen; `unknown` names what of it is not known."""

    common: tuple[Edit, ...]
    unknown: tuple[Dot, ...]
    lines: tuple[Line, ...]


def had_seen(later: Edit, earlier: Edit, name: str) -> bool:
    """Whether an edit had seen another one's value of a field, or is a later one of the same feed."""
    return _covers(later, (earlier.feed, earlier.number), name)


def ancestry(edits: Iterable[Edit], heads: Sequence[Edit], name: str) -> Ancestry:
    """Where the heads of the field `name` come from; `edits` are the known edits of it in one part of one record."""
    known = [edit for edit in edits if name in edit.set]
    seen = [[edit for edit in known if had_seen(head, edit, name)] for head in heads]
    shared = [edit for edit in known if all(had_seen(head, edit, name) for head in heads)]
    common = standing(shared, name)
    held = {(edit.feed, edit.number) for edit in (*known, *heads)}
    shared_hashes = {edit.hash for edit in shared}
    lines = []
    unknown_to_all: set[Dot] = set()
    for head, before in zip(heads, seen, strict=True):
        between = _in_order([edit for edit in before if edit.hash not in shared_hashes], name)
        named = {dot for edit in (*between, head) for dot in edit.saw.get(name, {}).items()} - held
        unknown = {dot for dot in named if not any(_covers(edit, dot, name) for edit in common)}
        by_all = {dot for dot in unknown if all(_covers(each, dot, name) for each in heads)}
        unknown_to_all |= by_all
        lines.append(Line(head, standing(before, name), between, tuple(sorted(unknown - by_all))))
    return Ancestry(common, tuple(sorted(unknown_to_all)), tuple(lines))


def standing(edits: Sequence[Edit], name: str) -> tuple[Edit, ...]:
    """The edits of a field that none of these had seen, by clock: what somebody saw who knew just these."""
    state = FieldState()
    for edit in edits:
        state.add(edit.feed, edit.number, edit.saw.get(name, {}))
    heads = set(state.heads)
    found = [edit for edit in edits if (edit.feed, edit.number) in heads]
    return tuple(sorted(found, key=lambda edit: (edit.stamp, edit.hash)))


def seen_by(edit: Edit, edits: Iterable[Edit], name: str) -> tuple[Edit, ...]:
    """What the author of an edit saw standing in the field."""
    return standing([each for each in edits if name in each.set and had_seen(edit, each, name)], name)


def _in_order(edits: Sequence[Edit], name: str) -> tuple[Edit, ...]:
    """Each after those that it had seen, the others by clock: a wrong clock turns no history round."""
    numbers: dict[str, list[int]] = {}
    for edit in edits:
        numbers.setdefault(edit.feed, []).append(edit.number)
    for of_feed in numbers.values():
        of_feed.sort()

    def depth(edit: Edit) -> int:
        saw = {**edit.saw.get(name, {})}
        saw[edit.feed] = max(saw.get(edit.feed, 0), edit.number - 1)
        return sum(bisect_right(numbers.get(feed, ()), top) for feed, top in saw.items())

    return tuple(sorted(edits, key=lambda edit: (depth(edit), edit.stamp, edit.hash)))


def _covers(edit: Edit, dot: Dot, name: str) -> bool:
    feed, number = dot
    return edit.saw.get(name, {}).get(feed, 0) >= number or (edit.feed == feed and edit.number > number)
