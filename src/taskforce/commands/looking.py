"""`taskforce history`, `undo`, `redo`, `search` and `doctor`."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce import moments
from taskforce.actions import checking, looking, reading
from taskforce.actions.references import label_of, names_for
from taskforce.actions.session import Session
from taskforce.actions.undoing import Restored, Undone, redo, undo
from taskforce.commands.frame import argument, command, current, flag, open_session, option
from taskforce.commands.showing import may_show, reason_option, require_places
from taskforce.errors import Refused
from taskforce.i18n import _, ngettext
from taskforce.labels import field_labels
from taskforce.output import Column, Line, Lines, Result, Table
from taskforce.records.schema import ARCHIVED
from taskforce.reports.history_views import story_of
from taskforce.reports.outcomes import OUTCOMES, stays_decided
from taskforce.reports.record_views import data_of
from taskforce.store.disclosures import Place
from taskforce.store.queries import Record


def make_history() -> TyperCommand:
    """`history [REF]`."""
    return command(
        "history",
        run_history,
        _(
            "Every change of a record, oldest first; without a ref, what was done in this store, latest first."
        ),
        [
            argument("ref", _("Ref"), required=False),
            option("--limit", _("At most so many"), metavar="N", number=True),
            reason_option(),
        ],
    )


def run_history(ref: str | None, limit: int | None, reason: str | None) -> Result:
    """Show the history of a record or of the store."""
    session = open_session()
    if ref is None:
        done = looking.actions(session, limit=limit or 20)
        lines = [
            f"{moments.show_time(each.at)}  {each.by}  {each.summary}"
            + ("  " + _("(undone)") if each.undone else "")
            for each in done
        ]
        data = [
            {"at": each.at, "by": each.by, "action": each.summary, "undone": each.undone} for each in done
        ]
        return Result(data, Lines(tuple(lines) or (_("nothing yet"),)))
    record, changes = looking.history_of(session, ref)
    changes = changes[-limit:] if limit else changes
    places = [
        Place(record.id, record.kind.name, change.part) for change in changes if any(change.values.values())
    ]
    require_places(session, places, label_of(record), way=reading.HISTORY, reason=reason or "")
    story: list[Line | str] = [
        Line(
            f"{label_of(record)} {record.title if record.kind.title != 'victim' else ''}".rstrip(), "heading"
        )
    ]
    story += story_of(record.kind, changes)
    return Result([_change_data(change) for change in changes], Lines(tuple(story)))


def _change_data(change: looking.Change) -> dict[str, Any]:
    return {
        "edit": change.edit,
        "at": change.at,
        "by": change.by,
        "agency": change.agency,
        "device": change.device,
        "part": change.part,
        "set": dict(change.values),
    }


def make_undo() -> TyperCommand:
    """`undo`."""
    return command(
        "undo",
        run_undo,
        _("Take back the last thing done in this store that was not taken back yet."),
        [
            flag(
                "--before-log",
                _("Where log entries were written last: take back what was done before them; they stay"),
            ),
            flag("--dry-run", _("Only say what would be taken back")),
        ],
    )


def run_undo(before_log: bool, dry_run: bool) -> Result:
    """Undo, or say what that would do."""
    undone = undo(open_session(), dry_run=dry_run, before_log=before_log)
    return _shown_undone(
        undone, _("taken back: %(action)s") if undone.applied else _("would take back: %(action)s")
    )


def make_redo() -> TyperCommand:
    """`redo`."""
    return command(
        "redo",
        run_redo,
        _("Do again what the last undo took back, as long as nothing else was done since."),
        [flag("--dry-run", _("Only say what would be done again"))],
    )


def run_redo(dry_run: bool) -> Result:
    """Redo, or say what that would do."""
    done = redo(open_session(), dry_run=dry_run)
    return _shown_undone(
        done,
        _("done again: %(action)s") if done.applied else _("would do again: %(action)s"),
        restored_again=True,
    )


def _shown_undone(undone: Undone, sentence: str, *, restored_again: bool = False) -> Result:
    """What was taken back or done again, under a sentence that names the action."""
    lines: list[Line | str] = [Line(sentence % {"action": undone.action.summary}, "heading")]
    for each in undone.restored[:20]:
        lines.append(f"  {each.label}: {_what_becomes(each)}")
        if each.accepted and not restored_again:
            lines.append("    " + stays_decided(each.accepted))
    if undone.staying:
        text = ngettext("  %(count)d log entry stays", "  %(count)d log entries stay", undone.staying)
        lines.append(text % {"count": undone.staying})
    data = {
        "action": undone.action.summary,
        "staying": undone.staying,
        "applied": undone.applied,
        "records": [
            {
                "id": each.record,
                "kind": each.kind.name,
                "label": each.label,
                "archived": _archives(each),
                "fields": each.values,
            }
            for each in undone.restored
        ],
    }
    return Result(data, Lines(tuple(lines)))


def _archives(restored: Restored) -> bool:
    """Whether the record goes out of view: it was made by what is undone, or archived by what is done again."""
    return restored.made_by_it or bool(restored.values.get(ARCHIVED))


def _what_becomes(restored: Restored) -> str:
    if restored.proposed:
        names = [name for edit in restored.proposed for name in edit.set]
        return _("no longer proposed: %(fields)s") % {"fields": field_labels(restored.kind, names)}
    if restored.settled and not restored.values and not restored.made_by_it:
        names = [name for name, _outcome in restored.settled]
        said = ", ".join(dict.fromkeys(_(OUTCOMES[outcome]) for _name, outcome in restored.settled))
        return _("nothing to take back of what was proposed: %(fields)s (%(outcome)s)") % {
            "fields": field_labels(restored.kind, names),
            "outcome": said,
        }
    if _archives(restored):
        return _("archived")
    return _("brought back") if ARCHIVED in restored.values else field_labels(restored.kind, restored.values)


def make_search() -> TyperCommand:
    """`search WORDS`."""
    return command(
        "search",
        run_search,
        _("Find records that hold all the words; each may be the beginning of a word."),
        [
            argument("words", _("Words"), many=True),
            option("--kind", _("Only this kind"), metavar="KIND"),
            option("--limit", _("At most so many"), metavar="N", number=True),
            reason_option(),
        ],
        lists=True,
    )


def run_search(words: tuple[str, ...], kind: str | None, limit: int | None, reason: str | None) -> Result:
    """Search the store."""
    session = open_session()
    found = looking.search(session, " ".join(words), kind=kind, limit=limit or 50)
    found, told = _as_may_be_shown(session, found, reason or "")
    names = names_for(session, found)
    columns = (Column(_("Ref"), "ref"), Column(_("Kind"), "kind"), Column(_("What"), "title", wrap=True))
    rows = tuple((label_of(record), _(record.kind.label), looking.gist(record)) for record in found)
    empty = _('nothing holds "%(words)s"') % {"words": " ".join(words)}
    data = [data_of(record, names) for record in found]
    return Result(data, Table(columns, rows, empty), told, plural="records")


def _as_may_be_shown(
    session: Session, found: list[Record], reason: str
) -> tuple[list[Record], tuple[str, ...]]:
    """What was found, each without the parts that need a reason where none is given; people see only its gist."""
    is_table = current.get().format == "table"
    shown: list[Record] = []
    notes: dict[str, None] = {}
    for record in found:
        fields = looking.gist_fields(record) if is_table else None
        some, told = may_show(session, [record], way=reading.SEARCH, reason=reason, fields=fields)
        shown += some
        notes.update(dict.fromkeys(told))
    return shown, tuple(notes)


def make_doctor() -> TyperCommand:
    """`doctor`."""
    return command(
        "doctor",
        run_doctor,
        _("Check the store: the file, the log, and that the tables are what the log adds up to."),
        [flag("--rebuild", _("Build the tables anew from the log"))],
    )


def run_doctor(rebuild: bool) -> Result:
    """Check, or rebuild."""
    session = open_session()
    found = checking.check(session, rebuild=rebuild)
    data = {
        "edits": found.edits,
        "records": found.records,
        "waiting": found.waiting,
        "faults": list(found.faults),
        "rebuilt": found.rebuilt,
        "newer": [
            {
                "kind": one.kind,
                "part": one.part or None,
                "field": one.field or None,
                "code": one.code or None,
                "records": one.records,
            }
            for one in found.newer
        ],
    }
    if found.faults:
        if found.is_broken:
            raise checking.file_is_broken(found.faults)
        raise Refused(
            checking.faults_sentence(found.faults),
            hint=_("run taskforce doctor --rebuild; if that does not mend it, restore a backup"),
            code="damaged",
        )
    edits = ngettext("%(count)d edit", "%(count)d edits", found.edits) % {"count": found.edits}
    records = ngettext("%(count)d record", "%(count)d records", found.records) % {"count": found.records}
    line = _("● sound: %(edits)s, %(records)s; the tables are what the log adds up to") % {
        "edits": edits,
        "records": records,
    }
    lines: list[Line | str] = [Line(line, "ok")]
    if found.rebuilt:
        lines.append(_("the tables were built anew"))
    if found.waiting:
        text = ngettext(
            "%(count)d edit waits in quarantine", "%(count)d edits wait in quarantine", found.waiting
        )
        lines.append(text % {"count": found.waiting})
    if found.newer:
        lines.append(_("from a newer version, kept and merged as it came; install that version to see it:"))
        lines += [f"  {checking.newer_sentence(one)}" for one in found.newer]
    return Result(data, Lines(tuple(lines)))
