"""A number is never given out twice: a store that was put back, or copied, notices and goes on in a feed of its own."""

from __future__ import annotations

import io
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from replicas import Replica, export, make_replica, take, verify

from taskforce.actions import checking, keeping, proposing, receiving
from taskforce.records.registry import get_kind
from taskforce.store import incarnation, queries
from taskforce.store.incarnation import MARKER
from taskforce.store.store import DATABASE


@pytest.fixture
def city(tmp_path: Path) -> Replica:
    """A store with a few edits."""
    replica = make_replica(tmp_path / "city", "CITY", name="City police")
    for number in range(3):
        write(replica, f"Before {number}")
    return replica


def write(replica: Replica, name: str) -> tuple[str, int]:
    """Make an edit; its place."""
    keeping.add(replica.session, get_kind("contact"), {"name": name, "agency": replica.code})
    feed, number = replica.connection.execute(
        "SELECT feed.name, number FROM edit JOIN feed ON feed.id = edit.feed WHERE feed.name = ? "
        "ORDER BY number DESC LIMIT 1",
        (replica.session.store.me.feed,),
    ).fetchone()
    return feed, number


def names(replica: Replica) -> set[str]:
    """Who is in the directory."""
    return {one.text("name") for one in queries.list_records(replica.connection, get_kind("contact"))}


def again(replica: Replica, folder: Path | None = None) -> Replica:
    """The store in `folder`, opened anew."""
    other = Replica(replica.code, folder or replica.folder, replica.key, replica.device)
    other.open()
    return other


def copy_of(replica: Replica, to: Path) -> Path:
    """The folder as a backup program copies it, with all times kept."""
    replica.close()
    shutil.copytree(replica.folder, to)
    replica.open()
    return to


def begins_anew(replica: Replica, first: str) -> bool:
    """Whether the next edit is the first of a new feed, and that is said once."""
    feed, number = write(replica, "After")
    assert not checking.check(replica.session).faults
    if feed == first:
        assert not replica.session.store.notices
        return False
    assert number == 1
    [notice] = replica.session.store.notices
    device, epoch = feed.split(".")
    assert f"device {device[:4]}, epoch {epoch}" in notice
    assert write(replica, "After that") == (feed, 2)
    assert len(replica.session.store.notices) == 1
    return True


def test_a_store_that_is_left_alone_stays_in_its_feed(city: Replica) -> None:
    feed = city.session.store.me.feed
    assert feed.endswith(".1")
    city.close()
    again(city).close()
    here = again(city)
    assert not begins_anew(here, feed)


def test_a_renamed_folder_is_the_same_store(city: Replica, tmp_path: Path) -> None:
    city.close()
    os.rename(city.folder, tmp_path / "elsewhere")
    assert not begins_anew(again(city, tmp_path / "elsewhere"), f"{city.device}.1")


def test_another_process_that_began_an_epoch_is_followed(city: Replica) -> None:
    other = again(city)
    assert other.session.store.me.feed == f"{city.device}.1"
    (city.folder / MARKER).unlink()
    feed, _number = write(city, "first")
    assert feed != f"{city.device}.1"
    assert write(other, "second") == (feed, 2)
    assert not other.session.store.notices


def put_back_the_database(city: Replica, old: Path) -> None:
    shutil.copy2(old / DATABASE, city.folder / DATABASE)


def put_back_in_place(city: Replica, old: Path) -> None:
    """Every file written over, as `cp -a old/. store/` does."""
    for path in old.iterdir():
        shutil.copy2(path, city.folder / path.name)


def put_back_the_folder(city: Replica, old: Path) -> None:
    shutil.rmtree(city.folder)
    shutil.copytree(old, city.folder)


def lose_the_marker(city: Replica, _old: Path) -> None:
    (city.folder / MARKER).unlink()


def tear_the_marker(city: Replica, _old: Path) -> None:
    with (city.folder / MARKER).open("rb+") as stream:
        stream.truncate(20)


def empty_the_marker(city: Replica, _old: Path) -> None:
    (city.folder / MARKER).write_bytes(b"")


@pytest.mark.parametrize("since", [1, 5], ids=["one edit ago", "five edits ago"])
@pytest.mark.parametrize(
    "change",
    [
        put_back_the_database,
        put_back_in_place,
        put_back_the_folder,
        lose_the_marker,
        tear_the_marker,
        empty_the_marker,
    ],
)
def test_whatever_was_put_back_the_next_edit_is_in_a_new_feed(
    city: Replica, tmp_path: Path, change: Callable[[Replica, Path], None], since: int
) -> None:
    old = copy_of(city, tmp_path / "old")
    for number in range(since):
        write(city, f"Lost {number}")
    city.close()
    for name in (DATABASE + "-wal", DATABASE + "-shm"):
        assert not (city.folder / name).exists()
    change(city, old)
    here = again(city)
    assert begins_anew(here, f"{city.device}.1")
    assert names(here) >= {"Before 0", "Before 1", "Before 2", "After"}


def test_a_copied_folder_begins_anew_and_the_first_goes_on(city: Replica, tmp_path: Path) -> None:
    feed = city.session.store.me.feed
    copies = [again(city, copy_of(city, tmp_path / f"copy{n}")) for n in range(2)]
    assert all(begins_anew(one, feed) for one in copies)
    assert copies[0].session.store.me.feed != copies[1].session.store.me.feed
    assert not begins_anew(city, feed)


def test_a_store_of_an_earlier_version_gets_its_marker_and_stays_in_its_feed(city: Replica) -> None:
    city.connection.execute("DELETE FROM meta WHERE key = 'incarnation'")
    (city.folder / MARKER).unlink()
    assert not begins_anew(city, f"{city.device}.1")
    assert (city.folder / MARKER).stat().st_mode & 0o777 == 0o600


def test_what_is_rolled_back_says_nothing_and_changes_nothing(city: Replica) -> None:
    (city.folder / MARKER).unlink()
    checking.check(city.session)
    assert not city.session.store.notices
    assert city.session.store.me.feed == f"{city.device}.1"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_killed_at_any_call_of_a_write_no_number_and_no_edit_is_lost(city: Replica, tmp_path: Path) -> None:
    """A child writes edits, says each, and is killed around the marker and the commit; the next goes on from there."""
    acknowledged: set[tuple[str, int]] = set()
    given: dict[tuple[str, int], str] = {}
    epochs = set()
    for number in range(1, 60):
        read_end, write_end = os.pipe()
        city.close()
        child = os.fork()
        if not child:
            try:
                die_at_call(number % 23 + 1, city)
                while True:
                    feed, count = write(city, f"Written {number}")
                    os.write(write_end, f"{feed} {count}\n".encode())
            finally:
                os._exit(1)
        os.close(write_end)
        with open(read_end) as pipe:
            for line in pipe:
                feed, count = line.split()
                acknowledged.add((feed, int(count)))
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
        city.open()
        rows = city.connection.execute(
            "SELECT feed.name, number, hash FROM edit JOIN feed ON feed.id = edit.feed ORDER BY 1, 2"
        ).fetchall()
        held = {(feed, count): digest for feed, count, digest in rows}
        assert acknowledged <= set(held)
        assert all(held[place] == digest for place, digest in given.items())
        given = held
        epochs.add(city.session.store.me.feed)
    assert not checking.check(city.session).faults
    for feed in epochs:
        numbers = sorted(number for one, number in given if one == feed)
        assert numbers == list(range(1, len(numbers) + 1))
    assert len(epochs) > 3  # it was killed between marker and commit, too


def die_at_call(number: int, city: Replica) -> None:
    """Open the store; let this process be killed at its call `number`: around one on the marker, or at a commit."""
    city.open()
    left = [number]

    def count(*_arguments: object) -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    real_write, real_sync, mark = os.write, os.fsync, incarnation.mark

    def marking(store: object) -> None:
        os.write = lambda *given: (count(), real_write(*given), count())[1]
        os.fsync = lambda *given: (count(), real_sync(*given), count())[1]
        try:
            mark(store)  # type: ignore[arg-type]
        finally:
            os.write, os.fsync = real_write, real_sync

    city.connection.set_trace_callback(lambda statement: count() if statement == "COMMIT" else None)

    incarnation.mark = marking


# ── a disk put back whole: only the peers can tell ──


@pytest.fixture
def ngo(city: Replica, tmp_path: Path) -> Replica:
    """A peer that has heard of everything."""
    replica = make_replica(tmp_path / "ngo", "NGO", name="Shelter")
    verify(city, replica)
    verify(replica, city)
    swap(city, replica)
    return replica


def swap(one: Replica, other: Replica) -> tuple[receiving.Imported, receiving.Imported]:
    """Both hear what the other has to say."""
    return take(other, export(one, other.code)), take(one, export(other, one.code))


def snapshot_goes_back(city: Replica, work: Callable[[], object]) -> None:
    """`work` is done, and the disk is put back to how it was before: marker and all fit."""
    city.keep()
    work()
    city.put_back()


def test_a_peer_that_holds_more_of_our_feed_tells_and_what_was_lost_comes_back(
    city: Replica, ngo: Replica
) -> None:
    def work() -> None:
        for number in range(3):
            write(city, f"Lost {number}")
            swap(city, ngo)

    snapshot_goes_back(city, work)
    before = city.session.store.me.feed
    assert "Lost 0" not in names(city)
    take(city, export(ngo, "CITY"))
    assert city.session.store.me.feed != before
    assert len(city.session.store.notices) == 1
    assert write(city, "After")[1] == 1
    for _time in range(2):
        swap(city, ngo)
    assert names(city) == names(ngo) >= {"Lost 0", "Lost 1", "Lost 2", "After", "Before 0"}
    assert len(city.session.store.notices) == 1
    for replica in (city, ngo):
        assert not checking.check(replica.session).faults
        assert not checking.check(replica.session).waiting


def test_what_a_peer_had_sent_us_since_comes_back_too(city: Replica, ngo: Replica) -> None:
    """The peer believes that we hold it: a restored store counts its bundles from a lower number, and is believed."""

    def work() -> None:
        for number in range(3):
            write(ngo, f"Of NGO {number}")
            swap(ngo, city)
        assert "Of NGO 2" in names(city)

    snapshot_goes_back(city, work)
    assert "Of NGO 2" not in names(city)
    (city.folder / MARKER).unlink()
    swap(city, ngo)
    assert "Of NGO 2" in names(city)
    old = export(city, "NGO")
    write(ngo, "Newer")
    swap(city, ngo)
    take(ngo, old)
    assert "Newer" in names(city)


def test_a_peers_edits_that_saw_the_lost_ones_are_no_false_claims_then(city: Replica, ngo: Replica) -> None:
    """CITY's own edit is lost; NGO answered it; NGO's answer comes through a bundle that says nothing of holdings."""

    def work() -> None:
        write(city, "Lost")
        take(ngo, export(city, "NGO"))

    snapshot_goes_back(city, work)
    kind = get_kind("contact")
    [lost] = [one for one in queries.list_records(ngo.connection, kind) if one.text("name") == "Lost"]
    keeping.edit(ngo.session, kind, lost, {"phone": "+00 1"})
    found = take(city, export(ngo, "CITY"))
    assert not found.waiting
    assert city.session.store.me.feed != f"{city.device}.1"
    swap(city, ngo)
    assert [one for one in queries.list_records(city.connection, kind) if one.text("name") == "Lost"]
    assert [one.values for one in proposing.list_proposals(city.session)] == [{"phone": "+00 1"}]


def test_a_stranger_that_passes_on_our_own_edits_tells_too(
    city: Replica, ngo: Replica, tmp_path: Path
) -> None:
    """The signature on the edit is ours: it needs nobody's word. A claim that came first enters then."""
    relay = make_replica(tmp_path / "relay", "RELAY", name="Relay")
    verify(ngo, relay)
    verify(relay, ngo)
    verify(relay, city)
    for replica in (ngo, relay):
        assert replica.session.store.me.feed

    def work() -> None:
        write(city, "Lost")
        take(ngo, export(city, "NGO"))
        kind = get_kind("contact")
        [lost] = [one for one in queries.list_records(ngo.connection, kind) if one.text("name") == "Lost"]
        keeping.edit(ngo.session, kind, lost, {"phone": "+00 1"})
        take(relay, export(ngo, "RELAY"))

    snapshot_goes_back(city, work)
    found = take(city, export(relay, "CITY"))
    assert not found.verified
    assert city.session.store.me.feed != f"{city.device}.1"
    found_again = queries.list_records(city.connection, get_kind("contact"))
    assert [one for one in found_again if one.text("name") == "Lost"]
    assert [one.values for one in proposing.list_proposals(city.session)] == [{"phone": "+00 1"}]
    assert not [one for one in found.waiting if one != "unknown-signer"]
    assert not checking.check(city.session).faults


def test_nothing_ahead_changes_nothing(city: Replica, ngo: Replica) -> None:
    for number in range(3):
        write(city, f"Here {number}")
        write(ngo, f"There {number}")
        swap(city, ngo)
    assert (city.session.store.me.feed, ngo.session.store.me.feed) == (f"{city.device}.1", f"{ngo.device}.1")


def test_a_dry_run_that_would_begin_anew_does_not(city: Replica, ngo: Replica) -> None:
    def work() -> None:
        write(city, "Lost")
        swap(city, ngo)

    snapshot_goes_back(city, work)
    data = export(ngo, "CITY")
    receiving.import_bundle(city.session, io.BytesIO(data), "bundle", dry_run=True)
    assert city.session.store.me.feed == f"{city.device}.1"
    assert not city.session.store.notices
