"""`key list|add|change|remove`: what opens a store changes, and its database does not."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pyrage
import pytest
from program import Team, call
from test_exit_codes import answer_passphrases, spawn

from taskforce.keys import slots, words
from taskforce.store.store import DATABASE

NOT_THIS = " error: this key does not open this store\n"


def with_key(team: Team, name: str, *line: str) -> list[str]:
    """A command line that opens the store with another key file in its folder."""
    return [*line, "--store", str(team.store), "--key-file", str(team.folder / name)]


def test_a_key_file_more_and_one_less_and_the_database_is_not_touched(team: Team) -> None:
    database = (team.store / DATABASE).read_bytes()
    history = team.data("history")
    (first,) = team.data("key", "list")
    assert (first["kind"], first["kdf"], first["passes"]) == ("file", "blake2b", None)
    new = str(team.folder / "second")
    added = team.data("key", "add", "--new-key-file", new, "--label", " Duty  desk ")
    assert (added["label"], stat.S_IMODE(os.stat(new).st_mode)) == ("Duty desk", 0o600)
    assert team.data("key", "list") == [first, added]
    assert "Duty desk" in call(*with_key(team, "second", "key", "list")).ok().out
    call(*with_key(team, "second", "contact", "list")).ok()

    removed = call(*with_key(team, "second", "key", "remove", first["slot"].lower(), "--yes"))
    assert "copies and backups" in removed.ok().err
    assert team.run("contact", "list").failed(6).err == NOT_THIS
    assert call(*with_key(team, "second", "key", "list", "--json")).data == [added]
    assert (team.store / DATABASE).read_bytes() == database
    assert stat.S_IMODE((team.store / slots.FILE_NAME).stat().st_mode) == 0o600
    assert not [path.name for path in team.store.iterdir() if path.name.startswith(".")]
    call(*with_key(team, "second", "doctor")).ok()
    assert call(*with_key(team, "second", "history", "--json")).data == history


def test_nobody_is_locked_out(team: Team) -> None:
    (first,) = team.data("key", "list")
    before = (team.store / slots.FILE_NAME).read_bytes()
    assert team.error("key", "remove", first["slot"], "--yes")["code"] == "last-slot"
    assert team.error("key", "remove", "K-0000", "--yes")["exit"] == 3
    assert team.error("key", "change")["code"] == "no-passphrase"
    assert (team.store / slots.FILE_NAME).read_bytes() == before
    second = team.data("key", "add", "--new-key-file", str(team.folder / "second"))
    assert team.error("key", "remove", first["slot"], "--yes")["code"] == "own-slot"
    assert (
        "instead" not in team.call("key", "remove", second["slot"]).failed(2).err
    )  # nobody can be asked here
    assert [one["slot"] for one in team.data("key", "list")] == [first["slot"], second["slot"]]


def test_what_is_wrong_is_said_and_leaves_nothing(team: Team) -> None:
    before = (team.store / slots.FILE_NAME).read_bytes()
    other = str(team.folder / "other")
    assert team.error("key", "add")["exit"] == 2
    assert team.error("key", "add", "--passphrase", "--new-key-file", other)["exit"] == 2
    assert team.error("key", "add", "--new-key-file", other, "--label", "x" * 61)["exit"] == 2
    assert team.error("key", "add", "--new-key-file", str(team.key))["code"] == "same-key"
    assert team.error("key", "add", "--passphrase")["code"] == "no-terminal"
    (team.folder / "wrong").write_text("taskforce-key-1:" + "A" * 43 + "\n")
    ran = call(*with_key(team, "wrong", "key", "add", "--new-key-file", other)).failed(6)
    assert ran.err == NOT_THIS
    assert not Path(other).exists()
    assert (team.store / slots.FILE_NAME).read_bytes() == before
    for number in range(slots.MOST_SLOTS - 1):
        team.call("key", "add", "--new-key-file", str(team.folder / f"k{number}")).ok()
    assert team.error("key", "add", "--new-key-file", other)["code"] == "many-slots"
    assert not Path(other).exists()  # it would open nothing
    assert team.key.exists()


def test_a_key_of_another_store_changes_nothing(team: Team, tmp_path: Path) -> None:
    """Slots that were swapped for another store's open, but not this database."""
    call("init", "--agency", "KH-NGO", "--officer", "S. Chan", *with_key(Team(tmp_path / "o"), "key")).ok()
    (team.store / slots.FILE_NAME).write_bytes((tmp_path / "o" / "store" / slots.FILE_NAME).read_bytes())
    before = (team.store / slots.FILE_NAME).read_bytes()
    line = ["key", "add", "--new-key-file", str(tmp_path / "new"), "--store", str(team.store)]
    assert "keys.json" in call(*line, "--key-file", str(tmp_path / "o" / "key")).failed(7).err
    assert (team.store / slots.FILE_NAME).read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_home_that_is_nobodys_and_a_setting_that_begins_with_ones_own(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = call("status", "--store", "~nobody-of-this-name/store").failed(6)
    assert "there is no store in ~nobody-of-this-name/store" in ran.err
    monkeypatch.setenv("HOME", str(team.folder))
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))
    call("config", "set", "key-file", "~/key").ok()
    call("contact", "list", "--store", "~/store").ok()


def test_a_key_file_in_the_stores_own_folder_is_warned_of(team: Team) -> None:
    told = team.call("key", "add", "--new-key-file", str(team.store / "inside")).ok().err
    assert "in the store's own folder" in told
    told = team.call("key", "add", "--new-key-file", str(team.folder / "outside")).ok().err
    assert "in the store's own folder" not in told


def test_slots_behind_a_link_are_left_alone(team: Team) -> None:
    path = team.store / slots.FILE_NAME
    path.rename(team.folder / "elsewhere")
    path.symlink_to(team.folder / "elsewhere")
    before = path.read_bytes()
    error = team.error("key", "add", "--new-key-file", str(team.folder / "second"))
    assert (error["exit"], "symbolic link" in error["message"]) == (7, True)
    assert path.is_symlink() and path.read_bytes() == before


def test_slots_that_say_anything_draw_nothing(team: Team) -> None:
    path = team.store / slots.FILE_NAME
    found = json.loads(path.read_text())
    evil = "\x1b]52;c;aGk=\x07[red]\u202e" + "x" * 500
    found["slots"] += [
        {"kind": evil, "label": evil, "made": evil, "kdf": evil, "passes": 10**400, "memory": -1},
        {"kind": "passphrase", "label": 5, "made": [], "kdf": None, "passes": True, "memory": "x"},
        {"kind": "\ud800", "sealed": "\ud800", "label": "\ud800"},
    ]
    path.write_text(json.dumps(found))
    for words_ in ((), ("--json",)):
        shown = team.call("key", "list", *words_).ok().out
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)
    listed = team.data("key", "list")
    assert [one["passes"] for one in listed] == [None] * 4
    # What is unknown stays as it is.
    team.call("key", "add", "--new-key-file", str(team.folder / "second")).ok()
    assert json.loads(path.read_text())["slots"][:4] == found["slots"]


def test_who_holds_the_recipients_identity_recovers_the_store(team: Team) -> None:
    database = (team.store / DATABASE).read_bytes()
    identity, stranger = (pyrage.x25519.Identity.generate() for _one in range(2))
    recipient = str(identity.to_public())
    slot = team.data("key", "add", "--recovery", recipient, "--label", "HQ safe")
    assert (slot["kind"], slot["recipient"]) == ("recovery", recipient)
    (lost, _slot) = team.data("key", "list")
    team.key.unlink()
    sealed = team.folder / "sealed.age"
    place = ("--store", str(team.store))
    call("key", "recovery", slot["slot"], "-o", str(sealed), *place).ok()  # it takes no key
    assert call("key", "recovery", slot["slot"], *place).ok().out == sealed.read_text()
    call("key", "recovery", slot["slot"], "-o", str(sealed), *place).failed(4)
    call("key", "recovery", lost["slot"], *place).failed(4)

    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed.read_bytes(), [stranger])
    recovered = team.folder / "recovered"
    recovered.write_bytes(pyrage.decrypt(sealed.read_bytes(), [identity]))
    if age := shutil.which("age"):  # the stock program says the same
        (team.folder / "identity").write_text(f"{identity}\n")
        told = subprocess.run(
            [age, "-d", "-i", team.folder / "identity", sealed], capture_output=True, check=True
        )
        assert told.stdout == recovered.read_bytes()
    call(*with_key(team, "recovered", "key", "add", "--new-key-file", str(team.key))).ok()
    team.call("key", "remove", lost["slot"], "--yes").ok()
    team.call("contact", "list").ok()
    assert (team.store / DATABASE).read_bytes() == database

    # Whoever can write the file cannot make the slot another's, and what stands in it draws nothing.
    path = team.store / slots.FILE_NAME
    found = json.loads(path.read_text())
    (at,) = (number for number, one in enumerate(found["slots"]) if one["kind"] == "recovery")
    for change in ({"recipient": str(stranger.to_public())}, {"age": "\x1b]0;x\x07"}):
        path.write_text(json.dumps({**found, "slots": [{**found["slots"][at], **change}, *found["slots"]]}))
        if "age" in change:
            call("key", "recovery", slot["slot"], *place).failed(3)  # two of that name
            path.write_text(json.dumps({**found, "slots": [{**found["slots"][at], **change}]}))
            assert "\x1b" not in call("key", "recovery", slot["slot"], *place).failed(4).err
        else:
            path.write_text(json.dumps({**found, "slots": [{**found["slots"][at], **change}]}))
        assert call(*with_key(team, "recovered", "contact", "list")).failed(6).err == NOT_THIS
    path.write_text(json.dumps(found))
    call(*with_key(team, "recovered", "contact", "list")).ok()


@pytest.mark.parametrize("recipient", ["age1", "AGE-SECRET-KEY-1", "ssh-ed25519 AAAA", "x" * 62])
def test_what_is_no_recipient_is_refused_before_anything_is_asked(team: Team, recipient: str) -> None:
    before = (team.store / slots.FILE_NAME).read_bytes()
    error = team.error("key", "add", "--recovery", recipient)
    assert (error["exit"], "--recovery" in error["message"]) == (2, True)
    assert (team.store / slots.FILE_NAME).read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pty")
def test_a_passphrase_is_proposed_taken_changed_and_nowhere_else(team: Team) -> None:
    own = "an old canary of my own"
    database = (team.store / DATABASE).read_bytes()
    adding = spawn("key", "add", "--passphrase", *team.place)
    adding.expect(r"six random words \(96 bits\), as a proposal: ((?:[a-z]{5} ?){6})\r\n")
    proposed = adding.match[1].strip()
    assert len(set(proposed.split())) > 3
    said = answer_passphrases(adding, "", proposed)
    assert (adding.exitstatus, proposed in said) == (0, False)
    (first, slot) = team.data("key", "list")
    assert (slot["kind"], slot["kdf"], slot["passes"], slot["memory"]) == (
        "passphrase", "argon2id13", slots.DEFAULT_PASSES, slots.DEFAULT_MEMORY
    )  # fmt: skip

    place = ("--store", str(team.store))
    for answers, code, sentence in (
        (["not that one"], 6, "this key does not open this store"),
        ([proposed, proposed, proposed], 2, "the passphrase that the store has now"),
        ([proposed, own, own], 0, "The new passphrase"),
        ([proposed], 6, "this key does not open this store"),
    ):
        changing = spawn("key", "change", *place)
        said = answer_passphrases(changing, *answers)
        assert (changing.exitstatus, sentence in said, own in said) == (code, True, False), said
    opened = spawn("contact", "list", *place)
    answer_passphrases(opened, own)
    assert opened.exitstatus == 0

    asking = spawn("key", "remove", first["slot"], *place)
    asking.expect("Passphrase: ")
    asking.waitnoecho()
    asking.sendline(own)
    asking.expect(r"Remove this key slot \(.*\)\? \[y/N\]")
    asking.sendline("y")
    asking.expect("opens the store no more")
    asking.wait()
    team.call("contact", "list").failed(6)
    assert [one["kind"] for one in team.data("key", "list")] == ["passphrase"]
    assert (team.store / DATABASE).read_bytes() == database
    for path in [*team.folder.rglob("*"), *Path(os.environ["HOME"]).rglob("*")]:
        if path.is_file():
            assert not [each for each in (own, proposed) if each.encode() in path.read_bytes()], path


def test_a_proposal_has_the_bits_that_it_is_said_to_have() -> None:
    proposals = [words.propose_passphrase() for _time in range(2000)]
    assert len(set(proposals)) == len(proposals)
    assert words.PROPOSED_BITS == 96
    # Two words of one are alike once in four thousand.
    assert sum(len(set(each.split(" "))) == words.PROPOSED_WORDS for each in proposals) > 1980
    alphabet = (words.CONSONANTS, words.VOWELS, words.CONSONANTS, words.VOWELS, words.CONSONANTS)
    for word in range(words.PROPOSED_WORDS):
        for place, letters in enumerate(alphabet):  # every letter, at every place
            assert {each.split(" ")[word][place] for each in proposals} == set(letters)
