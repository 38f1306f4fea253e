"""What a victim, or who speaks for a child, has agreed to: which parts may go to whom, for what, until when."""

from __future__ import annotations

from taskforce.records import codes
from taskforce.records.schema import CASE, N_, Ask, Field, Kind, Lifecycle, Move, Type, lifecycle_field

LIFECYCLE = Lifecycle(
    states={"given": N_("Given"), "withdrawn": N_("Withdrawn")},
    initial="given",
    closed=("withdrawn",),
    moves=(
        Move(
            "withdraw",
            ("given",),
            "withdrawn",
            N_("The person takes it back, or the override ends: nothing more goes on it"),
            stamps="withdrawn_at",
            asks=(Ask("reason", "withdrawn_reason"),),
        ),
    ),
)

KIND = Kind(
    name="consent",
    plural="consents",
    letter="C",
    order=85,
    label=N_("Consent"),
    help=N_("Consents to share, and recorded overrides"),
    title="purpose",
    positional="victim",
    anchors={CASE: "victim"},
    columns=("victim", "purpose", "parts", "to", "given_by", "until", "status"),
    filters=("victim", "purpose", "to"),
    lifecycle=LIFECYCLE,
    fields=(
        Field("victim", Type.REF, CASE, N_("Victim"), required=True, fixed=True, to="victim"),
        Field("purpose", Type.CODE, CASE, N_("Purposes"), required=True, many=True, codes=codes.PURPOSES),
        Field("parts", Type.CODE, CASE, N_("Parts"), required=True, many=True, codes=codes.COVERED_PARTS),
        Field(
            "to",
            Type.RECIPIENT,
            CASE,
            N_("To"),
            N_("agency codes, or any-provider"),
            required=True,
            many=True,
        ),
        Field("given_by", Type.CODE, CASE, N_("Given by"), codes=codes.GIVEN_BY),
        Field("given_at", Type.TIME, CASE, N_("Given"), default="now"),
        Field("until", Type.DATE, CASE, N_("Until")),
        Field("explained", Type.CODE, CASE, N_("Explained"), many=True, codes=codes.EXPLAINED),
        lifecycle_field(LIFECYCLE, CASE),
        Field("withdrawn_at", Type.TIME, CASE, N_("Withdrawn"), by_move=True),
        Field("withdrawn_reason", Type.NOTE, CASE, N_("Reason for the withdrawal"), by_move=True),
        Field("override", Type.CODE, CASE, N_("Override"), codes=codes.OVERRIDES),
        Field("reason", Type.NOTE, CASE, N_("Reason for the override")),
        Field("approved_by", Type.TEXT, CASE, N_("Approved by")),
        Field("note", Type.NOTE, CASE, N_("Note")),
    ),
)
