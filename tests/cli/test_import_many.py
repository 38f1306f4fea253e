"""A stick carries everybody's bundles: `import` takes what is meant for this device and leaves the rest alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from taskforce.__main__ import main

AGENCIES = ("INTERPOL", "KH-CNP", "KH-NGO")
Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Three teams that know each other, and on `stick` a bundle of INTERPOL's for each of the others."""
    monkeypatch.chdir(tmp_path)

    def run(agency: str, *arguments: str) -> int:
        return main([*arguments, "--store", f"{agency}/store", "--key-file", f"{agency}/key"])

    for agency in AGENCIES:
        Path(agency).mkdir()
        assert run(agency, "init", "--agency", agency, "--officer", "A. B.") == 0
        assert run(agency, "peer", "card", "-o", f"{agency}.yaml") == 0
    for agency in AGENCIES:
        for other in set(AGENCIES) - {agency}:
            assert run(agency, "peer", "add", f"{other}.yaml", "--yes") == 0
    Path("stick").mkdir()
    assert run("INTERPOL", "export", "--to", "KH-CNP", "--to", "KH-NGO", "-o", "stick") == 0
    capfd.readouterr()
    return run


def test_of_a_folder_only_what_is_meant_for_us_is_taken_in(
    run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("KH-CNP", "import", "stick", "--json") == 0
    told = json.loads(capfd.readouterr().out)["data"]
    assert sorted((each["what"], each["applied"]) for each in told) == [
        ("bundle", True),
        ("sealed-for-others", False),
    ]
    assert run("KH-CNP", "import", "stick") == 0
    told_again = capfd.readouterr().out
    assert "nothing new" in told_again
    assert "sealed for others, left alone" in told_again


def test_a_single_file_that_is_sealed_for_others_is_an_error(
    run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    codes = {run("KH-NGO", "import", str(path)) for path in Path("stick").iterdir()}
    assert codes == {0, 8}
    assert "not addressed to this device" in capfd.readouterr().err


def test_what_was_taken_in_before_a_broken_file_is_told(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    Path("stick", "zzz.bundle").write_bytes(b"age-encryption.org/v1\nbroken")
    assert run("KH-CNP", "import", "stick") == 5
    told = capfd.readouterr()
    assert "from INTERPOL" in told.out
    assert "error:" in told.err


def test_a_folder_without_a_bundle_is_refused(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("KH-CNP", "import", "KH-NGO") == 5
    assert "no bundle in KH-NGO" in capfd.readouterr().err
