"""Times that several devices of one agency have noted by themselves for one and the same thing: the earliest counts.

When a referral to the agency arrived, and when a recall was obeyed, each device notes on its own. The agency has one
answer to that, and nobody is to be asked about a conflict that no person made.
"""

from __future__ import annotations

from taskforce.actions.session import Session
from taskforce.records.registry import get_kind
from taskforce.store import exchange, history

_NOTED = (("referral", "received_at"), ("recall", "confirmed_at"))
"""Kinds, each with the field that devices set by themselves."""


def settle_noted(session: Session) -> None:
    """Let the earliest time stand where devices of this agency, this one among them, noted several.

    A device that has noted nothing itself leaves it to those that have: to set the time says that it has done so. Only
    inside a transaction.
    """
    connection, me = session.store.connection, session.store.me
    own = {one.id for one in exchange.devices(connection, me.agency)}
    found: list[tuple[str, str, str, str]] = []
    for record, kind_name, part, field in history.conflicts(connection):
        if (kind_name, field) not in _NOTED:
            continue
        heads = [
            edit
            for dot in history.state_of(connection, get_kind(kind_name), record, part)[field].heads
            if (edit := history.edit_at(connection, dot)) is not None
        ]
        writers = {edit.device for edit in heads}
        times = [str(edit.set[field]) for edit in heads if edit.set.get(field)]
        if me.device in writers and writers <= own and len(times) == len(heads):
            found.append((kind_name, record, field, min(times)))
    if found and session.may_write:
        from taskforce.store.writing import close_writer, open_writer  # deferred: reading writes nothing

        writer = open_writer(session.store, session.sign_edit, session.now)
        for kind_name, record, field, time in found:
            writer.save(get_kind(kind_name), record, {field: time})
        close_writer(writer, "note the earliest time", undoable=False)
