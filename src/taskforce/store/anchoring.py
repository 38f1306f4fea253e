"""Which record decides who may have a part of another: its operation, its victim, its agreement, or itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from taskforce.records.registry import find_kind
from taskforce.records.schema import SELF
from taskforce.store.connection import Connection
from taskforce.sync.edit import Edit, known_edit
from taskforce.sync.merge import Dot, PartState


def anchor_of(
    connection: Connection,
    agency_of: Mapping[str, str],
    edit_at: Callable[[Dot], Edit],
    place: tuple[str, str, str],
    state: PartState,
) -> str:
    """The record whose audience is that of a part: what the record's maker has last said of it.

    Where the maker is not known, as in a plan, or has said nothing, and several records were named, all of them:
    moving somebody else's record into an operation of one's own must not let one in. `agency_of` names the agency of a
    device, `edit_at` gives the edit at a place of the log, `state` is what counts of the part.
    """
    kind = find_kind(place[1])
    anchor = "" if kind is None else kind.anchors.get(place[2], "")
    if anchor == SELF:
        return place[0]
    known = state.get(anchor) if anchor else None
    if known is None and (state or not anchor):
        return ""
    if known is not None and len(known.heads) == 1 and not known.seen:  # set once, as nearly always
        value = edit_at(known.heads[0]).set[anchor]
        return value if isinstance(value, str) else ""
    owner = connection.execute(
        "SELECT owner FROM record WHERE id = ? AND kind = ?", (place[0], place[1])
    ).fetchone()[0]
    rows = connection.execute("SELECT body FROM edit WHERE record = ? AND kind = ? AND part = ?", place)
    named = [edit for (body,) in rows if anchor in (edit := known_edit(body)).set]
    if known is not None:  # what others only propose lets nobody in and keeps nobody out
        proposing = _proposing(connection, place, anchor)
        named = [edit for edit in named if (edit.feed, edit.number) not in proposing]
    makers = [edit for edit in named if owner and agency_of.get(edit.device) == owner]
    if makers:
        named = [max(makers, key=lambda edit: (edit.stamp, edit.hash))]
    values = {edit.set[anchor] if isinstance(edit.set[anchor], str) else "" for edit in named}
    return "" if "" in values else " ".join(sorted(map(str, values)))


def _proposing(connection: Connection, place: tuple[str, str, str], field: str) -> frozenset[Dot]:
    """The edits of a part that only propose a field's value."""
    rows = connection.execute(
        "SELECT feed.name, number FROM proposal JOIN feed ON feed.id = proposal.feed "
        "WHERE record = ? AND kind = ? AND part = ? AND field = ?",
        (*place, field),
    )
    return frozenset((feed, int(number)) for feed, number in rows)
