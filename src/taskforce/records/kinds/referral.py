"""A victim's referral to a provider of services (states as in FHIR Task, Primero and SORMAS)."""

from __future__ import annotations

from taskforce.records import codes
from taskforce.records.schema import (
    CARE,
    CASE,
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

_SENT = ("sent", "received")
_BEFORE_COMPLETED = ("draft", "sent", "received", "accepted", "in-progress")
_NOTE = (Ask("note", "status_note"),)

LIFECYCLE = Lifecycle(
    states={
        "draft": N_("Draft"),
        "sent": N_("Sent"),
        "received": N_("Received"),
        "accepted": N_("Accepted"),
        "declined": N_("Declined"),
        "in-progress": N_("In progress"),
        "completed": N_("Completed"),
        "cancelled": N_("Cancelled"),
        "revoked": N_("Revoked"),
    },
    initial="draft",
    closed=("declined", "completed", "cancelled", "revoked"),
    moves=(
        Move(
            "send",
            ("draft",),
            "sent",
            N_("Send it: it goes with the next bundle"),
            stamps="sent_at",
            asks=_NOTE,
        ),
        Move(
            "receive",
            ("sent",),
            "received",
            N_("It has arrived (importing a bundle does this by itself)"),
            stamps="received_at",
        ),
        Move(
            "accept",
            _SENT,
            "accepted",
            N_("Take the person in"),
            stamps="answered_at",
            asks=(Ask("place", "handover_place"), Ask("at", "handover_at"), *_NOTE),
        ),
        Move(
            "decline",
            _SENT,
            "declined",
            N_("Say no, and why"),
            stamps="answered_at",
            asks=(Ask("reason", "decline_reason", required=True), *_NOTE),
        ),
        Move(
            "start",
            ("accepted",),
            "in-progress",
            N_("The services have begun"),
            stamps="started_at",
            asks=_NOTE,
        ),
        Move(
            "complete",
            ("accepted", "in-progress"),
            "completed",
            N_("Finished; an outcome for each service"),
            stamps="completed_at",
            asks=(Ask("outcomes", "outcomes", required=True), *_NOTE),
        ),
        Move(
            "cancel",
            _BEFORE_COMPLETED,
            "cancelled",
            N_("The sender takes it back"),
            stamps="cancelled_at",
            asks=_NOTE,
        ),
        Move(
            "revoke",
            _BEFORE_COMPLETED,
            "revoked",
            N_("The victim has withdrawn consent"),
            stamps="revoked_at",
            asks=_NOTE,
        ),
    ),
)

KIND = Kind(
    name="referral",
    plural="referrals",
    letter="R",
    order=90,
    label=N_("Referral"),
    help=N_("Where a victim is sent, and whether the provider answered"),
    title="victim",
    positional="victim",
    anchors={CASE: SELF, CARE: SELF},
    columns=("victim", "to", "status", "services", "urgency", "answer_due"),
    filters=("victim", "to", "sender", "services", "urgency"),
    lifecycle=LIFECYCLE,
    deadline="answer_due",
    sort="answer_due",
    deadline_states=("sent", "received"),
    fields=(
        Field("victim", Type.REF, CASE, N_("Victim"), required=True, fixed=True, to="victim"),
        Field("to", Type.REF, CASE, N_("To"), required=True, to="agency"),
        Field("sender", Type.REF, CASE, N_("From"), N_("your own agency if left out"), to="agency"),
        Field(
            "hand_over", Type.CODE, CASE, N_("Kind of hand-over"), codes=codes.HAND_OVERS, default="referral"
        ),
        Field("services", Type.CODE, CASE, N_("Services"), many=True, codes=codes.SERVICES),
        Field("urgency", Type.CODE, CASE, N_("Urgency"), codes=codes.URGENCIES, default="1d"),
        lifecycle_field(LIFECYCLE, CASE),
        Field("answer_due", Type.TIME, CASE, N_("Answer due"), by_move=True),
        Field("handover_place", Type.TEXT, CASE, N_("Hand-over place")),
        Field("handover_at", Type.TIME, CASE, N_("Hand-over at")),
        Field(
            "decline_reason",
            Type.CODE,
            CASE,
            N_("Reason declined"),
            codes=codes.DECLINE_REASONS,
            by_move=True,
        ),
        Field(
            "outcomes",
            Type.PAIR,
            CASE,
            N_("Outcomes"),
            N_("such as shelter=provided"),
            many=True,
            codes=codes.SERVICES,
            pair_codes=codes.OUTCOMES,
            by_move=True,
        ),
        Field("status_note", Type.NOTE, CASE, N_("Note on status")),
        Field("sent_at", Type.TIME, CASE, N_("Sent"), by_move=True),
        Field("received_at", Type.TIME, CASE, N_("Received"), by_move=True),
        Field("answered_at", Type.TIME, CASE, N_("Answered"), by_move=True),
        Field("started_at", Type.TIME, CASE, N_("Started"), by_move=True),
        Field("completed_at", Type.TIME, CASE, N_("Completed"), by_move=True),
        Field("cancelled_at", Type.TIME, CASE, N_("Cancelled"), by_move=True),
        Field("revoked_at", Type.TIME, CASE, N_("Revoked"), by_move=True),
        Field("care_note", Type.NOTE, CARE, N_("Note for the provider")),
    ),
)
