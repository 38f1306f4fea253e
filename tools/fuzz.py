"""Feeds every reader files that are nearly true, for as long as asked: `FUZZ_SECONDS=300 make fuzz`.

With atheris (the extra `fuzz`) what was reached of the code leads it; without, chance alone does, and it says so.
A file to which a reader answers neither with data nor with a TaskforceError, or that it takes too long for, is put into
`build/fuzz/`, and the run ends with 1: name it by what it does, put it into `fixtures/hostile/`, mend the reader.
"""

from __future__ import annotations

import faulthandler
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
for helpers in ("tests/cli", "tests/sync", "tests/faults"):
    sys.path.insert(0, str(ROOT / helpers))

FOUND = ROOT / "build" / "fuzz"
LONGEST = 10
"""Seconds after which a reader is taken to hang."""


class Hangs(BaseException):
    """A reader took too long."""


def _alarm(_number: int, _frame: FrameType | None) -> None:
    raise Hangs


class Run:
    """One run: how many files were read, by which reader, what each answered, and what went wrong."""

    def __init__(self, folder: Path) -> None:
        from readers import READERS, Readers  # deferred: atheris has to see it loaded

        self.readers = Readers(folder)
        self.names = list(READERS)
        self.count = dict.fromkeys(self.names, 0)
        self.answers: dict[str, int] = {}
        self.faults: dict[str, str] = {}
        FOUND.mkdir(parents=True, exist_ok=True)
        self.last = FOUND / "last"
        """The file that is being read, with the reader's name before it: for a fault that ends the process."""
        signal.signal(signal.SIGALRM, _alarm)

    def one(self, name: str, data: bytes) -> None:
        """Let a reader read a file."""
        self.count[name] += 1
        signal.alarm(LONGEST)
        self.last.write_bytes(name.encode() + b"\0" + data)
        faulthandler.dump_traceback_later(3 * LONGEST, exit=True)  # what hangs outside Python's own code
        try:
            answer = self.readers.read(name, data)
            self.answers[answer] = self.answers.get(answer, 0) + 1
        except (Exception, Hangs) as error:  # noqa: BLE001 (whatever it is, it is what is looked for)
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{name}: {type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
            if place not in self.faults:
                path = FOUND / f"{name}-{sha256(data).hexdigest()[:12]}"
                path.write_bytes(data)
                self.faults[place] = path.name
                print(f"{place}: {error!s:.300}\n  {path}", flush=True)
                traceback.print_exception(error, limit=-6)
            self.readers.ngo.put_back()
        finally:
            signal.alarm(0)
            faulthandler.cancel_dump_traceback_later()

    def report(self, seconds: float, led: str) -> int:
        """Say what was done; 1 if anything went wrong."""
        total = sum(self.count.values())
        print(f"{total} files in {seconds:.0f} s, {led}")
        print("  by reader:  " + ", ".join(f"{name} {count}" for name, count in self.count.items()))
        most = sorted(self.answers.items(), key=lambda pair: -pair[1])
        print("  answers:    " + ", ".join(f"{name} {count}" for name, count in most))
        print(f"  faults:     {len(self.faults)}")
        return 1 if self.faults else 0


def by_chance(run: Run, seconds: float, seed: int) -> int:
    """Files that are nearly true, as the suite's random tests make them."""
    from readers import CORPUS, mutated  # deferred: as above

    chance, began = random.Random(seed), time.monotonic()
    seeds = {name: run.readers.seeds(name) for name in run.names}
    corpus = [path.read_bytes() for path in sorted(CORPUS.iterdir())]
    while time.monotonic() - began < seconds:
        name = chance.choice(run.names)
        data = chance.choice(corpus if chance.random() < 0.1 else seeds[name])
        run.one(name, mutated(data, chance))
    return run.report(time.monotonic() - began, f"led by chance (seed {seed})")


def by_coverage(atheris: Any, seconds: float, folder: Path) -> int:
    """Files that reach more and more of the readers' code."""
    with atheris.instrument_imports(include=["taskforce", "yaml"]):
        run = Run(folder / "stores")
    from readers import CORPUS, mutated  # deferred: as above

    begin = folder / "corpus"
    begin.mkdir()
    files = {name: [*run.readers.seeds(name)] for name in run.names}
    for number, name in enumerate(run.names):
        for place, data in enumerate(
            [*files[name], *(path.read_bytes() for path in sorted(CORPUS.iterdir()))]
        ):
            if len(data) < 20_000:
                (begin / f"{name}-{place}").write_bytes(bytes([number]) + data)
    began = time.monotonic()

    def read(data: bytes) -> None:
        if time.monotonic() - began > seconds:
            code = run.report(time.monotonic() - began, "led by coverage (atheris)")
            sys.stdout.flush()
            os._exit(code)
        if data:
            run.one(run.names[data[0] % len(run.names)], data[1:])

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if not data or chance.random() < 0.3:
            return bytes(atheris.Mutate(data, most))
        return (data[:1] + mutated(data[1:], chance))[:most]

    options = ("-max_len=20000", "-verbosity=0", "-print_final_stats=0", "-timeout=60")
    atheris.Setup([sys.argv[0], *options, str(begin)], read, custom_mutator=mutate)
    atheris.Fuzz()
    return 0


def main() -> int:
    """Fuzz for FUZZ_SECONDS (60 if it is not set)."""
    seconds = float(os.environ.get("FUZZ_SECONDS") or 60)
    seed = int(os.environ.get("FUZZ_SEED") or random.randrange(2**32))
    try:
        import atheris
    except ImportError:
        atheris = None
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
        os.environ["TASKFORCE_CONFIG"] = str(Path(folder) / "settings.yaml")
        if atheris is not None and not os.environ.get("FUZZ_BY_CHANCE"):
            return by_coverage(atheris, seconds, Path(folder))
        if atheris is None:
            print("atheris is not installed (pip install '.[fuzz]'): chance alone leads")
        print(f"seed {seed}", flush=True)
        return by_chance(Run(Path(folder) / "stores"), seconds, seed)


if __name__ == "__main__":
    sys.exit(main())
