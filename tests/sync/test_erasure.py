"""Erasure: what the owner of a record erases is gone everywhere, whatever came first, and everybody says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from raw_pages import occurrences
from replicas import Replica, consent, documents, export, make_replica, rewrite, sign_edit, take, verify

from taskforce.actions import (
    attention,
    checking,
    drafting,
    erasing,
    keeping,
    looking,
    plans,
    proposing,
    sending,
    undoing,
)
from taskforce.errors import Refused
from taskforce.keys.sealing import open_bytes
from taskforce.records.registry import get_kind
from taskforce.reports import erasure_views
from taskforce.store import health, history, queries
from taskforce.store.queries import Record

CANARY = "zqxcanary"
Three = tuple[Replica, Replica, Replica]


@cache
def _stores(folder: Path) -> Three:
    city, ngo, far = (
        make_replica(folder / f"erase-{code}", code, name=code, country="KH")
        for code in ("CITY", "NGO", "FAR")
    )
    for one, other in permutations((city, ngo, far), 2):
        if {one.code, other.code} != {"CITY", "FAR"}:
            verify(one, other)
    for code in ("NGO", "FAR"):
        keeping.add(city.session, get_kind("agency"), {"code": code, "country": "KH"})
    victim = keeping.add(
        city.session,
        get_kind("victim"),
        {
            "age_band": "9-17",
            "family_name": f"{CANARY} Dara",
            "health": "Thirsty",
            "account": "Met at the gate",
        },
    )
    consent(city, victim.id, "NGO", "FAR")
    refer(city, victim.id, "NGO")
    take(ngo, export(city, "NGO"))
    keeping.edit(ngo.session, get_kind("victim"), the(ngo, "victim"), {"given_names": f"Vuthy {CANARY}"})
    refer(ngo, victim.id, "FAR")
    take(far, export(ngo, "FAR"))
    take(city, export(ngo, "CITY"))
    for replica in (city, ngo, far):
        replica.keep()
    return city, ngo, far


@pytest.fixture
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Three]:
    """CITY met somebody and referred them to NGO, which added to it and passed it on to FAR; CITY and FAR never met."""
    stores = _stores(tmp_path_factory.getbasetemp())
    for replica in stores:
        replica.put_back()
    yield stores


def refer(sender: Replica, victim: str, to: str) -> None:
    """Send a referral."""
    kind = get_kind("referral")
    made = keeping.add(sender.session, kind, {"victim": victim, "to": to, "services": ["shelter"]})
    keeping.move(sender.session, kind, made, "send", {})


def the(replica: Replica, kind: str) -> Record:
    """The only record of a kind, archived or not."""
    [found] = queries.list_records(replica.connection, get_kind(kind), archived=True)
    return found


def erase(replica: Replica, *parts: str) -> None:
    """The owner erases parts of the victim."""
    erasing.erase(replica.session, the(replica, "victim").id, parts, reason="she asked for it")


def names(replica: Replica) -> tuple[str, str]:
    """What a store shows of who the victim is."""
    record = the(replica, "victim")
    return record.text("family_name"), record.text("given_names")


def log_of(replica: Replica) -> str:
    """All that the log keeps."""
    return "\n".join(body for (body,) in replica.connection.execute("SELECT body FROM edit"))


def canaries(replica: Replica) -> int:
    """How often the canary is in the store's file, as text or as what is left of it in the search index's terms."""
    return occurrences(replica.folder, replica.key, b"canary")


def test_what_is_erased_is_gone_at_the_owner_and_stays_so(three: Three) -> None:
    city, _ngo, _far = three
    assert names(city) == (f"{CANARY} Dara", "")
    [one] = proposing.list_proposals(city.session)
    assert one.values == {"given_names": f"Vuthy {CANARY}"}
    ref = the(city, "victim").ref
    erase(city, "identity")
    assert names(city) == ("", "") and not proposing.list_proposals(city.session, settled=True)
    assert the(city, "victim").text("health") == "Thirsty" and not the(city, "victim").archived
    assert CANARY not in log_of(city)
    assert not looking.search(city.session, CANARY)
    with pytest.raises(Refused, match="was erased"):
        keeping.edit(city.session, get_kind("victim"), the(city, "victim"), {"family_name": "Sok"})
    with pytest.raises(Refused, match="erased already"):
        erase(city, "identity")
    assert not checking.check(city.session).faults
    before = health.fingerprints(city.connection)
    city.session.store.rebuild()
    assert health.fingerprints(city.connection) == before
    _record, changes = looking.history_of(city.session, ref)
    of_it = [change.values for change in changes if change.part == "identity"]
    assert of_it == [{}, {}, {"erased": "she asked for it"}]


def test_undo_neither_takes_back_an_erasure_nor_brings_back_what_it_erased(three: Three) -> None:
    city, _ngo, _far = three
    keeping.add(city.session, get_kind("contact"), {"name": "Officer Sok", "agency": "CITY"})
    keeping.edit(city.session, get_kind("victim"), the(city, "victim"), {"family_name": f"{CANARY} Sok"})
    erase(city, "identity")
    befores = city.connection.execute("SELECT before FROM action_edit").fetchall()
    assert CANARY not in str(befores)
    undone = undoing.undo(city.session)
    assert undone.action.summary == "contact add"
    assert names(city) == ("", "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Opal", f"Opal {CANARY}"),
        (f"{CANARY} two", CANARY),
        ("Xq", f"Xq {CANARY}"),
        ("Xq", "Zq"),
        ("edit", "X"),
    ],
)
def test_the_history_of_actions_does_not_call_it_by_what_is_erased(
    three: Three, before: str, after: str
) -> None:
    city, _ngo, _far = three
    kind = get_kind("operation")
    made = keeping.add(city.session, kind, {"codename": before})
    for changes in ({"note": "One"}, {"codename": after}, {"note": "Two"}, {"note": "Three"}):
        keeping.edit(city.session, kind, keeping.require(city.session, kind, made.id), changes)
    undoing.undo(city.session)
    erasing.erase(city.session, made.id, reason="wrong one")
    told = [one.summary for one in looking.actions(city.session, limit=6)]
    assert told[1:] == ["undo: operation edit …", *["operation edit …"] * 4]


def test_drafts_and_what_waits_in_quarantine_go_too(three: Three) -> None:
    city, ngo, _far = three
    victim = the(city, "victim")
    drafting.keep_draft(city.session, f"victim/{victim.id}", {"family_name": CANARY})
    drafting.keep_draft(city.session, f"victim/{victim.id}/correct", {"family_name": CANARY})
    keeping.edit(ngo.session, get_kind("victim"), the(ngo, "victim"), {"phone": CANARY, "safety": "At risk"})
    data = export(ngo, "CITY")
    with city.session.store.writing():  # before anybody at CITY had verified NGO
        city.connection.execute("DELETE FROM peer")
        city.connection.execute("DELETE FROM device WHERE agency = 'NGO'")
    assert take(city, data).waiting == {"unknown-signer": 2}
    assert CANARY in str(city.connection.execute("SELECT body FROM quarantine").fetchall())
    erase(city, "identity")
    for table, column in (("draft", "typed"), ("quarantine", "body")):
        assert CANARY not in str(city.connection.execute(f"SELECT {column} FROM {table}").fetchall())
    assert not take(city, data).waiting
    assert CANARY not in str(city.connection.execute("SELECT body FROM quarantine").fetchall())
    assert verify(city, ngo) == 1
    assert [one.values for one in proposing.list_proposals(city.session)] == [{"safety": "At risk"}]
    take(city, data)
    assert names(city) == ("", "") and the(city, "victim").text("phone") == ""
    assert CANARY not in log_of(city)


def test_no_byte_of_it_is_left_in_the_file(three: Three) -> None:
    city, ngo, _far = three
    text = " ".join(f"{CANARY}{number}" for number in range(40))
    for number in range(150):  # the index grows segments, pages split: copies stay behind in them
        keeping.edit(
            city.session, get_kind("victim"), the(city, "victim"), {"family_name": f"{text} {number}"}
        )
        keeping.add(city.session, get_kind("contact"), {"name": f"Officer {number}", "agency": "CITY"})
    take(ngo, export(city, "NGO"))
    for replica in (city, ngo):
        replica.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert canaries(replica) > 150
    erase(city, "identity")
    take(ngo, export(city, "NGO"))
    assert canaries(city) == canaries(ngo) == 0
    assert not city.session.store.meta("scrub") and not ngo.session.store.meta("scrub")


def test_what_cannot_be_scrubbed_while_another_reads_is_when_the_store_is_opened(three: Three) -> None:
    city, _ngo, _far = three
    city.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    reader = Replica(city.code, city.folder, city.key, city.device)
    reader.open()
    with reader.session.store.reading():
        reader.connection.execute("SELECT count(*) FROM edit").fetchone()
        erase(city, "identity")
        assert names(city) == ("", "")
        assert city.session.store.meta("scrub")
        [notice] = city.session.store.notices
        assert "still in unused places" in notice
    reader.close()
    city.close()
    city.open()
    assert not city.session.store.meta("scrub") and not city.session.store.notices
    assert canaries(city) == 0


def test_a_device_confirms_only_once_the_bytes_are_out_of_its_file(three: Three) -> None:
    city, ngo, _far = three
    take(city, export(ngo, "CITY"))
    ngo.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    erase(city, "identity")
    data = export(city, "NGO")
    reader = Replica(ngo.code, ngo.folder, ngo.key, ngo.device)
    reader.open()
    with reader.session.store.reading():
        reader.connection.execute("SELECT count(*) FROM edit").fetchone()
        take(ngo, data)
        assert names(ngo) == ("", "") and canaries(ngo) > 0
        assert "not yet this device: bytes of it are still in unused places" in said_by(ngo)
        take(city, export(ngo, "CITY"))
    [told] = erasing.status(city.session)
    assert told.waiting == {"NGO": (ngo.device,)}
    reader.close()
    dry = sending.export_bundle(ngo.session, "CITY", None)
    assert not dry.edits
    data = export(ngo, "CITY")
    assert canaries(ngo) == 0 and not ngo.session.store.meta("scrub")
    take(city, data)
    [told] = erasing.status(city.session)
    assert told.waiting == {} and "not yet" not in said_by(city)
    assert looking.actions(ngo.session, limit=1)[0].summary == "confirm erasure"


def test_the_owner_does_not_count_either_while_the_bytes_are_in_its_file(three: Three) -> None:
    city, _ngo, _far = three
    reader = Replica(city.code, city.folder, city.key, city.device)
    reader.open()
    with reader.session.store.reading():
        reader.connection.execute("SELECT count(*) FROM edit").fetchone()
        erase(city, "identity")
        assert "not yet this device" in said_by(city)
    reader.close()
    export(city, "NGO")
    assert "not yet this device" not in said_by(city)


def test_it_reaches_everybody_who_had_it_and_their_confirmations_come_back(three: Three) -> None:
    city, ngo, far = three
    erase(city, "identity")
    [told] = erasing.status(city.session)
    assert (told.by, told.agency, told.reason) == ("Officer of CITY", "CITY", "she asked for it")
    assert [each.agency for each in told.confirmed] == ["CITY"]
    assert told.waiting == {"NGO": (ngo.device,)}
    found = take(ngo, export(city, "NGO"))
    assert found.erased == ((the(ngo, "victim").id, "victim", "identity"),)
    assert names(ngo) == ("", "") and CANARY not in log_of(ngo)
    take(far, export(ngo, "FAR"))  # FAR does not know CITY: its erasure waits
    assert names(far) != ("", "")
    verify(far, city)
    assert names(far) == ("", "") and CANARY not in log_of(far)
    take(ngo, export(far, "NGO"))
    verify(city, far)
    take(city, export(ngo, "CITY"))
    [told] = erasing.status(city.session)
    assert sorted(each.agency for each in told.confirmed) == ["CITY", "FAR", "NGO"]
    assert told.waiting == {}
    for one, other in ((city, ngo), (ngo, city), (ngo, far), (far, ngo)):
        take(other, export(one, other.code))
    for one, other in ((city, ngo), (ngo, city), (ngo, far), (far, ngo)):
        assert [each for each in documents(other, export(one, other.code)) if "edit" in each] == []


def said_by(replica: Replica) -> str:
    """What `erase status` says, in one line."""
    found = erasing.status(replica.session)
    lines = [line for one in found for line in erasure_views.story(one, replica.session.now)]
    lines += erasure_views.summary(found)
    return " ".join(" ".join(line if isinstance(line, str) else line.text for line in lines).split())


def test_it_is_not_said_of_those_of_whom_nothing_is_known_here(three: Three) -> None:
    """NGO, which has confirmed, has passed it on to FAR, which CITY does not know and which has it still."""
    city, ngo, far = three
    would = list(erasure_views.preview(erasing.foresee(city.session, the(city, "victim").ref)))
    assert would[1:] == [
        "told with the next bundle: NGO",
        "they tell those to whom they passed it on, if there are any",
    ]
    erase(city, "identity")
    take(ngo, export(city, "NGO"))
    take(city, export(ngo, "CITY"))
    assert names(far) != ("", "")
    [told] = erasing.status(city.session)
    assert told.waiting == {} and told.passed_on_by == ("NGO",) and told.unverified == 0
    assert "all who had it, as far as is known here, have confirmed" in said_by(city)
    assert "whoever may have got it through NGO is told by them" in said_by(city)
    assert "not yet FAR" in said_by(ngo)
    verify(far, city)
    take(far, export(ngo, "FAR"))
    take(ngo, export(far, "NGO"))
    take(city, export(ngo, "CITY"))  # with FAR's confirmation, which CITY cannot check
    [told] = erasing.status(city.session)
    assert (told.unverified, [each.agency for each in told.confirmed]) == (1, ["CITY", "NGO"])
    assert "1 confirmation is of a device whose agency is not verified here" in said_by(city)
    verify(city, far)
    [told] = erasing.status(city.session)
    assert told.unverified == 0 and told.passed_on_by == ("FAR", "NGO")


def test_what_went_to_nobody_needs_no_second_sentence(three: Three) -> None:
    city, _ngo, _far = three
    contact = keeping.add(city.session, get_kind("agreement"), {"title": CANARY, "parties": ["CITY"]})
    erasing.erase(city.session, contact.id, reason="entered twice")
    [told] = erasing.status(city.session)
    assert told.passed_on_by == () and "through" not in said_by(city)


@pytest.mark.parametrize("noticed", [True, False], ids=["a-new-epoch", "unnoticed"])
def test_a_confirmation_counts_no_more_once_the_store_that_gave_it_was_put_back(
    three: Three, noticed: bool
) -> None:
    city, ngo, _far = three
    take(city, export(ngo, "CITY"))
    ngo.keep()
    erase(city, "identity")
    take(ngo, export(city, "NGO"))
    take(city, export(ngo, "CITY"))
    [told] = erasing.status(city.session)
    assert told.waiting == {} and told.put_back == ()
    assert not [item for item in attention.status(city.session).items if item.kind == "erased"]
    ngo.put_back()
    for _time in range(0 if noticed else 3):
        export(ngo, "CITY")  # lost: their numbers are higher than those of the life before
    if noticed:
        with ngo.session.store.writing():
            ngo.session.store.begin_epoch("the test says so")
        keeping.add(ngo.session, get_kind("contact"), {"name": "Officer Sok", "agency": "NGO"})
    assert names(ngo) != ("", "")
    take(city, export(ngo, "CITY"))
    [told] = erasing.status(city.session)
    assert told.waiting == {"NGO": (ngo.device,)}
    assert [(each.agency, each.device) for each in told.put_back] == [("NGO", ngo.device)]
    assert "not any more NGO, device" in said_by(city) and "1 part is not confirmed by all" in said_by(city)
    [item] = [item for item in attention.status(city.session).items if item.kind == "erased"]
    assert item.subject == "NGO" and "taskforce export --to NGO" in item.do
    take(ngo, export(city, "NGO"))
    assert names(ngo) == ("", "")
    take(city, export(ngo, "CITY"))
    [told] = erasing.status(city.session)
    assert told.waiting == {} and told.put_back == ()


def test_what_a_device_said_before_it_confirmed_through_another_takes_nothing_back(three: Three) -> None:
    city, ngo, far = three
    verify(city, far)
    verify(far, city)
    take(city, export(far, "CITY"))
    erase(city, "identity")
    take(ngo, export(city, "NGO"))
    take(far, export(ngo, "FAR"))
    take(ngo, export(far, "NGO"))
    take(city, export(ngo, "CITY"))
    [told] = erasing.status(city.session)
    assert told.waiting == {} and told.put_back == ()
    assert sorted(each.agency for each in told.confirmed) == ["CITY", "FAR", "NGO"]


def test_it_reaches_whom_the_referral_lets_see_nothing_any_more(three: Three) -> None:
    city, ngo, _far = three
    kind = get_kind("referral")
    keeping.move(city.session, kind, referral_to(city, "NGO"), "revoke", {})
    take(ngo, export(city, "NGO"))
    keeping.edit(city.session, get_kind("victim"), the(city, "victim"), {"phone": CANARY})
    erase(city, "identity")
    data = export(city, "NGO")
    assert CANARY.encode() not in open_bytes(data, [ngo.sealed_with])
    take(ngo, data)
    assert names(ngo) == ("", "")


def referral_to(replica: Replica, code: str) -> Record:
    """The referral to an agency."""
    found = queries.list_records(replica.connection, get_kind("referral"), archived=True)
    [agency] = queries.records_by_value(replica.connection, get_kind("agency"), "code", code)
    return next(each for each in found if each.text("to") == agency.id)


def test_whatever_order_the_bundles_come_in_the_state_is_the_same(three: Three) -> None:
    city, ngo, _far = three
    first = export(city, "NGO")
    keeping.edit(city.session, get_kind("victim"), the(city, "victim"), {"family_name": f"{CANARY} Sok"})
    second = export(city, "NGO")
    erase(city, "identity", "care")
    third = export(city, "NGO")
    keeping.edit(
        ngo.session, get_kind("victim"), the(ngo, "victim"), {"given_names": CANARY, "health": CANARY}
    )
    keeping.set_archived(ngo.session, get_kind("victim"), the(ngo, "victim"), archived=True)
    start = (ngo.folder / "kept").read_bytes()
    try:
        ngo.keep()
        seen = set()
        for order in permutations((first, second, third)):
            ngo.put_back()
            with ngo.at(500):
                for data in order:
                    take(ngo, data)
                for data in order:
                    assert not take(ngo, data).new
            assert names(ngo) == ("", "") and the(ngo, "victim").text("health") == ""
            assert CANARY not in log_of(ngo)
            assert not checking.check(ngo.session).faults
            prints = health.fingerprints(ngo.connection)
            numbers = tuple(
                tuple(row)
                for row in ngo.connection.execute("SELECT feed, number, hash FROM edit ORDER BY 1, 2")
            )
            own = ngo.session.store.ledger().feed_id(ngo.session.store.me.feed)
            seen.add((prints["victim"], prints["conflict"], tuple(row for row in numbers if row[0] != own)))
        assert len(seen) == 1
    finally:
        (ngo.folder / "kept").write_bytes(start)


def test_who_never_had_it_gets_no_skeleton_and_asks_for_nothing(three: Three) -> None:
    city, ngo, far = three
    erase(city, "identity")
    verify(city, far)
    verify(far, city)
    far.connection.execute("DELETE FROM edit WHERE record = ?", (the(far, "victim").id,))
    refer(city, the(city, "victim").id, "FAR")
    edits = [each for each in documents(far, export(city, "FAR")) if "edit" in each]
    of_it = [each for each in edits if each["part"] == "identity"]
    assert [list(each["set"]) for each in of_it] == [["erased"]]
    assert all("sig" in each for each in edits)
    take(ngo, export(city, "NGO"))
    head = documents(ngo, export(city, "NGO"))[0]
    held = city.connection.execute(
        "SELECT name, number FROM edit JOIN feed ON feed.id = feed WHERE part = 'identity'"
    ).fetchall()
    assert all(covers(head["holdings"][feed], number) for feed, number in held)  # skeletons count as held


def covers(ranges: str, number: int) -> bool:
    """Whether written ranges hold a number."""
    pairs = [piece.split("-") for piece in ranges.split(",")]
    return any(int(pair[0]) <= number <= int(pair[-1]) for pair in pairs)


def forged(author: Replica, record: str, **more: Any) -> dict[str, Any]:
    """An edit that erases somebody's identity, as the next of a device's feed."""
    row = author.connection.execute(
        "SELECT number, hash FROM edit JOIN feed ON feed.id = edit.feed WHERE device = ? ORDER BY number DESC LIMIT 1",
        (author.device,),
    ).fetchone()
    body = {
        "edit": f"{author.session.store.me.feed}/{row[0] + 1}",
        "prev": row[1],
        "at": "2026-11-23T12:00:00.000Z/0",
        "by": "Mallory",
        "kind": "victim",
        "record": record,
        "part": "identity",
        "set": {"erased": "because I can"},
        **more,
    }
    return sign_edit(author, body)


@pytest.mark.parametrize(
    ("claim", "reason"), [({}, "not-owner"), ({"born": "0" * 16}, "false-claim")], ids=["plain", "born"]
)
def test_an_erasure_by_anybody_else_waits_in_quarantine(
    three: Three, claim: dict[str, str], reason: str
) -> None:
    city, ngo, _far = three
    with pytest.raises(Refused, match="only they can erase it"):
        erase(ngo, "identity")
    bad = forged(ngo, the(city, "victim").id, **claim)
    data = rewrite(ngo, city, export(ngo, "CITY"), lambda _head, edits: edits.append(bad))
    before = (names(city), health.fingerprints(city.connection)["victim"])
    assert take(city, data).waiting == {reason: 1}
    assert (names(city), health.fingerprints(city.connection)["victim"]) == before
    assert not erasing.status(city.session)


def test_the_owners_nonce_used_by_another_agency_is_a_false_claim(three: Three) -> None:
    city, ngo, _far = three
    victim = the(city, "victim").id
    born = next(
        edit.born
        for edit in history.edits_of_record(city.connection, get_kind("victim"), victim)
        if edit.born
    )
    bad = forged(ngo, victim, born=born)
    data = rewrite(ngo, city, export(ngo, "CITY"), lambda _head, edits: edits.append(bad))
    assert take(city, data).waiting == {"false-claim": 1}
    assert names(city) != ("", "")


def test_the_lead_of_an_operation_erases_what_a_plan_made(three: Three) -> None:
    city, ngo, far = three
    verify(city, far)
    verify(far, city)
    operation = keeping.add(city.session, get_kind("operation"), {"codename": "HARBOUR", "lead": "CITY"})
    for code in ("NGO", "FAR"):
        keeping.join(city.session, {"operation": operation.id, "agency": code})
    plan = b"taskforce-plan: 1\nassignments:\n- key: yard\n  title: Yard 7 canary\n  operation: HARBOUR\n"
    plans.import_plan(city.session, BytesIO(plan), "plan")
    for other in (ngo, far):
        take(other, export(city, other.code))
    assert the(ngo, "assignment").title == "Yard 7 canary"
    with pytest.raises(Refused, match="operation that you lead"):
        erasing.erase(ngo.session, the(ngo, "assignment").id, reason="no")
    erasing.erase(city.session, the(city, "assignment").id, reason="wrong yard")
    take(ngo, export(city, "NGO"))
    for replica in (city, ngo):
        record = the(replica, "assignment")
        assert record.title == "" and record.archived
        assert record.text("operation") == operation.id
        assert plans.import_plan(replica.session, BytesIO(plan), "plan").erased == 1
        assert the(replica, "assignment").title == ""
        assert "Yard 7" not in log_of(replica)


def test_what_was_erased_before_it_went_anywhere_is_told_once_another_enters_it_too(three: Three) -> None:
    city, ngo, _far = three
    operation = keeping.add(city.session, get_kind("operation"), {"codename": "HARBOUR", "lead": "CITY"})
    keeping.join(city.session, {"operation": operation.id, "agency": "NGO"})
    plan = b"taskforce-plan: 1\nassignments:\n- key: yard\n  title: Yard 7\n  operation: HARBOUR\n"
    plans.import_plan(city.session, BytesIO(plan), "plan")
    erasing.erase(city.session, the(city, "assignment").id, reason="wrong yard")
    found = take(ngo, export(city, "NGO"))
    assert found.new and not found.waiting and not found.erased
    plans.import_plan(ngo.session, BytesIO(plan), "plan")
    [one] = [each for each in proposing.list_proposals(ngo.session) if each.kind.name == "assignment"]
    assert one.called.title == "Yard 7" and one.deciders == ("CITY",), (
        "the lead has spoken, and not of such an assignment"
    )
    take(city, export(ngo, "CITY"))
    assert the(city, "assignment").title == "" and "Yard 7" not in log_of(city)
    take(ngo, export(city, "NGO"))
    assert the(ngo, "assignment").title == "" and "Yard 7" not in log_of(ngo)


def test_who_moves_a_plans_record_into_an_operation_of_their_own_cannot_erase_it(three: Three) -> None:
    city, ngo, _far = three
    operation = keeping.add(city.session, get_kind("operation"), {"codename": "HARBOUR", "lead": "CITY"})
    keeping.join(city.session, {"operation": operation.id, "agency": "NGO"})
    plan = b"taskforce-plan: 1\nassignments:\n- key: yard\n  title: Yard 7\n  operation: HARBOUR\n"
    plans.import_plan(city.session, BytesIO(plan), "plan")
    take(ngo, export(city, "NGO"))
    own = keeping.add(ngo.session, get_kind("operation"), {"codename": "MINE", "lead": "NGO"})
    keeping.join(ngo.session, {"operation": own.id, "agency": "CITY"})
    record = the(ngo, "assignment")
    keeping.edit(ngo.session, get_kind("assignment"), record, {"operation": own.id})
    with pytest.raises(Refused, match="operation that you lead"):
        erasing.erase(ngo.session, record.id, reason="because I can")
    bad = forged(
        ngo, record.id, kind="assignment", part="operational", set={"erased": "x", "operation": own.id}
    )
    data = rewrite(ngo, city, export(ngo, "CITY"), lambda _head, edits: edits.append(bad))
    assert take(city, data).waiting == {"not-owner": 1}
    assert the(city, "assignment").title == "Yard 7"


PLAN = (
    b"taskforce-plan: 1\noperations:\n- codename: OPAL\n  lead: CITY\nassignments:\n"
    b"- key: yard\n  title: Yard 7\n  operation: OPAL\n"
)


@pytest.mark.parametrize("planned", [True, False], ids=["of-a-plan", "made-by-the-lead"])
def test_who_says_to_lead_an_operation_of_others_cannot_erase_what_is_of_it(
    three: Three, planned: bool
) -> None:
    """Its own word lets an agency share what it likes; it destroys nothing that is somebody else's, at home neither."""
    city, ngo, _far = three
    if not planned:
        keeping.add(city.session, get_kind("operation"), {"codename": "OPAL", "lead": "CITY"})
    plans.import_plan(city.session, BytesIO(PLAN), "plan")
    keeping.join(city.session, {"operation": the(city, "operation").id, "agency": "NGO"})
    take(ngo, export(city, "NGO"))
    operation, record = the(ngo, "operation"), the(ngo, "assignment")
    keeping.edit(ngo.session, operation.kind, operation, {"lead": "NGO"})
    own = keeping.add(ngo.session, get_kind("operation"), {"codename": "MINE", "lead": "NGO"})
    for _time in range(2):  # the second time moved into an operation that is theirs
        with pytest.raises(Refused, match="operation that you lead"):
            erasing.erase(ngo.session, record.id, reason="because I can")
        keeping.edit(ngo.session, record.kind, record, {"operation": own.id})
    bad = forged(
        ngo, record.id, kind="assignment", part="operational", set={"erased": "x", "operation": own.id}
    )
    data = rewrite(ngo, city, export(ngo, "CITY"), lambda _head, edits: edits.append(bad))
    assert take(city, data).waiting == {"not-owner": 1}
    assert the(city, "assignment").title == "Yard 7"
    erasing.erase(city.session, record.id, reason="wrong yard")
    assert the(city, "assignment").title == ""


def test_a_lead_that_handed_on_an_operation_of_a_plan_can_erase_no_more(three: Three) -> None:
    city, ngo, _far = three
    plans.import_plan(city.session, BytesIO(PLAN), "plan")
    keeping.join(city.session, {"operation": the(city, "operation").id, "agency": "NGO"})
    take(ngo, export(city, "NGO"))
    operation = the(city, "operation")
    keeping.edit(city.session, operation.kind, operation, {"lead": "NGO"})
    take(ngo, export(city, "NGO"))
    with pytest.raises(Refused, match="operation that you lead"):
        erasing.erase(city.session, the(city, "assignment").id, reason="wrong yard")
    erasing.erase(ngo.session, the(ngo, "assignment").id, reason="wrong yard")
    assert not take(city, export(ngo, "CITY")).waiting
    assert the(city, "assignment").title == ""


def test_a_reader_of_before_keeps_it_and_it_comes_to_life_after_an_upgrade(three: Three) -> None:
    """Such a reader knows no field `erased`: it keeps the edit like any of a newer version, and shows the values."""
    city, ngo, _far = three
    erase(city, "identity")
    take(ngo, export(city, "NGO"))
    [(row, body)] = ngo.connection.execute(
        "SELECT id, body FROM edit WHERE body LIKE '%she asked for it%'"
    ).fetchall()
    ngo.put_back()
    edit = json.loads(body)
    feed, number = edit["edit"].split("/")
    connection = ngo.connection
    with ngo.session.store.writing():
        place = ngo.session.store.ledger().feed_id(feed)
        kept = (row, place, int(number), edit["record"], "victim", "identity", "-" * 43, body)
        connection.execute(
            "INSERT INTO edit (id, feed, number, record, kind, part, hash, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (None, *kept[1:]),
        )
    assert names(ngo) != ("", "")
    ngo.session.store.rebuild()
    assert names(ngo) == ("", "") and CANARY not in log_of(ngo)
    assert not ngo.session.store.meta("scrub")
