"""What people type for a field becomes what is kept, or is refused with what would do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskforce.actions import keeping, setup
from taskforce.actions.session import Session
from taskforce.actions.values import LONGEST, ValueFault, agency_code, one_of, parse_value, parse_values
from taskforce.crockford import natural_id
from taskforce.errors import UsageError
from taskforce.records.registry import get_kind
from taskforce.records.schema import Field, Kind
from taskforce.store.store import Store


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A store with two agencies and an operation."""
    kept: list[bytes] = []
    folder = tmp_path_factory.mktemp("values") / "store"
    setup.create_store(
        folder,
        agency="INTERPOL",
        officer="J. Okafor",
        write_slots=lambda _folder, key: kept.append(key),
        about={},
    )
    session = Session(Store.open(folder, kept[0]))
    keeping.add(session, get_kind("agency"), {"code": "KH-CNP", "name": "Cambodian National Police"})
    keeping.add(session, get_kind("operation"), {"codename": "STORM MAKERS II"})
    yield session
    session.store.close()


def field(kind: str, name: str) -> Field:
    found = get_kind(kind).field(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("kind", "name", "typed", "kept"),
    [
        ("agency", "code", "kh-cnp", "KH-CNP"),
        ("agency", "country", "kh", "KH"),
        ("agency", "country", "Cambodia", "KH"),
        ("agency", "country", " KH ", "KH"),
        ("agency", "country", "NO", "NO"),
        ("agency", "languages", "KM,en", ["km", "en"]),
        ("agency", "languages", "Khmer", ["km"]),
        ("agency", "languages", "khm", ["km"]),
        ("agency", "languages", "rhg", ["rhg"]),
        ("agency", "languages", "en,en, EN ,", ["en"]),
        ("agency", "languages", ["en", "km"], ["en", "km"]),
        ("agency", "languages", "", []),
        ("agency", "services", "Shelter, Medical care", ["shelter", "medical"]),
        ("agency", "agency_kind", "POLICE", "police"),
        ("agency", "agency_kind", "Border guard", "border-guard"),
        ("agency", "places_free", "007", "7"),
        ("agency", "places_free", "0", "0"),
        ("agency", "name", "  Police \t", "Police"),
        ("agency", "name", "", ""),
        ("agency", "name", "e\u0301", "\u00e9"),
        ("agency", "note", " two\r\nlines ", " two\nlines "),
        ("agency", "note", "one\rtwo", "one\ntwo"),
        ("victim", "age_unsure", "Y", "yes"),
        ("victim", "age_unsure", "false", "no"),
        ("operation", "start", "2023-10-16", "2023-10-16"),
        (
            "referral",
            "outcomes",
            "shelter = provided, medical=Provided",
            ["shelter=provided", "medical=provided"],
        ),
        ("agreement", "parties", "kh, kh-cnp,INTERPOL", ["KH", "KH-CNP", "INTERPOL"]),
    ],
)
def test_what_is_typed_and_what_is_kept(
    session: Session, kind: str, name: str, typed: str, kept: object
) -> None:
    assert parse_value(session, field(kind, name), typed) == kept


@pytest.mark.parametrize(
    ("kind", "name", "typed", "sentence", "hint"),
    [
        ("agency", "code", "x", "is not an agency code", "KH-CNP"),
        ("agency", "code", "a b", "is not an agency code", "KH-CNP"),
        ("agency", "code", "-AB", "is not an agency code", "KH-CNP"),
        ("agency", "code", "A" * 33, "is not an agency code", "KH-CNP"),
        ("agency", "code", "ÄB", "is not an agency code", "KH-CNP"),
        ("agency", "country", "XX", "is not a country", "two letters"),
        ("agency", "country", "Camboddia", "is not a country", 'did you mean "Cambodia"?'),
        ("agency", "country", "KHM", "is not a country", "two letters"),
        ("agency", "languages", "en,xx", '"xx" is not a language', "two letters"),
        ("agency", "services", "sheltr", "is not one of its codes", 'did you mean "shelter"?'),
        ("agency", "services", "zzz", "is not one of its codes", "one of: shelter"),
        ("agency", "places_free", "1.5", "is not a whole number", "digits"),
        ("agency", "places_free", "-1", "less than 0", "0 or more"),
        ("agency", "places_free", "٣", "is not a whole number", "digits"),
        ("agency", "places_free", "9" * 13, "is not a whole number", "digits"),
        ("agency", "name", "two\nlines", "one line of text", None),
        ("agency", "name", "x" * (LONGEST + 1), "longer than", None),
        ("agency", "name", "\udcff", "not UTF-8", None),
        ("agency", "name", ["a", "b"], "one value is wanted", None),
        ("victim", "age_unsure", "maybe", "neither yes nor no", "yes, no"),
        ("operation", "start", "03/04/2026", "", "2026-"),
        ("operation", "start", "+3h", "time of day", None),
        ("operation", "start", "2023-02-30", "2023-02-30", None),
        ("assignment", "due", "soonish", "soonish", None),
        ("assignment", "agency", "KH-CNB", "no agency is called", 'did you mean "KH-CNP"?'),
        ("assignment", "operation", "STORM MAKER II", "no operation is called", "STORM MAKERS II"),
        ("referral", "outcomes", "shelter", "is not a pair", "shelter=provided"),
        ("referral", "outcomes", "shelter=perhaps", "is not one of its codes", "provided"),
        ("agreement", "parties", "KH,ZZ-NONE", "no agency is called", None),
    ],
)
def test_what_will_not_do_is_refused_with_what_would(
    session: Session, kind: str, name: str, typed: str, sentence: str, hint: str | None
) -> None:
    with pytest.raises(ValueFault) as refused:
        parse_value(session, field(kind, name), typed)
    assert sentence in refused.value.sentence
    assert "\n" not in refused.value.sentence.replace("two\nlines", "")
    if hint:
        assert hint in (refused.value.hint or "")


def test_a_reference_is_kept_as_the_full_id_and_one_that_has_not_arrived_yet_is_taken(
    session: Session,
) -> None:
    agency = field("assignment", "agency")
    own = natural_id("agency", "KH-CNP")
    for typed in ("KH-CNP", "kh-cnp", own, own.upper(), own[:8], "N-" + own[:6]):
        assert parse_value(session, agency, typed) == own
    unknown = "0123456789abcdef"
    assert parse_value(session, agency, unknown) == unknown
    with pytest.raises(ValueFault):
        parse_value(session, agency, unknown[:15])


def test_the_first_field_that_will_not_do_is_named_as_it_was_given(session: Session) -> None:
    kind: Kind = get_kind("agency")
    with pytest.raises(UsageError, match=r"^CODE: ") as refused:
        parse_values(session, kind, {"code": "a b"})
    assert refused.value.exit_code == 2
    with pytest.raises(UsageError, match=r"^--agency-kind: "):
        parse_values(session, kind, {"code": "AB", "agency_kind": "polize"})
    with pytest.raises(UsageError, match="has no field colour"):
        parse_values(session, kind, {"colour": "red"})


def test_a_long_list_of_codes_is_cut_and_says_so() -> None:
    assert one_of(["a", "b"]) == "one of: a, b"
    assert one_of(str(number) for number in range(40)).endswith("11, …")


@given(st.text(max_size=60))
def test_any_text_is_kept_as_it_is_shown_or_refused_never_anything_else(session: Session, text: str) -> None:
    for name in ("note", "name", "code", "country", "places_free", "services"):
        try:
            value = parse_value(session, field("agency", name), text)
        except ValueFault:
            continue
        again = parse_value(session, field("agency", name), value)
        assert again == value, name


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{1,31}", fullmatch=True))
def test_every_agency_code_is_its_own_capitals(text: str) -> None:
    assert agency_code(text) == text.upper() == agency_code(text.upper())


@pytest.mark.parametrize(
    ("name", "shown", "code"),
    [("languages", "Malay", "ms"), ("languages", "khmer", "km"), ("citizenship", "Laos", "LA")],
)
def test_what_is_shown_by_name_may_be_typed_by_name(
    session: Session, name: str, shown: str, code: str
) -> None:
    assert parse_value(session, field("victim", name), [shown]) == [code]
