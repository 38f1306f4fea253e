"""The commands of the program's description, word for word, as processes; and what each of them leaves behind."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from program import Team, call, introduce, new_team

from taskforce.keys import slots
from taskforce.store.store import Store

PLAN = Path(__file__).resolve().parents[2] / "fixtures" / "storm-makers-ii.yaml"


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A partner's store, for its card."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(tmp_path_factory.mktemp("settings") / "none.yaml"))
        return new_team(tmp_path_factory.mktemp("other"), "KH-CNP", "J. Sok")


def test_the_command_block(tmp_path: Path, other: Team) -> None:
    team = Team(tmp_path)
    assert not team.key.exists()

    made = team.run("init", "--agency", "INTERPOL", "--officer", "J. Okafor", "--json").data
    assert set(made) == {"store", "agency", "officer", "device", "words"}
    assert team.key.exists()
    assert [each["code"] for each in team.data("agency", "list")] == ["INTERPOL"]

    cambodia = team.run(
        *("agency", "add", "KH-CNP", "--name", "Cambodian National Police"),
        *("--agency-kind", "police", "--country", "KH", "--json"),
    ).data
    assert (cambodia["code"], cambodia["agency_kind"], cambodia["country"]) == ("KH-CNP", "police", "KH")
    operation = team.run(
        *("operation", "add", "STORM MAKERS II", "--operation-kind", "joint-operation", "--lead", "INTERPOL"),
        *("--start", "2023-10-16", "--end", "2023-10-20", "--json"),
    ).data
    assert (operation["lead"], operation["start"], operation["status"]) == (
        "INTERPOL",
        "2023-10-16",
        "planning",
    )
    joined = team.run("operation", "join", "STORM MAKERS II", "KH-CNP", "--role", "partner", "--json").data
    assert (joined["kind"], joined["operation"], joined["agency"], joined["role"]) == (
        "participation",
        operation["id"],
        "KH-CNP",
        "partner",
    )
    used = team.run("use", "STORM MAKERS II", "--json").data
    assert used == {"id": operation["id"], "ref": operation["ref"], "codename": "STORM MAKERS II"}

    assignment = team.run(
        *("assignment", "add", "Inspect compound 4", "--operation", "STORM MAKERS II", "--agency", "KH-CNP"),
        *("--due", "+2d", "--priority", "priority", "--json"),
    ).data
    ref = assignment["ref"]
    assert (assignment["title"], assignment["operation"]) == ("Inspect compound 4", operation["id"])
    for move, state in (
        ("accept", "accepted"),
        ("start", "under-way"),
        ("block", "blocked"),
        ("done", "done"),
    ):
        moved = team.run("assignment", move, ref, "--note", f"because of {move}", "--json").data
        assert (moved["status"], moved["status_note"]) == (state, f"because of {move}")
    second = team.data("assignment", "add", "Not needed")["ref"]
    assert team.run("assignment", "cancel", second, "--json").data["status"] == "cancelled"

    entry = team.run(
        *("log", "add", "Gate opened, no resistance", "--operation", "STORM MAKERS II"),
        *("--category", "event", "--json"),
    ).data
    assert (entry["text"], entry["category"]) == ("Gate opened, no resistance", "event")
    corrected = team.run("log", "correct", entry["ref"], "Gate was open", "--json").data
    assert (corrected["corrects"], corrected["text"]) == (entry["id"], "Gate was open")

    victim = team.run(
        *("victim", "add", "--operation", "STORM MAKERS II", "--age-band", "21-23"),
        *("--citizenship", "MY", "--languages", "ms,en", "--json"),
    ).data
    assert (victim["citizenship"], victim["languages"]) == (["MY"], ["ms", "en"])
    team.run("agency", "add", "KH-NGO").ok()
    asks = ("--to", "KH-NGO", "--services", "shelter,medical", "--urgency", "3h")
    referral = team.run("referral", "add", victim["ref"], *asks, "--json").data
    assert (referral["victim"], referral["to"], referral["sender"]) == (victim["id"], "KH-NGO", "INTERPOL")
    for words, state in (
        (("send",), "sent"),
        (("accept", "--note", "K. Lim by phone"), "accepted"),
        (("start",), "in-progress"),
        (("complete", "--outcomes", "shelter=provided,medical=provided"), "completed"),
    ):
        assert team.run("referral", words[0], referral["ref"], *words[1:], "--json").data["status"] == state
    declined = team.data("referral", "add", victim["ref"], *asks)["ref"]
    team.run("referral", "send", declined).ok()
    refusal = team.run("referral", "decline", declined, "--reason", "capacity-full", "--json").data
    assert (refusal["status"], refusal["decline_reason"]) == ("declined", "capacity-full")

    assert "STORM MAKERS II" in team.run("status").ok().out
    assert "Under way" in team.run("history", ref).ok().out
    assert "referral decline" in team.run("undo", "--dry-run").ok().out
    assert team.data("referral", "show", declined)["status"] == "declined"
    team.run("undo").ok()
    assert team.data("referral", "show", declined)["status"] == "sent"
    found = team.run("search", "gate", "--json").data
    assert {each["id"] for each in found} == {entry["id"], corrected["id"]}
    assert "sound" in team.run("doctor").ok().out

    assert team.run("import", str(PLAN), "--dry-run", "--json").data["applied"] is False
    assert team.data("site", "list", "--operation", "all") == []
    assert team.run("import", "-", "--json", stdin=PLAN.read_bytes()).data["applied"] is True
    sites = team.data("site", "list", "--operation", "all")
    assert len(sites) == 54

    for words in ((), ("--operation", "STORM MAKERS II")):
        team.run("export", "--records", *words, "-o", "plan.yaml", *(["--force"] if words else [])).ok()
        assert "nothing new" in team.run("import", "plan.yaml").ok().out
    assert team.run("export", "--records", "-o", "-").ok().out == team.export()

    assert team.run("peer", "card").ok().out.startswith("taskforce-card: ")
    team.run("peer", "card", "-o", "card.yaml").ok()
    card = other.folder / "card"
    other.call("peer", "card", "-o", str(card), "--force").ok()
    assert team.run("peer", "add", str(card), "--yes", "--json").data["added"] is True
    assert "KH-CNP" in team.run("peer", "list").ok().out
    (tmp_path / "stick").mkdir()
    sent = team.run("export", "--to", "KH-CNP", "-o", "stick", "--json").data
    bundle = Path(sent["file"])
    bundle = bundle if bundle.is_absolute() else tmp_path / bundle
    assert bundle.parent == tmp_path / "stick"
    team.run("export", "--to", "KH-CNP", "-o", "one.bundle").ok()
    assert (tmp_path / "one.bundle").read_bytes().startswith(b"age-encryption.org/v1")

    other.call("peer", "add", str(tmp_path / "card.yaml"), "--yes").ok()
    before = other.fingerprint()
    shown = other.run("bundle", "show", str(bundle), "--json").data
    assert (shown["from"], shown["applied"], list(shown["to"].values()) != []) == ("INTERPOL", False, True)
    assert other.fingerprint() == before
    assert other.run("import", str(bundle), "--json").data["new"] > 0

    assert team.run("conflict", "list", "--json").data == []
    team.run("conflict", "show", ref).failed(3)
    assert made["store"] == str(team.store)


def test_a_conflict_is_listed_shown_and_resolved_by_number_and_by_value(tmp_path: Path) -> None:
    first = new_team(tmp_path / "1", "INTERPOL", "J. Okafor")
    second = new_team(tmp_path / "2", "KH-CNP", "J. Sok")
    introduce(first, second)
    first.call("agency", "add", "KH-NGO", "--name", "Shelter", "--duty-phone", "1").ok()
    bring(first, second)
    for value, field in (("2", "--duty-phone"), ("Two", "--name")):
        first.call("agency", "edit", "KH-NGO", field, value + " first").ok()
        second.call("agency", "edit", "KH-NGO", field, value + " second").ok()
    bring(second, first)
    found = first.run("conflict", "list", "--json").data
    assert {each["field"] for each in found} == {"name", "duty_phone"}
    phone = next(each for each in found if each["field"] == "duty_phone")
    assert (phone["before"], {side["value"] for side in phone["values"]}) == ("1", {"2 first", "2 second"})
    assert {side["agency"] for side in phone["values"]} == {"INTERPOL", "KH-CNP"}
    assert sum(side["shown"] for side in phone["values"]) == 1
    screen = first.run("conflict", "show", "KH-NGO").ok().out
    assert "2 first" in screen and "2 second" in screen and "J. Sok" in screen
    taken = first.run("conflict", "resolve", "KH-NGO", "duty_phone", "--take", "2", "--json").data
    assert taken["duty_phone"] == phone["values"][1]["value"]
    assert (
        first.run("conflict", "resolve", "KH-NGO", "name", "--value", "Three", "--json").data["name"]
        == "Three"
    )
    assert first.data("conflict", "list") == []
    bring(first, second)
    assert second.data("conflict", "list") == []
    assert second.data("agency", "show", "KH-NGO")["name"] == "Three"


def bring(sender: Team, receiver: Team) -> None:
    """One bundle from one team to the other."""
    path = sender.folder / "next.bundle"
    sender.call("export", "--to", receiver.data("status")["agency"], "-o", str(path), "--force").ok()
    receiver.call("import", str(path)).ok()


def test_without_a_key_file_the_store_stays_shut(team: Team) -> None:
    error = call("status", "--store", str(team.store), "--json").failed(6).envelope["errors"][0]
    assert "--key-file" in error["hint"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        team = new_team(tmp_path / "team", "INTERPOL", "J. Okafor")
        other_team = new_team(tmp_path / "other", "KH-CNP", "J. Sok")
        introduce(team, other_team)
        (tmp_path / "out").mkdir(mode=0o700)
        team.run("export", "--to", "KH-CNP", "-o", str(tmp_path / "out" / "b")).ok()
        team.run("export", "--records", "-o", str(tmp_path / "out" / "plan")).ok()
        team.run("peer", "card", "-o", str(tmp_path / "out" / "card")).ok()
        team.run("config", "set", "store", "x", TASKFORCE_CONFIG=str(tmp_path / "settings" / "c.yaml")).ok()
        store = Store.open(team.store, slots.open_with_key_file(team.store, team.key))
        with store.writing():  # as long as it is open, its journal is there
            store.set_meta("clock", store.meta("clock"))
    finally:
        os.umask(before)
    folders = [team.store, tmp_path / "settings"]
    files = [team.key, *(tmp_path / "out").iterdir(), tmp_path / "settings" / "c.yaml"]
    for path in team.store.rglob("*"):
        (folders if path.is_dir() else files).append(path)
    assert {"store.db-wal", "store.db-shm"} < {path.name for path in files}
    assert {path: oct(stat.S_IMODE(path.stat().st_mode)) for path in files} == dict.fromkeys(files, "0o600")
    assert {path: oct(stat.S_IMODE(path.stat().st_mode)) for path in folders} == dict.fromkeys(
        folders, "0o700"
    )
    store.close()
