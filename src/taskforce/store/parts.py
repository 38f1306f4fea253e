"""A part of a record while a batch of edits changes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from taskforce.sync.edit import Edit
from taskforce.sync.merge import Dot, PartState


@dataclass(slots=True)
class Part:
    """What is known of a part, what was, and which edits of it the batch brings. `scope` is 0 until it has one."""

    record: str
    kind: str
    part: str
    state: PartState
    scope: int
    heads_before: dict[str, tuple[Dot, ...]] = field(default_factory=dict)
    fresh: list[Edit] = field(default_factory=list)
    is_newly_owned: bool = False
    is_judged: bool = False

    @property
    def place(self) -> tuple[str, str, str]:
        """Its record, kind and part."""
        return self.record, self.kind, self.part
