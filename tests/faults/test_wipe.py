"""A store that was wiped opens with nothing, from its first step on; and a wipe that was stopped goes on."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from bench import BROKEN, KILL, TEAR, Bench
from program import Team, new_team, run
from test_exit_codes import spawn

from taskforce.actions import wiping
from taskforce.errors import TaskforceError
from taskforce.keys import guessing, private_folder, slots
from taskforce.store.store import DATABASE

SOAKING = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
LINE = ("wipe", "KH-CNP", "--yes")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A store with what may stand in its folder and beside it; and what is not its own."""
    team = new_team(tmp_path_factory.mktemp("wiping") / "base", "KH-CNP", "J. Sok")
    shutil.copy(team.store / DATABASE, team.store / f"{DATABASE}.before-2")
    shutil.copy(team.store / slots.FILE_NAME, team.store / f".{slots.FILE_NAME}.77.part")
    shutil.copytree(team.store, team.folder / ".store.77.part")
    (team.folder / "tmp").mkdir()
    return team


@pytest.fixture
def team(base: Team, tmp_path: Path) -> Team:
    return base.copy_to(tmp_path / "team")


def opens(folder: Path, key: Path) -> bool:
    try:
        slots.open_with_key_file(folder, key)
    except TaskforceError:
        return False
    return True


def test_nothing_is_left_and_no_key_was_needed(team: Team) -> None:
    team.key.rename(team.folder / "elsewhere")
    (team.store / "notes.txt").write_text("not ours")
    guessing.note_wrong(team.store)
    (team.folder / "target").write_text("precious")
    (team.store / f"{DATABASE}.linked").symlink_to(team.folder / "target")
    done = team.data(*LINE)
    assert (done["checked"], done["failed"], done["left"]) == (False, [], ["notes.txt"])
    assert done["deleted"][:2] == [".keys.json.77.part", "keys.json"]
    assert [path.name for path in team.store.iterdir()] == ["notes.txt"]
    assert not (team.folder / ".store.77.part").exists()
    assert (team.folder / "target").read_text() == "precious"
    assert team.error(*LINE)["exit"] == 6  # there is nothing more


def test_on_windows_where_no_room_can_be_told_all_of_it_goes_as_well(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Windows:
        name = "nt"
        path, environ, stat = os.path, os.environ, os.stat  # no geteuid, no O_NOFOLLOW

    monkeypatch.setattr(private_folder, "os", Windows)
    monkeypatch.setattr("taskforce.keys.agent.is_possible", lambda: False)
    assert team.data(*LINE)["failed"] == []
    assert not team.store.exists()


def test_a_folder_of_any_name_is_found_and_what_was_being_made_beside_it(team: Team) -> None:
    store = team.folder / "store [1]*"
    team.store.rename(store)
    (team.folder / ".store.77.part").rename(team.folder / ".store [1]*.77.part")
    run("wipe", "KH-CNP", "--yes", "--store", str(store), cwd=team.folder).ok()
    assert sorted(path.name for path in team.folder.iterdir() if "store" in path.name) == []


def test_what_cannot_be_destroyed_is_named_once_and_not_taken_for_another_programs(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: object, **_more: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("taskforce.actions.wiping.overwrite_file", fails)
    monkeypatch.setattr(Path, "unlink", fails)
    (team.store / "notes.txt").write_text("not ours")
    done = wiping.wipe(team.store)
    assert done.left == ["notes.txt"]
    names = [name for name, _reason in done.failed]
    assert len(names) == len(set(names)) and {"keys.json", "store.db"} <= set(names)


def test_the_code_is_asked_for_and_checked_where_a_key_is_at_hand(team: Team) -> None:
    before = (team.store / slots.FILE_NAME).read_bytes()
    assert team.error("wipe")["code"] == "no-terminal"
    assert team.error("wipe", "--yes")["code"] == "no-terminal"
    assert team.error("wipe", "KH-NGO", "--yes")["code"] == "other-agency"
    assert team.error("wipe", "?", "--yes")["exit"] == 2
    assert (team.store / slots.FILE_NAME).read_bytes() == before
    ran = team.call("wipe", "kh-cnp", "--yes").ok()
    for words in (
        "no key and no passphrase opens it",
        "flash disks",
        "copy on write",
        "backups",
        "device revoke",
    ):
        assert words in " ".join(ran.out.split()), words
    assert not team.store.exists() and team.key.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pty")
def test_who_types_another_code_has_their_store_still(team: Team) -> None:
    for typed, code in (("KH-NGO", 4), ("KH-CNP", 0)):
        child = spawn("wipe", *team.place)
        child.expect("for ever")
        child.expect("agency's code to go on: ")
        child.sendline(typed)
        child.expect("is not that agency's" if code else "The store is destroyed")
        child.read()
        child.wait()
        assert (child.exitstatus, opens(team.store, team.key)) == (code, bool(code))


@pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD is Linux's")
@pytest.mark.parametrize("way", ["killed", "torn", "broken"])
def test_stopped_after_its_first_write_nothing_opens_and_it_can_go_on(
    base: Team, bench: Bench, tmp_path: Path, way: str
) -> None:
    calls = bench.calls_of(base.folder, tmp_path, LINE)
    written = [at for at, each in enumerate(calls, 1) if each.startswith("write")]
    assert "keys.json" in calls[written[0] - 1] and len(calls) > 20
    step = 1 if SOAKING else 3
    for at in range(1, len(calls) + 1, step):
        here = tmp_path / "here"
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(base.folder, here)
        ran, fired = bench.run(here, LINE, mode={"killed": KILL, "torn": TEAR, "broken": BROKEN}[way], at=at)
        where = f"{way} at call {at} of {len(calls)}: {fired}\n{ran.said}"
        if way == "broken":
            assert ran.code in (0, 7) and "Traceback" not in ran.said, where
            assert not opens(here / "store", here / "key"), where
        else:
            assert ran.signal == signal.SIGKILL, where
            first = max(
                number for number, call in enumerate(calls, 1) if call.startswith("write") and ".json" in call
            )
            assert at <= first or not opens(here / "store", here / "key"), where
        again = bench.run(here, LINE)[0]
        assert again.code in (0, 6), f"{where}\n{again.said}"
        for folder in (here / "store", here / ".store.77.part"):  # one that could not be removed is empty
            assert not folder.exists() or not any(folder.iterdir()), where
