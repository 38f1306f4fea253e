"""Hybrid logical clock (Kulkarni et al., 2014): physical time that never runs backwards, with a counter.

It orders what is displayed and picks the value shown meanwhile among several heads. It never decides whether two
edits are concurrent, and no edit is refused for its clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

FOLLOW_BOUND = timedelta(hours=24)
"""How far a foreign clock may lead and still be followed; beyond it the edit is flagged."""

_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z/(0|[1-9]\d{0,8})", re.ASCII)
_LAST_COUNTER = 999_999_999


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """One reading: `time` is UTC to the millisecond (`2026-11-23T10:04:11.120`), `counter` breaks ties within it."""

    time: str
    counter: int

    def __str__(self) -> str:
        return f"{self.time}Z/{self.counter}"


def parse_stamp(text: str) -> Stamp:
    """The stamp written as `text`; ValueError if it is not one."""
    match = _STAMP.fullmatch(text)
    if match is None:
        raise ValueError(text)
    datetime.fromisoformat(match[1])
    return Stamp(match[1], int(match[2]))


def tick(last: Stamp | None, now: datetime) -> Stamp:
    """The next reading after `last` at physical time `now` (aware)."""
    physical = _text(now)
    if last is None or physical > last.time:
        return Stamp(physical, 0)
    if last.counter < _LAST_COUNTER:
        return Stamp(last.time, last.counter + 1)
    return Stamp(_text(datetime.fromisoformat(last.time + "+00:00") + timedelta(milliseconds=1)), 0)


def follow(last: Stamp | None, foreign: Stamp, now: datetime) -> Stamp | None:
    """The clock after meeting `foreign`: the later of the two, unless it leads `now` by more than the bound."""
    if is_far_ahead(foreign, now):
        return last
    return foreign if last is None or foreign > last else last


def is_far_ahead(stamp: Stamp, now: datetime) -> bool:
    """Whether `stamp` leads physical time `now` by more than `FOLLOW_BOUND`."""
    return stamp.time > _bound(now)


@lru_cache(maxsize=2)  # the edits of a bundle are all held against the time at which it is taken in
def _bound(now: datetime) -> str:
    return _text(now + FOLLOW_BOUND)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"
