"""Leaves a store's database key with an agent for a while, and takes it away again."""

from __future__ import annotations

from pathlib import Path

from taskforce.errors import Locked, Refused, StoreError
from taskforce.i18n import _
from taskforce.keys import agent
from taskforce.keys.agent import AgentState
from taskforce.keys.private_folder import make_private_folder, mark_locked, name_of_store


def require_agents() -> None:
    """Refused on a system that has none."""
    if not agent.is_possible():
        raise Refused(
            _("there is no agent on Windows: a store cannot be left unlocked between commands"),
            hint=_("use --key-file or --passphrase-fd, or work in the room, which asks once: taskforce tui"),
            code="no-agent",
        )


def start(folder: Path, key: bytes, *, idle: int, limit: int) -> AgentState:
    """Leave the database key of the store in `folder`, which it opens, with an agent; in place of an older one.

    It is kept until nothing has asked for it for `idle` seconds, and `limit` seconds at the most. StoreError if there
    can be no agent.
    """
    from taskforce.keys.agent_process import start_agent  # deferred: only here

    require_agents()
    make_private_folder()
    agent.end_agent(folder)
    reason = start_agent(str(folder), name_of_store(folder), key, idle=idle, limit=limit)
    if reason:
        raise StoreError(
            _("the agent could not be started: %(reason)s") % {"reason": reason},
            hint=_("the store is locked"),
            code="agent",
        )
    state = agent.ask_state(folder)
    if state is None:
        raise StoreError(_("the agent ended at once"), hint=_("the store is locked"), code="agent")
    return state


def end(folder: Path) -> bool:
    """Let the agent of the store in `folder` forget its key, and rooms that show the store lock themselves.

    Whether there was an agent. Locked if there is no store.
    """
    require_agents()
    if not folder.is_dir():
        raise Locked(_("there is no store in %(folder)s") % {"folder": folder})
    was_there = agent.end_agent(folder)
    mark_locked(folder)
    return was_there


def end_all() -> list[str]:
    """The same for all stores of this user; the folders of those that were unlocked."""
    require_agents()
    folders = agent.end_all_agents()
    mark_locked(None)
    return folders
