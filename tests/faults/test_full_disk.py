"""A disk that is really full: a store on one of three megabytes, filled until it takes no more."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import Team, new_team

LONG = "Nothing but the sea and the boats. " * 400


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of three megabytes, where one may be made."""
    place = tmp_path / "disk"
    place.mkdir()
    if not sys.platform.startswith("linux"):
        pytest.skip("tmpfs is Linux's")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"no file system may be mounted here: {made.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_what_was_acknowledged_is_there_and_can_be_read_and_goes_on_when_there_is_room(
    small_disk: Path,
) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (512 << 10))
    team = new_team(small_disk / "team", "CITY", "J. Okafor")
    team.call("operation", "add", "GREY HERON", "--lead", "CITY").ok()
    team.call("use", "GREY HERON").ok()
    done, ran = 0, team.call("site", "add", "Pier 0", "--note", LONG)
    while ran.code == 0 and done < 1000:
        done += 1
        ran = team.call("site", "add", f"Pier {done}", "--note", LONG)
    ran.failed(7)
    assert "full" in ran.err and "Traceback" not in ran.err
    assert done > 3
    assert names(team) == {f"Pier {number}" for number in range(done)}
    refused = team.call("export", "--records", "-o", str(small_disk / "plan.yaml"))
    refused.failed(7)
    assert [each.name for each in small_disk.iterdir() if each not in (filler, team.folder)] == []
    # To the last byte: not even a journal's index can be made any more.
    rest = small_disk / "rest"
    with pytest.raises(OSError, match="No space"), rest.open("wb") as stream:
        while True:
            stream.write(b"x" * 512)
            stream.flush()
    assert names(team) == {f"Pier {number}" for number in range(done)}
    assert team.call("status").code == 0
    team.call("site", "add", "One more").failed(7)
    filler.unlink()
    rest.unlink()
    assert team.data("doctor")["faults"] == []
    team.call("site", "add", "There is room").ok()
    assert names(team) == {f"Pier {number}" for number in range(done)} | {"There is room"}


def names(team: Team) -> set[str]:
    """The names of all sites."""
    return {each["name"] for each in team.data("site", "list")}


def test_a_disk_that_became_read_only_can_be_read(small_disk: Path) -> None:
    team = new_team(small_disk / "team", "CITY", "J. Okafor")
    team.call("operation", "add", "GREY HERON", "--lead", "CITY").ok()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    [operation] = team.data("operation", "list")
    assert operation["codename"] == "GREY HERON"
    assert team.call("status").code == 0
    error = team.error("use", "GREY HERON")
    assert error["exit"] == 7 and "read-only" in error["message"]
