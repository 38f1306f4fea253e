"""What a command may show of who victims are and of their care, and that it is recorded who looked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from taskforce import console
from taskforce.actions import reading
from taskforce.actions.references import label_of
from taskforce.actions.session import Session
from taskforce.commands.frame import Parameter, current, option
from taskforce.errors import Refused, StoreError, TaskforceError
from taskforce.i18n import _
from taskforce.settings import read_setting, reason_parts_of
from taskforce.store.disclosures import Place
from taskforce.store.queries import Record


def reason_option() -> Parameter:
    """The option that says why somebody looks."""
    return option("--reason", _("Why you look at identity or care; it is recorded"))


def may_show(
    session: Session,
    records: Sequence[Record],
    *,
    way: str,
    reason: str = "",
    fields: Collection[str] | None = None,
) -> tuple[list[Record], tuple[str, ...]]:
    """The records as they may be shown (these fields of them, or all), and what is to be said of that.

    Where the setting `reason-for` names a part and there is no reason, that part is left out. What is shown is
    recorded: after it was, or before where the setting names it. Refused where that cannot be.
    """
    places = [place for record in records for place in reading.places_of(record, fields)]
    kept_back = _admit(session, places, way, reason)
    if not kept_back:
        return list(records), ()
    parts = {place.part for place in kept_back}
    _record_after(session, [place for place in places if place.part not in parts], way, reason)
    text = _("left out for want of a reason: %(parts)s; say why with --reason") % {"parts": _list(parts)}
    return [reading.without(record, parts) for record in records], (text,)


def require_shown(session: Session, records: Iterable[Record], *, way: str, reason: str = "") -> None:
    """Refused where these records may not be shown whole without a reason; otherwise it is recorded that they are."""
    known = list(records)
    places = [place for record in known for place in reading.places_of(record)]
    kept_back = _admit(session, places, way, reason)
    if kept_back:
        ids = {place.record for place in kept_back}
        raise _refused(kept_back, [label_of(record) for record in known if record.id in ids])


def require_places(
    session: Session, places: Sequence[Place], label: str, *, way: str, reason: str = ""
) -> None:
    """As `require_shown`, of what else shows values of the parts of a record that is called `label`."""
    kept_back = _admit(session, [place for place in places if place.part in reading.PRIVATE], way, reason)
    if kept_back:
        raise _refused(kept_back, [label])


def _admit(session: Session, places: Sequence[Place], way: str, reason: str) -> list[Place]:
    """The places that may not be shown, none if all may; then it is recorded that they are."""
    if not places:
        return []
    reason = " ".join(reason.split())
    asked_for = _asked_for(way)
    strict = [place for place in places if place.part in asked_for]
    if strict and not reason:
        return strict
    reading.note_first(session, strict, way=way, reason=reason)
    _record_after(session, [place for place in places if place.part not in asked_for], way, reason)
    return []


def _asked_for(way: str) -> tuple[str, ...]:
    """The parts that are shown only with a reason.

    Settings that cannot be understood are an error; but of a change that is done already, they only hide its result.
    """
    try:
        return reason_parts_of(read_setting("reason-for"))
    except TaskforceError:
        if way != reading.CHANGE:
            raise
        return reading.PRIVATE


def _record_after(session: Session, places: Sequence[Place], way: str, reason: str) -> None:
    if places:
        current.get().looks.append((session, tuple(places), way, reason))


def _refused(places: Sequence[Place], labels: Sequence[str]) -> Refused:
    named = list(dict.fromkeys(labels))
    who = ", ".join(named[:3]) + (" …" if len(named) > 3 else "")
    return Refused(
        _("%(who)s: %(parts)s is shown only with a reason, as the setting reason-for says")
        % {"who": who, "parts": _list({place.part for place in places})},
        hint=_('say why you look, as --reason "Asked by the shelter"; it is recorded'),
        code="reason-needed",
    )


def _list(parts: Collection[str]) -> str:
    return ", ".join(part for part in reading.PRIVATE if part in parts)


def record_looks(looks: list[tuple[Any, ...]]) -> None:
    """Record what was shown by now; where that cannot be, the answer stands, and a warning says so."""
    while looks:
        session, places, way, reason = looks.pop(0)
        try:
            reading.note(session, places, way=way, reason=reason)
        except StoreError as error:
            console.warn(
                _("that you looked at this is not recorded: %(why)s") % {"why": error.sentence},
            )
