"""Values and records made from the declarations, so that a new kind or field is tested without a word about it here."""

from __future__ import annotations

from program import Team

from taskforce.records.registry import typed_kinds
from taskforce.records.schema import Field, Kind, Type

KINDS = typed_kinds()

NEEDS = {"operation": "STORM MAKERS II", "agency": "KH-CNP"}
"""What stands for the kinds that people call by name."""

NOT_ALONE = {"consent": ("given_by", "reason", "approved_by")}
"""Fields that a record needs, or must not have, because of another: tests of each field by itself leave them out."""

_SIMPLE = {
    Type.DATE: "2026-11-23",
    Type.TIME: "2026-11-23T14:00:00Z",
    Type.INTEGER: "7",
    Type.COUNTRY: "KH",
    Type.LANGUAGE: "km",
    Type.YES_NO: "yes",
    Type.PARTY: "KH-CNP",
    Type.RECIPIENT: "any-provider",
    Type.AGENCY_CODE: "TH-RTP",
}


def sample(team: Team, field: Field) -> str:
    """A value that a field takes; a reference names the first record of its kind in the store."""
    if field.type in (Type.TEXT, Type.NOTE):
        return f"a {field.label.lower()}"
    if field.type == Type.CODE:
        assert field.codes
        return next(iter(field.codes))
    if field.type == Type.PAIR:
        assert field.codes and field.pair_codes
        return f"{next(iter(field.codes))}={next(iter(field.pair_codes))}"
    if field.type == Type.REF:
        return NEEDS.get(field.to) or first_id(team, field.to)
    return _SIMPLE[field.type]


def first_id(team: Team, kind: str) -> str:
    """The full id of a record of `kind` in the store."""
    found: str = team.data(kind, "list", "--limit", "1", *every(kind))[0]["id"]
    return found


def every(kind: str) -> list[str]:
    """The option that lets a list be of all operations, where the kind has one."""
    return (
        ["--operation", "all"] if any(each.name == kind and each.field("operation") for each in KINDS) else []
    )


def settable(kind: Kind) -> list[Field]:
    """The fields that `add` sets."""
    return [field for field in kind.fields if not field.by_move]


def typed(kind: Kind, values: dict[str, str]) -> list[str]:
    """The command line's words for these values: the positional field first."""
    words = [values[kind.positional]] if kind.positional in values else []
    for name, value in values.items():
        if name != kind.positional:
            field = kind.field(name)
            assert field is not None
            words += [field.option, value]
    return words


def whole(team: Team, kind: Kind) -> dict[str, str]:
    """A value for every field that `add` sets."""
    return {field.name: sample(team, field) for field in settable(kind)}
