"""Every command that the table knows, and which of them command lines call: a new one is driven, or a test says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from taskforce.cli import root


def leaves(command: Any = None, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something, with the words that call it: `referral accept`, `status`."""
    command = command or root()
    if not hasattr(command, "list_commands"):
        yield path, command
        return
    for name in command.list_commands(None):
        yield from leaves(command.get_command(None, name), f"{path} {name}".strip())


def called_by(line: list[str]) -> str:
    """The command that a command line calls; empty for none that there is."""
    command, words = root(), []
    for word in line:
        if not hasattr(command, "list_commands") or word not in command.list_commands(None):
            break
        words.append(word)
        command = command.get_command(None, word)
    return "" if hasattr(command, "list_commands") else " ".join(words)
