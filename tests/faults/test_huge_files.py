"""A file of five gigabytes, whatever it begins like, is answered at once and in little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from program import PEAK, environment_of, new_team

SIZE = 5 << 30
BEGINNINGS = {
    "nothing": b"",
    "plan": b"taskforce-plan: 1\nassignments:\n- key: a\n  title: x\n",
    "text": b"taskforce-plan: 1\nassignments:\n- key: a\n  title: 'x",
    "bundle": b"---\ntaskforce-bundle: 1\nfrom: NGO\n",
    "sealed": b"age-encryption.org/v1\n-> X25519 "
    + b"A" * 43
    + b"\n"
    + b"A" * 43
    + b"\n--- "
    + b"A" * 43
    + b"\n",
    "armored": b"-----BEGIN AGE ENCRYPTED FILE-----\n",
    "database": b"SQLite format 3\0",
}
DRIVER = (
    PEAK
    + """
import json, sys, time
from taskforce.__main__ import main
for line in json.load(sys.stdin):
    began = time.process_time()
    code = main(line)
    sys.stdout.flush()
    print("@@", code, round(time.process_time() - began, 3), peak(), flush=True)
"""
)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted otherwise elsewhere")
def test_whatever_a_file_of_five_gigabytes_begins_like_it_is_refused_at_once(tmp_path: Path) -> None:
    team = new_team(tmp_path / "team", "CITY", "J. Okafor")
    lines = []
    for name, beginning in BEGINNINGS.items():
        path = tmp_path / name
        path.write_bytes(beginning)
        os.truncate(path, SIZE)  # a hole: it takes no room
        lines += [["import", str(path)], ["peer", "add", str(path)], ["backup", "verify", str(path)]]
    lines.append(
        ["restore", str(tmp_path / "nothing"), "--store", str(tmp_path / "new"), "--key-file", str(team.key)]
    )
    before = team.fingerprint()
    ran = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps([line if "--store" in line else [*line, *team.place] for line in lines]),
        env=environment_of(),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.returncode == 0 and "Traceback" not in ran.stderr, ran.stderr
    ends = [line.split()[1:] for line in ran.stdout.splitlines() if line.startswith("@@")]
    assert len(ends) == len(lines)
    for line, (code, seconds, peak) in zip(lines, ends, strict=True):
        assert code in ("5", "8"), (line, ran.stderr)
        assert float(seconds) < 2, line
        assert int(peak) < 300, line
    assert ran.stderr.count(" error: ") == len(lines)
    assert team.fingerprint() == before and not (tmp_path / "new").exists()
