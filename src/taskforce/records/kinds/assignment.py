"""A task given to an agency in an operation (Incident Command System form 204)."""

from __future__ import annotations

from taskforce.records import codes
from taskforce.records.schema import (
    N_,
    OPERATIONAL,
    Ask,
    Authority,
    Field,
    Kind,
    Lifecycle,
    Move,
    Named,
    Type,
    lifecycle_field,
)

_OPEN = ("planned", "assigned", "accepted", "under-way", "blocked")
_NOTE = (Ask("note", "status_note"),)

LIFECYCLE = Lifecycle(
    states={
        "planned": N_("Planned"),
        "assigned": N_("Assigned"),
        "accepted": N_("Accepted"),
        "under-way": N_("Under way"),
        "blocked": N_("Blocked"),
        "done": N_("Done"),
        "cancelled": N_("Cancelled"),
    },
    initial="planned",
    closed=("done", "cancelled"),
    moves=(
        Move(
            "assign",
            ("planned", "assigned"),
            "assigned",
            N_("Give the assignment to an agency"),
            stamps="assigned_at",
            asks=(Ask("agency", "agency"), Ask("officer", "officer"), *_NOTE),
        ),
        Move(
            "accept",
            ("planned", "assigned"),
            "accepted",
            N_("Take the assignment on"),
            stamps="accepted_at",
            asks=(Ask("officer", "officer"), *_NOTE),
        ),
        Move(
            "start",
            ("assigned", "accepted"),
            "under-way",
            N_("Work has begun"),
            stamps="started_at",
            asks=_NOTE,
        ),
        Move(
            "block",
            ("assigned", "accepted", "under-way"),
            "blocked",
            N_("It cannot go on; say why with --note"),
            asks=_NOTE,
        ),
        Move("resume", ("blocked",), "under-way", N_("The obstacle is gone"), asks=_NOTE),
        Move(
            "done",
            ("assigned", "accepted", "under-way", "blocked"),
            "done",
            N_("It is finished"),
            stamps="done_at",
            asks=(Ask("result", "result"), *_NOTE),
        ),
        Move("cancel", _OPEN, "cancelled", N_("It is no longer wanted"), stamps="cancelled_at", asks=_NOTE),
    ),
)

_FIELDS = (
    Field("title", Type.TEXT, OPERATIONAL, N_("Title"), required=True),
    Field("operation", Type.REF, OPERATIONAL, N_("Operation"), required=True, to="operation"),
    Field("agency", Type.REF, OPERATIONAL, N_("Agency"), to="agency"),
    Field("officer", Type.REF, OPERATIONAL, N_("Officer"), to="contact"),
    Field("site", Type.REF, OPERATIONAL, N_("Site"), to="site"),
    lifecycle_field(LIFECYCLE, OPERATIONAL),
    Field("priority", Type.CODE, OPERATIONAL, N_("Priority"), codes=codes.PRIORITIES, default="routine"),
    Field("start", Type.TIME, OPERATIONAL, N_("Start")),
    Field("due", Type.TIME, OPERATIONAL, N_("Due"), end_of_day=True),
    Field("depends_on", Type.REF, OPERATIONAL, N_("Depends on"), many=True, to="assignment"),
    Field("instructions", Type.NOTE, OPERATIONAL, N_("Instructions")),
    Field("status_note", Type.NOTE, OPERATIONAL, N_("Note on status")),
    Field("result", Type.NOTE, OPERATIONAL, N_("Result")),
    Field("assigned_at", Type.TIME, OPERATIONAL, N_("Assigned"), by_move=True),
    Field("accepted_at", Type.TIME, OPERATIONAL, N_("Accepted"), by_move=True),
    Field("started_at", Type.TIME, OPERATIONAL, N_("Started"), by_move=True),
    Field("done_at", Type.TIME, OPERATIONAL, N_("Done"), by_move=True),
    Field("cancelled_at", Type.TIME, OPERATIONAL, N_("Cancelled"), by_move=True),
)

KIND = Kind(
    name="assignment",
    plural="assignments",
    letter="A",
    order=60,
    label=N_("Assignment"),
    help=N_("Who does what by when"),
    title="title",
    positional="title",
    plan_key=("operation", "title"),
    anchors={OPERATIONAL: "operation"},
    columns=("title", "status", "agency", "priority", "due", "site"),
    filters=("operation", "agency", "priority", "site"),
    lifecycle=LIFECYCLE,
    deadline="due",
    sort="due",
    # Who it was given to may change all of it but whose it is and of which operation.
    authority=Authority(
        plan=True,
        participants=True,
        named=(
            Named("agency", tuple(each.name for each in _FIELDS if each.name not in ("operation", "agency"))),
        ),
    ),
    fields=_FIELDS,
)
