"""Canonical JSON (RFC 8785): the one form that signatures and hashes are made over.

For mappings with ASCII keys whose scalars are strings, or integers below 2**53, the standard library's writer, told to
sort and to leave out spaces, writes what the RFC demands.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

canonical: Callable[[Any], str] = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
).encode
"""The canonical JSON text of nested mappings and lists. What no file can hold (lone surrogates) fails when encoded."""
