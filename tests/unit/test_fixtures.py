"""The plans in fixtures/ hold what the declarations allow, refer to nothing that is missing, and name no real person.

Checked against the declarations alone, without the importer, so that the two can catch each other's mistakes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pycountry
import pytest
import yaml

from taskforce.records.registry import all_kinds
from taskforce.records.schema import Field, Kind, Type
from taskforce.sync.strict_yaml import read_marked

FOLDER = Path(__file__).parents[2] / "fixtures"
MAIN, SMALL, AGREEMENTS = "storm-makers-ii.yaml", "hotel-check.yaml", "agreements.yaml"
INSTRUMENTS, COACH = "instruments.yaml", "night-coach.yaml"
PLANS = (MAIN, SMALL, COACH, AGREEMENTS, INSTRUMENTS)
KINDS = {kind.plural: kind for kind in all_kinds()}
INVENTED_PHONE = re.compile(r"\+\d{1,3} 00 000 0\d{3}")

Record = dict[str, Any]
Plan = dict[str, Any]

COUNTRIES = {  # as named in INTERPOL's press release
    *("Angola", "Australia", "Bangladesh", "Brazil", "Cambodia", "China", "Ethiopia", "Ghana", "India"),
    *("Indonesia", "Kazakhstan", "Kenya", "Laos", "Malaysia", "Myanmar", "Nepal", "Pakistan", "Philippines"),
    *("Singapore", "South Africa", "Sri Lanka", "Tanzania", "Thailand", "Türkiye", "Uganda"),
    *("United Arab Emirates", "Vietnam"),
}


@cache
def plan(name: str) -> Plan:
    """The plan as the strict reader sees it: mappings, lists and strings."""
    with (FOLDER / name).open("rb") as stream:
        data: Plan = read_marked(stream, name).data
    return data


def records(name: str) -> Iterator[tuple[Kind, Record]]:
    for plural, listed in plan(name).items():
        if plural != "taskforce-plan":
            for record in listed:
                yield KINDS[plural], record


def of_kind(name: str, plural: str) -> list[Record]:
    return list(plan(name).get(plural, []))


def values(name: str) -> Iterator[tuple[str, Field, str]]:
    """Every single value: where it stands, its field's declaration, and its text."""
    for kind, record in records(name):
        for key, value in record.items():
            field = kind.field(key)
            if field is not None:
                for text in value if isinstance(value, list) else [value]:
                    yield f"{kind.name} {identity(kind, record)}: {key}", field, text


def identity(kind: Kind, record: Record) -> str:
    """What a plan calls the record: its key, else the fields that the kind says identify it."""
    named = kind.natural or kind.plan_key
    return str(record["key"]) if "key" in record else " / ".join(record[field] for field in named)


def names_of(name: str, kind: str) -> set[str]:
    """The names by which records of `kind` may be referred to in the plan."""
    found = next(each for each in all_kinds() if each.name == kind)
    known = {"agency": "code", "operation": "codename"}.get(kind, "key")
    return {record[known] for record in of_kind(name, found.plural) if known in record}


def at(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo is not None, text
    return moment


@pytest.mark.parametrize("name", PLANS)
def test_every_key_is_a_declared_field(name: str) -> None:
    assert plan(name)["taskforce-plan"] == "1"
    for kind, record in records(name):
        declared = {field.name for field in kind.fields} | {"key"}
        assert record.keys() <= declared, (kind.name, record)
        required = {field.name for field in kind.fields if field.required}
        assert required <= record.keys(), (kind.name, record)
        for key, value in record.items():
            field = kind.field(key)
            many = field is not None and field.many
            assert isinstance(value, list) == many, (kind.name, key, value)
            assert value, (kind.name, key)


@pytest.mark.parametrize("name", PLANS)
def test_values_fit_their_types(name: str) -> None:
    seen = 0
    for where, field, text in values(name):
        assert isinstance(text, str) and text == text.strip() and text, where
        assert fits(field, text, name), f"{where}: {text}"
        seen += 1
    assert seen > (10 if name == INSTRUMENTS else 50)


def fits(field: Field, text: str, name: str) -> bool:
    match field.type:
        case Type.CODE:
            return text in (field.codes or {})
        case Type.REF:
            return text in names_of(name, field.to)
        case Type.COUNTRY:
            return is_country(text)
        case Type.PARTY:
            return is_country(text) or text in names_of(name, "agency")
        case Type.LANGUAGE:
            return is_language(text)
        case Type.AGENCY_CODE:
            return re.fullmatch(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*", text) is not None
        case Type.INTEGER:
            return text.isdecimal() and int(text) >= (field.minimum or 0)
        case Type.DATE:
            return date.fromisoformat(text).isoformat() == text
        case Type.TIME:  # a bare date would mean another moment on a laptop in another zone
            return "T" in text and at(text) is not None
        case Type.TEXT | Type.NOTE:
            return field.type == Type.NOTE or "\n" not in text
    return False  # no plan may hold the types that only victims and referrals have


def is_country(text: str) -> bool:
    return len(text) == 2 and pycountry.countries.get(alpha_2=text) is not None


def is_language(text: str) -> bool:
    if len(text) == 2:
        return pycountry.languages.get(alpha_2=text) is not None
    language = pycountry.languages.get(alpha_3=text)
    return language is not None and not hasattr(language, "alpha_2")


@pytest.mark.parametrize("name", PLANS)
def test_names_are_unique(name: str) -> None:
    for plural, kind in KINDS.items():
        listed = [identity(kind, record) for record in of_kind(name, plural)]
        assert [each for each, count in Counter(listed).items() if count > 1] == []
        keys = [record["key"] for record in of_kind(name, plural) if "key" in record]
        assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key) for key in keys)
        titles = Counter(record[kind.title] for record in of_kind(name, plural))
        assert titles.total() == len(titles), titles.most_common(1)  # people tell records apart by these


def test_the_plans_do_not_get_into_each_others_way() -> None:
    shared = {record["key"]: record for record in of_kind(AGREEMENTS, "agreements")}
    common = [record for record in of_kind(MAIN, "agreements") if record["key"] in shared]
    assert len(common) == 5
    assert all(record == shared[record["key"]] for record in common)
    for plural, kind in KINDS.items():
        named = Counter(
            identity(kind, record) for name in (MAIN, SMALL, COACH) for record in of_kind(name, plural)
        )
        assert named.total() == len(named), named.most_common(1)


@pytest.mark.parametrize("name", PLANS)
def test_other_yaml_programs_read_the_same(name: str) -> None:
    """PyYAML may make a date of a date and a number of a number, but no `no`, no empty value and no base-60 time."""
    assert same(yaml.safe_load((FOLDER / name).read_text(encoding="utf-8")), plan(name))


def same(theirs: object, ours: object) -> bool:
    match theirs, ours:
        case dict(), dict():
            return list(theirs) == list(ours) and all(same(theirs[key], ours[key]) for key in ours)
        case list(), list():
            return len(theirs) == len(ours) and all(map(same, theirs, ours))
        case datetime(), str():
            return theirs == at(ours)
        case date(), str():
            return theirs.isoformat() == ours
        case bool() | float() | None, _:
            return False
        case int(), str():
            return str(theirs) == ours
    return isinstance(ours, str) and theirs == ours


@pytest.mark.parametrize("name", (MAIN, SMALL, COACH))
def test_persons_and_numbers_are_invented(name: str) -> None:
    phones = [text for _, field, text in values(name) if field.name in ("phone", "duty_phone")]
    assert phones and all(INVENTED_PHONE.fullmatch(phone) for phone in phones)
    assert all(text.endswith(".example") for _, field, text in values(name) if field.name == "email")
    assert not {"victims", "consents", "referrals"} & plan(name).keys()
    providers = [agency for agency in of_kind(name, "agencies") if "services" in agency]
    assert providers and all("(invented)" in agency["name"] for agency in providers)
    for agreement in of_kind(name, "agreements"):
        assert ("memorandum" in agreement["title"].lower()) <= ("(invented)" in agreement["title"])
    assert not [
        site for site in of_kind(name, "sites") if site["site_kind"] == "compound" and "coordinates" in site
    ]


def test_the_operation_is_storm_makers_ii() -> None:
    (operation,) = of_kind(MAIN, "operations")
    assert (operation["codename"], operation["lead"]) == ("STORM MAKERS II", "INTERPOL")
    assert (operation["start"], operation["end"]) == ("2023-10-16", "2023-10-20")
    named = {country_name(code) for code in operation["countries"]}
    assert named == COUNTRIES and len(operation["countries"]) == len(COUNTRIES) == 27


def country_name(code: str) -> str:
    country = pycountry.countries.get(alpha_2=code)
    usual = {"LA": "Laos", "TZ": "Tanzania", "TR": "Türkiye", "VN": "Vietnam"}
    return usual.get(code, country.name if country else code)


def test_every_country_takes_part_with_a_liaison_officer() -> None:
    (operation,) = of_kind(MAIN, "operations")
    agencies = {agency["code"]: agency for agency in of_kind(MAIN, "agencies")}
    contacts = {contact["key"]: contact for contact in of_kind(MAIN, "contacts")}
    partners, roles = set(), Counter()
    for participation in of_kind(MAIN, "participations"):
        agency = agencies[participation["agency"]]
        roles[participation["role"]] += 1
        liaison = contacts.get(participation.get("liaison", ""))
        assert liaison is None or liaison["agency"] == agency["code"]
        if participation["role"] == "partner" and liaison and liaison["role"] == "liaison-officer":
            partners.add(agency["country"])
    assert partners == set(operation["countries"])
    assert {each["agency"] for each in of_kind(MAIN, "participations")} == agencies.keys()
    assert roles["lead"] == 1 and {"partner", "support", "observer"} <= roles.keys()


def test_a_legal_basis_names_an_agreement_that_binds_the_agency() -> None:
    agencies = {agency["code"]: agency for agency in of_kind(MAIN, "agencies")}
    parties = {agreement["key"]: agreement["parties"] for agreement in of_kind(MAIN, "agreements")}
    based = [each for each in of_kind(MAIN, "participations") if "legal_basis" in each]
    assert len(based) > 70
    for each in based:
        agency = agencies[each["agency"]]
        assert {agency["code"], agency.get("country")} & set(parties[each["legal_basis"]]), each


def test_codes_say_the_country_of_their_agency() -> None:
    for name in (MAIN, SMALL, COACH):
        for agency in of_kind(name, "agencies"):
            prefix = agency["code"].split("-")[0]
            assert agency.get("country") == (prefix if is_country(prefix) else None), agency["code"]


def test_agreements_have_their_dates_in_order() -> None:
    for name in (MAIN, COACH, AGREEMENTS):
        for agreement in of_kind(name, "agreements"):
            days = [
                agreement.get("signed_at", "")[:10],
                agreement.get("in_force_from"),
                agreement.get("until"),
            ]
            given = [day for day in days if day]
            assert given == sorted(given), agreement["key"]
            if agreement.get("status") in ("in-force", "suspended"):
                assert "in_force_from" in agreement, agreement["key"]


@pytest.mark.parametrize("name", (MAIN, SMALL, COACH))
def test_assignments_can_be_done_in_the_order_they_are_planned(name: str) -> None:
    assignments = {each["key"]: each for each in of_kind(name, "assignments")}
    (operation,) = of_kind(name, "operations")
    order = TopologicalSorter({key: each.get("depends_on", []) for key, each in assignments.items()})
    assert len(list(order.static_order())) == len(assignments)  # raises CycleError where there is a circle
    contacts = {contact["key"]: contact["agency"] for contact in of_kind(name, "contacts")}
    for key, each in assignments.items():
        assert operation["start"] <= each["due"][:10] <= operation["end"], key
        assert at(each.get("start", each["due"])) <= at(each["due"]), key
        for earlier in each.get("depends_on", []):
            assert at(assignments[earlier]["due"]) <= at(each["due"]), f"{key} is due before {earlier}"
        assert contacts.get(each.get("officer", ""), each["agency"]) == each["agency"], key


def test_providers_state_their_places() -> None:
    providers = [agency for agency in of_kind(MAIN, "agencies") if "services" in agency]
    assert len(providers) >= 10
    reached = {contact["agency"] for contact in of_kind(MAIN, "contacts")}
    for agency in providers:
        assert {"languages", "accepts", "provider_status", "duty_phone"} <= agency.keys(), agency["code"]
        assert ("shelter" in agency["services"]) <= ("places_as_of" in agency), agency["code"]
        assert int(agency.get("places_free", 0)) <= int(agency.get("places_total", 0)), agency["code"]
        assert agency["code"] in reached


def test_the_main_plan_is_as_large_as_the_work() -> None:
    counts = {plural: len(of_kind(MAIN, plural)) for plural in KINDS}
    assert counts["contacts"] >= 35 and counts["sites"] >= 40 and counts["assignments"] >= 120
    busy = {each["agency"] for each in of_kind(MAIN, "assignments")}
    country = {agency["code"]: agency.get("country") for agency in of_kind(MAIN, "agencies")}
    (operation,) = of_kind(MAIN, "operations")
    assert set(operation["countries"]) <= {country[code] for code in busy}
    days = {each["due"][:10] for each in of_kind(MAIN, "assignments")}
    priorities = {each["priority"] for each in of_kind(MAIN, "assignments")}
    assert len(days) == 5 and priorities == {"flash", "immediate", "priority", "routine"}
