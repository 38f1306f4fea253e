"""`taskforce agreement due`: what ends, is to be reviewed, or is suspended."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce import moments, typed_moments
from taskforce.actions import agreements
from taskforce.commands.frame import command, open_session, option
from taskforce.i18n import N_, _
from taskforce.output import Column, Line, Result, Table
from taskforce.records.registry import get_kind

_DUE = N_("What ends or must be reviewed soon, or is past it, and what is suspended")

_DAY = 24 * 3600


def verbs() -> dict[str, Any]:
    """The verbs of agreements beside those of every kind."""
    return {"due": (_(_DUE), make_due)}


def make_due() -> TyperCommand:
    """`agreement due [--within 30d]`."""
    within = _("Within this time, as 30d or 8w; %(days)d days if left out") % {"days": agreements.NEAR_DAYS}
    return command(
        "due", run_due, _(_DUE) + ".", [option("--within", within, metavar="DURATION")], lists=True
    )


def run_due(within: str | None) -> Result:
    """List the agreements that need somebody, the longest past first."""
    # A day that has begun counts: what ends on it ends within it.
    days = agreements.NEAR_DAYS if within is None else -(-typed_moments.parse_duration(within) // _DAY)
    session = open_session()
    found = agreements.due(session, days=days)
    columns = (
        Column(_("Ref"), "ref"),
        Column(_("Why"), "why"),
        Column(_("When"), "date"),
        Column(_("Title"), "title", wrap=True),
        Column(_("State"), "status", priority=2),
        Column(_("Parties"), "parties", priority=3),
    )
    rows = tuple(
        (
            one.record.ref,
            Line(("! " if one.late else "") + one.sentence, "late" if one.late else ""),
            _when(one, session.now),
            one.record.title,
            _state(one),
            ", ".join(one.record.items("parties")),
        )
        for one in found
    )
    nothing = _("no agreement ends or must be reviewed within %(days)d days, and none is suspended")
    return Result(
        [_data(one) for one in found], Table(columns, rows, nothing % {"days": days}), plural="agreements"
    )


def _when(one: agreements.Due, now: Any) -> str:
    return "" if one.why == agreements.SUSPENDED else moments.left_or_late(one.date, now)


def _state(one: agreements.Due) -> str:
    lifecycle = get_kind("agreement").lifecycle
    state = one.record.text("status")
    return _(lifecycle.states.get(state, state)) if lifecycle is not None else state


def _data(one: agreements.Due) -> dict[str, Any]:
    return {
        "id": one.record.id,
        "ref": one.record.ref,
        "title": one.record.title,
        "status": one.record.text("status"),
        "parties": one.record.items("parties"),
        "why": one.why,
        "date": one.date or None,
        "late": one.late,
    }
