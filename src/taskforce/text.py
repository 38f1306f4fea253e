r"""What text passes before it reaches a terminal, a spreadsheet or the store.

A record may come from anybody, so its text is not trusted to draw itself. ``safe`` shows what could move the
cursor, write to the clipboard, reverse the reading order or hide itself as a visible escape such as ``\x1b``
or ``\u202e`` (Unicode TR 36 and TR 39; Trojan Source, CVE-2021-42574). It does not change what is kept.
"""

from __future__ import annotations

import re

# What str.isprintable() lets through although nothing is seen: marks and letters that draw nothing
# (Default_Ignorable_Code_Point in Unicode's DerivedCoreProperties), blanks posing as letters, and a variation
# selector that follows none of the characters it could vary (rows of them smuggle bytes).
# Kept as text: `re` compiles it when the first text beyond ASCII is met.
_UNSEEN = (
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
    "|(?:^|(?<=[\ufe0e\ufe0f]))[\ufe0e\ufe0f]"
)
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

# A spreadsheet runs a cell that begins with one of these (OWASP, CSV injection; full-width: East Asia).
_FORMULA_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_GUARD = "'"


def safe(text: str, *, keep_newlines: bool = False) -> str:
    r"""Return ``text`` as it may be written to a terminal: visible characters and spaces only.

    Control characters (C0, DEL, C1), bidi and zero-width controls, line and paragraph separators, tags, lone
    surrogates, private-use and unassigned characters appear escaped (``\x1b``, ``\u202e``); so do the
    zero-width joiners and spaces, also where an Indic or Khmer text uses them well, because two names that
    look the same must not differ unseen. Other blanks (no-break, ideographic) become a plain space.

    ``keep_newlines`` lets ``\n`` stand, for text that is shown over several lines; ``\r\n`` then counts as
    one.
    """
    if text.isprintable() and (text.isascii() or not re.search(_UNSEEN, text)):
        return text
    if keep_newlines:
        return "\n".join(_visible(line) for line in text.replace("\r\n", "\n").split("\n"))
    return _visible(text)


def _visible(line: str) -> str:
    if not line.isprintable():
        line = "".join(
            c if c.isprintable() else " " if c.isspace() and _is_blank(c) else _escape(c) for c in line
        )
    return line if line.isascii() else re.sub(_UNSEEN, lambda found: _escape(found[0]), line)


def _is_blank(character: str) -> bool:
    import unicodedata  # deferred: plain text never gets here

    return unicodedata.category(character) == "Zs"


def _escape(character: str) -> str:
    short = _SHORT_ESCAPES.get(character)
    if short:
        return short
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def clean_input(text: str) -> str:
    r"""Return what a person typed as it is kept: line ends as ``\n``, composed as Unicode NFC (UAX 15).

    Raises ValueError for lone surrogates, which is what bytes that are no UTF-8 look like in an argument.
    """
    if text.isascii():
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"not valid Unicode at character {error.start + 1}") from None
    import unicodedata  # deferred: plain text never gets here

    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def csv_cell(text: str) -> str:
    """Return ``text`` as a CSV cell that no spreadsheet takes for a formula; ``csv_uncell`` gives it back.

    A cell that would begin with ``= + - @``, a tab or a line end gets an apostrophe in front, and so does one
    that already looks as if it had got one.
    """
    return _GUARD + text if text and (text[0] in _FORMULA_STARTS or _is_guarded(text)) else text


def csv_uncell(cell: str) -> str:
    """Return the text that ``csv_cell`` made ``cell`` from; cells of others keep their apostrophes."""
    return cell[1:] if _is_guarded(cell) else cell


def _is_guarded(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == _GUARD and cell[1] in _FORMULA_STARTS + _GUARD


def cells(text: str) -> int:
    """Return how many terminal cells ``text`` takes (UAX 11: wide characters two, combining marks none)."""
    if text.isascii():
        return len(text)
    return sum(map(_cells_of, text))


def _cells_of(character: str) -> int:
    import unicodedata  # deferred: plain text never gets here

    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrapped(text: str, width: int, most: int) -> list[str]:
    """Return ``text`` over at most ``most`` lines of ``width`` cells, broken at blanks; ``…`` where it goes on."""
    lines: list[str] = []
    rest = text.strip()
    while len(lines) < most - 1 and cells(rest) > width:
        kept = max(1, _fitting(rest, width))
        blank = rest.rfind(" ", 0, kept + 1)
        line = rest[: blank if blank > 0 else kept]
        lines.append(line.rstrip())
        rest = rest[len(line) :].lstrip()
    return [*lines, shorten(rest, width)] if rest or not lines else lines


def shorten(text: str, width: int) -> str:
    """Return ``text`` cut to at most ``width`` terminal cells, the last one being ``…`` where it was cut."""
    if cells(text) <= width:
        return text
    if width < 1:
        return ""
    return text[: _fitting(text, width - 1)].rstrip() + "…"


def _fitting(text: str, width: int) -> int:
    """Return how many characters of ``text`` have room in ``width`` cells."""
    kept, used = 0, 0
    for character in text:
        taken = 1 if character.isascii() else _cells_of(character)
        if used + taken > width:
            break
        kept, used = kept + 1, used + taken
    return kept
