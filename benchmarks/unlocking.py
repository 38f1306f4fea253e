"""What opening a store costs: a guess at its passphrase, and a command while the store is unlocked."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

import stores
from measuring import Row, run, timed
from nacl.bindings import crypto_pwhash_alg, crypto_pwhash_ALG_ARGON2ID13

from taskforce.actions import agents, key_slots
from taskforce.actions.unlocking import Opener
from taskforce.keys.agent import is_possible
from taskforce.keys.slots import (
    DEFAULT_MEMORY,
    DEFAULT_PASSES,
    OpenedSlot,
    SlotSource,
    slot_of_key_file,
)

PHRASE = "gimoz zosol nidur visaz jirof livah"

COMMAND = "import sys; from taskforce.__main__ import main; main()"

WITHOUT = """
import gc, sys
gc.set_threshold(100_000)  # as main() does, before it loads what is loaded here
from taskforce.commands import frame
from taskforce.__main__ import main
key = sys.argv.pop()
def opened(one):
    from taskforce.store.store import Store
    return Store.open(one.folder, bytes.fromhex(key), briefly=True)
frame._open_with_agent = opened
main()
"""
"""The same program with the key at hand: it asks no agent, and leaves its memory as it is."""


def rows_of(folder: Path, rounds: int) -> list[Row]:
    """Opening by a passphrase, in milliseconds, and what an unlocked command pays, in bare starts of Python."""
    session = stores.new_store(folder, "INTERPOL")
    session.store.close()
    store = folder / "store"
    opened = slot_of_key_file(store, folder / "key")
    rows = [_passphrase(store, opened, rounds)]
    return [*rows, _agent(store, opened.key, rounds)] if is_possible() else rows


def _passphrase(store: Path, opened: OpenedSlot, rounds: int) -> Row:
    key_slots.add_slot(store, opened, SlotSource.passphrase(PHRASE))
    salt = bytes(16)

    def argon2() -> None:
        crypto_pwhash_alg(
            32, PHRASE.encode(), salt, DEFAULT_PASSES, DEFAULT_MEMORY, crypto_pwhash_ALG_ARGON2ID13
        )

    pairs = [(timed(lambda: Opener(store).open(PHRASE)), timed(argon2)) for _round in range(rounds)]
    taken = [pair[0] for pair in pairs]
    return Row(
        "opening a store by its passphrase, in process",
        median(taken) * 1000,
        300,
        " ms",
        f"the slowest {max(taken) * 1000:.0f} ms; {median(one / other for one, other in pairs):.2f} × Argon2id alone",
    )


def _agent(store: Path, key: bytes, rounds: int) -> Row:
    """Time that the processor works, since the difference is small: other programs on the machine hardly change it."""
    words = ["assignment", "list", "--json", "--store", str(store)]
    lines = (
        [sys.executable, "-c", COMMAND, *words],
        [sys.executable, "-c", WITHOUT, *words, key.hex()],
        [sys.executable, "-c", "pass"],
    )
    agents.start(store, key, idle=600, limit=600)
    try:
        for line in lines:
            run(line)
        rows = [[_worked(line) for line in lines] for _round in range(2 * rounds)]
    finally:
        agents.end(store)
    asked, at_hand, bare = (median(each) * 1000 for each in zip(*rows, strict=True))
    return Row(
        "what an unlocked command pays for all this / python -c pass",
        median((one - other) / start for one, other, start in rows),
        1,
        detail=f"a list: {asked:.1f} ms, {at_hand:.1f} ms with the key at hand / {bare:.1f} ms, of the processor",
    )


def _worked(line: list[str]) -> float:
    """Seconds that the processor works for a command."""
    from resource import RUSAGE_CHILDREN, getrusage  # deferred: Windows has none, and no agent either

    before = getrusage(RUSAGE_CHILDREN)
    run(line)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
