"""The only writer to stderr: notes, warnings, errors, questions and progress. stdout stays data.

Everything written passes ``safe``. Colour is used on a terminal only, and not where ``NO_COLOR`` is set
(https://no-color.org) or ``TERM`` is ``dumb``; it never carries meaning alone.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time

from taskforce.errors import UsageError
from taskforce.i18n import _
from taskforce.text import cells, clean_input, safe, shorten

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self, TextIO

    from taskforce.errors import TaskforceError

PATIENCE = 1.0  # seconds of work before progress is worth showing
REDRAW_AFTER = 0.1  # seconds between two drawings of the progress line
_BAR_CELLS = 20

_quiet = False
_shown: Progress | None = None  # the progress line on the screen, which any other line must clear first


def set_quiet(quiet: bool) -> None:
    """Leave out notes and progress from now on, or no longer; warnings, errors and questions stay."""
    global _quiet
    _quiet = quiet


def note(text: str) -> None:
    """Tell the person something worth knowing."""
    if not _quiet:
        _write_line(safe(text))


def warn(text: str) -> None:
    """Tell the person something to act on, although the command went on."""
    _write_line(_("warning: %(text)s") % {"text": safe(text)})


def picture(lines: Sequence[str]) -> None:
    """Show a picture of characters, dark on light whatever the terminal's colours, where there is a terminal.

    Its lines are of one width; where they do not fit the terminal, nothing is shown.
    """
    if _quiet or not is_terminal(sys.stderr) or max(map(len, lines), default=0) + 2 > _columns(sys.stderr):
        return
    start, end = ("\x1b[30;47m", "\x1b[0m") if is_coloured(sys.stderr) else ("", "")
    for line in lines:
        _write_line(f"{start}{safe(line)}{end}")


def is_plain() -> bool:
    """Whether only plain characters should be drawn on stderr: no colour is wanted, or it cannot show others."""
    encoding = (getattr(sys.stderr, "encoding", "") or "").lower().replace("-", "")
    return not is_coloured(sys.stderr) or not encoding.startswith("utf")


def error(failure: TaskforceError) -> None:
    """Tell the person what went wrong and what to do: each problem where there are several, then the whole."""
    label = _("error:")
    if is_coloured(sys.stderr):
        label = f"\x1b[31m{label}\x1b[0m"
    told = [*failure.problems] or [*failure.listed()]
    for number, problem in enumerate(told):
        _write_line(f"{label} {safe(problem.sentence)}")
        following = told[number + 1].hint if number + 1 < len(told) else None
        if problem.hint and problem.hint != following:  # the same advice for many lines is given once
            _write_hint(problem.hint)
    if failure.problems:
        _write_line(f"{label} {safe(failure.sentence)}")
        if failure.hint:
            _write_hint(failure.hint)


def ask(question: str, *, instead: str) -> str:
    """Return what the person answers, cleaned; on a terminal only.

    ``instead`` names the option or argument that gives the answer where nobody can be asked. Raises
    UsageError naming it then, and when the answer is no text or the person ends the input.
    """
    _require_terminal(question, instead)
    _clear_progress()
    sys.stderr.write(f" {safe(question)} ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        sys.stderr.write("\n")
        raise UsageError(_("no answer was given to: %(question)s") % {"question": question})
    try:
        return clean_input(answer.strip())
    except ValueError:
        raise UsageError(_("the answer is not valid text"), hint=_("type it in UTF-8")) from None


def confirm(question: str, *, yes: bool = False, instead: str = "--yes") -> bool:
    """Return whether the person says yes; anything but a clear yes is a no. ``yes`` answers beforehand.

    Raises UsageError, naming ``instead``, where there is no terminal to ask on.
    """
    if yes:
        return True
    return is_yes(ask(f"{question} [{_('y/N')}]", instead=instead))


def is_yes(answer: str) -> bool:
    """Return whether what somebody typed is a clear yes."""
    return answer.strip().casefold() in {"y", "yes", _("y").casefold(), _("yes").casefold()}


def secret(prompt: str, *, instead: str = "--key-file", above: str = "") -> str:
    """Return a secret typed on the terminal without showing it, exactly as typed.

    ``above`` is a line for the person who is asked, shown above the prompt on the terminal and nowhere else.
    It is read from the terminal even where stdin is a file. Raises UsageError, naming ``instead``, where
    there is no terminal, or none on which typing can be hidden.
    """
    if not is_terminal(sys.stderr) or not (is_terminal(sys.stdin) or _has_own_terminal()):
        raise _nobody_to_ask(prompt, instead)
    import getpass  # deferred: few commands ask for a secret
    import warnings

    _clear_progress()
    if above:
        _write_line(safe(above))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)  # it would show what is typed
            return getpass.getpass(f" {safe(prompt)} ")
    except (EOFError, getpass.GetPassWarning):
        raise _nobody_to_ask(prompt, instead) from None


def progress(label: str, total: int | None = None) -> Progress:
    """Return the progress of a work of ``total`` steps (None: unknown), to use in a ``with`` statement."""
    return Progress(label, total)


class Progress:
    """A line on stderr showing how far work has come: on a terminal only, after one second, then cleared."""

    def __init__(self, label: str, total: int | None) -> None:
        self._label = safe(label)
        self._total = total
        self._done = 0
        self._width = 0  # cells of the line on the screen now
        self._next_drawing = 0.0

    def __enter__(self) -> Self:
        visible = not _quiet and is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
        self._next_drawing = time.monotonic() + PATIENCE if visible else float("inf")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._next_drawing = float("inf")
        self.clear()

    def advance(self, steps: int = 1) -> None:
        """Count ``steps`` more as done."""
        self._done += steps
        now = time.monotonic()
        if now >= self._next_drawing:
            self._next_drawing = now + REDRAW_AFTER
            self._draw()

    def clear(self) -> None:
        """Take the line off the screen."""
        global _shown
        if self._width:
            _write_raw("\r" + " " * self._width + "\r")
            self._width = 0
            _shown = None

    def _draw(self) -> None:
        global _shown
        line = shorten(f" {self._label}  {self._amount()}", _columns(sys.stderr) - 1)
        width = cells(line)
        _write_raw("\r" + line + " " * (self._width - width))
        self._width = width
        _shown = self

    def _amount(self) -> str:
        if not self._total:
            return f"{self._done:,}"
        part = min(self._done / self._total, 1.0)
        bar = "=" * int(part * _BAR_CELLS)
        of = _("%(done)s of %(total)s") % {"done": f"{self._done:,}", "total": f"{self._total:,}"}
        return f"[{bar:<{_BAR_CELLS}}] {part:4.0%}  {of}"


def is_coloured(stream: TextIO | None) -> bool:
    """Return whether colour may be written to ``stream``."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not is_terminal(stream):
        return False
    return os.name != "nt" or "WT_SESSION" in os.environ  # the old Windows console prints the codes


def _write_hint(hint: str) -> None:
    _write_line(_("hint: %(text)s") % {"text": safe(hint)})


def _write_line(line: str) -> None:
    _clear_progress()
    if sys.stdout is not None:
        with contextlib.suppress(OSError, ValueError):  # what broke there is reported there
            sys.stdout.flush()  # so that data and talk appear in the order they were written
    _write_raw(f" {line}\n")


def _write_raw(text: str) -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):  # nobody listens: no reason to stop working
            sys.stderr.write(text)
            sys.stderr.flush()


def _clear_progress() -> None:
    if _shown is not None:
        _shown.clear()


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _require_terminal(question: str, instead: str) -> None:
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise _nobody_to_ask(question, instead)


def _nobody_to_ask(question: str, instead: str) -> UsageError:
    return UsageError(
        _("there is no terminal to ask on: %(question)s") % {"question": question},
        hint=_("answer beforehand with %(option)s") % {"option": instead},
        code="no-terminal",
    )


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether somebody sits at the other end of ``stream``."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def _has_own_terminal() -> bool:
    """Return whether the process has a terminal that getpass can open although stdin is a file."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | getattr(os, "O_NOCTTY", 0)))
    except OSError:
        return False
    return True
