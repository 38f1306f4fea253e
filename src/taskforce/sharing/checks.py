"""One check of a sharing decision, with what it found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """A check by name, whether it passed, why in one phrase, and the ref of what that rests on.

    Of the checks that passed the last of the greatest `weight` is told as the reason of a yes.
    """

    name: str
    passed: bool
    reason: str
    basis: str = ""
    weight: int = 0


def yes(name: str, reason: str, basis: str = "", *, weight: int = 0) -> Check:
    """A check that passed."""
    return Check(name, True, reason, basis, weight)


def no(name: str, reason: str, basis: str = "") -> Check:
    """A check that failed."""
    return Check(name, False, reason, basis)
