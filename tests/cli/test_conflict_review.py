"""Conflicts as people review and decide them: where each value comes from, both histories of a state, merged texts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from program import PROGRAM, Ran, Team, call, environment_of, introduce, new_team
from story import hand_over

from taskforce.commands import editing

AGREED = "Gate at 5.\nBring lamps.\nNo phones.\nReport by radio."


def at(monkeypatch: pytest.MonkeyPatch, clock: str) -> None:
    """It is this time of the day, in UTC."""
    monkeypatch.setenv("TASKFORCE_NOW", f"2023-10-17T{clock}:00Z")


@pytest.fixture(scope="module")
def two_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Team, Team]:
    """Two teams' stores that agree: an operation, an assignment, an agency that was renamed once."""
    folder = tmp_path_factory.mktemp("review")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(folder / "none.yaml"))
        at(patch, "06:00")
        first = new_team(folder / "1", "INTERPOL", "J. Okafor")
        second = new_team(folder / "2", "KH-CNP", "J. Sok")
        introduce(first, second)
        for line in (
            ("agency", "add", "KH-CNP"),
            ("agency", "add", "KH-NGO", "--name", "Shelter"),
            ("operation", "add", "STORM MAKERS II", "--lead", "INTERPOL"),
            ("use", "STORM MAKERS II"),
            ("operation", "join", "STORM MAKERS II", "KH-CNP", "--role", "partner"),
            ("assignment", "add", "Inspect compound 4", "--agency", "KH-CNP", "--instructions", AGREED),
        ):
            first.call(*line).ok()
        hand_over(first, second)
        hand_over(second, first)
    return first, second


@pytest.fixture
def two(two_once: tuple[Team, Team], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Team, Team]:
    """Copies of them for one test, at 07:00."""
    monkeypatch.setenv("TASKFORCE_CONFIG", str(tmp_path / "config.yaml"))
    monkeypatch.setenv("TZ", "UTC")
    at(monkeypatch, "07:00")
    first, second = two_once
    return first.copy_to(tmp_path / "first"), second.copy_to(tmp_path / "second")


def shown(team: Team, ref: str, field: str) -> dict[str, Any]:
    """The one conflict in a field, as scripts see it."""
    (found,) = [each for each in team.data("conflict", "show", ref) if each["field"] == field]
    return dict(found)


def number_of(conflict: dict[str, Any], agency: str) -> int:
    """Which value an agency's officer set."""
    return 1 + [side["agency"] for side in conflict["values"]].index(agency)


def side_of(conflict: dict[str, Any], agency: str) -> dict[str, Any]:
    """The value that an agency's officer set."""
    return dict(conflict["values"][number_of(conflict, agency) - 1])


def assignment(team: Team) -> dict[str, Any]:
    """The only assignment."""
    (found,) = team.data("assignment", "list")
    return dict(found)


def fields_in_conflict(team: Team) -> list[str]:
    """The fields with several values."""
    return [each["field"] for each in team.data("conflict", "list")]


# ── where each value comes from ──


def test_each_value_tells_what_it_replaced_the_edits_between_and_how_it_came(
    two: tuple[Team, Team], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    first.call("agency", "edit", "KH-NGO", "--name", "Refuge").ok()
    for clock, name in (("07:10", "House 7"), ("07:20", "House 9")):
        at(monkeypatch, clock)
        second.call("agency", "edit", "KH-NGO", "--name", name).ok()
    at(monkeypatch, "08:00")
    hand_over(second, first)
    found = shown(first, "KH-NGO", "name")
    assert (found["before"], [each["value"] for each in found["common"]]) == ("Shelter", ["Shelter"])
    here, theirs = side_of(found, "INTERPOL"), side_of(found, "KH-CNP")
    assert (here["here"], here["bundle"], here["came_through"]) == (True, None, None)
    assert (here["between"], [each["value"] for each in here["before"]]) == ([], ["Shelter"])
    assert (theirs["value"], theirs["here"], theirs["came_through"]) == ("House 9", False, "KH-CNP")
    assert theirs["bundle"]["number"] == 2 and theirs["bundle"]["taken"].startswith("2023-10-17T08:00")
    assert [(each["value"], each["at"][11:16]) for each in theirs["between"]] == [("House 7", "07:10")]
    assert [each["value"] for each in theirs["before"]] == ["House 7"]
    screen = first.call("conflict", "show", "KH-NGO").ok().out
    for part in (
        "before  Shelter  set by J. Okafor, INTERPOL",
        f"device {theirs['device'][:4]}\n",
        "written here",
        "came directly from KH-CNP: its bundle 2, 17 Oct 08:00",
        "in place of  House 7  (J. Sok, KH-CNP",
        "edits between:",
    ):
        assert part in screen, part
    between = screen.index("edits between:")
    assert "House 7  (J. Sok, KH-CNP" in screen[between:] and "House 9" not in screen[between:]


def test_a_value_that_came_through_a_third_agency_says_so(two: tuple[Team, Team], tmp_path: Path) -> None:
    first, second = two
    third = new_team(tmp_path / "third", "TH-RTP", "A. Chai")
    for team in (first, second):
        (team.folder / "card").unlink()
    introduce(first, second, third)
    second.call("agency", "edit", "KH-NGO", "--name", "House 7").ok()
    hand_over(second, third)
    first.call("agency", "edit", "KH-NGO", "--name", "Refuge").ok()
    hand_over(third, first)
    theirs = side_of(shown(first, "KH-NGO", "name"), "KH-CNP")
    assert (theirs["came_through"], theirs["bundle"]["agency"], theirs["here"]) == ("TH-RTP", "TH-RTP", False)
    assert "came through TH-RTP: its bundle 1" in first.call("conflict", "show", "KH-NGO").ok().out


def test_two_decisions_made_offline_are_a_new_conflict_and_equal_ones_are_none(
    two: tuple[Team, Team], tmp_path: Path
) -> None:
    first, second = two
    for team, name in ((first, "Refuge"), (second, "House 7")):
        team.call("agency", "edit", "KH-NGO", "--name", name).ok()
    hand_over(first, second)
    hand_over(second, first)
    alike = [team.copy_to(tmp_path / f"alike{n}") for n, team in enumerate(two)]
    for team in alike:
        found = shown(team, "KH-NGO", "name")
        team.call("conflict", "resolve", "KH-NGO", "name", "--take", str(number_of(found, "KH-CNP"))).ok()
    hand_over(alike[0], alike[1])
    hand_over(alike[1], alike[0])
    for team in alike:
        assert fields_in_conflict(team) == []
        assert team.data("agency", "show", "KH-NGO")["name"] == "House 7"

    for team, agency in ((first, "INTERPOL"), (second, "KH-CNP")):
        found = shown(team, "KH-NGO", "name")
        team.call("conflict", "resolve", "KH-NGO", "name", "--take", str(number_of(found, agency))).ok()
        assert fields_in_conflict(team) == []
    hand_over(first, second)
    hand_over(second, first)
    for team in (first, second):
        found = shown(team, "KH-NGO", "name")
        assert {side["value"] for side in found["values"]} == {"Refuge", "House 7"}
        for side in found["values"]:
            assert {each["value"] for each in side["before"]} == {"Refuge", "House 7"}
            assert side["between"] == []
        screen = team.call("conflict", "show", "KH-NGO").ok().out
        assert "decided between  " in screen and "in conflict, too" in screen
    first.call("conflict", "resolve", "KH-NGO", "name", "--value", "Both").ok()
    hand_over(first, second)
    assert fields_in_conflict(second) == [] and second.data("agency", "show", "KH-NGO")["name"] == "Both"


def test_what_a_value_replaced_and_is_not_here_is_said(two: tuple[Team, Team], tmp_path: Path) -> None:
    first, second = two
    third = new_team(tmp_path / "third", "TH-RTP", "A. Chai")
    (second.folder / "card").unlink()
    introduce(second, third)
    third.call("agency", "add", "TH-NGO", "--name", "Old house").ok()
    hand_over(third, second)
    second.call("agency", "edit", "TH-NGO", "--name", "New house").ok()
    first.call("agency", "add", "TH-NGO", "--name", "House").ok()
    hand_over(second, first)
    theirs = side_of(shown(first, "TH-NGO", "name"), "KH-CNP")
    assert theirs["before"] == [] and [each["why"] for each in theirs["missing"]] == ["waiting"]
    assert set(theirs["missing"][0]) == {"edit", "agency", "why"}
    screen = first.call("conflict", "show", "TH-NGO").ok().out
    assert f"an earlier value waits in quarantine: edit {theirs['missing'][0]['edit']}" in screen
    assert screen.count("in place of  (nothing)") == 1, "only of the value that did replace nothing"
    for waiting in first.data("quarantine", "list"):
        first.call("quarantine", "drop", waiting["ref"]).ok()
    theirs = side_of(shown(first, "TH-NGO", "name"), "KH-CNP")
    assert [each["why"] for each in theirs["missing"]] == ["not-held"]
    assert "not held here, withheld or not arrived" in first.call("conflict", "show", "TH-NGO").ok().out


def test_of_a_record_with_an_erased_part_it_says_what_went(two: tuple[Team, Team]) -> None:
    first, _second = two
    first.call("victim", "add", "--age-band", "21-23", "--family-name", "Dara").ok()
    ref = first.data("victim", "list")[0]["ref"]
    first.call("erase", ref, "--part", "identity", "--reason", "asked for", "--yes").ok()
    error = first.error("conflict", "show", ref)
    assert error["exit"] == 3 and "erased: identity" in error["hint"]


# ── states ──


def moved(first: Team, second: Team, monkeypatch: pytest.MonkeyPatch) -> str:
    """INTERPOL cancels what KH-CNP accepts and finishes, each with a note; the ref."""
    ref = str(assignment(first)["ref"])
    at(monkeypatch, "07:05")
    first.call("assignment", "cancel", ref, "--note", "Tip was false").ok()
    at(monkeypatch, "07:10")
    second.call("assignment", "accept", ref, "--note", "On our way").ok()
    at(monkeypatch, "07:40")
    second.call("assignment", "done", ref, "--result", "Two adults met", "--note", "All well").ok()
    at(monkeypatch, "08:00")
    hand_over(second, first)
    return ref


def test_a_state_in_conflict_explains_both_histories(
    two: tuple[Team, Team], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    ref = moved(first, second, monkeypatch)
    found = shown(first, ref, "status")
    assert (found["before"], found["with_it"]) == ("planned", ["status_note"])
    done, cancelled = side_of(found, "KH-CNP"), side_of(found, "INTERPOL")
    assert [(each["value"], each["replaced"]) for each in done["between"]] == [("accepted", ["planned"])]
    assert done["between"][0]["set_with"]["status_note"] == "On our way"
    assert done["replaced"] == ["accepted"] and done["set_with"]["result"] == "Two adults met"
    assert done["next"] == [] and cancelled["next"] == []
    screen = first.call("conflict", "show", ref).ok().out
    story = screen[screen.index("· Status\n") :]
    for part in (
        "before  ○ Planned  set by J. Okafor, INTERPOL",
        "accept: ○ Planned → ◔ Accepted  (J. Sok, KH-CNP, 17 Oct 07:10",
        "done: ◔ Accepted → ● Done  (J. Sok, KH-CNP, 17 Oct 07:40",
        "Result: Two adults met",
        "cancel: ○ Planned → × Cancelled  (J. Okafor, INTERPOL, 17 Oct 07:05",
        "Note on status: Tip was false",
        "if it stands: closed, no move leads on",
        "the same move set, and is taken with it: Note on status",
    ):
        assert part in story, part
    assert story.index("accept:") < story.index("done:")


def test_a_state_that_leads_on_says_to_what(two: tuple[Team, Team]) -> None:
    first, second = two
    ref = str(assignment(first)["ref"])
    first.call("assignment", "block", ref).failed(4)
    first.call("assignment", "accept", ref).ok()
    second.call("assignment", "cancel", ref).ok()
    hand_over(second, first)
    found = shown(first, ref, "status")
    assert side_of(found, "INTERPOL")["next"] == ["start", "block", "done", "cancel"]
    assert "if it stands, next: start, block, done, cancel" in first.call("conflict", "show", ref).ok().out


def test_a_state_is_taken_with_what_its_move_set_and_the_other_stays_in_the_history(
    two: tuple[Team, Team], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    ref = moved(first, second, monkeypatch)
    number = number_of(shown(first, ref, "status"), "KH-CNP")
    taken = first.call("conflict", "resolve", ref, "status", "--take", str(number)).ok()
    assert "decided with it, as the same move set it: Note on status" in taken.err
    assert "this stays in the record: Cancelled" in taken.err and f"taskforce history {ref}" in taken.err
    now = assignment(first)
    assert (now["status"], now["status_note"], now["result"]) == ("done", "All well", "Two adults met")
    assert now["cancelled_at"] is not None, "nobody took it back"
    assert fields_in_conflict(first) == []
    history = first.call("history", ref).ok().out
    assert "Tip was false" in history and "On our way" in history
    first.call("undo").ok()
    assert assignment(first)["status_note"] != "" and "conflict resolve" in first.call("history").ok().out
    hand_over(first, second)
    assert fields_in_conflict(second) == []


def test_a_field_of_a_move_is_taken_alone_or_with_the_others(
    two: tuple[Team, Team], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = two
    ref = moved(first, second, monkeypatch)
    number = str(number_of(shown(first, ref, "status_note"), "INTERPOL"))
    assert "and is in conflict, too: Status" in first.call("conflict", "show", ref).ok().out
    copies = [first.copy_to(tmp_path / name) for name in ("a", "b", "c")]
    copies[0].call("conflict", "resolve", ref, "status_note", "--take", number).ok()
    assert fields_in_conflict(copies[0]) == ["status"]
    copies[1].call("conflict", "resolve", ref, "status", "--take", number, "--alone").ok()
    assert fields_in_conflict(copies[1]) == ["status_note"]
    copies[2].call(*("conflict", "resolve", ref, "status_note", "--take", number, "--with-its-fields")).ok()
    assert fields_in_conflict(copies[2]) == []
    now = assignment(copies[2])
    assert (now["status"], now["status_note"]) == ("cancelled", "Tip was false")
    for wrong in (("--value", "x", "--alone"), ("--take", number, "--alone", "--with-its-fields")):
        first.call("conflict", "resolve", ref, "status", *wrong).failed(2)


def test_two_who_finish_it_unseen_are_in_conflict_about_what_they_found(two: tuple[Team, Team]) -> None:
    first, second = two
    ref = str(assignment(first)["ref"])
    for team, result in ((first, "Nobody there"), (second, "Two adults")):
        team.call("assignment", "accept", ref).ok()
        team.call("assignment", "done", ref, "--result", result).ok()
    second.call("assignment", "edit", ref, "--result", "Two adults, a child").ok()
    second.call("assignment", "edit", ref, "--status-note", "By hand").ok()
    first.call("assignment", "edit", ref, "--status-note", "Another hand").ok()
    hand_over(second, first)
    found = shown(first, ref, "result")
    assert found["with_it"] == [], "an equal state is no conflict, and a note of its own is no move's"
    assert [each["value"] for each in side_of(found, "KH-CNP")["between"]] == ["Two adults"]
    assert fields_in_conflict(first) == ["result", "status_note"]


def test_what_an_edit_set_together_is_no_move(two: tuple[Team, Team]) -> None:
    first, second = two
    ref = str(assignment(first)["ref"])
    for team, word in ((first, "One"), (second, "Two")):
        team.call("assignment", "edit", ref, "--title", word, "--instructions", word).ok()
    hand_over(second, first)
    assert [each["with_it"] for each in first.data("conflict", "show", ref)] == [[], []]


def test_of_three_states_each_goes_with_what_its_own_move_set(two: tuple[Team, Team], tmp_path: Path) -> None:
    first, second = two
    third = new_team(tmp_path / "third", "TH-RTP", "A. Chai")
    for team in two:
        (team.folder / "card").unlink()
    introduce(first, second, third)
    first.call("agency", "add", "TH-RTP").ok()
    first.call("operation", "join", "STORM MAKERS II", "TH-RTP", "--role", "co-lead").ok()
    for _time in range(2):
        hand_over(first, third)
        hand_over(first, second)
    ref = str(assignment(first)["ref"])
    first.call("assignment", "cancel", ref, "--note", "Tip was false").ok()
    second.call("assignment", "accept", ref, "--note", "On our way").ok()
    hand_over(second, third)
    second.call("assignment", "done", ref, "--note", "All well").ok()
    third.call("assignment", "block", ref, "--note", "Gate is shut").ok()
    hand_over(second, first)
    hand_over(third, first)
    found = shown(first, ref, "status")
    assert len(found["values"]) == 3 and found["with_it"] == ["status_note"]
    first.call("conflict", "resolve", ref, "status", "--take", str(number_of(found, "KH-CNP"))).ok()
    now = assignment(first)
    assert (now["status"], now["status_note"]) == ("done", "All well")


def test_what_a_move_set_and_was_corrected_since_is_taken_as_corrected(
    two: tuple[Team, Team], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    ref = moved(first, second, monkeypatch)
    second.call("assignment", "edit", ref, "--status-note", "All well, two met").ok()
    hand_over(second, first)
    found = shown(first, ref, "status")
    assert found["with_it"] == ["status_note"]
    first.call("conflict", "resolve", ref, "status", "--take", str(number_of(found, "KH-CNP"))).ok()
    assert assignment(first)["status_note"] == "All well, two met"


# ── texts ──


def written_apart(first: Team, second: Team, ours: str, theirs: str) -> str:
    """Both change the agreed instructions, and the first hears of it; the assignment's ref."""
    ref = str(assignment(first)["ref"])
    first.call("assignment", "edit", ref, "--instructions", ours).ok()
    second.call("assignment", "edit", ref, "--instructions", theirs).ok()
    hand_over(second, first)
    return ref


OURS = AGREED.replace("lamps", "torches").replace("radio", "phone")
THEIRS = AGREED.replace("lamps", "water")


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A script that stands for the person's editor; what it does with FILE is written into it by `will`."""
    if not Path("/dev/shm").is_dir():
        pytest.skip("there is no folder in memory here: no editor is started")
    path = tmp_path / "editor.py"
    monkeypatch.setenv("EDITOR", f"{sys.executable} {path}")
    monkeypatch.delenv("VISUAL", raising=False)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        monkeypatch.setenv("XDG_RUNTIME_DIR", memory)
        yield path


def will(editor: Path, *lines: str) -> None:
    """What the person does: Python that may change `text`, of `FILE`."""
    head = (
        "import os, pathlib, sys",
        "FILE = pathlib.Path(sys.argv[1]); text = FILE.read_text()",
        f"pathlib.Path({str(editor.with_name('seen'))!r}).write_text(f'{{FILE}}\\n{{text}}')",
        f"pathlib.Path({str(editor.with_name('modes'))!r}).write_text("
        "oct(FILE.stat().st_mode) + oct(FILE.parent.stat().st_mode))",
    )
    editor.write_text("\n".join((*head, *lines, "FILE.write_text(text)")))


def seen(editor: Path) -> str:
    """The text that the person saw first."""
    return editor.with_name("seen").read_text().partition("\n")[2]


def left_behind() -> list[Path]:
    """What editing left in memory."""
    return list(Path(os.environ["XDG_RUNTIME_DIR"]).iterdir())


def edit(team: Team, ref: str) -> Ran:
    """Decide by a text."""
    return team.call("conflict", "resolve", ref, "instructions", "--edit")


def test_a_text_is_merged_and_what_clashes_is_marked(two: tuple[Team, Team], editor: Path) -> None:
    first, second = two
    ref = written_apart(first, second, OURS, THEIRS)
    will(
        editor,
        "kept = [line for line in text.split('\\n') if line[:3] not in ('<<<', '===', '|||', '>>>')]",
        "text = '\\n'.join(line for line in kept if line not in ('Bring lamps.', 'Bring torches.'))",
    )
    edit(first, ref).ok()
    lines = seen(editor).split("\n")
    assert lines[0] == "Gate at 5." and lines[-3:] == ["No phones.", "Report by phone.", ""]
    told = [line for line in lines if line[:3] in ("<<<", "===", "|||", ">>>")]
    assert "J. Okafor, INTERPOL, 17 Oct 07:00" in "".join(told) and "J. Sok, KH-CNP" in "".join(told)
    assert [line[:7] for line in told] == ["<" * 7, "=" * 7, "|" * 7, ">" * 7]
    assert {"Bring torches.", "Bring water.", "Bring lamps."} <= set(lines)
    assert assignment(first)["instructions"] == "Gate at 5.\nBring water.\nNo phones.\nReport by phone."
    assert fields_in_conflict(first) == []
    file = editor.with_name("seen").read_text().partition("\n")[0]
    assert file.startswith(os.environ["XDG_RUNTIME_DIR"] + "/taskforce-edit-") and editor.with_name(
        "modes"
    ).read_text() == ("0o100600" + "0o40700")
    assert left_behind() == []


def test_markers_that_are_left_are_refused_and_the_next_try_goes_on(
    two: tuple[Team, Team], editor: Path
) -> None:
    first, second = two
    ref = written_apart(first, second, OURS, THEIRS)
    will(editor, "text = text.replace('Gate at 5.', 'Gate at 6.')")
    refused = edit(first, ref).failed(4)
    assert "mark where to decide" in refused.err and "is kept in this store" in refused.err
    assert fields_in_conflict(first) == ["instructions"] and left_behind() == []
    will(editor, "text = 'Gate at 6. Bring both.'")
    again = edit(first, ref).ok()
    assert "Gate at 6." in seen(editor) and "it begins with what was written here and kept" in again.err
    assert assignment(first)["instructions"] == "Gate at 6. Bring both."
    assert first.call("doctor").code == 0


@pytest.mark.parametrize("what", ["pass", "text = ''", "text = ' \\n'", "FILE.unlink(); sys.exit()"])
def test_an_unchanged_or_empty_text_decides_nothing(two: tuple[Team, Team], editor: Path, what: str) -> None:
    first, second = two
    ref = written_apart(first, second, OURS, THEIRS)
    before = first.fingerprint()
    will(editor, what)
    assert "nothing was decided" in edit(first, ref).failed(4).err
    assert first.fingerprint() == before and left_behind() == []


def test_a_decision_made_meanwhile_is_not_overwritten_and_the_text_is_kept(
    two: tuple[Team, Team], editor: Path
) -> None:
    first, second = two
    ref = written_apart(first, second, OURS, THEIRS)
    second.call("assignment", "edit", ref, "--instructions", "All new.").ok()
    bundle = second.folder / "late.bundle"
    second.call("export", "--to", "INTERPOL", "-o", str(bundle)).ok()
    arguments = [*PROGRAM, "import", str(bundle), *first.place]
    will(editor, f"import subprocess; subprocess.run({arguments!r}, check=True)", "text = 'Mine.'")
    assert "its values have changed meanwhile" in edit(first, ref).failed(4).err
    will(editor, "pass")
    edit(first, ref).failed(4)
    text = seen(editor)
    assert "kept · written here before all of this was known" in text and "Mine." in text
    assert "All new." in text
    assert side_of(shown(first, ref, "instructions"), "KH-CNP")["value"] == "All new."


def test_a_merged_text_without_clashes_can_be_taken_as_it_is(two: tuple[Team, Team], editor: Path) -> None:
    first, second = two
    ref = written_apart(first, second, AGREED.replace("radio", "phone"), AGREED.replace("5", "6"))
    will(editor, "pass")
    assert "to let it stand as it is: --merged" in edit(first, ref).failed(4).err
    first.call("conflict", "resolve", ref, "instructions", "--merged").ok()
    assert assignment(first)["instructions"] == AGREED.replace("radio", "phone").replace("5", "6")
    ref = written_apart(first, second, OURS, THEIRS)
    error = first.error("conflict", "resolve", ref, "instructions", "--merged")
    assert (error["exit"], error["code"]) == (4, "clashes")


def test_what_the_editor_says_is_no_data_and_its_failure_decides_nothing(
    two: tuple[Team, Team], editor: Path
) -> None:
    first, second = two
    ref = written_apart(first, second, OURS, THEIRS)
    will(editor, "print('drawn by the editor', flush=True)", "text = 'Mine.'")
    ran = first.run("conflict", "resolve", ref, "instructions", "--edit", "--json")
    assert ran.data["instructions"] == "Mine." and "drawn by the editor" in ran.err
    first.call("undo").ok()
    for team, text in ((first, "One."), (second, "Two.")):
        team.call("assignment", "edit", ref, "--instructions", text).ok()
    hand_over(second, first)
    will(editor, "FILE.write_text('Half a'); sys.exit(3)")
    failed = edit(first, ref).failed(4)
    assert "exit code 3" in failed.err and "is kept in this store" in failed.err
    will(editor, "FILE.write_bytes(b'caf\\xe9'); sys.exit()")
    assert "not UTF-8" in edit(first, ref).failed(4).err
    assert seen(editor) == "Half a\n" and left_behind() == []


def test_without_an_editor_or_memory_nothing_is_written_anywhere(
    two: tuple[Team, Team], editor: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = two
    ref = written_apart(first, second, OURS, THEIRS)
    monkeypatch.setattr(editing, "_MOUNTS", tmp_path / "none")
    error = first.error("conflict", "resolve", ref, "instructions", "--edit")
    assert (error["exit"], error["code"]) == (4, "no-memory-folder") and "taskforce tui" in error["hint"]
    assert not editor.with_name("seen").exists()
    for named in ("", "no-such-editor", "'"):
        monkeypatch.setenv("EDITOR", named)
        error = first.error("conflict", "resolve", ref, "instructions", "--edit")
        assert (error["exit"], error["code"]) == (2, "no-editor")
    for wrong in ("status", "title"):
        first.call("conflict", "resolve", ref, wrong, "--edit").failed(3)
    first.call("conflict", "resolve", ref, "instructions", "--edit", "--take", "1").failed(2)
    first.call("conflict", "resolve", ref, "instructions").failed(2)
    written_apart(first, second, "1", "2")
    for team, title in ((first, "One"), (second, "Two")):
        team.call("assignment", "edit", ref, "--title", title).ok()
    hand_over(second, first)
    assert (
        "only a text of several lines"
        in first.call("conflict", "resolve", ref, "title", "--edit").failed(4).err
    )


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_editor_keeps_the_text_and_leaves_no_file(
    two: tuple[Team, Team], editor: Path, name: str
) -> None:
    first, second = two
    ref = written_apart(first, second, OURS, THEIRS)
    ready = editor.with_name("ready")
    will(editor, "FILE.write_text('Half a')", f"open({str(ready)!r}, 'w'); import time; time.sleep(60)")
    program = subprocess.Popen(
        [*PROGRAM, "conflict", "resolve", ref, "instructions", "--edit", *first.place],
        env=environment_of(),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while not ready.exists():
        assert time.monotonic() < deadline and program.poll() is None
        time.sleep(0.02)
    program.send_signal(signal.SIGINT)  # Ctrl-C is the editor's
    program.send_signal(getattr(signal, name))
    _out, err = program.communicate(timeout=20)
    assert program.returncode == 130 and b"Traceback" not in err
    assert left_behind() == []
    will(editor, "pass")
    edit(first, ref).failed(4)
    assert seen(editor) == "Half a\n"


def test_what_a_killed_program_left_is_removed_the_next_time(two: tuple[Team, Team], editor: Path) -> None:
    first, second = two
    ref = written_apart(first, second, OURS, THEIRS)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = Path(os.environ["XDG_RUNTIME_DIR"]) / f"taskforce-edit-{gone.pid}-00"
    left.mkdir(mode=0o700)
    (left / "text").write_text("secret")
    will(editor, "text = 'Mine.'")
    edit(first, ref).ok()
    assert left_behind() == []


def test_vim_is_told_to_keep_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "vim.basic"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    (tmp_path / "vi").symlink_to(program)
    monkeypatch.setenv("VISUAL", f"{tmp_path / 'vi'} -X")
    command = editing.editor_of_person()
    assert command[0].endswith("/vi") and command[-1] == "-X"
    assert {"-n", "NONE"} <= set(command) and any("noundofile" in word for word in command)
    monkeypatch.setenv("VISUAL", sys.executable)
    assert len(editing.editor_of_person()) == 1


def test_an_erasure_takes_the_text_that_was_begun_with_it(two: tuple[Team, Team], editor: Path) -> None:
    first, second = two
    ref = written_apart(first, second, OURS, THEIRS)
    will(editor, "text = 'CANARY\\n' + text")
    edit(first, ref).failed(4)
    first.call("erase", ref, "--part", "operational", "--reason", "wrong record", "--yes").ok()
    ran = call("backup", str(first.folder / "b"), *first.place)
    assert ran.code == 0
    assert drafts_of(first) == []


def drafts_of(team: Team) -> list[str]:
    """The drafts that a store keeps."""
    from taskforce.keys import slots
    from taskforce.store.drafts import list_drafts
    from taskforce.store.store import Store

    store = Store.open(team.store, slots.open_with_key_file(team.store, team.key))
    try:
        return [draft.key for draft in list_drafts(store.connection)]
    finally:
        store.close()
