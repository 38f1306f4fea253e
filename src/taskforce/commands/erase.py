"""`taskforce erase REF` and `taskforce erase status`."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce import console
from taskforce.actions import erasing
from taskforce.commands.frame import argument, command, flag, open_session, option
from taskforce.errors import UsageError
from taskforce.i18n import _
from taskforce.output import Line, Lines, Result
from taskforce.reports import erasure_views

_STATUS = "status"


def make_erase() -> TyperCommand:
    """`erase REF` and `erase status [REF]`."""
    return command(
        "erase",
        run_erase,
        _(
            "Erase a record, or parts of it, for ever: here, and at everybody who has it, with their next bundle. Only "
            "the agency whose record it is can. With the word status in place of a ref: who has confirmed."
        ),
        [
            argument("ref", _("Ref; or the word status")),
            argument("of", _("After status: only this record's"), required=False),
            option("--part", _("Only this part, as identity; may be repeated"), metavar="PART", many=True),
            option("--reason", _("Why, for everybody who had it; name nobody here")),
            flag("--yes/-y", _("Do not ask: it cannot be undone")),
        ],
    )


def run_erase(ref: str, of: str | None, part: tuple[str, ...], reason: str | None, yes: bool) -> Result:
    """Erase, or tell how far an erasure has come."""
    if ref == _STATUS:
        if part or reason:
            raise UsageError(_("status takes no --part and no --reason"))
        return _status(of or "")
    if of:
        raise UsageError(_("one record at a time: what is %(word)s?") % {"word": of})
    if not reason:
        raise UsageError(_("--reason is needed: everybody who had it is told why it was erased"))
    session = open_session()
    would = erasing.erase(session, ref, part, reason=reason, dry_run=True)
    for line in erasure_views.preview(would):
        console.note(line)
    if not console.confirm(erasure_views.question(), yes=yes):
        return Result(_data(would), Lines((_("nothing was changed"),)), exit_code=4)
    done = erasing.erase(session, ref, part, reason=reason)
    return Result(_data(done), Lines(tuple(erasure_views.done(done))))


def _data(erasure: erasing.Erasure) -> dict[str, Any]:
    return {
        "id": erasure.record.id,
        "ref": erasure.record.ref,
        "kind": erasure.record.kind.name,
        "parts": list(erasure.parts),
        "edits": erasure.edits,
        "agencies": list(erasure.agencies),
        "copies": list(erasure.copies),
        "applied": erasure.applied,
    }


def _status(text: str) -> Result:
    session = open_session()
    found = erasing.status(session, text)
    lines: list[Line | str] = [line for one in found for line in erasure_views.story(one, session.now)]
    if found:
        lines += erasure_views.summary(found)
    data = [
        {
            "id": one.record,
            "label": one.label,
            "kind": one.kind,
            "part": one.part,
            "by": one.by,
            "agency": one.agency,
            "at": one.at,
            "reason": one.reason,
            "confirmed": [_answer(each) for each in one.confirmed],
            "put_back": [_answer(each) for each in one.put_back],
            "waiting": [
                {"agency": agency, "devices": list(ids), "last_heard": one.heard.get(agency)}
                for agency, ids in one.waiting.items()
            ],
            "unverified": one.unverified,
            "passed_on_by": list(one.passed_on_by),
        }
        for one in found
    ]
    return Result(data, Lines(tuple(lines) or (_("nothing was erased"),)), plural="erasures")


def _answer(one: erasing.Answer) -> dict[str, Any]:
    return {"agency": one.agency, "device": one.device, "at": one.at}
