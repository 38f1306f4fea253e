"""Lets the tests here import the helper modules beside them and in tests/sync (stores) and tests/cli (the program).

Processes that they start find these tests under the name that pytest gives them: tests.faults.…
"""

from __future__ import annotations

import sys
from pathlib import Path

for helpers in ("sync", "cli", "faults"):
    sys.path.insert(0, str(Path(__file__).parent.parent / helpers))
sys.path.append(str(Path(__file__).parents[2]))
