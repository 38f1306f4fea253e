"""`audit verify`: whatever somebody with the key and an SQL prompt changes in a store is found, and named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from program import Team
from story import make_story

from taskforce.keys import slots
from taskforce.store import incarnation
from taskforce.store.connection import transaction
from taskforce.store.store import Store


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """Two agencies' story, told once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(tmp_path_factory.mktemp("settings") / "none.yaml"))
        return make_story(tmp_path_factory.mktemp("audit"))


@pytest.fixture
def team(made: Team, tmp_path: Path) -> Team:
    """A copy of the first team's store, to tamper with."""
    return made.copy_to(tmp_path / "team")


@contextmanager
def opened(team: Team, *, settled: bool = True) -> Iterator[Any]:
    """The store's database, as somebody has it who holds the key."""
    store = Store.open(team.store, slots.open_with_key_file(team.store, team.key))
    try:
        with transaction(store.connection):
            yield store.connection
            if settled:
                incarnation.mark(store)
    finally:
        store.close()


def own_feed(connection: Any) -> tuple[int, str]:
    row = connection.execute(
        "SELECT feed.id, name FROM feed JOIN meta ON meta.key = 'device' AND meta.value = feed.device"
    ).fetchone()
    return int(row[0]), str(row[1])


def their_feed(connection: Any) -> tuple[int, str]:
    row = connection.execute(
        "SELECT feed.id, name FROM feed JOIN meta ON meta.key = 'device' AND meta.value <> feed.device"
    ).fetchone()
    return int(row[0]), str(row[1])


def body_at(connection: Any, feed: int, number: int) -> dict[str, Any]:
    (text,) = connection.execute(
        "SELECT body FROM edit WHERE feed = ? AND number = ?", (feed, number)
    ).fetchone()
    return dict(json.loads(text))


def put(connection: Any, feed: int, number: int, body: dict[str, Any], *, rehash: bool = False) -> None:
    from taskforce.canonical import canonical
    from taskforce.sync.edit import hash_of

    text = canonical(body)
    connection.execute("UPDATE edit SET body = ? WHERE feed = ? AND number = ?", (text, feed, number))
    if rehash:
        connection.execute(
            "UPDATE edit SET hash = ? WHERE feed = ? AND number = ?", (hash_of(text), feed, number)
        )


def faults(team: Team) -> dict[str, set[tuple[str, str]]]:
    """What is found, by what it is about: the feed and the numbers of each."""
    ran = team.call("audit", "verify", "--json")
    assert ran.code == 4, ran.out + ran.err
    data = ran.envelope["data"]
    assert data["sound"] is False
    found: dict[str, set[tuple[str, str]]] = {}
    for one in data["findings"]:
        if one["fault"]:
            found.setdefault(one["what"], set()).add((one["feed"] or "", one["numbers"] or ""))
            assert one["text"]
    assert "■" in team.call("audit", "verify").failed(4).out
    return found


def test_what_nobody_touched_is_proved_edit_by_edit(team: Team) -> None:
    data = team.data("audit", "verify")
    assert data["sound"] and data["tables"] == "agree" and data["findings"] == []
    assert data["verified"] == data["edits"] == team.data("doctor")["edits"]
    first, second = data["feeds"]
    assert (first["own"], first["agency"], first["missing"], first["not_held"]) == (True, "INTERPOL", 0, None)
    assert (second["own"], second["agency"], second["holds"]) == (False, "KH-CNP", True)
    assert first["first_at"] <= first["last_at"]
    ran = team.call("audit", "verify").ok()
    assert "● proved" in ran.out and first["feed"] in ran.out


def test_a_changed_value_is_named_whether_its_hash_is_made_to_fit_or_not(team: Team) -> None:
    with opened(team) as connection:
        feed, name = own_feed(connection)
        for number, rehash in ((5, False), (9, True)):
            body = body_at(connection, feed, number)
            field = next(key for key, value in body["set"].items() if isinstance(value, str))
            put(
                connection, feed, number, {**body, "set": {**body["set"], field: "2029-01-01"}}, rehash=rehash
            )
    found = faults(team)
    assert found["altered"] == {(name, "5")}
    assert found["signature"] == {(name, "5,9")}
    assert found["chain"] == {(name, "6,10")}, "the edits after them bear witness"
    assert ("", "") in found["tables"]


def test_a_signature_of_another_edit_is_named(team: Team) -> None:
    with opened(team) as connection:
        feed, name = their_feed(connection)
        numbers = [
            number
            for (number,) in connection.execute("SELECT number FROM edit WHERE feed = ? ORDER BY 1", (feed,))
        ]
        first, second = numbers[:2]
        other = body_at(connection, feed, second)["sig"]
        put(connection, feed, first, {**body_at(connection, feed, first), "sig": other}, rehash=True)
    found = faults(team)
    assert found["signature"] == {(name, str(first))}


def test_an_edit_taken_out_of_the_middle_is_missed_even_if_the_tables_are_built_anew(team: Team) -> None:
    with opened(team) as connection:
        own, own_name = own_feed(connection)
        theirs, their_name = their_feed(connection)
        (last,) = connection.execute("SELECT max(number) FROM edit WHERE feed = ?", (theirs,)).fetchone()
        connection.execute("DELETE FROM edit WHERE feed = ? AND number = 7", (own,))
        connection.execute("DELETE FROM edit WHERE feed = ? AND number = ?", (theirs, last))
    found = faults(team)
    assert found["lost"] == {(own_name, "7"), (their_name, str(last))}
    assert "own-gap" not in found, "nothing is told twice"
    team.call("doctor", "--rebuild").ok()
    assert team.call("doctor").code == 0, "the doctor finds the rest sound"
    found = faults(team)
    assert found["lost"] >= {(their_name, str(last))}, "it came in a bundle"
    assert (own_name, "7") in found["lost"] | found.get("own-gap", set())


def test_a_changed_row_of_a_table_is_named(team: Team) -> None:
    with opened(team) as connection:
        connection.execute("UPDATE assignment SET title = 'Leave compound 4'")
    found = faults(team)
    assert set(found) == {"tables"}
    assert "assignment" in team.call("audit", "verify").out
    assert "--rebuild" in team.call("audit", "verify").out


@pytest.mark.parametrize("how", ["another-key", "another-agency", "altered", "gone"])
def test_a_forged_certificate_is_named_and_proves_no_edit(team: Team, made: Team, how: str) -> None:
    from taskforce.keys import identity

    with opened(team) as connection:
        _feed, name = their_feed(connection)
        device = name.partition(".")[0]
        (text,) = connection.execute("SELECT certificate FROM device WHERE id = ?", (device,)).fetchone()
        certificate = json.loads(text)
        keys = identity.DeviceKeys(certificate["sign-key"], certificate["seal-to"])
        if how == "another-key":
            forged = identity.certify(identity.new_agency(), "KH-CNP", keys, "2026-01-01")
        elif how == "another-agency":
            forged = identity.certify(identity.new_agency(), "INTERPOL", keys, "2026-01-01")
        else:
            forged = {**certificate, "made": "2020-01-01"}
        if how == "gone":
            connection.execute("DELETE FROM device WHERE id = ?", (device,))
        else:
            connection.execute(
                "UPDATE device SET certificate = ? WHERE id = ?", (json.dumps(forged, sort_keys=True), device)
            )
    found = faults(team)
    reason = "unknown-device" if how == "gone" else "certificate"
    numbers = next(each for feed, each in found[reason] if feed == name)
    assert numbers, "none of the device's edits is proved"
    if how != "gone":
        assert ("", "") in found["certificate"]


def test_keys_that_are_not_those_of_the_certificate_are_named(team: Team) -> None:
    with opened(team) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'sign_seed'", ("11" * 32,))
    assert set(faults(team)) == {"own-keys"}


def test_what_is_no_edit_and_what_is_misfiled_is_named_and_nothing_breaks(team: Team) -> None:
    with opened(team) as connection:
        feed, name = own_feed(connection)
        for number, text in ((3, "{"), (4, "[]"), (5, '{"edit": 7, "sig": []}'), (6, "[" * 100_000)):
            connection.execute("UPDATE edit SET body = ? WHERE feed = ? AND number = ?", (text, feed, number))
        connection.execute(
            "UPDATE edit SET record = '0000000000000000' WHERE feed = ? AND number = 8", (feed,)
        )
    found = faults(team)
    assert found["unreadable"] == {(name, "3-6")} and found["misfiled"] == {(name, "8")}
    assert team.call("audit", "verify", "--json").envelope["data"]["tables"] == "not-compared"


def test_erased_edits_are_counted_and_a_false_skeleton_is_named(team: Team) -> None:
    victim = team.data("victim", "list")[0]["ref"]
    team.call("victim", "edit", victim, "--family-name", "Petrauskas").ok()
    team.call("erase", victim, "--part", "identity", "--reason", "she asked for it", "--yes").ok()
    data = team.data("audit", "verify")
    assert data["sound"] and data["erased"] == 1
    assert data["verified"] + data["erased"] == data["edits"]
    assert "1 edit was erased" in team.call("audit", "verify").ok().out
    from taskforce.sync.edit import known_edit, skeleton_of

    with opened(team) as connection:
        feed, name = own_feed(connection)
        (text,) = connection.execute(
            "SELECT body FROM edit WHERE feed = ? AND number = 9", (feed,)
        ).fetchone()
        connection.execute(
            "UPDATE edit SET body = ? WHERE feed = ? AND number = 9",
            (skeleton_of(known_edit(text)).text, feed),
        )
    assert faults(team)["not-erased"] == {(name, "9")}


def test_edits_taken_off_the_end_are_known_from_what_a_peer_says_it_holds(team: Team) -> None:
    """Also of a store that was put back: until the peer's bundles bring back what was lost."""
    with opened(team) as connection:
        feed, name = own_feed(connection)
        told = [
            text
            for (text,) in connection.execute("SELECT ranges FROM told WHERE feed = ?", (name,)).fetchall()
        ]
        top = max(int(part.rpartition("-")[2]) for text in told for part in text.split(","))
        for statement in (
            "DELETE FROM edit WHERE feed = ? AND number >= ?",
            "DELETE FROM action_edit WHERE feed = ? AND number >= ?",
        ):
            connection.execute(statement, (feed, top))
        connection.execute("DELETE FROM sent")
    team.call("doctor", "--rebuild").ok()
    assert faults(team) == {"rolled-back": {(name, str(top))}}
    shown = team.call("audit", "verify").out
    assert f"{name} of INTERPOL, {top}:" in shown and "of KH-CNP says that it holds" in shown


def test_what_else_is_proved_stands_where_the_tables_cannot_be_compared(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program writes; on a disk for reading only it is the same."""
    from taskforce.store import connection

    monkeypatch.setattr(connection, "_BUSY_MILLISECONDS", 10)
    store = Store.open(team.store, slots.open_with_key_file(team.store, team.key))
    try:
        with transaction(store.connection):
            data = team.data("audit", "verify")
            assert "another program is writing" in team.call("audit", "verify").ok().out
            assert team.data("audit", "verify", "--log-only")["findings"] == []
    finally:
        store.close()
    assert data["sound"] and data["tables"] == "not-compared" and data["verified"] == data["edits"]


def test_what_is_withheld_is_no_fault_and_what_waits_is_counted(made: Team, tmp_path: Path) -> None:
    second = Team(made.folder.parent / "2").copy_to(tmp_path / "2")
    data = second.data("audit", "verify")
    assert data["sound"] and data["missing"] > 0
    (gap,) = [one for one in data["feeds"] if one["missing"]]
    assert gap["agency"] == "INTERPOL" and gap["not_held"]
    assert "withheld" in second.call("audit", "verify").ok().out
    third = Team(made.folder.parent / "1").copy_to(tmp_path / "1")
    with opened(third) as connection:
        (hash_, body, feed, number) = connection.execute(
            "SELECT hash, body, name, number FROM edit JOIN feed ON feed.id = feed LIMIT 1"
        ).fetchone()
        connection.execute(
            "INSERT INTO quarantine (hash, reason, device, agency, certificate, at, body, feed, number) "
            "VALUES (?, 'unknown-signer', 'x', 'XX-ONE', '', '', ?, ?, ?)",
            (hash_, body, feed, number),
        )
    data = third.data("audit", "verify")
    assert data["sound"] and data["waiting"] == [{"reason": "unknown-signer", "agency": "XX-ONE", "edits": 1}]
