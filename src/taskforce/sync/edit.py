"""An edit: one save of some fields, all in one part of one record, by one person on one device, signed.

The signature (Ed25519, made and checked by `keys`) covers the canonical JSON of the edit without `sig` (RFC 8785; all
scalars are strings and all keys ASCII, so sorting and compact separators are all it takes). The hash covers `sig` too:
nobody who lacks the edit can guess what a hash stands for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taskforce.canonical import canonical
from taskforce.records.schema import DROPPED, ERASED
from taskforce.sync.clock import Stamp, parse_stamp

Value = str | list[str]
Saw = Mapping[str, int]

_FEED = r"[0-9a-hjkmnp-tv-z]{16}\.[1-9][0-9]{0,5}"
_ID = re.compile(rf"({_FEED})/([1-9][0-9]{{0,14}})")
_FEED_ONLY = re.compile(_FEED)
_RECORD = re.compile(r"[0-9a-hjkmnp-tv-z]{16}")
_WORD = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_HASH = re.compile(r"[A-Za-z0-9_-]{43}")
_SIGNATURE = re.compile(r"[A-Za-z0-9_-]{86}")
_NONCE = re.compile(r"[0-9a-hjkmnp-tv-z]{16}")
_NUMBER = re.compile(r"[1-9][0-9]{0,14}")
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_REQUIRED = ("edit", "at", "by", "kind", "record", "part", "set", "sig")

CURRENT_KEYS = frozenset((*_REQUIRED, "prev", "saw", "born"))
_STRINGS = CURRENT_KEYS - {"set", "saw"}


class EditError(ValueError):
    """What is wrong with the form of an edit: a short English phrase for people who write bundles."""


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit whose form has been checked. `body` is the mapping it was read from, unknown keys included."""

    feed: str
    number: int
    prev: str
    stamp: Stamp
    by: str
    kind: str
    record: str
    part: str
    set: Mapping[str, Value]
    saw: Mapping[str, Saw]
    born: str
    sig: str
    body: Mapping[str, Any]
    text: str
    hash: str

    @property
    def device(self) -> str:
        """The device that wrote it."""
        return self.feed.partition(".")[0]

    @property
    def place(self) -> tuple[str, str, str]:
        """What it is about: record, kind and part."""
        return self.record, self.kind, self.part

    @property
    def is_skeleton(self) -> bool:
        """Whether it is what an erasure left of an edit: nothing is set in it and nobody's signature fits it."""
        return not self.sig

    @property
    def outlives_erasure(self) -> bool:
        """Whether it stays whole in an erased part: what erases it, and what confirms that."""
        return ERASED in self.set or (
            self.set.keys() == {DROPPED} and _ID.fullmatch(str(self.set[DROPPED])) is not None
        )

    @property
    def signed(self) -> bytes:
        """The bytes that the signature covers."""
        end = f',"sig":"{self.sig}"}}'
        if self.text.endswith(
            end
        ):  # a quote within a string would be escaped, so this is the last key of the edit
            return (self.text[: -len(end)] + "}").encode()
        return canonical({key: value for key, value in self.body.items() if key != "sig"}).encode()


def hash_of(text: str) -> str:
    """SHA-256 of a canonical JSON text, as 43 characters of unpadded base64url."""
    # deferred: loading OpenSSL takes milliseconds, and reading a store needs no digest
    from base64 import urlsafe_b64encode
    from hashlib import sha256

    return urlsafe_b64encode(sha256(text.encode()).digest()).decode()[:43]


def parse_edit(body: object) -> Edit:
    """Check the form of an edit read from a bundle (nested mappings, lists and strings); EditError names the fault."""
    if not isinstance(body, dict):
        raise EditError("an edit is a mapping")
    for key in _REQUIRED:
        if key not in body:
            raise EditError(f"{key} is missing")
    for key, value in body.items():
        if key in _STRINGS:
            if not isinstance(value, str):
                raise EditError(f"{key} is one string")
        elif not _KEY.fullmatch(key):
            raise EditError(f"{key[:40]!r} is not a name that an edit may use")
    identity = _ID.fullmatch(body["edit"])
    if identity is None:
        raise EditError("edit is DEVICE.EPOCH/NUMBER")
    feed, number = identity[1], int(identity[2])
    for key, pattern in (("kind", _WORD), ("part", _WORD), ("record", _RECORD), ("sig", _SIGNATURE)):
        if not pattern.fullmatch(body[key]):
            raise EditError(f"{key} is malformed")
    prev = body.get("prev", "")
    if (number > 1) != bool(prev) or (prev and not _HASH.fullmatch(prev)):
        raise EditError("prev is the hash of the edit before, and absent in the first")
    born = body.get("born", "")
    if born and not _NONCE.fullmatch(born):
        raise EditError("born is malformed")
    try:
        stamp = parse_stamp(body["at"])
    except ValueError:
        raise EditError("at is a time in UTC to the millisecond, a slash and a counter") from None
    text = canonical(body)
    return Edit(
        feed,
        number,
        prev,
        stamp,
        body["by"],
        body["kind"],
        body["record"],
        body["part"],
        _checked_values(body["set"]),
        _checked_saw(body.get("saw", {}), body["set"], feed, number),
        born,
        body["sig"],
        body,
        text,
        hash_of(text),
    )


def known_edit(text: str, digest: str = "") -> Edit:
    """An edit that this store already checked and kept as canonical JSON, or its skeleton; it is not checked again.

    `digest` is its hash where the store has that at hand, too.
    """
    body: dict[str, Any] = json.loads(text)
    if "sig" not in body:
        return _skeleton(body, text)
    feed, _, number = body["edit"].partition("/")
    time, _, counter = body["at"].partition("Z/")
    return Edit(
        feed,
        int(number),
        body.get("prev", ""),
        Stamp(time, int(counter)),
        body["by"],
        body["kind"],
        body["record"],
        body["part"],
        body["set"],
        {
            name: {other: int(top) for other, top in seen.items()}
            for name, seen in body.get("saw", {}).items()
        },
        body.get("born", ""),
        body["sig"],
        body,
        text,
        digest or hash_of(text),
    )


_KEPT = ("edit", "prev", "at", "by", "kind", "record", "part", "born")


def skeleton_of(edit: Edit) -> Edit:
    """What stays of an edit whose part was erased: its place and hash, the one before it, what it was about, who, when.

    The values go, and with them the names of the fields, what had been seen of each, and the signature: whoever has a
    signature can try which values it fits. The hash covers the signature, so nobody can try values against it.
    """
    kept = {key: edit.body[key] for key in _KEPT if key in edit.body}
    return _skeleton(body := {**kept, "hash": edit.hash}, canonical(body))


def _skeleton(body: Mapping[str, Any], text: str) -> Edit:
    feed, _, number = body["edit"].rpartition("/")
    return Edit(
        feed,
        int(number),
        body.get("prev", ""),
        parse_stamp(body["at"]),
        body["by"],
        body["kind"],
        body["record"],
        body["part"],
        {},
        {},
        body.get("born", ""),
        "",
        body,
        text,
        body["hash"],
    )


def compose(
    *,
    feed: str,
    number: int,
    prev: str,
    stamp: Stamp,
    by: str,
    kind: str,
    record: str,
    part: str,
    values: Mapping[str, Value],
    saw: Mapping[str, Saw],
    born: str = "",
) -> dict[str, Any]:
    """The body of a new edit, in the order people read it, still without `sig`."""
    body: dict[str, Any] = {"edit": f"{feed}/{number}"}
    if prev:
        body["prev"] = prev
    body.update(at=str(stamp), by=by, kind=kind, record=record, part=part)
    if born:
        body["born"] = born
    body["set"] = dict(values)
    seen = {name: {other: str(top) for other, top in sorted(saw[name].items())} for name in saw if saw[name]}
    if seen:
        body["saw"] = seen
    return body


READING_ORDER = ("edit", "prev", "at", "by", "kind", "record", "part", "born", "set", "saw", "sig")


def in_reading_order(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same mapping with its keys as documented; keys of newer versions stand before `sig`."""
    ordered = {key: body[key] for key in READING_ORDER[:-1] if key in body}
    ordered.update((key, body[key]) for key in sorted(body) if key not in CURRENT_KEYS)
    ordered["sig"] = body["sig"]
    return ordered


def is_feed(text: str) -> bool:
    """Whether `text` is a feed's name, `DEVICE.EPOCH`."""
    return _FEED_ONLY.fullmatch(text) is not None


def _checked_values(values: object) -> Mapping[str, Value]:
    if not isinstance(values, dict) or not values:
        raise EditError("set is a mapping of at least one field")
    for name, value in values.items():
        if not _KEY.fullmatch(name):
            raise EditError(f"{name[:40]!r} is not a field's name")
        if isinstance(value, list):
            for item in value:
                if not isinstance(item, str):
                    raise EditError(f"set.{name} is a string or a list of strings")
        elif not isinstance(value, str):
            raise EditError(f"set.{name} is a string or a list of strings")
    return values


def _checked_saw(saw: object, values: Mapping[str, Value], feed: str, number: int) -> Mapping[str, Saw]:
    if not isinstance(saw, dict):
        raise EditError("saw is a mapping")
    result: dict[str, Saw] = {}
    for name, seen in saw.items():
        if not isinstance(seen, dict):
            raise EditError(f"saw.{name[:40]} is a mapping of feeds to numbers")
        tops: dict[str, int] = {}
        for other, top in seen.items():
            if not isinstance(top, str) or not _NUMBER.fullmatch(top) or not is_feed(other):
                raise EditError(f"saw.{name[:40]} is a mapping of feeds to numbers")
            tops[other] = int(top)
        if tops.get(feed, 0) >= number:
            raise EditError(f"saw.{name[:40]} claims to have seen the edit itself or a later one of its feed")
        result[name] = tops
    return result
