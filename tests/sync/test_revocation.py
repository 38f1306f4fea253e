"""A revoked device: what it wrote after its last good edit counts nowhere, in whatever order all of it comes.

The agency has two devices. One is lost; whoever has it writes on. Others hear of the edits one by one, from a relay,
and of the revocation before, between or after them.
"""

from __future__ import annotations

import atexit
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
from replicas import (
    Replica,
    carried_by,
    documents,
    export,
    make_replica,
    second_device,
    sign_edit,
    take,
    verify,
)

from taskforce.actions import checking, erasing, keeping, quarantined, revoking
from taskforce.errors import Refused, TrustError
from taskforce.keys import identity, statements
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.store.known_devices import find_device
from taskforce.store.quarantine import waiting
from taskforce.sync import bundle

GOOD, STOLEN = 2, 3
"""Edits of the lost device: so many good ones after its first, then so many by the thief."""


@dataclass
class Story:
    """Headquarters and the field laptop of one agency, a partner who answers, a relay, those who hear of it all."""

    base: Replica
    lost: Replica
    partner: Replica
    relay: Replica
    hearers: list[Replica]
    feed: str
    last_good: int
    edits: list[dict[str, Any]]
    said: list[dict[str, Any]]


def add(replica: Replica, text: str) -> None:
    """A new contact."""
    keeping.add(replica.session, get_kind("contact"), {"name": text, "agency": "CITY"})


def rename(replica: Replica, old: str, new: str) -> None:
    """Change a contact's name."""
    kind = get_kind("contact")
    [found] = [one for one in queries.list_records(replica.connection, kind) if one.text("name") == old]
    keeping.edit(replica.session, kind, found, {"name": new})


def edits_for(sender: Replica, receiver: Replica) -> list[dict[str, Any]]:
    """The edits of the next bundle."""
    return [each for each in documents(receiver, export(sender, receiver.code)) if "edit" in each]


def seed_of(replica: Replica) -> identity.AgencySecret:
    """The agency's key, as it lies in a store."""
    return identity.AgencySecret(bytes.fromhex(replica.session.store.meta("agency_seed")))


def revocation(base: Replica, device: str, good: dict[str, int], reason: str = "") -> dict[str, Any]:
    """What the agency says under its key."""
    return statements.make_statement(
        seed_of(base),
        base.code,
        statements.REVOCATION,
        about=device,
        made="2026-11-23T12:00:00Z",
        fields={"good": {feed: str(number) for feed, number in good.items()}, "reason": reason},
    )


def carries(
    relay: Replica,
    to: Replica,
    number: int,
    edits: Sequence[dict[str, Any]] = (),
    said: Sequence[dict[str, Any]] = (),
    certificates: Sequence[Replica] = (),
) -> bytes:
    """A bundle of the relay with these edits and statements, whoever they are of."""
    head = bundle.compose_head(
        id=f"{number:016d}",
        agency=relay.code,
        device=relay.device,
        to={to.code: number},
        made="2026-11-23T12:00:00Z",
        holdings={},
        certificates=[_certificate(one) for one in certificates],
        statements=said,
    )
    ordered = sorted(edits, key=lambda each: (each["edit"].split("/")[0], int(each["edit"].split("/")[1])))
    return "".join(bundle.write(head, ordered, relay.session.sign_bundle)).encode()


def _certificate(replica: Replica) -> dict[str, Any]:
    found = find_device(replica.connection, replica.device)
    assert found is not None
    return dict(found.certificate)


@cache
def story() -> Story:
    """Made once; the hearers are put back before each example."""
    folder = Path(tempfile.mkdtemp(prefix="taskforce-revoked-"))
    atexit.register(shutil.rmtree, folder, True)
    base = make_replica(folder / "base", "CITY", name="City")
    lost = second_device(folder / "lost", base)
    partner = make_replica(folder / "partner", "PARTNER", name="Partner")
    relay = make_replica(folder / "relay", "RELAY", name="Relay")
    every = [base, partner, relay, *(make_replica(folder / name, name) for name in ("ONE", "TWO"))]
    for one in every:
        for other in every:
            if one is not other:
                verify(one, other)
    for other in every[1:]:
        verify(lost, other)
    take(lost, export(base, "CITY"))
    for number in range(GOOD):
        add(lost, f"good {number}")
    feed = lost.session.store.me.feed
    (last_good,) = lost.connection.execute(
        "SELECT max(number) FROM edit JOIN feed ON feed.id = edit.feed WHERE name = ?", (feed,)
    ).fetchone()
    take(partner, export(lost, "PARTNER"))
    for number in range(STOLEN):
        rename(lost, "good 0" if not number else f"stolen {number - 1}", f"stolen {number}")
    add(lost, "invented")
    take(partner, export(lost, "PARTNER"))
    rename(partner, f"stolen {STOLEN - 1}", "the partner's answer")
    edits = {each["edit"]: each for each in edits_for(lost, relay) + edits_for(partner, relay)}
    mine = [each for each in edits.values() if each["edit"].startswith(feed)]
    assert len(mine) == last_good + STOLEN + 1
    said = [revocation(base, lost.device, {feed: last_good}, "left in a taxi")]
    hearers = every[3:]
    for one in hearers:
        take(one, carries(relay, one, 1, certificates=[base, lost, partner]))
        one.keep()
    return Story(base, lost, partner, relay, hearers, feed, last_good, list(edits.values()), said)


def heard(one: Replica) -> dict[str, Any]:
    """All that a replica says of others: contacts, conflicts, what waits and why, what is held."""
    connection = one.connection
    return {
        "contacts": sorted(
            (record.id, record.text("name"))
            for record in queries.list_records(connection, get_kind("contact"))
        ),
        "conflicts": sorted(connection.execute("SELECT record, part, field FROM conflict")),
        "log": sorted(
            connection.execute(
                "SELECT hash FROM edit JOIN feed ON feed.id = edit.feed WHERE device <> ?", (one.device,)
            )
        ),
        "owners": sorted(connection.execute("SELECT id, owner FROM record WHERE owner <> ''")),
        "waits": sorted((each.feed, each.number, each.reason) for each in waiting(connection)),
        "forks": sorted(connection.execute("SELECT feed, number FROM fork")),
        "erased": sorted(connection.execute("SELECT record, part, number FROM erasure")),
    }


def tell(one: Replica, told: Story, items: Sequence[dict[str, Any]]) -> None:
    """Edits and statements one by one, each in a bundle of the relay."""
    for number, item in enumerate(items, start=2):
        is_edit = "edit" in item
        take(
            one,
            carries(told.relay, one, number, edits=[item] if is_edit else [], said=[] if is_edit else [item]),
        )


@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_what_counts_does_not_depend_on_the_order_in_which_edits_and_revocation_come(
    data: st.DataObject,
) -> None:
    told = story()
    items = [*told.edits, *told.said]
    one, other = told.hearers
    for hearer in told.hearers:
        hearer.put_back()
    tell(one, told, items)
    tell(other, told, data.draw(st.permutations(items)))
    assert heard(one)["contacts"] and heard(one)["contacts"] == heard(other)["contacts"]
    theirs, ours = heard(other), heard(one)
    assert ours["owners"] and theirs == ours
    assert {(number, reason) for _feed, number, reason in ours["waits"]} == {
        (told.last_good + 1 + number, "revoked") for number in range(STOLEN + 1)
    }
    names = [name for _id, name in ours["contacts"]]
    assert "good 1" in names and "invented" not in names
    assert checking.check(other.session).faults == ()


@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_of_two_revocations_the_lowest_last_good_counts_feed_by_feed(data: st.DataObject) -> None:
    told = story()
    lower = [
        revocation(told.base, told.lost.device, {told.feed: told.last_good - 1}, "since the evening before"),
        revocation(told.base, told.lost.device, {told.feed: told.last_good + 1, f"{told.lost.device}.9": 4}),
    ]
    items = [*told.edits, *told.said, *lower]
    one, other = told.hearers
    for hearer in told.hearers:
        hearer.put_back()
    tell(one, told, items)
    tell(other, told, data.draw(st.permutations(items)))
    assert heard(one) == heard(other)
    assert min(number for _feed, number, _reason in heard(one)["waits"]) == told.last_good


def test_a_thief_who_forks_the_feed_beyond_the_last_good_edit_flags_nothing() -> None:
    told = story()
    one, other = told.hearers
    for hearer in told.hearers:
        hearer.put_back()
    last = next(each for each in told.edits if each["edit"] == f"{told.feed}/{told.last_good}")
    twin = sign_edit(told.lost, {**last, "edit": f"{told.feed}/{told.last_good + 1}", "prev": "A" * 43})
    items = [*told.edits, twin, *told.said]
    tell(one, told, items)
    tell(other, told, [*told.said, *reversed([*told.edits, twin])])
    assert heard(one) == heard(other)
    assert heard(one)["forks"] == []
    assert [reason for _feed, _number, reason in heard(one)["waits"]] == ["revoked"] * (STOLEN + 2)


def test_only_the_agency_that_certified_a_device_revokes_it() -> None:
    told = story()
    one, _other = told.hearers
    one.put_back()
    tell(one, told, told.edits)
    before = heard(one)
    good = {told.feed: 0}
    by_another = statements.make_statement(
        seed_of(told.partner),
        "PARTNER",
        statements.REVOCATION,
        about=told.lost.device,
        made="2026-11-23T12:00:00Z",
        fields={"good": {told.feed: "0"}, "reason": ""},
    )
    take(one, carries(told.relay, one, 20, said=[by_another]))
    assert heard(one) == before
    assert not revoking_of(one, told.lost.device)
    forged = {**revocation(told.base, told.lost.device, good), "reason": "forged"}
    by_device = {**forged, "sig": sign_with_device(told.lost, forged)}
    for bad in (forged, by_device):
        with pytest.raises(TrustError):
            take(one, carries(told.relay, one, 21, said=[bad]))
    pretended = identity.new_agency()
    unknown_key = statements.make_statement(
        pretended,
        "CITY",
        statements.REVOCATION,
        about=told.lost.device,
        made="2026-11-23T12:00:00Z",
        fields={"good": {told.feed: "0"}, "reason": ""},
    )
    take(one, carries(told.relay, one, 22, said=[unknown_key]))
    assert heard(one) == before
    take(one, carries(told.relay, one, 23, said=told.said))
    once = heard(one)
    take(one, carries(told.relay, one, 24, said=told.said))
    assert heard(one) == once != before


def revoking_of(one: Replica, device: str) -> bool:
    """Whether a replica takes a device for revoked."""
    from taskforce.store.revoked import is_revoked

    return is_revoked(one.connection, device)


def sign_with_device(device: Replica, body: dict[str, Any]) -> str:
    """A signature by a device's own key for the purpose of a revocation."""
    from taskforce.keys.encoding import canonical_json
    from taskforce.keys.signatures import sign

    unsigned = {name: value for name, value in body.items() if name != "sig"}
    return sign(device.sign_seed, "statement-revocation", canonical_json(unsigned))


def test_a_device_that_is_not_known_yet_is_revoked_when_it_is_heard_of(tmp_path: Path) -> None:
    told = story()
    late = make_replica(tmp_path / "late", "LATE")
    verify(late, told.relay)
    verify(late, told.base)
    take(late, carries(told.relay, late, 1, said=told.said))
    take(late, carries(told.relay, late, 2, edits=told.edits, certificates=[told.lost, told.partner]))
    waits = [
        (each.number, each.reason) for each in waiting(late.connection) if each.device == told.lost.device
    ]
    assert waits == [(told.last_good + 1 + number, "revoked") for number in range(STOLEN + 1)]
    late.close()


def test_nobody_admits_what_was_refused_and_a_bundle_of_the_thief_is_refused() -> None:
    told = story()
    one, _other = told.hearers
    one.put_back()
    tell(one, told, [*told.edits, *told.said])
    first = quarantined.list_quarantined(one.session)[0]
    with pytest.raises(Refused) as refused:
        quarantined.admit(one.session, first.ref)
    assert refused.value.code == "revoked"
    add(told.lost, "after all")
    with pytest.raises(TrustError) as thief:
        take(one, export(told.lost, one.code))
    assert thief.value.code == "revoked"
    assert not [each for each in waiting(one.connection) if each.number > told.last_good + STOLEN + 1]


def test_carried_by_is_what_a_relay_does() -> None:
    """What a relay carries of the thief's is refused like the rest."""
    told = story()
    one, _other = told.hearers
    one.put_back()
    tell(one, told, told.said)
    take(one, carried_by(told.relay, one, told.edits, 30))
    assert {each.reason for each in waiting(one.connection)} == {"revoked"}


@cache
def erasing_edit() -> tuple[str, dict[str, Any]]:
    """The thief erases a contact that was good; its id, and the edit."""
    told = story()
    told.lost.keep()
    kind = get_kind("contact")
    every = queries.list_records(told.lost.connection, kind)
    [good] = [each for each in every if each.text("name") == "good 1"]
    erasing.erase(told.lost.session, good.id, reason="by the thief")
    sent = edits_for(told.lost, told.relay)
    [erased] = [each for each in sent if each["record"] == good.id and "erased" in each["set"]]
    told.lost.put_back()
    return good.id, erased


def test_what_the_thief_erased_comes_back_once_it_is_sent_again() -> None:
    told = story()
    one, other = told.hearers
    for hearer in told.hearers:
        hearer.put_back()
    good, erased = erasing_edit()
    tell(one, told, [*told.edits, erased])
    assert (good, "good 1") not in heard(one)["contacts"] and heard(one)["erased"]
    tell(one, told, [*told.said, *told.edits])
    tell(other, told, [*told.said, *told.edits, erased])
    assert heard(one) == heard(other)
    assert (good, "good 1") in heard(one)["contacts"] and not heard(one)["erased"]
    assert checking.check(one.session).faults == ()


@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_forks_on_both_sides_of_the_last_good_edit_and_an_erasure_in_any_order(data: st.DataObject) -> None:
    told = story()
    one, other = told.hearers
    for hearer in told.hearers:
        hearer.put_back()
    by_number = {each["edit"]: each for each in told.edits}
    last, after = (by_number[f"{told.feed}/{told.last_good + more}"] for more in (0, 1))
    name = {"name": "another", "agency": last["set"]["agency"]}
    twins = [
        sign_edit(told.lost, {**last, "set": name}),
        sign_edit(told.lost, {**after, "by": "somebody"}),
        sign_edit(told.lost, {**after, "edit": f"{told.feed}/{told.last_good + 9}"}),
    ]
    some = data.draw(st.lists(st.sampled_from(twins), unique_by=lambda each: each["sig"]))
    items = [*told.edits, *some, erasing_edit()[1], *told.said]
    again = [*told.edits, *some]  # what the thief erased has to be sent once more
    tell(one, told, [*items, *again])
    tell(other, told, [*data.draw(st.permutations(items)), *again])
    assert heard(one) == heard(other)
    assert checking.check(other.session).faults == ()


def test_own_edits_that_the_thief_erased_come_back_and_no_number_is_given_out_twice(tmp_path: Path) -> None:
    """The device that erases is a colleague's of the same agency: it may erase what this one wrote."""
    base = make_replica(tmp_path / "base", "CITY")
    lost = second_device(tmp_path / "lost", base)
    relay = make_replica(tmp_path / "relay", "RELAY")
    for one, other in ((base, relay), (relay, base), (lost, relay)):
        verify(one, other)
    add(base, "ours")
    take(lost, export(base, "CITY"))
    take(relay, export(base, "RELAY"))
    take(base, export(relay, "CITY"))
    [ours] = queries.list_records(lost.connection, get_kind("contact"))
    feed = base.session.store.me.feed
    erasing.erase(lost.session, ours.id, reason="by the thief")
    take(base, export(lost, "CITY"))
    assert not queries.list_records(base.connection, get_kind("contact"))
    said = revoking.revoke(base.session, revoking.plan_revocation(base.session, lost.device, 0))
    assert said.about == lost.device
    assert base.session.store.me.feed != feed
    take(base, export(relay, "CITY"))
    take(relay, export(base, "RELAY"))
    take(base, export(relay, "CITY"))
    for each in (base, relay):
        assert [one.text("name") for one in queries.list_records(each.connection, get_kind("contact"))] == [
            "ours"
        ]
        assert checking.check(each.session).faults == ()
    for each in (base, lost, relay):
        each.close()
