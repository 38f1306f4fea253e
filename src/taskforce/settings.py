"""The settings file: one YAML mapping of names to strings, for what is the same at every call.

Precedence: option, environment, this file, default. Nothing secret stands here: a key file is named, not held.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from taskforce.errors import InputError, UsageError, did_you_mean
from taskforce.files import existing_file, make_folder, new_file
from taskforce.i18n import N_, _

SETTINGS = {
    "store": N_("the store's folder"),
    "key-file": N_("the file that holds the key"),
    "passphrase-command": N_("the program whose first line is the passphrase, with its arguments"),
    "unlock-for": N_("how long `unlock` opens the store at the most, such as 8h"),
    "unlock-idle": N_("how long it stays unlocked without a command, such as 15m"),
    "recalls": N_("what becomes of recalls that come: obey, or ask first"),
    "reason-for": N_("parts shown only to who says why: identity, care, or both with a comma"),
    "theme": N_("the room's colours: dark, light, colour-blind, ansi-dark, ansi-light"),
    "animations": N_("movement in the room: on or off"),
    "lock-after": N_("minutes without a key after which the room locks; 0 for never"),
    "inbox": N_("the folder in which the room looks for bundles"),
    "outbox": N_("the folder into which the room writes bundles; the current one if left out"),
    "panic-key": N_("a key of the room that, pressed twice, destroys the store at once, such as f12"),
    "keymap": N_("other keys for the room, such as go.log=f5,undo=ctrl+z"),
}
"""Every setting and what it is."""

THEMES = ("dark", "light", "colour-blind", "ansi-dark", "ansi-light")
"""What `theme` may be; `tui/themes.py` says how each of them looks."""

LOCK_AFTER = 10
"""Minutes that `lock-after` is where it was not set."""

UNLOCK_FOR = 8 * 3600
"""Seconds that `unlock-for` is where it was not set: a shift."""

UNLOCK_IDLE = 15 * 60
"""Seconds that `unlock-idle` is where it was not set."""

REASON_PARTS = ("identity", "care")
"""The parts that `reason-for` may name."""


_PANIC_KEY = re.compile(r"((ctrl|shift|alt)\+)?f([1-9]|1[0-9]|2[0-4])|ctrl\+[a-z]")
_USED_KEYS = tuple("ctrl+" + letter for letter in "cijlmq")
"""What a terminal sends for tab and enter, and what leaves and locks the room."""

_MOST_MINUTES = 7 * 24 * 60
_KEYS_OF = re.compile(r"([a-z][a-z0-9.-]*)=([^\s=|]+(?:\|[^\s=|]+)*)")


def settings_path() -> Path:
    """Where the file is: `TASKFORCE_CONFIG`, else the platform's place for settings; UsageError without a home."""
    chosen = os.environ.get("TASKFORCE_CONFIG")
    if chosen:
        return Path(chosen)
    from platformdirs import user_config_path  # deferred: only for what was not said otherwise

    try:
        return user_config_path("taskforce", appauthor=False) / "config.yaml"
    except RuntimeError:
        raise UsageError(
            _("your user has no home, and HOME is not set: there is no place for settings"),
            hint=_("name a file for them with TASKFORCE_CONFIG"),
            code="no-home",
        ) from None


def read_settings() -> dict[str, str]:
    """The settings of the file; none if there is no file. InputError if it is not a mapping of known names."""
    try:
        path = settings_path()
    except UsageError:  # who has no place for settings has none
        return {}
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
    """Set one setting, or take it out with an empty value; the file's path. UsageError for a value that will not do."""
    if name not in SETTINGS:
        raise UsageError(
            _('"%(name)s" is not a setting') % {"name": name},
            hint=did_you_mean(name, SETTINGS) or _("there are: %(names)s") % {"names": ", ".join(SETTINGS)},
        )
    if value and name in _CHECKS:
        _CHECKS[name](value)
    from taskforce.sync.yaml_text import document  # deferred: only to write

    settings = read_settings() | {name: value}
    path = settings_path()
    make_folder(path.parent)
    with new_file(path, replace=True) as stream:
        kept = {key: each for key, each in settings.items() if each}
        stream.write(document(kept, start="").encode() if kept else b"")
    return path


def reason_parts_of(value: str) -> tuple[str, ...]:
    """The parts that are shown only with a reason, from the setting `reason-for`; UsageError for another part.

    A setting that cannot be understood is refused, never taken for none.
    """
    parts = tuple(part for one in value.split(",") if (part := one.strip().casefold()))
    for part in parts:
        _one_of("reason-for", part, REASON_PARTS)
    return parts


# ── what the room asks for by name; each raises UsageError for a value that will not do ──


def asks_before_recalls(value: str) -> bool:
    """Whether recalls wait for somebody, from the setting `recalls`."""
    return _one_of("recalls", value, ("obey", "ask")) == "ask"


def theme_of(value: str) -> str:
    """The theme that the setting `theme` names."""
    return _one_of("theme", value, THEMES)


def animations_of(value: str) -> bool:
    """Whether anything may move, from the setting `animations`."""
    return _one_of("animations", value, ("on", "off")) == "on"


def minutes_of(value: str) -> int:
    """The minutes of the setting `lock-after`; 0 for never."""
    if not value:
        return LOCK_AFTER
    if not (value.isdecimal() and len(value) <= 5 and int(value) <= _MOST_MINUTES):
        raise UsageError(
            _('the setting lock-after is "%(text)s"') % {"text": value},
            hint=_("write a whole number of minutes, at most a week of them, or 0 for never"),
        )
    return int(value)


def panic_key_of(value: str) -> str:
    """The key of the setting `panic-key`; empty for none. It is none that people type or press all the time."""
    if value and (not _PANIC_KEY.fullmatch(value) or value in _USED_KEYS):
        raise UsageError(
            _('the setting panic-key is "%(text)s"') % {"text": value},
            hint=_("name a key that is pressed for nothing else: f1 to f24, or ctrl+ and a letter"),
        )
    return value


def keymap_of(value: str) -> dict[str, tuple[str, ...]]:
    """The keys by the name of what they do, from the setting `keymap`: `go.log=f5|l,undo=ctrl+z`.

    Which names and keys there are only the room knows.
    """
    found: dict[str, tuple[str, ...]] = {}
    for pair in (one.strip() for one in value.split(",") if one.strip()):
        form = _KEYS_OF.fullmatch(pair)
        if form is None:
            raise UsageError(
                _('the setting keymap has "%(text)s"') % {"text": pair},
                hint=_("write NAME=KEY, with a bar between several keys, such as go.log=f5|l,undo=ctrl+z"),
            )
        name, keys = form.groups()
        if name in found:
            raise UsageError(
                _('the setting keymap names "%(name)s" twice') % {"name": name},
                hint=_("put a bar between its keys: %(name)s=%(keys)s")
                % {"name": name, "keys": "|".join([*found[name], keys])},
            )
        found[name] = tuple(keys.split("|"))
    return found


def words_of(value: str) -> list[str]:
    """The program and its arguments that the setting `passphrase-command` names, split as a shell would."""
    import shlex  # deferred: only where it is set

    try:
        words = shlex.split(value)
    except ValueError:
        words = []
    if not words:
        raise UsageError(
            _("the setting passphrase-command names no program that could be run"),
            hint=_(
                "write a program and its arguments, such as: pass show taskforce; quote what has spaces in it"
            ),
        )
    return words


def seconds_of(name: str, value: str, default: int) -> int:
    """The seconds of the setting, or option, of that name: `15m`, `8h`; at most a week."""
    if not value:
        return default
    from taskforce.moments import MomentError  # deferred: only where it is set
    from taskforce.typed_moments import parse_duration

    try:
        seconds = parse_duration(value)
    except MomentError as error:
        raise UsageError(f"{name}: {error.sentence}", hint=error.hint) from None
    if seconds > _MOST_MINUTES * 60:
        raise UsageError(_("%(name)s: a week is the longest") % {"name": name})
    return seconds


_CHECKS: dict[str, Callable[[str], object]] = {
    "recalls": asks_before_recalls,
    "reason-for": reason_parts_of,
    "theme": theme_of,
    "animations": animations_of,
    "lock-after": minutes_of,
    "passphrase-command": words_of,
    "unlock-for": lambda value: seconds_of("unlock-for", value, 0),
    "unlock-idle": lambda value: seconds_of("unlock-idle", value, 0),
    "panic-key": panic_key_of,
    "keymap": keymap_of,
}
"""What a setting's value has to pass before it is written."""


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if not value:
        return known[0]
    if value not in known:
        raise UsageError(
            _('the setting %(name)s is "%(text)s"') % {"name": name, "text": value},
            hint=did_you_mean(value, known) or _("there are: %(names)s") % {"names": ", ".join(known)},
        )
    return value
