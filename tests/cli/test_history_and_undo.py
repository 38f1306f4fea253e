"""Every change is told, and the last thing done here can be taken back as long as nobody built on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import Team, introduce, new_team
from samples import KINDS, NOT_ALONE, sample, settable, typed, whole

from taskforce.records.schema import Kind

EDITABLE = [kind for kind in KINDS if kind.editable]


@pytest.mark.parametrize("kind", EDITABLE, ids=lambda kind: kind.name)
def test_undo_of_add_archives_of_edit_restores_of_archive_brings_back(team: Team, kind: Kind) -> None:
    values = whole(team, kind)
    if kind.name == "participation":
        values["agency"] = "KH-NGO"
    record = team.data(kind.name, "add", *typed(kind, values))
    ref = record["id"]
    optional = next(
        field for field in settable(kind) if not field.required and not field.fixed and not field.default
    )
    team.call(kind.name, "edit", ref, optional.option, "").ok()
    before = team.export()
    team.call("undo", "--dry-run").ok()
    assert team.export() == before
    team.call("undo").ok()
    assert without_past(team.data(kind.name, "show", ref)) == without_past(record)
    team.call(kind.name, "archive", ref).ok()
    team.call("undo").ok()
    assert team.data(kind.name, "show", ref)["archived"] is False
    team.call("undo").ok()  # now the add itself is the last thing done
    assert team.data(kind.name, "show", ref)["archived"] is True


def without_past(record: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in record.items() if not name.startswith("changed")}


def test_a_move_is_taken_back_with_all_it_set(team: Team) -> None:
    before = team.data("assignment", "list")[0]
    team.call("assignment", "accept", before["ref"], "--note", "we go").ok()
    team.call("undo").ok()
    assert without_past(team.data("assignment", "show", before["ref"])) == without_past(before)


def test_a_log_entry_stays_and_does_not_keep_what_was_done_before_it(team: Team) -> None:
    before = team.data("assignment", "list")[0]
    team.call("assignment", "accept", before["ref"]).ok()
    entries = [team.data("log", "add", text) for text in ("Second floor is clear", "Third floor too")]
    error = team.error("undo")
    assert (error["exit"], error["code"], "a log entry stays" in error["message"]) == (4, "log-stays", True)
    assert f"assignment accept {before['ref']}" in error["hint"] and "undo --before-log" in error["hint"]
    would = team.data("undo", "--before-log", "--dry-run")
    assert (would["action"], would["applied"]) == (f"assignment accept {before['ref']}", False)
    team.call("undo", "--before-log").ok()
    assert without_past(team.data("assignment", "show", before["ref"])) == without_past(before)
    assert [each for each in team.data("log", "list") if each in entries] == entries
    team.call("redo").ok()
    assert team.data("assignment", "show", before["ref"])["status"] == "accepted"
    team.call("undo").ok()  # the entries are no longer the last thing done
    assert without_past(team.data("assignment", "show", before["ref"])) == without_past(before)


def test_where_nothing_but_the_log_was_written_its_correction_is_named(tmp_path: Path) -> None:
    team = new_team(tmp_path / "1", "INTERPOL", "J. Okafor")
    team.call("operation", "add", "HARBOUR").ok()
    team.call("use", "HARBOUR").ok()
    team.call("undo").ok()
    team.call("log", "add", "Quiet").ok()
    error = team.error("undo")
    assert (error["exit"], "log correct" in error["hint"]) == (4, True)


def test_nothing_is_undone_that_somebody_changed_since(tmp_path: Path) -> None:
    first, second = (
        new_team(tmp_path / "1", "INTERPOL", "J. Okafor"),
        new_team(tmp_path / "2", "KH-CNP", "J. Sok"),
    )
    introduce(first, second)
    first.call("agency", "add", "KH-NGO", "--name", "one").ok()
    carry(first, second)
    second.call("agency", "edit", "KH-NGO", "--name", "two").ok()
    carry(second, first)
    error = first.error("undo")
    assert (error["exit"], "changed since" in error["message"]) == (4, True)
    assert first.data("agency", "show", "KH-NGO")["name"] == "two"


def carry(sender: Team, receiver: Team) -> None:
    path = sender.folder / "next.bundle"
    sender.call("export", "--to", receiver.data("status")["agency"], "-o", str(path), "--force").ok()
    receiver.call("import", str(path)).ok()


def test_there_is_an_end_to_undo(tmp_path: Path) -> None:
    team = new_team(tmp_path / "1", "INTERPOL", "J. Okafor")
    assert team.error("undo")["exit"] == 4
    team.call("agency", "add", "KH-CNP").ok()
    team.call("undo").ok()
    assert team.error("undo")["message"] == "there is nothing to undo"


def test_history_of_a_record_tells_who_when_and_what(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = team.data("assignment", "list")[0]["ref"]
    monkeypatch.setenv("TASKFORCE_NOW", "2030-01-02T03:04:05Z")
    team.call("assignment", "edit", ref, "--due", "2030-02-01T00:00Z", "--agency", "KH-NGO").ok()
    last = team.data("history", ref)[-1]
    assert (last["by"], last["agency"], last["part"]) == ("J. Okafor", "INTERPOL", "operational")
    assert last["at"].startswith("2030-01-02T03:04:05")
    assert last["set"]["due"] == "2030-02-01T00:00:00Z"
    shown = team.call("history", ref).ok().out
    assert "J. Okafor" in shown and "Agency: KH-NGO" in shown and "Due: 1 Feb" in shown
    assert not {line.split(":")[0].strip() for line in shown.splitlines()[1:]} & {
        "due",
        "agency",
        "depends_on",
    }
    assert len(team.data("history", ref, "--limit", "1")) == 1


def test_history_of_the_store_tells_what_was_done_and_undone(team: Team) -> None:
    team.call("site", "add", "Pier 9").ok()
    team.call("undo").ok()
    done = team.data("history")
    assert [each["action"] for each in done[:2]] == ["undo: site add", "site add"]
    assert [each["undone"] for each in done[:2]] == [False, True]
    assert "(undone)" in team.call("history").ok().out


def test_search_finds_beginnings_of_words_in_every_kind_and_forgets_what_is_gone(team: Team) -> None:
    for kind in EDITABLE:
        field = next(
            field
            for field in settable(kind)
            if field.type in ("text", "note")
            and not field.many
            and field.name not in NOT_ALONE.get(kind.name, ())
        )
        record = team.data(kind.name, "list")[0]
        team.call(kind.name, "edit", record["id"], field.option, f"Zürich xylophone{kind.letter} quay").ok()
        found = team.data("search", f"xylophone{kind.letter}", "Zür")
        assert [each["id"] for each in found] == [record["id"]], kind.name
        assert team.data("search", "xyloph", "--kind", kind.name)[0]["id"] == record["id"]
        team.call(kind.name, "edit", record["id"], field.option, sample(team, field)).ok()
        assert team.data("search", f"xylophone{kind.letter}") == []
    gate = team.data("search", "gat", "resist")
    assert [each["kind"] for each in gate] == ["log"]
    assert "nothing holds" in team.call("search", "nowhere").ok().err
    for odd in ('"', "*", "NEAR(", "a OR b", "'", "-", "col:x"):
        team.call("search", odd).ok()


def test_people_read_labels_and_refs_where_scripts_get_names_and_ids(team: Team) -> None:
    victim = team.data("victim", "list")[0]
    consent = team.data(
        "consent",
        "add",
        victim["ref"],
        "--purpose",
        "services",
        "--parts",
        "case,care",
        "--to",
        "any-provider",
        "--given-by",
        "guardian",
    )
    told = team.call("history", consent["ref"]).ok().out
    assert "Given by: " in told and f"Victim: {victim['ref']}" in told
    assert "Parts: Case (what happened), Care (health, needs, safety)" in told
    assert "given_by" not in told and victim["id"] not in told and consent["id"] not in told
    assert team.data("history", consent["ref"])[0]["set"]["given_by"] == "guardian"
    team.call("victim", "edit", victim["ref"], "--languages", "ms", "--citizenship", "MM").ok()
    assert "Malay" in team.call("victim", "show", victim["ref"]).out
    assert "Myanmar" in team.call("victim", "show", victim["ref"]).out
    undone = team.call("undo", "--dry-run").ok().out
    assert "Citizenship, Languages" in undone
