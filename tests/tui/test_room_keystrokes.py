"""A victim is met, a referral sent, a bundle written: typed into the real program in a real terminal, and counted."""

from __future__ import annotations

from pathlib import Path

import pexpect
import pytest
from program import PROGRAM, Team, environment_of, introduce, new_team

MOST_KEYS = 40
"""Keystrokes from the open room until the bundle lies in its folder."""

NOW = "2023-10-17T07:32:00Z"


class Terminal:
    """The room in a terminal of 80 by 24, and how many keys were pressed."""

    def __init__(self, team: Team) -> None:
        self.keys = 0
        self._child = pexpect.spawn(
            PROGRAM[0],
            [*PROGRAM[1:], *team.place],
            env={**environment_of(), "TERM": "xterm-256color"},
            dimensions=(24, 80),
            encoding="utf-8",
            timeout=30,
        )

    def see(self, text: str) -> None:
        """Wait until the room has drawn this."""
        self._child.expect(text)

    def press(self, *keys: str) -> None:
        """Press keys as fast as they go."""
        self.keys += len(keys)
        self._child.send("".join(keys))

    def leave(self) -> int:
        """Leave the room; its exit code."""
        self._child.send("\x11")
        self._child.expect(pexpect.EOF)
        self._child.close()
        return int(self._child.exitstatus)


def test_from_a_victim_met_to_the_bundle_in_forty_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = tmp_path / "stick"
    outbox.mkdir()
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))
    monkeypatch.setenv("TASKFORCE_NOW", NOW)
    police = new_team(tmp_path / "police", "KH-CNP", "J. Sok")
    shelter = new_team(tmp_path / "shelter", "KH-NGO", "S. Chea")
    introduce(police, shelter)
    police.call("config", "set", "outbox", str(outbox)).ok()
    police.call("operation", "add", "STORM MAKERS II", "--lead", "KH-CNP").ok()
    police.call("use", "STORM MAKERS II").ok()
    for code in ("KH-NGO", "KH-MEN"):
        police.call(
            *("agency", "add", code, "--services", "shelter,medical", "--languages", "km,vi"),
            *(
                "--accepts",
                "women,girls" if code == "KH-NGO" else "men",
                "--places-free",
                "3",
                "--country",
                "KH",
            ),
        ).ok()
    police.call("agency", "edit", "KH-CNP", "--country", "KH").ok()

    room = Terminal(police)
    room.see("STORM MAKERS II")
    room.press("v")
    room.see("Victim")
    room.press("\r", *"22\r", *"f\r", *"vi\r", *"sh\r", *"3h\r")  # typed ahead of the screen
    room.see("1 provider fits")
    room.see("KH-NGO")
    room.press("\r")
    room.see("no consent is recorded")
    room.press(*"i\r")
    room.see("sent to KH-NGO")
    room.press("x")
    room.see("PEERS")
    room.see("KH-NGO")
    room.press("\r")
    room.see("sealed to")
    room.press("\r")
    room.see("written")
    assert room.leave() == 0
    assert room.keys <= MOST_KEYS, room.keys

    (bundle,) = outbox.iterdir()
    shelter.call("import", str(bundle)).ok()
    (referral,) = shelter.data("referral", "list")
    assert (referral["to"], referral["status"], referral["services"]) == ("KH-NGO", "received", ["shelter"])
    victim = shelter.data("victim", "show", referral["victim"])
    assert (victim["age_band"], victim["gender"], victim["languages"]) == ("21-23", "feminine", ["vi"])
