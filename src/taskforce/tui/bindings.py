"""All keys of the room: whose they are, what they are called, and whether a setting names some that there are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pkgutil import walk_packages

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import REPLACED_KEYS, Keys, key_to_character

import taskforce.tui
from taskforce.errors import UsageError, did_you_mean
from taskforce.i18n import _

_MODIFIERS = {"alt", "ctrl", "hyper", "meta", "shift", "super"}


def owners() -> list[type[DOMNode]]:
    """Every screen, dialog and widget of the room that has keys, and the room itself; loads them all."""
    found: list[type[DOMNode]] = []
    for module in walk_packages(taskforce.tui.__path__, "taskforce.tui."):
        for one in vars(import_module(module.name)).values():
            if isinstance(one, type) and issubclass(one, DOMNode) and one.__module__ == module.name:
                found += [one] if bindings_of(one) else []
    return found


def bindings_of(owner: type[DOMNode]) -> list[Binding]:
    """The bindings that a class declares itself, in its order, each with all its keys."""
    declared = owner.__dict__.get("BINDINGS", [])
    return [one if isinstance(one, Binding) else Binding(*one) for one in declared]


def wrong_keys(keymap: Mapping[str, Sequence[str]]) -> list[UsageError]:
    """What a keymap names that there is not: a thing to do, or a key."""
    names = {binding.id for owner in owners() for binding in bindings_of(owner) if binding.id}
    keys = [each.value for each in Keys]
    unknown = [
        UsageError(
            _('the setting keymap: nothing in the room is called "%(name)s"') % {"name": name},
            hint=did_you_mean(name, names) or _("? shows what works here, each with its name"),
        )
        for name in keymap
        if name not in names
    ]
    return unknown + [
        UsageError(
            _('the setting keymap: there is no key "%(key)s"') % {"key": key}, hint=did_you_mean(key, keys)
        )
        for key in (each for several in keymap.values() for each in several)
        if not _is_key(key)
    ]


def _is_key(name: str) -> bool:
    """Whether a key may be called so, such as `f5`, `ctrl+z`, `Z`, `slash` or `/`."""
    if len(name) == 1:
        return name.isprintable()
    *modifiers, key = name.split("+")
    named = key in {each.value for each in Keys} or key in REPLACED_KEYS or key_to_character(key) is not None
    return named and set(modifiers) <= _MODIFIERS
