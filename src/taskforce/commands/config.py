"""`taskforce config path|show|set` and `taskforce completion SHELL`."""

from __future__ import annotations

from typer.core import TyperCommand

from taskforce import settings
from taskforce.commands.frame import COMPLETING, argument, command
from taskforce.errors import UsageError
from taskforce.i18n import N_, _
from taskforce.output import Column, Lines, Raw, Result, Table

GROUP = ("config", N_("Settings: where, which, change one"))

SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")


def make_path() -> TyperCommand:
    """`config path`."""
    return command("path", run_path, _("Where the settings file is."))


def run_path() -> Result:
    """The settings file's path."""
    path = str(settings.settings_path())
    return Result({"path": path}, Lines((path,)))


def make_show() -> TyperCommand:
    """`config show`."""
    return command("show", run_show, _("Every setting and its value."))


def run_show() -> Result:
    """The settings."""
    found = settings.read_settings()
    columns = (Column(_("Setting"), "setting"), Column(_("Value"), "value"), Column(_("What it is"), "what"))
    rows = tuple((name, found.get(name, ""), _(help)) for name, help in settings.SETTINGS.items())
    return Result({name: found.get(name) for name in settings.SETTINGS}, Table(columns, rows, ""))


def make_set() -> TyperCommand:
    """`config set NAME VALUE`."""
    return command(
        "set",
        run_set,
        _("Change one setting; an empty value takes it out."),
        [argument("name", _("The setting")), argument("value", _("Its value"))],
    )


def run_set(name: str, value: str) -> Result:
    """Change a setting."""
    path = str(settings.write_setting(name, value))
    return Result({"path": path, name: value or None}, Lines((_("written to %(path)s") % {"path": path},)))


VERBS = {
    "path": (N_("Where the settings file is"), make_path),
    "show": (N_("Every setting and its value"), make_show),
    "set": (N_("Change one"), make_set),
}


def make_completion() -> TyperCommand:
    """`completion SHELL`."""
    return command(
        "completion",
        run_completion,
        _("The completion script of a shell; load it from the shell's start-up file."),
        [
            argument(
                "shell",
                ", ".join(SHELLS),
                complete=lambda _c, _p, typed: [one for one in SHELLS if one.startswith(typed)],
            )
        ],
    )


def run_completion(shell: str) -> Result:
    """Print the script, such as: eval "$(taskforce completion bash)"."""
    from typer._completion_shared import get_completion_script  # deferred: only here

    if shell not in SHELLS:
        raise UsageError(
            _('there is no completion for "%(shell)s"') % {"shell": shell},
            hint=_("there is for: %(shells)s") % {"shells": ", ".join(SHELLS)},
        )
    text = get_completion_script(prog_name="taskforce", complete_var=COMPLETING, shell=shell)
    return Result({"shell": shell, "script": text}, Raw(text + "\n"))
