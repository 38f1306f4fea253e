"""Every move of every lifecycle: made where it is allowed, refused elsewhere with the moves that are."""

from __future__ import annotations

from collections import deque

import pytest
from program import Team
from samples import KINDS, sample

from taskforce.errors import Refused
from taskforce.records.schema import Kind, Lifecycle, Move

MOVING = [kind for kind in KINDS if kind.lifecycle is not None]
MOVES = [(kind, move) for kind in MOVING for move in (kind.lifecycle.moves if kind.lifecycle else ())]
NEEDING = [(kind, move) for kind, move in MOVES if any(ask.required for ask in move.asks)]
STATES = [(kind, state) for kind in MOVING for state in (kind.lifecycle.states if kind.lifecycle else ())]


def lifecycle_of(kind: Kind) -> Lifecycle:
    assert kind.lifecycle is not None
    return kind.lifecycle


def path_to(lifecycle: Lifecycle, state: str) -> list[Move]:
    """The shortest way from the initial state to `state`, by the declaration."""
    ways: deque[tuple[str, list[Move]]] = deque([(lifecycle.initial, [])])
    seen = {lifecycle.initial}
    while ways:
        at, way = ways.popleft()
        if at == state:
            return way
        for move in lifecycle.allowed(at):
            if move.target not in seen:
                seen.add(move.target)
                ways.append((move.target, [*way, move]))
    raise AssertionError(f"no move leads to {state}")


def words_for(team: Team, kind: Kind, move: Move) -> list[str]:
    words = []
    for ask in move.asks:
        field = kind.field(ask.field)
        assert field is not None
        words += ["--" + ask.option, sample(team, field)]
    return words


def bring_to(team: Team, kind: Kind, state: str) -> str:
    ref: str = team.data(kind.name, "list")[0]["id"]
    for move in path_to(lifecycle_of(kind), state):
        team.call(kind.name, move.name, ref, *words_for(team, kind, move)).ok()
    return ref


@pytest.mark.parametrize(("kind", "move"), MOVES, ids=lambda each: each.name)
def test_a_move_leads_to_its_state_stamps_it_and_keeps_what_it_asked(
    team: Team, kind: Kind, move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = bring_to(team, kind, move.sources[0])
    monkeypatch.setenv("TASKFORCE_NOW", "2030-01-02T03:04:05+07:00")
    moved = team.data(kind.name, move.name, ref, *words_for(team, kind, move))
    assert moved["status"] == move.target
    if move.stamps:
        assert moved[move.stamps] == "2030-01-01T20:04:05Z"
    for ask in move.asks:
        assert moved[ask.field], ask.field
    assert team.data(kind.name, "show", ref) == moved


@pytest.mark.parametrize(("kind", "state"), STATES, ids=lambda each: getattr(each, "name", each))
def test_from_each_state_exactly_the_declared_moves_are_allowed(team: Team, kind: Kind, state: str) -> None:
    lifecycle = lifecycle_of(kind)
    ref = bring_to(team, kind, state)
    assert team.data(kind.name, "show", ref)["status"] == state
    allowed = [move.name for move in lifecycle.allowed(state)]
    before = team.fingerprint()
    for move in lifecycle.moves:
        if move.name in allowed:
            continue
        error = team.error(kind.name, move.name, ref, *words_for(team, kind, move))
        assert (error["exit"], error["code"]) == (4, "refused")
        assert f'"{move.name}"' in error["message"]
        assert lifecycle.states[state].lower() in error["message"]
        for name in allowed:
            assert name in error["hint"]
        if not allowed:
            assert error["hint"] == "nothing can be done with it any more"
    assert team.fingerprint() == before


@pytest.mark.parametrize(("kind", "move"), NEEDING, ids=lambda each: each.name)
def test_what_a_move_needs_is_asked_for_by_name(team: Team, kind: Kind, move: Move) -> None:
    needed = [ask for ask in move.asks if ask.required]
    ref = bring_to(team, kind, move.sources[0])
    error = team.error(kind.name, move.name, ref)
    assert error["exit"] == 2
    assert f"--{needed[0].option} is needed" in error["message"]


@pytest.mark.parametrize("kind", MOVING, ids=lambda kind: kind.name)
def test_no_option_sets_the_status_around_the_lifecycle(team: Team, kind: Kind) -> None:
    ref = team.data(kind.name, "list")[0]["ref"]
    team.call(kind.name, "edit", ref, "--status", lifecycle_of(kind).closed[0]).failed(2)
    assert team.data(kind.name, "show", ref)["status"] == lifecycle_of(kind).initial


def test_several_are_moved_together_and_taken_back_together(team: Team) -> None:
    refs = [team.data("assignment", "add", f"Check {number}")["ref"] for number in range(3)]
    moved = team.data("assignment", "accept", *refs)
    assert [each["status"] for each in moved] == ["accepted"] * 3
    assert team.data("history")[0]["action"] == f"assignment accept {' '.join(refs)}"
    team.call("undo").ok()
    assert [team.data("assignment", "show", ref)["status"] for ref in refs] == ["planned"] * 3


def test_all_are_moved_or_none(team: Team) -> None:
    refs = [team.data("assignment", "add", f"Check {number}")["ref"] for number in range(2)]
    team.call("assignment", "cancel", refs[1]).ok()
    before = team.fingerprint()
    refused = team.call("assignment", "accept", *refs)
    assert refused.code == Refused.exit_code
    assert f'{refs[1]} is cancelled: "accept" is not possible now' in refused.err
    assert team.fingerprint() == before
