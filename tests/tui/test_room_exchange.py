"""Exchange: what waits for whom, what a bundle carries before it goes, what a file changes before it is taken in."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from program import Team, call, introduce, new_team
from room import play, press, said, screen_text, settle, until, write
from story import hand_over
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Input, Static

from taskforce.tui.app import TaskforceApp
from taskforce.tui.screens.bundles import BundleDialog
from taskforce.tui.screens.exchange import ExchangeScreen
from taskforce.tui.screens.path import PathDialog
from taskforce.tui.screens.previews import FileDialog, Preview
from taskforce.tui.widgets.pick_list import PickList


@pytest.fixture
def other(team: Team, made_once: Team, tmp_path: Path) -> Team:
    """A copy of the partner's store: KH-CNP."""
    other = Team(made_once.folder.parent / "2").copy_to(tmp_path / "other")
    (other.folder / "card").unlink()
    other.call("use", "STORM MAKERS II").ok()
    return other


@pytest.fixture
def inbox(team: Team, tmp_path: Path) -> Path:
    """The folder that the room watches."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    team.call("config", "set", "inbox", str(folder)).ok()
    return folder


@pytest.fixture
def outbox(team: Team, tmp_path: Path) -> Path:
    """The folder that the room writes bundles into."""
    folder = tmp_path / "outbox"
    folder.mkdir()
    team.call("config", "set", "outbox", str(folder)).ok()
    return folder


def squeezed(app: TaskforceApp) -> str:
    """The screen's words, one blank apart."""
    return " ".join(screen_text(app).replace("│", " ").replace("▌", " ").split())


def beside(app: TaskforceApp) -> str:
    """What stands beside the lists, one blank apart."""
    content = app.screen.query_one("#waits", Static).content
    assert isinstance(content, Content)
    return " ".join(content.plain.split())


def offered(app: TaskforceApp) -> set[str]:
    """The actions that keys lead to now."""
    return {one.binding.action for one in app.screen.active_bindings.values() if one.enabled}


def add_some(team: Team) -> None:
    """Something new for every partner, for the participants, and for nobody."""
    team.call("agency", "add", "TH-SHELTER").ok()
    team.call("log", "add", "Vans seen at the pier").ok()
    team.call("victim", "add", "--age-band", "9-17").ok()


async def open_files(app: TaskforceApp, pilot: Pilot[Any], name: str) -> None:
    """Look into a file of the inbox, once it is listed."""
    await until(pilot, lambda: name in screen_text(app), seconds=4)
    listed = app.screen.query_one("#inbox", PickList)
    listed.focus()
    listed.highlighted = next(
        place for place, one in enumerate(listed.options) if one.id and Path(one.id).name == name
    )
    await press(pilot, "enter")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_peers_say_when_they_were_heard_what_is_missing_and_what_waits(
    team: Team, size: tuple[int, int]
) -> None:
    add_some(team)
    (peer,) = team.data("peer", "list")
    assert peer["missing"] and peer["unsent"]

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x")
        text = squeezed(app)
        assert "KH-CNP" in text
        assert "heard just now" in text
        assert f"· bundle {peer['missing']} missing; " in text
        assert f"↑ {peer['unsent']} to send" in text
        assert "verified by J. Okafor" in text
        assert "taskforce config set inbox FOLDER" in text
        if size[0] == 120:
            assert "WAITS FOR KH-CNP" in text and "◌ victim, case" in text

    play(team, act, size=size)


def test_the_preview_says_what_goes_on_what_basis_and_what_is_withheld_and_why(
    team: Team, outbox: Path
) -> None:
    add_some(team)
    before = team.fingerprint()
    sent = team.data("export", "--to", "KH-CNP", "--dry-run")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x", "w")
        assert isinstance(app.screen, BundleDialog)
        text = squeezed(app)
        assert f"Bundle {sent['number']} to KH-CNP" in text and "sealed to 1 device" in text
        assert "verified by J. Okafor" in text
        for each in sent["goes"]:
            assert f"{each['kind']}, {each['part']}" in text
        assert "directory: every verified peer" in text
        assert "participant of the operation" in text
        assert sent["newly"]
        for each in sent["newly"] if sent["number"] > 1 else ():
            assert f"+ {each['kind']}, {each['part']}: " in text
        assert sent["number"] > 1 or "all of it: no bundle went to them before" in text
        for each in sent["withheld"]:
            assert f"◌ {each['kind']}, {each['part']}: {each['reason']}" in text
        victim = team.data("victim", "list")[0]["ref"]
        assert victim in text
        await press(pilot, "escape")
        assert isinstance(app.screen, ExchangeScreen)

    play(team, act)
    assert team.fingerprint() == before
    assert list(outbox.iterdir()) == []
    assert team.data("export", "--to", "KH-CNP", "--dry-run")["number"] == sent["number"]


def test_what_enter_writes_the_other_team_takes_in(team: Team, other: Team, outbox: Path) -> None:
    team.call("assignment", "add", "Watch the pier", "--agency", "KH-CNP").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x", "enter", "enter")
        assert isinstance(app.screen, ExchangeScreen)
        await until(pilot, lambda: "nothing new · " in squeezed(app), seconds=3)
        assert "written to" in squeezed(app)

    play(team, act, size=(80, 24))
    (path,) = outbox.iterdir()
    assert path.suffix == ".bundle"
    found = other.data("import", str(path))
    assert (found["from"], found["applied"], found["verified"]) == ("INTERPOL", True, True)
    assert "Watch the pier" in other.export()
    assert "V-" not in other.call("victim", "list").out


def test_what_came_up_since_the_preview_does_not_leave_unseen(team: Team, outbox: Path) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x", "w")
        assert "site, operational" not in squeezed(app)
        assert team.run("site", "add", "Pier 9").code == 0
        await press(pilot, "enter")
        assert "other things would go than were shown" in said(app)
        assert isinstance(app.screen, BundleDialog)
        assert list(outbox.iterdir()) == []
        await until(pilot, lambda: "site, operational" in squeezed(app))
        await press(pilot, "enter")
        assert len(list(outbox.iterdir())) == 1

    play(team, act)


def test_a_bundle_dropped_by_another_process_appears_and_is_taken_in_only_by_enter(
    team: Team, other: Team, inbox: Path
) -> None:
    other.call("site", "add", "Pier 9").ok()
    before = team.fingerprint()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x")
        assert "nothing has come yet" in squeezed(app)
        assert other.run("export", "--to", "INTERPOL", "-o", str(inbox / "next.bundle")).code == 0
        await until(pilot, lambda: "↓ new" in screen_text(app), seconds=2)
        assert "from KH-CNP" in squeezed(app)
        await open_files(app, pilot, "next.bundle")
        assert isinstance(app.screen, FileDialog)
        text = squeezed(app)
        assert "sites: 1 new, 0 changed" in text
        assert "Pier 9" in text
        assert "for INTERPOL" in text
        assert team.fingerprint() == before
        await press(pilot, "escape")
        assert team.fingerprint() == before
        await press(pilot, "enter", "enter")
        await until(pilot, lambda: "● taken in" in screen_text(app), seconds=3)
        assert "Pier 9" in team.export()
        await press(pilot, "enter")
        assert "nothing new" in squeezed(app)
        assert "do" not in offered(app)
        await press(pilot, "escape")
        older = inbox / "older.yaml"  # as a stick brings it: written before, and come after
        older.write_text("sites:\n- key: a\n  name: Pier 10\n")
        os.utime(older, (1, 1))
        await until(pilot, lambda: "○ not looked into" in screen_text(app), seconds=3)
        listed = app.screen.query_one("#inbox", PickList).options
        assert [Path(one.id or "").name for one in listed] == ["older.yaml", "next.bundle"]

    play(team, act)


def test_files_of_all_sorts_end_in_a_sentence_and_change_nothing(
    team: Team, other: Team, inbox: Path, tmp_path: Path
) -> None:
    third = new_team(tmp_path / "third", "TH-RTP", "P. Chai")
    introduce(third, other)
    assert other.call("export", "--to", "TH-RTP", "-o", str(inbox / "others.bundle")).ok()
    other.call("export", "--to", "INTERPOL", "-o", str(inbox / "cut.bundle")).ok()
    whole = (inbox / "cut.bundle").read_bytes()
    (inbox / "cut.bundle").write_bytes(whole[:-40])
    (inbox / "store.db").write_bytes(b"SQLite format 3\0")
    (inbox / "bad.yaml").write_text("sites:\n- name: [\n")
    (inbox / "wrong.yaml").write_text("sites:\n- nome: Pier\n")
    (inbox / "bomb.yaml").write_text("sites: &a [*a]\n")
    (inbox / "zero").write_bytes(b"")
    shutil.copy(other.folder / "card", inbox / "card")
    (inbox / "\x1b[31mred\u202e.yaml").write_text("sites:\n- key: p\n  name: Pier\n")
    before = team.fingerprint()
    told = {
        "others.bundle": "sealed for others",
        "cut.bundle": "damaged or was cut off",
        "store.db": "is a database",
        "bad.yaml": "error: bad.yaml:",
        "wrong.yaml": "error: wrong.yaml:",
        "bomb.yaml": "error: bomb.yaml:",
        "zero": "error:",
        "card": "is a card",
    }

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x")
        await until(pilot, lambda: "sealed for others" in screen_text(app), seconds=4)
        assert screen_text(app).replace("\n", "").isprintable()
        assert "[31mred" in screen_text(app)
        for name, sentence in told.items():
            await open_files(app, pilot, name)
            assert isinstance(app.screen, FileDialog), name
            text = squeezed(app)
            assert sentence in text, f"{name}:\n{text}"
            assert "do" not in offered(app), name
            await pilot.press("enter")
            await press(pilot, "escape")
            assert isinstance(app.screen, ExchangeScreen), name

    play(team, act, size=(80, 24))
    assert team.fingerprint() == before


def test_a_file_that_was_changed_since_it_was_looked_into_is_not_taken_in(team: Team, inbox: Path) -> None:
    plan = inbox / "plan.yaml"
    plan.write_text("sites:\n- key: a\n  name: Pier 9\n")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x")
        await open_files(app, pilot, "plan.yaml")
        assert "Pier 9" in squeezed(app)
        plan.write_text("sites:\n- key: a\n  name: Somewhere else\n")
        await press(pilot, "enter")
        assert "has changed since it was looked into" in squeezed(app)
        await until(pilot, lambda: "Somewhere else" in squeezed(app))
        assert "Somewhere else" not in team.export()
        await press(pilot, "enter")
        assert "Somewhere else" in team.export()
        await until(pilot, lambda: "● taken in" in squeezed(app), seconds=3)

    play(team, act)


def test_a_path_is_looked_at_while_it_is_typed(team: Team, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "plan.yaml").write_text("sites:\n- key: a\n  name: Pier 9\n")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x", "i")
        assert isinstance(app.screen, PathDialog)
        field = app.screen.query_one(Input)
        field.value = str(folder)[:-1]
        await settle(pilot)
        assert "nothing is there yet" in squeezed(app)
        assert "open" not in offered(app)
        field.value = str(folder)
        await settle(pilot)
        assert "this is a folder" in squeezed(app)
        field.cursor_position = len(field.value)
        await write(pilot, "/pl")
        await press(pilot, "tab")
        assert field.value == str(folder / "plan.yaml")
        assert "● plan" in squeezed(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, FileDialog)
        assert "Pier 9" in squeezed(app)
        await press(pilot, "enter")
        assert "Pier 9" in team.export()

    play(team, act, size=(80, 24))


def test_stopped_halfway_nothing_is_written_and_no_number_is_used(
    team: Team, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_some(team)
    number = team.data("export", "--to", "KH-CNP", "--dry-run")["number"]
    steps = []
    plain = Preview.step

    def step(dialog: Preview[Any], count: int) -> None:
        steps.append(count)
        if len(steps) == 2:
            dialog.app.call_from_thread(dialog.action_leave)  # as the key does, while the work goes on
        plain(dialog, count)

    monkeypatch.setattr(Preview, "step", step)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x", "w", "enter")
        await until(pilot, lambda: "stopped; nothing was changed" in squeezed(app))
        assert isinstance(app.screen, BundleDialog)

    play(team, act)
    assert len(steps) == 2
    assert list(outbox.iterdir()) == []
    assert team.data("export", "--to", "KH-CNP", "--dry-run")["number"] == number


def test_a_missing_outbox_is_said_and_not_made(team: Team, outbox: Path) -> None:
    outbox.rmdir()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x", "w", "enter")
        assert "is not there" in squeezed(app)

    play(team, act)
    assert not outbox.exists()


def test_a_room_for_reading_shows_previews_and_offers_nothing_that_writes(
    team: Team, other: Team, inbox: Path, outbox: Path
) -> None:
    other.call("site", "add", "Pier 9").ok()
    other.call("export", "--to", "INTERPOL", "-o", str(inbox / "next.bundle")).ok()
    before = team.fingerprint()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x", "w")
        assert "withheld" in squeezed(app)
        assert "do" not in offered(app)
        await press(pilot, "enter", "escape")
        await open_files(app, pilot, "next.bundle")
        assert "Pier 9" in squeezed(app)
        assert "do" not in offered(app)
        await press(pilot, "enter", "escape")

    play(team, act, read_only=True)
    assert team.fingerprint() == before
    assert list(outbox.iterdir()) == []


def test_without_peers_it_says_how_to_come_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))
    alone = new_team(tmp_path / "alone", "KH-CNP", "J. Sok")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x")
        assert "taskforce peer add CARD" in squeezed(app)
        assert "bundle" not in offered(app)
        await press(pilot, "w", "enter")
        assert isinstance(app.screen, ExchangeScreen)

    play(alone, act, size=(80, 24))


def test_y_copies_the_command_that_really_does_it(team: Team, other: Team, inbox: Path, outbox: Path) -> None:
    copied: list[str] = []
    hand_over(team, other)
    team.call("site", "add", "Pier 9").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x", "y")
        copied.append(app.clipboard)
        await press(pilot, "w", "y")
        copied.append(app.clipboard)

    play(team, act)
    assert copied == [f"taskforce export --to KH-CNP -o {outbox}"] * 2
    assert call(*copied[0].split()[1:], *team.place).ok()
    assert len(list(outbox.iterdir())) == 1


def test_what_waits_in_quarantine_is_said_with_what_to_do(team: Team, other: Team, tmp_path: Path) -> None:
    third = new_team(tmp_path / "third", "TH-RTP", "P. Chai")
    introduce(third, other)
    third.call("agency", "edit", "TH-RTP", "--name", "Royal Thai Police").ok()
    hand_over(third, other)
    hand_over(other, team)

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x")
        text = squeezed(app)
        assert "IN QUARANTINE" in text and "TH-RTP" in text and "is not verified yet" in text

    play(team, act, size=(80, 24))


def test_a_peer_of_the_room_leads_to_that_peer_with_all_that_peer_list_tells(
    team: Team, tmp_path: Path
) -> None:
    third = new_team(tmp_path / "third", "TH-RTP", "P. Chai")
    third.call("peer", "card", "-o", str(third.folder / "card")).ok()
    team.call("peer", "add", str(third.folder / "card"), "--yes").ok()
    peer = next(one for one in team.data("peer", "list") if one["agency"] == "TH-RTP")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        block = app.screen.query_one("#peers")
        block.focus()
        await press(pilot, "j", "y", "enter")
        assert app.clipboard == "taskforce peer list"
        screen = app.screen
        assert isinstance(screen, ExchangeScreen)
        assert screen.peer is not None and screen.peer.agency == "TH-RTP"
        text = squeezed(app)
        assert "nothing has come from them yet" in beside(app)
        assert f"has confirmed 0 of {peer['waiting']}" in text
        await press(pilot, "k")
        (other,) = (one for one in team.data("peer", "list") if one["agency"] == "KH-CNP")
        told = (
            f"last heard just now, bundle {other['last_number']}; bundle {other['missing']} has not arrived"
        )
        assert told in beside(app)
        assert f"has confirmed {other['confirmed']} of" in beside(app)

    play(team, act)


def test_the_cursor_stays_with_its_file_when_another_comes(team: Team, inbox: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (inbox / name).write_text("sites:\n- key: a\n  name: Pier 9\n")

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x")
        screen = app.screen
        assert isinstance(screen, ExchangeScreen)
        await until(pilot, lambda: "b.yaml" in screen_text(app), seconds=3)
        screen.query_one("#inbox").focus()
        await press(pilot, "j")
        entry = screen.entry
        assert entry is not None
        (inbox / "c.yaml").write_text("sites:\n- key: c\n  name: Pier 10\n")
        await until(pilot, lambda: "c.yaml" in screen_text(app), seconds=3)
        assert screen.entry == entry

    play(team, act)


def test_other_devices_of_the_own_agency_get_bundles_from_here_too(team: Team, tmp_path: Path) -> None:
    agency = team.data("status")["agency"]
    new = Team(tmp_path / "new")
    new.folder.mkdir()
    new.call("init", "--agency", agency, "--officer", "Dara", "--join").ok()
    new.call("device", "request", "-o", str(tmp_path / "request")).ok()
    team.call("device", "admit", str(tmp_path / "request"), "-o", str(tmp_path / "answer"), "--yes").ok()

    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        await press(pilot, "x", "G")
        text = " ".join(screen_text(app).split())
        assert "other devices of your agency" in text
        await press(pilot, "enter")
        await until(pilot, lambda: "your own agency" in screen_text(app))

    play(team, act, size=(120, 40))
