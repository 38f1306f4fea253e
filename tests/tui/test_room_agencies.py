"""The agencies' screen: who takes part, whom to call now, which agreements hold, while another process writes."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import Any

import pytest
from program import Team, call
from room import play, press, said, screen_text, settle, until, write
from textual.pilot import Pilot

from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.agencies import AgenciesScreen
from taskforce.tui.screens.form import FormDialog

NOW = "2023-10-17T07:32:00Z"  # as in conftest.py
SIZES = [(80, 24), (120, 36)]

SETUP = """
contact add "M. Chan" --agency KH-CNP --role duty-officer --phone "+855 12 1" --radio "Lotus 2" --channels i-24-7
contact edit "M. Chan" --on-duty-from "2023-10-17 00:00" --on-duty-until "2023-10-17 20:00"
contact add "S. Vann" --agency KH-NGO --on-duty-from "2023-10-17 20:00" --on-duty-until "2023-10-18 08:00"
agency edit KH-NGO --places-total 12 --places-free 6 --places-as-of -3h --languages km,en --accepts women
agency add TH-RTP --name "Royal Thai Police"
agreement enter-into-force "Memorandum 7"
agreement edit "Memorandum 7" --covers case,care --purposes services
participation edit KH-CNP --legal-basis "Memorandum 7" --liaison "J. Sok"
"""


@pytest.fixture(scope="module")
def full_once(made_once: Team, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """The story's store with duties, places and an agreement in force."""
    team = made_once.copy_to(tmp_path_factory.mktemp("agencies"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(team.folder / "none.yaml"))
        patch.setenv("TASKFORCE_NOW", NOW)
        (participation,) = team.data("participation", "list", "--agency", "KH-CNP")
        for line in SETUP.strip().splitlines():
            words = shlex.split(line)
            if words[0] == "participation":
                words[2] = participation["ref"]
            team.call(*words).ok()
    return team


@pytest.fixture
def full(full_once: Team, team: Team, tmp_path: Path) -> Team:
    """A copy of that store, for one test."""
    return full_once.copy_to(tmp_path / "full")


def agencies_screen(app: TaskforceApp) -> AgenciesScreen:
    """The agencies' screen, which must be shown."""
    screen = app.screen
    assert isinstance(screen, AgenciesScreen)
    return screen


def told(app: TaskforceApp) -> str:
    """All that the entry under the cursor says, also what is scrolled out of sight, on one line."""
    content = agencies_screen(app).query_one("#record").render()
    return " ".join(str(content).split())


@pytest.mark.parametrize("size", SIZES)
def test_whoever_takes_part_is_shown_with_all_that_an_operation_needs(
    full: Team, size: tuple[int, int]
) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "5")
        text = screen_text(app)
        assert text.index("INTERPOL  ") < text.index("KH-CNP"), "the lead first"
        assert "TH-RTP" not in text and "KH-NGO" not in text and "2 take part" in text
        await press(pilot, "j")
        assert "M. Chan" in screen_text(app) and "Cambodian National Police" in screen_text(app)
        text = told(app)
        for part in (
            "In STORM MAKERS II Partner ● legal basis: Memorandum 7",
            "On duty now ● M. Chan · Duty officer until 17 Oct 20:00 +00 (12 h left)",
            "+855 12 1 · radio Lotus 2 · I-24/7 (INTERPOL)",
            "Liaison officer J. Sok",
            "● Memorandum 7 G-",
            "covers case, care · for providing services",
            "! review due 22 Oct",
            "○ we are no party to it",
            "✓ verified 17 Oct 07:32 +00 by J. Okafor",
            "last heard just now",
        ):
            assert part in text, part

    play(full, act, size=size)


@pytest.mark.parametrize("size", SIZES)
def test_another_process_ends_a_duty_and_frees_a_place(full: Team, size: tuple[int, int]) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "5", "E")
        table = agencies_screen(app).table
        assert "4 agencies" in screen_text(app)
        await press(pilot, "G")
        await press(pilot, "k")
        pointed = table.pointed
        assert "6 of 12 free · as of 17 Oct 04:32 +00, 3 h ago" in told(app)
        assert "○ nobody next from 17 Oct 20:00 +00: S. Vann" in told(app)
        assert full.run("agency", "edit", "KH-NGO", "--places-free", "5").code == 0
        assert full.run("contact", "edit", "S. Vann", "--on-duty-from", "2023-10-17 06:00").code == 0
        await until(pilot, lambda: "5/12" in screen_text(app) and "● S. Vann" in screen_text(app), seconds=3)
        await settle(pilot)
        assert table.pointed == pointed
        assert "5 of 12 free" in told(app) and "● S. Vann until 18 Oct 08:00 +00" in told(app)

    play(full, act, size=size)


def test_local_time_is_the_reader_s(full: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Phnom_Penh")
    time.tzset()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "5", "j")
        assert "until 18 Oct 03:00 +07 (12 h left)" in told(app)

    play(full, act, size=(80, 24))


def test_an_old_figure_and_an_agreement_that_ended_say_so(full: Team) -> None:
    full.call("agency", "edit", "KH-NGO", "--places-as-of", "2023-10-13").ok()
    full.call("agreement", "suspend", "Memorandum 7").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "5", "E", "j")
        assert "! legal basis: Memorandum 7, not in force (■ Suspended)" in told(app)
        assert "Agreements in force ○ none" in told(app)
        await press(pilot, "j")
        assert "! 6/12 old" in screen_text(app)
        assert "4 days ago: ask again" in told(app)

    play(full, act)


def test_one_that_takes_no_part_is_let_in_and_its_role_changed(full: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "5", "E", "G")
        assert "○ takes no part" in told(app)
        await press(pilot, "p")
        assert "TH-RTP takes part now (partner)" in screen_text(app)
        assert "In STORM MAKERS II Partner" in told(app)
        await press(pilot, "p")
        assert isinstance(app.screen, FormDialog)
        await press(pilot, "escape", "z")
        assert "○ takes no part" in told(app)

    play(full, act)


def test_empty_it_says_what_to_do(full: Team) -> None:
    full.call("operation", "add", "QUIET").ok()
    full.call("use", "QUIET").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "5")
        assert "nobody takes part yet; E shows all agencies" in screen_text(app)
        await press(pilot, "p", "e", "h")
        assert isinstance(app.screen, AgenciesScreen)
        await press(pilot, "E")
        assert "4 agencies" in screen_text(app)

    play(full, act, size=(80, 24))


def test_without_an_operation_all_are_shown(tmp_path: Path, team: Team) -> None:
    from program import new_team

    alone = new_team(tmp_path / "alone", "KH-NGO", "S. Vann")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "5")
        assert "1 agency" in screen_text(app) and "KH-NGO" in screen_text(app)
        assert alone.run("agency", "add", "TH-RTP").code == 0
        await until(pilot, lambda: "TH-RTP" in screen_text(app), seconds=3)
        assert "no operation is chosen" in screen_text(app)
        offered = {one.binding.action for one in app.screen.active_bindings.values() if one.enabled}
        assert not offered & {"everywhere", "participation", "mark"}

    play(alone, act, size=(80, 24))


def test_read_only_nothing_can_be_changed(full: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "5", "j", "p", "n", "e")
        assert isinstance(app.screen, AgenciesScreen)
        offered = {one.binding.action for one in app.screen.active_bindings.values() if one.enabled}
        assert not offered & {"participation", "add", "edit", "archive"}

    play(full, act, read_only=True)


def test_the_commands_that_show_the_same_are_copied_and_work(full: Team) -> None:
    copied = []

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "5", "j", "y")
        copied.append(app.clipboard)

    play(full, act)
    told = ""
    for command in copied[0].split(" && "):
        program, *words = shlex.split(command)
        assert program == "taskforce"
        told += call(*words, *full.place).ok().out
    for part in ("Cambodian National Police", "M. Chan", "Memorandum 7"):
        assert part in told


def test_devices_of_an_agency_and_the_lost_one_are_told(full: Team, tmp_path: Path) -> None:
    lost = Team(tmp_path)
    lost.call("init", "--agency", "INTERPOL", "--officer", "Dara", "--join").ok()
    lost.call("device", "request", "-o", str(tmp_path / "request")).ok()
    full.call("device", "admit", str(tmp_path / "request"), "-o", str(tmp_path / "answer"), "--yes").ok()
    full.call("device", "revoke", "Dara", "--reason", "left in \x1b[31ma taxi", "--yes").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "5")
        text = told(app)
        assert "Devices ● " in text and "Dara · revoked 17 Oct 07:32 +00 left in" in text
        assert "\x1b[31m" not in text and "a taxi" in text
        await press(pilot, "j")
        assert "Devices" not in told(app), "one that is in use needs no list"

    play(full, act, size=(120, 50))


def test_who_learns_that_this_device_is_revoked_sees_it_first_and_can_write_nothing(full: Team) -> None:
    own = next(one["device"] for one in full.data("device", "list") if one["this"])
    full.call("device", "revoke", own, "--yes").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        assert "⊘ INTERPOL" in screen_text(app) and "this device was revoked" in screen_text(app)
        before = full.data("log", "list")
        await press(pilot, "i")
        await write(pilot, "a line")
        await press(pilot, "enter")
        await until(pilot, lambda: "revoked by INTERPOL" in said(app) + screen_text(app))
        assert full.data("log", "list") == before

    play(full, act, size=(120, 36))
