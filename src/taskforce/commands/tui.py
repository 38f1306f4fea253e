"""`taskforce tui` and `taskforce wall`: the operations room."""

from __future__ import annotations

import sys

from typer.core import TyperCommand

from taskforce.commands.frame import command, flag, opened_key, opener, require_joined
from taskforce.errors import UsageError
from taskforce.i18n import _
from taskforce.output import Nothing, Result


def make_tui() -> TyperCommand:
    """`tui`."""
    return command(
        "tui",
        run_tui,
        _(
            "The operations room: a full-screen view of the operation, kept open while it runs. Everything in it is to "
            "be had from commands, too, which read well aloud."
        ),
        [flag("--read-only", _("Nothing can be changed from here"))],
    )


def make_wall() -> TyperCommand:
    """`wall`."""
    return command("wall", run_wall, _("The room without input, for a screen on the wall."))


def run_tui(read_only: bool = False) -> Result:
    """Open the room, until it is left."""
    return _run(read_only=read_only, wall=False)


def run_wall() -> Result:
    """Show the room."""
    return _run(read_only=True, wall=True)


def is_on_terminal() -> bool:
    """Whether a person sits there. Textual draws on stderr: turned into a file, that would hold the records' text."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _run(*, read_only: bool, wall: bool) -> Result:
    if not is_on_terminal():
        raise UsageError(
            _("the room needs a terminal"),
            hint=_("in a script, use the commands; the present state is: taskforce status"),
        )
    one = opener()
    key = opened_key(one)
    require_joined(one, key)
    from taskforce.tui.ending import leave_nothing_behind  # deferred: loads asyncio

    leave_nothing_behind()  # before Textual reads the environment
    from taskforce.tui.app import run  # deferred: Textual costs twenty bare starts, and only this needs it

    run(one, key, read_only=read_only, wall=wall)
    return Result(None, Nothing())
