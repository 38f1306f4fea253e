"""An agency's card: what it hands its partners, on a stick or on paper, so that they can verify and seal to
it.

A mapping of strings, in this order: ``taskforce-card: "1"``, ``agency`` (code), ``name``, ``country`` (ISO
3166-1 alpha-2, left out by international bodies), ``certificate`` (of the device that made the card) and
``sig``: that device's signature over the canonical JSON (RFC 8785) of the rest. A card proves that all of it
comes from the holder of one agency key; that this is the agency's key people prove by reading its words to
each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from taskforce.errors import InputError, TrustError
from taskforce.i18n import _
from taskforce.keys.encoding import canonical_json, from_text
from taskforce.keys.identity import Device, DeviceSecret, check_certificate
from taskforce.keys.signatures import KEY_BYTES, sign, verify
from taskforce.keys.words import words

FORMAT = "1"
MARK = "taskforce-card"
"""The first key of a card, by which a file is recognised as one."""

MOST_NAME = 200  # characters
_PURPOSE = "card"
# Controls, surrogates, line separators, and the controls that reorder a line: none belongs in a name.
_NOT_IN_NAMES = "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"


@dataclass(frozen=True, slots=True)
class Card:
    """A card that holds. ``country`` is '' if it names none; ``words`` are to be compared by voice."""

    agency: str
    name: str
    country: str
    agency_key: str
    fingerprint: str
    device: Device
    words: tuple[str, ...]


def make_card(
    secret: DeviceSecret, certificate: Mapping[str, str], name: str, *, country: str = ""
) -> dict[str, object]:
    """Return the card of the certificate's agency, made and signed by the device of ``secret``.

    Raises InputError for a ``name`` or ``country`` that nobody would accept, TrustError for a certificate
    that does not hold or is another device's.
    """
    device = check_certificate(certificate)
    card: dict[str, object] = {MARK: FORMAT, "agency": device.agency, "name": name}
    if country:
        card["country"] = country
    card["certificate"] = dict(device.certificate)
    card["sig"] = sign(secret.sign_seed, _PURPOSE, _signed_bytes(card))
    check_card(card)
    return card


def check_card(card: object) -> Card:
    """Return what ``card`` (from anywhere) says, once all of it holds.

    Raises InputError for what is no card or has missing, unknown or impossible fields; TrustError for a
    certificate that does not hold, another agency's certificate, or a broken signature.
    """
    fields = _fields(card)
    device = check_certificate(fields.get("certificate"))
    fields["certificate"] = device.certificate  # a plain mapping, whatever came in
    if fields["agency"] != device.agency:
        raise TrustError(
            _("the card is for %(agency)s but its certificate is for %(other)s")
            % {"agency": fields["agency"], "other": device.agency},
            code="bad-card",
        )
    if not verify(device.sign_key, _PURPOSE, _signed_bytes(fields), fields["sig"]):
        raise TrustError(
            _("the card was altered after it was signed, or was signed by another device"),
            hint=_("ask the agency for its card again, by a way you trust"),
            code="bad-card",
        )
    return Card(
        agency=device.agency,
        name=str(fields["name"]),
        country=str(fields.get("country", "")),
        agency_key=device.agency_key,
        fingerprint=device.fingerprint,
        device=device,
        words=words(from_text(device.agency_key, KEY_BYTES)),
    )


def is_card_name(name: str) -> bool:
    """Return whether an agency may be called so: some text, not too long, without controls."""
    return 0 < len(name) <= MOST_NAME and name == name.strip() and not re.search(_NOT_IN_NAMES, name)


def _fields(card: object) -> dict[str, object]:
    """Return a copy of ``card`` whose fields are known and, except the certificate, plausible text."""
    if not isinstance(card, Mapping) or MARK not in card:
        raise _bad(_("this is no agency card: it does not begin with %(mark)s") % {"mark": MARK})
    if card[MARK] != FORMAT:
        raise InputError(
            _("this card has a format that this version of taskforce does not know"),
            hint=_("update taskforce, or ask for a card of format %(format)s") % {"format": FORMAT},
            code="newer-card",
        )
    for name in ("agency", "name", "certificate", "sig"):
        if name not in card:
            raise _bad(_("the card lacks the field %(field)s") % {"field": name})
    fields = dict(card)
    for name, value in fields.items():
        if name not in (MARK, "agency", "name", "country", "certificate", "sig"):
            raise _bad(_("the card has fields that no card has"))
        if name != "certificate" and not isinstance(value, str):
            raise _bad(_("the field %(field)s of the card is not text") % {"field": name})
    name = fields["name"]
    if not is_card_name(name):
        raise _bad(
            _(
                "the name on the card is empty, longer than %(most)d characters or has control characters in it"
            )
            % {"most": MOST_NAME}
        )
    if "country" in fields and not re.fullmatch("[A-Z]{2}", fields["country"]):
        raise _bad(_("the country on the card is not a code of two capital letters such as KH"))
    return fields


def _signed_bytes(card: Mapping[str, object]) -> bytes:
    try:
        return canonical_json({name: value for name, value in card.items() if name != "sig"})
    except ValueError:
        raise _bad(_("the card has text in it that no file can hold")) from None


def _bad(sentence: str) -> InputError:
    return InputError(sentence, hint=_("a card is made with: taskforce peer card -o FILE"), code="bad-card")
