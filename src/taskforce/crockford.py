"""Short names made of digests, in Douglas Crockford's base32: no I, L, O, U, so they survive radio and
handwriting.

Device ids, agency fingerprints and record ids are such names: 80 bits of SHA-256, 16 characters. Eighty bits
keep anybody from finding a second input for a given name; two inputs of one's own choosing with the same name
(about 2**40 work) gain nothing, because whoever has both is the owner of both.
"""

from __future__ import annotations

import os
from functools import lru_cache

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
DIGEST_LENGTH = 16
"""Characters in a short digest: 80 bits, five to a character."""

_SHIFTS = range(75, -1, -5)

# Upper case, and the letters that are mistaken for digits. ASCII only: str.lower() would turn the Kelvin sign
# into a k and make two different texts the same name.
_READ_AS = str.maketrans(
    "ABCDEFGHJKMNPQRSTVWXYZOILoil",
    "abcdefghjkmnpqrstvwxyz011011",
)


def short_digest(*parts: bytes) -> str:
    """Return the first 80 bits of SHA-256 over ``parts`` as 16 characters.

    Each part is preceded by its length (8 bytes, big-endian), so no two lists of parts give the same input.
    """
    import hashlib  # deferred: loading OpenSSL takes milliseconds, and reading a store needs no digest

    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return _spelled(digest.digest()[:10])


@lru_cache(maxsize=1024)  # the same agencies are named by every record
def natural_id(kind: str, *key: str) -> str:
    """Return the id of a record that is known by a natural key: over kind and key."""
    return short_digest(b"taskforce natural", kind.encode(), *(part.encode() for part in key))


def owned_id(fingerprint: str, kind: str, nonce: str) -> str:
    """Return the id of a record that commits to its creator: over agency fingerprint, kind and nonce."""
    return short_digest(b"taskforce record", fingerprint.encode(), kind.encode(), nonce.encode())


def random_name() -> str:
    """Return 80 bits of the system's randomness as 16 characters."""
    return _spelled(os.urandom(10))


def _spelled(bits: bytes) -> str:
    number = int.from_bytes(bits, "big")
    return "".join([ALPHABET[number >> shift & 31] for shift in _SHIFTS])


def normalise(text: str) -> str:
    """Return ``text`` as the alphabet writes it: lower case, ``o`` as 0, ``i`` and ``l`` as 1. Nothing is removed."""
    return text.translate(_READ_AS)


def is_short_digest(text: object) -> bool:
    """Return whether ``text`` is a short digest in its one canonical writing."""
    return isinstance(text, str) and len(text) == DIGEST_LENGTH and all(c in ALPHABET for c in text)
