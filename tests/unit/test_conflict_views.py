"""Where two texts differ, word by word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from taskforce.reports.conflict_views import MOST_WORDS, pieces_of

texts = st.lists(st.sampled_from(["gate", "open", " ", "\n", "two", "\x1b[2J", "ក", "  "]), max_size=20).map(
    "".join
)


@given(texts, texts)
def test_the_pieces_are_the_text_and_equal_texts_have_no_marks(one: str, other: str) -> None:
    assert "".join(piece for piece, _differs in pieces_of(one, other)) == one
    assert not any(differs for _piece, differs in pieces_of(one, one))


def test_the_words_that_the_other_lacks_are_marked() -> None:
    assert pieces_of("bring torches at 5", "bring water at 5") == [
        ("bring ", False),
        ("torches ", True),
        ("at 5", False),
    ]


def test_another_line_break_is_no_difference_of_words() -> None:
    assert pieces_of("bring water\nat 5", "bring water at 5") == [("bring water\nat 5", False)]


def test_a_very_long_text_is_not_compared() -> None:
    text = "word " * (MOST_WORDS + 1)
    assert pieces_of(text, "word") == [(text, False)]
