"""A store that lies damaged on its disk is never taken for sound: what is wrong is said, and what to do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from acts import stage
from program import Team, call, new_team
from raw_pages import PAGE

from taskforce.store.store import DATABASE

LINES = [("assignment", "list"), ("victim", "list"), ("contact", "list"), ("status",), ("history",), ("use",)]
"""What people look at."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A store with some records, made once."""
    return Team(stage(tmp_path_factory.mktemp("damage"), "plain"))


@pytest.fixture
def team(sound: Team, tmp_path: Path) -> Team:
    """A copy of it."""
    return sound.copy_to(tmp_path / "team")


def with_each_page_damaged(team: Team) -> Iterator[int]:
    """Change one byte of each page in turn, somewhere else in each."""
    database = team.store / DATABASE
    content = database.read_bytes()
    count = len(content) // PAGE
    assert count > 60
    for page in range(count):
        damaged = bytearray(content)
        damaged[page * PAGE + (16 + page * 389) % PAGE] ^= 1 << page % 8
        database.write_bytes(damaged)
        yield page + 1
    database.write_bytes(content)


def test_one_changed_byte_in_any_page_the_doctor_says_so_and_what_to_do(team: Team) -> None:
    for page in with_each_page_damaged(team):
        ran = team.call("doctor").failed(7)
        assert "damaged" in ran.err or f"page {page}" in ran.err, ran.err
        assert "restore a backup" in ran.err, ran.err
        assert team.error("doctor", "--rebuild")["code"] == "damaged"
    assert team.call("doctor").code == 0


def test_one_changed_byte_in_any_page_nothing_else_is_shown_than_there_was(team: Team) -> None:
    before = {line: team.call(*line).ok().out for line in LINES}
    met: set[int] = set()
    for page in with_each_page_damaged(team):
        for line in LINES:
            ran = team.call(*line)
            if ran.code:
                ran.failed(7)
                assert "damaged" in ran.err and "restore a backup" in ran.err, ran.err
                met.add(page)
            else:
                assert ran.out == before[line], page
    assert len(met) > 5


def test_a_changed_byte_of_the_salt_or_another_stores_slots_are_told_as_such(
    team: Team, tmp_path: Path
) -> None:
    """They are all that makes the right key not fit."""
    other = new_team(tmp_path / "other", "NGO", "A. Sok")
    shutil.copy(other.store / "keys.json", team.store / "keys.json")
    ran = call("status", "--store", str(team.store), "--key-file", str(other.key)).failed(7)
    assert "keys.json" in ran.err and "restore a backup" in ran.err


@pytest.mark.parametrize("size", [0, 100, PAGE - 1, PAGE, 3 * PAGE + 1])
def test_a_store_cut_short_is_told_as_damaged(team: Team, size: int) -> None:
    database = team.store / DATABASE
    database.write_bytes(database.read_bytes()[:size])
    for line in (("doctor",), ("assignment", "list"), ("site", "add", "Pier 9")):
        ran = team.call(*line).failed(7)
        assert "damaged" in ran.err and "restore a backup" in ran.err, ran.err
