"""A copied store says once, on stderr, that it goes on in a new feed; the history keeps it."""

from __future__ import annotations

import shutil
from pathlib import Path

from program import Team


def test_a_copied_store_says_so_once(team: Team, tmp_path: Path) -> None:
    copy = Team(shutil.copytree(team.folder, tmp_path / "copy"))
    assert "feed" not in copy.run("site", "list").ok().err
    told = copy.run("site", "add", "Pier 9").ok().err
    assert told.count("warning:") == 1
    assert "this store is a copy" in told and "new feed" in told
    device = copy.data("history", copy.data("site", "list")[-1]["ref"])[0]["device"]
    assert f"INTERPOL, device {device[:4]}, epoch " in " ".join(told.split()) and device not in told
    assert copy.run("site", "add", "Pier 10").ok().err == ""
    assert any("new epoch" in each["action"] for each in copy.data("history"))
    assert copy.run("undo").ok().err == ""
    assert copy.run("doctor").ok().err == ""
