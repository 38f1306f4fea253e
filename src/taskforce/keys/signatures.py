"""Ed25519 signatures (RFC 8032) that are good for one purpose only.

What is signed is ``"taskforce " + purpose + NUL + message``: a signature under an edit can never be passed
off as one under a certificate. Keys and signatures are unpadded base64url text in its one canonical writing.
libsodium refuses non-canonical and small-order keys and malleable signatures.
"""

from __future__ import annotations

from functools import lru_cache

from taskforce.keys.encoding import from_text, to_text

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Sequence

SEED_BYTES = 32
KEY_BYTES = 32
SIGNATURE_BYTES = 64
_WORTH_A_THREAD = 64  # signatures; fewer are verified sooner than a thread has started


def public_key(seed: bytes) -> str:
    """Return the public key of the 32-byte ``seed`` as text."""
    from nacl.bindings import crypto_sign_seed_keypair  # deferred: few commands sign

    return to_text(crypto_sign_seed_keypair(seed)[0])


def sign(seed: bytes, purpose: str, message: bytes) -> str:
    """Return the signature of ``message`` for ``purpose`` (a plain word) by the key of the 32-byte ``seed``."""
    from nacl.bindings import crypto_sign  # deferred, as above

    return to_text(crypto_sign(_separated(purpose, message), _expanded(seed))[:SIGNATURE_BYTES])


@lru_cache(maxsize=2)  # half of a signature's cost, and a device signs thousands of edits with one key
def _expanded(seed: bytes) -> bytes:
    from nacl.bindings import crypto_sign_seed_keypair  # deferred, as above

    return crypto_sign_seed_keypair(seed)[1]


def verify(public_key: object, purpose: str, message: bytes, signature: object) -> bool:
    """Return whether ``signature`` over ``message`` for ``purpose`` was made with the key of ``public_key``.

    Key and signature may be anything that a file can contain: what is not a key or a signature verifies
    nothing.
    """
    from nacl.bindings import crypto_sign_open  # deferred, as above
    from nacl.exceptions import BadSignatureError

    try:
        key = from_text(public_key, KEY_BYTES)
        signed = from_text(signature, SIGNATURE_BYTES) + _separated(purpose, message)
    except ValueError:
        return False
    try:
        crypto_sign_open(signed, key)
    except BadSignatureError:
        return False
    return True


def verify_many(items: Sequence[tuple[object, str, bytes, object]], *, threads: int = 2) -> list[bool]:
    """Return for each (public key, purpose, message, signature) what ``verify`` says of it.

    libsodium runs without Python's lock: two threads make 1.9 times the bare verifications of one where a second
    core is idle (18,000 and 34,000 a second, measured), and no fewer where it is not.
    """
    if threads < 2 or len(items) < _WORTH_A_THREAD:
        return _verify_all(items)
    from concurrent.futures import ThreadPoolExecutor  # deferred: only large batches come here

    size = -(-len(items) // threads)
    shares = [items[start : start + size] for start in range(0, len(items), size)]
    with ThreadPoolExecutor(threads) as pool:
        return [good for verdicts in pool.map(_verify_all, shares) for good in verdicts]


def _verify_all(items: Sequence[tuple[object, str, bytes, object]]) -> list[bool]:
    return [verify(*item) for item in items]


def _separated(purpose: str, message: bytes) -> bytes:
    return b"taskforce " + purpose.encode("ascii") + b"\0" + message
