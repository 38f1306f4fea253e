"""A joint operation: several agencies working one case or action together."""

from __future__ import annotations

from taskforce.records import codes
from taskforce.records.marks import mark_fields
from taskforce.records.schema import (
    N_,
    OPERATIONAL,
    SELF,
    Ask,
    Authority,
    Field,
    Kind,
    Lifecycle,
    Move,
    Type,
    lifecycle_field,
)

LIFECYCLE = Lifecycle(
    states={
        "planning": N_("Planning"),
        "briefed": N_("Briefed"),
        "live": N_("Live"),
        "stood-down": N_("Stood down"),
        "closed": N_("Closed"),
    },
    initial="planning",
    closed=("closed",),
    moves=(
        Move("brief", ("planning",), "briefed", N_("The teams have been briefed"), stamps="briefed_at"),
        Move("launch", ("briefed",), "live", N_("The operation goes live"), stamps="launched_at"),
        Move(
            "stand-down",
            ("briefed", "live"),
            "stood-down",
            N_("The teams stand down"),
            stamps="stood_down_at",
            asks=(Ask("note", "note"),),
        ),
        Move("close", ("planning", "stood-down"), "closed", N_("Close the operation"), stamps="closed_at"),
    ),
)

KIND = Kind(
    name="operation",
    plural="operations",
    letter="O",
    order=10,
    label=N_("Operation"),
    help=N_("Joint operations: plan, brief, launch, stand down, close"),
    title="codename",
    positional="codename",
    plan_key=("codename",),
    sort="start",
    anchors={OPERATIONAL: SELF},
    columns=("codename", "operation_kind", "status", "lead", "start", "end"),
    filters=("operation_kind", "lead"),
    lifecycle=LIFECYCLE,
    authority=Authority(plan=True),
    fields=(
        Field("codename", Type.TEXT, OPERATIONAL, N_("Codename"), required=True),
        Field("operation_kind", Type.CODE, OPERATIONAL, N_("Kind of operation"), codes=codes.OPERATION_KINDS),
        Field("lead", Type.REF, OPERATIONAL, N_("Lead agency"), to="agency"),
        lifecycle_field(LIFECYCLE, OPERATIONAL),
        Field("start", Type.DATE, OPERATIONAL, N_("Start")),
        Field("end", Type.DATE, OPERATIONAL, N_("End")),
        Field("countries", Type.COUNTRY, OPERATIONAL, N_("Countries"), many=True),
        Field("objective", Type.NOTE, OPERATIONAL, N_("Objective")),
        Field("briefed_at", Type.TIME, OPERATIONAL, N_("Briefed"), by_move=True),
        Field("launched_at", Type.TIME, OPERATIONAL, N_("Launched"), by_move=True),
        Field("stood_down_at", Type.TIME, OPERATIONAL, N_("Stood down"), by_move=True),
        Field("closed_at", Type.TIME, OPERATIONAL, N_("Closed"), by_move=True),
        Field("note", Type.NOTE, OPERATIONAL, N_("Note")),
        *mark_fields(OPERATIONAL),
    ),
)
