"""Texts that come from one are merged: nothing that anybody wrote is left out, and what clashes is marked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from taskforce.reports.merged_text import MOST_LINES, Merged, Text, merge

lines = st.lists(st.sampled_from(["gate", "open", "", "two", "<<<<<<< x", "=======", "\x1b[2J"]), max_size=8)
texts = lines.map("\n".join)


def merged(before: str | None, *says: str) -> Merged:
    """What comes of texts that are called 1, 2, …"""
    base = None if before is None else Text(before, "before")
    return merge(base, [Text(text, str(number)) for number, text in enumerate(says, start=1)])


def test_changes_in_different_lines_are_merged() -> None:
    found = merged("a\nb\nc\nd", "a\nB\nc\nd", "a\nb\nc\nD\ne")
    assert (found.text, found.clashes) == ("a\nB\nc\nD\ne", 0)
    found = merged("a\nb\nc\nd\ne", "A\nb\nc\nd\ne", "a\nb\nd\ne", "a\nb\nc\nd\ne\nf")
    assert (found.text, found.clashes) == ("A\nb\nd\ne\nf", 0), "of three, too"


def test_changes_of_the_same_lines_stand_between_markers_with_what_they_agree_on_outside() -> None:
    found = merged("Torches", "Torches\nand two\nspades", "Water\nand two\nropes")
    assert found.text == (
        "<<<<<<< 1\nTorches\nand two\nspades\n======= 2\nWater\nand two\nropes\n||||||| before\nTorches\n>>>>>>>"
    )
    found = merged("Torches\nend", "First\nTorches\nand\nend", "First\nWater\nand\nend")
    assert (
        found.text
        == "First\n<<<<<<< 1\nTorches\n======= 2\nWater\n||||||| before\nTorches\n>>>>>>>\nand\nend"
    )
    assert found.clashes == 1


def test_who_says_the_same_stands_together_and_who_changed_nothing_there_says_nothing() -> None:
    found = merged("a\nb", "A\nb", "A\nb", "X\nb", "a\nb")
    assert found.text == "<<<<<<< 1 · 2\nA\n======= 3\nX\n||||||| before\na\n>>>>>>>\nb"


def test_without_a_text_before_all_that_differs_is_marked() -> None:
    found = merged(None, "same\none", "same\nother")
    assert found.text == "same\n<<<<<<< 1\none\n======= 2\nother\n>>>>>>>"


def test_a_text_is_marked_while_any_line_of_the_markers_is_left() -> None:
    found = merged("a", "b", "c")
    left = found.text.split("\n")
    assert all(found.is_marked(line + " ") for line in left if line not in "abc")
    assert not found.is_marked("b\n=======\nc"), "a line of one's own is no marker"


def test_a_text_with_lines_like_markers_gets_longer_ones() -> None:
    found = merged("a", "<<<<<<< 1\nb", ">>>>>>>>>> c")
    assert "<<<<<<<<<<< 1\n<<<<<<< 1\nb\n=========== 2\n>>>>>>>>>> c\n" in found.text
    assert not found.is_marked("<<<<<<< 1\nb")


def test_a_text_that_was_kept_stands_at_the_end() -> None:
    found = merge(Text("a", "before"), [Text("b", "1"), Text("a", "2")], kept=Text("mine", "kept"))
    assert found.text == "b\n<<<<<<< kept\nmine\n>>>>>>>"
    assert found.is_marked(found.text) and found.clashes == 1


def test_a_very_long_text_is_merged_as_a_whole() -> None:
    long = "\n".join("same" for _line in range(MOST_LINES + 1))
    assert merged(long, long + "\na", long).text == long + "\na"
    assert merged(long, long + "\na", "b\n" + long).clashes == 1


@given(texts, texts)
def test_what_only_one_changed_is_that_text(before: str, text: str) -> None:
    assert merged(before, text, before).text == text
    assert merged(before, before, text, text).text == text
    assert merged(before, text, text).clashes == 0


@given(st.none() | texts, texts, texts, texts)
def test_no_line_that_anybody_wrote_is_left_out(before: str | None, one: str, other: str, third: str) -> None:
    found = merged(before, one, other, third)
    inside = found.text.split("\n")
    base = [] if before is None else before.split("\n")
    for text in (one, other, third):
        for line in set(text.split("\n")) - set(base):
            assert line in inside
    assert found.is_marked(found.text) == bool(found.clashes)


@given(lines, lines, lines, lines, lines)
def test_changes_with_an_unchanged_line_between_them_are_both_in(
    head: list[str], one: list[str], old: list[str], other: list[str], tail: list[str]
) -> None:
    before = ["<begin>", *head, "<middle>", *old, "<end>"]
    left = ["<begin>", *one, "<middle>", *old, "<end>"]
    right = ["<begin>", *head, "<middle>", *other, "<end>", *tail]
    found = merged("\n".join(before), "\n".join(left), "\n".join(right))
    assert found.text == "\n".join(["<begin>", *one, "<middle>", *other, "<end>", *tail])
