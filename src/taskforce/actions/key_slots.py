"""Adds, changes and removes key slots: what opens the store. Its database is read to try the key, and not written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from taskforce import moments
from taskforce.errors import UsageError
from taskforce.i18n import _
from taskforce.keys import rewrapping, slots
from taskforce.keys.rewrapping import LONGEST_LABEL, SlotAbout
from taskforce.keys.slots import DEFAULT_MEMORY, DEFAULT_PASSES, OpenedSlot, SlotSource
from taskforce.store.store import Store
from taskforce.text import clean_input


def add_slot(folder: Path, opened: OpenedSlot, source: SlotSource, label: str = "") -> SlotAbout:
    """Let the store open with `source`, too. `label` is for people, and everybody can read it."""
    dated = replace(source, label=read_label(label), made=_now())
    with Store.held(folder, opened.key):
        return rewrapping.add_slot(folder, opened, dated)


def add_keyring_slot(folder: Path, opened: OpenedSlot, label: str = "") -> SlotAbout:
    """Let the store open with what the system's keyring is given to keep; as `add_slot`."""
    from taskforce.keys import keyring  # deferred: an extra

    source = SlotSource.keyring()
    keyring.put(source.entry, source.secret)
    try:
        return add_slot(folder, opened, source, label)
    except BaseException:
        keyring.drop(source.entry)  # it opens nothing
        raise


def change_slot(folder: Path, opened: OpenedSlot, source: SlotSource) -> SlotAbout:
    """Let the store open with `source` in place of what opened it; the label stays, and guessing gets no cheaper."""
    old = rewrapping.about_slot(opened.slot)
    dated = replace(
        source,
        label=old.label,
        made=_now(),
        passes=max(old.passes, DEFAULT_PASSES),
        memory=max(old.memory, DEFAULT_MEMORY),
    )
    with Store.held(folder, opened.key):
        return rewrapping.replace_slot(folder, opened, dated)


def remove_slot(folder: Path, opened: OpenedSlot, name: str) -> SlotAbout:
    """Let the store open no more with what opens the slot called `name`; never the one that opened it now."""
    found = slots.read_slots(folder)
    with Store.held(folder, opened.key):
        removed = rewrapping.remove_slot(folder, opened, name)
    if removed.kind == "keyring":
        from taskforce.keys import keyring  # deferred: an extra

        for slot in found:
            if rewrapping.about_slot(slot) == removed and (entry := slots.entry_of(slot)):
                keyring.drop(entry)  # what another computer's has stays there, and opens nothing any more
    return removed


def read_label(text: str) -> str:
    """A label as it is kept; UsageError if it is no text, or too long."""
    try:
        label = " ".join(clean_input(text).split())
    except ValueError:
        raise UsageError(_("the label is not valid text"), hint=_("type it in UTF-8")) from None
    if len(label) > LONGEST_LABEL:
        raise UsageError(_("a label has at most %(count)d characters") % {"count": LONGEST_LABEL})
    return label


def _now() -> str:
    return moments.time_text(moments.now())
