"""The stores that the pictures are taken of, the same at every run: known keys, no chance, a still clock."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from fixed_stores import fixed_store, introduce, set_clock, without_chance
from program import settle
from status_picture import NOW, consent_to_services, swap, three_teams

from taskforce.actions import erasing, keeping, logbook
from taskforce.actions.references import find
from taskforce.actions.sending import export_bundle
from taskforce.actions.session import Session
from taskforce.actions.using import use_operation
from taskforce.keys.slots import LEAST_MEMORY, LEAST_PASSES, SlotSource, create_slots
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.store.queries import Condition, Record
from taskforce.store.store import DATABASE, Store

DAY = "2023-10-17T"

LOG = (
    ("08:05", "safety: Vests on. Two dogs in the yard of compound 4."),
    ("09:40", "Gate opened, no resistance."),
    ("10:47", "victim-met: Two adults and one child at the bus station; the child is with a relative."),
    (
        "11:20",
        "decision: Wait for the second team before the warehouse is entered: the interpreter who speaks Malay is with "
        "them, and whoever is inside has to be told first that nobody is arrested.",
    ),
    ("13:58", "seizure: 214 telephones, 31 passports in a safe, sealed as box 7."),
    ("14:29", "Second team arrived."),
)

PLANNED = (
    ("Inspect compound 4", "INTERPOL", "18:00:00"),
    ("Guard the gate", "INTERPOL", "17:00:00"),
)

PLAN = """\
taskforce-plan: 1
agencies:
  - code: KH-LEGAL
    name: Legal aid of Phnom Penh
    agency_kind: ngo
    country: KH
    services: [legal]
assignments:
  - key: safe
    operation: STORM MAKERS II
    title: Bring box 7 to the laboratory
    agency: KH-CNP
    due: 2023-10-18 09:00 +07
"""


@dataclass(frozen=True)
class Kept:
    """A store in a folder, its key (32 bytes), and beside it the inbox."""

    folder: Path
    key: bytes

    @property
    def inbox(self) -> Path:
        """The files that have come."""
        return self.folder.parent / "inbox"

    def copy_to(self, folder: Path) -> Kept:
        """A copy of it all, in an empty folder."""
        shutil.copytree(self.folder.parent, folder, dirs_exist_ok=True)
        copy = Kept(folder / self.folder.name, self.key)
        settle(copy.folder, copy.key)
        return copy


def full_store(folder: Path) -> Kept:
    """The police on the second day: late and due, two conflicts, a bundle missing, four files in the inbox."""
    inbox = folder / "inbox"
    inbox.mkdir(parents=True)
    with three_teams() as ((coordinator, police, shelter), keys):
        _consent(police)
        _decline(police)
        _answer(shelter)
        for clock, line in LOG:
            set_clock(f"{DAY}{clock}:00+07:00")
            logbook.write(police, line)
        set_clock(NOW)
        _differ(coordinator, police)
        export_bundle(shelter, "KH-CNP", inbox / "shelter-2.bundle")
        export_bundle(coordinator, "KH-NGO", inbox / "for-the-shelter.bundle")
        (inbox / "laboratory.yaml").write_text(PLAN, encoding="utf-8")
        broken = (inbox / "shelter-2.bundle").read_bytes()[:100]
        (inbox / "half.bundle").write_bytes(broken)
        for age, path in enumerate(sorted(inbox.iterdir())):
            os.utime(path, (1_697_500_000 - age, 1_697_500_000 - age))
        police.store.close()
        shutil.copytree(police.store.folder, folder / "store")
    settle(folder / "store", keys["KH-CNP"])
    return Kept(folder / "store", keys["KH-CNP"])


def empty_store(folder: Path) -> Kept:
    """A new store, with nothing in it, which a passphrase opens."""
    (folder / "inbox").mkdir(parents=True)
    set_clock(NOW)
    keys: dict[str, bytes] = {}
    with without_chance("empty"):
        session = fixed_store(folder / "store", "KH-CNP", keys)
        session.store.close()
    cheap = SlotSource.passphrase("correct horse battery staple", passes=LEAST_PASSES, memory=LEAST_MEMORY)
    create_slots(folder / "store", keys["KH-CNP"], [cheap])
    return Kept(folder / "store", keys["KH-CNP"])


def begun_store(folder: Path) -> Kept:
    """A new store in which an operation was made and chosen, and nothing else yet."""
    (folder / "inbox").mkdir(parents=True)
    set_clock(NOW)
    keys: dict[str, bytes] = {}
    with without_chance("begun"):
        session = fixed_store(folder / "store", "KH-CNP", keys)
        keeping.add(session, get_kind("operation"), {"codename": "STORM MAKERS III", "start": "2023-10-16"})
        use_operation(session, "STORM MAKERS III")
        session.store.close()
    return Kept(folder / "store", keys["KH-CNP"])


def held_store(folder: Path) -> Kept:
    """The police, whose shelter's disk was put back once: a fork; an agency not verified yet; a part erased."""
    (folder / "inbox").mkdir(parents=True)
    set_clock("2023-10-17T10:00:00+07:00")
    keys: dict[str, bytes] = {}
    with without_chance("held"):
        coordinator, police, shelter = (
            fixed_store(folder / code, code, keys) for code in ("INTERPOL", "KH-CNP", "KH-NGO")
        )
        introduce(police, shelter)
        introduce(shelter, coordinator)
        swap(police, shelter)
        swap(shelter, police)
        _erase(police, shelter)
        set_clock(f"{DAY}12:10:00+07:00")
        _note(coordinator, "Duty desk moved to the embassy")
        swap(coordinator, shelter)
        shelter.store.close()
        database = folder / "KH-NGO" / DATABASE
        shutil.copy(database, folder / "kept")
        for clock, words in (("12:30", "Two rooms are free"), ("13:20", "One room is free, for a family")):
            set_clock(f"{DAY}{clock}:00+07:00")
            shutil.copy(folder / "kept", database)
            settle(folder / "KH-NGO", keys["KH-NGO"])
            shelter = Session(Store.open(folder / "KH-NGO", keys["KH-NGO"]))
            _note(shelter, words)
            _note(shelter, f"{words}, till nine")
            swap(shelter, police)
            shelter.store.close()
        police.store.close()
        coordinator.store.close()
    (folder / "KH-CNP").rename(folder / "store")
    for code in ("INTERPOL", "KH-NGO"):
        shutil.rmtree(folder / code)
    (folder / "kept").unlink()
    settle(folder / "store", keys["KH-CNP"])
    return Kept(folder / "store", keys["KH-CNP"])


def proposed_store(folder: Path) -> Kept:
    """The coordinator, to whom the police propose changes of its plan, and who has proposed one to them."""
    (folder / "inbox").mkdir(parents=True)
    set_clock(f"{DAY}10:00:00+07:00")
    keys: dict[str, bytes] = {}
    assignment = get_kind("assignment")
    with without_chance("proposed"):
        coordinator, police = (fixed_store(folder / code, code, keys) for code in ("INTERPOL", "KH-CNP"))
        introduce(coordinator, police)
        keeping.add(coordinator, get_kind("agency"), {"code": "KH-CNP", "name": "Cambodian National Police"})
        typed = {
            "codename": "STORM MAKERS II",
            "lead": "INTERPOL",
            "start": "2023-10-16",
            "end": "2023-10-20",
        }
        keeping.add(coordinator, get_kind("operation"), typed)
        use_operation(coordinator, "STORM MAKERS II")
        joined = {"operation": "STORM MAKERS II", "agency": "KH-CNP", "role": "partner"}
        keeping.add(coordinator, get_kind("participation"), joined)
        for title, agency, due in PLANNED:
            keeping.add(
                coordinator, assignment, {"title": title, "agency": agency, "due": f"{DAY}{due}+07:00"}
            )
        swap(coordinator, police)
        use_operation(police, "STORM MAKERS II")
        set_clock(f"{DAY}13:10:00+07:00")
        agency = get_kind("agency")
        theirs = find(coordinator, agency, "KH-CNP")
        keeping.edit(coordinator, agency, theirs, {"name": "National Police of Cambodia"})
        inspect, guard = sorted(
            queries.list_records(police.store.connection, assignment), key=lambda one: one.title, reverse=True
        )
        keeping.edit(police, assignment, guard, {"title": "Guard both gates"})
        told = "Two vans leave at night, by the road behind the market.\nA third waits at the pier."
        keeping.edit(
            police,
            assignment,
            inspect,
            {"priority": "flash", "due": f"{DAY}16:30:00+07:00", "instructions": told},
        )
        swap(police, coordinator)
        coordinator.store.close()
        police.store.close()
    (folder / "INTERPOL").rename(folder / "store")
    shutil.rmtree(folder / "KH-CNP")
    settle(folder / "store", keys["INTERPOL"])
    return Kept(folder / "store", keys["INTERPOL"])


def _note(session: Session, words: str) -> None:
    kind = get_kind("agency")
    keeping.edit(session, kind, find(session, kind, session.store.me.agency), {"note": words})


def _erase(police: Session, shelter: Session) -> None:
    """A victim is referred, and who she is is erased before the shelter has taken that in."""
    victim = keeping.add(police, get_kind("victim"), {"age_band": "21-23", "family_name": "Chan"})
    consent_to_services(police, victim.id)
    kind = get_kind("referral")
    typed = {"victim": victim.id, "to": "KH-NGO", "services": ["shelter"], "urgency": "3h"}
    keeping.move(police, kind, keeping.add(police, kind, typed), "send", {})
    swap(police, shelter)
    set_clock(f"{DAY}11:30:00+07:00")
    erasing.erase(police, victim.id, ["identity"], reason="She asked for it")


def _first(session: Session, kind: str) -> Record:
    return queries.list_records(session.store.connection, get_kind(kind), sort=[("n", False)])[0]


def _consent(police: Session) -> None:
    set_clock(f"{DAY}10:49:00+07:00")
    typed = {
        "victim": _first(police, "victim").id,
        "purpose": ["services"],
        "parts": ["case", "care"],
        "to": ["any-provider"],
        "given_by": "individual",
        "until": "2024-01-15",
    }
    keeping.add(police, get_kind("consent"), typed)


def _decline(police: Session) -> None:
    """A referral that a hospital declined on the telephone."""
    set_clock(f"{DAY}12:40:00+07:00")
    kind = get_kind("referral")
    victim = keeping.add(
        police,
        get_kind("victim"),
        {"age_band": "9-17", "gender": "feminine", "languages": ["ms"], "needs": ["shelter", "medical"]},
    )
    typed = {"victim": victim.id, "to": "KH-HOSP", "services": ["shelter", "medical"], "urgency": "1d"}
    referral = keeping.add(police, kind, typed)
    keeping.move(police, kind, referral, "send", {})
    set_clock(f"{DAY}13:15:00+07:00")
    referral = find(police, kind, referral.id)
    keeping.move(police, kind, referral, "decline", {"decline_reason": "capacity-full"})


def _answer(shelter: Session) -> None:
    """The shelter accepts one of its referrals."""
    kind = get_kind("referral")
    referral = queries.list_records(shelter.store.connection, kind, sort=[("answer_due", True)])[0]
    set_clock(f"{DAY}14:20:00+07:00")
    typed = {"handover_place": "Shelter's gate, back door", "handover_at": "2023-10-17T17:00:00+07:00"}
    keeping.move(shelter, kind, referral, "accept", typed)


def _differ(coordinator: Session, police: Session) -> None:
    """A second conflict, in a text of several lines."""
    kind = get_kind("assignment")
    theirs = [Condition("agency", "=", police.own_agency)]
    [in_conflict] = queries.list_records(police.store.connection, kind, theirs, sort=[("due", True)], limit=1)
    for session, told in (
        (coordinator, "Bring torches\nand two interpreters"),
        (police, "Bring water\nand two interpreters"),
    ):
        keeping.edit(session, kind, find(session, kind, in_conflict.id), {"instructions": told})
    swap(coordinator, police)
