"""Promise 1, the heart of it: heads follow from the edits known, and only an edit that had seen one replaces it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from taskforce.sync.clock import Stamp
from taskforce.sync.merge import (
    FieldState,
    Head,
    PartState,
    dump_state,
    is_conflict,
    load_state,
    merge_edit,
    winner,
)

FEEDS = [letter * 16 + ".1" for letter in "abc"]
FIELDS = ("status", "result", "note")


@dataclass(frozen=True)
class Made:
    """An edit of a history, with what its author really knew of each field."""

    feed: str
    number: int
    values: dict[str, str]
    saw: dict[str, dict[str, int]]
    knew: dict[str, frozenset[tuple[str, int]]]


@st.composite
def histories(draw: st.DrawFn) -> list[Made]:
    """Edits of one part by three devices, each made knowing an arbitrary earlier selection of the others' edits."""
    made: list[Made] = []
    known: dict[str, set[int]] = {feed: set() for feed in FEEDS}
    numbers = dict.fromkeys(FEEDS, 0)
    for _step in range(draw(st.integers(1, 12))):
        feed = draw(st.sampled_from(FEEDS))
        known[feed] |= {index for index in range(len(made)) if draw(st.integers(0, 3)) == 0}
        names = draw(st.lists(st.sampled_from(FIELDS), min_size=1, unique=True))
        knew, saw = {}, {}
        for name in names:
            seen: set[tuple[str, int]] = set()
            for index in known[feed]:
                if name in made[index].values:
                    seen |= {(made[index].feed, made[index].number), *made[index].knew[name]}
            knew[name] = frozenset(seen)
            saw[name] = {each: max(n for f, n in seen if f == each) for each in {f for f, _n in seen}}
        numbers[feed] += draw(st.integers(1, 3))  # edits of other parts lie between
        values = {name: draw(st.sampled_from(["yes", "no"])) for name in names}
        made.append(Made(feed, numbers[feed], values, saw, knew))
        known[feed].add(len(made) - 1)
    return made


def added_up(edits: list[Made]) -> PartState:
    """The state after taking these edits in, one by one."""
    state: PartState = {}
    for edit in edits:
        merge_edit(state, edit.feed, edit.number, edit.values, edit.saw)
    return state


def real_heads(edits: list[Made], name: str) -> set[tuple[str, int]]:
    """The edits of a field that no other of these knew of."""
    having = [edit for edit in edits if name in edit.values]
    covered = {dot for edit in having for dot in edit.knew[name]}
    return {(edit.feed, edit.number) for edit in having} - covered


@given(st.data(), histories())
def test_any_order_any_repetition_any_batching_gives_the_same_state(
    data: st.DataObject, edits: list[Made]
) -> None:
    expected = added_up(edits)
    again = data.draw(st.permutations(edits + data.draw(st.lists(st.sampled_from(edits)))))
    assert added_up(again) == expected
    cut = data.draw(st.integers(0, len(again)))
    stored = load_state(dump_state(added_up(again[:cut])))  # a batch ends, the state is written and read
    for edit in again[cut:]:
        merge_edit(stored, edit.feed, edit.number, edit.values, edit.saw)
    assert stored == expected
    assert dump_state(stored) == dump_state(expected)


@given(st.data(), histories())
def test_the_heads_of_whatever_arrived_are_what_nobody_there_had_seen(
    data: st.DataObject, edits: list[Made]
) -> None:
    some = data.draw(st.lists(st.sampled_from(edits), unique_by=lambda edit: (edit.feed, edit.number)))
    state = added_up(some)
    assert set(state) == {name for edit in some for name in edit.values}
    for name, known in state.items():
        # An author knows its own earlier edits; where a device's later edit is known the earlier is covered.
        assert {tuple(dot) for dot in known.heads} == real_heads(some, name)
        assert known.heads == sorted(known.heads)


@given(st.data(), histories())
def test_a_head_leaves_only_when_an_edit_that_had_seen_it_arrives(
    data: st.DataObject, edits: list[Made]
) -> None:
    state: PartState = {}
    for edit in data.draw(st.permutations(edits)):
        before = {name: set(known.heads) for name, known in state.items()}
        merge_edit(state, edit.feed, edit.number, edit.values, edit.saw)
        for name, heads in before.items():
            gone = heads - set(state[name].heads)
            assert gone <= edit.knew.get(name, frozenset())


@given(histories())
def test_an_edit_made_now_has_seen_everything_known(edits: list[Made]) -> None:
    state = added_up(edits)
    for name, known in state.items():
        saw = known.saw_now()
        assert all(saw.get(edit.feed, 0) >= edit.number for edit in edits if name in edit.values)
        merge_edit(state, "d" * 16 + ".1", 1, {name: "agreed"}, {name: saw})
        assert state[name].heads == [("d" * 16 + ".1", 1)]


def test_a_missing_edit_between_two_makes_no_conflict() -> None:
    """a1, then b1 that saw it, then c1 that saw b1. Who never gets b1 has one value all the same."""
    a, b, c = FEEDS
    known = FieldState()
    known.add(a, 1, {})
    known.add(c, 1, {a: 1, b: 1})
    assert known.heads == [(c, 1)]
    known.add(b, 1, {a: 1})
    assert known.heads == [(c, 1)]


def test_the_same_value_twice_is_no_conflict_and_the_latest_is_shown() -> None:
    def head(feed: int, time: str, counter: int, digest: str, value: str) -> Head:
        return Head((FEEDS[feed], 1), Stamp(time, counter), digest, value)

    early = head(0, "1970-01-01T00:00:00.000", 5, "z", "yes")
    late = head(1, "2026-11-23T10:00:00.000", 0, "a", "yes")
    tie = head(2, "2026-11-23T10:00:00.000", 0, "b", "no")
    assert not is_conflict([early, late])
    assert is_conflict([early, late, tie])
    assert winner([early, late]) == late
    assert winner([tie, late, early]) == winner([late, early, tie]) == tie


def test_states_are_kept_compactly_and_read_back() -> None:
    state = added_up([Made(FEEDS[0], 1, dict.fromkeys(FIELDS, "x"), {}, {})])
    assert len(json.loads(dump_state(state))) == 1  # fields that stand alike are written once
    assert load_state(dump_state(state)) == state
    assert load_state(dump_state({})) == {}
