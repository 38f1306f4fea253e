"""`taskforce unlock` and `taskforce lock`: the key is left with an agent for a while, and taken away again."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from typer.core import TyperCommand

from taskforce import moments, settings
from taskforce.commands.frame import command, flag, opened_slot, opener, option, setting, store_folder
from taskforce.i18n import _
from taskforce.output import Fields, Line, Lines, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from taskforce.keys.agent import AgentState


def make_unlock() -> TyperCommand:
    """`unlock`."""
    return command(
        "unlock",
        run_unlock,
        _(
            "Open this store once for the commands to come: an agent keeps its key in memory, for commands of yours on "
            "this computer. It forgets it after a while without a command, at the latest after the time that --for "
            "says, when the computer has slept, and by taskforce lock. Without an option, and unlocked already, it "
            "says for how long."
        ),
        [
            option(
                "--for/limit",
                _("How long at the most, such as 15m; 8h unless the setting unlock-for says"),
                metavar="TIME",
            ),
            option(
                "--idle",
                _("How long without a command; 15m unless the setting unlock-idle says"),
                metavar="TIME",
            ),
        ],
    )


def run_unlock(limit: str | None, idle: str | None) -> Result:
    """Unlock, or say that it is."""
    from taskforce.actions import agents  # deferred: loads the cryptographic libraries
    from taskforce.keys import agent
    from taskforce.store.store import Store

    agents.require_agents()
    seconds = _chosen("--for", limit, "unlock-for", settings.UNLOCK_FOR)
    seconds_idle = _chosen("--idle", idle, "unlock-idle", settings.UNLOCK_IDLE)
    folder = store_folder().resolve()
    if limit is None and idle is None and (state := agent.ask_state(folder)):
        return _result(folder, state, _("Unlocked already"))
    key = opened_slot(opener()).key
    Store.open(
        folder, key, briefly=True
    ).close()  # what is wrong with it is better said now than at each command
    return _result(folder, agents.start(folder, key, idle=seconds_idle, limit=seconds), _("Unlocked"))


def make_lock() -> TyperCommand:
    """`lock`."""
    return command(
        "lock",
        run_lock,
        _(
            "Lock this store at once: the agent wipes its key and ends, and rooms that show the store lock themselves. "
            "It takes no key."
        ),
        [flag("--all", _("Every store that you have unlocked, and every room"))],
    )


def run_lock(all: bool) -> Result:
    """Lock."""
    from taskforce.actions import agents  # deferred: only here

    folder = store_folder().resolve()
    folders = agents.end_all() if all else [str(folder)] if agents.end(folder) else []
    said = [_("locked: %(folder)s") % {"folder": each} for each in folders]
    said = said or [_("nothing was unlocked; rooms that are open lock themselves")]
    return Result({"locked": folders}, Lines(tuple(said)))


def unlocked_data(state: AgentState | None) -> dict[str, object] | None:
    """For scripts: for how long the key is with an agent."""
    if state is None:
        return None
    return {
        "seconds_left": int(state.seconds),
        "seconds_idle": int(state.idle),
        "until": moments.time_text(_until(state)),
    }


def unlocked_text(state: AgentState) -> str:
    """For people: for how long the key is with an agent."""
    return _("unlocked until %(until)s at the latest, or for %(idle)s without a command") % {
        "until": moments.show_time(moments.time_text(_until(state))),
        "idle": _length(state.idle),
    }


def _until(state: AgentState) -> datetime:
    return moments.now() + timedelta(seconds=state.left)


def _result(folder: Path, state: AgentState, title: str) -> Result:
    data = {"store": str(folder), **(unlocked_data(state) or {})}
    pairs = (
        (_("Store"), str(folder)),
        (_("Locks after"), _("%(time)s without a command") % {"time": _length(state.idle)}),
        (_("At the latest"), moments.show_time(moments.time_text(_until(state)))),
        (_("Before that"), Line("taskforce lock", "command")),
    )
    return Result(data, Fields(title, pairs))


def _chosen(name: str, given: str | None, setting_name: str, default: int) -> int:
    if given is not None:
        return settings.seconds_of(name, given or "0", default)
    return settings.seconds_of(setting_name, setting(setting_name), default)


def _length(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return _("%(n)d min") % {"n": minutes}
    if not minutes:
        return _("%(n)d h") % {"n": hours}
    return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
