"""Handling marks: TLP 2.0 (FIRST), Europol's handling codes, originator control.

The most restrictive container wins: each of them must allow it.
"""

from __future__ import annotations

from collections.abc import Iterator

from taskforce.i18n import _
from taskforce.records.schema import CARE, CASE, DIRECTORY, IDENTITY, OPERATIONAL
from taskforce.sharing.checks import Check, no, yes
from taskforce.sharing.facts import AMBER, H2, H3, LEVELS, RED, STRICT, Handling, Knowledge


def check_handling(recipient: str, kind: str, part: str, anchor: str, known: Knowledge) -> Iterator[Check]:
    """One check for each marked container of what `anchor` decides on: the record itself, its victim, its operation."""
    if not known.handling or part == DIRECTORY:
        return
    for container, operation in _containers(kind, part, anchor, known):
        marked = known.handling.get(container)
        if marked is not None:
            yield _check(recipient, marked, operation, known)


def _containers(kind: str, part: str, anchor: str, known: Knowledge) -> list[tuple[str, str]]:
    """The records whose marks bear on it, and the operation whose participants an amber one may go to."""
    if part == OPERATIONAL:
        return [(anchor, anchor)]
    if part not in (CASE, CARE, IDENTITY):
        return [(anchor, "")]
    found = []
    victim = anchor
    if kind == "referral":
        referral = known.referrals.get(anchor)
        victim = referral.victim if referral else ""
        found.append(anchor)
    operation = known.victims[victim].operation if victim in known.victims else ""
    return [(each, operation) for each in (*found, victim, operation) if each]


def _check(recipient: str, marked: Handling, operation: str, known: Knowledge) -> Check:
    """Whether a mark lets a thing go on. It always goes back to where it came from."""
    if recipient == marked.maker:
        return yes("handling", _("the agency itself marked it"), marked.ref)
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
    return yes("handling", _("its handling mark allows it"), marked.ref)
