"""Handling marks: TLP 2.0 (FIRST), Europol's handling codes, originator control.

The most restrictive container wins: each of them must allow it.
"""

from __future__ import annotations

from collections.abc import Iterator

from taskforce.i18n import _
from taskforce.records.schema import CARE, CASE, IDENTITY, OPERATIONAL
from taskforce.sharing.checks import Check, no, yes
from taskforce.sharing.facts import AMBER, H2, H3, LEVELS, RED, STRICT, Handling, Knowledge

_NO_BASIS = -1
"""The weight of a mark that lets a thing go on: it forbids, or not; what goes does not go because of it."""

_MARKED = (OPERATIONAL, CASE, CARE, IDENTITY)


def check_handling(recipient: str, kind: str, part: str, anchor: str, known: Knowledge) -> Iterator[Check]:
    """One check for each container of what `anchor` decides on: the record itself, its victim, its operation.

    How it is marked must be known: who holds a part only, or not the operation, does not pass it on.
    """
    if part not in _MARKED or _goes_home(recipient, kind, part, anchor, known):
        return
    for container, operation in _containers(kind, part, anchor, known):
        marked = known.handling.get(container)
        if marked is None:
            yield no("handling", _("how it is to be handled is not known here"))
        elif marked.is_set:
            yield _check(recipient, marked, operation, known)


def _goes_home(recipient: str, kind: str, part: str, anchor: str, known: Knowledge) -> bool:
    """Whether it goes back to where it came from: no mark of a victim forbids that."""
    if part == OPERATIONAL:
        return False
    if kind == "referral":
        referral = known.referrals.get(anchor)
        return referral is not None and recipient == referral.sender
    victim = known.victims.get(anchor)
    return victim is not None and recipient == victim.maker


def _containers(kind: str, part: str, anchor: str, known: Knowledge) -> list[tuple[str, str]]:
    """The records whose marks bear on it, and the operation whose participants an amber one may go to."""
    if part == OPERATIONAL:
        return [(anchor, anchor)]
    victim = anchor
    if kind == "referral":
        referral = known.referrals.get(anchor)
        victim = referral.victim if referral else ""
    if victim not in known.victims:
        return [("", "")]  # of which nothing is known
    operation = known.victims[victim].operation
    return [(victim, operation), (operation, operation)] if operation else [(victim, "")]


def _check(recipient: str, marked: Handling, operation: str, known: Knowledge) -> Check:
    """Whether a mark lets a thing go on. It always goes back to where it came from."""
    if recipient == marked.maker:
        return yes("handling", _("the agency itself marked it"), marked.ref, weight=_NO_BASIS)
    is_passing_on = bool(marked.maker) and marked.maker != known.own
    is_named = recipient in marked.named
    takes_part = recipient in known.roles.get(operation, {})
    # Each line: where it says no, and what it says. A name opens all but what is to stay, or its originator's to give.
    steps = (
        (
            is_passing_on and (marked.originator_control or H2 in marked.codes),
            _("only its originator may pass it on"),
        ),
        (marked.tlp == STRICT, _("TLP:AMBER+STRICT stays with the agency that marked it")),
        (marked.tlp not in LEVELS, _("its handling mark is not known to this version")),
        (
            H3 in marked.codes and not is_named,
            _("its handling code (H3) lets it go to named recipients only"),
        ),
        (marked.tlp == RED and not is_named, _("TLP:RED goes to named recipients only")),
        (
            marked.tlp == AMBER and not (is_named or takes_part),
            _("TLP:AMBER goes to participants of the operation only"),
        ),
    )
    for forbids, reason in steps:
        if forbids:
            return no("handling", reason, marked.ref)
    return yes("handling", _("its handling mark allows it"), marked.ref, weight=_NO_BASIS)
