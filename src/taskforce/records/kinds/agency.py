"""An agency taking part, or a provider of services to victims (Open Referral's service at location)."""

from __future__ import annotations

from taskforce.records import codes
from taskforce.records.schema import DIRECTORY, N_, Authority, Field, Kind, Type

KIND = Kind(
    name="agency",
    plural="agencies",
    letter="N",
    order=20,
    label=N_("Agency"),
    help=N_("Agencies and service providers, by their code"),
    title="name",
    positional="code",
    natural=("code",),
    sort="code",
    anchors={DIRECTORY: ""},
    columns=("code", "name", "agency_kind", "country", "services", "places_free"),
    filters=("agency_kind", "country", "services", "languages", "provider_status"),
    authority=Authority(itself=True),
    fields=(
        Field(
            "code", Type.AGENCY_CODE, DIRECTORY, N_("Code"), N_("such as KH-CNP"), required=True, fixed=True
        ),
        Field("name", Type.TEXT, DIRECTORY, N_("Name")),
        Field("agency_kind", Type.CODE, DIRECTORY, N_("Kind of agency"), codes=codes.AGENCY_KINDS),
        Field("country", Type.COUNTRY, DIRECTORY, N_("Country"), N_("none for an international body")),
        Field("services", Type.CODE, DIRECTORY, N_("Services"), many=True, codes=codes.SERVICES),
        Field("languages", Type.LANGUAGE, DIRECTORY, N_("Languages"), many=True),
        Field("accepts", Type.CODE, DIRECTORY, N_("Accepts"), many=True, codes=codes.ACCEPTS),
        Field("places_total", Type.INTEGER, DIRECTORY, N_("Places"), minimum=0),
        Field("places_free", Type.INTEGER, DIRECTORY, N_("Places free"), minimum=0),
        Field(
            "places_as_of",
            Type.TIME,
            DIRECTORY,
            N_("Places as of"),
            N_("when the places were last confirmed"),
        ),
        Field("provider_status", Type.CODE, DIRECTORY, N_("Provider's status"), codes=codes.PROVIDER_STATUS),
        Field("channels", Type.CODE, DIRECTORY, N_("Secure channels"), many=True, codes=codes.CHANNELS),
        Field("duty_phone", Type.TEXT, DIRECTORY, N_("Duty phone")),
        Field("note", Type.NOTE, DIRECTORY, N_("Note")),
    ),
)
