"""Erasure where feeds fork and stores are put back: no value comes back by any way, and all end in one state."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replicas import Replica, consent, documents, everything, export, make_replica, take, verify
from test_forks import BEFORE, carry, edits_for, hash_of, name_of, story

from taskforce.actions import backups, checking, erasing, feeds, keeping, quarantined
from taskforce.errors import Refused
from taskforce.keys import slots
from taskforce.keys.keyfile import make_key_file
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.store.erasing import numbers_of

VALUES = ("+11 ", "+22 ", "+33", "+00 1")
"""What was written into the contact's part that is erased."""


@cache
def erasures() -> dict[str, dict[str, Any]]:
    """The owner's edits that erase the contact: one by the feed that forked, after that; one by a new feed."""
    told = story()
    contact = name_of(told.device, "Common").id
    erasing.erase(told.device.session, contact, reason="wrong person")
    with told.twin.session.store.writing():
        told.twin.session.store.begin_epoch("the test says so")
    erasing.erase(told.twin.session, contact, reason="wrong person")
    found = {}
    for name, replica in (("forked", told.device), ("anew", told.twin)):
        [found[name]] = [each for each in edits_for(replica, told.relay) if "erased" in each["set"]]
    return found


def fresh(number: int = 0) -> Replica:
    """A receiver that has heard of nothing."""
    erasures()
    one = story().hearers[number]
    one.put_back()
    return one


def state(replica: Replica) -> dict[str, Any]:
    """All that must not depend on the order; but for what this replica itself said, and when."""
    ask = replica.connection.execute
    own = f"{replica.device}.%"
    return {
        "rows": ask("SELECT id, archived, name, phone, email FROM contact ORDER BY 1").fetchall(),
        "conflict": ask("SELECT * FROM conflict ORDER BY 1, 2, 3, 4").fetchall(),
        "log": ask(
            "SELECT hash, body FROM edit JOIN feed ON feed.id = edit.feed WHERE name NOT LIKE ? ORDER BY 1",
            (own,),
        ).fetchall(),
        "waiting": ask("SELECT hash, reason, body FROM quarantine ORDER BY 1").fetchall(),
        "flags": ask("SELECT feed, number FROM fork ORDER BY 1").fetchall(),
        "erased": ask("SELECT DISTINCT record, kind, part FROM erasure ORDER BY 1, 2, 3").fetchall(),
    }


def assert_gone(replica: Replica) -> None:
    """Nothing of the values is left in any table."""
    rows = str(everything(replica))
    assert not [value for value in VALUES if value in rows]
    assert not checking.check(replica.session).faults


def name_of_any(replica: Replica) -> str:
    """The id of the contact whose name is erased."""
    [found] = replica.connection.execute("SELECT record FROM erasure").fetchall()
    return str(found[0])


def deliver(to: Replica, bodies: Sequence[dict[str, Any]], sizes: Sequence[int]) -> None:
    """These edits, in this order, so many at a time."""
    left = list(bodies)
    for number, size in enumerate(sizes, start=1):
        if left:
            carry(to, left[:size], number)
            left = left[size:]


@settings(max_examples=40, deadline=None)
@given(
    data=st.data(),
    which=st.sampled_from([("forked",), ("anew",), ("forked", "anew")]),
    sizes=st.lists(st.integers(1, 4), min_size=16, max_size=16),
)
def test_erasure_fork_and_evidence_in_any_order_give_one_state(
    data: st.DataObject, which: tuple[str, ...], sizes: list[int]
) -> None:
    every = [*story().every, *(erasures()[name] for name in which)]
    missing = data.draw(st.sets(st.integers(0, len(story().every) - 1), max_size=6))
    some = [each for place, each in enumerate(every) if place not in missing]
    found = []
    for _time in range(2):
        replica = fresh()
        deliver(replica, data.draw(st.permutations(some)), sizes)
        found.append(state(replica))
        assert found[-1]["erased"]
        assert_gone(replica)
        deliver(replica, some, sizes)
        assert state(replica) == found[-1], "nothing comes back when it comes again"
        replica.session.store.rebuild()
        assert state(replica) == found[-1]
    assert found[0] == found[1]


def test_where_the_feed_parted_is_known_without_the_values_and_nobody_sends_them_again() -> None:
    one, two = fresh(0), fresh(1)
    for replica, last in ((one, [erasures()["anew"]]), (two, [])):
        carry(replica, [*story().common, *story().mine])
        carry(replica, [*story().theirs, *last], 2)
    _feed, halves = feeds.show_feed(one.session, story().feed)
    assert {half.hash for half in halves} == {hash_of(story().mine[0]), hash_of(story().theirs[0])}
    assert [half.values for half in halves] == [{}, {}]
    assert {each.values.get("phone") for each in quarantined.list_quarantined(one.session)} == {None}
    with pytest.raises(Refused):
        quarantined.drop(one.session, hash_of(story().mine[0]))
    for _time in range(3):
        for sender, receiver in ((one, two), (two, one)):
            data = export(sender, receiver.code)
            if sender is one:
                opened = documents(receiver, data)
                assert not [value for value in VALUES if value in str(opened)]
                assert all("sig" in each for each in opened if "edit" in each)
                assert {half.hash for half in halves} <= set(opened[0]["forks"])
            take(receiver, data)
    assert_gone(two)
    assert state(one)["rows"] == state(two)["rows"] and state(one)["flags"] == state(two)["flags"]
    for sender, receiver in ((one, two), (two, one)):
        assert not edits_for(sender, receiver)
    quarantined.admit(one.session, hash_of(story().mine[0]))
    assert_gone(one)


def test_what_a_feed_that_forked_erased_is_told_and_can_be_erased_again_by_the_owner() -> None:
    replica = fresh()
    carry(replica, [*story().common, *story().mine, *story().theirs, erasures()["forked"]])
    [told] = erasing.status(replica.session)
    assert (told.agency, told.reason) == ("CITY", "wrong person")
    [waiting] = [each for each in quarantined.list_quarantined(replica.session) if "erased" in each.values]
    with pytest.raises(Refused, match="erased something here"):
        quarantined.drop(replica.session, waiting.hash)
    assert state(replica)["flags"] == [(story().feed, BEFORE + 1)]
    device = story().device
    contact = name_of_any(device)
    with pytest.raises(Refused, match="erased already"):
        erasing.erase(device.session, contact, reason="again")
    carry(device, story().theirs)  # it hears that its feed forked
    assert_gone(device)
    assert erasing.foresee(device.session, contact).edits == 0  # there is nothing left to lose
    assert erasing.erase(device.session, contact, reason="again").edits == 0
    verify(device, replica)
    [again] = [each for each in edits_for(device, replica) if "erased" in each["set"]]
    assert not again["edit"].startswith(story().feed + "/")
    take(replica, export(device, replica.code))
    [told] = erasing.status(replica.session)
    assert "CITY" in {each.agency for each in told.confirmed}


# ── stores put back ──


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Replica, Replica]]:
    """CITY met somebody and referred them to NGO, which added to it; both open with a key file."""
    made = []
    for code in ("CITY", "NGO"):
        replica = make_replica(tmp_path / code, code, name=code, country="KH")
        make_key_file(tmp_path / f"{code}.key")
        slots.create_slots(replica.folder, replica.key, [slots.SlotSource.key_file(tmp_path / f"{code}.key")])
        made.append(replica)
    city, ngo = made
    verify(city, ngo)
    verify(ngo, city)
    keeping.add(city.session, get_kind("agency"), {"code": "NGO", "country": "KH"})
    meet(city, ngo, "Dara")
    take(ngo, export(city, "NGO"))
    keeping.edit(ngo.session, get_kind("victim"), victims(ngo)[0], {"given_names": "Canary Vuthy"})
    take(city, export(ngo, "CITY"))
    yield city, ngo
    for one in made:
        one.close()


def meet(city: Replica, ngo: Replica, name: str) -> None:
    """A victim, referred."""
    kind = get_kind("referral")
    typed = {"age_band": "9-17", "family_name": f"Canary {name}", "health": "Thirsty"}
    victim = keeping.add(city.session, get_kind("victim"), typed)
    consent(city, victim.id, ngo.code)
    about = {"victim": victim.id, "to": ngo.code, "services": ["shelter"]}
    keeping.move(city.session, kind, keeping.add(city.session, kind, about), "send", {})


def victims(replica: Replica) -> list[Any]:
    """All victims, the first met first."""
    return sorted(queries.list_records(replica.connection, get_kind("victim")), key=lambda one: one.created)


def erase(city: Replica) -> None:
    """Who they are is erased, of all."""
    for one in victims(city):
        erasing.erase(city.session, one.id, ["identity"], reason="she asked for it")


def put_back(replica: Replica, backup: Path) -> Replica:
    """The store that a backup makes."""
    key = str(backup.parent / f"{replica.code}.key")
    folder = backup.parent / f"{replica.code}-restored"
    made = backups.restore(backup, folder, lambda place: slots.open_with_key_file(place, key))
    replica.close()
    replica.folder = made.folder
    replica.open()
    return replica


def exchange(one: Replica, other: Replica) -> list[dict[str, Any]]:
    """Each hands the other a bundle, twice; the edits that went."""
    went = []
    for _time in range(2):
        for sender, receiver in ((one, other), (other, one)):
            data = export(sender, receiver.code)
            went += [each for each in documents(receiver, data) if "edit" in each]
            take(receiver, data)
    assert all("sig" in each for each in went)
    return went


def test_an_erasure_begins_no_new_epoch(two: tuple[Replica, Replica]) -> None:
    city, ngo = two
    before = {one.code: one.session.store.me.feed for one in two}
    erase(city)
    exchange(city, ngo)
    for one in two:
        assert not one.session.store.meta("scrub")
        one.close()
        one.open()
        keeping.add(one.session, get_kind("contact"), {"name": "S. Chan", "agency": one.code})
        assert one.session.store.me.feed == before[one.code] and not one.session.store.notices


@pytest.mark.parametrize("who", ["CITY", "NGO"], ids=["owner", "peer"])
def test_a_restored_store_drops_again_what_was_erased_since(
    two: tuple[Replica, Replica], who: str, tmp_path: Path
) -> None:
    city, ngo = two
    [restored, other] = two if who == "CITY" else [ngo, city]
    backups.write_backup(restored.session, tmp_path / "backup")
    meet(city, ngo, "of another day")  # written and erased after the backup
    exchange(city, ngo)
    erase(city)
    exchange(city, ngo)
    put_back(restored, tmp_path / "backup")
    assert victims(restored)[0].text("family_name") == "Canary Dara"
    exchange(restored, other)
    for one in two:
        assert [each.text("family_name") for each in victims(one)] == ["", ""]
        assert "Canary" not in str(everything(one))
        assert not checking.check(one.session).faults
        assert not one.connection.execute("SELECT * FROM fork").fetchall()
    for told in erasing.status(other.session):
        assert {each.agency for each in told.confirmed} == {"CITY", "NGO"}


def test_who_restores_a_backup_twice_is_believed_the_second_time_too(
    two: tuple[Replica, Replica], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The epoch that is drawn then may be lower than the one that the peers have heard of."""
    city, ngo = two
    backups.write_backup(city.session, tmp_path / "backup")
    monkeypatch.setattr("secrets.randbelow", lambda top: top - 1)
    put_back(city, tmp_path / "backup")
    keeping.edit(city.session, get_kind("victim"), victims(city)[0], {"health": "Fed"})
    exchange(city, ngo)
    epoch = city.session.store.me.feed
    city.close()
    shutil.rmtree(city.folder)
    monkeypatch.setattr("secrets.randbelow", lambda _top: 0)
    put_back(city, tmp_path / "backup")
    assert victims(city)[0].text("health") == "Thirsty"
    exchange(city, ngo)
    assert int(city.session.store.me.feed.partition(".")[2]) < int(epoch.partition(".")[2])
    assert victims(city)[0].text("health") == "Fed"
    assert exchange(city, ngo) == []


def test_own_skeletons_go_on_counting_for_numbers_and_what_came_before(two: tuple[Replica, Replica]) -> None:
    city, ngo = two
    victim = victims(ngo)[0].id
    [last] = ngo.connection.execute(
        "SELECT hash FROM edit JOIN feed ON feed.id = edit.feed WHERE device = ? ORDER BY number DESC LIMIT 1",
        (ngo.device,),
    ).fetchone()
    erase(city)
    take(ngo, export(city, "NGO"))
    own = [
        each
        for each in numbers_of(ngo.connection, (victim, "victim", "identity"))
        if each[0].startswith(ngo.device)
    ]
    assert [gone for _feed, _number, gone in own] == [True, False]
    assert own[1][1] == own[0][1] + 1
    [confirmed] = [each for each in edits_of(ngo, city) if "dropped" in each["set"]]
    assert confirmed["prev"] == last
    exchange(city, ngo)
    assert not city.connection.execute("SELECT * FROM fork").fetchall()


def edits_of(sender: Replica, receiver: Replica) -> list[dict[str, Any]]:
    """The edits of the next bundle."""
    return [each for each in documents(receiver, export(sender, receiver.code)) if "edit" in each]
