"""`taskforce backup FILE`, `backup verify FILE` and `restore FILE`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from typer.core import TyperCommand

from taskforce import moments
from taskforce.commands.frame import (
    argument,
    command,
    flag,
    open_session,
    opened_key,
    opener,
    store_folder,
)
from taskforce.errors import Refused
from taskforce.i18n import N_, _, ngettext
from taskforce.output import Fields, Line, Result

GROUP = ("backup", N_("Copy the whole store into one encrypted file, and check such a file"))


LEFT_OUT = "write"


def make_write() -> TyperCommand:
    """`backup FILE`."""
    return command(
        "write",
        run_write,
        _(
            "Write the whole store to one file, encrypted: it opens with the passphrase or key file that the store "
            "has now. Others may work in the store meanwhile. The word write may be left out."
        ),
        [argument("file", _("The file to make")), flag("--force", _("Replace an existing file"))],
    )


def run_write(file: str, force: bool) -> Result:
    """Write a backup."""
    from taskforce.actions import backups  # deferred: brings the reader and writer of archives

    session = open_session()
    size = backups.write_backup(session, Path(file), replace=force)
    pairs = (
        (_("Backup"), file),
        (_("Size"), _("%(count)s bytes") % {"count": f"{size:,}"}),
        (_("Next"), Line(f"taskforce backup verify {file}", "command")),
    )
    return Result({"file": file, "bytes": size}, Fields(session.store.me.agency, pairs))


def make_verify() -> TyperCommand:
    """`backup verify FILE`."""
    return command(
        "verify",
        run_verify,
        _(
            "Open a backup with its passphrase or key file, check all of it, and say what it holds and of when."
        ),
        [argument("file", _("The backup"))],
    )


def run_verify(file: str) -> Result:
    """Check a backup; refused (4) if something is wrong with it."""
    from taskforce.actions import backups  # deferred: as above

    found = backups.verify_backup(Path(file), _key_of)
    if found.faults:
        raise Refused(
            ngettext(
                "%(count)d fault: %(first)s", "%(count)d faults, the first: %(first)s", len(found.faults)
            )
            % {"count": len(found.faults), "first": found.faults[0]},
            hint=_("make another backup, and keep an older one until then"),
            code="damaged",
        )
    data: dict[str, object] = {
        "file": found.file,
        "made": found.made,
        "clock": found.clock or None,
        "agency": found.agency,
        "officer": found.officer,
        "device": found.device,
        "feed": found.feed,
        "edits": found.edits,
        "records": found.records,
        "waiting": found.waiting,
        "faults": [],
    }
    counts = ", ".join(
        (
            ngettext("%(count)d edit", "%(count)d edits", found.edits) % {"count": found.edits},
            ngettext("%(count)d record", "%(count)d records", found.records) % {"count": found.records},
        )
    )
    pairs = (
        (_("Made"), moments.show_time(found.made)),
        (_("Last change"), moments.show_time(found.clock.partition("/")[0]) if found.clock else ""),
        (_("Officer"), found.officer),
        (_("Feed"), found.feed),
        (_("Holds"), counts),
        (_("State"), Line(_("● sound: the tables are what the log adds up to"), "ok")),
    )
    return Result(data, Fields(found.agency, pairs))


VERBS = {
    "write": (N_("Write the store to one encrypted file"), make_write),
    "verify": (N_("Check a backup, and say what it holds"), make_verify),
}


def make_restore() -> TyperCommand:
    """`restore FILE`."""
    return command(
        "restore",
        run_restore,
        _(
            "Make a store in a new or empty folder (--store) from a backup. It goes on in a new feed; what was written "
            "after the backup comes back from the peers that have it, and so do erasures."
        ),
        [argument("file", _("The backup"))],
    )


def run_restore(file: str) -> Result:
    """Restore a backup."""
    from taskforce.actions import backups  # deferred: as above

    made = backups.restore(Path(file), store_folder(), _key_of)
    data = {
        "store": str(made.folder),
        "made": made.made,
        "agency": made.agency,
        "officer": made.officer,
        "device": made.device,
        "feed": made.feed,
        "edits": made.edits,
    }
    pairs = (
        (_("Store"), str(made.folder)),
        (_("Backup of"), moments.show_time(made.made)),
        (_("Agency"), made.agency),
        (_("Officer"), made.officer),
        (_("New feed"), made.feed),
        (_("Holds"), ngettext("%(count)d edit", "%(count)d edits", made.edits) % {"count": made.edits}),
        (_("Next"), _("exchange bundles with the peers: what was lost comes back from them")),
        (
            _("Erased since"),
            _(
                "what was erased after the backup is here again until their next bundles come; what only you held "
                "must be erased again"
            ),
        ),
    )
    return Result(data, Fields(_("A restored store"), pairs))


def _key_of(folder: Path) -> bytes:
    """The key of the store in `folder`, opened as the command line says."""
    return opened_key(replace(opener(), folder=folder))
