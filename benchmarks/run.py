"""`make bench`: what taskforce promises to be fast at, as ratios of two things measured in turn in one run.

Milliseconds depend on the machine and on what else it does; a ratio of two paired runs hardly does. Every row is the
median over the rounds of `ours / reference`, measured one right after the other. `--quick` takes smaller stores and
fewer rounds: its ratios are rougher, and the rows of the large stores say less.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from io import BytesIO
from pathlib import Path
from time import perf_counter

import deciding
import room
import stores
import unlocking
import yaml
from measuring import PROGRAM, Row, paired, row_of, run, timed

import taskforce
from taskforce.actions.receiving import import_bundle
from taskforce.actions.sending import export_bundle
from taskforce.keys.sealing import open_stream


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large what is measured is."""

    rounds: int
    listed: int
    imported: int
    large: int
    room: room.Sizes
    decided: int
    small: int = 2_000


FULL = Sizes(
    rounds=15,
    listed=10_000,
    imported=5_000,
    large=200_000,
    room=room.Sizes(100_000, 1_000_000),
    decided=100_000,
)
QUICK = Sizes(
    rounds=5, listed=2_000, imported=1_000, large=20_000, room=room.Sizes(20_000, 50_000), decided=6_000
)


def main() -> int:
    """Measure everything and print the table; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="smaller stores, fewer rounds")
    parser.add_argument("--import-once", nargs=2, metavar=("FOLDER", "BUNDLE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.import_once:
        return import_once(Path(given.import_once[0]), Path(given.import_once[1]))
    sizes = QUICK if given.quick else FULL
    started = perf_counter()
    compile_all()
    with tempfile.TemporaryDirectory(prefix="taskforce-bench-") as name:
        root = Path(name)
        say("starting up …")
        rows = [*starting(root / "starting", sizes)]
        say("unlocking …")
        rows += unlocking.rows_of(root / "unlocking", sizes.rounds)
        say("taking in a bundle …")
        rows += importing(root / "importing", sizes)
        say(f"stores of {sizes.large:,} edits …")
        rows += large_stores(root / "large", sizes)
        say(f"deciding for {sizes.decided:,} records …")
        rows += deciding.rows_of(root / "deciding", sizes.decided, sizes.rounds)
        say(f"the room, of {sizes.room.huge:,} assignments …")
        rows += room.rows_of(root / "room", sizes.room, sizes.rounds)
    print_table(rows, sizes, perf_counter() - started)
    return int(any(row.goal is not None and row.figure > row.goal for row in rows))


def starting(folder: Path, sizes: Sizes) -> list[Row]:
    """The program's start against a bare Python's."""
    session, other = stores.new_pair(folder)
    stores.add_assignments(session, sizes.listed)
    session.store.close()
    other.store.close()
    place = ["--store", str(folder / "INTERPOL" / "store"), "--key-file", str(folder / "INTERPOL" / "key")]
    lines: list[tuple[str, list[str], float]] = [
        ("taskforce --version", ["--version"], 3),
        ("taskforce --help", ["--help"], 8),
        (
            f"assignment list --json --limit 50, of {sizes.listed:,}",
            ["assignment", "list", "--json", "--limit", "50", *place],
            9,
        ),
    ]
    bare: Callable[[], object] = lambda: run([sys.executable, "-c", "pass"])  # noqa: E731
    return [
        paired(what, lambda words=words: run([PROGRAM, *words]), bare, goal, sizes.rounds)  # type: ignore[misc]
        for what, words, goal in lines
    ]


def importing(folder: Path, sizes: Sizes) -> list[Row]:
    """Taking in a sealed bundle, every signature verified, against PyYAML's C loader merely parsing it opened."""
    sender, receiver = stores.new_pair(folder)
    stores.add_assignments(sender, sizes.imported)
    bundle = folder / "bundle"
    edits = export_bundle(sender, "KH-CNP", bundle).edits
    with bundle.open("rb") as stream:
        opened = open_stream(stream, [receiver.store.meta("seal_identity")]).read()
    sender.store.close()
    receiver.store.close()
    first, again, parsing = [], [], []
    for number in range(max(3, sizes.rounds // 3)):
        copy = folder / f"copy{number}"
        shutil.copytree(folder / "KH-CNP", copy)
        session = stores.open_store(copy)
        parsing.append(timed(lambda: parse(opened)))
        first.append(timed(lambda: take_in(session, bundle)))  # noqa: B023 (called at once)
        again.append(timed(lambda: take_in(session, bundle)))  # noqa: B023
        session.store.close()
        shutil.rmtree(copy)
    size = f"{edits:,} edits of 10 fields, {len(opened) / 1e6:.1f} MB opened"
    return [
        row_of("import of a sealed bundle / yaml.load_all(CSafeLoader)", first, parsing, 3, detail=size),
        row_of("importing it again / the same", again, parsing, 1.5),
    ]


def large_stores(folder: Path, sizes: Sizes) -> list[Row]:
    """Memory of a large import; exports of a hundred new edits from a large and a small store."""
    rows = []
    for name, count in (("small", sizes.small), ("large", sizes.large)):
        sender, receiver = stores.new_pair(folder / name)
        stores.add_mixed(sender, count)
        bundle = folder / name / "bundle"
        edits = export_bundle(sender, "KH-CNP", bundle).edits
        sender.store.close()
        receiver.store.close()
        started = perf_counter()
        line = [sys.executable, __file__, "--import-once", str(folder / name / "KH-CNP"), str(bundle)]
        told = subprocess.run(line, check=True, capture_output=True, text=True).stdout
        taken = perf_counter() - started
        if name == "large":
            what = f"memory of a process that imports {edits:,} edits"
            speed = f"{edits / taken:,.0f} edits/s, {bundle.stat().st_size / 1e6:.0f} MB sealed"
            rows.append(Row(what, int(told) / 1024, 300, " MB", speed))
        session = stores.open_store(folder / name / "KH-CNP")
        stores.change_assignments(session, 100)
        session.store.close()
    rows.append(
        paired(
            f"export of 100 new edits, {sizes.large:,} / {sizes.small:,} edits, in process",
            lambda: export_inside(folder / "large" / "KH-CNP"),
            lambda: export_inside(folder / "small" / "KH-CNP"),
            2,
            sizes.rounds,
        )
    )
    rows.append(
        paired(
            "the same by the program",
            lambda: export_outside(folder / "large" / "KH-CNP"),
            lambda: export_outside(folder / "small" / "KH-CNP"),
            2,
            sizes.rounds,
        )
    )
    return rows


def export_inside(folder: Path) -> None:
    """Open the store and export what INTERPOL lacks."""
    session = stores.open_store(folder)
    sent = export_bundle(session, "INTERPOL", folder / "out", replace=True)
    session.store.close()
    assert sent.edits == 101, sent.edits  # a hundred, and who they are themselves: init wrote that


def export_outside(folder: Path) -> None:
    """The same by the command line."""
    place = ["--store", str(folder / "store"), "--key-file", str(folder / "key")]
    run([PROGRAM, "export", "--to", "INTERPOL", "-o", str(folder / "out"), "--force", *place])


def import_once(folder: Path, bundle: Path) -> int:
    """In a process of its own: take a bundle in and print the most memory that was resident, in KiB."""
    import resource  # deferred: Windows has none, and the other rows can be measured there

    session = stores.open_store(folder)
    take_in(session, bundle)
    session.store.close()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(most // 1024 if sys.platform == "darwin" else most)
    return 0


def take_in(session: stores.Session, bundle: Path) -> None:
    """Import, and make sure that nothing was put aside."""
    with bundle.open("rb") as stream:
        found = import_bundle(session, stream, "bundle")
    assert found.applied and found.verified and not found.waiting


def parse(opened: bytes) -> None:
    """What the reference does: documents to Python objects, one at a time, nothing checked or kept."""
    for _document in yaml.load_all(BytesIO(opened), Loader=yaml.CSafeLoader):
        pass


def print_table(rows: Sequence[Row], sizes: Sizes, seconds: float) -> None:
    """The table, as it stands in docs/performance.md."""
    print("| what | measured | goal | | |\n|---|---:|---:|---|---|")
    for row in rows:
        verdict = "" if row.goal is None else "ok" if row.figure <= row.goal else "MISSED"
        goal = "" if row.goal is None else f"≤ {row.goal:g}{row.unit}"
        measured = (
            f"{row.figure:.2f}{row.unit}" if row.unit in ("×", " µs") else f"{row.figure:.0f}{row.unit}"
        )
        print(f"| {row.what} | {measured} | {goal} | {verdict} | {row.detail} |")
    names = ("typer", "textual", "sqlcipher3", "pyyaml", "pynacl", "pyrage")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    quick = "Quick: " if sizes is QUICK else ""
    print(f"\n{quick}medians of {sizes.rounds} paired rounds, {seconds:.0f} s in all.")
    print(f"Python {platform.python_version()}, {versions}; {platform.platform()}, {os.cpu_count()} cores.")


def compile_all() -> None:
    """Compile our modules as an installation does, wherever they are imported from: start-ups are compared compiled."""
    compileall.compile_dir(str(Path(taskforce.__file__).parent), quiet=1)
    compileall.compile_dir(str(Path(yaml.__file__).parents[1]), quiet=2, maxlevels=3)


def say(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
