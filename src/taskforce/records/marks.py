"""The fields by which a record says how it is to be handled, the same in every kind that bears them."""

from __future__ import annotations

from taskforce.records import codes
from taskforce.records.schema import N_, Field, Type

MARKS = ("tlp", "handling", "handling_to", "originator_control", "handling_note")
"""Their names."""


def mark_fields(part: str) -> tuple[Field, ...]:
    """The handling marks, as fields of a part."""
    return (
        Field("tlp", Type.CODE, part, N_("TLP"), codes=codes.TLP),
        Field("handling", Type.CODE, part, N_("Handling codes"), many=True, codes=codes.HANDLING),
        Field(
            "handling_to",
            Type.REF,
            part,
            N_("Named recipients"),
            N_("agencies that TLP:RED or H3 may go to"),
            many=True,
            to="agency",
        ),
        Field(
            "originator_control",
            Type.YES_NO,
            part,
            N_("Originator control"),
            N_("only its originator may pass it on"),
        ),
        Field("handling_note", Type.NOTE, part, N_("Handling restriction"), N_("what H3 means here")),
    )
