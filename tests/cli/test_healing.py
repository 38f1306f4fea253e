"""Bundles that are lost, late, repeated and out of order heal by themselves; a relay carries for those who never meet.

Real files and the real program, as people use it: a stick with a folder of bundles.
"""

from __future__ import annotations

import random
import tempfile
from itertools import combinations
from pathlib import Path

import pytest
from program import Team, introduce, new_team

BUNDLES = 6


def swap(one: Team, other: Team, codes: dict[Team, str], stick: Path) -> None:
    """One gives a bundle to the other, and gets one back."""
    for sender, receiver in ((one, other), (other, one)):
        give(sender, receiver, codes, stick)


def give(sender: Team, receiver: Team, codes: dict[Team, str], stick: Path) -> None:
    """A bundle goes over."""
    path = stick / f"{codes[sender]}-{codes[receiver]}.bundle"
    sender.call("export", "--to", codes[receiver], "-o", str(path), "--force").ok()
    receiver.call("import", str(path)).ok()


def said(team: Team) -> tuple[list[str], int]:
    """All that a store says, whatever came first; and how many edits it holds."""
    plan = team.data("export", "--records")
    records = [f"{kind} {each}" for kind, some in plan.items() if isinstance(some, list) for each in some]
    return sorted(records), team.data("doctor")["edits"]


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two teams that worked apart for half a year, and the six bundles that each has made for the other."""
    folder = tmp_path_factory.mktemp("apart")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(folder / "none.yaml"))
        patch.setenv("TASKFORCE_NOW", "2026-05-01T12:00:00Z")
        city, ngo = new_team(folder / "city", "CITY", "J. Okafor"), new_team(folder / "ngo", "NGO", "A. Sok")
        codes = {city: "CITY", ngo: "NGO"}
        introduce(city, ngo)
        for line in (
            ("agency", "add", "NGO"),
            ("operation", "add", "GREY HERON", "--lead", "CITY"),
            ("use", "GREY HERON"),
            ("operation", "join", "GREY HERON", "NGO", "--role", "partner"),
            ("assignment", "add", "Search the yard", "--agency", "NGO"),
        ):
            city.call(*line).ok()
        swap(city, ngo, codes, folder)
        ngo.call("use", "GREY HERON").ok()
        for number in range(1, BUNDLES + 1):
            patch.setenv("TASKFORCE_NOW", f"2026-{5 + number:02}-01T12:00:00Z")
            for sender, other in ((city, ngo), (ngo, city)):
                [ref] = [each["ref"] for each in sender.data("assignment", "list")][:1]
                sender.call("assignment", "edit", ref, "--instructions", f"{codes[sender]} {number}").ok()
                sender.call("site", "add", f"Site {number} of {codes[sender]}").ok()
                path = folder / f"{codes[sender]}.{number}.bundle"
                sender.call("export", "--to", codes[other], "-o", str(path)).ok()
    return folder


def copied(apart: Path, place: Path) -> dict[Team, str]:
    """Copies of both teams."""
    return {Team(apart / name).copy_to(place / name): name.upper() for name in ("city", "ngo")}


def test_any_of_six_bundles_lost_repeated_and_in_any_order_heal_at_the_next_exchange(
    apart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFORCE_NOW", "2026-12-01T12:00:00Z")
    rng = random.Random(6)
    memory = (
        Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    )  # 64 endings: the disk's pace proves nothing
    ends = set()
    subsets = [some for size in range(BUNDLES + 1) for some in combinations(range(1, BUNDLES + 1), size)]
    for arriving in subsets:
        with tempfile.TemporaryDirectory(dir=memory) as folder:
            ends.add(end_of(arriving, apart, Path(folder), rng))
    assert len(subsets) == 2**BUNDLES
    assert len(ends) == 1, "whatever was lost, it ends the same"


def end_of(arriving: tuple[int, ...], apart: Path, place: Path, rng: random.Random) -> str:
    """Let these bundles arrive, both ways; then let both meet. What both say in the end."""
    codes = copied(apart, place)
    city, ngo = codes
    for receiver, sender in ((ngo, "CITY"), (city, "NGO")):
        order = [*arriving, *rng.choices(arriving, k=2)] if arriving else []
        rng.shuffle(order)
        for number in order:
            receiver.call("import", str(apart / f"{sender}.{number}.bundle")).ok()
        if len(order) > 2 and sender == "CITY":
            check_what_is_told(receiver, sender, arriving)
    for _time in range(2):
        swap(city, ngo, codes, place)
    assert said(city) == said(ngo)
    assert {len(team.data("site", "list")) for team in codes} == {2 * BUNDLES}
    for team in codes:
        [peer] = team.data("peer", "list")
        assert peer["waiting"] <= 1 and peer["unsent"] == 0  # the last word's arrival was not confirmed
        assert len(team.data("conflict", "list")) == 1
    return repr(said(city))


def check_what_is_told(receiver: Team, sender: str, arrived: tuple[int, ...]) -> None:
    """`peer list` names what is missing, and `status` warns of it; the latest bundle made up for it."""
    last = max(arrived) + 1  # the briefing's was the first
    missing = sorted(set(range(2, last)) - {number + 1 for number in arrived})
    [peer] = receiver.data("peer", "list")
    assert peer["agency"] == sender
    assert peer["last_heard"] == "2026-12-01T12:00:00Z"
    assert peer["last_number"] == last
    assert numbers_of(peer["missing"]) == missing
    [*warned] = [item for item in receiver.data("status")["attention"] if item["kind"] == "bundle"]
    assert bool(warned) == bool(missing)
    if missing:
        assert peer["missing"] in warned[0]["text"] and str(last) in warned[0]["do"]
    names = {each["name"] for each in receiver.data("site", "list")}
    assert {f"Site {number} of {sender}" for number in range(1, max(arrived) + 1)} <= names


def numbers_of(ranges: str | None) -> list[int]:
    """The numbers of `2-4,6`."""
    found: list[int] = []
    for piece in (ranges or "").split(",") if ranges else ():
        first, _, last = piece.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def test_what_waits_and_what_is_confirmed_is_told(tmp_path: Path) -> None:
    city, ngo = new_team(tmp_path / "city", "CITY", "J. Okafor"), new_team(tmp_path / "ngo", "NGO", "A. Sok")
    codes = {city: "CITY", ngo: "NGO"}
    introduce(city, ngo)

    def counted() -> tuple[int, int, int]:
        [peer] = city.data("peer", "list")
        return peer["unsent"], peer["waiting"], peer["confirmed"]

    city.call("agency", "edit", "CITY", "--places-free", "4").ok()
    assert counted() == (2, 2, 0), "the agency's own record, and the edit"
    [item] = [each for each in city.data("status")["attention"] if each["kind"] == "waiting"]
    assert item["subject"] == "NGO" and "2 edits" in item["text"]
    give(city, ngo, codes, tmp_path)
    assert counted() == (0, 2, 0), "sent is not arrived"
    give(ngo, city, codes, tmp_path)
    assert counted() == (0, 0, 3), "with the one that they wrote"
    table = city.call("peer", "list").ok().out
    assert "Confirmed" in table or "left out" in city.call("peer", "list").err


def test_a_relay_carries_edits_between_agencies_that_never_meet(tmp_path: Path) -> None:
    lead, hub, far = (
        new_team(tmp_path / code.lower(), code, f"Officer of {code}") for code in ("LEAD", "HUB", "FAR")
    )
    codes = {lead: "LEAD", hub: "HUB", far: "FAR"}
    introduce(lead, hub, far)  # by voice: LEAD and FAR have each other's words, and never a connection
    for line in (
        ("agency", "add", "HUB"),
        ("agency", "add", "FAR"),
        ("operation", "add", "GREY HERON", "--lead", "LEAD"),
        ("operation", "join", "GREY HERON", "HUB", "--role", "partner"),
        ("operation", "join", "GREY HERON", "FAR", "--role", "partner"),
        ("use", "GREY HERON"),
        ("assignment", "add", "Search the yard", "--agency", "FAR"),
    ):
        lead.call(*line).ok()
    give(lead, hub, codes, tmp_path)
    give(hub, far, codes, tmp_path)
    [assignment] = far.data("assignment", "list")
    far.call("assignment", "edit", assignment["ref"], "--result", "Two adults and a child").ok()
    give(far, hub, codes, tmp_path)
    give(hub, lead, codes, tmp_path)

    [found] = lead.data("assignment", "list")
    assert found["result"] == "Two adults and a child"
    theirs = lead.data("history", found["ref"])[-1]
    assert (theirs["agency"], theirs["by"]) == ("FAR", "Officer of FAR")
    assert edits_of(far, theirs["device"]) == edits_of(lead, theirs["device"]), (
        "to the last byte, signatures included"
    )
    assert edits_of(lead, theirs["device"])
    heard = {peer["agency"]: peer["last_heard"] for peer in lead.data("peer", "list")}
    assert heard["HUB"] and heard["FAR"] is None, "what came was not a bundle of theirs"
    give(lead, hub, codes, tmp_path)
    give(hub, far, codes, tmp_path)
    assert said(lead) == said(far) == said(hub)
    for team in codes:
        assert team.data("doctor")["faults"] == []


def edits_of(team: Team, device: str) -> list[tuple[int, str]]:
    """The canonical text of every edit of a device that a store holds."""
    from taskforce.keys import slots
    from taskforce.store.store import Store

    store = Store.open(team.store, slots.open_with_key_file(team.store, str(team.key)))
    rows = store.connection.execute(
        "SELECT number, body FROM edit JOIN feed ON feed.id = edit.feed WHERE device = ? ORDER BY number",
        (device,),
    ).fetchall()
    store.close()
    return rows
