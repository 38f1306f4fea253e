"""Status says first what is this agency's to see to: a shelter's open answer is not buried under others' late work."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from taskforce.__main__ import main

Run = Callable[..., Any]

PLAN = """\
taskforce-plan: 1
agencies:
  - {code: KH-CNP, name: Police, agency_kind: police, country: KH}
  - {code: KH-NGO, name: Shelter, agency_kind: victim-service-provider, country: KH}
operations:
  - {codename: RAIN, lead: KH-CNP}
participations:
  - {operation: RAIN, agency: KH-NGO, role: support}
assignments:
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """A function that runs one command of an agency and returns what it answers to scripts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TASKFORCE_NOW", "2026-11-23T14:00:00Z")

    def run(agency: str, *arguments: str) -> Any:
        paths = ("--store", f"{agency}/store", "--key-file", f"{agency}/key")
        assert main([*arguments, "--json", *paths]) == 0
        return json.loads(capfd.readouterr().out)["data"]

    late = [("KH-CNP", number) for number in range(9)] + [("KH-NGO", 9)]
    lines = [
        f"  - {{title: Late {number}, operation: RAIN, agency: {agency}, due: '2026-11-22T0{number}:00:00Z'}}\n"
        for agency, number in late
    ]
    Path("plan.yaml").write_text(PLAN + "".join(lines))
    for agency in ("KH-CNP", "KH-NGO"):
        Path(agency).mkdir()
        run(agency, "init", "--agency", agency, "--officer", "A. B.")
        run(agency, "import", "plan.yaml")
        run(agency, "use", "RAIN")
    return run


def titles(status: dict[str, Any]) -> list[str]:
    return [each["text"].partition(": ")[2].split(" (")[0] for each in status["attention"]]


def test_the_lead_sees_all_late_work_in_the_order_of_its_lateness(run: Run) -> None:
    assert titles(run("KH-CNP", "status")) == [f"Late {number}" for number in range(10)]


def test_others_see_their_own_late_work_and_open_answers_before_that_of_others(run: Run) -> None:
    victim = run("KH-NGO", "victim", "add", "--age-band", "21-23")["ref"]
    referral = run("KH-NGO", "referral", "add", victim, "--to", "KH-NGO", "--urgency", "3h")["ref"]
    run("KH-NGO", "referral", "send", referral)
    attention = run("KH-NGO", "status")["attention"]
    assert [(each["kind"], each["noun"]) for each in attention[:3]] == [
        ("late", "assignment"),
        ("due", "referral"),
        ("late", "assignment"),
    ]
    assert "Late 9" in attention[0]["text"]
    assert attention[1]["subject"] == referral
    assert "Late 0" in attention[2]["text"]


def test_few_of_others_late_work_are_shown_and_the_rest_counted(
    run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--store", "KH-NGO/store", "--key-file", "KH-NGO/key"]) == 0
    shown = capfd.readouterr().out
    assert [number for number in range(10) if f"Late {number}" in shown] == [0, 1, 2, 9]
    assert "… and 6 more" in shown
