"""An agency's key outside a store: always sealed, to age recipients or with a passphrase, so that stock age opens it.

Inside is a mapping of strings: ``taskforce-agency-key: "1"``, ``agency`` (code), ``agency-key`` (the public half) and
``seed`` (the secret, 32 bytes, hex). The file is armored: it can be printed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from taskforce.errors import InputError, TrustError
from taskforce.i18n import _
from taskforce.keys.identity import AGENCY_CODE, AgencySecret
from taskforce.keys.sealing import armored, looks_sealed, open_bytes, seal_bytes

MARK = "taskforce-agency-key"
MOST_BYTES = 64 << 10


def seal_agency_key(
    secret: AgencySecret, agency: str, *, recipients: Sequence[str] = (), passphrase: str = ""
) -> str:
    """Return the armored file, for either some ``recipients`` (``age1…``) or a ``passphrase``.

    Raises TrustError for a recipient that is none.
    """
    text = (
        f'{MARK}: "1"\nagency: {agency}\nagency-key: "{secret.key}"\nseed: "{secret.seed.hex()}"\n'.encode()
    )
    if recipients:
        return armored(seal_bytes(text, recipients))
    if not passphrase:
        raise ValueError("an agency's key is never written in plain")
    import pyrage  # deferred: a compiled module that few commands need

    return armored(pyrage.passphrase.encrypt(text, passphrase))


def needs_passphrase(data: bytes) -> bool:
    """Return whether the file is sealed with a passphrase; InputError if it is not sealed at all."""
    return b"-> scrypt " in _binary(data)[:200]


def open_agency_key(
    data: bytes, *, identities: Sequence[str] = (), passphrase: str = ""
) -> tuple[str, bytes]:
    """Return the armored or binary file's plain text's agency code and secret.

    Raises InputError for what is no such file, TrustError if it does not open with what was given.
    """
    if needs_passphrase(data):
        import pyrage  # deferred, as above

        try:
            text = pyrage.passphrase.decrypt(_binary(data), passphrase)
        except (pyrage.DecryptError, ValueError):
            raise TrustError(
                _("this passphrase does not open the file, or the file is damaged"), code="wrong-passphrase"
            ) from None
    else:
        text = open_bytes(data, identities)
    return _read(bytes(text))


def _read(text: bytes) -> tuple[str, bytes]:
    """The code and the seed. Read line by line: a parse error must not quote the secret."""
    found: dict[str, str] = {}
    for line in text.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(": ")
        if colon:
            found[name] = value.strip().strip('"')
    return _checked(found)


def _checked(found: Mapping[str, str]) -> tuple[str, bytes]:
    agency, seed = found.get("agency", ""), found.get("seed", "")
    if (
        found.get(MARK) != "1"
        or not re.fullmatch(AGENCY_CODE, agency)
        or not re.fullmatch("[0-9a-f]{64}", seed)
    ):
        raise InputError(_("what is sealed in this file is not an agency's key"), code="no-agency-key")
    secret = AgencySecret(bytes.fromhex(seed))
    if secret.key != found.get("agency-key"):
        raise InputError(
            _("the two halves of the agency's key in this file do not fit"), code="no-agency-key"
        )
    return agency, secret.seed


def _binary(data: bytes) -> bytes:
    """The age file without its armor."""
    import base64  # deferred: as above
    import binascii

    if len(data) > MOST_BYTES or not looks_sealed(data[:64]):
        raise InputError(
            _("this is not a sealed agency key"),
            hint=_("one is made with: taskforce agency-key export -o FILE"),
            code="no-agency-key",
        )
    if not data.startswith(b"-----"):
        return data
    lines = data.split(b"\n")
    try:
        return base64.b64decode(b"".join(line.strip() for line in lines[1:] if b"-----" not in line))
    except binascii.Error:
        raise InputError(_("the sealed agency key is damaged"), code="no-agency-key") from None
