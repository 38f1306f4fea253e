"""A victim or possible victim, known by a pseudonymous ref; names stand in the part `identity` only (HTCDS 2.0)."""

from __future__ import annotations

from taskforce.records import codes
from taskforce.records.marks import mark_fields
from taskforce.records.schema import CARE, CASE, IDENTITY, N_, SELF, Field, Kind, Type

KIND = Kind(
    name="victim",
    plural="victims",
    letter="V",
    order=80,
    label=N_("Victim"),
    help=N_("Victims met, by a pseudonymous ref"),
    title="age_band",
    anchors={CASE: SELF, CARE: SELF, IDENTITY: SELF},
    columns=("victim_status", "age_band", "gender", "citizenship", "languages", "needs"),
    filters=("operation", "victim_status", "age_band", "gender", "citizenship", "languages"),
    fields=(
        Field("operation", Type.REF, CASE, N_("Operation"), to="operation"),
        Field("victim_status", Type.CODE, CASE, N_("Status"), codes=codes.VICTIM_STATUS, default="possible"),
        Field("status_decided_by", Type.CODE, CASE, N_("Status decided by"), codes=codes.STATUS_DECIDERS),
        Field("age_band", Type.CODE, CASE, N_("Age band"), codes=codes.AGE_BANDS),
        Field("age_unsure", Type.YES_NO, CASE, N_("Age not sure"), N_("then treated as a child")),
        Field("gender", Type.CODE, CASE, N_("Gender"), codes=codes.GENDERS),
        Field("citizenship", Type.COUNTRY, CASE, N_("Citizenship"), many=True),
        Field("languages", Type.LANGUAGE, CASE, N_("Languages"), many=True),
        Field("met_at", Type.TIME, CASE, N_("Met"), default="now"),
        Field("met_place", Type.TEXT, CASE, N_("Place met")),
        Field("accompanied_by", Type.REF, CASE, N_("Accompanied by"), many=True, to="victim"),
        Field("acts", Type.CODE, CASE, N_("Acts"), many=True, codes=codes.ACTS),
        Field("means", Type.CODE, CASE, N_("Means"), many=True, codes=codes.MEANS),
        Field("exploitation", Type.CODE, CASE, N_("Exploitation"), many=True, codes=codes.EXPLOITATION),
        Field("control", Type.CODE, CASE, N_("Means of control"), many=True, codes=codes.CONTROL),
        Field("recruiter", Type.CODE, CASE, N_("Recruiter's relationship"), codes=codes.RECRUITERS),
        Field("recruited", Type.CODE, CASE, N_("Recruited through"), codes=codes.RECRUITED),
        Field("industry", Type.CODE, CASE, N_("Industry (ISIC)"), codes=codes.INDUSTRIES),
        Field("exploited_in", Type.COUNTRY, CASE, N_("Exploited in"), many=True),
        Field("account", Type.NOTE, CASE, N_("Account")),
        *mark_fields(CASE),
        Field("needs", Type.CODE, CARE, N_("Needs"), many=True, codes=codes.SERVICES),
        Field("health", Type.NOTE, CARE, N_("Health")),
        Field("safety", Type.NOTE, CARE, N_("Safety concerns")),
        Field("care_note", Type.NOTE, CARE, N_("Note on care")),
        Field("family_name", Type.TEXT, IDENTITY, N_("Family name")),
        Field("given_names", Type.TEXT, IDENTITY, N_("Given names")),
        Field("birth_date", Type.DATE, IDENTITY, N_("Date of birth")),
        Field("document_kind", Type.CODE, IDENTITY, N_("Document"), codes=codes.DOCUMENTS),
        Field("document_number", Type.TEXT, IDENTITY, N_("Document number")),
        Field("document_country", Type.COUNTRY, IDENTITY, N_("Document issued by")),
        Field("phone", Type.TEXT, IDENTITY, N_("Phone")),
    ),
)
