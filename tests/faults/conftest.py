"""Lets the tests here import the helper modules of tests/sync (stores, exchange) and tests/cli (the program)."""

from __future__ import annotations

import sys
from pathlib import Path

for helpers in ("sync", "cli"):
    sys.path.insert(0, str(Path(__file__).parent.parent / helpers))
