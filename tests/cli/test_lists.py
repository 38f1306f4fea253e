"""Lists: filters, order and limit; dates as people write them, kept in UTC and shown in local time."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

import pytest
from program import Team
from samples import KINDS, sample

from taskforce.records.schema import Kind
from taskforce.reports.attention_views import SEE_ALL
from taskforce.text import csv_uncell

NOW = "2026-11-23T10:00:00+00:00"


@pytest.fixture
def busy(team: Team, monkeypatch: pytest.MonkeyPatch) -> Team:
    """Assignments that are late, due and done at a fixed time, and contacts on and off duty."""
    monkeypatch.setenv("TASKFORCE_NOW", NOW)
    for title, due, priority in (
        ("late", "-1d", "flash"),
        ("soon", "+2h", "priority"),
        ("finished", "-2d", "flash"),
        ("without", "", "routine"),
    ):
        team.call("assignment", "add", title, "--due", due, "--priority", priority, "--agency", "KH-NGO").ok()
    (finished,) = team.data("assignment", "list", "--where", "title=finished")
    team.call("assignment", "accept", finished["ref"]).ok()
    team.call("assignment", "done", finished["ref"]).ok()
    for name, start, end in (("now", "-1h", "+1h"), ("later", "+1h", "+2h"), ("gone", "-3h", "-1h")):
        duty = ("--on-duty-from", start, "--on-duty-until", end)
        team.call("contact", "add", name, "--agency", "KH-NGO", *duty).ok()
    return team


def titles(team: Team, *options: str) -> list[str]:
    return [each["title"] for each in team.data("assignment", "list", *options)]


def test_filters(busy: Team) -> None:
    ours = ("--agency", "KH-NGO")
    assert set(titles(busy, *ours)) == {"late", "soon", "finished", "without"}
    assert set(titles(busy, *ours, "--priority", "flash")) == {"late", "finished"}
    assert titles(busy, "--status", "done") == ["finished"]
    assert set(titles(busy, *ours, "--where", "priority=flash", "--where", "status=planned")) == {"late"}
    assert set(titles(busy, *ours, "--where", "due=")) == {"without"}
    assert titles(busy, "--overdue") == ["late"]
    assert [each["name"] for each in busy.data("contact", "list", "--on-duty")] == ["now"]
    assert titles(busy, "--agency", "INTERPOL") == []
    assert "no assignments" in busy.call("assignment", "list", "--agency", "INTERPOL").ok().err
    assert [each["code"] for each in busy.data("agency", "list", "--services", "medical")] == ["KH-NGO"]


def test_order_and_limit(busy: Team) -> None:
    ours = ("--agency", "KH-NGO")
    assert titles(busy, *ours) == ["finished", "late", "soon", "without"]
    assert titles(busy, *ours, "--sort", "title") == ["finished", "late", "soon", "without"]
    assert titles(busy, *ours, "--sort", "-title") == ["without", "soon", "late", "finished"]
    assert titles(busy, *ours, "--sort", "priority", "--sort", "-title") == [
        "late",
        "finished",
        "soon",
        "without",
    ]
    assert titles(busy, *ours, "--limit", "2") == ["finished", "late"]
    assert titles(busy, *ours, "--limit", "0") == []


def test_a_log_reads_from_old_to_new_and_a_limit_keeps_the_newest(busy: Team) -> None:
    for hour in (3, 1, 2):
        busy.call("log", "add", f"entry {hour}", "--at", f"2031-01-01T0{hour}:00Z").ok()
    texts = [each["text"] for each in busy.data("log", "list", "--limit", "2")]
    assert texts == ["entry 2", "entry 3"]


def test_entries_of_the_same_second_stand_as_they_came(busy: Team) -> None:
    for number in range(3):
        busy.call("log", "add", f"second {number}", "--at", "2031-01-01T00:00Z").ok()
    texts = [each["text"] for each in busy.data("log", "list", "--limit", "3")]
    assert texts == ["second 0", "second 1", "second 2"]


def test_the_current_operation_is_meant_unless_another_is_named(busy: Team) -> None:
    busy.call("operation", "add", "OTHER").ok()
    busy.call("assignment", "add", "elsewhere", "--operation", "OTHER").ok()
    assert "elsewhere" not in titles(busy)
    assert "STORM MAKERS II only" in busy.call("assignment", "list").ok().err
    assert titles(busy, "--operation", "OTHER") == ["elsewhere"]
    assert "elsewhere" in titles(busy, "--operation", "all")
    busy.call("use", "OTHER").ok()
    assert titles(busy) == ["elsewhere"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_declared_filter_and_every_field_in_where(team: Team, kind: Kind) -> None:
    names = [*kind.filters, *(["status"] if kind.lifecycle else [])]
    for name in names:
        field = kind.field(name)
        assert field is not None
        value = sample(team, field)
        by_option = team.data(kind.name, "list", field.option, value)
        assert by_option == team.data(kind.name, "list", "--where", f"{name}={value}")
    for field in kind.fields:
        scope = ["--operation", "all"] if kind.field("operation") else []
        found = team.data(kind.name, "list", *scope, "--where", f"{field.name}={sample(team, field)}")
        unset = team.data(kind.name, "list", *scope, "--where", f"{field.name}=")
        ids = [each["id"] for each in (*found, *unset)]
        assert len(ids) == len(set(ids))
        for each in unset:
            assert each[field.name] in (None, [])
        team.call(kind.name, "list", *scope, "--sort", field.name, "--sort", "-" + field.name).ok()


DATES = {
    "2026-12-24": "2026-12-24",
    "today": "2026-11-23",
    "tomorrow": "2026-11-24",
    "fri": "2026-11-27",
    "+2d": "2026-11-25",
    "eom": "2026-11-30",
}


@pytest.mark.parametrize(("typed", "kept"), DATES.items())
def test_dates(team: Team, typed: str, kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFORCE_NOW", NOW)
    assert team.data("operation", "edit", "STORM MAKERS II", "--end", typed)["end"] == kept


TIMES = {
    "+3h": "2026-11-23T13:00:00Z",
    "+2d": "2026-11-25T10:00:00Z",
    "2026-12-24T08:30+07:00": "2026-12-24T01:30:00Z",
    "2026-12-24 08:30": "2026-12-24T01:30:00Z",
    "18:00": "2026-11-23T11:00:00Z",
    "tomorrow": "2026-11-24T16:59:59Z",
}


@pytest.mark.parametrize(("typed", "kept"), TIMES.items())
def test_times_are_kept_in_utc_and_shown_in_local_time_with_the_offset(
    team: Team, typed: str, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone(monkeypatch, "Asia/Phnom_Penh" if Path("/usr/share/zoneinfo/Asia/Phnom_Penh").exists() else "ICT-7")
    monkeypatch.setenv("TASKFORCE_NOW", NOW)
    record = team.data("assignment", "add", "X", "--due", typed)
    assert record["due"] == kept
    shown = team.call("assignment", "show", record["ref"]).ok().out
    assert "+07" in shown
    table = team.call("assignment", "list", "--where", "title=X").ok().out.splitlines()
    assert "Due +07" in table[0]  # once for the column, not in every cell
    assert not any("+07" in line for line in table[1:])
    zone(monkeypatch, "UTC")
    assert team.data("assignment", "show", record["ref"])["due"] == kept
    assert "+00" in team.call("assignment", "show", record["ref"]).ok().out


def zone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("TZ", name)
    if hasattr(time, "tzset"):
        time.tzset()


@pytest.mark.parametrize("typed", ["03/04/2026", "3.4.2026", "04-03-2026", "12/25/26"])
@pytest.mark.parametrize(
    "line", [("operation", "edit", "STORM MAKERS II", "--end"), ("assignment", "add", "X", "--due")]
)
def test_a_date_that_two_people_read_differently_is_refused(
    team: Team, line: tuple[str, ...], typed: str
) -> None:
    error = team.error(*line, typed)
    assert (error["exit"], error["code"]) == (2, "usage")
    assert line[-1] in error["message"] and typed in error["message"]
    assert "2026-" in error["hint"]


def test_csv_cells_are_no_formulas_and_come_back_as_they_were(team: Team) -> None:
    starts = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "'=x", "plain", 'a,b;"c"')
    for text in starts:
        team.call("site", "add", "Site", "--place", "Here", "--note", text).ok()
    written = team.call("site", "list", "--format", "csv", "--where", "name=Site").ok().out
    cells = [row["note"] for row in csv.DictReader(io.StringIO(written))]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t")]
    assert {csv_uncell(cell) for cell in cells} == set(starts)


def test_what_is_typed_with_a_slip_gets_a_suggestion(team: Team) -> None:
    for line, meant in (
        (("asignment", "list"), "assignment"),
        (("assignment", "lst"), "list"),
        (("assignment", "list", "--sort", "titel"), "title"),
        (("assignment", "list", "--where", "titel=x"), "title"),
        (("assignment", "list", "--format", "jsn"), "json"),
        (("assignment", "add", "X", "--priority", "prioritty"), "priority"),
        (("config", "set", "stor", "x"), "store"),
    ):
        ran = team.call(*line).failed(2)
        assert f'did you mean "{meant}"?' in ran.err, line


def test_several_values_of_a_filter_are_any_of_them(team: Team) -> None:
    for title in ("One", "Two", "Three"):
        team.data("assignment", "add", title, "--operation", _operation(team))
    refs = {one["title"]: one["ref"] for one in team.data("assignment", "list")}
    team.data("assignment", "accept", refs["One"])
    team.data("assignment", "cancel", refs["Two"])
    for given in (["--status", "accepted,cancelled"], ["--status", "accepted", "--status", "cancelled"]):
        assert {one["title"] for one in team.data("assignment", "list", *given)} >= {"One", "Two"}
        assert "Three" not in {one["title"] for one in team.data("assignment", "list", *given)}
    team.data("agency", "add", "KH-AA", "--languages", "km,en")
    team.data("agency", "add", "KH-BB", "--languages", "th")
    team.data("agency", "add", "KH-CC", "--languages", "vi")
    found = {one["code"] for one in team.data("agency", "list", "--languages", "km,th")}
    assert {"KH-AA", "KH-BB"} <= found
    assert "KH-CC" not in found


def _operation(team: Team) -> str:
    found = team.data("operation", "list")
    return str((found or [team.data("operation", "add", "FILTERS")])[0]["codename"])


def test_every_list_that_the_status_offers_can_be_asked_for(team: Team) -> None:
    for offered in SEE_ALL.values():
        team.data(*offered.removeprefix("taskforce ").split())


def test_a_time_of_another_offset_than_the_columns_head_says_its_own(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone(monkeypatch, "CET-1CEST,M3.5.0,M10.5.0/3")
    monkeypatch.setenv("TASKFORCE_NOW", NOW)
    for title, due in (("winter", "2026-12-01T12:00:00Z"), ("summer", "2027-07-01T12:00:00Z")):
        team.call("assignment", "add", title, "--due", due, "--priority", "flash").ok()
    head, winter, summer = team.call("assignment", "list", "--where", "priority=flash").ok().out.splitlines()
    assert "Due +01" in head
    assert "1 Dec 13:00" in winter and "+0" not in winter
    assert "1 Jul 2027 14:00 +02" in summer


def test_words_find_what_the_rooms_filter_finds(busy: Team) -> None:
    assert titles(busy, "--words", "fin") == ["finished"]
    assert set(titles(busy, "--words", "flash", "--agency", "KH-NGO")) == {"late", "finished"}
    # A limit is of those that were found.
    assert titles(busy, "--words", "flash kh-ngo", "--limit", "1") == ["finished"]
    assert titles(busy, "--words", "nothing-holds-this") == []
    for ago, text in ((4, "one convoy"), (3, "two convoys"), (2, "three dogs"), (1, "four convoys")):
        busy.call("log", "add", text, "--at", f"-{ago}h").ok()
    newest = busy.data("log", "list", "--words", "convoy", "--limit", "2")
    assert [each["text"] for each in newest] == ["two convoys", "four convoys"]
