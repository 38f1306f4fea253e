"""The stores of tests about trust: an operation's lead, and who takes part; two of these have never met."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path

from replicas import Replica, export, make_replica, second_device, take, verify

from taskforce.actions import introducing, keeping
from taskforce.records.registry import get_kind

OPERATION = get_kind("operation")


@dataclass
class Stores:
    """The stores by name (a second device bears its agency's code and a 2), and the operation's id."""

    every: dict[str, Replica]
    operation: str


@cache
def stores() -> Stores:
    """Made once. NORTH and SOUTH have compared words with LEAD and EAST, not with each other. EAST is in nothing."""
    folder = Path(tempfile.mkdtemp(prefix="trust", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    atexit.register(shutil.rmtree, folder, True)
    codes = ("LEAD", "NORTH", "SOUTH", "EAST")
    every = {code: make_replica(folder / code, code, name=code.title(), country="KH") for code in codes}
    for one, other in permutations(every.values(), 2):
        if {one.code, other.code} != {"NORTH", "SOUTH"}:
            verify(one, other)
    lead = every["LEAD"]
    operation = keeping.add(lead.session, OPERATION, {"codename": "NIGHT COACH", "lead": "LEAD"}).id
    for code in codes[1:]:
        keeping.add(lead.session, get_kind("agency"), {"code": code, "country": "KH"})
        if code != "EAST":
            keeping.join(lead.session, {"operation": operation, "agency": code, "role": "partner"})
    for code in codes[1:]:
        take(every[code], export(lead, code))
    for code in ("LEAD", "NORTH"):
        every[code + "2"] = second_device(folder / (code + "2"), every[code])
        take(every[code + "2"], export(every[code], code))
    for one in every.values():
        one.keep()
    return Stores(every, operation)


def introduce(made: Stores) -> None:
    """LEAD signs a roster, and all hear of it."""
    lead = made.every["LEAD"]
    introducing.make_roster(lead.session, keeping.require(lead.session, OPERATION, made.operation))
    for code in ("NORTH", "SOUTH", "EAST"):
        take(made.every[code], export(lead, code))
