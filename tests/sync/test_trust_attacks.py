"""Attacks on trust between agencies: devices, statements, introductions, revocations, together and in any order."""

from __future__ import annotations

from pathlib import Path

from replicas import (
    Replica,
    export,
    make_replica,
    second_device,
    take,
    verify,
)
from test_introductions import NORTH, SOUTH, Story, introduce, level, story
from test_statements import LATER, keep, said

from taskforce.actions import auditing, checking, erasing, keeping, revoking
from taskforce.records.registry import get_kind
from taskforce.store import exchange
from taskforce.store.statements import statements as kept

__all__ = ["story"]

CONTACT = get_kind("contact")


def faults(replica: Replica) -> list[str]:
    """What an auditor is told."""
    return [each.text for each in auditing.verify(replica.session).faults]


def test_who_knows_agencies_that_were_introduced_admits_devices(story: Story, tmp_path: Path) -> None:
    introduce(story)
    south = story[SOUTH]
    take(south, export(story[NORTH], SOUTH))
    assert level(south, NORTH) == "introduced" and exchange.devices(south.connection, NORTH)
    second = second_device(tmp_path / "second", south)
    take(second, export(south, SOUTH))
    assert level(second, NORTH) == "introduced"
    assert exchange.devices(second.connection, NORTH)
    assert not faults(second) and not faults(south)


def test_what_others_said_at_length_keeps_no_device_from_joining(tmp_path: Path) -> None:
    city, partner = make_replica(tmp_path / "city", "CITY"), make_replica(tmp_path / "partner", "PARTNER")
    verify(city, partner)
    long = [said(partner, number, LATER) for number in range(200)]
    from taskforce.keys import identity
    from taskforce.keys.encoding import canonical_json
    from taskforce.keys.signatures import sign

    for body in long:
        body["heir"] = ["x" * 30000]
        secret = identity.AgencySecret(bytes.fromhex(partner.session.store.meta("agency_seed")))
        unsigned = {name: value for name, value in body.items() if name != "sig"}
        body["sig"] = sign(secret.seed, f"statement-{LATER}", canonical_json(unsigned))
    keep(city, *long)
    keep(city, said(city, 5))
    second = second_device(tmp_path / "second", city)
    assert [row.agency for row in kept(second.connection) if row.type == "revocation"] == ["CITY"]


def test_names_at_their_longest_keep_no_device_from_joining(tmp_path: Path) -> None:
    city = make_replica(tmp_path / "city", "CITY")
    with city.session.store.writing():
        key = make_replica(tmp_path / "partner", "PARTNER").session.store.meta("agency_key")
        exchange.put_peer(
            city.connection,
            exchange.Peer(
                "PARTNER", "a" * 199 + " bcd", key, "2026-11-23T12:00:00Z", "b" * 199 + " x", "c" * 199 + " x"
            ),
        )
    second = second_device(tmp_path / "second", city)
    assert [one.agency for one in exchange.peers(second.connection)] == ["PARTNER"]


def test_a_revocation_that_takes_skeletons_away_is_no_alarm(tmp_path: Path) -> None:
    """The thief writes to a contact, which its maker erases before anybody hears that the device is lost."""
    base, partner = make_replica(tmp_path / "base", "CITY"), make_replica(tmp_path / "partner", "PARTNER")
    lost = second_device(tmp_path / "lost", base)
    for one, other in ((base, partner), (partner, base), (lost, partner), (partner, lost)):
        verify(one, other)
    made = keeping.add(base.session, CONTACT, {"name": "Chea", "agency": "CITY"})
    take(lost, export(base, "CITY"))
    keeping.edit(lost.session, CONTACT, keeping.require(lost.session, CONTACT, made.id), {"name": "Stolen"})
    take(base, export(lost, "CITY"))
    take(partner, export(lost, "PARTNER"))
    take(partner, export(base, "PARTNER"))
    erasing.erase(base.session, made.id, reason="asked to")
    take(partner, export(base, "PARTNER"))
    take(base, export(partner, "CITY"))
    assert not faults(base) and not faults(partner)
    revoking.revoke(base.session, revoking.plan_revocation(base.session, lost.device, 1))
    assert not faults(base)
    take(partner, export(base, "PARTNER"))
    assert not faults(partner)
    take(base, export(partner, "CITY"))
    assert not faults(base) and not faults(partner)


def test_an_erasure_by_the_thief_that_is_undone_is_no_alarm(tmp_path: Path) -> None:
    base, partner = make_replica(tmp_path / "base", "CITY"), make_replica(tmp_path / "partner", "PARTNER")
    lost = second_device(tmp_path / "lost", base)
    for one, other in ((base, partner), (partner, base), (lost, partner), (partner, lost)):
        verify(one, other)
    made = keeping.add(base.session, CONTACT, {"name": "Chea", "agency": "CITY"})
    take(lost, export(base, "CITY"))
    take(partner, export(base, "PARTNER"))
    take(base, export(partner, "CITY"))
    good = revoking.plan_revocation(base.session, lost.device, None)
    erasing.erase(lost.session, made.id, reason="the thief")
    take(partner, export(lost, "PARTNER"))
    take(base, export(lost, "CITY"))
    take(base, export(partner, "CITY"))
    take(partner, export(base, "PARTNER"))
    assert not faults(base) and not faults(partner)
    revoking.revoke(base.session, good)
    take(partner, export(base, "PARTNER"))
    assert not faults(partner)
    take(base, export(partner, "CITY"))
    assert not faults(base) and not faults(partner)
    assert not checking.check(base.session).faults
    keeping.add(base.session, CONTACT, {"name": "Next", "agency": "CITY"})
    take(partner, export(base, "PARTNER"))
    assert not faults(base) and not faults(partner)
