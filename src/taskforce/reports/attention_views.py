"""How what needs attention is marked: a sign and a style for each kind of trouble, and where to see all of it."""

from __future__ import annotations

from collections.abc import Mapping

GLYPHS: Mapping[str, str] = {
    "late": "!",
    "draft": "○",
    "due": "◔",
    "conflict": "≠",
    "proposal": "±",
    "quarantine": "?",
    "agreement": "§",
    "bundle": "↓",
    "stale": "!",
    "erased": "×",
    "revoked": "⊘",
    "recall": "←",
    "recalled": "←",
    "clock": "◷",
    "unanswered": "↑",
    "waiting": "↑",
    "newer": "+",
}
"""A sign for each kind of item of `taskforce.actions.attention`."""

STYLES: Mapping[str, str] = {
    "late": "late",
    "stale": "late",
    "conflict": "conflict",
    "proposal": "conflict",
    "quarantine": "conflict",
    "erased": "late",
    "revoked": "late",
    "recall": "late",
}
"""A style word for those kinds that stand out; the sign and the sentence say it, too."""

SEE_ALL: Mapping[tuple[str, str], str] = {
    ("late", "referral"): "taskforce referral list --overdue",
    ("late", "assignment"): "taskforce assignment list --overdue",
    ("draft", "referral"): "taskforce referral list --status draft",
    ("due", "referral"): "taskforce referral list --status sent,received",
    ("conflict", "record"): "taskforce conflict list",
    ("proposal", "record"): "taskforce proposal list",
    ("quarantine", "edit"): "taskforce quarantine list",
    ("late", "agreement"): "taskforce agreement due",
    ("agreement", "agreement"): "taskforce agreement due",
    ("unanswered", "peer"): "taskforce peer list",
    ("waiting", "peer"): "taskforce peer list",
    ("bundle", "peer"): "taskforce peer list",
    ("stale", "peer"): "taskforce peer list",
    ("erased", "peer"): "taskforce erase status",
    ("revoked", "agency"): "taskforce device list",
    ("revoked", "peer"): "taskforce device list",
    ("recall", "recall"): "taskforce recall status",
    ("recalled", "peer"): "taskforce recall status",
    ("newer", "record"): "taskforce doctor",
    ("clock", "peer"): "taskforce status",
}
"""The command that lists all items of a kind and noun."""
