"""Six stores of four agencies agree in the end, whenever devices are lost, forks are forged and rosters are signed.

NORTH and SOUTH know each other by LEAD's rosters only, until the end. LEAD and NORTH have a second device each, which
is lost at some moment: whoever has it writes on, and signs other edits under numbers that it has given out.
"""

from __future__ import annotations

import json
import os
import random
from contextlib import suppress
from itertools import permutations
from typing import Any

import pytest
from replicas import Replica, carried_by, certificate_of, export, sign_edit, take, verify
from trusting import stores

from taskforce.actions import auditing, checking, erasing, introducing, keeping, revoking
from taskforce.crockford import natural_id
from taskforce.errors import Ambiguous, Refused, TrustError, UsageError
from taskforce.records.registry import get_kind
from taskforce.store import queries

OPERATION, PARTICIPATION = get_kind("operation"), get_kind("participation")
CONTACT, SITE, LOG = get_kind("contact"), get_kind("site"), get_kind("log")
ROUNDS = 10
STORIES = int(os.environ.get("TASKFORCE_STORIES", "4"))


class Story:
    """What happens, one step after the other."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        made = stores()
        self.stores, self.operation = made.every, made.operation
        for one in self.stores.values():
            one.put_back()
        self.forges = seed % 2 == 1
        self.under_way: list[tuple[str, bytes]] = []
        self.revoked: set[str] = set()
        self._words = 0

    def word(self) -> str:
        self._words += 1
        return f"word {self._words}"

    def any(self) -> Replica:
        return self.rng.choice(list(self.stores.values()))

    def step(self) -> None:
        """Something happens."""
        acts = [self.write] * 8 + [self.send] * 6 + [self.arrive] * 8
        acts += [self.revoke, self.revoke, self.roster, self.erase, self.part]
        acts += [self.twin] * 2 if self.forges else [self.erase] * 2
        with suppress(Refused):
            self.rng.choice(acts)()

    def write(self) -> None:
        """Somebody writes: a record of the operation, or a contact, or to one that is there."""
        lost = self.stores[self.rng.choice(["LEAD2", "NORTH2"])]
        who = lost if self.rng.random() < 0.3 else self.any()
        kind = self.rng.choice([CONTACT, CONTACT, SITE, LOG])
        every = queries.list_records(who.connection, kind)
        if every and kind.editable and self.rng.random() < 0.6:
            keeping.edit(who.session, kind, self.rng.choice(every), {kind.title: self.word()})
            return
        more = {"agency": who.code} if kind is CONTACT else {"operation": self.operation}
        keeping.add(who.session, kind, {kind.title: self.word(), **more})

    def erase(self) -> None:
        """Somebody erases what its agency made; no contact: what is erased could not prove that a feed forked."""
        who, kind = self.any(), SITE
        if self.forges and who.device != self.stores[who.code].device:
            return  # what erases in a feed that forked goes no further than it has come
        own = [
            one
            for one in queries.list_records(who.connection, kind)
            if queries.owner_of(who.connection, kind, one.id) == who.code
        ]
        if own:
            erasing.erase(who.session, self.rng.choice(own).id, reason="asked to")

    def send(self, who: Replica | None = None, to: str = "") -> bool:
        """A bundle goes under way, to every device of an agency."""
        who = who or self.any()
        to = to or self.rng.choice(["LEAD", "NORTH", "SOUTH", "EAST"])
        try:
            data = export(who, to)
        except TrustError:
            return False
        for name, one in self.stores.items():
            if one.code == to and one is not who:
                self.under_way.append((name, data))
        return True

    def arrive(self) -> int:
        """One arrives, at one device; or never; or once more later."""
        if not self.under_way:
            return 0
        at = self.rng.randrange(len(self.under_way))
        name, data = self.under_way[at] if self.rng.random() < 0.2 else self.under_way.pop(at)
        return self.take(name, data)

    def take(self, name: str, data: bytes) -> int:
        """A store takes a bundle in, or refuses it."""
        try:
            return take(self.stores[name], data).new
        except TrustError:
            return 0

    def revoke(self) -> None:
        """An agency hears that its second device is lost, and says what was good of it."""
        code = self.rng.choice(["LEAD", "NORTH"])
        base, lost = self.stores[code], self.stores[code + "2"]
        with suppress(UsageError, Ambiguous):
            number = self.rng.choice([None, self.rng.randrange(6)])
            revoking.revoke(base.session, revoking.plan_revocation(base.session, lost.device, number))
            self.revoked.add(code + "2")

    def roster(self) -> None:
        """LEAD signs a roster, of all or without some."""
        lead = self.stores["LEAD"]
        some = [code for code in ("NORTH", "SOUTH") if self.rng.random() < 0.3]
        introducing.make_roster(
            lead.session, keeping.require(lead.session, OPERATION, self.operation), without=some
        )

    def part(self, name: str = "") -> None:
        """EAST takes part, or no more, or again; who says so may be who has LEAD's lost device."""
        lead = self.stores[name or self.rng.choice(["LEAD", "LEAD2"])]
        every = queries.list_records(lead.connection, PARTICIPATION, archived=True)
        taking = [one for one in every if one.text("agency") == natural_id("agency", "EAST")]
        if taking:
            keeping.set_archived(lead.session, PARTICIPATION, taking[0], archived=not taking[0].archived)
        else:
            keeping.join(lead.session, {"operation": self.operation, "agency": "EAST", "role": "partner"})

    def twin(self) -> None:
        """The thief signs a second edit of a contact with a number that was given out; somebody carries it."""
        lost = self.stores[self.rng.choice(["LEAD2", "NORTH2"])]
        rows = lost.connection.execute(
            "SELECT body FROM edit JOIN feed ON feed.id = edit.feed WHERE device = ? AND kind = 'contact' "
            "AND json_extract(body, '$.sig') IS NOT NULL AND json_extract(body, '$.set.name') IS NOT NULL",
            (lost.device,),
        ).fetchall()
        relay, to = self.any(), self.any()
        if not rows or relay.code == to.code or relay is lost:
            return
        body = json.loads(self.rng.choice(rows)[0])
        other = sign_edit(lost, {**body, "set": {**body["set"], "name": self.word()}})
        certificates = [certificate_of(relay), certificate_of(lost)]
        data = carried_by(relay, to, [other], 10_000 + self._words, certificates)
        self.take(next(name for name, one in self.stores.items() if one is to), data)

    def settle(self) -> dict[str, Replica]:
        """All compare words, EAST takes part, and bundles go round until nobody has anything to say; who is left."""
        for one, other in permutations([self.stores[code] for code in ("LEAD", "NORTH", "SOUTH", "EAST")], 2):
            verify(one, other)
        left = {name: one for name, one in self.stores.items() if name not in self.revoked}
        for one in left.values():
            if one.code != one.device and one is self.stores.get(one.code + "2"):
                for code in ("LEAD", "NORTH", "SOUTH", "EAST"):
                    if code != one.code:
                        verify(one, self.stores[code])
        self._exchange(left)
        self.part("LEAD")  # who has seen all that was said of it
        if not self._takes_part():
            self.part("LEAD")
        self._exchange(left)
        return left

    def _exchange(self, left: dict[str, Replica]) -> None:
        quiet = 0
        for _round in range(ROUNDS):
            new = 0
            for one in left.values():
                for code in ("LEAD", "NORTH", "SOUTH", "EAST"):
                    self.under_way = []
                    self.send(one, code)
                    new += sum(self.take(*each) for each in self.under_way)
            quiet = quiet + 1 if not new else 0
            if quiet == 2:
                return
        raise AssertionError("they go on for ever")

    def _takes_part(self) -> bool:
        every = queries.list_records(self.stores["LEAD"].connection, PARTICIPATION)
        return any(one.text("agency") == natural_id("agency", "EAST") for one in every)


def seen(one: Replica) -> dict[str, Any]:
    """What a store shows, and what it holds of what others may have."""
    connection = one.connection
    found: dict[str, Any] = {}
    for kind in (OPERATION, PARTICIPATION, CONTACT, SITE, LOG, get_kind("agency")):
        found[kind.name] = {
            each.id: (each.values, each.archived, queries.owner_of(connection, kind, each.id))
            for each in queries.list_records(connection, kind, archived=True)
            if kind not in (SITE, LOG) or each.text("operation")
        }
    found["forks"] = sorted(connection.execute("SELECT feed, number FROM fork"))
    found["erased"] = sorted(connection.execute("SELECT DISTINCT record, part FROM erasure"))
    found["conflicts"] = sorted(
        each
        for each in connection.execute("SELECT record, kind, part, field FROM conflict")
        if each[1] not in ("site", "log") or each[0] in found[each[1]]
    )
    return found


@pytest.mark.parametrize("seed", range(STORIES))
def test_all_agree_in_the_end(seed: int) -> None:
    story = Story(seed)
    for _step in range(story.rng.choice([20, 40, 80])):
        story.step()
    left = story.settle()
    first, *others = left
    told = seen(left[first])
    for name in others:
        for what, values in seen(left[name]).items():
            assert values == told[what], f"{name} and {first} differ in {what}"
    for name, one in left.items():
        assert not checking.check(one.session).faults, name
        wrong = [
            each.text
            for each in auditing.verify(one.session, with_tables=False).faults
            if each.what != "forked"
        ]
        assert not wrong, name
