"""Two different edits with one number: whatever the order in which they come, honest replicas end in one state.

The device and its twin are real stores with the same keys that write in the same feed, as if the marker had not told
(a disk put back by snapshot). Their edits reach each receiver one by one, in an order of its own.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replicas import Replica, carried_by, documents, export, make_replica, sign_edit, take, verify

from taskforce.actions import checking, feeds, keeping, looking, quarantined, receiving
from taskforce.actions.attention import status
from taskforce.errors import Refused
from taskforce.records.registry import get_kind
from taskforce.store import health, queries
from taskforce.sync.edit import parse_edit

BEFORE = 3
"""Edits that device and twin have in common."""


@dataclass
class Story:
    """The device, its twin, a copy that wrote nothing since, somebody who answers, a relay, three who hear of all."""

    device: Replica
    twin: Replica
    early: Replica
    other: Replica
    relay: Replica
    hearers: list[Replica]
    feed: str
    common: list[dict[str, Any]]
    mine: list[dict[str, Any]]
    theirs: list[dict[str, Any]]
    answers: list[dict[str, Any]]

    @property
    def every(self) -> list[dict[str, Any]]:
        """All edits there are."""
        return [*self.common, *self.mine, *self.theirs, *self.answers]


def name_of(replica: Replica, text: str) -> Any:
    """The contact of this name."""
    [found] = [
        one
        for one in queries.list_records(replica.connection, get_kind("contact"))
        if one.text("name") == text
    ]
    return found


def add(replica: Replica, text: str) -> None:
    """A new contact."""
    keeping.add(replica.session, get_kind("contact"), {"name": text, "agency": "CITY"})


def edits_for(sender: Replica, receiver: Replica) -> list[dict[str, Any]]:
    """The edits of the next bundle."""
    return [each for each in documents(receiver, export(sender, receiver.code)) if "edit" in each]


@cache
def story() -> Story:
    """Made once; the receivers are put back before each example."""
    folder = Path(tempfile.mkdtemp(prefix="forks", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    device = make_replica(folder / "device", "CITY", name="City police")
    other, relay = (make_replica(folder / code, code, name=code) for code in ("OTHER", "RELAY"))
    hearers = [make_replica(folder / code, code, name=code) for code in ("ONE", "TWO", "THREE")]
    verify(device, relay)
    verify(device, other)
    for one in (other, relay, *hearers):
        verify(one, device)
        for each in (other, relay, *hearers):
            if each is not one:
                verify(one, each)
    add(device, "Common")
    keeping.edit(device.session, get_kind("contact"), name_of(device, "Common"), {"phone": "+00 1"})
    feed = device.session.store.me.feed
    common = edits_for(device, relay)
    assert len(common) == BEFORE
    device.close()
    twin, early = (Replica("CITY", folder / name, device.key, device.device) for name in ("twin", "early"))
    for one in (twin, early):
        shutil.copytree(folder / "device", one.folder)
    for one in (device, twin, early):
        one.open()
        one.settle()
    for number in range(3):
        keeping.edit(
            device.session, get_kind("contact"), name_of(device, "Common"), {"phone": f"+11 {number}"}
        )
        keeping.edit(twin.session, get_kind("contact"), name_of(twin, "Common"), {"phone": f"+22 {number}"})
    add(device, "Of the device")
    add(twin, "Of the twin")
    mine, theirs = edits_for(device, relay)[BEFORE:], edits_for(twin, relay)[BEFORE:]
    assert {each["edit"] for each in mine} == {each["edit"] for each in theirs}
    take(other, export(device, "OTHER"))
    keeping.edit(other.session, get_kind("contact"), name_of(other, "Common"), {"email": "a@b.example"})
    keeping.edit(other.session, get_kind("contact"), name_of(other, "Common"), {"phone": "+33"})
    # The proof of whose record this is comes after the fork, the answer stays.
    keeping.edit(
        other.session, get_kind("contact"), name_of(other, "Of the device"), {"email": "e@f.example"}
    )
    answers = [each for each in edits_for(other, relay) if each["edit"].startswith(other.device)]
    for one in (early, relay, *hearers):
        one.keep()
    return Story(device, twin, early, other, relay, hearers, feed, common, mine, theirs, answers)


def carry(to: Replica, bodies: Sequence[dict[str, Any]], number: int = 1) -> receiving.Imported:
    """A bundle of these edits from the relay, which did not write them."""
    told = story()
    certificates = [certificate_of(one) for one in (told.relay, told.device, told.other)]
    return take(to, carried_by(told.relay, to, bodies, number, certificates))


def certificate_of(one: Replica) -> dict[str, Any]:
    """A device's certificate."""

    row = one.connection.execute("SELECT certificate FROM device WHERE id = ?", (one.device,)).fetchone()
    found: dict[str, Any] = json.loads(row[0])
    return found


def state(replica: Replica) -> dict[str, Any]:
    """All that must not depend on the order: the tables, the log, what waits and why, the flags."""
    ask = replica.connection.execute
    return {
        **health.fingerprints(replica.connection),
        "log": ask("SELECT hash FROM edit ORDER BY 1").fetchall(),
        "waiting": ask("SELECT hash, reason FROM quarantine ORDER BY 1").fetchall(),
        "flags": ask("SELECT feed, number FROM fork ORDER BY 1").fetchall(),
    }


def fresh() -> Replica:
    """A receiver that has heard of nothing."""
    one = story().hearers[0]
    one.put_back()
    return one


ORDERS = st.permutations(range(BEFORE + 4 + 4 + 3))
SIZES = st.lists(st.integers(1, 4), min_size=14, max_size=14)


def deliver(to: Replica, order: Sequence[int], sizes: Sequence[int]) -> None:
    """All edits, in this order, so many at a time."""
    left = [story().every[index] for index in order]
    number = 0
    for size in sizes:
        if left:
            number += 1
            carry(to, left[:size], number)
            left = left[size:]


@settings(max_examples=40, deadline=None)
@given(one=ORDERS, other=ORDERS, sizes=SIZES, other_sizes=SIZES)
def test_the_order_of_arrival_decides_nothing(
    one: list[int], other: list[int], sizes: list[int], other_sizes: list[int]
) -> None:
    found = []
    for order, by in ((one, sizes), (other, other_sizes)):
        replica = fresh()
        deliver(replica, order, by)
        found.append(state(replica))
        assert not checking.check(replica.session).faults
    assert found[0] == found[1]
    assert found[0]["flags"] == [(story().feed, BEFORE + 1)]


def test_it_decides_nothing_either_where_one_side_was_whole_before_the_other_came() -> None:
    """Edits that counted leave the tables again, and the proof of whose record it is with them."""
    told = story()
    found = []
    for first, second in ((told.mine, told.theirs), (told.theirs, told.mine)):
        replica = fresh()
        for number, each in enumerate([*told.common, *first, *told.answers, *second], start=1):
            carry(replica, [each], number)
        found.append(state(replica))
        assert not checking.check(replica.session).faults
    assert found[0] == found[1]


@settings(max_examples=25, deadline=None)
@given(data=st.data(), one=ORDERS, sizes=SIZES)
def test_nor_does_it_where_some_never_arrive(data: st.DataObject, one: list[int], sizes: list[int]) -> None:
    missing = data.draw(st.sets(st.integers(0, 13), max_size=8))
    some = [index for index in one if index not in missing]
    other = data.draw(st.permutations(some))
    found = []
    for order, by in ((some, sizes), (other, sizes[::-1])):
        replica = fresh()
        deliver(replica, order, by)
        found.append(state(replica))
    assert found[0] == found[1]


@settings(max_examples=25, deadline=None)
@given(data=st.data(), one=ORDERS, other=ORDERS, sizes=SIZES)
def test_the_same_decisions_give_the_same_state(
    data: st.DataObject, one: list[int], other: list[int], sizes: list[int]
) -> None:
    side = data.draw(st.sampled_from([story().mine, story().theirs]))
    chosen = data.draw(st.lists(st.sampled_from([hash_of(each) for each in side]), unique=True))
    found = []
    for order, hashes in ((one, chosen), (other, data.draw(st.permutations(chosen)))):
        replica = fresh()
        deliver(replica, order, sizes)
        for each in hashes:
            quarantined.admit(replica.session, each)
        found.append(state(replica))
        assert not checking.check(replica.session).faults
        deliver(replica, other, sizes)
        assert state(replica) == found[-1], "what was decided holds when the edits come again"
    assert found[0] == found[1]


def waiting_of(replica: Replica, number: int) -> list[str]:
    """The hashes that wait at a number of the feed that forked."""
    return [
        one.hash for one in quarantined.list_quarantined(replica.session) if one.edit.endswith(f"/{number}")
    ]


def test_neither_of_the_two_counts_until_a_person_decides() -> None:
    replica = fresh()
    carry(replica, story().common)
    carry(replica, story().mine, 2)
    assert name_of(replica, "Of the device")
    carry(replica, story().theirs, 3)
    assert name_of(replica, "Common").text("phone") == "+00 1"
    with pytest.raises(ValueError):
        name_of(replica, "Of the device")
    feed, halves = feeds.show_feed(replica.session, story().feed)
    assert (feed.forked_at, feed.waiting, feed.agency) == (BEFORE + 1, 8, "CITY")
    assert feed.officer == "Officer of CITY"
    assert sorted(str(one.values["phone"]) for one in halves) == ["+11 0", "+22 0"]
    assert {one.came_through for one in halves} == {"RELAY"}
    quarantined.admit(replica.session, hash_of(story().theirs[0]))
    assert name_of(replica, "Common").text("phone") == "+22 0"
    with pytest.raises(Refused):
        quarantined.admit(replica.session, hash_of(story().mine[0]))
    for each in story().theirs[1:]:
        quarantined.admit(replica.session, hash_of(each))
    assert name_of(replica, "Of the twin") and name_of(replica, "Common").text("phone") == "+22 2"
    assert not checking.check(replica.session).faults


def test_later_edits_of_one_side_are_admitted_together_by_the_feeds_name() -> None:
    replica = fresh()
    carry(replica, [*story().common, story().mine[0], *story().theirs])
    done = quarantined.admit(replica.session, story().feed)
    assert done.edits == tuple(hash_of(each) for each in story().theirs[1:])
    assert set(done.left) == {hash_of(story().theirs[0]), hash_of(story().mine[0])}
    assert name_of(replica, "Of the twin")


def test_an_edit_that_does_not_follow_the_one_we_hold_gives_the_fork_away() -> None:
    """Only one of the two edits is known, and what came after the other."""
    replica = fresh()
    carry(replica, [*story().common, story().mine[0]])
    carry(replica, [story().theirs[1]], 2)
    [flag] = state(replica)["flags"]
    assert flag == (story().feed, BEFORE + 1)
    assert len(feeds.show_feed(replica.session, story().feed)[1]) == 2


def test_evidence_is_never_dropped_and_what_is_dropped_stays_away_and_leaves_a_trace() -> None:
    replica = fresh()
    carry(replica, [*story().common, *story().mine, *story().theirs])
    with pytest.raises(Refused):
        quarantined.drop(replica.session, hash_of(story().mine[0]))
    dropped = hash_of(story().mine[1])
    quarantined.drop(replica.session, dropped)
    carry(replica, story().mine, 2)
    assert dropped not in waiting_of(replica, BEFORE + 2)
    assert any(
        quarantined.ref_of(dropped) in done.summary for done in looking.actions(replica.session, limit=5)
    )


def test_status_points_to_what_waits() -> None:
    replica = fresh()
    carry(replica, [*story().common, *story().mine, *story().theirs])
    told = [item.do for item in status(replica.session).items if item.kind == "quarantine"]
    assert told and all(do.startswith("taskforce feed show " + story().feed[:4]) for do in told)


def test_evidence_travels_to_everybody_who_hears_of_both() -> None:
    """ONE has one side, TWO the other; neither sends its own to who says that he holds the number."""
    one, two, three = story().hearers
    for each in (one, two, three):
        each.put_back()
    carry(one, [*story().common, *story().mine])
    carry(two, [*story().common, *story().theirs])
    for _time in range(3):
        for sender in (one, two, three):
            for receiver in (one, two, three):
                if sender is not receiver:
                    take(receiver, export(sender, receiver.code))
    # The first to tell: an edit that only one of them has and that follows the other's.
    for sender, more in ((one, story().mine), (two, story().theirs)):
        assert more and sender
    keeping.edit(
        story().device.session, get_kind("contact"), name_of(story().device, "Common"), {"phone": "+44"}
    )
    later = edits_for(story().device, story().relay)[-1]
    carry(one, [later], 9)
    for _time in range(6):
        for sender in (one, two, three):
            for receiver in (one, two, three):
                if sender is not receiver:
                    take(receiver, export(sender, receiver.code))
    flags = [state(each)["flags"] for each in (one, two, three)]
    assert flags == [[(story().feed, BEFORE + 1)]] * 3
    halves = [
        {half.hash for half in feeds.show_feed(each.session, story().feed)[1]} for each in (one, two, three)
    ]
    assert halves == [{hash_of(story().mine[0]), hash_of(story().theirs[0])}] * 3
    for sender in (one, two, three):
        for receiver in (one, two, three):
            if sender is not receiver:
                again = [
                    each for each in documents(receiver, export(sender, receiver.code)) if "edit" in each
                ]
                assert again == [], "what everybody knows is not told for ever"


def test_half_of_a_fork_that_others_have_answered_goes_by_what_it_says_itself(tmp_path: Path) -> None:
    """The first edit of an assignment waits because of the fork, so nothing that counts says of what operation it is.

    Who has the other half and takes part must get this one: `SEED=7023896027` at commit df4932e was the first to tell.
    """
    city, *others = (
        make_replica(tmp_path / code, code, name=code) for code in ("CITY", "OTHER", "IN", "OUT")
    )
    other, inside, outside = others
    for one in (city, *others):
        for each in (city, *others):
            if each is not one:
                verify(one, each)
    operation = keeping.add(city.session, get_kind("operation"), {"codename": "GREY HERON", "lead": "CITY"})
    for code in ("OTHER", "IN"):
        keeping.add(city.session, get_kind("agency"), {"code": code})
        keeping.join(city.session, {"operation": operation.id, "agency": code, "role": "partner"})
    for one in others:
        take(one, export(city, one.code))
    city.close()
    twin = Replica("CITY", tmp_path / "twin", city.key, city.device)
    shutil.copytree(city.folder, twin.folder)
    for one in (city, twin):
        one.open()
        one.settle()
    task = keeping.add(city.session, get_kind("assignment"), {"title": "Search", "operation": operation.id})
    add(twin, "Of the twin")
    take(other, export(city, "OTHER"))
    [answered] = queries.list_records(other.connection, get_kind("assignment"))
    keeping.edit(other.session, get_kind("assignment"), answered, {"priority": "priority"})
    for one in others:
        take(one, export(twin, one.code))
    assert state(other)["flags"] and not state(inside)["flags"]

    assert task.id not in {each["record"] for each in edits_for(other, outside)}
    take(inside, export(other, "IN"))
    assert state(inside)["flags"] == state(other)["flags"]
    take(other, export(inside, "OTHER"))
    assert edits_for(other, inside) == [], "who knows it is not told again"


def test_our_own_feed_forked_we_go_on_in_a_new_one() -> None:
    told = story()
    folder = told.device.folder.parent / "third"
    if not folder.exists():
        told.twin.close()
        shutil.copytree(told.twin.folder, folder)
        told.twin.open()
    third = Replica("CITY", folder, told.twin.key, told.twin.device)
    third.open()
    third.settle()
    verify(third, told.relay)
    before = third.session.store.me.feed
    carry(third, told.mine)
    assert third.session.store.me.feed != before
    assert third.session.store.notices
    keeping.edit(third.session, get_kind("contact"), name_of(third, "Common"), {"email": "c@d.example"})
    assert name_of(third, "Common").text("email") == "c@d.example"
    assert not checking.check(third.session).faults
    third.close()


def test_what_enters_and_leaves_again_within_one_import_is_not_told_as_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Looked at one by one, an edit counts until the next shows that its feed forked; then it waits, as that does."""
    monkeypatch.setattr(receiving, "BATCH", 1)
    told, replica = story(), fresh()
    [contact] = {each["record"] for each in told.common if each["kind"] == "contact"}
    found = carry(replica, [*told.common, told.mine[-1], *told.mine[:-1], told.theirs[0]])
    assert (found.edits, found.new) == (BEFORE + 5, BEFORE)
    assert found.waiting == {"fork": 2, "after-fork": 3}
    assert [record for kind, record, _new in found.records if kind == "contact"] == [contact]
    assert [one.record.title for one in found.some if one.kind == "contact" and one.record] == ["Common"]
    assert {field for one in found.some for field in one.fields} >= {"name", "phone"}


def test_claims_that_a_new_epoch_settles_are_told_as_new_and_not_as_waiting() -> None:
    """They saw edits of ours that came later in the very bundle."""
    told, replica = story(), as_it_was_early()
    found = carry(replica, [*told.answers, *told.mine])
    assert replica.session.store.me.feed != told.feed
    assert (found.new, found.waiting) == (len(told.answers) + len(told.mine), {})
    assert {record for _kind, record, _new in found.records} == {
        each["record"] for each in (*told.answers, *told.mine)
    }
    assert not checking.check(replica.session).faults


def test_nor_is_an_edit_new_that_a_settled_claim_shows_to_be_half_of_a_fork() -> None:
    """Of two edits with one number one counted at first, as the other seemed to claim what it could not have seen."""
    told, replica = story(), as_it_was_early()
    *before, claim, _after = told.answers
    other = sign_edit(told.other, {**claim, "set": {"phone": "+55"}, "saw": {}})
    found = carry(replica, [*before, claim, other, *told.mine])
    assert (found.new, found.waiting) == (len(before) + len(told.mine), {"fork": 2})
    assert {record for _kind, record, _new in found.records} == {
        each["record"] for each in (*before, *told.mine)
    }


def as_it_was_early() -> Replica:
    """A copy of the device from before its feed parted, which has met the relay and who answered."""
    replica = story().early
    replica.put_back()
    verify(replica, story().relay)
    verify(replica, story().other)
    return replica


def hash_of(body: dict[str, Any]) -> str:
    """An edit's hash."""
    return parse_edit(body).hash
