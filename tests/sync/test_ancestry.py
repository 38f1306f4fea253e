"""Where the values of a conflict come from: what all had seen, the edits since, and what is not known of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from taskforce.sync.ancestry import ancestry, had_seen
from taskforce.sync.clock import Stamp
from taskforce.sync.edit import Edit

FEEDS = {letter: letter * 16 + ".1" for letter in "abc"}
FIELD = "status"


def edit(place: str, *saw: str, minute: int | None = None, name: str = FIELD) -> Edit:
    """The edit at a place as `a1`, which had seen the places `saw`, made at a minute of its clock."""
    feed, number = FEEDS[place[0]], int(place[1:])
    seen = {FEEDS[each[0]]: int(each[1:]) for each in saw}
    stamp = Stamp(f"2026-11-23T10:{number if minute is None else minute:02}:00.000", 0)
    return Edit(
        *(feed, number, "", stamp, "J. Sok", "assignment", "r" * 16, "operational"),
        *({name: place}, {name: seen} if seen else {}, "", "s", {}, "", place),
    )


def called(edits: tuple[Edit, ...]) -> list[str]:
    """Their places."""
    return [each.hash for each in edits]


def test_each_head_has_the_edits_since_what_all_had_seen_in_order() -> None:
    first, own, again, other = edit("a1"), edit("a2", "a1"), edit("a3", "a2"), edit("b1", "a1")
    found = ancestry([other, again, own, first], [again, other], FIELD)
    assert called(found.common) == ["a1"]
    assert [called(line.between) for line in found.lines] == [["a2"], []]
    assert [called(line.before) for line in found.lines] == [["a2"], ["a1"]]
    assert found.unknown == () and all(line.unknown == () for line in found.lines)


def test_two_decisions_of_one_conflict_had_both_its_values_before_them() -> None:
    base, one, other = edit("a1"), edit("a2", "a1"), edit("b1", "a1")
    decided, otherwise = edit("a3", "a2", "b1"), edit("b2", "a2", "b1")
    found = ancestry([base, one, other, decided, otherwise], [decided, otherwise], FIELD)
    assert called(found.common) == ["b1", "a2"]
    assert [called(line.before) for line in found.lines] == [["b1", "a2"], ["b1", "a2"]]
    assert [called(line.between) for line in found.lines] == [[], []]


def test_a_wrong_clock_turns_no_history_round() -> None:
    edits = [edit("a1", minute=50), edit("b1", "a1", minute=40), edit("a2", "b1", minute=30)]
    last, other = edit("b2", "a2", minute=20), edit("c1")
    found = ancestry([*edits, last, other], [last, other], FIELD)
    assert called(found.lines[0].between) == ["a1", "b1", "a2"]
    assert called(found.lines[0].before) == ["a2"], "not the one with the latest clock"
    assert found.common == ()


def test_what_is_not_known_is_named_where_it_belongs() -> None:
    first, other = edit("a1"), edit("b1", "a1")
    found = ancestry([first, other], [edit("c1", "a5"), other], FIELD)
    assert found.lines[0].unknown == ((FEEDS["a"], 5),) and found.unknown == ()
    assert called(found.common) == ["a1"]
    found = ancestry([], [edit("c1", "a5"), edit("b1", "a5")], FIELD)
    assert found.unknown == ((FEEDS["a"], 5),), "all had seen it"
    assert [line.unknown for line in found.lines] == [(), ()]


def test_what_was_replaced_before_the_common_value_is_not_missed() -> None:
    common = edit("b2", "a5")
    heads = [edit("c1", "a5", "b2"), edit("b3", "a5", "b2")]
    assert ancestry([common], heads, FIELD).unknown == ()


@st.composite
def histories(draw: st.DrawFn) -> list[Edit]:
    """Edits of one field by three devices, each of which had seen all of an arbitrary earlier state."""
    made: list[Edit] = []
    known = {letter: {letter: 0} for letter in FEEDS}
    for _step in range(draw(st.integers(2, 10))):
        letter = draw(st.sampled_from("abc"))
        if draw(st.booleans()):
            for feed, number in known[draw(st.sampled_from("abc"))].items():
                known[letter][feed] = max(number, known[letter].get(feed, 0))
        saw = [f"{feed}{number}" for feed, number in known[letter].items() if number]
        known[letter][letter] += 1
        made.append(edit(f"{letter}{known[letter][letter]}", *saw, minute=draw(st.integers(0, 59))))
    return made


@given(histories(), st.randoms(use_true_random=False))
def test_every_edit_that_a_head_had_seen_is_told_once_after_those_that_it_had_seen(
    edits: list[Edit], random: object
) -> None:
    heads = [each for each in edits if not any(had_seen(other, each, FIELD) for other in edits)]
    shuffled = list(edits)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    found = ancestry(shuffled, heads, FIELD)
    seen_by_all = {each.hash for each in edits if all(had_seen(head, each, FIELD) for head in heads)}
    for head, line in zip(heads, found.lines, strict=True):
        told = called(line.between)
        seen = {each.hash for each in edits if had_seen(head, each, FIELD)}
        assert set(told) == seen - seen_by_all and len(told) == len(set(told))
        for place, each in enumerate(line.between):
            assert not any(had_seen(each, later, FIELD) for later in line.between[place:])
        assert line.unknown == () and set(called(line.before)) <= seen
    assert found == ancestry(edits, heads, FIELD), "whatever order they came in"
    if len(heads) > 1:
        missed = next((each for each in edits if each not in heads), None)
        if missed is not None:
            partly = ancestry([each for each in edits if each is not missed], heads, FIELD)
            named = {dot for line in partly.lines for dot in line.unknown} | set(partly.unknown)
            assert named <= {(missed.feed, missed.number)}
