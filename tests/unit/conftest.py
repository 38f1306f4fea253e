"""A real terminal for tests: a Python program run in a pty, its bytes collected."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Seen:
    """What came out: ``screen`` on the terminal, ``piped`` on stdout when that was a pipe."""

    screen: str
    piped: str
    exit_code: int


def run_on_a_terminal(
    program: str,
    *,
    typed: bytes = b"",
    columns: int = 80,
    stdout_is_a_pipe: bool = False,
    environment: dict[str, str] | None = None,
    limit: float = 20,
) -> Seen:
    """Run ``program`` (Python source) in a pty, typing ``typed`` once something is on the screen."""
    fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))
    controller, terminal = pty.openpty()
    fcntl.ioctl(
        terminal,
        termios.TIOCSWINSZ,
        (24).to_bytes(2, sys.byteorder) + columns.to_bytes(2, sys.byteorder) + bytes(4),
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=terminal,
        stdout=subprocess.PIPE if stdout_is_a_pipe else terminal,
        stderr=terminal,
        start_new_session=True,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
            **(environment or {}),
        },
    )
    os.close(terminal)
    seen, ends = b"", time.monotonic() + limit
    try:
        while time.monotonic() < ends:
            ready, _writable, _failed = select.select([controller], [], [], 0.1)
            try:
                chunk = os.read(controller, 65536) if ready else b""
            except OSError:  # Linux: the other end is closed
                break
            seen += chunk
            if ready and not chunk:
                break
            if typed and seen:
                os.write(controller, typed)
                typed = b""
        piped, _none = process.communicate(timeout=max(ends - time.monotonic(), 1))
    finally:
        process.kill()
        process.wait()
        os.close(controller)
    return Seen(seen.decode(), (piped or b"").decode(), process.returncode)


@pytest.fixture
def on_a_terminal() -> Callable[..., Seen]:
    """Return ``run_on_a_terminal``."""
    return run_on_a_terminal
