"""`bundle open` and `device export-identity`: what was sealed to a device, read with taskforce and with age."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pyrage
import pytest
from program import Team, call, introduce, new_team
from test_exit_codes import spawn

from taskforce.keys import sealing, slots
from taskforce.store.store import Store

NAME = "Petrauskas\u200b\u202e"  # the end of it draws nothing, or backwards
NOW = "2026-11-23T10:00:00Z"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The police refer a victim to a shelter, of whom the shelter knows nothing: `in.bundle`."""
    folder = tmp_path_factory.mktemp("opening")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(folder / "none.yaml"))
        patch.setenv("TASKFORCE_NOW", NOW)
        police = new_team(folder / "police", "NO-POL", "E. Berg")
        shelter = new_team(folder / "shelter", "NO-SHELTER", "A. Lund")
        introduce(police, shelter)
        for code in ("NO-POL", "NO-SHELTER"):
            police.call("agency", "add" if code == "NO-SHELTER" else "edit", code, "--country", "NO").ok()
        victim = police.data("victim", "add", "--age-band", "21-23", "--family-name", NAME)["ref"]
        police.consent(victim, "NO-SHELTER")
        referral = police.data("referral", "add", victim, "--to", "NO-SHELTER", "--services", "shelter")[
            "ref"
        ]
        police.call("referral", "send", referral).ok()
        police.call("export", "--to", "NO-SHELTER", "-o", str(folder / "in.bundle")).ok()
    return folder


@pytest.fixture
def shelter(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))
    monkeypatch.setenv("TASKFORCE_NOW", NOW)
    shutil.copy(base / "in.bundle", tmp_path / "in.bundle")
    return Team(base / "shelter").copy_to(tmp_path / "shelter")


def identity_of(team: Team) -> str:
    store = Store.open(team.store, slots.open_with_key_file(team.store, team.key))
    try:
        return store.meta("seal_identity")
    finally:
        store.close()


def resealed(team: Team, tmp_path: Path, before: bytes, after: bytes) -> str:
    """The bundle with something in it replaced by somebody who could read it, sealed anew."""
    plain = sealing.open_bytes((tmp_path / "in.bundle").read_bytes(), [identity_of(team)])
    assert before in plain
    recipient = str(pyrage.x25519.Identity.from_str(identity_of(team)).to_public())
    made = tmp_path / "other.bundle"
    made.write_bytes(sealing.seal_bytes(plain.replace(before, after), [recipient]))
    return str(made)


def test_a_pipe_and_a_file_get_the_very_bytes_and_it_is_recorded_who_looked(
    shelter: Team, tmp_path: Path
) -> None:
    bundle = str(tmp_path / "in.bundle")
    sealed = Path(bundle).read_bytes()
    plain = sealing.open_bytes(sealed, [identity_of(shelter)])
    edits = shelter.data("doctor")["edits"]
    piped = shelter.call("bundle", "open", bundle, "--reason", "Audit 7").ok()
    assert piped.out.encode() == plain and b"Petrauskas" in plain
    assert "bundle from NO-POL for NO-SHELTER" in piped.err and "warning" not in piped.err
    out = tmp_path / "out.yaml"
    found = shelter.data("bundle", "open", bundle, "-o", str(out))
    assert (found["faults"], found["verified"], found["sealed"], found["edits_unverified"]) == (
        [],
        True,
        True,
        0,
    )
    assert (out.read_bytes(), stat.S_IMODE(out.stat().st_mode)) == (plain, 0o600)
    assert shelter.error("bundle", "open", bundle, "-o", str(out))["exit"] == 4
    assert shelter.data("doctor")["edits"] == edits  # nothing was taken in
    (look,) = [one for one in shelter.data("disclosures", "--reads") if one["reason"]]
    assert (look["way"], look["part"], look["reason"]) == ("bundle", "identity", "Audit 7")
    assert shelter.error("bundle", "open", bundle)["exit"] == 2  # --json, and no file for the bundle


def test_where_a_reason_is_a_must_nothing_is_shown_without_one(shelter: Team, tmp_path: Path) -> None:
    shelter.call("config", "set", "reason-for", "identity").ok()
    ran = shelter.call("bundle", "open", str(tmp_path / "in.bundle")).failed(4)
    assert (ran.out, "--reason" in ran.err) == ("", True)
    assert (
        shelter.error("bundle", "open", str(tmp_path / "in.bundle"), "-o", str(tmp_path / "o"))["exit"] == 4
    )
    assert not (tmp_path / "o").exists() and shelter.data("disclosures", "--reads") == []
    assert (
        "Petrauskas"
        in shelter.call("bundle", "open", str(tmp_path / "in.bundle"), "--reason", "Audit").ok().out
    )


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (b"Petrauskas", b"Petrauskis", "altered-bundle"),
        (b"\nend: ", b"\nend: 1", "altered-bundle"),
        (b"requires: []", b"requires:  []", ""),  # only reformatted: it means the same
        (b"edit: ", b"edit: ", "cut-off"),
        (b"holdings:\n", b"holdings:\n  0000000000000000.1: 1-2\n", "altered-bundle"),
    ],
)  # fmt: skip
def test_what_is_not_as_it_was_signed_is_shown_and_said(
    shelter: Team, tmp_path: Path, before: bytes, after: bytes, code: str
) -> None:
    name = resealed(shelter, tmp_path, before, after)
    if code == "cut-off":
        plain = sealing.open_bytes(Path(name).read_bytes(), [identity_of(shelter)])
        Path(name).write_bytes(plain[: plain.rindex(b"---\nend: ")])
    ran = shelter.call("bundle", "open", name)
    assert ran.code == (8 if code else 0), ran.err
    assert ("do not trust" in ran.err) == bool(code)
    assert "Petrausk" in ran.out
    faults = shelter.call("bundle", "open", name, "-o", str(tmp_path / "o"), "--json").envelope["data"][
        "faults"
    ]
    assert (faults[0]["code"] if faults else "") == code
    assert {"broken-edits"} <= {one["code"] for one in faults} or after != b"Petrauskis"


def test_what_is_not_for_this_device_or_no_bundle_shows_nothing(
    base: Path, shelter: Team, tmp_path: Path
) -> None:
    for before, after, code in (
        (b"  NO-SHELTER: ", b"  NO-OTHERS: ", 8),
        (b"taskforce-bundle:", b"taskforce-bandle:", 5),
        (b"kind: victim", b"kind: !x victim", 5),
        (b"\nend: ", b"\nedit: ", 5),
    ):
        name = resealed(shelter, tmp_path, before, after)
        assert shelter.call("bundle", "open", name).failed(code).out == ""
        shelter.call("bundle", "open", name, "-o", str(tmp_path / "o")).failed(code)
    shelter.call("bundle", "open", str(tmp_path / "none")).failed(5)
    broken = tmp_path / "broken.bundle"
    broken.write_bytes((tmp_path / "in.bundle").read_bytes()[:-1])
    assert shelter.call("bundle", "open", str(broken)).failed(5).out == ""
    police = ["--store", str(base / "police" / "store"), "--key-file", str(base / "police" / "key")]
    assert (
        "not addressed to this device"
        in call("bundle", "open", str(tmp_path / "in.bundle"), *police).failed(8).err
    )
    assert not (tmp_path / "o").exists()


def test_a_sender_who_is_not_verified_is_named_as_such(base: Path, tmp_path: Path) -> None:
    stranger = new_team(tmp_path / "new", "NO-SHELTER", "A. Lund")
    recipient = str(pyrage.x25519.Identity.from_str(identity_of(stranger)).to_public())
    plain = sealing.open_bytes((base / "in.bundle").read_bytes(), [identity_of(Team(base / "shelter"))])
    (tmp_path / "x").write_bytes(sealing.seal_bytes(plain, [recipient]))
    ran = stranger.call("bundle", "open", str(tmp_path / "x")).ok()
    assert "not verified" in ran.err and ran.out.encode() == plain


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pty")
def test_a_terminal_sees_only_what_is_visible(shelter: Team, tmp_path: Path) -> None:
    name = resealed(shelter, tmp_path, b'"Petrauskas\\u200b\\u202e"', NAME.encode())
    assert "\u202e" in shelter.call("bundle", "open", name).out
    child = spawn("bundle", "open", name, *shelter.place)
    child.expect("Petrauskas(.*?)\r\n")
    assert child.match[1] == "\\u200b\\u202e"
    child.expect("\r\nend: .*\r\n")
    child.wait()


def test_with_its_identity_stock_age_opens_what_is_sealed_to_the_device(
    shelter: Team, tmp_path: Path
) -> None:
    file = tmp_path / "identity"
    assert shelter.error("device", "export-identity", "-o", str(file))["code"] == "no-terminal"
    assert shelter.error("device", "export-identity", "--yes")["code"] == "no-file"
    assert not file.exists()
    ran = shelter.call("device", "export-identity", "-o", str(file), "--yes", "--json")
    assert "without the store" in ran.err and "AGE-SECRET" not in ran.out + ran.err
    assert ran.data["recipient"] in file.read_text() and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert shelter.error("device", "export-identity", "-o", str(file), "--yes")["exit"] == 4
    assert "gave out the age identity" in shelter.call("history").ok().out
    secret = file.read_text().splitlines()[-1]
    sealed = tmp_path / "in.bundle"
    plain = shelter.call("bundle", "open", str(sealed)).ok().out.encode()
    assert pyrage.decrypt(sealed.read_bytes(), [pyrage.x25519.Identity.from_str(secret)]) == plain
    if age := shutil.which("age"):  # the stock program says the same
        told = subprocess.run([age, "-d", "-i", file, sealed], capture_output=True, check=True)
        assert told.stdout == plain
    piped = shelter.call("device", "export-identity", "-o", "-", "--yes").ok()
    assert piped.out == file.read_text()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pty")
def test_the_identity_is_shown_on_no_terminal(shelter: Team) -> None:
    child = spawn("device", "export-identity", "-o", "-", "--yes", *shelter.place)
    child.expect("a secret is not shown on a terminal")
    assert "AGE-SECRET" not in child.read()
    child.wait()
    assert child.exitstatus == 2
