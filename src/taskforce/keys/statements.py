"""Statements: what an agency says under its own key to everybody whom it concerns, such as that a device is lost.

They travel in the heads of bundles, from store to store, and are no edits: no device wrote them, no feed numbers them.
A statement is a mapping: ``statement`` (its type), ``agency`` (code), ``agency-key``, ``about`` (an id of 16
characters), ``made``, the fields of its type, and ``sig``: the agency key's signature over the canonical JSON (RFC
8785) of the rest. Each type is signed for a purpose of its own. Of a type that this version does not know the signature
is checked, and nothing else: it is kept and never acted on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from taskforce.canonical import canonical
from taskforce.crockford import is_short_digest
from taskforce.errors import TrustError
from taskforce.i18n import _
from taskforce.keys.encoding import canonical_json, from_text
from taskforce.keys.identity import AGENCY_CODE, AgencySecret
from taskforce.keys.signatures import KEY_BYTES, sign, verify

REVOCATION = "revocation"

MOST_BYTES = 32 << 10
"""Of a statement's canonical JSON."""

MOST_NODES = 2000
"""Of a statement as YAML: some must fit into a head together, of which a reader takes 10,000."""

MOST_REASON = 500  # characters

_TYPE = r"[a-z][a-z0-9-]{0,31}"
_MADE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
_FEED = r"([0-9a-hjkmnp-tv-z]{16})\.[1-9][0-9]{0,5}"
_NUMBER = r"0|[1-9][0-9]{0,14}"
_ENVELOPE = ("statement", "agency", "agency-key", "about", "made", "sig")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement whose signature holds: that the holder of ``agency_key`` said it, and no more.

    ``about`` is what it speaks of (of a revocation the device), ``hash`` the hash of its canonical JSON, ``text``.
    """

    type: str
    agency: str
    agency_key: str
    about: str
    made: str
    hash: str
    text: str = field(repr=False)
    body: Mapping[str, Any] = field(repr=False, hash=False)

    @property
    def is_known(self) -> bool:
        """Whether this version knows what it means."""
        return self.type in TYPES


def make_statement(
    agency: AgencySecret, agency_code: str, type: str, *, about: str, made: str, fields: Mapping[str, object]
) -> dict[str, Any]:
    """Return the statement of a known ``type`` by ``agency``; ``made`` is a time in UTC, ``fields`` those of its type.

    Raises TrustError for what others would not accept.
    """
    body: dict[str, Any] = {
        "statement": type,
        "agency": agency_code,
        "agency-key": agency.key,
        "about": about,
        "made": made,
        **fields,
    }
    body["sig"] = sign(agency.seed, _purpose(type), canonical_json(body))
    check_statement(body)  # what is handed out is what others will accept
    return body


def check_statement(body: object) -> Statement:
    """Return what ``body`` (from anywhere) says, once its signature holds and its fields are those of its type.

    Raises TrustError naming what is wrong. Whether the key is the agency's is for the caller to ask.
    """
    if not isinstance(body, Mapping):
        raise _bad(_("it is not a list of fields"))
    for name in _ENVELOPE:
        if not isinstance(body.get(name), str):
            raise _bad(_("it lacks the field %(field)s") % {"field": name})
    _need(re.fullmatch(_TYPE, body["statement"]), "statement")
    _need(re.fullmatch(AGENCY_CODE, body["agency"]), "agency")
    _need(is_short_digest(body["about"]), "about")
    _need(re.fullmatch(_MADE, body["made"]), "made")
    _need_key(body["agency-key"])
    rest = {name: value for name, value in body.items() if name not in _ENVELOPE}
    check = TYPES.get(body["statement"])
    if check is not None:
        check(body["about"], rest)
    try:
        text = canonical(dict(body))
        is_short = len(text.encode()) <= MOST_BYTES
        unsigned = canonical_json({name: value for name, value in body.items() if name != "sig"})
    except ValueError:
        raise _bad(_("it has text in it that no file can hold")) from None
    if count_nodes(body) > MOST_NODES:
        raise _bad(_("it has more than %(most)d values in it") % {"most": MOST_NODES})
    if not is_short:
        raise _bad(_("it is longer than %(most)d bytes") % {"most": MOST_BYTES})
    if not verify(body["agency-key"], _purpose(body["statement"]), unsigned, body["sig"]):
        raise _bad(_("it was not signed with the agency key that it names, or was altered since"))
    return known_statement(text)


def known_statement(text: str) -> Statement:
    """Return the statement with this canonical JSON, which was checked before it was kept."""
    from base64 import urlsafe_b64encode  # deferred: only where there are statements
    from hashlib import sha256

    body = json.loads(text)
    return Statement(
        body["statement"],
        body["agency"],
        body["agency-key"],
        body["about"],
        body["made"],
        urlsafe_b64encode(sha256(text.encode()).digest()).decode()[:43],
        text,
        body,
    )


def count_nodes(value: object) -> int:
    """Return how many nodes of YAML a value is."""
    if isinstance(value, Mapping):
        return 1 + sum(1 + count_nodes(each) for each in value.values())
    return 1 + sum(map(count_nodes, value)) if isinstance(value, list) else 1


def last_good(statement: Statement) -> dict[str, int]:
    """Return of a revocation the last good edit of each feed of the device; of a feed not named, none is good."""
    return {feed: int(number) for feed, number in statement.body["good"].items()}


def _check_revocation(about: str, rest: Mapping[str, Any]) -> None:
    """``good``: feeds of the device with the number of the last good edit of each; ``reason``: text, may be empty."""
    if set(rest) != {"good", "reason"}:
        raise _bad(_("it has fields that a statement of its type has not, or lacks some"))
    good, reason = rest["good"], rest["reason"]
    _need(isinstance(good, Mapping), "good")
    for feed, number in good.items():
        found = re.fullmatch(_FEED, feed) if isinstance(feed, str) else None
        _need(found is not None and found[1] == about, "good")
        _need(isinstance(number, str) and re.fullmatch(_NUMBER, number), "good")
    _need(isinstance(reason, str) and len(reason) <= MOST_REASON, "reason")


TYPES: dict[str, Callable[[str, Mapping[str, Any]], None]] = {REVOCATION: _check_revocation}
"""The types that this version knows: each with what checks its own fields, given what it is about.

Such a check raises TrustError; that every field is accounted for is its matter, too.
"""


def _purpose(type: str) -> str:
    return f"statement-{type}"


def _need_key(text: str) -> None:
    try:
        from_text(text, KEY_BYTES)
    except ValueError:
        _need(False, "agency-key")


def _need(good: object, name: str) -> None:
    if not good:
        raise _bad(_("its field %(field)s is not what it should be") % {"field": name})


def _bad(fault: str) -> TrustError:
    return TrustError(
        _("a statement of an agency does not hold: %(fault)s") % {"fault": fault}, code="bad-statement"
    )
