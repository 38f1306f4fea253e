"""Who takes part in an operation makes its log, sites and assignments; what a stranger makes of it is a proposal."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest
from replicas import Replica, carried_by, export, take
from test_authority import OPERATION, Team, proposed, team
from test_authority_attacks import _added_up

from taskforce.actions import checking, keeping, proposing, undoing
from taskforce.crockford import natural_id
from taskforce.records.registry import get_kind
from taskforce.records.schema import Kind
from taskforce.store import queries
from taskforce.store.queries import Record

__all__ = ["team"]

LOG, SITE, ASSIGNMENT, VICTIM = (get_kind(name) for name in ("log", "site", "assignment", "victim"))
PARTICIPATION = get_kind("participation")


def bodies(replica: Replica, *kinds: str) -> list[dict[str, Any]]:
    """The edits of some kinds that a store holds, as they came."""
    rows = replica.connection.execute("SELECT kind, body FROM edit ORDER BY id").fetchall()
    return [json.loads(body) for kind, body in rows if kind in kinds]


def tell(team: Team, to: Replica, edits: list[dict[str, Any]]) -> None:
    """The lead tells somebody, whoever may be told."""
    take(to, carried_by(team.lead, to, edits, 500 + to.connection.total_changes))


@pytest.fixture
def onyx(team: Team) -> str:
    """A second operation, of the lead, the co-lead and the doer; the others have heard of it and who is in it."""
    operation = keeping.add(team.lead.session, OPERATION, {"codename": "ONYX", "lead": "LEAD"}).id
    for code, role in (("CO", "co-lead"), ("DOER", "partner")):
        keeping.join(team.lead.session, {"operation": operation, "agency": code, "role": role})
    for one in team.all[1:]:
        tell(team, one, bodies(team.lead, "operation", "participation"))
    return operation


def make(who: Replica, kind: Kind, operation: str, text: str = "Something new", **more: Any) -> Record:
    """A record of an operation."""
    return keeping.add(who.session, kind, {kind.title: text, "operation": operation, **more})


def is_there(replica: Replica, record: Record) -> bool:
    """Whether a store shows a record."""
    return queries.get_record(replica.connection, record.kind, record.id) is not None


def to_lead_and_back(team: Team, who: Replica) -> None:
    """What somebody wrote goes to the lead, and from there to who takes part, and to who wrote it."""
    take(team.lead, export(who, "LEAD"))
    for one in (team.co_lead, team.doer):
        take(one, export(team.lead, one.code))
        take(team.lead, export(one, "LEAD"))
    tell(team, who, bodies(team.lead, *("operation", "participation", "site", "assignment", "log")))


@pytest.mark.parametrize("kind", [LOG, SITE, ASSIGNMENT], ids=lambda kind: kind.name)
def test_what_a_stranger_makes_of_an_operation_waits_for_who_leads_it(
    team: Team, onyx: str, kind: Kind
) -> None:
    theirs = make(team.other, kind, onyx)
    assert not is_there(team.other, theirs), "at home neither"
    to_lead_and_back(team, team.other)
    for replica in (team.lead, team.co_lead, team.doer, team.other):
        assert not is_there(replica, theirs)
        [(by, values, deciders)] = proposed(replica)
        assert (by, values[kind.title], deciders) == ("OTHER", "Something new", "CO LEAD")
    [one] = proposing.list_proposals(team.co_lead.session)
    assert (one.is_ours, one.record, one.called.title) == (True, None, "Something new")
    proposing.accept(team.co_lead.session, [one])
    take(team.lead, export(team.co_lead, "LEAD"))
    to_lead_and_back(team, team.other)
    for replica in (team.lead, team.co_lead, team.doer, team.other):
        found = keeping.require(replica.session, kind, theirs.id)
        assert (found.title, found.text("operation")) == ("Something new", onyx)
        assert proposed(replica) == [] and not checking.check(replica.session).faults
    if kind.editable:  # it is the operation's now
        keeping.edit(
            team.other.session,
            kind,
            keeping.require(team.other.session, kind, theirs.id),
            {kind.title: "Mine"},
        )
        assert proposed(team.other) == [("OTHER", {kind.title: "Mine"}, "CO LEAD")]


def test_who_moves_a_record_of_which_the_first_edit_is_missing_is_told_what_it_was(
    team: Team, onyx: str
) -> None:
    """Nobody knows who made it; once it is said to be of an operation that others lead, nothing of it counts here."""
    made = make(team.doer, ASSIGNMENT, onyx)
    keeping.edit(team.doer.session, ASSIGNMENT, made, {"title": "Something else"})
    [_first, second] = bodies(team.doer, "assignment")[-2:]
    take(team.other, carried_by(team.doer, team.other, [second], 900))
    here = keeping.require(team.other.session, ASSIGNMENT, made.id)
    found = keeping.edit(team.other.session, ASSIGNMENT, here, {"operation": onyx})
    assert found.title == "Something else" and not is_there(team.other, made)


@pytest.mark.parametrize("kind", [LOG, SITE, ASSIGNMENT], ids=lambda kind: kind.name)
def test_what_who_takes_part_makes_counts_and_stays_when_they_leave(
    team: Team, onyx: str, kind: Kind
) -> None:
    theirs = make(team.doer, kind, onyx)
    left = natural_id("participation", onyx, natural_id("agency", "DOER"))
    keeping.set_archived(
        team.lead.session,
        PARTICIPATION,
        keeping.require(team.lead.session, PARTICIPATION, left),
        archived=True,
    )
    to_lead_and_back(team, team.doer)
    for replica in (team.lead, team.co_lead, team.doer):
        assert is_there(replica, theirs) and not proposed(replica)


def test_a_strangers_entry_about_a_victim_shows_nothing_of_it(team: Team, onyx: str) -> None:
    victim = keeping.add(team.other.session, VICTIM, {"age_band": "18-20"})
    entry = make(team.other, LOG, onyx, victim=victim.id)
    assert not is_there(team.other, entry)
    assert sorted(name for _by, values, _who in proposed(team.other) for name in values) == [
        *("at", "category", "operation", "text", "victim")
    ]


def test_who_names_itself_is_let_in_by_nobody(team: Team, onyx: str) -> None:
    keeping.join(team.other.session, {"operation": onyx, "agency": "OTHER", "role": "partner"})
    keeping.edit(
        team.other.session, OPERATION, keeping.require(team.other.session, OPERATION, onyx), {"lead": "OTHER"}
    )
    entry = make(team.other, LOG, onyx)
    to_lead_and_back(team, team.other)
    assert not is_there(team.other, entry) and not is_there(team.lead, entry)
    proposing.accept(
        team.lead.session,
        [one for one in proposing.list_proposals(team.lead.session) if one.kind is PARTICIPATION],
    )
    assert is_there(team.lead, entry), "once the lead has let them in, what they wrote before counts"
    to_lead_and_back(team, team.other)
    assert is_there(team.other, entry) and not checking.check(team.other.session).faults


def test_a_stranger_puts_nothing_of_its_own_into_an_operation(team: Team, onyx: str) -> None:
    mine = keeping.add(team.other.session, OPERATION, {"codename": "MINE", "lead": "OTHER"}).id
    site = make(team.other, SITE, mine)
    moved = keeping.edit(team.other.session, SITE, site, {"operation": onyx, "name": "Elsewhere"})
    assert (moved.text("operation"), moved.title) == (mine, "Elsewhere")
    [(by, values, _who)] = proposed(team.other)
    assert (by, values) == ("OTHER", {"operation": onyx})
    [anchor] = team.other.connection.execute(
        "SELECT anchor FROM state JOIN scope ON scope.id = scope WHERE record = ?", (site.id,)
    ).fetchone()
    assert anchor == mine, "who may have it is who might before"


def test_whoever_leads_another_operation_moves_nothing_into_one_in_which_it_is_not(
    team: Team, onyx: str
) -> None:
    mine = keeping.add(team.other.session, OPERATION, {"codename": "MINE", "lead": "OTHER"}).id
    tell(team, team.lead, bodies(team.other, "operation"))
    keeping.join(team.other.session, {"operation": mine, "agency": "DOER"})
    take(team.doer, export(team.other, "DOER"))
    site = make(team.doer, SITE, mine)
    take(team.other, export(team.doer, "OTHER"))
    keeping.edit(
        team.other.session, SITE, keeping.require(team.other.session, SITE, site.id), {"operation": onyx}
    )
    assert keeping.require(team.other.session, SITE, site.id).text("operation") == mine


def test_where_nothing_is_known_of_the_operation_everything_counts(team: Team, onyx: str) -> None:
    about = bodies(team.lead, "operation", "participation")
    entry, site = make(team.other, LOG, onyx), make(team.other, SITE, onyx)
    written = bodies(team.other, "log", "site")
    _added_up(team.hearer, [written])
    assert is_there(team.hearer, entry) and is_there(team.hearer, site)
    tell(team, team.hearer, [each for each in about if each["kind"] == "operation"])
    assert not is_there(team.hearer, entry) and not is_there(team.hearer, site)
    assert [each[0] for each in proposed(team.hearer)] == ["OTHER", "OTHER"]
    assert not checking.check(team.hearer.session).faults


def test_who_takes_part_may_come_to_be_known_in_any_order(team: Team, onyx: str) -> None:
    victim = keeping.add(team.doer.session, VICTIM, {"age_band": "18-20"})
    make(team.doer, LOG, onyx, "At the pier", victim=victim.id)
    make(team.doer, ASSIGNMENT, onyx)
    with team.doer.session.acting("as a plan with a key does") as writer:
        writer.save(LOG, "6" * 16, {"text": "Keyed", "operation": onyx})
    kinds = ("operation", "participation", "log", "assignment")
    by_kind = {kind: bodies(team.lead if kind in kinds[:2] else team.doer, kind) for kind in kinds}
    found = set()
    for order in permutations(kinds):
        found.add(json.dumps(_added_up(team.hearer, [by_kind[kind] for kind in order])))
        assert not proposed(team.hearer)
    every = [each for edits in by_kind.values() for each in edits]
    found.add(json.dumps(_added_up(team.hearer, [every])))
    found.add(json.dumps(_added_up(team.hearer, [[each] for each in reversed(every)])))
    assert len(found) == 1


def test_a_stranger_takes_back_what_it_proposed(team: Team, onyx: str) -> None:
    make(team.other, SITE, onyx)
    undoing.undo(team.other.session)
    make(team.other, LOG, onyx)
    proposing.reject(team.other.session, proposing.list_proposals(team.other.session))
    assert proposed(team.other) == []


def test_who_is_let_in_later_has_only_its_own_judged_again(
    team: Team, onyx: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from taskforce.store.authority import Authority

    entry = make(team.other, LOG, onyx)
    for number in range(20):
        make(team.hearer, LOG, onyx, f"Entry {number}")
        make(team.doer, LOG, onyx, f"Entry {number}")
    for one in (team.other, team.hearer, team.doer):
        take(team.lead, export(one, "LEAD"))
    seen: list[str] = []
    judge = Authority.judge

    def watched(self: Authority, kind: Kind, place: tuple[str, str, str], owner: str) -> Any:
        seen.append(place[1])
        return judge(self, kind, place, owner)

    monkeypatch.setattr(Authority, "judge", watched)
    keeping.join(team.lead.session, {"operation": onyx, "agency": "OTHER", "role": "partner"})
    assert is_there(team.lead, entry)
    assert sorted(seen) == ["log", "participation"]
