"""`taskforce key rotate`: a new database key."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce import console
from taskforce.commands.frame import command, flag, opened_slot, opener, option
from taskforce.commands.key_words import check_named
from taskforce.errors import Refused
from taskforce.i18n import _, ngettext
from taskforce.output import Line, Lines, Result
from taskforce.reports.slot_views import kind_words, slot_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from taskforce.keys.rewrapping import SlotAbout


def make_rotate() -> TyperCommand:
    """`key rotate`."""
    return command(
        "rotate",
        run_rotate,
        _(
            "Give this store a new database key: all of it is encrypted anew, and the old key opens it no more. "
            "Nobody else may have the store open, and the disk needs room for a second copy. What you open it "
            "with stays, and recovery slots do; other passphrases and key files only if you give them here."
        ),
        [
            option(
                "--keep-key-file",
                _("A key file that is to open it still; may be repeated"),
                metavar="FILE",
                many=True,
            ),
            flag("--keep-passphrases", _("Ask for the other passphrases; leave one empty to drop it")),
            option(
                "--keep-recovery",
                _("The recipient of a recovery slot that an earlier version made"),
                metavar="AGE1…",
                many=True,
            ),
            flag("--yes/-y", _("Do not ask before slots are dropped")),
        ],
    )


def run_rotate(
    keep_key_file: tuple[str, ...], keep_passphrases: bool, keep_recovery: tuple[str, ...], yes: bool
) -> Result:
    """Rotate the key."""
    from taskforce.actions import key_rotating  # deferred: loads the cryptographic libraries

    one = opener()
    chosen = key_rotating.plan(one.folder, opened_slot(one))
    for path in keep_key_file:
        chosen.keep_key_file(path)
    for recipient in keep_recovery:
        check_named("--keep-recovery", recipient.strip())
        chosen.keep_recovery(recipient.strip())
    if keep_passphrases:
        for about in chosen.passphrases:
            if typed := console.secret(_("Passphrase of %(slot)s: ") % {"slot": _called(about)}):
                chosen.keep_passphrase(about.name, typed)
    if chosen.dropped:
        console.warn(_("what opens these key slots is not at hand, so they cannot be kept:"))
        for about in chosen.dropped:
            console.warn("  " + _called(about))
        if not console.confirm(_("Drop them, and make a new database key?"), yes=yes):
            raise Refused(
                _("nothing was changed"),
                hint=_("give their keys with --keep-key-file, --keep-passphrases or --keep-recovery"),
                code="not-confirmed",
            )
    with console.progress(_("Encrypting anew")) as bar:
        done = key_rotating.rotate(chosen, progress=bar.advance)
    data: dict[str, Any] = {
        "slots": [slot_data(about) for about in done.slots],
        "dropped": [slot_data(about) for about in done.dropped],
        "deleted": list(done.deleted),
    }
    lines: list[Line | str] = [Line(_("This store has a new database key"), "heading")]
    lines += [Line("  " + _("● opens it: %(slot)s") % {"slot": _called(about)}, "ok") for about in done.slots]
    lines += ["  " + _("× no more: %(slot)s") % {"slot": _called(about)} for about in done.dropped]
    if done.deleted:
        text = ngettext(
            "deleted, since the old key opened it: %(names)s",
            "deleted, since the old key opened them: %(names)s",
            len(done.deleted),
        )
        lines.append("  " + text % {"names": ", ".join(done.deleted)})
    notes = (
        _(
            "copies and backups that were made before still open with what opened them then: they hold what the store "
            "held by then. Make a new backup, and destroy the old ones"
        ),
    )
    return Result(data, Lines(tuple(lines)), notes)


def _called(about: SlotAbout) -> str:
    more = about.label or about.recipient
    return f"{about.name}, {kind_words(about)}" + (f", {more}" if more else "")
