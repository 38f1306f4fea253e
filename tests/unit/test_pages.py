"""Large tables: the order, the counts and the filter are what a plain reading gives, from indexes and not from rows."""

from __future__ import annotations

import random
import re
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taskforce.actions import attention, keeping, using
from taskforce.actions.references import SHOWN_BY
from taskforce.actions.session import Session
from taskforce.actions.setup import create_store
from taskforce.records.registry import all_kinds, get_kind
from taskforce.store import pages, queries, tables
from taskforce.store.queries import Condition, Record
from taskforce.store.store import Store

ASSIGNMENT = get_kind("assignment")
OPEN = ("planned", "assigned", "accepted", "under-way", "blocked")
STATES = (*OPEN, "done", "cancelled")
NOW = "2023-10-17T07:32:00Z"
COUNT = 160
DUE = [("due", False)]


def new_session(folder: Path, lead: str) -> Session:
    """A store of KH-CNP with assignments of two operations, some late, some without a time, some archived."""
    keys: list[bytes] = []
    made = create_store(
        folder, agency="KH-CNP", officer="J. Sok", write_slots=lambda _folder, key: keys.append(key), about={}
    )
    session = Session(Store.open(made.folder, keys[0]))
    session.store.connection.execute("PRAGMA synchronous = OFF")
    agencies = [session.own_agency, ""]
    for code in ("TH-DSI", "KH-NGO"):
        agencies.append(keeping.add(session, get_kind("agency"), {"code": code, "name": f"Of {code}"}).id)
    operations = [
        keeping.add(session, get_kind("operation"), {"codename": name, "lead": lead}).id
        for name in ("RAIN", "STORM")
    ]
    site = keeping.add(session, get_kind("site"), {"name": "Pier 9", "operation": "RAIN"}).id
    chance = random.Random(7)
    ids = []
    with session.acting("a plan") as one:
        for number in range(COUNT):
            record, nonce = keeping.new_id(session, ASSIGNMENT)
            fields = {
                "title": f"{chance.choice(('Inspect', 'Watch'))} compound {number}",
                "operation": operations[number % 5 == 4],
                "agency": chance.choice(agencies),
                "status": chance.choice(STATES),
                "priority": chance.choice(("routine", "priority", "flash")),
                "due": chance.choice(
                    ("", f"2023-10-{chance.randrange(15, 20)}T{chance.randrange(24):02d}:00:00Z")
                ),
                "site": site if number % 20 == 0 else "",
            }
            one.save(ASSIGNMENT, record, {name: text for name, text in fields.items() if text}, nonce=nonce)
            ids.append(record)
        for record in ids[::11]:
            one.set_archived(ASSIGNMENT, record, archived=True)
    using.use_operation(session, "RAIN")
    return session


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A store that its own agency's operation is in, read only."""
    one = new_session(tmp_path_factory.mktemp("pages") / "store", "KH-CNP")
    yield one
    one.store.close()


@pytest.fixture
def everything(session: Session) -> list[Record]:
    """Every assignment."""
    found = queries.list_records(session.store.connection, ASSIGNMENT, archived=True)
    assert len(found) == COUNT
    return found


def here(session: Session) -> Condition:
    """Of the current operation."""
    return Condition("operation", "=", session.current_operation)


def meets(record: Record, condition: Condition) -> bool:
    """What a condition means."""
    text, value = record.text(condition.column), condition.value
    return {
        "=": lambda: text == value,
        "in": lambda: text in value,
        "<": lambda: bool(text) and text < value,
        ">=": lambda: bool(text) and text >= value,
        "unset": lambda: not text,
    }[condition.operator]()


def in_order(records: list[Record], sort: list[tuple[str, bool]]) -> list[Record]:
    """The records sorted by hand: unset values last, then as they came, or the last that came first."""
    found = sorted(records, key=lambda one: one.n, reverse=bool(sort and sort[-1][1]))
    for column, descending in reversed(sort):
        found.sort(key=lambda one: one.text(column), reverse=descending)
        found.sort(key=lambda one: not one.text(column))
    return found


CASES: list[Callable[[Session, str], list[Condition]]] = [
    lambda _session, _agency: [],
    lambda session, _agency: [here(session)],
    lambda session, _agency: [here(session), Condition("status", "=", "blocked")],
    lambda session, _agency: [here(session), Condition("status", "in", OPEN), Condition("due", "<", NOW)],
    lambda _session, _agency: [Condition("status", "in", OPEN), Condition("due", ">=", NOW)],
    lambda session, agency: [here(session), Condition("agency", "=", agency)],
    lambda session, _agency: [here(session), Condition("agency", "unset"), Condition("due", "unset")],
    lambda session, _agency: [here(session), Condition("priority", "=", "flash")],
    lambda session, _agency: [Condition("priority", "in", ("flash", "routine")), here(session)],
]
SORTS = [DUE, [("due", True)], [], [("title", False)], [("status", True), ("due", False)]]


@pytest.mark.parametrize("case", range(len(CASES)))
@pytest.mark.parametrize("sort", SORTS, ids=repr)
def test_the_order_is_that_of_sorting_every_record_by_hand(
    session: Session, everything: list[Record], case: int, sort: list[tuple[str, bool]]
) -> None:
    connection = session.store.connection
    conditions = CASES[case](session, session.own_agency)
    for archived in (False, True):
        met = [one for one in everything if all(meets(one, each) for each in conditions)]
        expected = [one.n for one in in_order(met, sort) if archived or not one.archived]
        assert expected
        order = pages.order_of(connection, ASSIGNMENT, conditions, sort=sort, archived=archived)
        assert list(order) == expected
        kept = session.store.orders.order_of(ASSIGNMENT, conditions, sort=sort, archived=archived)
        assert list(kept) == expected
        for limit in (None, 7):
            listed = queries.list_records(
                connection, ASSIGNMENT, conditions, sort=sort, archived=archived, limit=limit
            )
            assert [one.n for one in listed] == expected[:limit]
        assert queries.count_records(connection, ASSIGNMENT, conditions, archived=archived) == len(expected)
        assert (
            list(pages.order_of(connection, ASSIGNMENT, conditions, sort=sort, archived=archived, limit=5))
            == (expected[:5])
        )


def test_a_site_s_assignments_are_found_by_the_site(session: Session, everything: list[Record]) -> None:
    [site] = queries.list_records(session.store.connection, get_kind("site"))
    conditions = [here(session), Condition("site", "=", site.id)]
    expected = [one.n for one in in_order(everything, DUE) if one.text("site") and not one.archived]
    seen: list[str] = []
    session.store.connection.set_trace_callback(seen.append)
    order = pages.order_of(session.store.connection, ASSIGNMENT, conditions, sort=DUE)
    session.store.connection.set_trace_callback(None)
    assert [n for n in order if n in expected] == list(order) and len(order) > 3
    assert "assignment_site" in plan(session, seen[-1])


def test_groups_are_counted(session: Session, everything: list[Record]) -> None:
    for column in ("status", "agency", "priority", "site"):
        found = pages.group_counts(session.store.connection, ASSIGNMENT, column, [here(session)])
        met = [one for one in everything if meets(one, here(session)) and not one.archived]
        assert found == {
            value: sum(one.text(column) == value for one in met)
            for value in {one.text(column) for one in met}
        }


def test_records_come_in_the_order_asked_for_and_missing_ones_are_left_out(session: Session) -> None:
    order = pages.order_of(session.store.connection, ASSIGNMENT, sort=[("due", True)])
    wanted = [*order[:3], 10**9, order[40]]
    found = pages.records_at(session.store.connection, ASSIGNMENT, wanted)
    assert [one.n for one in found] == [*order[:3], order[40]]


def test_words_are_found_in_texts_refs_codes_and_names(session: Session, everything: list[Record]) -> None:
    names = {
        one.id: one.text("code") for one in queries.list_records(session.store.connection, get_kind("agency"))
    }
    one = everything[30]

    def found(words: str) -> set[int]:
        return matching(session, words, everything)

    assert found("insp") == {each.n for each in everything if each.title.startswith("Insp")}
    assert found("insp fla") == found("insp") & {
        each.n for each in everything if each.text("priority") == "flash"
    }
    assert found("th-dsi") == {each.n for each in everything if names.get(each.text("agency")) == "TH-DSI"}
    assert found("Under") == {each.n for each in everything if each.text("status") == "under-way"}
    assert found(one.ref) == {one.n}
    assert found(f"{one.ref} nothing-like-it") == set()
    before = found("insp under")
    keeping.edit(session, ASSIGNMENT, next(each for each in everything if each.n in before), {"title": "Zq"})
    assert len(found("insp under")) == len(before) - 1, (
        "what the words found is forgotten once somebody has written"
    )
    assert found("%") == found("_") == set()
    assert found("  ") == {each.n for each in everything}


def matching(session: Session, words: str, records: list[Record]) -> set[int]:
    """The row numbers of those of the records in which the words are."""
    order = array("q", [each.n for each in records])
    return set(session.store.orders.matching(ASSIGNMENT, words, order, named_by=SHOWN_BY))


def test_a_word_is_looked_for_as_far_as_is_asked(session: Session, everything: list[Record]) -> None:
    seen: list[str] = []
    one = next(each for each in everything if each.text("status") == "cancelled")
    keeping.edit(session, ASSIGNMENT, one, {"title": "Watch 7"})
    records = queries.list_records(session.store.connection, ASSIGNMENT)
    titled = [each for each in records if "compound" in each.title]
    assert titled
    session.store.connection.set_trace_callback(seen.append)
    assert matching(session, "c", titled) == {each.n for each in titled}
    assert not any('"status" IN' in each for each in seen), (
        "all hold it by their titles: nothing else is looked at"
    )
    found = matching(session, "c", everything)
    session.store.connection.set_trace_callback(None)
    assert one.n in found, "what the few found is not taken for all"
    assert any('"status" IN' in each for each in seen)


def test_a_search_that_was_stopped_is_not_kept(session: Session, everything: list[Record]) -> None:
    expected = matching(session, "under", everything)
    assert expected
    keeping.edit(session, ASSIGNMENT, everything[0], {"result": "anything"})  # forgets what was found

    def stop(statement: str) -> None:
        if "status" in statement:
            session.store.connection.set_progress_handler(lambda: 1, 1)

    session.store.connection.set_trace_callback(stop)
    with pytest.raises(Exception, match="interrupted"):
        matching(session, "under", everything)
    session.store.connection.set_trace_callback(None)
    session.store.connection.set_progress_handler(None, 1)
    assert matching(session, "under", everything) == expected


# ── what keeps it fast: indexes that hold all that is asked for ──


def plan(session: Session, statement: str) -> str:
    """How SQLite goes about a statement."""
    return "; ".join(row[3] for row in session.store.connection.execute("EXPLAIN QUERY PLAN " + statement))


def plans(session: Session, work: Callable[[Any], object]) -> str:
    """How SQLite goes about what `work` reads of assignments."""
    seen: list[str] = []
    connection = session.store.connection
    connection.set_trace_callback(seen.append)
    try:
        work(connection)
    finally:
        connection.set_trace_callback(None)
    about = [one for one in seen if re.search(r'FROM "assignment"(?! WHERE id [<=>])', one)]
    assert about
    return "; ".join(plan(session, one) for one in about)


def test_orders_and_counts_of_an_operation_touch_no_rows_and_sort_nothing(session: Session) -> None:
    late = [here(session), Condition("status", "in", OPEN), Condition("due", "<", NOW)]
    blocked = [here(session), Condition("status", "=", "blocked")]
    for work in (
        lambda connection: pages.order_of(connection, ASSIGNMENT, sort=DUE),
        lambda connection: pages.order_of(connection, ASSIGNMENT, [here(session)], sort=DUE),
        lambda connection: pages.order_of(connection, ASSIGNMENT, blocked, sort=DUE),
        lambda connection: pages.group_counts(connection, ASSIGNMENT, "status", [here(session)]),
        lambda connection: queries.count_records(connection, ASSIGNMENT),
        lambda connection: queries.count_records(connection, ASSIGNMENT, [here(session)]),
        lambda connection: queries.count_records(connection, ASSIGNMENT, blocked),
        lambda connection: queries.count_records(connection, ASSIGNMENT, late),
    ):
        found = plans(session, work)
        assert "COVERING INDEX" in found and "TEMP B-TREE" not in found, found


def test_the_first_few_of_a_list_are_read_without_sorting_all(session: Session) -> None:
    late = [here(session), Condition("status", "in", OPEN), Condition("due", "<", NOW)]
    for conditions in (
        [],
        [here(session)],
        [here(session), Condition("status", "=", "blocked")],
        late,
        [*late, Condition("agency", "=", session.own_agency)],
        [*late, Condition("agency", "unset")],
    ):
        found = plans(
            session,
            lambda connection, chosen=conditions: queries.list_records(
                connection, ASSIGNMENT, chosen, sort=DUE, limit=5
            ),
        )
        assert "INDEX assignment_" in found and "TEMP B-TREE" not in found, found


def test_rows_are_read_as_they_lie_where_the_index_does_not_hold_what_is_asked_for(session: Session) -> None:
    for conditions, sort in (
        ([here(session)], [("title", False)]),
        ([here(session), Condition("priority", "=", "flash")], DUE),
        ([here(session)], []),
    ):
        found = plans(
            session,
            lambda connection, one=conditions, two=sort: queries.list_records(
                connection, ASSIGNMENT, one, sort=two
            ),
        )
        assert "INTEGER PRIMARY KEY" in found, found


def test_every_kind_has_the_indexes_that_are_declared(session: Session) -> None:
    connection = session.store.connection
    for kind in all_kinds():
        rows = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?", (kind.name,)
        )
        named = {name for (name,) in rows if not name.startswith("idx_")}
        assert named == set(tables.indexes_of(kind))


def test_a_store_with_other_indexes_gets_these_and_keeps_its_rows(tmp_path: Path) -> None:
    session = new_session(tmp_path / "store", "KH-CNP")
    connection = session.store.connection
    before = connection.execute("SELECT * FROM assignment ORDER BY n").fetchall()
    connection.execute('DROP INDEX "assignment_here"')
    with session.store.writing():
        session.store.set_meta("tables", "0.1.0")
    assert session.store.rebuild() > COUNT
    assert connection.execute("SELECT * FROM assignment ORDER BY n").fetchall() == before
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")
    assert "assignment_here" in {name for (name,) in rows}
    session.store.close()


# ── orders that are kept ──


def test_an_order_is_read_once_until_somebody_writes(tmp_path: Path) -> None:
    session = new_session(tmp_path / "store", "KH-CNP")
    orders = session.store.orders
    first = orders.order_of(ASSIGNMENT, [here(session)], sort=DUE)
    assert orders.order_of(ASSIGNMENT, [here(session)], sort=DUE) is first
    assert orders.order_of(ASSIGNMENT, sort=DUE) is not first
    record = queries.list_records(session.store.connection, ASSIGNMENT, [here(session)], limit=1)[0]
    keeping.set_archived(session, ASSIGNMENT, record, archived=True)
    assert record.n in first and record.n not in orders.order_of(ASSIGNMENT, [here(session)], sort=DUE)
    session.store.close()


# ── what needs attention, cut ──


@pytest.mark.parametrize("lead", ["KH-CNP", "TH-DSI"])
def test_a_limit_cuts_what_needs_attention_and_counts_stay_exact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lead: str
) -> None:
    monkeypatch.setenv("TASKFORCE_NOW", NOW)
    session = new_session(tmp_path / "store", lead)
    victim = keeping.add(session, get_kind("victim"), {"operation": "RAIN"})
    kind = get_kind("referral")
    for number in range(6):
        made = keeping.add(
            session,
            kind,
            {"victim": victim.id, "to": "KH-NGO", "answer_due": f"2023-10-{14 + number}T10:00:00Z"},
        )
        if number % 3:
            keeping.move(session, kind, made, "send", {})
    whole = attention.status(session)
    assert whole.total == len(whole.items) > 20
    assert len({item.own for item in whole.items}) == (1 if lead == "KH-CNP" else 2)
    for limit in (1, 2, 5, 9, 20, 35, len(whole.items), 500):
        cut = attention.status(session, limit=limit)
        assert cut.items == whole.items[:limit]
        assert (cut.total, cut.counts) == (whole.total, whole.counts)
    session.store.close()
