"""The real program in a real terminal: keys go in, bytes come out; what a terminal may get is told from the rest."""

from __future__ import annotations

import base64
import os
import re
import signal
import sys
import time

import pexpect
from program import PROGRAM, Team, environment_of

# What Textual writes by itself: text, line ends, where and how to draw (CSI), modes and questions, the shape of the
# mouse pointer; and the clipboard, which is looked into below.
ALLOWED = re.compile(
    r"\x1b\[[0-9;]*[mHJKr]|\x1b\[\?[0-9;]+[hl]|\x1b\[\?[0-9]+\$p|\x1b\[[<>=][0-9;]*u|\x1b\]22;[a-z-]*(?:\x1b\\|\x07)|[\r\n]"
)
CLIPBOARD = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
HIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ue000\U000e0041]"
)


def _space(found: re.Match[str]) -> str:
    return " " if found[0] in "\r\n" else ""


class Room:
    """The room in a terminal; everything that it wrote, and how it ended."""

    def __init__(
        self, team: Team, *words: str, size: tuple[int, int] = (36, 120), driver: str = "", **environment: str
    ) -> None:
        program = [sys.executable, "-c", driver, "tui"] if driver else PROGRAM
        self.written = ""
        self.child = pexpect.spawn(
            program[0],
            [*program[1:], *words, *team.place],
            env={**environment_of(), "TERM": "xterm-256color", **environment},
            dimensions=size,
            cwd=str(team.folder),
            encoding="utf-8",
            codec_errors="backslashreplace",
            timeout=30,
        )

    def see(self, text: str) -> None:
        """Wait until this is drawn."""
        self.child.expect(text)
        self.written += self.child.before + self.child.after

    @property
    def seen(self) -> str:
        """The text that was drawn, one word after the other."""
        return " ".join(CLIPBOARD.sub("", ALLOWED.sub(_space, self.written)).replace("▌", " ").split())

    def until(self, text: str, longest: float = 20.0) -> None:
        """Wait until these words were drawn, in one line or several."""
        end = time.monotonic() + longest
        while text not in self.seen:
            if time.monotonic() > end:
                raise AssertionError(f"{text!r} was not drawn: …{self.seen[-1500:]}")
            self.settle(0.1, 0.2)

    def settle(self, quiet: float = 0.4, longest: float = 10.0) -> None:
        """Read on until nothing has been written for a moment."""
        end = time.monotonic() + longest
        while time.monotonic() < end:
            try:
                self.written += self.child.read_nonblocking(1 << 16, timeout=quiet)
            except pexpect.TIMEOUT:
                return
            except pexpect.EOF:
                return

    def press(self, *keys: str, quiet: float = 0.4) -> None:
        """Press keys one after the other, each once the room has drawn what the one before did."""
        for key in keys:
            self.child.send(key)
            # What comes within a tenth of a second after an escape is taken for alt and a key.
            self.settle(max(quiet, 0.15) if key.endswith("\x1b") else quiet)

    def kill(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        os.kill(self.child.pid, number)

    def end(self) -> int:
        """Wait until it has ended; its exit code, negative for a signal that killed it."""
        self.child.expect(pexpect.EOF)
        self.written += self.child.before
        self.child.close()
        return (
            self.child.exitstatus if self.child.exitstatus is not None else -int(self.child.signalstatus or 0)
        )

    def leave(self) -> int:
        """Leave it by its key."""
        self.child.send("\x11")
        return self.end()


def unexpected(written: str) -> list[str]:
    """What a terminal should not have got, with what stands around it."""
    rest = ALLOWED.sub("", CLIPBOARD.sub("", written))
    return [repr(rest[max(0, one.start() - 30) : one.end() + 30]) for one in HIDDEN.finditer(rest)]


def copied(written: str) -> list[str]:
    """The texts that were put on the clipboard."""
    return [base64.b64decode(one).decode() for one in CLIPBOARD.findall(written)]


def is_restored(written: str) -> bool:
    """Whether the terminal is as it was: its own screen, a cursor, no mouse, no keys in another form, lines wrap."""
    last = {
        name: written.rfind(f"\x1b[?{name}l") > written.rfind(f"\x1b[?{name}h")
        for name in (1049, 1000, 1003, 2004)
    }
    cursor = written.rfind("\x1b[?25h") > written.rfind("\x1b[?25l")
    wraps = written.rfind("\x1b[?7h") > written.rfind("\x1b[?7l")
    return all(last.values()) and cursor and wraps and written.rfind("\x1b[<u") > written.rfind("\x1b[>")
