"""`audit export`: what a court gets can be checked by people who have nothing of ours, and nobody can change it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from program import Ran, Team
from story import hand_over, make_story

from taskforce.actions.session import Session
from taskforce.canonical import canonical
from taskforce.keys import identity, slots
from taskforce.keys.encoding import to_text
from taskforce.store.store import Store

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "verify_audit.py"
COURT = ("--to", "District Court", "--reason", "order 12/2026")

# Runs the script over many files in one process that cannot import taskforce, whatever lies about.
ALONE = """
import contextlib, io, json, runpy, sys
sys.modules["taskforce"] = None
script, *files = sys.argv[1:]
told = []
for file in files:
    sys.argv = [script, file]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            runpy.run_path(script, run_name="__main__")
        except SystemExit as leaving:
            code = leaving.code
    told.append([code, out.getvalue()])
assert not any(name.startswith("taskforce.") for name in sys.modules)
print(json.dumps(told))
"""


def check(*files: Path) -> list[Ran]:
    """What the script says of each file, run with nothing of ours."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE, str(SCRIPT), *map(str, files)],
        capture_output=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr.decode()
    return [Ran(code, out, "") for code, out in json.loads(done.stdout)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """Two agencies' story, with a conflict, and a victim of whom one part was erased."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(tmp_path_factory.mktemp("settings") / "none.yaml"))
        team = make_story(tmp_path_factory.mktemp("court"))
        victim = team.data("victim", "list")[0]["ref"]
        team.call("victim", "edit", victim, "--health", "Thirsty", "--family-name", "Petrauskas").ok()
        for title in ("Inspect compounds 4 and 5", "Inspect compounds 4 to 6"):
            team.call("assignment", "edit", assignment(team), "--title", title).ok()
        return team


def assignment(team: Team) -> str:
    return str(team.data("assignment", "list")[0]["ref"])


@pytest.fixture
def team(made: Team, tmp_path: Path) -> Team:
    """A copy of that store."""
    return made.copy_to(tmp_path / "team")


def export(team: Team, ref: str, *options: str) -> dict[str, Any]:
    """Export a record for a court; the file as the next who reads it finds it."""
    path = team.folder / "court.json"
    team.call("audit", "export", ref, "-o", str(path), "--force", *COURT, *options).ok()
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_it_holds_every_edit_and_passes_without_anything_of_ours(team: Team) -> None:
    ref = assignment(team)
    document = export(team, ref)
    path = team.folder / "court.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    history = {each["edit"] for each in team.data("history", ref)}
    assert {edit["edit"] for edit in document["edits"]} == history and len(history) == 5
    [ran] = check(path)
    assert ran.ok().out.rstrip().endswith("OK: every signature, certificate, id and hash holds")
    shown = team.data("assignment", "show", ref)
    assert f"operational.title = {shown['title']}\n" in ran.out
    [conflict] = team.data("conflict", "show", ref)
    due = next(line for line in ran.out.splitlines() if line.startswith("  operational.due"))
    assert due.endswith("CONFLICT")
    assert set(due.partition(" = ")[2].removesuffix("  CONFLICT").split(" | ")) == {
        side["value"] for side in conflict["values"]
    }
    assert "KH-CNP" in ran.out and "confirmed with --yes" in ran.out and "J. Okafor" in ran.out
    assert "1 of them follow one that is here" in ran.out


def test_it_is_recorded_as_told_and_who_looked(team: Team) -> None:
    victim = team.data("victim", "list")[0]["ref"]
    before = team.data("disclosures", victim)
    export(team, victim, "--part", "identity", "--part", "care")
    [care, identity_] = [one for one in team.data("disclosures", victim) if one not in before]
    assert (care["part"], identity_["part"]) == ("care", "identity")
    for one in (care, identity_):
        assert (one["to"], one["number"], one["by"], one["ref"]) == ("District Court", 1, "J. Okafor", victim)
        assert one["basis"] == "audit export: order 12/2026"
    reads = {(one["part"], one["way"], one["reason"]) for one in team.data("disclosures", "--reads")}
    assert reads >= {("identity", "export", "order 12/2026"), ("care", "export", "order 12/2026")}
    assert team.data("disclosures", "--to", "district court") == [care, identity_]
    assert team.call("doctor").code == 0
    assert team.data("audit", "verify")["sound"]
    assert team.data("recall", "status")["not_recalled"] == [], "nobody sends a court a recall"
    export(team, assignment(team))
    assert [
        one["number"] for one in team.data("disclosures", assignment(team), "--to", "District Court")
    ] == [2]


def test_parts_and_what_is_erased_are_left_out_and_counted(team: Team) -> None:
    victim = team.data("victim", "list")[0]["ref"]
    team.call("erase", victim, "--part", "identity", "--reason", "she asked for it", "--yes").ok()
    document = export(team, victim, "--part", "identity")
    assert "Petrauskas" not in json.dumps(document)
    assert [set(edit["set"]) for edit in document["edits"]] == [{"erased"}]
    [erased] = document["left-out"]["erased"]
    assert erased["part"] == "identity" and erased["numbers"]
    assert set(document["left-out"]["other-parts"]) == {"case", "care"}
    [ran] = check(team.folder / "court.json")
    assert "identity.erased = she asked for it" in ran.ok().out and "other-parts" in ran.out
    assert "erased" in team.call("audit", "export", victim, "-o", str(team.folder / "x"), *COURT).ok().out


def test_what_is_only_proposed_is_no_value_in_the_end(made: Team, tmp_path: Path) -> None:
    team = made.copy_to(tmp_path / "1")
    second = Team(made.folder.parent / "2").copy_to(tmp_path / "2")
    site = team.data("site", "list")[0]["ref"]
    second.call("site", "edit", site, "--note", "The gate is open").ok()
    hand_over(second, team)
    document = export(team, site)
    [[edit, fields]] = document["proposed"].items()
    assert fields == ["note"] and edit in {each["edit"] for each in document["edits"]}
    [ran] = check(team.folder / "court.json")
    assert "note = The gate is open  (a proposal" in ran.ok().out
    assert "operational.note" not in ran.out.partition("Finally:")[2]


def test_what_the_exporter_never_had_is_counted_whatever_record_it_is_of(made: Team, tmp_path: Path) -> None:
    second = Team(made.folder.parent / "2").copy_to(tmp_path / "2")
    [gap] = [one for one in second.data("feed", "list") if one["not_held"]]
    document = export(second, second.data("contact", "list")[0]["ref"])
    assert document["left-out"]["not-held"] == {gap["feed"]: gap["not_held"]}
    [ran] = check(second.folder / "court.json")
    assert gap["feed"] in ran.ok().out.partition("Not in it")[2]


def test_it_is_whole_or_not_there_and_replaces_only_when_asked(team: Team) -> None:
    ref, path = assignment(team), team.folder / "court.json"
    path.write_text("an older one")
    told = len(team.data("disclosures"))
    team.call("audit", "export", ref, "-o", str(path), *COURT).failed(4)
    assert path.read_text() == "an older one"
    for wrong in (
        (ref, "-o", str(path)),
        (ref, "-o", str(path), "--to", "District Court"),
        (ref, "-o", str(path), "--reason", "order 12"),
        (ref, *COURT),
        (ref, *COURT, "-o", "-"),
        (ref, *COURT, "-o", str(path), "--part", "identety"),
        (ref, *COURT, "-o", str(team.folder / "none" / "court.json")),
    ):
        team.call("audit", "export", *wrong).failed(2)
    team.call("audit", "export", "A-0000", *COURT, "-o", str(path)).failed(3)
    assert len(team.data("disclosures")) == told, "what was not written told nobody anything"


def test_a_setting_that_asks_for_a_reason_is_content_with_the_courts(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFORCE_CONFIG", str(team.folder / "settings.yaml"))
    team.call("config", "set", "reason-for", "identity,care").ok()
    export(team, team.data("victim", "list")[0]["ref"])


def test_an_edit_that_does_not_hold_is_not_handed_over(team: Team) -> None:
    store = Store.open(team.store, slots.open_with_key_file(team.store, team.key))
    store.connection.execute("UPDATE edit SET body = replace(body, 'compound 4', 'compound 9')")
    store.close()
    error = team.error("audit", "export", assignment(team), "-o", str(team.folder / "court.json"), *COURT)
    assert (error["exit"], error["code"]) == (4, "not-proved")
    assert not (team.folder / "court.json").exists()


Change = Callable[[dict[str, Any]], object]


def _set(*path: Any) -> Change:
    """Put the last of `path` where the others lead."""
    *keys, last, value = path

    def change(document: Any) -> None:
        for key in keys:
            document = document[key]
        document[last] = value

    return change


def _swap_signatures(document: dict[str, Any]) -> None:
    one, other = document["edits"][:2]
    one["sig"], other["sig"] = other["sig"], one["sig"]


def _by_another_agency(document: dict[str, Any]) -> None:
    """A certificate by a key of somebody's own, with the agency's name on it; the key is entered, too."""
    forger, [certificate] = (
        identity.new_agency(),
        [one for one in document["certificates"] if one["agency"] == "KH-CNP"],
    )
    keys = identity.DeviceKeys(certificate["sign-key"], certificate["seal-to"])
    certificate.update(identity.certify(forger, "KH-CNP", keys, "2026-01-01"))


def _look_alike(document: dict[str, Any]) -> None:
    """An agency that nobody's edits are of, whose code has a Cyrillic letter."""
    document["agencies"].append({**document["agencies"][0], "agency": "K\u041d-CNP"})


ON_THE_WAY: Mapping[str, Change] = {
    "value": _set("edits", 0, "set", "title", "Leave compound 4"),
    "officer": _set("edits", 0, "by", "A. Sok"),
    "time": _set("edits", 0, "at", "2020-01-01T00:00:00.000Z/0"),
    "signatures swapped": _swap_signatures,
    "edit taken out": lambda document: document["edits"].pop(1),
    "edit twice": lambda document: document["edits"].append(document["edits"][-1]),
    "order": lambda document: document["edits"].reverse(),
    "to": _set("to", "Another court"),
    "reason": _set("reason", "none"),
    "digest": _set("digest", "A" * 43),
    "signature of the file": lambda document: document.update(sig=document["edits"][0]["sig"]),
    "what is left out": _set("left-out", {}),
    "who verified": _set("agencies", 1, "known", {"how": "own"}),
    "proposed": lambda document: document["proposed"].update({document["edits"][0]["edit"]: ["title"]}),
    "certificate altered": _set("certificates", 0, "made", "2020-01-01"),
    "certificate gone": lambda document: document["certificates"].pop(0),
    "version": _set("taskforce-audit", "2"),
}
"""Each changes the file in one way that somebody might who carries it."""

BY_THE_EXPORTER: Mapping[str, tuple[Change, str]] = {
    "value": (ON_THE_WAY["value"], "not signed by its device"),
    "signatures swapped": (_swap_signatures, "not signed by its device"),
    "another record": (_set("record", "id", "0000000000000000"), "of another record"),
    "another part": (_set("parts", ["case"]), "of another record or part"),
    "order": (ON_THE_WAY["order"], "not in the order"),
    "twice": (ON_THE_WAY["edit twice"], "stands twice"),
    "certificate": (ON_THE_WAY["certificate altered"], "the signature does not hold"),
    "another agency": (_by_another_agency, "by another agency key"),
    "words": (_set("agencies", 1, "words", "babab babab"), "words of another key"),
    "code that looks alike": (_look_alike, "or no code"),
    "digits of another script": (_set("edits", 0, "at", "2020-01-01T00:00:00.000Z/\u0663"), "cannot be read"),
    "place in another script": (_set("edits", 0, "edit", "0" * 16 + ".1/1\u0663"), "cannot be read"),
}
"""What the exporter could do, who signs the whole anew: what others signed stays theirs."""


def resign(team: Team, document: dict[str, Any], change: Change) -> None:
    """Change a file as the exporting device could, with digest and signature of its own."""
    store = Store.open(team.store, slots.open_with_key_file(team.store, team.key))
    try:
        change(document)
        for key in ("digest", "sig"):
            del document[key]
        document["digest"] = to_text(sha256(canonical(document).encode()).digest())
        document["sig"] = Session(store).sign_audit(canonical(document).encode())
    finally:
        store.close()


def test_whatever_is_changed_on_the_way_or_by_the_exporter_is_found(team: Team) -> None:
    whole = export(team, assignment(team))
    files = []

    def write(text: str) -> None:
        files.append(team.folder / f"{len(files)}.json")
        files[-1].write_text(text)

    for change in ON_THE_WAY.values():
        document = json.loads(json.dumps(whole))
        change(document)
        write(json.dumps(document))
    for change, _why in BY_THE_EXPORTER.values():
        document = json.loads(json.dumps(whole))
        resign(team, document, change)
        write(json.dumps(document))
    text = json.dumps(whole)
    for broken in (
        "",
        "[]",
        "nothing",
        text[:-2],
        text[: len(text) // 2],
        '{"to": "x", ' + text[1:],
        "[" * 10**5,
        '{"a":' * 10**5,
        '{"more": 1' + "0" * 5000 + ", " + text[1:],
        '{"more": NaN, ' + text[1:],
        '{"more": [true], ' + text[1:],
    ):
        write(broken)
    *told, _last = [*check(*files), None]
    names = [*ON_THE_WAY, *(f"exporter: {name}" for name in BY_THE_EXPORTER), *map(str, range(11))]
    assert len(told) == len(names)
    for name, ran in zip(names, told, strict=True):
        assert ran is not None and ran.code == 1 and "FAULT" in ran.out and "OK:" not in ran.out, name
    for ran, (name, (_change, why)) in zip(told[len(ON_THE_WAY) :], BY_THE_EXPORTER.items(), strict=False):
        assert ran is not None and why in ran.out, f"{name}: {ran}"


def test_the_exporter_cannot_rewrite_an_own_edit_that_another_follows(team: Team) -> None:
    document = export(team, assignment(team))
    store = Store.open(team.store, slots.open_with_key_file(team.store, team.key))

    def rewrite(document: dict[str, Any]) -> None:
        edit = document["edits"][-2]
        assert edit["set"] == {"title": "Inspect compounds 4 and 5"}
        del edit["sig"]
        edit["set"]["title"] = "Leave the compounds alone"
        edit["sig"] = Session(store).sign_edit(canonical(edit).encode())

    resign(team, document, rewrite)
    store.close()
    path = team.folder / "rewritten.json"
    path.write_text(json.dumps(document))
    [ran] = check(path)
    assert ran.code == 1 and "does not follow the one before" in ran.out
    assert "not signed" not in ran.out, "the device itself signed it; the chain alone tells"


def test_what_a_record_says_draws_nothing_on_the_experts_terminal(team: Team) -> None:
    ref = assignment(team)
    team.call("assignment", "edit", ref, "--instructions", "a\nOK: forged\n\x1b]52;c;x\x07\u202e\x9b31m").ok()
    document = export(team, ref)
    assert document["edits"][-1]["set"]["instructions"].startswith("a\nOK: forged")
    path = team.folder / "court.json"
    assert all(one.isprintable() or one == "\n" for one in path.read_text())
    [ran] = check(path)
    assert all(one.isprintable() or one == "\n" for one in ran.ok().out)
    assert sum(line.startswith("OK:") for line in ran.out.splitlines()) == 1


def test_a_terminal_that_knows_few_letters_makes_nothing_false(team: Team) -> None:
    ref = assignment(team)
    team.call("assignment", "edit", ref, "--instructions", "\u1796\u17d2\u179a\u17c7 \u2014 caf\u00e9").ok()
    export(team, ref)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(team.folder / "court.json")],
        capture_output=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0 and b"\nOK: every signature" in done.stdout
    assert b"\\u2014 caf\\xe9" in done.stdout
