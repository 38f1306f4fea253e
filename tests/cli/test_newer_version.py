"""Partners do not upgrade on one day: what a newer version writes is kept, passed on, told, and comes to life later.

The newer version is real: a copy of this program with another kind, field and code declared, run as a process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from program import SOURCE, Ran, Team, introduce, new_team

BEACON = """
from __future__ import annotations

from taskforce.records.schema import DIRECTORY, OPERATIONAL, N_, Field, Kind, Type

KIND = Kind(
    name="{name}", plural="{name}s", letter="{letter}", order=999, label=N_("{label}"), help=N_("{label}"),
    title="name", positional="name", plan_key=("name",), anchors={{{part}: "{anchor}"}}, columns=("name",),
    fields=(
        Field("name", Type.TEXT, {part}, N_("Name"), required=True),
        {operation}
    ),
)
"""
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "bundles"


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source tree of a later version: kinds `beacon` and `vehicle`, `agency --hologram`, priority `lightning`."""
    source = tmp_path_factory.mktemp("newer") / "src"
    shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
    kinds = source / "taskforce" / "records" / "kinds"
    names = {
        "name": "beacon",
        "letter": "Q",
        "label": "Beacon",
        "part": "DIRECTORY",
        "anchor": "",
        "operation": "",
    }
    (kinds / "beacon.py").write_text(BEACON.format(**names))
    where = 'Field("operation", Type.REF, OPERATIONAL, N_("Operation"), required=True, to="operation"),'
    names = {
        "name": "vehicle",
        "letter": "W",
        "label": "Vehicle",
        "part": "OPERATIONAL",
        "anchor": "operation",
    }
    (kinds / "vehicle.py").write_text(BEACON.format(**names, operation=where))
    change(
        kinds / "agency.py",
        "    fields=(\n",
        '    fields=(\n        Field("hologram", Type.TEXT, DIRECTORY, N_("Hologram")),\n',
    )
    change(
        kinds.parent / "codes.py",
        '    "flash": N_("Flash"),',
        '    "flash": N_("Flash"),\n    "lightning": N_("Lightning"),',
    )
    change(source / "taskforce" / "version.py", '__version__ = "', '__version__ = "9.')
    return source


def change(path: Path, old: str, new: str) -> None:
    """Replace a text that must be there."""
    text = path.read_text()
    assert old in text, path
    path.write_text(text.replace(old, new, 1))


def run(source: Path, team: Team, *arguments: str) -> Ran:
    """Run a version of the program."""
    done = subprocess.run(
        [sys.executable, "-m", "taskforce", *arguments, *team.place],
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return Ran(done.returncode, done.stdout, done.stderr).ok()


@pytest.fixture
def teams(tmp_path: Path, newer: Path) -> tuple[Team, Team, Team]:
    """CITY and PORT have this version; NGO has the newer one, has used what is new in it, and told CITY."""
    city, port, ngo = (
        new_team(tmp_path / code.lower(), code, f"Officer of {code}") for code in ("CITY", "PORT", "NGO")
    )
    introduce(city, port, ngo)
    for line in (
        ("agency", "add", "NGO"),
        ("agency", "add", "PORT"),
        ("operation", "add", "GREY HERON", "--lead", "CITY"),
        ("operation", "join", "GREY HERON", "NGO", "--role", "partner"),
        ("operation", "join", "GREY HERON", "PORT", "--role", "partner"),
        ("use", "GREY HERON"),
        ("assignment", "add", "Search the yard", "--agency", "NGO"),
    ):
        city.call(*line).ok()
    give(city, ngo, "NGO")
    [assignment] = ngo.data("assignment", "list")
    for line in (
        ("use", "GREY HERON"),
        ("beacon", "add", "Radio mast"),
        ("vehicle", "add", "White van"),
        ("agency", "edit", "NGO", "--hologram", "blue", "--note", "Ring twice"),
        ("assignment", "edit", assignment["ref"], "--priority", "lightning"),
        ("export", "--to", "CITY", "-o", str(ngo.folder / "out.bundle")),
    ):
        run(newer, ngo, *line)
    city.call("import", str(ngo.folder / "out.bundle")).ok()
    return city, port, ngo


def give(sender: Team, receiver: Team, code: str) -> None:
    """A bundle goes over."""
    path = sender.folder / f"to-{code}.bundle"
    sender.call("export", "--to", code, "-o", str(path), "--force").ok()
    receiver.call("import", str(path)).ok()


def edits_of(team: Team, device: str) -> dict[int, str]:
    """The canonical text of each edit of a device that a store holds."""
    from taskforce.keys import slots
    from taskforce.store.store import Store

    store = Store.open(team.store, slots.open_with_key_file(team.store, str(team.key)))
    rows = store.connection.execute(
        "SELECT number, body FROM edit JOIN feed ON feed.id = edit.feed WHERE device = ?", (device,)
    ).fetchall()
    store.close()
    return dict(rows)


def test_what_a_newer_version_wrote_is_kept_and_told(teams: tuple[Team, Team, Team]) -> None:
    city, _port, _ngo = teams
    found = city.data("doctor")
    assert found["faults"] == []
    assert [(each["kind"], each["field"], each["code"], each["records"]) for each in found["newer"]] == [
        ("beacon", None, None, 1),
        ("vehicle", None, None, 1),
        ("agency", "hologram", None, 1),
        ("assignment", "priority", "lightning", 1),
    ]
    said = city.call("doctor").ok().out
    assert "newer version" in said and "field hologram of agency" in said and "kind beacon" in said
    items = [item for item in city.data("status")["attention"] if item["kind"] == "newer"]
    assert [item["subject"] for item in items] == ["beacon", "vehicle"]
    shown = city.call("agency", "show", "NGO").ok()
    assert "Ring twice" in shown.out
    assert "from a newer version: hologram: blue" in shown.err
    assert "hologram: blue  (from a newer version)" in city.call("history", "NGO").ok().out
    [assignment] = city.data("assignment", "list")
    assert assignment["priority"] == "lightning", "as it came"


def test_it_is_passed_on_as_it_came_as_far_as_a_rule_lets_it(
    teams: tuple[Team, Team, Team], newer: Path
) -> None:
    city, port, ngo = teams
    give(city, port, "PORT")
    device = json.loads(ngo.call("history", "NGO", "--json").ok().out)["data"][-1]["device"]
    written, passed = edits_of(ngo, device), edits_of(port, device)
    assert passed and all(written[number] == text for number, text in passed.items())
    kinds = {json.loads(text)["kind"] for text in passed.values()}
    assert kinds == {"agency", "assignment", "beacon"}, "no rule known here says who may have a vehicle"
    run(newer, city, "doctor")  # the first start of the newer version knows
    run(newer, city, "export", "--to", "PORT", "-o", str(city.folder / "again.bundle"))
    port.call("import", str(city.folder / "again.bundle")).ok()
    assert edits_of(port, device) == written


@pytest.mark.parametrize("how", ["by itself", "doctor --rebuild"])
def test_it_comes_to_life_with_the_upgrade(
    teams: tuple[Team, Team, Team], newer: Path, how: str, tmp_path: Path
) -> None:
    city, port, _ngo = teams
    give(city, port, "PORT")
    source = newer
    if how == "doctor --rebuild":  # a version that does not say so by its number
        source = tmp_path / "src"
        shutil.copytree(newer, source, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(SOURCE / "taskforce" / "version.py", source / "taskforce" / "version.py")
        # The tables of the kinds are of the older program: adding them is what a rebuild does.
        run(source, city, "doctor", "--rebuild")
        run(source, port, "doctor", "--rebuild")
    for team in (city, port):
        [beacon] = json.loads(run(source, team, "beacon", "list", "--json").out)["data"]
        assert beacon["name"] == "Radio mast" and beacon["created_by"] == "Officer of NGO"
        ngo = json.loads(run(source, team, "agency", "show", "NGO", "--json").out)["data"]
        assert (ngo["hologram"], ngo["note"]) == ("blue", "Ring twice")
        assert json.loads(run(source, team, "doctor", "--json").out)["data"]["newer"] == []
        assert "Radio mast" in run(source, team, "search", "mast").out
    [vehicle] = json.loads(run(source, city, "vehicle", "list", "--json").out)["data"]
    assert vehicle["name"] == "White van"


def test_a_bundle_that_requires_what_this_version_cannot_do_is_refused_by_name(
    teams: tuple[Team, Team, Team], tmp_path: Path
) -> None:
    city = teams[0]
    before = city.fingerprint()
    text = (FIXTURES / "format-1" / "newer.bundle").read_text()
    path = tmp_path / "later.bundle"
    path.write_text(text.replace("requires: []", "requires: [holograms, telepathy]", 1))
    error = city.error("import", str(path))
    assert error["exit"] == 5
    assert "holograms, telepathy" in error["message"] and "cannot do" in error["message"]
    assert city.fingerprint() == before


def test_every_released_format_has_fixtures_and_they_are_read_by_tests() -> None:
    """A new format gets a folder of its own; test_bundle_vectors.py imports every bundle that `expected.yaml` names."""
    from taskforce.sync import bundle

    folders = sorted(each.name for each in FIXTURES.iterdir() if each.is_dir())
    assert folders == [f"format-{number}" for number in range(1, int(bundle.FORMAT) + 1)]
    for folder in folders:
        expected = yaml.safe_load((FIXTURES / folder / "expected.yaml").read_text())
        assert {each.name for each in (FIXTURES / folder).glob("*.bundle")} == set(expected)
