"""Words for what has no words: a public key's, which two people read to each other over a bad line, and a
passphrase's, made at random.

Proquints (D. Wilkerson, "A Proposal for Proquints: Identifiers that are Readable, Spellable, and
Pronounceable", arXiv:0901.4016): five letters, consonant and vowel in turn, carry 16 bits; no word list, so
no language is needed.
"""

from __future__ import annotations

CONSONANTS = "bdfghjklmnprstvz"  # four bits each
VOWELS = "aiou"  # two bits each
WORDS = 8
"""Words of a fingerprint: 128 bits, so nobody finds a second key that reads the same."""

PROPOSED_WORDS = 6
PROPOSED_BITS = 16 * PROPOSED_WORDS
"""What somebody who has the store must guess of a proposed passphrase, even if they know that it was proposed."""


def words(public_key: bytes) -> tuple[str, ...]:
    """Return the first 128 bits of SHA-256 of ``public_key`` (32 bytes) as eight words."""
    import hashlib  # deferred: loading OpenSSL takes milliseconds, and words are shown rarely

    return proquints(hashlib.sha256(public_key).digest()[: 2 * WORDS])


SCAN_MARK = "TASKFORCE-AGENCY"
"""How the text of an agency's QR code begins."""


def scan_text(agency: str, public_key: bytes) -> str:
    """Return what an agency's QR code says: ``TASKFORCE-AGENCY:CODE:FINGERPRINT``.

    The fingerprint is what the words say, the first 128 bits of SHA-256 of the key, as 26 characters of Crockford's
    base32 in capitals: a QR code holds these most tightly. It is compared without regard to case.
    """
    import hashlib  # deferred: as above

    from taskforce.crockford import ALPHABET

    number = int.from_bytes(hashlib.sha256(public_key).digest()[: 2 * WORDS], "big") << 2
    spelled = "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
    return f"{SCAN_MARK}:{agency}:{spelled.upper()}"


def propose_passphrase() -> str:
    """Return six random words with a space between them, from the system's randomness."""
    import os  # deferred: only a new passphrase needs it

    return " ".join(proquints(os.urandom(2 * PROPOSED_WORDS)))


def proquints(data: bytes) -> tuple[str, ...]:
    """Return ``data`` (an even number of bytes) as words, two bytes each, high byte first."""
    if len(data) % 2:
        raise ValueError("a proquint stands for two bytes")
    return tuple(_word(data[at] << 8 | data[at + 1]) for at in range(0, len(data), 2))


def _word(number: int) -> str:
    return (
        CONSONANTS[number >> 12]
        + VOWELS[number >> 10 & 3]
        + CONSONANTS[number >> 6 & 15]
        + VOWELS[number >> 4 & 3]
        + CONSONANTS[number & 15]
    )
