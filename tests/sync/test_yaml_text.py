"""What the writer writes, every reader reads back as the same strings; and a person can read it too."""

from __future__ import annotations

import io
import re

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from taskforce.sync.strict_yaml import read_documents
from taskforce.sync.yaml_text import document, scalar

TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8")),
    st.text(alphabet=st.sampled_from("ab \n\t\r:#-?!,'\"[]{}&*%@`|>\\~=<.0é\x85\u2028\u200b\ufeff😀")),
    st.from_regex(r"[-+.]?[0-9][0-9a-fA-FxobeEtTzZ_:.+ -]{0,11}", fullmatch=True),
    st.sampled_from(
        ["", "y", "No", "TRUE", "off", "null", "~", "NaN", ".inf", "-.INF", "=", "<<", "---", "...", "- "]
    ),
)
KEYS = st.one_of(TEXTS, st.text("abcxyz_", min_size=1)).filter(lambda key: 0 < len(key) < 80)
NODES = st.recursive(
    TEXTS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
MAPPINGS = st.dictionaries(KEYS, NODES, max_size=5)

# What the loaders of YAML 1.2 (core schema, section 10.3.2) and of YAML 1.1 (yaml.org/type) take for no text.
NO_TEXT = re.compile(
    r"""~|null|true|false|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-f]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)(e[-+]?[0-9]+)?
    |[-+]?\.inf|\.nan|y|yes|n|no|on|off|=|<<|[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?
    |[-+]?0x[0-9a-f_]+|[-+]?[0-9][0-9_]*(\.[0-9_]*)?(e[-+]?[0-9]+)?|[-+]?\.[0-9_]+(e[-+]?[0-9]+)?
    |[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt\ \t].*)?""",
    re.IGNORECASE | re.VERBOSE,
)


@given(MAPPINGS, st.integers(0, 3))
@example({"a": "x\ny\n"}, 8)
@example({"a": [["x"], [], {}, {"b": "x\n\n y"}, "x\ny", [["z"], {"c": ["d"]}]]}, 8)
@example({"a": {"b": {"1,2?": "c, d", "k: ": "9", "x/y": "0x1F"}}}, 1)
def test_every_reader_gets_the_same_strings_back(data: dict[str, object], flow_depth: int) -> None:
    text = document(data, flow_depth=flow_depth)
    assert [read.data for read in read_documents(io.BytesIO(text.encode()), "f.yaml")] == [data]
    assert yaml.safe_load(text) == data
    assert yaml.load(text.encode(), Loader=yaml.CSafeLoader) == data


@given(TEXTS)
def test_what_stands_plain_is_text_in_yaml_1_1_and_1_2(text: str) -> None:
    written = scalar(text)
    if written == text:
        assert not NO_TEXT.fullmatch(text)
        assert not re.search(r"^[^\w]|: |:$| #|^\s|\s$|[\[\]{}\"]", text)


@given(MAPPINGS)
def test_nothing_that_is_not_seen_stands_in_the_file_as_it_is(data: dict[str, object]) -> None:
    hidden = re.compile(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
    )
    assert not hidden.search(document(data))


def test_several_documents_follow_each_other() -> None:
    text = document({"a": "b"}) + document({}) + document({"c": ["d"]})
    assert list(yaml.safe_load_all(text)) == [{"a": "b"}, {}, {"c": ["d"]}]


def test_an_edit_looks_as_the_format_shows_it() -> None:
    edit = {
        "edit": "q7m2x0d4k9t1c5ze.1/18",
        "at": "2026-11-23T10:04:11.120Z/0",
        "by": "J. Okafor",
        "record": "7kq2m4x8v0n3c5d1",
        "set": {
            "title": "NO",
            "due": "12:30",
            "number": "0123",
            "place": "Phnom Penh, gate 4 (north)",
            "note": "Two adults.\n\n  A child: 7 #1.",
            "hidden": 'a\u202eb\tc"d\\',
            "languages": ["km", "no"],
            "contacts": [{"name": "A", "phone": "+855 1"}, {}, []],
            "none": "",
            "nobody": {},
        },
        "saw": {"title": {"q7m2x0d4k9t1c5ze.1": "9", "1234567890123456.1": "4"}, "due": {}},
    }
    assert document(edit, flow_depth=2) == (
        "---\n"
        "edit: q7m2x0d4k9t1c5ze.1/18\n"
        'at: "2026-11-23T10:04:11.120Z/0"\n'
        "by: J. Okafor\n"
        "record: 7kq2m4x8v0n3c5d1\n"
        "set:\n"
        '  title: "NO"\n'
        '  due: "12:30"\n'
        '  number: "0123"\n'
        "  place: Phnom Penh, gate 4 (north)\n"
        "  note: |-\n"
        "    Two adults.\n"
        "\n"
        "      A child: 7 #1.\n"
        '  hidden: "a\\u202eb\\tc\\"d\\\\"\n'
        "  languages:\n"
        "    - km\n"
        '    - "no"\n'
        "  contacts:\n"
        "    - name: A\n"
        '      phone: "+855 1"\n'
        "    - {}\n"
        "    - []\n"
        '  none: ""\n'
        "  nobody: {}\n"
        "saw:\n"
        '  title: {q7m2x0d4k9t1c5ze.1: "9", "1234567890123456.1": "4"}\n'
        "  due: {}\n"
    )
    assert yaml.safe_load(document(edit)) == edit


def test_a_mapping_too_long_for_one_line_stands_below() -> None:
    feeds = {f"q7m2x0d4k9t1c5z{n}.1": "1" for n in "0123456789abcd"}
    text = document({"saw": {"due": feeds, "few": {"a": "b"}, "lists": {"a": ["b"]}}}, start="", flow_depth=2)
    assert text.startswith('saw:\n  due:\n    q7m2x0d4k9t1c5z0.1: "1"\n')
    assert text.endswith("  few: {a: b}\n  lists:\n    a:\n      - b\n")


@pytest.mark.parametrize(
    "data",
    [
        {"": "a"},
        {"k" * 1001: "a"},
        {"a": {"\x00" * 600: "b"}},
        {"a": "\ud800"},
        {"a": ["x\n\udc00"]},
        {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {}}}}}}}}},
        {"a": [[[[[[[["b"]]]]]]]]},
    ],
)
def test_what_the_reader_would_refuse_is_not_written(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"character|levels"):
        document(data)


@pytest.mark.parametrize("value", [1, None, True, 1.5, b"x"])
def test_only_text_lists_and_mappings_are_written(value: object) -> None:
    with pytest.raises(TypeError, match=type(value).__name__):
        document({"a": value})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match=type(value).__name__):
        document({"a": {"b": [value]}}, flow_depth=1)  # type: ignore[dict-item]


def test_the_deepest_and_the_longest_that_is_written_can_be_read() -> None:
    data = {"k" * 1000: {"b": {"c": {"d": {"e": {"f": {"g": [{"h": "i"}, [], ["j"]]}}}}}}}
    with pytest.raises(ValueError, match="levels"):
        document(data)
    data = {"k" * 1000: {"b": {"c": {"d": {"e": {"f": [{"h": "i"}, {}, ["j\nk"], []]}}}}}}
    text = document(data)
    assert [read.data for read in read_documents(io.BytesIO(text.encode()), "f.yaml")] == [data]
    assert yaml.safe_load(text) == data
