"""The same plan twice makes nothing twice, here or on two stores; an export imported back changes nothing."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from program import Team, introduce, new_team
from samples import KINDS, settable, typed, whole

from taskforce.sync.strict_yaml import PLAN_LIMITS, read_marked

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
PLANS = ("storm-makers-ii.yaml", "hotel-check.yaml", "agreements.yaml")


def fill(team: Team) -> None:
    """One more record of every kind with a value in every field."""
    for kind in KINDS:
        values = whole(team, kind)
        if kind.name == "participation":
            values["agency"] = "KH-NGO"
        team.call(kind.name, "add", *typed(kind, values)).ok()


def test_export_and_import_back_changes_nothing_also_after_edits(team: Team, tmp_path: Path) -> None:
    fill(team)
    for step in range(3):
        path = tmp_path / f"{step}.yaml"
        team.call("export", "--records", "-o", str(path)).ok()
        before = team.fingerprint()
        found = team.data("import", str(path))
        assert (found["changes"], found["unchanged"] > 20) == ([], True)
        assert team.fingerprint() == before
        assert team.run("import", "-", stdin=path.read_bytes()).ok().out.strip().endswith("nothing new")
        assignment, victim = (team.data(kind, "list")[0]["id"] for kind in ("assignment", "victim"))
        team.call(
            "assignment", "edit", assignment, "--instructions", f"line {step}\nline: two # three\n"
        ).ok()
        team.call("victim", "edit", victim, "--family-name", "", "--account", "- 'x': \"y\"\n  : z").ok()


def test_what_is_exported_says_all_that_the_records_say(team: Team) -> None:
    fill(team)
    plan = read_marked(io.BytesIO(team.export().encode()), "plan", PLAN_LIMITS).data
    for kind in KINDS:
        records = {each["id"]: each for each in team.data(kind.name, "list")}
        written = plan[kind.plural]
        assert len(written) == len(records)
        for one in written:
            if "id" in one:
                record = records[one["id"]]
            else:
                (record,) = (
                    each for each in records.values() if all(each[name] == one[name] for name in kind.natural)
                )
            said = {
                field.name: record[field.name]
                for field in kind.fields
                if record[field.name] not in (None, [])
            }
            if kind.name == "agency" or any(field.type == "integer" for field in kind.fields):
                said = {name: str(value) if isinstance(value, int) else value for name, value in said.items()}
            assert {name: value for name, value in one.items() if name != "id"} == said
        assert settable(kind)


def test_an_export_read_into_an_empty_store_gives_the_same_records(team: Team, tmp_path: Path) -> None:
    fill(team)
    other = new_team(tmp_path / "other", "INTERPOL", "J. Okafor")
    path = tmp_path / "plan.yaml"
    path.write_text(team.export())
    other.call("import", str(path)).ok()
    assert sections(other) == sections(team)


def sections(team: Team) -> dict[str, list[str]]:
    """The records of a store's export by kind, in an order of their own."""
    plan = read_marked(io.BytesIO(team.export().encode()), "plan", PLAN_LIMITS).data
    return {kind.plural: sorted(repr(sorted(one.items())) for one in plan[kind.plural]) for kind in KINDS}


@pytest.mark.parametrize("name", PLANS)
def test_the_same_plan_twice_makes_nothing_twice(tmp_path: Path, name: str) -> None:
    team = new_team(tmp_path / "1", "INTERPOL", "J. Okafor")
    first = team.data("import", str(FIXTURES / name))
    assert (first["applied"], len(first["changes"]) > 0) == (True, True)
    before = team.fingerprint()
    assert team.data("import", str(FIXTURES / name))["changes"] == []
    assert team.fingerprint() == before


def test_a_dry_run_says_what_the_import_does_and_does_nothing(team: Team, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("sites:\n- name: Compound 4\n  place: Road 9\n- name: Pier 9\n")
    before = team.fingerprint()
    would = team.data("import", str(plan), "--dry-run")
    assert team.fingerprint() == before
    assert [(each["label"], each["new"], each["fields"].get("place")) for each in would["changes"]] == [
        ("Compound 4", False, "Road 9"),
        ("Pier 9", True, None),
    ]
    assert team.data("import", str(plan)) == {**would, "applied": True}


def test_the_same_plan_on_two_stores_that_swap_bundles_meets_itself(tmp_path: Path) -> None:
    first = new_team(tmp_path / "1", "INTERPOL", "J. Okafor")
    second = new_team(tmp_path / "2", "KH-CNP", "J. Sok")
    introduce(first, second)
    for team in (first, second):
        team.call("import", str(FIXTURES / "hotel-check.yaml")).ok()
    counts = [{kind.name: len(everything(first, kind.name)) for kind in KINDS}]
    for sender, receiver in ((first, second), (second, first), (first, second)):
        path = tmp_path / "next.bundle"
        sender.call("export", "--to", receiver.data("status")["agency"], "-o", str(path), "--force").ok()
        receiver.call("import", str(path)).ok()
    for team in (first, second):
        assert team.data("conflict", "list") == []
        assert team.data("import", str(FIXTURES / "hotel-check.yaml"))["changes"] == []
        counts.append({kind.name: len(everything(team, kind.name)) for kind in KINDS})
    own_record_of_the_other = {**counts[0], "agency": counts[0]["agency"] + 1}
    assert counts[1] in (counts[0], own_record_of_the_other)
    assert counts[2] == counts[1]
    shared = ("operation", "site", "assignment", "participation", "contact")
    for kind in shared:
        assert [bare(each) for each in everything(first, kind)] == [
            bare(each) for each in everything(second, kind)
        ]


def everything(team: Team, kind: str) -> list[dict[str, object]]:
    scope = (
        ["--operation", "all"] if any(each.name == kind and each.field("operation") for each in KINDS) else []
    )
    found: list[dict[str, object]] = team.data(kind, "list", *scope)
    return sorted(found, key=lambda record: str(record["id"]))


def bare(record: dict[str, object]) -> dict[str, object]:
    past = ("created", "changed", "ref")
    return {name: value for name, value in record.items() if not name.startswith(past)}


def test_an_export_may_be_of_one_operation(team: Team) -> None:
    team.call("operation", "add", "OTHER").ok()
    team.call("assignment", "add", "elsewhere", "--operation", "OTHER").ok()
    text = team.call("export", "--records", "--operation", "STORM MAKERS II").ok().out
    assert "Inspect compound 4" in text and "elsewhere" not in text
    other = team.call("export", "--records", "--operation", "OTHER").ok().out
    assert "elsewhere" in other and "Inspect compound 4" not in other


@pytest.mark.parametrize("name", ["store.db", "keys.json", "store.db.next", "KEYS.JSON.next", "incarnation"])
def test_nothing_takes_the_place_of_a_stores_own_file(team: Team, tmp_path: Path, name: str) -> None:
    before = {path.name: path.read_bytes() for path in team.store.iterdir()}
    path = str(team.store / name)
    for line in (("backup", "write", path, "--force"), ("export", "--records", "-o", path, "--force")):
        assert "file of the store" in team.call(*line).failed(4).err
    if not (team.store / name).exists():
        assert "file of the store" in team.call("key", "add", "--new-key-file", path).failed(4).err
    assert {path.name: path.read_bytes() for path in team.store.iterdir()} == before
    team.call("export", "--records", "-o", str(tmp_path / name)).ok()  # elsewhere it is a name like any


def test_an_existing_file_or_a_link_is_not_written_over_unless_asked(team: Team, tmp_path: Path) -> None:
    path, target = tmp_path / "plan.yaml", tmp_path / "target"
    target.write_text("mine")
    path.symlink_to(target)
    for line in (("export", "--records"), ("peer", "card")):
        assert "is there already" in team.call(*line, "-o", str(path)).failed(4).err
        refused = team.call(*line, "-o", str(path), "--force").failed(4).err  # a link is never followed
        assert "no link and no folder" in refused and "--force" not in refused
        assert "--force" in team.call(*line, "-o", str(target)).failed(4).err
    assert target.read_text() == "mine"
    team.call("export", "--records", "-o", str(target), "--force").ok()
    assert target.read_text() == team.export()
    assert "the folder of" in team.call("export", "--records", "-o", str(tmp_path / "no" / "x")).failed(2).err
