"""`taskforce conflict list|show|resolve`."""

from __future__ import annotations

from typer.core import TyperCommand

from taskforce import console, moments
from taskforce.actions import conflicts, merging, reading
from taskforce.actions.conflicts import Conflict, Decision
from taskforce.actions.references import label_of
from taskforce.actions.session import Session
from taskforce.commands.conflict_data import data_of
from taskforce.commands.editing import Written, written
from taskforce.commands.frame import argument, command, current, flag, open_session, option
from taskforce.commands.showing import reason_option, record_looks, require_places
from taskforce.errors import NotFound, Refused, StoreError, TaskforceError, UsageError
from taskforce.i18n import N_, _, ngettext
from taskforce.labels import field_label, field_labels
from taskforce.output import Column, Line, Lines, Result, Table
from taskforce.records.schema import ARCHIVED, STATUS
from taskforce.reports import conflict_story, conflict_views
from taskforce.reports.merged_text import text_to_write
from taskforce.store.disclosures import Place

GROUP = ("conflict", N_("Fields that two people set: see both, decide"))


def make_list() -> TyperCommand:
    """`conflict list`."""
    return command("list", run_list, _("Every field with several values."), [reason_option()], lists=True)


def run_list(reason: str | None) -> Result:
    """List the conflicts."""
    session = open_session()
    found = conflicts.list_conflicts(session)
    for each in found:
        _require(session, each, reason)
    columns = (
        Column(_("Ref"), "ref"),
        Column(_("Title"), "title"),
        Column(_("Field"), "field"),
        Column(_("Values"), "values"),
    )
    rows = tuple(_row(session, each) for each in found)
    return Result(
        [data_of(each) for each in found], Table(columns, rows, _("no conflicts")), plural="conflicts"
    )


def _row(session: Session, each: Conflict) -> tuple[str | Line, ...]:
    kind, names = each.record.kind, conflicts.names_in(session, each)
    values = (conflict_views.shown_value(kind, each.field, side.value, names) for side in each.sides)
    return (
        Line(f"≠ {label_of(each.record)}", "conflict"),
        conflict_views.title_of(each.record, names),
        field_label(kind, each.field),
        " | ".join(values),
    )


def make_show() -> TyperCommand:
    """`conflict show REF`."""
    return command(
        "show",
        run_show,
        _(
            "Each value in conflict in a record: who, when, through whom it came, what it replaced, the edits between."
        ),
        [argument("ref", _("Ref")), reason_option()],
    )


def run_show(ref: str, reason: str | None) -> Result:
    """Show the conflicts of one record."""
    session = open_session()
    found = conflicts.conflicts_of(session, ref)
    erased = ", ".join(conflicts.erased_parts(session, ref))
    gone = _("erased: %(parts)s; what was in conflict there is gone with its values") % {"parts": erased}
    if not found:
        raise NotFound(
            _("%(ref)s has no conflict") % {"ref": ref},
            hint=gone if erased else _("see all with: taskforce conflict list"),
        )
    lines: list[Line | str] = []
    for each in found:
        _require(session, each, reason)
        lines += _story(session, each)
    return Result([data_of(each) for each in found], Lines(tuple(lines)), (gone,) if erased else ())


def _require(session: Session, each: Conflict, reason: str | None) -> None:
    """Record that the values are shown; Refused where they are shown only with a reason."""
    place = Place(each.record.id, each.record.kind.name, each.part)
    if each.field != ARCHIVED:
        label = label_of(each.record)
        require_places(session, [place], label, way=reading.CONFLICT, reason=reason or "")


def _story(session: Session, each: Conflict) -> list[Line | str]:
    label, kind = label_of(each.record), each.record.kind
    names = conflicts.names_in(session, each)
    title = conflict_views.title_of(each.record, names)
    lines: list[Line | str] = [Line(f"≠ {label} {title} · {field_label(kind, each.field)}", "conflict")]
    if each.common or each.missing:
        before, who = conflict_story.before_all(kind, each.field, each.common, names)
        lines.append(_("  before  %(value)s") % {"value": f"{before}  {who}".rstrip()})
        lines += [Line("  " + conflict_story.lacking(one), "late") for one in each.missing]
    for number, side in enumerate(each.sides, start=1):
        value = conflict_views.shown_value(kind, each.field, side.value, names)
        meanwhile = "  " + _("(shown meanwhile)") if side.shown else ""
        first, *more = value.split("\n")
        lines.append(Line(f"  {number}  {first}{meanwhile}", "heading"))
        lines += [Line(f"     {line}", "heading") for line in more]
        set_by = conflict_views.set_by(side.by, side.agency, side.at)
        if side.fields:
            lines.append("     " + conflict_views.edited(kind, side.fields))
        lines.append(f"     {set_by} · " + _("device %(device)s") % {"device": side.device[:4]})
        lines.append(f"     {conflict_views.way(side.agency, side.here, side.carrier)}")
        if not (each.field == ARCHIVED and not side.past.before):
            lines += [_indented(line) for line in conflict_story.past_of(kind, each.field, side, names)]
    lines.append(_("  neither had seen the other; the later clock decides only what is shown"))
    others = [companion.conflict.field for companion in each.companions]
    if others:
        lines.append("  " + conflict_story.with_it(kind, each.field, others))
    command = f"taskforce conflict resolve {label} {each.field} "
    lines.append(Line("  " + command + "--take N", "command"))
    if others:
        flag = "--alone" if each.field == STATUS else "--with-its-fields"
        lines.append(Line(f"  {command}--take N {flag}", "command"))
    if merging.is_text(each):
        is_clear = not text_to_write(each.sides, each.common, None).clashes
        lines.append(Line("  " + command + ("--merged" if is_clear else "--edit"), "command"))
    return lines


def _indented(line: Line | str) -> Line | str:
    return Line("     " + line.text, line.style) if isinstance(line, Line) else "     " + line


def make_resolve() -> TyperCommand:
    """`conflict resolve REF FIELD`."""
    return command(
        "resolve",
        run_resolve,
        _("Decide which value stands."),
        [
            argument("ref", _("Ref")),
            argument("field", _("The field")),
            option("--take", _("Take value N as shown"), metavar="N", number=True),
            option("--value", _("Set a new value")),
            flag("--edit", _("Write one text of all in VISUAL or EDITOR; what clashes is marked in it")),
            flag("--merged", _("Let the merged text stand, where nothing in it clashes")),
            flag("--alone", _("Take a state without what the same move set")),
            flag("--with-its-fields", _("Take a value with all that the same move set")),
            option("--reason", _("With --edit: why you look at identity or care; it is recorded")),
        ],
    )


def run_resolve(
    ref: str,
    field: str,
    take: int | None,
    value: str | None,
    edit: bool,
    merged: bool,
    alone: bool,
    with_its_fields: bool,
    reason: str | None,
) -> Result:
    """Resolve one conflict."""
    if (take is not None) + (value is not None) + edit + merged != 1:
        raise UsageError(_("say which value stands: --take N, --value TEXT, --edit or --merged"))
    if (alone or with_its_fields) and (take is None or (alone and with_its_fields)):
        raise UsageError(_("--alone and --with-its-fields go with --take, one of them"))
    session = open_session()
    conflict = conflicts.conflict_in(session, ref, field)
    if edit:
        _require(session, conflict, reason)
        record_looks(current.get().looks)  # the editor shows it, whatever comes of that
        return _decided(session, _write(session, conflict), None)
    if merged:
        return _decided(session, conflicts.decide(session, conflict, value=_merged(conflict)), None)
    whole = with_its_fields or (None if not alone else False)
    decision = conflicts.decide(session, conflict, take=take, value=value, whole=whole)
    return _decided(session, decision, take)


def _decided(session: Session, decision: Decision, take: int | None) -> Result:
    """The record as it is now; with what else was decided, and what stays of the moves that were not taken."""
    from taskforce.commands.nouns import shown_record  # deferred: only here is a record shown

    conflict, *others = decision.conflicts
    kind, notes = conflict.record.kind, []
    if others:
        notes.append(
            _("decided with it, as the same move set it: %(fields)s")
            % {"fields": field_labels(kind, [each.field for each in others])}
        )
    staying = conflicts.outlasting(conflict, take, decision.conflicts) if take else {}
    if staying:
        notes.append(
            _("of what was not taken this stays in the record: %(fields)s; all of it is in: %(command)s")
            % {
                "fields": field_labels(kind, staying),
                "command": f"taskforce history {label_of(conflict.record)}",
            }
        )
    return shown_record(session, decision.record, notes)


def _merged(conflict: Conflict) -> str:
    """The merged text; Refused where anything in it clashes."""
    merging.require_text(conflict)
    found = text_to_write(conflict.sides, conflict.common, None)
    if found.clashes:
        raise Refused(
            ngettext(
                "%(count)d place was changed in different ways",
                "%(count)d places were changed in different ways",
                found.clashes,
            )
            % {"count": found.clashes},
            hint=_("decide there with: %(command)s") % {"command": _command(conflict) + " --edit"},
            code="clashes",
        )
    return found.text


def _write(session: Session, conflict: Conflict) -> Decision:
    """Let the person write one text of all; what cannot stand yet is kept in the store, and the next try goes on."""
    merging.require_text(conflict)
    begun = merging.kept_text(session, conflict)
    start = text_to_write(conflict.sides, conflict.common, begun)
    if begun is not None:
        console.note(
            _("it begins with what was written here and kept, %(when)s")
            % {"when": moments.show_time(begun.at)}
        )
    with written(start.text, f"{conflict.record.ref}-{conflict.field}.txt") as done:
        if not done.text.strip() or done.text == start.text:
            if done.stopped:
                raise KeyboardInterrupt
            raise Refused(
                (f"{done.fault}: " if done.fault else "")
                + _("the text is empty, or as it was: nothing was decided"),
                hint=None if start.clashes else _("to let it stand as it is: --merged"),
                code="unchanged",
            )
        try:
            if done.stopped:
                raise KeyboardInterrupt
            if done.fault:
                raise Refused(_("%(fault)s: nothing was decided") % {"fault": done.fault}, code="editor")
            if start.is_marked(done.text):
                raise Refused(
                    _("there are still lines in the text that mark where to decide: nothing was decided"),
                    hint=_(
                        "leave what is to stand, and delete the lines that begin with <<<, ===, ||| and >>>"
                    ),
                    code="still-marked",
                )
            return conflicts.decide(session, conflict, value=done.text)
        except (TaskforceError, KeyboardInterrupt) as fault:
            _keep(session, conflict, done, start.markers)
            if isinstance(fault, TaskforceError):
                kept = _("what you wrote is kept in this store: %(command)s goes on with it") % {
                    "command": _command(conflict) + " --edit"
                }
                fault.hint = f"{fault.hint}; {kept}" if fault.hint else kept
            raise


def _keep(session: Session, conflict: Conflict, done: Written, markers: frozenset[str]) -> None:
    """Keep in the store what was written; in memory, if the store cannot be written."""
    try:
        merging.keep_text(session, conflict, done.text, markers)
    except TaskforceError as fault:
        raise StoreError(
            _("nothing was decided, and what you wrote cannot be kept in the store: %(reason)s")
            % {"reason": fault.sentence},
            hint=_("it stands, until this device is switched off, in: %(file)s") % {"file": done.stay()},
        ) from None


def _command(conflict: Conflict) -> str:
    return f"taskforce conflict resolve {label_of(conflict.record)} {conflict.field}"


VERBS = {
    "list": (N_("Every field with several values"), make_list),
    "show": (N_("Each value: who, when, through whom, what it replaced"), make_show),
    "resolve": (N_("Decide which value stands"), make_resolve),
}
