"""A person to reach at an agency: liaison officers, duty officers, case workers."""

from __future__ import annotations

from taskforce.records import codes
from taskforce.records.schema import DIRECTORY, N_, Authority, Field, Kind, Named, Type

KIND = Kind(
    name="contact",
    plural="contacts",
    letter="T",
    order=30,
    label=N_("Contact"),
    help=N_("Liaison officers, duty officers, case workers"),
    title="name",
    positional="name",
    plan_key=("agency", "name"),
    sort="name",
    anchors={DIRECTORY: ""},
    columns=("name", "role", "agency", "phone", "on_duty_from", "on_duty_until"),
    filters=("agency", "role", "languages"),
    authority=Authority(named=(Named("agency"),)),
    fields=(
        Field("name", Type.TEXT, DIRECTORY, N_("Name"), required=True),
        Field("agency", Type.REF, DIRECTORY, N_("Agency"), required=True, to="agency"),
        Field("role", Type.CODE, DIRECTORY, N_("Role"), codes=codes.CONTACT_ROLES),
        Field("rank", Type.TEXT, DIRECTORY, N_("Rank or post")),
        Field("phone", Type.TEXT, DIRECTORY, N_("Phone")),
        Field("email", Type.TEXT, DIRECTORY, N_("Email")),
        Field("radio", Type.TEXT, DIRECTORY, N_("Radio call sign")),
        Field("channels", Type.CODE, DIRECTORY, N_("Secure channels"), many=True, codes=codes.CHANNELS),
        Field("languages", Type.LANGUAGE, DIRECTORY, N_("Languages"), many=True),
        Field("on_duty_from", Type.TIME, DIRECTORY, N_("On duty from")),
        Field("on_duty_until", Type.TIME, DIRECTORY, N_("On duty until"), end_of_day=True),
    ),
)
