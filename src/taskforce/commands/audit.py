"""`taskforce audit verify|export`."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce import console
from taskforce.commands.frame import argument, command, current, flag, open_session, option
from taskforce.errors import Refused, UsageError
from taskforce.i18n import N_, _
from taskforce.output import Lines, Result, tell

GROUP = ("audit", N_("Prove that nobody rewrote what is held here; a record for a court"))


def make_verify() -> TyperCommand:
    """`audit verify`."""
    return command(
        "verify",
        run_verify,
        _(
            "Prove the whole store: the signature of every edit and the certificate behind it, the chain of every "
            "feed, that the tables are what the log adds up to, and that no peer holds more of this device's edits."
        ),
        [flag("--log-only", _("Leave out the tables: that takes longest, and nobody can write meanwhile"))],
    )


def run_verify(log_only: bool) -> Result:
    """Verify everything; exit code 4 where something was altered, forged or lost."""
    from taskforce.actions.auditing import verify  # deferred: proving needs what help does not
    from taskforce.reports import audit_views

    session = open_session()
    with console.progress(_("Verifying edits")) as bar:
        found = verify(session, with_tables=not log_only, progress=bar.advance)
    if current.get().format == "table":
        tell(audit_views.feed_table(found))
    code = Refused.exit_code if found.faults else 0
    return Result(audit_views.data_of(found), Lines(tuple(audit_views.lines_of(found))), exit_code=code)


def make_export() -> TyperCommand:
    """`audit export REF`."""
    return command(
        "export",
        run_export,
        _(
            "Write every edit of a record into one JSON file, with signatures, certificates and agency keys: for a "
            "court. It can be checked without this program, with docs/verify_audit.py. It is recorded as a disclosure."
        ),
        [
            argument("ref", _("Ref of the record"), complete=_complete_ref),
            option("--output/-o", _("The file to write"), metavar="FILE"),
            option("--to", _("Who is to have it, as: District Court of Phnom Penh"), metavar="WHOM"),
            option("--reason", _("On which basis, as: order 12/2026; it is recorded")),
            option("--part", _("Only this part; may be repeated"), metavar="PART", many=True),
            flag("--force", _("Replace an existing file")),
        ],
    )


def _complete_ref(context: Any, parameter: Any, typed: str) -> list[str]:
    """The refs of the kind whose letter was typed."""
    from taskforce.commands.nouns import complete_refs  # deferred: completion only
    from taskforce.records.registry import all_kinds

    found = [kind for kind in all_kinds() if typed[:2].upper() == f"{kind.letter}-"]
    return [ref for kind in found for ref in complete_refs(kind)(context, parameter, typed)]


def run_export(
    ref: str, output: str | None, to: str | None, reason: str | None, part: tuple[str, ...], force: bool
) -> Result:
    """Write the file, and record that it was."""
    from pathlib import Path  # deferred: as above

    from taskforce.actions import audit_export, reading
    from taskforce.actions.references import label_of
    from taskforce.commands.showing import require_places
    from taskforce.reports import audit_views

    if not output or output == "-":
        raise UsageError(
            _("say where the file is to be written: -o FILE"),
            hint=_("it holds what the record says, unsealed: keep it where only those it is for can read it"),
        )
    if not (to or "").strip() or not (reason or "").strip():
        raise UsageError(
            _("say who is to have it and on which basis: --to WHOM --reason TEXT"),
            hint=_("both stand in the file and in: taskforce disclosures"),
        )
    session = open_session()
    chosen = audit_export.choose(session, ref, part)
    require_places(session, chosen.places, label_of(chosen.record), way=reading.EXPORT, reason=reason or "")
    done = audit_export.write(session, chosen, Path(output), to=to or "", reason=reason or "", replace=force)
    return Result(audit_views.export_data(done), Lines(tuple(audit_views.export_lines(done))))


VERBS = {
    "verify": (N_("Prove signatures, chains, tables, and what peers hold"), make_verify),
    "export": (N_("A record with all its proofs, for a court"), make_export),
}
