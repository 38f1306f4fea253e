"""What was typed and not saved is still there after a crash, and nobody but this store ever has it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from replicas import Replica, export, make_replica, take, verify

from taskforce.actions import checking, drafting, keeping, peers, undoing
from taskforce.keys.sealing import open_bytes
from taskforce.records.registry import get_kind
from taskforce.store import history
from taskforce.store.store import DATABASE
from taskforce.store.watching import data_version, state_mark

TYPED = "Her sister waits at pier 9"
PAGE, RESERVED = 4096, 80
FORM = {"title": TYPED, "instructions": "two lines\nof 'text' \x1b[2J", "note": ""}


@pytest.fixture
def city(tmp_path: Path) -> Iterator[Replica]:
    """An agency's store."""
    replica = make_replica(tmp_path / "city", "CITY", name="City")
    yield replica
    replica.close()


def test_a_draft_comes_back_as_it_was_typed_until_it_is_forgotten(city: Replica) -> None:
    assert drafting.draft(city.session, "assignment/new") is None
    drafting.keep_draft(city.session, "assignment/new", {"title": "Her"})
    drafting.keep_draft(city.session, "assignment/new", FORM)
    drafting.keep_draft(city.session, "log/new", {"text": "Gate"})
    assert drafting.draft(city.session, "assignment/new") == FORM, "a field that was emptied, too"
    assert {one.key for one in drafting.all_drafts(city.session)} == {"assignment/new", "log/new"}
    drafting.forget_draft(city.session, "assignment/new")
    drafting.forget_draft(city.session, "assignment/new")
    drafting.keep_draft(city.session, "log/new", {})
    assert drafting.all_drafts(city.session) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_a_killed_program_leaves_the_draft(city: Replica) -> None:
    city.close()
    child = os.fork()
    if not child:
        city.open()
        drafting.keep_draft(city.session, "assignment/new", FORM)
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    city.open()
    assert drafting.draft(city.session, "assignment/new") == FORM


def test_a_draft_is_no_edit_no_history_and_in_no_bundle(city: Replica, tmp_path: Path) -> None:
    ngo = make_replica(tmp_path / "ngo", "NGO", name="NGO")
    verify(city, ngo)
    verify(ngo, city)
    take(ngo, export(city, "NGO"))
    done, counts = history.actions(city.connection), checking.check(city.session)
    drafting.keep_draft(city.session, "agency/new", FORM)
    assert history.actions(city.connection) == done
    assert checking.check(city.session) == counts
    assert [peer.unsent for peer in peers.list_peers(city.session)] == [0]
    opened = open_bytes(export(city, "NGO"), [ngo.sealed_with])
    assert b"taskforce-bundle" in opened and TYPED.encode() not in opened
    ngo.close()


def test_undo_takes_back_what_was_done_and_leaves_the_draft(city: Replica) -> None:
    keeping.add(city.session, get_kind("agency"), {"code": "NGO"})
    drafting.keep_draft(city.session, "agency/new", FORM)
    undoing.undo(city.session)
    assert drafting.draft(city.session, "agency/new") == FORM


def test_building_the_tables_anew_leaves_the_draft(city: Replica) -> None:
    drafting.keep_draft(city.session, "agency/new", FORM)
    assert checking.check(city.session, rebuild=True).rebuilt
    assert drafting.draft(city.session, "agency/new") == FORM


def test_a_draft_does_not_make_screens_read_again_and_an_edit_does(city: Replica) -> None:
    watcher = Replica(city.code, city.folder, city.key, city.device)
    watcher.open()
    version, mark = data_version(watcher.connection), state_mark(watcher.connection)
    drafting.keep_draft(city.session, "agency/new", FORM)
    assert data_version(watcher.connection) != version
    assert state_mark(watcher.connection) == mark
    drafting.forget_draft(city.session, "agency/new")
    assert state_mark(watcher.connection) == mark
    keeping.add(city.session, get_kind("agency"), {"code": "NGO"})
    assert state_mark(watcher.connection) != mark
    watcher.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to look into the pages")
def test_a_forgotten_draft_is_gone_from_the_pages_and_never_stood_in_a_file_as_it_is(city: Replica) -> None:
    assert city.connection.execute("PRAGMA secure_delete").fetchone() == (1,)
    drafting.keep_draft(city.session, "agency/new", {"note": TYPED * 400})  # more than a page holds
    drafting.keep_draft(city.session, "agency/new", {"note": TYPED})
    for each in city.folder.iterdir():
        assert TYPED.encode() not in each.read_bytes(), each.name
    assert pages(city).count(TYPED.encode()) == 1, "the longer one was overwritten"
    drafting.forget_draft(city.session, "agency/new")
    assert TYPED.encode() not in pages(city)


def pages(replica: Replica) -> bytes:
    """Every page of the store's file, free ones too, decrypted: AES-256-CBC, the page ends with IV and HMAC."""
    replica.close()
    data = (replica.folder / DATABASE).read_bytes()
    replica.open()
    found = b""
    for start in range(0, len(data), PAGE):
        page = data[start : start + PAGE]
        cipher, iv = page[16 if not start else 0 : -RESERVED], page[-RESERVED:][:16]
        line = ["openssl", "enc", "-d", "-aes-256-cbc", "-nopad", "-K", replica.key.hex(), "-iv", iv.hex()]
        found += subprocess.run(line, input=cipher, capture_output=True, check=True).stdout
    return found
