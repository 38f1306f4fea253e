"""Archived here, edited there: who took a record out of view and who set a field of it, neither having seen the other.

An edit that brings an archived record back into view, its author having seen it archived, says so in what it `saw` of
`archived`; so it is told from one that did not know. What is unseen on both sides people decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from taskforce.records.schema import ARCHIVED, DROPPED
from taskforce.sync.ancestry import had_seen
from taskforce.sync.edit import Edit
from taskforce.sync.merge import Dot, PartState

_NO_VALUES = (ARCHIVED, DROPPED)
"""A device that says it has dropped what was erased sets no value; it may be heard before the erasure is."""


@dataclass(frozen=True, slots=True)
class Crossed:
    """The edits that archived a record and, of one part, those that set fields without knowing, each once."""

    archiving: tuple[Edit, ...]
    editing: tuple[Edit, ...]


def crossed(states: Mapping[str, PartState], edit_at: Callable[[Dot], Edit]) -> dict[str, Crossed]:
    """The parts of a record in which both happened. `states` are all of its parts, but for erased ones.

    A part in which nobody archived anything came, or was begun, without whoever archived the others knowing it.
    """
    archived = {
        part: [edit for dot in state[ARCHIVED].heads if (edit := edit_at(dot)).set[ARCHIVED]]
        for part, state in states.items()
        if ARCHIVED in state
    }
    everywhere = [edit for edits in archived.values() for edit in edits]
    found = {}
    for part, state in states.items() if everywhere else ():
        archiving: dict[str, Edit] = {}
        editing: dict[str, Edit] = {}
        for name, known in state.items():
            for dot in known.heads if name not in _NO_VALUES else ():
                edit = edit_at(dot)
                for archive in archived.get(part, everywhere):
                    if not had_seen(archive, edit, name) and not had_seen(edit, archive, ARCHIVED):
                        archiving[archive.hash] = archive
                        editing[edit.hash] = edit
        if editing:
            found[part] = Crossed(tuple(archiving.values()), tuple(editing.values()))
    return found


def hides(state: PartState, edit_at: Callable[[Dot], Edit]) -> bool:
    """Whether a part is archived, by edits that had seen all that is in it."""
    if ARCHIVED not in state:
        return False
    for dot in state[ARCHIVED].heads:
        edit = edit_at(dot)
        if not edit.set[ARCHIVED]:
            return False
        for name, known in state.items():
            saw = {**edit.saw.get(name, {}), edit.feed: edit.number}
            if name not in _NO_VALUES and any(number > saw.get(feed, 0) for feed, number in known.heads):
                return False
    return True
