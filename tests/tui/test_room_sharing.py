"""Sharing with reasons in the room: consents noted and taken back, who may have what and why, who was told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from program import Team
from room import play, press, said, screen_text, until, write
from test_consents import teams, victim_of  # noqa: F401  # teams is the fixture
from test_export_deltas import made, police, refer  # noqa: F401  # the first two are fixtures
from test_export_deltas import victim_of as victim_of_them
from test_recalls import told  # noqa: F401  # the fixture
from test_room_held_back import squeezed
from textual.pilot import Pilot

from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.form import FormDialog
from taskforce.tui.screens.recall import RecallDialog
from taskforce.tui.screens.record import RecordDialog
from taskforce.tui.screens.sharing import ConsentForm, ConsentsDialog


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the developer's."""
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))


async def open_record(app: TaskforceApp, pilot: Pilot[Any], ref: str) -> None:
    await press(pilot, "slash")
    await write(pilot, ref)
    await press(pilot, "enter")
    await until(pilot, lambda: isinstance(app.screen, RecordDialog) and ref in screen_text(app))


async def go_to(app: TaskforceApp, pilot: Pilot[Any], field: str, text: str) -> None:
    """Type into a line of the form."""
    assert isinstance(app.screen, FormDialog)
    next(row for row in app.screen.rows if row.field.name == field).focus_line()
    await write(pilot, text)


def test_a_consent_is_noted_from_an_open_victim_and_taken_back_with_a_recall(
    told: tuple[Team, Team, str, str],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    team, _shelter, victim, consent = told
    copied: list[str] = []
    monkeypatch.setattr(TaskforceApp, "copy_to_clipboard", lambda _app, text: copied.append(text))

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await open_record(app, pilot, victim)
        await press(pilot, "u")
        await until(pilot, lambda: f"CONSENTS OF {victim} 1 stands" in squeezed(app))
        assert f"{consent} services · case, care → NO-SHELTER" in squeezed(app)
        assert "not noted as explained" in squeezed(app)
        await press(pilot, "n")
        assert isinstance(app.screen, ConsentForm)
        for field, text in (
            ("purpose", "research"),
            ("parts", "case"),
            ("to", "any-provider"),
            ("given_by", "individual"),
            ("until", "+90d"),
        ):
            await go_to(app, pilot, field, text)
        await press(pilot, "f2")
        assert copied[0].startswith(
            f"taskforce consent add {victim} --purpose research --parts case --to any"
        )
        await press(pilot, "ctrl+s")
        assert "not noted as explained: The interview" in said(app)
        assert isinstance(app.screen, ConsentsDialog)
        await until(pilot, lambda: "2 stand" in squeezed(app))
        app.screen.query_one("#rows").highlighted = 1  # type: ignore[attr-defined]
        await pilot.pause()
        await press(pilot, "w", "tab")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, RecallDialog))
        assert f"NO-SHELTER has {victim} (case, care)" in squeezed(app)
        await press(pilot, "f2")
        assert f"taskforce recall add {victim} --part case --part care" in copied[1]
        await press(pilot, "enter")
        assert "prepared" in said(app) and isinstance(app.screen, ConsentsDialog)
        await until(pilot, lambda: "1 stands" in squeezed(app) and "× Withdrawn" in squeezed(app))

    play(team, act)
    found = {one["ref"]: one["status"] for one in team.data("consent", "list")}
    assert found.pop(consent) == "withdrawn" and list(found.values()) == ["given"]
    assert {one["state"] for one in team.data("recall", "status")["recalls"]} == {"prepared"}


def test_a_referral_begins_the_form_a_child_does_not_speak_alone_and_an_override_needs_its_reason(
    teams: tuple[Team, Team],  # noqa: F811
) -> None:
    team, _shelter = teams
    child = victim_of(team, "9-17")
    (referral,) = [one["ref"] for one in team.data("referral", "list") if one["victim"] == id_of(team, child)]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        def at() -> str:
            assert isinstance(app.screen, ConsentForm)
            return str(app.focused.query_ancestor("FieldRow").id) if app.focused else ""

        await press(pilot, "r", "f")
        await write(pilot, referral)
        await press(pilot, "enter", "u", "n")
        assert isinstance(app.screen, ConsentForm)
        texts = {row.field.name: row.text for row in app.screen.rows}
        assert (texts["victim"], texts["purpose"], texts["to"]) == (child, "services", "NO-SHELTER")
        await press(pilot, "ctrl+s")
        assert "who gave it" in said(app) and at() == "field-given-by"
        await write(pilot, "individual")
        await press(pilot, "ctrl+s")
        assert "a caregiver or guardian consents" in said(app) and at() == "field-given-by"
        app.screen.rows[4].text = ""
        await go_to(app, pilot, "override", "child-protection")
        await press(pilot, "ctrl+s")
        assert at() == "field-reason"
        await write(pilot, "He is in danger at home")
        await press(pilot, "escape")
        await press(pilot, "n")
        assert "is here again" in said(app)
        await go_to(app, pilot, "approved_by", "H. Lund")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: "override: Child protection" in squeezed(app))

    play(team, act)
    (noted,) = team.data("consent", "list")
    assert (noted["override"], noted["reason"], noted["approved_by"]) == (
        "child-protection",
        "He is in danger at home",
        "H. Lund",
    )


def id_of(team: Team, ref: str) -> str:
    return str(team.data("victim", "show", ref)["id"])


def test_why_it_goes_who_was_told_and_who_looked_stand_behind_a_record(
    told: tuple[Team, Team, str, str],  # noqa: F811
) -> None:
    team, _shelter, victim, consent = told

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await open_record(app, pilot, victim)
        await press(pilot, "Y")
        await until(pilot, lambda: "NO-SHELTER ● case ● care ◌ identity" in squeezed(app))
        assert "Y Who may have it" not in squeezed(app), "it is shown already"
        assert f"✓ consent: a consent covers it ({consent})" in squeezed(app)
        await press(pilot, "tab", "end")
        assert "u shows the consents" in squeezed(app)
        assert "× consent: " in squeezed(app)
        assert app.screen.as_command() == f"taskforce share explain {victim} --with NO-SHELTER"  # type: ignore[attr-defined]
        await press(pilot, "T")
        await until(pilot, lambda: f"NO-SHELTER {victim}, care" in squeezed(app))
        assert "in bundle" in squeezed(app) and "by E. Berg" in squeezed(app)
        assert ", care" in squeezed(app) and "R-" in squeezed(app)
        await press(pilot, "a")
        await until(pilot, lambda: "only NO-SHELTER; a shows all" in squeezed(app))
        assert app.screen.as_command().endswith(" --to NO-SHELTER")  # type: ignore[attr-defined]
        await press(pilot, "R")
        await until(pilot, lambda: "looked at by E. Berg" in squeezed(app))
        await press(pilot, "escape")
        assert isinstance(app.screen, RecordDialog)

    play(team, act, size=(80, 24))

    async def only_look(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await open_record(app, pilot, victim)
        await press(pilot, "u")
        await until(pilot, lambda: f"{consent} services" in squeezed(app))
        assert "New consent" not in squeezed(app) and "Withdraw" not in squeezed(app)
        await press(pilot, "n", "w")
        assert isinstance(app.screen, ConsentsDialog)

    play(team, only_look, read_only=True)


def test_narrowing_how_a_record_is_handled_asks_whether_to_recall_it(
    told: tuple[Team, Team, str, str],  # noqa: F811
) -> None:
    team, _shelter, victim, _consent = told

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await open_record(app, pilot, victim)
        await press(pilot, "e")
        await go_to(app, pilot, "tlp", "red")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, RecallDialog))
        assert f"NO-SHELTER has {victim} (case, care)" in squeezed(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, RecordDialog)

    play(team, act)
    assert team.data("recall", "status")["recalls"] == []
    assert team.data("recall", "status")["not_recalled"] != []


def test_the_matrix_of_the_operation_and_the_agreements_that_are_due(
    told: tuple[Team, Team, str, str],  # noqa: F811
) -> None:
    team, _shelter, _victim, _consent = told
    parties = ("--parties", "NO-POL,NO-SHELTER")
    ref = team.data("agreement", "add", "Pact", *parties, "--until", "+50d")["ref"]
    team.call("agreement", "sign", ref).ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "M")
        await until(pilot, lambda: "HOTEL" in squeezed(app) and "◐ 1/2" in squeezed(app))
        assert "Case: ◐ 1 of 2 victims" in squeezed(app)
        await press(pilot, "escape", "L")
        await until(pilot, lambda: "no agreement ends or must be reviewed within 30 days" in squeezed(app))
        await press(pilot, "plus")
        await until(pilot, lambda: "within 60 days" in squeezed(app) and "50 days left" in squeezed(app))
        assert app.screen.as_command() == f"taskforce agreement show {ref}"  # type: ignore[attr-defined]

    play(team, act)


def test_one_bundle_goes_to_all_that_are_marked_and_one_each_where_not_all_may_have_it(
    police: Team,  # noqa: F811
    tmp_path: Path,
) -> None:
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    police.call("config", "set", "outbox", str(outbox)).ok()

    async def together(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x", "space", "j", "space")
        assert "2 marked · w writes one bundle for all of them" in squeezed(app)
        await press(pilot, "w")
        assert "the same bundle is for NO-SHELTER" in squeezed(app)
        await press(pilot, "enter")
        assert "one bundle for NO-HOME, NO-SHELTER" in said(app)
        assert "marked" not in squeezed(app)

    play(police, together)
    assert len(list(outbox.iterdir())) == 1
    victim = victim_of_them(police)
    _consent, referral = refer(police, victim)

    async def each(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x", "space", "j", "space", "w")
        text = squeezed(app)
        assert "not everything in this bundle may go to all of them; nothing was written" in text
        assert f"referral, case ({referral}) does not go to NO-HOME: " in text
        assert f"victim, case ({victim}) does not go to NO-HOME: " in text
        await press(pilot, "enter")
        assert len(list(outbox.iterdir())) == 1, "what is refused is not written"
        assert "--together" in app.screen.as_command()  # type: ignore[attr-defined]
        await press(pilot, "e")
        assert "One bundle each" in squeezed(app) and "Bundle 2 to NO-HOME" in squeezed(app)
        assert "--together" not in app.screen.as_command()  # type: ignore[attr-defined]
        await press(pilot, "enter")
        assert "to NO-SHELTER" in said(app)

    play(police, each)
    assert len(list(outbox.iterdir())) == 3
    assert {one["to"] for one in police.data("disclosures", referral)} == {"NO-SHELTER"}
