"""`taskforce device …`: this agency's devices."""

from __future__ import annotations

from taskforce.commands.device_identity import HELP, make_export_identity
from taskforce.i18n import N_

GROUP = ("device", N_("The devices of this agency"))

VERBS = {
    "export-identity": (HELP, make_export_identity),
}
