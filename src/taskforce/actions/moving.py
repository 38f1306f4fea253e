"""Moves several records of a kind together: one action, one entry of the history, one undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from taskforce.actions import keeping
from taskforce.actions.keeping import Typed
from taskforce.actions.references import names_for
from taskforce.actions.session import Session
from taskforce.errors import Refused, UsageError
from taskforce.i18n import _
from taskforce.records.schema import Kind
from taskforce.store.queries import Record

_NAMED = 6


@dataclass(frozen=True, slots=True)
class Moved:
    """The records moved, as they are now, and those whose state did not allow the move."""

    records: tuple[Record, ...]
    left: tuple[Record, ...]


def move_all(
    session: Session, kind: Kind, ids: Sequence[str], name: str, typed: Typed, *, leave: bool = False
) -> Moved:
    """Make one move of each record, all or none; with `leave`, of those whose state allows it, if any does.

    Refused, naming the moves allowed, as `keeping.move` is; UsageError where another agency's answer is noted without
    a note.
    """
    if kind.by_action:  # recalls: confirming one means to obey it
        from taskforce.actions.obeying import confirm  # deferred: no other kind needs it

        for recall in ids:
            confirm(session, keeping.require(session, kind, recall))
        return Moved(tuple(keeping.require(session, kind, recall) for recall in ids), ())
    lifecycle = kind.lifecycle
    assert lifecycle is not None
    chosen = lifecycle.move(name)
    assert chosen is not None
    records = [keeping.require(session, kind, each) for each in dict.fromkeys(ids)]
    fit = [each for each in records if (each.text("status") or lifecycle.initial) in chosen.sources]
    going = fit if leave and fit else records
    if not going:
        raise Refused(_("there is nothing to move"))
    with session.acting(_summary(kind, name, going)) as one:
        for each in going:
            now = keeping.require(session, kind, each.id)  # as it is while nobody else writes
            _require_note(session, now, name, typed)
            one.save(kind, each.id, keeping.move_values(session, kind, now, name, typed))
    gone = {each.id for each in going}
    return Moved(
        tuple(keeping.as_written(session, each) for each in going),
        tuple(each for each in records if each.id not in gone),
    )


def answers_for(session: Session, records: Sequence[Record], name: str) -> list[str]:
    """The other agencies for which accepting these referrals would note the answer: those have not answered themselves.

    It stays possible: a shelter may have no program and answer by phone. Then it must be said who said so.
    """
    if name != "accept":
        return []
    others = [one for one in records if one.kind.name == "referral" and one.text("to") != session.own_agency]
    names = names_for(session, others, ["to"]) if others else {}
    return list(dict.fromkeys(names.get(one.text("to"), "?") for one in others))


def _require_note(session: Session, record: Record, name: str, typed: Typed) -> None:
    for agency in () if typed.get("status_note") else answers_for(session, [record], name):
        raise UsageError(
            _("%(ref)s is to %(agency)s, which has not answered by a bundle: say who told you, and how")
            % {"ref": record.ref, "agency": agency},
            hint=_("say it in the note (--note)"),
        )


def _summary(kind: Kind, name: str, records: Sequence[Record]) -> str:
    refs = " ".join(each.ref for each in records[:_NAMED])
    more = " …" if len(records) > _NAMED else ""
    return f"{kind.name} {name} {refs}{more}"
