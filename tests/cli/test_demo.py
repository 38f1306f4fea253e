"""The demo is the program's promise in one command: it tells what really happens, and fails if it does not happen."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest
from program import call

from taskforce.demo import first_day, stage, story
from taskforce.errors import BROKEN_PIPE, Failure
from taskforce.views import Lines, View

SOURCE = Path(__file__).resolve().parents[2] / "src"
WIDTH = 80
ANSI = re.compile(r"\x1b|\r|\x07")


def run_program(
    folder: Path, *arguments: str, program: tuple[str, ...] = ("-m", "taskforce"), **settings: str
) -> subprocess.CompletedProcess[str]:
    """The real program in `folder`, without a terminal and with `settings` in its environment."""
    # The fixtures below live longer than a test, so that the developer's own settings are left out here.
    own = {name: value for name, value in os.environ.items() if not name.startswith("TASKFORCE_")}
    own |= {"HOME": str(folder), "LC_ALL": "C.UTF-8", "LANGUAGE": "", "TZ": "UTC"}
    environment = {**own, "PYTHONPATH": str(SOURCE), "TMPDIR": str(folder), **settings}
    return subprocess.run(
        [sys.executable, *program, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )


KEEPING = """
import json, sys
from pathlib import Path
from taskforce.__main__ import main
from taskforce.commands import demo

def run_and_keep(run=demo.run_demo):
    result = run()
    Path("summary").write_text(json.dumps(result.data), encoding="utf-8")
    return result

demo.run_demo = run_and_keep
sys.exit(main(sys.argv[1:]))
"""
"""The program; of the demo it keeps what scripts are told, too, so that it need not be played twice."""


@dataclass(frozen=True)
class Told:
    """A demo that has run for people: what it wrote, and the folder it left."""

    text: str
    talk: str
    code: int
    folder: Path


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run's answer (`stdout`, `stderr`, `code`), its `summary` and what it left: for all workers.

    It is run as people see it: 80 columns, no colour, stdout a pipe.
    """
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo"
    try:
        place.mkdir()
    except FileExistsError:  # another worker runs it: two cores need not do the same twice
        patience = time.monotonic() + 90
        while not (place / "code").exists():
            assert time.monotonic() < patience
            time.sleep(0.1)
        return place
    ran = run_program(place, "demo", program=("-c", KEEPING), NO_COLOR="1", COLUMNS=str(WIDTH))
    for part, text in (("stdout", ran.stdout), ("stderr", ran.stderr), ("code.part", str(ran.returncode))):
        (place / part).write_text(text, encoding="utf-8")
    (place / "code.part").rename(place / "code")
    return place


def read(place: Path, part: str) -> str:
    """A part of the answer."""
    return (place / part).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def told(place: Path) -> Told:
    """What people see."""
    folders = list(place.glob("taskforce-demo-*"))
    assert len(folders) == 1, read(place, "stderr")
    return Told(read(place, "stdout"), read(place, "stderr"), int(read(place, "code")), folders[0])


@pytest.fixture(scope="session")
def summary(told: Told, place: Path) -> dict[str, Any]:
    """What scripts are told of the same run."""
    data: dict[str, Any] = json.loads(read(place, "summary"))
    assert data["folder"] == str(told.folder)
    return data


def ask(summary: Mapping[str, Any], agency: str, *arguments: str) -> Any:
    """What a team's store answers to scripts after the story, with the settings that the demo names."""
    ran = run_program(
        Path(summary["folder"]),
        *arguments,
        "--json",
        TASKFORCE_STORE=summary["stores"][agency],
        TASKFORCE_KEY_FILE=summary["key_files"][agency],
        TASKFORCE_NOW=summary["now"],
    )
    assert ran.returncode == 0, ran.stdout
    return json.loads(ran.stdout)["data"]


def test_it_ends_well_and_quietly(told: Told) -> None:
    assert told.code == 0, told.talk
    assert told.talk == ""
    assert not ANSI.search(told.text)


def test_scripts_are_told_the_summary_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The story is cut short here: what it says and does is for the other tests."""

    def one_command(play: stage.Stage) -> story.Refs:
        play.chapter("2023-10-15T09:00:00+07:00", "Lyon", "It begins.")
        play.run(
            first_day.COORDINATOR,
            "init",
            "--agency",
            first_day.COORDINATOR.code,
            "--officer",
            first_day.COORDINATOR.officer,
        )
        return story.Refs(*(f"ref {number}" for number, _name in enumerate(fields(story.Refs))))

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(story, "tell_story", one_command)
    ran = call("demo", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.envelope["status"] == "ok"
    data = ran.data
    assert set(data) == {"folder", "seconds", "stores", "key_files", "now", "refs", "steps"}
    [step] = data["steps"]
    assert step["agency"] == first_day.COORDINATOR.code and step["command"].startswith("taskforce init")
    assert (Path(data["stores"][first_day.COORDINATOR.code]) / "store.db").is_file()


def test_it_says_that_the_clock_and_the_people_are_not_real(told: Told) -> None:
    opening = told.text.split("──")[0]
    assert "invented" in opening
    assert "2023" in opening
    assert str(told.folder) in opening


def test_what_is_typed_fits_a_page_of_eighty_columns(told: Told) -> None:
    typed = [line for line in told.text.splitlines() if line.startswith(("──", "INTERPOL $", "KH-", "    "))]
    assert len(typed) > 60
    assert max(map(len, typed)) <= WIDTH


def test_every_command_that_was_run_is_shown_behind_the_prompt_of_its_laptop(
    told: Told, summary: dict[str, Any]
) -> None:
    shown = without_names(re.sub(r" \\\n +", " ", told.text))
    for step in summary["steps"]:
        assert without_names(f"{step['agency']} $ {step['command']}\n") in shown


def without_names(text: str) -> str:
    """The text without what differs from run to run: refs of people and bundles' names."""
    return re.sub(r"\b[VR]-[0-9A-Z]{4,}", "REF", re.sub(r"stick[/\\]\w+", "stick/NAME", text))


def test_every_kind_of_step_of_the_main_job_occurs(summary: dict[str, Any]) -> None:
    typed = [step["command"].removeprefix("taskforce ") for step in summary["steps"]]
    for beginning in (
        *("init --agency", "peer card", "peer add", "import storm-makers-ii.yaml", "export --to"),
        *("bundle show", "import stick", "assignment accept", "assignment done", "log add", "victim add"),
        *("referral add", "referral send", "referral accept", "referral decline", "referral complete"),
        *("conflict list", "conflict show", "conflict resolve", "status", "audit verify", "history"),
        *("backup police.backup", "restore police.backup", "erase V-", "erase status", "peer list"),
        *(
            "recall add V-",
            "recall add C-",
            "recall status",
            "operation roster",
            "init --agency KH-CNP --officer",
        ),
        *("device request", "device admit", "device join", "device revoke"),
    ):
        assert any(each.startswith(beginning) for each in typed), beginning


def test_it_stays_short_and_says_how_long_it_took(summary: dict[str, Any]) -> None:
    assert len(summary["steps"]) <= 86  # each is a process; 20 seconds on two cores is the limit
    assert summary["seconds"] > 0


def test_the_referral_was_accepted_with_a_place_and_completed(summary: dict[str, Any]) -> None:
    accepted, declined = summary["refs"]["referrals"]
    for agency in ("KH-CNP", "KH-NGO"):
        record = ask(summary, agency, "referral", "show", accepted)
        assert record["status"] == "completed"
        assert record["handover_place"]
        assert record["outcomes"] == ["shelter=provided", "mental-health=provided"]
        assert record["answered_at"] < record["answer_due"]
        assert ask(summary, agency, "referral", "show", declined)["decline_reason"] == "not-eligible"


def test_the_conflict_is_decided_the_same_way_in_both_stores(summary: dict[str, Any]) -> None:
    ref = summary["refs"]["assignment"]
    at_lyon, in_field = (ask(summary, each, "assignment", "show", ref) for each in ("INTERPOL", "KH-CNP"))
    assert at_lyon == in_field
    assert (at_lyon["status"], at_lyon["due"]) == ("done", "2023-10-17T11:00:00Z")
    history = ask(summary, "INTERPOL", "history", ref)
    hours = [change["set"]["due"] for change in history if "due" in change["set"]]
    assert {"2023-10-17T10:00:00Z", "2023-10-17T11:00:00Z"} <= set(hours)
    for agency in ("INTERPOL", "KH-CNP", "KH-NGO"):
        assert ask(summary, agency, "conflict", "list") == []


def test_nothing_about_a_person_reached_the_coordinator(summary: dict[str, Any]) -> None:
    assert ask(summary, "INTERPOL", "victim", "list") == []
    assert ask(summary, "INTERPOL", "referral", "list") == []
    known = {record["ref"] for record in ask(summary, "KH-CNP", "victim", "list")}
    assert known == set(summary["refs"]["victims"])


def test_the_shelter_has_dropped_what_it_was_told_of_the_man_whom_it_did_not_take_in(
    summary: dict[str, Any],
) -> None:
    woman, man = summary["refs"]["victims"]
    assert [one["ref"] for one in ask(summary, "KH-NGO", "victim", "list", "--archived")] == [woman]
    asked = ask(summary, "KH-CNP", "recall", "status")
    assert {one["about_kind"] for one in asked["recalls"]} == {"victim", "consent"}
    assert {one["state"] for one in asked["recalls"]} == {"confirmed"}
    assert man in {one["about_ref"] for one in asked["recalls"]} and not asked["not_recalled"]


def test_the_restored_store_goes_on_in_a_new_feed_and_the_name_is_gone_at_both(
    summary: dict[str, Any],
) -> None:
    own = [feed for feed in ask(summary, "KH-CNP", "feed", "list") if feed["own"]]
    assert len(own) == 2 and [feed["forked_at"] for feed in own] == [None, None]
    for agency in ("KH-CNP", "KH-NGO"):
        (erased,) = ask(summary, agency, "erase", "status")
        assert {one["agency"] for one in erased["confirmed"]} == {"KH-CNP", "KH-NGO"}
        assert not erased["waiting"]
        names = [one["family_name"] for one in ask(summary, agency, "victim", "list")]
        assert names == [None] * (2 if agency == "KH-CNP" else 1)
    (lyon,) = (one for one in ask(summary, "KH-CNP", "peer", "list") if one["agency"] == "INTERPOL")
    assert lyon["missing"] == "2-3", "the third was taken in after the backup; the fourth made up for both"


def test_the_stolen_laptop_is_known_to_be_lost_by_everybody(summary: dict[str, Any]) -> None:
    for agency in ("INTERPOL", "KH-CNP", "KH-NGO"):
        (lost,) = (one for one in ask(summary, agency, "device", "list") if one["revoked_at"])
        assert (lost["agency"], lost["reason"]) == ("KH-CNP", "Stolen from the vehicle")
    for agency, other in (("KH-CNP", "KH-NGO"), ("KH-NGO", "KH-CNP")):
        known = {one["agency"]: one for one in ask(summary, agency, "peer", "list")}
        assert (known[other]["level"], known[other]["how"]) == ("verified", "by phone")


def test_all_stores_are_sound(summary: dict[str, Any]) -> None:
    for agency in ("INTERPOL", "KH-CNP", "KH-NGO"):
        found = ask(summary, agency, "doctor")
        assert found["faults"] == []
        assert found["edits"] > 500


@pytest.mark.skipif(os.name == "nt", reason="the lines to try are PowerShell's there")
def test_what_it_says_to_try_next_works_as_it_stands(told: Told) -> None:
    _story, _seconds, closing = told.text.rpartition(" seconds. ")
    lines = [line.strip() for line in closing.splitlines() if line.startswith("  ")]
    program = f'taskforce() {{ "{sys.executable}" -m taskforce "$@"; }}'
    script = "\n".join(["set -e", program, f'export PYTHONPATH="{SOURCE}"', *lines])
    refused = script.replace("taskforce undo --dry-run", "")
    ran = subprocess.run(["sh", "-c", refused], cwd=told.folder.parent, capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stderr
    assert "STORM MAKERS II" in ran.stdout


@pytest.mark.skipif(os.name == "nt", reason="no such signal there")
def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "taskforce", "demo"],
        env={**os.environ, "PYTHONPATH": str(SOURCE), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None and running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        talk = running.stderr.read()
    assert (running.returncode, talk) == (BROKEN_PIPE, b"")


def test_what_goes_wrong_stops_it_with_the_command_and_what_it_said(tmp_path: Path) -> None:
    told: list[View] = []
    play = stage.Stage(tmp_path, told.append, width=WIDTH)
    with pytest.raises(Failure) as raised:
        play.run(first_day.FIELD, "status")
    assert "taskforce status" in raised.value.sentence
    assert "there is no store" in str(raised.value.hint) or "taskforce init" in str(raised.value.hint)
    assert any("no store" in str(line) for view in told if isinstance(view, Lines) for line in view.lines)


def test_what_is_not_so_stops_it(tmp_path: Path) -> None:
    play = stage.Stage(tmp_path, lambda _view: None, width=WIDTH)
    with pytest.raises(Failure, match="pigs fly"):
        play.expect(False, "pigs fly")


def test_a_persons_own_store_is_never_touched(tmp_path: Path) -> None:
    own = {
        name: str(tmp_path / name) for name in ("TASKFORCE_STORE", "TASKFORCE_KEY_FILE", "TASKFORCE_CONFIG")
    }
    play = stage.Stage(tmp_path, lambda _view: None, width=WIDTH)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in own.items():
            patch.setenv(name, value)
        (tmp_path / first_day.FIELD.code).mkdir()
        play.run(first_day.FIELD, "init", "--agency", "KH-CNP", "--officer", "J. Sok")
    assert (tmp_path / "KH-CNP" / "store").is_dir()
    assert not any(Path(value).exists() for value in own.values())


def test_the_plan_is_found_in_the_source_tree() -> None:
    assert story.find_plan().name == "storm-makers-ii.yaml"
