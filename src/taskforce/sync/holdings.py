"""Exactly which edits a store has: per feed, ranges of numbers, as MySQL states its executed GTID set.

`Ranges` is a sorted tuple of disjoint, non-adjacent `(first, last)` pairs, both inclusive; `Holdings` maps feeds to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

Ranges = tuple[tuple[int, int], ...]
Holdings = Mapping[str, Ranges]

_RANGES = re.compile(r"[1-9]\d{0,15}(-[1-9]\d{0,15})?(,[1-9]\d{0,15}(-[1-9]\d{0,15})?)*")


def normalise(pairs: Iterable[tuple[int, int]]) -> Ranges:
    """The same numbers as `pairs` (any order, overlapping or adjacent), as ranges."""
    result: list[tuple[int, int]] = []
    for first, last in sorted(pairs):
        if result and first <= result[-1][1] + 1:
            if last > result[-1][1]:
                result[-1] = (result[-1][0], last)
        else:
            result.append((first, last))
    return tuple(result)


def of_numbers(numbers: Iterable[int]) -> Ranges:
    """The ranges that hold just `numbers`."""
    return normalise((number, number) for number in numbers)


def union(left: Ranges, right: Ranges) -> Ranges:
    """Numbers in either."""
    if not left or not right:
        return left or right
    return normalise((*left, *right))


def difference(left: Ranges, right: Ranges) -> Ranges:
    """Numbers in `left` and not in `right`."""
    result: list[tuple[int, int]] = []
    position = 0
    for first, last in left:
        while position < len(right) and right[position][1] < first:
            position += 1
        index = position
        while first <= last and index < len(right) and right[index][0] <= last:
            if right[index][0] > first:
                result.append((first, right[index][0] - 1))
            first = max(first, right[index][1] + 1)
            index += 1
        if first <= last:
            result.append((first, last))
    return tuple(result)


def intersection(left: Ranges, right: Ranges) -> Ranges:
    """Numbers in both."""
    return difference(left, difference(left, right))


def count(ranges: Ranges) -> int:
    """How many numbers the ranges hold."""
    return sum(last - first + 1 for first, last in ranges)


def contains(ranges: Ranges, number: int) -> bool:
    """Whether `number` is in the ranges."""
    return any(first <= number <= last for first, last in ranges)


def to_text(ranges: Ranges) -> str:
    """`1-40,42,50-99`."""
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def from_text(text: str) -> Ranges:
    """The ranges written as `text`; ValueError unless it is the canonical writing of some ranges."""
    if not _RANGES.fullmatch(text):
        raise ValueError(text)
    pairs = []
    for piece in text.split(","):
        first, _, last = piece.partition("-")
        pairs.append((int(first), int(last or first)))
    if any(last < first for first, last in pairs):
        raise ValueError(text)
    ranges = normalise(pairs)
    if to_text(ranges) != text:
        raise ValueError(text)
    return ranges
