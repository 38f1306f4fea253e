"""A place of an operation: a hotspot to inspect, a checkpoint, a coordination centre."""

from __future__ import annotations

from taskforce.records import codes
from taskforce.records.schema import N_, OPERATIONAL, Authority, Field, Kind, Type

KIND = Kind(
    name="site",
    plural="sites",
    letter="S",
    order=50,
    label=N_("Site"),
    help=N_("Hotspots, checkpoints, coordination centres"),
    title="name",
    positional="name",
    plan_key=("operation", "name"),
    sort="name",
    anchors={OPERATIONAL: "operation"},
    columns=("name", "site_kind", "operation", "country", "place"),
    filters=("operation", "site_kind", "country"),
    authority=Authority(plan=True, participants=True),
    fields=(
        Field("name", Type.TEXT, OPERATIONAL, N_("Name"), required=True),
        Field("operation", Type.REF, OPERATIONAL, N_("Operation"), required=True, to="operation"),
        Field("site_kind", Type.CODE, OPERATIONAL, N_("Kind of site"), codes=codes.SITE_KINDS),
        Field("country", Type.COUNTRY, OPERATIONAL, N_("Country")),
        Field("place", Type.TEXT, OPERATIONAL, N_("Place"), N_("address, town, or how to find it")),
        Field("coordinates", Type.TEXT, OPERATIONAL, N_("Coordinates"), N_("latitude, longitude in degrees")),
        Field("risks", Type.NOTE, OPERATIONAL, N_("Risks")),
        Field("note", Type.NOTE, OPERATIONAL, N_("Note")),
    ),
)
