"""Who may change what: what counts, what only proposes, and that neither depends on the order in which it came."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replicas import (
    Replica,
    carried_by,
    documents,
    export,
    make_replica,
    of_a_plan,
    rewrite,
    sign_edit,
    take,
    verify,
)

from taskforce.actions import checking, conflicts, keeping, proposing, undoing
from taskforce.errors import Refused
from taskforce.records.registry import all_kinds, get_kind
from taskforce.records.schema import Kind
from taskforce.store import health, queries
from taskforce.store.queries import Record

ASSIGNMENT, OPERATION = get_kind("assignment"), get_kind("operation")


@dataclass(frozen=True)
class Team:
    """The lead of an operation, its co-lead, who does the work, somebody else in it, and one who hears of all."""

    lead: Replica
    co_lead: Replica
    doer: Replica
    other: Replica
    hearer: Replica

    @property
    def all(self) -> tuple[Replica, ...]:
        """All of them."""
        return (self.lead, self.co_lead, self.doer, self.other, self.hearer)

    def exchange(self) -> None:
        """Everybody hears of everything."""
        for _round in range(2):
            for one in self.all[1:]:
                take(self.lead, export(one, "LEAD"))
            for one in self.all[1:]:
                take(one, export(self.lead, one.code))


@cache
def _made() -> Team:
    folder = Path(tempfile.mkdtemp(prefix="authority", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    team = Team(
        *(make_replica(folder / code, code, name=code) for code in ("LEAD", "CO", "DOER", "OTHER", "HEARER"))
    )
    for one, other in permutations(team.all, 2):
        verify(one, other)
    operation = keeping.add(team.lead.session, get_kind("operation"), {"codename": "OPAL", "lead": "LEAD"})
    for one in team.all[1:]:
        keeping.add(
            team.lead.session, get_kind("agency"), {"code": one.code, "name": f"as LEAD calls {one.code}"}
        )
        role = "co-lead" if one is team.co_lead else "partner"
        keeping.join(team.lead.session, {"operation": operation.id, "agency": one.code, "role": role})
    typed = {"title": "Watch the pier", "operation": operation.id, "agency": "DOER", "priority": "routine"}
    keeping.add(team.lead.session, ASSIGNMENT, typed)
    keeping.add(team.lead.session, get_kind("site"), {"name": "Pier 2", "operation": operation.id})
    team.exchange()
    for one in team.all:
        one.keep()
    return team


@pytest.fixture
def team() -> Iterator[Team]:
    """All have been briefed."""
    made = _made()
    for one in made.all:
        one.put_back()
    yield made


def the(replica: Replica, kind: str = "assignment") -> Record:
    """The only record of a kind."""
    [found] = queries.list_records(replica.connection, get_kind(kind), archived=True)
    return found


def proposed(replica: Replica) -> list[tuple[str, dict[str, Any], str]]:
    """What waits in a store: by whom, what, and who decides."""
    return [
        (one.agency, one.values, " ".join(one.deciders)) for one in proposing.list_proposals(replica.session)
    ]


# ── what counts ──


@pytest.mark.parametrize(
    ("who", "kind", "field", "value", "counts"),
    [
        ("lead", "assignment", "title", "Watch both piers", True),
        ("co_lead", "assignment", "title", "Watch both piers", True),
        ("doer", "assignment", "title", "Watch both piers", True),
        ("doer", "assignment", "result", "Two adults", True),
        ("other", "assignment", "result", "Two adults", False),
        ("doer", "assignment", "agency", "OTHER", False),
        ("co_lead", "site", "name", "Pier 3", True),
        ("doer", "site", "name", "Pier 3", False),
        ("co_lead", "operation", "note", "quiet", True),
        ("doer", "operation", "lead", "DOER", False),
    ],
)
def test_who_may_change_a_plan(team: Team, who: str, kind: str, field: str, value: str, counts: bool) -> None:
    one: Replica = getattr(team, who)
    keeping.edit(one.session, get_kind(kind), the(one, kind), {field: value})
    team.exchange()
    shown = {replica.code: the(replica, kind).values.get(field) for replica in team.all}
    assert len(set(map(str, shown.values()))) == 1, "all say the same, the author too"
    stands = the(one, kind).values.get(field)
    if field in ("agency", "lead"):
        stands = queries.column_by_id(one.connection, get_kind("agency"), "code", {str(stands)})[str(stands)]
    assert (stands == value) is counts
    waiting = [(one.code, field)] if not counts else []
    for replica in team.all:
        assert [(by, *values) for by, values, _who in proposed(replica)] == waiting
        assert not conflicts.list_conflicts(replica.session)
        assert not checking.check(replica.session).faults


@pytest.mark.parametrize(
    ("move", "who", "state"),
    [
        ("accept", "doer", "accepted"),
        ("cancel", "doer", "cancelled"),
        ("accept", "other", "planned"),
    ],
)
def test_who_it_was_given_to_moves_an_assignment(team: Team, move: str, who: str, state: str) -> None:
    one: Replica = getattr(team, who)
    keeping.move(one.session, ASSIGNMENT, the(one), move, {})
    team.exchange()
    assert {the(replica).text("status") for replica in team.all} == {state}


def test_whoever_makes_a_record_may_change_it_and_who_leads_the_operation_too(team: Team) -> None:
    made = keeping.add(
        team.other.session, get_kind("site"), {"name": "Mill", "operation": the(team.other, "operation").id}
    )
    team.exchange()

    def mill(replica: Replica) -> Record:
        return keeping.require(replica.session, get_kind("site"), made.id)

    keeping.edit(team.other.session, get_kind("site"), mill(team.other), {"place": "at the river"})
    keeping.edit(team.lead.session, get_kind("site"), mill(team.lead), {"risks": "dogs"})
    keeping.edit(team.doer.session, get_kind("site"), mill(team.doer), {"note": "empty"})
    team.exchange()
    for replica in team.all:
        record = mill(replica)
        assert (record.text("place"), record.text("risks"), record.text("note")) == (
            "at the river",
            "dogs",
            "",
        )
        [(by, values, deciders)] = proposed(replica)
        assert (by, values, deciders) == ("DOER", {"note": "empty"}, "CO LEAD OTHER")


def test_an_agency_says_itself_what_it_is(team: Team) -> None:
    kind = get_kind("agency")

    def doer(replica: Replica) -> Record:
        return next(
            one for one in queries.list_records(replica.connection, kind) if one.text("code") == "DOER"
        )

    keeping.edit(team.other.session, kind, doer(team.other), {"duty_phone": "+00 000 1"})
    keeping.edit(team.lead.session, kind, doer(team.lead), {"name": "The doers"})
    team.exchange()
    for replica in team.all:
        assert doer(replica).text("duty_phone") == "+00 000 1", "while it says nothing itself, others may"
        assert doer(replica).text("name") == "DOER", "it said its name when its store was made"
    keeping.edit(team.doer.session, kind, doer(team.doer), {"duty_phone": "+00 000 2"})
    keeping.edit(team.other.session, kind, doer(team.other), {"duty_phone": "+00 000 3"})
    team.exchange()
    assert {doer(replica).text("duty_phone") for replica in team.all} == {"+00 000 2"}


def test_a_plan_that_others_import_counts_until_the_lead_has_spoken(team: Team) -> None:
    values = {"codename": "PEARL", "lead": team.lead.session.own_agency, "note": "as OTHER has it"}
    mine = of_a_plan(team.other, "operation", values)
    assert mine.text("note") == "as OTHER has it"
    of_a_plan(team.lead, "operation", {**values, "note": "as the lead has it"})
    stated = [
        each for each in documents(team.other, export(team.lead, "OTHER")) if each.get("record") == mine.id
    ]
    assert not stated, "OTHER takes no part in it"
    keeping.join(team.lead.session, {"operation": mine.id, "agency": "OTHER", "role": "partner"})
    take(team.other, export(team.lead, "OTHER"))
    now = keeping.require(team.other.session, get_kind("operation"), mine.id)
    assert now.text("note") == "as the lead has it"
    assert proposed(team.other) == [], "they did not answer to the lead's word: they had not heard it"
    [one] = proposing.list_proposals(team.other.session, settled=True, record=mine.id)
    assert (one.outcome, one.values) == ("overruled", {"note": "as OTHER has it"})
    keeping.edit(team.other.session, get_kind("operation"), now, {"note": "as OTHER would have it"})
    assert proposed(team.other) == [("OTHER", {"note": "as OTHER would have it"}, "LEAD")]


# ── nobody else changes a value, whatever they claim ──


def edits_of_part(replica: Replica, record: Record) -> dict[str, int]:
    """Per feed the highest number of the edits of a record that a store holds."""
    rows = replica.connection.execute(
        "SELECT feed.name, max(number) FROM edit JOIN feed ON feed.id = edit.feed WHERE record = ? GROUP BY 1",
        (record.id,),
    )
    return {feed: int(number) for feed, number in rows}


@settings(max_examples=30, deadline=None)
@given(
    fields=st.dictionaries(
        st.sampled_from(
            ["title", "operation", "agency", "status", "due", "archived", "rejected", "unheard-of"]
        ),
        st.sampled_from(["", "yes", "done", "x" * 16, "Anything"]),
        min_size=1,
    ),
    claims=st.booleans(),
    with_born=st.booleans(),
)
def test_what_another_agency_writes_changes_nothing_that_stands(
    fields: dict[str, str], claims: bool, with_born: bool
) -> None:
    team = _made()
    for one in (team.lead, team.other):
        one.put_back()
    before = the(team.lead)
    seen = {feed: str(number) for feed, number in edits_of_part(team.lead, before).items()}
    feed = team.other.session.store.me.feed
    keeping.edit(team.other.session, ASSIGNMENT, the(team.other), {"result": "Looked"})

    def forge(_head: dict[str, Any], edits: list[dict[str, Any]]) -> None:
        for place, each in enumerate(edits):
            if each["record"] == before.id and each["edit"].startswith(feed):
                body = {**each, "set": fields, **({"saw": dict.fromkeys(fields, seen)} if claims else {})}
                if with_born:
                    body["born"] = "0" * 16
                edits[place] = sign_edit(team.other, body)

    found = take(team.lead, rewrite(team.other, team.lead, export(team.other, "LEAD"), forge))
    after = the(team.lead)
    assert (after.values, after.archived) == (before.values, before.archived)
    assert not conflicts.list_conflicts(team.lead.session)
    assert with_born == bool(found.waiting)
    assert not checking.check(team.lead.session).faults


# ── proposals ──


def test_what_is_accepted_stands_everywhere_and_undo_takes_it_back(team: Team) -> None:
    keeping.edit(
        team.other.session, ASSIGNMENT, the(team.other), {"title": "Watch both piers", "priority": "flash"}
    )
    team.exchange()
    with pytest.raises(Refused, match="not yours"):
        proposing.accept(team.doer.session, proposing.list_proposals(team.doer.session))
    proposing.accept(team.co_lead.session, proposing.list_proposals(team.co_lead.session), ["title"])
    team.exchange()
    for replica in team.all:
        assert (the(replica).title, the(replica).text("priority")) == ("Watch both piers", "routine")
        assert proposed(replica) == [("OTHER", {"priority": "flash"}, "CO LEAD")]
        outcomes = {
            one.fields: one.outcome
            for one in proposing.list_proposals(replica.session, settled=True, record=the(replica).id)
        }
        assert outcomes == {("title",): "accepted", ("priority",): "open"}
    undoing.undo(team.co_lead.session)
    team.exchange()
    assert {the(replica).title for replica in team.all} == {"Watch the pier"}


def test_what_is_rejected_is_gone_with_its_reason_and_makes_no_conflict(team: Team) -> None:
    keeping.edit(team.other.session, ASSIGNMENT, the(team.other), {"title": "Watch both piers"})
    team.exchange()
    proposing.reject(team.lead.session, proposing.list_proposals(team.lead.session), "one pier is enough")
    keeping.edit(team.co_lead.session, ASSIGNMENT, the(team.co_lead), {"title": "Watch the old pier"})
    team.exchange()
    for replica in team.all:
        assert proposed(replica) == [] and not conflicts.list_conflicts(replica.session)
        assert the(replica).title == "Watch the old pier"
        [one] = proposing.list_proposals(replica.session, settled=True, record=the(replica).id)
        assert (one.outcome, one.reason) == ("rejected", "one pier is enough")


def test_who_proposed_takes_it_back_or_proposes_something_else(team: Team) -> None:
    keeping.edit(team.other.session, ASSIGNMENT, the(team.other), {"title": "Watch both piers"})
    keeping.edit(team.hearer.session, ASSIGNMENT, the(team.hearer), {"title": "Watch the ferry"})
    keeping.edit(team.other.session, ASSIGNMENT, the(team.other), {"title": "Watch no pier"})
    team.exchange()
    who = "CO LEAD"
    both = [("HEARER", {"title": "Watch the ferry"}, who), ("OTHER", {"title": "Watch no pier"}, who)]
    assert sorted(proposed(team.lead)) == both
    undoing.undo(team.other.session)
    team.exchange()
    assert sorted(proposed(team.lead)) == both[:1], "taken back is not what was proposed before it"
    with pytest.raises(Refused):
        undoing.redo(team.other.session)


def test_nobody_hides_what_another_proposes(team: Team) -> None:
    keeping.edit(team.hearer.session, ASSIGNMENT, the(team.hearer), {"title": "Watch the ferry"})
    team.exchange()
    [one] = proposing.list_proposals(team.other.session)
    feed, _slash, number = one.edit.partition("/")
    with team.other.session.acting("claims to have seen it") as writer:
        writer.save(ASSIGNMENT, the(team.other).id, {"title": "Mine"}, seen={"title": {feed: int(number)}})
        writer.reject((the(team.other).id, "assignment", "operational"), [one.edit])
    team.exchange()
    assert sorted(by for by, _values, _who in proposed(team.lead)) == ["HEARER", "OTHER"]


def test_a_decision_on_what_has_changed_meanwhile_is_refused(team: Team) -> None:
    keeping.edit(team.other.session, ASSIGNMENT, the(team.other), {"title": "Watch both piers"})
    team.exchange()
    found = proposing.list_proposals(team.lead.session)
    keeping.edit(team.lead.session, ASSIGNMENT, the(team.lead), {"title": "Watch the sea"})
    with pytest.raises(Refused, match="changed meanwhile"):
        proposing.accept(team.lead.session, found)


def test_a_new_record_of_a_plan_that_is_proposed_is_there_once_it_is_accepted(team: Team) -> None:
    operation = the(team.other, "operation").id
    with team.other.session.acting("as a plan does") as writer:
        writer.save(
            ASSIGNMENT, "7" * 16, {"title": "Search the mill", "operation": operation, "status": "planned"}
        )
    assert queries.get_record(team.other.connection, ASSIGNMENT, "7" * 16) is None
    team.exchange()
    [one] = proposing.list_proposals(team.lead.session)
    assert one.record is None and one.called.title == "Search the mill" and one.is_ours
    proposing.accept(team.lead.session, [one])
    team.exchange()
    for replica in team.all:
        assert keeping.require(replica.session, ASSIGNMENT, "7" * 16).title == "Search the mill"
        assert proposed(replica) == []
        assert not checking.check(replica.session).faults


# ── the order decides nothing ──


@cache
def _story() -> list[dict[str, Any]]:
    """Edits of all four, in which who leads and who made what comes out only as they come."""
    team = _made()
    for one in team.all:
        one.put_back()
    steps: list[tuple[Replica, Callable[[Replica], object]]] = [
        (
            team.other,
            lambda one: keeping.edit(one.session, ASSIGNMENT, the(one), {"title": "Watch both piers"}),
        ),
        (team.doer, lambda one: keeping.move(one.session, ASSIGNMENT, the(one), "accept", {})),
        (
            team.co_lead,
            lambda one: keeping.edit(one.session, ASSIGNMENT, the(one), {"title": "Watch the ferry"}),
        ),
        (
            team.lead,
            lambda one: keeping.edit(one.session, ASSIGNMENT, the(one), {"agency": "OTHER"}),
        ),
        (team.doer, lambda one: keeping.edit(one.session, ASSIGNMENT, the(one), {"priority": "flash"})),
        (
            team.other,
            lambda one: keeping.edit(
                one.session, get_kind("operation"), the(one, "operation"), {"lead": "OTHER"}
            ),
        ),
    ]
    for one, step in steps:
        step(one)
        team.exchange()
    contact = keeping.add(team.doer.session, get_kind("contact"), {"name": "S. Chan", "agency": "DOER"})
    team.exchange()
    for one, phone in ((team.other, "+00 000 1"), (team.doer, "+00 000 2"), (team.other, "+00 000 3")):
        known = keeping.require(one.session, get_kind("contact"), contact.id)
        keeping.edit(one.session, get_kind("contact"), known, {"phone": phone})
    keeping.edit(team.other.session, ASSIGNMENT, the(team.other), {"result": "Nobody"})
    keeping.edit(team.lead.session, get_kind("operation"), the(team.lead, "operation"), {"lead": "DOER"})
    team.exchange()
    keeping.edit(team.doer.session, ASSIGNMENT, the(team.doer), {"instructions": "from the south"})
    proposing.reject(
        team.co_lead.session,
        [one for one in proposing.list_proposals(team.co_lead.session) if "priority" in one.fields],
    )
    team.exchange()
    bodies = team.hearer.connection.execute("SELECT body FROM edit ORDER BY id").fetchall()
    found = [json.loads(body) for (body,) in bodies]
    return [each for each in found if each["kind"] in ("operation", "participation", "assignment", "contact")]


def _carry(to: Replica, bodies: Sequence[dict[str, Any]], number: int) -> None:
    """A bundle of these edits from the lead."""
    take(to, carried_by(_made().lead, to, bodies, number))


def _after(order: Sequence[int], sizes: Sequence[int]) -> dict[str, str]:
    """What a store adds up to that has heard of these edits alone, in this order."""
    one = _made().hearer
    one.put_back()
    with one.session.store.writing():
        one.connection.execute("DELETE FROM edit")
        one.session.store.replay()
    left, number = [_story()[index] for index in order], 100
    for size in sizes:
        if left:
            number += 1
            _carry(one, left[:size], number)
            left = left[size:]
    assert not left and not checking.check(one.session).faults
    return health.fingerprints(one.connection)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_order_of_arrival_decides_nothing(data: st.DataObject) -> None:
    count = len(_story())
    missing = data.draw(st.sets(st.integers(0, count - 1), max_size=6))
    known = [index for index in range(count) if index not in missing]
    sizes = st.lists(st.integers(1, 6), min_size=count, max_size=count)
    one, other = (_after(data.draw(st.permutations(known)), data.draw(sizes)) for _time in range(2))
    assert one == other


def test_every_field_that_authority_names_is_one_of_the_kind() -> None:
    def named(kind: Kind) -> set[str]:
        return {name for one in kind.authority.named for name in (one.by, *one.changes)}

    for kind in all_kinds():
        assert all(kind.field(name) is not None for name in named(kind)), kind.name
        for one in kind.authority.named:
            assert not one.states or (kind.lifecycle and set(one.states) <= kind.lifecycle.states.keys())
            assert {kind.part_of(name) for name in one.changes} <= {kind.part_of(one.by)}, (
                "known from the part alone"
            )
