"""`taskforce import`, `export` and `bundle show`: how records enter and leave."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from typer.core import TyperCommand

from taskforce import console, moments
from taskforce.actions.receiving import Imported, describe_records, import_bundle
from taskforce.actions.session import Session
from taskforce.commands.frame import argument, command, current, flag, open_session, option
from taskforce.errors import InputError, TaskforceError, UsageError
from taskforce.files import existing_file
from taskforce.i18n import N_, _, ngettext
from taskforce.output import Line, Lines, Nothing, Raw, Result, binary_stream, tell

GROUP = ("bundle", N_("Look into a bundle without taking it in"))

_LISTED = 12
_SUFFIX = ".bundle"  # of the names that `export` chooses
_PEEK = 4096


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
    session = open_session()
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
    from taskforce.actions.plans import import_plan
    from taskforce.actions.receiving import Rejoined
    from taskforce.keys.sealing import looks_sealed  # deferred: loads age

    start = stream.read(_PEEK)
    whole = cast(BinaryIO, Rejoined(start, stream))
    if start.startswith(b"SQLite format 3"):
        raise InputError(_("%(name)s is a database, neither a plan nor a bundle") % {"name": name})
    if looks_sealed(start) or _begins_with(start, "taskforce-bundle"):
        with console.progress(_("Taking in edits")) as bar:
            found = import_bundle(session, whole, name, dry_run=dry_run, progress=bar.advance)
        return _bundle_data(session, found), _bundle_lines(session, found, name)
    if _begins_with(start, "taskforce-card"):
        raise InputError(
            _("%(name)s is a card") % {"name": name},
            hint=_("add it with: taskforce peer add %(name)s") % {"name": name},
        )
    with console.progress(_("Saving records")) as bar:
        result = import_plan(session, whole, name, dry_run=dry_run, progress=bar.advance)
    return _plan_data(result), _plan_lines(result, name)


def _begins_with(start: bytes, key: str) -> bool:
    """Whether the first entry of a YAML file is `key`."""
    for line in start.decode("utf-8", "replace").splitlines():
        text = line.strip().lstrip("\ufeff")
        if text and not text.startswith(("#", "---", "%")):
            return text.strip("\"'").startswith(key)
    return False


def _plan_data(result: Any) -> dict[str, Any]:
    return {
        "what": "plan",
        "applied": result.applied,
        "unchanged": result.unchanged,
        "archived": result.archived,
        "changes": [
            {
                "kind": change.kind.name,
                "id": change.record,
                "label": change.label,
                "new": change.new,
                "fields": dict(change.values),
            }
            for change in result.changes
        ],
    }


def _plan_lines(result: Any, name: str) -> list[Line | str]:
    stays = ngettext(
        "  %(count)d record is archived and stays so; bring it back with: archive REF --restore",
        "  %(count)d records are archived and stay so; bring one back with: archive REF --restore",
        result.archived,
    )
    archived = [Line(stays % {"count": result.archived}, "muted")] if result.archived else []
    if not result.changes:
        return [_("%(name)s: nothing new") % {"name": name}, *archived]
    counts: dict[str, list[int]] = {}
    for change in result.changes:
        counts.setdefault(change.kind.plural, [0, 0])[0 if change.new else 1] += 1
    verb = _("plan taken in") if result.applied else _("would change")
    lines: list[Line | str] = [Line(f"{name}: {verb}", "heading")]
    for plural, (made, changed) in counts.items():
        lines.append(
            f"  {plural}: " + _("%(made)d new, %(changed)d changed") % {"made": made, "changed": changed}
        )
    shown = (
        [change for change in result.changes if not change.new] if result.applied else list(result.changes)
    )
    for change in shown[:_LISTED]:
        sign = "+" if change.new else "~"
        fields = "" if change.new else ": " + ", ".join(change.values)
        lines.append(f"  {sign} {change.kind.name} {change.label}{fields}")
    if len(shown) > _LISTED:
        lines.append("  " + _("… and %(count)d more") % {"count": len(shown) - _LISTED})
    return [*lines, *archived]


def _bundle_data(session: Session, found: Imported) -> dict[str, Any]:
    return {
        "what": "bundle",
        "applied": found.applied,
        "id": found.bundle,
        "from": found.agency,
        "device": found.device,
        "verified": found.verified,
        "to": dict(found.to),
        "number": found.number,
        "made": found.made,
        "edits": found.edits,
        "new": found.new,
        "records": {
            kind: {"new": n, "changed": c} for kind, (n, c) in describe_records(session, found).items()
        },
        "received": list(found.received),
        "waiting": dict(found.waiting),
        "conflicts": found.conflicts,
        "clocks_ahead": found.ahead,
    }


def _bundle_lines(session: Session, found: Imported, name: str) -> list[Line | str]:
    head = _("%(name)s: bundle %(number)d from %(agency)s") % {
        "name": name,
        "number": found.number,
        "agency": found.agency,
    }
    lines: list[Line | str] = [Line(head, "heading")]
    if not found.verified:
        lines.append(Line("  " + _("! its sender is not verified"), "late"))
    if not found.new and not found.waiting:
        lines.append("  " + _("nothing new"))
    else:
        count = ngettext("%(all)d edit, %(new)d of it new", "%(all)d edits, %(new)d of them new", found.edits)
        lines.append("  " + count % {"new": found.new, "all": found.edits})
    for kind, (made, changed) in describe_records(session, found).items():
        lines.append(
            f"  {kind}: " + _("%(made)d new, %(changed)d changed") % {"made": made, "changed": changed}
        )
    if found.received:
        lines.append(
            Line("  " + _("referrals received: %(refs)s") % {"refs": ", ".join(found.received)}, "ok")
        )
    if found.conflicts:
        text = ngettext(
            "≠ %(count)d new conflict: taskforce conflict list",
            "≠ %(count)d new conflicts: taskforce conflict list",
            found.conflicts,
        )
        lines.append(Line("  " + text % {"count": found.conflicts}, "conflict"))
    for reason, number in found.waiting.items():
        lines.append(
            Line(
                "  " + _("%(count)d wait in quarantine: %(reason)s") % {"count": number, "reason": reason},
                "conflict",
            )
        )
    if found.ahead:
        lines.append(
            Line(
                "  " + _("! %(count)d edits bear a clock far in the future") % {"count": found.ahead}, "late"
            )
        )
    return lines


def make_bundle_show() -> TyperCommand:
    """`bundle show FILE`."""
    return command(
        "show",
        run_bundle_show,
        _("Who made a bundle, for whom, and what it would change; nothing is written."),
        [argument("file", _("The bundle, or -"))],
    )


def run_bundle_show(file: str) -> Result:
    """Import without keeping anything."""
    session = open_session()
    if file == "-":
        found = import_bundle(session, sys.stdin.buffer, _("standard input"), dry_run=True)
    else:
        with existing_file(Path(file)) as stream:
            found = import_bundle(session, stream, Path(file).name, dry_run=True)
    lines = _bundle_lines(session, found, Path(file).name)
    lines.insert(
        1,
        "  "
        + _("made %(made)s on device %(device)s, for %(to)s")
        % {"made": moments.show_time(found.made), "device": found.device, "to": ", ".join(found.to)},
    )
    return Result(_bundle_data(session, found), Lines(tuple(lines)))


VERBS = {"show": (N_("Who made it, for whom, what it would change"), make_bundle_show)}


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
            flag("--records", _("Current records as a plan")),
            option("--operation", _("With --records: only this operation's"), metavar="OPERATION"),
            option("--output/-o", _("File, folder, or - for standard output"), metavar="FILE"),
            flag("--force", _("Replace an existing file")),
            flag("--unsealed", _("Do not encrypt; only where nothing but agencies goes")),
            flag("--dry-run", _("Only say what would go and what is withheld")),
        ],
    )


def run_export(
    to: tuple[str, ...],
    records: bool,
    operation: str | None,
    output: str | None,
    force: bool,
    unsealed: bool,
    dry_run: bool,
) -> Result:
    """Export bundles or records."""
    if bool(to) == records:
        raise UsageError(
            _("say what to export: --to AGENCY or --records"),
            hint=_("see: %(command)s --help") % {"command": "taskforce export"},
        )
    if records:
        return _export_records(operation, output, force)
    return _export_bundles(to, output, force, not unsealed, dry_run)


def _export_records(operation: str | None, output: str | None, force: bool) -> Result:
    from taskforce.actions.records_export import export_records
    from taskforce.actions.references import find
    from taskforce.files import new_file
    from taskforce.records.registry import get_kind
    from taskforce.sync.yaml_text import document  # deferred: writing only

    session = open_session()
    chosen = find(session, get_kind("operation"), operation).id if operation else ""
    plan = export_records(session, operation=chosen)
    text = document(plan, start="")
    count = sum(len(found) for found in plan.values() if isinstance(found, list))
    if output is None or output == "-":
        return Result(plan, Raw(text))
    with new_file(Path(output), replace=force) as stream:
        stream.write(text.encode())
    note = ngettext("%(count)d record written to %(file)s", "%(count)d records written to %(file)s", count)
    return Result({"file": output, "records": count}, Lines((note % {"count": count, "file": output},)))


def _export_bundles(
    to: tuple[str, ...], output: str | None, force: bool, sealed: bool, dry_run: bool
) -> Result:
    from taskforce.actions.sending import export_bundle

    session = open_session()
    if len(to) > 1 and not dry_run and not (output and os.path.isdir(output)):
        raise UsageError(
            _("for several peers, name a folder with -o"), hint=_("each gets a bundle of its own")
        )
    if output == "-" and not dry_run:
        export_bundle(session, to[0], binary_stream(), sealed=sealed)
        return Result(None, Nothing())
    lines: list[Line | str] = []
    told = []
    for agency in to:
        target = None if dry_run else Path(output or ".")
        with console.progress(_("Writing edits")) as bar:
            sent = export_bundle(session, agency, target, replace=force, sealed=sealed, progress=bar.advance)
        told.append(sent)
        lines += _sent_lines(sent)
    data = [_sent_data(sent) for sent in told]
    return Result(data[0] if len(data) == 1 else data, Lines(tuple(lines)))


def _sent_data(sent: Any) -> dict[str, Any]:
    return {
        "to": sent.agency,
        "number": sent.number,
        "file": sent.file or None,
        "edits": sent.edits,
        "devices": sent.devices,
        "goes": [{"kind": kind, "part": part, "edits": count} for kind, part, count in sent.goes],
        "withheld": [
            {"kind": each.kind, "part": each.part, "count": each.count, "reason": each.reason}
            for each in sent.withheld
        ],
        "written": sent.written,
    }


def _sent_lines(sent: Any) -> list[Line | str]:
    devices = ngettext("sealed to %(count)d device", "sealed to %(count)d devices", sent.devices)
    head = _("Bundle %(number)d to %(agency)s") % {"number": sent.number, "agency": sent.agency}
    lines: list[Line | str] = [Line(f"{head} · {devices % {'count': sent.devices}}", "heading")]
    if not sent.goes:
        lines.append("  " + _("nothing new for them; it says what is held here"))
    for kind, part, count in sent.goes:
        goes = ngettext("%(count)d edit", "%(count)d edits", count) % {"count": count}
        lines.append(f"  {_('goes')}      {goes}: {kind}, {part}")
    for each in sent.withheld:
        lines.append(Line(f"  {_('withheld')}  ◌ {each.kind}, {each.part}: {each.reason}", "muted"))
    if sent.written:
        lines.append("  " + _("written to %(file)s") % {"file": sent.file})
    return lines
