"""Agreements that end, must be reviewed or are suspended are told in time, and the same by `due` and by `status`."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import Team, new_team

FIXTURES = Path(__file__).parents[2] / "fixtures"

PLAN = """\
taskforce-plan: 1
agreements:
  - {key: a, title: Ends far, status: in-force, until: 2027-03-01}
  - {key: b, title: Ends soon, status: in-force, until: 2026-12-01, parties: [KH, TH]}
  - {key: c, title: Review past and ends soon, status: signed, review_by: 2026-11-20, until: 2026-12-20}
  - {key: d, title: Today, status: in-force, review_by: 2026-11-23}
  - {key: e, title: Draft, status: draft, until: 2026-11-01}
  - {key: f, title: Ended, status: ended, until: 2026-11-01}
  - {key: g, title: Resting, status: in-force}
"""


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    """A store with agreements of all sorts; it is 23 November 2026."""
    monkeypatch.setenv("TASKFORCE_NOW", "2026-11-21T09:00:00Z")
    team = new_team(tmp_path / "city", "CITY", "J. Okafor")
    (tmp_path / "plan.yaml").write_text(PLAN)
    team.call("import", str(tmp_path / "plan.yaml")).ok()
    team.call("agreement", "suspend", "Resting", "--note", "A dispute").ok()
    monkeypatch.setenv("TASKFORCE_NOW", "2026-11-22T09:00:00Z")
    team.call("agreement", "edit", "Resting", "--reference", "7/2026").ok()
    monkeypatch.setenv("TASKFORCE_NOW", "2026-11-23T09:00:00Z")
    return team


def told(team: Team, *words: str) -> list[tuple[str, str, str | None, bool]]:
    return [
        (one["title"], one["why"], one["date"], one["late"]) for one in team.data("agreement", "due", *words)
    ]


PAST = ("Review past and ends soon", "review", "2026-11-20", True)
TODAY = ("Today", "review", "2026-11-23", False)
SOON = ("Ends soon", "ends", "2026-12-01", False)
LATER = ("Review past and ends soon", "ends", "2026-12-20", False)
FAR = ("Ends far", "ends", "2027-03-01", False)
RESTING = ("Resting", "suspended", "2026-11-21", False)


def test_what_is_past_comes_first_then_what_is_next_then_what_is_suspended(city: Team) -> None:
    assert told(city) == [PAST, TODAY, SOON, LATER, RESTING]


def test_within_says_how_far_to_look(city: Team) -> None:
    assert told(city, "--within", "1d") == [PAST, TODAY, RESTING]
    assert told(city, "--within", "8d") == [PAST, TODAY, SOON, RESTING]
    assert told(city, "--within", "7d") == [PAST, TODAY, RESTING]
    assert told(city, "--within", "12w") == told(city)
    assert told(city, "--within", "20w") == [PAST, TODAY, SOON, LATER, FAR, RESTING]
    assert city.error("agreement", "due", "--within", "soon")["exit"] == 2


def test_people_are_told_why_and_status_tells_the_same(city: Team) -> None:
    shown = city.call("agreement", "due").ok().out
    assert [line.split("  ")[1].strip() for line in shown.splitlines() if line.startswith("G-")] == [
        "! review due 20 Nov (past)",
        "review due 23 Nov",
        "ends 1 Dec",
        "ends 20 Dec",
        "suspended since 21 Nov",
    ]
    items = [item for item in city.data("status")["attention"] if item["noun"] == "agreement"]
    due = city.data("agreement", "due")
    assert [item["subject"] for item in items] == [one["ref"] for one in due]
    assert [item["kind"] for item in items] == ["late", *["agreement"] * 4]
    assert items[-1]["text"] == "suspended since 21 Nov: Resting"


def test_where_nothing_is_due_that_is_said(tmp_path: Path) -> None:
    team = new_team(tmp_path, "CITY", "J. Okafor")
    ran = team.call("agreement", "due", "--within", "2w").ok()
    assert "within 14 days" in ran.err
    assert team.data("agreement", "due") == []


def test_the_instruments_can_be_imported_and_rest_on_nothing(tmp_path: Path) -> None:
    team = new_team(tmp_path, "CITY", "J. Okafor")
    instruments = str(FIXTURES / "instruments.yaml")
    assert len(team.data("import", instruments)["changes"]) == 6
    found = team.data("agreement", "list")
    assert len(found) == 6
    for one in found:
        assert one["status"] == "draft"
        assert not any(one[name] for name in ("parties", "covers", "purposes", "in_force_from", "signed_at"))
    assert team.data("import", instruments)["changes"] == []
    assert team.data("agreement", "due") == []


def test_the_instruments_are_those_of_the_fuller_file(tmp_path: Path) -> None:
    team = new_team(tmp_path, "CITY", "J. Okafor")
    team.call("import", str(FIXTURES / "agreements.yaml")).ok()
    assert team.data("import", str(FIXTURES / "instruments.yaml"))["changes"] == []
    assert len(team.data("agreement", "list")) == 6
