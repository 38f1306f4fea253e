"""Promise 3, and what else comes in: bundles cut, damaged, forged, altered, meant for others, from wrong clocks.

Stores, keys and files are real. CITY and NGO have verified each other; PORT is verified by CITY only.
"""

from __future__ import annotations

import io
import os
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from replicas import (
    NOON,
    Replica,
    consent,
    documents,
    everything,
    export,
    make_replica,
    rewrite,
    sign_edit,
    take,
    verify,
)

from taskforce.actions import checking, conflicts, keeping
from taskforce.crockford import natural_id
from taskforce.errors import InputError, TrustError
from taskforce.keys.identity import new_agency
from taskforce.records.registry import get_kind
from taskforce.store import exchange, health, quarantine, queries
from taskforce.store.queries import Record
from taskforce.sync.edit import parse_edit

STEP = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 37
"""Of a sealed bundle, whose every byte is authenticated alike, the suite tries some."""


class Three(NamedTuple):
    """The stores of a test."""

    city: Replica
    ngo: Replica
    port: Replica


@cache
def _stores(folder: Path) -> Three:
    three = Three(
        *(
            make_replica(folder / code, code, name=code.title(), country="KH")
            for code in ("CITY", "NGO", "PORT")
        )
    )
    for one, other in ((three.city, three.ngo), (three.ngo, three.city), (three.city, three.port)):
        verify(one, other)
    verify(three.port, three.city)
    for code in ("NGO", "PORT"):
        keeping.add(three.city.session, get_kind("agency"), {"code": code, "country": "KH"})
    operation = keeping.add(three.city.session, get_kind("operation"), {"codename": "TIDE", "lead": "CITY"})
    for code, role in (("CITY", "lead"), ("NGO", "partner"), ("PORT", "observer")):
        keeping.join(three.city.session, {"operation": operation.id, "agency": code, "role": role})
    keeping.add(three.city.session, get_kind("assignment"), {"title": "Search", "operation": operation.id})
    take(three.ngo, export(three.city, "NGO"))
    take(three.port, export(three.city, "PORT"))
    for replica in three:
        replica.keep()
    return three


@pytest.fixture
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Three]:
    """Three stores as after the briefing."""
    stores = _stores(tmp_path_factory.getbasetemp())
    for replica in stores:
        replica.skew = timedelta()
        replica.put_back()
    yield stores


def agency(replica: Replica, code: str) -> Record:
    """An agency's record."""
    found = queries.get_record(replica.connection, get_kind("agency"), natural_id("agency", code))
    assert found is not None
    return found


def the(replica: Replica, kind: str) -> Record:
    """The only record of a kind."""
    [found] = queries.list_records(replica.connection, get_kind(kind))
    return found


def set_field(replica: Replica, record: Record, **values: str) -> None:
    """Somebody edits a record."""
    mine = queries.get_record(replica.connection, record.kind, record.id)
    assert mine is not None
    keeping.edit(replica.session, record.kind, mine, values)


def reasons(replica: Replica) -> list[str]:
    """Why edits wait in quarantine."""
    return [each.reason for each in quarantine.waiting(replica.connection)]


def new_edit(author: Replica, like: dict[str, Any], number: int, **changes: Any) -> dict[str, Any]:
    """An edit in an author's own feed, made by hand from another's form and following it, and properly signed."""
    body = {key: value for key, value in like.items() if key not in ("sig", "born", "saw", "prev")}
    body["edit"] = f"{author.device}.1/{number}"
    if number > 1:
        body["prev"] = parse_edit(like).hash
    body.update(changes)
    return sign_edit(author, body)


# ── damaged ──


def refused_or_whole(receiver: Replica, data: bytes, good: dict[str, str]) -> bool:
    """Import what may be damaged: it is refused and nothing changed, or it is the same import. Whether it came in."""
    before = everything(receiver)
    try:
        take(receiver, data)
    except (InputError, TrustError):
        assert everything(receiver) == before
        return False
    assert health.fingerprints(receiver.connection) == good
    assert not reasons(receiver)
    receiver.put_back()
    return True


def good_import(receiver: Replica, data: bytes) -> dict[str, str]:
    """What the tables are when the bundle arrives whole."""
    assert take(receiver, data).new
    good = health.fingerprints(receiver.connection)
    receiver.put_back()
    return good


def test_sealed_bundle_cut_off_anywhere_changes_nothing(three: Three) -> None:
    set_field(three.city, agency(three.city, "CITY"), note="Tea is ready", places_free="4")
    data = export(three.city, "NGO")
    good_import(three.ngo, data)
    before = everything(three.ngo)
    for length in [*range(0, len(data), STEP), len(data) - 1]:
        with pytest.raises((InputError, TrustError)):
            take(three.ngo, data[:length])
        assert everything(three.ngo) == before


def test_sealed_bundle_with_a_byte_flipped_changes_nothing(three: Three) -> None:
    set_field(three.city, agency(three.city, "CITY"), note="Tea is ready", places_free="4")
    data = export(three.city, "NGO")
    before = everything(three.ngo)
    for place in range(0, len(data), STEP):
        damaged = data[:place] + bytes([data[place] ^ (1 << place % 8)]) + data[place + 1 :]
        with pytest.raises((InputError, TrustError)):
            take(three.ngo, damaged)
        assert everything(three.ngo) == before


def test_open_bundle_with_any_byte_flipped_is_refused_or_means_the_same(three: Three) -> None:
    own = agency(three.city, "CITY")
    export(three.city, "NGO")  # says again what was said before; below only the news remains
    take(three.city, export(three.ngo, "CITY"))
    set_field(three.city, own, note='Tea: "ready"\nand hot', places_free="4")
    data = export_directory(three)
    good = good_import(three.ngo, data)
    came_in = 0
    for place in range(len(data)):
        damaged = data[:place] + bytes([data[place] ^ (1 << place % 7)]) + data[place + 1 :]
        came_in += refused_or_whole(three.ngo, damaged, good)
    assert came_in < len(data) // 20  # blanks and line ends at most


def test_open_bundle_cut_off_at_any_byte_changes_nothing(three: Three) -> None:
    take(three.city, export(three.ngo, "CITY"))
    set_field(three.city, agency(three.city, "CITY"), note="Tea is ready")
    data = export_directory(three)
    good = good_import(three.ngo, data)
    for length in range(len(data)):
        if refused_or_whole(three.ngo, data[:length], good):
            assert length >= len(data) - 2  # the last line end


def export_directory(three: Three) -> bytes:
    """An open bundle to NGO of nothing but the directory edits that it lacks."""
    data = export(three.city, "NGO", sealed=False)
    assert {each["part"] for each in documents(three.ngo, data)[1:-1]} == {"directory"}
    return data


def test_twice_says_nothing_new(three: Three) -> None:
    set_field(three.city, agency(three.city, "CITY"), note="Tea is ready")
    data = export(three.city, "NGO")
    first = take(three.ngo, data)
    after = health.fingerprints(three.ngo.connection)
    again = take(three.ngo, data)
    assert (first.new, again.new, again.records, again.conflicts) == (1, 0, (), 0)
    assert health.fingerprints(three.ngo.connection) == after
    assert [one.name for one in exchange.bundles(three.ngo.connection, "in")].count(first.bundle) == 1


def test_dry_run_changes_nothing(three: Three) -> None:
    from taskforce.actions.receiving import import_bundle

    set_field(three.city, agency(three.city, "CITY"), note="Tea is ready")
    data = export(three.city, "NGO")
    before = everything(three.ngo)
    found = import_bundle(three.ngo.session, io.BytesIO(data), "bundle", dry_run=True)
    assert (found.new, found.applied) == (1, False)
    assert everything(three.ngo) == before


@pytest.mark.parametrize("rest", [b"", b"\0" * 4096])
def test_foreign_database_is_never_opened(three: Three, tmp_path: Path, rest: bytes) -> None:
    foreign = tmp_path / "foreign.bundle"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE edit (body TEXT)")
    connection.commit()
    connection.close()
    before = everything(three.ngo)
    with pytest.raises(InputError):
        take(three.ngo, foreign.read_bytes() + rest)
    assert everything(three.ngo) == before
    assert os.listdir(tmp_path) == ["foreign.bundle"]


# ── forged ──


def test_edit_signed_by_another_device_waits_as_broken(three: Three) -> None:
    """CITY writes in NGO's name: CITY's signature is not NGO's."""
    set_field(three.ngo, agency(three.ngo, "NGO"), note="From NGO")
    take(three.city, export(three.ngo, "CITY"))
    data = export(three.city, "PORT")
    verify(three.port, three.ngo)

    def forge(_head: dict[str, Any], edits: list[dict[str, Any]]) -> None:
        for at, edit in enumerate(edits):
            if edit["set"].get("note"):
                edits[at] = sign_edit(three.city, {**edit, "set": {"note": "From NGO, says CITY"}})

    found = take(three.port, rewrite(three.city, three.port, data, forge))
    assert found.waiting == {"broken-signature": 1}
    assert agency(three.port, "NGO").text("note") == ""
    assert take(three.port, data).new == 1  # the true one comes in afterwards
    assert agency(three.port, "NGO").text("note") == "From NGO"


def test_edit_altered_by_a_relay_waits_and_the_true_one_in_the_same_bundle_enters(three: Three) -> None:
    set_field(three.ngo, agency(three.ngo, "NGO"), note="Shelter is full")
    take(three.city, export(three.ngo, "CITY"))
    verify(three.port, three.ngo)
    data = export(three.city, "PORT")

    def alter(_head: dict[str, Any], edits: list[dict[str, Any]]) -> None:
        [true] = [edit for edit in edits if edit["set"].get("note")]
        edits.insert(0, {**true, "set": {"note": "Shelter is free"}})

    found = take(three.port, rewrite(three.city, three.port, data, alter))
    assert found.waiting == {"broken-signature": 1}
    assert agency(three.port, "NGO").text("note") == "Shelter is full"


def test_relay_cannot_make_it_look_as_if_a_device_used_a_number_twice(three: Three) -> None:
    set_field(three.ngo, agency(three.ngo, "NGO"), note="Shelter is full")
    take(three.city, export(three.ngo, "CITY"))
    verify(three.port, three.ngo)
    data = export(three.city, "PORT")
    take(three.port, data)

    def alter(_head: dict[str, Any], edits: list[dict[str, Any]]) -> None:
        for edit in edits:
            if "note" in edit["set"]:
                edit["set"] = {"note": "Shelter is free"}

    found = take(three.port, rewrite(three.city, three.port, data, alter))
    assert found.waiting == {"broken-signature": 1}
    assert agency(three.port, "NGO").text("note") == "Shelter is full"


@pytest.mark.parametrize("part", ["head", "edits", "end"])
def test_bundle_changed_on_the_way_is_refused(three: Three, part: str) -> None:
    set_field(three.city, agency(three.city, "CITY"), note="Tea is ready")
    text = "---\n".join(export(three.city, "NGO", sealed=True).decode("latin-1").split("---\n"))
    assert "Tea" not in text
    head, *edits, end = documents(three.ngo, export(three.city, "NGO"))
    from taskforce.sync import bundle

    if part == "head":
        head["made"] = "2020-01-01T00:00:00Z"
        pieces = list(bundle.write(head, edits, lambda _message: end["sig"]))
    elif part == "edits":
        pieces = list(bundle.write(head, edits[:-1], lambda _message: end["sig"]))
    else:
        pieces = list(bundle.write(head, edits, three.port.session.sign_bundle))
    before = everything(three.ngo)
    with pytest.raises(TrustError):
        take(three.ngo, "".join(pieces).encode())
    assert everything(three.ngo) == before


def test_bundle_for_others_is_refused_and_so_is_a_changed_address(three: Three) -> None:
    set_field(three.city, agency(three.city, "CITY"), note="Tea is ready")
    data = export(three.city, "NGO", sealed=True)
    before = everything(three.port)
    with pytest.raises(TrustError, match="not addressed"):
        take(three.port, data)
    opened = rewrite(three.city, three.ngo, data, lambda _head, _edits: None)
    with pytest.raises(TrustError, match="for NGO"):
        take(three.port, opened)
    with pytest.raises(TrustError, match="signature"):
        take(
            three.port,
            rewrite(three.ngo, three.ngo, data, lambda head, _edits: head.update(to={"PORT": "1"})),
        )
    assert everything(three.port) == before


@pytest.mark.parametrize("to", [{}, [], "", "NGO", {"NGO": "0"}, {"NGO": ""}])
def test_bundle_for_nobody_is_refused(three: Three, to: object) -> None:
    data = export(three.city, "NGO")
    with pytest.raises(InputError):
        take(three.ngo, rewrite(three.city, three.ngo, data, lambda head, _edits: head.update(to=to)))


def test_bundle_of_nobody_known_brings_nothing_in(three: Three) -> None:
    """PORT has not been verified by NGO: what it says of itself waits, and lives once people compared words."""
    set_field(three.port, agency(three.port, "PORT"), note="We are PORT")
    verify(three.port, three.ngo)
    data = export(three.port, "NGO")
    before = health.fingerprints(three.ngo.connection)
    found = take(three.ngo, data)
    assert (found.verified, found.new) == (False, 0)
    assert set(found.waiting) == {"unknown-signer"}
    assert health.fingerprints(three.ngo.connection) == before
    assert verify(three.ngo, three.port) == found.waiting["unknown-signer"]
    assert agency(three.ngo, "PORT").text("note") == "We are PORT"
    assert not reasons(three.ngo)
    assert not checking.check(three.ngo.session).faults


def test_edits_relayed_for_a_stranger_wait_and_come_to_life(three: Three) -> None:
    set_field(three.port, agency(three.port, "PORT"), note="We are PORT")
    take(three.city, export(three.port, "CITY"))
    found = take(three.ngo, export(three.city, "NGO"))
    assert found.verified
    assert set(found.waiting) == {"unknown-signer"}
    assert agency(three.ngo, "PORT").text("note") == ""
    assert verify(three.ngo, three.port) == found.waiting["unknown-signer"]
    assert agency(three.ngo, "PORT").text("note") == "We are PORT"


def test_somebody_with_the_same_code_and_another_key_stays_outside(three: Three) -> None:
    """A stranger calls itself PORT and signs with its own key; the real PORT's card does not let that in."""
    import dataclasses

    from taskforce.keys import identity

    set_field(three.port, agency(three.port, "PORT"), note="We are PORT")
    verify(three.port, three.ngo)
    data = export(three.port, "NGO")
    device = identity.DeviceSecret(three.port.sign_seed, three.port.sealed_with)
    false = identity.certify(new_agency(), "PORT", device, "2026-11-23")

    def pretend(head: dict[str, Any], _edits: list[dict[str, Any]]) -> None:
        head["certificates"] = [false]

    found = take(three.ngo, rewrite(three.port, three.ngo, data, pretend))
    assert found.new == 0
    assert dataclasses.asdict(found)["verified"] is False
    assert verify(three.ngo, three.port) == 0
    assert agency(three.ngo, "PORT").text("note") == ""


def test_claim_to_have_made_a_record_of_others_waits(three: Three) -> None:
    """NGO says, under its own signature, that it made CITY's operation."""
    operation = the(three.city, "operation")
    set_field(three.ngo, agency(three.ngo, "NGO"), note="x")
    data = export(three.ngo, "CITY")

    def claim(_head: dict[str, Any], edits: list[dict[str, Any]]) -> None:
        like = edits[-1]
        number = int(like["edit"].partition("/")[2]) + 1
        of = {"kind": "operation", "record": operation.id, "part": "operational", "born": "0123456789abcdef"}
        edits.append(new_edit(three.ngo, like, number, set={"codename": "MINE"}, **of))

    found = take(three.city, rewrite(three.ngo, three.city, data, claim))
    assert found.waiting == {"false-claim": 1}
    assert the(three.city, "operation").text("codename") == "TIDE"
    assert queries.owner_of(three.city.connection, get_kind("operation"), operation.id) == "CITY"


def test_one_number_used_twice_keeps_both_and_shows_neither(three: Three) -> None:
    """A copied store goes on where the first one does. What came first must not decide."""
    number = fork_of_ngo(three)
    found = take(three.city, number[0])
    assert found.waiting == {}
    found = take(three.city, number[1])
    assert found.waiting == {"fork": 1}
    assert agency(three.city, "NGO").text("note") == ""
    kept = quarantine.waiting(three.city.connection, reason="fork")
    assert sorted(word for each in kept for word in ("First", "Second") if word in each.body) == [
        "First",
        "Second",
    ]
    assert not checking.check(three.city.session).faults


def test_one_number_used_twice_in_one_bundle(three: Three) -> None:
    one, other = fork_of_ngo(three)
    *_others, second, _end = documents(three.city, other)
    both = rewrite(three.ngo, three.city, one, lambda _head, edits: edits.append(second))
    assert take(three.city, both).waiting == {"fork": 2}
    assert agency(three.city, "NGO").text("note") == ""


def test_one_number_used_twice_by_a_stranger_does_not_stop_its_verification(three: Three) -> None:
    verify(three.ngo, three.port)
    one, other = (
        rewrite(three.ngo, three.city, data, lambda head, _edits: head.update(to={"PORT": "1"}))
        for data in fork_of_ngo(three)
    )
    for data in (one, other):
        assert take(three.port, data).new == 0
    admitted = verify(three.port, three.ngo)
    assert admitted >= 1
    assert reasons(three.port) == ["fork", "fork"]
    assert agency(three.port, "NGO").text("note") == ""


def fork_of_ngo(three: Three) -> tuple[bytes, bytes]:
    """Two bundles of NGO to CITY with different edits under one number."""
    found = []
    for words in ("First", "Second"):
        three.ngo.put_back()
        set_field(three.ngo, agency(three.ngo, "NGO"), note=words)
        found.append(export(three.ngo, "CITY"))
    return found[0], found[1]


def test_nobody_can_claim_to_have_seen_what_we_have_not_written(three: Three) -> None:
    """An edit that "saw" our next thousand edits would hide them all, and stop us from making them."""
    own = agency(three.city, "CITY")
    set_field(three.ngo, own, note="by NGO")
    data = export(three.ngo, "CITY")

    def foresee(_head: dict[str, Any], edits: list[dict[str, Any]]) -> None:
        at = next(index for index, edit in enumerate(edits) if edit["set"].get("note"))
        edits[at] = sign_edit(three.ngo, {**edits[at], "saw": {"note": {f"{three.city.device}.1": "1000"}}})

    found = take(three.city, rewrite(three.ngo, three.city, data, foresee))
    assert found.waiting == {"false-claim": 1}
    set_field(three.city, own, note="by CITY")
    assert agency(three.city, "CITY").text("note") == "by CITY"


# ── clocks ──


@pytest.mark.parametrize("year", [1970, 2099])
def test_wrong_clocks_change_neither_conflicts_nor_our_clock(three: Three, year: int) -> None:
    three.ngo.skew = NOON.replace(year=year) - NOON
    assignment = the(three.city, "assignment")
    set_field(three.city, assignment, agency="NGO")
    with three.ngo.at(0):
        set_field(three.ngo, assignment, status_note="NGO's")
        data = export(three.ngo, "CITY")
    set_field(three.city, assignment, status_note="CITY's")
    before = three.city.session.store.meta("clock")
    found = take(three.city, data)
    assert (found.new > 0, found.conflicts) == (True, 1)
    assert found.ahead == (1 if year == 2099 else 0)
    assert three.city.session.store.meta("clock") == before
    [conflict] = conflicts.list_conflicts(three.city.session)
    assert {side.value for side in conflict.sides} == {"NGO's", "CITY's"}
    conflicts.resolve(three.city.session, assignment.id, "status_note", value="agreed")
    assert the(three.city, "assignment").text("status_note") == "agreed"
    with three.ngo.at(60):
        take(three.ngo, export(three.city, "NGO"))
        assert the(three.ngo, "assignment").text("status_note") == "agreed"
        assert not conflicts.list_conflicts(three.ngo.session)
        set_field(three.ngo, assignment, status_note="still goes")
    assert the(three.ngo, "assignment").text("status_note") == "still goes"


def test_a_clock_within_bounds_at_the_end_of_its_counter_stops_nobody(three: Three) -> None:
    set_field(three.ngo, agency(three.ngo, "NGO"), note="soon")
    data = export(three.ngo, "CITY")
    soon = (three.ngo.session.now + timedelta(hours=23)).strftime("%Y-%m-%dT%H:%M:%S.000Z/999999999")

    def late(_head: dict[str, Any], edits: list[dict[str, Any]]) -> None:
        edits[-1] = sign_edit(three.ngo, {**edits[-1], "at": soon})

    assert take(three.city, rewrite(three.ngo, three.city, data, late)).ahead == 0
    set_field(three.city, agency(three.city, "CITY"), note="one")
    set_field(three.city, agency(three.city, "CITY"), note="two")
    assert agency(three.city, "CITY").text("note") == "two"
    assert not checking.check(three.city.session).faults


# ── by way of fields ──


def test_a_field_in_the_wrong_part_changes_nothing_that_is_shown(three: Three) -> None:
    """`title` is operational; in a part of others' choice it must not show, nor move the record to other readers."""
    assignment = the(three.city, "assignment")
    set_field(three.ngo, agency(three.ngo, "NGO"), note="x")
    data = export(three.ngo, "CITY")
    before = the(three.city, "assignment").values

    def stray(_head: dict[str, Any], edits: list[dict[str, Any]]) -> None:
        like = edits[-1]
        number = int(like["edit"].partition("/")[2])
        for step, part in enumerate(("directory", "identity", "unheard-of"), start=1):
            of = {"kind": "assignment", "record": assignment.id, "part": part}
            values = {"title": "Wrong", "operation": "0" * 16, "status": "done"}
            edits.append(new_edit(three.ngo, edits[-1], number + step, set=values, **of))

    assert take(three.city, rewrite(three.ngo, three.city, data, stray)).new >= 3
    assert the(three.city, "assignment").values == before
    assert not checking.check(three.city.session).faults


def test_kinds_and_fields_of_newer_versions_are_kept_and_passed_on(three: Three) -> None:
    set_field(three.ngo, agency(three.ngo, "NGO"), note="x")
    data = export(three.ngo, "CITY")

    def newer(_head: dict[str, Any], edits: list[dict[str, Any]]) -> None:
        like = edits[-1]
        number = int(like["edit"].partition("/")[2])
        edits.append(new_edit(three.ngo, like, number + 1, set={"hologram": "yes"}, urgency="high"))
        edits.append(new_edit(three.ngo, edits[-1], number + 2, kind="starship", record="0" * 16))

    found = take(three.city, rewrite(three.ngo, three.city, data, newer))
    assert not found.waiting
    verify(three.port, three.ngo)
    passed = documents(three.port, export(three.city, "PORT"))
    assert any(each.get("set") == {"hologram": "yes"} and each["urgency"] == "high" for each in passed)
    assert any(each.get("kind") == "starship" for each in passed)
    assert not take(three.port, export(three.city, "PORT")).waiting


# ── nobody lets himself in ──


@pytest.mark.parametrize("pretended_sender", ["PORT", "CITY", "NGO"])
def test_a_referral_by_an_outsider_opens_nothing(three: Three, pretended_sender: str) -> None:
    """PORT has heard the id of CITY's victim and writes a referral of it to itself."""
    victim = keeping.add(three.city.session, get_kind("victim"), {"age_band": "9-17", "health": "Canary"})
    consent(three.city, victim.id, "NGO", "PORT")
    kind = get_kind("referral")
    typed = {"victim": victim.id, "to": agency(three.port, "PORT").id, "services": ["shelter"]}
    typed["sender"] = agency(three.port, pretended_sender).id
    made = keeping.add(three.port.session, kind, typed)
    keeping.move(three.port.session, kind, made, "send", {})
    data = export(three.port, "CITY")
    rows = three.port.connection.execute("SELECT body FROM edit WHERE record = ? ORDER BY number", (made.id,))
    import json

    mine = [json.loads(body) for (body,) in rows]

    def add(_head: dict[str, Any], edits: list[dict[str, Any]]) -> None:
        known = {edit["edit"] for edit in edits}
        edits.extend(edit for edit in mine if edit["edit"] not in known)

    assert take(three.city, rewrite(three.port, three.city, data, add)).new >= len(mine)
    told = documents(three.port, export(three.city, "PORT"))
    assert not [each for each in told if each.get("record") == victim.id]
    assert "Canary" not in str(told)


@pytest.mark.parametrize("way", ["joins", "promotes", "leads"])
def test_nobody_lets_itself_into_an_operation(three: Three, way: str) -> None:
    """PORT observes; it writes that it is a partner, or leads. Assignments still do not go to it."""
    operation = the(three.port, "operation")
    if way == "leads":
        keeping.edit(three.port.session, get_kind("operation"), operation, {"lead": "PORT"})
    else:
        keeping.join(three.port.session, {"operation": operation.id, "agency": "PORT", "role": "partner"})
    if way == "joins":
        [own] = [
            each
            for each in queries.list_records(three.city.connection, get_kind("participation"))
            if each.text("agency") == agency(three.city, "PORT").id
        ]
        keeping.set_archived(three.city.session, get_kind("participation"), own, archived=True)
    take(three.city, export(three.port, "CITY"))
    told = documents(three.port, export(three.city, "PORT"))
    assert not [each for each in told if each.get("kind") == "assignment"]


@pytest.mark.parametrize("way", ["accepts", "restores"])
def test_a_receiver_does_not_reopen_what_the_sender_has_taken_back(three: Three, way: str) -> None:
    """The victim has withdrawn; NGO's program, changed by somebody, writes that the referral is accepted or in view."""
    victim = keeping.add(three.city.session, get_kind("victim"), {"age_band": "9-17"})
    consent(three.city, victim.id, "NGO")
    kind = get_kind("referral")
    typed = {"victim": victim.id, "to": "NGO", "services": ["shelter"]}
    made = keeping.move(three.city.session, kind, keeping.add(three.city.session, kind, typed), "send", {})
    take(three.ngo, export(three.city, "NGO"))
    take(three.city, export(three.ngo, "CITY"))
    if way == "accepts":
        keeping.move(three.city.session, kind, the(three.city, "referral"), "revoke", {})
    else:
        keeping.set_archived(three.city.session, kind, made, archived=True)
    take(three.ngo, export(three.city, "NGO"))
    with three.ngo.session.acting("against the rules") as one:
        if way == "accepts":
            one.save(kind, made.id, {"status": "accepted"})
        else:
            one.set_archived(kind, made.id, archived=False)
    if way == "accepts":
        take(three.city, export(three.ngo, "CITY"))
        assert the(three.city, "referral").text("status") == "accepted"
    else:
        data = export(three.ngo, "CITY")
        take(three.city, data)
    keeping.edit(three.city.session, get_kind("victim"), the(three.city, "victim"), {"health": "Canary"})
    told = documents(three.ngo, export(three.city, "NGO"))
    assert "Canary" not in str(told)
