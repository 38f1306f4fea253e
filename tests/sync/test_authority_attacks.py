"""Attacks on who may change what, with edits that no program of ours writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from replicas import Replica, export, of_a_plan, rewrite, sign_edit, take
from test_authority import ASSIGNMENT, OPERATION, Team, _carry, proposed, team, the

from taskforce.actions import checking, conflicts, erasing, keeping, proposing, undoing
from taskforce.crockford import natural_id
from taskforce.records.registry import get_kind
from taskforce.store import health, queries
from taskforce.store.queries import Record

__all__ = ["team"]

AGENCY, PARTICIPATION = get_kind("agency"), get_kind("participation")
SITE, VICTIM = get_kind("site"), get_kind("victim")


def forge(
    author: Replica,
    to: Replica,
    place: tuple[str, str, str],
    values: Mapping[str, Any],
    saw: Mapping[str, Any] | None = None,
) -> None:
    """An edit of a place (record, kind, part) that `author` signs comes to another, whatever it says."""
    feed = f"{author.session.store.me.feed}/"
    keeping.add(author.session, get_kind("contact"), {"name": "Somebody", "agency": author.code})

    def change(_head: dict[str, Any], edits: list[dict[str, Any]]) -> None:
        own = [at for at, each in enumerate(edits) if each["edit"].startswith(feed)]
        last = max(own, key=lambda at: int(edits[at]["edit"].rpartition("/")[2]))
        kept = {key: edits[last][key] for key in ("edit", "prev", "at", "by") if key in edits[last]}
        record, kind, part = place
        body = {**kept, "record": record, "kind": kind, "part": part, "set": dict(values)}
        edits[last] = sign_edit(author, {**body, "saw": dict(saw)} if saw else body)

    take(to, rewrite(author, to, export(author, to.code), change))


def all_seen(replica: Replica, record: str, *names: str) -> dict[str, dict[str, str]]:
    """What claims to have seen all edits of a record."""
    rows = replica.connection.execute(
        "SELECT feed.name, max(number) FROM edit JOIN feed ON feed.id = edit.feed WHERE record = ? GROUP BY 1",
        (record,),
    ).fetchall()
    return {name: {feed: str(number) for feed, number in rows} for name in names}


def part_of(replica: Replica, code: str) -> Record:
    """That an agency takes part."""
    found = queries.list_records(replica.connection, PARTICIPATION, archived=True)
    return next(one for one in found if one.text("agency") == natural_id("agency", code))


def test_nobody_claims_that_a_participation_is_of_another_operation(team: Team) -> None:
    before = part_of(team.lead, "DOER")
    forge(
        team.other,
        team.lead,
        (before.id, "participation", "operational"),
        {"operation": "7" * 16, "role": "observer", "archived": "yes"},
        all_seen(team.lead, before.id, "role", "archived"),
    )
    after = part_of(team.lead, "DOER")
    assert (after.values, after.archived) == (before.values, before.archived)
    [(by, values, _who)] = proposed(team.lead)
    assert by == "OTHER" and set(values) == {"role", "archived"}


def test_others_do_not_archive_an_agency_that_speaks_for_itself(team: Team) -> None:
    doer = natural_id("agency", "DOER")
    keeping.set_archived(
        team.other.session, AGENCY, keeping.require(team.other.session, AGENCY, doer), archived=True
    )
    team.exchange()
    for replica in team.all:
        assert not keeping.require(replica.session, AGENCY, doer).archived
        assert proposed(replica) == [("OTHER", {"archived": "yes"}, "DOER")]


def _of_a_plan_again(team: Team) -> Record:
    """A site of a plan that the lead wrote to twice."""
    operation = the(team.lead, "operation").id
    record = of_a_plan(team.lead, "site", {"name": "Mill", "operation": operation})
    with team.lead.session.acting("again") as writer:
        writer.save(SITE, record.id, {"operation": operation})
    team.exchange()
    return keeping.require(team.lead.session, SITE, record.id)


def test_what_only_proposes_keeps_no_flow_back(team: Team) -> None:
    site = _of_a_plan_again(team)
    forge(
        team.other,
        team.lead,
        (site.id, "site", "operational"),
        {"operation": "7" * 16},
        all_seen(team.lead, site.id, "operation"),
    )
    keeping.edit(team.lead.session, SITE, site, {"risks": "dogs"})
    take(team.doer, export(team.lead, "DOER"))
    assert keeping.require(team.doer.session, SITE, site.id).text("risks") == "dogs"


def test_that_something_was_dropped_makes_no_record(team: Team) -> None:
    values = {"dropped": "x", "title": "Mine", "operation": the(team.lead, "operation").id}
    forge(team.other, team.lead, ("6" * 16, "assignment", "operational"), values)
    assert queries.get_record(team.lead.connection, ASSIGNMENT, "6" * 16) is None
    [one] = proposing.list_proposals(team.lead.session)
    assert one.record is None and not checking.check(team.lead.session).faults


def test_the_reason_of_a_rejection_is_that_of_who_decides(team: Team) -> None:
    keeping.edit(team.hearer.session, ASSIGNMENT, the(team.hearer), {"title": "Watch the ferry"})
    team.exchange()
    [one] = proposing.list_proposals(team.other.session)
    with team.other.session.acting("pretends to decide") as writer:
        writer.reject((one.id, "assignment", "operational"), [one.edit, "nobody asked you"])
    team.exchange()
    proposing.reject(team.lead.session, proposing.list_proposals(team.lead.session), "one pier is enough")
    team.exchange()
    for replica in team.all:
        [found] = proposing.list_proposals(replica.session, settled=True, record=one.id)
        assert (found.outcome, found.reason) == ("rejected", "one pier is enough")


def test_a_conflict_that_others_would_settle_waits_as_a_proposal(team: Team) -> None:
    keeping.edit(team.lead.session, ASSIGNMENT, the(team.lead), {"title": "Watch the sea"})
    keeping.edit(team.co_lead.session, ASSIGNMENT, the(team.co_lead), {"title": "Watch the river"})
    team.exchange()
    keeping.edit(team.other.session, ASSIGNMENT, the(team.other), {"title": "Watch the sea"})
    with team.other.session.acting("settles it") as writer:
        writer.save(ASSIGNMENT, the(team.other).id, {"title": "Watch the sea"})
    team.exchange()
    for replica in team.all:
        assert len(conflicts.list_conflicts(replica.session)) == 1
        assert proposed(replica) == [("OTHER", {"title": "Watch the sea"}, "CO LEAD")]
    proposing.accept(team.lead.session, proposing.list_proposals(team.lead.session))
    team.exchange()
    assert not [each for one in team.all for each in conflicts.list_conflicts(one.session)]


def test_the_maker_proves_to_be_it_in_a_part_that_others_wrote_to_before(team: Team) -> None:
    victim = keeping.add(team.lead.session, VICTIM, {"operation": the(team.lead, "operation").id})
    forge(team.other, team.lead, (victim.id, "victim", "care"), {"health": "Well"})
    kept = keeping.require(team.lead.session, VICTIM, victim.id)
    keeping.edit(team.lead.session, VICTIM, kept, {"health": "Thirsty"})
    bodies = team.lead.connection.execute(
        "SELECT body FROM edit WHERE record = ? AND part = 'care' ORDER BY id", (victim.id,)
    ).fetchall()
    by_other, by_maker = (json.loads(body) for (body,) in bodies)
    assert "born" not in by_other and by_maker["born"], "who gets that part alone knows whose it is"


def test_to_undo_that_a_new_record_was_accepted_takes_it_out_of_view(team: Team) -> None:
    operation = the(team.other, "operation").id
    with team.other.session.acting("as a plan does") as writer:
        writer.save(SITE, "7" * 16, {"name": "Mill", "operation": operation})
    team.exchange()
    proposing.accept(team.lead.session, proposing.list_proposals(team.lead.session))
    undoing.undo(team.lead.session)
    found = keeping.require(team.lead.session, SITE, "7" * 16)
    assert found.archived and found.text("name") == "Mill"


# ── the order decides nothing ──


def _added_up(one: Replica, batches: Sequence[Sequence[dict[str, Any]]]) -> dict[str, str]:
    one.put_back()
    with one.session.store.writing():
        one.connection.execute("DELETE FROM edit")
        one.session.store.replay()
    for number, batch in enumerate(batches, 100):
        _carry(one, batch, number)
    assert not checking.check(one.session).faults
    return health.fingerprints(one.connection)


def _known(one: Replica) -> list[dict[str, Any]]:
    bodies = one.connection.execute("SELECT body FROM edit ORDER BY id").fetchall()
    found = [json.loads(body) for (body,) in bodies]
    return [each for each in found if each["kind"] in ("operation", "participation", "assignment")]


def test_whom_a_later_lead_made_co_lead_is_one_whatever_came_first(team: Team) -> None:
    keeping.edit(team.lead.session, OPERATION, the(team.lead, "operation"), {"lead": "OTHER"})
    take(team.other, export(team.lead, "OTHER"))
    keeping.add(team.other.session, AGENCY, {"code": "NEW"})
    joins = {"operation": the(team.other, "operation").id, "agency": "NEW", "role": "co-lead"}
    keeping.join(team.other.session, joins)
    take(team.hearer, export(team.lead, "HEARER"))
    take(team.hearer, export(team.other, "HEARER"))
    every = _known(team.hearer)
    late = [each for each in every if each["kind"] == "operation" and set(each["set"]) == {"lead"}]
    assert late
    rest = [each for each in every if each not in late]
    assert _added_up(team.hearer, [every]) == _added_up(team.hearer, [rest, late])


def test_what_a_part_says_that_the_kind_has_not_bears_on_nothing(team: Team) -> None:
    record = the(team.lead).id
    strange = (record, "assignment", "care")
    with team.co_lead.session.acting("as no program does") as writer:
        writer.save(OPERATION, natural_id("operation", "key", "", "x"), {"codename": "X", "lead": "CO"})
    forge(team.co_lead, team.hearer, strange, {"operation": "7" * 16, "title": "Elsewhere"})
    keeping.edit(team.other.session, ASSIGNMENT, the(team.other), {"title": "Watch both piers"})
    take(team.hearer, export(team.other, "HEARER"))
    every = _known(team.hearer)
    late = [each for each in every if each["part"] == "care"]
    assert late
    rest = [each for each in every if each not in late]
    orders = ([every], [rest, late], [late, rest])
    assert len({json.dumps(_added_up(team.hearer, order)) for order in orders}) == 1


@pytest.mark.parametrize("what", ["operation", "participation", "assignment"])
def test_an_erasure_is_heeded_at_once_in_who_leads(team: Team, what: str) -> None:
    keeping.edit(team.lead.session, OPERATION, the(team.lead, "operation"), {"lead": "OTHER"})
    team.exchange()
    keeping.edit(team.other.session, ASSIGNMENT, the(team.other), {"title": "By OTHER"})
    team.exchange()
    who = team.other if what == "participation" else team.lead
    record = part_of(who, "CO") if what == "participation" else the(who, what)
    erasing.erase(who.session, record.id, ("operational",), reason="by mistake")
    for round_ in range(2):
        for one in team.all if round_ else [who]:
            before = health.fingerprints(one.connection)
            with one.session.store.writing():
                one.session.store.replay()
            assert health.fingerprints(one.connection) == before
        team.exchange()


def test_who_names_themselves_lead_of_a_plans_operation_lets_nobody_else_change_it(team: Team) -> None:
    values = {"codename": "PEARL", "lead": team.lead.session.own_agency, "note": "as the lead has it"}
    pearl = of_a_plan(team.lead, "operation", values)
    place = (pearl.id, "operation", "operational")
    forge(team.other, team.lead, place, {"lead": team.other.session.own_agency})
    forge(team.doer, team.lead, place, {"note": "by DOER"}, all_seen(team.lead, pearl.id, "note"))
    now = keeping.require(team.lead.session, OPERATION, pearl.id)
    assert now.text("note") == "as the lead has it"
    assert [each.field for each in conflicts.list_conflicts(team.lead.session)] == ["lead"], "and it is seen"
    assert ("DOER", {"note": "by DOER"}) in [each[:2] for each in proposed(team.lead)]


def test_who_only_proposes_neither_made_a_record_nor_changed_it(team: Team) -> None:
    before = the(team.lead)
    keeping.edit(team.other.session, ASSIGNMENT, the(team.other), {"title": "Watch both piers"})
    team.exchange()
    for replica in team.all:
        now = the(replica)
        assert (now.changed, now.changed_by, now.changed_in) == (
            before.changed,
            before.changed_by,
            before.changed_in,
        )
        assert (now.created, now.created_in) == (before.created, before.created_in)


def test_no_agencys_entry_takes_the_code_of_another(team: Team) -> None:
    shelter = keeping.add(team.lead.session, AGENCY, {"code": "SHELTER"})
    team.exchange()
    forge(
        team.other,
        team.lead,
        (shelter.id, "agency", "directory"),
        {"code": "DOER"},
        all_seen(team.lead, shelter.id, "code"),
    )
    assert keeping.require(team.lead.session, AGENCY, shelter.id).text("code") == "SHELTER"


def test_a_proposal_keeps_no_lead_from_erasing(team: Team) -> None:
    values = {"title": "Search the mill", "operation": the(team.lead, "operation").id, "status": "planned"}
    made = of_a_plan(team.lead, "assignment", values)
    team.exchange()
    own = keeping.add(team.other.session, OPERATION, {"codename": "MINE", "lead": "OTHER"})
    place = (made.id, "assignment", "operational")
    forge(team.other, team.lead, place, {"operation": own.id}, all_seen(team.lead, made.id, "operation"))
    erasing.erase(team.lead.session, made.id, reason="not wanted")
    assert keeping.require(team.lead.session, ASSIGNMENT, made.id).title == ""
