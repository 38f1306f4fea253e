"""A legal instrument between agencies or countries: what may be passed on, for which purposes, and how long."""

from __future__ import annotations

from taskforce.records import codes
from taskforce.records.schema import (
    AGREEMENT,
    N_,
    SELF,
    Ask,
    Field,
    Kind,
    Lifecycle,
    Move,
    Type,
    lifecycle_field,
)

LIFECYCLE = Lifecycle(
    states={
        "draft": N_("Draft"),
        "signed": N_("Signed"),
        "in-force": N_("In force"),
        "suspended": N_("Suspended"),
        "ended": N_("Ended"),
    },
    initial="draft",
    closed=("ended",),
    moves=(
        Move("sign", ("draft",), "signed", N_("Record that the parties have signed"), stamps="signed_at"),
        Move(
            "enter-into-force",
            ("signed", "suspended"),
            "in-force",
            N_("Put the agreement into force, or back into force"),
            asks=(Ask("from", "in_force_from"), Ask("until", "until")),
        ),
        Move("suspend", ("in-force",), "suspended", N_("Suspend the agreement"), asks=(Ask("note", "note"),)),
        Move(
            "end",
            ("draft", "signed", "in-force", "suspended"),
            "ended",
            N_("End the agreement"),
            stamps="ended_at",
            asks=(Ask("note", "note"),),
        ),
    ),
)

KIND = Kind(
    name="agreement",
    plural="agreements",
    letter="G",
    order=70,
    label=N_("Agreement"),
    help=N_("Treaties, memoranda, JIT agreements: the legal basis"),
    title="title",
    positional="title",
    plan_key=("title",),
    sort="title",
    anchors={AGREEMENT: SELF},
    columns=("title", "agreement_kind", "status", "parties", "review_by", "until"),
    filters=("agreement_kind", "parties"),
    lifecycle=LIFECYCLE,
    deadline="review_by",
    fields=(
        Field("title", Type.TEXT, AGREEMENT, N_("Title"), required=True),
        Field("agreement_kind", Type.CODE, AGREEMENT, N_("Kind of agreement"), codes=codes.AGREEMENT_KINDS),
        Field(
            "reference", Type.TEXT, AGREEMENT, N_("Reference"), N_("treaty series, file or document number")
        ),
        Field("parties", Type.PARTY, AGREEMENT, N_("Parties"), N_("agency codes or countries"), many=True),
        Field("covers", Type.CODE, AGREEMENT, N_("Covers parts"), many=True, codes=codes.COVERED_PARTS),
        Field("purposes", Type.CODE, AGREEMENT, N_("Purposes"), many=True, codes=codes.PURPOSES),
        lifecycle_field(LIFECYCLE, AGREEMENT),
        Field("signed_at", Type.TIME, AGREEMENT, N_("Signed"), by_move=True),
        Field("in_force_from", Type.DATE, AGREEMENT, N_("In force from")),
        Field("until", Type.DATE, AGREEMENT, N_("Until")),
        Field("review_by", Type.DATE, AGREEMENT, N_("Review by")),
        Field("ended_at", Type.TIME, AGREEMENT, N_("Ended"), by_move=True),
        Field("note", Type.NOTE, AGREEMENT, N_("Note")),
    ),
)
