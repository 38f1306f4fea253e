"""Clocks of 1970 and 2099: the same conflicts are found, nothing is frozen, and `status` says whose clock it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from replicas import NOON, Replica, export, make_replica, of_a_plan, take, verify

from taskforce.actions import attention, conflicts, keeping
from taskforce.actions.attention_peers import Item
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.store.queries import Record

Two = tuple[Replica, Replica]
RIGHT, OLD, FAR = (
    timedelta(),
    datetime(1970, 1, 2, tzinfo=UTC) - NOON,
    datetime(2099, 1, 2, tzinfo=UTC) - NOON,
)


@cache
def _stores(folder: Path, made: str = "2026-11-01") -> Two:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_NOW", f"{made}T00:00:00+00:00")
        one, other = (make_replica(folder / f"{made}-{code}", code, name=code) for code in ("CITY", "NGO"))
        verify(one, other)
        verify(other, one)
        keeping.add(one.session, get_kind("agency"), {"code": "NGO"})
    one.keep()
    other.keep()
    return one, other


@pytest.fixture
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Two agencies that have compared words."""
    stores = _stores(tmp_path_factory.getbasetemp())
    for replica in stores:
        replica.skew = RIGHT
        replica.put_back()
    yield stores


def site(replica: Replica) -> Record:
    """The one agreement."""
    [found] = queries.list_records(replica.connection, get_kind("agreement"), archived=True)
    return found


def quarrel(city: Replica, ngo: Replica) -> list[tuple[str, str, set[str]]]:
    """Both set the same fields of an agreement unseen; the conflicts that both then list."""
    kind = get_kind("agreement")
    with city.at(0):
        of_a_plan(city, "agreement", {"title": "Memorandum 7", "parties": ["CITY", "NGO"], "status": "draft"})
        data = export(city, "NGO")
    with ngo.at(10) as session:
        take(ngo, data)
        keeping.edit(session, kind, site(ngo), {"note": "of the NGO", "reference": "same"})
    with city.at(20) as session:
        keeping.edit(session, kind, site(city), {"note": "of the city", "reference": "same"})
    swap(city, ngo, 30)
    listed = []
    for replica in (city, ngo):
        with replica.at(60) as session:
            listed.append(
                [
                    (one.record.title, one.field, {str(side.value) for side in one.sides})
                    for one in conflicts.list_conflicts(session)
                ]
            )
    assert listed[0] == listed[1]
    return listed[0]


def swap(city: Replica, ngo: Replica, seconds: float) -> None:
    """Both hear what the other has to say."""
    for one, other in ((city, ngo), (ngo, city), (city, ngo)):
        with one.at(seconds):
            data = export(one, other.code)
        with other.at(seconds + 5):
            take(other, data)


def clocks(replica: Replica, seconds: float = 100) -> list[Item]:
    """What `status` says of clocks."""
    with replica.at(seconds) as session:
        return [item for item in attention.status(session).items if item.kind == "clock"]


@pytest.mark.parametrize("skew", [RIGHT, OLD, FAR], ids=["right", "1970", "2099"])
def test_the_same_conflicts_are_found(two: Two, skew: timedelta) -> None:
    city, ngo = two
    ngo.skew = skew
    assert quarrel(city, ngo) == [("Memorandum 7", "note", {"of the city", "of the NGO"})]


@pytest.mark.parametrize("skew", [OLD, FAR], ids=["1970", "2099"])
def test_nothing_is_frozen(two: Two, skew: timedelta) -> None:
    city, ngo = two
    ngo.skew = skew
    quarrel(city, ngo)
    assert city.session.store.meta("clock").startswith("2026-11-23T12:0")
    for step, (replica, words) in enumerate([(city, "first"), (ngo, "second"), (city, "third")]):
        with replica.at(200 + 60 * step) as session:
            keeping.edit(session, get_kind("agreement"), site(replica), {"note": words})
        swap(city, ngo, 220 + 60 * step)
        for each in two:
            assert site(each).text("note") == words, (
                "who had seen the value replaces it, whatever the clocks say"
            )
            assert not conflicts.list_conflicts(each.session)


@pytest.mark.parametrize(
    ("skew", "word", "days"), [(OLD, "behind", 20_000), (FAR, "ahead", 26_000)], ids=["1970", "2099"]
)
def test_it_is_flagged_and_ends_when_the_clock_is_set(
    two: Two, skew: timedelta, word: str, days: int
) -> None:
    city, ngo = two
    ngo.skew = skew
    quarrel(city, ngo)
    [item] = clocks(city)
    assert (item.noun, item.subject) == ("peer", "NGO")
    assert word in item.text and ngo.device[:4] in item.text
    assert any(int(number) > days * 0.9 for number in item.text.split() if number.isdigit())
    ngo.skew = RIGHT
    with ngo.at(300) as session:
        keeping.edit(session, get_kind("agreement"), site(ngo), {"note": "set right"})
    swap(city, ngo, 310)
    assert clocks(city, 400) == []


@pytest.mark.parametrize("hours", [-23, 23])
def test_less_than_a_day_is_not_worth_a_word(two: Two, hours: int) -> None:
    city, ngo = two
    ngo.skew = timedelta(hours=hours)
    quarrel(city, ngo)
    assert clocks(city) == clocks(ngo) == []


def test_three_days_behind_is_told_from_what_it_had_of_ours(two: Two) -> None:
    city, ngo = two
    ngo.skew = timedelta(days=-3)
    quarrel(city, ngo)
    [item] = clocks(city)
    assert "3 days behind" in item.text
    assert [each.subject for each in clocks(ngo)] == [
        "CITY"
    ]  # by NGO's own clock it is the others who are ahead


def test_a_bundle_that_took_a_year_is_no_wrong_clock(two: Two) -> None:
    city, ngo = two
    with ngo.at(0) as session:
        keeping.add(session, get_kind("contact"), {"name": "S. Chan", "agency": "NGO"})
        data = export(ngo, "CITY")
    with city.at(365 * 86_400):
        assert take(city, data).new
    assert clocks(city, 365 * 86_400 + 10) == []


def test_ones_own_clock_that_went_back_is_said(two: Two) -> None:
    city, _ngo = two
    with city.at(40 * 86_400) as session:
        keeping.add(session, get_kind("contact"), {"name": "A. Sok", "agency": "CITY"})
    [item] = clocks(city)
    assert item.subject == "CITY" and "ahead" in item.text
    assert item.do == "set this computer's clock"


def test_in_a_rehearsal_of_a_past_year_nobody_is_said_to_be_behind(tmp_path: Path) -> None:
    city, ngo = _stores(tmp_path, "2023-10-14")
    city.skew = ngo.skew = datetime(2023, 10, 14, 12, tzinfo=UTC) - NOON
    quarrel(city, ngo)
    assert clocks(city, 4 * 86_400) == []
