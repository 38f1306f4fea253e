"""The declarations hold together: every name they use exists, every state can be reached, every field has its part."""

from __future__ import annotations

import ast
import inspect
from dataclasses import FrozenInstanceError

import pytest

from taskforce.records import codes, registry, schema
from taskforce.records.registry import all_kinds, find_kind, get_kind, kind_names
from taskforce.records.schema import ARCHIVED, PARTS, SELF, Field, Kind, Type

KINDS = all_kinds()
MOVING = [kind for kind in KINDS if kind.lifecycle is not None]
FIELDS = [(kind, field) for kind in KINDS for field in kind.fields]
TYPES = {value for name, value in vars(Type).items() if name.isupper()}

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
each_field = pytest.mark.parametrize(("kind", "field"), FIELDS, ids=lambda each: each.name)
each_moving = pytest.mark.parametrize("kind", MOVING, ids=lambda kind: kind.name)


def test_the_kinds_of_the_foundation_are_there() -> None:
    assert {kind.name for kind in KINDS} >= {
        *("agency", "contact", "agreement", "operation", "participation", "site", "assignment", "log"),
        *("victim", "consent", "referral"),
    }
    assert set(kind_names()) == {kind.name for kind in KINDS}


def test_kinds_are_found_by_name_and_a_newer_ones_are_not() -> None:
    assert find_kind("assignment") is get_kind("assignment")
    for name in ("", "vehicle", "schema", "../codes", "__init__", "Assignment"):
        assert find_kind(name) is None
        with pytest.raises(KeyError):
            get_kind(name)


def test_names_plurals_letters_and_places_are_each_ones_own() -> None:
    for column in ("name", "plural", "letter", "order"):
        values = [getattr(kind, column) for kind in KINDS]
        assert len(values) == len(set(values)), column
    assert [kind.order for kind in KINDS] == sorted(kind.order for kind in KINDS)


@each_kind
def test_what_a_kind_names_it_has(kind: Kind) -> None:
    names = [field.name for field in kind.fields]
    assert len(names) == len(set(names))
    assert not {"id", "ref", "kind", "key", "archived", "created", "changed", ARCHIVED} & set(names)
    used = [kind.title, kind.positional, kind.deadline, kind.sort.lstrip("-")]
    used += [*kind.natural, *kind.plan_key, *kind.columns, *kind.filters]
    assert {name for name in used if name} <= set(names)
    assert len(kind.letter) == 1 and kind.letter.isascii() and kind.letter.isupper()
    assert kind.label and kind.help and kind.title and kind.columns
    assert all(
        kind.field(name) is not None and kind.field(name).required for name in (*kind.natural, *kind.plan_key)
    )  # type: ignore[union-attr]
    assert bool(kind.deadline_states) <= bool(kind.lifecycle and kind.deadline)
    assert set(kind.deadline_states) <= set(kind.lifecycle.states if kind.lifecycle else ())


@each_kind
def test_every_part_has_an_anchor_that_decides_its_audience(kind: Kind) -> None:
    assert set(kind.anchors) == set(kind.parts) <= set(PARTS)
    assert kind.primary == kind.fields[0].part
    for part, anchor in kind.anchors.items():
        if anchor in ("", SELF):
            continue
        field = kind.field(anchor)
        assert field is not None and field.type == Type.REF and not field.many
        assert field.part == part, "a part's audience is decided by a field that travels with it"


@each_kind
def test_fields_of_a_part_that_everybody_sees_point_at_nothing_narrower(kind: Kind) -> None:
    width = list(PARTS)
    for field in kind.fields:
        if field.type == Type.REF:
            target = get_kind(field.to).primary
            assert width.index(field.part) >= width.index(target), (kind.name, field.name)


@each_field
def test_a_field_is_declared_whole(kind: Kind, field: Field) -> None:
    assert field.type in TYPES
    assert field.part in PARTS
    assert field.label[:1].isupper() and not field.label.endswith((".", ":"))
    assert field.name.isascii() and field.name == field.name.lower() and field.name.isidentifier()
    assert field.option == "--" + field.name.replace("_", "-")
    assert kind.field(field.name) is field
    assert kind.part_of(field.name) == field.part
    assert (field.type == Type.REF) == bool(field.to)
    assert (field.codes is not None) == (field.type in (Type.CODE, Type.PAIR))
    assert (field.pair_codes is not None) == (field.type == Type.PAIR)
    assert (field.minimum is None) or field.type == Type.INTEGER
    assert not field.end_of_day or field.type == Type.TIME
    assert not (field.by_move and field.required)
    if field.to:
        assert find_kind(field.to) is not None
    if field.default and field.default != "now":
        assert field.codes is not None and field.default in field.codes
    if field.default == "now":
        assert field.type == Type.TIME


@each_kind
def test_unknown_fields_are_none_or_a_key_error(kind: Kind) -> None:
    assert kind.field("no_such_field") is None
    with pytest.raises(KeyError):
        kind.part_of("no_such_field")


@each_kind
def test_a_declaration_cannot_be_changed(kind: Kind) -> None:
    with pytest.raises(FrozenInstanceError):
        kind.name = "other"  # type: ignore[misc]


@each_moving
def test_every_state_is_reached_and_the_closed_ones_are_left_by_none(kind: Kind) -> None:
    lifecycle = kind.lifecycle
    assert lifecycle is not None
    reached, ways = {lifecycle.initial}, [lifecycle.initial]
    while ways:
        for move in lifecycle.allowed(ways.pop()):
            if move.target not in reached:
                reached.add(move.target)
                ways.append(move.target)
    assert reached == set(lifecycle.states)
    for state in lifecycle.states:
        assert (state in lifecycle.closed) == (not lifecycle.allowed(state)), state
    names = [move.name for move in lifecycle.moves]
    assert len(names) == len(set(names))
    assert not set(names) & {"add", "list", "show", "edit", "archive"}


@each_moving
def test_a_move_stamps_and_asks_for_fields_that_are_there(kind: Kind) -> None:
    lifecycle = kind.lifecycle
    assert lifecycle is not None
    status = kind.field("status")
    assert status is not None and status.by_move
    assert status.codes == lifecycle.states and status.default == lifecycle.initial
    for move in lifecycle.moves:
        assert lifecycle.move(move.name) is move
        assert {*move.sources, move.target} <= set(lifecycle.states)
        assert all(lifecycle.between(source, move.target) is not None for source in move.sources)
        assert move.help and not move.help.endswith(".")
        asked = {ask.field: kind.field(ask.field) for ask in move.asks}
        assert all(field is not None and field.part == status.part for field in asked.values())
        if move.stamps:
            stamp = kind.field(move.stamps)
            assert stamp is not None and stamp.type == Type.TIME and stamp.part == status.part
    assert lifecycle.move("no-such-move") is None
    assert lifecycle.between(lifecycle.initial, "no-such-state") is None


def test_the_lifecycles_have_the_moves_that_people_were_promised() -> None:
    promised = {
        "operation": "brief launch stand-down close",
        "assignment": "assign accept start block resume done cancel",
        "referral": "send receive accept decline start complete cancel revoke",
        "consent": "withdraw",
        "recall": "confirm",
        "agreement": "sign enter-into-force suspend end",
    }
    for name, moves in promised.items():
        lifecycle = get_kind(name).lifecycle
        assert lifecycle is not None
        assert [move.name for move in lifecycle.moves] == moves.split()
    assert {kind.name for kind in MOVING} == set(promised)


def test_who_a_victim_is_stands_in_the_part_identity_alone() -> None:
    victim = get_kind("victim")
    naming = {"family_name", "given_names", "birth_date", "document_kind", "document_number", "phone"}
    assert naming <= {field.name for field in victim.fields if field.part == schema.IDENTITY}
    assert all(not field.required for field in victim.fields if field.part == schema.IDENTITY)
    assert victim.title not in naming and not naming & set(victim.columns)


def test_codes_are_stable_words_with_labels() -> None:
    lists = {name: value for name, value in vars(codes).items() if name.isupper() and isinstance(value, dict)}
    assert len(lists) > 15
    for name, found in lists.items():
        for code, label in found.items():
            assert code == code.lower() and " " not in code and "," not in code and "=" not in code, (
                name,
                code,
            )
            assert label and label.strip() == label, (name, code)
        labels = [label.casefold() for label in found.values()]
        assert len(labels) == len(set(labels)), name


def test_records_imports_nothing_of_ours_but_itself() -> None:
    for module in (schema, codes, registry):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            names = (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else []
            )
            ours = [name for name in names if name.startswith("taskforce")]
            assert all(name.startswith("taskforce.records") for name in ours)
