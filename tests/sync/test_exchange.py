"""Two agencies exchanging: stories that five replicas once stumbled over, told plainly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from replicas import Replica, consent, documents, export, make_replica, take, verify

from taskforce.actions import checking, conflicts, keeping, peers, proposing, undoing
from taskforce.actions.whose_word import Words
from taskforce.errors import Refused
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.store.queries import Record

Two = tuple[Replica, Replica]


@cache
def _stores(folder: Path) -> Two:
    one, other = (
        make_replica(folder / f"two-{code}", code, name=code, country="KH") for code in ("CITY", "NGO")
    )
    verify(one, other)
    verify(other, one)
    victim = keeping.add(one.session, get_kind("victim"), {"age_band": "9-17"})
    kind = get_kind("referral")
    keeping.add(one.session, get_kind("agency"), {"code": "NGO", "country": "KH"})
    consent(one, victim.id, "NGO")
    made = keeping.add(one.session, kind, {"victim": victim.id, "to": "NGO", "services": ["shelter"]})
    keeping.move(one.session, kind, made, "send", {})
    one.keep()
    other.keep()
    return one, other


@pytest.fixture
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """CITY has just sent NGO a referral."""
    stores = _stores(tmp_path_factory.getbasetemp())
    for replica in stores:
        replica.skew = timedelta()
        replica.put_back()
    yield stores


def the(replica: Replica, kind: str) -> Record:
    """The only record of a kind, archived or not."""
    [found] = queries.list_records(replica.connection, get_kind(kind), archived=True)
    return found


def swap(one: Replica, other: Replica) -> None:
    """Both hear what the other has to say."""
    take(other, export(one, other.code))
    take(one, export(other, one.code))


@pytest.mark.parametrize("ending", ["declined", "revoked", "archived"])
def test_after_a_referral_has_ended_they_have_nothing_to_repeat(two: Two, ending: str) -> None:
    city, ngo = two
    kind = get_kind("referral")
    swap(city, ngo)
    keeping.edit(ngo.session, get_kind("victim"), the(ngo, "victim"), {"health": "Well"})
    swap(city, ngo)
    if ending == "declined":
        keeping.move(ngo.session, kind, the(ngo, "referral"), "decline", {"decline_reason": "unsafe"})
    elif ending == "revoked":
        keeping.move(city.session, kind, the(city, "referral"), "revoke", {})
    else:
        keeping.set_archived(city.session, kind, the(city, "referral"), archived=True)
    for _time in range(3):
        swap(city, ngo)
    assert the(city, "referral").values == the(ngo, "referral").values
    assert the(city, "referral").archived == the(ngo, "referral").archived == (ending == "archived")
    for one, other in ((city, ngo), (ngo, city)):
        [peer] = peers.list_peers(one.session)
        assert (peer.waiting, peer.unsent) == (0, 0)
        assert [each for each in documents(other, export(one, other.code)) if "edit" in each] == []
    keeping.edit(city.session, get_kind("victim"), the(city, "victim"), {"health": "Canary"})
    assert "Canary" not in str(documents(ngo, export(city, "NGO")))


def test_a_clock_in_the_future_does_not_keep_a_revoked_referral_open(two: Two) -> None:
    """NGO's acknowledgement and CITY's revocation cross. By NGO's clock its own is later, and is shown."""
    city, ngo = two
    ngo.skew = timedelta(days=400)
    data = export(city, "NGO")
    with ngo.at(0):
        take(ngo, data)
        acknowledged = export(ngo, "CITY")
    keeping.move(city.session, get_kind("referral"), the(city, "referral"), "revoke", {})
    take(city, acknowledged)
    assert the(city, "referral").text("status") == "received"
    assert [each.field for each in conflicts.list_conflicts(city.session)] == ["status"]
    keeping.edit(city.session, get_kind("victim"), the(city, "victim"), {"health": "Canary"})
    assert "Canary" not in str(documents(ngo, export(city, "NGO")))


@pytest.mark.parametrize("archive_first", [True, False])
def test_archived_here_and_something_proposed_there_stays_archived_and_waits(
    two: Two, archive_first: bool
) -> None:
    city, ngo = two
    swap(city, ngo)
    keeping.set_archived(city.session, get_kind("victim"), the(city, "victim"), archived=True)
    keeping.edit(ngo.session, get_kind("victim"), the(ngo, "victim"), {"health": "Needs insulin"})
    if not archive_first:
        take(city, export(ngo, "CITY"))
    take(ngo, export(city, "NGO"))
    take(city, export(ngo, "CITY"))
    for replica in two:
        assert the(replica, "victim").archived
        assert the(replica, "victim").text("health") == ""
        [one] = proposing.list_proposals(replica.session)
        assert (one.values, one.deciders) == ({"health": "Needs insulin"}, ("CITY",))
        assert not checking.check(replica.session).faults
    proposing.accept(city.session, proposing.list_proposals(city.session))
    swap(city, ngo)
    for replica in two:
        assert not the(replica, "victim").archived, (
            "who accepts it knows that it is archived, and brings it back"
        )
        assert the(replica, "victim").text("health") == "Needs insulin"
        assert proposing.list_proposals(replica.session) == conflicts.list_conflicts(replica.session) == []


@pytest.mark.parametrize("taken", ["archived", "in view"])
@pytest.mark.parametrize("archive_first", [True, False])
def test_archived_here_and_edited_there_is_listed_and_decided(
    two: Two, archive_first: bool, taken: str
) -> None:
    city, ngo = two
    swap(city, ngo)
    kind = get_kind("referral")
    keeping.set_archived(city.session, kind, the(city, "referral"), archived=True)
    keeping.move(ngo.session, kind, the(ngo, "referral"), "accept", {"handover_place": "Bus station"})
    if archive_first:
        take(ngo, export(city, "NGO"))
    swap(ngo, city)
    swap(city, ngo)
    for replica in two:
        assert not the(replica, "referral").archived
        [one] = conflicts.list_conflicts(replica.session)
        assert (one.part, one.field) == ("case", "archived")
        sides = {(side.value, side.agency, side.fields, side.shown) for side in one.sides}
        assert sides == {
            ("yes", "CITY", (), False),
            ("", "NGO", ("answered_at", "handover_place", "status"), True),
        }
        assert not checking.check(replica.session).faults
    [one] = conflicts.list_conflicts(city.session)
    number = 1 + [bool(side.value) for side in one.sides].index(taken == "archived")
    conflicts.resolve(city.session, the(city, "referral").id, "archived", take=number)
    swap(city, ngo)
    for replica in two:
        assert the(replica, "referral").archived == (taken == "archived")
        assert the(replica, "referral").text("handover_place") == "Bus station"
        assert conflicts.list_conflicts(replica.session) == []
        assert not checking.check(replica.session).faults


def test_who_knowingly_edits_an_archived_record_brings_it_back_and_is_in_no_conflict(two: Two) -> None:
    city, ngo = two
    swap(city, ngo)
    kind = get_kind("referral")
    keeping.set_archived(city.session, kind, the(city, "referral"), archived=True)
    swap(city, ngo)
    assert the(ngo, "referral").archived
    keeping.move(ngo.session, kind, the(ngo, "referral"), "accept", {"handover_place": "Bus station"})
    swap(ngo, city)
    for replica in two:
        assert not the(replica, "referral").archived
        assert conflicts.list_conflicts(replica.session) == []


def test_archived_here_and_a_part_begun_there_is_listed_in_that_part(two: Two) -> None:
    city, ngo = two
    operation = keeping.add(city.session, get_kind("operation"), {"codename": "OPAL", "lead": "CITY"})
    keeping.join(city.session, {"operation": operation.id, "agency": "NGO", "role": "co-lead"})
    own = keeping.join(city.session, {"operation": operation.id, "agency": "CITY"})
    typed = {"title": "Memorandum", "parties": ["CITY", "NGO"]}
    agreement = keeping.add(city.session, get_kind("agreement"), typed)
    swap(city, ngo)
    kind = get_kind("participation")

    def record(replica: Replica) -> Record:
        return keeping.require(replica.session, kind, own.id)

    keeping.set_archived(city.session, kind, record(city), archived=True)
    keeping.edit(ngo.session, kind, record(ngo), {"legal_basis": agreement.id})
    swap(ngo, city)
    swap(city, ngo)
    for replica in two:
        assert not record(replica).archived
        [one] = conflicts.list_conflicts(replica.session)
        assert (one.part, one.field) == ("agreement", "archived")
    conflicts.resolve(ngo.session, record(ngo).id, "archived", take=1)
    swap(ngo, city)
    for replica in two:
        assert conflicts.list_conflicts(replica.session) == []


def test_a_move_that_is_not_the_receivers_counts_whole_or_not_at_all(two: Two) -> None:
    city, ngo = two
    swap(city, ngo)
    kind = get_kind("referral")
    keeping.move(ngo.session, kind, the(ngo, "referral"), "cancel", {"status_note": "No"})
    swap(ngo, city)
    for replica in two:
        assert (the(replica, "referral").text("status"), the(replica, "referral").text("status_note")) == (
            "received",
            "",
        )
        [one] = proposing.list_proposals(replica.session)
        assert set(one.fields) == {"status", "status_note", "cancelled_at"}
    keeping.move(ngo.session, kind, the(ngo, "referral"), "accept", {"status_note": "Yes"})
    swap(ngo, city)
    for replica in two:
        assert (the(replica, "referral").text("status"), the(replica, "referral").text("status_note")) == (
            "accepted",
            "Yes",
        )
        assert proposing.list_proposals(replica.session) == [], (
            "what was set with the state that is replaced goes too"
        )


def test_nobody_widens_anothers_consent_at_home_neither(two: Two) -> None:
    city, ngo = two
    swap(city, ngo)
    before = the(ngo, "consent")
    keeping.edit(ngo.session, get_kind("consent"), before, {"to": ["NGO", "any-provider"]})
    swap(ngo, city)
    for replica in two:
        said = Words(replica.session).said(the(replica, "consent"), "case")
        assert said["to"] == the(replica, "consent").values["to"] == before.values["to"]
        [one] = proposing.list_proposals(replica.session)
        assert one.fields == ("to",)


def test_anybodys_withdrawal_of_a_consent_stops_the_flow_though_it_only_proposes(two: Two) -> None:
    city, ngo = two
    swap(city, ngo)
    keeping.move(ngo.session, get_kind("consent"), the(ngo, "consent"), "withdraw", {})
    swap(ngo, city)
    keeping.edit(city.session, get_kind("victim"), the(city, "victim"), {"health": "Canary"})
    assert the(city, "consent").text("status") == "given"
    assert "Canary" not in str(documents(ngo, export(city, "NGO")))


def test_a_referral_that_has_left_is_cancelled_not_undone(two: Two) -> None:
    city, _ngo = two
    export(city, "NGO")
    with pytest.raises(Refused) as refused:
        undoing.undo(city.session)
    assert "referral cancel" in str(refused.value.hint)
    assert the(city, "referral").text("status") == "sent"


def test_a_referral_that_has_not_left_is_a_draft_again_by_undo(two: Two) -> None:
    city, _ngo = two
    undoing.undo(city.session)
    assert the(city, "referral").text("status") == "draft"


def test_a_move_is_held_against_the_state_of_the_moment_not_of_when_it_was_read(two: Two) -> None:
    city, _ngo = two
    kind = get_kind("referral")
    read_before = the(city, "referral")
    keeping.move(city.session, kind, read_before, "cancel", {})  # another window was quicker
    with pytest.raises(Refused):
        keeping.move(city.session, kind, read_before, "accept", {})
    assert the(city, "referral").text("status") == "cancelled"


def test_officers_names_and_telephones_never_leave_unsealed(two: Two) -> None:
    city, _ngo = two
    undoing.undo(city.session)  # the referral is a draft: only agencies go now
    assert export(city, "NGO", sealed=False).startswith(b"---")
    keeping.add(city.session, get_kind("contact"), {"name": "A. Canary", "agency": "CITY", "phone": "+00 1"})
    with pytest.raises(Refused):
        export(city, "NGO", sealed=False)
