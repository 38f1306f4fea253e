"""`taskforce erase`: asked for on a terminal or with --yes, by the owner only, told everywhere a person looks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from program import Team, introduce, new_team


@pytest.fixture
def two(tmp_path: Path) -> tuple[Team, Team]:
    """CITY has met somebody and referred them to NGO, which has heard of it."""
    city = new_team(tmp_path / "city", "CITY", "J. Okafor")
    ngo = new_team(tmp_path / "ngo", "NGO", "S. Chan")
    introduce(city, ngo)
    city.call("victim", "add", "--age-band", "9-17", "--family-name", "Zqxcanary", "--health", "Thirsty").ok()
    city.call("agency", "add", "NGO", "--country", "KH").ok()
    city.call("agency", "edit", "CITY", "--country", "KH").ok()
    city.consent(victim(city), "NGO", given_by="guardian")
    city.call("referral", "add", victim(city), "--to", "NGO", "--services", "shelter").ok()
    city.call("referral", "send", city.data("referral", "list")[0]["ref"]).ok()
    carry(city, ngo)
    return city, ngo


def victim(team: Team) -> str:
    """The ref of the one victim."""
    return str(team.data("victim", "list")[0]["ref"])


def carry(sender: Team, to: Team) -> str:
    """Take a bundle over; what the import says."""
    path = to.folder / f"from-{sender.folder.name}"
    agency = to.data("status")["agency"]
    sender.call("export", "--to", agency, "-o", str(path), "--force").ok()
    return to.call("import", str(path)).ok().out


def test_it_is_never_done_unasked(two: tuple[Team, Team]) -> None:
    city, _ngo = two
    ran = city.call("erase", victim(city), "--reason", "she asked for it").failed(2)
    assert "--yes" in ran.err and "identity" in ran.err and "NGO" in ran.err
    assert city.error("erase", victim(city), "--yes")["exit"] == 2  # no reason
    assert city.data("erase", "status") == []
    assert city.data("victim", "list")[0]["family_name"] == "Zqxcanary"


def test_the_owner_erases_everybody_confirms_and_everywhere_it_is_said(two: tuple[Team, Team]) -> None:
    city, ngo = two
    ref = victim(city)
    city.call("erase", ref, "--part", "identity", "--reason", "she asked for it", "--yes").ok()
    assert "not yet    NGO" in city.call("erase", "status").ok().out
    copy = ngo.store / "store.db.before-2"
    shutil.copy(ngo.store / "store.db", copy)
    told = carry(city, ngo)
    assert "1 part of a record was erased" in told
    assert "copies from before an upgrade still hold it" in told and copy.name in told
    copy.unlink()
    for team in two:
        assert team.data("victim", "show", ref)["family_name"] is None
        assert not team.data("search", "Zqxcanary")
        sentence = "identity erased by J. Okafor, CITY, on "
        assert sentence in team.call("victim", "show", ref).err
        assert sentence in team.call("erase", "status", ref).out
        told = team.call("history", ref).out
        assert "(erased)" in told and "Erased: she asked for it" in told and "Zqxcanary" not in told
    carry(ngo, city)
    assert "all who had it, as far as is known here, have confirmed" in city.call("erase", "status").ok().out
    (status,) = city.data("erase", "status")
    assert {each["agency"] for each in status["confirmed"]} == {"CITY", "NGO"} and status["waiting"] == []
    for team in two:
        ran = team.call("victim", "show", ref).ok()
        assert "newer version" not in ran.out + ran.err
        assert "newer version" not in team.call("doctor").ok().out
    ran = city.call("victim", "edit", ref, "--family-name", "Sok").failed(4)
    assert "was erased" in ran.err


def test_others_cannot(two: tuple[Team, Team]) -> None:
    _city, ngo = two
    error = ngo.error("erase", victim(ngo), "--reason", "no reason", "--yes")
    assert error["exit"] == 4 and "CITY" in error["message"]
    assert ngo.data("victim", "list")[0]["family_name"] == "Zqxcanary"


def test_a_record_erased_whole_is_out_of_view_and_stays_so(two: tuple[Team, Team]) -> None:
    city, ngo = two
    ref = victim(city)
    city.call("erase", ref, "--reason", "entered by mistake", "--yes").ok()
    carry(city, ngo)
    for team in two:
        assert team.data("victim", "list") == []
        assert team.data("victim", "show", ref)["archived"]
        team.call("victim", "archive", ref, "--restore").failed(4)
        assert team.data("doctor")["faults"] == []


def test_words_that_make_no_sense(two: tuple[Team, Team]) -> None:
    city, _ngo = two
    ref = victim(city)
    assert city.error("erase", ref, "--part", "nose", "--reason", "x", "--yes")["exit"] == 2
    assert city.error("erase", ref, ref, "--reason", "x", "--yes")["exit"] == 2
    assert city.error("erase", "status", "--part", "identity")["exit"] == 2
    assert city.error("erase", "V-0000", "--reason", "x", "--yes")["exit"] == 3


def test_the_entry_of_an_agency_stays(two: tuple[Team, Team]) -> None:
    city, _ngo = two
    for agency, why in (("CITY", "your own agency"), ("NGO", "others cannot erase")):
        error = city.error("erase", agency, "--reason", "x", "--yes")
        assert error["exit"] == 4 and why in error["message"]
        assert error["hint"] == f"it is taken out of view with: taskforce agency archive {agency}"


def test_nobody_is_referred_who_was_erased(two: tuple[Team, Team]) -> None:
    city, ngo = two
    ref = victim(city)
    told = city.call("erase", ref, "--reason", "entered by mistake", "--yes").ok()
    assert "it goes with the next bundle" in told.out
    carry(city, ngo)
    for team, to in ((city, "NGO"), (ngo, "CITY")):
        for verb in ("add", "new"):
            error = team.error("referral", verb, ref, "--to", to, "--services", "shelter")
            assert error["exit"] == 4 and "was erased" in error["message"], error


def test_what_was_only_here_goes_to_nobody(two: tuple[Team, Team]) -> None:
    city, _ngo = two
    city.call("operation", "add", "Opal", "--lead", "CITY").ok()
    told = city.call("erase", "Opal", "--reason", "entered by mistake", "--yes").ok()
    assert "nobody else has it" in told.err and "it goes" not in told.out
    error = city.error(
        "erase", city.data("operation", "list", "--archived")[0]["ref"], "--part", "nose", "--reason", "x"
    )
    assert error["message"] == "no part of this record is called nose"


def test_a_confirmation_makes_no_record(two: tuple[Team, Team], tmp_path: Path) -> None:
    """FAR, which has nothing of it, hears that it was erased and that NGO confirms it."""
    city, ngo = two
    far = new_team(tmp_path / "far", "FAR", "F. Ar")
    (ngo.folder / "card").unlink()
    introduce(ngo, far)
    ref = victim(ngo)
    ngo.call("agency", "add", "FAR").ok()
    ngo.call("referral", "add", ref, "--to", "FAR", "--services", "shelter").ok()
    city.call("erase", ref, "--part", "identity", "--reason", "she asked", "--yes").ok()
    carry(city, ngo)
    ngo.call("referral", "send", ngo.data("referral", "list", "--to", "FAR")[0]["ref"]).ok()
    assert "victims: 1 new" not in carry(ngo, far)


def test_a_restored_owner_is_told_to_erase_again_what_nobody_else_can_send(two: tuple[Team, Team]) -> None:
    city, _ngo = two
    city.call("victim", "add", "--age-band", "9-17", "--family-name", "Zqxsecond").ok()
    ref = next(one["ref"] for one in city.data("victim", "list") if one["family_name"] == "Zqxsecond")
    city.call("backup", str(city.folder / "backup")).ok()
    city.call("erase", ref, "--reason", "entered by mistake", "--yes").ok()
    again = Team(city.folder / "again")
    again.folder.mkdir()
    shutil.copy(city.key, again.key)
    told = again.call("restore", str(city.folder / "backup")).ok().out
    assert "what only you held must be erased again" in " ".join(told.split())
    assert again.data("search", "Zqxsecond")
    again.call("erase", ref, "--reason", "entered by mistake", "--yes").ok()
    assert not again.data("search", "Zqxsecond")
