"""Attacks on trust between agencies: devices, statements, introductions, revocations, together and in any order."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from replicas import (
    Replica,
    carried_by,
    certificate_of,
    consent,
    documents,
    export,
    make_replica,
    rewrite,
    second_device,
    take,
    verify,
)
from trusting import Stores, introduce, stores

from taskforce.actions import (
    attention,
    audit_export,
    auditing,
    checking,
    erasing,
    introducing,
    keeping,
    overview,
    peers,
    recalling,
    revoking,
    scheduling,
    stating,
)
from taskforce.actions.levels import Levels
from taskforce.errors import InputError, UsageError
from taskforce.keys.encoding import canonical_json
from taskforce.keys.identity import AgencySecret
from taskforce.keys.signatures import sign
from taskforce.keys.statements import check_statement
from taskforce.records.registry import get_kind
from taskforce.reports import timeline
from taskforce.store import exchange, queries
from taskforce.store.statements import statements as kept
from taskforce.tui import room_views

ASSIGNMENT, CONTACT, OPERATION, VICTIM = map(get_kind, ("assignment", "contact", "operation", "victim"))


LATER = "succession"
"""A type of statement that this version does not know."""

_numbers = count(1000)


def said(replica: Replica, about: int, type: str = "revocation", **fields: Any) -> dict[str, Any]:
    """What a replica's agency says under its key."""
    secret = AgencySecret(bytes.fromhex(replica.session.store.meta("agency_seed")))
    body: dict[str, Any] = {
        "statement": type,
        "agency": replica.code,
        "agency-key": secret.key,
        "about": f"{about:016d}",
        "made": "2026-11-23T12:00:00Z",
        **({"good": {}, "reason": ""} | fields if type == "revocation" else fields),
    }
    return {**body, "sig": sign(secret.seed, f"statement-{type}", canonical_json(body))}


def keep(replica: Replica, *bodies: dict[str, Any]) -> None:
    """Let a store know statements."""
    with replica.session.store.writing():
        stating.keep_statements(replica.session, [check_statement(each) for each in bodies])


@pytest.fixture
def story() -> Stores:
    """As it was made."""
    found = stores()
    for one in found.every.values():
        one.put_back()
    return found


def level(replica: Replica, agency: str) -> str:
    """How far an agency is known."""
    known = Levels(replica.session)
    return known.of(agency, known.key(agency))


def hear(receiver: Replica, relay: Replica, *said: dict[str, Any]) -> None:
    """A bundle of a relay that carries just this."""
    certificates = [certificate_of(relay)]
    take(receiver, carried_by(relay, receiver, [], next(_numbers), certificates, said))


def faults(replica: Replica) -> list[str]:
    """What an auditor is told."""
    return [each.text for each in auditing.verify(replica.session).faults]


def test_who_knows_agencies_that_were_introduced_admits_devices(story: Stores, tmp_path: Path) -> None:
    introduce(story)
    south = story.every["SOUTH"]
    take(south, export(story.every["NORTH"], "SOUTH"))
    assert level(south, "NORTH") == "introduced" and exchange.devices(south.connection, "NORTH")
    second = second_device(tmp_path / "second", south)
    take(second, export(south, "SOUTH"))
    assert level(second, "NORTH") == "introduced"
    assert exchange.devices(second.connection, "NORTH")
    assert not faults(second) and not faults(south)


def test_what_others_said_at_length_keeps_no_device_from_joining(tmp_path: Path) -> None:
    city, partner = make_replica(tmp_path / "city", "CITY"), make_replica(tmp_path / "partner", "PARTNER")
    verify(city, partner)
    long = [said(partner, number, LATER, heir=["x" * 30000]) for number in range(200)]
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


def pair(tmp_path: Path) -> tuple[Replica, Replica, Replica]:
    """City's base and its second device, and a partner; all verified."""
    base, partner = make_replica(tmp_path / "base", "CITY"), make_replica(tmp_path / "partner", "PARTNER")
    lost = second_device(tmp_path / "lost", base)
    for one, other in ((base, partner), (partner, base), (lost, partner), (partner, lost)):
        verify(one, other)
    return base, lost, partner


def statements_of(one: Replica) -> list[dict[str, Any]]:
    return [json.loads(row.body) for row in kept(one.connection)]


def test_an_agency_whose_only_device_was_revoked_waits_for_no_bundle(tmp_path: Path) -> None:
    base, _lost, partner = pair(tmp_path)
    third = make_replica(tmp_path / "third", "THIRD")
    verify(third, base)
    verify(base, third)
    take(third, export(base, "THIRD"))
    revoking.revoke(base.session, revoking.plan_revocation(base.session, base.device, None))
    hear(third, partner_of(third, partner), *statements_of(base))
    [state] = [one for one in peers.list_peers(third.session) if one.agency == "CITY"]
    assert (state.devices, state.waiting, state.unsent) == (0, 0, 0)


def partner_of(one: Replica, partner: Replica) -> Replica:
    verify(one, partner)
    return partner


def test_the_lost_device_itself_is_audited_without_alarm_once_it_heard(tmp_path: Path) -> None:
    base, lost, partner = pair(tmp_path)
    take(lost, export(base, "CITY"))
    good = revoking.plan_revocation(base.session, lost.device, None)
    keeping.add(lost.session, CONTACT, {"name": "Later", "agency": "CITY"})
    take(partner, export(lost, "PARTNER"))
    take(lost, export(partner, "CITY"))
    revoking.revoke(base.session, good)
    hear(lost, partner, *statements_of(base))
    assert not faults(lost)
    assert not checking.check(lost.session).faults


def test_a_court_gets_a_record_with_edits_of_an_introduced_agency_and_of_a_revoked_device(
    story: Stores, tmp_path: Path
) -> None:
    introduce(story)
    north, south = story.every["NORTH"], story.every["SOUTH"]
    typed = {"title": "Meet the bus", "operation": story.operation, "agency": "NORTH"}
    assignment = keeping.add(story.every["LEAD"].session, ASSIGNMENT, typed)
    for one in (north, south):
        take(one, export(story.every["LEAD"], one.code))
    assignment = keeping.require(north.session, ASSIGNMENT, assignment.id)
    keeping.move(north.session, ASSIGNMENT, assignment, "accept", {})
    take(south, export(north, "SOUTH"))
    lost = second_device(tmp_path / "lost", south)
    take(lost, export(south, "SOUTH"))
    keeping.edit(
        lost.session, ASSIGNMENT, keeping.require(lost.session, ASSIGNMENT, assignment.id), {"title": "No"}
    )
    take(south, export(lost, "SOUTH"))
    good = revoking.plan_revocation(south.session, lost.device, None)
    keeping.edit(
        lost.session, ASSIGNMENT, keeping.require(lost.session, ASSIGNMENT, assignment.id), {"title": "Not"}
    )
    take(south, export(lost, "SOUTH"))
    revoking.revoke(south.session, good)
    chosen = audit_export.choose(south.session, assignment.id)
    audit_export.write(south.session, chosen, tmp_path / "court.json", to="Court", reason="order 1")
    written = json.loads((tmp_path / "court.json").read_text())
    known = {one["agency"]: one.get("known") for one in written["agencies"]}
    assert known["NORTH"] is None and known["SOUTH"] == {"how": "own"} and known["LEAD"]
    [waits] = written["left-out"]["waiting"]
    assert waits["why"] == "revoked"
    script = Path(__file__).resolve().parents[2] / "docs" / "verify_audit.py"
    told = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "court.json")], capture_output=True, text=True
    )
    assert told.returncode == 0, told.stdout
    assert "agency NORTH" in told.stdout and "a proposal" in told.stdout
    assert not faults(south)


def test_a_thief_who_writes_in_two_feeds_is_refused_in_both(tmp_path: Path) -> None:
    base, lost, partner = pair(tmp_path)
    keeping.add(lost.session, CONTACT, {"name": "Good", "agency": "CITY"})
    old = lost.session.store.me.feed
    (last,) = lost.connection.execute("SELECT max(number) FROM edit").fetchone()
    keeping.add(lost.session, CONTACT, {"name": "Stolen", "agency": "CITY"})
    with lost.session.store.writing():
        lost.session.store.begin_epoch("a thief's own program")
    keeping.add(lost.session, CONTACT, {"name": "Stolen too", "agency": "CITY"})
    take(base, export(lost, "CITY"))
    told = revoking.read_last_good(["0", f"{old}/{last}"])
    for wrong in (["1", "2"], [f"{old}/1", f"{old}/2"], ["x"], ["-1"], ["\u0663"], ["/"]):
        with pytest.raises(UsageError):
            revoking.read_last_good(wrong)
    for wrong_feed in ({f"{partner.device}.1": 1}, {old: 99}):
        with pytest.raises(UsageError):
            revoking.plan_revocation(base.session, lost.device, None, wrong_feed)
    plan = revoking.plan_revocation(base.session, lost.device, *told)
    assert (plan.good, plan.last_good, plan.refused) == ({old: last}, 0, 2)
    revoking.revoke(base.session, plan)
    found = queries.list_records(base.connection, CONTACT)
    assert [one.text("name") for one in found] == ["Good"]


def test_who_is_introduced_by_the_word_of_a_lost_device_is_so_no_more_at_once(story: Stores) -> None:
    """NORTH's second device said that EAST leads; EAST's roster introduced SOUTH."""
    north, second, east = (story.every[name] for name in ("NORTH", "NORTH2", "EAST"))
    own = keeping.add(north.session, OPERATION, {"codename": "OWN", "lead": "NORTH"})
    for code in ("NORTH", "EAST", "SOUTH"):
        keeping.join(north.session, {"operation": own.id, "agency": code, "role": "partner"})
    take(second, export(north, "NORTH"))
    good = revoking.plan_revocation(north.session, second.device, None)
    keeping.edit(
        second.session, OPERATION, keeping.require(second.session, OPERATION, own.id), {"lead": "EAST"}
    )
    take(north, export(second, "NORTH"))
    take(east, export(north, "EAST"))
    introducing.make_roster(east.session, keeping.require(east.session, OPERATION, own.id))
    take(north, export(east, "NORTH"))
    assert level(north, "SOUTH") == "introduced" and exchange.devices(north.connection, "SOUTH")
    revoking.revoke(north.session, good)
    assert level(north, "SOUTH") == "" and not exchange.devices(north.connection, "SOUTH")


def test_what_the_thief_recalled_comes_back(tmp_path: Path) -> None:
    city, ngo = (make_replica(tmp_path / code, code, name=code, country="KH") for code in ("CITY", "NGO"))
    lost = second_device(tmp_path / "lost", city)
    for one, other in ((city, ngo), (ngo, city), (lost, ngo), (ngo, lost)):
        verify(one, other)
    keeping.add(city.session, get_kind("agency"), {"code": "NGO", "country": "KH"})
    victim = keeping.add(city.session, VICTIM, {"age_band": "18-20", "health": "Thirsty"})
    consent(city, victim.id, "NGO")
    typed = {"victim": victim.id, "to": "NGO", "services": ["shelter"]}
    referral = keeping.add(city.session, get_kind("referral"), typed)
    keeping.move(city.session, get_kind("referral"), referral, "send", {})
    take(ngo, export(city, "NGO"))
    take(city, export(ngo, "CITY"))
    take(lost, export(city, "CITY"))
    good = revoking.plan_revocation(city.session, lost.device, 0)
    shown = keeping.require(ngo.session, VICTIM, victim.id).values
    assert shown["health"] == "Thirsty"
    take(ngo, export(lost, "NGO"))
    recalling.prepare(lost.session, victim.id, "NGO", cause="sent-in-error")
    take(ngo, export(lost, "NGO"))
    take(city, export(lost, "CITY"))
    take(city, export(ngo, "CITY"))
    assert queries.get_record(ngo.connection, VICTIM, victim.id) is None
    revoking.revoke(city.session, good)
    for _round in range(2):
        take(ngo, export(city, "NGO"))
        take(city, export(ngo, "CITY"))
    assert keeping.require(ngo.session, VICTIM, victim.id).values == shown
    assert not faults(ngo) and not faults(city)
    assert not checking.check(ngo.session).faults and not checking.check(city.session).faults


def test_what_another_agency_says_at_length_keeps_our_own_word_from_no_bundle(tmp_path: Path) -> None:
    """Else the word that a device is lost would come with one bundle in hundreds."""
    base, lost, partner = pair(tmp_path)
    loud = make_replica(tmp_path / "loud", "LOUD")
    for one, other in ((base, loud), (loud, base), (partner, loud)):
        verify(one, other)
    take(base, export(loud, "CITY"))
    for number in range(6):
        good = {f"{number:016d}.{epoch}": "1" for epoch in range(1, 900)}
        keep(base, said(loud, number, good=good))
    revoking.revoke(base.session, revoking.plan_revocation(base.session, lost.device, None))
    heard: set[str] = set()
    for _bundle in range(6):
        data = export(base, "PARTNER")
        some = documents(partner, data)[0]["statements"]
        assert lost.device in {each["about"] for each in some}
        heard |= {each["about"] for each in some}
        take(partner, data)
    assert len(heard) == 7


def test_a_recall_waits_for_no_device_that_was_revoked(tmp_path: Path) -> None:
    city, ngo = (make_replica(tmp_path / code, code, name=code, country="KH") for code in ("CITY", "NGO"))
    lost = second_device(tmp_path / "lost", ngo)
    for one, other in ((city, ngo), (ngo, city), (lost, city), (city, lost)):
        verify(one, other)
    keeping.add(city.session, get_kind("agency"), {"code": "NGO", "country": "KH"})
    victim = keeping.add(city.session, VICTIM, {"age_band": "18-20", "health": "Thirsty"})
    consent(city, victim.id, "NGO")
    typed = {"victim": victim.id, "to": "NGO", "services": ["shelter"]}
    referral = keeping.add(city.session, get_kind("referral"), typed)
    keeping.move(city.session, get_kind("referral"), referral, "send", {})
    data = export(city, "NGO")
    for one in (ngo, lost):
        take(one, data)
        take(city, export(one, "CITY"))
    recalling.prepare(city.session, victim.id, "NGO", cause="sent-in-error")
    referral = keeping.require(city.session, get_kind("referral"), referral.id)
    keeping.move(city.session, get_kind("referral"), referral, "revoke", {})
    take(ngo, export(city, "NGO"))
    take(city, export(ngo, "CITY"))
    [waits] = recalling.open_ones(city.session)
    assert waits.state == recalling.SENT, "the other device has not confirmed"
    revoking.revoke(ngo.session, revoking.plan_revocation(ngo.session, lost.device, None))
    take(city, export(ngo, "CITY"))
    assert not recalling.open_ones(city.session)


def test_a_bundle_of_a_day_that_never_was_is_refused(tmp_path: Path) -> None:
    """The status of every later day would stumble over it."""
    base, _lost, partner = pair(tmp_path)

    def change(head: dict[str, Any], _edits: list[dict[str, Any]]) -> None:
        head["made"] = "2026-99-99T99:99:99Z"

    with pytest.raises(InputError):
        take(base, rewrite(partner, base, export(partner, "CITY"), change))
    attention.status(base.session)


@pytest.mark.parametrize(
    "at", ["nonsense", "2026-11-23", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"]
)
def test_a_time_that_is_none_stops_no_screen(
    tmp_path: Path, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = make_replica(tmp_path / "base", "CITY")
    operation = keeping.add(base.session, OPERATION, {"codename": "JADE", "lead": "CITY"})
    with base.session.acting("as no program does") as writer:
        writer.save(get_kind("log"), "7" * 16, {"operation": operation.id, "text": "Said", "at": at})
        values = {"operation": operation.id, "title": "Watch", "start": at, "due": at}
        writer.save(ASSIGNMENT, "7" * 16, values)
    try:
        for zone in ("Asia/Phnom_Penh", "America/New_York"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            attention.status(base.session)
            room_views.log(overview.overview(base.session), base.session.now, 80)
            found = scheduling.schedule_of(base.session, queries.list_records(base.connection, ASSIGNMENT))
            timeline.lines_of(found, base.session.now, 80)
    finally:
        monkeypatch.undo()
        time.tzset()
