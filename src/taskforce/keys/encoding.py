"""How keys and signatures are written as text, and which bytes a signature covers."""

from __future__ import annotations

import binascii

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Mapping


def to_text(data: bytes) -> str:
    """Return ``data`` in unpadded base64url (RFC 4648, section 5)."""
    text = binascii.b2a_base64(data, newline=False).decode("ascii")
    return text.rstrip("=").replace("+", "-").replace("/", "_")


def from_text(text: object, length: int) -> bytes:
    """Return the ``length`` bytes that ``text`` is the unpadded base64url of; ValueError for anything else.

    The one canonical writing only: one key or signature must not have two names.
    """
    if not isinstance(text, str) or len(text) != (length * 8 + 5) // 6 or not text.isascii():
        raise ValueError("not base64url text of the right length")
    padded = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
    try:
        data = binascii.a2b_base64(padded, strict_mode=True)
    except binascii.Error:
        raise ValueError("not base64url text") from None
    if len(data) != length or to_text(data) != text:
        raise ValueError("not the canonical base64url text")
    return data


def canonical_json(data: Mapping[str, object]) -> bytes:
    """Return the canonical JSON of ``data`` in UTF-8; ValueError for text that no file can hold (lone surrogates)."""
    # deferred: the words and the base64 are needed where no JSON is
    from taskforce.canonical import canonical

    return canonical(data).encode("utf-8")  # UnicodeEncodeError is a ValueError
