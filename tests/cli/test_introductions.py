"""A story on the command line: a lead who knows all introduces two who never met, and what flows before words do."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import Team, introduce, new_team


@pytest.fixture(scope="module")
def teams(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Team]:
    """The lead has compared words with three; of these nobody has met another."""
    folder = tmp_path_factory.mktemp("introductions")
    made = {
        code: new_team(folder / code, code, officer)
        for code, officer in (
            ("KH-CNP", "S. Chan"),
            ("KH-NGO", "M. Sok"),
            ("KH-HOSP", "D. Keo"),
            ("TH-RTP", "P. Chai"),
        )
    }
    lead = made["KH-CNP"]
    for code, other in made.items():
        if code != "KH-CNP":
            introduce(lead, other)
            (lead.folder / "card").unlink()
    lead.call("agency", "edit", "KH-CNP", "--country", "KH").ok()
    lead.call("operation", "add", "NIGHT COACH", "--lead", "KH-CNP").ok()
    for code, country in (("KH-NGO", "KH"), ("KH-HOSP", "KH"), ("TH-RTP", "TH")):
        lead.call("agency", "add", code, "--country", country).ok()
        lead.call("operation", "join", "NIGHT COACH", code, "--role", "partner").ok()
    lead.call("assignment", "add", "Meet the bus", "--operation", "NIGHT COACH", "--agency", "KH-NGO").ok()
    return made


def pass_on(sender: Team, receiver: Team, to: str) -> dict[str, object]:
    """The next bundle, carried over; what its receiver says of it."""
    target = sender.folder / "out.bundle"
    sender.call("export", "--to", to, "-o", str(target), "--force").ok()
    found: dict[str, object] = receiver.data("import", str(target))
    return found


def test_a_lead_introduces_and_only_words_open_the_rest(teams: dict[str, Team], tmp_path: Path) -> None:
    lead, shelter, hospital = teams["KH-CNP"], teams["KH-NGO"], teams["KH-HOSP"]
    # Without a roster they are strangers.
    pass_on(lead, shelter, "KH-NGO")
    pass_on(lead, hospital, "KH-HOSP")
    assert shelter.error("export", "--to", "KH-HOSP", "-o", "x")["exit"] == 8

    made = lead.data("operation", "roster", "NIGHT COACH")
    assert [one["agency"] for one in made["members"]] == ["KH-HOSP", "KH-NGO", "TH-RTP"]
    assert {one["level"] for one in made["members"]} == {"verified"} and made["stands"]
    assert not made["missing"]
    for code, other in (("KH-NGO", shelter), ("KH-HOSP", hospital)):
        told = pass_on(lead, other, code)
        assert [one["type"] for one in told["statements"]] == ["roster"]

    shown = shelter.data("operation", "roster", "NIGHT COACH", "--show")
    assert {one["agency"]: one["level"] for one in shown["members"]} == {
        "KH-HOSP": "introduced",
        "KH-NGO": "own",
        "TH-RTP": "introduced",
    }
    known = {one["agency"]: one for one in shelter.data("peer", "list")}
    assert known["KH-CNP"]["level"] == "verified" and known["KH-CNP"]["verified_by"] == "M. Sok"
    assert known["KH-HOSP"]["level"] == "introduced" and known["KH-HOSP"]["verified_at"] is None
    [by] = known["KH-HOSP"]["introduced_by"]
    assert (by["agency"], by["operation"]) == ("KH-CNP", "NIGHT COACH")
    told = shelter.call("peer", "list").ok().out
    assert "introduced by KH-CNP" in " ".join(told.split())

    # The plan flows between them at once.
    [work] = shelter.data("assignment", "list")
    shelter.call("assignment", "accept", work["ref"]).ok()
    assert pass_on(shelter, hospital, "KH-HOSP")["level"] == "introduced"
    assert [one["status"] for one in hospital.data("assignment", "list")] == ["accepted"]

    # Where the lead takes the introduction back, what came by it waits again. Nobody took it out: the store is sound.
    lead_too, hospital_too = lead.copy_to(tmp_path / "lead"), hospital.copy_to(tmp_path / "hospital")
    lead_too.call("operation", "roster", "NIGHT COACH", "--without", "KH-NGO").ok()
    pass_on(lead_too, hospital_too, "KH-HOSP")
    proved = hospital_too.data("audit", "verify")
    assert [(one["reason"], one["agency"]) for one in proved["waiting"]] == [("unknown-signer", "KH-NGO")]
    assert proved["sound"], proved["findings"]

    # A referral does not.
    victim = shelter.data("victim", "add", "--age-band", "18-20", "--operation", "NIGHT COACH")["ref"]
    shelter.consent(victim, "KH-HOSP")
    referral = shelter.data("referral", "add", victim, "--to", "KH-HOSP", "--services", "medical")["ref"]
    shelter.call("referral", "send", referral).ok()
    why = shelter.data("share", "explain", referral, "--with", "KH-HOSP")
    [case] = [one for one in why["parts"] if one["part"] == "case"]
    assert not case["goes"] and case["basis"] == "NIGHT COACH"
    assert case["reason"] == "only introduced, by KH-CNP: compare words first (taskforce peer add)"
    shown_to = shelter.call("export", "--to", "KH-HOSP", "--dry-run").ok().out
    assert "only introduced, by KH-CNP" in " ".join(shown_to.split())
    pass_on(shelter, hospital, "KH-HOSP")
    assert hospital.data("referral", "list") == []

    # One side has compared words: what it sends waits at the other.
    assert shelter.data("peer", "add", str(hospital.folder / "card"), "--yes", "--how", "in-person")["added"]
    told = pass_on(shelter, hospital, "KH-HOSP")
    assert set(told["waiting"]) == {"not-verified"} and hospital.data("referral", "list") == []
    [waits, *_more] = hospital.data("quarantine", "list")
    assert waits["reason"] == "not-verified"
    assert "taskforce peer add CARD" in hospital.call("status").ok().out

    # Both have: it flows, and what waited comes to life.
    added = hospital.data("peer", "add", str(shelter.folder / "card"), "--yes")
    assert added["admitted"] == sum(told["waiting"].values()) and not added["introduced_otherwise_by"]
    assert [one["ref"] for one in hospital.data("referral", "list")] == [referral]
    pass_on(hospital, shelter, "KH-NGO")
    assert [one["status"] for one in shelter.data("referral", "list")] == ["received"]
    assert hospital.data("peer", "list")[1]["level"] == "verified"


def test_a_false_introduction_is_told_before_the_card_is_entered(
    teams: dict[str, Team], tmp_path: Path
) -> None:
    """The lead was fooled: it entered a card of somebody who says to be UNODC."""
    lead, shelter = teams["KH-CNP"], teams["KH-NGO"]
    false = new_team(tmp_path / "false", "UNODC", "X")
    real = new_team(tmp_path / "real", "UNODC", "R. Diaz")
    for team in (false, real):
        team.call("peer", "card", "-o", str(team.folder / "card")).ok()
    lead.call("peer", "add", str(false.folder / "card"), "--yes").ok()
    lead.call("agency", "add", "UNODC").ok()
    lead.call("operation", "join", "NIGHT COACH", "UNODC", "--role", "observer").ok()
    [item] = [one for one in lead.data("status")["attention"] if one["kind"] == "roster"]
    assert item["text"] == "UNODC takes part and is not on its roster"
    lead.call(*item["do"].split()[1:]).ok()
    assert not [one for one in lead.data("status")["attention"] if one["kind"] == "roster"]
    lead.call("operation", "roster", "NIGHT COACH", "--without", "TH-RTP").ok()
    told = lead.data("status")["attention"]
    assert not [one for one in told if one["kind"] == "roster"], "it was left out on purpose"
    pass_on(lead, shelter, "KH-NGO")
    assert "UNODC" in {one["agency"] for one in shelter.data("peer", "list")}
    ran = shelter.call("peer", "add", str(real.folder / "card"), "--yes", "--json")
    assert ran.data["introduced_otherwise_by"] == ["KH-CNP"]
    assert "KH-CNP introduced UNODC with another key" in ran.err
    [one] = [one for one in shelter.data("peer", "list") if one["agency"] == "UNODC"]
    assert one["level"] == "verified" and one["disputed_by"] == ["KH-CNP"]
    [item] = [one for one in shelter.data("status")["attention"] if one["kind"] == "disputed"]
    assert item["text"] == "a roster of KH-CNP names another key than the one that counts here"


def test_only_the_lead_signs_and_only_with_the_key_at_hand(teams: dict[str, Team]) -> None:
    error = teams["TH-RTP"].error("operation", "roster", "NIGHT COACH")
    assert error["exit"] == 3
    pass_on(teams["KH-CNP"], teams["TH-RTP"], "TH-RTP")
    error = teams["TH-RTP"].error("operation", "roster", "NIGHT COACH")
    assert (error["exit"], error["code"]) == (4, "not-lead")
    assert teams["KH-CNP"].error("operation", "roster", "NIGHT COACH", "--without", "XX")["exit"] == 3
    assert (
        teams["KH-CNP"].error("operation", "roster", "NIGHT COACH", "--show", "--without", "TH-RTP")["exit"]
        == 2
    )
