"""Recall on the command line: who has it already, the notice, what the recipient drops and says."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import Team
from test_consents import SERVICES, carry, teams, victim_of

__all__ = ["teams"]
GIVEN = (*SERVICES, "--to", "NO-SHELTER", "--given-by", "individual")


@pytest.fixture
def told(teams: tuple[Team, Team]) -> tuple[Team, Team, str, str]:
    """The shelter was told of a woman who agreed to that; her ref, and that of her consent."""
    police, shelter = teams
    victim = victim_of(police)
    consent = police.data("consent", "add", victim, *GIVEN)["ref"]
    carry(police, shelter, "told")
    assert shelter.data("victim", "list")[0]["health"] == "Thirsty"
    return police, shelter, victim, consent


def back(shelter: Team, police: Team, name: str) -> None:
    path = shelter.folder / name
    shelter.call("export", "--to", "NO-POL", "-o", str(path)).ok()
    police.call("import", str(path)).ok()


def states(team: Team) -> dict[str, str]:
    return {one["about_kind"]: one["state"] for one in team.data("recall", "status")["recalls"]}


def test_withdrawing_says_who_has_it_with_the_command_that_recalls_it(
    told: tuple[Team, Team, str, str],
) -> None:
    police, shelter, victim, consent = told
    notes = police.call("consent", "withdraw", consent, "--json").envelope["notes"]
    (command,) = [note for note in notes if note.startswith(f"taskforce recall add {victim} ")]
    assert command.endswith("--part case --part care --from NO-SHELTER --reason consent-withdrawn")
    assert any(f"NO-SHELTER has {victim} (case, care)" in note for note in notes)
    police.call(*command.split()[1:]).ok()
    assert states(police) == {"victim": "prepared"}
    preview = police.call("export", "--to", "NO-SHELTER", "--dry-run").ok().out
    assert f"recall of {victim} (case, care)" in preview
    path = police.folder / "recall"
    police.call("export", "--to", "NO-SHELTER", "-o", str(path)).ok()
    would = shelter.call("import", "--dry-run", str(path)).ok().out
    assert "would be dropped" in would and shelter.data("victim", "list")
    did = shelter.call("import", str(path)).ok().out
    assert f"NO-POL recalls {victim} (case, care): 2 edits dropped" in did
    assert shelter.data("victim", "list", "--archived") == []
    assert shelter.data("search", "Thirsty") == []
    assert "not confirmed yet" in police.call("recall", "status").ok().out
    back(shelter, police, "confirmed")
    assert states(police) == {"victim": "confirmed"} == states(shelter)
    shown = police.call("recall", "list").ok().out
    assert victim in shown and "NO-SHELTER" in shown
    assert "confirmed: dropped" in police.call("recall", "status", victim).ok().out


def test_with_recall_the_notices_are_prepared_at_once_and_given_again_it_comes_again(
    told: tuple[Team, Team, str, str],
) -> None:
    police, shelter, victim, consent = told
    before = shelter.data("victim", "list")
    notes = police.call("consent", "withdraw", consent, "--recall", "--json").envelope["notes"]
    assert sum("prepared" in note for note in notes) == 3
    assert states(police) == dict.fromkeys(("victim", "referral", "consent"), "prepared")
    carry(police, shelter, "recalled")
    assert shelter.data("victim", "list") == shelter.data("consent", "list") == []
    back(shelter, police, "obeyed")
    assert set(states(police).values()) == {"confirmed"}
    assert police.data("recall", "status")["not_recalled"] == []
    police.call("consent", "add", victim, *GIVEN).ok()
    carry(police, shelter, "again")
    assert shelter.data("victim", "list") == before
    back(shelter, police, "had")
    assert set(states(police).values()) == {"given-again"}


def test_narrowing_how_it_is_handled_recalls_too(told: tuple[Team, Team, str, str]) -> None:
    police, _shelter, victim, _consent = told
    notes = police.call("victim", "edit", victim, "--tlp", "red", "--json").envelope["notes"]
    assert any("TLP:RED goes to named recipients only" in note for note in notes)
    assert any(note.endswith("--reason handling-narrowed") for note in notes)
    assert police.call("victim", "edit", victim, "--gender", "female", "--json").envelope["notes"] == []
    police.call("victim", "edit", victim, "--tlp", "green").ok()
    notes = police.call("victim", "edit", victim, "--tlp", "red", "--recall", "--json").envelope["notes"]
    assert all("prepared" in note for note in notes) and notes


def test_a_store_may_ask_first(
    told: tuple[Team, Team, str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    police, shelter, _victim, consent = told
    police.call("consent", "withdraw", consent, "--recall").ok()
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "settings"))
    assert shelter.error("config", "set", "recalls", "perhaps")["exit"] == 2
    shelter.call("config", "set", "recalls", "ask").ok()
    carry(police, shelter, "asked")
    assert shelter.data("victim", "list")
    waiting = shelter.data("recall", "status")["recalls"]
    assert {one["state"] for one in waiting} == {"sent"}
    (ref,) = [one["ref"] for one in waiting if one["about_kind"] == "victim"]
    assert "waits for you" in shelter.call("recall", "status").ok().out
    assert shelter.data("recall", "confirm", ref)["obeyed"]
    assert shelter.data("victim", "list") == []
    assert shelter.error("recall", "confirm", ref)["exit"] == 4
    assert police.error("recall", "confirm", ref)["exit"] == 4


def attention(team: Team) -> list[dict[str, str]]:
    return [one for one in team.data("status")["attention"] if one["kind"] in ("recall", "recalled")]


def test_status_names_what_waits_for_obeying_and_who_has_not_confirmed(
    told: tuple[Team, Team, str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    police, shelter, victim, consent = told
    assert attention(police) == attention(shelter) == []
    police.call("consent", "withdraw", consent, "--recall").ok()
    (item,) = attention(police)
    assert item == {
        "kind": "recalled",
        "noun": "peer",
        "subject": "NO-SHELTER",
        "text": "3 recalls wait to go, the first made just now",
        "do": "taskforce export --to NO-SHELTER -o .",
    }
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "settings"))
    shelter.call("config", "set", "recalls", "ask").ok()
    before = shelter.copy_to(tmp_path / "before")
    carry(police, shelter, "recall")
    (item,) = attention(police)
    assert item["text"] == "3 recalls are not confirmed, the first sent just now"
    assert item["do"] == "taskforce recall status"
    waiting = attention(shelter)
    assert {(one["kind"], one["noun"]) for one in waiting} == {("recall", "recall")}
    (of_victim,) = [one for one in waiting if victim in one["text"]]
    assert of_victim["text"] == f"NO-POL recalls {victim} (case, care), made just now"
    assert of_victim["do"] == f"taskforce recall confirm {of_victim['subject']}"
    shown = shelter.call("status").ok().out
    assert "← " in shown and "taskforce recall confirm" in shown
    for one in waiting:
        shelter.call(*one["do"].split()[1:]).ok()
    assert attention(shelter) == []
    back(shelter, police, "obeyed")
    assert attention(police) == []
    back(before, police, "put-back")
    (item,) = attention(police)
    assert item["text"].endswith("and yet they say that they hold it")


def test_a_recall_that_was_taken_back_waits_for_nobody(told: tuple[Team, Team, str, str]) -> None:
    police, _shelter, victim, consent = told
    police.call("consent", "withdraw", consent).ok()
    add = ("recall", "add", victim, "--from", "NO-SHELTER", "--reason", "consent-withdrawn")
    recall = police.data(*add)["ref"]
    assert [one["text"] for one in attention(police)] == ["1 recall waits to go, made just now"]
    police.call("recall", "archive", recall).ok()
    assert attention(police) == []


def test_what_a_recall_needs(told: tuple[Team, Team, str, str]) -> None:
    police, _shelter, victim, _consent = told
    add = ("recall", "add", victim)
    assert police.error(*add)["exit"] == 2
    assert police.error(*add, "--from", "NO-SHELTER")["exit"] == 2
    assert police.error(*add, "--from", "NO-SHELTER", "--reason", "because")["exit"] == 2
    why = ("--reason", "sent-in-error")
    assert police.error(*add, "--from", "NOBODY", *why)["exit"] == 4
    assert police.error(*add, "--from", "NO-SHELTER", "--part", "pets", *why)["exit"] == 2
    assert police.error(*add, "--from", "NO-SHELTER", "--part", "identity", *why)["exit"] == 4
    assert police.error("recall", "add", "V-ZZZZ", "--from", "NO-SHELTER", *why)["exit"] == 3
