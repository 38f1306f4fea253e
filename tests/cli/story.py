"""A store in which there is something of everything, made with the real program by two teams."""

from __future__ import annotations

from pathlib import Path

from program import Team, introduce, new_team


def make_story(folder: Path) -> Team:
    """The first team's store: every kind, a conflict, a peer with a bundle missing, things that are late or due."""
    first, second = (
        new_team(folder / "1", "INTERPOL", "J. Okafor"),
        new_team(folder / "2", "KH-CNP", "J. Sok"),
    )
    introduce(first, second)
    for line in (
        ("agency", "add", "KH-CNP"),
        ("agency", "add", "KH-NGO", "--name", "Chomrong Shelter", "--services", "shelter,medical"),
        ("operation", "add", "STORM MAKERS II", "--lead", "INTERPOL", "--start", "2023-10-16"),
        ("use", "STORM MAKERS II"),
        ("contact", "add", "J. Sok", "--agency", "KH-CNP"),
        ("operation", "join", "STORM MAKERS II", "KH-CNP", "--role", "partner"),
        ("site", "add", "Compound 4", "--country", "KH"),
        ("assignment", "add", "Inspect compound 4", "--agency", "KH-CNP", "--due", "-2d"),
        ("agreement", "add", "Memorandum 7", "--parties", "KH,KH-CNP", "--review-by", "+5d"),
        ("victim", "add", "--age-band", "21-23"),
        ("log", "add", "Gate opened, no resistance"),
    ):
        first.call(*line).ok()
    agreement = first.data("agreement", "list")[0]["ref"]
    first.call("agreement", "sign", agreement).ok()
    victim = first.data("victim", "list")[0]["ref"]
    first.consent(victim, "KH-NGO")
    for _time in range(2):
        first.call(
            "referral", "add", victim, "--to", "KH-NGO", "--services", "shelter", "--urgency", "3h"
        ).ok()
    for referral in first.data("referral", "list"):
        first.call("referral", "send", referral["ref"]).ok()
    hand_over(first, second)
    assignment = first.data("assignment", "list")[0]["id"]
    first.call("assignment", "edit", assignment, "--due", "-1d").ok()
    second.call("assignment", "edit", assignment, "--due", "-3d").ok()
    second.call("export", "--to", "INTERPOL", "-o", str(folder / "lost.bundle")).ok()
    second.call("agency", "edit", "KH-CNP", "--name", "Cambodian National Police").ok()
    hand_over(second, first)
    return first


def hand_over(sender: Team, receiver: Team) -> Path:
    """One bundle from one team to the other, and its file."""
    path = sender.folder / "next.bundle"
    sender.call("export", "--to", receiver.data("status")["agency"], "-o", str(path), "--force").ok()
    receiver.call("import", str(path)).ok()
    return path
