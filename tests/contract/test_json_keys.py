"""The keys that scripts rely on. A key that goes or changes its name breaks them: then the envelope's version rises."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from program import Team, call, new_team
from samples import KINDS, every

from taskforce.keys import slots
from taskforce.records.schema import Kind
from taskforce.settings import SETTINGS
from taskforce.store.store import Store

ENVELOPE = ["version", "status", "data", "notes", "errors"]
ERROR = {"code", "message", "hint"}

OF_EVERY_RECORD = ["id", "ref", "kind"]
OF_ITS_PAST = ["archived", "created", "created_by", "created_in", "changed", "changed_by", "changed_in"]

FIELDS = {
    "operation": "codename operation_kind lead status start end countries objective briefed_at launched_at "
    "stood_down_at closed_at note tlp handling handling_to originator_control handling_note",
    "agency": "code name agency_kind country services languages accepts places_total places_free places_as_of "
    "provider_status channels duty_phone note",
    "contact": "name agency role rank phone email radio channels languages on_duty_from on_duty_until",
    "participation": "operation agency role liaison joined note legal_basis",
    "site": "name operation site_kind country place coordinates risks note",
    "assignment": "title operation agency officer site status priority start due depends_on instructions "
    "status_note result assigned_at accepted_at started_at done_at cancelled_at",
    "agreement": "title agreement_kind reference parties covers purposes status signed_at in_force_from until "
    "review_by ended_at note",
    "log": "text operation at category site assignment corrects victim",
    "victim": "operation victim_status status_decided_by age_band age_unsure gender citizenship languages met_at "
    "met_place accompanied_by acts means exploitation control recruiter recruited industry exploited_in "
    "account tlp handling handling_to originator_control handling_note needs health safety care_note "
    "family_name given_names "
    "birth_date document_kind document_number "
    "document_country phone",
    "consent": "victim purpose parts to given_by given_at until explained status withdrawn_at "
    "withdrawn_reason override reason approved_by note",
    "recall": "about about_kind parts to cause status confirmed_at note",
    "referral": "victim to sender hand_over services urgency status answer_due handover_place handover_at "
    "decline_reason outcomes status_note sent_at received_at answered_at started_at completed_at cancelled_at "
    "revoked_at care_note",
}
"""Each kind's fields by name. A new field is added here, too; none is taken away."""

RECORD_OF_A_PLAN = {"kind", "id", "label", "new", "fields"}
BUNDLE = {
    *(
        "what",
        "applied",
        "id",
        "from",
        "device",
        "verified",
        "to",
        "number",
        "made",
        "edits",
        "new",
        "records",
    ),
    *(
        "received",
        "waiting",
        "forked",
        "conflicts",
        "proposals",
        "clocks_ahead",
        "erased",
        "copies",
        "recalls",
    ),
    *("statements", "level"),
}
SENT = {
    *("to", "number", "file", "edits", "devices", "written", "together", "recalls"),
    *("goes", "newly", "stopped", "withheld"),
}


def data_of(team: Team, *words: str) -> Any:
    ran = team.call(*words, "--json")
    envelope = ran.ok().envelope
    assert list(envelope) == ENVELOPE
    assert (envelope["version"], envelope["status"], envelope["errors"]) == (1, "ok", [])
    assert all(isinstance(note, str) for note in envelope["notes"])
    return envelope["data"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_record_has_these_keys_from_every_command_that_gives_one(story: Team, kind: Kind) -> None:
    keys = [*OF_EVERY_RECORD, *FIELDS[kind.name].split(), *OF_ITS_PAST]
    records = data_of(story, kind.name, "list", *every(kind.name))
    assert records
    for record in records:
        assert list(record) == keys
        assert list(data_of(story, kind.name, "show", record["id"])) == keys
        for field in kind.fields:
            assert isinstance(record[field.name], list) == field.many, field.name
    if kind.editable:
        assert list(data_of(story, kind.name, "edit", records[0]["id"])) == keys


def test_status(story: Team) -> None:
    data = data_of(story, "status")
    assert set(data) == {
        "operation",
        "operation_status",
        "agency",
        "officer",
        "attention",
        "counts",
        "unlocked",
    }
    assert data["unlocked"] is None
    assert set(data["counts"]) == {"assignments", "assignments_done", "referrals_open", "conflicts", "peers"}
    assert {item["kind"] for item in data["attention"]} >= {"late", "due", "conflict", "agreement", "bundle"}
    for item in data["attention"]:
        assert set(item) == {"kind", "noun", "subject", "text", "do"}


def test_what_needs_attention_is_said(story: Team) -> None:
    by_kind = {(item["kind"], item["noun"]): item for item in data_of(story, "status")["attention"]}
    assert "Inspect compound 4" in by_kind["late", "assignment"]["text"]
    assert "KH-NGO" in by_kind["due", "referral"]["text"]
    assert by_kind["conflict", "record"]["text"] == "Due: 2 values"
    assert "Memorandum 7" in by_kind["agreement", "agreement"]["text"]
    assert by_kind["bundle", "peer"]["subject"] == "KH-CNP"


def test_timeline(story: Team) -> None:
    data = data_of(story, "assignment", "timeline")
    assert data
    for each in data:
        assert set(each) == {
            *(
                "id",
                "ref",
                "title",
                "agency",
                "status",
                "begins",
                "ends",
                "due",
                "begun",
                "late",
                "waits_for",
            ),
        }


def test_agreements_due(story: Team) -> None:
    (due,) = data_of(story, "agreement", "due")
    assert set(due) == {"id", "ref", "title", "status", "parties", "why", "date", "late"}


def test_share(story: Team) -> None:
    victim = story.data("victim", "list")[0]["ref"]
    found = data_of(story, "share", "explain", victim, "--with", "KH-CNP")
    assert set(found) == {"id", "ref", "kind", "agency", "parts"}
    for part in found["parts"]:
        assert set(part) == {"part", "held", "goes", "reason", "basis", "agreement", "checks"}
        assert all(set(check) == {"check", "passed", "reason", "basis"} for check in part["checks"])
    rows = data_of(story, "share", "matrix")
    assert rows
    for row in rows:
        assert set(row) == {"id", "agency", "role", "operational", "case", "care", "identity"}
        assert set(row["case"]) == {"goes", "of", "reasons"}


def test_history_search_doctor_and_undo(story: Team) -> None:
    ref = story.data("assignment", "list")[0]["ref"]
    for change in data_of(story, "history", ref):
        assert set(change) == {"edit", "at", "by", "agency", "device", "part", "set"}
    done = data_of(story, "history")
    assert done and all(set(each) == {"at", "by", "action", "undone"} for each in done)
    (found,) = data_of(story, "search", "gate")
    assert set(found) == {*OF_EVERY_RECORD, *FIELDS["log"].split(), *OF_ITS_PAST}
    assert set(data_of(story, "doctor")) == {"edits", "records", "waiting", "faults", "rebuilt", "newer"}


def test_undo(story: Team, tmp_path: Path) -> None:
    team = story.copy_to(tmp_path)
    team.call("site", "add", "Pier 9").ok()
    data = data_of(team, "undo", "--dry-run")
    assert set(data) == {"action", "staying", "applied", "records"}
    (record,) = data["records"]
    assert set(record) == {"id", "kind", "label", "archived", "fields"}
    assert set(data_of(team, "undo")) == {"action", "staying", "applied", "records"}
    assert set(data_of(team, "redo")) == {"action", "staying", "applied", "records"}


def test_conflicts(story: Team) -> None:
    (listed,) = data_of(story, "conflict", "list")
    (shown,) = data_of(story, "conflict", "show", listed["ref"])
    assert shown == listed
    assert set(listed) == {
        *("id", "ref", "kind", "field", "before", "common", "missing", "with_it", "values"),
    }
    step = {
        *("edit", "value", "by", "agency", "device", "at", "here", "came_through", "bundle"),
        *("replaced", "set_with"),
    }
    own = {"shown", "fields", "before", "between", "missing", "next"}
    assert len(listed["values"]) == 2 and listed["common"]
    bundles = [side["bundle"] for side in listed["values"] if side["bundle"]]
    assert [set(each) for each in bundles] == [{"agency", "device", "number", "made", "taken"}]
    for side in listed["values"]:
        assert set(side) == step | own
        for each in (*listed["common"], *side["before"], *side["between"]):
            assert set(each) == step


def test_erasures(story: Team, tmp_path: Path) -> None:
    team = story.copy_to(tmp_path)
    ref = team.data("victim", "list")[0]["ref"]
    assert data_of(team, "erase", "status") == []
    done = data_of(team, "erase", ref, "--part", "identity", "--reason", "asked for", "--yes")
    assert set(done) == {"id", "ref", "kind", "parts", "edits", "agencies", "copies", "applied"}
    (erased,) = data_of(team, "erase", "status", ref)
    assert set(erased) == {
        *("id", "label", "kind", "part", "by", "agency", "at", "reason", "confirmed", "waiting"),
        *("put_back", "unverified", "passed_on_by"),
    }
    for answer in (*erased["confirmed"], *erased["put_back"]):
        assert set(answer) == {"agency", "device", "at"}
    for agency in erased["waiting"]:
        assert set(agency) == {"agency", "devices"}


def test_recalls(story: Team, tmp_path: Path) -> None:
    team = story.copy_to(tmp_path / "1")
    assert data_of(team, "recall", "status") == {"recalls": [], "not_recalled": []}
    victim = team.data("victim", "list")[0]["ref"]
    team.call("agreement", "enter-into-force", team.data("agreement", "list")[0]["ref"]).ok()
    team.consent(victim, "KH-CNP")
    team.call("agency", "edit", "KH-CNP", "--country", "KH").ok()
    team.call("agency", "add", "INTERPOL", "--country", "KH")
    team.call("agency", "edit", "INTERPOL", "--country", "KH").ok()
    team.call("referral", "new", victim, "--to", "KH-CNP", "--services", "legal").ok()
    team.call("export", "--to", "KH-CNP", "-o", str(tmp_path / "b")).ok()
    for consent in team.data("consent", "list"):
        team.call("consent", "withdraw", consent["ref"]).ok()
    left = data_of(team, "recall", "status")["not_recalled"]
    assert left
    for one in left:
        assert set(one) == {
            *("agency", "id", "ref", "kind", "parts", "told_at", "cause", "reason", "basis"),
        }
    made = data_of(team, "recall", "add", victim, "--from", "KH-CNP", "--reason", "consent-withdrawn")
    status = {
        *("id", "ref", "from", "to", "about", "about_ref", "about_kind", "parts", "cause", "note", "made"),
        *("state", "bundle", "sent_at", "confirmed_at", "last_heard", "passed_on"),
    }
    assert set(made) == status
    (one,) = data_of(team, "recall", "status")["recalls"]
    assert set(one) == status
    keys = [*OF_EVERY_RECORD, *FIELDS["recall"].split(), *OF_ITS_PAST]
    (listed,) = data_of(team, "recall", "list")
    assert list(listed) == keys == list(data_of(team, "recall", "show", made["ref"]))
    team.call("export", "--to", "KH-CNP", "-o", str(tmp_path / "c")).ok()
    receiver = Team(story.folder.parent / "2").copy_to(tmp_path / "2")
    (obeyed,) = data_of(receiver, "import", "--dry-run", str(tmp_path / "c"))["recalls"]
    told = {*("ref", "from", "id", "record", "kind", "parts", "edits", "kept", "passed_on", "obeyed")}
    assert set(obeyed) == told


def test_disclosures(story: Team) -> None:
    story.call("victim", "edit", story.data("victim", "list")[0]["ref"], "--health", "Thirsty", "--json").ok()
    reads = data_of(story, "disclosures", "--reads")
    assert reads
    for one in reads:
        assert set(one) == {"at", "by", "id", "ref", "kind", "part", "way", "reason"}
    found = data_of(story, "disclosures")
    assert found
    for one in found:
        assert set(one) == {
            *("at", "to", "bundle", "number", "id", "ref", "kind", "part", "edits", "basis", "by"),
        }


def test_audit(story: Team, tmp_path: Path) -> None:
    found = data_of(story, "audit", "verify")
    assert set(found) == {
        *("sound", "edits", "verified", "erased", "missing", "tables", "waiting", "feeds", "findings"),
    }
    feed = {
        *("feed", "device", "agency", "own", "held", "edits", "verified", "erased", "missing", "not_held"),
        *("first_at", "last_at", "holds"),
    }
    assert found["feeds"] and all(set(one) == feed for one in found["feeds"])
    team = story.copy_to(tmp_path / "team")
    ref = team.data("assignment", "list")[0]["ref"]
    path = tmp_path / "court.json"
    done = data_of(team, "audit", "export", ref, "-o", str(path), "--to", "Court", "--reason", "order 12")
    assert set(done) == {
        *("file", "id", "ref", "kind", "parts", "edits", "to", "number", "digest", "left_out"),
    }
    assert set(json.loads(path.read_text())) == {
        *("taskforce-audit", "id", "made", "by", "agency", "device", "program", "to", "reason", "record"),
        *("parts", "agencies", "certificates", "edits", "proposed", "agency-records", "left-out"),
        *("digest", "sig"),
    }
    with Store.open(team.store, slots.open_with_key_file(team.store, team.key)).connection as connection:
        connection.execute("DELETE FROM edit WHERE number = 3")
    ran = team.call("audit", "verify", "--json").failed(4)
    for one in ran.envelope["data"]["findings"]:
        assert set(one) == {"what", "fault", "agency", "feed", "numbers", "text"}


def test_peers(story: Team, tmp_path: Path) -> None:
    (peer,) = data_of(story, "peer", "list")
    assert set(peer) == {
        *(
            "agency",
            "name",
            "level",
            "fingerprint",
            "verified_at",
            "verified_by",
            "how",
            "devices",
            "last_heard",
        ),
        *("introduced_by", "disputed_by"),
        *("last_number", "missing", "waiting", "unsent", "confirmed"),
    }
    assert set(data_of(story, "peer", "card")) == {"card", "words"}
    assert set(data_of(story, "peer", "words")) == {"agency", "words", "scan"}
    card = tmp_path / "card"
    assert set(data_of(story, "peer", "card", "-o", str(card))) == {"file", "words"}
    added = data_of(new_team(tmp_path / "other", "TH-RTP", "P. Chai"), "peer", "add", str(card), "--yes")
    assert set(added) == {
        *("agency", "name", "fingerprint", "words", "added", "admitted", "introduced_otherwise_by")
    }


def test_rosters(story: Team, tmp_path: Path) -> None:
    team, other = new_team(tmp_path / "lead", "TH-RTP", "P. Chai"), Team(story.folder.parent / "2")
    card = str(tmp_path / "card")
    other.call("peer", "card", "-o", card).ok()
    team.call("peer", "add", card, "--yes").ok()
    agency = team.data("peer", "list")[0]["agency"]
    team.call("operation", "add", "HARBOUR", "--lead", "TH-RTP").ok()
    team.call("agency", "add", agency).ok()
    team.call("operation", "join", "HARBOUR", agency).ok()
    keys = {"operation", "ref", "by", "made", "stands", "members", "missing"}
    for words in ((), ("--show",)):
        found = data_of(team, "operation", "roster", "HARBOUR", *words)
        assert set(found) == keys
        [member] = found["members"]
        assert set(member) == {
            *("agency", "name", "country", "fingerprint", "left", "level", "since", "same_key")
        }


def test_backups(story: Team, tmp_path: Path) -> None:
    backup = str(tmp_path / "b")
    assert set(data_of(story, "backup", backup)) == {"file", "bytes"}
    found = data_of(story, "backup", "verify", backup)
    assert set(found) == {
        *("file", "made", "clock", "agency", "officer", "device", "feed", "edits", "records", "waiting"),
        "faults",
    }
    made = call(
        "restore", backup, "--store", str(tmp_path / "new"), "--key-file", str(story.key), "--json"
    ).data
    assert set(made) == {"store", "made", "agency", "officer", "device", "feed", "edits"}


def test_devices(tmp_path: Path) -> None:
    base, new = new_team(tmp_path / "base", "KH-CNP", "J. Sok"), Team(tmp_path)
    made = data_of(new, "init", "--agency", "KH-CNP", "--officer", "Dara", "--join")
    assert set(made) == {"store", "agency", "officer", "device", "words"}
    request, answer = str(tmp_path / "request"), str(tmp_path / "answer")
    assert set(data_of(new, "device", "request")) == {"device", "words", "request"}
    assert set(data_of(new, "device", "request", "-o", request)) == {"device", "words", "file"}
    admitted = data_of(base, "device", "admit", request, "-o", answer, "--yes")
    keys = {"admitted", "device", "officer", "label", "words", "agency_words"}
    assert set(admitted) == {*keys, "file"}
    assert set(data_of(base, "device", "admit", request, "-o", "-", "--yes")) == {*keys, "answer"}
    joined = data_of(new, "device", "join", answer, "--yes")
    assert set(joined) == {"agency", "joined", "device", "words", "peers"}
    key = {"agency", "fingerprint", "words", "here"}
    assert set(data_of(base, "agency-key", "show")) == key
    kept, to = str(tmp_path / "kept"), data_of(base, "device", "list")[0]["seal_to"]
    assert set(data_of(base, "agency-key", "export", "--to", to, "-o", kept)) == {*key, "file"}
    assert set(data_of(base, "agency-key", "export", "--to", to, "-o", "-")) == {*key, "age"}
    assert set(data_of(base, "agency-key", "remove", "--yes")) == key
    assert set(data_of(base, "agency-key", "import", kept)) == key
    assert set(data_of(base, "device", "list")[0]) == {
        *(
            "device",
            "agency",
            "label",
            "since",
            "last_heard",
            "seal_to",
            "feed",
            "last_number",
            "this",
            "own",
        ),
        *("revoked_at", "reason", "last_good", "waiting"),
    }
    revoked = data_of(base, "device", "revoke", "Dara", "--yes")
    assert set(revoked) == {"device", "feed", "last_good", "good", "reason", "refused"}


def test_key_slots(tmp_path: Path) -> None:
    team = new_team(tmp_path / "team", "KH-CNP", "J. Sok")
    slot = {"slot", "kind", "label", "made", "kdf", "passes", "memory", "recipient"}
    assert set(data_of(team, "key", "list")[0]) == slot
    added = data_of(team, "key", "add", "--new-key-file", str(tmp_path / "k"))
    assert set(added) == slot
    assert set(data_of(team, "key", "remove", added["slot"], "--yes")) == slot
    recipient = "age1zdz0ht8kchmrezqrfzj9qzngyuq35whq8ntnxwzxf5n880pkq9eswerwa6"
    name = data_of(team, "key", "add", "--recovery", recipient)["slot"]
    assert set(data_of(team, "key", "recovery", name)) == {"slot", "recipient", "age"}
    assert set(data_of(team, "key", "recovery", name, "-o", str(tmp_path / "f"))) == {
        "slot",
        "recipient",
        "file",
    }


@pytest.mark.skipif(os.name == "nt", reason="there is no agent on Windows")
def test_unlocking(tmp_path: Path) -> None:
    team = new_team(tmp_path / "team", "KH-CNP", "J. Sok")
    for words in ((), ("--for", "1h")):
        found = data_of(team, "unlock", *words)
        assert set(found) == {"store", "seconds_left", "seconds_idle", "until"}
    assert set(data_of(team, "status")["unlocked"]) == {"seconds_left", "seconds_idle", "until"}
    assert set(data_of(team, "lock")) == set(data_of(team, "lock", "--all")) == {"locked"}


def test_a_new_database_key_and_a_wipe(tmp_path: Path) -> None:
    team = new_team(tmp_path / "team", "KH-CNP", "J. Sok")
    assert set(data_of(team, "key", "rotate")) == {"slots", "dropped", "deleted"}
    assert set(data_of(team, "wipe", "KH-CNP", "--yes")) == {
        *("store", "checked", "device", "feed", "last_edit", "deleted", "bytes", "left", "failed"),
        "agent_ended",
    }


PROPOSAL = {
    *(
        "id",
        "ref",
        "kind",
        "part",
        "new",
        "fields",
        "by",
        "agency",
        "at",
        "edit",
        "outcome",
        "reason",
        "deciders",
    ),
    "yours",
}


def test_proposals(story: Team, tmp_path: Path) -> None:
    team = story.copy_to(tmp_path / "team")
    receiver = Team(story.folder.parent / "2").copy_to(tmp_path / "receiver")
    (second,) = data_of(receiver, "operation", "list")
    (first,) = data_of(receiver, "site", "list")
    for kind, record in (("operation", second), ("site", first)):
        data_of(receiver, kind, "edit", record["ref"], "--note", "The gate is open")
    receiver.call("export", "--to", "INTERPOL", "-o", str(tmp_path / "p")).ok()
    assert data_of(team, "import", str(tmp_path / "p"))["proposals"] == 2
    listed = data_of(team, "proposal", "list")
    assert [each["id"] for each in listed] == [second["id"], first["id"]]
    (shown,) = data_of(team, "proposal", "show", first["ref"])
    (accepted,) = data_of(team, "proposal", "accept", first["ref"])
    (rejected,) = data_of(
        team, "proposal", "reject", second["ref"], "--from", "KH-CNP", "--reason", "It is shut"
    )
    for one in (*listed, shown, accepted, rejected):
        assert set(one) == PROPOSAL
        assert all(set(each) == {"field", "stands", "proposed"} for each in one["fields"])
        assert (one["agency"], one["deciders"], one["yours"], one["new"]) == (
            "KH-CNP",
            ["INTERPOL"],
            True,
            False,
        )
    outcomes = {
        one["id"]: (one["outcome"], one["reason"]) for one in data_of(team, "proposal", "list", "--all")
    }
    assert outcomes[first["id"]] == ("accepted", None)
    assert outcomes[second["id"]] == ("rejected", "It is shut")


def test_bundles(story: Team, tmp_path: Path) -> None:
    team = story.copy_to(tmp_path / "team")
    sent = data_of(team, "export", "--to", "KH-CNP", "-o", str(tmp_path / "b"))
    assert set(sent) == SENT
    assert set(data_of(team, "export", "--to", "KH-CNP", "--dry-run")) == SENT
    assert sent["goes"] and sent["withheld"]
    assert all(set(each) == {"kind", "part", "edits"} for each in sent["goes"])
    assert all(set(each) == {"kind", "part", "count", "reason"} for each in sent["withheld"])
    assert all(set(each) == {"kind", "part", "edits", "count", "refs"} for each in sent["newly"])
    receiver = Team(story.folder.parent / "2")
    for words in (("bundle", "show"), ("import", "--dry-run")):
        found = data_of(receiver, *words, str(tmp_path / "b"))
        assert set(found) == BUNDLE
        assert (found["what"], found["applied"], found["from"]) == ("bundle", False, "INTERPOL")
        assert all(set(each) == {"new", "changed"} for each in found["records"].values())
    assert set(data_of(receiver, "bundle", "open", str(tmp_path / "b"), "-o", str(tmp_path / "y"))) == {
        *("file", "id", "from", "device", "to", "made", "sealed", "verified", "edits", "edits_unverified"),
        "faults",
    }
    given_out = data_of(team, "device", "export-identity", "-o", str(tmp_path / "i"), "--yes")
    assert set(given_out) == {"file", "device", "recipient"}


def test_plans(story: Team, tmp_path: Path) -> None:
    team = story.copy_to(tmp_path / "team")
    plan = tmp_path / "plan.yaml"
    plan.write_text("sites:\n- name: Pier 9\n")
    data = data_of(team, "import", str(plan))
    assert set(data) == {"what", "applied", "unchanged", "archived", "erased", "proposes", "changes"}
    assert set(data["changes"][0]) == RECORD_OF_A_PLAN
    assert isinstance(data_of(team, "import", str(plan), str(plan)), list)
    records = data_of(team, "export", "--records")
    assert records["taskforce-plan"] == "1"
    assert set(records) == {"taskforce-plan", *(kind.plural for kind in KINDS)}
    out = tmp_path / "out"
    assert set(data_of(team, "export", "--records", "-o", str(out))) == {"file", "records"}


def test_settings_init_use_completion_and_version(
    story: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "c.yaml"))
    assert set(data_of(story, "config", "path")) == {"path"}
    assert set(data_of(story, "config", "show")) == set(SETTINGS)
    assert set(data_of(story, "config", "set", "store", "x")) == {"path", "store"}
    assert set(data_of(story, "use")) == {"id", "ref", "codename"}
    assert set(data_of(story, "completion", "bash")) == {"shell", "script"}
    assert set(data_of(story, "--version")) == {"version"}
    made = data_of(Team(tmp_path / "new"), "init", "--agency", "TH-RTP", "--officer", "P. Chai")
    assert set(made) == {"store", "agency", "officer", "device", "words"}


@pytest.mark.parametrize(
    "line",
    [
        ("assignment", "show", "A-0000"),
        ("assignment", "add"),
        ("assignment", "frobnicate"),
        ("nothing",),
        ("assignment", "list", "--limit", "x"),
        ("assignment", "list", "--nope"),
        ("import", "no-such-file"),
        ("conflict", "show", "KH-NGO"),
        ("log", "add", "x", "--category", "nope"),
        ("assignment", "list", "--where", "nope"),
    ],
    ids=" ".join,
)
def test_an_error_has_the_same_envelope(story: Team, line: tuple[str, ...]) -> None:
    ran = story.call(*line, "--json")
    assert 0 < ran.code < 9
    envelope = ran.envelope
    assert list(envelope) == ENVELOPE
    assert (envelope["version"], envelope["status"], envelope["data"]) == (1, "error", None)
    assert envelope["errors"]
    for error in envelope["errors"]:
        assert set(error) == ERROR
        assert error["message"] in ran.err


def test_without_a_store_the_error_is_json_too(tmp_path: Path) -> None:
    ran = call("status", "--json", "--store", str(tmp_path / "none"))
    assert ran.failed(6).envelope["errors"][0]["code"] == "locked"
