"""What really stands in a store's files: its pages decrypted one by one, deleted rows and free pages too."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator
from pathlib import Path

from taskforce.store.store import DATABASE

PAGE = 4096
RESERVED = 80
"""At the end of a page: the initial vector, then the authentication code."""


def pages(folder: Path, key: bytes) -> Iterator[bytes]:
    """The pages of the store's file and of its write-ahead log, decrypted.

    SQLCipher 4: AES-256-CBC, the initial vector 80 bytes before a page's end; the file begins with a salt.
    """
    crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
    crypto.EVP_CIPHER_CTX_new.restype = crypto.EVP_aes_256_cbc.restype = ctypes.c_void_p
    raw = (folder / DATABASE).read_bytes()
    found = [(raw[start : start + PAGE], start == 0) for start in range(0, len(raw), PAGE)]
    wal = folder / (DATABASE + "-wal")
    log = wal.read_bytes() if wal.exists() else b""
    frame = 24 + PAGE
    for start in range(32, len(log) - frame + 1, frame):
        is_first = int.from_bytes(log[start : start + 4], "big") == 1
        found.append((log[start + 24 : start + frame], is_first))
    for page, is_first in found:
        secret = page[16 if is_first else 0 : PAGE - RESERVED]
        context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
        cipher = ctypes.c_void_p(crypto.EVP_aes_256_cbc())
        crypto.EVP_DecryptInit_ex(context, cipher, None, key, page[PAGE - RESERVED : PAGE - RESERVED + 16])
        crypto.EVP_CIPHER_CTX_set_padding(context, 0)
        out, length = ctypes.create_string_buffer(PAGE + 16), ctypes.c_int()
        crypto.EVP_DecryptUpdate(context, out, ctypes.byref(length), secret, len(secret))
        crypto.EVP_CIPHER_CTX_free(context)
        yield out.raw[: length.value]


def occurrences(folder: Path, key: bytes, needle: bytes) -> int:
    """How often some bytes stand in the store's files, whether anything refers to them still or not."""
    return sum(page.count(needle) for page in pages(folder, key))
