"""A new referral from anywhere in the room: few keys, who fits as one types, nothing lost, nothing sent by mistake."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from program import Team
from referring import PROVIDERS, SIZES, answer, dialog, listed, type_keys, with_providers
from room import detail_text, play, press, said, screen_text, settle, until, write
from textual.pilot import Pilot

from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.refer import ReferDialog

NOW = "2023-10-17T07:32:00Z"
MOST_KEYS = 23
"""Keystrokes from anywhere until a referral is sent: the whole way until it is in a bundle must take 40 at most."""


@pytest.fixture(scope="module")
def made_once(made_once: Team, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """The story with more providers."""
    return with_providers(made_once.copy_to(tmp_path_factory.mktemp("providers")), NOW)


@pytest.mark.parametrize("size", SIZES)
def test_victim_needs_provider_send_in_a_few_keys(team: Team, size: tuple[int, int]) -> None:
    before = team.export()
    commands = []

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a")
        keys = await type_keys(pilot, "v|22|f|ms|sh med|3h|")
        assert answer(app, "Age") == "22                     21 to 23"
        assert answer(app, "Gender").endswith("Feminine")
        assert "Malay" in answer(app, "Languages")
        assert answer(app, "Needs").endswith("Shelter, Medical care")
        assert answer(app, "Urgency").split()[-3:] == ["Oct", "10:32", "+00"]
        assert "2 providers fit · 2 do not" in answer(app, "Provider")
        assert listed(app)[0] == "● KH-WOMEN" and "6 places free" in screen_text(app)
        assert {"× KH-MEN", "× KH-FULL"} < set(listed(app))
        keys += await type_keys(pilot, "|")
        assert "nothing of it goes to KH-WOMEN yet: no consent is recorded" in said(app)
        keys += await type_keys(pilot, "i")
        assert answer(app, "Consent").endswith("The person")
        commands.append(dialog(app).as_command())
        keys += await type_keys(pilot, "|")
        assert keys <= MOST_KEYS
        assert not isinstance(app.screen, ReferDialog)
        assert "sent to KH-WOMEN: answer due 17 Oct 10:32 +00 (3 h left)\nx puts it into a bundle" in said(
            app
        )

    play(team, act, size=size)
    (sent,) = [each for each in team.data("referral", "list") if each["to"] == "KH-WOMEN"]
    assert (sent["status"], sent["answer_due"], sent["services"]) == (
        *("sent", "2023-10-17T10:32:00Z"),
        ["shelter", "medical"],
    )
    (agreed,) = [each for each in team.data("consent", "list") if each["victim"] == sent["victim"]]
    assert (agreed["to"], agreed["parts"], agreed["given_by"]) == (
        ["KH-WOMEN"],
        ["case", "care"],
        "individual",
    )
    victim = team.data("victim", "show", sent["victim"])
    assert (victim["age_band"], victim["gender"], victim["languages"]) == ("21-23", "feminine", ["ms"])
    team.call("undo").ok()
    assert team.export() == before, "one thing done, one thing taken back"
    again = team.data(*shlex.split(commands[0])[1:])
    assert [again[name] for name in ("to", "services", "urgency", "status")] == [
        sent[name] for name in ("to", "services", "urgency", "status")
    ]


def test_providers_are_matched_anew_with_every_key_and_say_why_not(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "v", "enter")
        assert "3 providers fit · 1 does not" in answer(app, "Provider")
        await type_keys(pilot, "16")
        assert answer(app, "Age").endswith("9 to 17")
        assert "takes no girls, boys" in screen_text(app)
        await type_keys(pilot, "|f|")
        assert listed(app)[0] == "● KH-WOMEN"
        await press(pilot, "shift+tab", "shift+tab", "end", "backspace", "backspace")
        await type_keys(pilot, "19?")
        assert "treated as a child" in answer(app, "Age")
        assert "takes no girls" in screen_text(app)

    play(team, act, size=(80, 24))


def test_what_will_not_do_is_said_beside_its_line_and_nothing_is_sent(team: Team) -> None:
    before = team.fingerprint()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "v")
        await type_keys(pilot, "zzz|")
        assert '! no victim holds "zzz"' in answer(app, "Victim")
        await press(pilot, "shift+tab", "ctrl+u", "tab")
        await type_keys(pilot, "200")
        assert "! nobody is that old" in answer(app, "Age")
        await press(pilot, "ctrl+u")
        await type_keys(pilot, "|m|")
        assert answer(app, "Gender").endswith("Masculine")
        await type_keys(pilot, "klingonish|s")
        assert '! "klingonish" is not a language' in answer(app, "Languages")
        assert "? Shelter or Safety planning" in answer(app, "Needs")
        await press(pilot, "ctrl+s")
        assert dialog(app).focused is dialog(app).line("languages"), (
            "it goes to the first line that will not do"
        )
        await press(pilot, "ctrl+u", "ctrl+s")
        assert dialog(app).focused is dialog(app).line("needs")

    play(team, act, size=(80, 24))
    assert team.fingerprint() == before


def test_choices_are_taken_with_the_arrows(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "v", "tab", "down")
        assert dialog(app).line("age").value == "0-8"
        await press(pilot, "down")
        assert dialog(app).line("age").value == "9-17"
        await press(pilot, "up", "up")
        assert dialog(app).line("age").value == "48+"
        await press(pilot, "tab", "tab", "tab")
        await type_keys(pilot, "sh me")
        assert "Medical care · Mental health" in screen_text(app)
        await press(pilot, "down", "down")
        assert dialog(app).line("needs").value == "sh mental-health"
        assert answer(app, "Needs").endswith("Shelter, Mental health")

    play(team, act)


def test_a_victim_noted_before_is_found_and_referred_for_the_noted_needs(team: Team) -> None:
    about = ("--age-band", "30-38", "--gender", "feminine", "--met-place", "Bus station")
    known = team.data("victim", "add", *about, "--needs", "medical")["ref"]
    team.consent(known, "any-provider")
    victims = len(team.data("victim", "list"))

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "v")
        await write(pilot, "bus")
        assert f"{known} · 30 to 38, Feminine, Bus station" in answer(app, "Victim")
        assert answer(app, "Needs") == "Medical care"
        assert dialog(app).line("age").disabled
        await press(pilot, "enter")
        assert dialog(app).focused is dialog(app).line("needs"), "what is known is not asked again"
        assert dialog(app).as_command() == f"taskforce referral new {known} --to KH-WOMEN"
        await press(pilot, "ctrl+s")
        assert not isinstance(app.screen, ReferDialog)

    play(team, act, size=(80, 24))
    (sent,) = [each for each in team.data("referral", "list") if each["to"] == "KH-WOMEN"]
    assert sent["services"] == ["medical"]
    assert len(team.data("victim", "list")) == victims


def test_where_the_victim_turns_out_to_be_known_the_cursor_goes_on_to_the_needs(team: Team) -> None:
    known = team.data("victim", "list")[0]["ref"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "v", "tab")
        dialog(app).line("victim").value = known
        await settle(pilot)
        assert dialog(app).focused is dialog(app).line("needs")

    play(team, act)


def test_one_of_several_victims_is_chosen_with_the_arrows(team: Team) -> None:
    refs = {team.data("victim", "add", "--met-place", "Bus station")["ref"] for _time in range(2)}

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "v")
        await write(pilot, "bus")
        assert all(ref in answer(app, "Victim") for ref in refs)
        await press(pilot, "down")
        first = dialog(app).line("victim").value
        await press(pilot, "down")
        assert {first, dialog(app).line("victim").value} == refs

    play(team, act)


def test_a_provider_that_does_not_fit_wants_a_second_enter(team: Team) -> None:
    count = len(team.data("referral", "list"))

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await type_keys(pilot, "v|22|f||sh||men")
        assert sorted(listed(app)) == ["× KH-MEN", "● KH-WOMEN"], "those whose code or name holds the letters"
        await press(pilot, "ctrl+u")
        await type_keys(pilot, "kh-full")
        await press(pilot, "enter")
        assert isinstance(app.screen, ReferDialog)
        assert "KH-FULL does not fit: no places free" in said(app)
        await press(pilot, "enter")
        assert "nothing of it goes to KH-FULL yet" in said(app)
        assert dialog(app).focused is dialog(app).line("consent")
        await press(pilot, "enter")
        assert not isinstance(app.screen, ReferDialog), (
            "that nobody consents is said once, and forbids no referral"
        )

    play(team, act)
    assert len(team.data("referral", "list")) == count + 1
    assert team.data("referral", "list", "--to", "KH-FULL")[0]["status"] == "sent"


def test_for_a_child_somebody_else_consents(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await type_keys(pilot, "v|16|f||sh||women|")
        await type_keys(pilot, "i")
        assert answer(app, "Consent").endswith("! for a child a caregiver or guardian consents")
        await press(pilot, "ctrl+u")
        await type_keys(pilot, "gu|")
        assert not isinstance(app.screen, ReferDialog)

    play(team, act)
    (sent,) = team.data("referral", "list", "--to", "KH-WOMEN")
    assert [each["given_by"] for each in team.data("consent", "list", "--victim", sent["victim"])] == [
        "guardian"
    ]


@pytest.mark.parametrize("size", SIZES)
def test_another_process_writes_while_it_is_half_typed(team: Team, size: tuple[int, int]) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await type_keys(pilot, "v|22|f|ms|s")
        focused, typed = dialog(app).focused, dialog(app).typed()
        assert team.run("agency", "edit", "KH-FULL", "--places-free", "9").code == 0
        await until(pilot, lambda: listed(app)[0] == "● KH-FULL", seconds=3)
        assert dialog(app).focused is focused and dialog(app).typed() == typed
        await type_keys(pilot, "h||")
        assert dialog(app).provider is not None
        assert team.run("agency", "edit", "KH-WOMEN", "--places-free", "20").code == 0
        await until(pilot, lambda: listed(app)[0] == "● KH-WOMEN", seconds=3)
        chosen = dialog(app).provider
        assert chosen is not None and chosen.agency.text("code") == "KH-FULL", (
            "it does not change under the finger"
        )
        assert "› ● KH-FULL" in screen_text(app)

    play(team, act, size=size)


def test_what_is_half_typed_is_there_again(team: Team) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await type_keys(pilot, "v|22|f||sh||")
        await press(pilot, "down")
        typed = dialog(app).typed()
        assert typed == {"age": "22", "gender": "f", "needs": "sh", "to": typed["to"]}
        await press(pilot, "escape")
        assert not isinstance(app.screen, ReferDialog)
        await press(pilot, "v")
        assert dialog(app).typed() == typed
        await press(pilot, "ctrl+r")
        assert dialog(app).typed() == {}
        await press(pilot, "escape", "v")
        assert dialog(app).typed() == {}

    play(team, act)


def test_without_any_provider_it_says_what_to_do(team: Team) -> None:
    for code in ("KH-NGO", *(words[0] for words in PROVIDERS)):
        team.call("agency", "archive", code).ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "v")
        assert "no provider is known; an agency becomes one by its services" in screen_text(app)
        await press(pilot, "ctrl+s")
        assert isinstance(app.screen, ReferDialog)
        assert "needs a provider" in said(app)

    play(team, act, size=(80, 24))


POISON = "\x1b[2J\u202e[bold red]x[/][@click=app.quit]y[/]"


def test_poisoned_records_draw_nothing_of_themselves(team: Team) -> None:
    team.call("agency", "edit", "KH-WOMEN", "--name", f"N {POISON}").ok()
    team.call("victim", "add", "--met-place", f"Bus {POISON}").ok()
    ref = team.data("referral", "list")[0]["ref"]
    team.call("referral", "cancel", ref, "--note", f"Because {POISON}").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "r", "g")
        assert "[bold red]" in detail_text(app), "as text"
        assert screen_text(app).replace("\n", "").isprintable()
        await press(pilot, "v")
        await write(pilot, "bus")
        text = screen_text(app)
        assert "[@click=app.quit]" in text and text.replace("\n", "").isprintable()
        await press(pilot, "f2")
        assert app.is_running and "\x1b" not in app.clipboard

    play(team, act)


def test_from_the_record_of_a_victim_the_lines_begin_with_that_victim(team: Team) -> None:
    ref = team.data("victim", "list")[0]["ref"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "slash")
        await write(pilot, ref)
        await press(pilot, "enter", "v")
        assert dialog(app).line("victim").value == ref
        assert dialog(app).line("provider").has_focus
        await press(pilot, "escape", "q", "a", "enter", "v")
        assert dialog(app).line("victim").value == ""

    play(team, act)

    async def read(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "a", "enter", "v")
        assert type(app.screen).__name__ == "RecordDialog"

    play(team, read, read_only=True)
