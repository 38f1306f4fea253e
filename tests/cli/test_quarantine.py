"""Feeds and quarantine as people and scripts see them: a fork is explained, and a person decides."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from program import Team, introduce, new_team, settle

from taskforce.keys import slots
from taskforce.store.store import DATABASE

FEED = {
    *("feed", "device", "epoch", "agency", "officer", "own", "current", "edits", "held", "not_held"),
    *("last_at", "waiting", "forked_at", "flagged_at"),
}
HALF = {
    *(
        "ref",
        "hash",
        "edit",
        "prev",
        "at",
        "by",
        "kind",
        "record",
        "label",
        "part",
        "set",
        "came_through",
        "counts",
    ),
}
WAITING = {
    *(
        "ref",
        "hash",
        "reason",
        "edit",
        "agency",
        "device",
        "by",
        "at",
        "since",
        "kind",
        "record",
        "part",
        "set",
    ),
    *("label", "came_through", "may_enter"),
}


@pytest.fixture(scope="module")
def forked_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Team, Team]:
    """CITY's disk was put back once, marker and all, and it wrote the same numbers twice; PORT heard of both."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(tmp_path_factory.mktemp("settings") / "none.yaml"))
        folder = tmp_path_factory.mktemp("forked")
        city, port = (
            new_team(folder / "city", "CITY", "J. Okafor"),
            new_team(folder / "port", "PORT", "M. Sok"),
        )
        introduce(city, port)
        shutil.copy(city.store / DATABASE, folder / "kept")
        for words in ("First words", "Second words"):
            shutil.copy(folder / "kept", city.store / DATABASE)
            settle(city.store, slots.open_with_key_file(city.store, city.key))
            city.call("agency", "edit", "CITY", "--note", words).ok()
            city.call("agency", "edit", "CITY", "--places-free", str(len(words))).ok()
            city.call("export", "--to", "PORT", "-o", str(folder / words)).ok()
            told = port.call("import", str(folder / words)).ok().out
        assert "≠ a feed of CITY forked: 2 edits that counted wait now: taskforce feed show" in told
        assert "2 wait in quarantine" in told or "1 waits in quarantine" in told
        return city, port


@pytest.fixture
def port(forked_once: tuple[Team, Team], tmp_path: Path) -> Team:
    """A copy of PORT's store."""
    return forked_once[1].copy_to(tmp_path / "port")


def test_feeds_are_listed_and_a_fork_is_explained(port: Team) -> None:
    own, other = port.data("feed", "list")
    assert set(own) == set(other) == FEED
    assert (own["own"], own["current"], own["agency"]) == (True, True, "PORT")
    assert (other["agency"], other["officer"], other["forked_at"]) == ("CITY", "J. Okafor", 2)
    assert (other["held"], other["waiting"]) == ("1", 4)
    shown = port.data("feed", "show", other["feed"][:6])
    assert set(shown) == {*FEED, "evidence"}
    assert {half["set"]["note"] for half in shown["evidence"]} == {"First words", "Second words"}
    assert all(set(half) == HALF and not half["counts"] for half in shown["evidence"])
    told = port.call("feed", "show", other["feed"]).ok().out
    for words in ("First words", "Second words", "J. Okafor", "forked at 2", "quarantine admit"):
        assert words in told
    assert "feed show" in port.call("status").ok().out
    assert port.error("feed", "show", "zzzz")["exit"] == 3


def test_a_person_admits_one_side(port: Team) -> None:
    waiting = port.data("quarantine", "list")
    assert [one["reason"] for one in waiting] == ["fork", "fork", "after-fork", "after-fork"]
    assert all(set(one) == WAITING and one["may_enter"] for one in waiting)
    assert port.data("agency", "show", "CITY")["note"] is None
    second = next(one for one in waiting if one["set"].get("note") == "Second words")
    shown = port.data("quarantine", "show", second["ref"])
    assert shown == second
    assert "another edit" in port.call("quarantine", "show", second["ref"]).ok().out
    done = port.data("quarantine", "admit", second["ref"])
    assert done == {"edits": [second["hash"]], "left": []}
    assert port.data("agency", "show", "CITY")["note"] == "Second words"
    other = next(one for one in waiting if one["set"].get("note") == "First words")
    assert port.error("quarantine", "admit", other["ref"])["exit"] == 4
    assert port.error("quarantine", "drop", other["ref"])["exit"] == 4
    later = [one for one in port.data("quarantine", "list") if one["reason"] == "after-fork"]
    assert port.data("quarantine", "drop", later[0]["ref"]) == {"edits": [later[0]["hash"]], "left": []}
    feed = later[0]["edit"].partition("/")[0]
    assert port.data("quarantine", "admit", feed) == {"edits": [later[1]["hash"]], "left": [other["hash"]]}
    done_here = [each["action"] for each in port.data("history")]
    assert sum(each.startswith("admitted ") for each in done_here) == 2
    assert sum(each.startswith("dropped ") for each in done_here) == 1
    port.call("doctor").ok()


def test_after_one_side_its_later_edits_are_admitted_by_the_feeds_name_and_status_is_quiet(
    port: Team,
) -> None:
    waiting = port.data("quarantine", "list")
    feed = waiting[0]["edit"].partition("/")[0]
    [told] = [one for one in port.data("status")["attention"] if one["kind"] == "quarantine"]
    assert told["text"] == "4 edits wait: their feed forked" and told["do"] == f"taskforce feed show {feed}"
    second, first = (
        next(one for one in waiting if one["set"].get("note") == words)
        for words in ("Second words", "First words")
    )
    after_second, after_first = (
        next(one for one in waiting if one["set"].get("places_free") == str(len(words)))
        for words in ("Second words", "First words")
    )
    port.data("quarantine", "admit", second["ref"])
    assert f"quarantine admit {feed}" in port.call("feed", "show", feed).ok().out
    done = port.data("quarantine", "admit", feed)
    assert done == {"edits": [after_second["hash"]], "left": [first["hash"], after_first["hash"]]}
    assert port.data("agency", "show", "CITY")["places_free"] == len("Second words")
    shown = port.call("feed", "show", feed).ok().out
    assert "quarantine admit" not in shown and "quarantine drop" in shown and "Until you decide" not in shown
    [told] = [one for one in port.data("status")["attention"] if one["kind"] == "quarantine"]
    assert told["text"].startswith("1 edit waits")
    port.data("quarantine", "drop", after_first["ref"])
    assert [one["ref"] for one in port.data("quarantine", "list")] == [first["ref"]], "evidence is kept"
    assert not [one for one in port.data("status")["attention"] if one["kind"] == "quarantine"]
    port.call("doctor").ok()


def test_an_unknown_signer_is_admitted_by_verifying_it_and_not_otherwise(
    forked_once: tuple[Team, Team], tmp_path: Path
) -> None:
    city = forked_once[0].copy_to(tmp_path / "city")
    third = new_team(tmp_path / "third", "NGO", "A. Lim")
    city.call("peer", "card", "-o", str(tmp_path / "card")).ok()
    third.call("peer", "card", "-o", str(tmp_path / "ngo")).ok()
    city.call("peer", "add", str(tmp_path / "ngo"), "--yes").ok()
    city.call("export", "--to", "NGO", "-o", str(tmp_path / "b")).ok()
    third.call("import", str(tmp_path / "b")).ok()
    waiting = third.data("quarantine", "list")
    assert {one["reason"] for one in waiting} == {"unknown-signer"}
    error = third.error("quarantine", "admit", waiting[0]["ref"])
    assert error["exit"] == 4 and "peer add" in error["hint"]
    third.data("quarantine", "drop", waiting[0]["ref"])
    third.call("peer", "add", str(tmp_path / "card"), "--yes").ok()
    assert third.data("quarantine", "list") == []


def test_nothing_there(team: Team) -> None:
    assert team.data("quarantine", "list") == []
    assert "nothing is in quarantine" in team.call("quarantine", "list").ok().err
    for verb in ("show", "admit", "drop"):
        assert team.error("quarantine", verb, "abc")["exit"] == 3
