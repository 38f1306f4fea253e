"""How records are named: ids that derive from a natural key, and ids that commit to the agency that made the record."""

from __future__ import annotations

from functools import lru_cache

from taskforce.crockford import short_digest


@lru_cache(maxsize=1024)  # the same agencies are named by every record
def natural_id(kind: str, *key: str) -> str:
    """The id of a record that is known by a natural key: 80 bits of SHA-256 over kind and key (Crockford base32)."""
    return short_digest(b"taskforce natural", kind.encode(), *(part.encode() for part in key))


def owned_id(fingerprint: str, kind: str, nonce: str) -> str:
    """The id of a record that commits to its creator: agency fingerprint, kind and nonce."""
    return short_digest(b"taskforce record", fingerprint.encode(), kind.encode(), nonce.encode())
