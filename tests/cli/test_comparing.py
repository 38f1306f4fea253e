"""People compare keys: eight words by voice, a QR code with a phone; what they compared and how is recorded."""

from __future__ import annotations

import re
from pathlib import Path

import pexpect
import pytest
from program import PROGRAM, Team, environment_of, new_team

from taskforce.keys.words import CONSONANTS, VOWELS
from taskforce.reports.qr_code import qr_lines

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
COLOUR = re.compile("\x1b\\[[0-9;]*m")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Team, Team]:
    """Two agencies; each has the other's card, and neither has entered it."""
    folder = tmp_path_factory.mktemp("comparing")
    teams = new_team(folder / "police", "KH-CNP", "S. Chan"), new_team(folder / "thai", "TH-RTP", "P. Chai")
    for team in teams:
        team.call("peer", "card", "-o", str(team.folder / "card")).ok()
    return teams


def number_of(words: list[str]) -> int:
    """The 128 bits that eight proquints spell."""
    bits = ""
    for one in words:
        for letter, alphabet, size in zip(
            one, (CONSONANTS, VOWELS, CONSONANTS, VOWELS, CONSONANTS), (4, 2, 4, 2, 4), strict=True
        ):
            bits += f"{alphabet.index(letter):0{size}b}"
    return int(bits, 2)


def test_the_qr_code_says_what_the_words_say(made: tuple[Team, Team]) -> None:
    found = made[0].data("peer", "words")
    mark, agency, spelled = found["scan"].split(":")
    assert (mark, agency) == ("TASKFORCE-AGENCY", "KH-CNP")
    number = 0
    for letter in spelled:
        number = number << 5 | ALPHABET.index(letter)
    assert number >> 2 == number_of(found["words"])
    assert made[0].data("peer", "card")["words"] == found["words"]


def test_a_code_is_drawn_the_same_in_blocks_and_in_ascii() -> None:
    text = "TASKFORCE-AGENCY:KH-CNP:" + "0" * 26
    plain = [line[::2] for line in qr_lines(text, ascii_only=True)]
    assert all(line[::2] == line[1::2] for line in qr_lines(text, ascii_only=True))
    upper = {"█": "##", "▀": "# ", "▄": " #", " ": "  "}
    blocks = qr_lines(text)
    drawn = ["".join(upper[one][half] for one in line) for line in blocks for half in (0, 1)]
    assert drawn[: len(plain)] == plain
    assert len(blocks) <= 17 and len(blocks[0]) == 33, "with what stands beside it, it fits 80 x 24"
    longest = qr_lines("TASKFORCE-AGENCY:" + "K" * 32 + ":" + "0" * 26)
    assert len(longest) <= 19


def test_what_was_scanned_is_compared(made: tuple[Team, Team], tmp_path: Path) -> None:
    police, thai = made
    us = new_team(tmp_path, "KH-NGO", "M. Sok")
    card = str(thai.folder / "card")
    error = us.error("peer", "add", card, "--scanned", police.data("peer", "words")["scan"])
    assert (error["exit"], error["code"]) == (8, "other-key")
    assert us.data("peer", "list") == []
    scan = thai.data("peer", "words")["scan"].lower()
    assert us.data("peer", "add", card, "--scanned", scan)["added"]
    assert us.data("peer", "list")[0]["how"] == "qr"


@pytest.mark.parametrize(
    ("environment", "answer", "how"),
    [({"TERM": "xterm"}, "", "voice"), ({"TERM": "dumb"}, "met at the border", "met at the border")],
)
def test_on_a_terminal_the_code_is_shown_and_how_is_asked(
    made: tuple[Team, Team], tmp_path: Path, environment: dict[str, str], answer: str, how: str
) -> None:
    us = new_team(tmp_path, "KH-NGO", "M. Sok")
    child = pexpect.spawn(
        PROGRAM[0],
        [*PROGRAM[1:], "peer", "add", str(made[1].folder / "card"), *us.place],
        env={**environment_of(), "LANG": "C.UTF-8", "PYTHONUTF8": "1", **environment},
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=30,
    )
    child.expect(re.escape("[y/N]"))
    shown = COLOUR.sub("", child.before).splitlines()
    code = qr_lines(made[1].data("peer", "words")["scan"], ascii_only=environment["TERM"] == "dumb")
    assert [line.strip() for line in code if line.strip()] == [
        line.strip() for line in shown if set(line.strip()) <= set("█▀▄# ") and line.strip()
    ]
    assert "".join(made[1].data("peer", "words")["words"]) in "".join(child.before.split())
    child.sendline("y")
    child.expect("How")
    child.sendline(answer)
    child.expect(pexpect.EOF)
    assert us.data("peer", "list")[0]["how"] == how


def test_without_a_terminal_there_is_no_picture(made: tuple[Team, Team]) -> None:
    ran = made[0].call("peer", "words").ok()
    assert not set("█▀▄") & set(ran.out + ran.err)
