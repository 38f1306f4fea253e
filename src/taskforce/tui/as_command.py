"""A command of ours as text for the clipboard and the screen, whatever the names in it hold."""

from __future__ import annotations

import shlex

from taskforce.actions.references import label_of
from taskforce.store.queries import Record
from taskforce.text import safe

_LONGEST_NAME = 80


def command_line(*words: str) -> str:
    """The command: a shell takes each word for one, and nothing in it for its own."""
    return shlex.join(["taskforce", *words])


def named(record: Record) -> str:
    """How a command names a record: as people do where that is plain text, else by its ref.

    A name with an escape would stand escaped on the clipboard and find nothing; one that begins with a dash would be
    taken for an option.
    """
    label = label_of(record)
    is_plain = safe(label) == label and not label.startswith("-") and len(label) <= _LONGEST_NAME
    return label if is_plain else record.ref
