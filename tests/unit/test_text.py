"""No text draws itself: what reaches a terminal or a spreadsheet is visible and harmless."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taskforce.text import cells, clean_input, csv_cell, csv_uncell, safe, shorten, wrapped

anything = st.text(st.characters(codec=None, categories=None, exclude_categories=()))


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b]52;c;ZWNobw==\x07", "\\x1b]52;c;ZWNobw==\\x07"),
        ("a\x00b\x7fc", "a\\x00b\\x7fc"),
        ("\x9b31m", "\\x9b31m"),
        ("user\u202etxt.exe", "user\\u202etxt.exe"),
        ("\u2066x\u2069\u200e\u200f\u061c", "\\u2066x\\u2069\\u200e\\u200f\\u061c"),
        ("KH\u200b-\u200cC\u200dN\u2060P\ufeff", "KH\\u200b-\\u200cC\\u200dN\\u2060P\\ufeff"),
        ("one\u2028two\u2029three\x85", "one\\u2028two\\u2029three\\x85"),
        ("\ud800", "\\ud800"),
        ("\ue000\U000f0000", "\\ue000\\U000f0000"),
        ("a\U000e0041\U000e0101", "a\\U000e0041\\U000e0101"),
        ("\u3164\u115f\u034f\u2800", "\\u3164\\u115f\\u034f\\u2800"),
        ("a\tb\r\nc", "a\\tb\\r\\nc"),
        ("10\u00a0000\u3000km", "10 000 km"),
        ("\ufe0f", "\\ufe0f"),
        ("✔\ufe0f\ufe0f", "✔\ufe0f\\ufe0f"),
    ],
)
def test_what_could_deceive_is_shown_escaped(hostile: str, shown: str) -> None:
    assert safe(hostile) == shown


@pytest.mark.parametrize(
    "text", ["", "Compound 4", "[bold]x[/bold]", "ភ្នំពេញ", "Nguyễn Thị", "人身取引", "✔\ufe0f 🚓", "C:\\new"]
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert safe(text) == text


@given(anything)
@example("\x1b[31m\n\u202e\u200b\ud800\U000e0041")
def test_nothing_but_visible_characters_ever_remains(text: str) -> None:
    assert safe(text).isprintable()
    assert safe(safe(text)) == safe(text)
    lines = safe(text, keep_newlines=True)
    assert lines.replace("\n", "").isprintable()
    assert lines.count("\n") == text.count("\n")


@given(anything)
def test_whatever_is_shown_can_be_encoded_and_hides_nothing(text: str) -> None:
    shown = safe(text)
    shown.encode()
    hidden = {c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}}
    assert not hidden


def test_lines_stay_lines_only_when_asked() -> None:
    assert safe("one\r\ntwo\x1b", keep_newlines=True) == "one\ntwo\\x1b"
    assert safe("one\ntwo") == "one\\ntwo"


def test_input_is_composed_and_has_one_kind_of_line_end() -> None:
    assert clean_input("Nguye\u0302\u0303n\r\nThi\r.") == "Nguy\u1ec5n\nThi\n."
    assert clean_input("a\r\nb\rc") == "a\nb\nc"
    assert clean_input("plain") == "plain"


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ValueError, match="character 4"):
        clean_input("abc\udcff")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_starts_a_formula(start: str) -> None:
    assert csv_cell(start + "1+1")[0] == "'"
    assert csv_uncell(csv_cell(start + "1+1")) == start + "1+1"


@given(st.one_of(anything, st.text("'=+-@\t\r\na", max_size=5)))
@example("'")
@example("''")
@example("'=1")
def test_every_cell_comes_back_exactly(text: str) -> None:
    assert csv_uncell(csv_cell(text)) == text
    assert csv_cell(text)[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n"}


@given(st.text("'=+-@\t\r\na,\"", max_size=8))
def test_every_cell_survives_a_csv_file(text: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow([csv_cell(text), "end"])
    file.seek(0)
    assert csv_uncell(next(csv.reader(file))[0]) == text


def test_a_cell_of_others_keeps_its_apostrophe() -> None:
    assert csv_uncell("'s-Hertogenbosch") == "'s-Hertogenbosch"


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("Compound 4", 10, "Compound 4"),
        ("Compound 4", 9, "Compound…"),
        ("Compound 4", 5, "Comp…"),
        ("人身取引", 8, "人身取引"),
        ("人身取引", 7, "人身取…"),
        ("人身取引", 6, "人身…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
        ("e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
    ],
)
def test_text_is_cut_by_cells_not_characters(text: str, width: int, short: str) -> None:
    assert shorten(text, width) == short
    assert cells(shorten(text, width)) <= width


@given(st.text("ab é漢\u0301x ", max_size=80), st.integers(4, 30))
def test_wrapped_keeps_every_word_within_the_width(text: str, width: int) -> None:
    lines = wrapped(text, width, 200)
    assert all(cells(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_wrapped_says_where_it_goes_on() -> None:
    assert wrapped("wait for the second team before the gate", 12, 2) == ["wait for the", "second team…"]
    assert wrapped("short", 12, 2) == ["short"]
    assert wrapped("", 12, 2) == [""]
