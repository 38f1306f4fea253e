"""The directory of an operation: who takes part, who is on duty at any hour and in any zone, which agreements hold."""

from __future__ import annotations

import shlex
import time
from pathlib import Path

import pytest
from program import Team, introduce, new_team
from story import hand_over

from taskforce.actions import directory
from taskforce.actions.directory import Entry
from taskforce.actions.references import find
from taskforce.actions.session import Session
from taskforce.actions.unlocking import Opener
from taskforce.records.registry import get_kind
from taskforce.store.store import Store

SETUP = """
agency add KH-NGO --name Chomrong --country KH --places-free 6
agency add TH-RTP
operation add STORM --lead INTERPOL
use STORM
contact add Night --agency KH-NGO --on-duty-from "2023-10-17 20:00" --on-duty-until "2023-10-18 08:00"
contact add Day --agency KH-NGO --role liaison-officer --on-duty-from "2023-10-18 08:00" --on-duty-until 2023-10-18
contact add Never --agency KH-NGO
agreement add Memorandum --parties KH,INTERPOL --in-force-from 2023-10-01 --until 2023-10-18 --review-by 2023-10-17
agreement add "Among others" --parties KH-NGO,TH-RTP --review-by 2024-12-01
agreement add Draft --parties KH-NGO
operation join STORM KH-NGO --role support
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """Two agencies in an operation, one beside it; a night shift, typed in Phnom Penh's time; three agreements."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_NOW", "2023-10-17T05:00:00Z")
        in_zone(patch, "Asia/Phnom_Penh")
        team = new_team(tmp_path_factory.mktemp("directory"), "INTERPOL", "J. Okafor")
        for line in SETUP.strip().splitlines():
            team.call(*shlex.split(line)).ok()
        for title in ("Memorandum", "Among others"):
            team.call("agreement", "sign", title).ok()
            team.call("agreement", "enter-into-force", title).ok()
        team.call("participation", "edit", participation(team), "--legal-basis", "Memorandum").ok()
    in_zone(None, "UTC")
    return team


def participation(team: Team) -> str:
    """The ref of the one participation."""
    (one,) = team.data("participation", "list")
    return str(one["ref"])


def in_zone(patch: pytest.MonkeyPatch | None, zone: str) -> None:
    """Let the local time be that of a zone."""
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of a process cannot be set here")
    if patch is not None:
        patch.setenv("TZ", zone)
    time.tzset()


def entry_of(team: Team, code: str) -> Entry:
    """The entry of an agency, read as the screen reads it."""
    opener = Opener(team.store, str(team.key))
    store = Store.open(team.store, opener.open())
    try:
        session = Session(store)
        (entry,) = directory.entries(session, [find(session, get_kind("agency"), code)])
        return entry
    finally:
        store.close()


@pytest.fixture
def team(made: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    """A copy of that store, on 17 October at noon in Phnom Penh."""
    monkeypatch.setenv("TASKFORCE_NOW", "2023-10-17T05:00:00Z")
    in_zone(monkeypatch, "Asia/Phnom_Penh")
    return made.copy_to(tmp_path / "team")


@pytest.mark.parametrize("zone", ["Asia/Phnom_Penh", "UTC", "America/New_York", "Pacific/Auckland"])
@pytest.mark.parametrize(
    ("now", "on_duty", "next_one"),
    [
        ("2023-10-17T12:59:00Z", [], "Night"),  # 19:59 in Phnom Penh
        ("2023-10-17T13:00:01Z", ["Night"], None),
        ("2023-10-17T17:30:00Z", ["Night"], None),  # 00:30, past local midnight
        ("2023-10-18T00:30:00Z", ["Night"], None),  # 07:30, past midnight of UTC
        ("2023-10-18T01:00:01Z", ["Day"], None),
        ("2023-10-18T16:59:59Z", ["Day"], None),  # the end of the day that was typed
        ("2023-10-18T17:00:00Z", [], None),
    ],
)
def test_who_is_on_duty_at_any_hour_wherever_one_looks_from(
    team: Team, monkeypatch: pytest.MonkeyPatch, now: str, on_duty: list[str], next_one: str | None, zone: str
) -> None:
    monkeypatch.setenv("TASKFORCE_NOW", now)
    in_zone(monkeypatch, zone)
    entry = entry_of(team, "KH-NGO")
    assert [each.text("name") for each in entry.on_duty] == on_duty
    assert (entry.next_on_duty.text("name") if entry.next_on_duty else None) == next_one


def test_it_is_who_the_command_lists(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    for now in ("2023-10-17T13:00:00Z", "2023-10-17T13:00:01Z", "2023-10-18T01:00:00Z"):
        monkeypatch.setenv("TASKFORCE_NOW", now)
        listed = team.data("contact", "list", "--agency", "KH-NGO", "--on-duty")
        assert [each.text("name") for each in entry_of(team, "KH-NGO").on_duty] == [
            each["name"] for each in listed
        ], now


def test_role_liaison_and_legal_basis(team: Team) -> None:
    entry = entry_of(team, "KH-NGO")
    assert entry.role == "support" and not entry.is_own
    assert [each.text("name") for each in entry.liaisons] == ["Day"]
    assert entry.legal_basis is not None and entry.legal_basis.title == "Memorandum"
    assert entry.basis_holds
    team.call("participation", "edit", participation(team), "--liaison", "Never").ok()
    assert [each.text("name") for each in entry_of(team, "KH-NGO").liaisons] == ["Never"]
    team.call("agreement", "suspend", "Memorandum").ok()
    assert not entry_of(team, "KH-NGO").basis_holds
    lead = entry_of(team, "INTERPOL")
    assert lead.role == "lead" and lead.is_own and lead.participation is None
    outside = entry_of(team, "TH-RTP")
    assert outside.role == "" and outside.legal_basis is None


def test_agreements_hold_from_their_first_day_to_their_last(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {each.agreement.title: each for each in entry_of(team, "KH-NGO").agreements}
    assert set(found) == {"Among others", "Memorandum"}, "by code and by country, not the draft"
    assert found["Memorandum"].binds_us and not found["Among others"].binds_us
    assert found["Memorandum"].review == "due" and found["Among others"].review == ""
    monkeypatch.setenv("TASKFORCE_NOW", "2023-10-18T16:00:00Z")  # 23:00 of its last day
    found = {each.agreement.title: each for each in entry_of(team, "KH-NGO").agreements}
    assert found["Memorandum"].review == "late"
    monkeypatch.setenv("TASKFORCE_NOW", "2023-10-18T17:30:00Z")  # 00:30 of the day after
    entry = entry_of(team, "KH-NGO")
    assert [each.agreement.title for each in entry.agreements] == ["Among others"]
    assert not entry.basis_holds
    monkeypatch.setenv("TASKFORCE_NOW", "2023-09-30T12:00:00Z")
    assert not entry_of(team, "KH-NGO").agreements


def test_a_figure_of_places_grows_old(team: Team) -> None:
    assert entry_of(team, "KH-NGO").places_old, "nobody said since when"
    team.call("agency", "edit", "KH-NGO", "--places-as-of", "-2h").ok()
    assert not entry_of(team, "KH-NGO").places_old
    team.call("agency", "edit", "KH-NGO", "--places-as-of", "-25h").ok()
    assert entry_of(team, "KH-NGO").places_old


def test_a_peer_is_verified_and_heard(team: Team, tmp_path: Path) -> None:
    assert entry_of(team, "KH-NGO").verified is None
    other = new_team(tmp_path / "other", "KH-NGO", "S. Vann")
    introduce(team, other)
    verified = entry_of(team, "KH-NGO").verified
    assert verified is not None and verified.last_heard == "" and verified.by == "J. Okafor"
    other.call("agency", "edit", "KH-NGO", "--places-free", "4").ok()
    hand_over(other, team)
    entry = entry_of(team, "KH-NGO")
    assert entry.verified is not None and entry.verified.last_heard == "2023-10-17T05:00:00Z"


def test_with_no_operation_chosen_nobody_takes_part(tmp_path: Path) -> None:
    team = new_team(tmp_path, "INTERPOL", "J. Okafor")
    team.call("agency", "add", "KH-NGO").ok()
    assert entry_of(team, "KH-NGO").role == ""
