"""Several programs write to one store while others read it: nothing is lost, and nobody is told that it is locked."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest
import sqlcipher3.dbapi2 as sqlite
from program import Team, call, introduce, new_team

from taskforce.actions import receiving
from taskforce.actions.session import Session
from taskforce.errors import TaskforceError
from taskforce.keys import slots
from taskforce.store.store import Store

TRANSACTIONS = 5_000 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 1_000
WRITERS = 2
BUNDLES = 20

forked = multiprocessing.get_context("spawn")


def write(folder: Path, who: int, count: int, started: Event, said: Connection) -> None:
    """Be a person at the command line who adds and changes records, a transaction each; say each that was done."""
    team = Team(folder)
    started.wait()
    done: list[tuple[int, str, str]] = []
    last = ""
    for number in range(count):
        if number % 2 == 0:
            line = ("contact", "add", f"Officer {who}-{number}", "--agency", "CITY", "--json")
        else:
            line = ("contact", "edit", last, "--phone", f"+855 {who} {number}", "--json")
        ran = call(*line, *team.place)
        if ran.code == 0:
            last = json.loads(ran.out)["data"]["id"]
        done.append((ran.code, last, ran.err))
    said.send(done)


def read(folder: Path, started: Event, ended: Event, said: Connection) -> None:
    """Be a screen that holds one reading open for long, over and over, and looks at it from both ends."""
    team = Team(folder)
    session = Session(Store.open(team.store, slots.open_with_key_file(team.store, str(team.key))))
    started.wait()
    readings, faults = 0, []
    while not ended.is_set():
        try:
            with session.store.reading():
                before = _count(session)
                time.sleep(1.5)
                after = _count(session)
            if before != after:
                faults.append(f"{before} became {after} within one reading")
            readings += 1
        except (TaskforceError, sqlite.Error) as error:
            faults.append(repr(error))
    session.store.close()
    said.send((readings, faults))


def _count(session: Session) -> tuple[int, int]:
    edits = session.store.connection.execute("SELECT count(*) FROM edit").fetchone()[0]
    records = session.store.connection.execute("SELECT count(*) FROM contact").fetchone()[0]
    return edits, records


def take_in(folder: Path, bundles: list[bytes], started: Event, ended: Event, said: Connection) -> None:
    """Be a script that takes in what arrives, over and over."""
    team = Team(folder)
    session = Session(Store.open(team.store, slots.open_with_key_file(team.store, str(team.key))))
    started.wait()
    taken, faults = 0, []
    while not ended.is_set() or taken < len(bundles):
        try:
            receiving.import_bundle(session, io.BytesIO(bundles[taken % len(bundles)]), "bundle")
            taken += 1
        except (TaskforceError, sqlite.Error) as error:
            faults.append(repr(error))
        time.sleep(0.05)
    session.store.close()
    said.send((taken, faults))


@pytest.mark.timeout(600)
def test_two_people_a_script_and_a_long_reader_share_a_store(tmp_path: Path) -> None:
    city, ngo = new_team(tmp_path / "city", "CITY", "J. Okafor"), new_team(tmp_path / "ngo", "NGO", "A. Sok")
    introduce(city, ngo)
    bundles = []
    for number in range(BUNDLES):
        ngo.call("agency", "edit", "NGO", "--places-free", str(number)).ok()
        ngo.call("export", "--to", "CITY", "-o", str(tmp_path / f"{number}.bundle")).ok()
        bundles.append((tmp_path / f"{number}.bundle").read_bytes())
    before = city.data("doctor")["edits"]

    started, ended = forked.Event(), forked.Event()
    running: list[tuple[Any, Connection]] = []

    def start(work: Any, *arguments: Any) -> None:
        here, there = forked.Pipe(duplex=False)
        process = forked.Process(target=work, args=(*arguments, there), daemon=True)
        process.start()
        there.close()
        running.append((process, here))

    for who in range(WRITERS):
        start(write, city.folder, who, TRANSACTIONS // WRITERS, started)
    start(read, city.folder, started, ended)
    start(take_in, city.folder, bundles, started, ended)
    started.set()
    written = [here.recv() for _process, here in running[:WRITERS]]
    ended.set()
    readings, reader_faults = running[WRITERS][1].recv()
    taken, script_faults = running[WRITERS + 1][1].recv()
    for process, _here in running:
        process.join(30)

    refused = [(code, err) for done in written for code, _id, err in done if code]
    assert not refused, refused[:3]
    assert not reader_faults and readings
    assert not script_faults and taken >= BUNDLES
    found = city.data("doctor")
    arrived = ngo.data("doctor")["edits"]
    assert found["faults"] == []
    assert found["edits"] == before + TRANSACTIONS + arrived, "each action is one edit, and each is there"
    contacts = {each["id"]: each for each in city.data("contact", "list")}
    for who, done in enumerate(written):
        for number, (_code, made, _err) in enumerate(done):
            if number % 2 == 0:
                assert contacts[made]["name"] == f"Officer {who}-{number}"
            else:
                assert contacts[made]["phone"] == f"+855 {who} {number}"
    assert [len(done) for done in written] == [TRANSACTIONS // WRITERS] * WRITERS
