"""Slots come and go, the database key stays: what the command line cannot bring about cheaply."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from taskforce import files
from taskforce.actions import key_slots
from taskforce.errors import Locked, Refused, StoreError
from taskforce.keys import rewrapping, slots
from taskforce.keys.keyfile import make_key_file
from taskforce.keys.slots import SlotSource
from taskforce.store.store import Store

KEY = bytes(range(32))
PHRASE = "correct horse battery staple"
CHEAP = {"passes": slots.LEAST_PASSES, "memory": slots.LEAST_MEMORY}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store's folder with a slot for the key file `one` and one for the passphrase."""
    path = tmp_path / "store"
    path.mkdir()
    make_key_file(tmp_path / "one")
    make_key_file(tmp_path / "two")
    sources = [SlotSource.key_file(tmp_path / "one"), SlotSource.passphrase(PHRASE, **CHEAP)]
    slots.create_slots(path, KEY, sources)
    return path


def names(folder: Path) -> list[str]:
    return [one.name for one in rewrapping.list_slots(folder)]


def test_another_passphrase_stands_where_the_old_one_stood(folder: Path) -> None:
    before = json.loads((folder / slots.FILE_NAME).read_text())["slots"]
    opened = slots.slot_of_passphrase(folder, PHRASE)
    made = rewrapping.replace_slot(folder, opened, SlotSource.passphrase(PHRASE * 2, **CHEAP))
    assert names(folder) == [rewrapping.about_slot(before[0]).name, made.name]
    assert slots.open_with_passphrase(folder, PHRASE * 2) == KEY
    with pytest.raises(Locked):
        slots.open_with_passphrase(folder, PHRASE)


def test_a_change_keeps_the_label_and_makes_no_guess_cheaper(tmp_path: Path) -> None:
    store = Store.create(tmp_path, KEY, {})
    store.close()
    costly = replace(SlotSource.passphrase(PHRASE, passes=5, memory=slots.LEAST_MEMORY), label="Duty desk")
    slots.create_slots(tmp_path, KEY, [costly])
    opened = slots.slot_of_passphrase(tmp_path, PHRASE)
    made = key_slots.change_slot(tmp_path, opened, SlotSource.passphrase(PHRASE * 2))
    assert (made.label, made.passes, made.memory) == ("Duty desk", 5, slots.DEFAULT_MEMORY)
    assert slots.open_with_passphrase(tmp_path, PHRASE * 2) == KEY


def test_who_lost_the_slot_meanwhile_changes_nothing(folder: Path, tmp_path: Path) -> None:
    """Two people who take away each other's slot: the second has no say any more, and one slot stays."""
    by_file = slots.slot_of_key_file(folder, tmp_path / "one")
    by_phrase = slots.slot_of_passphrase(folder, PHRASE)
    first, second = names(folder)
    rewrapping.remove_slot(folder, by_file, second)
    for act in (
        lambda: rewrapping.remove_slot(folder, by_phrase, first),
        lambda: rewrapping.replace_slot(folder, by_phrase, SlotSource.key_file(tmp_path / "two")),
        lambda: rewrapping.add_slot(folder, by_phrase, SlotSource.key_file(tmp_path / "two")),
    ):
        with pytest.raises(Locked, match="this key does not open this store"):
            act()
    assert names(folder) == [first]


def test_slots_that_no_version_could_read_are_not_written(folder: Path, tmp_path: Path) -> None:
    path = folder / slots.FILE_NAME
    found = json.loads(path.read_text())
    found["slots"].append({"kind": "hologram", "x": "y" * (slots.MOST_BYTES - len(path.read_bytes()) - 200)})
    path.write_text(json.dumps(found))
    before = path.read_bytes()
    with pytest.raises(Refused, match="too long"):
        rewrapping.add_slot(
            folder, slots.slot_of_key_file(folder, tmp_path / "one"), SlotSource.key_file(tmp_path / "two")
        )
    assert path.read_bytes() == before


def test_what_is_not_of_slots_stays(folder: Path, tmp_path: Path) -> None:
    path = folder / slots.FILE_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), "later": {"x": [1, "\ud800"]}}))
    opened = slots.slot_of_key_file(folder, tmp_path / "one")
    rewrapping.add_slot(folder, opened, SlotSource.key_file(tmp_path / "two"))
    assert json.loads(path.read_text())["later"] == {"x": [1, "\ud800"]}


def test_older_slots_that_a_killed_program_left_go_with_the_next_change(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk without nameless files, too; and where they cannot go, that is said."""
    monkeypatch.setattr(files, "_open_nameless", lambda _folder: None)
    for name in (".keys.json.4711.part", ".keys.json.0badcafe.old.part"):
        (folder / name).write_bytes((folder / slots.FILE_NAME).read_bytes())
    opened = slots.slot_of_key_file(folder, tmp_path / "one")
    rewrapping.remove_slot(folder, opened, names(folder)[1])
    assert [path.name for path in folder.iterdir()] == [slots.FILE_NAME]
    (folder / ".keys.json.1.part").mkdir()
    with pytest.raises(StoreError, match="cannot be deleted"):
        rewrapping.add_slot(folder, opened, SlotSource.key_file(tmp_path / "two"))


def test_a_name_is_read_as_people_write_it(folder: Path, tmp_path: Path) -> None:
    name = names(folder)[1]
    for typed in (name, name.lower(), f" {name[2:]} ", name[2:].lower()):
        assert rewrapping.find_slot(folder, typed).name == name
