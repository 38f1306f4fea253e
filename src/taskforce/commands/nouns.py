"""The commands of every kind, made from its declaration: add, list, show, edit, archive, and the lifecycle's moves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

from typer.core import TyperCommand

from taskforce.actions import keeping, reading
from taskforce.actions.looking import newer_values
from taskforce.actions.moving import move_all
from taskforce.actions.references import candidates, find, label_of, names_for, shown_ids
from taskforce.actions.session import Session
from taskforce.commands.frame import (
    Completer,
    Parameter,
    argument,
    command,
    completing_session,
    flag,
    open_session,
    option,
    typed_fields,
)
from taskforce.commands.listing import chosen_records, list_parameters, operation_note
from taskforce.commands.showing import may_show, reason_option, require_shown
from taskforce.i18n import _
from taskforce.output import Result
from taskforce.records.registry import get_kind
from taskforce.records.schema import Field, Kind, Move, Type
from taskforce.reports.record_views import data_of, fields_of, table_of
from taskforce.store.queries import Record

Verbs = dict[str, tuple[str, Callable[[], TyperCommand]]]


def verbs_of(kind: Kind) -> Verbs:
    """The verbs of a kind with one line of help each; a verb's command is made when it is called."""
    label = _(kind.label).lower()
    verbs: Verbs = {
        "add": (_("Make a new %(kind)s") % {"kind": label}, partial(make_add, kind)),
        "list": (_("List, filter, sort"), partial(_make_list, kind)),
        "show": (_("Show one"), partial(_make_show, kind)),
        "edit": (_("Set fields"), partial(_make_edit, kind)),
        "archive": (_("Take out of view; nothing is deleted"), partial(_make_archive, kind)),
    }
    if kind.lifecycle is not None:
        for move in kind.lifecycle.moves:
            verbs[move.name] = (_(move.help), partial(make_move, kind, move))
    if kind.by_action:
        del verbs["edit"]
    verbs.update(_special_verbs(kind))
    return verbs


def shown_record(
    session: Session,
    record: Record,
    notes: Iterable[str] = (),
    *,
    before: Record | None = None,
    is_new: bool = False,
) -> Result:
    """One record as a result: what add, edit and the moves give.

    With `before`, people are shown only what is different now; scripts get the whole record. Of one that `is_new`
    nothing is shown but what was typed this moment: nobody looks at anything by that.
    """
    if is_new:
        return _result_of(session, record, notes)
    from taskforce.commands.frame import current  # read when it runs: the format decides what is shown

    fields = None
    if before and current.get().format == "table":
        known = {**before.values, **record.values}
        fields = [name for name in known if before.values.get(name) != record.values.get(name)]
    (shown,), told = may_show(session, [record], way=reading.CHANGE, fields=fields)
    if told and before:
        (before,), _told = may_show(session, [before], way=reading.CHANGE, fields=fields)
    return _result_of(session, shown, [*notes, *told], before=before)


def _result_of(
    session: Session, record: Record, notes: Iterable[str] = (), *, before: Record | None = None
) -> Result:
    known = {**before.values, **record.values} if before else {}
    different = [name for name in known if before and record.values.get(name) != before.values.get(name)]
    names = names_for(session, [record])
    return Result(
        data_of(record, _agency_codes(session, [record])),
        fields_of(record, names, session.now, only=different),
        tuple(notes),
    )


def shown_records(
    session: Session, kind: Kind, records: list[Record], *, way: str = reading.CHANGE, reason: str = ""
) -> Result:
    """Several records of a kind as a result."""
    from taskforce.commands.frame import current  # read when it runs: the format decides what is looked up

    codes = _agency_codes(session, records)
    is_table = current.get().format == "table"
    told: tuple[str, ...] = ()
    if reading.has_private(kind):
        fields = kind.columns if is_table else None
        records, told = may_show(session, records, way=way, reason=reason, fields=fields)
    names = names_for(session, records, list(kind.columns)) if is_table else {}
    return Result(
        [] if is_table else [data_of(record, codes) for record in records],
        table_of(kind, records if is_table else [], names, session.now),
        told,
        plural=kind.plural,
    )


def reference_parameter(kind: Kind) -> Parameter:
    """The positional parameter that names one record of a kind."""
    return argument("ref", _("Ref, unique prefix, code, codename or full id"), complete=complete_refs(kind))


def field_option(field: Field) -> Parameter:
    """The option that sets a field."""
    help_text = _(field.label)
    if field.help:
        help_text += ": " + _(field.help)
    if field.codes and not field.pair_codes:
        help_text += " (" + ", ".join(field.codes) + ")"
    if field.many:
        help_text += "; " + _("several with commas")
    return option(
        field.option,
        help_text,
        metavar=_METAVARS.get(field.type, "TEXT"),
        many=field.many,
        complete=_complete(field),
    )


_METAVARS = {
    Type.CODE: "CODE",
    Type.DATE: "DATE",
    Type.TIME: "TIME",
    Type.INTEGER: "N",
    Type.REF: "REF",
    Type.COUNTRY: "COUNTRY",
    Type.LANGUAGE: "LANGUAGE",
    Type.YES_NO: "yes|no",
    Type.PARTY: "PARTY",
    Type.RECIPIENT: "AGENCY",
    Type.PAIR: "CODE=CODE",
}


def complete_refs(kind: Kind) -> Completer:
    """Completion of the refs, codes and codenames of a kind, where the store opens without asking."""

    def complete(_context: Any, _parameter: Any, typed: str) -> list[str]:
        session = completing_session()
        if session is None:
            return []
        from taskforce.store import queries  # deferred: completion only

        if kind.name in ("agency", "operation"):
            records = queries.list_records(session.store.connection, kind, limit=500)
            names = map(label_of, records)
            return _completed(
                typed,
                (
                    name if _is_plain(name) else record.ref
                    for name, record in zip(names, records, strict=True)
                ),
            )
        if len(typed) <= 2:
            records = queries.list_records(session.store.connection, kind, limit=50)
        else:
            records = candidates(session, kind, typed)
        return _completed(typed, (record.ref for record in records))

    return complete


def _completed(typed: str, names: Iterable[str]) -> list[str]:
    """The names that begin with what was typed, in whatever case, which is kept as it was typed."""
    return [typed + name[len(typed) :] for name in names if name.casefold().startswith(typed.casefold())]


def _is_plain(name: str) -> bool:
    """Whether a shell takes the name as one word and nothing else. Others write codenames, and zsh evaluates what it is
    offered: `$(…)` in one would run when somebody presses Tab."""
    return all(character.isalnum() or character in "-._" for character in name)


def _complete(field: Field) -> Completer | None:
    if field.codes is not None:
        codes = tuple(field.codes)
        return lambda _context, _parameter, typed: [code for code in codes if code.startswith(typed)]
    return complete_refs(get_kind(field.to)) if field.type == Type.REF else None


def _settable(kind: Kind) -> list[Field]:
    return [field for field in kind.fields if not field.by_move]


def make_add(
    kind: Kind, notes_of: Callable[[Session, Record], Iterable[str]] = lambda _session, _record: ()
) -> TyperCommand:
    """`add`; `notes_of` says what is to be said of a new record."""
    fields = _settable(kind)
    parameters: list[Parameter] = []
    positional = kind.field(kind.positional) if kind.positional else None
    if positional is not None:
        parameters.append(
            argument(positional.name, _(positional.label), required=False, complete=_complete(positional))
        )
    parameters += [field_option(field) for field in fields if field is not positional]

    def run(**given: Any) -> Result:
        session = open_session()
        typed = typed_fields([field.name for field in fields], given)
        made = keeping.add(session, kind, typed)
        return shown_record(session, made, notes_of(session, made), is_new=True)

    return command("add", run, _("Make a new %(kind)s.") % {"kind": _(kind.label).lower()}, parameters)


def _make_list(kind: Kind) -> TyperCommand:
    def run(**given: Any) -> Result:
        session = open_session()
        result = shown_records(
            session,
            kind,
            chosen_records(session, kind, given),
            way=reading.LIST,
            reason=given.get("reason") or "",
        )
        return replace(result, notes=(*result.notes, *operation_note(session, kind, given)))

    return command(
        "list",
        run,
        _("List %(plural)s.") % {"plural": kind.plural},
        [*list_parameters(kind), *_reason_parameters(kind)],
        lists=True,
    )


def _make_show(kind: Kind) -> TyperCommand:
    def run(ref: str, reason: str | None = None) -> Result:
        session = open_session()
        record = find(session, kind, ref)
        require_shown(session, [record], way=reading.SHOW, reason=reason or "")
        return _result_of(session, record, [*_newer_notes(session, record), *_erased_parts(session, record)])

    return command(
        "show",
        run,
        _("Show one %(kind)s.") % {"kind": _(kind.label).lower()},
        [reference_parameter(kind), *_reason_parameters(kind)],
    )


def _reason_parameters(kind: Kind) -> list[Parameter]:
    """The option that says why somebody looks, where a kind has anything of which that is recorded."""
    return [reason_option()] if reading.has_private(kind) else []


def _newer_notes(session: Session, record: Record) -> list[str]:
    """What a record holds that this version of the program does not know."""
    return [
        _("from a newer version: %(field)s: %(value)s")
        % {
            "field": name,
            "value": " ≠ ".join(", ".join(one) if isinstance(one, list) else one for one in values),
        }
        for name, values in newer_values(session, record).items()
    ]


def _erased_parts(session: Session, record: Record) -> list[str]:
    """Of a record of which parts were erased: which, by whom, when and why."""
    from taskforce.store.erasing import erased_parts

    if not erased_parts(session.store.connection, record.id):
        return []
    from taskforce.actions.erasing import erased_of  # deferred: loads what exchange needs
    from taskforce.reports.erasure_views import erased_by

    return [erased_by(each) for each in erased_of(session, record)]


def _make_edit(kind: Kind) -> TyperCommand:
    from taskforce.commands.stopping import MARKS, Stopping, recall_flag  # deferred: looking stops nothing

    fields = [field for field in _settable(kind) if not field.fixed]

    def run(ref: str, **given: Any) -> Result:
        session = open_session()
        typed, record = typed_fields([field.name for field in fields], given), find(session, kind, ref)
        stopping = Stopping(session, asked=not MARKS.isdisjoint(typed))
        changed = keeping.edit(session, kind, record, typed)
        is_same = changed.values == record.values and not session.only_proposed
        notes = [_("nothing changed")] if is_same else []
        notes += stopping.notes(recall=bool(given.get("recall")))
        return shown_record(session, changed, notes, before=record)

    parameters = [reference_parameter(kind), *(field_option(field) for field in fields)]
    if not MARKS.isdisjoint(field.name for field in fields):
        parameters.append(recall_flag())
    help_text = _("Set fields of one %(kind)s; an empty text clears a field.") % {
        "kind": _(kind.label).lower()
    }
    return command("edit", run, help_text, parameters)


def _make_archive(kind: Kind) -> TyperCommand:
    def run(ref: str, restore: bool) -> Result:
        session = open_session()
        record = keeping.set_archived(session, kind, find(session, kind, ref), archived=not restore)
        return shown_record(session, record)

    parameters = [reference_parameter(kind), flag("--restore", _("Bring it back into view"))]
    return command("archive", run, _("Take a record out of view; nothing is deleted."), parameters)


def make_move(
    kind: Kind,
    move: Move,
    notes_of: Callable[[Session, tuple[Record, ...]], Iterable[str]] = lambda _session, _moved: (),
) -> TyperCommand:
    """A move of a kind's lifecycle; `notes_of` says what is to be said of the records moved."""
    from taskforce.commands.stopping import STOPS, Stopping, recall_flag  # deferred: as above

    parameters: list[Parameter] = [
        argument(
            "refs",
            _("Refs, unique prefixes, codes, codenames or full ids; all are moved, or none"),
            many=True,
            complete=complete_refs(kind),
        )
    ]
    fields: Mapping[str, str] = {ask.option.replace("-", "_"): ask.field for ask in move.asks}
    for ask in move.asks:
        field = kind.field(ask.field)
        assert field is not None
        parameters.append(_renamed(field, ask.option, _("needed") if ask.required else ""))

    if stops := (kind.name, move.name) in STOPS:
        parameters.append(recall_flag())

    def run(refs: tuple[str, ...], **given: Any) -> Result:
        session = open_session()
        typed = {fields[name]: value for name, value in typed_fields(list(fields), given).items()}
        records = [find(session, kind, ref) for ref in refs]
        stopping = Stopping(session, asked=stops)
        moved = move_all(session, kind, [record.id for record in records], move.name, typed).records
        notes = (*notes_of(session, moved), *stopping.notes(recall=bool(given.get("recall"))))
        if len(refs) == 1:
            return shown_record(session, moved[0], notes, before=records[0])
        result = shown_records(session, kind, list(moved))
        return replace(result, notes=(*result.notes, *notes))

    return command(move.name, run, _(move.help) + ".", parameters)


def _renamed(field: Field, name: str, wanted: str) -> Parameter:
    made = field_option(field)
    return option(
        "--" + name,
        (made.help or "") + (f" [{wanted}]" if wanted else ""),
        metavar=_METAVARS.get(field.type, "TEXT"),
        many=field.many,
        complete=_complete(field),
    )


def _special_verbs(kind: Kind) -> Verbs:
    """The verbs that only one kind has, written by hand in a module of the kind's name."""
    if kind.name not in _WITH_VERBS_OF_THEIR_OWN:
        return {}
    verbs: Verbs = import_module(f"taskforce.commands.{kind.name}").verbs()
    return verbs


_WITH_VERBS_OF_THEIR_OWN = ("agreement", "assignment", "consent", "operation", "log", "recall", "referral")


def _agency_codes(session: Session, records: list[Record]) -> dict[str, str]:
    ids = {
        one
        for record in records
        for field in record.kind.fields
        if field.to == "agency" and field.name in record.values
        for one in record.items(field.name)
    }
    return shown_ids(session, get_kind("agency"), ids) if ids else {}
