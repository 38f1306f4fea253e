"""A statement holds if its own agency's key signed just that, for its own type; anything else is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from taskforce.errors import TrustError
from taskforce.keys import identity, statements
from taskforce.keys.encoding import canonical_json
from taskforce.keys.signatures import sign

AGENCY = identity.AgencySecret(bytes(range(32)))
DEVICE = "q7m2x0d4k9t1c5ze"
MADE = "2026-11-23T12:00:00Z"


def revocation(**changed: Any) -> dict[str, Any]:
    """A revocation signed after a change, as its agency itself could sign it."""
    body = {
        "statement": "revocation",
        "agency": "KH-CNP",
        "agency-key": AGENCY.key,
        "about": DEVICE,
        "made": MADE,
        "good": {f"{DEVICE}.1": "40"},
        "reason": "left in a taxi",
        **changed,
    }
    body = {name: value for name, value in body.items() if value is not None}
    return {**body, "sig": sign(AGENCY.seed, f"statement-{body['statement']}", canonical_json(body))}


def test_what_is_made_holds_and_says_what_it_said() -> None:
    fields = {"good": {f"{DEVICE}.1": "40", f"{DEVICE}.7": "0"}, "reason": ""}
    body = statements.make_statement(
        AGENCY, "KH-CNP", statements.REVOCATION, about=DEVICE, made=MADE, fields=fields
    )
    found = statements.check_statement(body)
    assert (found.type, found.agency, found.about, found.made) == ("revocation", "KH-CNP", DEVICE, MADE)
    assert found.agency_key == AGENCY.key
    assert statements.last_good(found) == {f"{DEVICE}.1": 40, f"{DEVICE}.7": 0}
    assert statements.known_statement(found.text) == found


@pytest.mark.parametrize(
    "changed",
    [
        {"good": {f"{DEVICE}.1": "041"}},
        {"good": {f"{DEVICE}.1": "-1"}},
        {"good": {"0000000000000000.1": "4"}},
        {"good": {f"{DEVICE}.1\n": "4"}},
        {"good": "40"},
        {"good": None},
        {"reason": None},
        {"reason": "x" * 501},
        {"reason": "\ud800"},
        {"more": "of a later version"},
        {"about": "q7m2"},
        {"agency": "kh"},
        {"made": "yesterday"},
        {"made": "2026-11-23"},
        {"statement": "Revocation"},
        {"agency-key": "AAAA"},
    ],
    ids=str,
)
def test_fields_are_those_of_the_type_and_no_others(changed: dict[str, Any]) -> None:
    assert statements.check_statement(revocation())
    try:
        body = revocation(**changed)
    except ValueError:  # what no file can hold cannot be signed either
        body = {**revocation(), **changed}
    with pytest.raises(TrustError):
        statements.check_statement(body)


def test_no_other_key_and_no_other_purpose_signs_it() -> None:
    body = {name: value for name, value in revocation().items() if name != "sig"}
    other = identity.new_agency()
    for seed, purpose in (
        (other.seed, "statement-revocation"),
        (AGENCY.seed, "statement-roster"),
        (AGENCY.seed, "certificate"),
        (AGENCY.seed, "edit"),
    ):
        with pytest.raises(TrustError):
            statements.check_statement({**body, "sig": sign(seed, purpose, canonical_json(body))})
    with pytest.raises(TrustError):
        statements.check_statement({**revocation(), "good": {f"{DEVICE}.1": "41"}})
    with pytest.raises(TrustError):
        statements.check_statement({**revocation(), "agency-key": other.key})


def test_of_a_type_of_a_later_version_only_the_signature_is_checked() -> None:
    body = revocation(statement="succession", good=None, reason=None, heir={"key": ["x", "y"]})
    found = statements.check_statement(body)
    assert not found.is_known and found.body == body
    with pytest.raises(TrustError):
        statements.check_statement({**body, "heir": "another"})
    for most in ("x" * statements.MOST_BYTES, [""] * statements.MOST_NODES):
        with pytest.raises(TrustError):
            statements.check_statement(revocation(statement="succession", heir=most))
