"""A slot whose key the system's keyring has: a real library, with a keyring that keeps everything in memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from program import Team, call, environment_of

from taskforce.actions.unlocking import Opener

pytest.importorskip("keyring")

BACKEND = """
import keyring.backend
from keyring.errors import PasswordDeleteError, PasswordSetError


class InMemory(keyring.backend.KeyringBackend):
    priority = 1

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, name):
        return self.kept.get((service, name))

    def set_password(self, service, name, password):
        self.kept[service, name] = password

    def delete_password(self, service, name):
        if (service, name) not in self.kept:
            raise PasswordDeleteError(name)
        del self.kept[service, name]


class Locked(InMemory):
    def set_password(self, service, name, password):
        raise PasswordSetError("canary")


class Forgetful(InMemory):
    def set_password(self, service, name, password):
        pass


class PlaintextKeyring(InMemory):
    pass
"""

DRIVER = """
import json, sys
from pathlib import Path
from taskforce.__main__ import main
store, key = sys.argv[1:]
place = ["--store", store]

def slots():
    return [slot["kind"] for slot in json.loads(Path(store, "keys.json").read_text())["slots"]]

def kept():
    import keyring
    return keyring.get_keyring().kept
"""

TURNED = """
assert main(["key", "add", "--keyring", *place, "--key-file", key]) == 0
assert main(["key", "rotate", *place, "--key-file", key]) == 0  # nothing is asked for, nothing dropped
assert slots() == ["file", "keyring"]
assert main(["contact", "list", *place]) == 0  # the keyring opens it still
assert main(["key", "rotate", "--yes", *place]) == 0
assert slots() == ["keyring"] and main(["contact", "list", *place]) == 0
assert main(["wipe", "INTERPOL", "--yes", *place]) == 0
assert kept() == {} and not Path(store).exists()
"""

STORY = """
assert main(["key", "add", "--keyring", "--label", "Laptop", *place, "--key-file", key]) == 0
assert slots() == ["file", "keyring"]
((service, name), secret), = kept().items()
assert service == "taskforce" and secret.startswith("taskforce-key-1:"), kept()
assert secret not in Path(store, "keys.json").read_text() and len(secret) == 16 + 43
assert main(["contact", "list", *place]) == 0  # nothing named: the keyring opens it
assert main(["unlock", *place]) == 0 and main(["lock", *place]) == 0
made, = [slot for slot in json.loads(Path(store, "keys.json").read_text())["slots"] if slot["kind"] == "keyring"]
kept()[service, name] = secret[:-2] + "AA"
assert main(["contact", "list", *place]) == 6
kept()[service, name] = "nonsense"
assert main(["contact", "list", *place]) == 6
kept().clear()
assert main(["contact", "list", *place]) == 6
kept()[service, name] = secret
from taskforce.keys import rewrapping
one, = [each.name for each in rewrapping.list_slots(store) if each.kind == "keyring"]
assert main(["key", "remove", one, "--yes", *place]) == 6  # never with itself
assert main(["key", "remove", one, "--yes", *place, "--key-file", key]) == 0
assert slots() == ["file"] and kept() == {}
assert main(["key", "add", "--keyring", "--label", "x" * 61, *place, "--key-file", key]) == 2
assert main(["key", "add", "--keyring", *place, "--key-file", "no-such-file"]) == 6
assert kept() == {}
print("told")
"""


def told(team: Team, story: str, backend: str = "InMemory") -> subprocess.CompletedProcess[str]:
    """Run a story in a process of its own whose keyring is the one named."""
    (team.folder / "backends.py").write_text(BACKEND)
    environment = environment_of(PYTHON_KEYRING_BACKEND=f"backends.{backend}")
    environment = {**environment, "PYTHONPATH": f"{environment['PYTHONPATH']}{os.pathsep}{team.folder}"}
    line = [sys.executable, "-c", DRIVER + story, str(team.store), str(team.key)]
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60)


def test_a_slot_in_the_keyring_is_made_opens_the_store_and_goes(team: Team) -> None:
    ran = told(team, STORY)
    assert ran.stdout.endswith("told\n"), ran.stdout + ran.stderr
    assert "taskforce-key-1:" not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("backend", "code", "says"),
    [
        ("Locked", 6, "cannot be used (PasswordSetError)"),
        ("Forgetful", 4, "keeps nothing"),
        ("PlaintextKeyring", 4, "plain text"),
    ],
)
def test_a_keyring_that_will_not_do_adds_no_slot(team: Team, backend: str, code: int, says: str) -> None:
    before = (team.store / "keys.json").read_bytes()
    ran = told(team, "sys.exit(main(['key', 'add', '--keyring', *place, '--key-file', key]))", backend)
    assert (ran.returncode, says in ran.stderr, "canary" in ran.stderr) == (code, True, False), ran.stderr
    assert (team.store / "keys.json").read_bytes() == before


def test_where_the_keyring_is_another_or_missing_there_is_the_passphrase(with_passphrase: Path) -> None:
    """The same store on another computer: the slot's key is not in its keyring, and the library may not be there."""
    path = with_passphrase / "keys.json"
    found = json.loads(path.read_text())
    found["slots"].insert(0, {**found["slots"][0], "kind": "keyring", "entry": "0" * 16, "kdf": "blake2b"})
    path.write_text(json.dumps(found))
    (with_passphrase.parent / "phrase.txt").write_text("canary of four words\n")
    assert "the store is locked" in call("contact", "list", "--store", str(with_passphrase)).failed(6).err
    driver = (
        "import os, sys; sys.modules['keyring'] = None; sys.modules['keyring.errors'] = None;"
        "from taskforce.__main__ import main;"
        "print(main(['contact', 'list', '--store', sys.argv[1]]));"
        "from pathlib import Path; from taskforce.commands import frame;"
        "number = str(os.open(sys.argv[2], os.O_RDONLY));"
        "sys.exit(main(['contact', 'list', '--store', sys.argv[1], '--passphrase-fd', number]))"
    )
    line = [sys.executable, "-c", driver, str(with_passphrase), str(with_passphrase.parent / "phrase.txt")]
    ran = subprocess.run(line, env=environment_of(), capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert "the library keyring is not installed" in ran.stderr


def test_it_is_loaded_only_where_a_slot_asks_for_it(team: Team) -> None:
    driver = (
        "import sys; from taskforce.__main__ import main; main(sys.argv[1:]); print('keyring' in sys.modules)"
    )
    for line in (["key", "list"], ["contact", "list"], ["status"]):
        ran = subprocess.run(
            [sys.executable, "-c", driver, *line, *team.place],
            env=environment_of(),
            capture_output=True,
            text=True,
        )
        assert ran.stdout.endswith("False\n")


def test_a_locked_room_knows_what_it_has_to_ask_for(team: Team, with_passphrase: Path) -> None:
    assert Opener(team.store, str(team.key)).opens_unasked
    assert not Opener(team.store).opens_unasked  # nothing is named that could open it
    assert not Opener(with_passphrase).opens_unasked
    assert not Opener(with_passphrase / "none").opens_unasked
    path = with_passphrase / "keys.json"
    found = json.loads(path.read_text())
    found["slots"] = [{**found["slots"][0], "kind": "keyring", "entry": "0" * 16}]
    path.write_text(json.dumps(found))
    assert Opener(with_passphrase).opens_unasked
    assert not Opener(with_passphrase, keyring=False).opens_unasked


def test_it_opens_the_store_under_a_new_database_key_and_goes_with_a_wipe(team: Team) -> None:
    ran = told(team, TURNED + 'print("told")')
    assert ran.stdout.endswith("told\n"), ran.stdout + ran.stderr
