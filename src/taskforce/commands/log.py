"""`taskforce log correct`: an entry is never edited, a later one corrects it."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce.actions import logbook
from taskforce.actions.references import find
from taskforce.commands.frame import argument, command, open_session
from taskforce.i18n import N_, _
from taskforce.output import Result
from taskforce.records.registry import get_kind


def verbs() -> dict[str, Any]:
    """The verbs of the log beside those of every kind."""
    return {"correct": (_(_CORRECT), make_correct)}


_CORRECT = N_("Correct an entry by a later one")


def make_correct() -> TyperCommand:
    """`log correct REF TEXT`."""
    from taskforce.commands.nouns import reference_parameter, shown_record  # deferred: nouns uses this module

    kind = get_kind("log")

    def run(ref: str, text: str) -> Result:
        session = open_session()
        entry = find(session, kind, ref)
        return shown_record(session, logbook.correct(session, entry, text))

    return command(
        "correct", run, _(_CORRECT) + ".", [reference_parameter(kind), argument("text", _("What is right"))]
    )
