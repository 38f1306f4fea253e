"""`taskforce wipe`: destroy the store on this device."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce import console
from taskforce.commands.frame import argument, command, flag, opener
from taskforce.errors import StoreError
from taskforce.i18n import _, ngettext
from taskforce.output import Line, Lines, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from taskforce.actions.wiping import Known, Wiped


def make_wipe() -> TyperCommand:
    """`wipe [AGENCY]`."""
    return command(
        "wipe",
        run_wipe,
        _(
            "Destroy the store on this device: first what opens it, then the database, then the rest of its files. It "
            "takes no key. It cannot be undone. Your agency's code is asked for, so that it does not happen by mistake."
        ),
        [
            argument("agency", _("Your agency's code, with --yes"), required=False),
            flag("--yes/-y", _("Do not ask; the code is given on the command line")),
        ],
    )


def run_wipe(agency: str | None, yes: bool) -> Result:
    """Destroy the store."""
    from taskforce.actions import wiping  # deferred: help needs none of it

    one = opener()
    wiping.require_something(one.folder)
    whose = wiping.known(one)
    typed = agency or ""
    if not yes or not typed:
        console.warn(
            _("this destroys the store in %(folder)s for ever, with all that is in it")
            % {"folder": one.folder}
        )
        typed = console.ask(_("Type your agency's code to go on:"), instead=_("AGENCY --yes"))
    wiping.check_code(typed, whose)
    done = wiping.wipe(one.folder)
    wiping.forget_in_keyring(done)
    code = StoreError.exit_code if done.failed else 0
    return Result(_data(done, whose), Lines(tuple(_lines(done, whose))), exit_code=code)


def _data(done: Wiped, whose: Known | None) -> dict[str, Any]:
    return {
        "store": str(done.folder),
        "checked": whose is not None,
        "device": whose.device if whose else None,
        "feed": whose.feed if whose else None,
        "last_edit": whose.last if whose else None,
        "deleted": list(done.deleted),
        "bytes": done.bytes,
        "agent_ended": done.had_agent,
        "left": list(done.left),
        "failed": [{"file": name, "reason": reason} for name, reason in done.failed],
    }


def _lines(done: Wiped, whose: Known | None) -> list[Line | str]:
    count = len(done.deleted)
    lines: list[Line | str]
    if done.failed:
        lines = [Line(_("Not all of the store could be destroyed"), "late")]
        lines += [
            Line("  " + _("! %(file)s: %(reason)s") % {"file": name, "reason": reason}, "late")
            for name, reason in done.failed
        ]
        lines.append("  " + _("run it again, or destroy the disk"))
    else:
        lines = [Line(_("The store is destroyed: no key and no passphrase opens it any more"), "heading")]
    text = ngettext(
        "%(count)d file was written over and deleted, the key slots first: %(names)s",
        "%(count)d files were written over and deleted, the key slots first: %(names)s",
        count,
    )
    lines.append("  " + text % {"count": count, "names": ", ".join(done.deleted) or "–"})
    if done.had_agent:
        lines.append("  " + _("the agent that kept its key has forgotten it; open rooms lock themselves"))
    if done.left:
        lines.append(
            "  " + _("left, since they are not the store's: %(names)s") % {"names": ", ".join(done.left)}
        )
    if whose is None:
        lines.append("  " + _("whose store it was could not be checked: no key was at hand"))
    lines.append(Line(_("What this does not do"), "heading"))
    lines += [
        "  " + each
        for each in (
            _(
                "flash disks (SSD, stick, card) and file systems that copy on write or keep snapshots (btrfs, ZFS, "
                "APFS) may keep old blocks where no program reaches them; what is in them is still encrypted, and "
                "opens with its old passphrase or key file, if somebody finds both"
            ),
            _("backups, files that were written out, key files, and what partners have: all of it stays"),
            _("a program that has the store open keeps what it shows until it ends: close it, or switch off"),
        )
    ]
    lines.append(Line(_("Next"), "heading"))
    device = whose.device if whose else _("DEVICE")
    last = str(whose.last) if whose else "N"
    lines += [
        "  " + _("tell your agency: they revoke this device, so that nobody writes in its name"),
        Line(f"    taskforce device revoke {device} --last-good {last}", "command"),
        "  "
        + _(
            "encrypt the whole disk of the next one (LUKS, FileVault, BitLocker): then no old block can be read"
        ),
    ]
    return lines
