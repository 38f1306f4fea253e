"""Nothing leaves on the word of a table alone: each edit is held against the allowed scopes as it goes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from taskforce.actions.sending import export_bundle
from taskforce.actions.session import Session
from taskforce.errors import StoreError
from taskforce.keys import slots
from taskforce.store.store import Store


def run(team: Path, *arguments: str) -> object:
    command = [sys.executable, "-m", "taskforce", *arguments]
    shared = ["--store", str(team / "store"), "--key-file", str(team / "key"), "--json"]
    done = subprocess.run([*command, *shared], capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout)
    assert answer["status"] == "ok", answer
    return answer["data"]


def test_a_damaged_account_of_what_may_go_lets_nothing_go(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for team, agency in ((ours, "KH-CNP"), (theirs, "KH-NGO")):
        team.mkdir()
        run(team, "init", "--agency", agency, "--officer", "A. Tester")
    run(theirs, "peer", "card", "-o", str(tmp_path / "card"))
    run(ours, "peer", "add", str(tmp_path / "card"), "--yes")
    run(ours, "victim", "add", "--age-band", "21-23")
    store = Store.open(ours / "store", slots.open_with_key_file(ours / "store", ours / "key"))
    with store.writing():  # as if the victim's edits stood among what every peer may have
        directory = store.connection.execute("SELECT id FROM scope WHERE part = 'directory'").fetchone()[0]
        withheld = store.connection.execute("SELECT id FROM scope WHERE part = 'case'").fetchone()[0]
        store.connection.execute("UPDATE held SET scope = ? WHERE scope = ?", (directory, withheld))
    with pytest.raises(StoreError):
        export_bundle(Session(store), "KH-NGO", tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
    store.close()
