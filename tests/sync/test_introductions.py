"""Introductions: who is only introduced exchanges the plan and who is who, nothing else; and nobody can be tricked.

Of an operation LEAD leads, NORTH, SOUTH and EAST take part. All have compared words with LEAD and with RELAY, which
takes part in nothing; NORTH and SOUTH have never met. What SOUTH knows depends on what it has heard, in any order.
"""

from __future__ import annotations

import atexit
import io
import itertools
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
from replicas import Replica, carried_by, certificate_of, documents, export, make_replica, take, verify

from taskforce.actions import attention, checking, erasing, introducing, keeping, peers, quarantined, sending
from taskforce.actions.explaining import explain_record
from taskforce.actions.levels import Levels
from taskforce.errors import Refused, TrustError
from taskforce.keys import identity, statements
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.store.statements import statements as stated

LEAD, NORTH, SOUTH, EAST, RELAY = "LEAD", "NORTH", "SOUTH", "EAST", "RELAY"


@dataclass
class Story:
    """The stores, and the operation's id."""

    stores: dict[str, Replica]
    operation: str

    def __getitem__(self, code: str) -> Replica:
        return self.stores[code]


@cache
def made() -> Story:
    """Made once; the plan is known to LEAD and to nobody else."""
    folder = Path(
        tempfile.mkdtemp(prefix="introduced", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    )
    atexit.register(shutil.rmtree, folder, True)
    stores = {
        code: make_replica(folder / code, code, name=code.title(), country="KH")
        for code in (LEAD, NORTH, SOUTH, EAST, RELAY)
    }
    for one in stores.values():
        for other in stores.values():
            if one is not other and {LEAD, RELAY} & {one.code, other.code}:
                verify(one, other)
    lead = stores[LEAD]
    operation = keeping.add(lead.session, get_kind("operation"), {"codename": "NIGHT COACH", "lead": LEAD})
    for code in (LEAD, NORTH, SOUTH, EAST):
        if code != LEAD:
            keeping.add(lead.session, get_kind("agency"), {"code": code, "country": "KH"})
        role = "lead" if code == LEAD else "partner"
        keeping.join(lead.session, {"operation": operation.id, "agency": code, "role": role})
    keeping.add(
        lead.session,
        get_kind("assignment"),
        {"title": "Meet the bus", "operation": operation.id, "agency": NORTH},
    )
    for code in (NORTH, SOUTH, EAST):
        take(stores[code], export(lead, code))
    for replica in stores.values():
        replica.keep()
    return Story(stores, operation.id)


@pytest.fixture
def story() -> Story:
    """As it was made."""
    found = made()
    for replica in found.stores.values():
        replica.put_back()
    return found


def operation_at(replica: Replica) -> Any:
    [found] = queries.list_records(replica.connection, get_kind("operation"))
    return found


def roster(story: Story, *, without: Sequence[str] = ()) -> dict[str, Any]:
    """LEAD signs one; the statement."""
    lead = story[LEAD]
    introducing.make_roster(lead.session, operation_at(lead), without=without)
    [row] = stated(lead.connection, type="roster")
    return dict(statements.known_statement(row.body).body)


def forged(
    signer: Replica, story: Story, members: dict[str, str], made: str = "2026-11-23T12:00:00Z"
) -> dict[str, Any]:
    """A roster of the operation by anybody, with any keys."""
    return statements.make_statement(
        identity.AgencySecret(bytes.fromhex(signer.session.store.meta("agency_seed"))),
        signer.code,
        "roster",
        about=story.operation,
        made=made,
        fields={
            "members": [{"agency": code, "name": code, "agency-key": key} for code, key in members.items()]
        },
    )


def key_of(replica: Replica) -> str:
    return replica.session.store.meta("agency_key")


_numbers = itertools.count(1000)


def hear(
    receiver: Replica,
    relay: Replica,
    *said: dict[str, Any],
    edits: Sequence[dict[str, Any]] = (),
    of: Sequence[Replica] = (),
) -> Any:
    """A bundle of a relay that carries just this."""
    data = carried_by(
        relay, receiver, edits, next(_numbers), [certificate_of(one) for one in (relay, *of)], said
    )
    return take(receiver, data)


def level(replica: Replica, agency: str) -> str:
    known = Levels(replica.session)
    return known.of(agency, known.key(agency))


def titles(replica: Replica, kind: str, field: str) -> list[str]:
    return sorted(one.text(field) for one in queries.list_records(replica.connection, get_kind(kind)))


def add_victim(replica: Replica, story: Story, to: str) -> tuple[str, str]:
    """A victim whom NORTH met and refers to SOUTH, with consent."""
    victim = keeping.add(
        replica.session, get_kind("victim"), {"age_band": "18-20", "operation": story.operation}
    )
    keeping.add(
        replica.session,
        get_kind("consent"),
        {
            "victim": victim.id,
            "purpose": ["services"],
            "parts": ["case", "care"],
            "to": [to],
            "given_by": "individual",
        },
    )
    referral = keeping.add(
        replica.session, get_kind("referral"), {"victim": victim.id, "to": to, "services": ["shelter"]}
    )
    keeping.move(replica.session, get_kind("referral"), referral, "send", {})
    return victim.id, referral.id


def introduce(story: Story) -> None:
    """The roster reaches all, by LEAD's bundles."""
    roster(story)
    for code in (NORTH, SOUTH, EAST):
        take(story[code], export(story[LEAD], code))


def _ref(replica: Replica, referral: str) -> str:
    found = queries.get_record(replica.connection, get_kind("referral"), referral)
    assert found is not None
    return found.ref


def waiting(replica: Replica) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in quarantined.list_quarantined(replica.session):
        found[one.reason] = found.get(one.reason, 0) + 1
    return found


def test_two_who_never_met_exchange_the_plan_and_nothing_else_until_they_compare_words(story: Story) -> None:
    north, south = story[NORTH], story[SOUTH]
    with pytest.raises(TrustError):
        export(north, SOUTH)
    introduce(story)
    [assignment] = queries.list_records(north.connection, get_kind("assignment"))
    keeping.move(north.session, get_kind("assignment"), assignment, "accept", {})
    _victim, referral = add_victim(north, story, SOUTH)

    data = export(north, SOUTH)
    carried = [each for each in documents(south, data) if "edit" in each]
    assert {each["part"] for each in carried} <= {"directory", "operational"}
    found = take(south, data)
    assert found.level == "introduced" and not found.verified and not found.waiting
    assert titles(south, "assignment", "status") == ["accepted"]
    case = explain_record(north.session, _ref(north, referral), SOUTH).parts[0]
    assert not case.decision.allowed
    assert case.decision.reason == "only introduced, by LEAD: compare words first (taskforce peer add)"
    assert case.decision.basis == "NIGHT COACH"

    verify(north, south)  # NORTH has compared words, SOUTH has not
    data = export(north, SOUTH)
    assert {"case"} <= {each["part"] for each in documents(south, data) if "edit" in each}
    found = take(south, data)
    assert set(found.waiting) == {"not-verified"} and not found.new
    assert not titles(south, "referral", "status")
    assert take(south, export(north, SOUTH)).new == 0, "it waits, however often it comes"

    assert verify(south, north) == sum(found.waiting.values())
    assert titles(south, "referral", "status") == ["received"]
    take(north, export(south, NORTH))
    assert titles(north, "referral", "status") == ["received"]
    assert level(south, NORTH) == "verified" and not waiting(south)


def test_other_parts_wait_too_if_a_verified_agency_passes_them_on(story: Story) -> None:
    north, south, relay = story[NORTH], story[SOUTH], story[RELAY]
    introduce(story)
    verify(north, south)
    _victim, referral = add_victim(north, story, SOUTH)
    edits = [each for each in documents(south, export(north, SOUTH)) if each.get("part") == "case"]
    assert edits, explain_record(north.session, _ref(north, referral), SOUTH)
    found = hear(south, relay, edits=edits, of=[north])
    assert found.verified and set(found.waiting) == {"not-verified"}
    [item] = attention.quarantined(south.session)
    assert item.do == "taskforce peer add CARD" and "only introduced" in item.text
    [one, *_rest] = quarantined.list_quarantined(south.session)
    with pytest.raises(Refused, match="not verified"):
        quarantined.admit(south.session, one.ref)


def test_an_introduced_agency_erases_nothing_until_words_are_compared(story: Story) -> None:
    north, south = story[NORTH], story[SOUTH]
    introduce(story)
    made = keeping.add(north.session, get_kind("contact"), {"name": "Chea", "agency": NORTH})
    take(south, export(north, SOUTH))
    erasing.erase(north.session, made.id, reason="asked to")
    found = take(south, export(north, SOUTH))
    assert found.waiting == {"not-verified": 1} and not found.erased
    assert titles(south, "contact", "name") == ["Chea"]
    verify(south, north)
    assert titles(south, "contact", "name") in ([], [""])


def test_an_introduced_agency_does_not_hear_of_erasures_by_saying_that_it_held_something(
    story: Story,
) -> None:
    """An erasure goes to all who had something of the part; NORTH says that it holds all of SOUTH's feed."""
    from taskforce.store import exchange

    north, south = story[NORTH], story[SOUTH]
    introduce(story)
    victim, _referral = add_victim(south, story, EAST)
    feed, last = south.session.store.ledger().last_of(south.session.store.me.feed)
    take(south, export(north, SOUTH))
    with south.session.store.writing():
        exchange.add_told(south.connection, north.device, {feed: ((1, last),)})
    erasing.erase(south.session, victim, ("case",), reason="she asked for it")
    carried = [each for each in documents(north, export(south, NORTH)) if "edit" in each]
    assert {each["part"] for each in carried} <= {"directory", "operational"}


def test_an_introduced_agency_speaks_of_no_agency_but_itself(story: Story) -> None:
    """Where EAST is decides whether victims' data crosses a border; NORTH may not say so."""
    north, south = story[NORTH], story[SOUTH]
    introduce(story)
    for code in (EAST, NORTH):
        [entry] = [
            one
            for one in queries.list_records(north.connection, get_kind("agency"))
            if one.text("code") == code
        ]
        keeping.edit(north.session, get_kind("agency"), entry, {"services": ["legal"]})
    found = take(south, export(north, SOUTH))
    assert found.waiting == {"not-verified": 1}
    told = {
        one.text("code"): one.items("services")
        for one in queries.list_records(south.connection, get_kind("agency"))
    }
    assert told[NORTH] == ["legal"] and not told[EAST]
    assert verify(south, north) == 1


def test_a_lying_lead_is_found_out_when_words_are_compared(story: Story) -> None:
    south, relay, other = story[SOUTH], story[RELAY], story[EAST]
    lie = forged(story[LEAD], story, {NORTH: key_of(other)})
    hear(south, relay, lie)
    assert Levels(south.session).key(NORTH) == key_of(other)
    card = peers.read_card(_card(story[NORTH]), "card")
    [told] = peers.told_otherwise(south.session, card)
    assert told.by == LEAD and told.key == key_of(other)
    peers.add_peer(south.session, card, how="in-person")
    assert Levels(south.session).key(NORTH) == key_of(story[NORTH])
    [one] = [one for one in peers.list_peers(south.session) if one.agency == NORTH]
    assert one.level == "verified" and one.dispute is not None and one.dispute.told[0].by == LEAD


def _card(replica: Replica) -> Any:
    return io.BytesIO(peers.own_card(replica.session).encode())


def test_what_came_under_a_false_key_leaves_again_and_nothing_is_sealed_to_it(
    story: Story, tmp_path: Path
) -> None:
    """Somebody made a store that says it is NORTH, and the lead was fooled."""
    south, relay = story[SOUTH], story[RELAY]
    impostor = make_replica(tmp_path / "false", NORTH, name="Not North")
    verify(impostor, south)
    hear(south, relay, forged(story[LEAD], story, {NORTH: key_of(impostor)}), of=[impostor])
    edits = [each for each in documents(south, export(impostor, SOUTH)) if "edit" in each]
    hear(south, relay, edits=edits, of=[impostor])
    assert "Not North" in titles(south, "agency", "name")
    # It even says that NORTH's own device is lost.
    lie = statements.make_statement(
        identity.AgencySecret(bytes.fromhex(impostor.session.store.meta("agency_seed"))),
        NORTH,
        "revocation",
        about=story[NORTH].device,
        made="2026-11-23T12:00:00Z",
        fields={"good": {}, "reason": ""},
    )
    assert hear(south, relay, lie).statements
    verify(south, story[NORTH])
    assert {row.type for row in stated(south.connection)} == {"roster"}
    assert "Not North" not in titles(south, "agency", "name")
    assert set(waiting(south)) == {"unknown-signer"}
    told = sending.export_bundle(south.session, NORTH, None)
    assert told.devices == 1, "NORTH's own, and not the impostor's"
    assert not checking.check(south.session).faults


def test_rosters_with_two_keys_for_one_agency_cancel_each_other(story: Story) -> None:
    """Of two operations, whose leads are both verified here."""
    south, east, relay = story[SOUTH], story[EAST], story[RELAY]
    verify(south, east)
    verify(east, south)
    second = keeping.add(east.session, get_kind("operation"), {"codename": "SECOND", "lead": EAST})
    keeping.join(east.session, {"operation": second.id, "agency": SOUTH, "role": "partner"})
    take(south, export(east, SOUTH))
    hear(south, relay, forged(story[LEAD], story, {NORTH: key_of(story[NORTH])}))
    assert level(south, NORTH) == "introduced"
    other = Story(story.stores, second.id)
    hear(south, relay, forged(east, other, {NORTH: key_of(relay)}))
    assert level(south, NORTH) == ""
    [one] = [one for one in peers.list_peers(south.session) if one.agency == NORTH]
    assert one.level == "disputed" and {told.by for told in one.dispute.told} == {LEAD, EAST}
    [item] = [
        one for one in attention.status(south.session).items if one.subject == NORTH and one.noun == "peer"
    ]
    assert "different keys" in item.text
    with pytest.raises(TrustError):
        export(south, NORTH)
    hear(south, relay, forged(east, other, {}, "2026-11-24T12:00:00Z"))
    assert level(south, NORTH) == "introduced", "one of them took it back"


def test_a_roster_never_stands_above_compared_words(story: Story) -> None:
    south, relay = story[SOUTH], story[RELAY]
    verify(south, story[NORTH])
    hear(south, relay, forged(story[LEAD], story, {NORTH: key_of(relay), SOUTH: key_of(relay)}))
    assert Levels(south.session).key(NORTH) == key_of(story[NORTH])
    assert {one.agency for one in Levels(south.session).disputes} == {NORTH, SOUTH}


def test_who_does_not_lead_introduces_nobody(story: Story) -> None:
    south, relay = story[SOUTH], story[RELAY]
    hear(south, relay, forged(relay, story, {NORTH: key_of(story[NORTH])}))
    assert level(south, NORTH) == ""
    with pytest.raises(Refused, match="does not lead"):
        introducing.make_roster(south.session, operation_at(south))


def test_an_operation_that_we_take_no_part_in_introduces_nobody_to_us(story: Story) -> None:
    """RELAY hears of the plan from nobody who says that it takes part."""
    relay, lead = story[RELAY], story[LEAD]
    hear(story[RELAY], lead, roster(story), edits=_plan(story), of=[lead])
    assert titles(relay, "operation", "codename") == ["NIGHT COACH"]
    assert level(relay, NORTH) == "verified"
    stranger = forged(lead, story, {"STRANGER": key_of(story[SOUTH])}, "2026-11-24T12:00:00Z")
    hear(relay, lead, stranger)
    assert level(relay, "STRANGER") == ""
    hear(story[SOUTH], lead, stranger)
    assert level(story[SOUTH], "STRANGER") == "introduced"


def _plan(story: Story) -> list[dict[str, Any]]:
    rows = story[LEAD].connection.execute(
        "SELECT body FROM edit WHERE kind IN ('operation', 'participation')"
    )
    return [json.loads(body) for (body,) in rows]


def test_introductions_are_not_passed_on(story: Story, tmp_path: Path) -> None:
    """NORTH, introduced to SOUTH, leads an operation with SOUTH in it, and introduces somebody."""
    north, south = story[NORTH], story[SOUTH]
    introduce(story)
    own = keeping.add(north.session, get_kind("operation"), {"codename": "OWN", "lead": NORTH})
    keeping.join(north.session, {"operation": own.id, "agency": SOUTH, "role": "partner"})
    third = make_replica(tmp_path / "third", "THIRD", name="Third")
    verify(north, third)
    keeping.add(north.session, get_kind("agency"), {"code": "THIRD"})
    keeping.join(north.session, {"operation": own.id, "agency": "THIRD", "role": "partner"})
    introducing.make_roster(north.session, own)
    for _round in range(2):
        data = export(north, SOUTH) if level(north, SOUTH) == "verified" else None
        hear(south, story[RELAY], *_said_by(north), of=[north, third])
        assert data is None
    assert level(south, "THIRD") == ""
    verify(south, north)
    hear(south, story[RELAY], *_said_by(north), of=[north, third])
    assert level(south, "THIRD") == "", "nobody verified says that SOUTH takes part"


def _said_by(replica: Replica) -> list[dict[str, Any]]:
    return [dict(statements.known_statement(row.body).body) for row in stated(replica.connection)]


def test_a_newer_roster_takes_the_place_of_the_older_and_replays_do_nothing(story: Story) -> None:
    north, south, relay = story[NORTH], story[SOUTH], story[RELAY]
    old = roster(story)
    new = roster(story, without=[NORTH])
    assert new["made"] > old["made"]
    take(south, export(story[LEAD], SOUTH))
    assert level(south, NORTH) == "" and level(south, EAST) == "introduced"
    found = hear(south, relay, old)
    assert level(south, NORTH) == "" and not found.statements
    assert [row.made for row in stated(south.connection)] == [new["made"]]
    with pytest.raises(TrustError):
        export(south, NORTH)
    assert north.code == NORTH


def test_who_left_is_heard_and_no_longer_written_to(story: Story) -> None:
    lead, north, south = story[LEAD], story[NORTH], story[SOUTH]
    introduce(story)
    [assignment] = queries.list_records(north.connection, get_kind("assignment"))
    keeping.move(north.session, get_kind("assignment"), assignment, "accept", {})
    take(south, export(north, SOUTH))
    [taking] = [
        one
        for one in queries.list_records(lead.connection, get_kind("participation"))
        if one.text("agency") == north.session.own_agency
    ]
    keeping.set_archived(lead.session, get_kind("participation"), taking, archived=True)
    introduce(story)
    assert titles(south, "assignment", "status") == ["accepted"], "what it did stays"
    with pytest.raises(TrustError):
        export(south, NORTH)


def test_after_a_handover_the_roster_stands_until_the_new_lead_signs_one(story: Story) -> None:
    lead, south, east = story[LEAD], story[SOUTH], story[EAST]
    introduce(story)
    verify(south, east)
    verify(east, south)
    keeping.edit(lead.session, get_kind("operation"), operation_at(lead), {"lead": EAST})
    take(south, export(lead, SOUTH))
    take(east, export(lead, EAST))
    assert level(south, NORTH) == "introduced"
    introducing.make_roster(east.session, operation_at(east))
    take(south, export(east, SOUTH))
    assert level(south, NORTH) == "", "EAST has compared no words with NORTH"


# ── the order of arrival ──


@dataclass
class Pieces:
    """What SOUTH may hear, each in a bundle of its own."""

    said: list[dict[str, Any]]
    edits: list[list[dict[str, Any]]]


@cache
def pieces() -> Pieces:
    """Rosters old and new, true and false; the plan; what NORTH wrote, of two parts."""
    story = made()
    for replica in story.stores.values():
        replica.put_back()
    first = roster(story)
    for code in (NORTH, SOUTH, EAST):
        take(story[code], export(story[LEAD], code))
    north = story[NORTH]
    [assignment] = queries.list_records(north.connection, get_kind("assignment"))
    keeping.move(north.session, get_kind("assignment"), assignment, "accept", {})
    verify(north, story[SOUTH])
    add_victim(north, story, SOUTH)
    theirs = [each for each in documents(story[SOUTH], export(north, SOUTH)) if "edit" in each]
    theirs = [each for each in theirs if each["edit"].startswith(north.device)]
    second = roster(story, without=[NORTH])
    false = forged(story[LEAD], story, {NORTH: key_of(story[RELAY])}, "2026-12-23T12:00:00Z")
    not_lead = forged(story[RELAY], story, {NORTH: key_of(story[EAST])})
    half = len(theirs) // 2
    return Pieces([first, second, false, not_lead], [theirs[:half], theirs[half:]])


def state_of(replica: Replica) -> tuple[Any, ...]:
    """All that a store shows and waits for, but for its own answer to a referral, which has a time."""
    known = Levels(replica.session)
    query = "SELECT hash FROM edit WHERE feed NOT IN (SELECT id FROM feed WHERE device = ?) ORDER BY hash"
    held = replica.connection.execute(query, (replica.device,)).fetchall()
    waits = replica.connection.execute("SELECT hash, reason FROM quarantine ORDER BY hash").fetchall()
    shown = {
        kind: [
            (one.id, {name: value for name, value in one.values.items() if name != "received_at"})
            for one in queries.list_records(replica.connection, get_kind(kind), archived=True)
        ]
        for kind in ("assignment", "victim", "referral", "agency")
    }
    devices = replica.connection.execute("SELECT id, agency FROM device ORDER BY id").fetchall()
    return held, waits, shown, devices, known.introduced, known.disputes


ACTS = ("said 0", "said 1", "said 2", "said 3", "edits 0", "edits 1", "compare")


@settings(max_examples=25)
@given(st.lists(st.sampled_from(ACTS), unique=True, min_size=2).flatmap(st.permutations))
def test_what_is_known_depends_on_what_was_heard_and_not_on_the_order(acts: list[str]) -> None:
    story, found = made(), pieces()
    south = story[SOUTH]

    def after(order: Sequence[str]) -> tuple[Any, ...]:
        south.put_back()
        for act in order:
            what, _space, number = act.partition(" ")
            if what == "said":
                hear(south, story[RELAY], found.said[int(number)], of=[story[NORTH]])
            elif what == "edits":
                hear(south, story[RELAY], edits=found.edits[int(number)], of=[story[NORTH]])
            else:
                verify(south, story[NORTH])
        hear(south, story[RELAY], of=[story[NORTH]])  # whoever is introduced, by then their devices are known
        return state_of(south)

    one, other = after(acts), after(sorted(acts))
    for mine, theirs in zip(one, other, strict=True):
        assert mine == theirs
