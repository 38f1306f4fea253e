"""What was taken back can be done again, in any order that people come up with, until something else is done."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from program import Team, introduce, new_team

from taskforce.actions import keeping
from taskforce.actions.session import Session
from taskforce.actions.undoing import redo, undo
from taskforce.errors import Refused
from taskforce.keys import slots
from taskforce.records.registry import get_kind
from taskforce.store import history, queries
from taskforce.store.store import Store

KINDS = ("victim", "assignment")


def opened(team: Team) -> Session:
    """The team's store, opened in this process."""
    return Session(Store.open(team.store, slots.open_with_key_file(team.store, team.key)))


def test_undo_undo_redo_redo_undo(team: Team) -> None:
    ref = team.data("assignment", "list")[0]["ref"]
    for title in ("one", "two"):
        team.call("assignment", "edit", ref, "--title", title).ok()

    def title() -> object:
        return team.data("assignment", "show", ref)["title"]

    for verb, expected in (
        ("undo", "one"),
        ("undo", "Inspect compound 4"),
        ("redo", "one"),
        ("redo", "two"),
        ("undo", "one"),
        ("redo", "two"),
    ):
        team.call(verb).ok()
        assert title() == expected
    assert team.error("redo")["message"] == "there is nothing to do again"


def test_redo_of_a_new_record_brings_it_back_and_says_so(team: Team) -> None:
    made = team.data("victim", "add", "--needs", "shelter", "--family-name", "Chan")["ref"]
    taken_back = team.data("undo")
    assert [(each["label"], each["archived"]) for each in taken_back["records"]] == [(made, True)]
    would = team.call("redo", "--dry-run").ok().out
    assert "would do again: victim add" in would and f"{made}: brought back" in would
    assert team.data("victim", "show", made)["archived"] is True
    again = team.data("redo")
    assert (again["action"], again["applied"]) == ("victim add", True)
    assert [(each["label"], each["archived"]) for each in again["records"]] == [(made, False)]
    shown = team.data("victim", "show", made)
    assert (shown["archived"], shown["needs"], shown["family_name"]) == (False, ["shelter"], "Chan")


def test_history_tells_of_redo(team: Team) -> None:
    team.call("site", "add", "Pier 9").ok()
    team.call("undo").ok()
    team.call("redo").ok()
    done = [(each["action"], each["undone"]) for each in team.data("history")[:3]]
    assert done == [("redo: site add", False), ("undo: site add", True), ("site add", False)]


def test_whatever_else_is_done_ends_redo(team: Team) -> None:
    error = team.error("redo")
    assert (error["exit"], error["message"]) == (4, "there is nothing to do again")
    team.call("site", "add", "Pier 9").ok()
    team.call("undo").ok()
    team.call("log", "add", "Gate closed").ok()  # what is in the log ends nothing: it changes no record
    assert team.data("redo", "--dry-run")["action"] == "site add"
    team.call("site", "add", "Pier 10").ok()
    assert team.error("redo")["message"] == "there is nothing to do again"


def test_undo_of_an_edit_of_an_archived_record_archives_it_again(team: Team) -> None:
    ref = team.data("site", "list")[0]["ref"]
    team.call("site", "archive", ref).ok()
    team.call("site", "edit", ref, "--note", "dogs").ok()  # a new value brings it back into view
    for verb, archived, note in (
        ("undo", True, None),
        ("undo", False, None),
        ("redo", True, None),
        ("redo", False, "dogs"),
        ("undo", True, None),
    ):
        team.call(verb).ok()
        shown = team.data("site", "show", ref)
        assert (shown["archived"], shown["note"]) == (archived, note), verb


def test_nothing_is_done_again_over_what_somebody_changed_since(tmp_path: Path) -> None:
    first, second = (
        new_team(tmp_path / "1", "INTERPOL", "J. Okafor"),
        new_team(tmp_path / "2", "KH-CNP", "J. Sok"),
    )
    introduce(first, second)
    first.call("agency", "add", "KH-NGO", "--name", "one").ok()
    first.call("agency", "edit", "KH-NGO", "--name", "two").ok()
    first.call("undo").ok()
    bundle = tmp_path / "bundle"
    first.call("export", "--to", "KH-CNP", "-o", str(bundle)).ok()
    second.call("import", str(bundle)).ok()
    second.call("agency", "edit", "KH-NGO", "--name", "three").ok()
    second.call("export", "--to", "INTERPOL", "-o", str(bundle), "--force").ok()
    first.call("import", str(bundle)).ok()
    error = first.error("redo")
    assert error["exit"] == 4
    assert error["message"].startswith(
        '"agency edit KH-NGO" cannot be done again: name of KH-NGO was changed'
    )
    assert first.data("agency", "show", "KH-NGO")["name"] == "three"


@pytest.mark.parametrize("seed", range(12))
def test_undo_and_redo_walk_along_what_was_done(team: Team, seed: int) -> None:
    """Against a model that keeps every state there was: a list, and a place in it."""
    chance = random.Random(seed)
    session = opened(team)
    session.store.connection.execute("PRAGMA synchronous = OFF")
    states, place = [state_of(session)], 0
    for _step in range(45):
        verb = chance.choice(("do", "do", "undo", "undo", "redo"))
        if verb == "do":
            before = history.actions(session.store.connection, limit=1)
            act(session, chance)
            if history.actions(session.store.connection, limit=1) == before:
                continue  # what changes nothing is nothing done
            states, place = [*states[: place + 1], state_of(session)], place + 1
        elif verb == "undo" and place > 0:
            undo(session)
            place -= 1
        elif verb == "redo" and place < len(states) - 1:
            redo(session)
            place += 1
        elif verb == "redo":
            with pytest.raises(Refused, match="nothing to do again"):
                redo(session)
        assert state_of(session) == states[place], verb
    while place:
        undo(session)
        place -= 1
        assert state_of(session) == states[place]


def state_of(session: Session) -> dict[str, object]:
    """What is in view, by id."""
    return {
        record.id: {name: value for name, value in record.values.items() if value}
        for kind in KINDS
        for record in queries.list_records(session.store.connection, get_kind(kind))
    }


def act(session: Session, chance: random.Random) -> None:
    """Do something ordinary with a victim, who has three parts, or an assignment, which has a lifecycle."""
    records = [
        record
        for kind in KINDS
        for record in queries.list_records(session.store.connection, get_kind(kind), archived=True)
    ]
    kind = get_kind(chance.choice(KINDS))
    record = chance.choice(records)
    texts: dict[str, dict[str, Callable[[], str]]] = {
        "victim": {
            "met_place": lambda: chance.choice(("", "gate", "pier")),
            "health": lambda: chance.choice(("", "well", "hurt")),
            "family_name": lambda: chance.choice(("", "Chan", "Sok")),
        },
        "assignment": {
            "title": lambda: chance.choice(("one", "two", "three")),
            "instructions": lambda: chance.choice(("", "quietly")),
        },
    }
    what = chance.random()
    if what < 0.25:
        names = list(texts[kind.name])
        chosen = names[:1] if kind.name == "assignment" else chance.sample(names, 2)
        keeping.add(session, kind, {name: texts[kind.name][name]() for name in chosen})
    elif what < 0.7:
        names = chance.sample(list(texts[record.kind.name]), 2)
        keeping.edit(session, record.kind, record, {name: texts[record.kind.name][name]() for name in names})
    elif what < 0.85:
        keeping.set_archived(session, record.kind, record, archived=not record.archived)
    elif record.kind.lifecycle is not None:
        moves = record.kind.lifecycle.allowed(record.text("status") or record.kind.lifecycle.initial)
        plain = [move.name for move in moves if not any(ask.required for ask in move.asks)]
        if plain and record.text("agency"):
            keeping.move(session, record.kind, record, chance.choice(plain), {})
