"""Who is told of an erasure: everybody who has or had something of the part, whatever they may have now.

And whose confirmation of it still counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from taskforce.records.schema import DROPPED, ERASED
from taskforce.store.connection import Connection
from taskforce.store.erasing import Place, erased_parts, numbers_of, numbers_waiting, whole_edits
from taskforce.store.exchange import had_by, newest_heard, told_by
from taskforce.sync.edit import Edit, known_edit
from taskforce.sync.holdings import Ranges, contains, normalise


@dataclass(frozen=True, slots=True)
class Answer:
    """A device's edit that erased a part or confirms that it dropped it; `stands` while the device still says so."""

    place: Place
    edit: Edit
    stands: bool


def answers(connection: Connection, own: str, record: str = "") -> list[Answer]:
    """The answers to every erasure, or to those of one record, by clock: of each device its first that stands, or last.

    A device that has confirmed, and later says that it holds the erasure no more, was put back to an earlier state: it
    has the values again. What it said before it confirmed takes nothing back. `own` is this store's device.
    """
    rows = connection.execute(
        "SELECT erased.record, erased.kind, erased.part, body, coalesce(bundle.id, 0), coalesce(bundle.device, '') "
        "FROM (SELECT DISTINCT record, kind, part FROM erasure WHERE ? IN ('', record)) AS erased "
        "JOIN edit ON edit.record = erased.record AND edit.kind = erased.kind AND edit.part = erased.part "
        "LEFT JOIN bundle ON bundle.id = edit.bundle WHERE json_extract(body, '$.sig') IS NOT NULL",
        (record,),
    )
    found: dict[Place, list[tuple[Edit, int, str]]] = {}
    for *place, body, bundle, through in rows:
        found.setdefault((place[0], place[1], place[2]), []).append((known_edit(body), bundle, through))
    heard: dict[str, tuple[int, int, Mapping[str, Ranges]]] = {}
    result: list[Answer] = []
    for place, some in found.items():
        some.sort(key=lambda one: (one[0].stamp, one[0].hash))
        erased = {(edit.feed, edit.number) for edit, _bundle, _through in some if ERASED in edit.set}
        of_device: dict[str, Answer] = {}
        for edit, bundle, through in some:
            if DROPPED not in edit.set and ERASED not in edit.set:
                continue
            device = edit.device
            if device not in heard:
                heard[device] = (*newest_heard(connection, device), told_by(connection, device))
            epoch, row, told = heard[device]
            stands = (
                device == own
                or row <= bundle
                or not erased
                or any(contains(told.get(feed, ()), number) for feed, number in erased)
                or (epoch == int(edit.feed.partition(".")[2]) and through != device)
            )
            if device not in of_device or not of_device[device].stands:
                of_device[device] = Answer(place, edit, stands)
        result += of_device.values()
    return result


def erasures_for(
    connection: Connection, agency: str, parts: Collection[str] | None = None
) -> tuple[dict[str, Ranges], dict[str, Ranges]]:
    """What erased parts, and what confirms that: what goes to an agency in any case, and what does not go in any case.

    An erasure that does not prove itself is checked against what is known of the record, and would wait for ever where
    nothing is. It goes there once the agency has something of the part, from wherever. An agency that may have certain
    `parts` only hears of erasures in these.
    """
    places = [place for place in erased_parts(connection) if parts is None or place[2] in parts]
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
