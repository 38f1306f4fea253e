"""`taskforce agency-key show|create|export|import|remove`: the key that certifies this agency's devices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer.core import TyperCommand

from taskforce import console
from taskforce.commands.frame import argument, command, flag, open_session, option
from taskforce.errors import Refused, UsageError
from taskforce.i18n import N_, _
from taskforce.output import Fields, Line, Raw, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from taskforce.actions.agency_keys import AgencyKey

GROUP = ("agency-key", N_("The key that certifies this agency's devices"))


def make_show() -> TyperCommand:
    """`agency-key show`."""
    return command(
        "show", run_show, _("The words of the agency's key, and whether its secret half is on this device.")
    )


def run_show() -> Result:
    """Show it."""
    from taskforce.actions import agency_keys  # deferred: loads the cryptographic libraries

    return _told(agency_keys.show_agency_key(open_session()))


def make_create() -> TyperCommand:
    """`agency-key create`."""
    return command(
        "create",
        run_create,
        _(
            "On a device that waits to be admitted, where the agency has no key yet: make it here. Refused where there "
            "is one; init without --join has made it."
        ),
    )


def run_create() -> Result:
    """Make it."""
    from taskforce.actions import agency_keys  # deferred: as above

    return _told(agency_keys.create_agency_key(open_session(waiting=True)))


def make_export() -> TyperCommand:
    """`agency-key export -o FILE`."""
    return command(
        "export",
        run_export,
        _(
            "The agency's key in a sealed file, to be kept offline or brought to another device: sealed to age "
            "recipients, or with a passphrase, which is asked for. Never in plain. The program age opens it, too."
        ),
        [
            option("--output/-o", _("File, or - for standard output"), metavar="FILE"),
            option("--to", _("An age recipient; may be repeated"), metavar="AGE1…", many=True),
            flag("--force", _("Replace an existing file")),
        ],
    )


def run_export(output: str | None, to: tuple[str, ...], force: bool) -> Result:
    """Write it."""
    from taskforce.actions import agency_keys  # deferred: as above
    from taskforce.actions.joining import agency_secret
    from taskforce.commands.key_words import check_named
    from taskforce.files import new_file

    if output is None:
        raise UsageError(_("%(option)s is needed") % {"option": "--output"})
    for each in to:
        check_named("--to", each)
    session = open_session()
    agency_secret(session)  # before anything is asked for

    def sealed() -> str:
        from taskforce.commands.passphrases import new_passphrase

        passphrase = "" if to else new_passphrase(instead="--to", is_for_file=True)
        return agency_keys.export_agency_key(session, recipients=to, passphrase=passphrase)

    if output == "-":
        text = sealed()
        return Result({**_data(agency_keys.show_agency_key(session)), "age": text}, Raw(text))
    with new_file(Path(output), replace=force) as stream:  # before anything is asked for, too
        stream.write(sealed().encode("ascii"))
    found = agency_keys.show_agency_key(session)
    pairs = (
        (_("Sealed key"), output),
        (_("Opens with"), ", ".join(to) if to else _("the passphrase")),
        (_("Then"), Line(f"taskforce agency-key import {output}", "command")),
    )
    return Result({**_data(found), "file": output}, Fields(found.agency, pairs))


def make_import() -> TyperCommand:
    """`agency-key import FILE`."""
    return command(
        "import",
        run_import,
        _(
            "Bring the agency's key to this device out of a sealed file: with a passphrase, which is asked for, with "
            "an age identity, or with this device's own. A device that waits to be admitted belongs to the agency by "
            "that."
        ),
        [
            argument("file", _("The sealed key")),
            option("--identity", _("A file with the age identity that opens it"), metavar="FILE"),
        ],
    )


def run_import(file: str, identity: str | None) -> Result:
    """Take it in."""
    from taskforce.actions import agency_keys  # deferred: as above
    from taskforce.files import existing_file
    from taskforce.keys.agency_key_file import needs_passphrase

    session = open_session(waiting=True)
    with existing_file(Path(file)) as stream:
        data = agency_keys.read_agency_key_file(stream, Path(file).name)
    identities: list[str] = []
    if identity is not None:
        with existing_file(Path(identity)) as stream:
            identities = _identities(stream.read(1 << 16).decode("utf-8", "replace"))
    passphrase = ""
    if needs_passphrase(data):
        passphrase = console.secret(
            _("Passphrase of the agency's key: "), instead=_("a file sealed to an age recipient")
        )
    found = agency_keys.import_agency_key(session, data, identities=identities, passphrase=passphrase)
    return _told(found)


def _identities(text: str) -> list[str]:
    """The secret keys in an identity file, as age-keygen writes it."""
    found = [line.strip() for line in text.splitlines() if line.strip().startswith("AGE-SECRET-KEY-1")]
    if not found:
        raise UsageError(
            _("--identity: there is no age identity in this file"),
            hint=_("one is made with: age-keygen -o FILE"),
        )
    return found


def make_remove() -> TyperCommand:
    """`agency-key remove`."""
    return command(
        "remove",
        run_remove,
        _(
            "Take the secret half of the agency's key off this device. It goes on to write and to exchange; what it "
            "can do no more is to admit and to revoke devices. Export the key before."
        ),
        [flag("--yes/-y", _("Do not ask"))],
    )


def run_remove(yes: bool) -> Result:
    """Take it off."""
    from taskforce.actions import agency_keys  # deferred: as above
    from taskforce.actions.joining import agency_secret

    session = open_session()
    agency_secret(session)
    console.note(
        _(
            "without the key nobody can admit or revoke devices of %(agency)s; this store has no other copy of it"
        )
        % {"agency": session.store.me.agency}
    )
    if not console.confirm(_("Is it kept somewhere else, and should it go from here?"), yes=yes):
        raise Refused(_("nothing was removed"), code="not-confirmed")
    note = _("backups and copies of this store that were made before still have the key")
    return _told(agency_keys.remove_agency_key(session), note)


VERBS = {
    "show": (N_("Its words, and whether it is here"), make_show),
    "create": (N_("Make it, where the agency has none"), make_create),
    "export": (N_("In a sealed file, to be kept offline"), make_export),
    "import": (N_("Out of a sealed file"), make_import),
    "remove": (N_("Off this device"), make_remove),
}


def _told(found: AgencyKey, *notes: str) -> Result:
    pairs = (
        (_("Words"), " ".join(found.words)),
        (_("Fingerprint"), found.fingerprint),
        (_("Secret half"), _("on this device") if found.here else _("not on this device")),
    )
    return Result(_data(found), Fields(found.agency, pairs), notes)


def _data(found: AgencyKey) -> dict[str, Any]:
    return {
        "agency": found.agency,
        "fingerprint": found.fingerprint,
        "words": list(found.words),
        "here": found.here,
    }
