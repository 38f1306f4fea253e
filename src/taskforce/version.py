"""The program's version, said once: the build and `taskforce --version` both read it here."""

from __future__ import annotations

__version__ = "0.1.0"
