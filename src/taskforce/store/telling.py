"""Who is told of an erasure: everybody who has or had something of the part, whatever they may have now."""

from __future__ import annotations

from taskforce.records.schema import ERASED
from taskforce.store.connection import Connection
from taskforce.store.erasing import Place, erased_parts, numbers_of, numbers_waiting, whole_edits
from taskforce.store.exchange import had_by
from taskforce.sync.holdings import Ranges, contains, normalise


def erasures_for(connection: Connection, agency: str) -> tuple[dict[str, Ranges], dict[str, Ranges]]:
    """What erased parts, and what confirms that: what goes to an agency in any case, and what does not go in any case.

    An erasure that does not prove itself is checked against what is known of the record, and would wait for ever where
    nothing is. It goes there once the agency has something of the part, from wherever.
    """
    places = erased_parts(connection)
    had = had_by(connection, agency) if places else {}
    goes: dict[str, list[tuple[int, int]]] = {}
    stays: dict[str, list[tuple[int, int]]] = {}
    for place in places:
        numbers = numbers_of(connection, place)
        dots = [(feed, number) for feed, number, _gone in numbers] + numbers_waiting(connection, place)
        if any(contains(had.get(feed, ()), number) for feed, number in dots):
            chosen = goes
        elif not _proves_itself(connection, place):
            chosen = stays
        else:
            continue
        for feed, number, gone in numbers:
            if not gone:
                chosen.setdefault(feed, []).append((number, number))
    return _ranges(goes), _ranges(stays)


def _proves_itself(connection: Connection, place: Place) -> bool:
    """Whether who has nothing of a record can tell that its owner erased the part."""
    return place[1] == "agency" or any(
        edit.born for edit in whole_edits(connection, place) if ERASED in edit.set
    )


def _ranges(pairs: dict[str, list[tuple[int, int]]]) -> dict[str, Ranges]:
    return {feed: normalise(some) for feed, some in pairs.items()}
