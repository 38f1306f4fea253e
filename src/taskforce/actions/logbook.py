"""The operation's log: writes an entry, says which kind of entry a line announces, corrects an entry by a later one."""

from __future__ import annotations

from taskforce.actions import keeping
from taskforce.actions.session import Session
from taskforce.errors import Refused, UsageError
from taskforce.i18n import _
from taskforce.records.codes import LOG_CATEGORIES
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.store.queries import Condition, Record

_LIKE_THE_FIRST = ("operation", "category", "site", "assignment")
"""What a correction has in common with the entry that it corrects."""


def recognise(line: str) -> tuple[str, str]:
    """The category that a line announces before a colon, and the text after it: `decision: wait for the second team`.

    Only a whole code or label announces one, in whatever case; any other line is text from its beginning, and its
    category is the empty string.
    """
    word, colon, rest = line.partition(":")
    if colon:
        wanted = word.strip().casefold()
        for code, label in LOG_CATEGORIES.items():
            if wanted in (code, label.casefold(), _(label).casefold()):
                return code, rest.strip()
    return "", line.strip()


def write(session: Session, line: str, category: str = "") -> Record:
    """Write an entry, now; what the line announces comes before `category`. UsageError if there is no text."""
    announced, text = recognise(line)
    if not text:
        raise UsageError(_("an entry needs a text"))
    typed = {"text": text, "category": announced or category}
    return keeping.add(session, get_kind("log"), {name: value for name, value in typed.items() if value})


def correct(session: Session, entry: Record, text: str) -> Record:
    """Correct an entry by a later one of the same category and place. Refused where the text is the same."""
    if text.strip() == entry.text("text").strip():
        raise Refused(_("%(ref)s says just that already") % {"ref": entry.ref})
    typed = {name: entry.text(name) for name in _LIKE_THE_FIRST if entry.text(name)}
    return keeping.add(session, get_kind("log"), {**typed, "text": text, "corrects": entry.id})


def corrections_of(session: Session, ids: list[str]) -> dict[str, list[Record]]:
    """The entries that correct those with these ids, oldest first, by the id of the one corrected."""
    kind = get_kind("log")
    found: dict[str, list[Record]] = {}
    conditions = [Condition("corrects", "in", ids)]
    for record in queries.list_records(session.store.connection, kind, conditions, sort=[("at", False)]):
        found.setdefault(record.text("corrects"), []).append(record)
    return found
