"""The screen of referrals: the clock, the story, who else would fit, the moves."""

from __future__ import annotations

from typing import Any

import pytest
from program import Team
from referring import SIZES, dialog, listed, with_providers
from room import detail_text, play, press, screen_text, settle, write
from textual.pilot import Pilot
from textual.widgets import Static

from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.moves import MovesDialog
from taskforce.tui.screens.referrals import ReferralsScreen

NOW = "2023-10-17T07:32:00Z"


@pytest.fixture(scope="module")
def made_once(made_once: Team, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """The story with more providers."""
    return with_providers(made_once.copy_to(tmp_path_factory.mktemp("providers")), NOW)


def sent_to(team: Team, code: str) -> str:
    ref: str = team.data("referral", "new", "--to", code, "--services", "shelter", "--urgency", "1h")["ref"]
    return ref


async def to_row(app: TaskforceApp, pilot: Pilot[Any], ref: str) -> ReferralsScreen:
    """The screen with the cursor on a referral."""
    await press(pilot, "r")
    screen = app.screen
    assert isinstance(screen, ReferralsScreen)
    await press(pilot, "g")
    for _row in range(screen.table.row_count):
        if screen.record is not None and screen.record.ref == ref:
            return screen
        await press(pilot, "j")
    raise AssertionError(screen_text(app))


def detail(screen: ReferralsScreen) -> str:
    """What is told of the referral under the cursor, whether it is in sight or not."""
    return " ".join(str(screen.query_one("#record", Static).content).split())


def story(screen: ReferralsScreen) -> str:
    """What is told to have happened to it."""
    return detail(screen).partition("What happened")[2].partition("Fields")[0]


@pytest.mark.parametrize("size", SIZES)
def test_the_clock_runs_and_late_is_a_word_and_a_sign(
    team: Team, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = sent_to(team, "KH-WOMEN")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await to_row(app, pilot, ref)
        assert "◔ Sent · 1 h left · answer due 17 Oct 08:32" in detail_text(app)
        monkeypatch.setenv("TASKFORCE_NOW", "2023-10-17T08:44:00Z")
        await app._tick()
        await settle(pilot)
        assert "◔ Sent · ! 12 min late · answer due 17 Oct 08:32" in detail_text(app)
        assert "! 12 min late" in screen_text(app)

    play(team, act, size=size)


@pytest.mark.parametrize("size", SIZES)
def test_what_happened_is_told_as_a_story(team: Team, size: tuple[int, int]) -> None:
    ref = sent_to(team, "KH-WOMEN")
    team.call("referral", "accept", ref, "--place", "Back entrance", "--note", "A room of her own").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        screen = await to_row(app, pilot, ref)
        text = detail(screen)
        assert "J. Okafor (INTERPOL) sent it to KH-WOMEN for shelter, answer due 17 Oct 08:32 +00" in text
        assert (
            "J. Okafor (INTERPOL), for KH-WOMEN, accepted it; hand-over at Back entrance “A room of her own”"
            in text
        )
        assert "What happened" in screen_text(app)
        assert "providers fit" not in text, "somebody has taken the person in"

    play(team, act, size=size)


@pytest.mark.parametrize("size", SIZES)
def test_declined_it_says_who_else_fits_and_one_key_refers_there(team: Team, size: tuple[int, int]) -> None:
    ref = sent_to(team, "KH-MEN")
    team.call("referral", "decline", ref, "--reason", "capacity-full").ok()
    victim = team.data("referral", "show", ref)["victim"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await to_row(app, pilot, ref)
        text = detail_text(app)
        assert "× Declined · no place free" in text
        assert "2 providers fit · 2 do not" in text
        assert "has declined" in text and "no places free" in text
        await press(pilot, "w")
        assert dialog(app).line("needs").value == "shelter"
        assert listed(app)[0] == "● KH-WOMEN"
        await write(pilot, "wom")
        await press(pilot, "enter")
        assert dialog(app).focused is dialog(app).line("consent"), "nobody has consented to that"
        await press(pilot, "i", "enter")
        assert isinstance(app.screen, ReferralsScreen)

    play(team, act, size=size)
    assert team.data("referral", "list", "--to", "KH-WOMEN")[0]["victim"] == victim


def test_one_key_moves_and_only_the_moves_that_are_allowed_are_offered(team: Team) -> None:
    draft = team.data("referral", "new", "--to", "KH-WOMEN", "--services", "shelter", "--draft")["ref"]

    def offered(app: TaskforceApp) -> set[str]:
        active = app.screen.active_bindings.values()
        return {each.binding.id or "" for each in active if each.enabled and "do('" in each.binding.action}

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        screen = await to_row(app, pilot, draft)
        assert offered(app) == {"referrals.send", "referrals.cancel", "referrals.revoke"}
        assert "○ Draft · not sent yet" in screen_text(app)
        await press(pilot, "s")
        assert team.data("referral", "show", draft)["status"] == "sent"
        assert "Sent ·" in screen_text(app)
        await press(pilot, "z")
        assert team.data("referral", "show", draft)["status"] == "draft"
        assert detail(screen).count("took that back") == 1 and "?" not in story(screen)
        await press(pilot, "Z")
        assert "did that again" in detail(screen)

    play(team, act)


def test_for_a_provider_that_cannot_answer_it_is_noted_who_said_so(team: Team) -> None:
    ref = sent_to(team, "KH-WOMEN")
    refused = team.error("referral", "accept", ref, "--place", "Back entrance")
    assert refused["exit"] == 2 and "--note" in refused["hint"]
    assert f"{ref} is to KH-WOMEN, which has not answered by a bundle" in refused["message"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await to_row(app, pilot, ref)
        await press(pilot, "A")
        assert isinstance(app.screen, MovesDialog)
        asked = " ".join(screen_text(app).replace("│", " ").split())
        assert "KH-WOMEN has not answered by a bundle: note for KH-WOMEN that it accepts?" in asked
        await press(pilot, "ctrl+s")
        assert team.data("referral", "show", ref)["status"] == "sent", "nothing is said of who told it"
        await write(pilot, "K. Lim by phone")
        await press(pilot, "ctrl+s")

    play(team, act)
    noted = team.data("referral", "show", ref)
    assert (noted["status"], noted["status_note"]) == ("accepted", "K. Lim by phone")


def test_an_undone_answer_is_told_as_such_here_and_elsewhere(team: Team) -> None:
    ref = sent_to(team, "KH-WOMEN")
    before = team.data("referral", "show", ref)
    team.call("referral", "accept", ref, "--note", "K. Lim said so on the phone").ok()
    team.call("undo").ok()
    restored = team.data("referral", "show", ref)
    assert restored["status"] == before["status"] == "sent"
    told: list[str] = []

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        screen = await to_row(app, pilot, ref)
        told.append(story(screen))
        # As another store sees it, which has the edits, but not what was done in this one.
        await app.desk.act(
            lambda session: session.store.connection.execute("UPDATE action SET undoes = NULL")
        )
        app._reload()
        await settle(pilot)
        told.append(story(screen))

    play(team, act)
    assert "Accepted (for KH-WOMEN)" in team.call("history", ref).ok().out
    for each in told:
        assert "(INTERPOL), for KH-WOMEN, accepted it" in each
        assert each.count("took that back") == 1 and each.count("sent it") == 1 and "?" not in each

    play(team, act)


def test_read_only_it_shows_and_offers_no_change(team: Team) -> None:
    ref = sent_to(team, "KH-MEN")
    team.call("referral", "decline", ref, "--reason", "capacity-full").ok()
    before = team.fingerprint()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await to_row(app, pilot, ref)
        await press(pilot, "w", "v", "s", "A", "N", "d", "K", "W", "R", "S")
        assert isinstance(app.screen, ReferralsScreen)

    play(team, act, read_only=True)
    assert team.fingerprint() == before
