"""Which edits a store has: ranges must say just what a set of numbers says, and have one writing only."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskforce.sync.holdings import (
    Ranges,
    contains,
    count,
    difference,
    from_text,
    intersection,
    normalise,
    of_numbers,
    to_text,
    union,
)

NUMBERS = st.frozensets(st.integers(1, 40))


def numbers_in(ranges: Ranges) -> set[int]:
    """The numbers, one by one."""
    return {number for first, last in ranges for number in range(first, last + 1)}


def is_canonical(ranges: Ranges) -> bool:
    """Sorted, neither touching nor overlapping, none empty."""
    gaps = all(one[1] + 1 < other[0] for one, other in pairwise(ranges))
    return gaps and all(first <= last for first, last in ranges)


@given(NUMBERS, NUMBERS)
def test_the_algebra_of_sets(left: frozenset[int], right: frozenset[int]) -> None:
    one, other = of_numbers(left), of_numbers(right)
    for found, expected in (
        (one, left),
        (union(one, other), left | right),
        (difference(one, other), left - right),
        (intersection(one, other), left & right),
    ):
        assert numbers_in(found) == expected
        assert is_canonical(found)
        assert count(found) == len(expected)
        assert all(contains(found, number) == (number in expected) for number in range(42))


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 10))))
def test_ranges_in_any_order_overlapping_or_touching(pairs: list[tuple[int, int]]) -> None:
    found = normalise((first, first + more) for first, more in pairs)
    assert is_canonical(found)
    assert numbers_in(found) == {n for first, more in pairs for n in range(first, first + more + 1)}
    assert normalise(found) == found


@given(NUMBERS.filter(bool))
def test_written_and_read_back(numbers: frozenset[int]) -> None:
    ranges = of_numbers(numbers)
    assert from_text(to_text(ranges)) == ranges


def test_written_as_documented() -> None:
    assert to_text(of_numbers([*range(1, 41), 42, *range(50, 100)])) == "1-40,42,50-99"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "01",
        "1-",
        "-1",
        "2-1",
        "1-1",
        "1,2",
        "2,1",
        "1-3,2",
        "1-3,4",
        "1 ,3",
        "1;3",
        "1-3-5",
        "٣",
        "1٣",
        "1\n",
        "9" * 17,
    ],
)
def test_any_other_writing_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        from_text(text)


@given(st.text(st.sampled_from("0123456789,- "), max_size=12))
def test_what_is_read_is_written_the_same(text: str) -> None:
    try:
        ranges = from_text(text)
    except ValueError:
        return
    assert to_text(ranges) == text
    assert is_canonical(ranges)


def test_a_huge_range_costs_nothing() -> None:
    everything = from_text("1-9999999999999999")
    assert count(difference(everything, of_numbers([5]))) == 9999999999999998
