"""What was sent and is not confirmed for more than a day is told: nobody knows whether it has arrived."""

from __future__ import annotations

from pathlib import Path

import pytest
from replicas import Replica, export, make_replica, take, verify

from taskforce.actions import attention, keeping
from taskforce.records.registry import get_kind

HOUR = 3600


@pytest.fixture
def two(tmp_path: Path) -> tuple[Replica, Replica]:
    """CITY and NGO, who know each other."""
    city, ngo = (make_replica(tmp_path / code, code, name=code) for code in ("CITY", "NGO"))
    verify(city, ngo)
    verify(ngo, city)
    return city, ngo


def told(replica: Replica, hours: float) -> list[str]:
    """What is said of edits that were not confirmed, so many hours after the beginning."""
    with replica.at(hours * HOUR) as session:
        return [item.text for item in attention.status(session).items if item.kind == "unanswered"]


def test_it_is_told_from_the_first_bundle_since_they_were_heard(two: tuple[Replica, Replica]) -> None:
    city, ngo = two
    with city.at(0):
        data = export(city, "NGO")  # its own agency
    assert told(city, 23) == []
    assert told(city, 25) == ["1 edit sent 25 h ago is not confirmed"]
    with city.at(30 * HOUR):
        keeping.add(city.session, get_kind("agency"), {"code": "NGO"})
        assert told(city, 31) == ["1 edit sent 31 h ago is not confirmed"]
        data = export(city, "NGO")
    assert told(city, 49) == ["2 edits sent 2 days ago are not confirmed"]
    with ngo.at(50 * HOUR):
        take(ngo, data)
        answer = export(ngo, "CITY")
    with city.at(51 * HOUR):
        take(city, answer)
    assert told(city, 99) == []


def test_an_answer_that_crossed_the_bundle_confirms_nothing(two: tuple[Replica, Replica]) -> None:
    city, ngo = two
    with ngo.at(0):
        crossing = export(ngo, "CITY")
    with city.at(HOUR):
        export(city, "NGO")
    with city.at(2 * HOUR):
        take(city, crossing)
    assert told(city, 24) == []
    assert told(city, 26) == ["1 edit sent 25 h ago is not confirmed"]
