"""A stolen laptop yields nothing: the database key is had with the passphrase or key file only."""

from __future__ import annotations

import copy
import json
import os
import stat
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import nacl.bindings
import nacl.exceptions
import pytest

from taskforce.errors import InputError, Locked, StoreError, UsageError
from taskforce.keys import keyfile, slots
from taskforce.keys.encoding import to_text

KEY = bytes(range(32))
PHRASE = "correct horse battery staple"
CHEAP = {"passes": slots.LEAST_PASSES, "memory": slots.LEAST_MEMORY}


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    path = tmp_path / "k"
    assert keyfile.make_key_file(path) == keyfile.KeyFile(str(path), created=True, note=None)
    return path


@pytest.fixture
def folder(tmp_path: Path, key_path: Path) -> Path:
    """A store's folder with one slot of each kind."""
    path = tmp_path / "store"
    path.mkdir()
    sources = [slots.SlotSource.key_file(key_path), slots.SlotSource.passphrase(PHRASE, **CHEAP)]
    slots.create_slots(path, KEY, sources)
    return path


def stored(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / slots.FILE_NAME).read_text())
    return found


def store(folder: Path, data: object) -> None:
    (folder / slots.FILE_NAME).write_text(json.dumps(data))


# Opening


def test_each_slot_opens_the_store(folder: Path, key_path: Path) -> None:
    assert slots.open_with_key_file(folder, key_path) == KEY
    assert slots.open_with_passphrase(folder, PHRASE) == KEY
    assert slots.slot_kinds(folder) == ("file", "passphrase")


def test_the_wrong_key_is_told_nothing(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    keyfile.make_key_file(other)
    for attempt in (
        lambda: slots.open_with_key_file(folder, other),
        lambda: slots.open_with_passphrase(folder, PHRASE + " "),
        lambda: slots.open_with_passphrase(folder, ""),
    ):
        with pytest.raises(Locked) as caught:
            attempt()
        assert caught.value.sentence == "this key does not open this store"
        assert caught.value.hint is None
        assert caught.value.__cause__ is None
        assert caught.value.exit_code == 6


def test_several_passphrases(tmp_path: Path) -> None:
    phrases = ["first passphrase", "second passphrase"]
    slots.create_slots(tmp_path, KEY, [slots.SlotSource.passphrase(text, **CHEAP) for text in phrases])
    assert [slots.open_with_passphrase(tmp_path, text) for text in phrases] == [KEY, KEY]
    assert slots.slot_kinds(tmp_path) == ("passphrase",)


def test_an_accent_typed_on_another_system_is_the_same(tmp_path: Path) -> None:
    phrase = "épée à Phnom Penh ភ្នំពេញ"
    slots.create_slots(
        tmp_path, KEY, [slots.SlotSource.passphrase(unicodedata.normalize("NFD", phrase), **CHEAP)]
    )
    assert slots.open_with_passphrase(tmp_path, unicodedata.normalize("NFC", phrase)) == KEY


def test_a_passphrase_that_is_no_utf_8(tmp_path: Path) -> None:
    phrase = os.fsdecode(b"caf\xe9 au lait")
    slots.create_slots(tmp_path, KEY, [slots.SlotSource.passphrase(phrase, **CHEAP)])
    assert slots.open_with_passphrase(tmp_path, phrase) == KEY


def test_the_same_secret_never_locks_the_same_way(tmp_path: Path, key_path: Path) -> None:
    source = slots.SlotSource.key_file(key_path)
    slots.create_slots(tmp_path, KEY, [source, source])
    one, two = stored(tmp_path)["slots"]
    assert one["salt"] != two["salt"] and one["nonce"] != two["nonce"] and one["sealed"] != two["sealed"]


def test_a_default_slot_asks_for_what_it_says(tmp_path: Path) -> None:
    slots.create_slots(tmp_path, KEY, [slots.SlotSource.passphrase(PHRASE)])
    slot = stored(tmp_path)["slots"][0]
    assert (slot["kdf"], slot["passes"], slot["memory"]) == ("argon2id13", 4, 128 * 1024 * 1024)
    assert slots.open_with_passphrase(tmp_path, PHRASE) == KEY


# The file


def test_the_file_is_private_and_holds_no_secret(folder: Path, key_path: Path) -> None:
    path = folder / slots.FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(os.listdir(folder)) == [slots.FILE_NAME]
    text = path.read_text()
    secret = keyfile.read_key_file(key_path)
    for hidden in (PHRASE, to_text(KEY), KEY.hex(), to_text(secret), secret.hex()):
        assert hidden not in text


def test_modes_hold_under_any_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        keyfile.make_key_file(tmp_path / "k")
        slots.create_slots(tmp_path, KEY, [slots.SlotSource.key_file(tmp_path / "k")])
    finally:
        os.umask(before)
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("k", slots.FILE_NAME)} == {0o600}


def test_slots_are_never_replaced(folder: Path, key_path: Path) -> None:
    before = (folder / slots.FILE_NAME).read_bytes()
    with pytest.raises(StoreError, match="already"):
        slots.create_slots(folder, bytes(32), [slots.SlotSource.key_file(key_path)])
    assert (folder / slots.FILE_NAME).read_bytes() == before
    assert sorted(os.listdir(folder)) == [slots.FILE_NAME]


def test_a_disk_without_links_is_served_too(
    tmp_path: Path, key_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(1, "Operation not permitted")  # what a FAT stick says

    monkeypatch.setattr(os, "link", no_links)
    slots.create_slots(tmp_path, KEY, [slots.SlotSource.key_file(key_path)])
    assert slots.open_with_key_file(tmp_path, key_path) == KEY
    with pytest.raises(StoreError, match="already"):
        slots.create_slots(tmp_path, KEY, [slots.SlotSource.key_file(key_path)])
    assert sorted(os.listdir(tmp_path)) == ["k", slots.FILE_NAME]


def test_a_disk_that_fails_leaves_nothing(
    tmp_path: Path, key_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        slots.create_slots(tmp_path, KEY, [slots.SlotSource.key_file(key_path)])
    with pytest.raises(StoreError, match="No space left"):
        keyfile.make_key_file(tmp_path / "other")
    assert os.listdir(tmp_path) == ["k"]


def test_no_slots_without_a_secret(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        slots.create_slots(tmp_path, KEY, [])
    with pytest.raises(UsageError, match="at least 8"):
        slots.SlotSource.passphrase("short")
    with pytest.raises(StoreError):
        slots.create_slots(tmp_path / "nowhere", KEY, [slots.SlotSource.passphrase(PHRASE, **CHEAP)])
    for costs in ({"passes": 1}, {"passes": 21}, {"memory": 1 << 20}, {"memory": 2 << 30}):
        with pytest.raises(ValueError, match="out of bounds"):
            slots.SlotSource.passphrase(PHRASE, **costs)
    assert os.listdir(tmp_path) == []


def test_a_source_shows_no_secret(key_path: Path) -> None:
    assert PHRASE not in repr(slots.SlotSource.passphrase(PHRASE))
    assert repr(keyfile.read_key_file(key_path)) not in repr(slots.SlotSource.key_file(key_path))


# Tampering


def tampered(slot: dict[str, Any]) -> list[tuple[str, Any]]:
    other = {"salt": to_text(bytes(16)), "nonce": to_text(bytes(24)), "sealed": to_text(bytes(48))}
    changes: list[tuple[str, Any]] = list(other.items())
    changes += [
        ("kdf", "scrypt"),
        ("kdf", None),
        ("note", "x"),
        ("salt", "é"),
        ("sealed", 5),
        ("nonce", None),
    ]
    if slot["kind"] == "passphrase":
        changes += [("passes", value) for value in (3, 1, 0, -1, 21, 2**64, "2", 2.0, True, None)]
        changes += [("memory", slots.LEAST_MEMORY + 1024)]
        changes += [("memory", value) for value in (0, 8192, (1 << 30) + 1, 2**80, "19922944", [], None)]
    return changes


@pytest.mark.parametrize("at", [0, 1])
def test_no_part_of_a_slot_can_be_changed(folder: Path, key_path: Path, at: int) -> None:
    good = stored(folder)
    for name, value in tampered(good["slots"][at]):
        bad = copy.deepcopy(good)
        bad["slots"][at][name] = value
        store(folder, bad)
        with pytest.raises((Locked, StoreError)):
            if at:
                slots.open_with_passphrase(folder, PHRASE)
            else:
                slots.open_with_key_file(folder, key_path)
        # The other slot is as good as ever.
        assert (
            slots.open_with_key_file(folder, key_path) if at else slots.open_with_passphrase(folder, PHRASE)
        ) == KEY


@pytest.mark.parametrize("name", ["salt", "nonce", "sealed", "kdf"])
def test_a_slot_with_a_part_missing_is_damaged(folder: Path, key_path: Path, name: str) -> None:
    bad = stored(folder)
    del bad["slots"][0][name]
    store(folder, bad)
    with pytest.raises(StoreError, match="damaged"):
        slots.open_with_key_file(folder, key_path)


def test_costs_beyond_reason_are_refused_unpaid(folder: Path) -> None:
    bad = stored(folder)
    bad["slots"][1] |= {"memory": 1 << 40, "passes": 1 << 20}
    store(folder, bad)
    with pytest.raises(StoreError, match="damaged"):
        slots.open_with_passphrase(folder, PHRASE)


def test_a_slot_of_a_kind_from_the_future_is_let_be(folder: Path, key_path: Path) -> None:
    more = stored(folder)
    more["slots"].insert(0, {"kind": "hologram", "file": "age"})
    store(folder, more)
    assert slots.open_with_key_file(folder, key_path) == KEY
    assert slots.slot_kinds(folder) == ("hologram", "file", "passphrase")


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", "5", '"x"', "{}", '{"taskforce-keys": 1}', '{"taskforce-keys": "1", "slots": []}',
     '{"taskforce-keys": 1, "slots": []}', '{"taskforce-keys": 1, "slots": {}}', '{"taskforce-keys": 1, "slots": [5]}',
     '{"taskforce-keys": 1, "slots": [{}]}', '{"taskforce-keys": 1, "slots": [{"kind": 5}]}',
     '{"taskforce-keys": 0, "slots": [{"kind": "file"}]}', '{"taskforce-keys": 1, "slots": [{"kind": "file"}]}',
     "[" * 60_000, " " * 70_000, "\ud800", "\x00",
     '{"taskforce-keys": 1, "slots": [' + ", ".join(['{"kind": "file"}'] * 17) + "]}"],
    ids=range(21),
)  # fmt: skip
def test_a_damaged_file_says_so(folder: Path, key_path: Path, text: str) -> None:
    (folder / slots.FILE_NAME).write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(StoreError, match="damaged") as caught:
        slots.open_with_key_file(folder, key_path)
    assert caught.value.exit_code == 7


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes in folders")
def test_a_pipe_in_its_place_keeps_nobody_waiting(folder: Path, key_path: Path) -> None:
    (folder / slots.FILE_NAME).unlink()
    os.mkfifo(folder / slots.FILE_NAME)
    with pytest.raises(StoreError, match="damaged"):
        slots.open_with_key_file(folder, key_path)


@pytest.mark.parametrize("text", ["", "[" * 60_000, '{"taskforce-keys": 1}'])
def test_slots_for_a_new_key_that_are_damaged_keep_nobody_out(
    folder: Path, key_path: Path, text: str
) -> None:
    (folder / slots.NEXT_NAME).write_text(text)
    assert slots.open_with_key_file(folder, key_path) == KEY


def test_too_little_memory_is_no_wrong_passphrase(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_arguments: object) -> bytes:
        raise nacl.exceptions.RuntimeError("Unexpected failure in key derivation")

    monkeypatch.setattr(nacl.bindings, "crypto_pwhash_alg", fails)
    with pytest.raises(StoreError, match="19 MB of memory"):
        slots.open_with_passphrase(folder, PHRASE)


def test_a_newer_file_says_so(folder: Path) -> None:
    store(folder, stored(folder) | {"taskforce-keys": 2})
    with pytest.raises(StoreError, match="newer version"):
        slots.slot_kinds(folder)


def test_where_no_store_is(tmp_path: Path, key_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere", key_path / "below a file"):
        with pytest.raises(Locked, match="no store"):
            slots.open_with_key_file(place, key_path)


# Key files


def test_a_key_file_is_one_line_of_text_and_stays(key_path: Path) -> None:
    text = key_path.read_text()
    assert text.startswith("taskforce-key-1:") and text.endswith("\n") and len(text) == 16 + 43 + 1
    assert stat.S_IMODE(key_path.stat().st_mode) == 0o600
    assert keyfile.make_key_file(key_path) == keyfile.KeyFile(str(key_path), created=False, note=None)
    assert key_path.read_text() == text


def test_a_key_file_that_passed_through_windows_opens(folder: Path, key_path: Path) -> None:
    key_path.write_bytes(key_path.read_bytes().replace(b"\n", b"\r\n"))
    assert slots.open_with_key_file(folder, key_path) == KEY


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"taskforce-key-1:", b"taskforce-key-1:" + b"A" * 42, b"taskforce-key-1:" + b"A" * 44,
     b"taskforce-key-1:" + b"A" * 42 + b"B", b"taskforce-key-2:" + b"A" * 43, b"A" * 43,
     b" taskforce-key-1:" + b"A" * 43,
     b"taskforce-key-1:" + b"A" * 43 + b"\nmore", b"taskforce-key-1:" + b"A" * 43 + b" ", bytes(32), b"\xff" * 5000,
     "taskforce-key-1:é".encode()],
)  # fmt: skip
def test_what_is_no_key_file_is_neither_used_nor_overwritten(
    folder: Path, tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "notes"
    path.write_bytes(data)
    for use in (keyfile.make_key_file, lambda path: slots.open_with_key_file(folder, path)):
        with pytest.raises(InputError, match="not a key file"):
            use(path)
    assert path.read_bytes() == data


def test_a_symlink_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="symbolic link"):
        keyfile.make_key_file(tmp_path / "link")
    assert os.listdir(tmp_path) == ["link"]


def test_a_key_file_that_is_not_there(folder: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(Locked, match="cannot be read"):
            slots.open_with_key_file(folder, path)
    with pytest.raises(StoreError, match="cannot be written"):
        keyfile.make_key_file(tmp_path / "nowhere" / "k")


def test_a_key_file_from_a_pipe(folder: Path, key_path: Path) -> None:
    """As in `--key-file <(pass show taskforce)`."""
    reading, writing = os.pipe()
    os.write(writing, key_path.read_bytes())
    os.close(writing)
    try:
        assert slots.open_with_key_file(folder, f"/dev/fd/{reading}") == KEY
    finally:
        os.close(reading)


@pytest.mark.skipif(os.name == "nt", reason="the mode says nothing there")
def test_a_key_file_that_others_may_read_is_noted(key_path: Path) -> None:
    for mode, noted in ((0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o644, True)):
        key_path.chmod(mode)
        assert bool(keyfile.key_file_note(key_path)) is noted
    note = keyfile.make_key_file(key_path).note
    assert note is not None and str(key_path) in note


# Start-up


def test_opening_with_a_key_file_loads_little(folder: Path, key_path: Path) -> None:
    script = """
import sys
from taskforce.keys import slots
early = set(sys.modules)
slots.open_with_key_file(sys.argv[1], sys.argv[2])
print(*sorted(early), "|", *sorted(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder), str(key_path)], capture_output=True, text=True, check=True
    )
    early, late = (set(part.split()) for part in done.stdout.split("|"))
    assert not {"nacl", "json", "typing"} & early
    assert not {"pyrage", "hashlib", "unicodedata", "threading", "taskforce.keys.identity"} & late
    assert {name for name in late if name.startswith("taskforce.keys.")} == {
        "taskforce.keys.encoding", "taskforce.keys.keyfile", "taskforce.keys.slots"
    }  # fmt: skip
