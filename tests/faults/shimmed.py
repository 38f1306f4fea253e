"""Runs the program again and again, each time in a child of its own whose disk shim.c can spoil.

This is a process that test_io_faults.py starts with the shim loaded (LD_PRELOAD); it answers one JSON line on stdin by
one on stdout. Each run is a fork of it, so that a thousand of them do not pay for a thousand starts of Python.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from taskforce.__main__ import main

sys.path.insert(0, str(Path(__file__).parent.parent / "cli"))

from program import load_program


def serve() -> None:
    """Run what each line asks for."""
    load_program()
    gc.set_threshold(100_000)  # as the program has it
    gc.freeze()  # a search in a child would make copies of all the pages that it shares with this process
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)


def _run(task: dict[str, Any]) -> dict[str, Any]:
    """One run: its wait status (a signal's number, or none and the exit code), and what it wrote."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        os.close(read_end)
        _act(task, write_end)
    os.close(write_end)
    with open(read_end, encoding="utf-8", errors="replace") as pipe:
        said = pipe.read()
    status = os.waitpid(child, 0)[1]
    return {
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        "said": said,
    }


def _act(task: dict[str, Any], said: int) -> NoReturn:
    """Be the program, with a disk that fails as the task says."""
    code = 99
    try:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 (as long as the process)
        for descriptor in (1, 2):
            os.dup2(said, descriptor)
        os.chdir(task["folder"])
        os.environ.update(task["environment"])
        if task["typed"]:
            _type(task["typed"])
        trace = os.open(task["trace"], os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600) if task["trace"] else -1
        ctypes.CDLL(None).shim_arm(task["mode"], ctypes.c_long(task["at"]), trace)
        code = main(task["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _type(answers: list[str]) -> None:
    """Let somebody type these passphrases, one after the other; a guess at a new one costs as little as may be."""
    from taskforce import console
    from taskforce.actions import key_slots
    from taskforce.keys import slots

    answered = iter(answers)
    console.secret = lambda *_words, **_more: next(answered)
    key_slots.DEFAULT_PASSES, key_slots.DEFAULT_MEMORY = slots.LEAST_PASSES, slots.LEAST_MEMORY


if __name__ == "__main__":
    serve()
