"""`key rotate`: a new database key, of which the old slots know nothing; and who else has the store open."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import types
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
from program import PROGRAM, Team, call, environment_of
from test_exit_codes import answer_passphrases, spawn

from taskforce.errors import Locked, StoreError
from taskforce.keys import agent, rewrapping, slots
from taskforce.store import connection, rekeying
from taskforce.store.store import DATABASE, Store

PHRASE = "an old canary of my own"


def opens(team: Team, name: str) -> bool:
    code = call("contact", "list", "--store", str(team.store), "--key-file", str(team.folder / name)).code
    assert code in (0, 6)
    return code == 0


@pytest.fixture
def team(team: Team) -> Team:
    """Two key files more, of which one is for a script."""
    for name in ("second", "third"):
        team.call("key", "add", "--new-key-file", str(team.folder / name), "--label", name.title()).ok()
    return team


def test_all_is_there_under_another_key_and_no_old_one_opens_any_of_it(team: Team, tmp_path: Path) -> None:
    told, history, feeds = team.fingerprint(), team.data("history"), team.data("feed", "list")
    team.call("search", "compound").ok()
    old = slots.open_with_key_file(team.store, team.key)
    shutil.copytree(team.store, tmp_path / "seized")
    shutil.copy(team.store / DATABASE, team.store / f"{DATABASE}.before-2")
    done = team.data("key", "rotate", "--keep-key-file", str(team.folder / "second"), "--yes")
    assert [one["label"] for one in done["slots"]] == [None, "Second"]
    assert ([one["label"] for one in done["dropped"]], done["deleted"]) == (["Third"], ["store.db.before-2"])
    assert [opens(team, name) for name in ("key", "second", "third")] == [True, True, False]
    assert team.fingerprint() == told and team.data("history") == history
    assert {path.name for path in team.store.iterdir()} == {DATABASE, slots.FILE_NAME, "incarnation"}
    for key in (old, slots.open_with_key_file(tmp_path / "seized", team.key)):
        with pytest.raises(Locked):
            connection.connect(str(team.store / DATABASE), key)
    # It goes on in the feed in which it was; and what it was before still opens elsewhere, as is said.
    team.call("contact", "add", "Afterwards", "--agency", "KH-CNP").ok()
    assert [one["feed"] for one in team.data("feed", "list")] == [one["feed"] for one in feeds]
    call("contact", "list", "--store", str(tmp_path / "seized"), "--key-file", str(team.key)).ok()
    backup = str(tmp_path / "b")
    team.call("backup", backup).ok()
    assert team.call("backup", "verify", backup).ok()
    team.call("key", "rotate", "--yes").ok()  # again, by what stayed
    assert team.data("doctor")["edits"] == told[1] + 1


def test_what_cannot_be_kept_is_named_and_nothing_is_dropped_unasked(team: Team) -> None:
    before = (team.store / slots.FILE_NAME).read_bytes(), (team.store / DATABASE).read_bytes()
    asked = team.call("key", "rotate").failed(2)
    assert "Second" in asked.err and "Third" in asked.err and "--yes" in asked.err
    stranger = team.folder / "stranger"
    stranger.write_text("taskforce-key-1:" + "A" * 43 + "\n")
    assert team.error("key", "rotate", "--keep-key-file", str(stranger), "--yes")["code"] == "not-this-key"
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    assert team.error("key", "rotate", "--keep-recovery", recipient, "--yes")["code"] == "no-recovery"
    assert ((team.store / slots.FILE_NAME).read_bytes(), (team.store / DATABASE).read_bytes()) == before


def test_a_recovery_slot_is_made_anew_for_its_recipient_and_for_nobody_else(
    team: Team, tmp_path: Path
) -> None:
    """Whoever can write the file of slots must not get the next key by putting their own recipient there."""
    identity, thief = (pyrage.x25519.Identity.generate() for _one in range(2))
    name = team.data("key", "add", "--recovery", str(identity.to_public()), "--label", "HQ safe")["slot"]
    first = pyrage.decrypt(call("key", "recovery", name, "--store", str(team.store)).out.encode(), [identity])
    (slot,) = [one for one in team.data("key", "rotate", "--yes")["slots"] if one["kind"] == "recovery"]
    assert (slot["recipient"], slot["label"]) == (str(identity.to_public()), "HQ safe")
    sealed = call("key", "recovery", slot["slot"], "--store", str(team.store)).out.encode()
    (tmp_path / "recovered").write_bytes(pyrage.decrypt(sealed, [identity]))
    assert (tmp_path / "recovered").read_bytes() != first
    recovered = Team(tmp_path / "r")
    line = ["--store", str(team.store), "--key-file", str(tmp_path / "recovered")]
    call("contact", "list", *line).ok()
    # Opened with it, it stays: the same file opens the next key, too.
    call("key", "rotate", "--yes", *line).ok()
    call("contact", "list", *line).ok()
    assert not recovered.store.exists()

    call("key", "add", "--new-key-file", str(team.key), *line).ok()
    path = team.store / slots.FILE_NAME
    found = json.loads(path.read_text())
    for one in found["slots"]:
        if one["kind"] == "recovery":
            one["recipient"] = str(thief.to_public())
    path.write_text(json.dumps(found))
    done = team.data("key", "rotate", "--yes")
    assert [one["kind"] for one in done["slots"]] == ["file"]
    assert [one["recipient"] for one in done["dropped"]] == [str(thief.to_public())]
    # One that an earlier version made has no proof either: its recipient has to be named.
    team.call("key", "add", "--recovery", str(identity.to_public())).ok()
    found = json.loads(path.read_text())
    assert found["slots"][-1].pop("proof")
    path.write_text(json.dumps(found))
    done = team.data("key", "rotate", "--keep-recovery", str(identity.to_public()))
    assert ([one["kind"] for one in done["slots"]], done["dropped"]) == (["file", "recovery"], [])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pty")
def test_passphrases_are_kept_where_somebody_knows_them(team: Team) -> None:
    opened = slots.slot_of_key_file(team.store, team.key)
    for label in ("Mine", "Another's"):
        cheap = slots.SlotSource.passphrase(
            PHRASE + label, passes=slots.LEAST_PASSES, memory=slots.LEAST_MEMORY
        )
        rewrapping.add_slot(team.store, opened, replace(cheap, label=label))
    rotating = spawn("key", "rotate", "--keep-passphrases", "--yes", *team.place)
    said = answer_passphrases(rotating, PHRASE + "Mine", "")
    assert (rotating.exitstatus, PHRASE in said) == (0, False), said
    found = team.data("key", "list")
    assert [(one["kind"], one["label"]) for one in found] == [("file", None), ("passphrase", "Mine")]
    assert (found[1]["passes"], found[1]["memory"]) == (slots.DEFAULT_PASSES, slots.DEFAULT_MEMORY)
    assert slots.open_with_passphrase(team.store, PHRASE + "Mine") == slots.open_with_key_file(
        team.store, team.key
    )


def test_a_store_that_is_open_elsewhere_is_left_alone(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_ALONE_MILLISECONDS", 50)
    before = (team.store / slots.FILE_NAME).read_bytes()
    room = Store.open(team.store, slots.open_with_key_file(team.store, team.key))
    try:
        refused = team.call("key", "rotate", "--yes").failed(7)
        assert "another program has this store open" in refused.err
        assert (team.store / slots.FILE_NAME).read_bytes() == before
    finally:
        room.close()
    assert {path.name for path in team.store.iterdir()} == {DATABASE, slots.FILE_NAME, "incarnation"}
    team.call("key", "rotate", "--yes").ok()


@pytest.mark.skipif(os.name == "nt", reason="there is no agent on Windows")
def test_an_agent_that_keeps_the_old_key_ends_and_so_does_one_at_a_wipe(
    team: Team, away_from_home: None
) -> None:
    bare = ("contact", "list", "--store", str(team.store))
    try:
        for line in (("key", "rotate", "--yes"), ("wipe", "INTERPOL", "--yes")):
            team.call("unlock").ok()
            call(*bare).ok()
            done = team.data(*line)
            assert done.get("agent_ended", True)
            assert agent.ask_state(team.store) is None if team.store.exists() else line[0] == "wipe"
            call(*bare).failed(6)
    finally:
        assert agent.end_all_agents() == []


@pytest.mark.skipif(os.name == "nt", reason="a process is started otherwise there")
def test_what_scripts_write_meanwhile_is_acknowledged_and_there_or_refused(team: Team) -> None:
    before = len(team.data("contact", "list"))
    running = [
        subprocess.Popen(
            [*PROGRAM, "contact", "add", f"Script {number}", "--agency", "KH-CNP", *team.place],
            cwd=team.folder,
            env=environment_of(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for number in range(4)
    ]
    codes: list[int] = []
    rotating = threading.Thread(
        target=lambda: codes.extend(team.run("key", "rotate", "--yes").code for _time in range(2))
    )
    rotating.start()
    told = [one.communicate(timeout=60)[1].decode() for one in running]
    rotating.join()
    assert set(codes) <= {0, 7} and all("Traceback" not in each for each in told)
    written = sum(one.returncode == 0 for one in running)
    assert {one.returncode for one in running} <= {0, 7}, told
    assert len(team.data("contact", "list")) == before + written
    assert "new feed" not in "".join(told)


def test_who_waited_for_the_old_file_is_told_and_writes_nothing_into_it(team: Team) -> None:
    """A program that read the old slots, and waited while the key was made, must not write where nobody looks."""
    key = slots.open_with_key_file(team.store, team.key)
    path = team.store / DATABASE
    real = connection._connect

    def late(name: str, *words: object, **more: object) -> object:
        made = real(name, *words, **more)  # type: ignore[arg-type]
        shutil.copy(path, team.folder / "other")
        os.replace(team.folder / "other", path)  # as it looks to who had the file open by then
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "_connect", late)
        with pytest.raises(StoreError) as caught:
            connection.connect(str(path), key)
    assert caught.value.code == "turned"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_as_windows_wants_it_nothing_holds_the_file_that_is_replaced_and_it_is_written_over(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, held = team.store / DATABASE, tmp_path / "held"
    os.link(path, held)
    before = held.read_bytes()

    def replace(source: Path, target: Path) -> None:
        open_files = {os.path.realpath(each.path) for each in os.scandir("/proc/self/fd")}
        assert not {str(source), str(target)} & open_files
        os.replace(source, target)

    windows = types.SimpleNamespace(**{**vars(os), "name": "nt", "replace": replace})
    monkeypatch.setattr(rekeying, "os", windows)
    done = team.data("key", "rotate", "--yes")
    assert done["deleted"] == []
    assert sorted(each.name for each in team.store.iterdir()) == ["incarnation", "keys.json", DATABASE]
    after = held.read_bytes()
    assert len(after) == len(before)
    assert not any(before[at : at + 4096] == after[at : at + 4096] for at in range(0, len(after), 4096))
    team.call("status").ok()


def test_on_a_disk_that_can_only_be_read_it_says_so(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)
    assert "is read-only" in team.call("key", "rotate", "--yes").failed(7).err


def test_what_is_no_recipient_is_a_slip_of_the_hand(team: Team) -> None:
    error = team.error("key", "rotate", "--keep-recovery", "nonsense", "--yes")
    assert (error["exit"], "--keep-recovery" in error["message"]) == (2, True)
    assert "card" not in error["hint"]
