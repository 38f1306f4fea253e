"""How replicas agree: the heads of a field as a pure function of the edits known, whatever the order they came in.

An edit of a field is covered when another known edit of it had seen it: when that one's `saw` reaches its number in
its feed, or stands later in the same feed. What is not covered is a head. This is the dotted causality of version
vectors with exceptions, kept per field so that a withheld or missing edit between two others makes no phantom
conflict.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from taskforce.sync.clock import Stamp
from taskforce.sync.edit import Saw, Value

Dot = tuple[str, int]
"""An edit's place: feed and number."""


@dataclass(slots=True)
class FieldState:
    """What is known of one field: its heads, and per feed the highest number that any known edit of it had seen."""

    heads: list[Dot] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)

    def add(self, feed: str, number: int, saw: Saw) -> None:
        """Take in the edit `number` of `feed`, which had seen `saw` of this field. Adding it again changes nothing."""
        seen = self.seen
        for other, top in saw.items():
            if top > seen.get(other, 0):
                seen[other] = top
        heads = self.heads
        if not heads and not seen:
            heads.append((feed, number))
            return
        covered = seen.get(feed, 0) >= number or any(dot[0] == feed and dot[1] >= number for dot in heads)
        if seen or len(heads) > 1 or heads[0][0] == feed:
            heads[:] = [
                dot
                for dot in heads
                if seen.get(dot[0], 0) < dot[1] and not (dot[0] == feed and dot[1] < number)
            ]
        if not covered:
            heads.append((feed, number))
            heads.sort()

    def saw_now(self) -> dict[str, int]:
        """What an edit made now has seen of this field."""
        result = dict(self.seen)
        for feed, number in self.heads:
            if number > result.get(feed, 0):
                result[feed] = number
        return result


@dataclass(frozen=True, slots=True)
class Head:
    """A head with what is shown of it."""

    dot: Dot
    stamp: Stamp
    hash: str
    value: Value


def winner(heads: Iterable[Head]) -> Head:
    """The head shown meanwhile: the latest by clock, then by hash. It decides nothing but what is shown."""
    return max(heads, key=lambda head: (head.stamp, head.hash))


def is_conflict(heads: Iterable[Head]) -> bool:
    """Whether the heads hold different values; equal concurrent values show as one."""
    values = [head.value for head in heads]
    return any(value != values[0] for value in values[1:])


_to_json = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode

PartState = dict[str, FieldState]
"""The state of every field of one part of one record."""


def merge_edit(
    state: PartState, feed: str, number: int, values: Mapping[str, Value], saw: Mapping[str, Saw]
) -> None:
    """Take an edit's fields into `state`."""
    for name in values:
        known, seen = state.get(name), saw.get(name)
        if known is not None:
            known.add(feed, number, seen or {})
        elif seen:
            state[name] = FieldState()
            state[name].add(feed, number, seen)
        else:  # what most edits in a large bundle are: a field's first
            state[name] = FieldState([(feed, number)], {})


def dump_state(state: PartState) -> str:
    """The state as JSON, fields with equal states written once: `[[heads, seen, [field, …]], …]`."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for name, known in state.items():
        seen = tuple(sorted(known.seen.items())) if known.seen else ()
        groups.setdefault((tuple(known.heads), seen), []).append(name)
    ordered = sorted(map(sorted, groups.values()))
    return _to_json([[state[names[0]].heads, state[names[0]].seen, names] for names in ordered])


def load_state(text: str) -> PartState:
    """The state written by `dump_state`."""
    state: PartState = {}
    for heads, seen, names in json.loads(text):
        for name in names:
            state[name] = FieldState([(feed, number) for feed, number in heads], dict(seen))
    return state
