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
from taskforce.demo import story
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
        "stores": {team.code: str(folder / team.code / "store") for team in story.TEAMS},
        "key_files": {team.code: str(folder / team.code / "key") for team in story.TEAMS},
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
    lines: list[Line | str] = ["", Line(told % {"count": len(stage.steps), "seconds": seconds}, "heading")]
    lines.append(_("Be the field team, where the story ended:"))
    lines.append("")
    lines += [Line("  " + each, "command") for each in _settings(stage)]
    lines.append("")
    for typed in (
        "status",
        f"history {refs.assignment}",
        f"export --to {story.SHELTER.code} --dry-run",
        "undo --dry-run",
        "--help",
    ):
        lines.append(Line(f"  taskforce {typed}", "command"))
    return tuple(lines)


def _settings(stage: Stage) -> list[str]:
    """The lines that make a shell the field team's laptop, in the words of the platform's own shell."""
    team = story.FIELD.code
    values = {
        "TASKFORCE_STORE": str(Path(team, "store")),
        "TASKFORCE_KEY_FILE": str(Path(team, "key")),
        CLOCK_VARIABLE: stage.now,
        "TZ": ZONE,
    }
    here = Path(sys.executable).parent
    found = shutil.which("taskforce")
    lines = [f'cd "{stage.folder}"' if " " in str(stage.folder) else f"cd {stage.folder}"]
    if os.name == "nt":
        lines += [f'$env:{name} = "{value}"' for name, value in values.items()]
        return lines if found else [f'$env:Path = "{here};" + $env:Path', *lines]
    lines.append("export " + " ".join(f"{name}={value}" for name, value in list(values.items())[:2]))
    lines.append("export " + " ".join(f"{name}={value}" for name, value in list(values.items())[2:]))
    return lines if found else [f'export PATH="{here}:$PATH"', *lines]
