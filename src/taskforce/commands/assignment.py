"""`taskforce assignment timeline`: the days as a chart."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from taskforce.commands.frame import command, open_session
from taskforce.i18n import N_, _
from taskforce.output import Drawing, Result, View
from taskforce.records.registry import get_kind


def verbs() -> dict[str, Any]:
    """The verbs of assignments beside those of every kind."""
    return {"timeline": (_(_TIMELINE), make_timeline)}


_TIMELINE = N_("The days as a chart: who does what when, what waits for what")


def make_timeline() -> TyperCommand:
    """`assignment timeline`."""
    from taskforce.commands.listing import list_parameters  # deferred: nouns uses this module

    return command("timeline", _run, _(_TIMELINE) + ".", list_parameters(get_kind("assignment")), lists=True)


def _run(**given: Any) -> Result:
    from taskforce.actions.scheduling import schedule_of  # deferred: only this verb needs it
    from taskforce.commands.listing import chosen_records, operation_note
    from taskforce.reports import timeline
    from taskforce.reports.record_views import table_of

    session = open_session()
    kind, now = get_kind("assignment"), session.now
    records = chosen_records(session, kind, given)
    schedule = schedule_of(session, records)
    view: View = Drawing(lambda width: timeline.lines_of(schedule, now, width))
    return Result(
        timeline.data_of_bars(schedule, now),
        view if records else table_of(kind, [], {}, now),
        operation_note(session, kind, given),
        plural="timeline",
    )
