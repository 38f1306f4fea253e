"""The document of the room's keys, from the bindings that the screens, dialogs and widgets declare."""

from __future__ import annotations

from collections.abc import Iterator

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import Keys, format_key

from taskforce.tui.bindings import bindings_of, owners

SECTIONS: dict[str, dict[str, str]] = {
    "Everywhere": {"TaskforceApp": ""},
    "Screens": {
        "HomeScreen": "Room",
        "RecordsScreen": "What assignments, referrals, log and agencies share",
        "AssignmentsScreen": "Assignments",
        "ReferralsScreen": "Referrals",
        "LogScreen": "Log",
        "AgenciesScreen": "Agencies",
        "ExchangeScreen": "Exchange",
        "ConflictsScreen": "Conflicts",
        "ProposalsScreen": "Proposals",
    },
    "Within a screen": {
        "RecordTable": "Tables",
        "Block": "Blocks of the room, and lanes",
        "PickList": "Lists of exchange",
        "Sides": "The values of a conflict",
        "ProposalList": "The list of proposals",
        "EntryLine": "The log line",
    },
    "Dialogs": {
        "RoomDialog": "All of them",
        "RecordDialog": "A record",
        "FormDialog": "Form",
        "FieldLine": "A line of a form or move",
        "MovesDialog": "Moves",
        "ReferDialog": "New referral",
        "PickLine": "A line of a new referral",
        "CorrectDialog": "Correct a log entry",
        "BundleDialog": "Before a bundle leaves",
        "FileDialog": "Before a file is taken in",
        "QuarantinedDialog": "What is in quarantine",
        "FeedDialog": "A feed",
        "EraseDialog": "Erasing",
        "ListedDialog": "Lists of what is shared",
        "ConsentsDialog": "Consents",
        "RecordSharingDialog": "Who may have a record, who was told of it",
        "AgreementsDialog": "Agreements due",
        "DevicesDialog": "Devices and keys",
        "RevokeDialog": "Before a device is revoked",
        "WordsDialog": "This agency's words",
        "AuditDialog": "Whether anybody rewrote the store",
        "RecallDialog": "What others have and may not have any more",
        "RejectDialog": "Why a proposal is rejected",
        "ReasonDialog": "Why somebody looks",
        "PathDialog": "Which file",
        "OperationDialog": "Which operation",
        "SearchDialog": "Search",
        "HelpDialog": "Help",
        "LockedScreen": "Locked",
    },
}
"""Every class of the room that has keys, by its heading in the document."""


def keys_lines() -> Iterator[str]:
    """The lines of the document. Raises SystemExit where a class with keys has no place in it."""
    found = {owner.__name__: owner for owner in owners()}
    listed = {name for section in SECTIONS.values() for name in section}
    if listed != set(found):
        raise SystemExit(
            f"tools/keys_document.py: SECTIONS and the room differ in {sorted(listed ^ set(found))}"
        )
    yield from (
        "# Keys of the room",
        "",
        "Every key of the [operations room](room.md). Where two things want the same key, what is nearer to the cursor",
        "has it: the line or table first, then the dialog or screen, then what works everywhere. A key that would do",
        "nothing here and now is not offered: `?` shows those that do, and `ctrl+p` finds them by their words. Tab and",
        "shift+tab go from one part of a screen to the next; the mouse clicks, chooses and scrolls.",
        "",
        "The last column is the name for the setting `keymap`, which gives a thing other keys:",
        "`taskforce config set keymap 'go.log=f5|l,undo=ctrl+z'`.",
    )
    for title, section in SECTIONS.items():
        yield from ("", f"## {title}")
        for name, heading in section.items():
            if name not in found:
                continue
            yield from ("", f"### {heading}") if heading else ()
            yield from _table(found[name])


def _table(owner: type[DOMNode]) -> Iterator[str]:
    yield from ("", "| keys | what | name |", "|---|---|---|")
    for binding in bindings_of(owner):
        keys = " ".join(f"`{_shown(key)}`" for key in binding.key.split(","))
        yield f"| {keys} | {_what(binding)} | `{binding.id}` |"


def _what(binding: Binding) -> str:
    return binding.description + (f": {binding.tooltip}" if binding.tooltip else "")


def _shown(key: str) -> str:
    """A key as it stands on the keyboard."""
    named = key in {each.value for each in Keys} or "+" in key
    return key if named else format_key(key)
