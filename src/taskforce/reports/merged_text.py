"""One text of several: what people changed in different lines is merged, what they changed in the same lines marked.

Line by line, as diff3 does it (Khanna, Kunal and Pierce, 2007), for any number of texts that come from one. Changes
that touch each other are not merged. Which lines a text changed, `difflib` finds. The one kept-up library for this,
merge3, is under the GPL, which this program is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from taskforce import moments
from taskforce.i18n import _
from taskforce.reports.conflict_story import Told
from taskforce.reports.conflict_views import set_by
from taskforce.text import safe

MOST_LINES = 4_000
"""Lines of a text beyond which it is not looked at line by line."""

_SHORTEST = 7
"""Characters of a marker, as in every other program; more where a text has such lines of its own."""

_BEGINS, _FOLLOWS, _WAS, _ENDS = "<=|>"


@dataclass(frozen=True, slots=True)
class Text:
    """One of the texts: what it says, and a line that says whose it is."""

    says: str
    whose: str


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged text, how many places in it people must decide, and the lines that mark them."""

    text: str
    clashes: int
    markers: frozenset[str]

    def is_marked(self, text: str) -> bool:
        """Whether a text still has lines that mark a place to decide."""
        return any(line.rstrip() in self.markers for line in text.split("\n"))


class Begun(Protocol):
    """A text that somebody began to write and that was kept, as `taskforce.actions.merging` gives it."""

    @property
    def text(self) -> str:
        """What was written."""

    @property
    def markers(self) -> frozenset[str]:
        """The lines in it that mark places to decide."""

    @property
    def at(self) -> str:
        """When it was kept."""

    @property
    def is_current(self) -> bool:
        """Whether it was begun with just the values that are in conflict now."""


def text_to_write(sides: Sequence[Told], common: Sequence[Told], begun: Begun | None) -> Merged:
    """The text that somebody who decides a conflict of texts begins with: merged, or what was begun before.

    What was begun without knowing all the values stands at the end of the merged text, between markers.
    """
    texts = [
        Text(str(side.value), safe(f"{number} · {set_by(side.by, side.agency, side.at)}"))
        for number, side in enumerate(sides, start=1)
    ]
    earlier = common[-1] if common else None
    before = None
    if earlier is not None:
        whose = _("before · %(who)s") % {"who": set_by(earlier.by, earlier.agency, earlier.at)}
        before = Text(str(earlier.value), safe(whose))
    if begun is None:
        return merge(before, texts)
    if begun.is_current:
        fresh = merge(before, texts)
        return Merged(begun.text, fresh.clashes, fresh.markers | begun.markers)
    whose = _("kept · written here before all of this was known, %(when)s") % {
        "when": moments.show_time(begun.at)
    }
    merged = merge(before, texts, kept=Text(begun.text, whose))
    return replace(merged, markers=merged.markers | begun.markers)


def merge(before: Text | None, texts: Sequence[Text], *, kept: Text | None = None) -> Merged:
    """Merge texts that all come from `before` (None: nobody knows from what).

    Where several changed the same lines, all say there what they have, between markers. `kept` is a text that was
    begun before some of the others were known: it stands at the end, between markers.
    """
    mark = _length(text.says for text in (before, *texts, kept) if text is not None)
    base = before.says.split("\n") if before is not None else []
    sides = [text.says.split("\n") for text in texts]
    lines: list[str] = []
    markers: list[str] = []
    clashes = 0
    for piece in _pieces(base, sides):
        if isinstance(piece, list):
            lines += piece
            continue
        clashes += 1
        shown = [(_of(texts, numbers), part) for part, numbers in piece.variants]
        was = [(_WAS * mark + (f" {before.whose}" if before.whose else ""), piece.was)] if before else []
        opened = [
            ((_BEGINS if at == 0 else _FOLLOWS) * mark + f" {whose}", part)
            for at, (whose, part) in enumerate(shown)
        ]
        for marker, part in (*opened, *was):
            markers.append(marker)
            lines += [marker, *part]
        markers.append(_ENDS * mark)
        lines.append(_ENDS * mark)
    if kept is not None:
        clashes += 1
        opening = f"{_BEGINS * mark} {kept.whose}"
        markers += [opening, _ENDS * mark]
        lines += [opening, *kept.says.split("\n"), _ENDS * mark]
    return Merged("\n".join(lines), clashes, frozenset(marker.rstrip() for marker in markers))


def _of(texts: Sequence[Text], numbers: Iterable[int]) -> str:
    return " · ".join(texts[number].whose for number in numbers)


@dataclass(frozen=True, slots=True)
class _Clash:
    """Lines that several texts changed in different ways: each way with the texts that have it, and how it was."""

    was: list[str]
    variants: list[tuple[list[str], list[int]]]


@dataclass(frozen=True, slots=True)
class _Change:
    """Text `number` has `lines` in place of the lines `start` to `end` of what it comes from."""

    start: int
    end: int
    number: int
    lines: list[str]


def _pieces(base: list[str], sides: Sequence[list[str]]) -> Iterable[list[str] | _Clash]:
    """The merged text in pieces: lines that stand, and clashes."""
    changes = sorted(
        (change for number, side in enumerate(sides) for change in _changes(base, side, number)),
        key=lambda change: (change.start, change.end),
    )
    done = 0
    while changes:
        start, end = changes[0].start, changes[0].end
        group = []
        while changes and changes[0].start <= end:
            group.append(changes.pop(0))
            end = max(end, group[-1].end)
        yield base[done:start]
        yield from _decided(base, start, end, group)
        done = end
    yield base[done:]


def _changes(base: list[str], side: list[str], number: int) -> list[_Change]:
    if not base or max(len(base), len(side)) > MOST_LINES:
        return [] if base == side else [_Change(0, len(base), number, side)]
    from difflib import SequenceMatcher  # deferred: only a conflict of two texts needs it

    found = SequenceMatcher(None, base, side).get_opcodes()
    return [
        _Change(start, end, number, side[first:last])
        for what, start, end, first, last in found
        if what != "equal"
    ]


def _decided(base: list[str], start: int, end: int, group: Sequence[_Change]) -> Iterable[list[str] | _Clash]:
    """What the texts that changed the lines `start` to `end` have there: one piece if they agree, else what differs."""
    variants: list[tuple[list[str], list[int]]] = []
    for number in sorted({change.number for change in group}):
        lines, at = [], start
        for change in group:
            if change.number == number:
                lines += base[at : change.start] + change.lines
                at = change.end
        lines += base[at:end]
        same = next((numbers for part, numbers in variants if part == lines), None)
        if same is None:
            variants.append((lines, [number]))
        else:
            same.append(number)
    if len(variants) == 1:
        yield variants[0][0]
        return
    parts = [part for part, _numbers in variants]
    head = _common(parts)
    tail = _common([part[head:][::-1] for part in parts])
    yield parts[0][:head]
    yield _Clash(base[start:end], [(part[head : len(part) - tail], numbers) for part, numbers in variants])
    yield parts[0][len(parts[0]) - tail :]


def _common(parts: Sequence[list[str]]) -> int:
    """How many lines all begin with."""
    count = 0
    for lines in zip(*parts, strict=False):
        if any(line != lines[0] for line in lines):
            break
        count += 1
    return count


def _length(texts: Iterable[str]) -> int:
    """Characters of the markers: more than any line of the texts begins with."""
    longest = 0
    for text in texts:
        for line in text.split("\n"):
            if line[:1] in (_BEGINS, _FOLLOWS, _WAS, _ENDS):
                longest = max(longest, len(line) - len(line.lstrip(line[0])))
    return max(_SHORTEST, longest + 1)
