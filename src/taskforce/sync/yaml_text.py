r"""The one writer of YAML: dicts, lists and strings become text that every loader reads back as the same strings.

A value stands plain only where no YAML 1.1 or 1.2 loader takes it for anything but text (so not ``NO``,
``0123``, ``12:30``, ``1e3`` or ``~``), as a ``|`` block where it is several clean lines, and in double quotes
otherwise, with everything escaped that is not seen or that turns the reading order around. No line is folded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Value = str | Sequence["Value"] | Mapping[str, "Value"]
    Write = Callable[[str], object]

DOCUMENT_START = "---\n"
MOST_DEPTH = 8  # as deep as the strict reader goes
MOST_KEY = 1000  # characters as written; libyaml takes no key of more than 1024 without a "?"

_FLOW_WIDTH = 300  # a mapping that would be longer in braces is easier to read as a block

# What begins with a letter; or with a digit, if a letter or slash comes before any space that no number, date or
# other scalar of YAML has. No colon, hash, double quote or bracket anywhere, no space at either end.
_LETTER = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_IS_PLAIN = re.compile(
    rf"(?:[{_LETTER}]|[0-9][0-9A-Fa-fTZ_.-]*[G-NP-SU-WYg-np-su-wy/])"
    rf"(?:[{_LETTER}0-9_.,;+()/'!?%@=& -]*[{_LETTER}0-9_.)/!?%+-])?"
).fullmatch
_IS_PLAIN_IN_BRACES = re.compile("[A-Za-z0-9_./-]+").fullmatch
_WORDS = frozenset(["y", "yes", "n", "no", "true", "false", "on", "off", "null", "nan", "inf"])
_LONGEST_WORD = max(map(len, _WORDS))

# What is not seen or reorders text: DEL, C1, joiners, fillers, separators, bidi controls, variation selectors, byte
# order mark, noncharacters, tags; and surrogates, which cannot be written at all.
_HIDDEN = (
    "\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff"
)
_TO_ESCAPE = re.compile(f'["\\\\\x00-\x1f{_HIDDEN}]')
_NEEDS_QUOTES = re.compile(
    f"[\x00-\t\x0b-\x1f{_HIDDEN}]| (?:\n|\\Z)"
)  # several lines that "|" would not show as is
_SHORT_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\t": "\\t",
    "\r": "\\r",
    "\x00": "\\0",
    "\x1b": "\\e",
}


def document(
    mapping: Mapping[str, Value], *, start: str = DOCUMENT_START, flow_depth: int = MOST_DEPTH
) -> str:
    """Return ``mapping`` as one YAML document that begins with ``start`` (a line of ``---``, or "" for none).

    Keys keep their order. Mappings ``flow_depth`` levels below the root or deeper stand on one line in braces
    if they are short and hold nothing but text. Raises ValueError for what the strict reader would refuse (an
    empty or overlong key, a lone surrogate, more than ``MOST_DEPTH`` levels), TypeError for a value that is
    neither text nor list nor mapping.
    """
    parts = [start]
    _write_mapping(mapping, 0, "", "", flow_depth, parts.append)
    return "".join(parts) if mapping else start + "{}\n"


def scalar(text: str) -> str:
    """Return ``text`` as a YAML scalar on one line, plain or quoted, as it may stand in a block."""
    if _IS_PLAIN(text) and (len(text) > _LONGEST_WORD or text.lower() not in _WORDS):
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """Return ``text`` as a YAML scalar in double quotes. Raises ValueError for a lone surrogate."""
    return f'"{_TO_ESCAPE.sub(_escape, text)}"'


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    short = _SHORT_ESCAPES.get(character)
    if short:
        return short
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError("half of a surrogate pair is no character")
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@lru_cache(maxsize=4096)  # the same field names stand in every edit
def _key(key: str) -> str:
    written = scalar(key)
    if not key or len(written) > MOST_KEY:
        raise ValueError(f"a key has 1 to {MOST_KEY} characters")
    return written


def _lines(text: str, indent: str) -> str:
    """Return a text of several lines as a literal block, if that shows it as it is, or else in double quotes."""
    if text[0] in " \n" or text.endswith("\n\n") or _NEEDS_QUOTES.search(text):
        return quoted(text)
    head = "|" if text.endswith("\n") else "|-"
    lines = text.removesuffix("\n").split("\n")
    return "\n".join([head, *(f"{indent}  {line}" if line else "" for line in lines)])


def _write_mapping(
    mapping: Mapping[str, Value], depth: int, first: str, indent: str, flow_depth: int, write: Write
) -> None:
    """Write a block mapping; ``first`` is what stands before its first key, ``indent`` before the others."""
    _check_depth(depth)
    before = first
    for key, value in mapping.items():
        if not isinstance(value, str):
            _write_value(value, depth + 1, f"{before}{_key(key)}:", indent, flow_depth, write)
        elif "\n" in value:
            write(f"{before}{_key(key)}: {_lines(value, indent)}\n")
        else:
            write(f"{before}{_key(key)}: {scalar(value)}\n")
        before = indent


def _write_list(
    items: Sequence[Value], depth: int, first: str, indent: str, flow_depth: int, write: Write
) -> None:
    """Write a block list; ``first`` and ``indent`` as for a mapping. What an item holds begins on its line."""
    _check_depth(depth)
    before = first
    for item in items:
        if isinstance(item, str):
            write(f"{before}- {_lines(item, indent) if chr(10) in item else scalar(item)}\n")
        elif item and isinstance(item, Mapping):
            _write_mapping(item, depth + 1, f"{before}- ", indent + "  ", flow_depth, write)
        elif item and isinstance(item, list | tuple):
            _write_list(item, depth + 1, f"{before}- ", indent + "  ", flow_depth, write)
        else:
            _write_value(item, depth + 1, f"{before}-", indent, flow_depth, write)
        before = indent


def _write_value(value: Value, depth: int, name: str, indent: str, flow_depth: int, write: Write) -> None:
    """Write the list or mapping that belongs to ``name``, a key with its colon: in brackets, or below it."""
    _check_depth(depth)
    inner = indent + "  "
    if isinstance(value, list | tuple):
        write(f"{name}\n" if value else f"{name} []\n")
        _write_list(value, depth, inner, inner, flow_depth, write)
    elif isinstance(value, Mapping):
        braces = _in_braces(value) if depth >= flow_depth or not value else ""
        write(f"{name} {braces}\n" if braces else f"{name}\n")
        if not braces:
            _write_mapping(value, depth, inner, inner, flow_depth, write)
    else:
        raise TypeError(f"{type(value).__name__} is neither text nor list nor mapping")


def _in_braces(mapping: Mapping[str, Value]) -> str:
    """Return ``mapping`` in flow style, or "" where it is not short or holds more than text."""
    parts = []
    for key, value in mapping.items():
        if not isinstance(value, str):
            return ""
        number = value.isascii() and value.isdigit()  # the numbers of edits: most of what stands in braces
        parts.append(
            f'{_key_in_braces(key)}: "{value}"' if number else f"{_key_in_braces(key)}: {_word(value)}"
        )
    text = f"{{{', '.join(parts)}}}"
    return text if len(text) <= _FLOW_WIDTH else ""


def _word(text: str) -> str:
    written = scalar(text)
    return written if written != text or _IS_PLAIN_IN_BRACES(text) else quoted(text)


@lru_cache(maxsize=4096)  # the feeds that many edits name
def _key_in_braces(key: str) -> str:
    _key(key)  # refuses what no key may be
    return _word(key)


def _check_depth(depth: int) -> None:
    if depth >= MOST_DEPTH:
        raise ValueError(f"more than {MOST_DEPTH} levels")
