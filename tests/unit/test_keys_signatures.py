"""Nobody can write in another's name: ids, signatures, certificates and cards, and what a forger may try on them."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskforce import crockford
from taskforce.errors import InputError, TrustError
from taskforce.keys import card as cards
from taskforce.keys import identity, sealing, signatures, words
from taskforce.keys.encoding import canonical_json, from_text, to_text

AGENCY = identity.AgencySecret(bytes(range(32)))
DEVICE = identity.DeviceSecret(
    bytes(range(32, 64)), "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
)
MADE = "2026-11-23T10:04:11Z"


def certificate() -> dict[str, Any]:
    return dict(identity.certify(AGENCY, "KH-CNP", DEVICE, MADE))


def card() -> dict[str, Any]:
    return cards.make_card(DEVICE, certificate(), "Cambodian National Police", country="KH")


def resign(fields: dict[str, Any], seed: bytes, purpose: str) -> dict[str, Any]:
    """A forger who has `seed` signs whatever `fields` say now."""
    unsigned = {name: value for name, value in fields.items() if name != "sig"}
    return {**unsigned, "sig": signatures.sign(seed, purpose, canonical_json(unsigned))}


# Short digests


def test_a_short_digest_is_the_first_80_bits_in_crockfords_base32() -> None:
    plain = hashlib.sha256((5).to_bytes(8, "big") + b"hello" + bytes(8)).digest()
    digits = f"{int.from_bytes(plain[:10], 'big'):080b}"
    expected = "".join(crockford.ALPHABET[int(digits[at : at + 5], 2)] for at in range(0, 80, 5))
    assert crockford.short_digest(b"hello", b"") == expected
    assert crockford.is_short_digest(expected)


def test_no_two_lists_of_parts_are_one() -> None:
    assert crockford.short_digest(b"ab", b"c") != crockford.short_digest(b"a", b"bc")
    assert crockford.short_digest(b"ab") != crockford.short_digest(b"ab", b"")


def test_what_is_misheard_is_read_as_it_was_meant() -> None:
    assert crockford.normalise("OoIiLl7KQ2") == "0011117kq2"
    assert crockford.normalise(crockford.ALPHABET.upper()) == crockford.ALPHABET
    assert crockford.normalise("\u212a") == "\u212a"  # the Kelvin sign is no k
    assert not crockford.is_short_digest("U" * 16)
    assert not crockford.is_short_digest("0" * 15)


# Text forms


@given(st.binary(max_size=80))
def test_text_of_bytes_reads_back(data: bytes) -> None:
    assert from_text(to_text(data), len(data)) == data


@pytest.mark.parametrize(
    "text",
    [None, 7, b"AAAA", "", "A" * 42, "A" * 44, "A" * 42 + "B", "A" * 42 + "=", "A" * 42 + "\n", " " + "A" * 42,
     "A" * 42 + "+", "A" * 42 + "/", "A" * 42 + "é", "A" * 42 + "Ａ"],
)  # fmt: skip
def test_a_key_has_one_writing(text: object) -> None:
    with pytest.raises(ValueError):
        from_text(text, 32)
    assert from_text("A" * 43, 32) == bytes(32)


def test_canonical_json_is_that_of_rfc_8785() -> None:
    data = {"b": '\u20ac$\u000f\nA\'B"\\\\"/\x7f', "a": {"z": 1, "y": "é"}}
    assert canonical_json(data) == (
        '{"a":{"y":"é","z":1},"b":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f"}'.encode()
    )
    with pytest.raises(ValueError):
        canonical_json({"a": "\ud800"})


# Signatures


def test_a_signature_is_ed25519_over_purpose_and_message() -> None:
    # RFC 8032, section 7.1, test 1: the key, whose signatures any implementation checks.
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = signatures.public_key(seed)
    assert from_text(key, 32).hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    from nacl.signing import VerifyKey

    signature = from_text(signatures.sign(seed, "edit", b"message"), 64)
    VerifyKey(from_text(key, 32)).verify(b"taskforce edit\0message", signature)


def test_only_this_key_purpose_and_message_verify() -> None:
    seed, other = bytes(32), bytes([1]) * 32
    key, signature = signatures.public_key(seed), signatures.sign(seed, "edit", b"message")
    assert signatures.verify(key, "edit", b"message", signature)
    assert not signatures.verify(signatures.public_key(other), "edit", b"message", signature)
    assert not signatures.verify(key, "card", b"message", signature)
    assert not signatures.verify(key, "edit", b"messagE", signature)
    # What is in the message cannot be moved into the purpose.
    assert not signatures.verify(key, "edi", b"t\0message", signature)


def test_every_changed_letter_of_a_signature_breaks_it() -> None:
    key, signature = signatures.public_key(bytes(32)), signatures.sign(bytes(32), "edit", b"message")
    for at in range(len(signature)):
        changed = signature[:at] + ("A" if signature[at] != "A" else "B") + signature[at + 1 :]
        assert not signatures.verify(key, "edit", b"message", changed)


def test_a_signature_has_no_second_form() -> None:
    """S + the group's order signs the same for a careless verifier (RFC 8032, section 8.4)."""
    order = 2**252 + 27742317777372353535851937790883648493
    key, signature = signatures.public_key(bytes(32)), signatures.sign(bytes(32), "edit", b"message")
    raw = from_text(signature, 64)
    second = raw[:32] + (int.from_bytes(raw[32:], "little") + order).to_bytes(32, "little")
    assert not signatures.verify(key, "edit", b"message", to_text(second))


def test_a_key_of_low_order_verifies_nothing() -> None:
    identity_point = b"\x01" + bytes(31)
    forged = to_text(identity_point + bytes(32))  # good for every message under such a key
    assert not signatures.verify(to_text(identity_point), "edit", b"anything", forged)


@pytest.mark.parametrize("junk", [None, 5, b"", "", "x", "é" * 86, ["a"], {}, "A" * 86, "A" * 10_000])
def test_junk_verifies_nothing(junk: object) -> None:
    key, signature = signatures.public_key(bytes(32)), signatures.sign(bytes(32), "edit", b"m")
    assert not signatures.verify(key, "edit", b"m", junk)
    assert not signatures.verify(junk, "edit", b"m", signature)


@pytest.mark.parametrize("count", [0, 1, 63, 64, 301])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_many_are_verified_as_one_by_one(count: int, threads: int) -> None:
    key = signatures.public_key(bytes(32))
    items: list[tuple[object, str, bytes, object]] = []
    for number in range(count):
        message = b"%d" % number
        signature = signatures.sign(bytes(32), "edit", message if number % 7 else b"forged")
        items.append((key, "edit", message, signature if number % 11 else None))
    expected = [bool(number % 7 and number % 11) for number in range(count)]
    assert signatures.verify_many(items, threads=threads) == expected


# Words


def test_words_are_the_papers() -> None:
    """The examples of arXiv:0901.4016, section 3."""
    for address, expected in {
        "127.0.0.1": "lusab-babad",
        "63.84.220.193": "gutih-tugad",
        "63.118.7.35": "gutuk-bisog",
        "140.98.193.141": "mudof-sakat",
        "64.255.6.200": "haguz-biram",
        "128.30.52.45": "mabiv-gibot",
        "147.67.119.2": "natag-lisaf",
        "212.58.253.68": "tibup-zujah",
        "216.35.68.215": "tobog-higil",
        "216.68.232.21": "todah-vobij",
        "198.81.129.136": "sinid-makam",
        "12.110.110.204": "budov-kuras",
    }.items():
        assert "-".join(words.proquints(bytes(map(int, address.split("."))))) == expected


def test_a_key_reads_as_eight_words_of_its_sha256() -> None:
    key = from_text(AGENCY.key, 32)
    assert words.words(key) == words.proquints(hashlib.sha256(key).digest()[:16])
    assert len(words.words(key)) == 8
    with pytest.raises(ValueError):
        words.proquints(b"odd")


# Identity


def test_secrets_never_show_in_a_repr() -> None:
    device, agency = identity.new_device(), identity.new_agency()
    assert device.seal_identity not in repr(device)
    assert repr(device.sign_seed) not in repr(device)
    assert repr(agency.seed) not in repr(agency)


def test_new_keys_differ() -> None:
    assert identity.new_agency().seed != identity.new_agency().seed
    one, two = identity.new_device(), identity.new_device()
    assert {one.id, one.seal_recipient}.isdisjoint({two.id, two.seal_recipient})


def test_ids_follow_from_keys() -> None:
    raw = from_text(DEVICE.sign_key, 32)
    assert DEVICE.id == DEVICE.public().id == crockford.short_digest(b"taskforce device", raw)
    assert AGENCY.fingerprint == crockford.short_digest(b"taskforce agency", from_text(AGENCY.key, 32))


def test_a_certificate_vouches_for_the_device() -> None:
    device = identity.check_certificate(certificate())
    assert device == identity.Device(
        id=DEVICE.id,
        agency="KH-CNP",
        agency_key=AGENCY.key,
        sign_key=DEVICE.sign_key,
        seal_recipient=DEVICE.seal_recipient,
        certificate=certificate(),
    )
    assert device.fingerprint == AGENCY.fingerprint
    assert list(certificate()) == ["agency", "agency-key", "device", "sign-key", "seal-to", "made", "sig"]
    # It survives a file, whatever the order of its fields there.
    assert identity.check_certificate(json.loads(json.dumps(certificate(), sort_keys=True))) == device


ELSE = identity.new_device()
OTHER_AGENCY = identity.new_agency()
REPLACEMENTS = {
    "agency": "TH-RTP",
    "agency-key": OTHER_AGENCY.key,
    "device": ELSE.id,
    "sign-key": ELSE.sign_key,
    "seal-to": ELSE.seal_recipient,
    "made": "2026-11-24T10:04:11Z",
    "sig": signatures.sign(OTHER_AGENCY.seed, "certificate", b""),
}


@pytest.mark.parametrize("name", REPLACEMENTS)
def test_no_field_of_a_certificate_can_be_changed(name: str) -> None:
    with pytest.raises(TrustError):
        identity.check_certificate({**certificate(), name: REPLACEMENTS[name]})


@pytest.mark.parametrize("name", REPLACEMENTS)
@pytest.mark.parametrize(
    "value",
    [None, 1, True, b"x", ["x"], {}, "", "\x1b[2J", "x" * 100_000, "\ud800", "KH-CNP\n", "kh-cnp", "é", MADE + "\n"],
)  # fmt: skip
def test_a_field_of_another_type_or_shape_is_refused_even_when_signed(name: str, value: Any) -> None:
    bad = {**certificate(), name: value}
    with contextlib.suppress(ValueError, TypeError):  # some of it not even a forger can sign
        bad = resign(bad, AGENCY.seed, "certificate") if name != "sig" else bad
    with pytest.raises(TrustError) as caught:
        identity.check_certificate(bad)
    assert caught.value.code in ("bad-certificate", "bad-recipient")


@pytest.mark.parametrize("name", REPLACEMENTS)
def test_a_missing_field_is_named(name: str) -> None:
    bad = certificate()
    del bad[name]
    with pytest.raises(TrustError, match=name):
        identity.check_certificate(bad)


@pytest.mark.parametrize("extra", ["note", 7, None, ("a",)])
def test_an_unknown_field_is_refused_even_when_signed(extra: Any) -> None:
    bad = {**certificate(), extra: "x"}
    if isinstance(extra, str):
        bad = resign(bad, AGENCY.seed, "certificate")
    with pytest.raises(TrustError, match="fields that no certificate has"):
        identity.check_certificate(bad)


@pytest.mark.parametrize("junk", [None, "", "certificate", 5, [], [("agency", "X")], b"", {}])
def test_what_is_no_certificate_is_refused(junk: object) -> None:
    with pytest.raises(TrustError):
        identity.check_certificate(junk)


def test_a_device_id_of_another_key_is_refused_even_when_the_agency_signed_it() -> None:
    with pytest.raises(TrustError, match="not the one that follows"):
        identity.check_certificate(resign({**certificate(), "device": ELSE.id}, AGENCY.seed, "certificate"))


def test_a_signature_for_another_purpose_makes_no_certificate() -> None:
    with pytest.raises(TrustError, match="not signed"):
        identity.check_certificate(resign(certificate(), AGENCY.seed, "card"))


@pytest.mark.parametrize(
    ("code", "made"),
    [("kh-cnp", MADE), ("K", MADE), ("K" * 33, MADE), ("-KH", MADE), ("KH CNP", MADE), ("KH-CNP", "yesterday"),
     ("KH-CNP", "2026-11-23T10:04:11+07:00"), ("KH-CNP", "")],
)  # fmt: skip
def test_no_certificate_is_made_that_others_would_refuse(code: str, made: str) -> None:
    with pytest.raises(TrustError):
        identity.certify(AGENCY, code, DEVICE, made)


@pytest.mark.parametrize("made", ["2026-11-23", "2026-11-23T10:04Z", MADE, "2026-11-23T10:04:11.120Z"])
def test_times_of_a_certificate(made: str) -> None:
    assert (
        identity.check_certificate(identity.certify(AGENCY, "INTERPOL", DEVICE.public(), made)).agency
        == "INTERPOL"
    )


# Cards


def test_a_card_says_who_and_carries_the_words() -> None:
    found = cards.check_card(json.loads(json.dumps(card())))
    assert (found.agency, found.name, found.country) == ("KH-CNP", "Cambodian National Police", "KH")
    assert (found.agency_key, found.fingerprint) == (AGENCY.key, AGENCY.fingerprint)
    assert found.device.id == DEVICE.id
    assert found.words == words.words(from_text(AGENCY.key, 32))
    assert list(card()) == ["taskforce-card", "agency", "name", "country", "certificate", "sig"]


def test_a_card_without_a_country() -> None:
    plain = cards.make_card(DEVICE, certificate(), "Органы ООН")
    assert "country" not in plain
    assert cards.check_card(plain).country == ""


def without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda made: made.pop(name)


def with_value(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda made: made.update({name: value})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (with_value("name", "Thai Police"), TrustError),
        (with_value("country", "TH"), TrustError),
        (without("country"), TrustError),
        (with_value("agency", "TH-RTP"), TrustError),
        (with_value("sig", "A" * 86), TrustError),
        (with_value("sig", signatures.sign(ELSE.sign_seed, "card", b"")), TrustError),
        (with_value("certificate", None), TrustError),
        (with_value("certificate", "x"), TrustError),
        (with_value("certificate", identity.certify(AGENCY, "KH-CNP", ELSE, MADE)), TrustError),
        (with_value("certificate", identity.certify(OTHER_AGENCY, "KH-CNP", DEVICE, MADE)), TrustError),
        (with_value("taskforce-card", "2"), InputError),
        (with_value("taskforce-card", 1), InputError),
        (without("taskforce-card"), InputError),
        (without("agency"), InputError),
        (without("name"), InputError),
        (without("certificate"), InputError),
        (without("sig"), InputError),
        (with_value("note", "x"), InputError),
        (with_value("name", 5), InputError),
        (with_value("name", ""), InputError),
        (with_value("name", " "), InputError),
        (with_value("name", "x" * 201), InputError),
        (with_value("name", "A\x1b[2J"), InputError),
        (with_value("name", "A\u202eB"), InputError),
        (with_value("name", "A\nB"), InputError),
        (with_value("name", "A\ud800"), InputError),
        (with_value("country", ""), InputError),
        (with_value("country", "kh"), InputError),
        (with_value("country", "KH\n"), InputError),
        (with_value("country", ["KH"]), InputError),
        (with_value("agency", None), InputError),
        (with_value("sig", None), InputError),
        (with_value("agency", "\ud800"), TrustError),
    ],
)
def test_a_changed_card_is_refused(
    change: Callable[[dict[str, Any]], object], error: type[Exception]
) -> None:
    changed = card()
    change(changed)
    with pytest.raises(error):
        cards.check_card(changed)


def test_a_certificate_cannot_be_put_on_another_devices_card() -> None:
    stolen = {**card(), "certificate": certificate(), "name": "Us, really"}
    with pytest.raises(TrustError, match="altered"):
        cards.check_card(resign(stolen, ELSE.sign_seed, "card"))
    with pytest.raises(TrustError):
        cards.make_card(ELSE, certificate(), "Us, really")


@pytest.mark.parametrize("junk", [None, "", 5, [], {}, {"taskforce-card": "1"}, {1: 2}])
def test_what_is_no_card_is_refused(junk: object) -> None:
    with pytest.raises(InputError):
        cards.check_card(junk)


def test_no_card_is_made_that_others_would_refuse() -> None:
    with pytest.raises(InputError):
        cards.make_card(DEVICE, certificate(), "")
    with pytest.raises(InputError):
        cards.make_card(DEVICE, certificate(), "Police", country="Cambodia")


def test_a_certificate_is_enough_to_seal_to_its_device() -> None:
    device = identity.check_certificate(certificate())
    sealed = sealing.seal_bytes(b"for you", [device.seal_recipient])
    assert sealing.open_bytes(sealed, [DEVICE.seal_identity]) == b"for you"
