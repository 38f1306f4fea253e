"""The settings file: one YAML mapping of names to strings, for what is the same at every call.

Precedence: option, environment, this file, default. Nothing secret stands here: a key file is named, not held.
"""

from __future__ import annotations

import os
from pathlib import Path

from taskforce.errors import InputError, UsageError, did_you_mean
from taskforce.files import existing_file, make_folder, new_file
from taskforce.i18n import N_, _

SETTINGS = {
    "store": N_("the store's folder"),
    "key-file": N_("the file that holds the key"),
    "theme": N_("the room's colours: dark, light, colour-blind, ansi-dark, ansi-light"),
    "animations": N_("movement in the room: on or off"),
    "lock-after": N_("minutes without a key after which the room locks; 0 for never"),
    "inbox": N_("the folder in which the room looks for bundles"),
    "outbox": N_("the folder into which the room writes bundles; the current one if left out"),
    "keymap": N_("other keys for the room, such as go.log=f5,undo=ctrl+z"),
}
"""Every setting and what it is."""


def settings_path() -> Path:
    """Where the file is: `TASKFORCE_CONFIG`, else the platform's place for settings."""
    chosen = os.environ.get("TASKFORCE_CONFIG")
    if chosen:
        return Path(chosen)
    from platformdirs import user_config_path  # deferred: only for what was not said otherwise

    return user_config_path("taskforce", appauthor=False) / "config.yaml"


def read_settings() -> dict[str, str]:
    """The settings of the file; none if there is no file. InputError if it is not a mapping of known names."""
    path = settings_path()
    if not path.is_file():
        return {}
    from taskforce.sync.strict_yaml import PLAN_LIMITS, read_marked  # deferred: loads yaml

    with existing_file(path) as stream:
        if not stream.read(1):
            return {}
        stream.seek(0)
        found = read_marked(stream, str(path), PLAN_LIMITS)
    for name, value in found.data.items():
        if name not in SETTINGS or not isinstance(value, str):
            mark = found.marks[(name,)]
            raise InputError(
                _('%(path)s:%(line)d: "%(name)s" is not a setting')
                % {"path": path, "line": mark.line, "name": name},
                hint=did_you_mean(name, SETTINGS)
                or _("there are: %(names)s") % {"names": ", ".join(SETTINGS)},
            )
    return {name: str(value) for name, value in found.data.items()}


def read_setting(name: str) -> str:
    """One setting, or the empty string."""
    return read_settings().get(name, "")


def write_setting(name: str, value: str) -> Path:
    """Set one setting, or take it out with an empty value; the file's path."""
    if name not in SETTINGS:
        raise UsageError(
            _('"%(name)s" is not a setting') % {"name": name},
            hint=did_you_mean(name, SETTINGS) or _("there are: %(names)s") % {"names": ", ".join(SETTINGS)},
        )
    from taskforce.sync.yaml_text import document  # deferred: only to write

    settings = read_settings() | {name: value}
    path = settings_path()
    make_folder(path.parent)
    with new_file(path, replace=True) as stream:
        kept = {key: each for key, each in settings.items() if each}
        stream.write(document(kept, start="").encode() if kept else b"")
    return path
