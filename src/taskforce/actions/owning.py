"""Who may erase a record: whose it is, or, where nobody can prove to have made it, who leads its operation."""

from __future__ import annotations

from taskforce.actions.session import Session
from taskforce.actions.whose_word import Words
from taskforce.crockford import natural_id
from taskforce.records.registry import find_kind, get_kind
from taskforce.records.schema import Kind
from taskforce.store import history, proposals, queries
from taskforce.sync.edit import Edit


def owns_natural(session: Session, edit: Edit, agency: str) -> bool:
    """Whether a record that nobody can prove to have made is an agency's to erase: its own, or its operation's."""
    kind = find_kind(edit.kind)
    if kind is None or queries.owner_of(session.store.connection, kind, edit.record):
        return False
    whose = natural_id("agency", agency)
    if kind.name == "agency":
        return edit.record == whose
    return leads_of(session, kind, edit.record) == {whose}


def leads_of(session: Session, kind: Kind, record: str) -> set[str]:
    """The record ids of the agencies that lead the operations that a record was ever said to be of.

    All that count, or where none does, all: anybody may move somebody's record into an operation of their own. One of
    which it is not clear who leads it counts as led by the empty string, which is nobody. Operations of which nothing
    is known here do not count: who is not told of an operation must still be able to erase what came from it.
    """
    connection = session.store.connection
    named = {record}
    if kind.name != "operation":
        edits = history.edits_of_record(connection, kind, record)
        naming = [edit for edit in edits if "operation" in edit.set]
        proposed = proposals.fields_proposed(connection, record, kind.name)
        counting = [edit for edit in naming if (edit.feed, edit.number, "operation") not in proposed]
        named = {str(edit.set["operation"]) for edit in counting or naming}
    words = Words(session)
    operations = (queries.get_record(connection, get_kind("operation"), one) for one in named)
    return {words.lead_for_all(one) for one in operations if one is not None}
