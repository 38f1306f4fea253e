"""Several devices of one agency, from the command line: one more joins, one is lost, and what the thief can do."""

from __future__ import annotations

import os
from pathlib import Path

import pyrage
import pytest
from program import Team, call, introduce, new_team
from test_exit_codes import answer_passphrases, spawn

from taskforce.errors import TrustError
from taskforce.keys import slots
from taskforce.keys.sealing import open_bytes
from taskforce.store.store import Store


def join(folder: Path, base: Team, officer: str, label: str = "") -> Team:
    """One more device of a team's agency, as its people make it."""
    folder.mkdir()
    team = Team(folder)
    agency = base.data("status")["agency"]
    labelled = ["--label", label] if label else []
    team.call("init", "--agency", agency, "--officer", officer, "--join", *labelled).ok()
    team.call("device", "request", "-o", str(folder / "request.yaml")).ok()
    base.call("device", "admit", str(folder / "request.yaml"), "-o", str(folder / "answer"), "--yes").ok()
    team.call("device", "join", str(folder / "answer"), "--yes").ok()
    return team


def send(sender: Team, to: str, folder: Path, *receivers: Team) -> Path:
    """The sender's next bundle, taken in by each receiver."""
    folder.mkdir(exist_ok=True)
    before = set(folder.iterdir())
    sender.call("export", "--to", to, "-o", str(folder)).ok()
    (bundle,) = set(folder.iterdir()) - before
    for one in receivers:
        one.call("import", str(bundle)).ok()
    return bundle


def names(team: Team) -> set[str]:
    """The contacts by name."""
    return {one["name"] for one in team.data("contact", "list")}


def identity_of(team: Team) -> str:
    """The age identity of a team's device: what a thief finds in an open store."""
    store = Store.open(team.store, slots.open_with_key_file(team.store, team.key))
    try:
        return store.meta("seal_identity")
    finally:
        store.close()


@pytest.fixture(scope="module")
def agencies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Team, Team, Team]:
    """The police's headquarters and field laptop, and an NGO."""
    folder = tmp_path_factory.mktemp("devices")
    base = new_team(folder / "base", "KH-CNP", "J. Sok")
    ngo = new_team(folder / "ngo", "KH-NGO", "M. Lim")
    introduce(base, ngo)
    base.call("contact", "add", "Duty desk", "--agency", "KH-CNP").ok()
    field = join(folder / "field", base, "Dara", "Dara's laptop")
    send(base, "KH-CNP", folder / "stick", field)
    return base, field, ngo


@pytest.fixture
def teams(agencies: tuple[Team, Team, Team], tmp_path: Path) -> tuple[Team, Team, Team]:
    """The same, to be changed."""
    base, field, ngo = (one.copy_to(tmp_path / one.folder.name) for one in agencies)
    return base, field, ngo


def test_a_store_that_waits_says_so_everywhere_and_what_to_do(tmp_path: Path) -> None:
    team = Team(tmp_path)
    made = team.data("init", "--agency", "KH-CNP", "--officer", "Dara", "--join")
    assert made["words"] == []
    for line in (
        ("status",),
        ("contact", "add", "X"),
        ("contact", "list"),
        ("export", "--to", "KH-NGO", "-o", str(tmp_path)),
        ("import", str(tmp_path / "key")),
        ("peer", "card"),
        ("peer", "list"),
        ("device", "list"),
        ("agency-key", "export", "-o", str(tmp_path / "k"), "--to", "age1"),
    ):
        error = team.error(*line)
        assert error["code"] in ("waiting", "usage"), line
        if error["code"] == "waiting":
            assert "device request" in error["hint"] and error["exit"] == 4
    team.call("key", "list").ok()


def test_a_second_device_knows_what_the_agency_knows_and_both_exchange(
    teams: tuple[Team, Team, Team],
) -> None:
    base, field, ngo = teams
    assert names(field) == {"Duty desk"}
    assert [one["agency"] for one in field.data("peer", "list")] == ["KH-NGO"]
    field.call("contact", "add", "Field team", "--agency", "KH-CNP").ok()
    stick = base.folder / "stick"
    waits = {
        one["subject"]: one["do"] for one in field.data("status")["attention"] if one["kind"] == "waiting"
    }
    assert waits["KH-CNP"] == "taskforce export --to KH-CNP -o ."
    send(field, "KH-CNP", stick, base)
    assert "KH-CNP" not in {one["subject"] for one in field.data("status")["attention"]}
    assert names(base) == {"Duty desk", "Field team"}
    assert base.data("export", "--to", "KH-CNP", "--dry-run")["edits"] == 0
    send(field, "KH-NGO", stick, ngo)  # its certificate, by the agency's key, is enough
    assert names(ngo) == {"Duty desk", "Field team"}
    theirs = {one["device"]: one for one in ngo.data("device", "list") if one["agency"] == "KH-CNP"}
    assert len(theirs) == 2
    ngo.call("contact", "add", "Shelter", "--agency", "KH-NGO").ok()
    send(ngo, "KH-CNP", stick, base, field)
    assert names(base) == names(field) == {"Duty desk", "Field team", "Shelter"}
    send(field, "KH-CNP", stick, base)
    send(base, "KH-CNP", stick, field)
    (peer,) = base.data("peer", "list")
    assert peer["missing"] is None
    labels = {one["label"] for one in base.data("device", "list") if one["own"]}
    assert labels == {"J. Sok", "Dara's laptop"}


def test_an_answer_is_for_one_device_of_one_agency_and_the_words_are_asked_for(tmp_path: Path) -> None:
    base = new_team(tmp_path / "base", "KH-CNP", "J. Sok")
    waiting = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        team = Team(tmp_path / name)
        team.call("init", "--agency", "KH-CNP", "--officer", name, "--join").ok()
        team.call("device", "request", "-o", str(team.folder / "request.yaml")).ok()
        waiting.append(team)
    one, two = waiting
    answer = str(tmp_path / "answer")
    request = str(one.folder / "request.yaml")
    assert "--yes" in base.call("device", "admit", request, "-o", answer).failed(2).err
    told = base.data("device", "admit", request, "-o", answer, "--yes")
    assert told["words"] == one.data("device", "request")["words"]
    assert two.call("device", "join", answer, "--yes").failed(8).err
    assert one.call("device", "join", answer).failed(2).err
    altered = tmp_path / "altered"
    altered.write_text((one.folder / "request.yaml").read_text().replace("officer: one", "officer: boss"))
    base.call("device", "admit", str(altered), "-o", str(tmp_path / "x"), "--yes").failed(8)
    other = new_team(tmp_path / "other", "KH-NGO", "M. Lim")
    other.call("device", "admit", request, "-o", str(tmp_path / "x"), "--yes").failed(4)
    impostor = new_team(tmp_path / "impostor", "KH-CNP", "Nobody")
    third = impostor.data(
        "device", "admit", str(two.folder / "request.yaml"), "-o", str(tmp_path / "y"), "--yes"
    )
    assert third["agency_words"] != base.data("agency-key", "show")["words"]  # what people compare
    assert not (tmp_path / "x").exists()
    assert "device admit" in base.error("import", request)["hint"]
    joined = one.data("device", "join", answer, "--yes")
    assert joined["words"] == base.data("agency-key", "show")["words"]
    assert one.data("agency-key", "show")["here"] is False
    assert one.call("device", "join", answer, "--yes").failed(4).err
    assert (
        one.error("device", "admit", str(two.folder / "request.yaml"), "-o", str(tmp_path / "z"), "--yes")[
            "code"
        ]
        == "no-agency-key"
    )


def test_a_lost_laptop_is_revoked_and_the_thief_is_heard_nowhere(teams: tuple[Team, Team, Team]) -> None:
    base, field, ngo = teams
    stick = base.folder / "stick"
    field.call("contact", "add", "Field team", "--agency", "KH-CNP").ok()
    send(field, "KH-CNP", stick, base)
    send(field, "KH-NGO", stick, ngo)
    # Lost. The thief writes and exports; the NGO, which has not heard of it, takes it in.
    field.call("contact", "add", "Invented", "--agency", "KH-CNP").ok()
    send(field, "KH-NGO", stick, ngo)
    assert "Invented" in names(ngo)
    said = base.data("device", "revoke", "Dara's laptop", "--reason", "left in a taxi", "--yes")
    assert said["last_good"] == 2 and said["refused"] == 0
    lost = said["device"]
    assert [one["subject"] for one in base.data("status")["attention"] if one["kind"] == "revoked"] == [
        "KH-NGO"
    ]
    bundle = send(base, "KH-NGO", stick)
    (told,) = ngo.data("import", str(bundle))["statements"]
    assert told == {"type": "revocation", "agency": "KH-CNP", "about": lost}
    assert not [one for one in base.data("status")["attention"] if one["kind"] == "revoked"]
    assert names(ngo) == {"Duty desk", "Field team"}
    (waits,) = ngo.data("quarantine", "list")
    assert waits["reason"] == "revoked"
    assert ngo.error("quarantine", "admit", waits["ref"])["code"] == "revoked"
    (state,) = [one for one in ngo.data("device", "list") if one["device"] == lost]
    assert state["reason"] == "left in a taxi" and state["revoked_at"] and state["waiting"] == 1
    # What left the log by that is not lost: who verifies the store is not told that somebody took it out.
    proved = ngo.data("audit", "verify")
    assert proved["sound"], proved["findings"]
    assert proved["waiting"] == [{"reason": "revoked", "agency": "KH-CNP", "edits": 1}]
    ngo.call("quarantine", "drop", waits["ref"]).ok()
    assert ngo.data("audit", "verify")["sound"]
    # What the thief sends later is refused whole; what is sent to the agency is not sealed to the thief any more.
    field.call("contact", "add", "Later", "--agency", "KH-CNP").ok()
    assert ngo.error("import", str(send(field, "KH-NGO", stick)))["code"] == "revoked"
    assert base.error("import", str(send(field, "KH-CNP", stick)))["code"] == "revoked"
    ngo.call("contact", "add", "Shelter", "--agency", "KH-NGO").ok()
    for sealed in (send(ngo, "KH-CNP", stick, base), send(base, "KH-NGO", stick, ngo)):
        with pytest.raises(TrustError):
            open_bytes(sealed.read_bytes(), [identity_of(field)])
    assert base.error("export", "--to", "KH-CNP", "-o", str(stick))["code"] == "all-revoked"
    assert "Shelter" in names(base)
    # What the lost device has not confirmed waits for it no more, and its card enters nothing.
    assert ngo.data("peer", "list")[0]["waiting"] == 0
    field.call("peer", "card", "-o", str(stick / "card")).ok()
    assert ngo.error("peer", "add", str(stick / "card"), "--yes")["code"] == "revoked"


def test_a_store_that_learns_that_it_is_revoked_says_so_and_writes_no_more(
    teams: tuple[Team, Team, Team],
) -> None:
    base, field, ngo = teams
    stick = base.folder / "stick"
    told = send(base, "KH-CNP", stick)  # sealed to the field laptop, as long as it is not revoked
    assert told.stat().st_size
    send(field, "KH-NGO", stick, ngo)
    lost = base.data("device", "revoke", "Dara's laptop", "--last-good", "0", "--yes")["device"]
    send(base, "KH-NGO", stick, ngo)
    # Nobody seals to it any more: it hears of it in a bundle that is not sealed, or was sealed by who did not know.
    store = Store.open(field.store, slots.open_with_key_file(field.store, field.key))
    seen = Store.open(base.store, slots.open_with_key_file(base.store, base.key))
    with store.writing():
        from taskforce.actions import stating
        from taskforce.actions.session import Session
        from taskforce.keys.statements import known_statement
        from taskforce.store.statements import statements

        stating.keep_statements(
            Session(store), [known_statement(row.body) for row in statements(seen.connection)]
        )
    assert any("revoked" in notice for notice in store.notices)
    seen.close()
    store.close()
    assert field.error("contact", "add", "More", "--agency", "KH-CNP")["code"] == "revoked"
    assert field.error("export", "--to", "KH-NGO", "-o", str(stick))["code"] == "revoked"
    (item,) = [one for one in field.data("status")["attention"] if one["kind"] == "revoked"]
    assert item["noun"] == "agency" and "revoked" in item["text"] and lost
    assert names(field) == {"Duty desk"}


def test_the_own_present_device_is_revoked_only_knowingly(teams: tuple[Team, Team, Team]) -> None:
    base, _field, _ngo = teams
    own = next(one["device"] for one in base.data("device", "list") if one["this"])
    ran = base.call("device", "revoke", own).failed(2)
    assert "THIS device" in ran.err and "--yes" in ran.err
    base.call("contact", "add", "Still", "--agency", "KH-CNP").ok()
    base.call("device", "revoke", own, "--yes").ok()
    assert base.error("contact", "add", "No", "--agency", "KH-CNP")["code"] == "revoked"
    assert "Still" in names(base)


def test_only_who_has_the_agencys_key_revokes_and_only_what_is_the_agencys(
    teams: tuple[Team, Team, Team],
) -> None:
    base, field, _ngo = teams
    own = {one["agency"]: one["device"] for one in base.data("device", "list")}
    assert field.error("device", "revoke", own["KH-CNP"], "--yes")["code"] == "no-agency-key"
    assert base.error("device", "revoke", own["KH-NGO"], "--yes")["code"] == "other-agency"
    assert base.error("device", "revoke", "nobody", "--yes")["exit"] == 3
    assert base.error("device", "revoke", "Dara's laptop", "--last-good", "7", "--yes")["exit"] == 2
    assert base.call("device", "revoke", "Dara's laptop").failed(2).err


def test_the_agencys_key_leaves_only_sealed_and_comes_back_by_age(tmp_path: Path) -> None:
    base = new_team(tmp_path / "base", "KH-CNP", "J. Sok")
    safe = pyrage.x25519.Identity.generate()
    (tmp_path / "identity").write_text(f"# created: today\n{safe}\n")
    kept = tmp_path / "kept.age"
    base.call("agency-key", "export", "--to", str(safe.to_public()), "-o", str(kept)).ok()
    opened = pyrage.decrypt(_binary(kept.read_bytes()), [safe])
    assert b"taskforce-agency-key" in opened and b"seed" in opened
    shown = base.data("agency-key", "show")
    assert shown["here"] is True
    assert base.error("agency-key", "remove")["exit"] == 2
    assert base.data("agency-key", "remove", "--yes")["here"] is False
    base.call("contact", "add", "Works on", "--agency", "KH-CNP").ok()
    for line in (
        ("device", "revoke", "J. Sok", "--yes"),
        ("agency-key", "export", "-o", "x", "--to", str(safe.to_public())),
    ):
        assert base.error(*line)["code"] == "no-agency-key"
    base.call("agency-key", "import", str(kept)).failed(8)
    back = base.data("agency-key", "import", str(kept), "--identity", str(tmp_path / "identity"))
    assert back == shown
    # All laptops are lost: a new device belongs to the agency by the key that was kept.
    (tmp_path / "new").mkdir()
    new = Team(tmp_path / "new")
    new.call("init", "--agency", "KH-CNP", "--officer", "Dara", "--join").ok()
    new.call("agency-key", "import", str(kept), "--identity", str(tmp_path / "identity")).ok()
    assert new.data("agency-key", "show")["fingerprint"] == shown["fingerprint"]
    new.call("contact", "add", "Anew", "--agency", "KH-CNP").ok()
    other = new_team(tmp_path / "other", "KH-NGO", "M. Lim")
    assert (
        other.error("agency-key", "import", str(kept), "--identity", str(tmp_path / "identity"))["exit"] == 8
    )
    assert call("agency-key", "create", *other.place).failed(4)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pty")
def test_a_passphrase_for_the_agencys_key_is_as_long_as_one_for_a_store(
    teams: tuple[Team, Team, Team], tmp_path: Path
) -> None:
    base, kept = teams[0], tmp_path / "kept.age"
    line = ("agency-key", "export", "-o", str(kept), *base.place)
    for phrase, code in (("short", 2), ("long enough", 0)):
        child = spawn(*line)
        said = answer_passphrases(child, phrase, phrase)
        assert (child.exitstatus, kept.exists()) == (code, code == 0), said
        assert "A passphrase for this file" in said
        assert ("has at least 8 characters" in said) is (code == 2)
    child = spawn(*line)
    said = answer_passphrases(child)  # it is refused before anything is asked for
    assert (child.exitstatus, "there already" in said) == (4, True)
    child = spawn("agency-key", "import", str(kept), *base.place)
    answer_passphrases(child, "long enough")
    assert child.exitstatus == 0


def test_where_an_agency_has_no_key_yet_the_device_that_waits_makes_it(tmp_path: Path) -> None:
    team = Team(tmp_path)
    team.call("init", "--agency", "KH-CNP", "--officer", "Dara", "--join").ok()
    made = team.data("agency-key", "create")
    assert made["here"] is True and len(made["words"]) == 8
    assert [one["code"] for one in team.data("agency", "list")] == ["KH-CNP"]
    team.call("peer", "card").ok()


def _binary(armored: bytes) -> bytes:
    import base64

    return base64.b64decode(b"".join(armored.splitlines()[1:-1]))


def test_two_devices_that_note_a_referrals_arrival_are_in_no_conflict_about_when(
    teams: tuple[Team, Team, Team], monkeypatch: pytest.MonkeyPatch
) -> None:
    base, field, ngo = teams
    stick = base.folder / "stick"
    for team, code in ((base, "KH-CNP"), (ngo, "KH-NGO")):
        team.call("agency", "edit", code, "--country", "KH").ok()
    send(base, "KH-NGO", stick, ngo)
    send(base, "KH-CNP", stick, field)
    field.call("peer", "card", "-o", str(stick / "card")).ok()
    ngo.call("peer", "add", str(stick / "card"), "--yes").ok()
    victim = ngo.data("victim", "add", "--age-band", "21-23")["ref"]
    ngo.consent(victim, "KH-CNP")
    ngo.call("referral", "new", victim, "--to", "KH-CNP", "--services", "shelter").ok()
    bundle = send(ngo, "KH-CNP", stick)
    for team, time in ((base, "2030-01-01T11:00:00Z"), (field, "2030-01-01T12:00:00Z")):
        monkeypatch.setenv("TASKFORCE_NOW", time)
        assert len(team.data("import", str(bundle))["received"]) == 1
    send(field, "KH-CNP", stick, base)
    send(base, "KH-CNP", stick, field)
    send(field, "KH-NGO", stick, ngo)
    for team in teams:
        assert team.data("conflict", "list") == []
        assert team.data("referral", "list")[0]["received_at"] == "2030-01-01T11:00:00Z"
