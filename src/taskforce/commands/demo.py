"""`taskforce demo`: three teams without a network, told step by step with the real commands."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from typer.core import TyperCommand

from taskforce import output
from taskforce.commands.frame import command, current
from taskforce.demo import first_day, story
from taskforce.demo.stage import ZONE, Stage
from taskforce.i18n import _
from taskforce.moments import CLOCK_VARIABLE
from taskforce.output import Line, Lines, Result, View

_NARROWEST, _WIDEST = 60, 100  # cells


def make_demo() -> TyperCommand:
    """`demo`."""
    return command(
        "demo",
        run_demo,
        _(
            "Three teams without a network, told step by step: every command is really run, in stores of their own in "
            "a new temporary folder, which is kept."
        ),
    )


def run_demo() -> Result:
    """Tell the story as it happens; the summary, and what to try next."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="taskforce-demo-")).resolve()
    is_told = current.get().format != "json"
    width = min(max(shutil.get_terminal_size((80, 24)).columns, _NARROWEST), _WIDEST)
    stage = Stage(folder, output.tell if is_told else _in_silence, width=width)
    if is_told:
        output.tell(Lines(_opening(folder)))
    story.prepare(folder)
    refs = story.tell_story(stage)
    seconds = round(time.monotonic() - began, 1)
    data = {
        "folder": str(folder),
        "seconds": seconds,
        "stores": {team.code: str(folder / team.code / "store") for team in first_day.TEAMS},
        "key_files": {team.code: str(folder / team.code / "key") for team in first_day.TEAMS},
        "now": stage.now,
        "refs": {
            "assignment": refs.assignment,
            "victims": [refs.woman, refs.man],
            "referrals": [refs.referral, refs.declined],
        },
        "steps": [{"at": step.at, "agency": step.agency, "command": step.command} for step in stage.steps],
    }
    return Result(data, Lines(_closing(stage, refs, seconds)))


def _in_silence(_view: View) -> None:
    """With --json only the summary is written."""


def _opening(folder: Path) -> tuple[Line | str, ...]:
    return (
        Line(_("Operation Storm Makers II, October 2023: three teams, three stores, no network"), "heading"),
        _("The operation was real. The people, places and events told here are invented."),
        _("The laptops' clocks stand in 2023, in Cambodian time; the commands are really run."),
        Line(_("Folder: %(folder)s") % {"folder": folder}, "muted"),
    )


def _closing(stage: Stage, refs: story.Refs, seconds: float) -> tuple[Line | str, ...]:
    told = _("%(count)d commands in %(seconds)s seconds. The folder is kept; it holds only what you saw.")
    settings, program = _settings(stage)
    tries = (
        "status",
        f"history {refs.assignment}",
        f"export --to {first_day.SHELTER.code} --dry-run",
        "agency list --country KH --services shelter",
        f"referral add {refs.man} --to KH-HOSP --services medical --urgency 1h",
        "undo --dry-run",
    )
    return (
        "",
        Line(told % {"count": len(stage.steps), "seconds": seconds}, "heading"),
        _("Be the field team where the story ended; the man whom they met still needs a place:"),
        "",
        *(Line(f"  {each}", "command") for each in settings),
        "",
        *(Line(f"  {program} {each}", "command") for each in tries),
    )


def _settings(stage: Stage) -> tuple[list[str], str]:
    """The lines that make a shell the field team's laptop, in the platform's own words, and the program's name."""
    team = first_day.FIELD.code
    store, now = (
        {"TASKFORCE_STORE": str(Path(team, "store")), "TASKFORCE_KEY_FILE": str(Path(team, "key"))},
        {CLOCK_VARIABLE: stage.now, "TZ": ZONE},
    )
    is_windows = os.name == "nt"
    lines = [f'cd "{stage.folder}"' if " " in str(stage.folder) else f"cd {stage.folder}"]
    if is_windows:
        lines += [f'$env:{name} = "{value}"' for name, value in (store | now).items()]
    else:
        lines += [
            "export " + " ".join(f"{name}={value}" for name, value in some.items()) for some in (store, now)
        ]
    here = Path(sys.executable).parent
    if shutil.which("taskforce"):
        return lines, "taskforce"
    if shutil.which("taskforce", path=str(here)):  # in a virtual environment that is not activated
        return [
            f'$env:Path = "{here};" + $env:Path' if is_windows else f'export PATH="{here}:$PATH"',
            *lines,
        ], "taskforce"
    return lines, f"{sys.executable} -m taskforce"
