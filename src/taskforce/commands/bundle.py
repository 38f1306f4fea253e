"""`taskforce bundle show` and `bundle open`: what is in a bundle, without taking it in."""

from __future__ import annotations

import sys
from pathlib import Path

from typer.core import TyperCommand

from taskforce import console, moments
from taskforce.actions.receiving import import_bundle
from taskforce.commands.frame import (
    argument,
    command,
    current,
    flag,
    open_session,
    open_session_for_bundles,
    option,
)
from taskforce.errors import TrustError, UsageError
from taskforce.files import existing_file, new_file
from taskforce.i18n import N_, _, ngettext
from taskforce.output import Fields, Line, Lines, Nothing, Result, text_stream
from taskforce.reports.exchange_views import bundle_data, bundle_lines, origin_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

    from taskforce.actions.opening import Opened
    from taskforce.actions.session import Session

GROUP = ("bundle", N_("Look into a bundle, or open it, without taking it in"))


def make_show() -> TyperCommand:
    """`bundle show FILE`."""
    return command(
        "show",
        run_show,
        _("Who made a bundle, for whom, and what it would change; nothing is written."),
        [argument("file", _("The bundle, or -"))],
    )


def run_show(file: str) -> Result:
    """Import without keeping anything."""
    session = open_session_for_bundles()
    if file == "-":
        found = import_bundle(session, sys.stdin.buffer, _("standard input"), dry_run=True)
    else:
        with existing_file(Path(file)) as stream:
            found = import_bundle(session, stream, Path(file).name, dry_run=True)
    lines = bundle_lines(found, Path(file).name)
    lines.insert(1, origin_line(found))
    return Result(bundle_data(found), Lines(tuple(lines)))


def make_open() -> TyperCommand:
    """`bundle open FILE`."""
    return command(
        "open",
        run_open,
        _(
            "Write what is in a bundle for this device as YAML, exactly as it was made; a terminal shows only what is "
            "visible. It is checked before, and what is wrong is said (exit code 8). Nothing is taken in. What it "
            "shows of who victims are and of their care is recorded."
        ),
        [
            argument("file", _("The bundle")),
            option("--output/-o", _("File; standard output if left out"), metavar="FILE"),
            flag("--force", _("Replace an existing file")),
            option("--reason", _("Why you look at identity or care; it is recorded")),
        ],
    )


def run_open(file: str, output: str | None, force: bool, reason: str | None) -> Result:
    """Check a bundle and write out what is in it."""
    from taskforce.actions import opening, reading  # deferred: `show` needs neither
    from taskforce.commands.showing import require_places

    to_stdout = output is None or output == "-"
    if to_stdout and current.get().format == "json":
        raise UsageError(
            _("with --json the bundle itself goes to a file"), hint=_("name it with -o FILE"), code="no-file"
        )
    session = open_session()
    with existing_file(Path(file)) as stream:
        if not stream.seekable():
            raise UsageError(
                _("%(file)s can be read only once, and a bundle is checked before it is shown")
                % {"file": file},
                hint=_("save it to a file first; it is sealed there, too"),
            )
        opened = opening.look_into(session, stream, Path(file).name)
        require_places(session, opened.private, opened.name, way=reading.BUNDLE, reason=reason or "")
        for fault in opened.faults:
            console.warn(fault.sentence)
        if opened.faults:
            console.warn(_("do not trust what is in it: taskforce import would refuse it, or part of it"))
        if to_stdout:
            for text in _about(opened):
                console.note(text)
            _to_stdout(session, stream, opened)
        else:
            with new_file(Path(output or ""), replace=force) as target:
                opening.write_out(session, stream, opened, target.write)
    code = TrustError.exit_code if opened.faults else 0
    if to_stdout:
        return Result(None, Nothing(), exit_code=code)
    pairs = (
        (_("Written to"), output or ""),
        (
            _("State"),
            Line(_("! not to be trusted"), "late") if code else Line(_("● its signature holds"), "ok"),
        ),
        (_("Mind"), _("it is not sealed any more: whoever has the file reads it")),
    )
    about = _about(opened)
    return Result(_data(opened, output or ""), Fields(about[0], pairs), about[1:], exit_code=code)


def _to_stdout(session: Session, stream: IO[bytes], opened: Opened) -> None:
    """Write it; whoever stops reading in the middle has read what came before."""
    from taskforce.actions import opening  # deferred: as above
    from taskforce.commands.showing import record_looks

    try:
        opening.write_out(session, stream, opened, text_stream())
        sys.stdout.flush()
    except (OSError, KeyboardInterrupt):
        record_looks(current.get().looks)
        raise


def _about(opened: Opened) -> tuple[str, ...]:
    head = opened.head
    edits = ngettext("%(count)d edit", "%(count)d edits", opened.edits) % {"count": opened.edits}
    told = [
        _("%(name)s: bundle from %(agency)s for %(to)s, made %(made)s on device %(device)s, %(edits)s")
        % {
            "name": opened.name,
            "agency": head.agency,
            "to": ", ".join(head.to),
            "made": moments.show_time(head.made),
            "device": head.device,
            "edits": edits,
        }
    ]
    if not opened.verified:
        told.append(_("its sender is not verified here: that its signature holds does not say who made it"))
    if opened.unverified:
        text = ngettext(
            "%(count)d edit is by an agency that is not verified here",
            "%(count)d edits are by agencies that are not verified here",
            opened.unverified,
        )
        told.append(text % {"count": opened.unverified})
    return tuple(told)


def _data(opened: Opened, file: str) -> dict[str, object]:
    head = opened.head
    return {
        "file": file,
        "id": head.id,
        "from": head.agency,
        "device": head.device,
        "to": dict(head.to),
        "made": head.made,
        "sealed": opened.is_sealed,
        "verified": opened.verified,
        "edits": opened.edits,
        "edits_unverified": opened.unverified,
        "faults": [{"code": fault.code, "message": fault.sentence} for fault in opened.faults],
    }


VERBS = {
    "show": (N_("Who made it, for whom, what it would change"), make_show),
    "open": (N_("What is in it, as YAML"), make_open),
}
