"""Moving what decides the audience of a record lets nobody in who was not in before, unless its maker moves it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from replicas import Replica, documents, export, make_replica, take, verify

from taskforce.actions import checking, keeping, plans
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.store.queries import Record

PLAN = b"""
assignments:
  - title: From the plan
    operation: OURS
"""


class Stores(NamedTuple):
    """CITY leads OURS and works with OTHER on THEIRS, which OTHER leads; OTHER knows nothing of OURS."""

    city: Replica
    other: Replica


def _operation(replica: Replica, codename: str) -> Record:
    return queries.records_by_value(replica.connection, get_kind("operation"), "codename", codename)[0]


def _assignment(replica: Replica, title: str) -> Record:
    return queries.records_by_value(replica.connection, get_kind("assignment"), "title", title)[0]


@cache
def _stores(folder: Path) -> Stores:
    folder.mkdir()
    made = Stores(*(make_replica(folder / code, code) for code in ("CITY", "OTHER")))
    verify(made.city, made.other)
    verify(made.other, made.city)
    take(made.other, export(made.city, "OTHER"))
    take(made.city, export(made.other, "CITY"))
    for leader, codename, partner in ((made.city, "OURS", None), (made.other, "THEIRS", "CITY")):
        operation = keeping.add(
            leader.session, get_kind("operation"), {"codename": codename, "lead": leader.code}
        )
        if partner:
            keeping.join(leader.session, {"operation": operation.id, "agency": partner})
    take(made.city, export(made.other, "CITY"))
    ours = _operation(made.city, "OURS").id
    keeping.add(made.city.session, get_kind("assignment"), {"title": "By hand", "operation": ours})
    plans.import_plan(made.city.session, io.BytesIO(PLAN), "plan.yaml")
    for replica in made:
        replica.keep()
    return made


@pytest.fixture
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """The two stores as they were at first."""
    made = _stores(tmp_path_factory.getbasetemp() / "audience")
    for replica in made:
        replica.put_back()
    yield made


def _move(replica: Replica, record: str, operation: str) -> None:
    """Write an edit of a record that the store may never have seen: its id is all it takes."""
    with replica.session.acting("move") as one:
        one.save(get_kind("assignment"), record, {"operation": operation})


def _went(stores: Stores, record: str) -> bool:
    sent = documents(stores.other, export(stores.city, "OTHER"))
    return any(each.get("record") == record and "title" in each["set"] for each in sent if "set" in each)


@pytest.mark.parametrize("title", ["By hand", "From the plan"])
def test_who_moves_a_record_of_others_into_an_operation_of_theirs_gets_nothing_of_it(
    stores: Stores, title: str
) -> None:
    record = _assignment(stores.city, title).id
    _move(stores.other, record, _operation(stores.other, "THEIRS").id)
    assert take(stores.city, export(stores.other, "CITY")).new
    assert not _went(stores, record)
    assert checking.check(stores.city.session).faults == ()


def test_its_maker_may_move_it(stores: Stores) -> None:
    record = _assignment(stores.city, "By hand")
    theirs = _operation(stores.city, "THEIRS").id
    keeping.edit(stores.city.session, record.kind, record, {"operation": theirs})
    assert _went(stores, record.id)
    assert checking.check(stores.city.session).faults == ()


def test_what_its_maker_says_stands_though_others_move_it(stores: Stores) -> None:
    record = _assignment(stores.city, "By hand")
    theirs, ours = _operation(stores.city, "THEIRS").id, _operation(stores.city, "OURS").id
    keeping.edit(stores.city.session, record.kind, record, {"operation": theirs})
    take(stores.other, export(stores.city, "OTHER"))
    _move(stores.other, record.id, ours)
    take(stores.city, export(stores.other, "CITY"))
    keeping.edit(stores.city.session, record.kind, record, {"title": "Still theirs too"})
    assert _went(stores, record.id)
    assert checking.check(stores.city.session, rebuild=True).faults == ()
    assert _went(stores, record.id)
