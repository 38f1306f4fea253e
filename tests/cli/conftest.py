"""Stores for the tests of the real program; and the helper modules that stand beside them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from phrases import new_store
from program import Team, new_team


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """One store with a record of every kind, made by the program and never changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(tmp_path_factory.mktemp("settings") / "none.yaml"))
        patch.delenv("TASKFORCE_NOW", raising=False)
        team = new_team(tmp_path_factory.mktemp("once"), "INTERPOL", "J. Okafor")
        for line in (
            ("agency", "add", "KH-CNP", "--name", "Cambodian National Police", "--country", "KH"),
            ("agency", "add", "KH-NGO", "--name", "Chomrong Shelter", "--services", "shelter,medical"),
            ("operation", "add", "STORM MAKERS II", "--lead", "INTERPOL", "--start", "2023-10-16"),
            ("use", "STORM MAKERS II"),
            ("contact", "add", "J. Sok", "--agency", "KH-CNP"),
            ("operation", "join", "STORM MAKERS II", "KH-CNP", "--role", "partner"),
            ("site", "add", "Compound 4", "--country", "KH"),
            ("assignment", "add", "Inspect compound 4", "--agency", "KH-CNP"),
            ("agreement", "add", "Memorandum 7", "--parties", "KH,KH-CNP"),
            ("victim", "add", "--age-band", "21-23"),
            ("log", "add", "Gate opened, no resistance"),
        ):
            team.call(*line).ok()
        victim = team.data("victim", "list")[0]["ref"]
        team.consent(victim, "KH-NGO")
        team.call("referral", "add", victim, "--to", "KH-NGO", "--services", "shelter").ok()
    return team


@pytest.fixture
def team(made_once: Team, tmp_path: Path) -> Team:
    """A copy of that store, for one test."""
    return made_once.copy_to(tmp_path / "team")


@pytest.fixture(scope="session")
def made_with_passphrase(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that opens with a passphrase; never changed."""
    return new_store(tmp_path_factory.mktemp("phrase"), "KH-CNP")


@pytest.fixture
def with_passphrase(made_with_passphrase: Path, tmp_path: Path) -> Path:
    """A copy of that store, for one test."""
    shutil.copytree(made_with_passphrase, tmp_path / "phrase")
    return tmp_path / "phrase"
