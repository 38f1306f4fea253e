"""The bytes of a YAML file on their way into the parser: counted, checked to be clean UTF-8, never trusted.

The parser underneath (libyaml) keeps the whole of a value in memory, takes U+0085, U+2028 and U+2029 for
line ends and guesses encodings. So every byte passes here first: UTF-8 only, no byte order mark, none of
the characters that YAML 1.2.2 section 5.1 calls not printable, and no more bytes than the limits allow.
Everything before a fault is handed on, so that the first fault in the file is the one that is reported.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left

from taskforce.errors import InputError
from taskforce.i18n import _
from taskforce.text import safe, shorten

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from typing import NoReturn, Protocol

    class Readable(Protocol):
        def read(self, size: int, /) -> bytes: ...

    class Mark(Protocol):
        """Where PyYAML saw something; both numbers count from 0."""

        @property
        def line(self) -> int: ...
        @property
        def column(self) -> int: ...


CHUNK = 64 * 1024  # bytes read at a time: fewer calls than libyaml's own 16 KiB, and little to hold

_BAD_ASCII = bytes(set(range(0x20)) - {0x09, 0x0A, 0x0D}) + b"\x7f"
# Also what a person may not have meant: a carriage return alone, which libyaml would silently turn into "\n".
_BAD_TEXT = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\r(?!\n)"
# The same beyond ASCII, as bytes: C1, U+2028, U+2029, U+FEFF, U+FFFE, U+FFFF. Four times faster to rule out.
_BAD_BEYOND_ASCII = rb"\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef(?:\xbb\xbf|\xbf[\xbe\xbf])"
_LONE_TAG = r"!(?<![^\s\[{,:?-]!)(?=[\s<,\]}]|\Z)"  # "!" or "!<!>" where a value may begin; perhaps in a text
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


def refusal(name: str, line: int, column: int, problem: str, *, hint: str, code: str) -> InputError:
    """Return the error that says ``problem`` at ``name``, ``line`` and ``column`` (from 1, in characters)."""
    where = {"file": safe(name), "line": line, "column": column, "problem": problem}
    return InputError(_("%(file)s:%(line)d:%(column)d: %(problem)s") % where, hint=hint, code=code)


class Source:
    """A stream that the parser reads from; ``read`` raises InputError at the first byte that may not be.

    ``total_bytes`` caps the whole, ``held_bytes`` what is read before ``fed`` is set to 0 again by the
    reader (at each document or value): so no value is ever buffered beyond it. ``bangs`` is non-empty while
    there are exclamation marks ahead, each of which might be a tag that libyaml does not report (see
    ``is_bang``).
    """

    def __init__(self, stream: Readable, name: str, *, total_bytes: int, held_bytes: int) -> None:
        self.name = "<yaml>"  # PyYAML asks for it and would show it; the errors made here use ``_name``
        self.fed = 0
        self.bangs = array("Q")
        self._passed_bangs = 0
        self._stream = stream
        self._name = name
        self._total_bytes = total_bytes
        self._held_bytes = held_bytes
        self._total = 0
        self._rest = b""  # the start of a character, or of a line end, whose other bytes are still to come
        self._line = 0  # where the next block begins, counted from 0
        self._column = 0
        self._fault: InputError | None = None

    def read(self, size: int = -1) -> bytes:
        """Return the next clean bytes, b"" at the end; not heeding the ``size`` that the parser likes."""
        block = b""
        ended = False
        while not block and not ended:
            if self._fault is not None:
                raise self._fault
            raw = self._raw()
            ended = not raw
            block = self._checked(self._rest + raw, ended=ended)
        if not block and self._fault is not None:
            raise self._fault
        self.fed += len(block)
        if self.fed > self._held_bytes + CHUNK:
            raise self._too_large(self._held_bytes)
        return block

    def refuse(self, mark: Mark, problem: str, *, hint: str, code: str) -> NoReturn:
        """Raise InputError for what stands at ``mark``."""
        raise self.refusal(mark, problem, hint=hint, code=code)

    def refusal(self, mark: Mark, problem: str, *, hint: str, code: str) -> InputError:
        """Return the error for what stands at ``mark``."""
        return refusal(self._name, mark.line + 1, mark.column + 1, problem, hint=hint, code=code)

    def is_bang(self, mark: Mark) -> bool:
        """Say whether an exclamation mark stands at ``mark``, where a value begins; marks come in order.

        libyaml drops the tag ``!`` of a plain scalar without a trace, but its mark still begins at the tag,
        and no plain or quoted scalar begins with an exclamation mark.
        """
        place = mark.line << 32 | mark.column
        at = bisect_left(self.bangs, place, self._passed_bangs)
        self._passed_bangs = at
        if at == len(self.bangs):
            self._forget_bangs()
            return False
        return self.bangs[at] == place

    def _raw(self) -> bytes:
        try:
            raw = self._stream.read(CHUNK)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            problem = _("the file cannot be read further (%(reason)s)") % {"reason": reason}
            hint = _("copy the file again, then try once more")
            raise self._here(problem, hint=hint, code="unreadable") from None
        if not self._total:
            self._check_encoding(raw)
        self._total += len(raw)
        if self._total > self._total_bytes:
            raise self._too_large(self._total_bytes)
        return raw

    def _check_encoding(self, raw: bytes) -> None:
        problem = ""
        if raw.startswith(b"\xef\xbb\xbf"):
            problem = _("the file begins with a byte order mark")
        elif raw.startswith(_BYTE_ORDER_MARKS) or b"\x00" in raw[:2]:
            problem = _("the file is UTF-16 or UTF-32, only UTF-8 is allowed")
        if problem:
            hint = _("save the file as UTF-8 without a byte order mark")
            raise refusal(self._name, 1, 1, problem, hint=hint, code="yaml-encoding")

    def _checked(self, block: bytes, *, ended: bool) -> bytes:
        """Return ``block`` up to its first fault or last whole character; remember fault and rest."""
        self._rest = b""
        if block.endswith(b"\r") and not ended:
            block, self._rest = block[:-1], b"\r"
        ascii_only = block.isascii()
        if not ascii_only:
            block = self._whole_characters(block, ended=ended)
        bad = len(block.translate(None, _BAD_ASCII)) != len(block)
        bad = bad or (b"\r" in block and block.count(b"\r") != block.count(b"\r\n"))
        bad = bad or (not ascii_only and re.search(_BAD_BEYOND_ASCII, block) is not None)
        text = block.decode()
        found = re.search(_BAD_TEXT, text) if bad else None
        if found is not None:
            text = text[: found.start()]
            block, self._rest = text.encode(), b""
            self._fault = self._bad_character(found[0], *self._end_of(text))
        if b"!" in block and re.search(_LONE_TAG, text):
            self._note_bangs(text)
        self._line, self._column = self._end_of(text)
        return block

    def _whole_characters(self, block: bytes, *, ended: bool) -> bytes:
        try:
            block.decode()
        except UnicodeDecodeError as error:
            good = block[: error.start]
            if error.reason == "unexpected end of data" and not ended:
                self._rest = block[error.start :] + self._rest
                return good
            self._rest = b""
            line, column = self._end_of(good.decode())
            byte = block[error.start]
            if byte == 0xED and block[error.start + 1 : error.start + 2] >= b"\xa0":
                problem = _("half of a surrogate pair, which is no character")
            elif error.reason == "unexpected end of data":
                problem = _("the file ends in the middle of a character")
            else:
                problem = _("the byte 0x%(byte)02X is not UTF-8, and only UTF-8 is allowed") % {"byte": byte}
            hint = _("save the file as UTF-8; if it was copied, copy it again")
            self._fault = refusal(self._name, line + 1, column + 1, problem, hint=hint, code="yaml-encoding")
            return good
        return block

    def _end_of(self, text: str) -> tuple[int, int]:
        """Return line and column, from 0, where ``text`` ends that follows what was read so far."""
        newlines = text.count("\n")
        if newlines:
            return self._line + newlines, len(text) - text.rindex("\n") - 1
        return self._line, self._column + len(text)

    def _note_bangs(self, text: str) -> None:
        del self.bangs[: self._passed_bangs]
        self._passed_bangs = 0
        line, start = self._line, -self._column
        for found in re.finditer("\n|" + _LONE_TAG, text):
            if found[0] == "\n":
                line, start = line + 1, found.end()
            else:
                self.bangs.append(line << 32 | (found.start() - start))

    def _forget_bangs(self) -> None:
        del self.bangs[:]
        self._passed_bangs = 0

    def _bad_character(self, character: str, line: int, column: int) -> InputError:
        if character == "\r":
            problem = _("a carriage return that no line feed follows")
            hint = _('end lines with a line feed, or write the character as "\\r" in double quotes')
        else:
            code = ord(character)
            problem = _("the character U+%(code)04X may not stand here as it is") % {"code": code}
            escape = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
            hint = _('leave it out, or write it as "%(escape)s" in double quotes') % {"escape": escape}
        return refusal(self._name, line + 1, column + 1, problem, hint=hint, code="yaml-character")

    def _too_large(self, most: int) -> InputError:
        problem = _("a single value or document is larger than the %(size)s allowed")
        if most == self._total_bytes:
            problem = _("the file is larger than the %(size)s allowed")
        hint = _("split the file, or check that it is the right one")
        return self._here(problem % {"size": _size(most)}, hint=hint, code="yaml-size")

    def _here(self, problem: str, *, hint: str, code: str) -> InputError:
        return refusal(self._name, self._line + 1, self._column + 1, problem, hint=hint, code=code)


def _size(count: int) -> str:
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size and count % (size // 4) == 0:
            return f"{count / size:g} {unit}"
    return _("%(count)d bytes") % {"count": count}


def shown(key: str) -> str:
    """Return a key of the file as it may stand in a sentence."""
    return shorten(safe(key), 40)
