"""An entry of the operation's log (ICS form 214). It is never edited; a later entry corrects it."""

from __future__ import annotations

from taskforce.records import codes
from taskforce.records.schema import CASE, N_, OPERATIONAL, Authority, Field, Kind, Type

KIND = Kind(
    name="log",
    plural="log",
    letter="L",
    order=65,
    label=N_("Log entry"),
    help=N_("The operation's log: what happened, when, who wrote it"),
    title="text",
    positional="text",
    anchors={OPERATIONAL: "operation", CASE: "victim"},
    columns=("at", "category", "text", "site"),
    filters=("operation", "category", "site", "assignment"),
    sort="-at",
    editable=False,
    authority=Authority(participants=True),
    fields=(
        Field("text", Type.NOTE, OPERATIONAL, N_("Entry"), required=True),
        Field("operation", Type.REF, OPERATIONAL, N_("Operation"), required=True, to="operation"),
        Field("at", Type.TIME, OPERATIONAL, N_("When"), default="now"),
        Field(
            "category", Type.CODE, OPERATIONAL, N_("Category"), codes=codes.LOG_CATEGORIES, default="event"
        ),
        Field("site", Type.REF, OPERATIONAL, N_("Site"), to="site"),
        Field("assignment", Type.REF, OPERATIONAL, N_("Assignment"), to="assignment"),
        Field(
            "corrects",
            Type.REF,
            OPERATIONAL,
            N_("Corrects"),
            N_("the entry that this one corrects"),
            to="log",
        ),
        Field("victim", Type.REF, CASE, N_("Victim"), to="victim"),
    ),
)
