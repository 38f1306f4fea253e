"""Promise 1: whatever happens, in any order, replicas that have met hold the same, lose nothing, invent no conflict.

A failing history names its seed and the step at which it goes wrong: `SEED=n pytest tests/sync/test_simulation.py -k
one_history` runs it again. `make soak` runs many more, and one long one: `HISTORIES=5000 make soak` so many of them,
`LIMIT=1200 make soak` those that go into so many seconds. What was run last stands in docs/reliability.md.
"""

from __future__ import annotations

import ast
import os
import secrets
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import happens_before
import pytest
import who_may
from simulation import AT_WORK, HAPPENINGS, History, drawn_from, run_history

SOAKING = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
HISTORIES = int(os.environ.get("HISTORIES") or (100_000 if SOAKING else 100))
"""The suite's share costs some 70 seconds of one core."""
CHUNKS = 8 if SOAKING else 3
STEPS = 200
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT") or 1)
LIMIT = float(os.environ.get("LIMIT") or "inf") * min(WORKERS, CHUNKS) / CHUNKS
"""How long a chunk may take, for all to end after the seconds that were asked for."""
SEED = os.environ.get("SEED")

LONG = ("assignment",) * 12 + ("site",) * 9 + ("agency",) * 6 + ("operation",)
"""What people quarrel over for months: seldom the operation itself, of which there is one."""

Note = Callable[[str, object], None]


@pytest.mark.timeout(0 if SOAKING else 600)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_replicas_agree_whatever_happened(chunk: int, record_property: Note) -> None:
    start, first = time.monotonic(), secrets.randbelow(2**48)
    counts: Counter[str] = Counter()
    facts: Counter[str] = Counter()
    done = edits = 0
    for number in range(chunk, HISTORIES, CHUNKS):
        one = run_history(first + number, steps=STEPS)
        counts.update(one.counts)
        facts.update(one.facts)
        edits += len(one.world.written)
        done += 1
        if time.monotonic() - start > LIMIT:
            break
    for name, value in {"histories": done, "edits": edits, "first_seed": first, **counts, **facts}.items():
        record_property(name, value)
    assert done * STEPS == counts.total()
    assert edits > 50 * done
    if done >= 50:  # what is proven did happen
        assert set(counts) == set(HAPPENINGS)
        assert all(facts[name] > done // 10 for name in ("put back", "copied", "erasures", "forked feeds"))
        assert facts["words looked for and gone"] > done


@pytest.mark.skipif(SEED is None, reason="runs one history again: SEED=n")
def test_one_history() -> None:
    run_history(int(SEED or 0), steps=STEPS)


def test_a_seed_tells_a_whole_history() -> None:
    """Also where stores are put back and copied, and draw the numbers of their epochs."""
    told = []
    for _time in range(2):
        one = run_history(15, steps=120)
        told.append((one.done, one.world.written, one.facts))
    assert told[0] == told[1]


def test_the_model_shares_no_code_with_the_program() -> None:
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for module in (happens_before, who_may)
        for node in ast.walk(ast.parse(Path(module.__file__).read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported == {"__future__", "collections.abc", "dataclasses", "functools", "typing", "who_may"}


@pytest.mark.skipif(not SOAKING, reason="takes half an hour: make soak")
@pytest.mark.timeout(0)
def test_thirty_replicas_fifty_thousand_edits_a_fifth_of_the_bundles_lost(record_property: Note) -> None:
    """Months of an operation: each works, and once in a while swaps bundles with one of a few neighbours."""
    wanted, rounds = int(os.environ.get("EDITS") or 50_000), 40
    seed = int(SEED or secrets.randbelow(2**48))
    print(f"again: SEED={seed}")
    one = History(seed, replicas=30, loss=0.2, spread=400, hot=LONG, as_text=0.02, in_a_ring=True)
    neighbours = {
        code: [one.codes[(place + step) % len(one.codes)] for step in (1, 7)]
        for place, code in enumerate(one.codes)
    }
    sent = 0
    with drawn_from(one.rng):
        for number in range(1, rounds + 1):
            while len(one.world.written) < wanted * number // rounds:
                one.step(AT_WORK)
            for code in one.rng.sample(one.codes, len(one.codes)):
                other = one.rng.choice(neighbours[code])
                sent += one.swap(code, other)
            print(f"round {number} of {rounds}: {len(one.world.written)} edits, {sent} bundles", flush=True)
        one.settle()
    for name, value in {"edits": len(one.world.written), "bundles": sent, **one.counts}.items():
        record_property(name, value)
    assert one.counts["lost on the way"] > sent // 10
    one.close()
