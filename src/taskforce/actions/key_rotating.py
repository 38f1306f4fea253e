"""Gives the store a new database key, and makes the key slots anew for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from taskforce import moments
from taskforce.errors import Locked, Refused, StoreError, TaskforceError
from taskforce.i18n import _
from taskforce.keys import agent, rewrapping, slots
from taskforce.keys.keyfile import read_key_file
from taskforce.keys.rewrapping import SlotAbout
from taskforce.keys.slot_proofs import is_proven
from taskforce.keys.slots import DEFAULT_MEMORY, DEFAULT_PASSES, KEY_BYTES, OpenedSlot, SlotSource
from taskforce.store import rekeying


@dataclass(slots=True)
class Plan:
    """Which slots can be made anew, each with what is to open it, and which cannot: `dropped`.

    A slot opens with a secret that nobody keeps. So only those can be made anew of which the secret is at hand, and
    recovery slots, which bring a fresh one along.
    """

    folder: Path
    opened: OpenedSlot = field(repr=False)
    found: list[dict[str, object]] = field(repr=False)
    _sources: dict[int, SlotSource] = field(repr=False, default_factory=dict)

    @property
    def dropped(self) -> tuple[SlotAbout, ...]:
        """The slots that would be left out."""
        return tuple(
            rewrapping.about_slot(slot) for at, slot in enumerate(self.found) if at not in self._sources
        )

    @property
    def passphrases(self) -> tuple[SlotAbout, ...]:
        """The slots among them that a passphrase opens."""
        return tuple(about for about in self.dropped if about.kind == "passphrase")

    def keep_key_file(self, path: str) -> None:
        """Keep the slot that opens with a key file. Refused if there is none."""
        secret = read_key_file(path)
        if not self._keep(("file", "recovery"), secret, range(len(self.found))):
            raise Refused(
                _("the key file %(path)s does not open this store, so there is no slot of it to keep")
                % {"path": path},
                code="not-this-key",
            )

    def keep_passphrase(self, name: str, passphrase: str) -> None:
        """Keep the slot called `name`, which opens with `passphrase`; Locked if it does not."""
        at = [rewrapping.about_slot(slot).name for slot in self.found].index(name)
        if not self._keep(("passphrase",), slots.passphrase_bytes(passphrase), [at]):
            raise Locked(_("this passphrase does not open the key slot %(slot)s") % {"slot": name})

    def keep_recovery(self, recipient: str) -> None:
        """Keep the recovery slots of a recipient whom somebody has named anew. Refused if there is none."""
        fresh = SlotSource.recovery(recipient)
        here = [
            at
            for at, slot in enumerate(self.found)
            if slot["kind"] == "recovery" and slot.get("recipient") == recipient
        ]
        if not here:
            raise Refused(
                _("there is no recovery slot for %(recipient)s") % {"recipient": recipient},
                hint=_("see them with: taskforce key list"),
                code="no-recovery",
            )
        for at in here:
            self._sources.setdefault(at, fresh)

    def keep_keyring(self, at: int, entry: str) -> None:
        """Keep a slot whose key this computer's keyring has; another computer's stays out."""
        from taskforce.keys import keyring  # deferred: an extra

        with suppress(Locked):
            self._keep(("keyring",), keyring.get(entry), [at])

    def _keep(self, kinds: tuple[str, ...], secret: bytes, places: Iterable[int]) -> bool:
        kept = False
        for at in places:
            slot = self.found[at]
            if slot["kind"] not in kinds:
                continue
            try:
                opened = slots.open_slots([slot], (str(slot["kind"]),), secret)
            except (Locked, StoreError):  # what is damaged opens with nothing
                continue
            if opened.key == self.opened.key:
                self._sources[at] = _source_of(slot, secret)
                kept = True
        return kept

    def new_slots(self, new_key: bytes) -> list[dict[str, object]]:
        """The slots that open `new_key`, in the old order; it takes a quarter of a second for each passphrase."""
        made: list[dict[str, object]] = []
        at = moments.time_text(moments.now())
        for place in sorted(self._sources):
            label = rewrapping.about_slot(self.found[place]).label
            source = replace(self._sources[place], label=label, made=at)
            made.append(rewrapping.lock_tried(made, new_key, source))
        return made


@dataclass(frozen=True, slots=True)
class Rotated:
    """The slots that open the store now, those that are no more, and the copies that were deleted with the old key."""

    slots: tuple[SlotAbout, ...]
    dropped: tuple[SlotAbout, ...]
    deleted: tuple[str, ...]


def plan(folder: Path, opened: OpenedSlot) -> Plan:
    """What can be kept without asking: the slot that was opened, and recovery slots whose recipient is proven."""
    made = Plan(folder, opened, slots.read_slots(folder))
    for at, slot in enumerate(made.found):
        if slot == opened.slot:
            made._sources[at] = _source_of(slot, opened.secret)
        elif slot["kind"] == "recovery" and is_proven(slot, opened.key):
            made.keep_recovery(str(slot.get("recipient")))
        elif slot["kind"] == "keyring" and (entry := slots.entry_of(slot)):
            made.keep_keyring(at, entry)
    return made


def rotate(chosen: Plan, *, progress: Callable[[int], None] = lambda _steps: None) -> Rotated:
    """Give the store a new database key. Nobody else may have it open.

    StoreError if somebody has, if the disk has no room for a second copy of the database, or fails: then the old key
    counts still, or with the code `half-turned` the new one. Refused if the slots have changed since they were planned.
    """
    new_key = os.urandom(KEY_BYTES)
    made = chosen.new_slots(new_key)
    progress(1)
    with rekeying.turning(chosen.folder, chosen.opened.key, new_key) as turning:
        content = rewrapping.content_of(chosen.folder)
        if slots.slots_of(content) != chosen.found:
            raise Refused(
                _("the key slots were changed meanwhile"),
                hint=_("look at them, and try again"),
                code="changed",
            )
        turning.switch(rewrapping.slot_file({**content, "slots": made, "salt": turning.salt}))
    with suppress(
        OSError, TaskforceError
    ):  # a key that opens nothing any more is not used: it only need not be kept
        agent.end_agent(chosen.folder)
    return Rotated(tuple(rewrapping.about_slot(slot) for slot in made), chosen.dropped, turning.deleted)


def _source_of(slot: dict[str, object], secret: bytes) -> SlotSource:
    """What opens a slot made anew with the same secret; a guess at a passphrase gets no cheaper."""
    about = rewrapping.about_slot(slot)
    return SlotSource(
        about.kind,
        secret,
        passes=max(about.passes, DEFAULT_PASSES),
        memory=max(about.memory, DEFAULT_MEMORY),
        recipient=about.recipient,
        entry=slots.entry_of(slot),
    )
