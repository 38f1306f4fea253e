"""`taskforce key list|add|change|remove|rotate|recovery`: what opens the store."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from typer.core import TyperCommand

from taskforce import console, moments
from taskforce.commands.frame import argument, command, flag, opened_slot, opener, option, store_folder
from taskforce.commands.key_rotate import make_rotate
from taskforce.commands.key_words import check_named
from taskforce.commands.passphrases import new_passphrase
from taskforce.errors import Refused, UsageError
from taskforce.i18n import N_, _
from taskforce.output import Column, Fields, Line, Raw, Result, Table
from taskforce.reports.slot_views import costs, kind_words, slot_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from taskforce.keys.rewrapping import SlotAbout
    from taskforce.keys.slots import SlotSource

GROUP = ("key", N_("The key slots: what opens this store"))


def make_list() -> TyperCommand:
    """`key list`."""
    return command(
        "list",
        run_list,
        _(
            "What opens this store, and what a guess at it costs. It takes no key: the slots say so to everybody."
        ),
        lists=True,
    )


def run_list() -> Result:
    """List the slots."""
    from taskforce.keys import rewrapping  # deferred: loads the cryptographic libraries

    found = rewrapping.list_slots(store_folder())
    columns = (
        Column(_("Slot"), "slot"),
        Column(_("Opens with"), "kind"),
        Column(_("Label"), "label", wrap=True),
        Column(_("Made"), "made"),
        Column(_("A guess costs"), "passes", priority=2),
    )
    rows = tuple(
        (one.name, kind_words(one), one.label, moments.show_time(one.made) if one.made else "", costs(one))
        for one in found
    )
    view = Table(columns, rows, _("no key slots"))
    return Result([slot_data(one) for one in found], view, _of_agent(), plural="slots")


def make_add() -> TyperCommand:
    """`key add --passphrase|--new-key-file FILE`."""
    return command(
        "add",
        run_add,
        _(
            "Let this store open with one more thing: a passphrase, which is asked for twice (six random words are "
            "proposed); a key file, which is made if it is not there; a key in the keyring of this computer, for "
            "whoever is logged in; or, for recovery, a key file that is sealed to an age recipient and kept among the "
            "slots. Nothing in the database is written."
        ),
        [
            flag("--passphrase", _("Ask for a new passphrase")),
            option("--new-key-file", _("The key file that is to open the store, too"), metavar="FILE"),
            flag("--keyring", _("A key in this computer's keyring")),
            option("--recovery", _("The age recipient who can recover the store"), metavar="AGE1…"),
            option("--label", _("What it is, or whose; everybody who has the store can read it")),
        ],
    )


def run_add(
    passphrase: bool, new_key_file: str | None, keyring: bool, recovery: str | None, label: str | None
) -> Result:
    """Add a slot."""
    from taskforce.actions import key_slots  # deferred: loads the cryptographic libraries
    from taskforce.keys.keyfile import make_key_file
    from taskforce.keys.slots import SlotSource

    if [passphrase, bool(new_key_file), keyring, bool(recovery)].count(True) != 1:
        raise UsageError(
            _("one of --passphrase, --new-key-file, --keyring and --recovery is needed"),
            hint="taskforce key add --passphrase",
        )
    key_slots.read_label(label or "")  # before anything is asked for
    sealed = _for_recovery(recovery) if recovery else None
    one = opener()
    opened = opened_slot(one)
    if sealed is not None:
        made = key_slots.add_slot(one.folder, opened, sealed, label or "")
        return _changed(
            _("A new recovery slot"),
            made,
            _("try it before you need it: taskforce key recovery %(slot)s") % {"slot": made.name},
        )
    if keyring:
        return _changed(_("A new key slot"), key_slots.add_keyring_slot(one.folder, opened, label or ""))
    if not new_key_file:
        source = SlotSource.passphrase(new_passphrase(instead="--new-key-file"))
        return _changed(_("A new key slot"), key_slots.add_slot(one.folder, opened, source, label or ""))
    file = make_key_file(new_key_file)
    try:
        made = key_slots.add_slot(one.folder, opened, SlotSource.key_file(file.path), label or "")
    except BaseException:
        if file.created:  # it opens nothing
            with contextlib.suppress(OSError):
                os.unlink(file.path)
        raise
    notes = [file.note] if file.note else []
    if os.path.realpath(os.path.dirname(file.path) or ".") == os.path.realpath(one.folder):
        notes.append(
            _("the key file stands in the store's own folder: whoever takes or copies that reads everything")
        )
    return _changed(_("A new key slot"), made, *notes)


def _for_recovery(recipient: str) -> SlotSource:
    from taskforce.keys.slots import SlotSource  # deferred: loads the cryptographic libraries

    check_named("--recovery", recipient.strip())
    return SlotSource.recovery(recipient.strip())


def make_change() -> TyperCommand:
    """`key change`."""
    return command(
        "change",
        run_change,
        _(
            "A new passphrase in place of the one that you give. Both are asked for, whatever key file is named; six "
            "random words are proposed. Nothing in the database is written."
        ),
    )


def run_change() -> Result:
    """Change a passphrase."""
    from taskforce.actions import key_slots  # deferred: loads the cryptographic libraries
    from taskforce.actions.unlocking import Opener
    from taskforce.keys import slots

    one = Opener(store_folder(), keyring=False)
    if "passphrase" not in slots.slot_kinds(one.folder):
        raise Refused(
            _("no passphrase opens this store, so there is none to change"),
            hint=_("add one: taskforce key add --passphrase"),
            code="no-passphrase",
        )
    opened = opened_slot(one)
    source = slots.SlotSource.passphrase(new_passphrase(instead="taskforce key add --new-key-file"))
    if slots.opens(opened, source):
        raise UsageError(_("this is the passphrase that the store has now"), hint=_("choose another one"))
    made = key_slots.change_slot(one.folder, opened, source)
    return _changed(_("The new passphrase"), made, _of_copies())


def make_remove() -> TyperCommand:
    """`key remove SLOT`."""
    return command(
        "remove",
        run_remove,
        _(
            "Let this store open no more with what opens this slot. Open it with what is to stay: the slot that it "
            "is opened with is never removed. Nothing in the database is written."
        ),
        [
            argument("slot", _("Its name, as key list has it"), complete=_complete_slots),
            flag("--yes/-y", _("Do not ask")),
        ],
    )


def run_remove(slot: str, yes: bool) -> Result:
    """Remove a slot."""
    from taskforce.actions import key_slots  # deferred: loads the cryptographic libraries
    from taskforce.keys import rewrapping

    one = opener()
    about = rewrapping.find_slot(one.folder, slot)
    opened = opened_slot(replace(one, keyring=about.kind != "keyring"))
    what = f"{about.name}, {kind_words(about)}" + (f", {about.label}" if about.label else "")
    if not console.confirm(_("Remove this key slot (%(what)s)?") % {"what": what}, yes=yes):
        raise Refused(_("nothing was removed"), code="not-confirmed")
    removed = key_slots.remove_slot(one.folder, opened, about.name)
    return _changed(_("This opens the store no more"), removed, _of_copies())


def make_recovery() -> TyperCommand:
    """`key recovery SLOT`."""
    return command(
        "recovery",
        run_recovery,
        _(
            "The sealed key file of a recovery slot. Its recipient opens it with the program age and their identity; "
            "the key file opens this store. It takes no key."
        ),
        [
            argument("slot", _("Its name, as key list has it"), complete=_complete_slots),
            option("--output/-o", _("File; standard output if left out"), metavar="FILE"),
            flag("--force", _("Replace an existing file")),
        ],
    )


def run_recovery(slot: str, output: str | None, force: bool) -> Result:
    """Write what a recovery slot holds for its recipient."""
    from taskforce.files import new_file  # deferred: few commands write a file
    from taskforce.keys import rewrapping  # deferred: loads the cryptographic libraries

    folder = store_folder()
    about, text = rewrapping.find_slot(folder, slot), rewrapping.recovery_file(folder, slot)
    data = {"slot": about.name, "recipient": about.recipient}
    if output is None or output == "-":
        return Result({**data, "age": text}, Raw(text))
    with new_file(Path(output), replace=force) as stream:
        stream.write(text.encode("ascii"))
    pairs = (
        (_("Sealed key file"), output),
        (_("For"), about.recipient),
        (_("They run"), Line(f"age -d -i IDENTITY -o KEY {output}", "command")),
        (_("Then"), Line("taskforce key add --passphrase --key-file KEY", "command")),
    )
    return Result({**data, "file": output}, Fields(about.name, pairs))


VERBS = {
    "list": (N_("What opens this store"), make_list),
    "add": (N_("One more passphrase or key file"), make_add),
    "change": (N_("A new passphrase in place of the old one"), make_change),
    "remove": (N_("One passphrase or key file less"), make_remove),
    "rotate": (N_("A new database key: the store is encrypted anew"), make_rotate),
    "recovery": (N_("The sealed key file of a recovery slot"), make_recovery),
}


def _complete_slots(_context: Any, _parameter: Any, typed: str) -> list[str]:
    from taskforce.errors import TaskforceError
    from taskforce.keys import rewrapping  # deferred: loads the cryptographic libraries

    try:
        found = rewrapping.list_slots(store_folder())
    except TaskforceError:  # there is nothing to complete
        return []
    return [one.name for one in found if one.name.casefold().startswith(typed.casefold())]


def _changed(title: str, about: SlotAbout, *notes: str) -> Result:
    pairs = (
        (_("Slot"), about.name),
        (_("Opens with"), kind_words(about)),
        (_("Recipient"), about.recipient),
        (_("Label"), about.label),
        (_("Made"), moments.show_time(about.made) if about.made else ""),
        (_("A guess costs"), costs(about)),
    )
    said = tuple((name, text) for name, text in pairs if text)
    return Result(slot_data(about), Fields(title, said), notes)


def _of_agent() -> tuple[str, ...]:
    """That the database's key is with an agent, if it is: no slot is asked for then."""
    from taskforce.commands.unlock import unlocked_text  # deferred: only here
    from taskforce.keys.agent import ask_state

    state = ask_state(store_folder())
    return () if state is None else (unlocked_text(state),)


def _of_copies() -> str:
    return _(
        "copies and backups of the store that were made before still open with what opened them then, and whoever "
        "had such a copy and its key may have kept the database's own key, which stays the same until: taskforce key "
        "rotate"
    )
