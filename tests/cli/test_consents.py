"""What a person agreed to decides what leaves: `consent add`, `consent withdraw`; `share explain|matrix` say why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from program import Team, introduce, new_team

SERVICES = ("--purpose", "services", "--parts", "case,care")
TO_SHELTER = (*SERVICES, "--to", "NO-SHELTER,any-provider")


@pytest.fixture
def teams(tmp_path: Path) -> tuple[Team, Team]:
    """A police force that refers a woman and a boy to a shelter; nobody has consented to anything."""
    police = new_team(tmp_path / "police", "NO-POL", "E. Berg")
    shelter = new_team(tmp_path / "shelter", "NO-SHELTER", "K. Nordvik")
    introduce(police, shelter)
    for line in (
        ("agency", "add", "NO-SHELTER", "--services", "shelter", "--country", "NO"),
        ("agency", "edit", "NO-POL", "--country", "NO"),
        ("operation", "add", "HOTEL", "--lead", "NO-POL"),
        ("operation", "join", "HOTEL", "NO-SHELTER", "--role", "observer"),
        ("use", "HOTEL"),
        ("site", "add", "The hotel"),
    ):
        police.call(*line).ok()
    for age in ("21-23", "9-17"):
        met = ("--age-band", age, "--health", "Thirsty", "--family-name", f"Name of {age}")
        victim = police.data("victim", "add", *met)["ref"]
        police.call("referral", "new", victim, "--to", "NO-SHELTER", "--services", "shelter").ok()
    return police, shelter


def victim_of(police: Team, age: str = "21-23") -> str:
    return str(police.data("victim", "list", "--where", f"age_band={age}")[0]["ref"])


def goes(police: Team, victim: str) -> dict[str, bool]:
    """By part, as `share explain` says and as an export does."""
    found = police.data("share", "explain", victim, "--with", "NO-SHELTER")
    told = {one["part"]: one["goes"] for one in found["parts"]}
    for one in found["parts"]:
        assert one["goes"] == all(each["passed"] for each in one["checks"])
        last = one["checks"][-1]
        assert one["goes"] or (last["reason"], last["passed"]) == (one["reason"], False)
    return told


def carry(police: Team, shelter: Team, name: str) -> None:
    path = police.folder / name
    police.call("export", "--to", "NO-SHELTER", "-o", str(path)).ok()
    shelter.call("import", str(path)).ok()


def test_nothing_goes_before_somebody_consents_and_nothing_more_once_they_withdraw(
    teams: tuple[Team, Team],
) -> None:
    police, shelter = teams
    victim = victim_of(police)
    assert goes(police, victim) == {"case": False, "care": False, "identity": False}
    carry(police, shelter, "before")
    assert shelter.data("victim", "list") == shelter.data("referral", "list") == []
    added = police.call(
        "consent", "add", victim, *TO_SHELTER, "--given-by", "individual", "--until", "+90d", "--json"
    )
    consent = added.data["ref"]
    assert added.data["status"] == "given" and "not noted as explained" in added.envelope["notes"][0]
    assert goes(police, victim) == {"case": True, "care": True, "identity": False}
    carry(police, shelter, "given")
    (known,) = shelter.data("victim", "list")
    assert (known["health"], known["family_name"]) == ("Thirsty", None)
    told = police.call("consent", "withdraw", consent, "--reason", "She said so", "--json")
    assert (told.data["status"], told.data["withdrawn_reason"]) == ("withdrawn", "She said so")
    assert "NO-SHELTER" in told.envelope["notes"][0]
    police.call("victim", "edit", victim, "--health", "Better").ok()
    assert goes(police, victim) == {"case": False, "care": False, "identity": False}
    carry(police, shelter, "withdrawn")
    assert shelter.data("victim", "list")[0]["health"] == "Thirsty"
    police.call("consent", "add", victim, *TO_SHELTER, "--given-by", "individual").ok()
    carry(police, shelter, "again")
    assert shelter.data("victim", "list")[0]["health"] == "Better"


def test_a_consent_that_is_withdrawn_and_undone_counts_again(teams: tuple[Team, Team]) -> None:
    police, _shelter = teams
    victim = victim_of(police)
    consent = police.consent(victim, "NO-SHELTER")["ref"]
    police.call("consent", "withdraw", consent).ok()
    assert not any(goes(police, victim).values())
    police.call("undo").ok()
    assert all(goes(police, victim).values())


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        ((*TO_SHELTER,), 2, "needs to say who gave it"),
        ((*SERVICES, "--given-by", "individual"), 2, "needs its to"),
        ((*SERVICES, "--to", "NO-SHELTR", "--given-by", "individual"), 2, 'no agency is called "NO-SHELTR"'),
        ((*TO_SHELTER, "--given-by", "individual", "--reason", "x"), 2, "belongs to an override"),
        ((*TO_SHELTER, "--override", "vital-interests", "--reason", "x"), 2, "--approved-by"),
        ((*TO_SHELTER, "--override", "vital-interests", "--approved-by", "x"), 2, "--reason"),
    ],
)
def test_what_a_consent_needs(
    teams: tuple[Team, Team], words: tuple[str, ...], exit_code: int, message: str
) -> None:
    police, _shelter = teams
    error = police.error("consent", "add", victim_of(police), *words)
    assert (error["exit"], message in error["message"]) == (exit_code, True), error
    assert police.data("consent", "list") == []


def test_for_a_child_somebody_else_speaks_or_an_override_is_recorded(teams: tuple[Team, Team]) -> None:
    police, _shelter = teams
    boy = victim_of(police, "9-17")
    error = police.error("consent", "add", boy, *TO_SHELTER, "--given-by", "individual")
    assert (error["exit"], error["code"]) == (4, "child")
    override = (
        "--override",
        "child-protection",
        "--reason",
        "Alone at the pier",
        "--approved-by",
        "Prosecutor",
    )
    made = police.call("consent", "add", boy, *TO_SHELTER, *override, "--json")
    assert made.envelope["notes"] == []
    assert goes(police, boy) == {"case": True, "care": True, "identity": False}
    (care,) = [
        one
        for one in police.data("share", "explain", boy, "--with", "no-shelter")["parts"]
        if one["part"] == "care"
    ]
    assert (care["reason"], care["basis"]) == ("a recorded override covers it", made.data["ref"])
    woman = victim_of(police)
    police.call("consent", "add", woman, *TO_SHELTER, *override).ok()
    assert not any(goes(police, woman).values()), "that protects no child"
    police.call("victim", "edit", woman, "--age-unsure", "yes").ok()
    assert goes(police, woman)["care"]


def test_what_keeps_a_referral_is_said_with_the_command_that_helps(teams: tuple[Team, Team]) -> None:
    police, _shelter = teams
    boy = victim_of(police, "9-17")
    made = police.call("referral", "new", boy, "--to", "NO-SHELTER", "--services", "shelter", "--json")
    sentence, command = made.envelope["notes"]
    assert sentence == "nothing of it goes to NO-SHELTER yet: no consent is recorded"
    words = command.partition("taskforce ")[2].split()
    assert words[-1] == "caregiver"
    police.call(*words).ok()
    draft = police.data("referral", "add", boy, "--to", "NO-SHELTER", "--services", "shelter")["ref"]
    assert police.call("referral", "send", draft, "--json").envelope["notes"] == []
    (one,) = police.data("referral", "match", boy)
    assert not any("consent" in note for note in one["notes"])
    police.call("agency", "add", "SE-HOME", "--services", "shelter", "--country", "SE").ok()
    notes = {each["agency"]: each["notes"] for each in police.data("referral", "match", boy)}
    assert any("does not name the agency" in note for note in notes["SE-HOME"])
    assert notes["NO-SHELTER"] == one["notes"]
    sent = police.call(
        *("referral", "new", "--to", "SE-HOME", "--services", "shelter", "--consent", "guardian"), "--json"
    )
    assert "across a border, and no agreement names both sides" in sent.envelope["notes"][1]


def test_the_matrix_counts_kinds_of_the_plan_and_victims(teams: tuple[Team, Team]) -> None:
    police, _shelter = teams
    police.consent(victim_of(police), "NO-SHELTER")
    (row,) = police.data("share", "matrix", "--operation", "HOTEL")
    assert (row["agency"], row["role"]) == ("NO-SHELTER", "observer")
    assert (row["operational"]["goes"], row["operational"]["of"]) == (2, 3)
    for part in ("case", "care", "identity"):
        cell: dict[str, Any] = row[part]
        assert (cell["goes"], cell["of"], cell["reasons"]) == (1, 2, ["no consent is recorded"])
    shown = police.call("share", "matrix").ok().out
    assert "◐ 2 of 3 kinds" in shown and "◐ 1 of 2 victims" in shown
    assert "NO-SHELTER" in police.call("share", "matrix", "--format", "csv").ok().out


def test_explain_names_what_it_does_not_know(teams: tuple[Team, Team]) -> None:
    police, _shelter = teams
    assert police.error("share", "explain", victim_of(police), "--with", "NO-SUCH")["exit"] == 3
    assert police.error("share", "explain", "V-ZZZZ", "--with", "NO-SHELTER")["exit"] == 3
    assert police.error("share", "explain", victim_of(police))["exit"] == 2
    nameless = police.data("victim", "add", "--age-band", "21-23")["ref"]
    parts = police.data("share", "explain", nameless, "--with", "NO-SHELTER")["parts"]
    assert [(one["part"], one["held"]) for one in parts] == [
        ("case", True),
        ("care", False),
        ("identity", False),
    ]
    shown = police.call("share", "explain", victim_of(police), "--with", "NO-SHELTER").ok().out
    assert (
        "◌ case: withheld" in shown and "× consent: no consent is recorded" in shown and "✓ reach:" in shown
    )
