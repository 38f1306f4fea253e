"""Settings in one YAML file, their precedence, and completion by the shells."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from program import PROGRAM, Team, call, environment_of, new_team, run
from samples import KINDS

from taskforce.records import codes
from taskforce.settings import SETTINGS, THEMES


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file that is not there yet."""
    path = tmp_path / "settings" / "config.yaml"
    monkeypatch.setenv("TASKFORCE_CONFIG", str(path))
    return path


def test_path_show_and_set(config: Path) -> None:
    assert call("config", "path").ok().out.strip() == str(config)
    assert call("config", "show", "--json").data == dict.fromkeys(SETTINGS)
    run("config", "set", "store", "/a b/ü").ok()
    assert "/a b/ü" in config.read_text()
    assert run("config", "show", "--json").data == {**dict.fromkeys(SETTINGS), "store": "/a b/ü"}
    assert "/a b/ü" in run("config", "show").ok().out
    assert run("config", "path").ok().out.strip() == str(config)
    call("config", "set", "key-file", "k").ok()
    call("config", "set", "store", "").ok()
    assert call("config", "show", "--json").data == {**dict.fromkeys(SETTINGS), "key-file": "k"}


def test_without_a_name_for_it_the_file_is_in_the_platforms_place() -> None:
    path = Path(call("config", "path").ok().out.strip())
    assert (path.name, path.parent.name) == ("config.yaml", "taskforce")


def test_option_before_environment_before_file(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teams = {name: new_team(tmp_path / name, f"AG-{name}", "J. Sok") for name in ("FILE", "ENV", "OPT")}

    def who(*options: str) -> str:
        agency: str = call("status", "--json", *options).data["agency"]
        return agency

    call("config", "set", "store", str(teams["FILE"].store)).ok()
    call("config", "set", "key-file", str(teams["FILE"].key)).ok()
    assert who() == "AG-FILE"
    monkeypatch.setenv("TASKFORCE_STORE", str(teams["ENV"].store))
    monkeypatch.setenv("TASKFORCE_KEY_FILE", str(teams["ENV"].key))
    assert who() == "AG-ENV"
    assert who(*teams["OPT"].place) == "AG-OPT"
    assert call(*teams["OPT"].place, "status", "--json").data["agency"] == "AG-OPT"


def test_a_settings_file_that_is_wrong_is_refused_with_its_line(config: Path) -> None:
    config.parent.mkdir()
    config.write_text("store: here\ncolour: red\n")
    ran = call("config", "show").failed(5)
    assert f"{config}:2" in ran.err and "colour" in ran.err
    config.write_text("store: &a here\n")
    assert call("config", "show").failed(5).err.count(f"{config}:1") == 1


@pytest.mark.parametrize(
    ("name", "good", "bad", "hint"),
    [
        ("theme", "colour-blind", "color-blind", 'did you mean "colour-blind"?'),
        ("theme", "ansi-dark", "7", "there are: dark, light, colour-blind, ansi-dark, ansi-light"),
        ("animations", "off", "no", "there are: on, off"),
        ("lock-after", "0", "-1", "a whole number of minutes"),
        ("lock-after", "240", "ten", "a whole number of minutes"),
        ("lock-after", "1", "9" * 5000, "a whole number of minutes"),
        ("keymap", "go.log=f5|l,undo=ctrl+z", "go.log", "write NAME=KEY"),
        ("keymap", "go.log=f5", "go.log=f5|", "write NAME=KEY"),
        ("keymap", "conflicts.take-1=!", "go.log=f5 undo=u", "write NAME=KEY"),
        ("keymap", "refer=v", "go.log=f5, go.log=l", "go.log=f5|l"),
    ],
)
def test_a_value_that_will_not_do_is_refused_when_it_is_set(
    config: Path, name: str, good: str, bad: str, hint: str
) -> None:
    call("config", "set", name, good).ok()
    before = config.read_text()
    ran = call("config", "set", "--", name, bad).failed(2)
    assert f"setting {name}" in ran.err and hint in ran.err
    assert config.read_text() == before
    assert call("config", "show", "--json").data[name] == good
    call("config", "set", name, "").ok()
    assert call("config", "show", "--json").data[name] is None


def test_every_theme_is_named_where_the_settings_are_told() -> None:
    assert SETTINGS["theme"].endswith(": " + ", ".join(THEMES))


def complete(team: Team, line: str, shell: str = "bash") -> list[str]:
    """What the shell is told for a line that ends where the cursor stands."""
    words = line.split(" ")
    asked = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    done = subprocess.run(
        PROGRAM,
        env=environment_of(
            _TASKFORCE_COMPLETE=f"complete_{shell}",
            TASKFORCE_STORE=str(team.store),
            TASKFORCE_KEY_FILE=str(team.key),
            **asked,
        ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_completion_gives_nouns_verbs_options_codes_and_refs(team: Team) -> None:
    nouns = complete(team, "taskforce ")
    assert {kind.name for kind in KINDS} <= set(nouns)
    assert {"init", "status", "import", "export", "completion"} <= set(nouns)
    assert complete(team, "taskforce as") == ["assignment"]
    assert set(complete(team, "taskforce referral a")) == {"add", "archive", "accept"}
    assert "--due" in complete(team, "taskforce assignment add --d")
    assert complete(team, "taskforce assignment add --priority ") == list(codes.PRIORITIES)
    assert complete(team, "taskforce assignment add X --agency KH") == ["KH-CNP", "KH-NGO"]
    ref = team.data("assignment", "list")[0]["ref"]
    assert complete(team, "taskforce assignment show ") == [ref]
    (found,) = complete(team, f"taskforce assignment show {ref[:4].lower()}")
    assert found.upper() == ref and found.startswith(ref[:4].lower())  # a shell drops what begins otherwise
    assert complete(team, "taskforce assignment show A-ZZZZ") == []
    assert complete(team, "taskforce audit export A-") == [ref]
    assert complete(team, "taskforce audit export Z-") == []
    (own,) = [one["device"] for one in team.data("device", "list") if one["own"]]
    assert complete(team, f"taskforce device revoke {own[:2]}") == [own], (
        "only an agency's own are its to revoke"
    )
    assert complete(team, "taskforce device revoke ") == [own]
    assert complete(team, "taskforce referral add V-") == [team.data("victim", "list")[0]["ref"]]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_ask_in_their_own_way(team: Team, shell: str) -> None:
    ref = team.data("assignment", "list")[0]["ref"]
    assert ref in "".join(complete(team, "taskforce assignment show ", shell))


def test_completion_without_a_store_still_knows_the_words(tmp_path: Path) -> None:
    nowhere = Team(tmp_path)
    assert complete(nowhere, "taskforce as") == ["assignment"]
    assert complete(nowhere, "taskforce assignment show A-") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell", "pwsh"])
def test_the_script_that_a_shell_loads_calls_us(shell: str) -> None:
    script = run("completion", shell).ok().out
    assert "_TASKFORCE_COMPLETE" in script
    assert "taskforce" in script
