"""Where a passphrase comes from: a descriptor, a program, or a person who types it; and how a new one is asked for."""

from __future__ import annotations

import os
import time

from taskforce import console
from taskforce.commands.frame import current, setting
from taskforce.errors import Locked, UsageError
from taskforce.i18n import _, ngettext

_LONGEST = 4096  # bytes of the line


def passphrase(*, agent_helps: bool = False) -> str:
    """The store's passphrase: what `given_passphrase` has, else what somebody types.

    Where nobody can, it is said what helps: an agent does, unless it is not asked.
    """
    given = given_passphrase()
    if given is not None:
        return given
    instead = _("--key-file, --passphrase-fd or: taskforce unlock") if agent_helps else "--passphrase-fd"
    try:
        return console.secret(_("Passphrase: "), instead=instead)
    except UsageError as error:
        if error.code != "no-terminal":
            raise
        raise Locked(
            _("the store is locked, and there is no terminal to ask for its passphrase on"), hint=error.hint
        ) from None


def given_passphrase() -> str | None:
    """The passphrase from `--passphrase-fd`, else from the setting `passphrase-command`; None without either."""
    descriptor = current.get().passphrase_fd
    if descriptor is not None:
        return _read_descriptor(descriptor)
    command = setting("passphrase-command")
    return _ask_program(command) if command else None


def wait(seconds: float) -> None:
    """Wait for what wrong passphrases cost, and say so."""
    count = max(1, round(seconds))
    text = ngettext(
        "wrong passphrases cost time: %(count)d second to wait",
        "wrong passphrases cost time: %(count)d seconds to wait",
        count,
    )
    console.note(text % {"count": count})
    time.sleep(seconds)


def new_passphrase(*, instead: str = "--key-file", is_for_file: bool = False) -> str:
    """A passphrase that was typed twice, or the proposed one, typed once: nobody takes it without having noted it.

    For a store, unless it is for a file.
    """
    from taskforce.keys import words  # deferred: only a new passphrase needs them

    proposed = words.propose_passphrase()
    first = console.secret(
        _("A passphrase for this file (enter alone takes the six words): ")
        if is_for_file
        else _("A passphrase for this store (enter alone takes the six words): "),
        instead=instead,
        above=_("six random words (%(bits)d bits), as a proposal: %(words)s")
        % {"bits": words.PROPOSED_BITS, "words": proposed},
    )
    first = first or proposed
    if console.secret(_("The same once more: ")) != first:
        raise UsageError(_("the two passphrases differ"))
    return first


def _read_descriptor(descriptor: int) -> str:
    """The first line that comes out of an open file; what is behind it stays there, for whoever reads on."""
    name = {"option": f"--passphrase-fd {descriptor}"}
    line = bytearray()
    try:
        if os.isatty(descriptor):
            raise UsageError(
                _("%(option)s: this is a terminal, which would show what is typed") % name,
                hint=_("leave the option out to be asked for the passphrase"),
            )
        while len(line) <= _LONGEST and not line.endswith(b"\n"):
            byte = os.read(descriptor, 1)
            if not byte:
                break
            line += byte
        if descriptor > 2:  # no program that is started from here gets it
            os.close(descriptor)
    except (OSError, OverflowError) as error:
        reason = os.strerror(getattr(error, "errno", None) or 9)
        raise UsageError(
            _("%(option)s: nothing can be read there: %(reason)s") % {**name, "reason": reason},
            hint="taskforce status --passphrase-fd 3 3< FILE",
        ) from None
    return _first_line(bytes(line), f"--passphrase-fd {descriptor}")


def _ask_program(command: str) -> str:
    """The first line that the program of the setting writes to stdout; its stderr stays where ours is."""
    import subprocess  # deferred: few have such a setting

    from taskforce.settings import words_of

    name = "passphrase-command"
    try:
        with subprocess.Popen(words_of(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as program:
            assert program.stdout is not None
            data = program.stdout.read(_LONGEST + 1)
            if len(data) > _LONGEST:
                program.kill()
    except (OSError, ValueError) as error:
        reason = os.strerror(getattr(error, "errno", None) or 22)
        raise Locked(
            _("the program of the setting %(name)s cannot be started: %(reason)s")
            % {"name": name, "reason": reason},
            hint=_("see it with: taskforce config show"),
            code=name,
        ) from None
    if program.returncode and len(data) <= _LONGEST:
        raise Locked(
            _("the program of the setting %(name)s ended with exit code %(code)d")
            % {"name": name, "code": program.returncode},
            hint=_("run it by itself to see why"),
            code=name,
        )
    return _first_line(data, name)


def _first_line(data: bytes, where: str) -> str:
    line = data.partition(b"\n")[0].removesuffix(b"\r")
    if not line:
        raise Locked(
            _("%(where)s: no passphrase came from there") % {"where": where}, code="no-passphrase-given"
        )
    if len(line) > _LONGEST:
        raise Locked(
            _("%(where)s: its first line is too long for a passphrase") % {"where": where},
            code="no-passphrase",
        )
    return line.decode("utf-8", "surrogateescape")
