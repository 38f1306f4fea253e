"""Who a device is and whose it is.

A device has an Ed25519 key to sign with and an X25519 key (age) to open what is sealed to it; an agency has
an Ed25519 key that certifies its devices. Ids are digests of the public keys, so nobody can claim another's.
A certificate proves that the holder of its agency key vouches for the device, and no more: whether that key
really is the agency's is for people to verify (they read its words to each other).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from taskforce.crockford import short_digest
from taskforce.errors import TrustError
from taskforce.i18n import _
from taskforce.keys.encoding import canonical_json, from_text
from taskforce.keys.signatures import KEY_BYTES, SEED_BYTES, public_key, sign, verify

AGENCY_CODE = r"[A-Z0-9][A-Z0-9-]{1,31}"
"""What an agency's code looks like (a regular expression for ``re.fullmatch``)."""

_MADE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?Z)?"
_PURPOSE = "certificate"
_FIELDS = ("agency", "agency-key", "device", "sign-key", "seal-to", "made", "sig")


@dataclass(frozen=True, slots=True)
class DeviceKeys:
    """The public half of a device: what its agency certifies. ``sign_key`` base64url, ``seal_recipient`` age1…"""

    sign_key: str
    seal_recipient: str

    @property
    def id(self) -> str:
        """The device's id: 16 characters that follow from its signing key."""
        return device_id(self.sign_key)


@dataclass(frozen=True, slots=True)
class DeviceSecret:
    """The secret half of a device; kept in the encrypted store only. Its repr shows nothing."""

    sign_seed: bytes = field(repr=False)
    seal_identity: str = field(repr=False)

    @property
    def sign_key(self) -> str:
        """The public signing key, base64url."""
        return public_key(self.sign_seed)

    @property
    def seal_recipient(self) -> str:
        """The age recipient that others seal to."""
        import pyrage  # deferred: a compiled module that few commands need

        return str(pyrage.x25519.Identity.from_str(self.seal_identity).to_public())

    @property
    def id(self) -> str:
        """The device's id: 16 characters that follow from its signing key."""
        return device_id(self.sign_key)

    def public(self) -> DeviceKeys:
        """Return the half that may be shown to anybody."""
        return DeviceKeys(self.sign_key, self.seal_recipient)


@dataclass(frozen=True, slots=True)
class AgencySecret:
    """The key that certifies an agency's devices; kept in an encrypted store only. Its repr shows nothing."""

    seed: bytes = field(repr=False)

    @property
    def key(self) -> str:
        """The public agency key, base64url."""
        return public_key(self.seed)

    @property
    def fingerprint(self) -> str:
        """16 characters that follow from the public key; record ids commit to it."""
        return agency_fingerprint(self.key)


@dataclass(frozen=True, slots=True)
class Device:
    """A device whose certificate holds. ``agency`` is the agency's code, ``agency_key`` the key that vouches for it."""

    id: str
    agency: str
    agency_key: str
    sign_key: str
    seal_recipient: str
    certificate: dict[str, str] = field(repr=False, hash=False)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the agency key that vouches for this device."""
        return agency_fingerprint(self.agency_key)


def new_device() -> DeviceSecret:
    """Return fresh keys for a device."""
    import pyrage  # deferred: a compiled module that few commands need

    return DeviceSecret(os.urandom(SEED_BYTES), str(pyrage.x25519.Identity.generate()))


def new_agency() -> AgencySecret:
    """Return a fresh key for an agency."""
    return AgencySecret(os.urandom(SEED_BYTES))


def device_id(sign_key: str) -> str:
    """Return the id of the device that signs with ``sign_key`` (base64url); ValueError if that is no key."""
    return short_digest(b"taskforce device", from_text(sign_key, KEY_BYTES))


def agency_fingerprint(agency_key: str) -> str:
    """Return the fingerprint of ``agency_key`` (base64url): 16 characters; ValueError if that is no key."""
    return short_digest(b"taskforce agency", from_text(agency_key, KEY_BYTES))


def certify(
    agency: AgencySecret, agency_code: str, device: DeviceKeys | DeviceSecret, made: str
) -> dict[str, str]:
    """Return the certificate by which ``agency`` vouches for ``device``.

    ``made`` is when: an ISO 8601 date, or a time in UTC ending in Z. Raises TrustError if that, the code or
    the device's keys could not be checked by others.
    """
    certificate = {
        "agency": agency_code,
        "agency-key": agency.key,
        "device": device.id,
        "sign-key": device.sign_key,
        "seal-to": device.seal_recipient,
        "made": made,
    }
    certificate["sig"] = sign(agency.seed, _PURPOSE, canonical_json(certificate))
    check_certificate(certificate)  # what is handed out is what others will accept
    return certificate


def check_certificate(certificate: object) -> Device:
    """Return the device that ``certificate`` (from anywhere) vouches for.

    Raises TrustError naming what is wrong: fields missing, unknown or not text, a code, key or id that is
    none, an id that is not the key's, a signature that is not the agency key's.
    """
    from taskforce.keys.sealing import check_recipient  # deferred: only who checks certificates needs age

    fields = _fields(certificate)
    _need(re.fullmatch(AGENCY_CODE, fields["agency"]), "agency")
    _need(re.fullmatch(_MADE, fields["made"]), "made")
    for name in ("agency-key", "sign-key"):
        try:
            from_text(fields[name], KEY_BYTES)
        except ValueError:
            _need(False, name)
    if fields["device"] != device_id(fields["sign-key"]):
        raise _bad(_("the device id in the certificate is not the one that follows from its signing key"))
    check_recipient(fields["seal-to"])
    unsigned = {name: value for name, value in fields.items() if name != "sig"}
    if not verify(fields["agency-key"], _PURPOSE, canonical_json(unsigned), fields["sig"]):
        raise _bad(
            _("the certificate was not signed with the agency key that it names, or was altered since")
        )
    return Device(
        id=fields["device"],
        agency=fields["agency"],
        agency_key=fields["agency-key"],
        sign_key=fields["sign-key"],
        seal_recipient=fields["seal-to"],
        certificate=fields,
    )


def _fields(certificate: object) -> dict[str, str]:
    """Return a copy of ``certificate`` with exactly the known fields, all text."""
    if not isinstance(certificate, Mapping):
        raise _bad(_("the certificate is not a list of fields"))
    fields: dict[str, str] = {}
    for name in _FIELDS:
        if name not in certificate:
            raise _bad(_("the certificate lacks the field %(field)s") % {"field": name})
        value = certificate[name]
        if not isinstance(value, str):
            raise _bad(_("the field %(field)s of the certificate is not text") % {"field": name})
        fields[name] = value
    if len(certificate) != len(_FIELDS):
        raise _bad(_("the certificate has fields that no certificate has"))
    return fields


def _need(good: object, name: str) -> None:
    if not good:
        raise _bad(_("the field %(field)s of the certificate is not what it should be") % {"field": name})


def _bad(sentence: str) -> TrustError:
    return TrustError(
        sentence, hint=_("ask the agency for its card again, by a way you trust"), code="bad-certificate"
    )
