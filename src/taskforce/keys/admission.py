"""How a second device comes to its agency: it asks with a request, and is answered with an admission.

A request is a mapping of strings: ``taskforce-device-request: "1"``, ``agency`` (code), ``officer``, ``label`` (what
people call the device; may be empty), ``sign-key``, ``seal-to``, ``made`` and ``sig``, the device's own signature over
the canonical JSON (RFC 8785) of the rest. It proves that all of it comes from one device; that it is the colleague's
who is on the telephone, people prove by reading the words of its signing key to each other.

An admission is what the device with the agency's key answers: ``taskforce-device-admission: "1"``, ``name`` (of the
agency), ``certificate`` (of the device that asked), ``by`` (the certificate of the device that admitted it), ``peers``
(a list: ``agency``, ``name``, ``agency-key``, ``verified-at``, ``verified-by``, ``how`` of each agency whose words were
compared there), ``devices`` (a list of the certificates of their devices, and of the agency's own, that are in use),
``statements`` (a list of what is known there that agencies said), ``made`` and ``sig``, by the agency's key. It travels
sealed to the device that asked: whom an agency works with is nobody else's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskforce.errors import InputError, TrustError
from taskforce.i18n import _
from taskforce.keys.encoding import canonical_json, from_text
from taskforce.keys.identity import (
    AGENCY_CODE,
    AgencySecret,
    Device,
    DeviceKeys,
    DeviceSecret,
    check_certificate,
    device_id,
)
from taskforce.keys.signatures import KEY_BYTES, sign, verify
from taskforce.keys.words import words

REQUEST, ADMISSION = "taskforce-device-request", "taskforce-device-admission"
FORMAT = "1"
MOST_TEXT = 200  # characters of a name, an officer or a label
MOST_PEERS = 1000
"""Also of the devices, and of the statements, that an admission brings."""

_MADE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
_NOT_IN_TEXT = "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
_REQUEST_FIELDS = (REQUEST, "agency", "officer", "label", "sign-key", "seal-to", "made", "sig")
_ADMISSION_FIELDS = (ADMISSION, "name", "certificate", "by", "peers", "devices", "statements", "made", "sig")
_PEER_FIELDS = ("agency", "name", "agency-key", "verified-at", "verified-by", "how")


@dataclass(frozen=True, slots=True)
class Request:
    """A request that holds. ``words`` are those of the device's signing key, to be compared by voice."""

    agency: str
    officer: str
    label: str
    keys: DeviceKeys
    made: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownPeer:
    """An agency whose words were compared at the device that admitted: its key, and who verified it, when and how."""

    agency: str
    name: str
    agency_key: str
    verified_at: str
    verified_by: str
    how: str


@dataclass(frozen=True, slots=True)
class Admission:
    """An admission that holds. ``words`` are those of the agency's key, to be compared by voice.

    ``devices`` are of the agency or its ``peers``; ``statements`` are unchecked.
    """

    name: str
    device: Device
    by: Device
    peers: tuple[KnownPeer, ...]
    devices: tuple[Device, ...]
    statements: tuple[Mapping[str, Any], ...]
    words: tuple[str, ...]


def make_request(secret: DeviceSecret, *, agency: str, officer: str, label: str, made: str) -> dict[str, Any]:
    """Return the request of the device of ``secret``. Raises InputError for text that nobody would accept."""
    body: dict[str, Any] = {
        REQUEST: FORMAT,
        "agency": agency,
        "officer": officer,
        "label": label,
        "sign-key": secret.sign_key,
        "seal-to": secret.seal_recipient,
        "made": made,
    }
    body["sig"] = sign(secret.sign_seed, "device-request", _signed_bytes(body))
    check_request(body)
    return body


def check_request(body: object) -> Request:
    """Return what a request (from anywhere) says, once all of it holds.

    Raises InputError for what is no request, or has fields missing, unknown or impossible; TrustError for a signature
    that is not the device's.
    """
    from taskforce.keys.sealing import check_recipient  # deferred: only who checks one needs age

    found = _fields(body, REQUEST, _REQUEST_FIELDS)
    for name in _REQUEST_FIELDS:
        _need(isinstance(found[name], str), name)
    _need(re.fullmatch(AGENCY_CODE, found["agency"]), "agency")
    _need(_is_text(found["officer"]) and found["officer"], "officer")
    _need(_is_text(found["label"]), "label")
    _need(re.fullmatch(_MADE, found["made"]), "made")
    _need_key(found["sign-key"], "sign-key")
    check_recipient(found["seal-to"])
    if not verify(found["sign-key"], "device-request", _signed_bytes(found), found["sig"]):
        raise _altered()
    keys = DeviceKeys(found["sign-key"], found["seal-to"])
    return Request(
        found["agency"],
        found["officer"],
        found["label"],
        keys,
        found["made"],
        words(from_text(found["sign-key"], KEY_BYTES)),
    )


def make_admission(
    agency: AgencySecret,
    certificate: Mapping[str, str],
    *,
    by: Mapping[str, Any],
    name: str,
    peers: Sequence[KnownPeer],
    devices: Sequence[Mapping[str, Any]],
    statements: Sequence[Mapping[str, Any]],
    made: str,
) -> dict[str, Any]:
    """Return the admission of the device of ``certificate``, by the agency's key."""
    body: dict[str, Any] = {
        ADMISSION: FORMAT,
        "name": name,
        "certificate": dict(certificate),
        "by": dict(by),
        "peers": [
            dict(zip(_PEER_FIELDS, (one.agency, one.name, one.agency_key, *_verified(one)), strict=True))
            for one in peers
        ],
        "devices": [dict(one) for one in devices],
        "statements": [dict(one) for one in statements],
        "made": made,
    }
    body["sig"] = sign(agency.seed, "device-admission", _signed_bytes(body))
    check_admission(body)
    return body


def check_admission(body: object) -> Admission:
    """Return what an admission (from anywhere) says, once all of it holds.

    Raises InputError for what is no admission; TrustError for certificates that do not hold or are of two agencies, and
    for a signature that is not the agency key's.
    """
    found = _fields(body, ADMISSION, _ADMISSION_FIELDS)
    for name in ("name", "made", "sig"):
        _need(isinstance(found[name], str), name)
    _need(_is_text(found["name"]) and found["name"], "name")
    _need(re.fullmatch(_MADE, found["made"]), "made")
    device, by = check_certificate(found["certificate"]), check_certificate(found["by"])
    if (device.agency, device.agency_key) != (by.agency, by.agency_key):
        raise _altered()
    for name in ("peers", "devices", "statements"):
        _need(isinstance(found[name], list) and len(found[name]) <= MOST_PEERS, name)
    peers = tuple(_peer(one) for one in found["peers"])
    devices = tuple(check_certificate(one) for one in found["devices"])
    keys = {(one.agency, one.agency_key) for one in peers} | {(device.agency, device.agency_key)}
    _need(all((one.agency, one.agency_key) in keys for one in devices), "devices")
    _need(all(isinstance(one, Mapping) for one in found["statements"]), "statements")
    found["certificate"], found["by"] = device.certificate, by.certificate
    if not verify(device.agency_key, "device-admission", _signed_bytes(found), found["sig"]):
        raise _altered()
    return Admission(
        found["name"],
        device,
        by,
        peers,
        devices,
        tuple(found["statements"]),
        words(from_text(device.agency_key, KEY_BYTES)),
    )


def fit_text(text: str) -> str:
    """Return what of ``text`` a request or an admission can carry: no controls, and not more than it takes."""
    return " ".join(re.sub(_NOT_IN_TEXT, " ", text)[:MOST_TEXT].split())


def request_device(request: Request) -> str:
    """Return the id of the device that asks."""
    return device_id(request.keys.sign_key)


def _verified(one: KnownPeer) -> tuple[str, str, str]:
    return one.verified_at, one.verified_by, one.how


def _peer(one: object) -> KnownPeer:
    _need(isinstance(one, Mapping) and set(one) == set(_PEER_FIELDS), "peers")
    assert isinstance(one, Mapping)
    _need(all(isinstance(value, str) for value in one.values()), "peers")
    _need(re.fullmatch(AGENCY_CODE, one["agency"]), "peers")
    _need(_is_text(one["name"]) and _is_text(one["verified-by"]) and _is_text(one["how"]), "peers")
    _need(re.fullmatch(_MADE, one["verified-at"]), "peers")
    _need_key(one["agency-key"], "peers")
    return KnownPeer(*(one[name] for name in _PEER_FIELDS))


def _fields(body: object, mark: str, names: Sequence[str]) -> dict[str, Any]:
    if not isinstance(body, Mapping) or mark not in body:
        raise InputError(
            _("this is not what was expected: it does not begin with %(mark)s") % {"mark": mark},
            code="bad-admission",
        )
    if body[mark] != FORMAT:
        raise InputError(
            _("this file has a format that this version of taskforce does not know"),
            hint=_("update taskforce"),
            code="newer-admission",
        )
    for name in names:
        _need(name in body, name)
    _need(len(body) == len(names), mark)
    return dict(body)


def _is_text(text: str) -> bool:
    return len(text) <= MOST_TEXT and text == text.strip() and not re.search(_NOT_IN_TEXT, text)


def _need_key(text: object, name: str) -> None:
    try:
        from_text(text, KEY_BYTES)
    except ValueError:
        _need(False, name)


def _need(good: object, name: str) -> None:
    if not good:
        raise InputError(
            _("the field %(field)s of this file is missing or not what it should be") % {"field": name},
            code="bad-admission",
        )


def _altered() -> TrustError:
    return TrustError(
        _("this file was altered on the way, or is signed by somebody else"),
        hint=_("ask for it again, by a way you trust"),
        code="bad-admission",
    )


def _signed_bytes(body: Mapping[str, Any]) -> bytes:
    try:
        return canonical_json({name: value for name, value in body.items() if name != "sig"})
    except ValueError:
        raise InputError(_("this file has text in it that no file can hold"), code="bad-admission") from None
