"""Proof that who wrote a recovery slot could open the store.

The slot itself opens only for its recipient. Without a proof, whoever can write the file of slots could name another
recipient, and the next database key would be sealed to them (`key rotate`). It is BLAKE2b under the database key over
all that the slot says.
"""

from __future__ import annotations

import hmac

from taskforce.keys.encoding import canonical_json, to_text

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Mapping

_PERSON = b"taskforce-slot-1"  # BLAKE2b's personalization: 16 bytes
_BYTES = 32


def proof_of(slot: Mapping[str, object], database_key: bytes) -> str:
    """Return the proof that belongs into ``slot``, as far as it is filled by now."""
    from nacl.bindings import crypto_generichash_blake2b_salt_personal  # deferred: costs milliseconds

    said = canonical_json({name: value for name, value in slot.items() if name not in ("sealed", "proof")})
    return to_text(crypto_generichash_blake2b_salt_personal(said, _BYTES, key=database_key, person=_PERSON))


def is_proven(slot: Mapping[str, object], database_key: bytes) -> bool:
    """Return whether somebody who had ``database_key`` wrote what ``slot`` says, its recipient included."""
    proof = slot.get("proof")
    return isinstance(proof, str) and hmac.compare_digest(
        proof.encode("utf-8", "replace"), proof_of(slot, database_key).encode()
    )
