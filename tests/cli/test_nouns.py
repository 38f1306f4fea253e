"""Every kind can be added, listed, shown, edited, archived and restored, whatever its declaration says."""

from __future__ import annotations

import csv
import io

import pytest
from program import Team
from samples import KINDS, first_id, sample, settable, typed, whole

from taskforce.records.schema import Field, Kind, Type
from taskforce.sync.strict_yaml import PLAN_LIMITS, read_marked

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def add_whole(team: Team, kind: Kind) -> tuple[dict[str, str], dict[str, object]]:
    values = whole(team, kind)
    if kind.name == "participation":  # there is one of KH-CNP already
        values["agency"] = "KH-NGO"
    record: dict[str, object] = team.data(kind.name, "add", *typed(kind, values))
    return values, record


@each_kind
def test_add_keeps_every_field_and_show_and_list_give_it_back(team: Team, kind: Kind) -> None:
    values, record = add_whole(team, kind)
    for field in settable(kind):
        assert record[field.name] == expected(team, field, values[field.name]), field.name
    assert record["archived"] is False
    assert record["created_by"] == "J. Okafor"
    assert record["created_in"] == "INTERPOL"
    assert team.data(kind.name, "show", str(record["id"])) == record
    assert team.data(kind.name, "show", str(record["ref"])) == record
    assert record in team.data(kind.name, "list")


def expected(team: Team, field: Field, text: str) -> object:
    if field.type == Type.INTEGER:
        return int(text)
    if field.type == Type.REF and field.to == "operation":
        text = first_id(team, "operation")
    return [text] if field.many else text


@each_kind
def test_every_field_can_be_edited_and_cleared(team: Team, kind: Kind) -> None:
    record = team.data(kind.name, "list")[0]
    fields = [field for field in settable(kind) if not field.fixed]
    if not kind.editable:
        refused = team.error(kind.name, "edit", record["ref"], fields[0].option, "other")
        assert (refused["exit"], "never edited" in refused["message"]) == (4, True)
        assert "log correct" in refused["hint"]
        return
    words = [word for field in fields for word in (field.option, sample(team, field))]
    changed = team.data(kind.name, "edit", record["ref"], *words)
    for field in fields:
        assert changed[field.name] == expected(team, field, sample(team, field)), field.name
    needed = "given_by" if kind.name == "consent" else ""  # where there is no override
    optional = [field for field in fields if not field.required and field.name != needed]
    cleared = team.data(
        kind.name, "edit", record["ref"], *(word for field in optional for word in (field.option, ""))
    )
    assert all(cleared[field.name] in (None, []) for field in optional)
    for field in fields:
        if field.required:
            assert team.error(kind.name, "edit", record["ref"], field.option, "")["exit"] == 2


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.editable], ids=lambda kind: kind.name)
def test_edit_without_a_change_makes_no_edit(team: Team, kind: Kind) -> None:
    record = team.data(kind.name, "list")[0]
    before = team.data("doctor")["edits"]
    ran = team.call(kind.name, "edit", record["ref"], "--json")
    assert ran.data == record
    assert ran.envelope["notes"] == ["nothing changed"]
    assert team.data("doctor")["edits"] == before


@each_kind
def test_archived_is_out_of_view_until_it_is_restored(team: Team, kind: Kind) -> None:
    record = team.data(kind.name, "list")[0]
    if not kind.editable:
        assert team.error(kind.name, "archive", record["ref"])["exit"] == 4
        return
    assert team.data(kind.name, "archive", record["ref"])["archived"] is True
    assert record["id"] not in {each["id"] for each in team.data(kind.name, "list")}
    assert record["id"] in {each["id"] for each in team.data(kind.name, "list", "--archived")}
    assert "archived" in team.call(kind.name, "show", record["id"]).ok().out
    assert team.data(kind.name, "archive", record["id"], "--restore")["archived"] is False
    assert record["id"] in {each["id"] for each in team.data(kind.name, "list")}


@each_kind
def test_lists_come_as_table_json_csv_and_yaml(team: Team, kind: Kind) -> None:
    _values, record = add_whole(team, kind)
    records = team.data(kind.name, "list")
    table = team.call(kind.name, "list").ok()
    assert all(each["ref"] in table.out for each in records)
    assert team.call(kind.name, "list", "--format", "json").data == records

    rows = list(csv.DictReader(io.StringIO(team.call(kind.name, "list", "--format", "csv").ok().out)))
    assert [row["id"] for row in rows] == [each["id"] for each in records]
    assert list(rows[0]) == list(record)

    written = team.call(kind.name, "list", "--format", "yaml").ok().out
    read = read_marked(io.BytesIO(written.encode()), "list", PLAN_LIMITS).data
    assert list(read) == [kind.plural]
    assert [each["id"] for each in read[kind.plural]] == [each["id"] for each in records]


@each_kind
def test_a_required_field_that_is_missing_is_named(team: Team, kind: Kind) -> None:
    required = [field for field in settable(kind) if field.required and field.name != "operation"]
    before = team.fingerprint()
    for missing in required:
        values = {field.name: sample(team, field) for field in required if field is not missing}
        error = team.error(kind.name, "add", *typed(kind, values))
        assert error["exit"] == 2
        assert missing.label.lower() in error["message"]
        assert error["hint"]
    assert team.fingerprint() == before


@each_kind
def test_every_noun_and_verb_runs_as_a_process(team: Team, kind: Kind) -> None:
    values = whole(team, kind)
    if kind.name == "participation":
        values["agency"] = "KH-NGO"
    record = team.run(kind.name, "add", *typed(kind, values), "--json").data
    assert record["ref"] in team.run(kind.name, "list").ok().out
    assert record["ref"] in team.run(kind.name, "show", record["ref"]).ok().out
    if kind.editable:
        team.run(kind.name, "edit", record["id"]).ok()
        team.run(kind.name, "archive", record["id"]).ok()
    else:
        team.run(kind.name, "edit", record["id"]).failed(4)
        team.run(kind.name, "archive", record["id"]).failed(4)
