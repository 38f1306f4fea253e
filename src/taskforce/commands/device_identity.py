"""`taskforce device export-identity`: the secret that opens what is sealed to this device, for other age programs."""

from __future__ import annotations

import sys
from pathlib import Path

from typer.core import TyperCommand

from taskforce import console
from taskforce.commands.frame import command, current, flag, open_session, option
from taskforce.errors import Refused, UsageError
from taskforce.i18n import N_, _
from taskforce.output import Fields, Line, Raw, Result

HELP = N_("The secret that opens what is sealed to this device")


def make_export_identity() -> TyperCommand:
    """`device export-identity -o FILE`."""
    return command(
        "export-identity",
        run_export_identity,
        _(
            "Write this device's age identity, with which the program age opens the bundles that were sealed to this "
            "device. It is secret, and nothing protects the file: whoever has it reads all of these bundles, "
            "also those to come. That it was written is entered into the history."
        ),
        [
            option(
                "--output/-o", _("File, or - for a program that reads on; never a terminal"), metavar="FILE"
            ),
            flag("--force", _("Replace an existing file")),
            flag("--yes/-y", _("Do not ask")),
        ],
    )


def run_export_identity(output: str | None, force: bool, yes: bool) -> Result:
    """Write the identity."""
    from taskforce.actions import device_identity  # deferred: help needs none of it
    from taskforce.files import new_file

    if not output:
        raise UsageError(
            _("say which file is to hold the identity"), hint=_("name it with -o FILE"), code="no-file"
        )
    to_stdout = output == "-"
    if to_stdout and console.is_terminal(sys.stdout):
        raise UsageError(
            _("a secret is not shown on a terminal"),
            hint=_("name a file with -o FILE, or send it to a program with |"),
            code="secret-to-terminal",
        )
    if to_stdout and current.get().format == "json":
        raise UsageError(
            _("with --json the identity goes to a file"), hint=_("name it with -o FILE"), code="no-file"
        )
    session = open_session()
    console.warn(
        _(
            "whoever has this identity reads everything that was and will be sealed to this device, without the store"
        )
    )
    if not console.confirm(_("Write it out?"), yes=yes):
        raise Refused(_("nothing was written"), code="not-confirmed")
    if to_stdout:
        return Result(None, Raw(device_identity.export_identity(session).text))
    with new_file(Path(output), replace=force) as stream:
        made = device_identity.export_identity(session)
        stream.write(made.text.encode("ascii"))
    pairs = (
        (_("Identity"), output),
        (_("Device"), made.device),
        (_("Public key"), made.recipient),
        (_("Opens"), Line(f"age -d -i {output} FILE.bundle", "command")),
        (_("Mind"), _("delete it as soon as it is not needed; it cannot be taken back")),
    )
    data = {"file": output, "device": made.device, "recipient": made.recipient}
    return Result(data, Fields(_("This device's age identity"), pairs))
