"""Lets a person write a text in an editor of their own, without the text ever reaching a disk.

The file lies in a folder of its own, mode 0700, in memory (tmpfs), and is gone when the editor has ended, whatever
ended it; what a killed program left is removed the next time. Where there is no such memory no editor is started: the
room has one. What an editor keeps elsewhere by itself only its owner knows; vim is told to keep nothing.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from taskforce.errors import Refused, StoreError, UsageError
from taskforce.i18n import _

_PREFIX, _KEPT = "taskforce-edit-", "taskforce-kept-"
_IN_MEMORY = ("tmpfs", "ramfs")
_MOUNTS = Path("/proc/self/mounts")
_MOST_BYTES = 1_000_000
_LAST_WORDS = 5  # seconds that an editor has to end once this program is to end
_SILENT_VIM = (
    *("-n", "-i", "NONE", "--cmd", "set nomodeline"),
    *("-c", "set nobackup nowritebackup noundofile noswapfile"),
)
"""No swap file, no viminfo, no backup, no undo file; and no text of others that sets options."""


@dataclass(slots=True)
class Written:
    """What stood in the file when the editor had ended, and a sentence if it did not end well.

    `stopped` says that a signal asked this program to end.
    """

    path: Path
    text: str
    fault: str = ""
    stopped: bool = False
    stays: bool = False

    def stay(self) -> Path:
        """Leave the file where it is, in memory until the device is switched off, as it has no better place."""
        self.stays = True
        folder = self.path.parent
        kept = folder.with_name(_KEPT + folder.name.removeprefix(_PREFIX))
        folder.rename(kept)
        return kept / self.path.name


def editor_of_person() -> list[str]:
    """The person's editor with its arguments, `VISUAL` or `EDITOR`; UsageError if there is none."""
    import shlex  # deferred: only who writes a text needs it

    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    try:
        words = shlex.split(named, posix=os.name != "nt")
    except ValueError:
        words = []
    program = shutil.which(words[0]) if words else None
    if program is None:
        raise UsageError(
            _('the editor "%(editor)s" is not there') % {"editor": named}
            if named
            else _("neither VISUAL nor EDITOR says which editor to use"),
            hint=_(
                "name one, such as VISUAL=nano, or write the text in the room: taskforce tui, then c and e"
            ),
            code="no-editor",
        )
    is_vim = "vim" in Path(os.path.realpath(program)).name
    return [program, *(_SILENT_VIM if is_vim else ()), *words[1:]]


@contextmanager
def written(text: str, name: str) -> Iterator[Written]:
    """Let the person write, beginning with `text`; the file is there until the block is left.

    `name` is what the file is called. Raises UsageError without an editor, Refused where there is no memory for the
    file or where the editor does not start.
    """
    command = editor_of_person()
    folder = _new_folder()
    done = None
    try:
        path = folder / name
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode() + b"\n")
        done = _edited([*command, str(path)], path)
        yield done
    finally:
        if done is None or not done.stays:
            shutil.rmtree(folder, ignore_errors=True)


def _edited(command: Sequence[str], path: Path) -> Written:
    import subprocess  # deferred: no other command starts a program

    # What the editor draws is no data: it goes to the terminal, or at least not to stdout.
    out = None if sys.stdout is not None and sys.stdout.isatty() else 2
    with _heeding_signals():
        try:
            running = subprocess.Popen(command, stdout=out)
        except OSError as error:
            raise Refused(
                _("the editor did not start: %(reason)s") % {"reason": os.strerror(error.errno or 0)}
            ) from None
        try:
            code = running.wait()
        except _Stopped:
            running.terminate()
            with suppress(subprocess.TimeoutExpired):
                running.wait(_LAST_WORDS)
            return Written(path, _read(path)[0], stopped=True)
    text, fault = _read(path)
    if code:
        fault = _("the editor ended with exit code %(code)d") % {"code": code}
    return Written(path, text, fault)


def _read(path: Path) -> tuple[str, str]:
    """What stands in the file, without the line end that editors put at the end, and what is wrong with it.

    Nothing stands in a file that is gone.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST_BYTES)
    except FileNotFoundError:
        return "", ""
    except OSError:
        raise StoreError(_("what the editor wrote cannot be read")) from None
    text = data.decode(errors="replace").replace("\r\n", "\n").removesuffix("\n")
    try:
        data.decode()
    except UnicodeDecodeError:
        return text, _("the text holds bytes that are not UTF-8")
    return text, ""


class _Stopped(BaseException):
    """A signal asked this program to end."""


@contextmanager
def _heeding_signals() -> Iterator[None]:
    """While the editor runs, Ctrl-C is for the editor, and what ends this program ends the editor first."""

    def stop(_number: int, _frame: object) -> None:
        raise _Stopped

    def leave(_number: int, _frame: object) -> None:
        pass  # not SIG_IGN, which the editor would inherit

    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, leave if number == signal.SIGINT else stop) for number in numbers}
    try:
        yield
    finally:
        for number, heed in before.items():
            signal.signal(number, heed)


def _new_folder() -> Path:
    """A fresh folder for one file, in memory; Refused if there is no memory to hold files."""
    for place in (os.environ.get("XDG_RUNTIME_DIR", ""), "/dev/shm"):
        if place and os.path.isabs(place) and _is_in_memory(Path(place)) and os.access(place, os.W_OK):
            _sweep(Path(place))
            folder = Path(place) / f"{_PREFIX}{os.getpid()}-{os.urandom(6).hex()}"
            folder.mkdir(mode=0o700)
            return folder
    raise Refused(
        _("there is no folder in memory here: an editor would write the text to the disk in the clear"),
        hint=_("write it in the room, which needs no file: taskforce tui, then c and e"),
        code="no-memory-folder",
    )


def _is_in_memory(place: Path) -> bool:
    """Whether what is written to a folder stays in memory."""
    try:
        mounts = [line.split(" ") for line in _MOUNTS.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError):
        return False  # no Linux: who knows
    real = place.resolve()
    holding = [
        (len(words[1]), at, words[2])
        for at, words in enumerate(mounts)
        if len(words) > 2 and (real == Path(words[1]) or Path(words[1]) in real.parents)
    ]
    return bool(holding) and max(holding)[2] in _IN_MEMORY


def _sweep(place: Path) -> None:
    """Remove what a program that was killed left of its editing."""
    for folder in place.glob(_PREFIX + "*"):
        process = folder.name.removeprefix(_PREFIX).partition("-")[0]
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid() or not process.isdigit():
                continue
            try:
                os.kill(int(process), 0)
            except ProcessLookupError:
                shutil.rmtree(folder, ignore_errors=True)
