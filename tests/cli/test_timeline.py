"""`assignment timeline`: the chart of days as a command; the same assignments as `list`, and no drawing for scripts."""

from __future__ import annotations

import re

import pexpect
import pytest
from program import PROGRAM, Team, environment_of

NOW = "2026-11-23T10:00:00+00:00"


@pytest.fixture
def planned(team: Team, monkeypatch: pytest.MonkeyPatch) -> Team:
    """One that is late, one that waits for it, one that is done, one of another agency."""
    monkeypatch.setenv("TASKFORCE_NOW", NOW)
    monkeypatch.setenv("TZ", "UTC")
    dates = ("--start", "2026-11-22", "--end", "2026-11-26")
    team.call("operation", "edit", "STORM MAKERS II", *dates).ok()
    added = {}
    for title, agency, due, more in (
        ("Draw the warrant", "KH-NGO", "-1d", ()),
        ("Search the office", "KH-NGO", "+1d", ("--start", "+20h")),
        ("Rent a van", "KH-NGO", "-20h", ()),
        ("Watch the pier", "KH-CNP", "+2d", ()),
    ):
        line = ("assignment", "add", title, "--agency", agency, "--due", due, *more)
        added[title] = team.data(*line)["ref"]
    team.call(
        "assignment", "edit", added["Search the office"], "--depends-on", added["Draw the warrant"]
    ).ok()
    for move in ("accept", "start", "done"):
        team.call("assignment", move, added["Rent a van"]).ok()
    return team


def line_of(text: str, title: str) -> str:
    return next(line for line in text.splitlines() if title in line)


def test_each_state_has_a_sign_and_a_pipe_gets_no_colour(planned: Team) -> None:
    drawn = planned.run("assignment", "timeline", COLUMNS="120").ok().out
    assert "\x1b" not in drawn
    assert re.search(r"22 Nov +23 Nov +24 Nov +25 Nov +26 Nov", drawn)
    assert re.search(r"^○ .*KH-NGO +◆!!!", line_of(drawn, "Draw the warrant"))
    assert re.search(r"^● .*KH-NGO +[◆━]+", line_of(drawn, "Rent a van"))
    search = line_of(drawn, "Search the office")
    assert re.search(r"│ +╌+◆$", search)
    ref = line_of(drawn, "Draw the warrant").split()[1]
    assert f"└ waits for {ref}" in drawn.splitlines()[drawn.splitlines().index(search) + 1]
    assert "◆ due" in drawn.splitlines()[-1]


def test_it_is_drawn_to_the_width_there_is(planned: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    for width in (50, 80, 160):
        monkeypatch.setenv("COLUMNS", str(width))
        drawn = planned.call("assignment", "timeline").ok().out
        assert max(map(len, drawn.splitlines())) <= width
    assert len(line_of(drawn, "22 Nov")) > 120


def test_it_takes_the_filters_of_list_and_says_when_there_is_nothing(planned: Team) -> None:
    for options in ((), ("--agency", "KH-NGO"), ("--overdue",), ("--status", "done"), ("--limit", "2")):
        shown = planned.data("assignment", "timeline", *options)
        assert [each["id"] for each in shown] == [
            each["id"] for each in planned.data("assignment", "list", *options)
        ]
    ran = planned.call("assignment", "timeline", "--agency", "INTERPOL").ok()
    assert ran.out == ""
    assert "no assignments" in ran.err


def test_scripts_get_what_the_bars_show(planned: Team) -> None:
    ran = planned.call("assignment", "timeline", "--json").ok()
    assert not set(ran.out) & set("━╌◆│")
    by_title = {each["title"]: each for each in ran.data}
    warrant, van = by_title["Draw the warrant"], by_title["Rent a van"]
    search = by_title["Search the office"]
    assert (warrant["begun"], warrant["late"], warrant["agency"]) == (False, True, "KH-NGO")
    assert (van["begun"], van["late"], van["ends"]) == (True, False, "2026-11-23T10:00:00Z")
    assert search["begins"] < search["ends"] == search["due"]
    assert search["waits_for"] == [warrant["id"]]
    # What is waited for is told also where a filter leaves it out.
    (alone,) = planned.data("assignment", "timeline", "--where", "title=Search the office")
    assert alone["waits_for"] == [warrant["id"]]


def test_colour_is_for_terminals_that_want_it(planned: Team) -> None:
    def drawn(**more: str) -> str:
        child = pexpect.spawn(
            PROGRAM[0],
            [*PROGRAM[1:], "assignment", "timeline", *planned.place],
            encoding="utf-8",
            dimensions=(50, 100),
            timeout=30,
            env={**environment_of(TERM="xterm-256color"), **more},
        )
        child.expect(pexpect.EOF)
        return str(child.before)

    coloured, plain = drawn(), drawn(NO_COLOR="1")
    assert "\x1b[1;31m" in line_of(coloured, "Draw the warrant")
    assert "\x1b[" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
