"""The program's start and its one exit: errors become sentences and exit codes here, and nowhere else."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Run the program with `arguments` (the command line's by default) and return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if given in (["--version"], ["-V"]):
        from taskforce.version import __version__  # deferred: this path loads nothing else

        sys.stdout.write(f"taskforce {__version__}\n")
        return 0
    from taskforce.cli import run  # deferred: loads typer

    return run(given)


if __name__ == "__main__":
    sys.exit(main())
