"""Before a bundle goes: what of it is new to the agency, and what has stopped, why, and on what it was told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pexpect
import pytest
from program import PROGRAM, Team, environment_of, introduce, new_team


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A police force with two victims, and two shelters that nothing has gone to."""
    folder = tmp_path_factory.mktemp("deltas")
    police = new_team(folder / "police", "NO-POL", "E. Berg")
    shelter = new_team(folder / "shelter", "NO-SHELTER", "K. Nordvik")
    other = new_team(folder / "other", "NO-HOME", "L. Dahl")
    introduce(police, shelter, other)
    for line in (
        ("agency", "add", "NO-SHELTER", "--services", "shelter", "--country", "NO"),
        ("agency", "add", "NO-HOME", "--services", "shelter", "--country", "NO"),
        ("agency", "edit", "NO-POL", "--country", "NO"),
        ("victim", "add", "--age-band", "21-23", "--health", "Cold", "--family-name", "Petrauskas"),
        ("victim", "add", "--age-band", "24-26", "--health", "Well", "--family-name", "Jankauskas"),
    ):
        police.call(*line).ok()
    return folder


@pytest.fixture
def police(made: Path, tmp_path: Path) -> Team:
    return Team(made / "police").copy_to(tmp_path / "police")


def victim_of(team: Team, band: str = "21-23") -> str:
    ref: str = team.data("victim", "list", "--where", f"age_band={band}")[0]["ref"]
    return ref


def refer(team: Team, victim: str, to: str = "NO-SHELTER") -> tuple[str, str]:
    """The refs of a consent and a referral that rests on it."""
    consent = team.consent(victim, to)["ref"]
    referral = team.data("referral", "new", victim, "--to", to, "--services", "shelter")["ref"]
    return consent, referral


def dry(team: Team, to: str = "NO-SHELTER") -> dict[str, Any]:
    found: dict[str, Any] = team.data("export", "--to", to, "--dry-run")
    return found


def send(team: Team, to: str = "NO-SHELTER") -> dict[str, Any]:
    found: dict[str, Any] = team.data("export", "--to", to, "-o", str(team.folder), "--force")
    return found


def newly(sent: dict[str, Any]) -> dict[tuple[str, str], list[str]]:
    return {(one["kind"], one["part"]): one["refs"] for one in sent["newly"]}


def test_everything_is_new_once_and_then_only_what_was_not_told(police: Team) -> None:
    first = victim_of(police)
    _consent, referral = refer(police, first)
    one = dry(police)
    assert newly(one)["referral", "case"] == [referral] and newly(one)["victim", "identity"] == [first]
    assert {(each["kind"], each["part"]) for each in one["goes"]} == set(newly(one))
    assert send(police)["newly"] == one["newly"], "the same is said of the bundle that went"
    again = dry(police)
    assert again["goes"] and again["newly"] == [], (
        "nobody has confirmed anything: it goes again, and is not new"
    )
    assert (
        "nothing but changes of what they have"
        in police.call("export", "--to", "NO-SHELTER", "--dry-run").out
    )
    police.call("victim", "edit", first, "--health", "Thirsty").ok()
    assert dry(police)["newly"] == [], "a change of what they have is not new"
    _consent, second = refer(police, victim_of(police, "24-26"))
    found = newly(dry(police))
    assert found["referral", "case"] == [second]
    assert found["victim", "care"] == found["victim", "case"] == [victim_of(police, "24-26")]


def test_each_new_referral_is_named_however_many(police: Team) -> None:
    made = {refer(police, victim_of(police))[1] for _time in range(8)}
    (found,) = [one for one in dry(police)["newly"] if one["kind"] == "referral"]
    assert set(found["refs"]) == made and found["count"] == 8


def test_what_has_stopped_is_said_with_the_reason_and_the_basis_that_ended(police: Team) -> None:
    victim = victim_of(police)
    consent, referral = refer(police, victim)
    assert dry(police)["stopped"] == [], "nothing was told yet"
    police.call("consent", "withdraw", consent).ok()
    assert dry(police)["stopped"] == [], "what never went has not stopped"
    police.call("undo").ok()
    send(police)
    assert dry(police)["stopped"] == []
    police.call("consent", "withdraw", consent).ok()
    stopped = {(one["kind"], one["part"]): one for one in dry(police)["stopped"]}
    assert set(stopped) == {
        ("consent", "case"),
        ("referral", "case"),
        *(("victim", part) for part in ("case", "care", "identity")),
    }
    one = stopped["victim", "identity"]
    assert (one["refs"], one["rests_on"], one["since_last"]) == ([victim], [consent], True)
    assert one["reason"] == "the consent was withdrawn"
    assert one["told_on"] == [f"a consent covers it ({consent})"]
    assert stopped["referral", "case"]["refs"] == [referral]
    shown = police.call("export", "--to", "NO-SHELTER", "--dry-run").ok().out
    assert "■ victim, identity: the consent was withdrawn" in shown and "since the last bundle" in shown
    send(police)
    assert not any(one["since_last"] for one in dry(police)["stopped"]), "it had stopped before"


def test_what_flows_again_is_new_again(police: Team) -> None:
    victim = victim_of(police)
    consent, _referral = refer(police, victim)
    send(police)
    police.call("consent", "withdraw", consent).ok()
    send(police)
    police.consent(victim, "NO-SHELTER")
    assert newly(dry(police))["victim", "case"] == [victim]
    assert dry(police)["stopped"] == []
    send(police)
    assert dry(police)["newly"] == []


def test_on_a_terminal_the_summary_comes_before_the_bundle(police: Team) -> None:
    refer(police, victim_of(police))
    dry_run = police.call("export", "--to", "NO-SHELTER", "--dry-run").ok().out.split()
    target = police.folder / "one"
    child = pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], "export", "--to", "NO-SHELTER", "-o", str(target), *police.place],
        env={**environment_of(), "TERM": "dumb"},
        dimensions=(60, 200),
        cwd=str(police.folder),
        encoding="utf-8",
        timeout=30,
    )
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    words = child.before.split()
    assert words[: len(dry_run)] == dry_run, "just what --dry-run says"
    assert words[len(dry_run) :] == ["written", "to", str(target)]


# ── one bundle for several ──


def test_one_bundle_for_several_is_read_by_all_and_told_to_each(
    made: Path, police: Team, tmp_path: Path
) -> None:
    both = ("--to", "NO-SHELTER", "--to", "NO-HOME", "--together")
    path = tmp_path / "both"
    told = police.data("export", *both, "-o", str(path))
    assert [(one["to"], one["together"]) for one in told] == [
        ("NO-SHELTER", ["NO-HOME"]),
        ("NO-HOME", ["NO-SHELTER"]),
    ]
    assert {one["file"] for one in told} == {str(path)} and told[0]["edits"] == told[1]["edits"] > 0
    for name in ("shelter", "other"):
        team = Team(made / name).copy_to(tmp_path / name)
        found = team.data("import", str(path))
        assert found["new"] > 0 and found["to"] == {"NO-SHELTER": 1, "NO-HOME": 1}
    for agency in ("NO-SHELTER", "NO-HOME"):
        rows = police.data("disclosures", "--to", agency)
        assert {row["number"] for row in rows} == {1} and len({row["bundle"] for row in rows}) == 1
        assert sum(row["edits"] for row in rows) == told[0]["edits"]
    assert police.data("doctor")["faults"] == []
    send(police, "NO-HOME")
    assert police.data("export", *both, "--dry-run")[1]["number"] == 3


def test_what_one_of_them_may_not_have_refuses_the_bundle_for_all(police: Team, tmp_path: Path) -> None:
    victim = victim_of(police)
    _consent, referral = refer(police, victim)
    both = ("--to", "NO-SHELTER", "--to", "NO-HOME")
    before = police.data("disclosures")
    ran = police.call("export", *both, "--together", "-o", str(tmp_path / "both")).failed(4)
    assert f"victim, identity ({victim}) does not go to NO-HOME: no referral of this victim" in ran.err
    assert (
        f"referral, case ({referral}) does not go to NO-HOME" in ran.err and "to NO-SHELTER:" not in ran.err
    )
    assert "taskforce export --to NO-SHELTER --to NO-HOME -o FOLDER" in ran.err
    assert not (tmp_path / "both").exists() and police.data("disclosures") == before
    police.call("export", *both, "--together", "--dry-run").failed(4)
    police.call("export", *both, "-o", str(tmp_path)).ok()
    police.call("export", "--to", "NO-HOME", "--together").failed(2)
