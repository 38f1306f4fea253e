"""Recall: who was told and may not know any more drops it and says so, and gets it again if it may be told again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from raw_pages import occurrences
from replicas import Replica, consent, documents, dots_in, export, make_replica, take, verify

from taskforce.actions import checking, drafting, keeping, looking, obeying, recalling, undoing
from taskforce.actions.brought import Imported
from taskforce.actions.overheld import overheld
from taskforce.errors import Refused
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.store.queries import Record

CANARY = "zqxcanary"
Three = tuple[Replica, Replica, Replica]


@cache
def _stores(folder: Path) -> Three:
    city, ngo, far = (
        make_replica(folder / f"recall-{code}", code, name=code, country="KH")
        for code in ("CITY", "NGO", "FAR")
    )
    for one, other in permutations((city, ngo, far), 2):
        verify(one, other)
    for code in ("NGO", "FAR"):
        keeping.add(city.session, get_kind("agency"), {"code": code, "country": "KH"})
    about = {
        "age_band": "9-17",
        "family_name": f"{CANARY} Dara",
        "health": "Thirsty",
        "account": "At the gate",
    }
    victim = keeping.add(city.session, get_kind("victim"), about)
    consent(city, victim.id, "NGO")
    refer(city, victim.id, "NGO")
    take(ngo, export(city, "NGO"))
    take(city, export(ngo, "CITY"))
    for replica in (city, ngo, far):
        replica.keep()
    return city, ngo, far


@pytest.fixture
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Three]:
    """CITY met somebody, who agreed to NGO's services, and referred them; all have verified all; FAR knows nothing."""
    stores = _stores(tmp_path_factory.getbasetemp())
    for replica in stores:
        replica.put_back()
    yield stores


def refer(sender: Replica, victim: str, to: str) -> None:
    kind = get_kind("referral")
    made = keeping.add(sender.session, kind, {"victim": victim, "to": to, "services": ["shelter"]})
    keeping.move(sender.session, kind, made, "send", {})


def the(replica: Replica, kind: str) -> Record:
    """The only record of a kind, archived or not."""
    [found] = queries.list_records(replica.connection, get_kind(kind), archived=True)
    return found


def withdraw(replica: Replica) -> None:
    """What was agreed to is taken back."""
    for record in queries.list_records(replica.connection, get_kind("consent")):
        if record.text("status") == "given":
            keeping.move(replica.session, record.kind, record, "withdraw", {})


def recall(replica: Replica, agency: str = "NGO", *parts: str) -> recalling.Made:
    """The victim's record is recalled."""
    victim = the(replica, "victim").id
    return recalling.prepare(replica.session, victim, agency, parts, cause="consent-withdrawn")


def swap(one: Replica, other: Replica) -> tuple[Imported, Imported]:
    """One bundle each way."""
    first = take(other, export(one, other.code))
    return first, take(one, export(other, one.code))


def state_of(replica: Replica) -> list[str]:
    return [one.state for one in recalling.status(replica.session)]


def knows(replica: Replica) -> list[tuple[str, str]]:
    """What a store shows of who victims are and how."""
    found = queries.list_records(replica.connection, get_kind("victim"), archived=True)
    return [(one.text("family_name"), one.text("health")) for one in found]


def canaries(replica: Replica) -> int:
    return occurrences(replica.folder, replica.key, b"canary")


def shown(replica: Replica, *but: str) -> dict[str, list[Any]]:
    """Every record as the tables hold it, without row numbers and without kinds named."""
    found: dict[str, list[Any]] = {}
    for (name,) in replica.connection.execute("SELECT DISTINCT kind FROM record ORDER BY 1").fetchall():
        if name not in but:
            rows = replica.connection.execute(f'SELECT * FROM "{name}" ORDER BY id').fetchall()
            found[name] = [row[1:] for row in rows]
    states = replica.connection.execute(
        "SELECT state.record, state.kind, state.part, fields, anchor FROM state JOIN scope ON scope.id = scope"
    )
    found["state"] = sorted(row for row in states if row[1] not in but)
    owners = replica.connection.execute("SELECT id, kind, owner FROM record")
    found["record"] = sorted(row for row in owners if row[1] not in but)
    return found


def held(replica: Replica) -> set[tuple[str, int]]:
    return {
        (feed, number)
        for feed, number in replica.connection.execute(
            "SELECT feed.name, number FROM edit JOIN feed ON feed.id = edit.feed"
        )
    }


def test_a_recall_is_obeyed_as_it_comes_confirmed_by_the_next_bundle_and_nothing_is_left(
    three: Three,
) -> None:
    city, ngo, _far = three
    drafting.keep_draft(ngo.session, f"victim/{the(ngo, 'victim').id}", {"family_name": CANARY})
    assert knows(ngo) == [(f"{CANARY} Dara", "Thirsty")] and canaries(ngo)
    withdraw(city)
    made = recall(city)
    assert (made.parts, made.agency, state_of(city)) == (("case", "care", "identity"), "NGO", ["prepared"])
    found = take(ngo, export(city, "NGO"))
    assert state_of(city) == ["sent"]
    (one,) = found.recalls
    assert (one.notice.maker, one.label, one.edits, one.kept, one.applied) == ("CITY", made.ref, 3, 0, True)
    assert knows(ngo) == [] and not canaries(ngo)
    assert not looking.search(ngo.session, "Thirsty")
    assert not checking.check(ngo.session).faults
    take(city, export(ngo, "CITY"))
    assert state_of(city) == ["confirmed"] == state_of(ngo)
    assert not swap(city, ngo)[0].recalls
    assert knows(city) == [(f"{CANARY} Dara", "Thirsty")]


def test_what_is_recalled_is_neither_stated_as_held_nor_sent_again_until_it_may(three: Three) -> None:
    city, ngo, _far = three
    victims = {
        (feed, number)
        for part in ("case", "care", "identity")
        for feed, number in _numbers(city, the(city, "victim").id, part)
    }
    head, *_rest = documents(city, export(ngo, "CITY"))
    assert victims <= dots_in(head["holdings"])
    withdraw(city)
    recall(city)
    swap(city, ngo)
    head, *_rest = documents(city, export(ngo, "CITY"))
    assert not victims & dots_in(head["holdings"]) and not victims & held(ngo)
    data = export(city, "NGO")
    assert not {edit["kind"] for edit in documents(ngo, data)[1:-1]} & {"victim"}
    consent(city, the(city, "victim").id, "NGO")
    swap(city, ngo)
    assert knows(ngo) == [(f"{CANARY} Dara", "Thirsty")]
    swap(city, ngo)
    assert state_of(city) == ["given-again"]


def _numbers(replica: Replica, record: str, part: str) -> list[tuple[str, int]]:
    rows = replica.connection.execute(
        "SELECT feed.name, number FROM edit JOIN feed ON feed.id = edit.feed WHERE record = ? AND part = ?",
        (record, part),
    )
    return [(feed, number) for feed, number in rows]


def test_only_the_parts_named_are_dropped(three: Three) -> None:
    city, ngo, _far = three
    withdraw(city)
    assert recall(city, "NGO", "care").parts == ("care",)
    swap(city, ngo)
    assert knows(ngo) == [(f"{CANARY} Dara", "")]


def test_what_the_recipient_wrote_itself_stays_and_it_says_so(three: Three) -> None:
    city, ngo, _far = three
    victim = the(ngo, "victim")
    keeping.edit(ngo.session, victim.kind, victim, {"health": "Fed", "given_names": "Vuthy"})
    withdraw(city)
    recall(city)
    (one,) = take(ngo, export(city, "NGO")).recalls
    assert (one.edits, one.kept) == (3, 2)
    owner = queries.owner_of(ngo.connection, victim.kind, victim.id)
    assert not owner, "what proves whose it is has gone, too"
    assert knows(ngo) == [("", "Fed")] and the(ngo, "victim").text("given_names") == "Vuthy"
    befores = str(ngo.connection.execute("SELECT before FROM action_edit").fetchall())
    assert CANARY not in befores and "Thirsty" not in befores
    with pytest.raises(Refused):
        undoing.undo(ngo.session)
    assert not checking.check(ngo.session).faults
    take(city, export(ngo, "CITY"))
    assert state_of(city) == ["confirmed"], "what they wrote themselves counts for nothing"


def test_a_bundle_from_before_the_recall_that_comes_late_brings_nothing_back(three: Three) -> None:
    city, ngo, _far = three
    keeping.edit(city.session, get_kind("victim"), the(city, "victim"), {"health": "Better"})
    late = export(city, "NGO")
    withdraw(city)
    recall(city)
    swap(city, ngo)
    assert state_of(city) == ["confirmed"]
    found = take(ngo, late)
    (one,) = found.recalls
    assert (one.edits, one.applied, found.new, found.records) == (1, True, 0, ())
    assert knows(ngo) == []
    swap(city, ngo)
    assert state_of(city) == ["confirmed"]


def test_nobody_recalls_what_is_not_theirs_and_came_from_others(three: Three) -> None:
    city, ngo, far = three
    kind = get_kind("recall")
    named = {
        "about": the(ngo, "victim").id,
        "about_kind": "victim",
        "parts": ["care"],
        "cause": "sent-in-error",
    }
    keeping.add(far.session, get_kind("agency"), {"code": "NGO", "country": "KH"})
    forged = keeping.add(far.session, kind, {**named, "to": "NGO"})
    (one,) = take(ngo, export(far, "NGO")).recalls
    assert (one.edits, one.notice.maker) == (0, "FAR")
    assert knows(ngo) == [(f"{CANARY} Dara", "Thirsty")]
    # Nor by another's recall: what others write into it changes neither what it names nor to whom it is made.
    withdraw(city)
    recall(city, "NGO", "identity")
    take(ngo, export(city, "NGO"))
    assert knows(ngo) == [("", "Thirsty")]
    own = next(one for one in obeying.notices(ngo.session) if one.maker == "CITY")
    with ngo.session.acting("meddle") as writer:
        writer.save(
            kind,
            own.record.id,
            {"to": queries.records_by_value(ngo.connection, get_kind("agency"), "code", "FAR")[0].id},
        )
    goes = [edit["record"] for edit in documents(far, export(ngo, "FAR"))[1:-1] if edit["kind"] == "recall"]
    assert set(goes) <= {forged.id}


def test_a_confirmation_counts_only_from_who_is_asked(three: Three) -> None:
    city, ngo, _far = three
    withdraw(city)
    made = recall(city)
    with city.session.acting("confirm it oneself") as writer:
        said = {"status": "confirmed", "confirmed_at": "2026-11-23T12:00:00Z"}
        writer.save(made.record.kind, made.record.id, said)
    assert state_of(city) == ["prepared"]
    with pytest.raises(Refused, match="not typed"):
        keeping.move(city.session, made.record.kind, made.record, "confirm", {})
    with pytest.raises(Refused, match="not typed"):
        keeping.edit(city.session, made.record.kind, made.record, {"note": "x"})
    assert take(ngo, export(city, "NGO")).recalls[0].edits == 3


def test_who_passed_it_on_is_told_and_recalls_in_turn(three: Three) -> None:
    city, ngo, far = three
    victim = the(ngo, "victim").id
    consent(city, victim, "FAR")
    swap(city, ngo)
    refer(ngo, victim, "FAR")
    take(far, export(ngo, "FAR"))
    assert knows(far) == [(f"{CANARY} Dara", "Thirsty")]
    withdraw(city)
    recall(city)
    (one,) = take(ngo, export(city, "NGO")).recalls
    assert one.passed_on == ("FAR",)
    (told,) = recalling.status(ngo.session)
    assert (told.own, told.state, told.passed_on) == (False, "confirmed", ("FAR",))
    on = recalling.prepare(ngo.session, told.notice.record.ref, "FAR", cause="consent-withdrawn")
    assert on.parts == ("case", "care", "identity")
    assert [one.passed_on for one in recalling.status(ngo.session) if not one.own] == [()]
    swap(ngo, far)
    assert knows(far) == [] and not canaries(far)
    assert sorted(state_of(ngo)) == ["confirmed", "confirmed"]


def test_a_store_that_asks_first_waits_for_somebody(three: Three) -> None:
    city, ngo, _far = three
    withdraw(city)
    recall(city)
    ngo.session.asks_before_recalls = True
    try:
        (one,) = take(ngo, export(city, "NGO")).recalls
    finally:
        ngo.session.asks_before_recalls = False
    assert (one.edits, one.applied) == (3, False)
    assert knows(ngo) == [(f"{CANARY} Dara", "Thirsty")]
    take(city, export(ngo, "CITY"))
    assert state_of(city) == ["sent"] == state_of(ngo)
    record = the(ngo, "recall")
    assert obeying.confirm(ngo.session, record).edits == 3
    assert knows(ngo) == [] and not canaries(ngo)
    with pytest.raises(Refused, match="already"):
        obeying.confirm(ngo.session, record)
    take(city, export(ngo, "CITY"))
    assert state_of(city) == ["confirmed"]


def test_a_recall_taken_back_before_it_went_is_not_obeyed(three: Three) -> None:
    city, ngo, _far = three
    made = recall(city)
    keeping.set_archived(city.session, made.record.kind, made.record, archived=True)
    assert not take(ngo, export(city, "NGO")).recalls
    assert knows(ngo) and state_of(city) == ["cancelled"]
    assert recall(city).record.id != made.record.id


def test_the_same_is_not_recalled_twice_and_nothing_from_who_was_told_nothing(three: Three) -> None:
    city, _ngo, _far = three
    made = recall(city)
    assert not recall(city, "NGO", "care").new and recall(city).record.id == made.record.id
    with pytest.raises(Refused, match="nothing of"):
        recall(city, "FAR")
    with pytest.raises(Refused, match="not a verified peer"):
        recall(city, "NOBODY")


def test_who_has_what_they_may_not_have_any_more(three: Three) -> None:
    city, _ngo, _far = three
    assert overheld(city.session) == []
    withdraw(city)
    found = {(one.kind, one.agency): one for one in overheld(city.session)}
    assert set(found) == {("victim", "NGO"), ("referral", "NGO"), ("consent", "NGO")}
    assert found["victim", "NGO"].cause == "consent-withdrawn" and found["victim", "NGO"].basis
    assert set(found["victim", "NGO"].parts) == {"case", "care", "identity"}
    assert len(recalling.prepare_all(city.session, list(found.values()))) == 3
    assert overheld(city.session) == []
    undoing.undo(city.session)
    assert len(overheld(city.session)) == 3


def test_a_recall_goes_to_who_is_asked_and_to_nobody_else(three: Three) -> None:
    city, ngo, far = three
    made = recall(city)
    assert made.record.id not in str(documents(far, export(city, "FAR")))
    take(ngo, export(city, "NGO"))
    assert made.record.id not in str(documents(far, export(ngo, "FAR")))
    body = documents(ngo, export(city, "NGO"))
    assert CANARY not in str([one for one in body if one.get("kind") == "recall"])


def test_a_preview_says_what_a_recall_would_drop_and_drops_nothing(three: Three) -> None:
    import io

    from taskforce.actions import receiving

    city, ngo, _far = three
    withdraw(city)
    recall(city)
    before = held(ngo)
    found = receiving.import_bundle(ngo.session, io.BytesIO(export(city, "NGO")), "b", dry_run=True)
    assert [one.edits for one in found.recalls] == [3]
    assert held(ngo) == before and knows(ngo) == [(f"{CANARY} Dara", "Thirsty")]


STEPS = st.lists(
    st.sampled_from(
        ["health", "answer", "care", "out", "back", "late", "withdraw", "grant", "recall", "keep"]
    ),
    max_size=14,
)


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
@given(STEPS)
def test_given_withdrawn_recalled_and_given_again_is_as_never_withdrawn(
    three: Three, steps: list[str]
) -> None:
    """Whatever happens between, at the end both show the same, and just what they would had nothing been withdrawn."""
    city, ngo, _far = three
    for replica in (city, ngo):
        replica.put_back()
    kept: list[bytes] = []
    for at, step in enumerate(steps):
        _step(city, ngo, step, at, kept)
    for data in kept:
        take(ngo, data)
    consent(city, the(city, "victim").id, "NGO")
    for _round in range(4):
        swap(city, ngo)
    assert shown(ngo, "recall") == shown(city, "recall")
    assert held(city) == held(ngo)
    assert set(state_of(city)) <= {"given-again"}
    for replica in (city, ngo):
        assert not checking.check(replica.session).faults


def _step(city: Replica, ngo: Replica, step: str, at: int, kept: list[bytes]) -> None:
    victim = the(city, "victim")
    if step == "health":
        keeping.edit(city.session, victim.kind, victim, {"health": f"Health {at}"})
    elif step == "answer" and (record := _referral(ngo)) is not None and record.text("status") == "received":
        keeping.move(ngo.session, record.kind, record, "accept", {})
    elif step == "care" and (theirs := queries.get_record(ngo.connection, victim.kind, victim.id)):
        keeping.edit(ngo.session, victim.kind, theirs, {"health": f"Theirs {at}", "safety": f"At risk {at}"})
    elif step == "out":
        take(ngo, export(city, "NGO"))
    elif step == "back":
        take(city, export(ngo, "CITY"))
    elif step == "keep":
        kept.append(export(city, "NGO"))
    elif step == "late" and kept:
        take(ngo, kept.pop(0))
    elif step == "withdraw":
        withdraw(city)
    elif step == "grant":
        consent(city, victim.id, "NGO")
    elif step == "recall":
        recalling.prepare_all(city.session, overheld(city.session))


def _referral(replica: Replica) -> Record | None:
    found = queries.list_records(replica.connection, get_kind("referral"))
    return found[0] if found else None
