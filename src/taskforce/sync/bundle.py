"""The bundle: a head, edits, an end, as one stream of YAML documents (format 1, `docs/bundle-format.md`).

The end carries the count and a digest chained over the head and every edit's hash, and the sending device's signature
of both, so nothing can be taken out, put in, or addressed anew on the way. Reading and writing stream; who signs and
who seals is the callers' matter.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from taskforce.canonical import canonical
from taskforce.errors import InputError
from taskforce.i18n import _
from taskforce.sync.edit import Edit, EditError, hash_of, in_reading_order, is_feed, parse_edit
from taskforce.sync.holdings import Holdings, Ranges, from_text, to_text
from taskforce.sync.strict_yaml import Document
from taskforce.sync.yaml_text import document

FORMAT = "1"
CUT_OFF, ALTERED = "cut-off", "altered-bundle"
"""The codes of the errors that say that all edits could be read, but the end does not stand for them."""
KNOWN_REQUIREMENTS: frozenset[str] = frozenset()
"""Features of later versions that a reader must know to read a bundle rightly; this version needs none."""

MOST_STATEMENTS = 100
"""How many statements of agencies a head may carry."""

_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{16}")
_HASH = re.compile(r"[A-Za-z0-9_-]{43}")
_AGENCY = re.compile(r"[A-Z0-9][A-Z0-9-]{1,31}")
_NUMBER = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_MADE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


@dataclass(frozen=True, slots=True)
class Head:
    """The first document of a bundle. `to` maps each recipient agency to this bundle's number for it.

    `epoch` is the sender's own (0 where it does not say), `forks` the hashes of edits that prove forks, known to it,
    `statements` what agencies said under their own keys, unchecked.
    """

    id: str
    agency: str
    device: str
    to: Mapping[str, int]
    made: str
    holdings: Holdings
    certificates: tuple[Mapping[str, Any], ...]
    body: Mapping[str, Any]
    epoch: int = 0
    forks: tuple[str, ...] = ()
    statements: tuple[Mapping[str, Any], ...] = ()


@dataclass(slots=True)
class Digest:
    """SHA-256 over the head's canonical JSON and the hash of each edit, a line each."""

    count: int = 0
    _state: Any = field(default_factory=sha256)

    def start(self, head: Mapping[str, Any]) -> None:
        """Take in the head."""
        self._state.update(canonical(head).encode() + b"\n")

    def add(self, edit_hash: str) -> None:
        """Take in one edit."""
        self._state.update(edit_hash.encode() + b"\n")
        self.count += 1

    def end(self) -> dict[str, str]:
        """The end document, still without its signature."""
        digest = urlsafe_b64encode(self._state.digest()).decode()[:43]
        return {"end": str(self.count), "digest": digest}


def compose_head(
    *,
    id: str,
    agency: str,
    device: str,
    to: Mapping[str, int],
    made: str,
    holdings: Holdings,
    certificates: Iterable[Mapping[str, Any]],
    feed: str = "",
    forks: Iterable[str] = (),
    statements: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The head document of a new bundle."""
    if not to:
        raise ValueError("a bundle is addressed to somebody")
    return {
        "taskforce-bundle": FORMAT,
        "requires": [],
        "id": id,
        "agency": agency,
        "device": device,
        "to": {code: str(number) for code, number in to.items()},
        "made": made,
        **({"feed": feed} if feed else {}),
        "holdings": {name: to_text(ranges) for name, ranges in sorted(holdings.items()) if ranges},
        **({"forks": known} if (known := sorted(forks)) else {}),
        "certificates": [dict(each) for each in certificates],
        **({"statements": said} if (said := [dict(each) for each in statements]) else {}),
    }


def write(
    head: Mapping[str, Any], edits: Iterable[Mapping[str, Any]], sign: Callable[[bytes], str]
) -> Iterator[str]:
    """The text of a bundle, document by document. `edits` are edits' bodies, ordered by feed and number."""
    digest = Digest()
    digest.start(head)
    yield document(head, flow_depth=2)
    for body in edits:
        digest.add(hash_of(canonical(body)))
        yield document(in_reading_order(body), flow_depth=2)
    end = digest.end()
    yield document({**end, "sig": sign(canonical(end).encode())})


class Reader:
    """Reads a bundle as it streams in: `head` first, then the edits by iterating, then `end` and `signature`."""

    def __init__(self, documents: Iterator[Document], name: str) -> None:
        self.name = name
        self._documents = documents
        first = next(documents, None)
        if first is None:
            raise InputError(_("%(name)s is empty") % {"name": name})
        self.head = parse_head(first.data, name)
        self._digest = Digest()
        self._digest.start(self.head.body)
        self.end: bytes | None = None
        self.signature = ""

    def __iter__(self) -> Iterator[Edit]:
        for found in self._documents:
            data = found.data
            if isinstance(data, dict) and "end" in data and "edit" not in data:
                self._finish(data, found.line)
                return
            try:
                edit = parse_edit(data)
            except EditError as error:
                raise InputError(
                    _("%(name)s:%(line)d: this is not an edit: %(fault)s")
                    % {"name": self.name, "line": found.line, "fault": error}
                ) from None
            self._digest.add(edit.hash)
            yield edit
        raise InputError(
            _("%(name)s stops in the middle: its end is missing") % {"name": self.name},
            hint=_("copy the file again; nothing was changed"),
            code=CUT_OFF,
        )

    def _finish(self, data: dict[str, Any], line: int) -> None:
        if next(self._documents, None) is not None:
            raise InputError(_("%(name)s goes on after its end") % {"name": self.name})
        expected = self._digest.end()
        signature = data.get("sig")
        if {key: value for key, value in data.items() if key != "sig"} != expected or not isinstance(
            signature, str
        ):
            raise InputError(
                _(
                    "%(name)s:%(line)d: the end does not fit what came before: the bundle was altered or damaged"
                )
                % {"name": self.name, "line": line},
                code=ALTERED,
            )
        self.end = canonical(expected).encode()
        self.signature = signature


def parse_head(data: object, name: str) -> Head:
    """Check a bundle's head; InputError names what is wrong with it."""
    if not isinstance(data, dict) or "taskforce-bundle" not in data:
        raise _fault(name, _("this is not a bundle"))
    if data["taskforce-bundle"] != FORMAT:
        raise _fault(
            name, _("this bundle is of a format that this version does not know; install a newer version")
        )
    requires = data.get("requires", [])
    if not _is_strings(requires):
        raise _fault(name, _("requires is a list of names"))
    unknown = sorted(set(requires) - KNOWN_REQUIREMENTS)
    if unknown:
        raise _fault(
            name,
            _("this bundle needs what this version cannot do: %(names)s")
            % {"names": ", ".join(unknown)[:200]},
        )
    for key, pattern in (("id", _ID), ("agency", _AGENCY), ("device", _ID), ("made", _MADE)):
        value = data.get(key)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise _fault(name, _("%(key)s is missing or malformed in its head") % {"key": key})
    try:
        datetime.fromisoformat(data["made"])
    except ValueError:  # no such day, or hour
        raise _fault(name, _("%(key)s is missing or malformed in its head") % {"key": "made"}) from None
    certificates = data.get("certificates", [])
    if not isinstance(certificates, list) or not all(isinstance(each, dict) for each in certificates):
        raise _fault(name, _("certificates is a list of certificates"))
    return Head(
        data["id"],
        data["agency"],
        data["device"],
        _recipients(data.get("to"), name),
        data["made"],
        _holdings(data.get("holdings", {}), name),
        tuple(certificates),
        data,
        _epoch(data, name),
        _forks(data, name),
        _statements(data, name),
    )


def _epoch(data: dict[str, Any], name: str) -> int:
    feed = data.get("feed")
    if feed is None:
        return 0
    if not isinstance(feed, str) or not is_feed(feed) or not feed.startswith(data["device"] + "."):
        raise _fault(name, _("feed is one of the sending device"))
    return int(feed.partition(".")[2])


def _forks(data: dict[str, Any], name: str) -> tuple[str, ...]:
    found = data.get("forks", [])
    if not isinstance(found, list) or not all(
        isinstance(each, str) and _HASH.fullmatch(each) for each in found
    ):
        raise _fault(name, _("forks is a list of hashes of edits"))
    return tuple(found)


def _statements(data: dict[str, Any], name: str) -> tuple[Mapping[str, Any], ...]:
    found = data.get("statements", [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise _fault(name, _("statements is a list of statements"))
    if len(found) > MOST_STATEMENTS:
        raise _fault(name, _("it carries more than %(most)d statements") % {"most": MOST_STATEMENTS})
    return tuple(found)


def _recipients(to: object, name: str) -> dict[str, int]:
    if not isinstance(to, dict) or not to:
        raise _fault(name, _("it is addressed to nobody"))
    result = {}
    for agency, number in to.items():
        if not _AGENCY.fullmatch(agency) or not isinstance(number, str) or not _NUMBER.fullmatch(number):
            raise _fault(name, _("to maps agencies' codes to numbers"))
        result[agency] = int(number)
    return result


def _holdings(found: object, name: str) -> dict[str, Ranges]:
    if not isinstance(found, dict):
        raise _fault(name, _("holdings maps feeds to ranges of numbers"))
    result = {}
    for feed, ranges in found.items():
        try:
            if not is_feed(feed) or not isinstance(ranges, str):
                raise ValueError
            result[feed] = from_text(ranges)
        except ValueError:
            raise _fault(name, _("holdings maps feeds to ranges of numbers")) from None
    return result


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _fault(name: str, sentence: str) -> InputError:
    return InputError(f"{name}: {sentence}")
