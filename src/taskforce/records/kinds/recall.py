"""A notice that somebody who was told a part of a record is to drop it: from who told them, to them alone.

What is recalled is named by its id, so that nothing of it stands in the notice.
"""

from __future__ import annotations

from taskforce.records import codes
from taskforce.records.schema import (
    N_,
    NOTICE,
    SELF,
    Authority,
    Field,
    Kind,
    Lifecycle,
    Move,
    Named,
    Type,
    lifecycle_field,
)

LIFECYCLE = Lifecycle(
    states={"prepared": N_("Prepared"), "confirmed": N_("Confirmed")},
    initial="prepared",
    closed=("confirmed",),
    moves=(
        Move(
            "confirm",
            ("prepared",),
            "confirmed",
            N_("Drop what is recalled, and say so (importing a bundle does this by itself)"),
            stamps="confirmed_at",
        ),
    ),
)

KIND = Kind(
    name="recall",
    plural="recalls",
    letter="B",
    order=95,
    label=N_("Recall"),
    help=N_("What others were told and are to drop: prepared, confirmed"),
    title="about",
    anchors={NOTICE: SELF},
    columns=("about", "parts", "to", "cause", "status", "confirmed_at"),
    filters=("to", "cause", "about"),
    lifecycle=LIFECYCLE,
    by_action=True,
    authority=Authority(named=(Named("to", ("status", "confirmed_at"), ("confirmed",)),)),
    fields=(
        Field(
            "about",
            Type.RECORD,
            NOTICE,
            N_("Of the record"),
            required=True,
            fixed=True,
        ),
        Field("about_kind", Type.TEXT, NOTICE, N_("Its kind"), required=True, fixed=True),
        Field("parts", Type.TEXT, NOTICE, N_("Parts"), required=True, many=True, fixed=True),
        Field("to", Type.REF, NOTICE, N_("To"), required=True, fixed=True, to="agency"),
        Field("cause", Type.CODE, NOTICE, N_("Cause"), required=True, codes=codes.RECALL_REASONS),
        lifecycle_field(LIFECYCLE, NOTICE),
        Field("confirmed_at", Type.TIME, NOTICE, N_("Confirmed"), by_move=True),
        Field("note", Type.NOTE, NOTICE, N_("Note"), N_("name nobody in it")),
    ),
)
