"""What is measured, and how: two things in turn in one run, and the median of their ratios."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

PROGRAM = str(Path(sysconfig.get_path("scripts")) / ("taskforce.exe" if os.name == "nt" else "taskforce"))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `goal` is the most that `figure` may be, or None where nothing is promised."""

    what: str
    figure: float
    goal: float | None
    unit: str = "×"
    detail: str = ""


def run(line: Sequence[str]) -> None:
    """Run a command to its end; its output goes nowhere."""
    subprocess.run(
        line, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def timed(call: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = perf_counter()
    call()
    return perf_counter() - start


def paired(
    what: str, ours: Callable[[], object], reference: Callable[[], object], goal: float, rounds: int
) -> Row:
    """Measure both in turn, after one round that only warms the disk's cache."""
    ours(), reference()
    pairs = [(timed(ours), timed(reference)) for _round in range(rounds)]
    return row_of(what, [pair[0] for pair in pairs], [pair[1] for pair in pairs], goal)


def row_of(
    what: str, ours: Sequence[float], reference: Sequence[float], goal: float, *, detail: str = ""
) -> Row:
    """The median of the ratios, and both medians in milliseconds."""
    ratio = median(one / other for one, other in zip(ours, reference, strict=True))
    times = f"{median(ours) * 1000:.1f} ms / {median(reference) * 1000:.1f} ms"
    return Row(what, ratio, goal, detail=", ".join(filter(None, (times, detail))))
