"""A store that opens with a passphrase, and runs of the program that get it from a pipe."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from program import Ran, call

from taskforce.keys import slots

CANARY = "canary of four words"


def by_descriptor(line: str, *words: str, store: Path) -> Ran:
    """Call main() with a passphrase in a pipe."""
    reader, writer = os.pipe()
    os.write(writer, line.encode() + b"\nmore\n")
    os.close(writer)
    return call(*words, "--store", str(store), "--passphrase-fd", str(reader))


def new_store(folder: Path, agency: str) -> Path:
    """A store that a script made; a guess at its passphrase is cheap."""
    maker = slots.SlotSource.passphrase
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(folder / "none.yaml"))
        patch.setattr(
            slots.SlotSource,
            "passphrase",
            lambda text: maker(text, passes=slots.LEAST_PASSES, memory=slots.LEAST_MEMORY),
        )
        by_descriptor(CANARY, "init", "--agency", agency, "--officer", "J. Sok", store=folder / agency).ok()
    return folder / agency
