"""The agency's key outside a store is sealed, and opens with what it was sealed to, and with nothing else."""

from __future__ import annotations

import pyrage
import pytest

from taskforce.errors import InputError, TrustError
from taskforce.keys import identity
from taskforce.keys.agency_key_file import needs_passphrase, open_agency_key, seal_agency_key
from taskforce.keys.sealing import armored

AGENCY = identity.AgencySecret(bytes(range(32)))


def test_with_a_passphrase_it_opens_with_that_alone_and_shows_nothing() -> None:
    data = seal_agency_key(AGENCY, "KH-CNP", passphrase="six words").encode()
    assert needs_passphrase(data)
    assert AGENCY.seed.hex().encode() not in data
    assert open_agency_key(data, passphrase="six words") == ("KH-CNP", AGENCY.seed)
    with pytest.raises(TrustError):
        open_agency_key(data, passphrase="six word")


def test_to_recipients_each_opens_it_and_nobody_else() -> None:
    safe, other, thief = (pyrage.x25519.Identity.generate() for _each in range(3))
    text = seal_agency_key(AGENCY, "KH-CNP", recipients=[str(safe.to_public()), str(other.to_public())])
    assert not needs_passphrase(text.encode())
    for one in (safe, other):
        assert open_agency_key(text.encode(), identities=[str(one)]) == ("KH-CNP", AGENCY.seed)
    with pytest.raises(TrustError):
        open_agency_key(text.encode(), identities=[str(thief)])
    with pytest.raises(ValueError, match="plain"):
        seal_agency_key(AGENCY, "KH-CNP")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "seed: " + "0" * 64,
        f'taskforce-agency-key: "1"\nagency: KH-CNP\nagency-key: "{AGENCY.key}"\nseed: "{"0" * 64}"\n',
        f'taskforce-agency-key: "2"\nagency: KH-CNP\nagency-key: "{AGENCY.key}"\nseed: "{AGENCY.seed.hex()}"\n',
        f'taskforce-agency-key: "1"\nagency: "k h"\nagency-key: "{AGENCY.key}"\nseed: "{AGENCY.seed.hex()}"\n',
    ],
)
def test_what_is_sealed_but_no_key_is_refused_without_being_quoted(text: str) -> None:
    safe = pyrage.x25519.Identity.generate()
    data = armored(pyrage.encrypt(text.encode(), [safe.to_public()])).encode()
    with pytest.raises(InputError) as refused:
        open_agency_key(data, identities=[str(safe)])
    assert AGENCY.seed.hex() not in refused.value.sentence + str(refused.value.hint)


@pytest.mark.parametrize("data", [b"", b"seed", b"-----BEGIN AGE ENCRYPTED FILE-----\n!!!\n", bytes(1 << 17)])
def test_what_is_not_sealed_is_refused(data: bytes) -> None:
    with pytest.raises((InputError, TrustError)):
        open_agency_key(data, identities=[str(pyrage.x25519.Identity.generate())])
