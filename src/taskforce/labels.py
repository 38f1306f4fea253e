"""What people call what is kept as a code: fields, coded values, countries, languages.

Stands on the declarations alone, so that sentences of actions, reports and screens all use the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from taskforce.i18n import N_, _
from taskforce.records.registry import find_kind
from taskforce.records.schema import ARCHIVED, DROPPED, ERASED, REJECTED, Field, Kind

_MADE_BY_THE_PROGRAM = {
    ARCHIVED: N_("Archived"),
    ERASED: N_("Erased"),
    DROPPED: N_("Erasure"),
    REJECTED: N_("Rejected"),
}
"""The fields that every kind has without declaring them."""


def field_label(kind: Kind | None, name: str) -> str:
    """What people call a field; one of a newer version has only its name."""
    field = kind.field(name) if kind is not None else None
    return _(field.label if field is not None else _MADE_BY_THE_PROGRAM.get(name, name))


def field_labels(kind: Kind | None, names: Iterable[str]) -> str:
    """Several fields, in the order in which the kind declares them."""
    return ", ".join(field_label(kind, name) for name in in_order(kind, names))


def in_order(kind: Kind | None, names: Iterable[str]) -> list[str]:
    """Names of fields in the order in which the kind declares them, then those that it does not declare."""
    declared = [field.name for field in kind.fields] if kind is not None else []
    return sorted(names, key=lambda name: declared.index(name) if name in declared else len(declared))


def kind_label(name: str) -> str:
    """What people call a kind, in a sentence; one of a newer version has only its name."""
    kind = find_kind(name)
    return name if kind is None else _(kind.label).lower()


def code_label(codes: Mapping[str, str] | None, code: str) -> str:
    """What people call a coded value; one of a newer version has only its code."""
    return _(codes[code]) if codes and code in codes else code


def pair_label(field: Field, pair: str) -> str:
    """A pair of codes (`shelter=provided`) as people read it: `Shelter: provided`."""
    left, _equals, right = pair.partition("=")
    return f"{code_label(field.codes, left)}: {code_label(field.pair_codes, right).lower()}"


def country(code: str) -> str:
    """The name of a country by its code (ISO 3166-1 alpha-2), the short one where there are two."""
    return _(countries().get(code, code))


def language(code: str) -> str:
    """The name of a language by its code (ISO 639-1, or 639-3 where there is no other)."""
    return _(_language(code))


def party(text: str) -> str:
    """A party of an agreement: a country by its name, an agency by its code."""
    return country(text) if len(text) == 2 else text


@cache
def countries() -> Mapping[str, str]:
    """Every country's English name by its code."""
    import pycountry  # deferred: reads its tables from disk, and only few commands and screens need them

    return {each.alpha_2: _name(each) for each in pycountry.countries}


@cache
def _language(code: str) -> str:
    """One language: to look it up takes a quarter of the time that all of them take."""
    import pycountry  # deferred: as above

    found = pycountry.languages.get(alpha_2=code) if len(code) == 2 else pycountry.languages.get(alpha_3=code)
    return code if found is None else _name(found)


@cache
def languages() -> Mapping[str, str]:
    """Every language's English name by its code of two letters, then those that have only one of three."""
    import pycountry  # deferred: as above

    two = {each.alpha_2: _name(each) for each in pycountry.languages if hasattr(each, "alpha_2")}
    return two | {each.alpha_3: _name(each) for each in pycountry.languages if not hasattr(each, "alpha_2")}


def _name(found: Any) -> str:
    return str(getattr(found, "common_name", found.name)).removesuffix(" (macrolanguage)")
