"""Statements on their way: kept from verified agencies only, sent to whom they concern, as many as a head may carry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from replicas import Replica, documents, export, make_replica, rewrite, second_device, take, verify

from taskforce.actions import stating
from taskforce.errors import InputError, TrustError
from taskforce.keys import identity, statements
from taskforce.keys.encoding import canonical_json
from taskforce.keys.signatures import sign
from taskforce.store.statements import count_of
from taskforce.store.statements import statements as kept
from taskforce.sync.bundle import MOST_STATEMENTS

LATER = "succession"
"""A type that this version does not know."""


def said(replica: Replica, about: int, type: str = "revocation") -> dict[str, Any]:
    """What a replica's agency says under its key."""
    secret = identity.AgencySecret(bytes.fromhex(replica.session.store.meta("agency_seed")))
    body: dict[str, Any] = {
        "statement": type,
        "agency": replica.code,
        "agency-key": secret.key,
        "about": f"{about:016d}",
        "made": "2026-11-23T12:00:00Z",
        **({"heir": ["x"]} if type == LATER else {"good": {}, "reason": ""}),
    }
    return {**body, "sig": sign(secret.seed, f"statement-{type}", canonical_json(body))}


def keep(replica: Replica, *bodies: dict[str, Any]) -> None:
    """Let a store know statements."""
    with replica.session.store.writing():
        stating.keep_statements(replica.session, [statements.check_statement(each) for each in bodies])


def carried(sender: Replica, receiver: Replica) -> list[dict[str, Any]]:
    """The statements in the head of the sender's next bundle."""
    found: list[dict[str, Any]] = documents(receiver, export(sender, receiver.code))[0].get("statements", [])
    return found


def with_statements(sender: Replica, receiver: Replica, bodies: list[Any]) -> bytes:
    """A bundle whose head carries just these."""
    return rewrite(
        sender, receiver, export(sender, receiver.code), lambda head, _edits: head.update(statements=bodies)
    )


@pytest.fixture
def three(tmp_path: Path) -> list[Replica]:
    """City and its second device, and a partner; all verified."""
    city, partner = make_replica(tmp_path / "city", "CITY"), make_replica(tmp_path / "partner", "PARTNER")
    second = second_device(tmp_path / "second", city)
    for one, other in ((city, partner), (partner, city), (second, partner)):
        verify(one, other)
    return [city, second, partner]


def test_what_a_later_version_says_is_kept_unread_and_goes_to_own_devices_only(three: list[Replica]) -> None:
    city, second, partner = three
    take(city, with_statements(partner, city, [said(partner, 1, LATER)]))
    assert [row.type for row in kept(city.connection)] == [LATER]
    assert carried(city, partner) == []
    assert [each["statement"] for each in carried(city, second)] == [LATER]
    told = take(second, export(city, "CITY"))
    assert [(one.type, one.agency) for one in told.statements] == [(LATER, "PARTNER")]
    assert take(second, export(city, "CITY")).statements == ()


def test_only_what_the_verified_key_of_the_agency_signed_is_kept(
    three: list[Replica], tmp_path: Path
) -> None:
    city, _second, partner = three
    stranger = make_replica(tmp_path / "stranger", "STRANGER")
    pretender = make_replica(tmp_path / "pretender", "CITY")
    take(city, with_statements(partner, city, [said(stranger, 1), said(pretender, 2)]))
    assert kept(city.connection) == []
    for bad in (
        {**said(partner, 3), "made": "2026-11-23T12:00:01Z"},
        {**said(partner, 3), "more": "x"},
        said(partner, 3, LATER) | {"heir": "another"},
    ):
        with pytest.raises(TrustError):
            take(city, with_statements(partner, city, [bad]))
    assert kept(city.connection) == []
    for wrong in (["text"], [["x"]], [said(partner, n) for n in range(MOST_STATEMENTS + 1)]):
        with pytest.raises(InputError):
            take(city, with_statements(partner, city, wrong))
    verify(city, stranger)
    take(city, with_statements(partner, city, [said(stranger, 1)]))
    assert [row.agency for row in kept(city.connection)] == ["STRANGER"]


def test_of_more_than_a_head_may_carry_each_bundle_carries_others_until_all_have_gone(
    three: list[Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    city, _second, partner = three
    keep(city, *(said(city, number) for number in range(MOST_STATEMENTS * 2 + 50)))
    heard: set[str] = set()
    for _bundle in range(3):
        some = carried(city, partner)
        assert 0 < len(some) <= MOST_STATEMENTS
        heard |= {each["about"] for each in some}
    assert len(heard) == MOST_STATEMENTS * 2 + 50
    monkeypatch.setattr(stating, "MOST_OF_ONE", MOST_STATEMENTS * 2 + 51)
    keep(city, *(said(city, number) for number in range(1000, 1005)))
    assert count_of(city.connection, "CITY") == MOST_STATEMENTS * 2 + 51


def test_long_ones_take_turns_too_so_that_a_head_can_be_read(three: list[Replica]) -> None:
    city, second, _partner = three
    long = [said(city, number, LATER) for number in range(12)]
    for body in long:
        body["heir"] = ["x"] * 1500
        secret = identity.AgencySecret(bytes.fromhex(city.session.store.meta("agency_seed")))
        unsigned = {name: value for name, value in body.items() if name != "sig"}
        body["sig"] = sign(secret.seed, f"statement-{LATER}", canonical_json(unsigned))
    keep(city, *long)
    for _bundle in range(6):
        take(second, export(city, "CITY"))
    assert len(kept(second.connection)) == 12


def test_it_goes_to_who_knows_the_agency_and_to_nobody_else(three: list[Replica], tmp_path: Path) -> None:
    city, _second, partner = three
    hidden = make_replica(tmp_path / "hidden", "HIDDEN")
    verify(city, hidden)
    keep(city, said(hidden, 1), said(city, 2), said(partner, 3))
    assert sorted(each["agency"] for each in carried(city, partner)) == ["CITY", "PARTNER"]
    verify(hidden, city)
    take(city, export(hidden, "CITY"))  # its directory entry goes on to verified peers, and the word with it
    assert sorted(each["agency"] for each in carried(city, partner)) == ["CITY", "HIDDEN", "PARTNER"]
