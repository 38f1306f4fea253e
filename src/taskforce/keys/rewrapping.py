"""Changes the key slots of a store: one more, one in place of another, one less. The database key stays what it is.

The file of slots is written anew, whole or not at all, so a program that is killed leaves the slots as they were
before or as they are after. Two programs that change it at once are kept apart by the caller (`Store.held`). What a
killed program leaves beside the file, an older set of slots perhaps, goes with the next change.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from taskforce.crockford import normalise, short_digest
from taskforce.errors import Locked, NotFound, Refused, StoreError
from taskforce.files import new_file
from taskforce.i18n import _
from taskforce.keys import sealing, slots
from taskforce.keys.slots import FILE_NAME, MOST_BYTES, MOST_SLOTS, OpenedSlot, SlotSource

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST_LABEL = 60  # characters


@dataclass(frozen=True, slots=True)
class SlotAbout:
    """What a slot says of itself to whoever has the file: its ``name``, kind, label, when it was made, its costs.

    What it does not say, or nonsense, is empty or 0; ``memory`` is in bytes.
    """

    name: str
    kind: str
    label: str
    made: str
    kdf: str
    passes: int
    memory: int
    recipient: str


def list_slots(folder: str | os.PathLike[str]) -> tuple[SlotAbout, ...]:
    """Return what the slots of the store in ``folder`` say, in the file's order. It takes no key."""
    return tuple(about_slot(slot) for slot in slots.read_slots(folder))


def add_slot(folder: str | os.PathLike[str], opened: OpenedSlot, source: SlotSource) -> SlotAbout:
    """Add a slot that opens with ``source``.

    Raises Refused if the store has as many as it may have, or opens with this key file already.
    """
    with _slots_to_change(folder, opened) as found:
        if len(found) >= MOST_SLOTS:
            raise Refused(
                _("a store has at most %(count)d key slots") % {"count": MOST_SLOTS},
                hint=_("remove one first: taskforce key remove SLOT"),
                code="many-slots",
            )
        if source.kind == "file" and any(
            slots.opens(OpenedSlot(opened.key, slot), source) for slot in found if slot["kind"] == "file"
        ):
            raise Refused(_("this key file opens this store already"), code="same-key")
        made = lock_tried(found, opened.key, source)
        found.append(made)
    return about_slot(made)


def replace_slot(folder: str | os.PathLike[str], opened: OpenedSlot, source: SlotSource) -> SlotAbout:
    """Put a slot that opens with ``source`` in the place of the one that was opened."""
    with _slots_to_change(folder, opened) as found:
        made = lock_tried(found, opened.key, source)
        found[found.index(dict(opened.slot))] = made
    return about_slot(made)


def remove_slot(folder: str | os.PathLike[str], opened: OpenedSlot, name: str) -> SlotAbout:
    """Take the slot called ``name`` out.

    Never the one that was opened just now: so there is always one left that somebody has the key to. Raises Refused
    then, NotFound if there is none of that name.
    """
    with _slots_to_change(folder, opened) as found:
        slot = _called(found, name)
        if len(found) == 1:
            raise Refused(
                _("this is the only key slot: without it nobody could open the store again"),
                hint=_("add another first: taskforce key add --passphrase"),
                code="last-slot",
            )
        if slot == opened.slot:
            raise Refused(
                _("the store was opened with this very slot: open it with what is to stay"),
                hint=_("name another key file with --key-file, or leave it out to be asked for a passphrase"),
                code="own-slot",
            )
        found.remove(slot)
    return about_slot(slot)


def find_slot(folder: str | os.PathLike[str], name: str) -> SlotAbout:
    """Return what the slot called ``name`` says; raises NotFound if there is none."""
    return about_slot(_called(slots.read_slots(folder), name))


def recovery_file(folder: str | os.PathLike[str], name: str) -> str:
    """Return the age file in the recovery slot called ``name``: what its recipient unseals is a key file.

    Raises NotFound if there is no such slot, Refused if it is of another kind. It takes no key.
    """
    slot = _called(slots.read_slots(folder), name)
    text = slot.get("age")
    if slot["kind"] != "recovery" or not isinstance(text, str) or not sealing.is_armored(text):
        raise Refused(
            _("%(name)s is not a recovery slot") % {"name": _name(slot)},
            hint=_("make one: taskforce key add --recovery age1…"),
            code="no-recovery",
        )
    return text


def _called(found: list[dict[str, object]], name: str) -> dict[str, object]:
    """Return the slot called ``name``, which may be typed in any case, and without its first two characters."""
    wanted = normalise(name.strip())
    same = [slot for slot in found if normalise(_name(slot)) in (wanted, f"k-{wanted}")]
    if len(same) != 1:
        raise NotFound(
            _('there is no key slot "%(name)s"') % {"name": name}, hint=_("see them with: taskforce key list")
        )
    return same[0]


def lock_tried(found: list[dict[str, object]], key: bytes, source: SlotSource) -> dict[str, object]:
    """Return a slot for ``source``, of a name that none in ``found`` has; tried once: it gives back ``key``."""
    names = {_name(slot) for slot in found}
    while True:
        made = slots.lock_slot(source, key)
        if _name(made) not in names:
            break
    if slots.open_slots([made], (source.kind,), source.secret).key != key:
        raise StoreError(_("the new key slot does not open: nothing was changed"), code="key-slots")
    return made


def about_slot(slot: Mapping[str, object]) -> SlotAbout:
    """Return what ``slot`` says of itself; what it says may be anything."""

    def text(name: str, longest: int = LONGEST_LABEL) -> str:
        value = slot.get(name)
        return value[:longest] if isinstance(value, str) else ""

    def number(name: str) -> int:
        value = slot.get(name)
        return (
            value if type(value) is int and 0 <= value < 1 << 53 else 0
        )  # what JSON's other readers can hold

    return SlotAbout(
        _name(slot),
        text("kind"),
        text("label"),
        text("made"),
        text("kdf"),
        number("passes"),
        number("memory"),
        text("recipient", 100),
    )


def _name(slot: Mapping[str, object]) -> str:
    """Return a short name that says nothing: a digest of what is sealed, or of the kind where nothing is."""
    what = slot.get("sealed")
    text = what if isinstance(what, str) else str(slot["kind"])
    return "K-" + short_digest(b"taskforce key slot", text.encode("utf-8", "surrogatepass"))[:4].upper()


@contextmanager
def _slots_to_change(folder: str | os.PathLike[str], opened: OpenedSlot) -> Iterator[list[dict[str, object]]]:
    """Give the slots to change, and write them when the block ends; on any exception nothing has changed.

    Raises Locked if the slot that was opened is there no more: somebody took it away meanwhile.
    """
    path = Path(folder) / FILE_NAME
    content = content_of(folder)
    found = slots.slots_of(content)
    if opened.slot not in found:
        raise Locked(_("this key does not open this store"))
    yield found
    data = slot_file({**content, "slots": found})
    with new_file(path, replace=True, is_of_store=True) as stream:
        stream.write(data)
    _sweep(path)


def content_of(folder: str | os.PathLike[str]) -> dict[str, object]:
    """Return what the file of slots holds, to write it anew: what was left beside it is gone then.

    Raises StoreError if it is a link. To be called where nobody else can change it (`Store.held`).
    """
    path = Path(folder) / FILE_NAME
    if path.is_symlink():
        raise StoreError(
            _("%(path)s is a symbolic link") % {"path": path},
            hint=_("put the file itself there"),
            code="key-slots",
        )
    _sweep(path)
    return slots.read_slot_file(folder)


def slot_file(content: Mapping[str, object]) -> bytes:
    """Return the bytes of a file of slots. Raises Refused if it would be longer than is read."""
    import json  # deferred: as in `slots`

    data = json.dumps(content, indent=2).encode("ascii") + b"\n"
    if len(data) > MOST_BYTES:
        raise Refused(
            _("the key slots would be too long"), hint=_("remove one first: taskforce key remove SLOT")
        )
    return data


def _sweep(path: Path) -> None:
    """Delete what a program that was killed left beside the slots: what is in there may open the store."""
    for left in path.parent.glob(f".{path.name}.*"):
        try:
            left.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(
                _("%(path)s cannot be deleted: %(reason)s")
                % {"path": left, "reason": os.strerror(error.errno or 0)},
                hint=_("delete it by hand: it may hold key slots that were taken away"),
                code="key-slots",
            ) from None
