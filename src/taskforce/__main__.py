"""The program's start and its one exit: errors become sentences and exit codes here, and nowhere else."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Run the program and return its exit code.

    With `arguments` it is called from Python. Without, it is the process itself: it takes the command line's, and ends
    the process when it is done.
    """
    if arguments is not None:
        return _run(arguments)
    import gc  # deferred: only a process may decide this for itself

    # Start-up makes ten thousands of objects that stay. Looking for cycles at every 700th costs half a bare start.
    gc.set_threshold(100_000)
    _buffer_stdout()
    return _leave(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    if arguments in (["--version"], ["-V"]):
        from taskforce.version import __version__  # deferred: this path loads nothing else

        try:
            sys.stdout.write(f"taskforce {__version__}\n")
            sys.stdout.flush()
            return 0
        except OSError:
            pass  # what is wrong with stdout is found again below, where there are words for it
    from taskforce.cli import run  # deferred: loads typer
    from taskforce.commands.frame import close_sessions

    try:
        return run(arguments)
    except OSError:
        return 1  # stdout cannot be written, as stderr says already
    finally:
        close_sessions()


def _buffer_stdout() -> None:
    """Give stdout a buffer where Python runs without (PYTHONUNBUFFERED, -u).

    A raw file may take a part of what is written, and the text layer does not look: a reader that goes away would be
    told as success. What is to be seen at once is flushed where it is written.
    """
    import io  # deferred: as Python has loaded it, this costs nothing

    if sys.stdout is None or not isinstance(sys.stdout.buffer, io.RawIOBase):
        return
    encoding, errors, lines = sys.stdout.encoding, sys.stdout.errors, sys.stdout.line_buffering
    raw = sys.stdout.detach()
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors, line_buffering=lines)
    sys.__stdout__ = sys.stdout  # type: ignore[misc]  # whoever asks it for the terminal's size finds it open


def _leave(code: int) -> int:
    """End the process without taking the interpreter down piece by piece, which costs as much as two bare starts.

    Nothing is left to that: the stores are closed, and what was written is flushed here.
    """
    import os  # deferred: as Python has loaded it, this costs nothing

    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        from taskforce.errors import BROKEN_PIPE  # deferred: only when the reader of our output went away

        code = BROKEN_PIPE if isinstance(error, BrokenPipeError) else code or 1
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
