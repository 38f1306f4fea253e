"""`taskforce import` and `export`: how records enter and leave."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from typer.core import TyperCommand

from taskforce import console
from taskforce.actions.session import Session
from taskforce.commands.frame import (
    argument,
    command,
    current,
    flag,
    open_session,
    open_session_for_bundles,
    option,
)
from taskforce.errors import InputError, TaskforceError, UsageError
from taskforce.files import existing_file
from taskforce.i18n import _, ngettext
from taskforce.output import Line, Lines, Nothing, Raw, Result, binary_stream, tell
from taskforce.reports.exchange_views import (
    sent_data,
    sent_lines,
    taken_data,
    taken_lines,
    written_lines,
)

if TYPE_CHECKING:
    from taskforce.actions.bundle_summary import Exported

_SUFFIX = ".bundle"  # of the names that `export` chooses


def make_import() -> TyperCommand:
    """`import FILE…`."""
    return command(
        "import",
        run_import,
        _(
            "Take in plans and bundles, told apart by how they begin; - reads standard input. Of several, or of a "
            "folder's bundles, those sealed for others are left alone."
        ),
        [
            argument("files", _("Files, folders of bundles, or - for standard input"), many=True),
            flag("--dry-run", _("Only say what would change")),
        ],
    )


def run_import(files: tuple[str, ...], dry_run: bool) -> Result:
    """Import each file in a transaction of its own, in the order given; what came before one that is refused stays."""
    session = open_session_for_bundles()
    results = []
    lines: list[Line | str] = []
    are_several = len(files) > 1 or any(os.path.isdir(name) for name in files)
    for name in _each_file(files):
        try:
            data, told = _import_one(session, name, dry_run)
        except TaskforceError as error:
            if are_several and error.code == "not-addressed":  # a stick carries everybody's
                data, told = _left_alone(name)
            else:
                if lines and current.get().format == "table":
                    tell(Lines(tuple(lines)))  # what was taken in before is not passed over in silence
                raise
        results.append(data)
        lines += told
    return Result(results[0] if not are_several else results, Lines(tuple(lines)))


def _each_file(names: tuple[str, ...]) -> list[str]:
    """The files named, and of each folder named the bundles in it."""
    files: list[str] = []
    for name in names:
        if not os.path.isdir(name):
            files.append(name)
            continue
        found = sorted(str(each) for each in Path(name).glob("*" + _SUFFIX) if each.is_file())
        if not found:
            raise InputError(
                _("there is no bundle in %(folder)s") % {"folder": name},
                hint=_("a bundle's name ends in %(suffix)s; name other files one by one")
                % {"suffix": _SUFFIX},
            )
        files += found
    return files


def _left_alone(name: str) -> tuple[dict[str, Any], list[Line | str]]:
    line = _("%(name)s: sealed for others, left alone") % {"name": Path(name).name}
    return {"what": "sealed-for-others", "file": name, "applied": False}, [Line(line, "muted")]


def _import_one(session: Session, name: str, dry_run: bool) -> tuple[dict[str, Any], list[Line | str]]:
    if name == "-":
        return _import_stream(session, sys.stdin.buffer, _("standard input"), dry_run)
    with existing_file(Path(name)) as stream:
        return _import_stream(session, stream, Path(name).name, dry_run)


def _import_stream(
    session: Session, stream: IO[bytes], name: str, dry_run: bool
) -> tuple[dict[str, Any], list[Line | str]]:
    from taskforce.actions import inbox  # deferred: loads what plans and bundles need

    arrived = inbox.recognise(stream, name)
    label = _("Taking in edits") if arrived.what == "bundle" else _("Saving records")
    with console.progress(label) as bar:
        taken = inbox.take_in(session, arrived, dry_run=dry_run, progress=bar.advance)
    return taken_data(taken), taken_lines(taken)


def make_export() -> TyperCommand:
    """`export --to AGENCY` or `export --records`."""
    return command(
        "export",
        run_export,
        _(
            "Write the next bundle for a peer: what it may have and has not said it holds. Or, with --records, the "
            "current records as a plan."
        ),
        [
            option("--to", _("The peer; may be repeated, a bundle each"), metavar="AGENCY", many=True),
            flag("--together", _("One bundle for several peers; each must be allowed all of it")),
            flag("--records", _("Current records as a plan")),
            option("--operation", _("With --records: only this operation's"), metavar="OPERATION"),
            option("--output/-o", _("File, folder, or - for standard output"), metavar="FILE"),
            flag("--force", _("Replace an existing file")),
            flag("--unsealed", _("Do not encrypt; only where nothing but agencies goes")),
            flag("--dry-run", _("Only say what would go and what is withheld")),
            option("--reason", _("With --records: why you look at identity or care; it is recorded")),
        ],
    )


def run_export(
    to: tuple[str, ...],
    together: bool,
    records: bool,
    operation: str | None,
    output: str | None,
    force: bool,
    unsealed: bool,
    dry_run: bool,
    reason: str | None,
) -> Result:
    """Export bundles or records."""
    if bool(to) == records:
        raise UsageError(
            _("say what to export: --to AGENCY or --records"),
            hint=_("see: %(command)s --help") % {"command": "taskforce export"},
        )
    if together and len({agency.upper() for agency in to}) < 2:
        raise UsageError(_("--together is for several peers: --to AGENCY --to AGENCY"))
    if records:
        return _export_records(operation, output, force, reason or "")
    if reason:
        raise UsageError(_("--reason goes with --records: what a bundle tells has a basis of its own"))
    groups = [to] if together else [(agency,) for agency in to]
    return _export_bundles(groups, output, force, not unsealed, dry_run)


def _export_records(operation: str | None, output: str | None, force: bool, reason: str) -> Result:
    from taskforce.actions import reading
    from taskforce.actions.records_export import export_records
    from taskforce.actions.references import find
    from taskforce.commands.showing import require_shown
    from taskforce.files import new_file
    from taskforce.records.registry import get_kind
    from taskforce.sync.yaml_text import document  # deferred: writing only

    session = open_session()
    chosen = find(session, get_kind("operation"), operation).id if operation else ""
    plan, exported = export_records(session, operation=chosen)
    require_shown(session, exported, way=reading.EXPORT, reason=reason)
    text = document(plan, start="")
    count = sum(len(found) for found in plan.values() if isinstance(found, list))
    if output is None or output == "-":
        return Result(plan, Raw(text))
    with new_file(Path(output), replace=force) as stream:
        stream.write(text.encode())
    note = ngettext("%(count)d record written to %(file)s", "%(count)d records written to %(file)s", count)
    return Result({"file": output, "records": count}, Lines((note % {"count": count, "file": output},)))


def _export_bundles(
    groups: Sequence[tuple[str, ...]], output: str | None, force: bool, sealed: bool, dry_run: bool
) -> Result:
    """Write a bundle for each group of agencies, or only say what would go."""
    from taskforce.actions.sending import export_together

    session = open_session()
    if len(groups) > 1 and not dry_run and not (output and os.path.isdir(output)):
        raise UsageError(
            _("for several peers, name a folder with -o"),
            hint=_("each gets a bundle of its own; --together makes one for all"),
        )
    lines: list[Line | str] = []
    told: list[Exported] = []
    for agencies in groups:
        if dry_run:
            found = export_together(session, agencies, None)
        else:
            stream = binary_stream() if output == "-" else None
            shown = _show_before(session, agencies, is_data=stream is not None)
            target = stream if stream is not None else Path(output or ".")
            with console.progress(_("Writing edits")) as bar:
                found = export_together(
                    session,
                    agencies,
                    target,
                    replace=force,
                    sealed=sealed,
                    shown=shown,
                    progress=bar.advance,
                )
            if stream is not None:
                continue
            if shown is not None and current.get().format == "table":
                tell(Lines(tuple(written_lines(found[0]))))
                told += found
                continue
        told += found
        lines += [line for sent in found for line in sent_lines(sent)]
    if not told:
        return Result(None, Nothing())
    data = [sent_data(sent) for sent in told]
    return Result(data[0] if len(data) == 1 else data, Lines(tuple(lines)) if lines else Nothing())


def _show_before(session: Session, agencies: tuple[str, ...], *, is_data: bool) -> list[Exported] | None:
    """On a terminal: what would go, before it goes. Then just that may go; None where nobody looks."""
    from taskforce.actions.admission import confirm_erasures  # deferred: only what is written needs it
    from taskforce.actions.sending import export_together

    is_table = current.get().format == "table" and not is_data
    if not console.is_terminal(sys.stdout if is_table else sys.stderr):
        return None
    confirm_erasures(session)  # as the export itself would, and then other things would go than were shown
    shown = export_together(session, agencies, None)
    lines = [line for sent in shown for line in sent_lines(sent)]
    if is_table:
        tell(Lines(tuple(lines)))
    else:
        for line in lines:
            console.note(line if isinstance(line, str) else line.text)
    return shown
