"""That an agency takes part in an operation, in which role, and on which legal basis."""

from __future__ import annotations

from taskforce.records import codes
from taskforce.records.schema import AGREEMENT, N_, OPERATIONAL, Authority, Field, Kind, Named, Type

KIND = Kind(
    name="participation",
    plural="participations",
    letter="P",
    order=40,
    label=N_("Participation"),
    help=N_("Who is in an operation, in which role"),
    title="agency",
    positional="agency",
    natural=("operation", "agency"),
    anchors={OPERATIONAL: "operation", AGREEMENT: "legal_basis"},
    columns=("operation", "agency", "role", "liaison", "joined"),
    filters=("operation", "agency", "role"),
    authority=Authority(plan=True, named=(Named("agency", ("liaison", "note")),)),
    fields=(
        Field("operation", Type.REF, OPERATIONAL, N_("Operation"), required=True, fixed=True, to="operation"),
        Field("agency", Type.REF, OPERATIONAL, N_("Agency"), required=True, fixed=True, to="agency"),
        Field("role", Type.CODE, OPERATIONAL, N_("Role"), codes=codes.ROLES, default="partner"),
        Field("liaison", Type.REF, OPERATIONAL, N_("Liaison officer"), to="contact"),
        Field("joined", Type.DATE, OPERATIONAL, N_("Joined")),
        Field("note", Type.NOTE, OPERATIONAL, N_("Note")),
        Field("legal_basis", Type.REF, AGREEMENT, N_("Legal basis"), to="agreement"),
    ),
)
